//! Views of those who work for organisations that people are represented by.

use serde::Serialize;
use tillid_domain::{
    Cvr, Instant,
    id::{EmployeeId, PersonId},
    party::Employment,
    person::Person,
    text::Name,
};
use utoipa::ToSchema;

/// An employee of an organisation.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmployeeView {
    /// The id here: as this person they can be given a power of attorney by name.
    #[schema(value_type = uuid::Uuid)]
    id: PersonId,
    /// How many changes there have been; the `ETag`.
    revision: u64,
    /// What the identity provider calls them, as a UUID.
    #[schema(value_type = Option<uuid::Uuid>)]
    employee_id: Option<EmployeeId>,
    /// The organisation.
    #[schema(value_type = Option<String>)]
    cvr: Option<Cvr>,
    /// Their name, where the identity provider told it.
    #[schema(value_type = Option<String>)]
    name: Option<Name>,
    /// Since when they may act for those whom the organisation represents; `null` while they may not.
    #[schema(value_type = Option<String>, format = "date-time")]
    admitted_since: Option<Instant>,
}

impl From<&Person> for EmployeeView {
    fn from(person: &Person) -> Self {
        let employment = person.employment();
        Self {
            id: person.id,
            revision: person.revision,
            employee_id: employment.map(|employment| employment.id),
            cvr: person.party.cvr(),
            name: person.name.clone(),
            admitted_since: employment.and_then(Employment::admitted_since),
        }
    }
}
