//! Who calls, as the verbs know them; and the one table from a verb's refusal to HTTP.

use crate::{
    FieldError, IdempotencyKey, IfMatch, LookupId, Principal, PrincipalKind, Problem, Protocol, Verifier,
    Words,
    layers::ActorKind,
    limits::{Allowance, AllowanceSettings, Allowances},
    oauth::{
        binding::{must_hold, presented},
        dpop::Proofs,
    },
};
use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::{HeaderValue, StatusCode, header, request::Parts};
use std::sync::Arc;
use tillid_domain::{
    Audience, Cvr, Digest, Reason,
    actor::{Actor, Employee, Machine, Role, Scope, Who},
    client::{ClientState, Quota},
    id::PersonId,
    text::Login,
};
use tillid_service::{Call, ClientRights, Error, Key, Service, Through};

/// What stands at the door: the verbs, and who may vouch for a bearer.
#[derive(Clone)]
pub struct Gate {
    /// The verbs.
    pub service: Service,
    /// The issuers.
    pub verifier: Arc<Verifier>,
    /// What proofs of keys are checked with.
    pub proofs: Arc<Proofs>,
    /// How much everybody may ask.
    pub allowances: Arc<Allowances>,
}

impl Gate {
    /// A door at which nobody has called yet.
    pub fn new(service: Service, verifier: Verifier, allowances: AllowanceSettings) -> Self {
        let proofs = Arc::new(Proofs::new(&service.settings().base_url));
        Self {
            service,
            verifier: Arc::new(verifier),
            proofs,
            allowances: Arc::new(Allowances::new(allowances)),
        }
    }
}

/// Who calls: an actor that a token proved, with what they sent to make the call safe to repeat.
#[derive(Clone, Debug)]
pub struct Caller {
    actor: Actor,
    key: Option<String>,
    expected: Option<u64>,
    lookup: Option<LookupId>,
    through: Option<Through>,
}

impl Caller {
    /// The actor.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// In whose words the caller is spoken to.
    pub fn audience(&self) -> Audience {
        audience(&self.actor)
    }

    /// The authority that the caller works for.
    pub fn authority(&self) -> Option<Cvr> {
        match &self.actor.who {
            Who::Employee(me) => Some(me.authority),
            Who::System(me) => Some(me.authority),
            Who::Citizen { .. } | Who::Operator => None,
        }
    }

    /// The call of a read.
    pub fn read(&self) -> Call {
        Call {
            lookup: self.lookup.map(|l| l.0),
            through: self.through.clone(),
            ..Call::by(self.actor.clone())
        }
    }

    /// The call of a change, with the fingerprint of its request.
    pub fn change(&self, fingerprint: Digest) -> Call {
        let key = self.key.clone().map(|key| Key { key, fingerprint });
        Call { key, expected: self.expected, ..self.read() }
    }

    /// What the caller is told of a refusal.
    pub fn problem(&self, error: &Error) -> Problem {
        refusal(error, audience(&self.actor))
    }
}

pub(crate) fn audience(actor: &Actor) -> Audience {
    match actor.who {
        Who::Citizen { .. } => Audience::Citizen,
        Who::Employee(_) | Who::Operator => Audience::Caseworker,
        Who::System(_) => Audience::System,
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let gate = Gate::from_ref(state);
        let service = &gate.service;
        let (scheme, token) = presented(&parts.headers)?;
        let hash = Digest::of(token.as_bytes());
        let principal = gate.verifier.verify_hashed(token, hash, service.security_now());
        let principal = principal.map_err(|_| scheme.refused())?;
        must_hold(&gate, parts, scheme, &hash, principal.bound_to).await?;
        if let Some(kind) = parts.extensions.get::<ActorKind>() {
            kind.set(principal.kind.name());
        }
        let rights = active(service, &principal).await?;
        let through = match &principal.kind {
            PrincipalKind::Representative { through, .. } => Some(through.clone()),
            _ => None,
        };
        let actor = known(service, principal, rights.as_ref()).await?;
        within_allowance(&gate, parts, &actor, rights.as_ref())?;
        let key = <IdempotencyKey as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        let expected =
            match <IfMatch as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await? {
                Some(IfMatch::Revision(revision)) => Some(revision),
                Some(IfMatch::Any) | None => None,
            };
        let lookup = <LookupId as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Self { actor, key: key.map(|k| k.as_str().to_owned()), expected, lookup, through })
    }
}

