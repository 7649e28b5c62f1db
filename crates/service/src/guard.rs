//! Whether the caller may, and the record that they asked.

use crate::{Call, Done, Error, Service, family::custody_powers};
use tillid_domain::{
    Instant, Reason,
    access::{AccessRecord, Act, Outcome, Refusal, Subject, Visibility, is_fresh, may},
    actor::{Actor, Purpose, Who},
    id::{AccessId, BatchId, EventId, PersonId},
    mandate::Mandate,
    person::Person,
    text::{CaseRef, PrivilegeUri},
};
use tillid_storage::{Looks, Tx};
use uuid::Uuid;

/// Whether the actor reads or changes what is their own; such calls stand in the security log, not in the access log.
pub(crate) fn is_own(actor: &Actor) -> bool {
    matches!(actor.who, Who::Citizen { acting_for: None, .. } | Who::Operator)
}

/// The employee who acts for an organisation. Locked with those whom it concerns, they cannot be stopped while they do it.
pub(crate) fn at_work(call: &Call) -> Option<PersonId> {
    match call.actor.who {
        Who::Citizen { at_work: Some(work), .. } => Some(work.who.employee),
        _ => None,
    }
}

/// Whether the actor is staff or a system of an authority.
pub(crate) fn is_staff(actor: &Actor) -> bool {
    matches!(actor.who, Who::Employee(_) | Who::System(_))
}

/// The person whose data a citizen's call is about: their own, or that of whom they act for.
pub(crate) fn principal(actor: &Actor) -> Option<PersonId> {
    match actor.who {
        Who::Citizen { person, acting_for, .. } => Some(acting_for.unwrap_or(person)),
        _ => None,
    }
}

/// What somebody holds at a moment for whom they act for; nothing, where they act for nobody.
pub(crate) struct Rights {
    powers: Vec<PrivilegeUri>,
    by_custody: bool,
    /// Whether the caller is at work and their organisation does not let them act.
    not_admitted: bool,
}

impl Rights {
    /// Whether the caller acts for a child of whom they have custody.
    pub(crate) const fn by_custody(&self) -> bool {
        self.by_custody
    }

    /// Whether the caller may, with these.
    pub(crate) fn allow(&self, call: &Call, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
        if self.not_admitted {
            return Err(Refusal::Denied(Reason::EmployeeNotAdmitted));
        }
        may(&call.actor, act, &Subject { powers: &self.powers, by_custody: self.by_custody, ..*subject })
    }
}

