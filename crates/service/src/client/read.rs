//! Reads clients: for whoever manages them, and for the token endpoint and each request of theirs.

use crate::{Call, Error, Service, catalogue::Page};
use tillid_domain::{Digest, Instant, client::Client, id::RegistrationId, text::ClientId};
use tillid_storage::ClientRights;

impl Service {
    /// The clients of the caller's authority, the newest first, below an id.
    pub async fn list_clients(
        &self,
        call: &Call,
        below: Option<RegistrationId>,
        limit: u32,
    ) -> Result<Page<Client, RegistrationId>, Error> {
        let authority = Self::may_manage(call)?;
        let mut tx = self.store.read().await?;
        let items = tx.clients_of(authority, below, limit + 1).await?;
        Ok(Page::cut(items, limit, |client| client.id))
    }

    /// A client of the caller's authority; another's does not exist for them.
    pub async fn read_client(&self, call: &Call, id: RegistrationId) -> Result<Client, Error> {
        let authority = Self::may_manage(call)?;
        let mut tx = self.store.read().await?;
        let client = tx.client(id).await?.filter(|client| client.authority == authority);
        client.ok_or(Error::NotFound)
    }

    /// The client that calls itself so, as it is registered at this moment.
    pub async fn client_for(&self, client: &ClientId) -> Result<Option<Client>, Error> {
        let mut tx = self.store.read().await?;
        Ok(tx.client_named(client).await?)
    }

    /// What the client that calls itself so may at this moment: looked at for each request of it, and never kept.
    pub async fn client_rights(&self, client: &ClientId) -> Result<Option<ClientRights>, Error> {
        self.rights.of(client).await
    }

    /// Uses a client's assertion up. `false` when it was used before, on whichever node; it is remembered until that moment of security
    /// time, by its hash.
    pub async fn use_assertion(&self, client: &ClientId, jti: &str, until: Instant) -> Result<bool, Error> {
        // A client's id has no line end.
        let hash = Digest::of(format!("{client}\n{jti}").as_bytes());
        let mut tx = self.store.upkeep().await?;
        let first = tx.use_assertion(hash, until).await?;
        tx.finish().await?;
        Ok(first)
    }
}
