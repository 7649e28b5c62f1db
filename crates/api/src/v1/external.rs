//! `/v1/external`: what an authority registers of subjects and objects that are no persons, and what the ones may do with the
//! others. The questions themselves are asked as AuthZEN has it.

use super::with_etag;
use crate::{
    Api,
    bodies::{Part, next},
    view::{ExternalEntityView, ExternalGrantView, ExternalPrivilegeView, PageView},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tillid_domain::{
    Audience, Instant, Reason,
    external::{Codes, Condition, EntityName, Keys, PrivilegeTerms, Properties},
    id::ExternalGrantId,
    text::{ActionName, Code, EntityId, EntityType, NotAText},
};
use tillid_edge::{Bare, Caller, Gate, Json, Path, Problem, Protocol, Query, Sent, refusal};
use tillid_service::{Error, NewEntity, NewGrant, NewPrivilege};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

const ENTITIES: &str = "external/entities";
const PRIVILEGES: &str = "external/privileges";
const GRANTS: &str = "external/grants";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_entities))
        .routes(routes!(read_entity, put_entity, remove_entity))
        .routes(routes!(list_privileges))
        .routes(routes!(read_privilege, put_privilege, remove_privilege))
        .routes(routes!(list_grants, give_grant))
        .routes(routes!(read_grant))
        .routes(routes!(revoke_grant))
}

/// What is known of a subject or an object.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EntityBody {
    /// Its properties, as conditions of privileges look at them: at most 32. A value is a text (at most 256 characters), a number (at
    /// most fifteen digits), `true`, `false`, `null` for "there is none", or a list of at most 32 of them. No CPR number.
    #[schema(value_type = Object, example = json!({"status": "active"}))]
    properties: Properties,
    /// The properties that your systems may state otherwise when they ask. All others are as they are registered here, whatever a
    /// question states; and so are these where a question does not state them.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["status"]))]
    caller_stated: Keys,
}

/// What can be done to objects of a type, and when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PrivilegeBody {
    /// What can be done. Several privileges can be of the same action, under different conditions: one that holds is enough.
    #[schema(value_type = String, example = "write")]
    action: ActionName,
    /// To objects of which type.
    #[schema(value_type = String, example = "record")]
    object_type: EntityType,
    /// When; always when left out. One of `{"all": [..]}`, `{"any": [..]}`, `{"not": ..}`, `{"equals": {"of", "value"}}`,
    /// `{"one_of": {"of", "values"}}`, `{"present": {"of"}}`, `{"at_least": {"of", "value"}}` and `{"at_most": {"of", "value"}}`, where
    /// `of` is `subject.NAME`, `resource.NAME` or `action.NAME`; at most eight deep and 64 parts. A comparison with what is absent is
    /// false, and so `not` of it is true.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"not": {"equals": {"of": "resource.status", "value": "archived"}}}))]
    condition: Condition,
    /// The properties of the action that count when a question states them; an action has no others.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["soft"]))]
    caller_stated: Keys,
}

/// A subject or an object.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NameBody {
    /// Its type.
    #[schema(value_type = String, example = "user")]
    r#type: EntityType,
    /// Its id.
    #[schema(value_type = String, example = "alice")]
    id: EntityId,
}

/// One object, or every one of a type.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ObjectsBody {
    /// The type.
    #[schema(value_type = String, example = "record")]
    r#type: EntityType,
    /// The one; every one of the type when left out, also those that are registered later.
    #[schema(value_type = Option<String>)]
    id: Option<EntityId>,
}

/// What is given to a subject.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GrantBody {
    /// To whom.
    subject: NameBody,
    /// The codes of the privileges: 1 to 32 different ones.
    #[schema(value_type = Vec<String>, example = json!(["read", "write"]))]
    privileges: Codes,
    /// With which objects.
    objects: ObjectsBody,
    /// The first moment when it holds; now when left out.
    #[schema(value_type = Option<String>, format = "date-time")]
    valid_from: Option<Instant>,
    /// The first moment when it no longer does; without an end when left out.
    #[schema(value_type = Option<String>, format = "date-time")]
    valid_until: Option<Instant>,
}

/// The subjects and objects that your authority has registered, the newest first.
#[utoipa::path(get, operation_id = "list_external_entities", path = "/external/entities", tag = "external things", params(Part),
    responses((status = 200, body = PageView<ExternalEntityView>), (status = 403)))]
async fn list_entities(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let (below, limit) = (part.after(ENTITIES)?, part.limit()?);
    let page = gate.service.list_entities(&caller.read(), below, limit).await;
    let page = page.map_err(|e| caller.problem(&e))?;
    let items = page.items.into_iter().map(ExternalEntityView::from).collect();
    Ok(Json(PageView { items, next: next(ENTITIES, page.next) }).into_response())
}

