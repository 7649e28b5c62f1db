//! Mandates that several give or hold together (M6).
//!
//! Each of them is a mandate of its own: one person gives it, one holds it. What ties them says how many of them it takes. Any of them can
//! end all, and as long as one objects, none can be used.

use super::{Mandate, MandateState, under::ended_above};
use crate::{
    event::{EndCause, Fact},
    id::{JointId, MandateId, PersonId, PresentationId},
    instant::Instant,
    mandate::{Awaited, Confirmation},
    reason::Reason,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::RangeInclusive};

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
    fn rest(self, now: Instant) -> Option<(Self, Fact)> {
        self.must_stand(now).ok()?;
        let MandateState::Given = self.state else { return None };
        Some((self.into_state(MandateState::Resting { at: now }), Fact::MandateRested {}))
    }
}

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
    tied: BTreeMap<uuid::Uuid, Vec<MandateId>>,
    /// By what the last change of each came about.
    why: BTreeMap<MandateId, Fact>,
}

impl Whole {
    fn new(of: &Following<'_>) -> Self {
        let mut changing: Vec<&Mandate> = of.others.iter().filter(|other| other.id != of.top.id).collect();
        changing.push(of.top);
        changing.sort_by_key(|mandate| (mandate.under.map(|under| under.level), mandate.id));
        let order: Vec<MandateId> = changing.iter().map(|mandate| mandate.id).collect();
        let mut tied: BTreeMap<uuid::Uuid, Vec<MandateId>> = BTreeMap::new();
        for mandate in &changing {
            if let Some(joint) = mandate.joint {
                tied.entry(joint.id.as_uuid()).or_default().push(mandate.id);
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
        let tied = mandate.joint.and_then(|joint| self.tied.get(&joint.id.as_uuid()));
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
