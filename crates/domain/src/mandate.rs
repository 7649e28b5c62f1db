//! A power of attorney (fuldmagt).

mod child;
mod follow;
mod ground;
mod joint;
mod late;
mod route;
mod standing;
mod under;
mod withdrawn;

pub use child::{ByHolders, CustodyChange};
pub use follow::Following;
pub use ground::{DisputeGround, RenunciationGround, RevocationGround, SuspensionGround};
pub use joint::{Bond, Companion, Company, Joint, MEMBERS, must_be_a_quorum};
pub use late::LateEnd;
pub use route::{Awaited, COOLING_OFF, Confirmation, MandatePaper, MandateRoute, usable_from};
pub use standing::MandateStanding;
pub use under::{LEVELS_BELOW, Part, Under, Wider, would_fall};
pub use withdrawn::Withdrawn;

use crate::{
    catalogue::EntryVersion,
    collected::{AnnulmentGround, Assistance},
    event::{EndCause, Entity, Fact, Kind, MandatePeriod, Recorded},
    id::{MandateId, PersonId, PresentationId},
    instant::Instant,
    reason::Reason,
    text::{CaseRef, PrivilegeUri, Prose},
};
use serde::{Deserialize, Serialize};
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
    /// When it holds. What waits begins at the latest when it waits no longer.
    pub valid: MandatePeriod,
    /// What had been shown.
    pub presentation: PresentationId,
    /// When it was given.
    pub given_at: Instant,
    /// How it was given.
    pub route: MandateRoute,
    /// On what it rests, where a representative passed it on.
    pub under: Option<Under>,
    /// What ties it to others, where several give or hold it together.
    pub joint: Option<Joint>,
    /// By whom it was given, where those who have custody gave it for a child: its grantor.
    pub for_child: Option<ByHolders>,
    /// What had been shown each time when it was given for longer, the first time first.
    pub renewals: Vec<PresentationId>,
    /// The packages of it that their authorities withdraw, and from when.
    pub withdrawn: Vec<Withdrawn>,
    /// The times in which it rested, the earliest first; none is under way.
    pub pauses: Vec<Pause>,
    /// What has been recorded of it since.
    pub state: MandateState,
}

/// A time in which a mandate rested.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pause {
    /// The first moment.
    pub from: Instant,
    /// The first moment after it.
    pub to: Instant,
    /// Whether it was disputed.
    pub disputed: bool,
}

/// What has been recorded of a mandate since it was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MandateState {
    /// Something must be said to it before anybody can use it.
    Awaiting(Awaited),
    /// Nothing.
    Given,
    /// The grantor lets it rest.
    Suspended {
        /// Since when.
        at: Instant,
        /// Why.
        ground: SuspensionGround,
    },
    /// What it rests on can not be used, and so it cannot.
    Resting {
        /// Since when.
        at: Instant,
    },
    /// It is disputed, and rests until that is settled.
    Disputed {
        /// Since when.
        at: Instant,
        /// Why.
        ground: DisputeGround,
    },
    /// The grantor revoked it.
    Revoked {
        /// When.
        at: Instant,
        /// Why.
        ground: RevocationGround,
        /// Whether the representative is not to learn it.
        quiet: bool,
    },
    /// The representative gave it up.
    Renounced {
        /// When.
        at: Instant,
        /// Why.
        ground: RenunciationGround,
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
    /// It had been entered wrongly, and never counted.
    Annulled {
        /// When that was found.
        at: Instant,
        /// What was wrong.
        ground: AnnulmentGround,
    },
}

impl Mandate {
    fn into_state(self, state: MandateState) -> Self {
        Self { revision: self.revision + 1, state, ..self }
    }

    /// The pauses, with the one that is under way if it ends at that moment.
    fn rested_until(&self, to: Instant) -> Vec<Pause> {
        let under_way = match self.state {
            MandateState::Suspended { at, .. } | MandateState::Resting { at } => Some((at, false)),
            MandateState::Disputed { at, .. } => Some((at, true)),
            _ => None,
        };
        let pause =
            under_way.filter(|(from, _)| *from < to).map(|(from, disputed)| Pause { from, to, disputed });
        self.pauses.iter().copied().chain(pause).collect()
    }

    /// When it holds if it ends at that moment: what still waits never begins.
    fn until_its_end(&self, at: Instant) -> MandatePeriod {
        match self.state {
            MandateState::Awaiting(_) => MandatePeriod { from: self.valid.from.max(at), ..self.valid },
            _ => self.valid,
        }
    }

    /// What it waited for is said. Once it waits for nothing more, it can be used from `from`, or later if it was planned so.
    pub fn confirm(
        self,
        confirmation: Confirmation,
        from: Instant,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        let MandateState::Awaiting(awaited) = self.state else { return Err(Reason::MandateNotAwaiting) };
        if !awaited.waits_for(confirmation) {
            return Err(Reason::MandateNotAwaiting);
        }
        let left = awaited.after(confirmation);
        let from = left.is_none().then_some(from.max(self.valid.from));
        Ok((self.confirmed(left, from), Fact::MandateConfirmed { confirmation, from }))
    }

