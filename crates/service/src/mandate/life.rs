//! What becomes of a power of attorney once it was given: it is confirmed, rests, goes on, is disputed, ends. The sides do it
//! themselves; a registrar does it on the grantor's word (M3).

use crate::{
    Call, Done, Error, Service,
    guard::{InView, principal},
    mandate::{hold::Held, is_own_of_staff},
};
use tillid_domain::{
    Instant, Reason,
    access::{Act, Subject},
    actor::{ActorTrace, Employee, Who},
    collected::{AnnulmentGround, Assistance},
    event::{Fact, Kind},
    id::MandateId,
    mandate::{
        Confirmation, DisputeGround, Mandate, MandateRoute, MandateState, RenunciationGround,
        RevocationGround, SuspensionGround, usable_from,
    },
    text::Prose,
};
use tillid_storage::{Tx, Write};

/// What a side of a mandate does to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MandateChange {
    /// The representative accepts it.
    Accept,
    /// The grantor lets it rest.
    Suspend(SuspensionGround),
    /// The grantor lets it be used again.
    Resume,
    /// Either says that it is in doubt, in their words if they like.
    Dispute(DisputeGround, Option<Prose>),
    /// The grantor ends it; quietly, so that the representative does not learn it (M12).
    Revoke {
        /// Why.
        ground: RevocationGround,
        /// Whether the representative is not to learn it.
        quiet: bool,
    },
    /// The representative gives it up.
    Renounce(RenunciationGround),
    /// Whoever is to sign it with others objects: nobody uses any of it until they sign after all (M6).
    Object,
}

impl MandateChange {
    const fn act(&self) -> Act {
        match self {
            Self::Accept => Act::ConfirmMandate,
            Self::Suspend(_) => Act::SuspendMandate,
            Self::Resume => Act::ResumeMandate,
            Self::Dispute(..) => Act::DisputeMandate,
            Self::Revoke { .. } => Act::RevokeMandate,
            Self::Renounce(_) => Act::RenounceMandate,
            Self::Object => Act::DisputeMandate,
        }
    }
}

/// What staff do to a mandate of the person of their look-up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MandateService {
    /// A second registrar has seen what the first one entered.
    Confirm,
    /// It is in doubt.
    Dispute(DisputeGround, Prose),
    /// The doubt is settled, or the grantor wants it used again.
    Resume,
    /// The grantor ends it, and told them so.
    Revoke {
        /// Why.
        ground: RevocationGround,
        /// Whether the representative is not to learn it.
        quiet: bool,
        /// The grantor's word.
        assistance: Assistance,
    },
    /// It was entered wrongly.
    Annul(AnnulmentGround, Prose),
}

impl MandateService {
    const fn act(&self) -> Act {
        match self {
            Self::Confirm => Act::ConfirmMandate,
            Self::Dispute(..) => Act::DisputeMandate,
            Self::Resume => Act::ResumeMandate,
            Self::Revoke { .. } => Act::RevokeMandate,
            Self::Annul(..) => Act::AnnulMandate,
        }
    }
}

impl Service {
    /// Changes a mandate of the caller's. What is taken back is gone from now on: no question that arrives after this has returned is
    /// answered with it.
    pub async fn change_mandate(
        &self,
        call: &Call,
        id: MandateId,
        change: MandateChange,
    ) -> Result<Done<Mandate>, Error> {
        let act = change.act();
        let outcome = self.changed_by_side(call, id, change).await;
        self.accounted(call, principal(&call.actor), act, outcome).await
    }

    /// Revokes a mandate of the caller's, without a word why.
    pub async fn revoke_mandate(&self, call: &Call, id: MandateId) -> Result<Done<Mandate>, Error> {
        let change = MandateChange::Revoke { ground: RevocationGround::default(), quiet: false };
        self.change_mandate(call, id, change).await
    }

    /// Gives up a mandate that the caller holds, without a word why.
    pub async fn renounce_mandate(&self, call: &Call, id: MandateId) -> Result<Done<Mandate>, Error> {
        self.change_mandate(call, id, MandateChange::Renounce(RenunciationGround::default())).await
    }

