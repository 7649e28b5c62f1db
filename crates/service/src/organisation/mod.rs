//! Organisations that people are represented by, and which of their employees act (M5, R-37).

mod staff;

use crate::{
    Call, Error, Service,
    call::{ATTEMPTS, contended},
};
use std::collections::BTreeSet;
use tillid_domain::{
    Cvr, Instant, Reason,
    actor::{Actor, AtWork},
    event::{Event, Fact},
    id::{EmployeeId, MandateId, PersonId},
    party::{Employment, Party, Professional},
    person::{Life, Person},
    text::Name,
};

/// Somebody who logs in for an organisation, as their identity provider tells.
#[derive(Clone, Debug)]
pub struct NewEmployee {
    /// The organisation.
    pub cvr: Cvr,
    /// Its name, where that is told.
    pub organisation: Option<Name>,
    /// Who.
    pub employee: EmployeeId,
    /// Their name, where that is told.
    pub name: Option<Name>,
}

/// An employee of an organisation, as they are known at this moment.
#[derive(Clone, Debug)]
pub struct EmployeeSeen {
    /// Who.
    pub employee: PersonId,
    /// The organisation.
    pub organisation: PersonId,
    /// Its number.
    pub cvr: Cvr,
    /// Its name.
    pub organisation_name: Option<Name>,
    /// Since when they may act for those whom it represents; `None` where they may not.
    pub admitted_since: Option<Instant>,
}

impl EmployeeSeen {
    /// Who acts at work, with what their login says of them.
    pub const fn at_work(&self, administers: bool) -> AtWork {
        AtWork { who: Professional { employee: self.employee, cvr: self.cvr }, administers }
    }

    /// As whom they act: as the organisation, once it lets them, unless it is the employee whom a mandate names.
    pub const fn acts_as(&self, in_own_name: bool) -> PersonId {
        if self.admitted_since.is_some() && !in_own_name { self.organisation } else { self.employee }
    }
}

impl Service {
    /// Whoever logs in for an organisation becomes known, and the organisation with its first employee.
    pub async fn employee_at_work(&self, new: &NewEmployee) -> Result<EmployeeSeen, Error> {
        let mut tx = self.store.read().await?;
        let known = tx.employee(new.employee).await?;
        drop(tx);
        let id = match known {
            Some(id) => id,
            None => {
                // Whoever comes second in a race finds what the first has made.
                let mut outcome = self.make_employee_known(new).await;
                for _ in 1..ATTEMPTS {
                    match outcome {
                        Err(ref error) if contended(error) => outcome = self.make_employee_known(new).await,
                        _ => break,
                    }
                }
                outcome?
            }
        };
        let seen = self.employee_seen(id).await?;
        // One id at two organisations is not one that can be trusted.
        if seen.cvr == new.cvr { Ok(seen) } else { Err(Error::Denied(Reason::PersonUnknown)) }
    }

    /// Somebody who is known to work for an organisation. Nobody becomes known by a token: it tells no names.
    pub async fn known_at_work(&self, cvr: Cvr, employee: EmployeeId) -> Result<EmployeeSeen, Error> {
        let mut tx = self.store.read().await?;
        let known = tx.employee(employee).await?;
        drop(tx);
        let seen = self.employee_seen(known.ok_or(Error::Denied(Reason::PersonUnknown))?).await?;
        if seen.cvr == cvr { Ok(seen) } else { Err(Error::Denied(Reason::PersonUnknown)) }
    }

    /// An employee as they are known at this moment: what a session says of them is never enough.
    pub async fn employee_seen(&self, id: PersonId) -> Result<EmployeeSeen, Error> {
        let mut tx = self.store.read().await?;
        let employee = tx.person(id).await?;
        let Some(Person { party: Party::Employee(employment), .. }) = employee else {
            return Err(Error::Denied(Reason::PersonUnknown));
        };
        // An authority that is served here has staff, and represents nobody.
        if self.directory.get(employment.cvr).is_some() {
            return Err(Error::Denied(Reason::PersonUnknown));
        }
        let organisation_name = tx.person(employment.organisation).await?.and_then(|person| person.name);
        Ok(EmployeeSeen {
            employee: id,
            organisation: employment.organisation,
            cvr: employment.cvr,
            organisation_name,
            admitted_since: employment.admitted_since(),
        })
    }

    /// As whom an employee holds that mandate: as their organisation, where it is that one's. What is somebody else's is not told apart.
    pub async fn holds_at_work(&self, seen: &EmployeeSeen, id: MandateId) -> Result<PersonId, Error> {
        let mut tx = self.store.read().await?;
        let mandate = tx.mandate(id).await?;
        let theirs = mandate.is_some_and(|mandate| mandate.representative == seen.organisation);
        Ok(if theirs { seen.organisation } else { seen.employee })
    }

    async fn make_employee_known(&self, new: &NewEmployee) -> Result<PersonId, Error> {
        let call = Call::by(Actor::OPERATOR);
        let mut tx = self.store.write().await?;
        if let Some(id) = tx.employee(new.employee).await? {
            return Ok(id);
        }
        let now = self.now(&mut tx).await?;
        let mut events = Vec::new();
        let organisation = match tx.organisation(new.cvr).await? {
            Some(organisation) => organisation,
            None => {
                let (organisation, event) = self.new_organisation(&call, new, now)?;
                events.push(event);
                organisation
            }
        };
        let employment = Employment { organisation, cvr: new.cvr, id: new.employee, stints: Vec::new() };
        let person = self.newcomer(Party::Employee(employment), new.name.clone(), now);
        let fact = Fact::EmployeeRegistered {
            organisation,
            cvr: new.cvr,
            employee: new.employee,
            name: new.name.clone(),
        };
        events.push(self.event(&call, now, &person, fact));
        tx.commit(events, None).await?;
        Ok(person.id)
    }

    fn new_organisation(
        &self,
        call: &Call,
        new: &NewEmployee,
        now: Instant,
    ) -> Result<(PersonId, Event), Error> {
        let by_number = || format!("CVR {}", new.cvr).parse().ok();
        let name: Option<Name> = new.organisation.clone().or_else(by_number);
        let name = name.ok_or(Error::Denied(Reason::OrganisationUnknown))?;
        let organisation = self.newcomer(Party::Organisation { cvr: new.cvr }, Some(name.clone()), now);
        let fact = Fact::OrganisationRegistered { cvr: new.cvr, name };
        Ok((organisation.id, self.event(call, now, &organisation, fact)))
    }

    fn newcomer(&self, party: Party, name: Option<Name>, now: Instant) -> Person {
        Person {
            id: PersonId::from_uuid(self.ambient.random_id()),
            revision: 1,
            party,
            name,
            born: None,
            numbers: BTreeSet::new(),
            logins: BTreeSet::new(),
            life: Life::Alive,
            post_exempt_since: None,
            registered_at: now,
        }
    }
}