    fn confirmed(self, left: Option<Awaited>, from: Option<Instant>) -> Self {
        let valid = MandatePeriod { from: from.unwrap_or(self.valid.from), ..self.valid };
        let state = left.map_or(MandateState::Given, MandateState::Awaiting);
        Self { valid, ..self.into_state(state) }
    }

    /// The grantor gives it for longer, as it is.
    pub fn renew(
        self,
        to: Instant,
        presentation: PresentationId,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        match self.state {
            MandateState::Given => {}
            MandateState::Awaiting(_) => return Err(Reason::MandateAwaiting),
            _ => return Err(Reason::MandateResting),
        }
        if self.is_withdrawn() {
            // Nothing of what it gives is left by its end.
            return Err(Reason::EntryNotPublished);
        }
        if to <= self.valid.to {
            return Err(Reason::EndDateNotLater);
        }
        let from = self.valid.to;
        Ok((self.renewed(to, presentation), Fact::MandateRenewed { from, to, presentation }))
    }

    fn renewed(mut self, to: Instant, presentation: PresentationId) -> Self {
        self.renewals.push(presentation);
        Self { revision: self.revision + 1, valid: MandatePeriod { to, ..self.valid }, ..self }
    }

    /// The grantor lets it rest from now on.
    pub fn suspend(self, ground: SuspensionGround, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        match self.state {
            MandateState::Given => Ok((
                self.into_state(MandateState::Suspended { at: now, ground }),
                Fact::MandateSuspended { ground },
            )),
            MandateState::Awaiting(_) => Err(Reason::MandateAwaiting),
            _ => Err(Reason::MandateResting),
        }
    }

    /// It is disputed: nobody uses it until that is settled, also where the grantor let it rest already.
    pub fn dispute(
        self,
        ground: DisputeGround,
        note: Option<Prose>,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        if matches!(self.state, MandateState::Disputed { .. }) {
            return Err(Reason::MandateResting);
        }
        if matches!(self.state, MandateState::Awaiting(_)) {
            return Err(Reason::MandateAwaiting);
        }
        let pauses = self.rested_until(now);
        let next = Self { pauses, ..self.into_state(MandateState::Disputed { at: now, ground }) };
        Ok((next, Fact::MandateDisputed { ground, note }))
    }

    /// It can be used again from now on.
    pub fn resume(self, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        match self.state {
            MandateState::Suspended { .. } | MandateState::Resting { .. } | MandateState::Disputed { .. } => {
                let pauses = self.rested_until(now);
                Ok((Self { pauses, ..self.into_state(MandateState::Given) }, Fact::MandateResumed {}))
            }
            _ => Err(Reason::MandateNotResting),
        }
    }

    /// The grantor ends it from now on; quietly, so that the representative does not learn it.
    pub fn revoke(
        self,
        ground: RevocationGround,
        quiet: bool,
        assisted: Option<Assistance>,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        let (pauses, valid) = (self.rested_until(now), self.until_its_end(now));
        let next =
            Self { valid, pauses, ..self.into_state(MandateState::Revoked { at: now, ground, quiet }) };
        Ok((next, Fact::MandateRevoked { ground, quiet, assisted }))
    }

    /// The representative ends it from now on; of what waits for their acceptance, they decline it.
    pub fn renounce(self, ground: RenunciationGround, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        let (pauses, valid) = (self.rested_until(now), self.until_its_end(now));
        let next = Self { valid, pauses, ..self.into_state(MandateState::Renounced { at: now, ground }) };
        Ok((next, Fact::MandateRenounced { ground }))
    }

    /// It ends although neither asked for it, as of a moment that may lie in the past.
    pub fn lapse(self, cause: EndCause, effective_at: Instant, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        let (pauses, valid) = (self.rested_until(effective_at), self.until_its_end(now));
        let next =
            Self { valid, pauses, ..self.into_state(MandateState::Ended { at: now, effective_at, cause }) };
        Ok((next, Fact::MandateEnded { cause, effective_at }))
    }

    /// It was entered wrongly: it never counted. What the grantor gave themselves was not entered by anybody.
    pub fn annul(self, ground: AnnulmentGround, note: Prose, now: Instant) -> Result<(Self, Fact), Reason> {
        if self.route.is_digital() {
            return Err(Reason::MandateNotEntered);
        }
        self.annulled(ground, note, now)
    }

    /// It never counted, as something else did not by that fact.
    fn annulled_like(self, fact: Option<&Fact>, now: Instant) -> Option<(Self, Fact)> {
        match fact {
            Some(Fact::MandateAnnulled { ground, note }) => self.annulled(*ground, note.clone(), now).ok(),
            _ => None,
        }
    }

