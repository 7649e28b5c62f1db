//! What a caller is told when it does not go well (RFC 9457).

use crate::browser::cookie::{LANGUAGE, cookie};
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};
use tillid_domain::{Language, Localized};

/// A sentence in both languages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words {
    /// Danish.
    pub da: Cow<'static, str>,
    /// English.
    pub en: Cow<'static, str>,
}

impl Words {
    /// The sentence in that language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Da => &self.da,
            Language::En => &self.en,
        }
    }

    const fn same(text: &'static str) -> Self {
        Self { da: Cow::Borrowed(text), en: Cow::Borrowed(text) }
    }
}

impl From<&'static Localized> for Words {
    fn from(text: &'static Localized) -> Self {
        Self { da: Cow::Borrowed(text.da.as_str()), en: Cow::Borrowed(text.en.as_str()) }
    }
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug)]
pub struct FieldError {
    /// Where, as a JSON pointer in its fragment form, such as `#/person/cpr`. Never holds what the caller wrote.
    pub pointer: String,
    /// A stable code.
    pub code: &'static str,
    /// What is wrong.
    pub detail: Words,
}

/// A flaw of a field that shows before any rule of ours is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// The field is not there.
    Missing,
    /// There is no such field.
    UnknownField,
    /// A string where a number is asked for, or the like.
    WrongType,
    /// The right type, but not one of its values.
    InvalidValue,
}

impl Flaw {
    /// Every flaw.
    pub const ALL: [Self; 4] = [Self::Missing, Self::UnknownField, Self::WrongType, Self::InvalidValue];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::UnknownField => "unknown_field",
            Self::WrongType => "wrong_type",
            Self::InvalidValue => "invalid_value",
        }
    }

    /// This flaw at that place.
    pub fn at(self, pointer: impl Into<String>) -> FieldError {
        let code = self.code();
        let detail = TEXTS.flaws.get(code).map_or(Words::same(code), Words::from);
        FieldError { pointer: pointer.into(), code, detail }
    }
}

/// An answer that tells of a problem.
///
/// It becomes a complete answer in Danish, and stays in the answer's extensions; [`render_problems`] writes it anew for a caller
/// who prefers English. The body never names the request, so that the same problem is the same bytes: "not yours" cannot be told
/// from "does not exist".
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    status: StatusCode,
    code: &'static str,
    title: Words,
    detail: Option<Words>,
    errors: Vec<FieldError>,
    headers: HeaderMap,
    /// The quota that was exceeded, by its name in `RateLimit-Policy`.
    quota: Option<&'static str>,
}

/// The type of a problem that a quota was exceeded (draft-ietf-httpapi-ratelimit-headers).
const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

impl Problem {
    /// A problem with a stable code in snake case.
    pub fn new(status: StatusCode, code: &'static str, title: impl Into<Words>) -> Self {
        let title = title.into();
        Self(Box::new(Inner {
            status,
            code,
            title,
            detail: None,
            errors: Vec::new(),
            headers: HeaderMap::new(),
            quota: None,
        }))
    }

    /// With more words; never any personal data.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Words>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// With one more field that is wrong.
    #[must_use]
    pub fn with_error(mut self, error: FieldError) -> Self {
        self.0.errors.push(error);
        self
    }

    /// With a header, such as `WWW-Authenticate`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// That this quota was exceeded, which has a type of its own.
    #[must_use]
    pub(crate) fn of_quota(mut self, policy: &'static str) -> Self {
        self.0.quota = Some(policy);
        self
    }

    pub(crate) fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.0.headers.get(name)
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The code.
    pub const fn code(&self) -> &'static str {
        self.0.code
    }

    /// What happened, in a few words.
    pub fn title(&self, language: Language) -> &str {
        self.0.title.in_language(language)
    }

    /// More of it.
    pub fn detail(&self, language: Language) -> Option<&str> {
        self.0.detail.as_ref().map(|detail| detail.in_language(language))
    }

    /// The fields that are wrong.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    fn body(&self, language: Language) -> Vec<u8> {
        #[derive(Serialize)]
        struct Document<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            code: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<&'a str>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            errors: Vec<Field<'a>>,
            #[serde(rename = "violated-policies", skip_serializing_if = "Option::is_none")]
            violated_policies: Option<[&'a str; 1]>,
        }
        #[derive(Serialize)]
        struct Field<'a> {
            pointer: &'a str,
            code: &'a str,
            detail: &'a str,
        }
        let Inner { status, code, title, detail, errors, headers: _, quota } = self.0.as_ref();
        let document = Document {
            r#type: quota.map_or_else(|| format!("/problems/{code}"), |_| QUOTA_EXCEEDED.to_owned()),
            title: title.in_language(language),
            status: status.as_u16(),
            code,
            detail: detail.as_ref().map(|detail| detail.in_language(language)),
            errors: errors
                .iter()
                .map(|e| Field { pointer: &e.pointer, code: e.code, detail: e.detail.in_language(language) })
                .collect(),
            violated_policies: quota.map(|policy| [policy]),
        };
        // Strings and integers always have a JSON form.
        serde_json::to_vec(&document).unwrap_or_default()
    }

    fn write(&self, language: Language, response: &mut Response) {
        *response.body_mut() = Body::from(self.body(language));
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.status;
        response.headers_mut().extend(self.0.headers.clone());
        self.write(Language::default(), &mut response);
        response.extensions_mut().insert(self);
        response
    }
}

