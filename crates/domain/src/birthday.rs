//! What the law changes on birthdays: data, with the version that it has here and the law that says it.

use crate::{
    instant::{Instant, LocalDate},
    notice::Both,
};
use serde::Deserialize;
use std::sync::LazyLock;

/// A birthday on which the law changes who decides.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BirthdayRule {
    /// Its code.
    pub code: String,
    /// At how many completed years.
    pub age: u8,
    /// The law.
    pub law: String,
    /// What changes, in plain words.
    pub words: Both,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Rules {
    version: u32,
    birthdays: Vec<BirthdayRule>,
}

static RULES: LazyLock<Rules> =
    LazyLock::new(|| toml::from_str(include_str!("../data/birthdays.toml")).unwrap_or_default());

impl BirthdayRule {
    /// The rules of this version, the youngest age first.
    pub fn all() -> &'static [Self] {
        &RULES.birthdays
    }

    /// The version of the rules.
    pub fn version() -> u32 {
        RULES.version
    }

    /// When it comes to who was born that day: at local midnight.
    pub fn comes(&self, born: LocalDate) -> Instant {
        born.birthday(self.age).start()
    }

    /// Between which days of birth (both inside) everybody was born to whom it comes from one moment up to another (exclusive). Others
    /// may have been born then too: who was born on 29 February has no birthday in a common year.
    pub fn born_between(&self, from: Instant, to: Instant) -> (LocalDate, LocalDate) {
        let years = u16::from(self.age) * 366;
        let first = from.local_date().days_before(years);
        let last = to.local_date().days_before(u16::from(self.age) * 365);
        (first, last)
    }
}

#[cfg(test)]
mod tests {
    use super::BirthdayRule;
    use crate::LocalDate;

    #[test]
    fn r36_the_rules_are_read_and_each_names_its_law() {
        let ages: Vec<u8> = BirthdayRule::all().iter().map(|rule| rule.age).collect();
        assert_eq!(ages, [10, 15, 18]);
        assert!(BirthdayRule::version() > 0);
        for rule in BirthdayRule::all() {
            assert!(!rule.law.is_empty() && !rule.words.da.is_empty() && !rule.words.en.is_empty());
        }
    }

    #[test]
    fn r36_whoever_has_the_birthday_was_born_between_the_days_that_are_looked_at() {
        let day = |text: &str| text.parse::<LocalDate>().unwrap();
        for born in ["2008-02-29", "2008-03-01", "2011-12-31", "2012-01-01", "2016-02-29", "2009-10-25"] {
            let born = day(born);
            for rule in BirthdayRule::all() {
                let at = rule.comes(born);
                let (first, last) = rule.born_between(at, at.plus_seconds(1));
                assert!(
                    first <= born && born <= last,
                    "{born:?} at {} is not in {first:?}..{last:?}",
                    rule.age
                );
            }
        }
    }
}