impl Service {
    /// The privileges that the actor holds at this moment for whom they act for; what a token says is never enough.
    pub(crate) async fn powers<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        now: Instant,
    ) -> Result<Vec<PrivilegeUri>, Error> {
        let Who::Citizen { person, acting_for: Some(grantor), .. } = call.actor.who else {
            return Ok(Vec::new());
        };
        let by_law = self.by_law(tx, grantor, person, now).await?;
        let mut powers = tx.privileges(grantor, person, now).await?;
        powers.retain(|power| !by_law.is_incapable(power));
        match &call.through {
            Some(through) => powers.retain(|power| through.privileges.contains(power)),
            // A system's token narrows what a mandate gives, and what the law gives is nothing there.
            None => powers.extend(by_law.privileges()),
        }
        if self.family_in_custody(tx, call, now).await?.is_some() {
            powers.extend(custody_powers());
        }
        powers.sort_unstable();
        powers.dedup();
        Ok(powers)
    }

    /// What the caller holds for whom they act for, found once where many things are looked at.
    pub(crate) async fn rights<M>(&self, tx: &mut Tx<M>, call: &Call, now: Instant) -> Result<Rights, Error> {
        let powers = self.powers(tx, call, now).await?;
        let by_custody = self.family_in_custody(tx, call, now).await?.is_some();
        let not_admitted = self.is_not_admitted(tx, call).await?;
        Ok(Rights { powers, by_custody, not_admitted })
    }

    /// Whether the caller is at work, and the organisation does not let them act at this moment: what a session said is never
    /// enough.
    pub(crate) async fn is_not_admitted<M>(&self, tx: &mut Tx<M>, call: &Call) -> Result<bool, Error> {
        let Who::Citizen { person, at_work: Some(work), .. } = call.actor.who else { return Ok(false) };
        let employee = tx.person(work.who.employee).await?;
        let employment = employee.as_ref().and_then(Person::employment);
        let admitted = employment.is_some_and(|employment| {
            let theirs = [work.who.employee, employment.organisation].contains(&person);
            theirs && employment.admitted_since().is_some()
        });
        Ok(!admitted)
    }

    /// Whether the actor may; a representative without any power is told why there is none.
    pub(crate) async fn may<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        act: Act,
        subject: &Subject<'_>,
        now: Instant,
    ) -> Result<Result<(), Refusal>, Error> {
        let refusal = self.rights(tx, call, now).await?.allow(call, act, subject);
        match (refusal, &call.actor.who) {
            (
                Err(Refusal::Denied(Reason::NoPower)),
                Who::Citizen { person, acting_for: Some(grantor), .. },
            ) => {
                let by_law = self.by_law(tx, *grantor, *person, now).await?;
                if let Some(reason) = by_law.why_not_alone() {
                    return Ok(Err(Refusal::Denied(reason)));
                }
                let held = tx.privileges(*grantor, *person, now).await?;
                if held.iter().any(|power| by_law.is_incapable(power)) {
                    return Ok(Err(Refusal::Denied(Reason::CapacityRemoved)));
                }
                let newest = tx.newest_mandate(*grantor, *person).await?;
                // One that holds and gives nothing here is for a single case.
                let why = |m: Mandate| m.as_held().why_no_power(now).unwrap_or(Reason::PowerDoesNotCover);
                let reason = newest.map_or(Reason::NoPower, why);
                Ok(Err(Refusal::Denied(reason)))
            }
            (decision, _) => Ok(decision),
        }
    }

    /// Refuses, with its reason and a record, a representative who can do no such thing for the person at all. It comes before
    /// anything is looked for, so that the refusal is the same whether it is there or not.
    pub(crate) async fn must_represent(&self, call: &Call, act: Act) -> Result<(), Error> {
        let Who::Citizen { acting_for: Some(person), .. } = call.actor.who else { return Ok(()) };
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let subject = Subject { person: Some(person), for_child: true, ..Subject::default() };
        let decision = self.may(&mut tx, call, act, &subject, now).await?;
        Ok(decision?)
    }

    /// Refuses whoever logged in too long ago for this.
    pub(crate) fn must_be_fresh(&self, call: &Call, act: Act) -> Result<(), Error> {
        Ok(is_fresh(&call.actor, act, self.ambient.now())?)
    }

    /// The record of one look, not yet durable.
    pub(crate) fn look(
        &self,
        call: &Call,
        person: PersonId,
        act: Act,
        outcome: Outcome,
        now: Instant,
    ) -> AccessRecord {
        AccessRecord {
            id: AccessId::from_uuid(self.ambient.id()),
            at: now,
            person,
            actor: call.trace(),
            act,
            target: None,
            purpose: None,
            case: None,
            lookup: call.lookup,
            outcome,
            permits_until: None,
            visibility: Visibility::Normal,
            decision: None,
        }
    }

    pub(crate) fn looks(&self, records: Vec<AccessRecord>, now: Instant) -> Looks {
        Looks {
            batch: BatchId::from_uuid(self.ambient.id()),
            event: EventId::from_uuid(self.ambient.id()),
            at: now,
            records,
            external: Vec::new(),
        }
    }

    /// Makes the records durable; the answer waits for it.
    pub(crate) async fn record(&self, records: Vec<AccessRecord>, now: Instant) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        let tx = self.store.write().await?;
        tx.commit(Vec::new(), Some(self.looks(records, now))).await?;
        Ok(())
    }

    /// Records a look at somebody's data by anyone but themselves.
    pub(crate) async fn watched(
        &self,
        call: &Call,
        view: &InView,
        act: Act,
        target: Option<Uuid>,
        found: bool,
        now: Instant,
    ) -> Result<(), Error> {
        self.watched_with(call, view, &[], act, target, found, now).await
    }

    /// Likewise, where data of others was seen with the person's: the other side of a mandate. It stands in their logs too.
    pub(crate) async fn watched_with(
        &self,
        call: &Call,
        view: &InView,
        others: &[PersonId],
        act: Act,
        target: Option<Uuid>,
        found: bool,
        now: Instant,
    ) -> Result<(), Error> {
        if is_own(&call.actor) {
            return Ok(());
        }
        let outcome = if found { Outcome::Found } else { Outcome::Nothing };
        let record = |person| {
            let (purpose, case) = (view.purpose, view.case.clone());
            AccessRecord { target, purpose, case, ..self.look(call, person, act, outcome, now) }
        };
        // A representative who sees the mandate that makes them one is no look at themselves.
        let others = others.iter().copied().filter(|_| is_staff(&call.actor));
        let records = std::iter::once(view.person).chain(others).map(record).collect();
        self.record(records, now).await
    }

    /// The error of a refusal, after it has been recorded with whom it concerned. What must stay hidden is recorded too:
    /// the person may know that somebody tried.
    pub(crate) async fn refused(
        &self,
        call: &Call,
        person: PersonId,
        act: Act,
        refusal: Refusal,
        now: Instant,
    ) -> Error {
        let hers_to_know = !is_own(&call.actor);
        if hers_to_know {
            let record = self.look(call, person, act, Outcome::Refused, now);
            if let Err(error) = self.record(vec![record], now).await {
                return error;
            }
        }
        refusal.into()
    }

    /// The outcome of a change, after what concerns somebody else has been recorded with them: that it was refused, whatever the
    /// reason, and that it was told again. What was done stands in their log with the change itself.
    pub(crate) async fn accounted<T>(
        &self,
        call: &Call,
        person: Option<PersonId>,
        act: Act,
        outcome: Result<Done<T>, Error>,
    ) -> Result<Done<T>, Error> {
        let Some(person) = person.filter(|_| !is_own(&call.actor)) else { return outcome };
        let looked = match &outcome {
            Err(Error::Busy(_) | Error::Broken(_)) => return outcome,
            Err(_) => Outcome::Refused,
            Ok(done) if done.replayed => Outcome::Found,
            Ok(_) => return outcome,
        };
        let now = self.business_now().await?;
        self.record(vec![self.look(call, person, act, looked, now)], now).await?;
        outcome
    }

    /// Whom a read may be about: the citizen, or the person of the look-up, whose record is the permit. A look-up of somebody else's
    /// or one that has expired is refused, and that it was tried stands in the person's log.
    pub(crate) async fn in_view<M>(&self, mut tx: Tx<M>, call: &Call) -> Result<(Tx<M>, InView), Error> {
        if let Some(person) = principal(&call.actor) {
            return Ok((tx, InView { person, purpose: None, case: None }));
        }
        let id = call.lookup.ok_or(Error::Denied(Reason::LookupMissing))?;
        let Some(record) = tx.access_record(id).await?.filter(|record| record.act == Act::LookUp) else {
            return Err(Error::Denied(Reason::LookupInvalid));
        };
        let permits = record.actor == call.actor.trace()
            && record.outcome != Outcome::Refused
            && record.permits_until.is_some_and(|until| self.ambient.now() < until);
        if permits {
            let AccessRecord { person, purpose, case, .. } = record;
            // Who was found may be known to be one with another since (M10).
            let person = tx.goes_on_as(person).await?;
            return Ok((tx, InView { person, purpose, case }));
        }
        let now = self.now(&mut tx).await?;
        drop(tx);
        let refusal = Refusal::Denied(Reason::LookupInvalid);
        Err(self.refused(call, record.person, Act::LookUp, refusal, now).await)
    }
}

/// The person that a read may be about; under a look-up, its purpose and case are the read's too.
#[derive(Clone, Debug)]
pub(crate) struct InView {
    pub(crate) person: PersonId,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) case: Option<CaseRef>,
}
