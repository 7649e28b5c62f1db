//! What a token is bound to, and whether whoever sends it has that.

use super::{
    certificate::Certificate,
    dpop::{BadProof, PROOF_ALGORITHMS, Refused},
};
use crate::{
    caller::Gate,
    jose::TokenRefusal,
    problem::{Problem, Protocol},
    token::Claims,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use serde_json::{Value, json};
use tillid_domain::{Digest, client::Binding};
use tillid_service::{Error, Service};

/// What a token is bound to: its `cnf` (RFC 7800).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cnf {
    /// The key with this thumbprint, which each request is proven to be by (RFC 9449, section 6).
    Key(Digest),
    /// The certificate with this hash, which the client connects with (RFC 8705, section 3.1).
    Certificate(Digest),
}

impl Cnf {
    /// The claim.
    pub fn claim(&self) -> Value {
        match self {
            Self::Key(thumbprint) => json!({"jkt": B64.encode(thumbprint.as_bytes())}),
            Self::Certificate(hash) => json!({"x5t#S256": B64.encode(hash.as_bytes())}),
        }
    }

    /// The word that an answer of the token endpoint names the kind of token by (RFC 9449, section 5; RFC 6750).
    pub const fn token_type(bound_to: Option<&Self>) -> &'static str {
        match bound_to {
            Some(Self::Key(_)) => "DPoP",
            _ => "Bearer",
        }
    }

    /// What the claims say. A token that is bound in a way that cannot be checked here, or in two ways, is none.
    pub(crate) fn of(claims: &Claims) -> Result<Option<Self>, TokenRefusal> {
        let Some(cnf) = claims.0.get("cnf") else { return Ok(None) };
        let refused = TokenRefusal::Claim("cnf");
        let members = cnf.as_object().filter(|members| members.len() == 1).ok_or(refused)?;
        let digest = |name: &str| {
            let bytes = B64.decode(members.get(name)?.as_str()?).ok()?;
            Digest::try_from(bytes.as_slice()).ok()
        };
        match (digest("jkt"), digest("x5t#S256")) {
            (Some(thumbprint), None) => Ok(Some(Self::Key(thumbprint))),
            (None, Some(hash)) => Ok(Some(Self::Certificate(hash))),
            _ => Err(refused),
        }
    }
}

/// Why a client's token cannot be bound.
#[derive(Debug)]
pub(super) enum Unbound {
    /// The proof is missing where the client is registered to send one, or is none (`invalid_dpop_proof`).
    Proof,
    /// No proxy of ours tells of a certificate that holds now, where the client is registered to connect with one (`invalid_request`).
    Certificate,
    /// Whether the proof was sent before cannot be told at the moment.
    Unsure(Error),
}

/// What the tokens of a client that is registered with that binding are bound to, for a request to the token endpoint. A client that
/// brings a proof gets a bound token also where it need not; a proof that is none is refused whoever brings it.
pub(super) async fn confirm(gate: &Gate, parts: &Parts, binding: Binding) -> Result<Option<Cnf>, Unbound> {
    let key = gate.proofs.at_token_endpoint(&gate.service, parts).await.map_err(unbound)?;
    match (binding, key) {
        (Binding::MutualTls, _) => {
            let hash = connected_with(parts, &gate.service).ok_or(Unbound::Certificate)?;
            Ok(Some(Cnf::Certificate(hash)))
        }
        (_, Some(thumbprint)) => Ok(Some(Cnf::Key(thumbprint))),
        (Binding::Dpop, None) => Err(unbound(BadProof::Missing.into())),
        (Binding::Bearer, None) => Ok(None),
    }
}

fn unbound(refused: Refused) -> Unbound {
    match refused {
        Refused::Bad(flaw) => {
            tracing::info!(%flaw, "a token request came without a proof that holds");
            Unbound::Proof
        }
        Refused::Unsure(error) => Unbound::Unsure(error),
    }
}

fn connected_with(parts: &Parts, service: &Service) -> Option<Digest> {
    let certificate = parts.extensions.get::<Certificate>()?;
    certificate.holds_at(service.security_now()).then_some(certificate.hash)
}

/// How a token was presented.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scheme {
    /// RFC 6750.
    Bearer,
    /// RFC 9449, section 7.1.
    Dpop,
}

