//! What stands in receipts in people's own language and is in no catalogue.

use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};
use tillid_domain::{Language, Localized};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Words {
    methods: BTreeMap<String, Localized>,
    until: BTreeMap<String, Localized>,
    rights: BTreeMap<String, Localized>,
}

static WORDS: LazyLock<Words> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/receipt.toml")).unwrap_or_default());

fn word(of: &'static BTreeMap<String, Localized>, key: &str, language: Language) -> &'static str {
    of.get(key).map_or("", |text| text.in_language(language))
}

/// How something was said.
pub(super) fn method(key: &str, language: Language) -> &'static str {
    word(&WORDS.methods, key, language)
}

/// What something lasts until.
pub(super) fn until(key: &str, language: Language) -> &'static str {
    word(&WORDS.until, key, language)
}

/// What a right is called.
pub(super) fn right(key: &str, language: Language) -> &'static str {
    word(&WORDS.rights, key, language)
}
