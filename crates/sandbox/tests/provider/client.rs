//! A relying party and its browser, written by hand.

use aws_lc_rs::{
    digest,
    signature::{ECDSA_P256_SHA256_FIXED, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
};
use tillid_sandbox::{Broker, Client, Provider, Sandbox, authorities, router};
use tillid_testkit::{Engine, World};
use tower::ServiceExt;
use url::{Url, form_urlencoded};

pub(crate) const BASE: &str = "https://tillid.example";
pub(crate) const ISSUER: &str = "https://tillid.example/sandbox/mitid";
pub(crate) const CALLBACK: &str = "https://rp.example/login/callback";
pub(crate) const LOGGED_OUT: &str = "https://rp.example/logged-out";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-for-the-rule-0123456789";
const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Name, value.
pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).expect(name).to_str().expect("text")
    }

    /// Where it leads, and what is said there.
    pub(crate) fn back(&self) -> (String, BTreeMap<String, String>) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        let mut to = Url::parse(self.header("location")).expect("an address");
        let said = to.query_pairs().into_owned().collect();
        to.set_query(None);
        (to.to_string(), said)
    }

    /// What is said where it leads back to.
    pub(crate) fn callback(&self) -> BTreeMap<String, String> {
        let (to, said) = self.back();
        assert_eq!(to, CALLBACK);
        assert_eq!(said["iss"], ISSUER);
        assert_eq!(said["state"], "the state");
        said
    }

    pub(crate) fn refused(&self, error: &str) -> String {
        let said = self.json();
        assert_eq!(said["error"], error, "{said}");
        said["error_description"].as_str().expect("words").to_owned()
    }

    /// A page of trouble.
    pub(crate) fn trouble(&self, code: &str) {
        assert!(self.status.is_client_error(), "{}", self.status);
        assert!(self.headers.get("location").is_none());
        assert!(self.body.contains(&format!("data-code=\"{code}\"")), "{}", self.body);
    }

    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&mark).expect(name);
        rest.split_once('"').expect("its end").0.to_owned()
    }
}

/// The provider, a client of its, and a browser.
pub(crate) struct Rp {
    pub(crate) world: World,
    pub(crate) router: Router,
    key: Ed25519KeyPair,
    cookies: RefCell<BTreeMap<String, String>>,
    counter: Cell<u32>,
}

