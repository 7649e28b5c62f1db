//! What the provider answers.

use super::{
    CLIENT, ClientAuth, Grant, Misbehaviour, Person, Provider, SECRET, Seen, State, Tenant, keys::object,
    misbehaviour::ANOTHER, now, random,
};
use aws_lc_rs::digest::{SHA256, SHA512, digest};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State as Shared,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64},
};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Parameters = BTreeMap<String, String>;

pub(super) fn router(provider: Provider) -> Router {
    Router::new().fallback(answer).with_state(provider)
}

async fn answer(
    Shared(provider): Shared<Provider>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().trim_start_matches('/').to_owned();
    let (key, endpoint) = path.split_once('/').unwrap_or((path.as_str(), ""));
    if key == "evil" {
        return axum::Json(json!({"keys": [provider.evil.key.jwk()]})).into_response();
    }
    let query = parameters(uri.query().unwrap_or_default().as_bytes());
    let call = Call { provider: &provider, key, headers: &headers, form: parameters(&body) };
    let Some(tenant) = provider.lock().tenants.get(key).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match (method.as_str(), endpoint) {
        // The client gives up first.
        ("GET", ".well-known/openid-configuration") if tenant.misbehaviour == Misbehaviour::MetadataSlow => {
            std::future::pending().await
        }
        ("GET", ".well-known/openid-configuration") => call.metadata(&tenant),
        ("GET", "jwks") => call.jwks(&tenant),
        ("POST", "par") => call.push(&tenant),
        ("GET", "authorize") => call.authorize(&tenant, query),
        ("POST", "token") => call.token(&tenant).await,
        ("GET" | "POST", "userinfo") => call.userinfo(&tenant),
        ("GET", "end_session") => call.end_session(&tenant, query).await,
        _ => {
            call.saw(|seen| seen.elsewhere += 1);
            StatusCode::NOT_FOUND.into_response()
        }
    }
}

fn parameters(bytes: &[u8]) -> Parameters {
    form_urlencoded::parse(bytes).into_owned().collect()
}

fn found(to: &str, parameters: &[(&str, &str)]) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let location = format!("{to}?{}", query.finish());
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// Sixteen megabytes of nothing.
fn huge() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], Body::from(vec![b' '; 16 << 20])).into_response()
}

struct Call<'c> {
    provider: &'c Provider,
    key: &'c str,
    headers: &'c HeaderMap,
    form: Parameters,
}

