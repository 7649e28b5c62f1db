//! Request headers that mean something here.

use crate::problem::{Problem, Protocol};
use axum::extract::OptionalFromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use tillid_domain::{Cpr, id::AccessId};

/// `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// `Lookup-Id`.
pub(crate) const LOOKUP_ID: HeaderName = HeaderName::from_static("lookup-id");
/// `X-Request-ID`.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header's text when it is there; a header that is there twice, or that holds no ASCII, is nothing one could act on.
fn single<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    otherwise: Protocol,
) -> Result<Option<&'h str>, Problem> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(line), None) => line.to_str().map(|text| Some(text.trim())).map_err(|_| otherwise.into()),
        (Some(_), Some(_)) => Err(otherwise.into()),
    }
}

/// The caller's name for one attempt to change something; the same name is the same attempt. Extract it as an `Option`.
///
/// The draft's quoted string and the bare text that most clients send are both read, and are the same key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key, 1 to 64 visible ASCII characters without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(text: &str) -> Option<Self> {
        let bare = match text.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"')?,
            None => text,
        };
        let allowed = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b',');
        ((1..=64).contains(&bare.len()) && bare.bytes().all(allowed)).then(|| Self(bare.to_owned()))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let flaw = Protocol::InvalidIdempotencyKey;
        let Some(text) = single(&parts.headers, &IDEMPOTENCY_KEY, flaw)? else { return Ok(None) };
        Self::read(text).map(Some).ok_or_else(|| flaw.into())
    }
}

/// Which version of a resource the caller has seen. Extract it as an `Option`.
///
/// A weak `ETag` and a list of several are refused: neither says which version was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IfMatch {
    /// Any version (`*`).
    Any,
    /// The version with this number.
    Revision(u64),
}

impl IfMatch {
    fn read(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let digits = text.strip_prefix("\"v")?.strip_suffix('"')?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        if plain { digits.parse().ok().map(Self::Revision) } else { None }
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let flaw = Protocol::InvalidIfMatch;
        let Some(text) = single(&parts.headers, &header::IF_MATCH, flaw)? else { return Ok(None) };
        Self::read(text).map(Some).ok_or_else(|| flaw.into())
    }
}

/// The strong `ETag` of a resource's version, as [`IfMatch`] reads it.
pub fn etag(revision: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"v{revision}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"v0\""))
}

/// The look-up under which staff and systems read a person's data. Extract it as an `Option`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LookupId(pub AccessId);

impl<S: Send + Sync> OptionalFromRequestParts<S> for LookupId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let flaw = Protocol::InvalidLookupId;
        let Some(text) = single(&parts.headers, &LOOKUP_ID, flaw)? else { return Ok(None) };
        text.parse().map(|id| Some(Self(id))).map_err(|_| flaw.into())
    }
}

/// The name of one request in logs here and at the caller's: 1 to 64 characters of `A-Za-z0-9._-`.
///
/// [`layers`](crate::layers()) puts it into every request's extensions and onto every answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestId(String);

impl RequestId {
    /// The caller's own name for the request, if it can be one; otherwise a new one.
    pub fn of(headers: &HeaderMap, new: impl FnOnce() -> String) -> Self {
        let given = single(headers, &REQUEST_ID, Protocol::NotFound).ok().flatten();
        let fits = |text: &&str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        // The name stands in logs; a CPR number does not.
        let given = given.filter(fits).filter(|text| !Cpr::stands_in(text));
        Self(given.map_or_else(new, str::to_owned))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use proptest::prelude::*;

    async fn extract<T: OptionalFromRequestParts<(), Rejection = Problem>>(
        name: &HeaderName,
        values: &[&str],
    ) -> Result<Option<T>, &'static str> {
        let mut request = Request::new(());
        for value in values {
            request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header"));
        }
        T::from_request_parts(&mut request.into_parts().0, &()).await.map_err(|problem| problem.code())
    }

    #[tokio::test]
    async fn a_key_is_the_same_with_and_without_quotes() {
        let key = |text: &str| Ok(Some(IdempotencyKey(text.to_owned())));
        for (text, read) in [("abc", "abc"), ("\"abc\"", "abc"), ("!#$;=", "!#$;="), ("a\t", "a")] {
            assert_eq!(extract(&IDEMPOTENCY_KEY, &[text]).await, key(read), "{text}");
        }
        assert_eq!(extract::<IdempotencyKey>(&IDEMPOTENCY_KEY, &[]).await, Ok(None));
        let long = "a".repeat(65);
        for text in
            ["", "\"\"", "\"", "\"a", "a\"", "a b", "a,b", "a\\b", "\"a\\\"b\"", "æ", "\"a\";x=1", &long]
        {
            assert_eq!(
                extract::<IdempotencyKey>(&IDEMPOTENCY_KEY, &[text]).await,
                Err("invalid_idempotency_key"),
                "{text}"
            );
        }
        assert!(extract::<IdempotencyKey>(&IDEMPOTENCY_KEY, &["a", "a"]).await.is_err());
    }

    #[tokio::test]
    async fn only_a_version_of_ours_matches() {
        assert_eq!(extract(&header::IF_MATCH, &["*"]).await, Ok(Some(IfMatch::Any)));
        assert_eq!(extract(&header::IF_MATCH, &["\"v0\""]).await, Ok(Some(IfMatch::Revision(0))));
        for text in [
            "",
            "v3",
            "\"3\"",
            "W/\"v3\"",
            "\"v3\", \"v4\"",
            "\"v03\"",
            "\"v+3\"",
            "\"v\"",
            "\"v99999999999999999999\"",
        ] {
            assert_eq!(
                extract::<IfMatch>(&header::IF_MATCH, &[text]).await,
                Err("invalid_if_match"),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn a_look_up_is_named_by_its_id() {
        let id = "00000000-0000-0000-0000-000000000007";
        assert_eq!(extract(&LOOKUP_ID, &[id]).await, Ok(id.parse().ok().map(LookupId)));
        assert_eq!(extract::<LookupId>(&LOOKUP_ID, &["7"]).await, Err("invalid_lookup_id"));
    }

    #[test]
    fn a_request_keeps_the_name_the_caller_gave_it_if_it_is_a_name() {
        let named = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(REQUEST_ID, HeaderValue::from_static(value));
            }
            RequestId::of(&headers, || "new".to_owned()).0
        };
        assert_eq!(named(&["a.B-9_"]), "a.B-9_");
        for values in [
            &[][..],
            &[""],
            &["a b"],
            &["a", "b"],
            &["a;b"],
            &["aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345"],
        ] {
            assert_eq!(named(values), "new", "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn the_etag_of_a_version_matches_it(revision: u64) {
            let etag = etag(revision);
            prop_assert_eq!(IfMatch::read(etag.to_str().expect("ASCII")), Some(IfMatch::Revision(revision)));
        }
    }
}
