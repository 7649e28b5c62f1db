//! A power of attorney (fuldmagt).

use crate::{
    catalogue::EntryVersion,
    event::{EndCause, Entity, Fact, Kind, MandatePeriod, Recorded},
    id::{MandateId, PersonId, PresentationId},
    instant::Instant,
    reason::Reason,
    text::{CaseRef, PrivilegeUri},
};
use uuid::Uuid;

/// A power of attorney.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mandate {
    /// Its id.
    pub id: MandateId,
    /// Its events so far.
    pub revision: u64,
    /// Who gave it.
    pub grantor: PersonId,
    /// Who may act.
    pub representative: PersonId,
    /// Which packages.
    pub packages: Vec<EntryVersion>,
    /// Which of their privileges.
    pub privileges: Vec<PrivilegeUri>,
    /// For one case only.
    pub case: Option<CaseRef>,
    /// When it holds.
    pub valid: MandatePeriod,
    /// What had been shown.
    pub presentation: PresentationId,
    /// When it was given.
    pub given_at: Instant,
    /// What has been recorded of its end.
    pub state: MandateState,
}

/// What has been recorded of a mandate's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MandateState {
    /// Nothing.
    Given,
    /// The grantor revoked it.
    Revoked {
        /// When.
        at: Instant,
    },
    /// The representative gave it up.
    Renounced {
        /// When.
        at: Instant,
    },
    /// It ended.
    Ended {
        /// When that became known.
        at: Instant,
        /// Since when it was so.
        effective_at: Instant,
        /// Why.
        cause: EndCause,
    },
}

/// Where a mandate stands at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MandateStanding {
    /// It can be used.
    Active,
    /// It begins later.
    Planned,
    /// The grantor revoked it.
    Revoked,
    /// The representative gave it up.
    Renounced,
    /// Its end date has passed.
    Expired,
    /// It ended.
    Ended,
}

impl MandateStanding {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Planned => "planned",
            Self::Revoked => "revoked",
            Self::Renounced => "renounced",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }

    /// Why nobody can act on it; `None` when somebody can.
    pub const fn why_no_power(self) -> Option<Reason> {
        match self {
            Self::Active => None,
            Self::Planned => Some(Reason::PowerNotStarted),
            Self::Revoked => Some(Reason::PowerRevoked),
            Self::Renounced => Some(Reason::PowerRenounced),
            Self::Expired => Some(Reason::PowerExpired),
            Self::Ended => Some(Reason::PowerEndedByDeath),
        }
    }
}

impl Mandate {
    /// Where it stands at that moment.
    pub fn standing(&self, now: Instant) -> MandateStanding {
        match self.state {
            MandateState::Revoked { .. } => MandateStanding::Revoked,
            MandateState::Renounced { .. } => MandateStanding::Renounced,
            MandateState::Ended { .. } => MandateStanding::Ended,
            MandateState::Given if now >= self.valid.to => MandateStanding::Expired,
            MandateState::Given if now < self.valid.from => MandateStanding::Planned,
            MandateState::Given => MandateStanding::Active,
        }
    }

    /// Where it stood at that moment, as far as is known: an end counts from when it was so, and a later one not yet.
    pub fn stood(&self, at: Instant) -> MandateStanding {
        let (MandateState::Revoked { at: end }
        | MandateState::Renounced { at: end }
        | MandateState::Ended { effective_at: end, .. }) = self.state
        else {
            return self.standing(at);
        };
        if end <= at {
            self.standing(at)
        } else {
            Self { state: MandateState::Given, ..self.clone() }.standing(at)
        }
    }

    fn must_stand(&self, now: Instant) -> Result<(), Reason> {
        match self.standing(now) {
            MandateStanding::Active | MandateStanding::Planned => Ok(()),
            MandateStanding::Revoked => Err(Reason::MandateRevoked),
            MandateStanding::Renounced => Err(Reason::MandateRenounced),
            MandateStanding::Expired => Err(Reason::MandateExpired),
            MandateStanding::Ended => Err(Reason::MandateEnded),
        }
    }

    fn end(self, state: MandateState) -> Self {
        Self { revision: self.revision + 1, state, ..self }
    }

    /// The grantor ends it from now on.
    pub fn revoke(self, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        Ok((self.end(MandateState::Revoked { at: now }), Fact::MandateRevoked {}))
    }

    /// The representative ends it from now on.
    pub fn renounce(self, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        Ok((self.end(MandateState::Renounced { at: now }), Fact::MandateRenounced {}))
    }

    /// It ends although neither asked for it, as of a moment that may lie in the past.
    pub fn lapse(self, cause: EndCause, effective_at: Instant, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        Ok((
            self.end(MandateState::Ended { at: now, effective_at, cause }),
            Fact::MandateEnded { cause, effective_at },
        ))
    }
}

impl Entity for Mandate {
    const KIND: Kind = Kind::Mandate;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn subjects(&self) -> Vec<PersonId> {
        vec![self.grantor, self.representative]
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        let at = event.recorded_at;
        match (before, &event.fact) {
            (
                None,
                Fact::MandateGiven {
                    grantor,
                    representative,
                    packages,
                    privileges,
                    case,
                    valid,
                    presentation,
                },
            ) => Some(Self {
                id: MandateId::from_uuid(event.aggregate),
                revision: 1,
                grantor: *grantor,
                representative: *representative,
                packages: packages.clone(),
                privileges: privileges.clone(),
                case: case.clone(),
                valid: *valid,
                presentation: *presentation,
                given_at: at,
                state: MandateState::Given,
            }),
            (Some(mandate), fact) if mandate.state == MandateState::Given => {
                let state = match fact {
                    Fact::MandateRevoked {} => MandateState::Revoked { at },
                    Fact::MandateRenounced {} => MandateState::Renounced { at },
                    Fact::MandateEnded { cause, effective_at } => {
                        MandateState::Ended { at, effective_at: *effective_at, cause: *cause }
                    }
                    _ => return None,
                };
                Some(mandate.end(state))
            }
            _ => None,
        }
    }
}
