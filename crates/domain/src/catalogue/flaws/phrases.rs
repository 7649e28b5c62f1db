//! Words that give a definition away, from `data/catalogue-rules.toml`.

use crate::text::{Language, Localized};
use serde::Deserialize;
use std::sync::LazyLock;

/// Phrases in the two languages.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Phrases {
    da: Vec<String>,
    en: Vec<String>,
}

/// The lists.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Lists {
    /// So broad that nothing is named.
    pub(super) blanket: Phrases,
    /// A purpose that is every purpose.
    pub(super) blanket_purposes: Phrases,
    /// Money and holidays.
    pub(super) economic: Phrases,
    /// Who gives those without consent.
    pub(super) economic_sources: Phrases,
    /// Registers that law fills.
    pub(super) registers: Phrases,
}

pub(super) static LISTS: LazyLock<Lists> =
    LazyLock::new(|| toml::from_str(include_str!("../../../data/catalogue-rules.toml")).unwrap_or_default());

impl Phrases {
    fn of(&self, language: Language) -> &[String] {
        match language {
            Language::Da => &self.da,
            Language::En => &self.en,
        }
    }

    /// Whether one of the phrases stands in a text of that language.
    pub(super) fn stand_in(&self, text: &str, language: Language) -> bool {
        let words = words_of(text);
        self.of(language).iter().any(|phrase| stands(phrase, &words))
    }

    /// The first language in which one of the phrases stands in the text.
    pub(super) fn stand_in_either(&self, text: &Localized) -> Option<Language> {
        Language::ALL.into_iter().find(|language| self.stand_in(text.in_language(*language), *language))
    }
}

fn words_of(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn stands(phrase: &str, words: &[String]) -> bool {
    let open_ended = phrase.ends_with('*');
    let sought = words_of(phrase);
    let Some((last, first)) = sought.split_last() else { return false };
    words.windows(sought.len()).any(|window| {
        let Some((at_last, at_first)) = window.split_last() else { return false };
        at_first == first && (at_last == last || open_ended && at_last.starts_with(last.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_there() {
        let read: Lists = toml::from_str(include_str!("../../../data/catalogue-rules.toml")).expect("lists");
        for list in
            [read.blanket, read.blanket_purposes, read.economic, read.economic_sources, read.registers]
        {
            for language in Language::ALL {
                assert!(list.of(language).len() > 2);
                assert!(list.of(language).iter().all(|p| p.to_lowercase() == *p && !words_of(p).is_empty()));
            }
        }
    }

    #[test]
    fn a_phrase_is_whole_words_whatever_stands_around_them() {
        let says = |text: &str| LISTS.blanket.stand_in(text, Language::Da);
        assert!(
            says("Alle  oplysninger, som er der") && says("læge, skole m.v.") && says("ALLE OPLYSNINGER")
        );
        assert!(!says("Skolen giver alle børn oplysninger") && !says("Journaloplysninger"));
        assert!(LISTS.economic.stand_in("feriedage", Language::Da));
        assert!(!LISTS.economic_sources.stand_in("Skattekort", Language::Da));
    }
}
