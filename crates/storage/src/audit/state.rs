//! One thing: whether its rows are what its events say.

use super::{Audit, Fault};
use crate::{
    StoreError,
    access::{AccessRow, access_columns},
    engine::{Read, Tx, on},
};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{
    Digest,
    catalogue::CatalogueEntry,
    client::Client,
    consent::Consent,
    document::Document,
    event::{AccessCommitment, Entity, Fact, Kind, Recorded, replay},
    external::{ExternalEntity, ExternalGrant, ExternalPrivilege},
    family::Custody,
    id::{
        ConsentId, CustodyId, EntryId, ExternalEntityId, ExternalGrantId, ExternalPrivilegeId, MandateId,
        MandateRequestId, PresentationId, RegistrationId, RequestId,
    },
    mandate::Mandate,
    mandate_request::MandateRequest,
    person::Person,
    power::powers_of,
    presentation::Presentation,
    request::ConsentRequest,
    statutory::StatutoryPower,
    task::Task,
};
use uuid::Uuid;

impl Tx<Read> {
    pub(super) async fn audit_state(
        &mut self,
        audit: &mut Audit,
        id: Uuid,
        history: &[Recorded],
    ) -> Result<(), StoreError> {
        let Some(kind) = history.first().map(|e| e.aggregate_kind) else { return Ok(()) };
        match kind {
            Kind::Person => {
                let Some(expected) = expect::<Person>(audit, id, history) else { return Ok(()) };
                let found = self.person(expected.id).await;
                let found = found.map(|p| p.map(|p| audit.compare_belongings(p, &expected)));
                audit.compare("person", id, found, &expected)?;
                self.audit_numbers(audit, id).await?;
                self.audit_version(audit, id).await
            }
            Kind::CatalogueEntry => {
                let Some(expected) = expect::<CatalogueEntry>(audit, id, history) else { return Ok(()) };
                let found = self.entry(EntryId::from_uuid(id)).await;
                audit.compare("catalogue_entry", id, found, &expected)
            }
            Kind::Presentation => {
                let Some(expected) = expect::<Presentation>(audit, id, history) else { return Ok(()) };
                let found = self.presentation(PresentationId::from_uuid(id)).await.map(|p| p.map(|(p, _)| p));
                audit.compare("presentation", id, found, &expected)
            }
            Kind::ConsentRequest => {
                let Some(expected) = expect::<ConsentRequest>(audit, id, history) else { return Ok(()) };
                let found = self.request(RequestId::from_uuid(id)).await;
                audit.compare("consent_request", id, found, &expected)
            }
            Kind::Consent => {
                let Some(expected) = expect::<Consent>(audit, id, history) else { return Ok(()) };
                let found = self.consent(ConsentId::from_uuid(id)).await;
                audit.compare("consent", id, found, &expected)
            }
            Kind::Mandate => {
                let Some(expected) = expect::<Mandate>(audit, id, history) else { return Ok(()) };
                let found = self.mandate(MandateId::from_uuid(id)).await;
                audit.compare("mandate", id, found, &expected)?;
                self.audit_powers(audit, id, history).await
            }
            Kind::MandateRequest => {
                let Some(expected) = expect::<MandateRequest>(audit, id, history) else { return Ok(()) };
                let found = self.mandate_request(MandateRequestId::from_uuid(id)).await;
                audit.compare("mandate_request", id, found, &expected)
            }
            Kind::Custody => {
                let Some(expected) = expect::<Custody>(audit, id, history) else { return Ok(()) };
                let found = self.custody(CustodyId::from_uuid(id)).await;
                audit.compare("custody", id, found, &expected)
            }
            Kind::StatutoryPower => {
                let Some(expected) = expect::<StatutoryPower>(audit, id, history) else { return Ok(()) };
                let found = self.statutory(expected.id).await;
                audit.compare("statutory_power", id, found, &expected)
            }
            Kind::Client => {
                let Some(expected) = expect::<Client>(audit, id, history) else { return Ok(()) };
                let found = self.client(RegistrationId::from_uuid(id)).await;
                audit.compare("client", id, found, &expected)
            }
            Kind::ExternalEntity => {
                let Some(expected) = expect::<ExternalEntity>(audit, id, history) else { return Ok(()) };
                let found = self.external_entity(ExternalEntityId::from_uuid(id)).await;
                audit.compare("external_entity", id, found, &expected)
            }
            Kind::ExternalPrivilege => {
                let Some(expected) = expect::<ExternalPrivilege>(audit, id, history) else { return Ok(()) };
                let found = self.external_privilege(ExternalPrivilegeId::from_uuid(id)).await;
                audit.compare("external_privilege", id, found, &expected)
            }
            Kind::ExternalGrant => {
                let Some(expected) = expect::<ExternalGrant>(audit, id, history) else { return Ok(()) };
                let found = self.external_grant(ExternalGrantId::from_uuid(id)).await;
                audit.compare("external_grant", id, found, &expected)?;
                self.audit_granted(audit, &expected).await
            }
            Kind::Document => {
                let Some(expected) = expect::<Document>(audit, id, history) else { return Ok(()) };
                let found = self.document(expected.id).await;
                audit.compare("document", id, found, &expected)?;
                self.audit_document(audit, &expected).await
            }
            Kind::Task => {
                let Some(expected) = expect::<Task>(audit, id, history) else { return Ok(()) };
                let found = self.task(expected.id).await;
                audit.compare("task", id, found, &expected)
            }
            Kind::AccessBatch => self.audit_batch(audit, id, history).await,
        }
    }

