//! Who, to what, and with what: the three searches. What is found is what the same question would be answered yes.

use super::{
    body::{ActionBody, Body, EntityBody, PageBody, SearchBody},
    error::{Asking, Failure},
    question::{OPERATIONS, ORGANISATION, PERSON, PERSON_DATA, Scope, Stated, StatedAction, When, missing},
};
use crate::Api;
use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::{Map, Value};
use tillid_domain::{Digest, external, text::PrivilegeUri};
use tillid_edge::{Caller, Cursor};
use tillid_service::{AskedAbout, Found, KnownAt, PersonRef, Question, SearchFor, Searched, Service};
use utoipa::ToSchema;

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResultsView {
    /// A part of it.
    #[schema(value_type = Vec<Object>)]
    results: Vec<ResultView>,
    /// Which part.
    page: PageView,
}

/// A part.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchPage)]
struct PageView {
    /// Send it as `page.token` for the next part; empty at the end.
    next_token: String,
    /// How many results are in this part.
    count: usize,
}

/// An entity or an action.
#[derive(Serialize)]
#[serde(untagged)]
enum ResultView {
    Entity {
        #[serde(rename = "type")]
        kind: String,
        id: String,
    },
    Action {
        name: String,
    },
}

/// A search with what its kind needs.
struct Sought {
    subject: EntityBody,
    action: Option<StatedAction>,
    resource: EntityBody,
    context: Map<String, Value>,
    page: PageBody,
    /// Tells this search from any other: a token is good for the search that it came from.
    fingerprint: String,
}

impl Sought {
    fn read(of: &str, body: SearchBody, needs_action: bool) -> Result<Self, Failure> {
        let fingerprint = fingerprint(of, &body);
        let SearchBody { subject, action, resource, context, page } = body;
        let action = match (action, needs_action) {
            (action, true) => Some(StatedAction::read(action)?),
            (_, false) => None,
        };
        let (subject, resource) =
            (subject.ok_or_else(|| missing("subject"))?, resource.ok_or_else(|| missing("resource"))?);
        for (entity, name) in [(&subject, "subject.type"), (&resource, "resource.type")] {
            if entity.kind.is_none() {
                return Err(missing(name));
            }
        }
        Ok(Self { subject, action, resource, context: context.unwrap_or_default(), page, fingerprint })
    }

    fn kinds(&self) -> (&str, &str) {
        (self.subject.kind.as_deref().unwrap_or_default(), self.resource.kind.as_deref().unwrap_or_default())
    }

    fn properties(&self) -> Map<String, Value> {
        self.resource.properties.clone().unwrap_or_default()
    }

    /// The search of persons or privileges, in the part that is asked for.
    fn searched(&self, search: SearchFor) -> Result<Searched, Failure> {
        let When { purpose, case, valid_at, known_at } = When::read(&self.context, &self.properties())?;
        must_be_now(known_at)?;
        let (after, limit) = self.part()?;
        Ok(Searched { search, purpose, case, valid_at, after, limit })
    }

    /// After what, and how many.
    fn part(&self) -> Result<(Option<String>, u32), Failure> {
        let limit = self.page.limit.unwrap_or(50);
        if !(1..=200).contains(&limit) {
            return Err(Failure::bad_request("page.limit must be 1 to 200"));
        }
        let after = match self.page.token.as_deref() {
            None | Some("") => None,
            Some(token) => {
                let keys = Cursor::decode(&self.fingerprint, token)
                    .map_err(|_| Failure::bad_request("page.token is not one of this search"))?;
                keys.into_iter().next()
            }
        };
        Ok((after, limit))
    }

    fn results(&self, found: Found, kind: &str) -> ResultsView {
        let persons = found.persons.into_iter().map(|id| entity(kind, id.to_string()));
        let privileges = found.privileges.into_iter().map(|uri| ResultView::Action { name: uri.to_string() });
        let results: Vec<ResultView> = persons.chain(privileges).collect();
        let next_token =
            found.next.map(|last| Cursor::encode(&self.fingerprint, &[last])).unwrap_or_default();
        part(results, next_token)
    }
}

fn part(results: Vec<ResultView>, next_token: String) -> ResultsView {
    ResultsView { page: PageView { next_token, count: results.len() }, results }
}

fn entity(kind: &str, id: String) -> ResultView {
    ResultView::Entity { kind: kind.to_owned(), id }
}

fn nothing() -> ResultsView {
    part(Vec::new(), String::new())
}

/// What is found of somebody or something that there cannot be. Who may search for nothing learns not even that.
fn nothing_for(service: &Service, caller: &Caller) -> Result<ResultsView, Failure> {
    service.may_search(&caller.read()).map_err(|e| Failure::of(caller, &e))?;
    Ok(nothing())
}

