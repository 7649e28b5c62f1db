//! Who of an organisation's employees acts for those whom it represents: the one whom it made its administrator says so.

use crate::{Call, Done, Error, Service, catalogue::Page};
use tillid_domain::{
    Cvr, Reason,
    access::{Act, Subject, may},
    actor::{AtWork, Who},
    event::EndCause,
    id::PersonId,
    mandate::Mandate,
    mandate_request::MandateRequestStanding,
    person::Person,
};
use tillid_storage::{Tx, Write};

impl Service {
    /// The employees of the caller's organisation who have logged in, with when they may act.
    pub async fn employees(
        &self,
        call: &Call,
        after: Option<PersonId>,
        limit: u32,
    ) -> Result<Page<Person, PersonId>, Error> {
        let cvr = may_manage(call)?;
        let mut tx = self.store.read().await?;
        let organisation = tx.organisation(cvr).await?.ok_or(Error::NotFound)?;
        let found = tx.employees_of(organisation, after, limit + 1).await?;
        Ok(Page::cut(found, limit, |person| person.id))
    }

    /// One of them.
    pub async fn employee(&self, call: &Call, id: PersonId) -> Result<Person, Error> {
        let cvr = may_manage(call)?;
        let mut tx = self.store.read().await?;
        their_employee(&mut tx, id, cvr).await
    }

    /// Lets an employee act for all whom the organisation represents, from now on.
    pub async fn admit_employee(&self, call: &Call, id: PersonId) -> Result<Done<Person>, Error> {
        let cvr = may_manage(call)?;
        self.must_be_fresh(call, Act::ManageEmployees)?;
        let mut tx = self.store.write().await?;
        if let Some(done) = self.employee_before(&mut tx, call, cvr).await? {
            return Ok(done);
        }
        tx.lock(&[id]).await?;
        let now = self.now(&mut tx).await?;
        let employee = their_employee(&mut tx, id, cvr).await?;
        call.must_expect(employee.revision)?;
        let (value, fact) = employee.admit(now)?;
        let event = self.event(call, now, &value, fact);
        self.settle(&mut tx, call, 200, id.as_uuid(), value.revision).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value, replayed: false })
    }

    /// Lets them act no longer: no question that arrives after this has returned is answered with what they had. What was given to them by
    /// name ends, and whoever gave it is told.
    pub async fn stop_employee(&self, call: &Call, id: PersonId) -> Result<Done<Person>, Error> {
        let cvr = may_manage(call)?;
        let mut concerned = vec![id];
        loop {
            let mut tx = self.store.write().await?;
            if let Some(done) = self.employee_before(&mut tx, call, cvr).await? {
                return Ok(done);
            }
            tx.lock(&concerned).await?;
            let employee = their_employee(&mut tx, id, cvr).await?;
            let everyone = self.everyone_around(&mut tx, id).await?;
            if !tx.holds(&everyone) {
                concerned = everyone;
                continue;
            }
            let now = self.now(&mut tx).await?;
            call.must_expect(employee.revision)?;
            let (value, fact) = employee.stop(now)?;
            let mut events = vec![self.event(call, now, &value, fact)];
            let cause = |mandate: &Mandate| (mandate.representative == id).then_some(EndCause::EmployeeLeft);
            events.extend(self.mandates_ended_with(call, &mut tx, id, cause, now, now).await?);
            for request in tx.mandate_requests_of(id, None, u32::MAX).await? {
                if request.standing(now) == MandateRequestStanding::Open {
                    let (lapsed, fact) = request.lapse(EndCause::EmployeeLeft, now, now)?;
                    events.push(self.event(call, now, &lapsed, fact));
                }
            }
            self.settle(&mut tx, call, 200, id.as_uuid(), value.revision).await?;
            tx.commit(events, None).await?;
            return Ok(Done { value, replayed: false });
        }
    }

    async fn employee_before(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        cvr: Cvr,
    ) -> Result<Option<Done<Person>>, Error> {
        let Some(id) = self.claim(tx, call).await? else { return Ok(None) };
        let value = their_employee(tx, PersonId::from_uuid(id), cvr).await?;
        Ok(Some(Done { value, replayed: true }))
    }
}

/// The organisation whose employees the caller manages.
fn may_manage(call: &Call) -> Result<Cvr, Error> {
    let Who::Citizen { at_work: Some(AtWork { who, .. }), .. } = &call.actor.who else {
        return Err(Error::Denied(Reason::RoleMissing));
    };
    let subject = Subject { authority: Some(who.cvr), ..Subject::default() };
    may(&call.actor, Act::ManageEmployees, &subject)?;
    Ok(who.cvr)
}

/// Somebody else's employee is not there.
async fn their_employee<M>(tx: &mut Tx<M>, id: PersonId, cvr: Cvr) -> Result<Person, Error> {
    let person = tx.person(id).await?.ok_or(Error::NotFound)?;
    let theirs = person.employment().is_some_and(|employment| employment.cvr == cvr);
    theirs.then_some(person).ok_or(Error::NotFound)
}