impl Scheme {
    /// What is answered where the token of this scheme does not hold.
    pub(crate) fn refused(self) -> Problem {
        match self {
            Self::Bearer => Protocol::TokenInvalid.into(),
            Self::Dpop => challenged(Protocol::TokenInvalid, "invalid_token"),
        }
    }
}

fn challenged(protocol: Protocol, error: &str) -> Problem {
    let text = format!("DPoP error=\"{error}\", algs=\"{}\"", PROOF_ALGORITHMS.join(" "));
    let value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("DPoP"));
    Problem::from(protocol).with_header(header::WWW_AUTHENTICATE, value)
}

/// The token of a request and how it was presented: of exactly one `Authorization` header, and from nowhere else.
pub(crate) fn presented(headers: &HeaderMap) -> Result<(Scheme, &str), Problem> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let (line, more) = (lines.next().ok_or(Protocol::TokenMissing)?, lines.next());
    if more.is_some() {
        return Err(Protocol::TokenInvalid.into());
    }
    let text = line.to_str().map_err(|_| Protocol::TokenInvalid)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let scheme = if scheme.eq_ignore_ascii_case("bearer") {
        Scheme::Bearer
    } else if scheme.eq_ignore_ascii_case("dpop") {
        Scheme::Dpop
    } else {
        return Err(Protocol::TokenMissing.into());
    };
    let token = token.trim_start_matches(' ');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    if token.is_empty() || !token.bytes().all(allowed) {
        return Err(scheme.refused());
    }
    Ok((scheme, token))
}

/// Refuses a token, by its hash, that is bound to something that the request does not prove to have, or that is presented in another
/// way than it is bound.
pub(crate) async fn must_hold(
    gate: &Gate,
    parts: &Parts,
    scheme: Scheme,
    token: &Digest,
    bound_to: Option<Cnf>,
) -> Result<(), Problem> {
    match (scheme, bound_to) {
        (Scheme::Bearer, None) => Ok(()),
        (Scheme::Bearer, Some(Cnf::Certificate(hash)))
            if connected_with(parts, &gate.service) == Some(hash) =>
        {
            Ok(())
        }
        (Scheme::Bearer, Some(Cnf::Certificate(_))) => Err(scheme.refused()),
        (Scheme::Bearer, Some(Cnf::Key(_))) | (Scheme::Dpop, None | Some(Cnf::Certificate(_))) => {
            Err(Scheme::Dpop.refused())
        }
        (Scheme::Dpop, Some(Cnf::Key(key))) => {
            gate.proofs.must_hold(&gate.service, parts, token, key).await.map_err(|refused| match refused {
                Refused::Bad(flaw) => {
                    tracing::info!(%flaw, "a bound token came without a proof that holds");
                    challenged(Protocol::ProofInvalid, "invalid_dpop_proof")
                }
                Refused::Unsure(error) => crate::refusal(&error, tillid_domain::Audience::System),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "a test hands over what it has just made")]
    fn of(cnf: Value) -> Result<Option<Cnf>, TokenRefusal> {
        Cnf::of(&Claims(serde_json::from_value(json!({"cnf": cnf})).unwrap()))
    }

    #[test]
    fn what_a_token_is_bound_to_is_read_as_it_is_written() {
        let digest = Digest::of(b"key");
        for cnf in [Cnf::Key(digest), Cnf::Certificate(digest)] {
            assert_eq!(of(cnf.claim()), Ok(Some(cnf)));
        }
        assert_eq!(Cnf::of(&Claims(serde_json::Map::new())), Ok(None));
    }

    #[test]
    fn a_token_that_is_bound_in_a_way_that_cannot_be_checked_is_none() {
        let thumbprint = B64.encode(Digest::of(b"key").as_bytes());
        for cnf in [
            json!(null),
            json!("x"),
            json!({}),
            json!({"kid": "1"}),
            json!({"jwk": {}}),
            json!({"jkt": 1}),
            json!({"jkt": "AAAA"}),
            json!({"jkt": thumbprint, "x5t#S256": thumbprint}),
            json!({"jkt": thumbprint, "kid": "1"}),
        ] {
            assert_eq!(of(cnf.clone()), Err(TokenRefusal::Claim("cnf")), "{cnf}");
        }
    }
}