/// One subject or object of your authority.
#[utoipa::path(get, operation_id = "read_external_entity", path = "/external/entities/{type}/{id}", tag = "external things",
    params(("type" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = ExternalEntityView), (status = 403), (status = 404), (status = 422)))]
async fn read_entity(
    State(gate): State<Gate>,
    caller: Caller,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let name = name(&kind, &id)?;
    let entity = gate.service.read_entity(&caller.read(), &name).await.map_err(|e| caller.problem(&e))?;
    Ok(with_etag(StatusCode::OK, entity.revision, ExternalEntityView::from(entity)))
}

/// Register a subject or an object of your authority under a type and an id of your own, or say anew what is known of it.
///
/// It is no person: `person`, `person-data` and `organisation` are no types for it, and a CPR number is no id. The same again changes
/// nothing. 201 where there was nothing under that name, 200 otherwise.
#[utoipa::path(put, operation_id = "put_external_entity", path = "/external/entities/{type}/{id}", tag = "external things",
    params(("type" = String, Path, description = "at most 64 characters"), ("id" = String, Path, description = "at most 256 characters")),
    request_body = EntityBody,
    responses((status = 200, body = ExternalEntityView), (status = 201, body = ExternalEntityView), (status = 403), (status = 404),
        (status = 412), (status = 422)))]
async fn put_entity(
    State(gate): State<Gate>,
    caller: Caller,
    Path((kind, id)): Path<(String, String)>,
    sent: Sent<EntityBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let EntityBody { properties, caller_stated } = sent.value;
    let new = NewEntity { name: name(&kind, &id)?, properties, caller_stated };
    let done = gate.service.put_entity(&call, &new).await.map_err(|e| caller.problem(&e))?.value;
    Ok(with_etag(put(done.created), done.value.revision, ExternalEntityView::from(done.value)))
}

/// Remove a subject or an object of your authority. Nothing is permitted to it or with it from then on; registered again, it is a new
/// one, and has none of the old one's grants.
#[utoipa::path(delete, operation_id = "remove_external_entity", path = "/external/entities/{type}/{id}", tag = "external things",
    params(("type" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = ExternalEntityView), (status = 403), (status = 404), (status = 412), (status = 422)))]
async fn remove_entity(
    State(gate): State<Gate>,
    caller: Caller,
    Path((kind, id)): Path<(String, String)>,
    bare: Bare,
) -> Result<Response, Problem> {
    let (call, name) = (caller.change(bare.fingerprint), name(&kind, &id)?);
    let entity = gate.service.remove_entity(&call, &name).await.map_err(|e| caller.problem(&e))?.value;
    Ok(with_etag(StatusCode::OK, entity.revision, ExternalEntityView::from(entity)))
}

/// The privileges that your authority has registered, the newest first.
#[utoipa::path(get, operation_id = "list_external_privileges", path = "/external/privileges", tag = "external things", params(Part),
    responses((status = 200, body = PageView<ExternalPrivilegeView>), (status = 403)))]
async fn list_privileges(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let (below, limit) = (part.after(PRIVILEGES)?, part.limit()?);
    let page = gate.service.list_privileges(&caller.read(), below, limit).await;
    let page = page.map_err(|e| caller.problem(&e))?;
    let items = page.items.into_iter().map(ExternalPrivilegeView::from).collect();
    Ok(Json(PageView { items, next: next(PRIVILEGES, page.next) }).into_response())
}

/// One privilege of your authority.
#[utoipa::path(get, operation_id = "read_external_privilege", path = "/external/privileges/{code}", tag = "external things",
    params(("code" = String, Path)), responses((status = 200, body = ExternalPrivilegeView), (status = 403), (status = 404)))]
async fn read_privilege(
    State(gate): State<Gate>,
    caller: Caller,
    Path(code): Path<Code>,
) -> Result<Response, Problem> {
    let privilege =
        gate.service.read_privilege(&caller.read(), &code).await.map_err(|e| caller.problem(&e))?;
    Ok(with_etag(StatusCode::OK, privilege.revision, ExternalPrivilegeView::from(privilege)))
}

/// Register a privilege of your authority under a code, or say anew what it says: for what was given before too.
///
/// The same again changes nothing. 201 where there was nothing under that code, 200 otherwise.
#[utoipa::path(put, operation_id = "put_external_privilege", path = "/external/privileges/{code}", tag = "external things",
    params(("code" = String, Path, description = "at most 40 letters, digits, hyphens and underscores of ASCII")),
    request_body = PrivilegeBody,
    responses((status = 200, body = ExternalPrivilegeView), (status = 201, body = ExternalPrivilegeView), (status = 403), (status = 404),
        (status = 412), (status = 422)))]
