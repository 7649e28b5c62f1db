//! Gives privileges to subjects of an authority, and takes them back.

use super::registers;
use crate::{Call, Done, Error, Service, catalogue::Page};
use tillid_domain::{
    Cvr, Instant, Period, Reason,
    external::{Codes, EntityName, EntityRef, ExternalGrant, GrantState, Objects, PrivilegeRef},
    id::ExternalGrantId,
    text::{EntityId, EntityType},
};
use tillid_storage::Tx;

/// What is to be given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewGrant {
    /// To whom.
    pub subject: EntityName,
    /// Which privileges.
    pub privileges: Codes,
    /// With objects of which type.
    pub object_type: EntityType,
    /// With which one; with every one of the type when not given.
    pub object: Option<EntityId>,
    /// The first moment when it holds; now when not given.
    pub valid_from: Option<Instant>,
    /// The first moment when it no longer does; without an end when not given.
    pub valid_to: Option<Instant>,
}

impl Service {
    /// Gives privileges of the caller's authority to a subject of its own. What it names must be registered.
    pub async fn give_grant(&self, call: &Call, new: &NewGrant) -> Result<Done<ExternalGrant>, Error> {
        let authority = registers(call)?;
        again!(self.give_grant_once(call, authority, new))
    }

    async fn give_grant_once(
        &self,
        call: &Call,
        authority: Cvr,
        new: &NewGrant,
    ) -> Result<Done<ExternalGrant>, Error> {
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.external_grant(ExternalGrantId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
            return Ok(Done { value, replayed: true });
        }
        let now = self.now(&mut tx).await?;
        let from = new.valid_from.unwrap_or(now);
        if new.valid_to.is_some_and(|to| to <= from || to <= now) {
            return Err(Error::invalid("/valid_until", Reason::EndDatePast));
        }
        let subject = self.registered_entity(&mut tx, authority, &new.subject, "/subject").await?;
        let objects = match &new.object {
            None => Objects::EveryOf(new.object_type.clone()),
            Some(id) => {
                let name = EntityName { kind: new.object_type.clone(), id: id.clone() };
                Objects::One(self.registered_entity(&mut tx, authority, &name, "/objects").await?)
            }
        };
        let privileges = self.registered_privileges(&mut tx, authority, &new.privileges).await?;
        let grant = ExternalGrant {
            id: ExternalGrantId::from_uuid(self.ambient.id()),
            revision: 1,
            authority,
            subject,
            privileges,
            objects,
            valid: Period { from, to: new.valid_to },
            given_at: now,
            state: GrantState::Given,
        };
        let event = self.event(call, now, &grant, grant.given());
        self.settle(&mut tx, call, 201, grant.id.as_uuid(), grant.revision).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value: grant, replayed: false })
    }

    async fn registered_entity<M>(
        &self,
        tx: &mut Tx<M>,
        authority: Cvr,
        name: &EntityName,
        pointer: &str,
    ) -> Result<EntityRef, Error> {
        let found = tx.external_entity_named(authority, name).await?;
        found.map(|entity| entity.reference()).ok_or_else(|| Error::invalid(pointer, Reason::NotRegistered))
    }

    async fn registered_privileges<M>(
        &self,
        tx: &mut Tx<M>,
        authority: Cvr,
        codes: &Codes,
    ) -> Result<Vec<PrivilegeRef>, Error> {
        let mut privileges = Vec::with_capacity(codes.as_slice().len());
        for (at, code) in codes.as_slice().iter().enumerate() {
            let found = tx.external_privilege_named(authority, code).await?;
            let missing = || Error::invalid(&format!("/privileges/{at}"), Reason::NotRegistered);
            privileges.push(found.ok_or_else(missing)?.reference());
        }
        Ok(privileges)
    }

    /// Takes a grant of the caller's authority back. No question that arrives after this has returned gets a yes by it.
    pub async fn revoke_grant(&self, call: &Call, id: ExternalGrantId) -> Result<Done<ExternalGrant>, Error> {
        let authority = registers(call)?;
        again!(self.revoke_grant_once(call, authority, id))
    }

    async fn revoke_grant_once(
        &self,
        call: &Call,
        authority: Cvr,
        id: ExternalGrantId,
    ) -> Result<Done<ExternalGrant>, Error> {
        let mut tx = self.store.write().await?;
        let before = self.claim(&mut tx, call).await?;
        let grant = tx.external_grant(id).await?.filter(|grant| grant.authority == authority);
        let grant = grant.ok_or(Error::NotFound)?;
        if before.is_some() {
            return Ok(Done { value: grant, replayed: true });
        }
        call.must_expect(grant.revision)?;
        let now = self.now(&mut tx).await?;
        let (grant, fact) = grant.revoke(now)?;
        let event = self.event(call, now, &grant, fact);
        self.settle(&mut tx, call, 200, id.as_uuid(), grant.revision).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value: grant, replayed: false })
    }

    /// A grant of the caller's authority, and business time.
    pub async fn read_grant(
        &self,
        call: &Call,
        id: ExternalGrantId,
    ) -> Result<(ExternalGrant, Instant), Error> {
        let authority = registers(call)?;
        let mut tx = self.store.read().await?;
        let grant = tx.external_grant(id).await?.filter(|grant| grant.authority == authority);
        let now = self.now(&mut tx).await?;
        Ok((grant.ok_or(Error::NotFound)?, now))
    }

    /// The grants of the caller's authority, the newest first, below an id; and business time.
    pub async fn list_grants(
        &self,
        call: &Call,
        below: Option<ExternalGrantId>,
        limit: u32,
    ) -> Result<(Page<ExternalGrant, ExternalGrantId>, Instant), Error> {
        let authority = registers(call)?;
        let mut tx = self.store.read().await?;
        let items = tx.external_grants(authority, below, limit + 1).await?;
        let now = self.now(&mut tx).await?;
        Ok((Page::cut(items, limit, |grant| grant.id), now))
    }
}