/// Counts the request of a system, and notes what it is told of what is left.
fn within_allowance(
    gate: &Gate,
    parts: &Parts,
    actor: &Actor,
    rights: Option<&ClientRights>,
) -> Result<(), Problem> {
    let Who::System(machine) = &actor.who else { return Ok(()) };
    let now = gate.service.security_now();
    let (quota, revision) = rights.map_or((Quota::USUAL, 0), |rights| (rights.quota, rights.revision));
    let (told, admitted) = gate.allowances.admit(&machine.client, quota, revision, now);
    if let Some(allowance) = parts.extensions.get::<Allowance>() {
        allowance.set(told);
    }
    admitted
}

/// The actor that the issuer speaks of, as our own records have them.
async fn known(
    service: &Service,
    principal: Principal,
    rights: Option<&ClientRights>,
) -> Result<Actor, Problem> {
    let Principal { kind, assurance, authenticated_at, bound_to: _, client: _ } = principal;
    let who = match kind {
        PrincipalKind::Citizen { issuer, login, acting_for, number } => {
            let person = match (person(service, &issuer, &login).await?, number) {
                (Some(person), _) => person,
                // The first call of somebody whom the issuer knows by number.
                (None, Some(number)) => {
                    let bound = service.bind_login(&issuer, &login, &number).await;
                    bound.map_err(|error| refusal(&error, Audience::Citizen))?
                }
                (None, None) => return Err(denied(Reason::PersonUnknown)),
            };
            let acting_for = match acting_for {
                // A grantor who is not known here has given nobody anything.
                Some(login) => Some(
                    self::person(service, &issuer, &login).await?.ok_or_else(|| denied(Reason::NoPower))?,
                ),
                None => None,
            };
            Who::Citizen { person, acting_for, at_work: None }
        }
        PrincipalKind::Representative { issuer, login, at_work, grantor, mandate, through: _ } => {
            if !rights.is_some_and(|rights| rights.scopes.has(Scope::Represent)) {
                return Err(denied(Reason::ScopeMissing));
            }
            let acting_for = Some(grantor);
            match at_work {
                None => {
                    let person = self::person(service, &issuer, &login).await?;
                    let person = person.ok_or_else(|| denied(Reason::PersonUnknown))?;
                    Who::Citizen { person, acting_for, at_work: None }
                }
                // Whether they are let act is asked with what they do.
                Some(cvr) => {
                    let id = login.as_str().parse().map_err(|_| denied(Reason::PersonUnknown))?;
                    let seen = service.known_at_work(cvr, id).await;
                    let seen = seen.map_err(|error| refusal(&error, Audience::Citizen))?;
                    let person = service.holds_at_work(&seen, mandate).await;
                    let person = person.map_err(|error| refusal(&error, Audience::Citizen))?;
                    Who::Citizen { person, acting_for, at_work: Some(seen.at_work(false)) }
                }
            }
        }
        PrincipalKind::Employee { id, authority, roles, of_everybody: true, .. }
            if service.directory().get(authority).is_none() =>
        {
            let seen = service.known_at_work(authority, id).await;
            let seen = seen.map_err(|error| refusal(&error, Audience::Citizen))?;
            let administers = roles.contains(&Role::OrganisationAdministrator);
            let at_work = Some(seen.at_work(administers));
            Who::Citizen { person: seen.acts_as(false), acting_for: None, at_work }
        }
        PrincipalKind::Employee { id, person: login, issuer, authority, roles, kle, sensitivity, .. } => {
            let person = match login {
                Some(login) => self::person(service, &issuer, &login).await?,
                None => None,
            };
            known_authority(service, authority)?;
            Who::Employee(Employee { id, person, authority, roles, kle, sensitivity })
        }
        PrincipalKind::System { client, authority, mut purposes, mut scopes } => {
            known_authority(service, authority)?;
            if let Some(rights) = rights {
                // What its authority has taken from it since the token was issued counts at once.
                purposes.retain(|purpose| rights.purposes.contains(purpose));
                scopes.retain(|scope| rights.scopes.has(*scope));
            }
            Who::System(Machine { client, authority, purposes, scopes })
        }
    };
    Ok(Actor { who, assurance, authenticated_at })
}

