//! The cookies, none of which a script or another site can read or plant (`__Host-`, RFC 6265bis section 4.1.3.2).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header};
use tillid_domain::{Digest, Language};
use tillid_service::ambient::Ambient;

/// Holds the session's secret.
pub(crate) const SESSION: &str = "__Host-tillid";
/// Binds a login that has begun to the browser that began it.
pub(crate) const LOGIN: &str = "__Host-tillid-login";
/// Holds, between two pages, what to log out with at the provider.
pub(crate) const LOGOUT: &str = "__Host-tillid-logout";
/// The language that somebody has chosen; not a secret.
pub(crate) const LANGUAGE: &str = "tillid-language";

/// 256 random bits that only the browser keeps; here they are known by their hash.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(ambient: &Ambient) -> Self {
        let mut bytes = [0; 32];
        ambient.fill(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The secret in that cookie, if there is exactly one and it can be one of ours.
    pub(crate) fn of(headers: &HeaderMap, name: &str) -> Option<Self> {
        let value = cookie(headers, name)?;
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        (bytes.len() == 32).then(|| Self(value.to_owned()))
    }

    pub(crate) fn hash(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// A secret for one use that whoever has this one can derive, and nobody can turn back into it.
    pub(crate) fn derived(&self, usage: &str) -> String {
        URL_SAFE_NO_PAD.encode(Digest::of(format!("{usage}|{}", self.0).as_bytes()).as_bytes())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The cookie, for so many seconds or until the browser is closed.
    pub(crate) fn set(&self, name: &str, seconds: Option<i64>) -> HeaderValue {
        set(name, &self.0, seconds)
    }
}

/// A cookie, for so many seconds or until the browser is closed.
pub(crate) fn set(name: &str, value: &str, seconds: Option<i64>) -> HeaderValue {
    let age = seconds.map(|seconds| format!(" Max-Age={seconds};")).unwrap_or_default();
    line(&format!("{name}={value}; Path=/;{age} Secure; HttpOnly; SameSite=Lax"))
}

/// The cookie's end.
pub(crate) fn clear(name: &str) -> HeaderValue {
    line(&format!("{name}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"))
}

/// The cookie to set for the language that somebody has chosen; it lasts a year.
pub fn language_cookie(language: Language) -> HeaderValue {
    line(&format!("{LANGUAGE}={}; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax", language.tag()))
}

fn line(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The value of the cookie of that name; one that is there twice with two values is none.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut values = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookie))])
    }

    #[test]
    fn a_cookie_that_says_two_things_says_nothing() {
        assert_eq!(cookie(&headers("a=1; __Host-tillid=x; b=2"), SESSION), Some("x"));
        assert_eq!(cookie(&headers("__Host-tillid=x; __Host-tillid=x"), SESSION), Some("x"));
        assert_eq!(cookie(&headers("__Host-tillid=x; __Host-tillid=y"), SESSION), None);
        assert_eq!(cookie(&headers("__Host-tillidx=x"), SESSION), None);
    }

    #[test]
    fn only_256_bits_are_a_secret() {
        let whole = "__Host-tillid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert!(Secret::of(&headers(whole), SESSION).is_some());
        for cookie in ["__Host-tillid=", "__Host-tillid=AAAA", "__Host-tillid=!!!"] {
            assert!(Secret::of(&headers(cookie), SESSION).is_none(), "{cookie}");
        }
    }

    #[test]
    fn a_secret_is_sent_to_this_host_alone_and_never_to_a_script() {
        let ambient = Ambient::fixed(tillid_domain::Instant::from_micros(0), 1);
        let line = Secret::new(&ambient).set(SESSION, None);
        let line = line.to_str().expect("text");
        for part in ["__Host-tillid=", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(line.contains(part), "{line}");
        }
        assert!(!line.contains("Domain"));
    }
}
