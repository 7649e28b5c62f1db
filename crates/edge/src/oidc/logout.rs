//! Logging out, from both sides.

use super::{
    id_token::{must_be_for_us, must_be_in_time},
    login::RelyingParty,
    refusal::LoginRefusal,
};
use crate::{browser::encode, jose::Jwt};
use serde_json::Value;
use std::time::Duration;
use tillid_domain::text::Login;
use tillid_service::Whose;

/// A logout token is for now.
const RECENT: i64 = 120;
/// Nobody waits longer than this for a provider in order to log out here.
const AT_ONCE: Duration = Duration::from_secs(1);
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl RelyingParty {
    /// Where a browser goes to end the user's session at the provider too (OpenID Connect RP-Initiated Logout 1.0); `None` where
    /// the provider has no such address, or cannot be asked for it at once.
    pub(super) async fn end_session(&self, key: &str, hint: Option<&str>) -> Option<String> {
        let (provider, known) = self.provider(key)?;
        let metadata = match known.metadata_so_far() {
            Some(metadata) => metadata,
            // Another node has logged them in.
            None => {
                let asked = known.metadata(self.http(), provider, self.service().security_now());
                tokio::time::timeout(AT_ONCE, asked).await.ok()?.ok()?
            }
        };
        let endpoint = metadata.end_session_endpoint.as_deref()?;
        let back = format!("{}/logged-out", self.service().settings().base_url);
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        let (client, back) = (encode(&provider.client_id), encode(&back));
        let hint = hint.map(|hint| format!("&id_token_hint={}", encode(hint))).unwrap_or_default();
        Some(format!("{endpoint}{joint}client_id={client}&post_logout_redirect_uri={back}{hint}"))
    }

    /// Ends the sessions that a logout token names (OpenID Connect Back-Channel Logout 1.0, section 2.6).
    pub(super) async fn log_out(&self, key: &str, token: &str) -> Result<u64, LoginRefusal> {
        let (provider, known) = self.provider(key).ok_or(LoginRefusal::LogoutToken("no such provider"))?;
        let now = self.service().security_now();
        let kinds =
            |kind: Option<&str>| matches!(kind, None | Some("jwt" | "logout+jwt" | "application/logout+jwt"));
        let jwt = Jwt::read(token, kinds)?;
        // Before anybody is asked for keys.
        must_be_for_us(&jwt.claims, &provider.issuer, &provider.client_id)?;
        let metadata = known.metadata(self.http(), provider, now).await?;
        known.must_have_signed(self.http(), &metadata, &jwt, now).await?;
        let claims = &jwt.claims;
        must_be_in_time(claims, now, RECENT)?;
        let event = claims.0.get("events").and_then(|events| events.get(EVENT));
        if !event.is_some_and(Value::is_object) {
            return Err(LoginRefusal::LogoutToken("no logout event"));
        }
        if claims.0.contains_key("nonce") {
            return Err(LoginRefusal::LogoutToken("a nonce, as in an ID token"));
        }
        let name = |claim: &'static str| -> Result<Option<Login>, LoginRefusal> {
            if claims.0.contains_key(claim) { Ok(Some(claims.parsed(claim)?)) } else { Ok(None) }
        };
        let whose = match (name("sub")?, name("sid")?) {
            (Some(login), Some(sid)) => Whose::SessionOf { login, sid },
            (Some(login), None) => Whose::User(login),
            (None, Some(sid)) => Whose::Session(sid),
            (None, None) => return Err(LoginRefusal::LogoutToken("neither sub nor sid")),
        };
        let issuer: Login =
            provider.issuer.parse().map_err(|_| LoginRefusal::LogoutToken("no such issuer"))?;
        let jti = claims.text("jti")?;
        if jti.len() > 255 {
            return Err(LoginRefusal::LogoutToken("a long jti"));
        }
        let ended =
            self.service().end_sessions_of(&issuer, &whose, jti, now.plus_seconds(2 * RECENT)).await?;
        ended.ok_or(LoginRefusal::LogoutToken("used before"))
    }
}
