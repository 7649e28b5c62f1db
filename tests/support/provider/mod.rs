//! An OpenID Provider of the tests' own: right in everything unless it is told what to do wrong.
//!
//! One listener is many providers: each has a key, and its issuer is `{base}/{key}`. So each case of a test has a provider that
//! nobody has asked before.

mod endpoints;
pub(crate) mod keys;
pub(crate) mod misbehaviour;
pub(crate) mod person;

pub(crate) use keys::{Algorithm, SigningKey, object};
pub(crate) use misbehaviour::Misbehaviour;
pub(crate) use person::{Dialect, Person};

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use misbehaviour::Evil;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock, Mutex, MutexGuard},
};
use tillid_service::ambient::Ambient;

/// The event of a logout token.
pub(crate) const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// How clients prove who they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ClientAuth {
    Basic,
    PrivateKeyJwt,
}

/// One provider, and what it has seen.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that a provider does or does not")]
pub(crate) struct Tenant {
    pub(crate) misbehaviour: Misbehaviour,
    pub(crate) dialect: Dialect,
    pub(crate) auth: ClientAuth,
    /// Whom it speaks for: everybody, or one authority.
    pub(crate) everyone: bool,
    pub(crate) offers_par: bool,
    /// Whether the client is told never to go on without it.
    pub(crate) needs_par: bool,
    pub(crate) promises_iss: bool,
    pub(crate) offers_end_session: bool,
    pub(crate) offers_userinfo: bool,
    /// Whether what is the person's is told at userinfo alone.
    pub(crate) tells_at_userinfo: bool,
    /// Whether the service takes a login that was for another.
    pub(crate) single_sign_on: bool,
    /// Whether a logout is told to the client behind the browser.
    pub(crate) tells_of_logout: bool,
    /// Whether ID tokens name the key.
    pub(crate) names_key: bool,
    /// How many seconds ago the person logged in here.
    pub(crate) login_age: i64,
    /// Whether `max_age` and `prompt` are not heeded.
    pub(crate) ignores_freshness: bool,
    /// Who is at the browser; nobody is somebody who turns back.
    pub(crate) person: Option<Person>,
    /// The published keys; the first one signs.
    pub(crate) keys: Vec<SigningKey>,
    /// More in the key set, as it stands there.
    pub(crate) strange_keys: Vec<Value>,
    pub(crate) seen: Seen,
    /// The session of whoever is at the browser, once there is one, and when they logged in.
    pub(crate) sid: Option<String>,
    pub(crate) authenticated_at: i64,
}

/// What a provider has been asked.
#[derive(Clone, Default, Debug)]
pub(crate) struct Seen {
    pub(crate) metadata: usize,
    pub(crate) jwks: usize,
    pub(crate) pushed: usize,
    pub(crate) tokens: usize,
    pub(crate) userinfo: usize,
    /// Something that is none of its addresses, such as where a redirect led.
    pub(crate) elsewhere: usize,
    /// What was wrong with a request of the client.
    pub(crate) complaints: Vec<String>,
    /// The parameters of the newest authorization request.
    pub(crate) asked: BTreeMap<String, String>,
    /// Those of the address that the browser came with.
    pub(crate) address: BTreeMap<String, String>,
    /// Those of the newest logout.
    pub(crate) end_session: BTreeMap<String, String>,
    /// The newest ID token.
    pub(crate) id_token: String,
    /// Codes and tokens, which nobody else may keep.
    pub(crate) secrets: Vec<String>,
    /// The newest session: `sub` and `sid`.
    pub(crate) session: (String, String),
}

struct Grant {
    key: String,
    asked: BTreeMap<String, String>,
    person: Person,
    authenticated_at: i64,
    sid: String,
}

/// The listener, and all the providers at it.
#[derive(Clone)]
pub(crate) struct Provider {
    /// Where it listens, such as `http://127.0.0.1:40321`.
    pub(crate) base: String,
    /// What clients that have a key sign with.
    pub(crate) client_key: SigningKey,
    state: Arc<Mutex<State>>,
    evil: Arc<Evil>,
}

#[derive(Default)]
struct State {
    tenants: BTreeMap<String, Tenant>,
    /// Where the service is: its base address.
    client: String,
    pushed: BTreeMap<String, (String, BTreeMap<String, String>)>,
    codes: BTreeMap<String, Grant>,
    access: BTreeMap<String, Grant>,
    assertions: BTreeSet<String>,
}

/// The secret of clients that have one.
pub(crate) const SECRET: &str = "a-secret-of-32-characters-or-more/%+=";
/// What the service is called at every provider.
pub(crate) const CLIENT: &str = "tillid";

/// One key of each algorithm; making RSA keys takes a while.
static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    Algorithm::ALL.into_iter().map(|algorithm| SigningKey::new(algorithm, algorithm.name())).collect()
});

/// The key of that algorithm.
pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    KEYS.iter().find(|key| key.algorithm == algorithm).expect("a key").clone()
}