    async fn changed_by_side(
        &self,
        call: &Call,
        id: MandateId,
        change: MandateChange,
    ) -> Result<Done<Mandate>, Error> {
        let act = change.act();
        let Who::Citizen { person: me, .. } = call.actor.who else {
            return Err(Error::Denied(Reason::CitizensOnly));
        };
        let guards = act == Act::RevokeMandate && self.guards_somebody(call).await?;
        if !guards {
            self.must_represent(call, act).await?;
        }
        let mut held = self.hold_mandate(call, id).await?;
        let (mandate, now, tx) = (held.mandate.clone(), held.now, &mut held.tx);
        let by_guardian = self.guards_mandate(tx, call, &mandate, now).await?;
        // What lies outside their areas is not there for a guardian.
        if guards && !by_guardian {
            return Err(Error::NotFound);
        }
        let subject = Subject { by_guardian, ..mandate_subject(&mandate) };
        self.may(tx, call, act, &subject, now).await??;
        self.must_be_fresh(call, act)?;
        // To those who did not give it, it is over, and since when, and nothing else.
        let is_held = me != mandate.grantor && mandate.parties().any(|party| party == me);
        let seen = |mandate: Mandate| if is_held { mandate.as_held() } else { mandate };
        if held.before.is_some() {
            return Ok(Done { value: seen(mandate), replayed: true });
        }
        seen(mandate.clone()).must_stand(now)?;
        call.must_expect(mandate.revision)?;
        if act != Act::DisputeMandate {
            self.must_be_old_enough(&mut held.tx, call, &mandate, now).await?;
        }
        let (next, fact) = match change {
            MandateChange::Accept => {
                mandate.must_be_carried(held.above())?;
                let from = self.usable_from(&mut held.tx, &mandate, now).await?;
                mandate.confirm(Confirmation::Acceptance, from, now)?
            }
            MandateChange::Suspend(ground) => mandate.suspend(ground, now)?,
            // What somebody else found doubtful is not for one side to settle.
            MandateChange::Resume if matches!(mandate.state, MandateState::Disputed { .. }) => {
                return Err(Reason::MandateInDispute.into());
            }
            MandateChange::Resume => {
                mandate.must_be_carried(held.above())?;
                mandate.must_not_be_stopped(&held.around.others)?;
                mandate.resume(now)?
            }
            MandateChange::Revoke { quiet: true, .. } if is_held => {
                return Err(Error::invalid("/quiet", Reason::QuietByGrantorOnly));
            }
            MandateChange::Dispute(ground, note) => mandate.dispute(ground, note, now)?,
            MandateChange::Revoke { ground, quiet } => mandate.revoke(ground, quiet, None, now)?,
            MandateChange::Renounce(ground) => mandate.renounce(ground, now)?,
            MandateChange::Object if mandate.signer() != Some(me) => {
                return Err(Reason::MandateNotAwaiting.into());
            }
            MandateChange::Object => mandate.object(now)?,
        };
        self.changed(call, held, next, fact).await
    }

    /// Changes a mandate that the person of the look-up gave. It stands in their log.
    pub async fn serve_mandate(
        &self,
        call: &Call,
        id: MandateId,
        service: MandateService,
    ) -> Result<Done<Mandate>, Error> {
        let view = self.person_in_view(call).await?;
        let act = service.act();
        let outcome = self.changed_by_staff(call, &view, id, service).await;
        self.accounted(call, Some(view.person), act, outcome).await
    }

