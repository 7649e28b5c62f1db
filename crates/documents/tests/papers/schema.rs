//! What we write is valid by the state's own schema, as libxml2 reads it.

use super::{mapping, models::declaration};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use tillid_documents::viljestilkendegivelse::Declaration;

/// The schema without its import of XML signatures, which it fetches from the network and does not use.
fn schema(folder: &Path) -> Option<PathBuf> {
    let data = super::conformance_data("nothing is validated against the schema")?;
    if Command::new("xmllint").arg("--version").output().is_err() {
        println!(
            "SKIPPED: xmllint is missing (Debian: libxml2-utils), so nothing is validated against the schema"
        );
        return None;
    }
    let whole = std::fs::read_to_string(format!("{data}/viljestilkendegivelse/std-2022-10-14.xsd"))
        .expect("the schema");
    let start = whole.find("<xs:import").expect("the import");
    let end = start + whole[start..].find("/>").expect("its end") + 2;
    let path = folder.join("schema.xsd");
    std::fs::write(&path, format!("{}{}", &whole[..start], &whole[end..])).expect("written");
    Some(path)
}

fn validate(schema: &Path, folder: &Path, documents: &[Declaration]) -> Result<(), String> {
    let files: Vec<PathBuf> = documents
        .iter()
        .enumerate()
        .map(|(n, document)| {
            let path = folder.join(format!("{n}.xml"));
            std::fs::write(&path, document.to_xml()).expect("written");
            path
        })
        .collect();
    let run =
        Command::new("xmllint").args(["--nonet", "--noout", "--schema"]).arg(schema).args(files).output();
    let run = run.expect("xmllint runs");
    if run.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&run.stderr).into_owned()) }
}

#[test]
fn what_the_domain_exports_is_valid_for_every_state_channel_type_and_representative() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(schema) = schema(folder.path()) else { return };
    let all = mapping::everything();
    assert!(all.len() > 100, "{}", all.len());
    validate(&schema, folder.path(), &all).expect("valid");
}

#[test]
fn whatever_the_model_can_hold_is_valid() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(schema) = schema(folder.path()) else { return };
    let mut runner = TestRunner::deterministic();
    let any: Vec<_> = (0..300).map(|_| declaration().new_tree(&mut runner).expect("one").current()).collect();
    validate(&schema, folder.path(), &any).expect("valid");
}

#[test]
fn the_validation_notices_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(schema) = schema(folder.path()) else { return };
    let wrong = String::from_utf8(mapping::given().to_xml()).expect("UTF-8").replace("<Body", "<Krop/><Body");
    let path = folder.path().join("wrong.xml");
    std::fs::write(&path, wrong).expect("written");
    let run = Command::new("xmllint").args(["--nonet", "--noout", "--schema"]).arg(schema).arg(path).status();
    assert!(!run.expect("xmllint runs").success());
}
