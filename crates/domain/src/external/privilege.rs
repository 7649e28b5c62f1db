//! What can be done to objects of a type, and when.

use super::{condition::Condition, value::Keys};
use crate::{
    Cvr,
    event::{Entity, Fact, Kind, Recorded},
    id::{ExternalPrivilegeId, PersonId},
    instant::Instant,
    reason::Reason,
    text::{ActionName, Code, EntityType},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a privilege says. Several can be of the same action, under different conditions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivilegeTerms {
    /// What can be done.
    pub action: ActionName,
    /// To objects of which type.
    pub object_type: EntityType,
    /// When.
    pub condition: Condition,
    /// The properties of the action that a caller's question counts with; all others of it are ignored. An action has no others:
    /// nobody registers them.
    pub caller_stated: Keys,
}

/// One registration of a privilege; see [`super::EntityRef`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivilegeRef {
    /// The registration.
    pub privilege: ExternalPrivilegeId,
    /// What it is called.
    pub code: Code,
}

/// A privilege of an authority.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExternalPrivilege {
    /// Its id here.
    pub id: ExternalPrivilegeId,
    /// Its events so far; what is decided names it.
    pub revision: u64,
    /// Whose it is.
    pub authority: Cvr,
    /// What the authority calls it.
    pub code: Code,
    /// What it says. A change holds for what was given before too.
    pub terms: PrivilegeTerms,
    /// When it was registered.
    pub registered_at: Instant,
    /// Whether it still is.
    pub state: PrivilegeState,
}

/// Whether a privilege is registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrivilegeState {
    /// It is.
    Registered,
    /// It was.
    Removed {
        /// The first moment when it no longer was.
        at: Instant,
    },
}

impl ExternalPrivilege {
    fn must_be_registered(&self) -> Result<(), Reason> {
        match self.state {
            PrivilegeState::Registered => Ok(()),
            PrivilegeState::Removed { .. } => Err(Reason::Removed),
        }
    }

    /// Says anew what can be done, and when.
    pub fn change(self, terms: PrivilegeTerms) -> Result<(Self, Fact), Reason> {
        self.must_be_registered()?;
        let fact = Fact::PrivilegeChanged { terms: terms.clone() };
        Ok((Self { revision: self.revision + 1, terms, ..self }, fact))
    }

    /// Removes it: nobody can use it from now on.
    pub fn remove(self, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_be_registered()?;
        let state = PrivilegeState::Removed { at: now };
        Ok((Self { revision: self.revision + 1, state, ..self }, Fact::PrivilegeRemoved {}))
    }

    /// This registration of it.
    pub fn reference(&self) -> PrivilegeRef {
        PrivilegeRef { privilege: self.id, code: self.code.clone() }
    }
}

impl Entity for ExternalPrivilege {
    const KIND: Kind = Kind::ExternalPrivilege;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn subjects(&self) -> Vec<PersonId> {
        Vec::new()
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        match (before, &event.fact) {
            (None, Fact::PrivilegeRegistered { authority, code, terms }) => Some(Self {
                id: ExternalPrivilegeId::from_uuid(event.aggregate),
                revision: 1,
                authority: *authority,
                code: code.clone(),
                terms: terms.clone(),
                registered_at: event.recorded_at,
                state: PrivilegeState::Registered,
            }),
            (Some(privilege), Fact::PrivilegeChanged { terms }) => {
                privilege.change(terms.clone()).ok().map(|(privilege, _)| privilege)
            }
            (Some(privilege), Fact::PrivilegeRemoved {}) => {
                privilege.remove(event.recorded_at).ok().map(|(privilege, _)| privilege)
            }
            _ => None,
        }
    }
}
