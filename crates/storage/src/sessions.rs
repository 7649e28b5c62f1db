//! Browser sessions, and the logins that begin them.

use crate::{
    StoreError,
    column::{RowRef, instant},
    engine::{Tx, Upkeep, on, run},
};
use sqlx::FromRow;
use tillid_domain::{Digest, Instant, id::SessionId, text::Login};
use uuid::Uuid;

/// A browser session. Its secret is known here by its hash alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// SHA-256 of the secret in the cookie.
    pub secret_hash: Digest,
    /// The identity provider.
    pub issuer: Login,
    /// The user's name there.
    pub login: Login,
    /// The provider's own session, for its log-out.
    pub sid: Option<Login>,
    /// Who was logged in, as the login told it.
    pub principal: String,
    /// When it began, in security time.
    pub created_at: Instant,
    /// The first moment when it has been idle too long.
    pub idle_until: Instant,
    /// The first moment after it, however busy.
    pub ends_at: Instant,
}

#[derive(FromRow)]
struct SessionRow {
    id: Uuid,
    secret_hash: Vec<u8>,
    issuer: String,
    login: String,
    sid: Option<String>,
    principal: String,
    created_at: i64,
    idle_until: i64,
    ends_at: i64,
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "session", id: row.id };
        Ok(Self {
            id: SessionId::from_uuid(row.id),
            secret_hash: Digest::try_from(row.secret_hash.as_slice()).map_err(|_| at.corrupt())?,
            issuer: at.text(&row.issuer)?,
            login: at.text(&row.login)?,
            sid: at.text_opt(row.sid.as_deref())?,
            principal: row.principal,
            created_at: instant(row.created_at),
            idle_until: instant(row.idle_until),
            ends_at: instant(row.ends_at),
        })
    }
}

/// Whose sessions end (OpenID Connect Back-Channel Logout 1.0, section 2.6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whose {
    /// All of a user's.
    User(Login),
    /// Those of one session at the provider.
    Session(Login),
    /// Those of one session at the provider, if it is the user's.
    SessionOf {
        /// The user's name there.
        login: Login,
        /// The session.
        sid: Login,
    },
}

impl<Mode> Tx<Mode> {
    /// The session whose secret has this hash, if it has not ended at that moment of security time.
    pub async fn session(
        &mut self,
        secret_hash: Digest,
        now: Instant,
    ) -> Result<Option<Session>, StoreError> {
        const SQL: &str = "SELECT id, secret_hash, issuer, login, sid, principal, created_at, idle_until, ends_at FROM session \
             WHERE secret_hash = $1 AND idle_until > $2 AND ends_at > $2";
        let row: Option<SessionRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(secret_hash.as_bytes().as_slice())
            .bind(now.as_micros())
            .fetch_optional(conn)
            .await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// Whether a login began with this state.
    pub async fn has_login(&mut self, state_hash: Digest) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM login_attempt WHERE state_hash = $1";
        let count: i64 = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(state_hash.as_bytes().as_slice())
            .fetch_one(conn)
            .await)?;
        Ok(count > 0)
    }
}

