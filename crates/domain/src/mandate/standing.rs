//! Where a power of attorney stands at a moment, and what its representative may know of that.

use super::{Mandate, MandateState};
use crate::{
    event::{EndCause, MandatePeriod},
    instant::Instant,
    reason::Reason,
};

/// Where a mandate stands at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MandateStanding {
    /// It can be used.
    Active,
    /// Several hold it, and nobody can use it alone (M6).
    Together,
    /// It begins later.
    Planned,
    /// Something must be said to it first.
    Awaiting,
    /// The grantor lets it rest.
    Suspended,
    /// It is disputed.
    Disputed,
    /// The grantor revoked it.
    Revoked,
    /// The representative gave it up.
    Renounced,
    /// Its end date has passed.
    Expired,
    /// It ended.
    Ended,
    /// It never counted.
    Annulled,
}

impl MandateStanding {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Together => "together",
            Self::Planned => "planned",
            Self::Awaiting => "awaiting",
            Self::Suspended => "suspended",
            Self::Disputed => "disputed",
            Self::Revoked => "revoked",
            Self::Renounced => "renounced",
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::Annulled => "annulled",
        }
    }

    /// Whether it is not over.
    pub const fn is_alive(self) -> bool {
        matches!(
            self,
            Self::Active | Self::Together | Self::Planned | Self::Awaiting | Self::Suspended | Self::Disputed
        )
    }

    /// Why nobody can act on it; `None` when somebody can.
    pub const fn why_no_power(self) -> Option<Reason> {
        match self {
            Self::Active => None,
            Self::Together => Some(Reason::PowerHeldTogether),
            Self::Planned => Some(Reason::PowerNotStarted),
            Self::Awaiting => Some(Reason::PowerAwaited),
            Self::Suspended => Some(Reason::PowerSuspended),
            Self::Disputed => Some(Reason::PowerDisputed),
            Self::Revoked => Some(Reason::PowerRevoked),
            Self::Renounced => Some(Reason::PowerRenounced),
            Self::Expired => Some(Reason::PowerExpired),
            Self::Ended => Some(Reason::PowerEndedByDeath),
            Self::Annulled => Some(Reason::NoPower),
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
            MandateState::Annulled { .. } => MandateStanding::Annulled,
            _ if now >= self.valid.to && self.is_withdrawn() => MandateStanding::Ended,
            _ if now >= self.valid.to => MandateStanding::Expired,
            MandateState::Awaiting(_) => MandateStanding::Awaiting,
            MandateState::Suspended { .. } | MandateState::Resting { .. } => MandateStanding::Suspended,
            MandateState::Disputed { .. } => MandateStanding::Disputed,
            MandateState::Given if now < self.valid.from => MandateStanding::Planned,
            MandateState::Given if self.is_held_together() => MandateStanding::Together,
            MandateState::Given => MandateStanding::Active,
        }
    }

    /// Where it stood at that moment, as far as is known: an end or a rest counts from when it was so, and a later one not yet.
    pub fn stood(&self, at: Instant) -> MandateStanding {
        let since = match self.state {
            MandateState::Awaiting(_) | MandateState::Annulled { .. } => return self.standing(at),
            MandateState::Given => None,
            MandateState::Suspended { at, .. }
            | MandateState::Resting { at }
            | MandateState::Disputed { at, .. }
            | MandateState::Revoked { at, .. }
            | MandateState::Renounced { at, .. }
            | MandateState::Ended { effective_at: at, .. } => Some(at),
        };
        if since.is_some_and(|since| since <= at) {
            return self.standing(at);
        }
        match self.pauses.iter().find(|pause| pause.from <= at && at < pause.to) {
            Some(pause) if pause.disputed => MandateStanding::Disputed,
            Some(_) => MandateStanding::Suspended,
            None => Self { state: MandateState::Given, ..self.clone() }.standing(at),
        }
    }

    /// Refuses unless it is not over at that moment.
    pub fn must_stand(&self, now: Instant) -> Result<(), Reason> {
        match self.standing(now) {
            MandateStanding::Revoked => Err(Reason::MandateRevoked),
            MandateStanding::Renounced => Err(Reason::MandateRenounced),
            MandateStanding::Expired => Err(Reason::MandateExpired),
            MandateStanding::Ended => Err(Reason::MandateEnded),
            MandateStanding::Annulled => Err(Reason::MandateAnnulled),
            standing => {
                debug_assert!(standing.is_alive());
                Ok(())
            }
        }
    }

    /// Why nobody could act on it at that moment; `None` when somebody could.
    pub fn why_no_power(&self, now: Instant) -> Option<Reason> {
        match self.state {
            MandateState::Ended { cause: EndCause::ParentEnded, .. } => Some(Reason::PowerAboveEnded),
            MandateState::Ended {
                cause: EndCause::JointEnded | EndCause::EmployeeLeft | EndCause::CprChangeUnresolved,
                ..
            } => Some(Reason::PowerEnded),
            MandateState::Ended {
                cause: EndCause::ParentEndedQuietly | EndCause::JointEndedQuietly, ..
            } => Some(Reason::PowerRevokedQuietly),
            _ if self.end_cause(now) == Some(EndCause::PackageWithdrawn) => Some(Reason::PackageWithdrawn),
            _ => self.standing(now).why_no_power(),
        }
    }

    /// The mandate as those may know it who did not give it: a quiet revocation, of it or of what it rests on, looks to them as if its
    /// time had passed (M12).
    #[must_use]
    pub fn as_held(self) -> Self {
        match self.state {
            MandateState::Revoked { at, quiet: true, .. }
            | MandateState::Ended {
                effective_at: at,
                cause: EndCause::ParentEndedQuietly | EndCause::JointEndedQuietly,
                ..
            } => Self {
                revision: self.revision - 1,
                valid: MandatePeriod { to: at.max(self.valid.from), ..self.valid },
                state: MandateState::Given,
                ..self
            },
            _ => self,
        }
    }
}
