//! What authorities register of subjects and objects that are no persons, what they give to them, and questions about it.

/// Does something again while somebody else gets in between.
macro_rules! again {
    ($attempt:expr) => {{
        let mut tries = 1;
        loop {
            match $attempt.await {
                Err(error) if crate::call::contended(&error) && tries < crate::call::ATTEMPTS => tries += 1,
                outcome => break outcome,
            }
        }
    }};
}

mod ask;
mod entities;
mod grants;
mod privileges;

pub use ask::{ExternalDecided, ExternalFound};
pub use entities::NewEntity;
pub use grants::NewGrant;
pub use privileges::NewPrivilege;

use crate::{Call, Error};
use tillid_domain::{
    Cvr, Reason,
    access::{Act, Subject, may},
    actor::{Actor, Who},
};

/// A thing that was put where there may have been nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put<T> {
    /// It, as it is now.
    pub value: T,
    /// Whether there was nothing before.
    pub created: bool,
}

/// The authority that somebody acts for: their own, and no other.
fn own_authority(actor: &Actor) -> Option<Cvr> {
    match &actor.who {
        Who::Employee(employee) => Some(employee.authority),
        Who::System(machine) => Some(machine.authority),
        Who::Citizen { .. } | Who::Operator => None,
    }
}

/// The authority whose things the caller registers: their own.
fn registers(call: &Call) -> Result<Cvr, Error> {
    let authority = own_authority(&call.actor);
    may(&call.actor, Act::RegisterExternal, &Subject { authority, ..Subject::default() })?;
    authority.ok_or(Error::Denied(Reason::StaffOnly))
}
