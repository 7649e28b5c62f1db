//! What staff and systems do for the person of a look-up: registering what they answered, withdrawing on their word, and taking back
//! what was registered wrongly.

use super::with_etag;
use crate::{
    Api,
    view::{ConsentView, Reader, directory},
};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use tillid_domain::{
    Instant, LocalDate,
    collected::{AnnulmentGround, Assistance, Collected},
    id::{ConsentId, DocumentId},
    text::{Name, Prose},
};
use tillid_edge::{Bare, Caller, Gate, Path, Problem, Sent};
use tillid_service::TypedConsent;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(annul)).routes(routes!(use_up))
}

/// How an answer reached you, and how it is proven. Only staff and systems say it.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(tag = "channel", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum RegistrationBody {
    /// Signed on paper.
    Paper {
        /// The day beside the signature.
        #[schema(value_type = String, format = "date")]
        signed_on: LocalDate,
        /// The signed form, from `POST /v1/documents`.
        #[schema(value_type = uuid::Uuid)]
        document_id: DocumentId,
    },
    /// Said to you. It is noted without delay.
    Oral {
        /// When.
        #[schema(value_type = String, format = "date-time")]
        said_at: Instant,
        /// What was said.
        #[schema(value_type = String)]
        note: Prose,
        /// Why it was not given in writing.
        #[schema(value_type = String)]
        why: Prose,
    },
    /// Given elsewhere.
    Imported {
        /// The system or file that it comes from.
        #[schema(value_type = String)]
        source: Name,
        /// What it is called there.
        #[schema(value_type = String)]
        reference: Name,
        /// When it was given there.
        #[schema(value_type = String, format = "date-time")]
        given_at: Instant,
        /// The original, from `POST /v1/documents`.
        #[schema(value_type = Option<uuid::Uuid>)]
        document_id: Option<DocumentId>,
    },
}

impl From<RegistrationBody> for Collected {
    fn from(body: RegistrationBody) -> Self {
        match body {
            RegistrationBody::Paper { signed_on, document_id } => {
                Self::Paper { signed_on, document: document_id }
            }
            RegistrationBody::Oral { said_at, note, why } => Self::Oral { said_at, note, why },
            RegistrationBody::Imported { source, reference, given_at, document_id } => {
                Self::Imported { source, reference, given_at, document: document_id }
            }
        }
    }
}

/// The person's word to you. Only staff say it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WithdrawalBody {
    /// How they told you.
    pub(super) assistance: AssistanceBody,
}

/// How a person told you.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "channel", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum AssistanceBody {
    /// They said it.
    Oral {
        /// What they said.
        #[schema(value_type = String)]
        note: Prose,
    },
    /// They wrote it.
    Paper {
        /// Their letter, from `POST /v1/documents`.
        #[schema(value_type = uuid::Uuid)]
        document_id: DocumentId,
    },
}

impl From<AssistanceBody> for Assistance {
    fn from(body: AssistanceBody) -> Self {
        match body {
            AssistanceBody::Oral { note } => Self::Oral { note },
            AssistanceBody::Paper { document_id } => Self::Paper { document: document_id },
        }
    }
}

/// What was wrong.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnnulmentBody {
    /// `wrong_person`, `wrong_content`, `never_answered` or `registered_twice`.
    #[schema(value_type = String)]
    ground: AnnulmentGround,
    /// In your words.
    #[schema(value_type = String)]
    note: Prose,
}

/// Take back a registration of your authority that was wrong: it never counted. What a person answered here themselves is withdrawn, not
/// annulled.
#[utoipa::path(post, operation_id = "annul_consent", path = "/consents/{id}/annul", tag = "consents",
    params(("id" = uuid::Uuid, Path), ("Lookup-Id" = uuid::Uuid, Header)), request_body = AnnulmentBody,
    responses((status = 200, body = ConsentView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn annul(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<ConsentId>,
    sent: Sent<AnnulmentBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let AnnulmentBody { ground, note } = sent.value;
    let done = gate.service.annul_consent(&call, id, ground, &note).await;
    let done = done.map_err(|e| caller.problem(&e))?;
    Ok(shown(&gate, &caller, done.value))
}

/// Say that what was given for one time has been used; it ends.
#[utoipa::path(post, operation_id = "use_up_consent", path = "/consents/{id}/use", tag = "consents",
    params(("id" = uuid::Uuid, Path), ("Lookup-Id" = uuid::Uuid, Header)),
    responses((status = 200, body = ConsentView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn use_up(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<ConsentId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.use_up_consent(&call, id).await.map_err(|e| caller.problem(&e))?;
    Ok(shown(&gate, &caller, done.value))
}

pub(super) fn shown(gate: &Gate, caller: &Caller, typed: TypedConsent) -> Response {
    let revision = typed.consent.revision;
    let view = ConsentView::new(typed, Reader::from(caller.actor()), directory(&gate.service));
    with_etag(StatusCode::OK, revision, view)
}
