//! What a notice says. Not more than anybody who sees the envelope may know: who writes, and that there is something to read after
//! logging in. No type, no data, no case, and of no other person anything.

use super::{Notice, NoticeKind, ReadAs};
use crate::{
    catalogue::Polarity,
    instant::{Instant, LocalDate},
    text::{Language, Localized},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Words {
    /// The months, and what stands for `{what}`.
    common: Common,
    notices: BTreeMap<String, NoticeWords>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Common {
    day: Both,
    months: Both,
    consent: Both,
    opt_out: Both,
    read_more: Both,
    for_child: Both,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticeWords {
    label: Both,
    body: Both,
}

/// A text in Danish and in English.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Both {
    /// Danish.
    pub da: String,
    /// English.
    pub en: String,
}

impl Both {
    /// The text in that language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Da => &self.da,
            Language::En => &self.en,
        }
    }

    /// What has two languages already.
    pub fn of(text: &Localized) -> Self {
        Self { da: text.da.as_str().to_owned(), en: text.en.as_str().to_owned() }
    }

    /// The same in both languages, such as a number.
    pub fn same(text: &str) -> Self {
        Self { da: text.to_owned(), en: text.to_owned() }
    }

    fn map(&self, with: impl Fn(&str, Language) -> String) -> Self {
        Self { da: with(&self.da, Language::Da), en: with(&self.en, Language::En) }
    }
}

/// A message, as it is kept and sent: its words are never made anew.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// What the sender is called.
    pub sender: Both,
    /// The subject.
    pub label: Both,
    /// The paragraphs, with an empty line between them.
    pub body: Both,
    /// Where the person reads more: a path on the service.
    pub path: String,
}

static WORDS: LazyLock<Words> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/notices.toml")).unwrap_or_default());

/// The words of a notice to somebody who reads it as that; `sender` is what its authority is called.
pub fn message(notice: &Notice, read_as: ReadAs, sender: Both) -> Message {
    let what = match notice.polarity {
        Polarity::Consent => &WORDS.common.consent,
        Polarity::OptOut => &WORDS.common.opt_out,
    };
    let fill = |text: &str, language: Language| {
        text.replace("{what}", what.in_language(language))
            .replace("{day}", &last_day(notice.moment, language))
            .replace("{first}", &day_in_words(notice.moment.local_date(), language))
            .replace("{authority}", sender.in_language(language))
    };
    let Some(words) = WORDS.notices.get(notice.kind.code()) else {
        // A test finds that every kind has its words.
        return Message { label: sender.clone(), body: Both::default(), sender, path: notice.page.path() };
    };
    let body = words.body.map(|text, language| {
        let more = WORDS.common.read_more.in_language(language);
        let paragraphs = [
            (read_as == ReadAs::Custodian).then(|| WORDS.common.for_child.in_language(language).to_owned()),
            Some(fill(text, language)),
            Some(fill(more, language)),
        ];
        paragraphs.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    });
    Message { label: words.label.map(fill), body, sender, path: notice.page.path() }
}

/// The last day of something whose end is the first moment after it.
fn last_day(end: Instant, language: Language) -> String {
    day_in_words(Instant::from_micros(end.as_micros().saturating_sub(1)).local_date(), language)
}

/// A day: 22. november 2026, or 22 November 2026.
pub(crate) fn day_in_words(date: LocalDate, language: Language) -> String {
    let months = WORDS.common.months.in_language(language);
    let month = months.split(' ').nth(usize::from(date.month()).saturating_sub(1)).unwrap_or_default();
    let form = WORDS.common.day.in_language(language);
    form.replace("{day}", &date.day().to_string())
        .replace("{month}", month)
        .replace("{year}", &date.year().to_string())
}

impl NoticeKind {
    /// Whether its words are written.
    #[cfg(test)]
    pub(super) fn has_words(self) -> bool {
        WORDS.notices.contains_key(self.code())
    }
}

#[cfg(test)]
pub(super) fn written() -> Vec<(String, Both, Both)> {
    WORDS
        .notices
        .iter()
        .map(|(kind, words)| (kind.clone(), words.label.clone(), words.body.clone()))
        .collect()
}
