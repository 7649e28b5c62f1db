//! Makes a person known, and finds the one that a number belongs to.

use crate::{
    Call, Error, Service,
    call::{ATTEMPTS, contended},
};
use std::collections::BTreeSet;
use tillid_domain::{
    Cpr, Cvr, Instant, LocalDate, Reason,
    actor::Actor,
    event::{Event, Fact, Kind},
    id::{EmployeeId, NumberId, PersonId},
    party::Party,
    person::{Life, Person},
    text::{Login, Name},
};
use tillid_storage::{StoreError, Tx, Write};

/// A person who is to become known.
#[derive(Clone, Debug, Default)]
pub struct NewPerson {
    /// Their name, where a register tells it.
    pub name: Option<Name>,
    /// Their day of birth.
    pub born: Option<LocalDate>,
    /// Their CPR number.
    pub number: Option<Cpr>,
    /// A login of theirs: the identity provider and their name there.
    pub login: Option<(Login, Login)>,
}

/// How a caller names a person.
#[derive(Clone, Debug)]
pub enum PersonRef {
    /// By their CPR number.
    Number(Cpr),
    /// By their id here.
    Id(PersonId),
    /// An organisation that people are represented by, by its number.
    Organisation(Cvr),
    /// Somebody who works for one, by what the identity provider calls them.
    Employee(EmployeeId),
}

impl Service {
    /// Registers a person on the word of a register. The number and the login must be new.
    pub async fn register_person(&self, new: &NewPerson) -> Result<PersonId, Error> {
        let mut tx = self.store.write().await?;
        let now = self.now(&mut tx).await?;
        if let Some(number) = &new.number
            && tx.person_by_number(number).await?.is_some()
        {
            return Err(Error::Rule(Reason::NumberTaken));
        }
        if let Some((issuer, login)) = &new.login
            && tx.person_by_login(issuer, login).await?.is_some()
        {
            return Err(Error::Rule(Reason::LoginTaken));
        }
        let call = Call::by(Actor::OPERATOR);
        let (person, events) = self.registration(&call, &mut tx, new, now).await?;
        tx.commit(events, None).await?;
        Ok(person)
    }

    async fn registration(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        new: &NewPerson,
        now: Instant,
    ) -> Result<(PersonId, Vec<Event>), Error> {
        let number_id = new.number.is_some().then(|| NumberId::from_uuid(self.ambient.id()));
        let person = Person {
            id: PersonId::from_uuid(self.ambient.random_id()),
            revision: 1,
            party: Party::Citizen,
            name: new.name.clone(),
            born: new.born,
            numbers: number_id.into_iter().collect(),
            logins: BTreeSet::new(),
            life: Life::Alive,
            post_exempt_since: None,
            registered_at: now,
        };
        let fact = Fact::PersonRegistered { name: new.name.clone(), born: new.born, number: number_id };
        let mut events = vec![self.event(call, now, &person, fact)];
        if let (Some(id), Some(number)) = (number_id, &new.number) {
            tx.keep_number(id, person.id, number).await?;
        }
        let id = person.id;
        if let Some((issuer, login)) = &new.login {
            let (bound, fact) = person.bind(issuer.clone(), login.clone());
            events.push(self.event(call, now, &bound, fact));
        }
        Ok((id, events))
    }

    /// The person that is meant. A number that nobody has yet makes a person, so that what is asked about them stands in
    /// their log; an unknown id is `None`.
    pub(crate) async fn resolve(&self, call: &Call, person: &PersonRef) -> Result<Option<PersonId>, Error> {
        if let Some(id) = self.find(person).await? {
            return Ok(Some(id));
        }
        let PersonRef::Number(number) = person else { return Ok(None) };
        // Whoever comes second in a race finds the person whom the first has made.
        let mut outcome = self.make_known(call, number).await;
        for _ in 1..ATTEMPTS {
            match outcome {
                Err(ref error) if contended(error) => outcome = self.make_known(call, number).await,
                _ => break,
            }
        }
        outcome.map(Some)
    }

