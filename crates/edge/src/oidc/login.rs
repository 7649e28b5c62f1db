//! A login, from the first redirect to the session.

use super::{
    LoginOption,
    claims::{Colleague, Identity, Reader, Someone},
    http::Http,
    id_token::{self, Expected},
    metadata::{Known, Metadata},
    provider::{ClientAuth, Provider},
    refusal::LoginRefusal,
};
use crate::{
    bearer::SpeaksFor,
    browser::{LoggedIn, ReturnTo, User, cookie::Secret, encode},
    token::Claims,
};
use ::http::StatusCode;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tillid_domain::{
    Cpr, Digest, Instant, Language,
    actor::{Assurance, Role},
    text::Login,
};
use tillid_service::{NewEmployee, Service};

/// A login that has begun may come back within this many seconds.
pub(super) const BACK_WITHIN: i64 = 600;
/// With single sign-on, the user may have logged in at the provider this many seconds ago.
const SINGLE_SIGN_ON: i64 = 3600;
/// What a provider is asked for when the user is to prove anew who they are; some need the time to ask for a CPR number too.
const ANEW: i64 = 300;
/// So many logins may begin in a minute, on one node: each is a row, and a request to the provider, for whoever asks.
const A_MINUTE: u32 = 600;
/// An assertion of ours holds this many seconds.
const ASSERTION: i64 = 60;

/// Logs people in at the configured providers.
pub struct RelyingParty {
    service: Service,
    http: Http,
    providers: BTreeMap<String, (Provider, Known)>,
    /// The minute, and how many logins have begun in it.
    begun: Mutex<(i64, u32)>,
}

/// What is kept of a login while the user is at the provider.
#[derive(Serialize, Deserialize)]
pub(super) struct Attempt {
    pub(super) provider: String,
    nonce: String,
    verifier: String,
    pub(super) return_to: ReturnTo,
    authenticated_since: Instant,
    least: Assurance,
    /// Whether it is a fresh login within a session.
    pub(super) again: bool,
}

/// What a login is begun for.
pub(super) struct Wanted {
    pub(super) return_to: ReturnTo,
    pub(super) language: Language,
    /// How sure it must be who the user is, if more than to come in.
    pub(super) least: Option<Assurance>,
    /// Whether they must prove it now, whatever session they have at the provider.
    pub(super) again: bool,
}

/// The parameters that a provider sends back.
#[derive(Default)]
pub(super) struct Callback {
    pub(super) state: Option<String>,
    pub(super) code: Option<String>,
    pub(super) iss: Option<String>,
    pub(super) error: Option<String>,
}

/// A login that holds.
pub(super) struct Finished {
    pub(super) logged_in: LoggedIn,
    pub(super) issuer: Login,
    pub(super) login: Login,
    pub(super) sid: Option<Login>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    token_type: String,
    id_token: String,
}

#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
}

impl RelyingParty {
    /// A relying party of these providers. They are first spoken to when somebody logs in.
    pub fn new(service: Service, providers: Vec<Provider>) -> Result<Self, reqwest::Error> {
        let http = Http::new()?;
        let providers = providers.into_iter().map(|p| (p.key.clone(), (p, Known::default()))).collect();
        Ok(Self { service, http, providers, begun: Mutex::default() })
    }

    /// The ways to log in, for the buttons.
    pub fn options(&self) -> Arc<[LoginOption]> {
        let option = |(p, _): &(Provider, Known)| LoginOption { key: p.key.clone(), name: p.name.clone() };
        self.providers.values().map(option).collect()
    }

    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    pub(super) fn provider(&self, key: &str) -> Option<&(Provider, Known)> {
        self.providers.get(key)
    }

    /// One for each provider: what one of them sends can never be taken for another's (RFC 9700, section 4.4.2).
    fn callback(&self, provider: &Provider) -> String {
        format!("{}/login/{}/callback", self.service.settings().base_url, provider.key)
    }

    fn must_not_be_too_many(&self, now: Instant) -> Result<(), LoginRefusal> {
        let minute = now.as_micros() / 60_000_000;
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        *begun = if begun.0 == minute { (minute, begun.1.saturating_add(1)) } else { (minute, 1) };
        if begun.1 > A_MINUTE { Err(LoginRefusal::TooMany) } else { Ok(()) }
    }

