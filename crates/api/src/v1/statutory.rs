//! `/v1/statutory-powers`: who acts for whom by law or decision, and registering what was decided.

use super::with_etag;
use crate::{
    Api,
    bodies::PersonBody,
    view::{PageView, StatutoryView},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::collections::BTreeSet;
use tillid_domain::{
    LocalDate,
    id::{DocumentId, StatutoryId},
    source::Source,
    statutory::{Area, Form},
    text::CaseRef,
};
use tillid_edge::{Caller, Gate, Json, Path, Problem, Sent};
use tillid_service::{NewCharge, NewStatutory, PersonRef};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, register))
        .routes(routes!(read))
        .routes(routes!(change))
        .routes(routes!(end))
}

/// The decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    /// The case in which it was decided.
    #[schema(value_type = String)]
    case: CaseRef,
    /// The decision itself, kept with `POST /v1/documents`.
    #[schema(value_type = Option<uuid::Uuid>)]
    document: Option<DocumentId>,
}

impl From<DecisionBody> for Source {
    fn from(DecisionBody { case, document }: DecisionBody) -> Self {
        Self::Decision { case, document }
    }
}

/// Somebody who holds it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HolderBody {
    /// Who.
    person: PersonBody,
    /// Of custody, whether the child lives with them; false when not said.
    #[serde(default)]
    lives_with: bool,
}

/// What is registered.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WhatBody {
    /// Guardianship (værgemålsloven section 5).
    Guardianship,
    /// Guardianship with legal capacity removed (section 6).
    WithoutCapacity,
    /// Co-guardianship (section 7).
    CoGuardianship,
    /// A lasting power, as its register has it: dormant until it is put in force.
    LastingPower,
    /// Custody of the person of the look-up, in place of whoever had it.
    Custody,
}

/// What was decided over the person of the look-up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegisterBody {
    /// What.
    what: WhatBody,
    /// What it covers: `economic`, `personal`. Of custody, nothing.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    areas: BTreeSet<Area>,
    /// Who holds it; of a lasting power, who would.
    holders: Vec<HolderBody>,
    /// The first day; today when not said.
    #[schema(value_type = Option<String>, format = "date")]
    from: Option<LocalDate>,
    /// The last day of a guardianship, where one was decided.
    #[schema(value_type = Option<String>, format = "date")]
    until: Option<LocalDate>,
    /// The decision.
    decision: DecisionBody,
}

/// What holds from a day on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeBody {
    /// `guardianship`, `without_capacity` or `co_guardianship`; `lasting_power` puts one in force.
    #[schema(value_type = String)]
    what: Form,
    /// What it covers: `economic`, `personal`.
    #[schema(value_type = Vec<String>)]
    areas: BTreeSet<Area>,
    /// Who holds it.
    holders: Vec<HolderBody>,
    /// The first day; today when not said.
    #[schema(value_type = Option<String>, format = "date")]
    from: Option<LocalDate>,
    /// The last day, where one was decided.
    #[schema(value_type = Option<String>, format = "date")]
    until: Option<LocalDate>,
    /// The decision.
    decision: DecisionBody,
}

/// That it is over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EndBody {
    /// The first day on which it no longer holds; today when not said.
    #[schema(value_type = Option<String>, format = "date")]
    from: Option<LocalDate>,
    /// The decision.
    decision: DecisionBody,
}

fn charge(
    form: Form,
    areas: BTreeSet<Area>,
    holders: Vec<HolderBody>,
    days: (Option<LocalDate>, Option<LocalDate>),
) -> NewCharge {
    NewCharge { form, areas, holders: persons(holders), from: days.0, until: days.1 }
}

fn persons(holders: Vec<HolderBody>) -> Vec<PersonRef> {
    holders.into_iter().map(|holder| holder.person.into()).collect()
}

