//! How a version of a consent type or package comes into use and goes out of it.
//!
//! A draft is written and changed until somebody else than its last author takes it into use. Who wants a colleague to look first
//! submits it; while it is looked at it stays as it is. What was published is never changed: it is replaced, or retired by itself.
//! Either way nothing new is asked or given under it, what was given lives on, and what was already asked can still be answered.
//!
//! A package can be withdrawn too (M8): what was given under that version ends on a day that the authority says.

use super::{ConsentType, Definition, MandatePackage};
use crate::{
    actor::ActorTrace,
    event::{Entity, Fact, Kind, Recorded},
    id::{EntryId, PersonId},
    instant::{CalendarPeriod, Instant, LocalDate},
    reason::Reason,
    text::{Code, Prose},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long before its day a withdrawal can be said: nobody plans for longer, and a day beyond it is a slip of the pen.
const ANNOUNCED_AT_MOST: CalendarPeriod = CalendarPeriod::months(120);

/// Where one version of a definition stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntryState {
    /// Written, not yet in use.
    Draft,
    /// A colleague is asked to look at it; it stays as it is meanwhile.
    InReview {
        /// Since when.
        at: Instant,
    },
    /// Given up before it came into use.
    Discarded {
        /// When.
        at: Instant,
    },
    /// In use since then.
    Published {
        /// Since when.
        at: Instant,
    },
    /// Was in use; a newer version may have taken its place, and what was given under it lives on.
    Retired {
        /// Since when it was in use.
        published_at: Instant,
        /// Until when.
        at: Instant,
        /// Since when what was given under it ends too, if it does.
        withdrawal: Option<Withdrawal>,
    },
}

/// That an authority takes a package away from those who have given it (M8).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Withdrawal {
    /// When it was first said.
    pub at: Instant,
    /// The first moment when nothing that was given under it can be used.
    pub from: Instant,
    /// Why, as those are told who gave or hold it.
    pub why: Prose,
}

impl EntryState {
    /// Whether it was in use at any time; only then is it for everyone to read.
    pub const fn was_in_use(&self) -> bool {
        matches!(self, Self::Published { .. } | Self::Retired { .. })
    }

    /// Whether it may still come into use.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Draft | Self::InReview { .. })
    }
}

/// One version of a consent type or mandate package.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogueEntry {
    /// Its id.
    pub id: EntryId,
    /// Its events so far.
    pub revision: u64,
    /// The version within its code, from 1.
    pub number: u32,
    /// What it says.
    pub definition: Definition,
    /// Who wrote it first.
    pub drafted_by: ActorTrace,
    /// Who wrote it as it is now.
    pub edited_by: ActorTrace,
    /// Where it stands.
    pub state: EntryState,
}

/// One version of one code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EntryVersion {
    /// The entry.
    pub entry: EntryId,
    /// Its code.
    pub code: Code,
    /// Its number.
    pub number: u32,
}

impl CatalogueEntry {
    /// A first draft.
    pub fn draft(id: EntryId, number: u32, definition: Definition, by: ActorTrace) -> (Self, Fact) {
        let fact = Fact::EntryDrafted { number, definition: definition.clone() };
        let state = EntryState::Draft;
        (Self { id, revision: 1, number, definition, drafted_by: by.clone(), edited_by: by, state }, fact)
    }

    /// The consent type, if it is one.
    pub fn consent_type(&self) -> Option<&ConsentType> {
        match &self.definition {
            Definition::ConsentType(t) => Some(t),
            Definition::MandatePackage(_) => None,
        }
    }

    /// The mandate package, if it is one.
    pub fn mandate_package(&self) -> Option<&MandatePackage> {
        match &self.definition {
            Definition::MandatePackage(p) => Some(p),
            Definition::ConsentType(_) => None,
        }
    }

    /// Whether something can be given under it now.
    pub fn is_published(&self) -> bool {
        matches!(self.state, EntryState::Published { .. })
    }

    /// Which version of which code.
    pub fn version(&self) -> EntryVersion {
        EntryVersion { entry: self.id, code: self.definition.code().clone(), number: self.number }
    }

    fn moved(self, state: EntryState) -> Self {
        Self { revision: self.revision + 1, state, ..self }
    }

    fn changed(self, definition: Definition, by: ActorTrace) -> Self {
        Self { revision: self.revision + 1, definition, edited_by: by, ..self }
    }

    fn must_be_a_draft(&self) -> Result<(), Reason> {
        match self.state {
            EntryState::Draft => Ok(()),
            EntryState::InReview { .. } => Err(Reason::DraftInReview),
            _ => Err(Reason::NotADraft),
        }
    }

    fn must_be_open(&self) -> Result<(), Reason> {
        if self.state.is_open() { Ok(()) } else { Err(Reason::NotADraft) }
    }

    /// Writes the draft anew. It stays a version of its code, and of its authority.
    pub fn change(self, definition: Definition, by: &ActorTrace) -> Result<(Self, Fact), Reason> {
        self.must_be_a_draft()?;
        let now = &self.definition;
        if (now.shelf(), now.code(), now.authority())
            != (definition.shelf(), definition.code(), definition.authority())
        {
            return Err(Reason::DraftOfAnotherCode);
        }
        let fact = Fact::EntryChanged { definition: definition.clone() };
        Ok((self.changed(definition, by.clone()), fact))
    }

