//! A mandate that rests on another one: the representative passed part of what they hold on to somebody else (M7, R-37).
//!
//! A mandate is personal. Only where its packages say so can it be passed on, never wider than it is, and what was passed on stands and
//! falls with it: nobody below can do what nobody above can.

use super::{Mandate, MandateState};
use crate::{
    catalogue::EntryVersion,
    event::{EndCause, Fact},
    id::{MandateId, PersonId},
    instant::Instant,
    reason::Reason,
    text::{CaseRef, PrivilegeUri},
};
use serde::{Deserialize, Serialize};

/// How many mandates can lie below one that a grantor gave. The packages tell the grantor that whom they choose may let somebody else
/// help. That this somebody chooses a third one, nobody told them.
pub const LEVELS_BELOW: u8 = 1;

/// On what a mandate rests that a representative passed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Under {
    /// The mandate that it is a part of.
    pub mandate: MandateId,
    /// Its representative, who passed the part on.
    pub by: PersonId,
    /// How far it lies below what the grantor gave: 1 when directly.
    pub level: u8,
}

/// What of a mandate is to be passed on, and to whom.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// To whom.
    pub representative: PersonId,
    /// Which packages.
    pub packages: &'a [EntryVersion],
    /// Which of their privileges.
    pub privileges: &'a [PrivilegeUri],
    /// For which case only.
    pub case: Option<&'a CaseRef>,
    /// The first moment when it can no longer be used.
    pub until: Instant,
}

/// In what a part is not a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wider {
    /// It would go to whom it is for.
    ToGrantor,
    /// It would go to whoever gives it.
    ToOneself,
    /// It would go to somebody else, and those who hold something together agree for themselves.
    ToAnother,
    /// It names a package that was not given.
    Package(usize),
    /// It names a privilege that was not given.
    Privilege(usize),
    /// It reaches into cases that were not given.
    Case,
    /// It ends later.
    End,
}

impl Wider {
    /// Why it is refused.
    pub const fn reason(self) -> Reason {
        match self {
            Self::ToGrantor => Reason::PassedBack,
            Self::ToOneself => Reason::SelfMandate,
            Self::ToAnother => Reason::NotTogether,
            Self::Package(_) | Self::Privilege(_) | Self::Case => Reason::WiderThanHeld,
            Self::End => Reason::LaterThanHeld,
        }
    }
}

impl Mandate {
    /// Everybody whom it concerns: who gave it, who holds it, and who passed it on.
    pub fn parties(&self) -> impl Iterator<Item = PersonId> + use<> {
        let by = self.under.map(|under| under.by).filter(|by| *by != self.representative);
        [self.grantor, self.representative].into_iter().chain(by)
    }

    /// Refuses unless its representative can use it now, and may lie above another.
    pub fn can_be_passed_on(&self, now: Instant) -> Result<(), Reason> {
        self.must_stand(now)?;
        match self.state {
            MandateState::Given if now < self.valid.from => return Err(Reason::PowerNotStarted),
            MandateState::Given => {}
            MandateState::Awaiting(_) => return Err(Reason::MandateAwaiting),
            _ => return Err(Reason::MandateResting),
        }
        // Whom those who have custody trust with their child, they choose themselves.
        if self.for_child.is_some() {
            return Err(Reason::NotToBePassedOn);
        }
        if self.level_below() > LEVELS_BELOW { Err(Reason::NotToBePassedOn) } else { Ok(()) }
    }

    const fn level_below(&self) -> u8 {
        match self.under {
            Some(under) => under.level.saturating_add(1),
            None => 1,
        }
    }

    /// On what that part of it would rest; refuses whatever would be more than it is.
    pub fn part(&self, part: &Part<'_>) -> Result<Under, Wider> {
        if part.representative == self.grantor {
            return Err(Wider::ToGrantor);
        }
        match (part.representative == self.representative, self.is_held_together()) {
            (true, false) => return Err(Wider::ToOneself),
            (false, true) => return Err(Wider::ToAnother),
            _ => {}
        }
        if let Some(n) = part.packages.iter().position(|package| !self.packages.contains(package)) {
            return Err(Wider::Package(n));
        }
        if let Some(n) = part.privileges.iter().position(|privilege| !self.privileges.contains(privilege)) {
            return Err(Wider::Privilege(n));
        }
        if self.case.is_some() && part.case != self.case.as_ref() {
            return Err(Wider::Case);
        }
        if part.until > self.valid.to {
            return Err(Wider::End);
        }
        Ok(Under { mandate: self.id, by: self.representative, level: self.level_below() })
    }

    /// Refuses to let it go on as long as one of those whom it is tied to stops it. Who stops it themselves may always cease to.
    pub fn must_not_be_stopped(&self, others: &[Self]) -> Result<(), Reason> {
        if !matches!(self.state, MandateState::Resting { .. }) {
            return Ok(());
        }
        let tied = |other: &&Self| other.joint.is_some() && other.joint == self.joint && other.id != self.id;
        if others.iter().filter(tied).any(Self::stops_the_others) {
            return Err(Reason::MandateOthersStop);
        }
        Ok(())
    }

    /// Refuses as long as what it rests on gives nothing: it cannot go on before that does.
    pub fn must_be_carried(&self, above: Option<&Self>) -> Result<(), Reason> {
        match (self.under, above) {
            (None, _) => Ok(()),
            (Some(_), Some(Self { state: MandateState::Given, .. })) => Ok(()),
            (Some(_), _) => Err(Reason::MandateAboveRests),
        }
    }
}

/// How it ends when what it rests on has, by that fact if it has just come to be so; `None` when it does not.
pub(super) fn ended_above(
    mandate: &Mandate,
    above: &Mandate,
    fact: Option<&Fact>,
    now: Instant,
) -> Option<(Mandate, Fact)> {
    let own = mandate.clone();
    match above.state {
        MandateState::Revoked { at, quiet, .. } => {
            own.lapse(if quiet { EndCause::ParentEndedQuietly } else { EndCause::ParentEnded }, at, now).ok()
        }
        MandateState::Ended {
            effective_at,
            cause: EndCause::ParentEndedQuietly | EndCause::JointEndedQuietly,
            ..
        } => own.lapse(EndCause::ParentEndedQuietly, effective_at, now).ok(),
        MandateState::Renounced { at, .. } | MandateState::Ended { effective_at: at, .. } => {
            own.lapse(EndCause::ParentEnded, at, now).ok()
        }
        // Nobody passed on what never counted, however it ended.
        MandateState::Annulled { .. } => own.annulled_like(fact, now),
        _ => None,
    }
}

/// What would end if what all of this lies below ended now.
pub fn would_fall(below: &[Mandate], now: Instant) -> impl Iterator<Item = &Mandate> {
    below.iter().filter(move |mandate| mandate.standing(now).is_alive())
}
