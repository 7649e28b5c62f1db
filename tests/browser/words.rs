//! The words of the pages in one language, from the files that the pages themselves have them from. For tests that walk the same way in
//! both languages; the stories say their words themselves.

use std::path::Path;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Danish,
    English,
}

impl Language {
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Danish => "da",
            Self::English => "en",
        }
    }

    /// The text of the pages with that key: its file's name, a dot, its own name.
    pub(crate) fn page(self, key: &str) -> String {
        let (file, name) = key.split_once('.').expect("a key");
        let texts = read(&format!("crates/web/data/texts/{file}.toml"));
        let text = texts.get(name).unwrap_or_else(|| panic!("no text {key}"));
        let text = text.get(self.tag()).or_else(|| text.get("same")).unwrap_or_else(|| panic!("{key}"));
        text.as_str().expect("a text").to_owned()
    }

    /// The text of the login service with that key.
    pub(crate) fn provider(self, key: &str) -> String {
        let texts = read(&format!("crates/sandbox/data/{}.toml", self.tag()));
        texts.get(key).and_then(toml::Value::as_str).unwrap_or_else(|| panic!("no text {key}")).to_owned()
    }
}

fn read(path: &str) -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
