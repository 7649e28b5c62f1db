//! Mandates that several give or hold together (M6).
//!
//! Each of them is a mandate of its own: one person gives it, one holds it. What ties them says how many of them it takes. Any of them can
//! end all, and as long as one objects, none can be used.

use super::{Mandate, MandateState};
use crate::{
    event::Fact,
    id::{JointId, PersonId, PresentationId},
    instant::Instant,
    mandate::Awaited,
    reason::Reason,
};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How many can give or hold something together.
pub const MEMBERS: RangeInclusive<usize> = 2..=5;

/// What ties mandates together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Joint {
    /// Which ones: all with the same.
    pub id: JointId,
    /// How.
    pub bond: Bond,
    /// How many it takes.
    pub quorum: u8,
}

/// How mandates are tied together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bond {
    /// Several give the same to somebody. It holds for those who have signed, once enough have.
    Grantors,
    /// Several hold the same from somebody. Nobody can use it alone: they agree on something that rests on it.
    Holders,
    /// What those who hold something together agree on. Those who have signed can use it, once enough have.
    Signers,
}

impl Bond {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Grantors, Self::Holders, Self::Signers];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Grantors => "grantors",
            Self::Holders => "holders",
            Self::Signers => "signers",
        }
    }

    /// The one with that code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bond| bond.code() == code)
    }
}

/// Refuses a number of members, or a quorum of them, that makes no sense. A quorum of one would be nobody's joint power.
pub fn must_be_a_quorum(quorum: u8, members: usize) -> Result<(), Reason> {
    if MEMBERS.contains(&members) && (2..=members).contains(&usize::from(quorum)) {
        Ok(())
    } else {
        Err(Reason::QuorumImpossible)
    }
}

impl Mandate {
    /// Whether nobody can use it alone.
    pub const fn is_held_together(&self) -> bool {
        matches!(self.joint, Some(Joint { bond: Bond::Holders, .. }))
    }

    /// Who signs it, where that is needed.
    pub const fn signer(&self) -> Option<PersonId> {
        match self.joint {
            Some(Joint { bond: Bond::Grantors, .. }) => Some(self.grantor),
            Some(Joint { bond: Bond::Signers, .. }) => Some(self.representative),
            Some(Joint { bond: Bond::Holders, .. }) | None => None,
        }
    }

    /// Whether whoever must sign it has; also where nobody must.
    pub const fn is_signed(&self) -> bool {
        !matches!(self.state, MandateState::Awaiting(Awaited::Signature | Awaited::Agreement))
    }

    /// Whoever must signs it, also after having objected.
    pub fn sign(self, presentation: PresentationId, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        if self.is_signed() {
            return Err(Reason::MandateNotAwaiting);
        }
        Ok((self.signed(presentation), Fact::MandateSigned { presentation }))
    }

    pub(super) fn signed(self, presentation: PresentationId) -> Self {
        Self { presentation, ..self.into_state(MandateState::Awaiting(Awaited::Others)) }
    }

    /// Whoever is to sign it objects: until they sign after all, nobody uses any of it.
    pub fn object(self, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        match self.state {
            MandateState::Awaiting(Awaited::Signature) => {
                Ok((self.into_state(MandateState::Awaiting(Awaited::Agreement)), Fact::MandateObjected {}))
            }
            _ => Err(Reason::MandateNotAwaiting),
        }
    }

    /// Whether it stops all that it is tied to.
    pub(super) const fn stops_the_others(&self) -> bool {
        matches!(
            self.state,
            MandateState::Suspended { .. }
                | MandateState::Disputed { .. }
                | MandateState::Awaiting(Awaited::Agreement)
        )
    }

    /// It rests from now on, because something else does.
    pub(super) fn rest(self, now: Instant) -> Option<(Self, Fact)> {
        self.must_stand(now).ok()?;
        let MandateState::Given = self.state else { return None };
        Some((self.into_state(MandateState::Resting { at: now }), Fact::MandateRested {}))
    }
}

/// What several do together, as it is to be given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Company {
    /// How they are tied together.
    pub bond: Bond,
    /// How many of them it takes.
    pub quorum: u8,
    /// The others: those who give it too, or those who are to hold it too.
    pub others: Vec<Companion>,
}

/// One of the others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Companion {
    /// Who.
    pub person: PersonId,
    /// What whoever named them calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<crate::text::Name>,
}
