//! A simulated MitID: an OpenID Provider like any other, which asks nobody for a code.

mod authorize;
mod clients;
mod identity;
mod keys;
mod logout;
mod memory;
mod metadata;
mod pages;
mod picker;
mod token;
mod wire;

pub use clients::Client;
pub(crate) use pages::{Texts, language, page};

use crate::Sandbox;
use axum::{
    Router,
    routing::{get, post},
};
use clients::Registered;
use keys::SigningKey;
use memory::Memory;
use pages::AllTexts;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tillid_domain::Language;

/// Where on the service it is.
const PATH: &str = "/sandbox/mitid";
/// How long a client may take to hear of a logout.
const HEARING: Duration = Duration::from_secs(5);

/// Why there can be no provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No key could be made.
    #[error("no key could be made")]
    Key,
    /// The registration of a client is flawed.
    #[error("client {0}: {1}")]
    Client(String, &'static str),
    /// Its texts cannot be read.
    #[error("the texts: {0}")]
    Texts(toml::de::Error),
    /// It cannot send anything.
    #[error("no HTTP client: {0}")]
    Http(reqwest::Error),
}

/// The simulated MitID.
pub struct Provider {
    issuer: String,
    clients: BTreeMap<String, Arc<Registered>>,
    key: SigningKey,
    texts: AllTexts,
    http: reqwest::Client,
    memory: Mutex<Memory>,
}

impl Provider {
    /// A provider on the service at `base_url`, which knows these clients. Its key is new: a restart is a rotation.
    pub fn new(base_url: &str, clients: Vec<Client>) -> Result<Self, ProviderError> {
        let clients = clients.into_iter().map(|client| {
            let read = Registered::read(client)?;
            Ok((read.client.id.clone(), Arc::new(read)))
        });
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(HEARING)
            .build()
            .map_err(ProviderError::Http)?;
        Ok(Self {
            issuer: format!("{base_url}{PATH}"),
            clients: clients.collect::<Result<_, _>>()?,
            key: SigningKey::generate().map_err(|_| ProviderError::Key)?,
            texts: AllTexts::read()?,
            http,
            memory: Mutex::new(Memory::new()),
        })
    }

    /// Its name, as it stands in its tokens; also where its metadata is found.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn texts(&self, language: Language) -> &Texts {
        self.texts.in_language(language)
    }
}

/// The provider's routes.
pub(crate) fn routes() -> Router<Sandbox> {
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(metadata::metadata))
        .route("/jwks", get(metadata::jwks))
        .route("/par", post(clients::push))
        .route("/authorize", get(authorize::by_address).post(authorize::by_form))
        .route("/pick", post(picker::picked))
        .route("/token", post(token::exchange))
        .route("/userinfo", get(token::userinfo).post(token::userinfo))
        .route("/end_session", get(logout::by_address).post(logout::by_form))
        .route("/leave", post(logout::leave))
        .route("/style.css", get(pages::style));
    Router::new().nest(PATH, routes)
}
