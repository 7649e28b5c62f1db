//! The steps of a version between its first draft and its end, each by a catalogue administrator of its authority.

use crate::{Call, Done, Error, Service};
use tillid_domain::{
    Instant, Reason,
    access::{Act, Subject, may},
    catalogue::{CatalogueEntry, Definition, EntryState, Shelf},
    event::Fact,
    id::EntryId,
    text::{Code, Prose},
};
use tillid_storage::{Tx, Write};

/// A version that somebody wants to move.
pub(super) enum ToMove {
    /// It is to be moved.
    Now {
        /// The version.
        entry: CatalogueEntry,
        /// The version of its code that is in use.
        in_use: Option<Box<CatalogueEntry>>,
    },
    /// The same request was answered before.
    Moved(Done<CatalogueEntry>),
}

/// A draft with flaws goes no further, and each flaw is told.
pub(super) fn must_be_sound(draft: &CatalogueEntry) -> Result<(), Error> {
    let flaws = draft.definition.flaws();
    if flaws.is_empty() { Ok(()) } else { Err(Error::Invalid(flaws)) }
}

impl Service {
    /// Writes a draft anew. What says the same already stays as it is, and is still its author's.
    pub async fn change_entry(
        &self,
        call: &Call,
        number: u32,
        definition: Definition,
    ) -> Result<Done<CatalogueEntry>, Error> {
        let (shelf, code) = (definition.shelf(), definition.code().clone());
        let by = call.actor.trace();
        self.step(call, (shelf, &code, number), move |entry, _| {
            if entry.definition == definition && entry.state == EntryState::Draft {
                return Ok((entry, None));
            }
            entry.change(definition, &by).map(told)
        })
        .await
    }

    /// Asks a colleague to look at a draft. It must be without flaws.
    pub async fn submit_entry(
        &self,
        call: &Call,
        shelf: Shelf,
        code: &Code,
        number: u32,
    ) -> Result<Done<CatalogueEntry>, Error> {
        self.step(call, (shelf, code, number), |entry, now| entry.submit(now).map(told)).await
    }

    /// Gives a draft that is looked at back to be written on, and says why.
    pub async fn return_entry(
        &self,
        call: &Call,
        shelf: Shelf,
        code: &Code,
        number: u32,
        comment: Prose,
    ) -> Result<Done<CatalogueEntry>, Error> {
        self.step(call, (shelf, code, number), |entry, _| entry.return_for(comment).map(told)).await
    }

    /// Gives a draft up. Its number is not used again.
    pub async fn discard_entry(
        &self,
        call: &Call,
        shelf: Shelf,
        code: &Code,
        number: u32,
    ) -> Result<Done<CatalogueEntry>, Error> {
        self.step(call, (shelf, code, number), |entry, now| entry.discard(now).map(told)).await
    }

    /// Takes a version out of use without another in its place: nothing new is asked or given under it. What was given lives on,
    /// and what was already asked can still be answered until its deadline or until it is taken back.
    pub async fn retire_entry(
        &self,
        call: &Call,
        shelf: Shelf,
        code: &Code,
        number: u32,
    ) -> Result<Done<CatalogueEntry>, Error> {
        self.step(call, (shelf, code, number), |entry, now| entry.retire(now).map(told)).await
    }

    pub(super) async fn step(
        &self,
        call: &Call,
        (shelf, code, number): (Shelf, &Code, u32),
        step: impl FnOnce(CatalogueEntry, Instant) -> Result<(CatalogueEntry, Option<Fact>), Reason> + Send,
    ) -> Result<Done<CatalogueEntry>, Error> {
        let mut tx = self.store.write().await?;
        let entry = match self.entry_to_move(&mut tx, call, shelf, code, number).await? {
            ToMove::Now { entry, .. } => entry,
            ToMove::Moved(done) => return Ok(done),
        };
        let now = self.now(&mut tx).await?;
        let before = entry.clone();
        let (entry, fact) = match step(entry, now) {
            Err(Reason::DraftFlawed) => {
                must_be_sound(&before)?;
                return Err(Error::Rule(Reason::DraftFlawed));
            }
            moved => moved?,
        };
        let events = fact.map(|fact| self.event(call, now, &entry, fact)).into_iter().collect();
        self.settle(&mut tx, call, 200, entry.id.as_uuid(), entry.revision).await?;
        tx.commit(events, None).await?;
        Ok(Done { value: entry, replayed: false })
    }

    /// Finds the version for a catalogue administrator of its authority.
    pub(super) async fn entry_to_move(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        shelf: Shelf,
        code: &Code,
        number: u32,
    ) -> Result<ToMove, Error> {
        let versions = tx.entries_of(shelf, code).await?;
        let entry = versions.iter().find(|v| v.number == number).cloned().ok_or(Error::NotFound)?;
        let subject = Subject { authority: Some(entry.definition.authority()), ..Subject::default() };
        may(&call.actor, Act::EditCatalogue, &subject)?;
        if let Some(id) = self.claim(tx, call).await? {
            let value = self.known_entry(tx, EntryId::from_uuid(id)).await?;
            return Ok(ToMove::Moved(Done { value, replayed: true }));
        }
        call.must_expect(entry.revision)?;
        let in_use = versions.into_iter().find(CatalogueEntry::is_published).map(Box::new);
        Ok(ToMove::Now { entry, in_use })
    }
}

pub(super) fn told((entry, fact): (CatalogueEntry, Fact)) -> (CatalogueEntry, Option<Fact>) {
    (entry, Some(fact))
}
