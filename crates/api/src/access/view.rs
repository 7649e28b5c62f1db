//! Answers as they are told.

use serde::Serialize;
use tillid_domain::{
    Audience, Instant, Localized, Reason,
    decision::{Answer, Ground, Missing, Verdict},
    external,
};
use tillid_service::{Decided, ExternalDecided};
use utoipa::ToSchema;
use uuid::Uuid;

/// Yes or no, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionView {
    /// Yes or no.
    pub(super) decision: bool,
    /// Why.
    context: ContextView,
}

/// Why.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ContextView {
    /// Of an answer.
    Answer(Box<AnswerView>),
    /// Of a question in a batch that is none.
    Error {
        /// What is wrong with it.
        error: ErrorView,
    },
}

/// What is wrong with one question of a batch.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorView {
    /// As if it had come alone.
    status: u16,
    /// In words; never with what was sent.
    message: String,
}

/// What an answer rests on, and for how long it is so as far as is known. It is no licence to keep the answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnswerView {
    /// Its record. `context.known_at` of a later question can name it.
    decision_id: Uuid,
    /// Of a no.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonView>,
    /// Of a yes: what it rests on.
    #[schema(value_type = Vec<Object>)]
    basis: Vec<Ground>,
    /// Of a yes: the first moment for which it would be a no, as far as is known; not there where no end is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    valid_until: Option<Instant>,
    /// Of a no: the smallest thing that would make it a yes, as the body of `POST /v1/mandate-requests` or
    /// `POST /v1/consent-requests`, which its `type` names. Empty where nothing that people could be asked for would.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    would_permit: Option<Vec<Missing>>,
}

/// Why not.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReasonView {
    /// A stable code.
    code: &'static str,
    /// In Danish.
    da: &'static str,
    /// In English.
    en: &'static str,
}

impl ReasonView {
    pub(crate) fn new(reason: Reason, audience: Audience) -> Self {
        let words: Option<&'static Localized> = reason.sentence(audience);
        let code = reason.code();
        Self { code, da: words.map_or(code, |w| w.da.as_str()), en: words.map_or(code, |w| w.en.as_str()) }
    }
}

impl DecisionView {
    pub(super) fn new(decided: Decided, audience: Audience) -> Self {
        let Decided { id, answer: Answer { verdict, would_permit }, missed: _ } = decided;
        let decision_id = id.as_uuid();
        let (decision, answer) = match verdict {
            Verdict::Yes { basis, valid_until } => {
                (true, AnswerView { decision_id, reason: None, basis, valid_until, would_permit: None })
            }
            Verdict::No(reason) => (
                false,
                AnswerView {
                    decision_id,
                    reason: Some(ReasonView::new(reason, audience)),
                    basis: Vec::new(),
                    valid_until: None,
                    would_permit: Some(would_permit),
                },
            ),
        };
        Self { decision, context: ContextView::Answer(Box::new(answer)) }
    }

    /// The answer to a question about what an authority has registered.
    pub(super) fn external(decided: ExternalDecided, audience: Audience) -> Self {
        let verdict = match decided.verdict {
            external::Verdict::Yes { basis, valid_until } => {
                let ground = |of: external::Basis| Ground {
                    kind: "EXTERNAL_GRANT".to_owned(),
                    id: of.grant.as_uuid(),
                    version: of.revision,
                };
                Verdict::Yes { basis: basis.into_iter().map(ground).collect(), valid_until }
            }
            external::Verdict::No(no) => Verdict::No(no.reason()),
        };
        let answer = Answer { verdict, would_permit: Vec::new() };
        Self::new(Decided { id: decided.id, answer, missed: false }, audience)
    }

    /// The answer to a question that names nothing there could be.
    pub(super) fn nothing(decision_id: Uuid, audience: Audience) -> Self {
        let reason = Some(ReasonView::new(Reason::QuestionUnknown, audience));
        let answer = AnswerView {
            decision_id,
            reason,
            basis: Vec::new(),
            valid_until: None,
            would_permit: Some(Vec::new()),
        };
        Self { decision: false, context: ContextView::Answer(Box::new(answer)) }
    }

    /// The answer to a question of a batch that is none.
    pub(super) fn flawed(message: &str) -> Self {
        let error = ErrorView { status: 400, message: message.to_owned() };
        Self { decision: false, context: ContextView::Error { error } }
    }
}

/// A batch's answers, in the order of its questions; cut off after the one that decided, where that was asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionsView {
    /// The answers.
    pub(super) evaluations: Vec<DecisionView>,
}
