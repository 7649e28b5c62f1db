//! What is asked for or given within less than its type allows (C7, C8, R-15). What is not said is the type's; nothing is wider.

use crate::{
    catalogue::{ConsentType, Item, Named},
    instant::{CalendarPeriod, Instant, LocalDate, Period},
    notice::day_in_words,
    reason::Reason,
    text::{Code, Language},
    words::{of_terms, period_in_words},
};
use serde::{Deserialize, Serialize};

/// What an authority, or whoever gives something unasked, proposes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Proposal {
    /// The last day on which it holds.
    pub valid_until: Option<LocalDate>,
    /// How long it holds from the answer on.
    pub valid_for: Option<CalendarPeriod>,
    /// For one time, or as often as it is needed.
    pub once: Option<bool>,
    /// From these alone; from all of the type's when empty.
    pub sources: Vec<Code>,
    /// To these alone; to all of the type's when empty.
    pub recipients: Vec<Code>,
}

/// How long it holds, where that is shorter than the type's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lasting {
    /// To the end of that day.
    Until(LocalDate),
    /// So long from the answer on.
    For(CalendarPeriod),
}

/// Within what something is asked for and given. Whole, it is all that the type says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lasting: Option<Lasting>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    once: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sources: Vec<Code>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipients: Vec<Code>,
}

/// What is wrong with a proposal: where in it, and why.
pub type Flaw = (String, Reason);

impl Proposal {
    /// The terms, if they lie within what the type allows for these specific consents at that moment.
    pub fn within(&self, of: &ConsentType, items: &[Code], now: Instant) -> Result<Terms, Flaw> {
        let items: Vec<&Item> = items.iter().filter_map(|code| of.item(code)).collect();
        let once = match self.once {
            Some(false) if of.duration.once => return Err(("/once".to_owned(), Reason::WiderThanType)),
            once => once == Some(true) && !of.duration.once,
        };
        Ok(Terms {
            lasting: self.lasting(of, now)?,
            once,
            sources: narrower("/sources", &self.sources, &items, |item| &item.sources)?,
            recipients: narrower("/recipients", &self.recipients, &items, |item| &item.recipients)?,
        })
    }

    fn lasting(&self, of: &ConsentType, now: Instant) -> Result<Option<Lasting>, Flaw> {
        let today = now.local_date();
        let (at, lasting) = match (self.valid_until, self.valid_for) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(("/valid_for".to_owned(), Reason::EndTwice)),
            (Some(day), None) => ("/valid_until", Lasting::Until(day)),
            (None, Some(period)) => ("/valid_for", Lasting::For(period)),
        };
        let end = lasting.end(now);
        if end <= now {
            return Err((at.to_owned(), Reason::EndDatePast));
        }
        // what the law says comes before what the authority has said of itself.
        if of.duration.legal_cap.is_some_and(|cap| end > today.plus(cap).start()) {
            return Err((at.to_owned(), Reason::LegalCap));
        }
        let usual = of.ends(now);
        if end > usual {
            return Err((at.to_owned(), Reason::WiderThanType));
        }
        Ok(Some(lasting).filter(|_| lasting != Lasting::For(of.duration.default)))
    }
}

/// The codes that were named, in the order of the type, if each is one of a specific consent that is asked about and each of these keeps
/// one of those that it had. All of them together narrow nothing.
fn narrower(
    at: &str,
    named: &[Code],
    items: &[&Item],
    list: impl Fn(&Item) -> &Vec<Named>,
) -> Result<Vec<Code>, Flaw> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let mut all: Vec<&Code> = Vec::new();
    for code in items.iter().flat_map(|item| list(item)).map(|one| &one.code) {
        if !all.contains(&code) {
            all.push(code);
        }
    }
    if let Some(unknown) = named.iter().position(|code| !all.contains(&code)) {
        return Err((format!("{at}/{unknown}"), Reason::WiderThanType));
    }
    let keeps =
        |item: &&Item| list(item).is_empty() || list(item).iter().any(|one| named.contains(&one.code));
    if !items.iter().all(keeps) {
        return Err((at.to_owned(), Reason::NothingLeft));
    }
    let kept: Vec<Code> =
        all.iter().filter(|code| named.contains(code)).map(|code| (*code).clone()).collect();
    Ok(if kept.len() == all.len() { Vec::new() } else { kept })
}

impl Lasting {
    /// The first moment after something that was given then.
    fn end(self, given: Instant) -> Instant {
        match self {
            Self::Until(day) => day.next().start(),
            Self::For(period) => given.local_date().plus(period).start(),
        }
    }
}

impl Terms {
    /// Whether they are all that the type says.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// The first moment after a consent of that type that is given within them at `given`; never later than the type's.
    pub fn ends(&self, of: &ConsentType, given: Instant) -> Instant {
        let usual = of.ends(given);
        self.lasting.map_or(usual, |lasting| lasting.end(given).min(usual))
    }

    /// The period that is left of one.
    #[must_use]
    pub fn shorten(&self, valid: Period) -> Period {
        let end = self.lasting.map(|lasting| lasting.end(valid.from));
        let to = match (end, valid.to) {
            (Some(end), Some(to)) => Some(end.min(to)),
            (end, to) => end.or(to),
        };
        Period { to, ..valid }
    }

    /// The last day on which it can be answered, where it is over on a day that is known.
    pub const fn last_day(&self) -> Option<LocalDate> {
        match self.lasting {
            Some(Lasting::Until(day)) => Some(day),
            Some(Lasting::For(_)) | None => None,
        }
    }

    /// How long from the answer on, where that is said.
    pub const fn period(&self) -> Option<CalendarPeriod> {
        match self.lasting {
            Some(Lasting::For(period)) => Some(period),
            Some(Lasting::Until(_)) | None => None,
        }
    }

    /// Whether it is for one time, though the type is not.
    pub const fn is_once(&self) -> bool {
        self.once
    }

    /// Whether the source and the recipient that are named lie within them.
    pub fn admit(&self, source: Option<&Code>, recipient: Option<&Code>) -> bool {
        let within =
            |all: &[Code], one: Option<&Code>| all.is_empty() || one.is_none_or(|one| all.contains(one));
        within(&self.sources, source) && within(&self.recipients, recipient)
    }

    /// The type as it is within them: no other sources and recipients, and for one time where they say so.
    #[must_use]
    pub fn of(&self, whole: &ConsentType) -> ConsentType {
        let mut of = whole.clone();
        let keep = |list: &mut Vec<Named>, codes: &[Code]| {
            if !codes.is_empty() {
                list.retain(|one| codes.contains(&one.code));
            }
        };
        for item in &mut of.items {
            keep(&mut item.sources, &self.sources);
            keep(&mut item.recipients, &self.recipients);
        }
        of.duration.once |= self.once;
        of
    }

    /// How long it holds within them, in plain words: the type's own, and what is less.
    pub fn duration(&self, whole: &ConsentType, language: Language) -> String {
        let mut said = whole.duration.text.in_language(language).to_owned();
        let mut add = |name: &str, what: &str| {
            said.push(' ');
            said.push_str(&of_terms(name, what, language));
        };
        match self.lasting {
            Some(Lasting::Until(day)) => add("until", &day_in_words(day, language)),
            Some(Lasting::For(period)) => add("lasting", &period_in_words(period, language)),
            None => {}
        }
        if self.once {
            add("once", "");
        }
        said
    }
}

#[cfg(test)]
mod tests;
