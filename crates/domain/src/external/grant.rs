//! What an authority has given to a subject of its own.

use super::{entity::EntityRef, privilege::PrivilegeRef};
use crate::{
    Cvr,
    event::{Entity, Fact, Kind, Recorded},
    id::{ExternalEntityId, ExternalGrantId, PersonId},
    instant::{Instant, Period},
    reason::Reason,
    text::{Code, EntityType},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// With which objects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objects {
    /// This one.
    One(EntityRef),
    /// Every one of this type, also those that come to be registered later.
    EveryOf(EntityType),
}

impl Objects {
    /// Their type.
    pub const fn kind(&self) -> &EntityType {
        match self {
            Self::One(object) => &object.name.kind,
            Self::EveryOf(kind) => kind,
        }
    }

    /// The one, where it is one.
    pub const fn one(&self) -> Option<ExternalEntityId> {
        match self {
            Self::One(object) => Some(object.entity),
            Self::EveryOf(_) => None,
        }
    }
}

/// The codes of the privileges that are to be given: 1 to 32 different ones.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "Vec<Code>")]
pub struct Codes(Vec<Code>);

/// There are none, too many, or one twice.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("1 to 32 different codes are asked for")]
pub struct NotCodes;

impl Codes {
    /// The most that there can be.
    pub const MOST: usize = 32;

    /// The codes, in the order in which they were named.
    pub fn as_slice(&self) -> &[Code] {
        &self.0
    }
}

impl TryFrom<Vec<Code>> for Codes {
    type Error = NotCodes;

    fn try_from(codes: Vec<Code>) -> Result<Self, NotCodes> {
        let twice = codes.iter().enumerate().any(|(at, code)| codes.iter().take(at).any(|c| c == code));
        if twice || !(1..=Self::MOST).contains(&codes.len()) { Err(NotCodes) } else { Ok(Self(codes)) }
    }
}

/// A grant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExternalGrant {
    /// Its id.
    pub id: ExternalGrantId,
    /// Its events so far; what is decided names it.
    pub revision: u64,
    /// The grantor.
    pub authority: Cvr,
    /// To whom.
    pub subject: EntityRef,
    /// Which privileges.
    pub privileges: Vec<PrivilegeRef>,
    /// With which objects.
    pub objects: Objects,
    /// When it holds.
    pub valid: Period,
    /// When it was given.
    pub given_at: Instant,
    /// What has been recorded of its end.
    pub state: GrantState,
}

/// What has been recorded of a grant's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GrantState {
    /// Nothing.
    Given,
    /// The authority revoked it.
    Revoked {
        /// The first moment when it no longer held.
        at: Instant,
    },
}

impl ExternalGrant {
    /// What tells of its beginning.
    pub fn given(&self) -> Fact {
        Fact::ExternalGranted {
            authority: self.authority,
            subject: self.subject.clone(),
            privileges: self.privileges.clone(),
            objects: self.objects.clone(),
            valid: self.valid,
        }
    }

    /// Revokes it. One that has expired can be revoked too: then it does not matter which clock is right.
    pub fn revoke(self, now: Instant) -> Result<(Self, Fact), Reason> {
        match self.state {
            GrantState::Revoked { .. } => Err(Reason::PowerRevoked),
            GrantState::Given => Ok((self.revoked(now), Fact::ExternalGrantRevoked {})),
        }
    }

    fn revoked(self, at: Instant) -> Self {
        Self { revision: self.revision + 1, state: GrantState::Revoked { at }, ..self }
    }

    /// The code of where it stands at that moment.
    pub fn standing(&self, now: Instant) -> &'static str {
        match self.state {
            GrantState::Revoked { .. } => "revoked",
            GrantState::Given if self.valid.contains(now) => "active",
            GrantState::Given if now < self.valid.from => "not_started",
            GrantState::Given => "expired",
        }
    }
}

impl Entity for ExternalGrant {
    const KIND: Kind = Kind::ExternalGrant;

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
            (None, Fact::ExternalGranted { authority, subject, privileges, objects, valid }) => Some(Self {
                id: ExternalGrantId::from_uuid(event.aggregate),
                revision: 1,
                authority: *authority,
                subject: subject.clone(),
                privileges: privileges.clone(),
                objects: objects.clone(),
                valid: *valid,
                given_at: event.recorded_at,
                state: GrantState::Given,
            }),
            (Some(grant), Fact::ExternalGrantRevoked {}) if grant.state == GrantState::Given => {
                Some(grant.revoked(event.recorded_at))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_some_and_each_once() {
        let codes = |texts: &[&str]| {
            Codes::try_from(texts.iter().map(|t| t.parse().expect("a code")).collect::<Vec<_>>())
        };
        assert!(codes(&["read", "write"]).is_ok());
        assert_eq!(codes(&[]), Err(NotCodes));
        assert_eq!(codes(&["read", "write", "read"]), Err(NotCodes));
        let many: Vec<String> = (0..33).map(|n| format!("p{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(codes(&many), Err(NotCodes));
        assert!(codes(&many[..32]).is_ok());
    }
}
