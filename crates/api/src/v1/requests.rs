//! `/v1/consent-requests`: asking and answering.

use super::{consents::DeclarationView, registration::RegistrationBody, with_etag};
use crate::{
    Api,
    bodies::{Part, PersonBody, next},
    view::{PageView, Reader, RequestView, directory},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tillid_domain::{
    CalendarPeriod, Instant, LocalDate, Reason,
    catalogue::{ConsentType, Shelf},
    collected::Collected,
    id::{PersonId, PresentationId, RequestId},
    joint::ExceptionGround,
    request::ConsentRequest,
    terms::Proposal,
    text::{CaseRef, Code},
};
use tillid_edge::{Bare, Caller, Gate, Json, Path, Problem, Query, Sent};
use tillid_service::{Answer, Error, NewException, NewRequest};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

const LIST: &str = "consent-requests";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(read))
        .routes(routes!(answer))
        .routes(routes!(cancel))
        .routes(routes!(except))
}

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RequestBody {
    /// What this is, as a decision's `would_permit` says it; it need not be said.
    #[serde(rename = "type")]
    _kind: Option<RequestKind>,
    /// Whom.
    person: PersonBody,
    /// The code of a type of your authority.
    #[schema(value_type = String)]
    consent_type: Code,
    /// The specific consents of it; all when left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    items: Vec<Code>,
    /// For which case.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// The last day on which it can be answered; thirty days when left out, six months at most.
    #[schema(value_type = Option<String>, format = "date")]
    deadline: Option<LocalDate>,
    /// The last day on which it is to hold; when left out, the type says how long.
    #[schema(value_type = Option<String>, format = "date")]
    valid_until: Option<LocalDate>,
    /// How long it is to hold from the answer on, such as `P3M`, instead of a last day.
    #[schema(value_type = Option<String>)]
    valid_for: Option<CalendarPeriod>,
    /// `true`: for one time only.
    once: Option<bool>,
    /// From these alone; from all of the type's when left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    sources: Vec<Code>,
    /// To these alone; to all of the type's when left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    recipients: Vec<Code>,
}

/// The one kind of request that is made here.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RequestKind {
    /// A request for consent.
    ConsentRequest,
}

/// A yes or a no to each specific consent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswersBody {
    /// What you were shown.
    #[schema(value_type = uuid::Uuid)]
    pub(super) presentation_id: PresentationId,
    /// The answers: each specific consent exactly once.
    answers: Vec<AnswerBody>,
    /// Of staff and systems, who register what the person of the look-up answered: how it reached them.
    registration: Option<RegistrationBody>,
}

/// A yes or a no.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    /// To which specific consent.
    #[schema(value_type = String)]
    item: Code,
    /// `true` is yes, `false` is no. It must be said.
    given: bool,
}

impl AnswersBody {
    pub(super) fn answers(&self) -> Vec<Answer> {
        self.answers.iter().map(|a| Answer { item: a.item.clone(), given: a.given }).collect()
    }

    /// How it reached staff, who must say so; nobody else may.
    pub(super) fn registered(&self, caller: &Caller) -> Result<Option<Collected>, Problem> {
        let staff = matches!(Reader::from(caller.actor()), Reader::Staff);
        match (self.registration.clone(), staff) {
            (Some(body), true) => Ok(Some(body.into())),
            (None, false) => Ok(None),
            (None, true) => {
                Err(caller.problem(&Error::invalid("/registration", Reason::RegistrationMissing)))
            }
            (Some(_), false) => Err(caller.problem(&Error::Denied(Reason::StaffOnly))),
        }
    }
}

/// The requests to you, or to the person that you look at.
#[utoipa::path(get, operation_id = "list_consent_requests", path = "/consent-requests", tag = "consent requests",
    params(Part, ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = PageView<RequestView>), (status = 403)))]
async fn list(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let (below, limit) = (part.after(LIST)?, part.limit()?);
    let (page, now) =
        gate.service.list_requests(&caller.read(), below, limit).await.map_err(|e| caller.problem(&e))?;
    let mut items = Vec::with_capacity(page.items.len());
    for (request, of) in page.items {
        items.push(view(&gate, &caller, request, &of, now).await?);
    }
    Ok(Json(PageView { items, next: next(LIST, page.next) }).into_response())
}

/// Ask a person for a consent, on behalf of your authority. It can be for less than the type allows: not so long, for one time, from
/// fewer sources and to fewer recipients; never for more.
#[utoipa::path(post, operation_id = "ask_for_consent", path = "/consent-requests", tag = "consent requests", request_body = RequestBody,
    responses((status = 201, body = RequestView), (status = 403), (status = 409), (status = 422)))]
