//! What follows from a change of a mandate for everything that hangs together with it: what rests on it, and what it is tied to (M6).

use super::{Awaited, Confirmation, Mandate, MandateState, under::ended_above};
use crate::{
    event::{EndCause, Fact},
    id::{JointId, MandateId},
    instant::Instant,
};
use std::collections::BTreeMap;

/// What becomes of everything that hangs together with a mandate which has just come to be so, by that fact: each change with the fact
/// that tells of it, in their order. The mandate itself may be among them.
pub struct Following<'a> {
    /// The mandate as it is now.
    pub top: &'a Mandate,
    /// By what.
    pub fact: &'a Fact,
    /// All that may change with it: what rests on it, and what it is tied to with what rests on that.
    pub others: &'a [Mandate],
    /// What these rest on in turn, and what does not change.
    pub above: &'a [Mandate],
    /// When what is complete now can be used.
    pub from: Instant,
    /// The moment.
    pub now: Instant,
}

impl Following<'_> {
    /// All of it. A mandate above is looked at before those below, until nothing changes any more.
    pub fn changes(&self) -> Vec<(Mandate, Fact)> {
        let mut whole = Whole::new(self);
        let mut changes: Vec<(Mandate, Fact)> = Vec::new();
        loop {
            let before = changes.len();
            for id in whole.order.clone() {
                let Some(mandate) = whole.now.get(&id) else { continue };
                let Some((next, fact)) = whole.next(mandate, self.from, self.now) else { continue };
                whole.why.insert(id, fact.clone());
                whole.now.insert(id, next.clone());
                changes.push((next, fact));
            }
            if changes.len() == before {
                return changes;
            }
        }
    }
}

/// Everything that hangs together, as it is at one step of what follows.
struct Whole {
    /// What may change, what lies above first.
    order: Vec<MandateId>,
    now: BTreeMap<MandateId, Mandate>,
    tied: BTreeMap<JointId, Vec<MandateId>>,
    /// By what the last change of each came about.
    why: BTreeMap<MandateId, Fact>,
}

impl Whole {
    fn new(of: &Following<'_>) -> Self {
        let mut changing: Vec<&Mandate> = of.others.iter().filter(|other| other.id != of.top.id).collect();
        changing.push(of.top);
        changing.sort_by_key(|mandate| (mandate.under.map(|under| under.level), mandate.id));
        let order: Vec<MandateId> = changing.iter().map(|mandate| mandate.id).collect();
        let mut tied: BTreeMap<JointId, Vec<MandateId>> = BTreeMap::new();
        for mandate in &changing {
            if let Some(joint) = mandate.joint {
                tied.entry(joint.id).or_default().push(mandate.id);
            }
        }
        let mut now: BTreeMap<MandateId, Mandate> =
            of.above.iter().map(|mandate| (mandate.id, mandate.clone())).collect();
        now.extend(changing.into_iter().map(|mandate| (mandate.id, mandate.clone())));
        Self { order, now, tied, why: BTreeMap::from([(of.top.id, of.fact.clone())]) }
    }

    /// What becomes of it, if anything.
    fn next(&self, mandate: &Mandate, from: Instant, now: Instant) -> Option<(Mandate, Fact)> {
        let above = mandate.under.and_then(|under| self.now.get(&under.mandate));
        let others = || self.tied_to(mandate).filter(|other| other.id != mandate.id);
        if let Some(above) = above
            && let Some(ended) = ended_above(mandate, above, self.why.get(&above.id), now)
        {
            return Some(ended);
        }
        if let Some(ended) = others().find_map(|other| self.ended_with(mandate, other, now)) {
            return Some(ended);
        }
        let carried = above.is_none_or(|above| matches!(above.state, MandateState::Given));
        if !carried || others().any(Mandate::stops_the_others) {
            return mandate.clone().rest(now);
        }
        match mandate.state {
            MandateState::Resting { .. } => mandate.clone().resume(now).ok(),
            MandateState::Awaiting(Awaited::Others) if self.has_quorum(mandate) => {
                mandate.clone().confirm(Confirmation::Quorum, from, now).ok()
            }
            _ => None,
        }
    }

    fn tied_to(&self, mandate: &Mandate) -> impl Iterator<Item = &Mandate> {
        let tied = mandate.joint.and_then(|joint| self.tied.get(&joint.id));
        tied.into_iter().flatten().filter_map(|id| self.now.get(id))
    }

    fn has_quorum(&self, mandate: &Mandate) -> bool {
        let signed = self.tied_to(mandate).filter(|member| member.is_signed()).count();
        mandate.joint.is_some_and(|joint| signed >= usize::from(joint.quorum))
    }

    /// Any one of them ends all.
    fn ended_with(&self, mandate: &Mandate, other: &Mandate, now: Instant) -> Option<(Mandate, Fact)> {
        let own = mandate.clone();
        match other.state {
            MandateState::Revoked { at, quiet: true, .. } => {
                own.lapse(EndCause::JointEndedQuietly, at, now).ok()
            }
            MandateState::Ended {
                effective_at,
                cause: EndCause::JointEndedQuietly | EndCause::ParentEndedQuietly,
                ..
            } => own.lapse(EndCause::JointEndedQuietly, effective_at, now).ok(),
            MandateState::Revoked { at, .. }
            | MandateState::Renounced { at, .. }
            | MandateState::Ended { effective_at: at, .. } => own.lapse(EndCause::JointEnded, at, now).ok(),
            MandateState::Annulled { .. } => own.annulled_like(self.why.get(&other.id), now),
            _ => None,
        }
    }
}
