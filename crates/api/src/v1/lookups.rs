//! `/v1/lookups`: staff and systems look a person up, with a purpose.

use crate::{
    Api,
    bodies::{KnownField, PersonBody, TimeField},
    view::{LookupView, directory},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tillid_domain::{actor::Purpose, text::CaseRef};
use tillid_edge::{Caller, Gate, Json, Problem};
use tillid_service::{KnownAt, NewLookup, Times};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(look_up))
}

/// Whom you look up, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LookupBody {
    /// Whom.
    person: PersonBody,
    /// A purpose of your role: `case_processing`, `consent_follow_up`, `citizen_service`, `supervision` or `automated_step`.
    #[schema(value_type = String)]
    purpose: Purpose,
    /// In which case; needed for most purposes.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// Where things stood at that moment; when not said, that of `known_at`, or now.
    valid_at: Option<TimeField>,
    /// As known then: a time, or how many entries the log had; now when not said.
    known_at: Option<KnownField>,
}

/// Look a person up. It stands in their log before you get the answer, also when there is nothing to see and when it is refused.
#[utoipa::path(post, path = "/lookups", tag = "look-ups", request_body = LookupBody,
    responses((status = 201, body = LookupView), (status = 403), (status = 404), (status = 422), (status = 429)))]
async fn look_up(
    State(gate): State<Gate>,
    caller: Caller,
    Json(body): Json<LookupBody>,
) -> Result<Response, Problem> {
    gate.allowances.look_up(caller.actor(), gate.service.security_now())?;
    let times = Times {
        valid_at: body.valid_at.map(|TimeField(at)| at),
        known_at: body.known_at.map_or(KnownAt::Now, Into::into),
    };
    let new = NewLookup { person: body.person.into(), purpose: body.purpose, case: body.case };
    let found = gate.service.look_up_at(&caller.read(), &new, times).await.map_err(|e| caller.problem(&e))?;
    Ok((StatusCode::CREATED, Json(LookupView::new(found, directory(&gate.service)))).into_response())
}
