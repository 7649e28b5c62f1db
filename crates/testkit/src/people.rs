//! Who calls: citizens, staff and systems, as their logins would make them.

use crate::catalogue::cvr;
use tillid_domain::{
    Digest,
    actor::{Actor, Assurance, Employee, Machine, Purpose, Role, Scope, Sensitivity, Who},
    id::{AccessId, EmployeeId, PersonId},
};
use tillid_service::{Call, Key, Service};
use uuid::Uuid;

/// The key of the authority whose staff ask and look up.
pub const OWN: &str = "eksempel-kommune";
/// The key of another one.
pub const OTHER: &str = "nabo-kommune";

fn surely(who: Who) -> Call {
    Call::by(Actor { who, assurance: Assurance::Substantial, authenticated_at: None })
}

/// A citizen on their own behalf.
pub fn citizen(person: PersonId) -> Call {
    surely(Who::Citizen { person, acting_for: None, at_work: None })
}

/// A citizen for another.
pub fn acting(person: PersonId, acting_for: PersonId) -> Call {
    surely(Who::Citizen { person, acting_for: Some(acting_for), at_work: None })
}

/// Somebody at work for an organisation, as it lets them act now: as itself, or in their own name.
pub async fn at_work(service: &Service, employee: PersonId, in_own_name: bool, administers: bool) -> Call {
    let seen = service.employee_seen(employee).await.unwrap();
    let at_work = Some(seen.at_work(administers));
    surely(Who::Citizen { person: seen.acts_as(in_own_name), acting_for: None, at_work })
}

/// The same, for another.
pub fn acting_at_work(call: &Call, grantor: PersonId) -> Call {
    let mut call = call.clone();
    if let Who::Citizen { acting_for, .. } = &mut call.actor.who {
        *acting_for = Some(grantor);
    }
    call
}

/// An employee who may see everything of their authority, in these roles.
pub fn employee(authority: &str, roles: &[Role], id: u128) -> Employee {
    Employee {
        id: EmployeeId::from_uuid(Uuid::from_u128(id)),
        person: None,
        authority: cvr(authority),
        roles: roles.to_vec(),
        kle: vec!["*".parse().unwrap()],
        sensitivity: Sensitivity::Special,
    }
}

/// A call by that employee.
pub fn staff(employee: Employee) -> Call {
    surely(Who::Employee(employee))
}

/// A caseworker of that authority.
pub fn caseworker(authority: &str) -> Call {
    staff(employee(authority, &[Role::Caseworker], 100))
}

/// One of an authority's catalogue administrators.
pub fn administrator(authority: &str, id: u128) -> Call {
    staff(employee(authority, &[Role::CatalogueAdministrator], 200 + id))
}

/// An authority's system.
pub fn machine(authority: &str) -> Call {
    let purposes = vec![Purpose::AutomatedStep];
    surely(Who::System(Machine {
        client: "fagsystem".parse().unwrap(),
        authority: cvr(authority),
        purposes,
        scopes: Scope::ALL.to_vec(),
    }))
}

/// The call with an idempotency key, and a fingerprint of what was sent with it.
#[must_use]
pub fn keyed(call: Call, key: &str, sent: &str) -> Call {
    Call { key: Some(Key { key: key.to_owned(), fingerprint: Digest::of(sent.as_bytes()) }), ..call }
}

/// The call with the revision that the caller expects.
#[must_use]
pub fn expecting(call: Call, revision: u64) -> Call {
    Call { expected: Some(revision), ..call }
}

/// The call under a look-up.
#[must_use]
pub fn under(call: Call, lookup: AccessId) -> Call {
    Call { lookup: Some(lookup), ..call }
}

/// The call with a weaker login.
#[must_use]
pub fn unsure(call: Call) -> Call {
    Call { actor: Actor { assurance: Assurance::Low, ..call.actor }, ..call }
}

/// The system's call with these scopes and no others.
#[must_use]
pub fn scoped(call: Call, scopes: Vec<Scope>) -> Call {
    let Who::System(machine) = call.actor.who else { panic!("not a system") };
    Call { actor: Actor { who: Who::System(Machine { scopes, ..machine }), ..call.actor }, ..call }
}
