//! Whether an ID token holds (OpenID Connect Core 1.0, section 3.1.3.7), and for which login.

use super::refusal::LoginRefusal;
use crate::{
    bearer::{AHEAD, LEEWAY, holds_for},
    jose::{Jwt, TokenRefusal},
    token::Claims,
};
use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use tillid_domain::Instant;

/// An ID token is issued for this login; one from so many seconds ago is from another.
const RECENT: i64 = 600;

/// What an ID token must fit.
pub(crate) struct Expected<'e> {
    pub(crate) issuer: &'e str,
    pub(crate) client_id: &'e str,
    pub(crate) nonce: &'e str,
    pub(crate) access_token: &'e str,
    pub(crate) now: Instant,
    /// The user must have logged in then or later.
    pub(crate) authenticated_since: Instant,
}

/// Reads an ID token.
pub(crate) fn read(token: &str) -> Result<Jwt<'_>, LoginRefusal> {
    Ok(Jwt::read(token, |kind| matches!(kind, None | Some("jwt")))?)
}

/// Whether a token that the provider signed is an answer to what we asked.
pub(crate) fn check(jwt: &Jwt<'_>, expected: &Expected<'_>) -> Result<(), LoginRefusal> {
    let claims = &jwt.claims;
    must_be_for_us(claims, expected.issuer, expected.client_id)?;
    // Our own login in `aud` beside others' needs their word for which of us it is.
    let others = claims.0.get("aud").and_then(|aud| aud.as_array()).is_some_and(|all| all.len() != 1);
    match claims.0.get("azp") {
        Some(azp) if azp.as_str() != Some(expected.client_id) => return Err(LoginRefusal::AuthorizedParty),
        None if others => return Err(LoginRefusal::AuthorizedParty),
        _ => {}
    }
    must_be_in_time(claims, expected.now, RECENT)?;
    claims.text("sub")?;
    if claims.text("nonce")? != expected.nonce {
        return Err(LoginRefusal::Nonce);
    }
    if claims.0.contains_key("events") {
        return Err(TokenRefusal::Claim("events").into());
    }
    if claims.0.contains_key("at_hash")
        && claims.text("at_hash")? != at_hash(jwt.algorithm, expected.access_token)
    {
        return Err(LoginRefusal::AccessTokenHash);
    }
    let authenticated = claims.time("auth_time")?.ok_or(TokenRefusal::Claim("auth_time"))?;
    if authenticated > expected.now.plus_seconds(AHEAD) {
        return Err(TokenRefusal::NotYet.into());
    }
    if authenticated.plus_seconds(LEEWAY) < expected.authenticated_since {
        return Err(LoginRefusal::AuthenticatedLongAgo);
    }
    Ok(())
}

/// Issuer and audience, of ID tokens and logout tokens.
pub(crate) fn must_be_for_us(claims: &Claims, issuer: &str, client_id: &str) -> Result<(), TokenRefusal> {
    if claims.text("iss")? != issuer {
        return Err(TokenRefusal::Issuer);
    }
    holds_for(claims, client_id)
}

/// Issued at most so many seconds ago, and not expired.
pub(crate) fn must_be_in_time(claims: &Claims, now: Instant, recent: i64) -> Result<(), LoginRefusal> {
    let expires = claims.time("exp")?.ok_or(TokenRefusal::Claim("exp"))?;
    let issued = claims.time("iat")?.ok_or(TokenRefusal::Claim("iat"))?;
    if expires.plus_seconds(LEEWAY) <= now {
        return Err(TokenRefusal::Expired.into());
    }
    if issued > now.plus_seconds(AHEAD) || claims.time("nbf")?.is_some_and(|at| at > now.plus_seconds(AHEAD))
    {
        return Err(TokenRefusal::NotYet.into());
    }
    if issued.plus_seconds(recent) < now {
        return Err(LoginRefusal::IssuedLongAgo);
    }
    Ok(())
}

/// The left half of the access token's hash, by the hash of the token's own algorithm.
fn at_hash(algorithm: Algorithm, access_token: &str) -> String {
    let hash = digest(if algorithm == Algorithm::EdDSA { &SHA512 } else { &SHA256 }, access_token.as_bytes());
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}