    async fn changed_by_staff(
        &self,
        call: &Call,
        view: &InView,
        id: MandateId,
        service: MandateService,
    ) -> Result<Done<Mandate>, Error> {
        let act = service.act();
        self.may_serve(call, view.person, act)?;
        let Who::Employee(me) = &call.actor.who else { return Err(Error::Denied(Reason::StaffOnly)) };
        let mut held = self.hold_mandate(call, id).await?;
        let (mandate, now) = (held.mandate.clone(), held.now);
        if mandate.grantor != view.person {
            return Err(Error::NotFound);
        }
        // nor where they gave it for their child, or could have.
        if mandate.for_child.is_some() {
            let family = self.family(&mut held.tx, mandate.grantor).await?;
            let has_custody = family.holders.iter().any(|holder| Some(holder.person) == me.person);
            if has_custody || is_own_of_staff(&call.actor, &mandate) {
                return Err(Error::Denied(Reason::OwnCase));
            }
        }
        let authority = self.serves(&mut held.tx, &mandate, me).await?.then_some(me.authority);
        let subject = Subject { authority, ..mandate_subject(&mandate) };
        self.may(&mut held.tx, call, act, &subject, now).await??;
        self.must_be_fresh(call, act)?;
        if held.before.is_some() {
            return Ok(Done { value: mandate, replayed: true });
        }
        call.must_expect(mandate.revision)?;
        if matches!(service, MandateService::Confirm | MandateService::Resume) {
            mandate.must_be_carried(held.above())?;
        }
        if service == MandateService::Resume {
            mandate.must_not_be_stopped(&held.around.others)?;
        }
        let (next, fact) = self.served_change(&mut held.tx, call, me, mandate, service, now).await?;
        let from = self.complete_from(&mut held).await?;
        let Held { mut tx, around, .. } = held;
        let (value, events) = self.with_what_follows(call, (now, from), next, fact, &around);
        self.settle(&mut tx, call, 200, id.as_uuid(), value.revision).await?;
        let look = self.served(call, view, act, id.as_uuid(), now);
        tx.commit(events.into_iter().map(|(_, event)| event).collect(), Some(look)).await?;
        Ok(Done { value, replayed: false })
    }

    async fn served_change(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        me: &Employee,
        mandate: Mandate,
        service: MandateService,
        now: Instant,
    ) -> Result<(Mandate, Fact), Error> {
        Ok(match service {
            MandateService::Confirm => {
                self.must_be_second(tx, &mandate, me).await?;
                let from = self.usable_from(tx, &mandate, now).await?;
                mandate.confirm(Confirmation::SecondRegistrar, from, now)?
            }
            MandateService::Dispute(ground, note) => mandate.dispute(ground, Some(note), now)?,
            MandateService::Resume => mandate.resume(now)?,
            MandateService::Revoke { ground, quiet, assistance } => {
                if let Some(document) = assistance.document() {
                    self.must_be_about(tx, call, document, mandate.grantor).await?;
                }
                mandate.revoke(ground, quiet, Some(assistance), now)?
            }
            MandateService::Annul(ground, note) => mandate.annul(ground, note, now)?,
        })
    }

    /// The first moment when it can be used, if nothing more is awaited now (P4).
    async fn usable_from<M>(
        &self,
        tx: &mut Tx<M>,
        mandate: &Mandate,
        now: Instant,
    ) -> Result<Instant, Error> {
        let mut entries = Vec::with_capacity(mandate.packages.len());
        for version in &mandate.packages {
            entries.push(self.known_entry(tx, version.entry).await?);
        }
        Ok(usable_from(super::give::packages_of(&entries), now))
    }

    /// Whether a mandate is an employee's to serve: their authority entered it, or one of its packages is their authority's.
    async fn serves<M>(&self, tx: &mut Tx<M>, mandate: &Mandate, me: &Employee) -> Result<bool, Error> {
        if matches!(mandate.route, MandateRoute::Paper { authority, .. } if authority == me.authority) {
            return Ok(true);
        }
        for version in &mandate.packages {
            let entry = self.known_entry(tx, version.entry).await?;
            if entry.mandate_package().is_some_and(|package| package.authority == me.authority) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// R-38, P5: four eyes are those of two people. Two accounts of one person are one, where the identity provider tells who they are.
    async fn must_be_second(
        &self,
        tx: &mut Tx<Write>,
        mandate: &Mandate,
        me: &Employee,
    ) -> Result<(), Error> {
        let MandateRoute::Paper { entered_by, .. } = &mandate.route else {
            return Err(Reason::MandateNotAwaiting.into());
        };
        let first = tx.history(Kind::Mandate, mandate.id.as_uuid(), 1).await?;
        let same_account = first
            .iter()
            .any(|event| matches!(event.recorded.actor, ActorTrace::Employee { id, .. } if id == me.id));
        let same_person = entered_by.is_some() && *entered_by == me.person;
        if same_account || same_person { Err(Reason::SecondRegistrarNeeded.into()) } else { Ok(()) }
    }
}

/// What the right to see or change a mandate depends on.
pub(crate) fn mandate_subject(mandate: &Mandate) -> Subject<'static> {
    Subject {
        person: Some(mandate.grantor),
        representative: Some(mandate.representative),
        passed_on_by: mandate.under.map(|under| under.by),
        for_child: mandate.for_child.is_some(),
        ..Subject::default()
    }
}