    /// The person that is meant, if they are known: who goes on, where they are one with another (M10). Makes nobody known.
    pub(crate) async fn find(&self, person: &PersonRef) -> Result<Option<PersonId>, Error> {
        let mut tx = self.store.read().await?;
        match person {
            PersonRef::Id(id) => {
                let found = tx.person(*id).await?.filter(|p| p.party.is_citizen());
                Ok(found.map(|person| person.goes_on_as()))
            }
            PersonRef::Number(number) => Ok(tx.person_by_number(number).await?),
            PersonRef::Organisation(_) | PersonRef::Employee(_) => Ok(None),
        }
    }

    /// Likewise whoever may represent others: a citizen, an organisation, or somebody who works for one (M5).
    pub(crate) async fn resolve_party(
        &self,
        call: &Call,
        person: &PersonRef,
    ) -> Result<Option<PersonId>, Error> {
        match person {
            PersonRef::Number(_) => self.resolve(call, person).await,
            PersonRef::Id(_) | PersonRef::Organisation(_) | PersonRef::Employee(_) => {
                self.find_party(person).await
            }
        }
    }

    /// Likewise; makes nobody known.
    pub(crate) async fn find_party(&self, person: &PersonRef) -> Result<Option<PersonId>, Error> {
        let mut tx = self.store.read().await?;
        match person {
            PersonRef::Id(id) => Ok(tx.person(*id).await?.map(|person| person.goes_on_as())),
            PersonRef::Number(number) => Ok(tx.person_by_number(number).await?),
            PersonRef::Organisation(cvr) => Ok(tx.organisation(*cvr).await?),
            PersonRef::Employee(id) => Ok(tx.employee(*id).await?),
        }
    }

    async fn make_known(&self, call: &Call, number: &Cpr) -> Result<PersonId, Error> {
        let mut tx = self.store.write().await?;
        if let Some(id) = tx.person_by_number(number).await? {
            return Ok(id);
        }
        let now = self.now(&mut tx).await?;
        let new = NewPerson { number: Some(number.clone()), ..NewPerson::default() };
        let (id, events) = self.registration(call, &mut tx, &new, now).await?;
        tx.commit(events, None).await?;
        Ok(id)
    }

    /// Binds a login to the person with that number, on the word of an issuer that vouches for citizens. Whoever was known by a
    /// look-up alone keeps what stands in their log.
    pub async fn bind_login(&self, issuer: &Login, login: &Login, number: &Cpr) -> Result<PersonId, Error> {
        let call = Call::by(Actor::OPERATOR);
        let found = self.resolve(&call, &PersonRef::Number(number.clone())).await?;
        let id = found.ok_or(Error::Denied(Reason::PersonUnknown))?;
        let mut tx = self.store.write().await?;
        tx.lock(&[id]).await?;
        if let Some(bound) = tx.person_by_login(issuer, login).await? {
            // Bound meanwhile, by another call of theirs; never taken from somebody else.
            return if bound == id { Ok(id) } else { Err(Error::Denied(Reason::PersonUnknown)) };
        }
        let now = self.now(&mut tx).await?;
        let (person, fact) = self.known_person(&mut tx, id).await?.bind(issuer.clone(), login.clone());
        let event = self.event(&call, now, &person, fact);
        tx.commit(vec![event], None).await?;
        Ok(id)
    }

    /// A person by their login, with when they became known: what a simulated register starts from.
    pub async fn person_of_login(&self, issuer: &Login, login: &Login) -> Result<Option<Person>, Error> {
        let mut tx = self.store.read().await?;
        match tx.person_by_login(issuer, login).await? {
            Some(id) => Ok(tx.person(id).await?),
            None => Ok(None),
        }
    }

    /// Whose login it is.
    pub async fn person_by_login(&self, issuer: &Login, login: &Login) -> Result<Option<PersonId>, Error> {
        let mut tx = self.store.read().await?;
        Ok(tx.person_by_login(issuer, login).await?)
    }

    /// A person that must be there: one that an event already names. One who was erased after the caller found them is not found.
    pub(crate) async fn known_person<M>(&self, tx: &mut Tx<M>, id: PersonId) -> Result<Person, Error> {
        if let Some(person) = tx.person(id).await? {
            return Ok(person);
        }
        let erased =
            tx.traces(Kind::Person, id.as_uuid()).await?.last().is_some_and(|t| t.fact == Fact::ERASED);
        let corrupt = StoreError::Corrupt { table: "person", id: Some(id.as_uuid()) };
        Err(if erased { Error::NotFound } else { corrupt.into() })
    }
}
