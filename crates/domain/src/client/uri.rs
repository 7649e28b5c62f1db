//! Addresses that an authority tells us of its own systems.

use crate::instant::serde_as_text;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// An `https://` address with a host that has a name: no address of a single machine in any spelling, no credentials, no fragment. What
/// the name leads to is for whoever connects to it to check.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpsUri(String);

/// What is no such address.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not an https address of a named host, without credentials and fragment")]
pub struct NotAnHttpsUri;

const LONGEST: usize = 500;

impl HttpsUri {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HttpsUri {
    type Err = NotAnHttpsUri;

    fn from_str(text: &str) -> Result<Self, NotAnHttpsUri> {
        let rest = text.strip_prefix("https://").ok_or(NotAnHttpsUri)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:/%?".contains(&b);
        let fits =
            text.len() <= LONGEST && is_name(host) && port.is_none_or(is_port) && path.bytes().all(plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAnHttpsUri) }
    }
}

/// A name of RFC 1123 in lower case. What ends in a number would be read as an IPv4 address by those who connect (WHATWG URL).
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253 && host.split('.').all(label) && last.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_port(port: &str) -> bool {
    let digits = port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
    digits && port.parse::<u16>().is_ok()
}

impl fmt::Display for HttpsUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HttpsUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(HttpsUri);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_of_a_named_host_is_accepted() {
        for text in [
            "https://fagsystem.example/jwks",
            "https://a.b-c.example:8443/x/y.json?z=1&w=%20",
            "https://localhost",
            "https://xn--bl-yia.example/",
        ] {
            assert_eq!(text.parse::<HttpsUri>().map(|uri| uri.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn s23_no_spelling_of_the_address_of_a_machine_is_accepted() {
        for text in [
            "https://127.0.0.1/",
            "https://10.0.0.1/jwks",
            "https://169.254.169.254/latest/meta-data/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0x7f000001/",
            "https://017700000001/",
            "https://127.1/",
            "https://1.2.3.4.5/",
            "https://a.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fd00::1]:443/",
            "https://127.0.0.1./",
        ] {
            assert_eq!(text.parse::<HttpsUri>(), Err(NotAnHttpsUri), "{text}");
        }
    }

    #[test]
    fn credentials_fragments_and_other_schemes_are_refused() {
        for text in [
            "",
            "https://",
            "https:///jwks",
            "http://fagsystem.example/jwks",
            "HTTPS://fagsystem.example/jwks",
            "file:///etc/passwd",
            "https://user@fagsystem.example/",
            "https://user:secret@fagsystem.example/",
            "https://fagsystem.example/#x",
            "https://fagsystem.example\\@127.0.0.1/",
            "https://fagsystem.example:0/",
            "https://fagsystem.example:65536/",
            "https://fagsystem.example:/",
            "https://fagsystem.example:80:90/",
            "https://Fagsystem.example/",
            "https://fag system.example/",
            "https://fagsystem..example/",
            "https://fagsystem.example./",
            "https://-a.example/",
            "https://blå.example/",
            "https://fagsystem.example/\u{0}",
            " https://fagsystem.example/",
        ] {
            assert_eq!(text.parse::<HttpsUri>(), Err(NotAnHttpsUri), "{text:?}");
        }
        let long = format!("https://fagsystem.example/{}", "a".repeat(LONGEST));
        assert!(long.parse::<HttpsUri>().is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text: String) {
            let _ = text.parse::<HttpsUri>();
            let _ = format!("https://{text}").parse::<HttpsUri>();
        }
    }
}
