//! A mandate that those who have custody of a child give for it: to foster carers, who act for the child by it and not for a parent.
//!
//! The child is its grantor. What one holder does alone, one gives alone; what all must agree on, all sign before anybody can use it. Any
//! of them ends it, and it ends when those who have custody are no longer those whose word it needs.

use super::{Awaited, Mandate, MandateState};
use crate::{
    basis::Basis,
    catalogue::ParentalRule,
    event::{EndCause, Fact},
    family::{Family, Holder},
    id::{PersonId, PresentationId},
    instant::Instant,
    reason::Reason,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// That a mandate was given for a child.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ByHolders {
    /// Those who had custody and gave it or signed it, whether or not they have it still; never empty.
    pub signed: BTreeSet<PersonId>,
}

impl ByHolders {
    /// Whether the word of those who signed and have custody is all that these rules ask for. What needs the child's own word too, nobody
    /// gives for it.
    pub fn is_carried(&self, rules: &[ParentalRule], family: &Family) -> bool {
        let signed = |holder: &Holder| self.signed.contains(&holder.person);
        let by = |holder: &Holder, rule: ParentalRule| match rule {
            ParentalRule::ResidentParent => holder.lives_with && signed(holder),
            _ => signed(holder),
        };
        rules.iter().all(|rule| match rule {
            ParentalRule::ChildAndHolders => false,
            ParentalRule::BothHolders => {
                !family.holders.is_empty() && family.holders.iter().all(|holder| by(holder, *rule))
            }
            ParentalRule::OneHolder | ParentalRule::ResidentParent | ParentalRule::ChildSelf15 => {
                family.holders.iter().any(|holder| by(holder, *rule))
            }
        })
    }

    /// Whether anybody who has custody has signed.
    fn is_anybodys(&self, family: &Family) -> bool {
        family.holders.iter().any(|holder| self.signed.contains(&holder.person))
    }
}

/// What follows for a mandate when others have custody than before.
pub struct CustodyChange<'a> {
    /// Who has it now.
    pub family: &'a Family,
    /// Whose word each of its privileges needs.
    pub rules: &'a [ParentalRule],
    /// Since when.
    pub since: Instant,
    /// When it can be used, if nothing is missing any more.
    pub usable_from: Instant,
    /// The moment.
    pub now: Instant,
}

impl Mandate {
    /// What powers by it rest on.
    pub const fn basis(&self) -> Basis {
        if self.for_child.is_some() { Basis::FosterCarer } else { self.route.basis() }
    }

    /// Whether it waits for more of those who have custody.
    pub const fn waits_for_holders(&self) -> bool {
        matches!(self.state, MandateState::Awaiting(Awaited::Holders))
    }

    /// One more of those who have custody signs it. Once the word of all is there whose word it needs, it can be used from `from`.
    pub fn agree(
        self,
        by: PersonId,
        presentation: PresentationId,
        from: Option<Instant>,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        let waits = self.waits_for_holders() && !self.has_signed(by);
        if !waits {
            return Err(Reason::MandateNotAwaiting);
        }
        let from = from.map(|from| from.max(self.valid.from));
        Ok((self.agreed(by, from), Fact::MandateAgreed { by, presentation, from }))
    }

    pub(super) fn agreed(self, by: PersonId, from: Option<Instant>) -> Self {
        let left = from.is_none().then_some(Awaited::Holders);
        let mut next = self.confirmed(left, from);
        if let Some(child) = &mut next.for_child {
            child.signed.insert(by);
        }
        next
    }

    /// Whether that holder of custody has signed it.
    pub fn has_signed(&self, holder: PersonId) -> bool {
        self.for_child.as_ref().is_some_and(|child| child.signed.contains(&holder))
    }

    /// What becomes of it when others have custody; nothing of what is no child's.
    pub fn custody_changed(self, change: &CustodyChange<'_>) -> Result<Option<(Self, Fact)>, Reason> {
        let Some(child) = &self.for_child else { return Ok(None) };
        // whoever has custody acts by that, and by nothing that was given to them before.
        let has_custody = change.family.holders.iter().any(|holder| holder.person == self.representative);
        let carried = child.is_carried(change.rules, change.family);
        let waits = self.waits_for_holders();
        match (carried && !has_custody, waits) {
            (true, true) => {
                let (confirmation, from) = (super::Confirmation::Holders, change.usable_from);
                self.confirm(confirmation, from, change.now).map(Some)
            }
            (true, false) => Ok(None),
            (false, true) if !has_custody && child.is_anybodys(change.family) => Ok(None),
            // It cannot have ended before it was given.
            (false, _) => {
                let since = change.since.max(self.given_at);
                self.lapse(EndCause::CustodyChanged, since, change.now).map(Some)
            }
        }
    }
}