    fn annulled(self, ground: AnnulmentGround, note: Prose, now: Instant) -> Result<(Self, Fact), Reason> {
        if matches!(self.state, MandateState::Annulled { .. }) {
            return Err(Reason::MandateAnnulled);
        }
        Ok((
            self.into_state(MandateState::Annulled { at: now, ground }),
            Fact::MandateAnnulled { ground, note },
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
        self.parties().collect()
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        match before {
            None => given(event),
            Some(mandate) => mandate.after(event),
        }
    }
}

impl Mandate {
    /// The fact that gives it as it is; it has just come to be so.
    pub fn as_given(&self) -> Fact {
        Fact::MandateGiven {
            grantor: self.grantor,
            representative: self.representative,
            packages: self.packages.clone(),
            privileges: self.privileges.clone(),
            case: self.case.clone(),
            valid: self.valid,
            presentation: self.presentation,
            route: self.route.clone(),
            under: self.under,
            joint: self.joint,
            for_child: self.for_child.clone(),
            awaits: match self.state {
                MandateState::Awaiting(awaited) => Some(awaited),
                _ => None,
            },
        }
    }
}

fn given(event: &Recorded) -> Option<Mandate> {
    let Fact::MandateGiven {
        grantor,
        representative,
        packages,
        privileges,
        case,
        valid,
        presentation,
        route,
        under,
        joint,
        for_child,
        awaits,
    } = &event.fact
    else {
        return None;
    };
    Some(Mandate {
        id: MandateId::from_uuid(event.aggregate),
        revision: 1,
        grantor: *grantor,
        representative: *representative,
        packages: packages.clone(),
        privileges: privileges.clone(),
        case: case.clone(),
        valid: *valid,
        presentation: *presentation,
        given_at: event.recorded_at,
        route: route.clone(),
        under: *under,
        joint: *joint,
        for_child: for_child.clone(),
        renewals: Vec::new(),
        withdrawn: Vec::new(),
        pauses: Vec::new(),
        state: awaits.map_or(MandateState::Given, MandateState::Awaiting),
    })
}

impl Mandate {
    fn after(self, event: &Recorded) -> Option<Self> {
        let at = event.recorded_at;
        let is_over = matches!(
            self.state,
            MandateState::Revoked { .. } | MandateState::Renounced { .. } | MandateState::Ended { .. }
        );
        let annulled = |ground| MandateState::Annulled { at, ground };
        let next = match (self.state, &event.fact) {
            (MandateState::Annulled { .. }, _) => return None,
            (_, Fact::MandateAnnulled { ground, .. }) => return Some(self.into_state(annulled(*ground))),
            _ if is_over => return None,
            (MandateState::Awaiting(awaited), Fact::MandateConfirmed { confirmation, from }) => {
                return Some(self.confirmed(awaited.after(*confirmation), *from));
            }
            (MandateState::Awaiting(Awaited::Holders), Fact::MandateAgreed { by, from, .. }) => {
                return Some(self.agreed(*by, *from));
            }
            (MandateState::Awaiting(_), Fact::MandateSigned { presentation }) => {
                return Some(self.signed(*presentation));
            }
            (MandateState::Awaiting(_), Fact::MandateObjected {}) => {
                MandateState::Awaiting(Awaited::Agreement)
            }
            (_, Fact::MandateRenewed { to, presentation, .. }) => {
                return Some(self.renewed(*to, *presentation));
            }
            (_, Fact::MandatePackageWithdrawn(withdrawn)) => return Some(self.without(withdrawn.clone())),
            (_, Fact::MandateSuspended { ground }) => MandateState::Suspended { at, ground: *ground },
            (_, Fact::MandateRested {}) => MandateState::Resting { at },
            (_, Fact::MandateDisputed { ground, .. }) => MandateState::Disputed { at, ground: *ground },
            (_, Fact::MandateResumed {}) => MandateState::Given,
            (_, Fact::MandateRevoked { ground, quiet, .. }) => {
                MandateState::Revoked { at, ground: *ground, quiet: *quiet }
            }
            (_, Fact::MandateRenounced { ground }) => MandateState::Renounced { at, ground: *ground },
            (_, Fact::MandateEnded { cause, effective_at }) => {
                let (pauses, valid) = (self.rested_until(*effective_at), self.until_its_end(at));
                let state = MandateState::Ended { at, effective_at: *effective_at, cause: *cause };
                return Some(Self { valid, pauses, ..self.into_state(state) });
            }
            _ => return None,
        };
        let pauses = self.rested_until(at);
        let ends = matches!(next, MandateState::Revoked { .. } | MandateState::Renounced { .. });
        let valid = if ends { self.until_its_end(at) } else { self.valid };
        Some(Self { valid, pauses, ..self.into_state(next) })
    }
}