    /// Begins a login: where to send the browser that has this secret.
    pub(super) async fn begin(
        &self,
        (provider, known): &(Provider, Known),
        browser: &Secret,
        wanted: Wanted,
    ) -> Result<String, LoginRefusal> {
        let now = self.service.security_now();
        self.must_not_be_too_many(now)?;
        let metadata = known.metadata(&self.http, provider, now).await?;
        let (state, nonce, verifier) = (self.random(), self.random(), self.random());
        let least = wanted.least.unwrap_or(Assurance::Low).max(provider.least_assurance);
        let anew = wanted.again || !provider.single_sign_on;
        let (max_age, since) =
            if anew { (ANEW, now) } else { (SINGLE_SIGN_ON, now.plus_seconds(-SINGLE_SIGN_ON)) };
        let attempt = Attempt {
            provider: provider.key.clone(),
            nonce: nonce.as_str().to_owned(),
            verifier: verifier.as_str().to_owned(),
            return_to: wanted.return_to,
            authenticated_since: since,
            least,
            again: wanted.again,
        };
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of(verifier.as_str().as_bytes()).as_bytes());
        let mut parameters = vec![
            ("response_type", "code".to_owned()),
            ("client_id", provider.client_id.clone()),
            ("redirect_uri", self.callback(provider)),
            ("scope", provider.scope()),
            ("state", state.as_str().to_owned()),
            ("nonce", nonce.as_str().to_owned()),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256".to_owned()),
            ("max_age", max_age.to_string()),
            ("ui_locales", wanted.language.tag().to_owned()),
        ];
        parameters.extend(provider.dialect.level(least));
        if anew {
            parameters.push(("prompt", "login".to_owned()));
        }
        let address = self.authorization(provider, &metadata, parameters, now).await?;
        let kept = serde_json::to_string(&attempt).unwrap_or_default();
        self.service
            .begin_login(bound(state.as_str(), browser), &kept, now.plus_seconds(BACK_WITHIN))
            .await?;
        Ok(address)
    }

    async fn authorization(
        &self,
        provider: &Provider,
        metadata: &Metadata,
        parameters: Vec<(&str, String)>,
        now: Instant,
    ) -> Result<String, LoginRefusal> {
        let query = match &metadata.pushed_authorization_request_endpoint {
            Some(endpoint) => {
                let answer = self.ask(provider, metadata, endpoint, parameters, now).await?;
                let pushed: Option<Pushed> = answer.json();
                let pushed = pushed.filter(|_| answer.status == StatusCode::CREATED);
                let uri = pushed.ok_or(LoginRefusal::Par(answer.status.as_u16()))?.request_uri;
                vec![("client_id", provider.client_id.clone()), ("request_uri", uri)]
            }
            None => parameters,
        };
        let query: Vec<String> =
            query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let joint = if metadata.authorization_endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{}{joint}{}", metadata.authorization_endpoint, query.join("&")))
    }

    /// Asks an endpoint of the provider's, and proves who we are.
    async fn ask(
        &self,
        provider: &Provider,
        metadata: &Metadata,
        endpoint: &str,
        mut fields: Vec<(&str, String)>,
        now: Instant,
    ) -> Result<super::http::Answer, LoginRefusal> {
        let request = match &provider.auth {
            ClientAuth::Secret(secret) => {
                let pair = format!("{}:{}", encode(&provider.client_id), encode(secret));
                self.http
                    .post(endpoint, &fields)
                    .header("authorization", format!("Basic {}", STANDARD.encode(pair)))
            }
            ClientAuth::Key(key) => {
                let seconds = now.as_micros() / 1_000_000;
                // The audience is the issuer alone: a token for one endpoint of theirs could be sent on to another's.
                let claims = json!({
                    "iss": provider.client_id, "sub": provider.client_id, "aud": metadata.issuer,
                    "iat": seconds, "exp": seconds + ASSERTION, "jti": self.service.ambient().id(),
                });
                let assertion = key.sign(&claims).ok_or(LoginRefusal::Assertion)?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                if !fields.iter().any(|(name, _)| *name == "client_id") {
                    fields.push(("client_id", provider.client_id.clone()));
                }
                fields.push(("client_assertion_type", kind.to_owned()));
                fields.push(("client_assertion", assertion));
                self.http.post(endpoint, &fields)
            }
        };
        self.http.send(request).await
    }

    /// Takes the login that came back from that provider to the browser that began it; it is there once, and another browser does
    /// not find it.
    pub(super) async fn take(
        &self,
        key: &str,
        callback: &Callback,
        browser: Option<&Secret>,
    ) -> Result<Attempt, LoginRefusal> {
        let state = callback.state.as_deref().ok_or(LoginRefusal::CallbackMalformed)?;
        let browser = browser.ok_or(LoginRefusal::OtherBrowser)?;
        let kept = self.service.take_login(bound(state, browser)).await?;
        let attempt: Option<Attempt> = kept.and_then(|kept| serde_json::from_str(&kept).ok());
        let attempt = attempt.ok_or(LoginRefusal::StateUnknown)?;
        if attempt.provider == key { Ok(attempt) } else { Err(LoginRefusal::OtherProvider) }
    }

    /// Who has logged in, if everything holds.
    pub(super) async fn finish(
        &self,
        attempt: &Attempt,
        callback: &Callback,
    ) -> Result<Finished, LoginRefusal> {
        let (provider, known) = self.provider(&attempt.provider).ok_or(LoginRefusal::StateUnknown)?;
        let now = self.service.security_now();
        let metadata = known.metadata(&self.http, provider, now).await?;
        match &callback.iss {
            Some(iss) if *iss != provider.issuer => return Err(LoginRefusal::ResponseIssuer),
            None if metadata.authorization_response_iss_parameter_supported => {
                return Err(LoginRefusal::ResponseIssuerMissing);
            }
            _ => {}
        }
        if let Some(error) = &callback.error {
            return Err(refused(error));
        }
        let code = callback.code.clone().ok_or(LoginRefusal::CallbackMalformed)?;
        let tokens = self.redeem(provider, &metadata, code, &attempt.verifier, now).await?;
        let jwt = id_token::read(&tokens.id_token)?;
        known.must_have_signed(&self.http, &metadata, &jwt, now).await?;
        let expected = Expected {
            issuer: &provider.issuer,
            client_id: &provider.client_id,
            nonce: &attempt.nonce,
            access_token: &tokens.access_token,
            now,
            authenticated_since: attempt.authenticated_since,
        };
        id_token::check(&jwt, &expected)?;
        let mut claims = jwt.claims;
        let hint = hint(&claims, &tokens.id_token);
        // How sure it is must be signed.
        Reader::new(provider, &claims).assurance()?;
        if let Some(endpoint) = &metadata.userinfo_endpoint {
            self.add_userinfo(endpoint, &tokens.access_token, &mut claims).await?;
        }
        let identity = Reader::new(provider, &claims).identity()?;
        if identity.assurance < attempt.least {
            return Err(LoginRefusal::LevelTooLow);
        }
        let mut finished = self.known_here(provider, identity).await?;
        finished.logged_in.hint = hint;
        Ok(finished)
    }

    async fn redeem(
        &self,
        provider: &Provider,
        metadata: &Metadata,
        code: String,
        verifier: &str,
        now: Instant,
    ) -> Result<Tokens, LoginRefusal> {
        let fields = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", self.callback(provider)),
            ("code_verifier", verifier.to_owned()),
        ];
        let answer = self.ask(provider, metadata, &metadata.token_endpoint, fields, now).await?;
        if answer.status != StatusCode::OK {
            return Err(LoginRefusal::TokenStatus(answer.status.as_u16()));
        }
        let tokens: Tokens = answer.json().ok_or(LoginRefusal::TokenMalformed)?;
        if !tokens.token_type.eq_ignore_ascii_case("bearer") {
            return Err(LoginRefusal::TokenType);
        }
        Ok(tokens)
    }

    /// Adds what the ID token does not say. What it does say, it says with a signature, and stays.
    async fn add_userinfo(
        &self,
        endpoint: &str,
        access_token: &str,
        claims: &mut Claims,
    ) -> Result<(), LoginRefusal> {
        let request = self.http.get(endpoint).bearer_auth(access_token);
        let answer = self.http.send(request).await?;
        let told: Option<Map<String, Value>> = answer.json().filter(|_| answer.status == StatusCode::OK);
        let told = told.ok_or(LoginRefusal::Userinfo(answer.status.as_u16()))?;
        if told.get("sub") != claims.0.get("sub") {
            return Err(LoginRefusal::UserinfoSubject);
        }
        // Who somebody is, and nothing of how and where they logged in.
        let of_the_login = ["sid", "acr", "amr", "auth_time", "azp", "nonce", "at_hash", "events"];
        for (name, value) in told.into_iter().filter(|(name, _)| !of_the_login.contains(&name.as_str())) {
            claims.0.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// The user as our own records have them; a citizen who comes for the first time becomes known by their number.
    async fn known_here(&self, provider: &Provider, identity: Identity) -> Result<Finished, LoginRefusal> {
        let Identity { login, sid, name, assurance, authenticated_at, who } = identity;
        let issuer: Login = provider.issuer.parse().map_err(|_| LoginRefusal::Identity("iss"))?;
        let user = match who {
            Someone::Citizen { number } => {
                let person = match (self.service.person_by_login(&issuer, &login).await?, number) {
                    (Some(person), None) => person,
                    // A number may be new to us; one that is somebody else's means that one of the two is not who we think.
                    (Some(person), Some(number)) => match self.service.person_by_number(&number).await? {
                        Some(other) if other != person => return Err(LoginRefusal::OtherPerson),
                        _ => person,
                    },
                    (None, Some(number)) => self.service.bind_login(&issuer, &login, &number).await?,
                    (None, None) => return Err(LoginRefusal::PersonUnknown),
                };
                User::Citizen { person, acting_for: None }
            }
            Someone::Employee(colleague) if self.service.directory().get(colleague.authority).is_none() => {
                // Who vouches for the staff of authorities alone vouches for nobody else's.
                if !matches!(provider.speaks_for, SpeaksFor::Everyone) {
                    return Err(LoginRefusal::AuthorityUnknown);
                }
                self.at_work(&name, *colleague).await?
            }
            Someone::Employee(colleague) => {
                let person = match &colleague.number {
                    Some(number) => Some(self.service.person_of_number(number).await?),
                    None => None,
                };
                User::Employee {
                    id: colleague.id,
                    person,
                    authority: colleague.authority,
                    roles: colleague.roles,
                    kle: colleague.kle,
                    sensitivity: colleague.sensitivity,
                }
            }
        };
        let provider = provider.key.clone();
        let logged_in =
            LoggedIn { provider, name, user, assurance, authenticated_at, draft: None, hint: None };
        Ok(Finished { logged_in, issuer, login, sid })
    }

    /// Whoever works for another organisation than an authority that is served here: for one that people may be represented by (M5).
    async fn at_work(&self, name: &str, colleague: Colleague) -> Result<User, LoginRefusal> {
        let new = NewEmployee {
            cvr: colleague.authority,
            organisation: colleague.organisation,
            employee: colleague.id,
            name: name.parse().ok(),
        };
        let seen = self.service.employee_at_work(&new).await?;
        Ok(User::Professional {
            employee: seen.employee,
            administers: colleague.roles.contains(&Role::OrganisationAdministrator),
            in_own_name: false,
            acting_for: None,
        })
    }

    fn random(&self) -> Secret {
        Secret::new(self.service.ambient())
    }
}

/// What a login is found by: only who has both the state and the browser's secret finds it.
fn bound(state: &str, browser: &Secret) -> Digest {
    Digest::of(format!("{state}|{}", browser.as_str()).as_bytes())
}

/// The ID token, if it can be part of an address: no claim of it is a CPR number, and it is not long.
fn hint(claims: &Claims, id_token: &str) -> Option<String> {
    let is_number = |value: &Value| value.as_str().is_some_and(|text| text.parse::<Cpr>().is_ok());
    (id_token.len() <= 2048 && !claims.0.values().any(is_number)).then(|| id_token.to_owned())
}

/// What a provider's error means; its own words could hold anything.
fn refused(error: &str) -> LoginRefusal {
    match error {
        "access_denied" | "user_cancelled" | "user_aborted" | "mitid_user_aborted" => LoginRefusal::Cancelled,
        "login_required" => LoginRefusal::ByProvider("login_required"),
        "interaction_required" => LoginRefusal::ByProvider("interaction_required"),
        "invalid_request" => LoginRefusal::ByProvider("invalid_request"),
        "invalid_scope" => LoginRefusal::ByProvider("invalid_scope"),
        "unauthorized_client" => LoginRefusal::ByProvider("unauthorized_client"),
        "server_error" => LoginRefusal::ByProvider("server_error"),
        "temporarily_unavailable" => LoginRefusal::ByProvider("temporarily_unavailable"),
        _ => LoginRefusal::ByProvider("another error"),
    }
}