    /// Asks a colleague to look at the draft.
    pub fn submit(self, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_be_a_draft()?;
        if !self.definition.flaws().is_empty() {
            return Err(Reason::DraftFlawed);
        }
        Ok((self.moved(EntryState::InReview { at: now }), Fact::EntrySubmitted {}))
    }

    /// Gives it back to be written on.
    pub fn return_for(self, comment: Prose) -> Result<(Self, Fact), Reason> {
        if !matches!(self.state, EntryState::InReview { .. }) {
            return Err(Reason::NotInReview);
        }
        Ok((self.moved(EntryState::Draft), Fact::EntryReturned { comment }))
    }

    /// Gives it up.
    pub fn discard(self, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_be_open()?;
        Ok((self.moved(EntryState::Discarded { at: now }), Fact::EntryDiscarded {}))
    }

    /// Takes it into use. Someone else than who wrote it as it is does so, unless the operator does both.
    pub fn publish(self, by: &ActorTrace, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_be_open()?;
        if self.edited_by == *by && *by != ActorTrace::Operator {
            return Err(Reason::SecondPersonNeeded);
        }
        if !self.definition.flaws().is_empty() {
            return Err(Reason::DraftFlawed);
        }
        Ok((self.moved(EntryState::Published { at: now }), Fact::EntryPublished {}))
    }

    /// Makes way for a newer version, or for none.
    pub fn retire(self, now: Instant) -> Result<(Self, Fact), Reason> {
        let EntryState::Published { at: published_at } = self.state else {
            return Err(Reason::EntryNotPublished);
        };
        let state = EntryState::Retired { published_at, at: now, withdrawal: None };
        Ok((self.moved(state), Fact::EntryRetired {}))
    }

    /// Withdraws a package that is or was in use: nothing new is given under it, and what was given ends on that day, or now if that is
    /// today. What is withdrawn can be withdrawn from an earlier day on, never a later one: people were told.
    pub fn withdraw(self, day: LocalDate, why: Prose, now: Instant) -> Result<(Self, Fact), Reason> {
        let today = now.local_date();
        if day < today {
            return Err(Reason::EndDatePast);
        }
        if day > today.plus(ANNOUNCED_AT_MOST) {
            return Err(Reason::EndDateTooLate);
        }
        if self.mandate_package().is_none() || !self.state.was_in_use() {
            return Err(Reason::EntryNotPublished);
        }
        let from = day.start().max(now);
        if self.withdrawal().is_some_and(|known| known.from <= from) {
            return Err(Reason::PackageWithdrawn);
        }
        Ok((self.withdrawn(from, why.clone(), now), Fact::EntryWithdrawn { from, why }))
    }

    fn withdrawn(self, from: Instant, why: Prose, now: Instant) -> Self {
        let first_said = self.withdrawal().map_or(now, |known| known.at);
        let (published_at, at) = match self.state {
            EntryState::Retired { published_at, at, .. } => (published_at, at),
            EntryState::Published { at } => (at, now),
            _ => return self,
        };
        let withdrawal = Some(Withdrawal { at: first_said, from, why });
        self.moved(EntryState::Retired { published_at, at, withdrawal })
    }

    /// Its withdrawal, if it is withdrawn.
    pub fn withdrawal(&self) -> Option<&Withdrawal> {
        match &self.state {
            EntryState::Retired { withdrawal, .. } => withdrawal.as_ref(),
            _ => None,
        }
    }

    /// Until when it gives somebody something by law although it is not in use: where only its withdrawal took it out of use.
    pub fn in_force_until(&self) -> Option<Instant> {
        match &self.state {
            EntryState::Retired { at, withdrawal: Some(withdrawal), .. } if withdrawal.at == *at => {
                Some(withdrawal.from)
            }
            _ => None,
        }
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
        let at = event.recorded_at;
        let Some(entry) = before else {
            let Fact::EntryDrafted { number, definition } = &event.fact else { return None };
            let id = EntryId::from_uuid(event.aggregate);
            return Some(Self::draft(id, *number, definition.clone(), event.actor.clone()).0);
        };
        match (&entry.state, &event.fact) {
            (EntryState::Draft, Fact::EntryChanged { definition }) => {
                Some(entry.changed(definition.clone(), event.actor.clone()))
            }
            (EntryState::Draft, Fact::EntrySubmitted {}) => Some(entry.moved(EntryState::InReview { at })),
            (EntryState::InReview { .. }, Fact::EntryReturned { .. }) => Some(entry.moved(EntryState::Draft)),
            (state, Fact::EntryDiscarded {}) if state.is_open() => {
                Some(entry.moved(EntryState::Discarded { at }))
            }
            (state, Fact::EntryPublished {}) if state.is_open() => {
                Some(entry.moved(EntryState::Published { at }))
            }
            (EntryState::Published { at: since }, Fact::EntryRetired {}) => {
                let state = EntryState::Retired { published_at: *since, at, withdrawal: None };
                Some(entry.moved(state))
            }
            (state, Fact::EntryWithdrawn { from, why }) if state.was_in_use() => {
                Some(entry.withdrawn(*from, why.clone(), at))
            }
            _ => None,
        }
    }
}