/// A problem that is to be told on a page.
pub struct Told<'t> {
    /// The problem.
    pub problem: &'t Problem,
    /// In which language.
    pub language: Language,
    /// Where it happened: the path with its query, of this service.
    pub path: &'t str,
}

/// Writes a problem as a page that a person understands.
pub type RenderPage = Arc<dyn Fn(&Told<'_>) -> Response + Send + Sync>;

/// Middleware that writes problems as whoever asked can read them: to a browser that opens a page, as a page; to all others as
/// RFC 9457 has it, in the language they prefer.
pub async fn render_problems(
    State(page): State<Option<RenderPage>>,
    request: Request,
    next: Next,
) -> Response {
    let reader = Reader::of(&request, page.as_ref());
    reader.told(next.run(request).await)
}

/// Who reads a problem, should there be one.
pub(crate) struct Reader {
    language: Language,
    /// Who writes pages for their browser, and the address that it opens.
    opens: Option<(RenderPage, Uri)>,
}

impl Reader {
    pub(crate) fn of(request: &Request, page: Option<&RenderPage>) -> Self {
        let page = page.filter(|_| opens_page(request));
        Self {
            language: language(request.headers()),
            opens: page.map(|page| (page.clone(), request.uri().clone())),
        }
    }

    /// The answer, in their words if it is a problem.
    pub(crate) fn told(self, mut response: Response) -> Response {
        let Self { language, opens } = self;
        let Some(problem) = response.extensions().get::<Problem>().cloned() else { return response };
        if let Some((page, uri)) = opens {
            // Nobody comes back to an address of a login: it holds what counts once.
            let comes_back = !uri.path().starts_with("/login/") && !uri.path().starts_with("/logout");
            let path = uri.path_and_query().filter(|_| comes_back).map_or("/", |p| p.as_str());
            let mut told = page(&Told { problem: &problem, language, path });
            *told.status_mut() = problem.status();
            for (name, value) in &problem.0.headers {
                told.headers_mut().insert(name, value.clone());
            }
            return told;
        }
        if language != Language::default() {
            problem.write(language, &mut response);
        }
        response
    }
}

/// Whether a browser opens a page with this: what programs ask, they are answered as the contract says.
fn opens_page(request: &Request) -> bool {
    const PROGRAMS: [&str; 6] = ["/v1/", "/log/", "/health/", "/sandbox/", "/access/", "/oauth2/"];
    let html = |line: &HeaderValue| line.to_str().is_ok_and(|line| line.contains("text/html"));
    let accepts = request.headers().get_all(header::ACCEPT).iter().any(html);
    accepts && !PROGRAMS.iter().any(|prefix| request.uri().path().starts_with(prefix))
}

/// The language the caller prefers: the one they have chosen (a cookie), or what their browser says (`Accept-Language`, RFC 9110):
/// Danish, unless English is preferred to it.
pub fn language(headers: &HeaderMap) -> Language {
    if let Some(chosen) =
        cookie(headers, LANGUAGE).and_then(|tag| Language::ALL.into_iter().find(|l| l.tag() == tag))
    {
        return chosen;
    }
    let (mut da, mut en, mut any) = (None, None, None);
    let lines = headers.get_all(header::ACCEPT_LANGUAGE);
    for range in lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).take(32)
    {
        let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).unwrap_or(0.0);
        let primary = tag.trim().split('-').next().unwrap_or_default();
        let slot = match primary {
            "*" => &mut any,
            _ if primary.eq_ignore_ascii_case("da") => &mut da,
            _ if primary.eq_ignore_ascii_case("en") => &mut en,
            _ => continue,
        };
        *slot = Some(slot.unwrap_or(0.0_f32).max(weight));
    }
    let weight = |named: Option<f32>| named.or(any).unwrap_or(0.0);
    if weight(en) > weight(da) { Language::En } else { Language::Da }
}

