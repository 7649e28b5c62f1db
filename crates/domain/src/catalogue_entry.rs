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
    fn moved(self, state: EntryState) -> Self {
        Self { revision: self.revision + 1, state, ..self }
    }

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
        Ok((self.moved(EntryState::Retired { published_at, at: now }), Fact::EntryRetired {}))
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
            (Some(entry), Fact::EntryPublished {}) if entry.state == EntryState::Draft => {
                Some(entry.moved(EntryState::Published { at: event.recorded_at }))
            }
            (Some(entry), Fact::EntryRetired {}) => match entry.state {
                EntryState::Published { at: published_at } => {
                    Some(entry.moved(EntryState::Retired { published_at, at: event.recorded_at }))
                }
                EntryState::Draft | EntryState::Retired { .. } => None,
            },
            _ => None,
        }
    }
}
