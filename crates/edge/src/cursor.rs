//! Where the next page of a list begins.

use crate::{
    problem::{Problem, Protocol},
    strict,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use tillid_domain::Digest;

/// More than the keys of any list of ours need.
const MAX_LENGTH: usize = 1024;

/// The sort keys of the last item of a page, for the same list with the same filter only.
///
/// Callers pass it back as they got it. It grants nothing: a list shows a caller what they may see from wherever they begin, so it
/// is not signed. Keys are readable by who unpacks it; never put personal data among them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    #[serde(rename = "v")]
    version: u8,
    #[serde(rename = "f")]
    filter: String,
    #[serde(rename = "k")]
    keys: Vec<String>,
}

impl Cursor {
    /// The cursor after the item with these keys, in the list that `filter` describes.
    pub fn encode(filter: &str, keys: &[String]) -> String {
        let cursor = Self { version: 1, filter: fingerprint(filter), keys: keys.to_vec() };
        // Strings and integers always have a JSON form.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }

    /// The keys, if the cursor is one of the list that `filter` describes.
    pub fn decode(filter: &str, text: &str) -> Result<Vec<String>, Problem> {
        Self::read(text)
            .filter(|cursor| cursor.version == 1 && cursor.filter == fingerprint(filter))
            .map(|cursor| cursor.keys)
            .ok_or_else(|| Protocol::InvalidCursor.into())
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_value(strict::parse(&bytes).ok()?).ok()
    }
}

fn fingerprint(filter: &str) -> String {
    Digest::of(filter.as_bytes()).to_string().chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(filter: &str, text: &str) -> Result<Vec<String>, &'static str> {
        Cursor::decode(filter, text).map_err(|problem| problem.code())
    }

    #[test]
    fn anything_else_is_no_cursor() {
        let packed = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let filter = fingerprint("f");
        let keys = r#""k":["a"]"#;
        for text in [
            String::new(),
            "=".to_owned(),
            "a".repeat(MAX_LENGTH + 1),
            packed("null"),
            packed("{}"),
            packed(&format!(r#"{{"v":2,"f":"{filter}",{keys}}}"#)),
            packed(&format!(r#"{{"v":1,"f":"{filter}",{keys},{keys}}}"#)),
            packed(&format!(r#"{{"v":1,"f":"{filter}","k":[1]}}"#)),
            packed(&format!(r#"{{"v":1,"f":"{filter}",{keys},"x":1}}"#)),
        ] {
            assert_eq!(code("f", &text), Err("invalid_cursor"), "{text}");
        }
        assert_eq!(
            code("f", &packed(&format!(r#"{{"v":1,"f":"{filter}",{keys}}}"#))),
            Ok(vec!["a".to_owned()])
        );
    }

    proptest! {
        #[test]
        fn the_keys_come_back(filter: String, keys in proptest::collection::vec("[ -~æøå]{0,40}", 0..4)) {
            prop_assert_eq!(code(&filter, &Cursor::encode(&filter, &keys)), Ok(keys));
        }

        #[test]
        fn a_cursor_of_another_list_is_refused(filter: String, other: String, key: String) {
            prop_assume!(filter != other);
            prop_assert_eq!(code(&other, &Cursor::encode(&filter, &[key])), Err("invalid_cursor"));
        }

        #[test]
        fn no_text_breaks_it(text: String) {
            let _ = code("f", &text);
        }
    }
}
