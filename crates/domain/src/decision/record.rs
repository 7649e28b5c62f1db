//! What is kept of an answer, so that it can be given again.

use super::{Answer, Ground, Question, RULES, ValidAt, Verdict};
use crate::Instant;
use serde::{Deserialize, Serialize};

/// A question with the answer that was given to it, and everything that the answer depended on. Part of the record of the look.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// What was asked.
    pub question: Question,
    /// For which moment.
    pub at: ValidAt,
    /// Whether the answer was yes.
    pub decision: bool,
    /// The code of why not, in full: what the caller was told of it is a function of who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a yes rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<Ground>,
    /// The end of a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Instant>,
    /// What was looked at.
    pub seen: Seen,
}

/// What was looked at, and by which rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// The version of the person; of a power, of the grantor.
    pub person: u64,
    /// The version of the representative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub representative: Option<u64>,
    /// How many events the catalogues had had.
    pub catalogue: u64,
    /// The rules.
    pub rules: u32,
    /// The build of the service.
    pub build: String,
}

impl Decision {
    /// The record of an answer.
    pub fn new(question: Question, at: ValidAt, answer: &Answer, seen: Seen) -> Self {
        let (reason, basis, valid_until) = match &answer.verdict {
            Verdict::Yes { basis, valid_until } => (None, basis.clone(), *valid_until),
            Verdict::No(reason) => (Some(reason.code().to_owned()), Vec::new(), None),
        };
        Self { question, at, decision: answer.is_yes(), reason, basis, valid_until, seen }
    }

    /// Whether the same answer would be recorded of this one.
    pub fn agrees_with(&self, answer: &Answer) -> bool {
        *self == Self::new(self.question.clone(), self.at, answer, self.seen.clone())
    }
}

impl Seen {
    /// What was looked at, by the rules of this version.
    pub fn now(person: u64, representative: Option<u64>, catalogue: u64, build: &str) -> Self {
        Self { person, representative, catalogue, rules: RULES, build: build.to_owned() }
    }
}
