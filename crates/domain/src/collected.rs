//! How an answer reached us when the person did not give it here themselves, and what staff do on their word.

use crate::{
    catalogue::Channel,
    id::DocumentId,
    instant::{Instant, LocalDate},
    reason::Reason,
    text::{Name, Prose},
};
use serde::{Deserialize, Serialize};

/// How late staff may note what a person said or signed: as long as an unanswered request can wait at most.
const NOTED_WITHIN: i64 = 184 * 24 * 3600;

/// How an answer reached us, with its evidence. Whoever registered it is the actor of its event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case")]
pub enum Collected {
    /// The person, or a representative, answered here.
    Digital,
    /// Signed on paper.
    Paper {
        /// The day beside the signature.
        signed_on: LocalDate,
        /// The signed form.
        document: DocumentId,
    },
    /// Said to staff, who note it without delay (R-22, offentlighedsloven section 13).
    Oral {
        /// When.
        said_at: Instant,
        /// What was said, and to what.
        note: Prose,
        /// Why it was not given in writing.
        why: Prose,
    },
    /// Given elsewhere, before or beside this service.
    Imported {
        /// The system or file that it comes from.
        source: Name,
        /// What it is called there.
        reference: Name,
        /// When it was given there.
        given_at: Instant,
        /// The original, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<DocumentId>,
    },
}

impl Collected {
    /// The way.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Digital => Channel::Digital,
            Self::Paper { .. } => Channel::Paper,
            Self::Oral { .. } => Channel::Oral,
            Self::Imported { .. } => Channel::Imported,
        }
    }

    /// When the person answered, if it was registered at `recorded`.
    pub fn answered_at(&self, recorded: Instant) -> Instant {
        match self {
            Self::Digital => recorded,
            Self::Paper { signed_on, .. } => signed_on.start(),
            Self::Oral { said_at, .. } => *said_at,
            Self::Imported { given_at, .. } => *given_at,
        }
    }

    /// The document that proves it.
    pub const fn document(&self) -> Option<DocumentId> {
        match self {
            Self::Digital | Self::Oral { .. } => None,
            Self::Paper { document, .. } => Some(*document),
            Self::Imported { document, .. } => *document,
        }
    }

    /// Refuses what is said to have happened later than now, or so long ago that staff should have noted it. What is imported may be old.
    pub fn must_have_happened(&self, now: Instant) -> Result<(), Reason> {
        let at = self.answered_at(now);
        if at > now {
            return Err(Reason::AnsweredInFuture);
        }
        let noted_late = now.seconds_since(at) > NOTED_WITHIN;
        if noted_late && !matches!(self, Self::Imported { .. }) {
            return Err(Reason::AnsweredTooLongAgo);
        }
        Ok(())
    }
}

/// A person's word to staff, who then do for them what they could do themselves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case")]
pub enum Assistance {
    /// It was said, at the counter or on the telephone.
    Oral {
        /// What was said.
        note: Prose,
    },
    /// It was written.
    Paper {
        /// The letter.
        document: DocumentId,
    },
}

impl Assistance {
    /// The way in which the person told it.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Oral { .. } => Channel::Oral,
            Self::Paper { .. } => Channel::Paper,
        }
    }

    /// The document that proves it.
    pub const fn document(&self) -> Option<DocumentId> {
        match self {
            Self::Oral { .. } => None,
            Self::Paper { document } => Some(*document),
        }
    }
}

/// What is wrong with a registration, so that it never counted. The list is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnulmentGround {
    /// It is about somebody else.
    WrongPerson,
    /// The person answered something else than was registered.
    WrongContent,
    /// The person never answered.
    NeverAnswered,
    /// The same answer is registered already.
    RegisteredTwice,
}

impl AnnulmentGround {
    /// Every ground.
    pub const ALL: [Self; 4] =
        [Self::WrongPerson, Self::WrongContent, Self::NeverAnswered, Self::RegisteredTwice];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongPerson => "wrong_person",
            Self::WrongContent => "wrong_content",
            Self::NeverAnswered => "never_answered",
            Self::RegisteredTwice => "registered_twice",
        }
    }
}
