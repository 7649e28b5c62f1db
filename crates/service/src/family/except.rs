//! Lets a request be decided without somebody who has custody: they cannot be reached, or to ask them is unsafe.

use crate::{Call, Done, Error, Service, consent::view::type_subject, guard::is_staff};
use tillid_domain::{
    Reason,
    access::{Act, Outcome, Refusal, Subject},
    actor::Who,
    family::who_answers,
    id::{PersonId, RequestId},
    joint::ExceptionGround,
    request::ConsentRequest,
    text::CaseRef,
};

/// Whose answer is not needed, and why.
#[derive(Clone, Debug)]
pub struct NewException {
    /// Whose.
    pub holder: PersonId,
    /// Why.
    pub ground: ExceptionGround,
    /// The case in which it is documented.
    pub case: CaseRef,
}

impl Service {
    /// Writes down that the answer of somebody who has custody is not needed. It stands in the child's log, and concerns nobody else: where it would be
    /// unsafe to ask them, they learn nothing of it.
    pub async fn except_holder(
        &self,
        call: &Call,
        id: RequestId,
        new: &NewException,
    ) -> Result<Done<ConsentRequest>, Error> {
        let outcome = self.except(call, id, new).await;
        let request = if is_staff(&call.actor) { self.store.read().await?.request(id).await? } else { None };
        self.accounted(call, request.map(|r| r.person), Act::ExceptHolder, outcome).await
    }

    async fn except(
        &self,
        call: &Call,
        id: RequestId,
        new: &NewException,
    ) -> Result<Done<ConsentRequest>, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let early = self.may(&mut tx, call, Act::ExceptHolder, &Subject::default(), now).await?;
        // Whoever never makes exceptions is told so, whether there is such a request or not.
        if let Err(Refusal::Denied(reason)) = early {
            return Err(Error::Denied(reason));
        }
        let found = tx.request(id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.request(RequestId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
            return Ok(Done { value, replayed: true });
        }
        tx.lock(&[found.person]).await?;
        let now = self.now(&mut tx).await?;
        let request = tx.request(id).await?.ok_or(Error::NotFound)?;
        let entry = self.known_entry(&mut tx, request.entry.entry).await?;
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let person = request.person;
        let subject = Subject { person: Some(person), ..type_subject(of) };
        self.may(&mut tx, call, Act::ExceptHolder, &subject, now).await??;
        call.must_expect(request.revision)?;
        let family = self.family(&mut tx, person).await?;
        // neither of the parents decides about the other's voice as an employee.
        let me = match &call.actor.who {
            Who::Employee(employee) => employee.person,
            _ => None,
        };
        if me.is_some_and(|me| me == new.holder || family.holders.iter().any(|h| h.person == me)) {
            return Err(Error::Denied(Reason::OwnCase));
        }
        let deciders = who_answers(of, &family, now.local_date())?;
        let (excepted, fact) = request.except(new.holder, new.ground, new.case.clone(), &deciders, now)?;
        let mut events = vec![self.event(call, now, &excepted, fact)];
        let (_, decided) = self.decided_together(call, excepted.clone(), &entry, &family, &deciders, now)?;
        events.extend(decided);
        let mut record = self.look(call, person, Act::ExceptHolder, Outcome::Found, now);
        record.target = Some(id.as_uuid());
        record.case = Some(new.case.clone());
        self.settle(&mut tx, call, 200, id.as_uuid(), excepted.revision).await?;
        tx.commit(events, Some(self.looks(vec![record], now))).await?;
        let value = self.store.read().await?.request(id).await?.ok_or(Error::NotFound)?;
        Ok(Done { value, replayed: false })
    }
}
