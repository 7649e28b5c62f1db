//! What other people's programs say of the files that the service hands out.

use std::{fs, path::PathBuf, process::Command};

/// What poppler says of a PDF.
pub(crate) struct Poppler {
    /// `pdfinfo`: its properties, one a line.
    pub(crate) info: String,
    /// `pdftotext`: its text, in one line.
    pub(crate) text: String,
}

/// Reads a PDF with poppler; `None`, and a word about it, where that is not installed.
pub(crate) fn poppler(pdf: &[u8]) -> Option<Poppler> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.pdf");
    fs::write(&path, pdf).expect("written");
    let run = |program: &str, after: &[&str]| {
        let run = Command::new(program).arg(&path).args(after).output().ok()?;
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        Some(String::from_utf8_lossy(&run.stdout).into_owned())
    };
    let (Some(info), Some(text)) = (run("pdfinfo", &[]), run("pdftotext", &["-"])) else {
        println!("SKIPPED: poppler is missing (Debian: poppler-utils), so no other program reads the PDF");
        return None;
    };
    Some(Poppler { info, text: text.split_whitespace().collect::<Vec<_>>().join(" ") })
}

/// Whether the bytes are a PDF that says of itself that it is accessible and for the archive.
pub(crate) fn says_that_it_is_accessible(pdf: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pdf);
    text.starts_with("%PDF-1.")
        && ["<pdfuaid:part>1<", "<pdfaid:part>2<", "<pdfaid:conformance>A<"]
            .iter()
            .all(|said| text.contains(said))
}

/// Holds a document against the state's own schema with libxml2: `Err` is what is wrong with it. Says what is skipped where the schema or the
/// program is missing.
#[expect(clippy::disallowed_methods, reason = "where the data is, is not configuration of the program")]
pub(crate) fn valid_by_the_schema(xml: &[u8]) -> Result<(), String> {
    let Ok(data) = std::env::var("CONFORMANCE_DATA") else {
        println!("SKIPPED: without CONFORMANCE_DATA nothing is validated against the schema");
        return Ok(());
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.xml");
    fs::write(&path, xml).expect("written");
    let schema = schema(&data, &folder);
    let run = Command::new("xmllint").args(["--nonet", "--noout", "--schema"]).args([schema, path]).output();
    let Ok(run) = run else {
        println!("SKIPPED: xmllint is missing (Debian: libxml2-utils), so nothing is validated");
        return Ok(());
    };
    if run.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&run.stderr).into_owned()) }
}

/// The schema without its import of XML signatures, which it fetches from the network and does not use.
fn schema(data: &str, folder: &tempfile::TempDir) -> PathBuf {
    let whole =
        fs::read_to_string(format!("{data}/viljestilkendegivelse/std-2022-10-14.xsd")).expect("the schema");
    let start = whole.find("<xs:import").expect("the import");
    let end = start + whole[start..].find("/>").expect("its end") + 2;
    let path = folder.path().join("schema.xsd");
    fs::write(&path, format!("{}{}", &whole[..start], &whole[end..])).expect("written");
    path
}
