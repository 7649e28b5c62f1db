//! What the authorization server says of itself (RFC 8414).

use super::dpop::PROOF_ALGORITHMS;
use serde_json::{Value, json};
use tillid_domain::actor::Scope;

/// Signatures of clients are accepted under these alone (FAPI 2.0, section 5.4).
const CLIENT_ALGORITHMS: [&str; 3] = ["ES256", "EdDSA", "PS256"];

/// The metadata of the server with this address. There is no authorization endpoint and so no response type: a list without entries is
/// left out (section 3.2).
pub(super) fn metadata(base_url: &str) -> Value {
    json!({
        "issuer": base_url,
        "token_endpoint": format!("{base_url}/oauth2/token"),
        "jwks_uri": format!("{base_url}/oauth2/jwks"),
        "scopes_supported": Scope::ALL.map(Scope::code),
        "grant_types_supported": ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": CLIENT_ALGORITHMS,
        "dpop_signing_alg_values_supported": PROOF_ALGORITHMS,
        "tls_client_certificate_bound_access_tokens": true,
        "authorization_details_types_supported": ["dk_mandate"],
        "service_documentation": format!("{base_url}/docs"),
    })
}
