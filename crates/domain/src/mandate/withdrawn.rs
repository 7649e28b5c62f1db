//! A package that its authority withdraws, and what becomes of a mandate that has it (M8, M10).

use super::{Mandate, MandateStanding, MandateState};
use crate::{
    event::{EndCause, Fact, MandatePeriod},
    id::EntryId,
    instant::Instant,
    reason::Reason,
    text::PrivilegeUri,
};
use serde::{Deserialize, Serialize};

/// That what one package of a mandate gave is over from a moment on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Withdrawn {
    /// The version of the package.
    pub package: EntryId,
    /// The privileges of the mandate that no other package of it gives from then on.
    pub privileges: Vec<PrivilegeUri>,
    /// The first moment when they can no longer be used.
    pub from: Instant,
}

impl Mandate {
    /// The first moment when it no longer gives that privilege, as far as the calendar says it.
    pub fn gives_until(&self, privilege: &PrivilegeUri) -> Instant {
        self.withdrawn_from(privilege).map_or(self.valid.to, |from| from.min(self.valid.to))
    }

    /// From when on a package that is withdrawn gives that privilege no more.
    pub fn withdrawn_from(&self, privilege: &PrivilegeUri) -> Option<Instant> {
        let withdrawn = self.withdrawn.iter().filter(|w| w.privileges.contains(privilege));
        withdrawn.map(|w| w.from).min()
    }

    /// Whether it ends because nothing of what it gives is left by then: what is withdrawn only later is not why it ends.
    pub fn is_withdrawn(&self) -> bool {
        let is_over = |p| self.withdrawn_from(p).is_some_and(|from| from <= self.valid.to);
        !self.withdrawn.is_empty() && self.privileges.iter().all(is_over)
    }

    /// When it ended by itself, where it stands so: at the end of its time because nothing of what it gives is left.
    pub fn ended_by_withdrawal(&self, standing: MandateStanding) -> Option<Instant> {
        let by_itself =
            standing == MandateStanding::Ended && !matches!(self.state, MandateState::Ended { .. });
        by_itself.then_some(self.valid.to)
    }

    /// Why it ended, by that moment, although nobody asked for it.
    pub fn end_cause(&self, now: Instant) -> Option<EndCause> {
        match self.state {
            MandateState::Ended { cause, .. } => Some(cause),
            MandateState::Revoked { .. } | MandateState::Renounced { .. } | MandateState::Annulled { .. } => {
                None
            }
            _ => (now >= self.valid.to && self.is_withdrawn()).then_some(EndCause::PackageWithdrawn),
        }
    }

    /// The authority withdraws a package of it from that moment on, and these privileges of it are given by no other one; `None` where
    /// nothing becomes different by that.
    ///
    /// What would give nothing any more, or never begin, ends now.
    pub fn withdraw(self, withdrawn: Withdrawn, now: Instant) -> Result<Option<(Self, Fact)>, Reason> {
        self.must_stand(now)?;
        let from = withdrawn.from.max(now);
        let withdrawn = Withdrawn { from, ..withdrawn };
        let known = self.withdrawn.iter().find(|w| w.package == withdrawn.package);
        let is_known = |known: &Withdrawn| {
            from >= known.from && withdrawn.privileges.iter().all(|p| known.privileges.contains(p))
        };
        if withdrawn.privileges.is_empty() || from >= self.valid.to || known.is_some_and(is_known) {
            return Ok(None);
        }
        let fact = Fact::MandatePackageWithdrawn(withdrawn.clone());
        let next = self.clone().without(withdrawn);
        if next.is_withdrawn() && (next.valid.to <= now || next.valid.to <= next.valid.from) {
            return self.lapse(EndCause::PackageWithdrawn, now, now).map(Some);
        }
        Ok(Some((next, fact)))
    }

    pub(super) fn without(mut self, withdrawn: Withdrawn) -> Self {
        self.withdrawn.retain(|w| w.package != withdrawn.package);
        self.withdrawn.push(withdrawn);
        let last = self.privileges.iter().map(|p| self.gives_until(p)).max();
        let to = last.unwrap_or(self.valid.to);
        Self { revision: self.revision + 1, valid: MandatePeriod { to, ..self.valid }, ..self }
    }
}
