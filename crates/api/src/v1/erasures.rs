//! `/v1/erasures`: an authority's data-protection officer erases what is over.

use crate::{Api, bodies::PersonBody, view::ErasureView};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tillid_domain::{erasure::ErasureGround, text::CaseRef};
use tillid_edge::{Caller, Gate, Json, Problem, Sent};
use tillid_service::NewErasure;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(erase))
}

/// Whose data you want to erase, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ErasureBody {
    /// Whose.
    person: PersonBody,
    /// `retention_over`: what ended five years ago goes. `ordered`: a court or the data protection agency ordered it; what is not in
    /// force goes, and a case is needed.
    #[schema(value_type = String)]
    ground: ErasureGround,
    /// In which case it was decided. Stands in the person's log as long as they stay, and nowhere else.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// Whether you only want to know what would go and what would stay. It stands in the person's log.
    #[serde(default)]
    preview: bool,
}

/// Erase what of a person may go, and the person when nothing stays. Of what stays, the answer tells why and until when. It cannot be
/// undone: ask with `preview` first.
#[utoipa::path(post, operation_id = "erase", path = "/erasures", tag = "erasures", request_body = ErasureBody,
    responses((status = 200, body = ErasureView), (status = 401), (status = 403), (status = 409), (status = 422)))]
async fn erase(
    State(gate): State<Gate>,
    caller: Caller,
    sent: Sent<ErasureBody>,
) -> Result<Response, Problem> {
    let ErasureBody { person, ground, case, preview } = sent.value;
    let new = NewErasure { person: person.into(), ground, case };
    let erasure = if preview {
        gate.service.preview_erasure(&caller.read(), &new).await
    } else {
        gate.service.erase(&caller.change(sent.fingerprint), &new).await.map(|done| done.value)
    };
    let erasure = erasure.map_err(|e| caller.problem(&e))?;
    Ok(Json(ErasureView::new(&erasure, preview)).into_response())
}
