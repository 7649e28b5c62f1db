//! Who may act for whom on what, when: the lines of time of guardianships, lasting powers and custody, as one pair of persons sees them.

use super::{Area, Form, StatutoryPower};
use crate::{
    basis::Basis,
    family::Custody,
    id::PersonId,
    instant::{Instant, LocalDate},
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What makes somebody able to act for a person although nobody gave it, for a stretch of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Relation {
    /// On what.
    pub basis: Basis,
    /// What it rests on: a guardianship, a lasting power, or a statement of custody.
    pub source: Uuid,
    /// How many events that has had.
    pub version: u64,
    /// What it covers; empty for custody, which covers what the packages say.
    pub areas: BTreeSet<Area>,
    /// Of custody, whether the child lives with whoever has it.
    pub lives_with: bool,
    /// The first moment when it holds.
    pub from: Instant,
    /// The first moment when it no longer does; `None` where no end is known.
    pub to: Option<Instant>,
    /// Whether its end had come when it became known: then it is over, whatever the clock of a node says that is behind.
    pub closed: bool,
}

impl Relation {
    /// Whether it holds at that moment.
    pub fn holds(&self, at: Instant) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }

    /// The same, over no later than that day: on which one of the two died.
    #[must_use]
    pub fn until_death(self, died_on: Option<LocalDate>) -> Self {
        let died = died_on.map(LocalDate::start);
        let to = [self.to, died].into_iter().flatten().min();
        Self { closed: self.closed || died.is_some(), to, ..self }
    }
}

/// That a person's legal capacity is removed in some areas, for a stretch of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CapacityRemoved {
    /// In which.
    pub areas: BTreeSet<Area>,
    /// From when on.
    pub from: Instant,
    /// Until when; `None` where no end is known.
    pub to: Option<Instant>,
}

impl CapacityRemoved {
    /// Whether it is so at that moment in that area. What nobody has said the area of lies in every one.
    pub fn covers(&self, area: Option<Area>, at: Instant) -> bool {
        let within = self.from <= at && self.to.is_none_or(|to| at < to);
        within && area.is_none_or(|area| self.areas.contains(&area))
    }
}

fn charges(power: &StatutoryPower) -> impl Iterator<Item = (&super::Charge, Instant, Option<Instant>)> {
    power.spans.iter().enumerate().filter_map(|(n, span)| {
        let next = power.spans.get(n + 1).map(|next| next.from.start());
        span.charge.as_ref().map(|charge| (charge, span.from.start(), next))
    })
}

/// What these give that representative for whom they are about.
pub fn by_statute<'a>(
    representative: PersonId,
    powers: impl IntoIterator<Item = &'a StatutoryPower>,
) -> Vec<Relation> {
    let relation = |power: &StatutoryPower| -> Vec<Relation> {
        charges(power)
            .filter(|(charge, ..)| charge.holders.contains(&representative))
            .map(|(charge, from, to)| Relation {
                basis: charge.form.basis(),
                source: power.id.as_uuid(),
                version: power.revision,
                areas: charge.areas.clone(),
                lives_with: false,
                from,
                to,
                closed: to.is_some_and(|to| to <= power.changed_at),
            })
            .collect()
    };
    powers.into_iter().flat_map(relation).collect()
}

/// When these take legal capacity from whom they are about.
pub fn capacity_removed<'a>(powers: impl IntoIterator<Item = &'a StatutoryPower>) -> Vec<CapacityRemoved> {
    let removed = |power: &'a StatutoryPower| {
        charges(power)
            .filter(|(charge, ..)| charge.form == Form::WithoutCapacity)
            .map(|(charge, from, to)| CapacityRemoved { areas: charge.areas.clone(), from, to })
    };
    powers.into_iter().flat_map(removed).collect()
}

/// What the statements of custody of one child give that representative, each until the next one. How old the child is, whoever asks
/// compares with what the package says.
pub fn by_custody(representative: PersonId, statements: &[Custody]) -> Vec<Relation> {
    let mut stated: Vec<&Custody> = statements.iter().collect();
    stated.sort_by_key(|custody| (custody.from, custody.known_at, custody.id));
    let next = |n: usize| stated.get(n + 1).map(|next| (next.from.start(), next.known_at));
    let relation = |(n, custody): (usize, &&Custody)| {
        let holder = custody.holders.iter().find(|holder| holder.person == representative)?;
        let basis = if custody.holders.len() > 1 { Basis::CustodyJoint } else { Basis::CustodySole };
        Some(Relation {
            basis,
            source: custody.id.as_uuid(),
            version: 1,
            areas: BTreeSet::new(),
            lives_with: holder.lives_with,
            from: custody.from.start(),
            to: next(n).map(|(from, _)| from),
            closed: next(n).is_some_and(|(from, known)| from <= known),
        })
    };
    // One that was replaced on its own first day never held.
    stated.iter().enumerate().filter_map(relation).filter(|r| r.to.is_none_or(|to| r.from < to)).collect()
}