impl Tenant {
    /// A broker that does everything right.
    pub(crate) fn right() -> Self {
        Self {
            misbehaviour: Misbehaviour::None,
            dialect: Dialect::Signaturgruppen,
            auth: ClientAuth::PrivateKeyJwt,
            everyone: true,
            offers_par: true,
            needs_par: false,
            promises_iss: true,
            offers_end_session: true,
            offers_userinfo: true,
            single_sign_on: false,
            tells_at_userinfo: false,
            tells_of_logout: false,
            names_key: true,
            login_age: 0,
            ignores_freshness: false,
            person: Some(Person::anna()),
            keys: KEYS.clone(),
            strange_keys: Vec::new(),
            seen: Seen::default(),
            sid: None,
            authenticated_at: 0,
        }
    }

    /// A broker that does everything right but that.
    pub(crate) fn wrong(misbehaviour: Misbehaviour) -> Self {
        Self { misbehaviour, ..Self::right() }
    }

    /// Signing with that algorithm.
    #[must_use]
    pub(crate) fn signing(mut self, algorithm: Algorithm) -> Self {
        self.keys.sort_by_key(|key| key.algorithm != algorithm);
        self
    }
}

impl Provider {
    /// Begins to listen; clients sign with that key.
    pub(crate) async fn listen(
        tenants: impl IntoIterator<Item = (String, Tenant)>,
        client: Algorithm,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let evil = Evil {
            key: SigningKey::new(Algorithm::Rs256, "evil"),
            jwks_address: format!("{base}/evil/jwks"),
        };
        let this = Self {
            base,
            client_key: SigningKey::new(client, "rp-1"),
            state: Arc::default(),
            evil: Arc::new(evil),
        };
        this.lock().tenants.extend(tenants);
        let router = endpoints::router(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        this
    }

    pub(crate) fn issuer(&self, key: &str) -> String {
        format!("{}/{key}", self.base)
    }

    /// Where the service is that all of this is for.
    pub(crate) fn serves(&self, client: &str) {
        client.clone_into(&mut self.lock().client);
    }

    /// Its providers, as the service's configuration names them.
    pub(crate) fn configuration(&self, folder: &std::path::Path) -> String {
        use std::{fmt::Write as _, fs, os::unix::fs::OpenOptionsExt as _};
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
            std::io::Write::write_all(&mut file.expect("a file"), text.as_bytes()).expect("written");
            path.display().to_string()
        };
        let secret = write("client-secret", SECRET);
        let key = write("client-key.pem", &self.client_key.pem());
        let mut text = String::new();
        for (name, tenant) in &self.lock().tenants {
            let auth = match tenant.auth {
                ClientAuth::Basic => format!("client_secret_file = \"{secret}\""),
                ClientAuth::PrivateKeyJwt => {
                    format!("client_key = \"{key}\"\nclient_key_id = \"{}\"", self.client_key.kid)
                }
            };
            let speaks_for = if tenant.everyone {
                "everyone = true".to_owned()
            } else {
                format!("authorities = [\"{}\", \"{}\"]", person::EKSEMPEL, person::ELSEWHERE)
            };
            let (issuer, dialect) = (self.issuer(name), tenant.dialect.name());
            let _ = write!(
                text,
                "[[providers]]\nkey = \"{name}\"\nname = {{ da = \"Log ind {name}\", en = \"Log in {name}\" }}\nissuer = \"{issuer}\"\n\
                 client_id = \"{CLIENT}\"\n{auth}\ndialect = \"{dialect}\"\nleast_assurance = \"substantial\"\n{speaks_for}\n\
                 roles = {{ sagsbehandler = \"caseworker\", betroetmedarbejder = \"registrar\", dpo = \"data_protection_officer\", katalog = \"catalogue_administrator\" }}\nrequire_par = {}\nsingle_sign_on = {}\n\n",
                tenant.needs_par, tenant.single_sign_on,
            );
        }
        text
    }

    /// What that provider has seen.
    pub(crate) fn seen(&self, key: &str) -> Seen {
        self.lock().tenants[key].seen.clone()
    }

    /// Changes that provider.
    pub(crate) fn change(&self, key: &str, change: impl FnOnce(&mut Tenant)) {
        change(self.lock().tenants.get_mut(key).expect("a provider"));
    }

    /// That person is at the browser from now on, logged in anew.
    pub(crate) fn meets(&self, key: &str, person: Option<Person>) {
        self.change(key, |tenant| {
            tenant.person = person;
            tenant.sid = None;
        });
    }

    /// All codes and tokens so far.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.lock().tenants.values().flat_map(|tenant| tenant.seen.secrets.clone()).collect()
    }

    /// The claims of a logout token about the newest session at that provider.
    pub(crate) fn logout_claims(&self, key: &str) -> Map<String, Value> {
        let (sub, sid) = self.seen(key).session;
        object(json!({
            "iss": self.issuer(key), "aud": CLIENT, "iat": now(), "exp": now() + 120, "jti": random(),
            "sub": sub, "sid": sid, "events": {LOGOUT: {}},
        }))
    }

    /// The key that this provider signs with.
    pub(crate) fn signs_with(&self, key: &str) -> SigningKey {
        self.lock().tenants[key].keys[0].clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the state")
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    Ambient::system().now().as_micros().div_euclid(1_000_000)
}

/// 192 random bits.
pub(crate) fn random() -> String {
    let mut bytes = [0; 24];
    rand::fill(&mut bytes).expect("chance");
    B64.encode(bytes)
}
