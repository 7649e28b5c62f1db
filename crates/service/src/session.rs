//! Browser sessions and the logins that begin them, for the edge: no fact is in them, and all their times are security time.

use crate::{Error, Service};
use tillid_domain::{
    Cpr, Digest, Instant,
    id::{PersonId, SessionId},
    text::Login,
};
use tillid_storage::{Session, Whose};

impl Service {
    /// Begins a session.
    pub async fn begin_session(&self, session: &Session) -> Result<(), Error> {
        let mut tx = self.store.upkeep().await?;
        tx.begin_session(session).await?;
        Ok(tx.finish().await?)
    }

    /// The session that a secret opens, by its hash, if it has not ended.
    pub async fn session(&self, secret_hash: Digest) -> Result<Option<Session>, Error> {
        let mut tx = self.store.read().await?;
        Ok(tx.session(secret_hash, self.ambient.now()).await?)
    }

    /// Keeps a session from idling out before that moment.
    pub async fn keep_session(&self, id: SessionId, idle_until: Instant) -> Result<(), Error> {
        let mut tx = self.store.upkeep().await?;
        tx.keep_session(id, idle_until).await?;
        Ok(tx.finish().await?)
    }

    /// Puts a session in the place of another; `false` when that one has ended.
    pub async fn replace_session(&self, old: SessionId, new: &Session) -> Result<bool, Error> {
        let mut tx = self.store.upkeep().await?;
        let replaced = tx.replace_session(old, new).await?;
        tx.finish().await?;
        Ok(replaced)
    }

    /// Ends a session.
    pub async fn end_session(&self, id: SessionId) -> Result<(), Error> {
        let mut tx = self.store.upkeep().await?;
        tx.end_session(id).await?;
        Ok(tx.finish().await?)
    }

    /// Ends sessions at the word of the provider that they began at, and says how many.
    pub async fn end_sessions_of(&self, issuer: &Login, whose: &Whose) -> Result<u64, Error> {
        let mut tx = self.store.upkeep().await?;
        let ended = tx.end_sessions_of(issuer, whose).await?;
        tx.finish().await?;
        Ok(ended)
    }

    /// Writes down a login that begins, by the hash of its state.
    pub async fn begin_login(
        &self,
        state_hash: Digest,
        attempt: &str,
        ends_at: Instant,
    ) -> Result<(), Error> {
        let mut tx = self.store.upkeep().await?;
        tx.begin_login(state_hash, attempt, ends_at).await?;
        Ok(tx.finish().await?)
    }

    /// Takes a login that has come back; it is there once.
    pub async fn take_login(&self, state_hash: Digest) -> Result<Option<String>, Error> {
        let mut tx = self.store.upkeep().await?;
        let attempt = tx.take_login(state_hash, self.ambient.now()).await?;
        tx.finish().await?;
        Ok(attempt)
    }

    /// Uses a token of that issuer up; `false` when it was used before.
    pub async fn use_token(&self, issuer: &Login, jti: &str, ends_at: Instant) -> Result<bool, Error> {
        let mut tx = self.store.upkeep().await?;
        let first = tx.use_token(issuer, jti, ends_at).await?;
        tx.finish().await?;
        Ok(first)
    }

    /// Who has that number, if anybody is known by it; makes nobody known.
    pub async fn person_by_number(&self, number: &Cpr) -> Result<Option<PersonId>, Error> {
        let mut tx = self.store.read().await?;
        Ok(tx.person_by_number(number).await?)
    }
}
