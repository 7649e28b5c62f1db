//! The list of an authority's consents: which ones, and in which order.

use crate::{
    catalogue::{Channel, Polarity},
    consent::{Consent, ConsentStanding, ConsentState},
    id::ConsentId,
    instant::{Instant, LocalDate},
    text::{CaseRef, Code},
};

/// Which of an authority's consents; what is not said does not matter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConsentFilter {
    /// Of that type, whichever version.
    pub consent_type: Option<Code>,
    /// That stand so at the moment of the list.
    pub standing: Option<ConsentStanding>,
    /// That permit, or that forbid.
    pub polarity: Option<Polarity>,
    /// For that case.
    pub case: Option<CaseRef>,
    /// That reached us so.
    pub channel: Option<Channel>,
    /// Given, with a last day from this one on.
    pub ends_from: Option<LocalDate>,
    /// Given, with a last day up to this one.
    pub ends_to: Option<LocalDate>,
}

/// The key of a consent in a list: where the next part begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConsentPlace {
    /// Among the newest first.
    Newest(ConsentId),
    /// Among those that end, the soonest first.
    Ending(Instant, ConsentId),
}

impl ConsentPlace {
    /// The keys, for a cursor.
    pub fn keys(self) -> Vec<String> {
        match self {
            Self::Newest(id) => vec![id.to_string()],
            Self::Ending(end, id) => vec![end.to_string(), id.to_string()],
        }
    }

    /// The place with these keys.
    pub fn from_keys(keys: &[String]) -> Option<Self> {
        match keys {
            [id] => id.parse().ok().map(Self::Newest),
            [end, id] => Some(Self::Ending(end.parse().ok()?, id.parse().ok()?)),
            _ => None,
        }
    }
}

/// Between which moments something lies: after the first, and no later than the second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Within {
    /// After this.
    pub after: Instant,
    /// No later than this.
    pub by: Instant,
}

impl Within {
    fn contains(self, at: Instant) -> bool {
        self.after < at && at <= self.by
    }
}

impl ConsentFilter {
    /// What is said of it, as names and codes.
    pub fn said(&self) -> Vec<(&'static str, String)> {
        let said = [
            ("consent_type", self.consent_type.as_ref().map(ToString::to_string)),
            ("state", self.standing.map(|standing| standing.code().to_owned())),
            ("polarity", self.polarity.map(|polarity| polarity.code().to_owned())),
            ("case", self.case.as_ref().map(ToString::to_string)),
            ("channel", self.channel.map(|channel| channel.code().to_owned())),
            ("ends_from", self.ends_from.map(|day| day.to_string())),
            ("ends_to", self.ends_to.map(|day| day.to_string())),
        ];
        said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Whether the list is of what ends, the soonest first; else the newest come first.
    pub const fn is_by_end(&self) -> bool {
        self.ends_from.is_some() || self.ends_to.is_some()
    }

    /// Between which moments the ends lie that are asked for. A consent whose last day it is ends when the next day begins.
    pub fn ends(&self) -> Within {
        Within {
            after: self.ends_from.map_or(Instant::MIN, LocalDate::start),
            by: self.ends_to.map_or(Instant::MAX, |last| last.next().start()),
        }
    }

    /// Whether that consent is in the list at that moment.
    pub fn has(&self, consent: &Consent, now: Instant) -> bool {
        let answer = &consent.answer;
        let ends = || answer.valid.to.is_some_and(|end| self.ends().contains(end));
        self.consent_type.as_ref().is_none_or(|code| answer.entry.code == *code)
            && self.standing.is_none_or(|standing| consent.standing(now) == standing)
            && self.polarity.is_none_or(|polarity| answer.polarity == polarity)
            && self.case.as_ref().is_none_or(|case| answer.case.as_ref() == Some(case))
            && self.channel.is_none_or(|channel| answer.collected.channel() == channel)
            && (!self.is_by_end() || (consent.state == ConsentState::Given && ends()))
    }

    /// Whether places of that kind are places in this list.
    pub const fn orders(&self, place: ConsentPlace) -> bool {
        self.is_by_end() == matches!(place, ConsentPlace::Ending(..))
    }

    /// Where that consent is in the list.
    pub fn place(&self, consent: &Consent) -> ConsentPlace {
        match consent.answer.valid.to {
            Some(end) if self.is_by_end() => ConsentPlace::Ending(end, consent.id),
            _ => ConsentPlace::Newest(consent.id),
        }
    }
}
