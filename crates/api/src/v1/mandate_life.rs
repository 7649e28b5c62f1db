//! What becomes of a mandate: `/v1/mandates/{id}/sign`, `object`, `confirm`, `suspend`, `resume`, `renew`, `dispute`, `revoke`, `renounce`, `annul`. The
//! sides do it themselves; a registrar does it for the grantor of the look-up.

use super::{mandates::shown, registration::AssistanceBody};
use crate::{
    Api,
    view::{MandateView, Reader},
};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, de::DeserializeOwned};
use tillid_domain::{
    Reason,
    collected::AnnulmentGround,
    id::{MandateId, PresentationId},
    mandate::{DisputeGround, Mandate, RenunciationGround, RevocationGround, SuspensionGround},
    text::Prose,
};
use tillid_edge::{Bare, Caller, Gate, Path, Problem, Sent, SentBytes};
use tillid_service::{Call, Done, Error, MandateChange, MandateService};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(revoke))
        .routes(routes!(renounce))
        .routes(routes!(confirm))
        .routes(routes!(suspend))
        .routes(routes!(resume))
        .routes(routes!(renew))
        .routes(routes!(dispute))
        .routes(routes!(annul))
        .routes(routes!(sign))
        .routes(routes!(object))
}

/// Why a mandate is revoked. Everything can be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RevocationBody {
    /// `not_stated`, `no_longer_needed`, `another_helps`, `mistake`, `relation_ended`, `trust_lost`, `misuse` or `pressured`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    ground: RevocationGround,
    /// `true`: the representative is not told. To them it looks as if its time had passed.
    #[serde(default)]
    quiet: bool,
    /// Of staff: how the grantor told you.
    assistance: Option<AssistanceBody>,
}

/// Why a mandate is given up. It can be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenunciationBody {
    /// `not_stated`, `no_longer_needed`, `not_wanted`, `unable`, `relation_ended` or `conflict`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    ground: RenunciationGround,
}

/// Why a mandate is to rest. It can be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SuspensionBody {
    /// `not_stated`, `myself`, `unsure` or `suspected_misuse`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    ground: SuspensionGround,
}

/// What the doubt is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DisputeBody {
    /// `not_given`, `capacity`, `pressured`, `misuse` or `disagreement`.
    #[schema(value_type = String)]
    ground: DisputeGround,
    /// What you know, in your words; staff must say it.
    #[schema(value_type = Option<String>)]
    note: Option<Prose>,
}

/// What was wrong with a registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MandateAnnulmentBody {
    /// `wrong_person`, `wrong_content`, `never_answered` or `registered_twice`.
    #[schema(value_type = String)]
    ground: AnnulmentGround,
    /// In your words.
    #[schema(value_type = String)]
    note: Prose,
}

/// What you were shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenewalBody {
    /// The presentation about the `renewal`.
    #[schema(value_type = uuid::Uuid)]
    presentation_id: PresentationId,
}

/// What you were shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignatureBody {
    /// The presentation about the `signature`.
    #[schema(value_type = uuid::Uuid)]
    presentation_id: PresentationId,
}

/// A body that need not be sent; what was sent and cannot be read is never guessed at.
fn optional<T: Default + DeserializeOwned>(sent: &SentBytes) -> Result<T, Problem> {
    if sent.bytes.is_empty() { Ok(T::default()) } else { sent.json() }
}

fn fingerprinted(caller: &Caller, sent: &SentBytes) -> Call {
    caller.change(if sent.bytes.is_empty() { sent.without_body } else { sent.fingerprint })
}

fn is_citizen(caller: &Caller) -> bool {
    matches!(Reader::from(caller.actor()), Reader::Citizen)
}

async fn answered(
    gate: &Gate,
    caller: &Caller,
    done: Result<Done<Mandate>, Error>,
) -> Result<Response, Problem> {
    let done = done.map_err(|e| caller.problem(&e))?;
    shown(gate, caller, StatusCode::OK, done.value).await
}

