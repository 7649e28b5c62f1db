//! Evidence: keeping what somebody handed over, and seeing it again.

use crate::{
    Call, Done, Error, Service,
    mandate::{is_own_of_staff, may_serve_mandate},
};
use tillid_domain::{
    Digest, Reason,
    access::{Act, Subject},
    actor::Sensitivity,
    document::{Document, MediaType},
    event::Fact,
    id::DocumentId,
};

impl Service {
    /// Keeps a document about the person of the look-up, encrypted. What it is, its bytes say.
    pub async fn keep_document(&self, call: &Call, bytes: &[u8]) -> Result<Done<Document>, Error> {
        let view = self.person_in_view(call).await?;
        let outcome = self.keep(call, &view, bytes).await;
        self.accounted(call, Some(view.person), Act::KeepDocument, outcome).await
    }

    async fn keep(
        &self,
        call: &Call,
        view: &crate::guard::InView,
        bytes: &[u8],
    ) -> Result<Done<Document>, Error> {
        let authority = crate::consent::confined_to(&call.actor).ok_or(Error::Denied(Reason::StaffOnly))?;
        let mut tx = self.store.write().await?;
        let subject = Subject { person: Some(view.person), authority: Some(authority), ..Subject::default() };
        let now = self.now(&mut tx).await?;
        self.may(&mut tx, call, Act::KeepDocument, &subject, now).await??;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.document(DocumentId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
            return Ok(Done { value, replayed: true });
        }
        let media_type = MediaType::of(bytes).map_err(|reason| Error::invalid("", reason))?;
        tx.lock(&[view.person]).await?;
        let document = Document {
            id: DocumentId::from_uuid(self.ambient.id()),
            person: view.person,
            authority,
            media_type,
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            digest: Digest::of(bytes),
            kept_at: now,
        };
        let fact = Fact::DocumentKept {
            person: document.person,
            authority,
            media_type,
            size: document.size,
            digest: document.digest,
        };
        let event = self.event(call, now, &document, fact);
        tx.keep_document(&event, bytes).await?;
        self.settle(&mut tx, call, 201, event.aggregate, 1).await?;
        let look = self.served(call, view, Act::KeepDocument, event.aggregate, now);
        tx.commit(vec![event], Some(look)).await?;
        Ok(Done { value: document, replayed: false })
    }

    /// A document about the caller, or about the person of the look-up that the caller's authority keeps, byte for byte.
    pub async fn read_document(&self, call: &Call, id: DocumentId) -> Result<(Document, Vec<u8>), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let mut tx = self.must_see(tx, call, Act::SeeDocument, view.person, now).await?;
        let own = self.own(&mut tx, view.person).await?;
        let found = tx.document(id).await?.filter(|d| own.is(d.person)).map(|d| own.document(d));
        let visible = match &found {
            Some(document) => self.sees_document(&mut tx, call, document, now).await?,
            None => false,
        };
        let bytes = if visible { tx.document_bytes(id).await? } else { None };
        drop(tx);
        self.watched(call, &view, Act::SeeDocument, Some(id.as_uuid()), visible, now).await?;
        bytes.ok_or(Error::NotFound)
    }

    /// What proves a consent is as sensitive as the consent. The paper of a mandate is for the registrars who serve it: nobody confirms what
    /// they have not seen (P5).
    async fn sees_document<M>(
        &self,
        tx: &mut tillid_storage::Tx<M>,
        call: &Call,
        document: &Document,
        now: tillid_domain::Instant,
    ) -> Result<bool, Error> {
        let subject = Subject {
            person: Some(document.person),
            authority: Some(document.authority),
            ..Subject::default()
        };
        if self.may(tx, call, Act::SeeDocument, &subject, now).await?.is_err() {
            return Ok(false);
        }
        if crate::guard::is_own(&call.actor) {
            return Ok(true);
        }
        let consents = tx.consents_of(document.person, Some(document.authority), None, u32::MAX).await?;
        let mut proves = false;
        for consent in consents.into_iter().filter(|c| c.answer.collected.document() == Some(document.id)) {
            proves = true;
            let typed = self.typed(tx, consent, now).await?;
            if self.may(tx, call, Act::SeeConsent, &typed.subject(), now).await?.is_err() {
                return Ok(false);
            }
        }
        let mandates = tx.mandates_of(document.person, None, u32::MAX).await?;
        for mandate in mandates.iter().filter(|mandate| mandate.route.document() == Some(document.id)) {
            if is_own_of_staff(&call.actor, mandate) {
                return Ok(false);
            }
            proves |= may_serve_mandate(&call.actor, mandate);
        }
        // Of what proves nothing yet, nobody knows how sensitive it is.
        let sensitive = Subject { sensitivity: Some(Sensitivity::Special), ..subject };
        Ok(proves || self.may(tx, call, Act::SeeDocument, &sensitive, now).await?.is_ok())
    }
}
