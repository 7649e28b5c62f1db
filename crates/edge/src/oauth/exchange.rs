//! Tokens for acting on somebody's behalf (RFC 8693), in two steps.
//!
//! The grantor is not there and has no token to give. So the representative's own token is first exchanged for a *mandate token*, which
//! stands for the grantor: its subject is the grantor, it is for one mandate, and it names who may act with it (`may_act`). The mandate
//! token as subject and the representative's token as actor are then exchanged for an *access token* that says who acts for whom (`act`).
//! At each step the registry is asked anew, and it stands in the grantor's log before the token is given. There is never a token for the
//! grantor without `act`, none that lives longer than the power or five minutes, and none that can be renewed.

use super::{
    binding::Cnf,
    pairwise::Pairwise,
    refusal::OAuthError,
    request::TokenRequest,
    server::{AuthorizationServer, TokenAnswer},
};
use crate::{
    limits::Allowance,
    strict,
    token::{Claims, MandateDetail, PrincipalKind},
};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tillid_domain::{
    Cvr, Instant, Reason,
    actor::{Assurance, Scope},
    client::Client,
    id::{EmployeeId, MandateId},
    text::Login,
};
use tillid_service::{ActsAt, Error, Represented, Representing, Wanted};

/// What `grant_type` says.
pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// The `typ` of a mandate token: it is never mistaken for an access token.
const MANDATE_TOKEN: &str = "mandate+jwt";

/// For how many seconds a mandate token holds at most.
const MANDATE_SECONDS: i64 = 600;
/// For how many seconds an access token for acting holds at most.
const ACTING_SECONDS: i64 = 300;

/// A client that has proven who it is, and what it asks with.
struct Exchange<'e> {
    server: &'e AuthorizationServer,
    request: &'e TokenRequest,
    pairwise: &'e Pairwise,
    client: Client,
    bound_to: Option<Cnf>,
}

/// The human whose own token it is.
struct Human {
    issuer: Login,
    /// Their name there; at work, what they are called as an employee.
    login: Login,
    /// At work for which organisation, and as whom there.
    at_work: Option<(Cvr, EmployeeId)>,
    assurance: Assurance,
    authenticated_at: Option<Instant>,
}

impl Human {
    fn cvr(&self) -> Option<Cvr> {
        self.at_work.map(|(cvr, _)| cvr)
    }

    /// Who they are, as tokens say it.
    fn named(&self) -> Value {
        match self.cvr() {
            None => json!({"sub": self.login, "iss": self.issuer}),
            Some(cvr) => json!({"sub": self.login, "iss": self.issuer, "cvr": cvr}),
        }
    }
}

/// Answers a request of this grant.
pub(super) async fn exchange(
    server: &AuthorizationServer,
    request: &TokenRequest,
) -> Result<TokenAnswer, OAuthError> {
    let client = server.authenticated(request).await?;
    let pairwise = server.pairwise().ok_or_else(OAuthError::unsupported_grant_type)?;
    if !client.registration.scopes.has(Scope::Represent) {
        return Err(OAuthError::unauthorized_client("the client is not registered for this grant"));
    }
    // A token for acting holds privileges; what systems may ask for is not for people.
    if request.get("scope").is_some() {
        return Err(OAuthError::invalid_scope());
    }
    let bound_to = server.bound(request, &client).await?;
    let this = Exchange { server, request, pairwise, client, bound_to };
    this.within_allowance()?;
    match (request.get("requested_token_type"), request.get("subject_token_type")) {
        (Some(JWT), Some(ACCESS_TOKEN)) => this.mandate_token().await,
        (None | Some(ACCESS_TOKEN), Some(JWT)) => this.access_token().await,
        _ => Err(OAuthError::invalid_request("these types of tokens are not exchanged for one another")),
    }
}

