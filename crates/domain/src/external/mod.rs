//! What an authority has registered of subjects and objects that are no persons: users of its systems, records of its registers,
//! and what the ones may do with the others.
//!
//! The authority answers for all of it, and is the grantor of every [`ExternalGrant`]. Nothing here concerns a person, and no CPR
//! number gets in. Whether something is permitted is [`decide`]d from what is registered and, for the keys that the authority has
//! declared *caller-stated*, from what its caller says in the question.

mod condition;
mod decide;
mod entity;
mod grant;
mod privilege;
#[cfg(test)]
mod properties;
mod record;
mod value;

pub use condition::{Condition, NotACondition, Side, Term};
pub use decide::{
    Basis, Facts, Held, Known, No, Question, Search, Stated, StatedAction, StatedProperties, Verdict, decide,
};
pub use entity::{EntityName, EntityRef, EntityState, ExternalEntity};
pub use grant::{Codes, ExternalGrant, GrantState, NotCodes, Objects};
pub use privilege::{ExternalPrivilege, PrivilegeRef, PrivilegeState, PrivilegeTerms};
pub use record::{Answered, Asked, AskedAction, AskedEntity, ExternalRecord, LookedAt, Version};
pub use value::{Keys, NotProperties, Number, Properties, Scalar, Value};

use crate::text::EntityType;

/// The types that mean something here already: of them nobody registers anything.
pub const RESERVED_TYPES: [&str; 3] = ["person", "person-data", "organisation"];

/// Whether the type means something here already.
pub fn is_reserved(kind: &EntityType) -> bool {
    RESERVED_TYPES.contains(&kind.as_str())
}
