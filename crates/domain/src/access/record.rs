//! The record of one look at a person's data.

use super::Act;
use crate::{
    Digest, Salt,
    actor::{ActorTrace, Purpose},
    decision::{Decision, Question},
    digest::canonical,
    id::{AccessId, EmployeeId, PersonId},
    instant::Instant,
    text::{CaseRef, PrivilegeUri, Prose},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a look found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something.
    Found,
    /// Nothing.
    Nothing,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Nothing => "nothing",
            Self::Refused => "refused",
        }
    }
}

/// Whether the person sees the record now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Visibility {
    /// At once.
    Normal,
    /// From a later moment on, by a decision.
    Held {
        /// On what ground.
        reason: Prose,
        /// Who decided.
        approved_by: EmployeeId,
        /// The first moment when the person sees it.
        until: Instant,
    },
}

/// One look at a person's data. A look-up's record is also the permit for the reads that follow it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessRecord {
    /// Its id; of a look-up, the look-up's.
    pub id: AccessId,
    /// When, in business time.
    pub at: Instant,
    /// At whose data.
    pub person: PersonId,
    /// By whom.
    pub actor: ActorTrace,
    /// What was done.
    pub act: Act,
    /// To which request, consent or mandate.
    pub target: Option<Uuid>,
    /// For what.
    pub purpose: Option<Purpose>,
    /// In which case.
    pub case: Option<CaseRef>,
    /// Under which look-up.
    pub lookup: Option<AccessId>,
    /// What was found.
    pub outcome: Outcome,
    /// Of a look-up, the first moment (in security time) when it permits no more reads.
    pub permits_until: Option<Instant>,
    /// Whether the person sees it.
    pub visibility: Visibility,
    /// Of a question about acting or about a consent, what was asked and answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

impl AccessRecord {
    /// The commitment to this record under its salt.
    pub fn commitment(&self, salt: &Salt) -> Digest {
        Digest::commit(salt, &canonical(self))
    }

    /// For which moment a power was used: that of the record, or the earlier one that was asked about. What is asked about a moment to
    /// come is used now.
    pub fn used_for(&self) -> Instant {
        self.decision.as_ref().map_or(self.at, |decision| decision.at.moment().min(self.at))
    }

    /// With which privilege somebody would act, where that was asked.
    pub fn privilege(&self) -> Option<&PrivilegeUri> {
        match &self.decision.as_ref()?.question {
            Question::Acting(asked) => Some(&asked.privilege),
            Question::Consent(_) => None,
        }
    }
}
