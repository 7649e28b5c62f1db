//! Who calls, as the verbs know them; and the one table from a verb's refusal to HTTP.

use crate::{
    FieldError, IdempotencyKey, IfMatch, LookupId, Principal, PrincipalKind, Problem, Protocol, Verifier,
    Words, bearer_token, layers::ActorKind,
};
use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::{HeaderValue, StatusCode, header, request::Parts};
use std::sync::Arc;
use tillid_domain::{
    Audience, Cvr, Digest, Reason,
    actor::{Actor, Employee, Machine, Who},
    id::PersonId,
    text::Login,
};
use tillid_service::{Call, Error, Key, Service};

/// What stands at the door: the verbs, and who may vouch for a bearer.
#[derive(Clone)]
pub struct Gate {
    /// The verbs.
    pub service: Service,
    /// The issuers.
    pub verifier: Arc<Verifier>,
}

/// Who calls: an actor that a token proved, with what they sent to make the call safe to repeat.
#[derive(Clone, Debug)]
pub struct Caller {
    actor: Actor,
    key: Option<String>,
    expected: Option<u64>,
    lookup: Option<LookupId>,
}

impl Caller {
    /// The actor.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The call of a read.
    pub fn read(&self) -> Call {
        Call { actor: self.actor.clone(), key: None, expected: None, lookup: self.lookup.map(|l| l.0) }
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
        let Gate { service, verifier } = Gate::from_ref(state);
        let token = bearer_token(&parts.headers)?;
        let principal = verifier.verify(token, service.security_now())?;
        if let Some(kind) = parts.extensions.get::<ActorKind>() {
            kind.set(principal.kind.name());
        }
        let actor = known(&service, principal).await?;
        let key = <IdempotencyKey as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        let expected =
            match <IfMatch as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await? {
                Some(IfMatch::Revision(revision)) => Some(revision),
                Some(IfMatch::Any) | None => None,
            };
        let lookup = <LookupId as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Self { actor, key: key.map(|k| k.as_str().to_owned()), expected, lookup })
    }
}

/// The actor that the issuer speaks of, as our own records have them.
async fn known(service: &Service, principal: Principal) -> Result<Actor, Problem> {
    let Principal { kind, assurance, authenticated_at } = principal;
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
            Who::Citizen { person, acting_for }
        }
        PrincipalKind::Employee { id, person: login, issuer, authority, roles, kle, sensitivity } => {
            let person = match login {
                Some(login) => self::person(service, &issuer, &login).await?,
                None => None,
            };
            known_authority(service, authority)?;
            Who::Employee(Employee { id, person, authority, roles, kle, sensitivity })
        }
        PrincipalKind::System { client, authority, purposes } => {
            known_authority(service, authority)?;
            Who::System(Machine { client, authority, purposes })
        }
    };
    Ok(Actor { who, assurance, authenticated_at })
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
