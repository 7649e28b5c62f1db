//! Something that an authority has registered: a subject or an object, by a type and an id of the authority's own.

use super::value::{Keys, Properties};
use crate::{
    Cvr,
    event::{Entity, Fact, Kind, Recorded},
    id::{ExternalEntityId, PersonId},
    instant::Instant,
    reason::Reason,
    text::{EntityId, EntityType},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the authority calls it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityName {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: EntityType,
    /// Its id, unique within the type.
    pub id: EntityId,
}

/// One registration of something: when it was removed and registered again under the same name, it is another one, and what was
/// given to the first is not given to the second.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityRef {
    /// The registration.
    pub entity: ExternalEntityId,
    /// What it is called.
    pub name: EntityName,
}

/// A subject or an object of an authority.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExternalEntity {
    /// Its id here.
    pub id: ExternalEntityId,
    /// Its events so far.
    pub revision: u64,
    /// Whose it is.
    pub authority: Cvr,
    /// What the authority calls it.
    pub name: EntityName,
    /// What is known of it.
    pub properties: Properties,
    /// The properties that a caller of the authority may state otherwise in a question.
    pub caller_stated: Keys,
    /// When it was registered.
    pub registered_at: Instant,
    /// Whether it still is.
    pub state: EntityState,
}

/// Whether something is registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntityState {
    /// It is.
    Registered,
    /// It was.
    Removed {
        /// The first moment when it no longer was.
        at: Instant,
    },
}

impl ExternalEntity {
    fn must_be_registered(&self) -> Result<(), Reason> {
        match self.state {
            EntityState::Registered => Ok(()),
            EntityState::Removed { .. } => Err(Reason::Removed),
        }
    }

    /// Says anew what is known of it.
    pub fn change(self, properties: Properties, caller_stated: Keys) -> Result<(Self, Fact), Reason> {
        self.must_be_registered()?;
        let fact =
            Fact::EntityChanged { properties: properties.clone(), caller_stated: caller_stated.clone() };
        Ok((Self { revision: self.revision + 1, properties, caller_stated, ..self }, fact))
    }

    /// Removes it: it can do nothing from now on, and nothing can be done with it.
    pub fn remove(self, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_be_registered()?;
        let state = EntityState::Removed { at: now };
        Ok((Self { revision: self.revision + 1, state, ..self }, Fact::EntityRemoved {}))
    }

    /// This registration of it.
    pub fn reference(&self) -> EntityRef {
        EntityRef { entity: self.id, name: self.name.clone() }
    }
}

impl Entity for ExternalEntity {
    const KIND: Kind = Kind::ExternalEntity;

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
            (None, Fact::EntityRegistered { authority, name, properties, caller_stated }) => Some(Self {
                id: ExternalEntityId::from_uuid(event.aggregate),
                revision: 1,
                authority: *authority,
                name: name.clone(),
                properties: properties.clone(),
                caller_stated: caller_stated.clone(),
                registered_at: event.recorded_at,
                state: EntityState::Registered,
            }),
            (Some(entity), Fact::EntityChanged { properties, caller_stated }) => {
                entity.change(properties.clone(), caller_stated.clone()).ok().map(|(entity, _)| entity)
            }
            (Some(entity), Fact::EntityRemoved {}) => {
                entity.remove(event.recorded_at).ok().map(|(entity, _)| entity)
            }
            _ => None,
        }
    }
}
