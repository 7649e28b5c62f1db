//! Reads of the catalogues: what is or was in use is open to everyone, drafts to those who write them.

use crate::{Call, Error, Service};
use std::collections::BTreeMap;
use tillid_domain::{
    Cvr, Localized,
    access::{Act, Subject, may},
    catalogue::{CatalogueEntry, Definition, Shelf},
    event::Recorded,
    id::EntryId,
    text::{Code, PrivilegeUri},
};
use tillid_storage::{StoreError, Tx};

/// A part of a list, and where the next part begins.
#[derive(Clone, Debug)]
pub struct Page<T, K> {
    /// The part.
    pub items: Vec<T>,
    /// The key that the next part comes after, if there is more.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// A page of at most `limit` of the items, of which one more was asked for.
    pub(crate) fn cut(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = if more { items.last().map(key) } else { None };
        Self { items, next }
    }
}

/// Names as people read them.
#[derive(Clone, Default, Debug)]
pub struct CatalogueWords {
    /// Of privileges.
    pub privileges: BTreeMap<PrivilegeUri, Localized>,
    /// Of categories of data.
    pub data: BTreeMap<Code, Localized>,
}

impl Service {
    /// The published versions of one shelf, in the order of their codes.
    pub async fn list_catalogue(
        &self,
        shelf: Shelf,
        after: Option<&Code>,
        limit: u32,
    ) -> Result<Page<CatalogueEntry, Code>, Error> {
        let mut tx = self.store.read().await?;
        let items = tx.published(shelf, after.map_or("", Code::as_str), limit + 1).await?;
        Ok(Page::cut(items, limit, |entry| entry.definition.code().clone()))
    }

    /// The version of a code that is in use.
    pub async fn published_entry(&self, shelf: Shelf, code: &Code) -> Result<CatalogueEntry, Error> {
        let mut tx = self.store.read().await?;
        self.in_use(&mut tx, shelf, code).await?.ok_or(Error::NotFound)
    }

    /// Any version of a code that is or was in use. Drafts are for their authority alone: see [`Service::versions_of_entry`].
    pub async fn entry_version(
        &self,
        shelf: Shelf,
        code: &Code,
        number: u32,
    ) -> Result<CatalogueEntry, Error> {
        let mut tx = self.store.read().await?;
        let versions = tx.entries_of(shelf, code).await?;
        versions.into_iter().find(|v| v.number == number && v.state.was_in_use()).ok_or(Error::NotFound)
    }

    /// Every version of a code, drafts among them, the newest first; for the catalogue administrators of its authority.
    pub async fn versions_of_entry(
        &self,
        call: &Call,
        shelf: Shelf,
        code: &Code,
    ) -> Result<Vec<CatalogueEntry>, Error> {
        let mut tx = self.store.read().await?;
        let versions = tx.entries_of(shelf, code).await?;
        let authority = versions.first().map(|v| v.definition.authority());
        may_edit(call, authority.or(call.actor.authority()))?;
        if versions.is_empty() { Err(Error::NotFound) } else { Ok(versions) }
    }

    /// Every version of everything on a shelf that the caller's authority has.
    pub async fn own_entries(&self, call: &Call, shelf: Shelf) -> Result<Vec<CatalogueEntry>, Error> {
        may_edit(call, call.actor.authority())?;
        let Some(authority) = call.actor.authority() else { return Ok(Vec::new()) };
        let mut tx = self.store.read().await?;
        Ok(tx.entries_by(shelf, authority).await?)
    }

    /// What has happened to a version: who did what, and when; for the catalogue administrators of its authority.
    pub async fn entry_history(
        &self,
        call: &Call,
        shelf: Shelf,
        code: &Code,
        number: u32,
    ) -> Result<Vec<Recorded>, Error> {
        let versions = self.versions_of_entry(call, shelf, code).await?;
        let entry = versions.iter().find(|v| v.number == number).ok_or(Error::NotFound)?;
        let mut tx = self.store.read().await?;
        Ok(tx.entry_history(entry.id).await?)
    }

    /// What privileges and categories of data are called when people read them: by their names for systems.
    pub async fn catalogue_words(&self) -> Result<CatalogueWords, Error> {
        let mut tx = self.store.read().await?;
        let mut words = CatalogueWords::default();
        // The newest version comes last, and has the last word.
        for entry in tx.catalogue().await? {
            match entry.definition {
                Definition::MandatePackage(package) => {
                    words.privileges.extend(package.privileges.into_iter().map(|p| (p.uri, p.name)));
                }
                Definition::ConsentType(of) => {
                    let data = of.items.into_iter().flat_map(|item| item.data);
                    words.data.extend(data.map(|data| (data.code, data.name)));
                }
            }
        }
        Ok(words)
    }

    pub(crate) async fn in_use<M>(
        &self,
        tx: &mut Tx<M>,
        shelf: Shelf,
        code: &Code,
    ) -> Result<Option<CatalogueEntry>, Error> {
        Ok(tx.entries_of(shelf, code).await?.into_iter().find(CatalogueEntry::is_published))
    }

    /// The version that something was given under; it is always there.
    pub(crate) async fn known_entry<M>(&self, tx: &mut Tx<M>, id: EntryId) -> Result<CatalogueEntry, Error> {
        let missing =
            || Error::from(StoreError::Corrupt { table: "catalogue_entry", id: Some(id.as_uuid()) });
        tx.entry(id).await?.ok_or_else(missing)
    }
}

pub(super) fn may_edit(call: &Call, authority: Option<Cvr>) -> Result<(), Error> {
    may(&call.actor, Act::EditCatalogue, &Subject { authority, ..Subject::default() })?;
    Ok(())
}