impl Exchange<'_> {
    /// From the representative's own token to one that stands for the grantor.
    async fn mandate_token(&self) -> Result<TokenAnswer, OAuthError> {
        if self.request.get("actor_token").is_some() || self.request.get("actor_token_type").is_some() {
            return Err(OAuthError::invalid_request("there is no actor yet"));
        }
        if self.targets().any(|target| target != self.server.issuer()) {
            return Err(OAuthError::invalid_target());
        }
        let human = self.human("subject_token")?;
        let detail = self.asked()?.ok_or_else(unclear)?;
        let wanted = match detail.privileges {
            none if none.is_empty() => Wanted::All,
            these => Wanted::These(these),
        };
        let represented = self.represented(&human, detail.identifier, wanted, ActsAt::Either).await?;
        let details = json!([MandateDetail::new(
            detail.identifier,
            represented.privileges.clone(),
            represented.case.clone()
        )]);
        let client = self.client.client.as_str();
        let claims = json!({
            "aud": self.server.issuer(),
            "sub": self.pairwise.name(client, represented.grantor),
            "client_id": client,
            "may_act": human.named(),
            "authorization_details": details,
        });
        let seconds = represented.seconds.min(MANDATE_SECONDS);
        Ok(TokenAnswer {
            access_token: self.server.issued(MANDATE_TOKEN, claims, self.bound_to.as_ref(), seconds)?,
            issued_token_type: Some(JWT),
            token_type: "N_A",
            expires_in: seconds,
            scope: None,
            authorization_details: Some(details),
        })
    }

    /// From a mandate token and the representative's own to one that says who acts for whom.
    async fn access_token(&self) -> Result<TokenAnswer, OAuthError> {
        if self.request.get("actor_token_type") != Some(ACCESS_TOKEN) {
            return Err(OAuthError::invalid_request("actor_token_type must say an access token"));
        }
        let mandate = self.mandate()?;
        let human = self.human("actor_token")?;
        let theirs = MayAct { sub: human.login.clone(), iss: human.issuer.clone(), cvr: human.cvr() };
        if mandate.may_act != theirs {
            return Err(OAuthError::invalid_grant("the subject token lets somebody else act"));
        }
        let (audience, place) = self.target()?;
        let identifier = mandate.detail.identifier;
        let wanted = narrowed(mandate.detail, self.asked()?)?;
        let represented = self.represented(&human, identifier, wanted, place).await?;
        let details =
            json!([MandateDetail::new(identifier, represented.privileges.clone(), represented.case.clone())]);
        let subject = match place {
            ActsAt::Here => represented.grantor.to_string(),
            ActsAt::There | ActsAt::Either => self.pairwise.name(audience, represented.grantor),
        };
        let mut claims = json!({
            "aud": audience,
            "sub": subject,
            "act": human.named(),
            "client_id": self.client.client,
            "authorization_details": details,
            "identity_type": if human.at_work.is_some() { "professional" } else { "private" },
            "acr": human.assurance.uri(),
        });
        if let (Some(at), Some(members)) = (human.authenticated_at, claims.as_object_mut()) {
            members.insert("auth_time".to_owned(), json!(at.as_micros().div_euclid(1_000_000)));
        }
        let seconds = represented.seconds.min(ACTING_SECONDS);
        Ok(TokenAnswer {
            access_token: self.server.issued("at+jwt", claims, self.bound_to.as_ref(), seconds)?,
            issued_token_type: Some(ACCESS_TOKEN),
            token_type: Cnf::token_type(self.bound_to.as_ref()),
            expires_in: seconds,
            scope: None,
            authorization_details: Some(details),
        })
    }

    /// Each exchange is a request like the client's others.
    fn within_allowance(&self) -> Result<(), OAuthError> {
        let gate = self.server.gate();
        let Client { client, registration, revision, .. } = &self.client;
        let now = gate.service.security_now();
        let (told, admitted) = gate.allowances.admit(client, registration.quota, *revision, now);
        if let Some(allowance) = self.request.parts.extensions.get::<Allowance>() {
            allowance.set(told);
        }
        admitted.map_err(|problem| {
            let wait = problem.header(&header::RETRY_AFTER).cloned();
            let what = "the client has asked too much";
            let error = OAuthError::new(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", what);
            wait.map_or(error.clone(), |wait| error.with_header(header::RETRY_AFTER, wait))
        })
    }

    /// The human whose token stands in that parameter: their own, as a citizen or at work for an organisation, of a configured issuer, which
    /// acts for nobody. One that is bound
    /// to a key is taken from whoever proves to have that key.
    fn human(&self, parameter: &'static str) -> Result<Human, OAuthError> {
        let gate = self.server.gate();
        let refused =
            || OAuthError::invalid_request("a token of the representative is missing or does not hold");
        let token = self.request.get(parameter).ok_or_else(refused)?;
        let principal = gate.verifier.verify(token, gate.service.security_now()).map_err(|flaw| {
            tracing::info!(%flaw, parameter, "a token that does not hold was to be exchanged");
            refused()
        })?;
        if principal.bound_to.is_some() && principal.bound_to != self.bound_to {
            return Err(refused());
        }
        match principal.kind {
            PrincipalKind::Citizen { issuer, login, acting_for: None, .. } => Ok(Human {
                issuer,
                login,
                at_work: None,
                assurance: principal.assurance,
                authenticated_at: principal.authenticated_at,
            }),
            // whoever works for an organisation that people are represented by. An authority's staff represent nobody.
            PrincipalKind::Employee { id, issuer, authority, of_everybody: true, .. }
                if gate.service.directory().get(authority).is_none() =>
            {
                Ok(Human {
                    issuer,
                    login: id.to_string().parse().map_err(|_| refused())?,
                    at_work: Some((authority, id)),
                    assurance: principal.assurance,
                    authenticated_at: principal.authenticated_at,
                })
            }
            _ => Err(refused()),
        }
    }

    /// The mandate token, which we gave to this client and to what it proves to have.
    fn mandate(&self) -> Result<MandateToken, OAuthError> {
        let gate = self.server.gate();
        let refused = || OAuthError::invalid_request("the subject token is missing or does not hold");
        let token = self.request.get("subject_token").ok_or_else(refused)?;
        let claims = gate.verifier.verify_own(token, MANDATE_TOKEN, gate.service.security_now());
        let claims = claims.map_err(|flaw| {
            tracing::info!(%flaw, "a mandate token that does not hold was to be exchanged");
            refused()
        })?;
        let ours = claims.text("client_id").is_ok_and(|client| client == self.client.client.as_str());
        if !ours || Cnf::of(&claims).map_err(|_| refused())? != self.bound_to {
            return Err(OAuthError::invalid_grant("the subject token was given to another client"));
        }
        MandateToken::of(&claims).ok_or_else(refused)
    }

    /// What is asked for, in `authorization_details` (RFC 9396).
    fn asked(&self) -> Result<Option<MandateDetail>, OAuthError> {
        let Some(text) = self.request.get("authorization_details") else { return Ok(None) };
        let value = strict::parse(text.as_bytes()).map_err(|_| unclear())?;
        let [detail] = <[MandateDetail; 1]>::deserialize(value).map_err(|_| unclear())?;
        Ok(Some(detail))
    }

    fn targets(&self) -> impl Iterator<Item = &str> {
        self.request.all("resource").chain(self.request.all("audience"))
    }

    /// The one audience that is asked for: this service, or the client's own interface.
    fn target(&self) -> Result<(&str, ActsAt), OAuthError> {
        let mut targets = self.targets();
        let (Some(target), None) = (targets.next(), targets.next()) else {
            return Err(OAuthError::invalid_target());
        };
        if target == self.server.issuer() {
            return Ok((target, ActsAt::Here));
        }
        let theirs = self.client.registration.resource.as_ref();
        if theirs.is_some_and(|uri| uri.as_str() == target) {
            Ok((target, ActsAt::There))
        } else {
            Err(OAuthError::invalid_target())
        }
    }

    /// What the registry says now.
    async fn represented(
        &self,
        human: &Human,
        mandate: MandateId,
        privileges: Wanted,
        place: ActsAt,
    ) -> Result<Represented, OAuthError> {
        let gate = self.server.gate();
        let (representative, at_work) = match human.at_work {
            None => {
                let person = gate.service.person_by_login(&human.issuer, &human.login).await?;
                (person.ok_or_else(|| denied(Error::Denied(Reason::PersonUnknown)))?, None)
            }
            Some((cvr, employee)) => {
                let seen = gate.service.known_at_work(cvr, employee).await.map_err(denied)?;
                let holder = gate.service.holds_at_work(&seen, mandate).await.map_err(denied)?;
                (holder, Some(seen.at_work(false)))
            }
        };
        let outcome = gate
            .service
            .represent(&Representing {
                representative,
                at_work,
                assurance: human.assurance,
                authenticated_at: human.authenticated_at,
                client: self.client.client.clone(),
                authority: self.client.authority,
                mandate,
                privileges,
                place,
            })
            .await;
        let missed = matches!(outcome, Err(Error::Denied(Reason::NoPower)));
        gate.allowances.count(&self.client.client, 1, missed.into(), gate.service.security_now());
        outcome.map_err(denied)
    }
}