/// What the client may at this moment that a token of ours was issued to; `None` of a token of another issuer. A stopped client has no
/// token, on whichever node and however short a time ago it was stopped.
async fn active(service: &Service, principal: &Principal) -> Result<Option<ClientRights>, Problem> {
    let Some(client) = &principal.client else { return Ok(None) };
    let rights = service.client_rights(client).await.map_err(|error| refusal(&error, Audience::System))?;
    let active = rights.filter(|rights| rights.state == ClientState::Active);
    active.map(Some).ok_or_else(|| Protocol::TokenInvalid.into())
}

/// An authority that this installation does not serve has no staff here.
fn known_authority(service: &Service, authority: Cvr) -> Result<(), Problem> {
    let known = service.directory().get(authority).is_some();
    known.then_some(()).ok_or_else(|| refusal(&Error::Denied(Reason::OtherAuthority), Audience::Caseworker))
}

async fn person(service: &Service, issuer: &Login, login: &Login) -> Result<Option<PersonId>, Problem> {
    service.person_by_login(issuer, login).await.map_err(|error| refusal(&error, Audience::Citizen))
}

fn denied(reason: Reason) -> Problem {
    refusal(&Error::Denied(reason), Audience::Citizen)
}

/// What a verb's refusal is in HTTP: the only table of its kind.
pub fn refusal(error: &Error, audience: Audience) -> Problem {
    match error {
        Error::NotFound => Protocol::NotFound.into(),
        Error::Denied(reason) => told(StatusCode::FORBIDDEN, *reason, audience),
        Error::StepUp(level) => told(StatusCode::UNAUTHORIZED, Reason::AssuranceTooLow, audience)
            .with_header(header::WWW_AUTHENTICATE, step_up(&format!("acr_values=\"{}\"", level.uri()))),
        Error::LoginAgain(seconds) => told(StatusCode::UNAUTHORIZED, Reason::LoginTooOld, audience)
            .with_header(header::WWW_AUTHENTICATE, step_up(&format!("max_age={seconds}"))),
        Error::Rule(reason) => told(StatusCode::CONFLICT, *reason, audience),
        Error::Invalid(flaws) => {
            flaws.iter().fold(Protocol::Unprocessable.into(), |problem: Problem, flaw| {
                problem.with_error(FieldError {
                    pointer: format!("#{}", flaw.pointer),
                    code: flaw.reason.code(),
                    detail: sentence(flaw.reason, audience),
                })
            })
        }
        Error::RevisionChanged => told(StatusCode::PRECONDITION_FAILED, Reason::RevisionChanged, audience),
        Error::KeyReused => told(StatusCode::UNPROCESSABLE_ENTITY, Reason::KeyReused, audience),
        Error::Busy(cause) => {
            tracing::warn!(error = %cause, cause = cause.source().map(tracing::field::display), "the store is busy or away");
            Protocol::Unavailable.into()
        }
        Error::Broken(cause) => {
            tracing::error!(error = %cause, cause = cause.source().map(tracing::field::display), "a verb broke");
            Protocol::Internal.into()
        }
    }
}

fn told(status: StatusCode, reason: Reason, audience: Audience) -> Problem {
    let title = reason.title().map_or_else(|| code_words(reason), Words::from);
    Problem::new(status, reason.code(), title).with_detail(sentence(reason, audience))
}

fn sentence(reason: Reason, audience: Audience) -> Words {
    reason.sentence(audience).map_or_else(|| code_words(reason), Words::from)
}

/// A test shows that every reason has its words; this is what remains if one had none.
fn code_words(reason: Reason) -> Words {
    Words { da: reason.code().into(), en: reason.code().into() }
}

/// RFC 9470: what is asked for.
fn step_up(what: &str) -> HeaderValue {
    let text = format!("Bearer error=\"insufficient_user_authentication\", {what}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
}
