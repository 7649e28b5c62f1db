//! Registers what can be done to objects, and when; says something else of it, removes it.

use super::{Put, registers};
use crate::{Call, Done, Error, Service, catalogue::Page};
use tillid_domain::{
    Cvr,
    event::Fact,
    external::{ExternalPrivilege, PrivilegeState, PrivilegeTerms},
    id::ExternalPrivilegeId,
    text::Code,
};

/// A privilege to register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewPrivilege {
    /// What it is called.
    pub code: Code,
    /// What it says.
    pub terms: PrivilegeTerms,
}

impl Service {
    /// Registers a privilege of the caller's authority, or says anew what it says: for what was given before too. What is so already
    /// changes nothing.
    pub async fn put_privilege(
        &self,
        call: &Call,
        new: &NewPrivilege,
    ) -> Result<Done<Put<ExternalPrivilege>>, Error> {
        let authority = registers(call)?;
        again!(self.put_privilege_once(call, authority, new))
    }

    async fn put_privilege_once(
        &self,
        call: &Call,
        authority: Cvr,
        new: &NewPrivilege,
    ) -> Result<Done<Put<ExternalPrivilege>>, Error> {
        let mut tx = self.store.write().await?;
        if let Some((id, status)) = self.claim_status(&mut tx, call).await? {
            let value = tx.external_privilege(ExternalPrivilegeId::from_uuid(id)).await?;
            let value = value.ok_or(Error::NotFound)?;
            return Ok(Done { value: Put { value, created: status == 201 }, replayed: true });
        }
        let before = tx.external_privilege_named(authority, &new.code).await?;
        call.must_expect(before.as_ref().map_or(0, |privilege| privilege.revision))?;
        let now = self.now(&mut tx).await?;
        let created = before.is_none();
        let (value, fact) = match before {
            None => {
                let privilege = ExternalPrivilege {
                    id: ExternalPrivilegeId::from_uuid(self.ambient.id()),
                    revision: 1,
                    authority,
                    code: new.code.clone(),
                    terms: new.terms.clone(),
                    registered_at: now,
                    state: PrivilegeState::Registered,
                };
                let fact = Fact::PrivilegeRegistered {
                    authority,
                    code: privilege.code.clone(),
                    terms: privilege.terms.clone(),
                };
                (privilege, Some(fact))
            }
            Some(privilege) if privilege.terms == new.terms => (privilege, None),
            Some(privilege) => {
                let (privilege, fact) = privilege.change(new.terms.clone())?;
                (privilege, Some(fact))
            }
        };
        let event = fact.map(|fact| self.event(call, now, &value, fact));
        let status = if created { 201 } else { 200 };
        self.settle(&mut tx, call, status, value.id.as_uuid(), value.revision).await?;
        tx.commit(event.into_iter().collect(), None).await?;
        Ok(Done { value: Put { value, created }, replayed: false })
    }

    /// Removes a privilege of the caller's authority. Whoever was given it can do nothing with it from now on; nor when another is
    /// registered under its code.
    pub async fn remove_privilege(&self, call: &Call, code: &Code) -> Result<Done<ExternalPrivilege>, Error> {
        let authority = registers(call)?;
        again!(self.remove_privilege_once(call, authority, code))
    }

    async fn remove_privilege_once(
        &self,
        call: &Call,
        authority: Cvr,
        code: &Code,
    ) -> Result<Done<ExternalPrivilege>, Error> {
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.external_privilege(ExternalPrivilegeId::from_uuid(id)).await?;
            return Ok(Done { value: value.ok_or(Error::NotFound)?, replayed: true });
        }
        let privilege = tx.external_privilege_named(authority, code).await?.ok_or(Error::NotFound)?;
        call.must_expect(privilege.revision)?;
        let now = self.now(&mut tx).await?;
        let (privilege, fact) = privilege.remove(now)?;
        let event = self.event(call, now, &privilege, fact);
        self.settle(&mut tx, call, 200, privilege.id.as_uuid(), privilege.revision).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value: privilege, replayed: false })
    }

    /// A privilege of the caller's authority.
    pub async fn read_privilege(&self, call: &Call, code: &Code) -> Result<ExternalPrivilege, Error> {
        let authority = registers(call)?;
        self.store.read().await?.external_privilege_named(authority, code).await?.ok_or(Error::NotFound)
    }

    /// The privileges that the caller's authority has registered, the newest first, below an id.
    pub async fn list_privileges(
        &self,
        call: &Call,
        below: Option<ExternalPrivilegeId>,
        limit: u32,
    ) -> Result<Page<ExternalPrivilege, ExternalPrivilegeId>, Error> {
        let authority = registers(call)?;
        let items = self.store.read().await?.external_privileges(authority, below, limit + 1).await?;
        Ok(Page::cut(items, limit, |privilege| privilege.id))
    }
}