async fn ask(State(gate): State<Gate>, caller: Caller, sent: Sent<RequestBody>) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let body = sent.value;
    let new = NewRequest {
        person: body.person.into(),
        consent_type: body.consent_type,
        items: body.items,
        case: body.case,
        deadline: body.deadline,
        proposal: Proposal {
            valid_until: body.valid_until,
            valid_for: body.valid_for,
            once: body.once,
            sources: body.sources,
            recipients: body.recipients,
        },
    };
    let done = gate.service.ask_for_consent(&call, &new).await.map_err(|e| caller.problem(&e))?;
    shown(&gate, &caller, StatusCode::CREATED, done.value).await
}

/// One request.
#[utoipa::path(get, operation_id = "read_consent_request", path = "/consent-requests/{id}", tag = "consent requests",
    params(("id" = uuid::Uuid, Path), ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = RequestView), (status = 403), (status = 404)))]
async fn read(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<RequestId>,
) -> Result<Response, Problem> {
    let (request, of, now) =
        gate.service.read_request(&caller.read(), id).await.map_err(|e| caller.problem(&e))?;
    let revision = request.revision;
    Ok(with_etag(StatusCode::OK, revision, view(&gate, &caller, request, &of, now).await?))
}

/// Answer a request: name what you were shown, and say yes or no to each specific consent.
#[utoipa::path(post, operation_id = "answer_consent_request", path = "/consent-requests/{id}/answer", tag = "consent requests", params(("id" = uuid::Uuid, Path)),
    request_body = AnswersBody,
    responses((status = 201, body = DeclarationView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn answer(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<RequestId>,
    sent: Sent<AnswersBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let answers = sent.value.answers();
    let presentation = sent.value.presentation_id;
    let done = match sent.value.registered(&caller)? {
        Some(collected) => gate.service.register_answer(&call, id, presentation, &answers, &collected).await,
        None => gate.service.answer_request(&call, id, presentation, &answers).await,
    };
    let done = done.map_err(|e| caller.problem(&e))?;
    Ok((StatusCode::CREATED, Json(DeclarationView::new(done.value, &caller, &gate))).into_response())
}

/// Take back a request of your authority that has not been answered.
#[utoipa::path(post, operation_id = "cancel_consent_request", path = "/consent-requests/{id}/cancel", tag = "consent requests", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = RequestView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn cancel(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<RequestId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.cancel_request(&call, id).await.map_err(|e| caller.problem(&e))?;
    shown(&gate, &caller, StatusCode::OK, done.value).await
}

/// Whose answer is not needed, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExceptionBody {
    /// Whose: somebody who has custody and is awaited.
    #[schema(value_type = uuid::Uuid)]
    holder: PersonId,
    /// `impossible`: they cannot be reached. `unsafe`: to ask them would put the child or the other parent in danger; they then see nothing of the
    /// request any more.
    #[schema(value_type = String)]
    ground: ExceptionGround,
    /// The case in which it is documented.
    #[schema(value_type = String)]
    case: CaseRef,
}

/// Let a request for a child be decided without somebody who has custody.
#[utoipa::path(post, operation_id = "except_custody_holder", path = "/consent-requests/{id}/except", tag = "consent requests",
    params(("id" = uuid::Uuid, Path)), request_body = ExceptionBody,
    responses((status = 200, body = RequestView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn except(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<RequestId>,
    sent: Sent<ExceptionBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let ExceptionBody { holder, ground, case } = sent.value;
    let new = NewException { holder, ground, case };
    let done = gate.service.except_holder(&call, id, &new).await.map_err(|e| caller.problem(&e))?;
    shown(&gate, &caller, StatusCode::OK, done.value).await
}

async fn shown(
    gate: &Gate,
    caller: &Caller,
    status: StatusCode,
    request: ConsentRequest,
) -> Result<Response, Problem> {
    let entry =
        gate.service.entry_version(Shelf::ConsentType, &request.entry.code, request.entry.number).await;
    let entry = entry.map_err(|e| caller.problem(&e))?;
    let of = entry.consent_type().ok_or(tillid_edge::Protocol::Internal)?;
    let now = gate.service.business_now().await.map_err(|e| caller.problem(&e))?;
    let revision = request.revision;
    Ok(with_etag(status, revision, view(gate, caller, request, of, now).await?))
}

async fn view(
    gate: &Gate,
    caller: &Caller,
    request: ConsentRequest,
    of: &ConsentType,
    now: Instant,
) -> Result<RequestView, Problem> {
    let voices = gate.service.voices(&request, of, now).await.map_err(|e| caller.problem(&e))?;
    Ok(RequestView::new(request, of, now, directory(&gate.service)).with_voices(voices))
}
