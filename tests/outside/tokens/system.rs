//! A system with keys of its own, as an authority would write it.

use crate::{
    door::Door,
    support::{Answer, Tillid},
};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use tillid_domain::Digest;
use tillid_service::ambient::Ambient;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
pub(crate) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(crate) const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// The seconds since 1970.
pub(crate) fn now() -> i64 {
    Ambient::system().now().as_micros() / 1_000_000
}

/// A P-256 key.
pub(crate) struct Signer(EcdsaKeyPair);

impl Signer {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    pub(crate) fn public(&self) -> Value {
        let point = self.0.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..])})
    }

    pub(crate) fn thumbprint(&self) -> String {
        B64.encode(Digest::of_canonical(&self.public()).as_bytes())
    }

    pub(crate) fn sign(&self, head: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", B64.encode(head.to_string()), B64.encode(claims.to_string()));
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
        format!("{message}.{}", B64.encode(signature.as_ref()))
    }
}

/// A name that is used once.
pub(crate) fn once() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A system that is registered.
pub(crate) struct System {
    pub(crate) id: String,
    /// The id of its registration.
    pub(crate) registration: String,
    /// What it proves itself with.
    key: Signer,
    /// What its tokens are bound to.
    pub(crate) bound: Signer,
}

/// The fields of a form.
pub(crate) type Form<'f> = Vec<(&'f str, String)>;

impl System {
    /// Registers a system with these members beside the usual ones.
    pub(crate) async fn registered(door: &Door, id: &str, members: Value) -> Self {
        let karin = door.token("karin").await;
        let key = Signer::new();
        let mut public = key.public();
        public["kid"] = json!("k");
        let mut body = json!({
            "client_id": id, "client_name": format!("System {id}"), "scope": "represent", "token_binding": "dpop",
            "jwks": {"keys": [public]},
        });
        let Value::Object(members) = members else { panic!("members") };
        body.as_object_mut().expect("an object").extend(members);
        let made = door.post("/v1/clients").by(&karin).json(&body).send().await.expect(201).json();
        let registration = made["id"].as_str().expect("an id").to_owned();
        Self { id: id.to_owned(), registration, key, bound: Signer::new() }
    }

    pub(crate) fn assertion(&self, tillid: &Tillid) -> String {
        let claims = json!({
            "iss": self.id, "sub": self.id, "aud": tillid.base, "iat": now(), "exp": now() + 60, "jti": once(),
        });
        self.key.sign(&json!({"alg": "ES256", "kid": "k", "typ": "JWT"}), &claims)
    }

    /// The claims of a proof.
    pub(crate) fn proof_claims(
        tillid: &Tillid,
        method: &str,
        path: &str,
        token: Option<&str>,
    ) -> Map<String, Value> {
        let mut claims = Map::new();
        let url = format!("{}{}", tillid.base, path);
        for (name, value) in
            [("jti", json!(once())), ("htm", json!(method)), ("htu", json!(url)), ("iat", json!(now()))]
        {
            claims.insert(name.to_owned(), value);
        }
        if let Some(token) = token {
            claims.insert("ath".to_owned(), json!(B64.encode(Digest::of(token.as_bytes()).as_bytes())));
        }
        claims
    }

    pub(crate) fn proof(&self, tillid: &Tillid, method: &str, path: &str, token: Option<&str>) -> String {
        let claims = Self::proof_claims(tillid, method, path, token);
        self.bound.sign(&self.proof_head(), &Value::Object(claims))
    }

    pub(crate) fn proof_head(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.bound.public()})
    }

    /// A request to the token endpoint, with the client's assertion and a proof.
    pub(crate) async fn ask(&self, tillid: &Tillid, form: Form<'_>) -> Answer {
        let proof = self.proof(tillid, "POST", "/oauth2/token", None);
        self.ask_with(tillid, form, &[("dpop", &proof)]).await
    }

    pub(crate) async fn ask_with(
        &self,
        tillid: &Tillid,
        mut form: Form<'_>,
        headers: &[(&str, &str)],
    ) -> Answer {
        form.push(("client_assertion_type", ASSERTION.to_owned()));
        form.push(("client_assertion", self.assertion(tillid)));
        send(tillid, &form, headers).await
    }

    /// A token of its own.
    pub(crate) async fn token(&self, tillid: &Tillid) -> String {
        let answer = self.ask(tillid, vec![("grant_type", "client_credentials".to_owned())]).await;
        text(&answer.expect(200), "access_token")
    }
}

/// A form to the token endpoint.
pub(crate) async fn send(tillid: &Tillid, form: &Form<'_>, headers: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut ask = tillid.post("/oauth2/token").bytes("application/x-www-form-urlencoded", body.into_bytes());
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    ask.send().await
}

/// A member of an answer.
#[track_caller]
pub(crate) fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("{name}: {}", answer.json())).to_owned()
}

/// What an error of the token endpoint says: its code, and our own reason.
pub(crate) fn error(answer: &Answer) -> (u16, String, String) {
    let member = |name: &str| answer.json()[name].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), member("error"), member("reason"))
}

/// The head (0) or the claims (1) of a token.
pub(crate) fn part(token: &str, n: usize) -> Value {
    let bytes = B64.decode(token.split('.').nth(n).expect("a part")).expect("base64");
    serde_json::from_slice(&bytes).expect("json")
}