/// Everything but the part, and without the id that is to be ignored.
fn fingerprint(of: &str, body: &SearchBody) -> String {
    let entity = |e: &Option<EntityBody>, sought: bool| {
        let id = |e: &EntityBody| if sought { None } else { e.id.clone() };
        e.as_ref().map(|e| (e.kind.clone(), id(e), e.properties.clone()))
    };
    let action = |a: &Option<ActionBody>| a.as_ref().map(|a| (a.name.clone(), a.properties.clone()));
    let parts = (
        of,
        entity(&body.subject, of == "subject"),
        action(&body.action),
        entity(&body.resource, of == "resource"),
        &body.context,
    );
    // Nothing of the search can be read out of a token.
    Digest::of(&serde_json::to_vec(&parts).unwrap_or_default()).to_string()
}

/// Who may do this to that.
#[utoipa::path(post, operation_id = "search_subject", path = "/access/v1/search/subject", tag = "decisions", request_body = SearchBody,
    responses((status = 200, body = ResultsView), (status = 400, body = String), (status = 401, body = String),
        (status = 403, body = String)))]
pub(super) async fn subject(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(body): Body<SearchBody>,
) -> Result<Json<ResultsView>, Failure> {
    let sought = Sought::read("subject", body, true)?;
    let resource = Stated::read(Some(sought.resource.clone()), "resource")?;
    let action = sought.action.as_ref().ok_or_else(|| missing("action"))?;
    let service = &api.gate.service;
    let found = match sought.kinds() {
        (PERSON, PERSON) => match (resource.person(), action.name.parse::<PrivilegeUri>()) {
            (Some(grantor), Ok(privilege)) => {
                let search = SearchFor::Representatives { grantor, privilege };
                run(service, &caller, &sought, search, PERSON).await?
            }
            _ => nothing_for(service, &caller)?,
        },
        (ORGANISATION, PERSON_DATA) => organisations(service, &caller, &sought, &resource, action).await?,
        (kind, _) => {
            let search = external::Search::Subjects {
                kind: kind.parse().ok(),
                action: action.external(),
                resource: resource.external(),
            };
            registered(service, &caller, &sought, &search).await?
        }
    };
    Ok(Json(found))
}

/// To what somebody may do this.
#[utoipa::path(post, operation_id = "search_resource", path = "/access/v1/search/resource", tag = "decisions", request_body = SearchBody,
    responses((status = 200, body = ResultsView), (status = 400, body = String), (status = 401, body = String),
        (status = 403, body = String)))]
pub(super) async fn resource(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(body): Body<SearchBody>,
) -> Result<Json<ResultsView>, Failure> {
    let sought = Sought::read("resource", body, true)?;
    let subject = Stated::read(Some(sought.subject.clone()), "subject")?;
    let action = sought.action.as_ref().ok_or_else(|| missing("action"))?;
    let service = &api.gate.service;
    let found = match sought.kinds() {
        (PERSON, PERSON) => match (subject.party(), action.name.parse::<PrivilegeUri>()) {
            (Some(representative), Ok(privilege)) => {
                let search = SearchFor::Grantors { representative, privilege };
                run(service, &caller, &sought, search, PERSON).await?
            }
            _ => nothing_for(service, &caller)?,
        },
        (ORGANISATION, PERSON_DATA) => {
            let scope = Scope::read(&sought.properties())?;
            match (subject.cvr(), action.operation(), scope.category) {
                (Some(authority), Some(operation), Some(category)) => {
                    let Scope { consent_type, source, recipient, .. } = scope;
                    let search = SearchFor::Consenting {
                        authority,
                        operation,
                        category,
                        consent_type,
                        source,
                        recipient,
                    };
                    run(service, &caller, &sought, search, PERSON_DATA).await?
                }
                _ => nothing_for(service, &caller)?,
            }
        }
        (_, kind) => {
            let search = external::Search::Resources {
                subject: subject.external(),
                action: action.external(),
                kind: kind.parse().ok(),
            };
            registered(service, &caller, &sought, &search).await?
        }
    };
    Ok(Json(found))
}

/// What somebody may do to that.
#[utoipa::path(post, operation_id = "search_action", path = "/access/v1/search/action", tag = "decisions", request_body = SearchBody,
    responses((status = 200, body = ResultsView), (status = 400, body = String), (status = 401, body = String),
        (status = 403, body = String)))]
