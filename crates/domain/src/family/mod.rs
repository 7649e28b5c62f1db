//! Who has custody of a child, and who answers for the child because of it.

mod answers;
#[cfg(test)]
pub(crate) mod tests;

pub use answers::{Deciders, Family, changes_after, who_answers};

use crate::{
    event::{Entity, Fact, Kind, Recorded},
    id::{CustodyId, PersonId},
    instant::{Instant, LocalDate},
    reason::Reason,
    source::Source,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The age at which custody ends (forældreansvarsloven section 1).
pub const OF_AGE: u8 = 18;
/// The age at which a young person decides about health and data, and digital access for parents ends.
pub const YOUNG: u8 = 15;

/// Somebody who has custody of a child.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// Who.
    pub person: PersonId,
    /// Whether the child lives with them.
    pub lives_with: bool,
}

/// One statement of who has custody of a child from a day on. It is never changed: a later one takes its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Custody {
    /// Its id.
    pub id: CustodyId,
    /// Of whom.
    pub child: PersonId,
    /// Who has custody; nobody where that is what is known.
    pub holders: BTreeSet<Holder>,
    /// Who had it until then and has it no longer.
    pub former: BTreeSet<PersonId>,
    /// The first day on which it is so.
    pub from: LocalDate,
    /// Where it is known from.
    pub source: Source,
    /// When it became known here.
    pub known_at: Instant,
}

impl Custody {
    /// States who has custody from that day on, in place of what was stated before. What is to come is stated when it has come: until
    /// then it can still become otherwise.
    pub fn state(
        id: CustodyId,
        child: PersonId,
        holders: BTreeSet<Holder>,
        before: Option<&Self>,
        from: LocalDate,
        source: Source,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        let persons: BTreeSet<PersonId> = holders.iter().map(|h| h.person).collect();
        if persons.contains(&child) || persons.len() != holders.len() {
            return Err(Reason::CustodyImpossible);
        }
        if from.start() > now {
            return Err(Reason::EndDateTooLate);
        }
        if before.is_some_and(|before| from < before.from) {
            return Err(Reason::CustodyKnownLater);
        }
        let former = before.map(Self::persons).unwrap_or_default().difference(&persons).copied().collect();
        let next = Self { id, child, holders, former, from, source, known_at: now };
        let fact = Fact::CustodyStated {
            child,
            holders: next.holders.iter().copied().collect(),
            former: next.former.iter().copied().collect(),
            from,
            source: next.source.clone(),
        };
        Ok((next, fact))
    }

    /// Those who have custody.
    pub fn persons(&self) -> BTreeSet<PersonId> {
        self.holders.iter().map(|holder| holder.person).collect()
    }
}

impl Entity for Custody {
    const KIND: Kind = Kind::Custody;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        1
    }

    fn subjects(&self) -> Vec<PersonId> {
        self.persons().into_iter().chain(self.former.iter().copied()).chain([self.child]).collect()
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        match (before, &event.fact) {
            (None, Fact::CustodyStated { child, holders, former, from, source }) => Some(Self {
                id: CustodyId::from_uuid(event.aggregate),
                child: *child,
                holders: holders.iter().copied().collect(),
                former: former.iter().copied().collect(),
                from: *from,
                source: source.clone(),
                known_at: event.recorded_at,
            }),
            _ => None,
        }
    }
}