/// Revoke a mandate that you gave. From this answer on, nothing is permitted by it. No reason and no body is needed. A registrar revokes
/// for the grantor of the look-up, and says how they told them.
#[utoipa::path(post, operation_id = "revoke_mandate", path = "/mandates/{id}/revoke", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    request_body = Option<RevocationBody>,
    responses((status = 200, body = MandateView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn revoke(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    sent: SentBytes,
) -> Result<Response, Problem> {
    let RevocationBody { ground, quiet, assistance } = optional(&sent)?;
    let call = fingerprinted(&caller, &sent);
    let done = match (is_citizen(&caller), assistance) {
        (true, None) => gate.service.change_mandate(&call, id, MandateChange::Revoke { ground, quiet }).await,
        (true, Some(_)) => Err(Error::invalid("/assistance", Reason::StaffOnly)),
        (false, None) => Err(Error::Denied(Reason::CitizensOnly)),
        (false, Some(word)) => {
            let service = MandateService::Revoke { ground, quiet, assistance: word.into() };
            gate.service.serve_mandate(&call, id, service).await
        }
    };
    answered(&gate, &caller, done).await
}

/// Give up a mandate that you hold, or say no to one that waits for you to accept it.
#[utoipa::path(post, operation_id = "renounce_mandate", path = "/mandates/{id}/renounce", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    request_body = Option<RenunciationBody>,
    responses((status = 200, body = MandateView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn renounce(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    sent: SentBytes,
) -> Result<Response, Problem> {
    let RenunciationBody { ground } = optional(&sent)?;
    let call = fingerprinted(&caller, &sent);
    let done = gate.service.change_mandate(&call, id, MandateChange::Renounce(ground)).await;
    answered(&gate, &caller, done).await
}

/// Accept a mandate that waits for you; or, as a second registrar, confirm what a colleague entered for the person of the look-up.
#[utoipa::path(post, operation_id = "confirm_mandate", path = "/mandates/{id}/confirm", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = MandateView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn confirm(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = if is_citizen(&caller) {
        gate.service.change_mandate(&call, id, MandateChange::Accept).await
    } else {
        gate.service.serve_mandate(&call, id, MandateService::Confirm).await
    };
    answered(&gate, &caller, done).await
}

/// Let a mandate that you gave rest: from this answer on nobody can use it, until you let it be used again.
#[utoipa::path(post, operation_id = "suspend_mandate", path = "/mandates/{id}/suspend", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    request_body = Option<SuspensionBody>,
    responses((status = 200, body = MandateView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn suspend(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    sent: SentBytes,
) -> Result<Response, Problem> {
    let SuspensionBody { ground } = optional(&sent)?;
    let call = fingerprinted(&caller, &sent);
    let done = gate.service.change_mandate(&call, id, MandateChange::Suspend(ground)).await;
    answered(&gate, &caller, done).await
}

/// Let a mandate that rests be used again. One that is disputed is a registrar's to settle, for the grantor of the look-up.
#[utoipa::path(post, operation_id = "resume_mandate", path = "/mandates/{id}/resume", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = MandateView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn resume(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = if is_citizen(&caller) {
        gate.service.change_mandate(&call, id, MandateChange::Resume).await
    } else {
        gate.service.serve_mandate(&call, id, MandateService::Resume).await
    };
    answered(&gate, &caller, done).await
}

/// Give a mandate of yours for longer, as you were shown it.
#[utoipa::path(post, operation_id = "renew_mandate", path = "/mandates/{id}/renew", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    request_body = RenewalBody,
    responses((status = 200, body = MandateView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn renew(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    sent: Sent<RenewalBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let done = gate.service.renew_mandate(&call, id, sent.value.presentation_id).await;
    answered(&gate, &caller, done).await
}

/// Say that a mandate is in doubt: from this answer on nobody can use it, until a registrar has settled that. Its sides do so, and staff
/// for the person of the look-up, with a note.
#[utoipa::path(post, operation_id = "dispute_mandate", path = "/mandates/{id}/dispute", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    request_body = DisputeBody,
    responses((status = 200, body = MandateView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn dispute(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    sent: Sent<DisputeBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let DisputeBody { ground, note } = sent.value;
    let done = match (is_citizen(&caller), note) {
        (true, note) => gate.service.change_mandate(&call, id, MandateChange::Dispute(ground, note)).await,
        (false, None) => Err(Error::invalid("/note", Reason::RegistrationMissing)),
        (false, Some(note)) => {
            gate.service.serve_mandate(&call, id, MandateService::Dispute(ground, note)).await
        }
    };
    answered(&gate, &caller, done).await
}

/// Take back a mandate that your authority entered wrongly for the person of the look-up: it never counted. What a person gave here
/// themselves is revoked, not annulled.
#[utoipa::path(post, operation_id = "annul_mandate", path = "/mandates/{id}/annul", tag = "mandates",
    params(("id" = uuid::Uuid, Path), ("Lookup-Id" = uuid::Uuid, Header)), request_body = MandateAnnulmentBody,
    responses((status = 200, body = MandateView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn annul(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    sent: Sent<MandateAnnulmentBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let MandateAnnulmentBody { ground, note } = sent.value;
    let done = gate.service.serve_mandate(&call, id, MandateService::Annul(ground, note)).await;
    answered(&gate, &caller, done).await
}

/// Sign a mandate that you give, or agree on, together with others. Once as many have signed as it takes, those who have can use it, or
/// it can be used for them; the others when they sign.
#[utoipa::path(post, operation_id = "sign_mandate", path = "/mandates/{id}/sign", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    request_body = SignatureBody,
    responses((status = 200, body = MandateView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn sign(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    sent: Sent<SignatureBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let done = gate.service.sign_mandate(&call, id, sent.value.presentation_id).await;
    answered(&gate, &caller, done).await
}

/// Object to a mandate that waits for your signature. Until you sign after all, nobody can use any of it.
#[utoipa::path(post, operation_id = "object_to_mandate", path = "/mandates/{id}/object", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = MandateView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn object(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.change_mandate(&call, id, MandateChange::Object).await;
    answered(&gate, &caller, done).await
}
