//! What holds for every page and every text.

mod assets;
mod catalogue;
mod pages;
mod templates;
mod texts;

pub(crate) use catalogue::{consent_type, package, seeds};
pub(crate) use pages::{document, must_hold_together, page};

use std::{fs, path::Path};

/// The files below a folder of this crate, by path, with their text.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    fn below(folder: &Path, ending: &str, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                below(&path, ending, found);
            } else if path.to_str().is_some_and(|name| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).expect("a text");
                found.push((path.display().to_string(), text));
            }
        }
    }
    let mut found = Vec::new();
    below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), ending, &mut found);
    found.sort();
    assert!(!found.is_empty());
    found
}

/// The templates, without their comments.
fn templates() -> Vec<(String, String)> {
    let without_comments = |text: String| {
        text.split("{#").enumerate().fold(String::new(), |whole, (at, part)| {
            whole + if at == 0 { part } else { part.split_once("#}").map_or("", |(_, rest)| rest) }
        })
    };
    files("templates", ".html").into_iter().map(|(path, text)| (path, without_comments(text))).collect()
}