pub(super) async fn action(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(body): Body<SearchBody>,
) -> Result<Json<ResultsView>, Failure> {
    let sought = Sought::read("action", body, false)?;
    let subject = Stated::read(Some(sought.subject.clone()), "subject")?;
    let resource = Stated::read(Some(sought.resource.clone()), "resource")?;
    let service = &api.gate.service;
    let found = match sought.kinds() {
        (PERSON, PERSON) => match (subject.party(), resource.person()) {
            (Some(representative), Some(grantor)) => {
                let search = SearchFor::Privileges { representative, grantor };
                run(service, &caller, &sought, search, PERSON).await?
            }
            _ => nothing_for(service, &caller)?,
        },
        (ORGANISATION, PERSON_DATA) => operations(service, &caller, &sought, &subject, &resource).await?,
        _ => {
            let search =
                external::Search::Actions { subject: subject.external(), resource: resource.external() };
            registered(service, &caller, &sought, &search).await?
        }
    };
    Ok(Json(found))
}

async fn run(
    service: &Service,
    caller: &Caller,
    sought: &Sought,
    search: SearchFor,
    kind: &str,
) -> Result<ResultsView, Failure> {
    let searched = sought.searched(search)?;
    let found = service.search(&caller.read(), &searched).await.map_err(|e| Failure::of(caller, &e))?;
    Ok(sought.results(found, kind))
}

/// Among what the caller's authority has registered; for a citizen, among nothing.
async fn registered(
    service: &Service,
    caller: &Caller,
    sought: &Sought,
    search: &external::Search,
) -> Result<ResultsView, Failure> {
    let When { valid_at, known_at, .. } = When::read(&sought.context, &Map::new())?;
    must_be_now(known_at)?;
    let (after, limit) = sought.part()?;
    if caller.authority().is_none() {
        return Ok(nothing());
    }
    let found = service.search_external(&caller.read(), search, valid_at, after.as_deref(), limit).await;
    let found = found.map_err(|e| Failure::of(caller, &e))?;
    let (subject, resource) = sought.kinds();
    let result = |name: String| match search {
        external::Search::Subjects { .. } => entity(subject, name),
        external::Search::Resources { .. } => entity(resource, name),
        external::Search::Actions { .. } => ResultView::Action { name },
    };
    let next_token = found.next.map(|last| Cursor::encode(&sought.fingerprint, &[last])).unwrap_or_default();
    Ok(part(found.results.into_iter().map(result).collect(), next_token))
}

fn must_be_now(known_at: KnownAt) -> Result<(), Failure> {
    if known_at == KnownAt::Now {
        return Ok(());
    }
    Err(Failure::bad_request("context.known_at is for evaluations, not for searches"))
}

/// Which organisations may: the caller's own, or none. Of others nobody is told anything.
async fn organisations(
    service: &Service,
    caller: &Caller,
    sought: &Sought,
    resource: &Stated,
    action: &StatedAction,
) -> Result<ResultsView, Failure> {
    let (Some(authority), Some(operation)) = (caller.authority(), action.operation()) else {
        return nothing_for(service, caller);
    };
    let question = consent_question(sought, authority, operation, resource.person())?;
    let is_yes = decide(service, caller, question.into_iter().collect()).await?.contains(&true);
    let results = is_yes.then(|| entity(ORGANISATION, format!("cvr:{authority}")));
    Ok(part(results.into_iter().collect(), String::new()))
}

async fn operations(
    service: &Service,
    caller: &Caller,
    sought: &Sought,
    subject: &Stated,
    resource: &Stated,
) -> Result<ResultsView, Failure> {
    let Some(authority) = subject.cvr() else { return nothing_for(service, caller) };
    let mut questions = Vec::new();
    for (operation, _) in OPERATIONS {
        questions.extend(consent_question(sought, authority, operation, resource.person())?);
    }
    let answers = decide(service, caller, questions).await?;
    let results = OPERATIONS
        .iter()
        .zip(answers)
        .filter(|(_, yes)| *yes)
        .map(|((_, name), _)| ResultView::Action { name: (*name).to_owned() });
    Ok(part(results.collect(), String::new()))
}

fn consent_question(
    sought: &Sought,
    authority: tillid_domain::Cvr,
    operation: tillid_domain::decision::Operation,
    person: Option<PersonRef>,
) -> Result<Option<Question>, Failure> {
    let scope = Scope::read(&sought.properties())?;
    let When { purpose, case, valid_at, known_at } = When::read(&sought.context, &sought.properties())?;
    must_be_now(known_at)?;
    let (Some(person), Some(category)) = (person, scope.category) else { return Ok(None) };
    let Scope { consent_type, source, recipient, .. } = scope;
    let about =
        AskedAbout::Consent { authority, operation, person, category, consent_type, source, recipient };
    Ok(Some(Question { about, purpose, case, valid_at, known_at }))
}

async fn decide(service: &Service, caller: &Caller, questions: Vec<Question>) -> Result<Vec<bool>, Failure> {
    let decided = service.decide(&caller.read(), questions).await.map_err(|e| Failure::of(caller, &e))?;
    Ok(decided.iter().map(|decided| decided.answer.is_yes()).collect())
}
