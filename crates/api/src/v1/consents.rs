//! `/v1/consents`: giving unasked, reading, withdrawing.

use super::{
    given::{self, ListPart},
    registration::{WithdrawalBody, shown},
    requests::AnswersBody,
    with_etag,
};
use crate::{
    Api,
    bodies::{PastTimes, next},
    view::{AsOfView, ConsentView, PastPageView, PastView, Reader, directory},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use tillid_domain::{
    Reason,
    id::{ConsentId, DeclarationId},
};
use tillid_edge::{Caller, Gate, Json, Path, Problem, Query, Sent, SentBytes};
use tillid_service::{AsOf, Error, ReceiptOf, TypedConsent};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

const LIST: &str = "consents";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, give))
        .routes(routes!(read))
        .routes(routes!(withdraw))
        .routes(routes!(receipt))
}

/// One answer to one presentation: the specific consents in it.
#[derive(Serialize, ToSchema)]
pub(super) struct DeclarationView {
    /// The declaration; `null` while the answers of others are awaited and nothing is decided.
    #[schema(value_type = Option<uuid::Uuid>)]
    declaration_id: Option<DeclarationId>,
    /// Its consents, given and declined.
    consents: Vec<ConsentView>,
}

impl DeclarationView {
    pub(super) fn new(consents: Vec<TypedConsent>, caller: &Caller, gate: &Gate) -> Self {
        let reader = Reader::from(caller.actor());
        let consents: Vec<ConsentView> =
            consents.into_iter().map(|c| ConsentView::new(c, reader, directory(&gate.service))).collect();
        Self { declaration_id: consents.first().map(|c| c.declaration_id), consents }
    }
}

/// Your consents, or those of the person that you look at, the newest first.
///
/// Staff, and systems with the scope `list`, who send a `purpose` and no `Lookup-Id` list the consents that were given to their authority,
/// with the filters that follow it: the newest first, or what ends first where ends are asked about. That you saw them stands in the log of
/// each person concerned. A page can be short or empty before the last one: go on while there is a `next`.
#[utoipa::path(get, operation_id = "list_consents", path = "/consents", tag = "consents",
    params(ListPart, ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = PastPageView<ConsentView>), (status = 403), (status = 429)))]
async fn list(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<ListPart>,
) -> Result<Response, Problem> {
    let past = match part.read(caller.read().lookup.is_some())? {
        given::Asked::Persons(past) => past,
        given::Asked::Authoritys(new, part) => return given::list(&gate, &caller, &new, &part).await,
    };
    let (part, times) = (past.part(), past.times()?);
    let (below, limit) = (part.after(LIST)?, part.limit()?);
    let listed = gate.service.list_consents_at(&caller.read(), times, below, limit).await;
    let (page, as_of) = listed.map_err(|e| caller.problem(&e))?;
    let reader = Reader::from(caller.actor());
    let items =
        page.items.into_iter().map(|c| ConsentView::new(c, reader, directory(&gate.service))).collect();
    let as_of = told_of(&gate, &caller, as_of).await?;
    Ok(Json(PastPageView { items, next: next(LIST, page.next), as_of }).into_response())
}

/// Give consents that nobody asked for, after you were shown what they mean; or, as staff or a system under a look-up, register what the
/// person answered on paper, orally or elsewhere.
#[utoipa::path(post, operation_id = "give_consents", path = "/consents", tag = "consents", request_body = AnswersBody,
    responses((status = 201, body = DeclarationView), (status = 403), (status = 409), (status = 422)))]
async fn give(
    State(gate): State<Gate>,
    caller: Caller,
    sent: Sent<AnswersBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let answers = sent.value.answers();
    let presentation = sent.value.presentation_id;
    let done = match sent.value.registered(&caller)? {
        Some(collected) => gate.service.register_consents(&call, presentation, &answers, &collected).await,
        None => gate.service.give_consents(&call, presentation, &answers).await,
    };
    let done = done.map_err(|e| caller.problem(&e))?;
    Ok((StatusCode::CREATED, Json(DeclarationView::new(done.value, &caller, &gate))).into_response())
}

/// One consent.
#[utoipa::path(get, operation_id = "read_consent", path = "/consents/{id}", tag = "consents",
    params(("id" = uuid::Uuid, Path), PastTimes, ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = PastView<ConsentView>), (status = 403), (status = 404)))]
async fn read(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<ConsentId>,
    Query(past): Query<PastTimes>,
) -> Result<Response, Problem> {
    let read = gate.service.read_consent_at(&caller.read(), id, past.times()?).await;
    let (found, as_of) = read.map_err(|e| caller.problem(&e))?;
    let revision = found.consent.revision;
    let view = ConsentView::new(found, Reader::from(caller.actor()), directory(&gate.service));
    let as_of = told_of(&gate, &caller, as_of).await?;
    Ok(with_etag(StatusCode::OK, revision, PastView { view, as_of }))
}

/// What the answer says of its times.
async fn told_of(gate: &Gate, caller: &Caller, as_of: Option<AsOf>) -> Result<Option<AsOfView>, Problem> {
    let Some(as_of) = as_of else { return Ok(None) };
    let now = gate.service.business_now().await.map_err(|e| caller.problem(&e))?;
    Ok(Some(AsOfView::new(as_of, now)))
}

/// Withdraw a consent. No reason is asked, no body and no header is needed. Staff withdraw for the person of the look-up, and say how the
/// person told them.
#[utoipa::path(post, operation_id = "withdraw_consent", path = "/consents/{id}/withdraw", tag = "consents", params(("id" = uuid::Uuid, Path)),
    request_body = Option<WithdrawalBody>,
    responses((status = 200, body = ConsentView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn withdraw(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<ConsentId>,
    sent: SentBytes,
) -> Result<Response, Problem> {
    // What a citizen may send with it means nothing.
    let done = if matches!(Reader::from(caller.actor()), Reader::Citizen) {
        let call = caller.change(sent.without_body);
        gate.service.withdraw_consent(&call, id).await
    } else if sent.bytes.is_empty() {
        Err(Error::invalid("/assistance", Reason::RegistrationMissing))
    } else {
        let body: WithdrawalBody = sent.json()?;
        let call = caller.change(sent.fingerprint);
        gate.service.withdraw_consent_for(&call, id, &body.assistance.into()).await
    };
    let done = done.map_err(|e| caller.problem(&e))?;
    Ok(shown(&gate, &caller, done.value))
}

/// The newest receipt of your consent.
#[utoipa::path(get, operation_id = "newest_consent_receipt", path = "/consents/{id}/receipt", tag = "receipts", params(("id" = uuid::Uuid, Path)),
    responses((status = 303), (status = 403), (status = 404)))]
async fn receipt(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<ConsentId>,
) -> Result<Response, Problem> {
    let event = gate.service.newest_receipt(&caller.read(), ReceiptOf::Consent(id)).await;
    let event = event.map_err(|e| caller.problem(&e))?;
    Ok(Redirect::to(&format!("/v1/receipts/{event}")).into_response())
}
