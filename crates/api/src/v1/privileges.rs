//! What somebody may do for others, in OIO Basic Privilege Profile; and whether what an assertion in that form claims holds.

use super::file;
use crate::{
    Api,
    access::ReasonView,
    bodies::{CprField, PartyBody},
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tillid_documents::bpp::{PrivilegeGroup, Profile, Scope, to_base64, to_xml};
use tillid_domain::{Audience, Cpr, actor::Purpose, decision::Verdict, id::MandateId, text::CaseRef};
use tillid_edge::{Caller, Gate, Json, Path, Problem, Query};
use tillid_service::{CheckedClaim, HeldPrivileges, StatedPurpose};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What is not told: `case`, where version 1.0.1 cannot say that something is for one case only; `more`, where there is more than is told.
const LEFT_OUT: HeaderName = HeaderName::from_static("left-out");

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(of_mandate, of_mandate_by_number))
        .routes(routes!(held, held_by_number))
        .routes(routes!(check))
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
enum Version {
    #[serde(rename = "1.2")]
    V12,
    #[serde(rename = "1.0.1")]
    V101,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Encoding {
    Base64,
}

/// In which form.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// The version of the profile, with its namespace; 1.2 when not said. Of XML alone.
    #[param(inline)]
    profile: Option<Version>,
    /// As it stands in an assertion (`privilegesIntermediate`); whatever `Accept` says.
    #[param(inline)]
    encoding: Option<Encoding>,
}

/// The numbers of people that you know already. Whose number is among them is told of by it, everybody else by id.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NumbersBody {
    /// At most 100.
    #[schema(max_items = 100, min_items = 1)]
    numbers: Vec<CprField>,
}

impl NumbersBody {
    fn numbers(self) -> Result<Vec<Cpr>, Problem> {
        if !(1..=100).contains(&self.numbers.len()) {
            return Err(tillid_edge::Protocol::Unprocessable.into());
        }
        Ok(self.numbers.into_iter().map(CprField::into_number).collect())
    }
}

/// What somebody may do, and for whom.
#[derive(Serialize, ToSchema)]
struct GroupView {
    /// For whom, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<uuid::Uuid>,
    /// For whom, by CPR number: only where the request named that number.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpr: Option<String>,
    /// The privileges.
    p: Vec<String>,
    /// What narrows them: one object for each, with its name and value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    c: Vec<Map<String, Value>>,
}

impl From<&PrivilegeGroup> for GroupView {
    fn from(group: &PrivilegeGroup) -> Self {
        let (person, cpr) = match &group.scope {
            Scope::Person(id) => (Some(id.as_uuid()), None),
            Scope::Cpr(number) => (None, Some(number.reveal().to_owned())),
            Scope::Cvr(_) | Scope::Se(_) | Scope::ProductionUnit(_) => (None, None),
        };
        let constraint = |name: &str, value: &str| Map::from_iter([(name.to_owned(), Value::from(value))]);
        Self {
            person,
            cpr,
            p: group.privileges.iter().map(|privilege| privilege.as_str().to_owned()).collect(),
            c: group.constraints.iter().map(|c| constraint(c.name.as_str(), &c.value)).collect(),
        }
    }
}

#[derive(Serialize, ToSchema)]
struct GroupsView {
    items: Vec<GroupView>,
    /// There is no next part.
    next: Option<String>,
}

/// What a power of attorney gives at this moment, in OIO Basic Privilege Profile: as JSON, or as XML to whoever accepts that. The scope of a
/// group is the grantor's id here (`urn:uuid:...`), never a CPR number. Nothing (204) where it gives nothing now.
#[utoipa::path(get, operation_id = "read_mandate_privileges", path = "/mandates/{id}/privileges", tag = "mandates",
    params(("id" = uuid::Uuid, Path), Wanted, ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, content((GroupsView = "application/json"), (String = "application/xml"), (String = "text/plain")),
        headers(("Left-Out" = String, description = "what is not told: `case`, `more`"))), (status = 204), (status = 403), (status = 404)))]
async fn of_mandate(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let told = gate.service.mandate_privileges(&caller.read(), id, &[]).await;
    answer(&told.map_err(|e| caller.problem(&e))?, wanted, &headers)
}

/// The same for staff and systems that know people's CPR numbers already: they send them, and whose number is among them is told of by it
/// (`urn:dk:gov:saml:cprNumberIdentifier:...`), as relying services expect. No number is told to anybody who did not send it.
#[utoipa::path(post, operation_id = "read_mandate_privileges_by_number", path = "/mandates/{id}/privileges", tag = "mandates",
    request_body = NumbersBody, params(("id" = uuid::Uuid, Path), Wanted, ("Lookup-Id" = uuid::Uuid, Header)),
    responses((status = 200, content((GroupsView = "application/json"), (String = "application/xml"), (String = "text/plain")),
        headers(("Left-Out" = String, description = "what is not told: `case`, `more`"))), (status = 204), (status = 403), (status = 404), (status = 422)))]
async fn of_mandate_by_number(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
    Json(body): Json<NumbersBody>,
) -> Result<Response, Problem> {
    let told = gate.service.mandate_privileges(&caller.read(), id, &body.numbers()?).await;
    answer(&told.map_err(|e| caller.problem(&e))?, wanted, &headers)
}

/// What you may do for others at this moment, or the person that you look at, in OIO Basic Privilege Profile: a group for each person, and for
/// each case that a power of attorney is for alone. Staff and systems are told of the packages of their own authority. Each person is told of
/// by id.
#[utoipa::path(get, operation_id = "read_held_privileges", path = "/powers/privileges", tag = "mandates",
    params(Wanted, ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, content((GroupsView = "application/json"), (String = "application/xml"), (String = "text/plain")),
        headers(("Left-Out" = String, description = "what is not told: `case`, `more`"))), (status = 204), (status = 403)))]