/// What a mandate token says.
struct MandateToken {
    may_act: MayAct,
    detail: MandateDetail,
}

/// Who may act; at work, for which organisation.
#[derive(Deserialize, PartialEq, Eq)]
struct MayAct {
    sub: Login,
    iss: Login,
    cvr: Option<Cvr>,
}

impl MandateToken {
    fn of(claims: &Claims) -> Option<Self> {
        let may_act = MayAct::deserialize(claims.0.get("may_act")?).ok()?;
        let [detail] = MandateDetail::of(claims).ok()?;
        Some(Self { may_act, detail })
    }
}

/// What is asked for, within what the mandate token is for.
fn narrowed(held: MandateDetail, asked: Option<MandateDetail>) -> Result<Wanted, OAuthError> {
    let Some(asked) = asked else { return Ok(Wanted::AtMost(held.privileges)) };
    let within = asked.privileges.iter().all(|privilege| held.privileges.contains(privilege));
    let same_case = asked.case.is_none() || asked.case == held.case;
    if asked.identifier != held.identifier || !within || !same_case {
        return Err(denied(Error::Denied(Reason::PowerDoesNotCover)));
    }
    Ok(if asked.privileges.is_empty() {
        Wanted::AtMost(held.privileges)
    } else {
        Wanted::These(asked.privileges)
    })
}

