//! What a person takes out: one ZIP of everything that is held about them, for programs and for people.
//!
//! It is made part by part, so that an account of any size needs no more memory than one part of it.

mod entries;
mod html;
mod zip;

pub use entries::{Entry, Names, consent, look, mandate, mandate_request, notes, person, request, task};
pub use html::{Chapter, foot, head, rows};
pub use zip::{Archive, NotWritten};

use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};
use tillid_domain::{Language, Localized};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Words {
    page: BTreeMap<String, Localized>,
    facts: BTreeMap<String, Localized>,
    states: BTreeMap<String, Localized>,
}

static WORDS: LazyLock<Words> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/archive.toml")).unwrap_or_default());

fn page_word(key: &str, language: Language) -> &'static str {
    WORDS.page.get(key).map_or("", |text| text.in_language(language))
}

fn fact_word(key: &str, language: Language) -> &'static str {
    WORDS.facts.get(key).map_or("", |text| text.in_language(language))
}

/// A state in words; its code where there are none.
fn state_word(code: &'static str, language: Language) -> &'static str {
    WORDS.states.get(code).map_or(code, |text| text.in_language(language))
}

#[cfg(test)]
mod tests;