macro_rules! protocol {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal;)+) => {
        /// The problems of the protocol itself: a request that cannot be read, a caller who is not known, a server that cannot
        /// answer. The codes are part of the public contract.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Protocol {
            $($(#[$doc])* $name,)+
        }

        impl Protocol {
            /// Every problem of the protocol.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The status and the code. The words stand in `data/problems.toml` under the code.
            pub const fn row(self) -> (StatusCode, &'static str) {
                match self {
                    $(Self::$name => (StatusCode::$status, $code),)+
                }
            }
        }
    };
}

protocol! {
    /// The body is not JSON, says something twice, or holds half a character.
    MalformedJson = BAD_REQUEST, "malformed_json";
    /// The body is not JSON according to its own header.
    WrongContentType = UNSUPPORTED_MEDIA_TYPE, "wrong_content_type";
    /// The body is larger than what is read.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large";
    /// Nothing is there, or nothing this caller may know of; an id that is no id is also just not found.
    NotFound = NOT_FOUND, "not_found";
    /// The address is right, the method is not.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed";
    /// The query string cannot be read.
    InvalidQuery = BAD_REQUEST, "invalid_query";
    /// The cursor is not one of this list.
    InvalidCursor = BAD_REQUEST, "invalid_cursor";
    /// The `Idempotency-Key` cannot be read.
    InvalidIdempotencyKey = BAD_REQUEST, "invalid_idempotency_key";
    /// The `If-Match` is no `ETag` of ours.
    InvalidIfMatch = BAD_REQUEST, "invalid_if_match";
    /// The `Lookup-Id` is no id.
    InvalidLookupId = BAD_REQUEST, "invalid_lookup_id";
    /// There is no bearer token.
    TokenMissing = UNAUTHORIZED, "token_missing";
    /// The token does not hold; why is for our log only.
    TokenInvalid = UNAUTHORIZED, "token_invalid";
    /// The proof that belongs to the token does not hold; why is for our log only.
    ProofInvalid = UNAUTHORIZED, "proof_invalid";
    /// The certificate of a client is told of by somebody who is not believed, or is none.
    ClientCertificate = BAD_REQUEST, "client_certificate";
    /// The client has sent more requests than it may.
    QuotaExceeded = TOO_MANY_REQUESTS, "quota_exceeded";
    /// The client has asked about too many who are unknown.
    TooManyUnknown = TOO_MANY_REQUESTS, "too_many_unknown";
    /// The employee has looked up more people than they may.
    TooManyLookups = TOO_MANY_REQUESTS, "too_many_lookups";
    /// There is no session, or it is over.
    SessionMissing = UNAUTHORIZED, "session_missing";
    /// The form did not come from a page of ours, or not from this session's.
    Csrf = FORBIDDEN, "csrf";
    /// The form cannot be read.
    MalformedForm = BAD_REQUEST, "malformed_form";
    /// No login began with this state in this browser, or it has been used or is too long ago.
    LoginUnknown = BAD_REQUEST, "login_unknown";
    /// The user turned back at the identity provider.
    LoginCancelled = FORBIDDEN, "login_cancelled";
    /// The identity provider did not let the user in.
    LoginRefused = FORBIDDEN, "login_refused";
    /// What the identity provider says does not hold; why is for our log only.
    LoginNotAccepted = FORBIDDEN, "login_not_accepted";
    /// The login is not as sure as is needed to come in.
    LoginTooWeak = FORBIDDEN, "login_too_weak";
    /// The fresh login was somebody else's.
    LoginOfAnother = FORBIDDEN, "login_of_another";
    /// The identity provider tells no CPR number, and the user is not known here.
    LoginWithoutNumber = FORBIDDEN, "login_without_number";
    /// The identity provider does not answer, or not as it should.
    ProviderUnavailable = SERVICE_UNAVAILABLE, "provider_unavailable";
    /// The logout token does not hold.
    LogoutInvalid = BAD_REQUEST, "logout_invalid";
    /// The address is longer than what is read.
    UriTooLong = URI_TOO_LONG, "uri_too_long";
    /// The headers are larger than what is read.
    HeadersTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large";
    /// The body did not arrive in time.
    RequestTimeout = REQUEST_TIMEOUT, "request_timeout";
    /// No more connections are taken at the moment.
    TooManyConnections = SERVICE_UNAVAILABLE, "too_many_connections";
    /// A flaw of ours; what it was is for our log only.
    Internal = INTERNAL_SERVER_ERROR, "internal";
    /// Something that is needed for the answer is away.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable";
    /// The body is JSON, but not what is asked for.
    Unprocessable = UNPROCESSABLE_ENTITY, "unprocessable";
}

