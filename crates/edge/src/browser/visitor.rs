//! Whoever is logged in with a browser, as a page's handler knows them.

use super::{
    cookie::Secret,
    forms::Fields,
    session::{ActingFor, AtProvider, Draft, LoggedIn, Sessions, User, Working, told},
};
use crate::{Gate, Problem, Protocol, caller::audience, layers::ActorKind};
use axum::extract::{FromRef, FromRequestParts};
use http::{HeaderValue, request::Parts};
use tillid_domain::{
    Cvr, Digest, Instant,
    actor::{Actor, Role, Who},
    id::{AccessId, PersonId},
};
use tillid_service::{Call, Error, Key, Service, Session};

/// Somebody with a session. Extracting one where there is none answers 401.
pub struct Visitor {
    service: Service,
    secret: Secret,
    session: Session,
    logged_in: LoggedIn,
    working: Option<Working>,
    actor: Actor,
}

impl Visitor {
    /// Who acts.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The call of a read.
    pub fn read(&self) -> Call {
        Call::by(self.actor.clone())
    }

    /// The call of a read of the person who was looked up.
    pub fn under(&self, lookup: AccessId) -> Call {
        Call { lookup: Some(lookup), ..self.read() }
    }

    /// The call of a change. `key` names the attempt: a form that is sent twice, with the same fields, is done once.
    pub fn change(&self, key: &str, fields: &Fields) -> Call {
        let key = Key { key: key.to_owned(), fingerprint: fields.fingerprint(key) };
        Call { key: Some(key), ..self.read() }
    }

    /// What the visitor is told of a refusal.
    pub fn problem(&self, error: &Error) -> Problem {
        crate::refusal(error, audience(&self.actor))
    }

    /// What their provider calls them.
    pub fn name(&self) -> &str {
        &self.logged_in.name
    }

    /// The key of the provider that they logged in with.
    pub fn provider(&self) -> &str {
        &self.logged_in.provider
    }

    /// As a citizen, who they are themselves; at work, as whom they act.
    pub const fn person(&self) -> Option<PersonId> {
        match self.actor.who {
            Who::Citizen { person, .. } => Some(person),
            Who::Employee(_) | Who::System(_) | Who::Operator => None,
        }
    }

    /// Who they are at work, if they logged in for an organisation that people are represented by.
    pub const fn working(&self) -> Option<&Working> {
        self.working.as_ref()
    }

    /// Who acts when they act for nobody else: at work as the organisation, or in their own name.
    pub fn oneself(&self, in_own_name: bool) -> Actor {
        let mut alone = LoggedIn { draft: None, hint: None, ..self.logged_in.clone() };
        alone.acts_for(None);
        let working = self.working.clone().map(|working| Working { in_own_name, ..working });
        alone.actor(working.as_ref())
    }

    /// For whom they act, with the name to show.
    pub fn acting_for(&self) -> Option<(PersonId, &str)> {
        self.logged_in.acting_for().map(|a| (a.person, a.name.as_str()))
    }

    /// On what they acted for that person when they chose to: the codes.
    pub fn acts_on(&self) -> &[String] {
        self.logged_in.acting_for().map_or(&[], |a| &a.basis)
    }

    /// As an employee, whose, and with which roles.
    pub fn employee(&self) -> Option<(Cvr, &[Role])> {
        match &self.logged_in.user {
            User::Employee { authority, roles, .. } => Some((*authority, roles)),
            User::Citizen { .. } | User::Professional { .. } => None,
        }
    }

    /// What every form of theirs must hold in the field `csrf`.
    pub fn csrf(&self) -> String {
        self.secret.derived("csrf")
    }

    /// The first moment (of security time) when the session is over if nothing more is done.
    pub fn ends_at(&self) -> Instant {
        self.session.idle_until.min(self.session.ends_at)
    }

    /// The first moment after the session, whatever is done.
    pub const fn ends_at_the_latest(&self) -> Instant {
        self.session.ends_at
    }

    /// Acts for that person from now on, or for nobody else: the cookie to set. At work, as the organisation or in one's own name. Whether they
    /// may is the verbs' to decide.
    pub async fn act_for(
        &self,
        whom: Option<(PersonId, String, Vec<String>)>,
        own_name: bool,
    ) -> Result<HeaderValue, Problem> {
        let mut logged_in = self.logged_in.clone();
        logged_in.acts_for(whom.map(|(person, name, basis)| ActingFor { person, name, basis }));
        if let User::Professional { in_own_name, .. } = &mut logged_in.user {
            *in_own_name = own_name;
        }
        self.renewed(logged_in).await
    }

    /// Keeps what was filled in until a fresh login, to send it to `action` again. Nothing that could be a CPR number may be in it.
    pub async fn keep_draft(&self, action: &str, fields: &Fields) -> Result<(), Problem> {
        let draft = Draft { action: action.to_owned(), fields: fields.without_csrf() };
        let logged_in = LoggedIn { draft: Some(draft), ..self.logged_in.clone() };
        let noted = Sessions(&self.service).note(&self.session, &logged_in).await?;
        noted.then_some(()).ok_or_else(|| Protocol::SessionMissing.into())
    }

    /// What was filled in before the fresh login: where it goes, and the fields.
    pub fn draft(&self) -> Option<(&str, &[(String, String)])> {
        self.logged_in.draft.as_ref().map(|d| (d.action.as_str(), d.fields.as_slice()))
    }

    /// What their provider wants to be told when they log out there too.
    pub(crate) fn hint(&self) -> Option<&str> {
        self.logged_in.hint.as_deref()
    }

    async fn renewed(&self, logged_in: LoggedIn) -> Result<HeaderValue, Problem> {
        let Session { issuer, login, sid, .. } = self.session.clone();
        let at = AtProvider { issuer, login, sid };
        let cookie = Sessions(&self.service).renew(&self.session, &logged_in, at).await?;
        cookie.ok_or_else(|| Protocol::SessionMissing.into())
    }

    pub(crate) async fn end(&self) -> Result<(), Problem> {
        self.service.end_session(self.session.id).await.map_err(|e| told(&e))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor
where
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Gate { service, .. } = Gate::from_ref(state);
        let found = Sessions(&service).of(&parts.headers).await?;
        let (secret, session, logged_in) = found.ok_or(Protocol::SessionMissing)?;
        if let Some(kind) = parts.extensions.get::<ActorKind>() {
            kind.set(match &logged_in.user {
                User::Employee { .. } => "employee",
                _ if logged_in.acting_for().is_some() => "representative",
                User::Citizen { .. } => "citizen",
                User::Professional { .. } => "professional",
            });
        }
        let working = logged_in.working(&service).await?;
        let actor = logged_in.actor(working.as_ref());
        Ok(Self { service, secret, session, logged_in, working, actor })
    }
}

impl<S: Send + Sync> axum::extract::OptionalFromRequestParts<S> for Visitor
where
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(visitor) => Ok(Some(visitor)),
            Err(problem) if problem.code() == Protocol::SessionMissing.row().1 => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

impl Fields {
    fn fingerprint(&self, action: &str) -> Digest {
        let text = serde_json::to_string(&(action, self.without_csrf())).unwrap_or_default();
        Digest::of(text.as_bytes())
    }
}