async fn put_privilege(
    State(gate): State<Gate>,
    caller: Caller,
    Path(code): Path<Code>,
    sent: Sent<PrivilegeBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let PrivilegeBody { action, object_type, condition, caller_stated } = sent.value;
    let new = NewPrivilege { code, terms: PrivilegeTerms { action, object_type, condition, caller_stated } };
    let done = gate.service.put_privilege(&call, &new).await.map_err(|e| caller.problem(&e))?.value;
    Ok(with_etag(put(done.created), done.value.revision, ExternalPrivilegeView::from(done.value)))
}

/// Remove a privilege of your authority. Nobody can use it from then on; registered again, it is a new one.
#[utoipa::path(delete, operation_id = "remove_external_privilege", path = "/external/privileges/{code}", tag = "external things",
    params(("code" = String, Path)),
    responses((status = 200, body = ExternalPrivilegeView), (status = 403), (status = 404), (status = 412)))]
async fn remove_privilege(
    State(gate): State<Gate>,
    caller: Caller,
    Path(code): Path<Code>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let privilege = gate.service.remove_privilege(&call, &code).await.map_err(|e| caller.problem(&e))?.value;
    Ok(with_etag(StatusCode::OK, privilege.revision, ExternalPrivilegeView::from(privilege)))
}

/// What your authority has given to subjects of its own, the newest first; also what is over.
#[utoipa::path(get, operation_id = "list_external_grants", path = "/external/grants", tag = "external things", params(Part),
    responses((status = 200, body = PageView<ExternalGrantView>), (status = 403)))]
async fn list_grants(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let (below, limit) = (part.after(GRANTS)?, part.limit()?);
    let listed = gate.service.list_grants(&caller.read(), below, limit).await;
    let (page, now) = listed.map_err(|e| caller.problem(&e))?;
    let items = page.items.into_iter().map(|grant| ExternalGrantView::new(grant, now)).collect();
    Ok(Json(PageView { items, next: next(GRANTS, page.next) }).into_response())
}

/// Give privileges of your authority to a subject of its own, over one object or every one of a type. All of them must be registered.
#[utoipa::path(post, operation_id = "give_external_grant", path = "/external/grants", tag = "external things", request_body = GrantBody,
    responses((status = 201, body = ExternalGrantView), (status = 403), (status = 422)))]
async fn give_grant(
    State(gate): State<Gate>,
    caller: Caller,
    sent: Sent<GrantBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let body = sent.value;
    let new = NewGrant {
        subject: EntityName { kind: body.subject.r#type, id: body.subject.id },
        privileges: body.privileges,
        object_type: body.objects.r#type,
        object: body.objects.id,
        valid_from: body.valid_from,
        valid_to: body.valid_until,
    };
    let grant = gate.service.give_grant(&call, &new).await.map_err(|e| caller.problem(&e))?.value;
    let now = gate.service.business_now().await.map_err(|e| caller.problem(&e))?;
    Ok(with_etag(StatusCode::CREATED, grant.revision, ExternalGrantView::new(grant, now)))
}

/// One grant of your authority.
#[utoipa::path(get, operation_id = "read_external_grant", path = "/external/grants/{id}", tag = "external things",
    params(("id" = uuid::Uuid, Path)), responses((status = 200, body = ExternalGrantView), (status = 403), (status = 404)))]
async fn read_grant(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<ExternalGrantId>,
) -> Result<Response, Problem> {
    let (grant, now) = gate.service.read_grant(&caller.read(), id).await.map_err(|e| caller.problem(&e))?;
    Ok(with_etag(StatusCode::OK, grant.revision, ExternalGrantView::new(grant, now)))
}

/// Take a grant of your authority back. No question that arrives after this answer gets a yes by it.
#[utoipa::path(post, operation_id = "revoke_external_grant", path = "/external/grants/{id}/revoke", tag = "external things",
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ExternalGrantView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn revoke_grant(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<ExternalGrantId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let grant = gate.service.revoke_grant(&call, id).await.map_err(|e| caller.problem(&e))?.value;
    let now = gate.service.business_now().await.map_err(|e| caller.problem(&e))?;
    Ok(with_etag(StatusCode::OK, grant.revision, ExternalGrantView::new(grant, now)))
}

const fn put(created: bool) -> StatusCode {
    if created { StatusCode::CREATED } else { StatusCode::OK }
}

/// The name in a path. A CPR number is told apart, so that whoever sent it can stop; it is not repeated.
fn name(kind: &str, id: &str) -> Result<EntityName, Problem> {
    let holds = |text: &NotAText| *text == NotAText::PersonNumber;
    match (kind.parse::<EntityType>(), id.parse::<EntityId>()) {
        (Ok(kind), Ok(id)) => Ok(EntityName { kind, id }),
        (kind, id) if kind.as_ref().is_err_and(holds) || id.as_ref().is_err_and(holds) => {
            Err(refusal(&Error::invalid("/id", Reason::IdHoldsPersonNumber), Audience::System))
        }
        _ => Err(Protocol::NotFound.into()),
    }
}
