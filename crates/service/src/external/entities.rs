//! Registers subjects and objects, says something else of them, removes them.

use super::{Put, registers};
use crate::{Call, Done, Error, Service, catalogue::Page};
use tillid_domain::{
    Cvr, Reason,
    event::Fact,
    external::{EntityName, EntityState, ExternalEntity, Keys, Properties, is_reserved},
    id::ExternalEntityId,
};

/// Something to register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewEntity {
    /// What it is called.
    pub name: EntityName,
    /// What is known of it.
    pub properties: Properties,
    /// What a caller may state otherwise.
    pub caller_stated: Keys,
}

impl Service {
    /// Registers something of the caller's authority, or says anew what is known of it. What is so already changes nothing.
    pub async fn put_entity(&self, call: &Call, new: &NewEntity) -> Result<Done<Put<ExternalEntity>>, Error> {
        let authority = registers(call)?;
        if is_reserved(&new.name.kind) {
            return Err(Error::invalid("/type", Reason::TypeReserved));
        }
        again!(self.put_entity_once(call, authority, new))
    }

    async fn put_entity_once(
        &self,
        call: &Call,
        authority: Cvr,
        new: &NewEntity,
    ) -> Result<Done<Put<ExternalEntity>>, Error> {
        let mut tx = self.store.write().await?;
        if let Some((id, status)) = self.claim_status(&mut tx, call).await? {
            let value = tx.external_entity(ExternalEntityId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
            return Ok(Done { value: Put { value, created: status == 201 }, replayed: true });
        }
        let before = tx.external_entity_named(authority, &new.name).await?;
        call.must_expect(before.as_ref().map_or(0, |entity| entity.revision))?;
        let now = self.now(&mut tx).await?;
        let created = before.is_none();
        let (value, fact) = match before {
            None => {
                let entity = ExternalEntity {
                    id: ExternalEntityId::from_uuid(self.ambient.id()),
                    revision: 1,
                    authority,
                    name: new.name.clone(),
                    properties: new.properties.clone(),
                    caller_stated: new.caller_stated.clone(),
                    registered_at: now,
                    state: EntityState::Registered,
                };
                let fact = Fact::EntityRegistered {
                    authority,
                    name: entity.name.clone(),
                    properties: entity.properties.clone(),
                    caller_stated: entity.caller_stated.clone(),
                };
                (entity, Some(fact))
            }
            Some(entity)
                if entity.properties == new.properties && entity.caller_stated == new.caller_stated =>
            {
                (entity, None)
            }
            Some(entity) => {
                let (entity, fact) = entity.change(new.properties.clone(), new.caller_stated.clone())?;
                (entity, Some(fact))
            }
        };
        let event = fact.map(|fact| self.event(call, now, &value, fact));
        let status = if created { 201 } else { 200 };
        self.settle(&mut tx, call, status, value.id.as_uuid(), value.revision).await?;
        tx.commit(event.into_iter().collect(), None).await?;
        Ok(Done { value: Put { value, created }, replayed: false })
    }

    /// Removes something of the caller's authority. What it was given, and what was given over it, gives nothing from now on; nor
    /// when something else is registered under its name.
    pub async fn remove_entity(&self, call: &Call, name: &EntityName) -> Result<Done<ExternalEntity>, Error> {
        let authority = registers(call)?;
        again!(self.remove_entity_once(call, authority, name))
    }

    async fn remove_entity_once(
        &self,
        call: &Call,
        authority: Cvr,
        name: &EntityName,
    ) -> Result<Done<ExternalEntity>, Error> {
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.external_entity(ExternalEntityId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
            return Ok(Done { value, replayed: true });
        }
        let entity = tx.external_entity_named(authority, name).await?.ok_or(Error::NotFound)?;
        call.must_expect(entity.revision)?;
        let now = self.now(&mut tx).await?;
        let (entity, fact) = entity.remove(now)?;
        let event = self.event(call, now, &entity, fact);
        self.settle(&mut tx, call, 200, entity.id.as_uuid(), entity.revision).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value: entity, replayed: false })
    }

    /// Something of the caller's authority.
    pub async fn read_entity(&self, call: &Call, name: &EntityName) -> Result<ExternalEntity, Error> {
        let authority = registers(call)?;
        self.store.read().await?.external_entity_named(authority, name).await?.ok_or(Error::NotFound)
    }

    /// What the caller's authority has registered, the newest first, below an id.
    pub async fn list_entities(
        &self,
        call: &Call,
        below: Option<ExternalEntityId>,
        limit: u32,
    ) -> Result<Page<ExternalEntity, ExternalEntityId>, Error> {
        let authority = registers(call)?;
        let items = self.store.read().await?.external_entities(authority, below, limit + 1).await?;
        Ok(Page::cut(items, limit, |entity| entity.id))
    }
}
