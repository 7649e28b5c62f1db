//! Browser sessions and the logins that begin them, for the edge: no fact is in them, and all their times are security time.

use crate::{Call, Error, PersonRef, Service};
use tillid_domain::{
    Cpr, Digest, Instant,
    actor::Actor,
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

    /// Gives a session another secret; `false` when it has ended or was changed meanwhile.
    pub async fn renew_session(&self, old: &Session, new: &Session) -> Result<bool, Error> {
        let mut tx = self.store.upkeep().await?;
        let renewed = tx.renew_session(old, new).await?;
        tx.finish().await?;
        Ok(renewed)
    }

    /// Ends a session.
    pub async fn end_session(&self, id: SessionId) -> Result<(), Error> {
        let mut tx = self.store.upkeep().await?;
        tx.end_session(id).await?;
        Ok(tx.finish().await?)
    }

    /// Ends sessions at the word of the provider that they began at, and says how many. The word is a token that counts once, until
    /// it ends; `None` when it was used before.
    pub async fn end_sessions_of(
        &self,
        issuer: &Login,
        whose: &Whose,
        jti: &str,
        until: Instant,
    ) -> Result<Option<u64>, Error> {
        let mut tx = self.store.upkeep().await?;
        if !tx.use_token(issuer, jti, until).await? {
            return Ok(None);
        }
        let ended = tx.end_sessions_of(issuer, whose).await?;
        tx.finish().await?;
        Ok(Some(ended))
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

    /// Takes a login that has come back; it is there once. What began nowhere costs a read alone.
    pub async fn take_login(&self, state_hash: Digest) -> Result<Option<String>, Error> {
        let mut tx = self.store.read().await?;
        if !tx.has_login(state_hash).await? {
            return Ok(None);
        }
        drop(tx);
        let mut tx = self.store.upkeep().await?;
        let attempt = tx.take_login(state_hash, self.ambient.now()).await?;
        tx.finish().await?;
        Ok(attempt)
    }

    /// Uses up a proof that somebody holds a key (RFC 9449), by its name, which is a hash. `false` when it was used before, on whichever
    /// node; it is remembered until that moment.
    pub async fn use_proof(&self, name: Digest, until: Instant) -> Result<bool, Error> {
        let mut tx = self.store.upkeep().await?;
        let first = tx.use_proof(name, until).await?;
        tx.finish().await?;
        Ok(first)
    }

    /// Who has that number. A number that nobody is known by makes somebody known, so that an employee who is looked up later is
    /// known to be the same human.
    pub async fn person_of_number(&self, number: &Cpr) -> Result<PersonId, Error> {
        let found = self.resolve(&Call::by(Actor::OPERATOR), &PersonRef::Number(number.clone())).await?;
        found.ok_or(Error::NotFound)
    }

    /// Who has that number, if anybody is known by it; makes nobody known.
    pub async fn person_by_number(&self, number: &Cpr) -> Result<Option<PersonId>, Error> {
        self.find(&PersonRef::Number(number.clone())).await
    }
}