pub(crate) fn object(value: &Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

pub(crate) fn challenge(verifier: &str) -> String {
    B64.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

pub(crate) fn payload(token: &str) -> Map<String, Value> {
    part(token, 1)
}

pub(crate) fn part(token: &str, nth: usize) -> Map<String, Value> {
    let part = token.split('.').nth(nth).expect("a part");
    serde_json::from_slice(&B64.decode(part).expect("base64url")).expect("an object")
}

impl Rp {
    pub(crate) async fn new() -> Self {
        Self::hearing(None).await
    }

    /// One that wants to hear of logouts there.
    pub(crate) async fn hearing(backchannel_logout_uri: Option<String>) -> Self {
        let world = World::turnable(Engine::Sqlite).await;
        let key = Ed25519KeyPair::generate().expect("a key");
        let x = B64.encode(key.public_key().as_ref());
        let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "rp", "use": "sig", "x": x}]});
        let client = |id: &str| Client {
            id: id.to_owned(),
            redirect_uris: vec![CALLBACK.to_owned()],
            post_logout_redirect_uris: vec![LOGGED_OUT.to_owned()],
            backchannel_logout_uri: backchannel_logout_uri.clone(),
            keys: keys.clone(),
        };
        let broker_key =
            Ed25519KeyPair::generate().and_then(|key| key.to_pkcs8().map(|k| k.as_ref().to_vec()));
        let broker = Broker::new(BASE, &broker_key.expect("a key"), authorities().expect("authorities"));
        let provider = Provider::new(BASE, vec![client("rp"), client("other")]).expect("a provider");
        let router = router(Sandbox {
            service: world.service.clone(),
            broker: Arc::new(broker.expect("a broker")),
            provider: Arc::new(provider),
        });
        Self { world, router, key, cookies: RefCell::default(), counter: Cell::new(0) }
    }

    pub(crate) fn now(&self) -> i64 {
        self.world.now().as_micros() / 1_000_000
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.world.ambient.set(self.world.now().plus_seconds(seconds));
    }

    /// Another browser from now on.
    pub(crate) fn new_browser(&self) {
        self.cookies.borrow_mut().clear();
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let response: Response<Body> = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    /// As the browser asks.
    pub(crate) async fn browse(&self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> = self.cookies.borrow().iter().map(|(n, v)| format!("{n}={v}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().expect("a header"));
        }
        let answer = self.ask(request).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("text");
            assert!(
                line.starts_with("__Host-") && line.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax")
            );
            let (name, value) = line.split(';').next().expect("a pair").split_once('=').expect("a pair");
            self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    pub(crate) async fn get(&self, path: &str, fields: Fields<'_>) -> Answer {
        let query = encoded(fields);
        let uri = format!("/sandbox/mitid/{path}?{query}");
        self.browse(Request::get(uri).body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn submit(&self, path: &str, fields: Fields<'_>) -> Answer {
        self.browse(form(path, fields)).await
    }

    /// An authorization request: what every one says, and what this one says besides or instead.
    pub(crate) async fn authorize(&self, besides: Fields<'_>) -> Answer {
        let fields = request(besides);
        let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.get("authorize", &fields).await
    }

    /// Picks somebody on a page that lets one.
    pub(crate) async fn pick(&self, page: &Answer, identity: &str, level: &str) -> Answer {
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        let pick = page.hidden("pick");
        self.submit("pick", &[("pick", &pick), ("identity", identity), ("level", level)]).await
    }

    /// A code for somebody.
    pub(crate) async fn code(&self, hint: &str, besides: Fields<'_>) -> String {
        let mut fields = vec![("login_hint", hint)];
        fields.extend_from_slice(besides);
        self.authorize(&fields).await.callback()["code"].clone()
    }

    /// A client assertion with these claims instead.
    pub(crate) fn assertion(&self, instead: &Value) -> String {
        self.counter.set(self.counter.get() + 1);
        let mut claims = object(&json!({
            "iss": "rp", "sub": "rp", "aud": ISSUER, "iat": self.now(), "exp": self.now() + 60,
            "jti": format!("jti-{}", self.counter.get()),
        }));
        claims.extend(object(instead));
        let header = B64.encode(json!({"alg": "EdDSA", "kid": "rp", "typ": "JWT"}).to_string());
        let message = format!("{header}.{}", B64.encode(Value::Object(claims).to_string()));
        format!("{message}.{}", B64.encode(self.key.sign(message.as_bytes())))
    }

    /// As the client asks, with that assertion.
    pub(crate) async fn post(&self, path: &str, fields: Fields<'_>, assertion: &str) -> Answer {
        let mut fields = fields.to_vec();
        fields.extend([("client_assertion_type", BEARER), ("client_assertion", assertion)]);
        self.ask(form(path, &fields)).await
    }

    pub(crate) async fn exchange(&self, code: &str) -> Answer {
        self.exchange_with(code, &self.assertion(&json!({}))).await
    }

    pub(crate) async fn exchange_with(&self, code: &str, assertion: &str) -> Answer {
        self.post("token", &exchange(code, CALLBACK, VERIFIER), assertion).await
    }

    /// The ID token's claims and the access token, checked as a client must.
    pub(crate) async fn tokens(&self, code: &str) -> (Map<String, Value>, String) {
        let answer = self.exchange(code).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        let said = answer.json();
        let (id_token, access_token) = (said["id_token"].as_str(), said["access_token"].as_str());
        let (id_token, access_token) = (id_token.expect("one"), access_token.expect("one"));
        let claims = self.verified(id_token, "JWT").await;
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!("rp")));
        let half = digest::digest(&digest::SHA256, access_token.as_bytes());
        assert_eq!(claims["at_hash"], B64.encode(half.as_ref().split_at(16).0));
        (claims, access_token.to_owned())
    }

    /// The claims of a token that a key of `jwks_uri` has signed.
    pub(crate) async fn verified(&self, token: &str, typ: &str) -> Map<String, Value> {
        let keys = self.get("jwks", &[]).await.json();
        let key = keys["keys"].as_array().expect("keys").first().expect("a key").clone();
        let head = part(token, 0);
        assert_eq!((&head["kid"], &head["alg"], &head["typ"]), (&key["kid"], &json!("ES256"), &json!(typ)));
        let coordinate = |name: &str| B64.decode(key[name].as_str().expect("text")).expect("base64url");
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        let (message, signature) = token.rsplit_once('.').expect("a signature");
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(message.as_bytes(), &B64.decode(signature).expect("base64url"))
            .expect("its signature");
        payload(token)
    }

    pub(crate) async fn userinfo(&self, access_token: &str) -> Answer {
        let request = Request::get("/sandbox/mitid/userinfo")
            .header(header::AUTHORIZATION, format!("Bearer {access_token}"));
        self.ask(request.body(Body::empty()).expect("a request")).await
    }

    /// Who somebody is, as ID token and as UserInfo say it.
    pub(crate) async fn person(
        &self,
        hint: &str,
        besides: Fields<'_>,
    ) -> (Map<String, Value>, Map<String, Value>) {
        let code = self.code(hint, besides).await;
        let (claims, access_token) = self.tokens(&code).await;
        let user = object(&self.userinfo(&access_token).await.json());
        assert_eq!(user["sub"], claims["sub"]);
        (claims, user)
    }
}

fn encoded(fields: Fields<'_>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub(crate) fn form(path: &str, fields: Fields<'_>) -> Request<Body> {
    Request::post(format!("/sandbox/mitid/{path}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(encoded(fields)))
        .expect("a request")
}

/// The parameters of an authorization request; one with an empty value is left out.
pub(crate) fn request(besides: Fields<'_>) -> BTreeMap<String, String> {
    let challenge = challenge(VERIFIER);
    let mut fields: BTreeMap<String, String> = [
        ("client_id", "rp"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "the state"),
        ("nonce", "the nonce"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    fields.extend(besides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields.retain(|_, value| !value.is_empty());
    fields
}

pub(crate) fn exchange<'a>(
    code: &'a str,
    redirect_uri: &'a str,
    verifier: &'a str,
) -> [(&'a str, &'a str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ]
}
