//! Every text of the pages, in Danish and in English: typed data files, a file for each group of pages.

use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};
use tillid_domain::Language;

/// The groups. A text's key is its group, a dot, and its name in the group's file.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("about", include_str!("../data/texts/about.toml")),
    ("accesslog", include_str!("../data/texts/accesslog.toml")),
    ("actfor", include_str!("../data/texts/actfor.toml")),
    ("answer", include_str!("../data/texts/answer.toml")),
    ("asking", include_str!("../data/texts/asking.toml")),
    ("casework", include_str!("../data/texts/casework.toml")),
    ("catalogue", include_str!("../data/texts/catalogue.toml")),
    ("child", include_str!("../data/texts/child.toml")),
    ("consent", include_str!("../data/texts/consent.toml")),
    ("except", include_str!("../data/texts/except.toml")),
    ("export", include_str!("../data/texts/export.toml")),
    ("form", include_str!("../data/texts/form.toml")),
    ("front", include_str!("../data/texts/front.toml")),
    ("given", include_str!("../data/texts/given.toml")),
    ("giving", include_str!("../data/texts/giving.toml")),
    ("layout", include_str!("../data/texts/layout.toml")),
    ("login", include_str!("../data/texts/login.toml")),
    ("mandate", include_str!("../data/texts/mandate.toml")),
    ("mandates", include_str!("../data/texts/mandates.toml")),
    ("overview", include_str!("../data/texts/overview.toml")),
    ("problem", include_str!("../data/texts/problem.toml")),
    ("joint", include_str!("../data/texts/joint.toml")),
    ("receipt", include_str!("../data/texts/receipt.toml")),
    ("registering", include_str!("../data/texts/registering.toml")),
    ("statutory", include_str!("../data/texts/statutory.toml")),
    ("taking", include_str!("../data/texts/taking.toml")),
    ("tasks", include_str!("../data/texts/tasks.toml")),
    ("transparency", include_str!("../data/texts/transparency.toml")),
    ("upcoming", include_str!("../data/texts/upcoming.toml")),
    ("uses", include_str!("../data/texts/uses.toml")),
    ("withdraw", include_str!("../data/texts/withdraw.toml")),
    ("work", include_str!("../data/texts/work.toml")),
];

/// A text.
#[derive(Deserialize, Debug)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Text {
    /// In both languages.
    Both { da: String, en: String },
    /// The same in both, such as a name.
    Same { same: String },
}

impl Text {
    pub(crate) fn in_language(&self, language: Language) -> &str {
        match (self, language) {
            (Self::Both { da, .. }, Language::Da) => da,
            (Self::Both { en, .. }, Language::En) => en,
            (Self::Same { same }, _) => same,
        }
    }
}

type Group = BTreeMap<String, Text>;

static TEXTS: LazyLock<BTreeMap<&'static str, Group>> = LazyLock::new(|| {
    FILES.iter().map(|(group, text)| (*group, toml::from_str(text).unwrap_or_default())).collect()
});

/// The text with that key; the key itself where there is none, which a test rules out.
pub(crate) fn text(key: &'static str, language: Language) -> &'static str {
    let (group, name) = key.split_once('.').unwrap_or((key, ""));
    let found = TEXTS.get(group).and_then(|group| group.get(name));
    found.map_or(key, |text| text.in_language(language))
}

/// The text with what stands in braces in it put in: `{name}` becomes the value of that name.
pub(crate) fn filled(key: &'static str, language: Language, values: &[(&str, &str)]) -> String {
    let text = text(key, language);
    let mut whole = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        whole.push_str(before);
        let value = values.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value);
        whole.push_str(value);
        rest = behind;
    }
    whole.push_str(rest);
    whole
}
