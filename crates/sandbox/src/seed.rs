//! Fills an empty installation with the demo world; on one that has it already, it changes nothing.

use crate::{
    catalogue::{SeedError, definitions},
    people::{Employer, ORGANISATIONS, PEOPLE, SYSTEMS},
    tokens::{Broker, employee_id},
};
use serde_json::Value;
use std::collections::BTreeMap;
use tillid_domain::{
    LocalDate,
    actor::Scope,
    client::{KeySet, Keys, Quota, Registration, Scopes},
    family::Holder,
    source::Source,
    statutory::{Area, Form},
    text::Login,
};
use tillid_service::{
    Error, NewCharge, NewClient, NewCustody, NewEmployee, NewPerson, NewStatutory, PersonRef, Service,
};

/// Why the demo world could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A file of the seed catalogue cannot be read.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The service refused.
    #[error(transparent)]
    Service(#[from] Error),
    /// A system cannot be registered.
    #[error("the system {0} cannot be registered")]
    System(&'static str),
}

/// Registers the people and publishes the catalogue. Returns the first day of this demo, from which birthdays are counted.
pub async fn set_up(service: &Service, broker: &Broker) -> Result<LocalDate, SetUpError> {
    for definition in definitions(broker.authorities())? {
        service.import_entry(definition).await?;
    }
    let first_day = first_day(service, broker).await?;
    let (mut clara_is_new, mut finn_is_new) = (false, false);
    for somebody in &PEOPLE {
        let Some(login) = login(broker, somebody.key) else { continue };
        if service.person_by_login(&login.0, &login.1).await?.is_none() {
            let new = NewPerson {
                name: somebody.name.parse().ok(),
                born: Some(somebody.born(first_day)),
                number: somebody.number(first_day),
                login: Some(login),
            };
            service.register_person(&new).await?;
            clara_is_new |= somebody.key == "clara";
            finn_is_new |= somebody.key == "finn";
        }
    }
    set_up_organisations(service, broker).await?;
    if clara_is_new {
        set_up_family(service, broker).await?;
    }
    if finn_is_new {
        set_up_guardianship(service, broker).await?;
    }
    Ok(first_day)
}

/// Those who work for organisations become known, and the organisations with them; none of them may act yet.
async fn set_up_organisations(service: &Service, broker: &Broker) -> Result<(), SetUpError> {
    for somebody in &PEOPLE {
        for (nth, job) in somebody.work.iter().enumerate() {
            let organisation = ORGANISATIONS.iter().any(|organisation| organisation.key == job.employer);
            let employer = Employer::of(job.employer, broker.authorities()).filter(|_| organisation);
            let (Some(employer), Some(employee)) = (employer, employee_id(somebody, nth)) else { continue };
            let new = NewEmployee {
                cvr: employer.cvr,
                organisation: employer.name.da.as_str().parse().ok(),
                employee,
                name: somebody.name.parse().ok(),
            };
            service.employee_at_work(&new).await?;
        }
    }
    Ok(())
}

/// Clara lives with her mother; her parents live apart and share custody.
async fn set_up_family(service: &Service, broker: &Broker) -> Result<(), Error> {
    let mut found = Vec::new();
    for key in ["clara", "dorte", "erik"] {
        let Some((issuer, login)) = login(broker, key) else { continue };
        found.extend(service.person_by_login(&issuer, &login).await?);
    }
    let [child, mother, father] = found.as_slice() else { return Ok(()) };
    let holders =
        vec![Holder { person: *mother, lives_with: true }, Holder { person: *father, lives_with: false }];
    let source = Source::Register {};
    service.state_custody(&NewCustody { child: *child, holders, from: None, source }).await?;
    Ok(())
}

/// Gitte is her brother's guardian, in everything (værgemålsloven section 5).
async fn set_up_guardianship(service: &Service, broker: &Broker) -> Result<(), Error> {
    let mut found = Vec::new();
    for key in ["finn", "gitte"] {
        let Some((issuer, login)) = login(broker, key) else { continue };
        found.extend(service.person_by_login(&issuer, &login).await?);
    }
    let [ward, guardian] = found.as_slice() else { return Ok(()) };
    let charge = NewCharge {
        form: Form::Guardianship,
        areas: Area::ALL.into(),
        holders: vec![PersonRef::Id(*guardian)],
        from: None,
        until: None,
    };
    let new = NewStatutory::Guardianship(charge);
    service.tell_statutory(*ward, &new, &Source::Register {}).await.map(drop)
}

/// What the systems of the demo world call themselves.
pub fn systems() -> impl Iterator<Item = &'static str> {
    SYSTEMS.iter().map(|system| system.key)
}

/// Registers the systems that are not registered yet, each with the JWK set of its name.
pub async fn register_systems(
    service: &Service,
    broker: &Broker,
    keys: &BTreeMap<String, Value>,
) -> Result<(), SetUpError> {
    for system in &SYSTEMS {
        let (Some(authority), Some(keys)) =
            (broker.authorities().get(system.authority), keys.get(system.key))
        else {
            continue;
        };
        let new = NewClient {
            client: Some(system.key.parse().map_err(|_| SetUpError::System(system.key))?),
            registration: Registration {
                name: system.about_da.parse().map_err(|_| SetUpError::System(system.key))?,
                scopes: Scopes::new(Scope::ALL).ok_or(SetUpError::System(system.key))?,
                purposes: system.purposes.iter().copied().collect(),
                keys: KeySet::parse(&keys.to_string())
                    .map(Keys::Jwks)
                    .map_err(|_| SetUpError::System(system.key))?,
                binding: system.binding,
                quota: Quota::USUAL,
                resource: None,
            },
        };
        service.import_client(authority.cvr, &new).await?;
    }
    Ok(())
}

/// The day on which the first of the people became known; today, when nobody is yet.
pub(crate) async fn first_day(service: &Service, broker: &Broker) -> Result<LocalDate, Error> {
    if let Some((issuer, login)) = login(broker, "anna")
        && let Some(anna) = service.person_of_login(&issuer, &login).await?
    {
        return Ok(anna.registered_at.local_date());
    }
    Ok(service.business_now().await?.local_date())
}

/// Somebody's login at the broker.
pub(crate) fn login(broker: &Broker, key: &str) -> Option<(Login, Login)> {
    Some((broker.issuer().parse().ok()?, key.parse().ok()?))
}