impl Tx<Upkeep> {
    /// Begins a session.
    pub async fn begin_session(&mut self, s: &Session) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "INSERT INTO session (id, secret_hash, issuer, login, sid, principal, created_at, idle_until, ends_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        )
        .bind(s.id.as_uuid())
        .bind(s.secret_hash.as_bytes().as_slice())
        .bind(s.issuer.as_str())
        .bind(s.login.as_str())
        .bind(s.sid.as_ref().map(|sid| sid.as_str().to_owned()))
        .bind(s.principal.as_str())
        .bind(s.created_at.as_micros())
        .bind(s.idle_until.as_micros())
        .bind(s.ends_at.as_micros()))?;
        Ok(())
    }

    /// Keeps a session from idling out before that moment.
    pub async fn keep_session(&mut self, id: SessionId, idle_until: Instant) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("UPDATE session SET idle_until = $2 WHERE id = $1")
                .bind(id.as_uuid())
                .bind(idle_until.as_micros())
        )?;
        Ok(())
    }

    /// Ends a session.
    pub async fn end_session(&mut self, id: SessionId) -> Result<(), StoreError> {
        run!(self, sqlx::query("DELETE FROM session WHERE id = $1").bind(id.as_uuid()))?;
        Ok(())
    }

    /// Ends sessions at the provider's word: those of a user, those that go with one session there, or those that are both.
    pub async fn end_sessions_of(&mut self, issuer: &Login, whose: &Whose) -> Result<u64, StoreError> {
        let (login, sid) = match whose {
            Whose::User(login) => (login.as_str(), ""),
            Whose::Session(sid) => ("", sid.as_str()),
            Whose::SessionOf { login, sid } => (login.as_str(), sid.as_str()),
        };
        Ok(run!(
            self,
            sqlx::query(
                "DELETE FROM session WHERE issuer = $1 AND ($2 = '' OR login = $2) AND ($3 = '' OR sid = $3)"
            )
            .bind(issuer.as_str())
            .bind(login)
            .bind(sid)
        )?)
    }

    /// Gives a session another secret and what goes with it, so that whoever knew the old one knows nothing. `false` when it has
    /// ended or was changed meanwhile: it keeps its id, and an end of it never comes too early or too late.
    pub async fn renew_session(&mut self, old: &Session, new: &Session) -> Result<bool, StoreError> {
        let changed = run!(
            self,
            sqlx::query(
                "UPDATE session SET secret_hash = $3, issuer = $4, login = $5, sid = $6, principal = $7, idle_until = $8 \
                 WHERE id = $1 AND secret_hash = $2"
            )
            .bind(old.id.as_uuid())
            .bind(old.secret_hash.as_bytes().as_slice())
            .bind(new.secret_hash.as_bytes().as_slice())
            .bind(new.issuer.as_str())
            .bind(new.login.as_str())
            .bind(new.sid.as_ref().map(|sid| sid.as_str().to_owned()))
            .bind(new.principal.as_str())
            .bind(new.idle_until.as_micros())
        )?;
        Ok(changed == 1)
    }

    /// Writes down a login that begins, by the hash of its state.
    pub async fn begin_login(
        &mut self,
        state_hash: Digest,
        attempt: &str,
        ends_at: Instant,
    ) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("INSERT INTO login_attempt (state_hash, attempt, ends_at) VALUES ($1, $2, $3)")
                .bind(state_hash.as_bytes().as_slice())
                .bind(attempt)
                .bind(ends_at.as_micros())
        )?;
        Ok(())
    }

    /// Takes a login that has come back; it is there once.
    pub async fn take_login(
        &mut self,
        state_hash: Digest,
        now: Instant,
    ) -> Result<Option<String>, StoreError> {
        const SQL: &str =
            "DELETE FROM login_attempt WHERE state_hash = $1 AND ends_at > $2 RETURNING attempt";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(state_hash.as_bytes().as_slice())
            .bind(now.as_micros())
            .fetch_optional(conn)
            .await)?)
    }

    /// Uses up a proof that somebody holds a key, by its name. `false` when it was used before.
    pub async fn use_proof(&mut self, name: Digest, ends_at: Instant) -> Result<bool, StoreError> {
        let inserted = run!(
            self,
            // No issuer of tokens has this name: all of theirs are addresses.
            sqlx::query(
                "INSERT INTO used_token (issuer, jti, ends_at) VALUES ('dpop', $1, $2) ON CONFLICT DO NOTHING"
            )
            .bind(name.to_string())
            .bind(ends_at.as_micros())
        )?;
        Ok(inserted == 1)
    }

    /// Uses a token up. `false` when it was used before.
    pub async fn use_token(
        &mut self,
        issuer: &Login,
        jti: &str,
        ends_at: Instant,
    ) -> Result<bool, StoreError> {
        let inserted = run!(
            self,
            sqlx::query(
                "INSERT INTO used_token (issuer, jti, ends_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
            )
            .bind(issuer.as_str())
            .bind(jti)
            .bind(ends_at.as_micros())
        )?;
        Ok(inserted == 1)
    }

    /// Uses a client's assertion up, by the hash of client and `jti`. `false` when it was used before, on whichever node.
    pub async fn use_assertion(&mut self, hash: Digest, ends_at: Instant) -> Result<bool, StoreError> {
        let inserted = run!(
            self,
            sqlx::query(
                "INSERT INTO client_assertion (hash, ends_at) VALUES ($1, $2) ON CONFLICT DO NOTHING"
            )
            .bind(hash.as_bytes().as_slice())
            .bind(ends_at.as_micros())
        )?;
        Ok(inserted == 1)
    }
}
