//! A real client: it has a key of its own, signs assertions with it, and asks for tokens as RFC 6749 and RFC 7523 have it.

use crate::support::{Answer, Tillid};
use serde_json::{Map, Value, json};
use tillid_service::ambient::Ambient;

#[path = "../../support/provider/keys.rs"]
#[expect(dead_code, reason = "what a provider signs with more than a client does")]
pub(crate) mod keys;

use keys::{Algorithm, SigningKey, object};

pub(crate) const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A system, with the id that it calls itself and its key.
#[derive(Clone)]
pub(crate) struct System {
    /// Where tokens come from, exactly as in `iss`.
    pub(crate) issuer: String,
    pub(crate) client: String,
    /// The id of its registration.
    pub(crate) id: String,
    pub(crate) key: SigningKey,
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    Ambient::system().now().as_micros() / 1_000_000
}

pub(crate) fn unique() -> String {
    Ambient::system().id().to_string()
}

/// What an authority says of a system with that key.
pub(crate) fn registration(key: &SigningKey) -> Value {
    json!({
        "client_name": "Prøvesystem",
        "scope": "decide search look_up",
        "purposes": ["automated_step"],
        "jwks": {"keys": [key.jwk()]},
        "token_binding": "bearer",
    })
}

/// A form.
pub(crate) fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

impl System {
    /// A system of Eksempel Kommune, registered by its administrator.
    pub(crate) async fn of(tillid: &Tillid, key: SigningKey) -> Self {
        let body = registration(&key);
        Self::registered(tillid, key, &body).await
    }

    pub(crate) async fn registered(tillid: &Tillid, key: SigningKey, body: &Value) -> Self {
        let karin = tillid.token("karin").await;
        let made = tillid.post("/v1/clients").by(&karin).json(body).send().await.expect(201).json();
        let text = |name: &str| made[name].as_str().expect(name).to_owned();
        Self { issuer: tillid.base.clone(), client: text("client_id"), id: text("id"), key }
    }

    /// The claims of an assertion that holds.
    pub(crate) fn claims(&self) -> Map<String, Value> {
        object(json!({
            "iss": self.client,
            "sub": self.client,
            "aud": self.issuer,
            "iat": now(),
            "exp": now() + 60,
            "jti": unique(),
        }))
    }

    /// The claims with some said otherwise; `null` leaves one out.
    pub(crate) fn but(&self, changes: &[(&str, Value)]) -> Map<String, Value> {
        let mut claims = self.claims();
        for (name, value) in changes {
            if value.is_null() {
                claims.remove(*name);
            } else {
                claims.insert((*name).to_owned(), value.clone());
            }
        }
        claims
    }

    /// An assertion that holds.
    pub(crate) fn assertion(&self) -> String {
        self.key.sign("JWT", &self.claims())
    }

    /// A token request with that assertion, and more parameters.
    pub(crate) async fn asked(tillid: &Tillid, assertion: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", assertion),
        ];
        fields.extend(more);
        tillid.post("/oauth2/token").bytes(FORM, form(&fields)).send().await
    }

    /// An access token with everything that it is registered for.
    pub(crate) async fn token(&self, tillid: &Tillid) -> String {
        let answer = Self::asked(tillid, &self.assertion(), &[]).await.expect(200);
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }
}

pub(crate) fn p256(kid: &str) -> SigningKey {
    SigningKey::new(Algorithm::Es256, kid)
}
