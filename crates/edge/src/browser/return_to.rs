//! Where somebody goes on after a login: a page of ours, whatever the address says.

use serde::{Deserialize, Serialize};

/// A path of this service, with its query.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// The path; the front page instead of anything that a browser could take for another site's address.
    pub fn new(text: &str) -> Self {
        let local = text.starts_with('/')
            && !text.starts_with("//")
            && text.len() <= 1024
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        if local { Self(text.to_owned()) } else { Self::default() }
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path as a value of a query.
    pub fn encoded(&self) -> String {
        encode(&self.0)
    }
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

/// A text as a value of a query.
pub(crate) fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_ours_are_kept() {
        for path in ["/", "/overview", "/requests/1?x=1&y=%2F%2Fevil.example", "/a//b", "/@evil.example"] {
            assert_eq!(ReturnTo::new(path).as_str(), path);
        }
    }

    #[test]
    fn nothing_leads_to_another_site() {
        for text in [
            "",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "//evil.example/%2f..",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "/\\/evil.example",
            "https://evil.example",
            "HTTPS://evil.example",
            "http:evil.example",
            "https:/evil.example",
            "https:\\\\evil.example",
            "evil.example",
            "@evil.example",
            ":80",
            "?x",
            "#x",
            " /x",
            " //evil.example",
            "\t//evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\nset-cookie: a=b",
            "/x\u{0}",
            "\u{0}/x",
            "/\u{b}/evil.example",
            "/é",
            "/／evil.example",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://evil.example",
            "/x\\..\\..\\evil",
            "//google.com%2f@evil.example",
            "/%\\evil",
            "http://127.0.0.1:8080@evil.example/",
            "./x",
            "../x",
        ] {
            assert_eq!(ReturnTo::new(text), ReturnTo::default(), "{text:?}");
        }
        assert_eq!(ReturnTo::new(&format!("/{}", "x".repeat(1024))), ReturnTo::default());
    }

    #[test]
    fn a_value_of_a_query_is_encoded() {
        assert_eq!(encode("/a?b=c&d=æ"), "%2Fa%3Fb%3Dc%26d%3D%C3%A6");
    }
}
