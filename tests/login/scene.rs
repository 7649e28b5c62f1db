//! A running service, the providers it knows, and browsers that come to it.

use crate::{
    provider::{Algorithm, Dialect, Person, Provider, SigningKey, Tenant, now, object, random},
    served::{Installation, Served},
    tables,
    walker::{Page, Walker},
};
use reqwest::Url;
use serde_json::{Value, json};
use std::fmt::Write as _;
use tillid_testkit::Engine;

/// The service, and the providers that people log in at.
pub(crate) struct Scene {
    pub(crate) served: Served,
    pub(crate) provider: Provider,
    /// The key of an issuer of access tokens, for what systems do.
    systems: SigningKey,
}

/// The issuer of access tokens.
const ISSUER: &str = "https://systems.example";

/// The cookie of the session.
pub(crate) const SESSION: &str = "__Host-tillid";
/// The cookie of a login that has begun.
pub(crate) const LOGIN: &str = "__Host-tillid-login";
/// The case that everything is about.
pub(crate) const CASE: &str = "27.36.04-2026-17";

impl Scene {
    /// A service that knows these providers.
    pub(crate) async fn new(
        engine: Engine,
        tenants: impl IntoIterator<Item = (impl Into<String>, Tenant)>,
    ) -> Self {
        Self::prepared(engine, tenants, Algorithm::Es256, None).await
    }

    /// The same, with the seed catalogue.
    pub(crate) async fn with_catalogue(
        engine: Engine,
        tenants: impl IntoIterator<Item = (impl Into<String>, Tenant)>,
    ) -> Self {
        Self::prepared(engine, tenants, Algorithm::Es256, Some("")).await
    }

    /// The same, and with what else the operator writes in the configuration.
    pub(crate) async fn configured(engine: Engine, tenant: (&str, Tenant), more: &str) -> Self {
        Self::prepared(engine, [tenant], Algorithm::Es256, Some(more)).await
    }

    /// The same, and the service proves who it is with such a key.
    pub(crate) async fn signing(
        engine: Engine,
        tenants: impl IntoIterator<Item = (impl Into<String>, Tenant)>,
        client: Algorithm,
    ) -> Self {
        Self::prepared(engine, tenants, client, None).await
    }

    async fn prepared(
        engine: Engine,
        tenants: impl IntoIterator<Item = (impl Into<String>, Tenant)>,
        client: Algorithm,
        catalogue: Option<&str>,
    ) -> Self {
        let tenants = tenants.into_iter().map(|(key, tenant)| (key.into(), tenant));
        let provider = Provider::listen(tenants, client).await;
        let installation = Installation::new(engine).await;
        provider.serves(&installation.base);
        let providers = provider.configuration(installation.home.path());
        let systems = SigningKey::new(Algorithm::EdDsa, "systems");
        let more = catalogue.unwrap_or_default();
        installation.configure(&format!("{}{providers}{more}", issuer(&installation, &systems)));
        if catalogue.is_some() {
            installation.import();
        }
        Self { served: installation.start().await, provider, systems }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        self.served.at(path)
    }

    /// A browser that goes to log in at that provider, and where it ends.
    pub(crate) async fn walk(&self, key: &str) -> (Walker, Page) {
        let mut walker = Walker::new();
        let page = walker.open(&self.at(&format!("/login/{key}?return_to=/overview"))).await;
        (walker, page)
    }

    /// A browser in which that person is logged in.
    pub(crate) async fn logged_in(&self, key: &str, person: Person) -> Walker {
        self.provider.meets(key, Some(person));
        let (walker, page) = self.walk(key).await;
        assert!(walker.cookie(SESSION).is_some(), "{}: {} {}", page.url.path(), page.code(), page.text());
        walker
    }

    /// A browser that is about to come back from that provider, and the address it would come to.
    pub(crate) async fn about_to_return(&self, key: &str) -> (Walker, Url) {
        let mut walker = Walker::new();
        let url = self.at(&format!("/login/{key}?return_to=/overview"));
        let page = walker.open_until(&url, |next| next.path().ends_with("/callback")).await;
        let back = page.leads_to().unwrap_or_else(|| panic!("not sent back: {}", page.text()));
        (walker, back)
    }

