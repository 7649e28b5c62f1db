//! Erases what may go: a tombstone stays, and every other proof holds.

use super::{Considered, Erased, Erasure, NewErasure, may_erase};
use crate::{
    Call, Done, Error, Service,
    call::{ATTEMPTS, contended},
};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{
    Cvr, Instant, Reason,
    access::{AccessRecord, Act, Outcome, Subject, may},
    erasure::ErasureGround,
    event::{Event, Fact, Kind, tombstone},
    id::{AccessId, BatchId, EventId, PersonId},
};
use tillid_storage::{Looks, Tx, Write};
use uuid::Uuid;

/// What one try came to.
enum Tried {
    Done(Done<Erasure>),
    /// There are more persons to lock before it can be decided.
    Lock(Vec<PersonId>),
}

impl Service {
    /// Erases what of a person may go, all of it or nothing, and the person when nothing stays. Sent again under the same key, it
    /// tells what it did.
    pub async fn erase(&self, call: &Call, new: &NewErasure) -> Result<Done<Erasure>, Error> {
        let authority = may_erase(call, new)?;
        self.must_be_fresh(call, Act::Erase)?;
        let (mut others, mut tries) = (Vec::new(), 1);
        loop {
            match self.try_to_erase(call, new, authority, &others).await {
                Ok(Tried::Done(done)) => {
                    // Deleted it is; that nothing of it stands in a file any more is for the next purge, if not for now.
                    drop(self.store.scrub().await);
                    return Ok(done);
                }
                Ok(Tried::Lock(more)) => others = more,
                // Somebody else wrote to one of the batches of looks.
                Err(error) if contended(&error) && tries < ATTEMPTS => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_to_erase(
        &self,
        call: &Call,
        new: &NewErasure,
        authority: Cvr,
        others: &[PersonId],
    ) -> Result<Tried, Error> {
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = self.erased_before(&mut tx, new, authority, EventId::from_uuid(id)).await?;
            return Ok(Tried::Done(Done { value, replayed: true }));
        }
        let person = self.meant(&mut tx, new).await?;
        let own = tx.all_who_are(person).await?;
        tx.lock_out(&own, others).await?;
        // Somebody else may have erased them while this waited.
        let person = self.meant(&mut tx, new).await?;
        let now = self.now(&mut tx).await?;
        let subject = Subject { person: Some(person), ..Subject::default() };
        if let Err(refusal) = may(&call.actor, Act::Erase, &subject) {
            drop(tx);
            return Err(self.refused(call, person, Act::Erase, refusal, now).await);
        }
        let considered = self.consider(&mut tx, person, authority, new.ground, now).await?;
        let others = considered.others.iter().map(|(_, person)| *person);
        let concerned: BTreeSet<PersonId> = others.chain(considered.own.iter().copied()).collect();
        let concerned: Vec<PersonId> = concerned.into_iter().collect();
        if !tx.holds(&concerned) {
            return Ok(Tried::Lock(concerned));
        }
        if considered.plan.erased.is_empty() && !considered.plan.person {
            drop(tx);
            return Err(self.refused_rule(call, new, person, now).await);
        }
        let events = self.erasure_events(&mut tx, call, new.ground, &considered, now).await?;
        if let Some(last) = events.last() {
            self.settle(&mut tx, call, 200, last.id.as_uuid(), last.revision).await?;
        }
        let looks = self.erasure_looks(call, new, person, &considered, now);
        tx.commit(events, Some(looks)).await?;
        Ok(Tried::Done(Done { value: considered.erasure(), replayed: false }))
    }

    /// That nothing may go, after it has been recorded that somebody tried.
    async fn refused_rule(&self, call: &Call, new: &NewErasure, person: PersonId, now: Instant) -> Error {
        let look = self.look(call, person, Act::Erase, Outcome::Refused, now);
        let record = AccessRecord { case: new.case.clone(), ..look };
        match self.record(vec![record], now).await {
            Ok(()) => Error::Rule(Reason::NothingToErase),
            Err(error) => error,
        }
    }

    /// What was told before, counted again from the journal; what stays is told as it is now.
    async fn erased_before(
        &self,
        tx: &mut Tx<Write>,
        new: &NewErasure,
        authority: Cvr,
        event: EventId,
    ) -> Result<Erasure, Error> {
        let (mut erased, mut gone) = (Erased::default(), false);
        for event in tx.erasure_with(event).await? {
            match (event.aggregate_kind, &event.fact) {
                (Kind::Consent, _) => erased.consents += 1,
                (Kind::ConsentRequest, _) => erased.requests += 1,
                (Kind::Mandate, _) => erased.mandates += 1,
                (Kind::MandateRequest, _) => erased.mandate_requests += 1,
                (Kind::Presentation, _) => erased.presentations += 1,
                (Kind::Document, _) => erased.documents += 1,
                (Kind::Task, _) => erased.tasks += 1,
                (Kind::Custody, _) => erased.custody_statements += 1,
                (Kind::StatutoryPower, _) => erased.statutory_powers += 1,
                (Kind::Person, _) => gone = true,
                (_, Fact::AccessErased { records }) => erased.looks += records.len(),
                _ => {}
            }
        }
        if gone {
            return Ok(Erasure { erased, kept: Vec::new(), person: true });
        }
        let now = self.now(tx).await?;
        let person = self.meant(tx, new).await?;
        let considered = self.consider(tx, person, authority, new.ground, now).await?;
        Ok(Erasure { erased, kept: considered.plan.kept, person: false })
    }

    async fn erasure_events(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        ground: ErasureGround,
        considered: &Considered,
        now: Instant,
    ) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        for (kind, id) in &considered.plan.erased {
            events.push(self.erasure_of(tx, call, ground, *kind, *id, now).await?);
        }
        if considered.plan.person {
            let mut batches: BTreeMap<BatchId, Vec<AccessId>> = BTreeMap::new();
            for look in &considered.looks {
                batches.entry(look.batch).or_default().push(look.id);
            }
            for (batch, records) in batches {
                let traces = tx.traces(Kind::AccessBatch, batch.as_uuid()).await?;
                let fact = Fact::AccessErased { records };
                events.push(self.unnamed(call, Kind::AccessBatch, batch.as_uuid(), traces.len(), fact, now));
            }
            // Who is merged points to who goes on, and goes first.
            for one in considered.own.iter().rev() {
                events.push(self.erasure_of(tx, call, ground, Kind::Person, one.as_uuid(), now).await?);
            }
        }
        Ok(events)
    }

    async fn erasure_of(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        ground: ErasureGround,
        kind: Kind,
        id: Uuid,
        now: Instant,
    ) -> Result<Event, Error> {
        let traces = tx.traces(kind, id).await?;
        let fact = Fact::Erased { ground, tombstone: tombstone(&traces) };
        Ok(self.unnamed(call, kind, id, traces.len(), fact, now))
    }

    /// An event that names no person: it stays when they are gone.
    fn unnamed(
        &self,
        call: &Call,
        kind: Kind,
        aggregate: Uuid,
        before: usize,
        fact: Fact,
        now: Instant,
    ) -> Event {
        Event {
            id: EventId::from_uuid(self.ambient.id()),
            kind,
            aggregate,
            revision: u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1),
            at: now,
            actor: call.actor.trace(),
            subjects: Vec::new(),
            fact,
        }
    }

    /// It stands in the log of the person, if they stay, and of everyone else of whom something went.
    fn erasure_looks(
        &self,
        call: &Call,
        new: &NewErasure,
        person: PersonId,
        considered: &Considered,
        now: Instant,
    ) -> Looks {
        let gone = |thing: &Uuid| considered.plan.erased.iter().any(|(_, id)| id == thing);
        let others: BTreeSet<PersonId> =
            considered.others.iter().filter(|(thing, _)| gone(thing)).map(|(_, person)| *person).collect();
        let look =
            |person, case| AccessRecord { case, ..self.look(call, person, Act::Erase, Outcome::Found, now) };
        // The case is the person's; the others need not know it.
        let mut records: Vec<AccessRecord> = others.into_iter().map(|other| look(other, None)).collect();
        if !considered.plan.person {
            records.push(look(person, new.case.clone()));
        }
        self.looks(records, now)
    }
}
