//! Views of machine clients.

use super::AuthorityView;
use serde::Serialize;
use std::collections::BTreeSet;
use tillid_domain::{
    Instant,
    actor::Purpose,
    client::{Binding, Client, ClientState, HttpsUri, KeySet, Keys, Quota, Scopes},
    id::RegistrationId,
    text::{ClientId, Name},
};
use tillid_service::Directory;
use utoipa::ToSchema;

/// A system of an authority.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientView {
    /// The id of its registration.
    #[schema(value_type = uuid::Uuid)]
    id: RegistrationId,
    /// How many changes it has had; the `ETag`.
    revision: u64,
    /// `active` or `stopped`.
    state: &'static str,
    /// What it calls itself.
    #[schema(value_type = String)]
    client_id: ClientId,
    /// What people call it.
    #[schema(value_type = String)]
    client_name: Name,
    /// Whose it is.
    authority: AuthorityView,
    /// What it may ask for at all.
    #[schema(value_type = String)]
    scope: Scopes,
    /// What it may look people up for.
    #[schema(value_type = Vec<String>)]
    purposes: BTreeSet<Purpose>,
    /// Its public keys, if they are registered here.
    #[schema(value_type = Option<Object>)]
    jwks: Option<KeySet>,
    /// Where it publishes them, if it does.
    #[schema(value_type = Option<String>)]
    jwks_uri: Option<HttpsUri>,
    /// How it proves who it is: `private_key_jwt`.
    token_endpoint_auth_method: &'static str,
    /// What its tokens are bound to: `dpop`, `mutual_tls` or `bearer`.
    #[schema(value_type = String)]
    token_binding: Binding,
    /// How many requests it may send in a minute.
    #[schema(value_type = u32)]
    quota: Quota,
    /// The address of its own interface, if tokens for acting on somebody's behalf may be for it.
    #[schema(value_type = Option<String>)]
    resource: Option<HttpsUri>,
    /// When it was registered.
    #[schema(value_type = String, format = "date-time")]
    registered_at: Instant,
    /// Since when it is stopped.
    #[schema(value_type = Option<String>, format = "date-time")]
    stopped_at: Option<Instant>,
    /// Whether it is refused everything for now, because it has asked about many who are not known here. The node that answers speaks for
    /// itself alone.
    alarm: bool,
}

impl ClientView {
    pub(crate) fn new(client: Client, directory: &Directory, alarm: bool) -> Self {
        let stopped_at = match client.state {
            ClientState::Active => None,
            ClientState::Stopped { at } => Some(at),
        };
        let state = client.state.code();
        let registration = client.registration;
        let (jwks, jwks_uri) = match registration.keys {
            Keys::Jwks(set) => (Some(set), None),
            Keys::JwksUri(uri) => (None, Some(uri)),
        };
        Self {
            id: client.id,
            revision: client.revision,
            state,
            client_id: client.client,
            client_name: registration.name,
            authority: AuthorityView::new(client.authority, directory),
            scope: registration.scopes,
            purposes: registration.purposes,
            jwks,
            jwks_uri,
            token_endpoint_auth_method: "private_key_jwt",
            token_binding: registration.binding,
            quota: registration.quota,
            resource: registration.resource,
            registered_at: client.registered_at,
            stopped_at,
            alarm,
        }
    }
}
