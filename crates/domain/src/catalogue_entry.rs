//! How a version of a consent type or package comes into use and goes out of it.

use crate::{
    actor::ActorTrace,
    catalogue::{CatalogueEntry, EntryState},
    event::{Entity, Fact, Kind, Recorded},
    id::{EntryId, PersonId},
    instant::Instant,
    reason::Reason,
};
use uuid::Uuid;

impl CatalogueEntry {
    /// Takes the draft into use. Someone else than its author does so, unless the operator does both.
    pub fn publish(self, by: &ActorTrace, now: Instant) -> Result<(Self, Fact), Reason> {
        if self.state != EntryState::Draft {
            return Err(Reason::NotADraft);
        }
        if self.drafted_by == *by && *by != ActorTrace::Operator {
            return Err(Reason::SecondPersonNeeded);
        }
        if !self.definition.flaws().is_empty() {
            return Err(Reason::DraftFlawed);
        }
        Ok((
            Self { revision: self.revision + 1, state: EntryState::Published { at: now }, ..self },
            Fact::EntryPublished {},
        ))
    }

    /// Makes way for a newer version.
    pub fn retire(self, now: Instant) -> Result<(Self, Fact), Reason> {
        let EntryState::Published { at: published_at } = self.state else {
            return Err(Reason::EntryNotPublished);
        };
        let state = EntryState::Retired { published_at, at: now };
        Ok((Self { revision: self.revision + 1, state, ..self }, Fact::EntryRetired {}))
    }
}

impl Entity for CatalogueEntry {
    const KIND: Kind = Kind::CatalogueEntry;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn subjects(&self) -> Vec<PersonId> {
        Vec::new()
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        match (before, &event.fact) {
            (None, Fact::EntryDrafted { number, definition }) => Some(Self {
                id: EntryId::from_uuid(event.aggregate),
                revision: 1,
                number: *number,
                definition: definition.clone(),
                drafted_by: event.actor.clone(),
                state: EntryState::Draft,
            }),
            (Some(entry), Fact::EntryPublished {}) => {
                entry.publish(&event.actor, event.recorded_at).ok().map(|(next, _)| next)
            }
            (Some(entry), Fact::EntryRetired {}) => {
                entry.retire(event.recorded_at).ok().map(|(next, _)| next)
            }
            _ => None,
        }
    }
}