    /// Whether the browser has a session.
    pub(crate) async fn is_in(&self, walker: &mut Walker) -> bool {
        let page = walker.get(&self.at("/overview")).await;
        assert!(matches!(page.status.as_u16(), 200 | 401 | 403), "{} {}", page.status, page.text());
        page.status.as_u16() != 401
    }

    /// A caseworker's system asks somebody for a consent; the id of the request.
    pub(crate) async fn ask(&self, person: &Person) -> String {
        let hans = Person::hans();
        let claims = object(json!({
            "iss": ISSUER, "aud": self.served.base, "iat": now(), "exp": now() + 300, "jti": random(),
            "sub": hans.sub, "client_id": "systems", "identity_type": "professional", "cvr": hans.cvr,
            "roles": hans.roles, "kle": hans.kle, "sensitivity": "special",
            "acr": Dialect::Signaturgruppen.level("Substantial"), "auth_time": now(),
        }));
        let body = json!({"person": {"cpr": person.cpr}, "consent_type": "C02", "case": CASE});
        let answer = reqwest::Client::new()
            .post(self.at("/v1/consent-requests"))
            .bearer_auth(self.systems.sign("at+jwt", &claims))
            .header("idempotency-key", random())
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let status = answer.status();
        let told: Value = answer.json().await.expect("json");
        assert_eq!(status.as_u16(), 201, "{told}");
        told["id"].as_str().expect("an id").to_owned()
    }

    /// How long the log is now.
    pub(crate) fn log_length(&self) -> usize {
        self.served.log().len()
    }

    /// The causes that were logged after that many bytes of the log.
    pub(crate) fn causes_since(&self, bytes: usize) -> Vec<String> {
        let lines = self.served.logged_since(bytes);
        lines.iter().filter_map(|line| line["fields"]["cause"].as_str()).map(str::to_owned).collect()
    }

    /// The database keeps no secret of a browser, no code, no token, and no CPR number in clear.
    pub(crate) async fn nothing_kept(&self, walkers: &[&Walker], numbers: &[&str]) {
        let mut administrator = self.served.administrator().await;
        let rows = tables::dump(&mut administrator).await;
        let cookies =
            walkers.iter().flat_map(|walker| walker.cookies.iter().map(|cookie| cookie.value.clone()));
        let secrets: Vec<String> =
            cookies.chain(self.provider.secrets()).chain(numbers.iter().map(|n| (*n).to_owned())).collect();
        assert!(rows["session"].len() >= walkers.len());
        for (table, rows) in rows {
            for secret in &secrets {
                let hex = hexadecimal(secret);
                let kept = |row: &String| row.contains(secret) || row.to_uppercase().contains(&hex);
                assert!(!rows.iter().any(kept), "{table} keeps {}", &secret[..6]);
            }
        }
    }

    /// No code, no token and no CPR number has been logged, nor been part of an address of ours but a code on its way in.
    pub(crate) fn nothing_leaked(&self, numbers: &[&str]) {
        let log = self.served.log();
        let secrets = self.provider.secrets();
        assert!(!secrets.is_empty());
        for secret in secrets.iter().map(String::as_str).chain(numbers.iter().copied()) {
            let place =
                log.find(secret).map(|at| log[..at].rsplit('\n').next().unwrap_or_default().to_owned());
            assert_eq!(place, None, "{} was logged", &secret[..6]);
        }
    }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::new(), |mut written, byte| {
        let _ = write!(written, "{byte:02X}");
        written
    })
}

/// An issuer of access tokens.
fn issuer(installation: &Installation, key: &SigningKey) -> String {
    let set = json!({"keys": [key.jwk()]});
    let file = installation.path("systems.jwks.json");
    std::fs::write(&file, set.to_string()).expect("a key set");
    format!(
        "[[issuers]]\nissuer = \"{}\"\naudience = \"{}\"\njwks_file = \"{}\"\neveryone = true\n\n\
         [issuers.roles]\nsagsbehandler = \"caseworker\"\n\n",
        ISSUER,
        installation.base,
        file.display(),
    )
}