async fn held(
    State(gate): State<Gate>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let told = gate.service.held_privileges(&caller.read(), &[]).await;
    answer(&told.map_err(|e| caller.problem(&e))?, wanted, &headers)
}

/// The same for staff and systems that know people's CPR numbers already.
#[utoipa::path(post, operation_id = "read_held_privileges_by_number", path = "/powers/privileges", tag = "mandates",
    request_body = NumbersBody, params(Wanted, ("Lookup-Id" = uuid::Uuid, Header)),
    responses((status = 200, content((GroupsView = "application/json"), (String = "application/xml"), (String = "text/plain")),
        headers(("Left-Out" = String, description = "what is not told: `case`, `more`"))), (status = 204), (status = 403), (status = 422)))]
async fn held_by_number(
    State(gate): State<Gate>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
    Json(body): Json<NumbersBody>,
) -> Result<Response, Problem> {
    let told = gate.service.held_privileges(&caller.read(), &body.numbers()?).await;
    answer(&told.map_err(|e| caller.problem(&e))?, wanted, &headers)
}

/// In the form that was asked for.
fn answer(told: &HeldPrivileges, wanted: Wanted, headers: &HeaderMap) -> Result<Response, Problem> {
    let profile = match wanted.profile {
        Some(Version::V101) => Profile::V101,
        Some(Version::V12) | None => Profile::V12,
    };
    let xml = accepts_xml(headers);
    let mut left_out = Vec::new();
    let narrowed = told.groups.iter().any(|group| !group.constraints.is_empty());
    if profile == Profile::V101 && narrowed && (xml || wanted.encoding.is_some()) {
        left_out.push("case");
    }
    if told.more {
        left_out.push("more");
    }
    let bytes = match (wanted.encoding, xml) {
        (Some(Encoding::Base64), _) => to_base64(&told.groups, profile)
            .map(|text| file("text/plain", "privileges.txt", text.into_bytes())),
        (None, true) => to_xml(&told.groups, profile)
            .map(|xml| file("application/xml; charset=utf-8", "privileges.xml", xml)),
        (None, false) => {
            let items = told.groups.iter().map(GroupView::from).collect();
            Some(Json(GroupsView { items, next: None }).into_response())
        }
    };
    let mut response = bytes.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response());
    if !left_out.is_empty() {
        let codes = HeaderValue::from_str(&left_out.join(", "));
        response.headers_mut().insert(LEFT_OUT, codes.map_err(|_| tillid_edge::Protocol::Internal)?);
    }
    Ok(response)
}

/// Whether XML is named before JSON, or alone.
fn accepts_xml(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|line| line.to_str().ok()).unwrap_or_default();
    let mut kinds = accepted.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let first = kinds.find(|kind| ["application/xml", "text/xml", "application/json"].contains(kind));
    first.is_some_and(|kind| kind != "application/json")
}

/// What an assertion claims of somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimsBody {
    /// Who.
    representative: PartyBody,
    /// The value of `privilegesIntermediate`: XML, or that in base64. At most 64 KB here.
    value: String,
    /// For what it is asked: a code of your role's list.
    purpose: Option<String>,
    /// In which case. A claim for another case alone does not hold in it.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
}

/// What was decided about one privilege of one group.
#[derive(Serialize, ToSchema)]
struct ClaimView {
    /// The number of the group in what you sent, from 0.
    group: usize,
    /// The number of the privilege in the group, from 0.
    privilege: usize,
    /// Whether it holds here at this moment.
    holds: bool,
    /// The decision's record; none where the claim can be about nothing here: an organisation, or a privilege of no such form.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_id: Option<uuid::Uuid>,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonView>,
}

impl ClaimView {
    fn new(claim: CheckedClaim, audience: Audience) -> Self {
        let CheckedClaim { group, privilege, decided } = claim;
        let decision_id = decided.as_ref().map(|decided| decided.id.as_uuid());
        let (holds, reason) = match decided.map(|decided| decided.answer.verdict) {
            Some(Verdict::Yes { .. }) => (true, None),
            Some(Verdict::No(reason)) => (false, Some(ReasonView::new(reason, audience))),
            None => (false, None),
        };
        Self { group, privilege, holds, decision_id, reason }
    }
}

#[derive(Serialize, ToSchema)]
struct ClaimsView {
    items: Vec<ClaimView>,
    /// There is no next part.
    next: Option<String>,
}

/// Whether what an assertion claims holds here at this moment: each privilege of each group is a decision, recorded like those of
/// `POST /access/v1/evaluations`. Nothing of the value is answered but the numbers of the groups and privileges in it.
#[utoipa::path(post, operation_id = "check_privileges", path = "/privileges/check", tag = "decisions", request_body = ClaimsBody,
    responses((status = 200, body = ClaimsView), (status = 401), (status = 403), (status = 422)))]
async fn check(
    State(gate): State<Gate>,
    caller: Caller,
    Json(body): Json<ClaimsBody>,
) -> Result<Response, Problem> {
    let purpose = body.purpose.map(|code| {
        let known = Purpose::ALL.into_iter().find(|purpose| purpose.code() == code);
        known.map_or(StatedPurpose::Unknown, StatedPurpose::Known)
    });
    let representative = body.representative.into();
    let checked = gate
        .service
        .check_privileges(&caller.read(), &representative, body.value.as_bytes(), purpose, body.case.as_ref())
        .await
        .map_err(|e| caller.problem(&e))?;
    let audience = caller.audience();
    let items = checked.into_iter().map(|claim| ClaimView::new(claim, audience)).collect();
    Ok(Json(ClaimsView { items, next: None }).into_response())
}
