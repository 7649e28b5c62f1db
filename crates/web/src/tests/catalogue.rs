//! Definitions of the seed catalogue, read from their files.

use serde::de::DeserializeOwned;
use std::{fs, path::Path};
use tillid_domain::catalogue::{ConsentType, Definition, MandatePackage};
use toml::{Table, Value};

fn definition<T: DeserializeOwned>(folder: &str, code: &str) -> T {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue");
    let text = fs::read_to_string(root.join(folder).join(format!("{code}.toml"))).expect("a file");
    let mut read: Table = toml::from_str(&text).expect("a table");
    // Whose it is makes no difference to the pages.
    read.insert("authority".to_owned(), Value::String("99100001".to_owned()));
    Value::Table(read).try_into().expect("a definition")
}

/// A consent type such as C02.
pub(crate) fn consent_type(code: &str) -> ConsentType {
    definition("consent-types", code)
}

/// A mandate package such as M14.
pub(crate) fn package(code: &str) -> MandatePackage {
    definition("mandate-packages", code)
}

/// Every definition of the seed catalogue.
pub(crate) fn seeds() -> Vec<Definition> {
    let codes = |folder: &str| -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue").join(folder);
        let names = fs::read_dir(root).expect("a folder").map(|entry| entry.expect("a file").file_name());
        let names = names.map(|name| name.into_string().expect("a name"));
        names.filter_map(|name| name.strip_suffix(".toml").map(str::to_owned)).collect()
    };
    let types =
        codes("consent-types").into_iter().map(|code| Definition::ConsentType(Box::new(consent_type(&code))));
    let packages = codes("mandate-packages").into_iter();
    types.chain(packages.map(|code| Definition::MandatePackage(Box::new(package(&code))))).collect()
}
