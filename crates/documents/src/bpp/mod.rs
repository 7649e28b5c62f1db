//! OIO Basic Privilege Profile: how Danish identity providers tell a service what somebody may do, and for whom.
//!
//! [`to_xml`] writes a list of groups in version 1.2 or in the older 1.0.1, and [`to_base64`] as it stands in an assertion; [`read`] reads what
//! others write, which differs in namespaces, order and case. Each group says for whom it is: the scope.

mod model;
mod read;
mod write;

pub use model::{
    Constraint, MAX_GROUPS, MAX_PRIVILEGES, NotAPrivilege, NotAScope, Privilege, PrivilegeGroup,
    ProductionUnit, Profile, Scope,
};
pub use read::{MAX_BYTES, NotPrivileges, read};
pub use write::{to_base64, to_xml};
