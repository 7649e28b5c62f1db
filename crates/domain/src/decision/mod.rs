//! May this person act for that person, and does a consent hold: what is asked, what is known, and the answer.
//!
//! Everything here is a function of what it is given. The same question put to the same facts, at the same moment, is the same
//! answer: that is how an answer given years ago is reproduced.

mod acting;
mod book;
mod consent;
mod record;
#[cfg(test)]
mod tests;
mod told;

pub use acting::{ActingFacts, PowerSeen, decide_acting};
pub use book::{Book, KnownItem, KnownPrivilege};
pub use consent::{ConsentFacts, ConsentSeen, decide_consent};
pub use record::{Decision, Seen};
pub use told::told;

use crate::{
    Cvr, Instant, Kle, Reason,
    actor::Sensitivity,
    id::PersonId,
    text::{CaseRef, Code, PrivilegeUri},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The rules by which answers are made. Counted up when the same facts would lead to another answer.
pub const RULES: u32 = 2;

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "asks", rename_all = "snake_case")]
pub enum Question {
    /// Whether somebody may act for a person.
    Acting(Acting),
    /// Whether a consent of a person holds.
    Consent(ConsentCheck),
}

impl Question {
    /// The person whose data the answer tells of; of a power, the grantor.
    pub const fn person(&self) -> PersonId {
        match self {
            Self::Acting(asked) => asked.grantor,
            Self::Consent(asked) => asked.person,
        }
    }

    /// The other person that it tells of.
    pub const fn representative(&self) -> Option<PersonId> {
        match self {
            Self::Acting(asked) => Some(asked.representative),
            Self::Consent(_) => None,
        }
    }

    /// The case that it is about.
    pub const fn case(&self) -> Option<&CaseRef> {
        match self {
            Self::Acting(Acting { case, .. }) | Self::Consent(ConsentCheck { case, .. }) => case.as_ref(),
        }
    }
}

/// Whether somebody may use a privilege for a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Acting {
    /// Who would act.
    pub representative: PersonId,
    /// With which privilege.
    pub privilege: PrivilegeUri,
    /// For whom.
    pub grantor: PersonId,
    /// In which case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseRef>,
}

/// What an authority would do with a person's data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Obtain it from somebody.
    Obtain,
    /// Disclose it to somebody.
    Disclose,
    /// Use what it has.
    Use,
}

/// Whether a consent lets an authority do something with a person's data. Every axis that is named must be covered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConsentCheck {
    /// Which authority.
    pub authority: Cvr,
    /// What it would do.
    pub operation: Operation,
    /// Whose data.
    pub person: PersonId,
    /// Which category.
    pub category: Code,
    /// Under which type of consent only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_type: Option<Code>,
    /// From whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Code>,
    /// To whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Code>,
    /// In which case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseRef>,
}

/// The moment that is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", content = "moment", rename_all = "snake_case")]
pub enum ValidAt {
    /// The moment at which it is answered. What has an end on record is over, whatever the clock of the node says that answers:
    /// one that is behind must not find what another has ended.
    Now(Instant),
    /// A moment that the caller names, past or to come.
    Moment(Instant),
}

impl ValidAt {
    /// The moment.
    pub const fn moment(self) -> Instant {
        match self {
            Self::Now(at) | Self::Moment(at) => at,
        }
    }
}

/// Who asks, as far as the answer depends on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asker {
    /// One of the persons concerned.
    Party,
    /// An employee of an authority, within the limits of their role.
    Employee {
        /// The authority.
        authority: Cvr,
        /// The fields of work.
        kle: Vec<Kle>,
        /// The most sensitive data.
        sensitivity: Sensitivity,
    },
    /// A system of an authority.
    System {
        /// The authority.
        authority: Cvr,
        /// Whether it said for what it asks.
        has_purpose: bool,
    },
}

impl Asker {
    /// Whether what belongs to that authority, in that field and so sensitive, is this asker's to know.
    fn sees(&self, of: Cvr, field: Option<&Kle>, how: Sensitivity) -> bool {
        match self {
            Self::Party => true,
            Self::Employee { authority, kle, sensitivity } => {
                *authority == of
                    && field.is_none_or(|field| kle.iter().any(|mine| mine.covers(field)))
                    && how <= *sensitivity
            }
            Self::System { authority, .. } => *authority == of,
        }
    }
}

/// What a yes rests on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Ground {
    /// What it is: `MANDATE_DIGITAL`, `CONSENT` ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: Uuid,
    /// Its version.
    pub version: u64,
}

/// An answer, with everything that is known of why. What a caller is told of it depends on who they are: see [`told`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Yes or no.
    pub verdict: Verdict,
    /// The smallest thing that people could give to make a no a yes; empty where nothing can.
    pub would_permit: Vec<Missing>,
}

/// Yes or no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Yes.
    Yes {
        /// What it rests on, never empty; in the order of the ids.
        basis: Vec<Ground>,
        /// The first moment for which the answer would be no, as far as is known; `None` where no end is known.
        valid_until: Option<Instant>,
    },
    /// No.
    No(Reason),
}

impl Answer {
    /// A no that nothing can be done about by asking somebody.
    pub const fn no(reason: Reason) -> Self {
        Self { verdict: Verdict::No(reason), would_permit: Vec::new() }
    }

    /// Whether it is a yes.
    pub const fn is_yes(&self) -> bool {
        matches!(self.verdict, Verdict::Yes { .. })
    }
}

/// Something that somebody could be asked for, exactly as the request is made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Missing {
    /// A mandate: the body of `POST /v1/mandate-requests`.
    MandateRequest {
        /// Who would give it.
        grantor: PersonAsked,
        /// Who would get it.
        representative: PersonAsked,
        /// The package.
        packages: Vec<Code>,
        /// The one privilege of it.
        privileges: Vec<PrivilegeUri>,
        /// For the case that was asked about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<CaseRef>,
    },
    /// A consent: the body of `POST /v1/consent-requests`.
    ConsentRequest {
        /// Who would give it.
        person: PersonAsked,
        /// The type.
        consent_type: Code,
        /// The one specific consent of it.
        items: Vec<Code>,
        /// For the case that was asked about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<CaseRef>,
    },
}

/// A person in the body of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonAsked {
    /// Their id.
    pub id: PersonId,
}
