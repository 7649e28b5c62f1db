//! Views of what an authority has registered and given.

use serde::Serialize;
use tillid_domain::{
    Instant,
    external::{
        Condition, EntityName, EntityState, ExternalEntity, ExternalGrant, ExternalPrivilege, GrantState,
        Keys, Objects, PrivilegeState, Properties,
    },
    id::ExternalGrantId,
};
use utoipa::ToSchema;

/// A subject or an object of an authority.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExternalEntityView {
    /// Its type.
    #[schema(example = "user")]
    r#type: String,
    /// Its id.
    #[schema(example = "alice")]
    id: String,
    /// What is known of it.
    #[schema(value_type = Object)]
    properties: Properties,
    /// The properties that a question may state otherwise.
    #[schema(value_type = Vec<String>)]
    caller_stated: Keys,
    /// `registered` or `removed`.
    state: &'static str,
    /// How many changes it has had; the `ETag`.
    revision: u64,
    /// When it was registered.
    #[schema(value_type = String, format = "date-time")]
    registered_at: Instant,
    /// When it was removed.
    #[schema(value_type = Option<String>, format = "date-time")]
    removed_at: Option<Instant>,
}

impl From<ExternalEntity> for ExternalEntityView {
    fn from(entity: ExternalEntity) -> Self {
        let (state, removed_at) = match entity.state {
            EntityState::Registered => ("registered", None),
            EntityState::Removed { at } => ("removed", Some(at)),
        };
        Self {
            r#type: entity.name.kind.to_string(),
            id: entity.name.id.to_string(),
            properties: entity.properties,
            caller_stated: entity.caller_stated,
            state,
            revision: entity.revision,
            registered_at: entity.registered_at,
            removed_at,
        }
    }
}

/// What can be done to objects of a type, and when.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExternalPrivilegeView {
    /// Its code.
    #[schema(example = "write")]
    code: String,
    /// What can be done.
    #[schema(example = "write")]
    action: String,
    /// To objects of which type.
    #[schema(example = "record")]
    object_type: String,
    /// When.
    #[schema(value_type = Object)]
    condition: Condition,
    /// The properties of the action that count when a question states them.
    #[schema(value_type = Vec<String>)]
    caller_stated: Keys,
    /// `registered` or `removed`.
    state: &'static str,
    /// How many changes it has had; the `ETag`.
    revision: u64,
    /// When it was registered.
    #[schema(value_type = String, format = "date-time")]
    registered_at: Instant,
    /// When it was removed.
    #[schema(value_type = Option<String>, format = "date-time")]
    removed_at: Option<Instant>,
}

impl From<ExternalPrivilege> for ExternalPrivilegeView {
    fn from(privilege: ExternalPrivilege) -> Self {
        let (state, removed_at) = match privilege.state {
            PrivilegeState::Registered => ("registered", None),
            PrivilegeState::Removed { at } => ("removed", Some(at)),
        };
        Self {
            code: privilege.code.to_string(),
            action: privilege.terms.action.to_string(),
            object_type: privilege.terms.object_type.to_string(),
            condition: privilege.terms.condition,
            caller_stated: privilege.terms.caller_stated,
            state,
            revision: privilege.revision,
            registered_at: privilege.registered_at,
            removed_at,
        }
    }
}

/// A subject or an object by its name.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExternalNameView {
    /// Its type.
    #[schema(example = "user")]
    r#type: String,
    /// Its id; `null` for every one of the type.
    #[schema(example = "alice")]
    id: Option<String>,
}

impl From<EntityName> for ExternalNameView {
    fn from(name: EntityName) -> Self {
        Self { r#type: name.kind.to_string(), id: Some(name.id.to_string()) }
    }
}

/// What an authority has given to a subject of its own.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExternalGrantView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: ExternalGrantId,
    /// To whom.
    subject: ExternalNameView,
    /// The codes of the privileges.
    privileges: Vec<String>,
    /// With which object, or every one of a type.
    objects: ExternalNameView,
    /// The first moment when it holds.
    #[schema(value_type = String, format = "date-time")]
    valid_from: Instant,
    /// The first moment when it no longer does; `null` when it has no end.
    #[schema(value_type = Option<String>, format = "date-time")]
    valid_until: Option<Instant>,
    /// `active`, `not_started`, `expired` or `revoked`, at this moment.
    state: &'static str,
    /// How many changes it has had; the `ETag`.
    revision: u64,
    /// When it was given.
    #[schema(value_type = String, format = "date-time")]
    given_at: Instant,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = "date-time")]
    revoked_at: Option<Instant>,
}

impl ExternalGrantView {
    pub(crate) fn new(grant: ExternalGrant, now: Instant) -> Self {
        let state = grant.standing(now);
        Self {
            id: grant.id,
            subject: grant.subject.name.into(),
            privileges: grant.privileges.iter().map(|p| p.code.to_string()).collect(),
            objects: match grant.objects {
                Objects::One(object) => object.name.into(),
                Objects::EveryOf(kind) => ExternalNameView { r#type: kind.to_string(), id: None },
            },
            valid_from: grant.valid.from,
            valid_until: grant.valid.to,
            state,
            revision: grant.revision,
            given_at: grant.given_at,
            revoked_at: match grant.state {
                GrantState::Given => None,
                GrantState::Revoked { at } => Some(at),
            },
        }
    }
}
