//! What people see: templates, and texts in two languages.

use super::ProviderError;
use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use std::collections::BTreeMap;
use tillid_domain::Language;
use url::Url;

const DANISH: &str = include_str!("../../data/da.toml");
const ENGLISH: &str = include_str!("../../data/en.toml");
const STYLE: &str = include_str!("../../data/style.css");

/// What goes wrong in front of a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// The request cannot be read.
    Unreadable,
    /// No such client is registered.
    UnknownClient,
    /// The client has not registered that address.
    UnknownRedirect,
    /// No such request has been pushed, or it was too long ago.
    UnknownRequest,
    /// The page has been answered, or is too old, or was another browser's.
    Stale,
    /// Another site tries to answer the page.
    Elsewhere,
}

impl Trouble {
    /// The stable code.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable_request",
            Self::UnknownClient => "unknown_client",
            Self::UnknownRedirect => "unknown_redirect_uri",
            Self::UnknownRequest => "unknown_request_uri",
            Self::Stale => "stale_page",
            Self::Elsewhere => "from_elsewhere",
        }
    }
}

/// The texts in one language.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    pub(crate) tag: String,
    pub(crate) brand: String,
    pub(crate) skip: String,
    pub(crate) simulation: String,
    pub(crate) other_tag: String,
    pub(crate) other_simulation: String,
    pub(crate) pick_title: String,
    pub(crate) pick_for: String,
    pub(crate) level: String,
    pub(crate) level_help: String,
    pub(crate) level_low: String,
    pub(crate) level_substantial: String,
    pub(crate) level_high: String,
    pub(crate) hinted: String,
    pub(crate) citizens: String,
    pub(crate) citizens_help: String,
    pub(crate) employees: String,
    pub(crate) employees_help: String,
    pub(crate) cancel: String,
    pub(crate) leave_title: String,
    pub(crate) leave_who: String,
    pub(crate) leave_ask: String,
    pub(crate) leave_yes: String,
    pub(crate) leave_no: String,
    pub(crate) gone_title: String,
    pub(crate) gone: String,
    pub(crate) post_brand: String,
    pub(crate) post_link: String,
    pub(crate) post_title: String,
    pub(crate) post_pick: String,
    pub(crate) post_of: String,
    pub(crate) post_simulation: String,
    pub(crate) post_none: String,
    pub(crate) post_letter: String,
    pub(crate) post_digital: String,
    pub(crate) post_read: String,
    pub(crate) post_back: String,
    pub(crate) trouble_title: String,
    pub(crate) trouble_code: String,
    trouble: BTreeMap<String, String>,
}

/// The texts in both languages.
pub(crate) struct AllTexts {
    da: Texts,
    en: Texts,
}

impl AllTexts {
    pub(crate) fn read() -> Result<Self, ProviderError> {
        let read = |text| toml::from_str(text).map_err(ProviderError::Texts);
        Ok(Self { da: read(DANISH)?, en: read(ENGLISH)? })
    }

    pub(crate) fn in_language(&self, language: Language) -> &Texts {
        match language {
            Language::Da => &self.da,
            Language::En => &self.en,
        }
    }
}

impl Texts {
    /// A page that says what went wrong. It leads nowhere: nobody knows where the person was meant to go.
    pub(crate) fn trouble(&self, trouble: Trouble) -> Response {
        let code = trouble.code();
        let text = self.trouble.get(code).map_or(code, String::as_str);
        let message = Message { t: self, title: &self.trouble_title, text, code: Some(code) };
        let mut response = page(&message, None);
        *response.status_mut() =
            if trouble == Trouble::Elsewhere { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
        response
    }

    /// A page that says that nobody is logged in.
    pub(crate) fn logged_out(&self) -> Response {
        page(&Message { t: self, title: &self.gone_title, text: &self.gone, code: None }, None)
    }
}

/// The language of a page: the first of `ui_locales` that there is, else the browser's.
pub(crate) fn language(locales: Option<&str>, headers: &HeaderMap) -> Language {
    let wanted = locales.unwrap_or_default().split(' ').find_map(|tag| match tag.split('-').next() {
        Some("da") => Some(Language::Da),
        Some("en") => Some(Language::En),
        _ => None,
    });
    wanted.unwrap_or_else(|| tillid_edge::language(headers))
}

/// Somebody to choose.
pub(crate) struct Card {
    pub(crate) value: String,
    pub(crate) name: &'static str,
    pub(crate) about: String,
}

/// A level to choose.
pub(crate) struct Level<'a> {
    pub(crate) value: &'static str,
    pub(crate) label: &'a str,
    pub(crate) checked: bool,
}

#[derive(Template)]
#[template(path = "picker.html")]
pub(crate) struct Picker<'a> {
    pub(crate) t: &'a Texts,
    pub(crate) pick: &'a str,
    pub(crate) client: &'a str,
    pub(crate) levels: [Level<'a>; 3],
    pub(crate) hinted: Vec<Card>,
    pub(crate) citizens: Vec<Card>,
    pub(crate) employees: Vec<Card>,
}

#[derive(Template)]
#[template(path = "leave.html")]
pub(crate) struct Leave<'a> {
    pub(crate) t: &'a Texts,
    pub(crate) name: &'a str,
    pub(crate) person: &'a str,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    t: &'a Texts,
    title: &'a str,
    text: &'a str,
    code: Option<&'a str>,
}

/// A page whose form may lead on to that address.
pub(crate) fn page(template: &impl Template, to: Option<&Url>) -> Response {
    let Ok(html) = template.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    // A browser may hold a form's whole way against `form-action`, with the redirect that answers it.
    let forms = to.map_or(String::new(), |to| format!(" {}", to.origin().ascii_serialization()));
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self'{forms}; frame-ancestors 'none'; base-uri 'none'"
    );
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The style of the pages.
pub(crate) async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, STYLE).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Trouble; 6] = [
        Trouble::Unreadable,
        Trouble::UnknownClient,
        Trouble::UnknownRedirect,
        Trouble::UnknownRequest,
        Trouble::Stale,
        Trouble::Elsewhere,
    ];

    #[test]
    fn every_trouble_has_its_sentence_in_both_languages() {
        let texts = AllTexts::read().expect("the texts");
        for language in [Language::Da, Language::En] {
            let texts = texts.in_language(language);
            assert_eq!(texts.tag, language.tag());
            assert_eq!(texts.trouble.len(), ALL.len());
            for trouble in ALL {
                assert!(texts.trouble.contains_key(trouble.code()), "{trouble:?}");
            }
        }
    }
}
