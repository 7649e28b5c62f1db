//! What purposes and acts are called when people read them.

use crate::{access::Act, actor::Purpose, text::Localized};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Words {
    purposes: BTreeMap<String, Localized>,
    acts: BTreeMap<String, Localized>,
}

static WORDS: LazyLock<Words> =
    LazyLock::new(|| toml::from_str(include_str!("../data/words.toml")).unwrap_or_default());

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
    }
}