fn unclear() -> OAuthError {
    let what = "authorization_details must hold one dk_mandate with its identifier";
    OAuthError::new(StatusCode::BAD_REQUEST, "invalid_authorization_details", what)
}

fn denied(error: Error) -> OAuthError {
    match error {
        Error::StepUp(_) => OAuthError::from(Error::Denied(Reason::AssuranceTooLow)),
        Error::LoginAgain(_) => OAuthError::from(Error::Denied(Reason::LoginTooOld)),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(id: &str, privileges: &[&str]) -> MandateDetail {
        let privileges = privileges.iter().map(|p| p.parse().unwrap()).collect();
        MandateDetail::new(id.parse().unwrap(), privileges, None)
    }

    const ONE: &str = "01890000-0000-7000-8000-000000000001";
    const OTHER: &str = "01890000-0000-7000-8000-000000000002";
    const A: &str = "urn:dk:x:a";
    const B: &str = "urn:dk:x:b";

    #[test]
    fn s24_what_is_asked_for_is_within_what_is_held() {
        let uris = |uris: &[&str]| uris.iter().map(|uri| uri.parse().unwrap()).collect();
        let held = || detail(ONE, &[A]);
        let both = || detail(ONE, &[A, B]);
        assert_eq!(narrowed(both(), None).unwrap(), Wanted::AtMost(uris(&[A, B])));
        assert_eq!(narrowed(both(), Some(detail(ONE, &[]))).unwrap(), Wanted::AtMost(uris(&[A, B])));
        assert_eq!(narrowed(both(), Some(held())).unwrap(), Wanted::These(uris(&[A])));
        for wider in [both(), detail(OTHER, &[A]), detail(ONE, &[B]), detail(OTHER, &[])] {
            assert_eq!(narrowed(held(), Some(wider)).unwrap_err().code(), "access_denied");
        }
    }
}
