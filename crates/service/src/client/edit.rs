//! Registers a client, says something else of it, stops it, lets it go on.

use crate::{
    Call, Done, Error, Service,
    call::{ATTEMPTS, contended},
};
use tillid_domain::{
    Cvr, Instant, Reason,
    access::{Act, Subject, may},
    actor::{Actor, Who},
    client::{Client, ClientState, Registration},
    event::Fact,
    id::RegistrationId,
    text::ClientId,
};
use tillid_storage::StoreError;

/// A client to register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewClient {
    /// What it calls itself; without it, an id is chosen here.
    pub client: Option<ClientId>,
    /// What the authority says of it.
    pub registration: Registration,
}

type Move = fn(Client, Instant) -> Result<(Client, Fact), Reason>;

impl Service {
    /// Registers a system of the caller's authority.
    pub async fn register_client(&self, call: &Call, new: &NewClient) -> Result<Done<Client>, Error> {
        let authority = Self::may_manage(call)?;
        self.must_be_fresh(call, Act::ManageClients)?;
        self.registered(call, authority, new).await
    }

    /// Registers a system that the operator brings, unless it is registered. Returns whether it did.
    pub async fn import_client(&self, authority: Cvr, new: &NewClient) -> Result<bool, Error> {
        match self.registered(&Call::by(Actor::OPERATOR), authority, new).await {
            Ok(_) => Ok(true),
            Err(Error::Invalid(flaws)) if flaws.iter().all(|f| f.reason == Reason::ClientIdTaken) => {
                Ok(false)
            }
            Err(other) => Err(other),
        }
    }

    async fn registered(&self, call: &Call, authority: Cvr, new: &NewClient) -> Result<Done<Client>, Error> {
        let mut tries = 1;
        loop {
            match self.register_once(call, authority, new).await {
                // Somebody else took the id at the same time, and is found there now.
                Err(error) if contended(&error) && tries < ATTEMPTS => tries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn register_once(
        &self,
        call: &Call,
        authority: Cvr,
        new: &NewClient,
    ) -> Result<Done<Client>, Error> {
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.client(RegistrationId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
            return Ok(Done { value, replayed: true });
        }
        let id = RegistrationId::from_uuid(self.ambient.id());
        let chosen = || id.to_string().parse().map_err(|_| StoreError::Corrupt { table: "client", id: None });
        let client = new.client.clone().map_or_else(chosen, Ok)?;
        if tx.client_named(&client).await?.is_some() {
            return Err(Error::invalid("/client_id", Reason::ClientIdTaken));
        }
        let now = self.now(&mut tx).await?;
        let client = Client {
            id,
            revision: 1,
            client,
            authority,
            registration: new.registration.clone(),
            registered_at: now,
            state: ClientState::Active,
        };
        let event = self.event(call, now, &client, client.registered());
        self.settle(&mut tx, call, 201, id.as_uuid(), 1).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value: client, replayed: false })
    }

    /// Says something else of a client of the caller's authority.
    pub async fn change_client(
        &self,
        call: &Call,
        id: RegistrationId,
        registration: &Registration,
    ) -> Result<Done<Client>, Error> {
        Self::may_manage(call)?;
        self.must_be_fresh(call, Act::ManageClients)?;
        self.moved(call, id, |client, _| Ok(client.change(registration.clone()))).await
    }

    /// Takes everything from a client. It gets no token from now on, and no request that arrives after this has returned is answered
    /// with one that it has. Takes back, and so never asks for a fresh login.
    pub async fn stop_client(&self, call: &Call, id: RegistrationId) -> Result<Done<Client>, Error> {
        Self::may_manage(call)?;
        const STOP: Move = |client, now| client.stop(now);
        self.moved(call, id, STOP).await
    }

    /// Lets a client go on that was stopped.
    pub async fn resume_client(&self, call: &Call, id: RegistrationId) -> Result<Done<Client>, Error> {
        Self::may_manage(call)?;
        self.must_be_fresh(call, Act::ManageClients)?;
        const RESUME: Move = |client, _| client.resume();
        self.moved(call, id, RESUME).await
    }

    async fn moved(
        &self,
        call: &Call,
        id: RegistrationId,
        to: impl Fn(Client, Instant) -> Result<(Client, Fact), Reason>,
    ) -> Result<Done<Client>, Error> {
        let mut tries = 1;
        loop {
            match self.move_once(call, id, &to).await {
                Err(error) if contended(&error) && tries < ATTEMPTS => tries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn move_once(
        &self,
        call: &Call,
        id: RegistrationId,
        to: &impl Fn(Client, Instant) -> Result<(Client, Fact), Reason>,
    ) -> Result<Done<Client>, Error> {
        let authority = Self::may_manage(call)?;
        let mut tx = self.store.write().await?;
        let before = self.claim(&mut tx, call).await?;
        let client = tx.client(id).await?.filter(|client| client.authority == authority);
        let client = client.ok_or(Error::NotFound)?;
        if before.is_some() {
            return Ok(Done { value: client, replayed: true });
        }
        call.must_expect(client.revision)?;
        let now = self.now(&mut tx).await?;
        let (after, fact) = to(client, now)?;
        let event = self.event(call, now, &after, fact);
        self.settle(&mut tx, call, 200, id.as_uuid(), after.revision).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value: after, replayed: false })
    }

    /// The authority whose clients the caller manages: their own.
    pub(super) fn may_manage(call: &Call) -> Result<Cvr, Error> {
        let authority = match &call.actor.who {
            Who::Employee(employee) => Some(employee.authority),
            Who::System(machine) => Some(machine.authority),
            Who::Citizen { .. } | Who::Operator => None,
        };
        may(&call.actor, Act::ManageClients, &Subject { authority, ..Subject::default() })?;
        authority.ok_or(Error::Denied(Reason::StaffOnly))
    }
}
