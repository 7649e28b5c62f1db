//! Every kind of id, once. All are UUIDs; their types keep them apart.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// What is not a UUID in its hyphenated form.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not an id")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this value.
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The value, for storage.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if text.len() != 36 {
                    return Err(NotAnId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }
    )+};
}

ids! {
    /// What several give or hold together.
    JointId,
    /// A person. Stays the same when the CPR number changes.
    PersonId,
    /// One CPR number of a person, without saying which.
    NumberId,
    /// An employee in the service of one authority; another authority knows the same human by another id.
    EmployeeId,
    /// One version of a consent type or mandate package.
    EntryId,
    /// What was shown to a person before they chose.
    PresentationId,
    /// An authority's question to a person.
    RequestId,
    /// A question for a power of attorney.
    MandateRequestId,
    /// One answer to one presentation; holds one or more consents.
    DeclarationId,
    /// One specific consent.
    ConsentId,
    /// Evidence that somebody handed over.
    DocumentId,
    /// What an authority has to do.
    TaskId,
    /// One power of attorney.
    MandateId,
    /// The registration of a machine client.
    RegistrationId,
    /// Something of an authority's that is no person, while it is registered.
    ExternalEntityId,
    /// What can be done to such things, while it is registered.
    ExternalPrivilegeId,
    /// What an authority has given to something of its own.
    ExternalGrantId,
    /// One statement of who has custody of a child.
    CustodyId,
    /// A guardianship or a lasting power.
    StatutoryId,
    /// Something that happened, as the journal keeps it.
    EventId,
    /// One look at a person's data; doubles as the look-up's id.
    AccessId,
    /// The access records that were made durable together.
    BatchId,
    /// Something that a person is told by post; also the id of the message.
    NoticeId,
    /// A browser session.
    SessionId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_from_its_text_and_from_no_other_spelling() {
        let id = PersonId::from_uuid(Uuid::from_u128(7));
        assert_eq!(id.to_string().parse(), Ok(id));
        for other in ["", "7", "00000000000000000000000000000007", "{00000000-0000-0000-0000-000000000007}"] {
            assert_eq!(other.parse::<PersonId>(), Err(NotAnId), "{other}");
        }
    }
}
