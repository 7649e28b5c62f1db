//! What a checker of other people says of our PDFs: the requirements of PDF/UA-1 and WCAG that a program can check.

use std::{fs, path::PathBuf, process::Command};

/// Where `tests/run` puts the checker that `tests/requirements.txt` names.
const CHECKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/checkers/bin/outloud");

/// Holds a PDF against what people who hear it read need: `Err` is what is wrong with it. Says what is skipped where the checker is missing.
pub(crate) fn accessible(pdf: &[u8]) -> Option<Result<(), String>> {
    let checker =
        std::env::var_os("TILLID_PDF_CHECKER").map_or_else(|| PathBuf::from(CHECKER), PathBuf::from);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.pdf");
    fs::write(&path, pdf).expect("written");
    let Ok(run) = Command::new(checker).args(["--fail-on", "warning"]).arg(&path).output() else {
        println!(
            "SKIPPED: the checker of PDFs is not installed (tests/run does), so nobody else checks the PDF"
        );
        return None;
    };
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    match run.status.code() {
        Some(0) => Some(Ok(())),
        Some(1) => Some(Err(said)),
        code => {
            panic!("the checker of PDFs broke ({code:?}): {said}{}", String::from_utf8_lossy(&run.stderr))
        }
    }
}

/// The PDF with a word of it written otherwise: same length, so that everything else stays where it is.
pub(crate) fn without(pdf: &[u8], word: &str) -> Vec<u8> {
    let mut bytes = pdf.to_vec();
    let at = pdf.windows(word.len()).rposition(|part| part == word.as_bytes()).expect("the word");
    bytes[at + 1] = b'X';
    bytes
}
