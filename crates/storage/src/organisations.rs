//! Organisations that people are represented by, those who work for them, and the powers that they have through them (M5).

use crate::{
    StoreError,
    column::RowRef,
    custody::list_column,
    decide::ActingKey,
    engine::{Read, Tx, Write, on, run},
};
use sqlx::FromRow;
use tillid_domain::{
    Cvr,
    decision::PowerSeen,
    event::{Event, Fact},
    id::{EmployeeId, PersonId},
    party::{Employment, Party, Stint},
    person::Person,
};
use uuid::Uuid;

/// What a row of a person says of what they are.
#[derive(FromRow)]
pub(crate) struct PartyRow {
    cvr: Option<String>,
    employer_id: Option<Uuid>,
    employee_id: Option<Uuid>,
    stints: Option<String>,
}

impl PartyRow {
    pub(crate) fn read(self, at: RowRef) -> Result<Party, StoreError> {
        let cvr: Option<Cvr> = at.text_opt(self.cvr.as_deref())?;
        let stints: Vec<Stint> = at.list(self.stints.as_deref())?;
        match (cvr, self.employer_id, self.employee_id) {
            (None, None, None) if stints.is_empty() => Ok(Party::Citizen),
            (Some(cvr), None, None) if stints.is_empty() => Ok(Party::Organisation { cvr }),
            (Some(cvr), Some(employer), Some(employee)) => Ok(Party::Employee(Employment {
                organisation: PersonId::from_uuid(employer),
                cvr,
                id: EmployeeId::from_uuid(employee),
                stints,
            })),
            _ => Err(at.corrupt()),
        }
    }
}

impl<Mode> Tx<Mode> {
    /// The organisation with that number.
    pub async fn organisation(&mut self, cvr: Cvr) -> Result<Option<PersonId>, StoreError> {
        const SQL: &str = "SELECT id FROM person WHERE cvr = $1 AND employer_id IS NULL";
        let id: Option<Uuid> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(cvr.to_string()).fetch_optional(conn).await)?;
        Ok(id.map(PersonId::from_uuid))
    }

    /// The employee whom an identity provider knows by that.
    pub async fn employee(&mut self, id: EmployeeId) -> Result<Option<PersonId>, StoreError> {
        const SQL: &str = "SELECT id FROM person WHERE employee_id = $1";
        let found: Option<Uuid> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        Ok(found.map(PersonId::from_uuid))
    }

    /// Who works for an organisation, after an id.
    pub async fn employees_of(
        &mut self,
        organisation: PersonId,
        after: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<Person>, StoreError> {
        const SQL: &str = "SELECT id FROM person WHERE employer_id = $1 AND id > $2 ORDER BY id LIMIT $3";
        let ids: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(organisation.as_uuid())
            .bind(after.map_or(Uuid::nil(), PersonId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        let mut employees = Vec::with_capacity(ids.len());
        for id in ids {
            employees.extend(self.person(PersonId::from_uuid(id)).await?);
        }
        Ok(employees)
    }
}

impl Tx<Read> {
    /// The powers that an employee's organisation has for the grantor of a question, as known when so much was known of the grantor.
    pub(crate) async fn powers_through(
        &mut self,
        key: &ActingKey,
        representative: &Party,
        version: u64,
    ) -> Result<Vec<PowerSeen>, StoreError> {
        let Party::Employee(employment) = representative else { return Ok(Vec::new()) };
        let theirs = ActingKey { representative: employment.organisation, ..key.clone() };
        self.powers_known(&theirs, version).await
    }
}

impl Tx<Write> {
    /// The row of whoever is here for an organisation, or is one; their version is counted up like everyone's.
    pub(crate) async fn introduce_party(&mut self, event: &Event) -> Result<(), StoreError> {
        let (name, cvr, employer, employee) = match &event.fact {
            Fact::OrganisationRegistered { cvr, name } => (Some(name), cvr, None, None),
            Fact::EmployeeRegistered { organisation, cvr, employee, name } => {
                (name.as_ref(), cvr, Some(organisation.as_uuid()), Some(employee.as_uuid()))
            }
            _ => return Ok(()),
        };
        run!(self, sqlx::query(
            "INSERT INTO person (id, revision, version, name, registered_at, cvr, employer_id, employee_id) VALUES ($1, 1, 0, $2, $3, $4, $5, $6)"
        )
        .bind(event.aggregate)
        .bind(name.map(|n| n.as_str().to_owned()))
        .bind(event.at.as_micros())
        .bind(cvr.to_string())
        .bind(employer)
        .bind(employee))?;
        self.locked.push(PersonId::from_uuid(event.aggregate));
        Ok(())
    }

    /// When an employee may act, as the event leaves it.
    pub(crate) async fn set_stints(&mut self, employee: &Person) -> Result<(), StoreError> {
        let stints = employee.employment().and_then(|employment| list_column(&employment.stints));
        run!(
            self,
            sqlx::query("UPDATE person SET stints = $2 WHERE id = $1")
                .bind(employee.id.as_uuid())
                .bind(stints)
        )?;
        Ok(())
    }
}
