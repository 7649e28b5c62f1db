//! Fills an empty installation with the demo world; on one that has it already, it changes nothing.

use crate::{
    catalogue::{SeedError, definitions},
    people::PEOPLE,
    tokens::Broker,
};
use tillid_domain::{LocalDate, text::Login};
use tillid_service::{Error, NewPerson, Service};

/// Why the demo world could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A file of the seed catalogue cannot be read.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The service refused.
    #[error(transparent)]
    Service(#[from] Error),
}

/// Registers the people and publishes the catalogue. Returns the first day of this demo, from which birthdays are counted.
pub async fn set_up(service: &Service, broker: &Broker) -> Result<LocalDate, SetUpError> {
    for definition in definitions(broker.authorities())? {
        service.import_entry(definition).await?;
    }
    let first_day = first_day(service, broker).await?;
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
        }
    }
    Ok(first_day)
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