    /// A document's key opens, and its bytes are those that were handed over.
    async fn audit_document(&mut self, audit: &mut Audit, expected: &Document) -> Result<(), StoreError> {
        let id = expected.id.as_uuid();
        let Some(key) = self.document_key(expected.id).await? else {
            audit.find("document_key", id, Fault::Missing, "the document has no key");
            return Ok(());
        };
        let Ok(key) = self.vault.open_document_key(expected.id, &key) else {
            audit.find("document_key", id, Fault::Changed, "the key does not open");
            return Ok(());
        };
        let Some(sealed) = self.sealed_document(expected.id).await? else { return Ok(()) };
        let bytes = self.vault.open_document(expected.id, &key, sealed);
        if bytes.is_ok_and(|bytes| Digest::of(&bytes) == expected.digest) {
            return Ok(());
        }
        audit.find("document", id, Fault::Changed, "the bytes are not those that were handed over");
        Ok(())
    }

    async fn audit_powers(
        &mut self,
        audit: &mut Audit,
        mandate: Uuid,
        history: &[Recorded],
    ) -> Result<(), StoreError> {
        let expected = powers_of(history);
        let found = match self.powers_of(mandate).await {
            Ok(found) => found,
            Err(StoreError::Corrupt { .. }) => {
                audit.find(
                    "power",
                    mandate,
                    Fault::Changed,
                    "a power of this mandate breaks a rule of the domain",
                );
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        let missing = expected.iter().filter(|p| !found.contains(p)).count();
        let added = found.iter().filter(|p| !expected.contains(p)).count();
        match (missing, added) {
            (0, 0) => {}
            (0, _) => audit.find("power", mandate, Fault::Added, "no event of this mandate gives that power"),
            (_, 0) => {
                audit.find(
                    "power",
                    mandate,
                    Fault::Missing,
                    "a power that follows from this mandate is gone",
                );
            }
            _ => audit.find(
                "power",
                mandate,
                Fault::Changed,
                "a power of this mandate differs from what its events say",
            ),
        }
        Ok(())
    }

    async fn audit_batch(
        &mut self,
        audit: &mut Audit,
        batch: Uuid,
        history: &[Recorded],
    ) -> Result<(), StoreError> {
        let Some((Fact::AccessRecorded { records, external }, later)) =
            history.split_first().map(|(first, later)| (&first.fact, later))
        else {
            return Ok(());
        };
        let mut erased = BTreeSet::new();
        for event in later {
            let Fact::AccessErased { records: gone } = &event.fact else {
                audit.find("event", event.id, Fault::Changed, "its events cannot follow one another");
                continue;
            };
            if !gone.iter().all(|id| records.iter().any(|r| r.id == *id) && erased.insert(*id)) {
                audit.find(
                    "event",
                    event.id,
                    Fault::Changed,
                    "it erases a record that is not there to erase",
                );
            }
        }
        const SQL: &str = access_columns!("WHERE batch_id = $1");
        let rows: Vec<AccessRow> = on!(self, |conn| sqlx::query_as(SQL).bind(batch).fetch_all(conn).await)?;
        let mut found: BTreeMap<Uuid, AccessRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        for AccessCommitment { id, commitment } in records {
            match found.remove(&id.as_uuid()).map(AccessRow::read) {
                Some(_) if erased.contains(id) => {
                    audit.find("access_record", id, Fault::Added, "it was erased, and it is there");
                }
                None if erased.contains(id) => {}
                Some(Ok((record, salt))) if record.commitment(&salt) == *commitment => {}
                Some(_) => audit.find(
                    "access_record",
                    id,
                    Fault::Changed,
                    "the row differs from what was committed to",
                ),
                None => audit.find("access_record", id, Fault::Missing, "the journal commits to it"),
            }
        }
        for row in found.keys() {
            audit.find("access_record", row, Fault::Added, "the journal does not commit to it");
        }
        self.audit_external_records(audit, batch, external).await
    }
}

fn expect<E: Entity>(audit: &mut Audit, id: Uuid, history: &[Recorded]) -> Option<E> {
    let state = replay::<E>(history);
    if state.is_none() {
        audit.find("event", id, Fault::Changed, "its events cannot follow one another");
    }
    state
}