impl RegisterBody {
    fn parts(self) -> (NewStatutory, Source) {
        let Self { what, areas, holders, from, until, decision } = self;
        let guardianship =
            |form, areas, holders| NewStatutory::Guardianship(charge(form, areas, holders, (from, until)));
        let new = match what {
            WhatBody::Guardianship => guardianship(Form::Guardianship, areas, holders),
            WhatBody::WithoutCapacity => guardianship(Form::WithoutCapacity, areas, holders),
            WhatBody::CoGuardianship => guardianship(Form::CoGuardianship, areas, holders),
            WhatBody::LastingPower => NewStatutory::LastingPower { attorneys: persons(holders), areas },
            WhatBody::Custody => {
                let holders = holders.into_iter().map(|h| (h.person.into(), h.lives_with)).collect();
                NewStatutory::Custody { holders, from }
            }
        };
        (new, decision.into())
    }
}

/// Who acts for you by law or decision, and for whom you do; for staff and systems, of the person of the look-up.
#[utoipa::path(get, operation_id = "list_statutory_powers", path = "/statutory-powers", tag = "statutory powers",
    responses((status = 200, body = PageView<StatutoryView>), (status = 403)))]
async fn list(State(gate): State<Gate>, caller: Caller) -> Result<Response, Problem> {
    let (found, _) = gate.service.list_statutory(&caller.read()).await.map_err(|e| caller.problem(&e))?;
    let items = found.into_iter().map(StatutoryView::from).collect();
    Ok(Json(PageView { items, next: None }).into_response())
}

/// One of these.
#[utoipa::path(get, operation_id = "read_statutory_power", path = "/statutory-powers/{id}", tag = "statutory powers",
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = StatutoryView), (status = 403), (status = 404)))]
async fn read(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<StatutoryId>,
) -> Result<Response, Problem> {
    let found = gate.service.read_statutory(&caller.read(), id.as_uuid()).await;
    let (seen, _) = found.map_err(|e| caller.problem(&e))?;
    Ok(with_etag(StatusCode::OK, seen.revision, StatutoryView::from(seen)))
}

/// Register what was decided over the person of the look-up. It stands in the log of everybody whom it names.
#[utoipa::path(post, operation_id = "register_statutory_power", path = "/statutory-powers", tag = "statutory powers",
    request_body = RegisterBody,
    responses((status = 201, body = StatutoryView), (status = 403), (status = 409), (status = 422)))]
async fn register(
    State(gate): State<Gate>,
    caller: Caller,
    sent: Sent<RegisterBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let (new, source) = sent.value.parts();
    let done = gate.service.register_statutory(&call, &new, &source).await;
    let seen = done.map_err(|e| caller.problem(&e))?.value;
    Ok(with_etag(StatusCode::CREATED, seen.revision, StatutoryView::from(seen)))
}

/// State what holds from a day on, in place of what was known of that time: a change, a correction, or that a lasting power was put in
/// force.
#[utoipa::path(post, operation_id = "change_statutory_power", path = "/statutory-powers/{id}/change", tag = "statutory powers",
    params(("id" = uuid::Uuid, Path)), request_body = ChangeBody,
    responses((status = 200, body = StatutoryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn change(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<StatutoryId>,
    sent: Sent<ChangeBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let ChangeBody { what, areas, holders, from, until, decision } = sent.value;
    let new = charge(what, areas, holders, (from, until));
    let done = gate.service.change_statutory(&call, id.as_uuid(), &new, &decision.into()).await;
    let seen = done.map_err(|e| caller.problem(&e))?.value;
    Ok(with_etag(StatusCode::OK, seen.revision, StatutoryView::from(seen)))
}

/// Say that it is over from a day on.
#[utoipa::path(post, operation_id = "end_statutory_power", path = "/statutory-powers/{id}/end", tag = "statutory powers",
    params(("id" = uuid::Uuid, Path)), request_body = EndBody,
    responses((status = 200, body = StatutoryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn end(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<StatutoryId>,
    sent: Sent<EndBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let EndBody { from, decision } = sent.value;
    let done = gate.service.end_statutory(&call, id.as_uuid(), from, &decision.into()).await;
    let seen = done.map_err(|e| caller.problem(&e))?.value;
    Ok(with_etag(StatusCode::OK, seen.revision, StatutoryView::from(seen)))
}
