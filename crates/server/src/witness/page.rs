//! The page that says what a witness watches.

use super::{Witness, state::Log};
use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;
use tillid_domain::{Instant, Language};

const TEXTS: &str = include_str!("../../data/witness.toml");

/// The texts in both languages.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct AllTexts {
    da: Texts,
    en: Texts,
}

/// The texts in one language.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    tag: String,
    title: String,
    what: String,
    keys: String,
    logs: String,
    log_keys: String,
    last: String,
    nothing: String,
    entries: String,
    root: String,
    fetch: String,
    evidence: String,
}

impl AllTexts {
    pub(super) fn read() -> Result<Self, toml::de::Error> {
        toml::from_str(TEXTS)
    }

    pub(super) fn in_language(&self, language: Language) -> &Texts {
        match language {
            Language::Da => &self.da,
            Language::En => &self.en,
        }
    }
}

#[derive(Template)]
#[template(path = "witness.html")]
struct Front<'a> {
    t: &'a Texts,
    name: &'a str,
    keys: Vec<String>,
    logs: Vec<Row<'a>>,
}

struct Row<'a> {
    origin: &'a str,
    hash: &'a str,
    keys: Vec<String>,
    last: Option<Last>,
    evidence: usize,
}

struct Last {
    at: String,
    size: u64,
    root: String,
}

pub(super) fn front(witness: &Witness, t: &Texts) -> Response {
    let keys = witness.signers.iter().map(|signer| signer.verifier().to_string()).collect();
    let logs = witness.state.logs().map(row).collect();
    let front = Front { t, name: witness.name.as_ref(), keys, logs };
    let Ok(html) = front.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let language = HeaderValue::from_static("Accept-Language");
    ([(header::VARY, language)], Html(html)).into_response()
}

fn row(log: &Log) -> Row<'_> {
    let last = log.held().map(|held| {
        let micros = i64::try_from(held.seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        Last {
            at: Instant::from_micros(micros).to_string(),
            size: held.checkpoint.size,
            root: held.checkpoint.root.to_string(),
        }
    });
    Row {
        origin: log.origin(),
        hash: log.hash(),
        keys: log.keys().iter().map(ToString::to_string).collect(),
        last,
        evidence: log.evidence().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_it_knows_in_both_languages_and_escapes_it() {
        let texts = AllTexts::read().expect("the texts");
        let page = |t| {
            let last =
                Last { at: "2026-01-02T03:04:05.000000Z".to_owned(), size: 7, root: "ROOT".to_owned() };
            let key = vec!["a<b>+1".to_owned()];
            let seen = Row { origin: "<one>", hash: "0f", keys: key.clone(), last: Some(last), evidence: 3 };
            let new = Row { origin: "two", hash: "0e", keys: key.clone(), last: None, evidence: 0 };
            Front { t, name: "w<>", keys: key, logs: vec![seen, new] }.render().expect("a page")
        };
        let (da, en) = (page(&texts.da), page(&texts.en));
        assert!(da.contains("<html lang=\"da\">") && en.contains("<html lang=\"en\">"));
        for html in [&da, &en] {
            assert!(!html.contains("<one>") && !html.contains("w<>") && !html.contains("a<b>"), "{html}");
            assert!(
                html.contains("2026-01-02T03:04:05")
                    && html.contains("ROOT")
                    && html.contains("/0f/checkpoint")
            );
            assert!(!html.contains("/0e/checkpoint"), "nothing to fetch: {html}");
        }
        assert_eq!(en.matches(&texts.en.evidence).count(), 1);
        assert_eq!(da.matches(&texts.da.nothing).count(), 1);
    }
}
