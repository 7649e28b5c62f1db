//! Drafts a version and takes it into use.

use super::steps::{ToMove, must_be_sound};
use crate::{Call, Done, Error, Service};
use tillid_domain::{
    Reason,
    access::{Act, Subject, may},
    actor::{Actor, Who},
    catalogue::{CatalogueEntry, Definition, Shelf},
    event::Event,
    id::EntryId,
    text::{Code, PrivilegeUri},
};
use tillid_storage::{Tx, Write};

impl Service {
    /// Writes the next version of a code as a draft. It may still have flaws; those are told when it is published.
    pub async fn draft_entry(
        &self,
        call: &Call,
        definition: Definition,
    ) -> Result<Done<CatalogueEntry>, Error> {
        let subject = Subject { authority: Some(definition.authority()), ..Subject::default() };
        may(&call.actor, Act::EditCatalogue, &subject)?;
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = self.known_entry(&mut tx, EntryId::from_uuid(id)).await?;
            return Ok(Done { value, replayed: true });
        }
        let (entry, event) = self.drafted(call, &mut tx, definition).await?;
        self.settle(&mut tx, call, 201, entry.id.as_uuid(), entry.revision).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value: entry, replayed: false })
    }

    async fn drafted(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        definition: Definition,
    ) -> Result<(CatalogueEntry, Event), Error> {
        let now = self.now(tx).await?;
        let earlier = tx.entries_of(definition.shelf(), definition.code()).await?;
        // A code is its first author's: another authority cannot publish over it.
        if earlier.iter().any(|e| e.definition.authority() != definition.authority()) {
            return Err(Error::Denied(Reason::OtherAuthority));
        }
        let id = EntryId::from_uuid(self.ambient.id());
        let number = earlier.first().map_or(0, |e| e.number) + 1;
        let (entry, fact) = CatalogueEntry::draft(id, number, definition, call.actor.trace());
        let event = self.event(call, now, &entry, fact);
        Ok((entry, event))
    }

    /// Takes a draft into use in place of the version before it. Someone else than its last author does so.
    pub async fn publish_entry(
        &self,
        call: &Call,
        shelf: Shelf,
        code: &Code,
        number: u32,
    ) -> Result<Done<CatalogueEntry>, Error> {
        let mut tx = self.store.write().await?;
        let (draft, before) = match self.entry_to_move(&mut tx, call, shelf, code, number).await? {
            ToMove::Now { entry, in_use } => (entry, in_use.map(|entry| *entry)),
            ToMove::Moved(done) => return Ok(done),
        };
        if draft.state.is_open() {
            must_be_sound(&draft)?;
        }
        self.must_own_privileges(&mut tx, call, &draft.definition).await?;
        let (entry, events) = self.published_instead(call, &mut tx, draft, before).await?;
        self.settle(&mut tx, call, 200, entry.id.as_uuid(), entry.revision).await?;
        tx.commit(events, None).await?;
        Ok(Done { value: entry, replayed: false })
    }

    /// A privilege belongs to the authority that published it first, and this service's own to nobody but its operator: whoever
    /// gives a package is told what it means by the authority that it reaches.
    async fn must_own_privileges<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        definition: &Definition,
    ) -> Result<(), Error> {
        let Definition::MandatePackage(package) = definition else { return Ok(()) };
        let others = tx.published(Shelf::MandatePackage, "", u32::MAX).await?;
        let others = others
            .iter()
            .filter_map(CatalogueEntry::mandate_package)
            .filter(|p| p.authority != package.authority);
        let taken = |uri: &PrivilegeUri| others.clone().any(|p| p.privileges.iter().any(|q| q.uri == *uri));
        let operator = call.actor.who == Who::Operator;
        let foreign =
            |uri: &PrivilegeUri| taken(uri) || (!operator && uri.as_str().starts_with("urn:dk:tillid:"));
        let wrong = package.privileges.iter().position(|p| foreign(&p.uri));
        let flaw = |at| Error::invalid(&format!("/privileges/{at}/uri"), Reason::DraftPrivilegeOfAnother);
        wrong.map_or(Ok(()), |at| Err(flaw(at)))
    }

    async fn published_instead(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        draft: CatalogueEntry,
        before: Option<CatalogueEntry>,
    ) -> Result<(CatalogueEntry, Vec<Event>), Error> {
        let now = self.now(tx).await?;
        let mut events = Vec::with_capacity(2);
        let (entry, fact) = draft.publish(&call.actor.trace(), now)?;
        if let Some(before) = before {
            if before.number > entry.number {
                return Err(Error::Rule(Reason::DraftOvertaken));
            }
            let (retired, fact) = before.retire(now)?;
            events.push(self.event(call, now, &retired, fact));
        }
        events.push(self.event(call, now, &entry, fact));
        Ok((entry, events))
    }

    /// Brings a definition of the operator's into use, unless the version in use says the same already. Returns whether it
    /// did.
    pub async fn import_entry(&self, definition: Definition) -> Result<bool, Error> {
        let call = Call::by(Actor::OPERATOR);
        let flaws = definition.flaws();
        if !flaws.is_empty() {
            return Err(Error::Invalid(flaws));
        }
        let mut tx = self.store.write().await?;
        let before = self.in_use(&mut tx, definition.shelf(), definition.code()).await?;
        if before.as_ref().is_some_and(|b| b.definition == definition) {
            return Ok(false);
        }
        self.must_own_privileges(&mut tx, &call, &definition).await?;
        let (draft, drafted) = self.drafted(&call, &mut tx, definition).await?;
        let (_, published) = self.published_instead(&call, &mut tx, draft, before).await?;
        tx.commit(std::iter::once(drafted).chain(published).collect(), None).await?;
        Ok(true)
    }
}
