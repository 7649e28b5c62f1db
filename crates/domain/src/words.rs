//! What purposes and acts are called when people read them.

use crate::{
    access::Act,
    actor::Purpose,
    instant::CalendarPeriod,
    text::{Language, Localized},
};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Words {
    purposes: BTreeMap<String, Localized>,
    acts: BTreeMap<String, Localized>,
    /// What stands beside how long a type lasts, where it is less.
    terms: BTreeMap<String, Localized>,
    periods: BTreeMap<String, Localized>,
}

static WORDS: LazyLock<Words> =
    LazyLock::new(|| toml::from_str(include_str!("../data/words.toml")).unwrap_or_default());

/// The sentence with that name about terms that are narrower than a type's; `what` stands in it.
pub(crate) fn of_terms(name: &str, what: &str, language: Language) -> String {
    let sentence = WORDS.terms.get(name).map_or("", |words| words.in_language(language));
    sentence.replace("{what}", what)
}

/// A period: 1 måned, or 3 months.
pub(crate) fn period_in_words(period: CalendarPeriod, language: Language) -> String {
    let (count, unit) = match (period.in_months(), period.in_days()) {
        (0, days) => (days, "day"),
        (months, _) if months % 12 == 0 => (months / 12, "year"),
        (months, _) => (months, "month"),
    };
    let unit = if count == 1 { unit.to_owned() } else { format!("{unit}s") };
    let words = WORDS.periods.get(&unit).map_or("", |words| words.in_language(language));
    words.replace("{count}", &count.to_string())
}

impl Purpose {
    /// What people call it.
    pub fn words(self) -> Option<&'static Localized> {
        WORDS.purposes.get(self.code())
    }
}

impl Act {
    /// What people call it, in the log of the person concerned.
    pub fn words(self) -> Option<&'static Localized> {
        WORDS.acts.get(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_and_every_act_has_its_words() {
        assert!(Purpose::ALL.iter().all(|p| p.words().is_some()));
        assert_eq!(WORDS.purposes.len(), Purpose::ALL.len());
        assert!(Act::ALL.iter().all(|a| a.words().is_some()));
        assert_eq!(WORDS.acts.len(), Act::ALL.len());
        for name in ["until", "lasting", "once"] {
            assert!(Language::ALL.iter().all(|language| !of_terms(name, "", *language).is_empty()), "{name}");
        }
        assert_eq!(WORDS.terms.len(), 3);
    }

    #[test]
    fn a_period_is_written_as_people_say_it() {
        for (period, da, en) in [
            ("P1D", "1 dag", "1 day"),
            ("P30D", "30 dage", "30 days"),
            ("P1M", "1 måned", "1 month"),
            ("P18M", "18 måneder", "18 months"),
            ("P1Y", "1 år", "1 year"),
            ("P24M", "2 år", "2 years"),
        ] {
            let period = period.parse().expect("a period");
            assert_eq!(period_in_words(period, Language::Da), da);
            assert_eq!(period_in_words(period, Language::En), en);
        }
        assert_eq!(WORDS.periods.len(), 6);
    }
}
