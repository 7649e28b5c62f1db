//! What may not be published, and why: what the law forbids, and what nobody could say an informed yes to.

mod law;
mod phrases;
mod specific;
#[cfg(test)]
mod tests;
mod time;
mod words;

use super::{Channel, ConsentType, MandatePackage};
use crate::{
    actor::Sensitivity, instant::CalendarPeriod, instant::Instant, reason::Reason, statutory::Statutory,
};
use std::collections::BTreeSet;

/// What is wrong with a definition, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaw {
    /// The field, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Why it may not be published.
    pub reason: Reason,
}

impl Flaw {
    /// The flaw at that place.
    pub fn at(pointer: impl Into<String>, reason: Reason) -> Self {
        Self { pointer: pointer.into(), reason }
    }
}

impl ConsentType {
    /// What the law or plain sense forbids in it; published only when empty.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        self.vague(&mut flaws);
        self.unlawful(&mut flaws);
        self.untimely(&mut flaws);
        self.unreadable(&mut flaws);
        let special = self.items.iter().flat_map(|i| &i.data).any(|d| d.special);
        if special && self.sensitivity < Sensitivity::Special {
            flaws.push(Flaw::at("/sensitivity", Reason::DraftSensitivityTooLow));
        }
        if !self.channels.contains(&Channel::Digital) {
            flaws.push(Flaw::at("/channels", Reason::DraftWithoutDigitalChannel));
        }
        flaws
    }
}

impl MandatePackage {
    /// What must be mended before it is published.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if self.privileges.is_empty() {
            flaws.push(Flaw::at("/privileges", Reason::DraftTooVague));
        }
        if self.representative_kinds.is_empty() {
            flaws.push(Flaw::at("/representative_kinds", Reason::DraftTooVague));
        }
        if let Some(i) = repeated(self.privileges.iter().map(|p| p.uri.as_str())) {
            flaws.push(Flaw::at(format!("/privileges/{i}/uri"), Reason::DraftRepeatsCode));
        }
        if longer(self.duration.default, self.duration.maximum) {
            flaws.push(Flaw::at("/duration/default", Reason::DraftLastsTooLong));
        }
        if !(15..=18).contains(&self.grantor_min_age) {
            flaws.push(Flaw::at("/grantor_min_age", Reason::DraftAgeUnfit));
        }
        // custody ends at 18.
        if self.statutory.is_some_and(|says| !says.age_fits()) {
            flaws.push(Flaw::at("/statutory/custody_until", Reason::DraftAgeUnfit));
        }
        let unfit = |says: Statutory| says.for_children && says.custody_until.is_none();
        if self.statutory.is_some_and(unfit) {
            flaws.push(Flaw::at("/statutory/custody_until", Reason::DraftChildrenUnfit));
        }
        // Those who have custody are waited for, and nobody beside them; and whom they trust, they choose themselves.
        if self.is_for_children() && self.acceptance_required {
            flaws.push(Flaw::at("/acceptance_required", Reason::DraftChildrenUnfit));
        }
        if self.is_for_children() && self.sub_delegation {
            flaws.push(Flaw::at("/sub_delegation", Reason::DraftChildrenUnfit));
        }
        self.unreadable(&mut flaws);
        flaws
    }
}

fn repeated<'a>(codes: impl Iterator<Item = &'a str>) -> Option<usize> {
    let mut seen = BTreeSet::new();
    codes.enumerate().find_map(|(i, code)| (!seen.insert(code)).then_some(i))
}

fn longer(a: CalendarPeriod, b: CalendarPeriod) -> bool {
    let day = Instant::from_micros(0).local_date();
    day.plus(a) > day.plus(b)
}