impl Call<'_> {
    fn saw(&self, see: impl FnOnce(&mut Seen)) {
        self.provider.change(self.key, |tenant| see(&mut tenant.seen));
    }

    /// A request that no provider would take; the tests look whether there was any.
    fn complain(&self, what: &str) -> Response {
        self.saw(|seen| seen.complaints.push(what.to_owned()));
        let body = json!({"error": "invalid_request", "error_description": what});
        (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.provider.lock()
    }

    fn issuer(&self) -> String {
        self.provider.issuer(self.key)
    }

    fn metadata(&self, tenant: &Tenant) -> Response {
        self.saw(|seen| seen.metadata += 1);
        let issuer = self.issuer();
        let at = |path: &str| format!("{issuer}/{path}");
        let mut said = object(json!({
            "issuer": issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "jwks_uri": at("jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": tenant.promises_iss,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
        }));
        let mut put = |name: &str, value: Value| said.insert(name.to_owned(), value);
        if tenant.offers_par {
            put("pushed_authorization_request_endpoint", json!(at("par")));
        }
        if tenant.offers_userinfo {
            put("userinfo_endpoint", json!(at("userinfo")));
        }
        if tenant.offers_end_session {
            put("end_session_endpoint", json!(at("end_session")));
        }
        match tenant.misbehaviour {
            Misbehaviour::IssuerOfAnother => drop(put("issuer", json!(ANOTHER))),
            Misbehaviour::TokenEndpointWithoutTls => {
                drop(put("token_endpoint", json!("http://another.example/token")));
            }
            Misbehaviour::JwksWithoutTls => drop(put("jwks_uri", json!("http://another.example/jwks"))),
            Misbehaviour::AuthorizationEndpointMissing => drop(said.remove("authorization_endpoint")),
            Misbehaviour::NoPkce => drop(put("code_challenge_methods_supported", json!(["plain"]))),
            Misbehaviour::MetadataNotJson => return "<html>".into_response(),
            Misbehaviour::MetadataHuge => return huge(),
            _ => {}
        }
        axum::Json(said).into_response()
    }

    fn jwks(&self, tenant: &Tenant) -> Response {
        self.saw(|seen| seen.jwks += 1);
        let mut keys: Vec<Value> = tenant.strange_keys.clone();
        keys.extend(tenant.keys.iter().map(super::SigningKey::jwk));
        if tenant.misbehaviour == Misbehaviour::EncryptionKey {
            let mut key = tenant.keys[0].named("for-encryption").jwk();
            key["use"] = json!("enc");
            keys.push(key);
        }
        match tenant.misbehaviour {
            Misbehaviour::KeysNotJson => "keys".into_response(),
            Misbehaviour::NoKeys => axum::Json(json!({"keys": []})).into_response(),
            _ => axum::Json(json!({"keys": keys})).into_response(),
        }
    }

    fn is_client(&self, tenant: &Tenant) -> Result<(), String> {
        match tenant.auth {
            ClientAuth::Basic => self.has_secret(),
            ClientAuth::PrivateKeyJwt => self.has_signed(),
        }
    }

    /// RFC 6749, section 2.3.1: both parts are form-encoded first.
    fn has_secret(&self) -> Result<(), String> {
        let sent = self.headers.get(header::AUTHORIZATION).and_then(|line| line.to_str().ok());
        let sent = sent.and_then(|line| line.strip_prefix("Basic ")).ok_or("no basic authentication")?;
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let right = STANDARD.encode(format!("{}:{}", encode(CLIENT), encode(SECRET)));
        if sent == right { Ok(()) } else { Err("another secret".to_owned()) }
    }

    fn has_signed(&self) -> Result<(), String> {
        if self.form.get("client_assertion_type").map(String::as_str)
            != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        {
            return Err("no client_assertion_type".to_owned());
        }
        let token = self.form.get("client_assertion").ok_or("no client_assertion")?;
        let jwk = serde_json::from_value(self.provider.client_key.jwk()).expect("a key");
        let key = DecodingKey::from_jwk(&jwk).expect("a key");
        let mut validation = Validation::new(match self.provider.client_key.algorithm {
            super::Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            super::Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            super::Algorithm::Rs256 | super::Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        });
        validation.set_issuer(&[CLIENT]);
        validation.sub = Some(CLIENT.to_owned());
        validation.set_audience(&[self.issuer(), format!("{}/token", self.issuer())]);
        validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        let claims =
            jsonwebtoken::decode::<Value>(token, &key, &validation).map_err(|e| e.to_string())?.claims;
        let jti = claims["jti"].as_str().ok_or("no jti")?.to_owned();
        if claims["exp"].as_i64().is_none_or(|exp| exp > now() + 600) {
            return Err("an assertion for more than ten minutes".to_owned());
        }
        self.saw(|seen| seen.secrets.push(token.clone()));
        if self.state().assertions.insert(jti) { Ok(()) } else { Err("the assertion was used".to_owned()) }
    }

    fn push(&self, tenant: &Tenant) -> Response {
        self.saw(|seen| seen.pushed += 1);
        if let Err(what) = self.is_client(tenant) {
            return self.complain(&what);
        }
        match tenant.misbehaviour {
            Misbehaviour::PushRefused => return StatusCode::FORBIDDEN.into_response(),
            Misbehaviour::PushWithoutName => {
                return (StatusCode::CREATED, axum::Json(json!({"expires_in": 60}))).into_response();
            }
            _ => {}
        }
        let name = format!("urn:ietf:params:oauth:request_uri:{}", random());
        self.state().pushed.insert(name.clone(), (self.key.to_owned(), self.form.clone()));
        let body = json!({"request_uri": name, "expires_in": 60});
        (StatusCode::CREATED, axum::Json(body)).into_response()
    }

    fn authorize(&self, tenant: &Tenant, query: Parameters) -> Response {
        self.saw(|seen| seen.address.clone_from(&query));
        let asked = match query.get("request_uri") {
            Some(name) => match self.state().pushed.remove(name) {
                Some((key, asked)) if key == self.key => asked,
                _ => return self.complain("no such request was pushed"),
            },
            None => query,
        };
        self.saw(|seen| seen.asked.clone_from(&asked));
        let get = |name: &str| asked.get(name).map_or("", String::as_str);
        let client = self.state().client.clone();
        let wrong = [
            ("client_id", get("client_id") == CLIENT),
            ("redirect_uri", get("redirect_uri") == format!("{client}/login/{}/callback", self.key)),
            ("response_type", get("response_type") == "code"),
            ("scope", get("scope").split(' ').any(|scope| scope == "openid")),
            ("code_challenge", get("code_challenge").len() == 43),
            ("code_challenge_method", get("code_challenge_method") == "S256"),
            ("state", get("state").len() >= 22),
            ("nonce", get("nonce").len() >= 22),
        ];
        if let Some((name, _)) = wrong.iter().find(|(_, right)| !right) {
            return self.complain(name);
        }
        match &tenant.person {
            None => self.send_back(tenant, &asked, ("error", "access_denied")),
            Some(_) if tenant.misbehaviour == Misbehaviour::ServerError => {
                self.send_back(tenant, &asked, ("error", "server_error"))
            }
            Some(person) => self.grant(tenant, person, &asked),
        }
    }

    fn grant(&self, tenant: &Tenant, person: &Person, asked: &Parameters) -> Response {
        let most = asked.get("max_age").and_then(|age| age.parse::<i64>().ok()).unwrap_or(i64::MAX);
        let anew = asked.get("prompt").is_some_and(|prompt| prompt.contains("login"));
        let code = random();
        self.provider.change(self.key, |tenant| {
            if tenant.sid.is_none() {
                tenant.sid = Some(random());
                tenant.authenticated_at = now() - tenant.login_age;
            }
            let old = now() - tenant.authenticated_at > most || most == 0;
            if (anew || old) && !tenant.ignores_freshness {
                tenant.authenticated_at = now();
            }
            tenant.seen.secrets.push(code.clone());
            tenant.seen.session = (person.sub.clone(), tenant.sid.clone().unwrap_or_default());
        });
        let mut state = self.state();
        let session = &state.tenants[self.key];
        let grant = Grant {
            key: self.key.to_owned(),
            asked: asked.clone(),
            person: person.clone(),
            authenticated_at: session.authenticated_at,
            sid: session.sid.clone().unwrap_or_default(),
        };
        state.codes.insert(code.clone(), grant);
        drop(state);
        self.send_back(tenant, asked, ("code", &code))
    }

    fn send_back(&self, tenant: &Tenant, asked: &Parameters, what: (&str, &str)) -> Response {
        let issuer = self.issuer();
        let (state, mut parameters) = (asked["state"].as_str(), vec![what]);
        match tenant.misbehaviour {
            Misbehaviour::ResponseWithoutState => {}
            Misbehaviour::StateOfNobody => {
                parameters.push(("state", "a-state-that-nobody-began-with-0000000000000"));
            }
            Misbehaviour::StateTwice => parameters.extend([("state", state), ("state", "another")]),
            _ => parameters.push(("state", state)),
        }
        match tenant.misbehaviour {
            Misbehaviour::ResponseWithoutIss => {}
            Misbehaviour::ResponseIssOfAnother => parameters.push(("iss", ANOTHER)),
            _ if !tenant.promises_iss => {}
            _ => parameters.push(("iss", &issuer)),
        }
        if tenant.misbehaviour == Misbehaviour::ResponseWithoutCode {
            parameters.retain(|(name, _)| *name != "code");
        }
        found(&asked["redirect_uri"], &parameters)
    }

    async fn token(&self, tenant: &Tenant) -> Response {
        self.saw(|seen| seen.tokens += 1);
        if let Err(what) = self.is_client(tenant) {
            return self.complain(&what);
        }
        match tenant.misbehaviour {
            Misbehaviour::TokenError => {
                let body = axum::Json(json!({"error": "invalid_grant", "error_description": "no"}));
                return (StatusCode::BAD_REQUEST, body).into_response();
            }
            Misbehaviour::TokenNotJson => return "<html>".into_response(),
            Misbehaviour::TokenHuge => return huge(),
            // The client gives up first.
            Misbehaviour::TokenSlow => std::future::pending().await,
            Misbehaviour::TokenRedirects => {
                let to = format!("{}/elsewhere", self.issuer());
                return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response();
            }
            _ => {}
        }
        let get = |name: &str| self.form.get(name).map_or("", String::as_str);
        let Some(grant) = self.state().codes.remove(get("code")) else {
            return self.complain("no such code");
        };
        let proof = B64.encode(digest(&SHA256, get("code_verifier").as_bytes()).as_ref());
        let wrong = [
            ("another provider's code", grant.key == self.key),
            ("grant_type", get("grant_type") == "authorization_code"),
            ("redirect_uri", get("redirect_uri") == grant.asked["redirect_uri"]),
            ("code_verifier", proof == grant.asked["code_challenge"]),
        ];
        if let Some((name, _)) = wrong.iter().find(|(_, right)| !right) {
            return self.complain(name);
        }
        self.tokens(tenant, grant)
    }

    fn tokens(&self, tenant: &Tenant, grant: Grant) -> Response {
        let access = random();
        let asked_high = ["acr_values", "idp_params"]
            .iter()
            .any(|name| grant.asked.get(*name).is_some_and(|value| value.to_lowercase().contains("high")));
        let (whom, login) = grant.person.claims(tenant.dialect, asked_high);
        let key = &tenant.keys[0];
        let mut claims = object(json!({
            "iss": self.issuer(), "sub": grant.person.sub, "aud": CLIENT, "iat": now(), "exp": now() + 300,
            "auth_time": grant.authenticated_at, "nonce": grant.asked["nonce"], "sid": grant.sid,
            "at_hash": at_hash(key.algorithm, &access),
        }));
        claims.extend(login);
        if !tenant.tells_at_userinfo {
            claims.extend(whom);
        }
        tenant.misbehaviour.bend(&mut claims, now());
        let mut token = tenant.misbehaviour.token(key, SECRET, &self.provider.evil, &claims);
        if !tenant.names_key {
            token = key.jwt(&object(json!({"alg": key.algorithm.name()})), &claims);
        }
        self.saw(|seen| {
            seen.secrets.extend([access.clone(), token.clone()]);
            seen.id_token.clone_from(&token);
        });
        let mut body = object(
            json!({"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": token}),
        );
        match tenant.misbehaviour {
            Misbehaviour::TokenTypeMac => drop(body.insert("token_type".to_owned(), json!("mac"))),
            Misbehaviour::TokenTypeMissing => drop(body.remove("token_type")),
            Misbehaviour::NoIdToken => drop(body.remove("id_token")),
            Misbehaviour::NoAccessToken => drop(body.remove("access_token")),
            _ => {}
        }
        self.state().access.insert(access, grant);
        ([(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response()
    }

    fn userinfo(&self, tenant: &Tenant) -> Response {
        self.saw(|seen| seen.userinfo += 1);
        let line = self.headers.get(header::AUTHORIZATION).and_then(|line| line.to_str().ok());
        let token = line.and_then(|line| line.strip_prefix("Bearer ")).unwrap_or_default();
        let state = self.state();
        let Some(grant) = state.access.get(token).filter(|grant| grant.key == self.key) else {
            return StatusCode::UNAUTHORIZED.into_response();
        };
        let (mut said, login) = grant.person.claims(tenant.dialect, false);
        said.extend(login);
        said.insert("sub".to_owned(), json!(grant.person.sub));
        match tenant.misbehaviour {
            Misbehaviour::UserinfoOfAnother => drop(said.insert("sub".to_owned(), json!("somebody-else"))),
            Misbehaviour::UserinfoWithoutSub => drop(said.remove("sub")),
            Misbehaviour::UserinfoRefuses => return StatusCode::FORBIDDEN.into_response(),
            _ => {}
        }
        axum::Json(said).into_response()
    }

    async fn end_session(&self, tenant: &Tenant, query: Parameters) -> Response {
        self.saw(|seen| seen.end_session.clone_from(&query));
        let client = self.state().client.clone();
        let to = query.get("post_logout_redirect_uri").cloned().unwrap_or_default();
        if to != format!("{client}/logged-out") {
            return self.complain("post_logout_redirect_uri");
        }
        if tenant.tells_of_logout {
            let token =
                self.provider.signs_with(self.key).sign("logout+jwt", &self.provider.logout_claims(self.key));
            let url = format!("{client}/login/{}/backchannel-logout", self.key);
            let body = format!("logout_token={token}");
            let sent = reqwest::Client::new()
                .post(url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
            let status = sent.send().await.map(|answer| answer.status().as_u16());
            if !matches!(status, Ok(200)) {
                self.saw(|seen| seen.complaints.push(format!("back-channel logout: {status:?}")));
            }
        }
        self.provider.change(self.key, |tenant| tenant.sid = None);
        match query.get("state") {
            Some(state) => found(&to, &[("state", state)]),
            None => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        }
    }
}

/// The left half of the access token's hash (OpenID Connect Core 1.0, section 3.1.3.6).
fn at_hash(algorithm: super::Algorithm, access: &str) -> String {
    let by = if algorithm == super::Algorithm::EdDsa { &SHA512 } else { &SHA256 };
    let hash = digest(by, access.as_bytes());
    B64.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}
