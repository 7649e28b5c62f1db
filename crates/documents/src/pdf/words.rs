//! The words of the papers that are not the catalogue's.

use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};
use tillid_domain::{Language, Localized};

#[derive(Deserialize)]
struct File {
    words: BTreeMap<String, Localized>,
}

static WORDS: LazyLock<BTreeMap<String, Localized>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/papers.toml")).map(|file: File| file.words).unwrap_or_default()
});

/// The word with that key; the tests look that each one is there.
pub(super) fn word(key: &str, language: Language) -> String {
    WORDS.get(key).map(|words| words.in_language(language)).unwrap_or_default().to_owned()
}

/// A day as people write it.
pub(super) fn day(day: tillid_domain::LocalDate, language: Language) -> String {
    let month = word(&format!("month_{}", day.month()), language);
    match language {
        Language::Da => format!("{}. {month} {}", day.day(), day.year()),
        Language::En => format!("{} {month} {}", day.day(), day.year()),
    }
}

/// A moment as people write it: the day and the time in Denmark.
pub(super) fn moment(at: tillid_domain::Instant, language: Language) -> String {
    let day = at.local_date();
    let month = word(&format!("month_{}", day.month()), language);
    let time = at.local_time();
    match language {
        Language::Da => format!("{}. {month} {}, kl. {time}", day.day(), day.year()),
        Language::En => format!("{} {month} {}, {time}", day.day(), day.year()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key that the papers use, found in their source.
    #[test]
    fn every_word_is_there_in_both_languages_and_none_is_left_over() {
        let source = concat!(include_str!("receipt.rs"), include_str!("form.rs"), include_str!("mandate.rs"));
        let mut used: Vec<String> = source
            .split("say(\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap_or_default().to_owned())
            .collect();
        used.extend((1..=12).map(|month| format!("month_{month}")));
        used.sort();
        used.dedup();
        let there: Vec<&String> = WORDS.keys().collect();
        assert_eq!(there, used.iter().collect::<Vec<_>>());
    }
}