impl Protocol {
    /// The headers that belong to the problem.
    const fn header(self) -> Option<(HeaderName, &'static str)> {
        match self {
            Self::TokenMissing => Some((header::WWW_AUTHENTICATE, "Bearer")),
            Self::TokenInvalid => Some((header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#)),
            Self::SessionMissing => Some((header::WWW_AUTHENTICATE, "Cookie")),
            Self::TooManyConnections | Self::Unavailable | Self::ProviderUnavailable => {
                Some((header::RETRY_AFTER, "2"))
            }
            _ => None,
        }
    }
}

impl From<Protocol> for Problem {
    fn from(protocol: Protocol) -> Self {
        let (status, code) = protocol.row();
        let text = TEXTS.problems.get(code);
        let mut problem =
            Self::new(status, code, text.map_or(Words::same(code), |text| (&text.title).into()));
        if let Some(detail) = text.and_then(|text| text.detail.as_ref()) {
            problem = problem.with_detail(detail);
        }
        match protocol.header() {
            Some((name, value)) => problem.with_header(name, HeaderValue::from_static(value)),
            None => problem,
        }
    }
}

impl IntoResponse for Protocol {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

/// What is said of a problem of the protocol.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    title: Localized,
    /// What one can do, where whoever reads it is a person.
    detail: Option<Localized>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    problems: BTreeMap<String, Text>,
    flaws: BTreeMap<String, Localized>,
}

const TEXTS_FILE: &str = include_str!("../data/problems.toml");
static TEXTS: LazyLock<Texts> = LazyLock::new(|| toml::from_str(TEXTS_FILE).unwrap_or_default());

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    #[test]
    fn every_code_has_both_languages_and_no_text_is_left_over() {
        let read: Texts = toml::from_str(TEXTS_FILE).expect("the data file");
        let sorted = |mut codes: Vec<&'static str>| {
            codes.sort_unstable();
            codes
        };
        let problems = sorted(Protocol::ALL.iter().map(|p| p.row().1).collect());
        let flaws = sorted(Flaw::ALL.iter().map(|f| f.code()).collect());
        assert_eq!(read.problems.keys().collect::<Vec<_>>(), problems);
        assert_eq!(read.flaws.keys().collect::<Vec<_>>(), flaws);
        let problems = read.problems.values().flat_map(|text| [Some(&text.title), text.detail.as_ref()]);
        for text in problems.flatten().chain(read.flaws.values()) {
            assert_ne!(text.da, text.en);
        }
    }

    #[test]
    fn danish_unless_english_is_preferred() {
        let chosen = |line: &'static str| {
            language(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(line))]))
        };
        for line in
            ["en", "en-GB,en;q=0.9,da;q=0.8", "EN-us", "da;q=0.1, en;q=0.2", "*, da;q=0", "de, en;q=0.1"]
        {
            assert_eq!(chosen(line), Language::En, "{line}");
        }
        for line in
            ["", "da", "de", "*", "da,en", "en;q=0.5,da", "en;q=0", "en;q=x", "da-DK, en;q=0.9", ";;,,"]
        {
            assert_eq!(chosen(line), Language::Da, "{line}");
        }
        assert_eq!(language(&HeaderMap::new()), Language::Da);
    }

    #[tokio::test]
    async fn a_problem_is_a_whole_answer_by_itself() {
        let response =
            Problem::from(Protocol::Unprocessable).with_error(Flaw::Missing.at("#/purpose")).into_response();
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[header::CONTENT_LANGUAGE], "da");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(
            std::str::from_utf8(&body),
            Ok(concat!(
                r#"{"type":"/problems/unprocessable","title":"Indholdet har fejl","status":422,"code":"unprocessable","#,
                r##""errors":[{"pointer":"#/purpose","code":"missing","detail":"skal udfyldes"}]}"##
            ))
        );
    }

    #[test]
    fn what_is_missing_and_what_is_invalid_differ_in_the_challenge() {
        let challenge = |p: Protocol| p.into_response().headers()[header::WWW_AUTHENTICATE].clone();
        assert_eq!(challenge(Protocol::TokenMissing), "Bearer");
        assert_eq!(challenge(Protocol::TokenInvalid), r#"Bearer error="invalid_token""#);
        assert_eq!(Protocol::Unavailable.into_response().headers()[header::RETRY_AFTER], "2");
    }
}
