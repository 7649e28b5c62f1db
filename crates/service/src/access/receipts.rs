//! Receipts of what concerns the caller.

use crate::{Call, Error, Proof, Service, guard::principal};
use serde_json::{Map, Value, json};
use tillid_documents::{CONTEXT_PATH, Receipt};
use tillid_domain::{
    Reason,
    access::{Act, Subject},
    actor::Who,
    event::{Entity, Kind, Recorded},
    id::{ConsentId, EventId, MandateId, PersonId, RequestId},
};
use tillid_storage::{Opened, Read, Tx};
use uuid::Uuid;

/// What a receipt is asked of.
#[derive(Clone, Copy, Debug)]
pub enum ReceiptOf {
    /// A consent.
    Consent(ConsentId),
    /// A mandate.
    Mandate(MandateId),
    /// A request for consent.
    Request(RequestId),
}

impl Service {
    /// The receipt of an event that concerns the caller: signed, and opening the journal's commitment; with the proof that the log
    /// has it, once a signed tree does.
    pub async fn receipt(&self, call: &Call, id: EventId) -> Result<Receipt, Error> {
        let Who::Citizen { person, acting_for: None, .. } = call.actor.who else {
            return Err(Error::Denied(Reason::OnlyInPerson));
        };
        let mut tx = self.store.read().await?;
        let opened = tx.event(id).await?.ok_or(Error::NotFound)?;
        if !self.is_told(&mut tx, &opened.recorded, person).await? {
            return Err(Error::NotFound);
        }
        let subject = Subject { person: Some(person), ..Subject::default() };
        let now = self.now(&mut tx).await?;
        self.may(&mut tx, call, Act::SeeOverview, &subject, now).await??;
        self.receipt_of(&mut tx, &opened).await
    }

    /// The receipt of an event, for somebody whom it concerns.
    pub(crate) async fn receipt_of(&self, tx: &mut Tx<Read>, opened: &Opened) -> Result<Receipt, Error> {
        let issuer = &self.settings.base_url;
        let Opened { recorded, salt, commitment } = opened;
        let more = match recorded.aggregate_kind {
            Kind::Consent => self.consent_members(tx, recorded).await?,
            Kind::Mandate => mandate_members(issuer),
            _ => Map::new(),
        };
        let mut receipt = self.receipts.receipt(issuer, recorded, salt, *commitment, more);
        if let Some(Proof::Logged(proof)) = self.prove(tx, recorded.id).await? {
            receipt.proof = Some(proof.to_string());
        }
        Ok(receipt)
    }

    /// The newest event of a consent, mandate or request of the caller's, whose receipt is the newest.
    pub async fn newest_receipt(&self, call: &Call, of: ReceiptOf) -> Result<EventId, Error> {
        if !matches!(call.actor.who, Who::Citizen { acting_for: None, .. }) {
            return Err(Error::Denied(Reason::OnlyInPerson));
        }
        let (kind, id) = match of {
            ReceiptOf::Consent(id) => (Kind::Consent, self.read_consent(call, id).await?.consent.id()),
            ReceiptOf::Mandate(id) => (Kind::Mandate, self.read_mandate(call, id).await?.0.id()),
            ReceiptOf::Request(id) => (Kind::ConsentRequest, self.read_request(call, id).await?.0.id()),
        };
        let mut tx = self.store.read().await?;
        if let (Kind::Mandate, Some(person)) = (kind, principal(&call.actor)) {
            return self.newest_told(&mut tx, id, person).await;
        }
        tx.newest_event(kind, id).await?.ok_or(Error::NotFound)
    }

    /// The newest event of a mandate that is theirs to know.
    async fn newest_told(
        &self,
        tx: &mut Tx<Read>,
        mandate: Uuid,
        person: PersonId,
    ) -> Result<EventId, Error> {
        for opened in tx.history(Kind::Mandate, mandate, i64::MAX.unsigned_abs()).await?.iter().rev() {
            if self.is_told(tx, &opened.recorded, person).await? {
                return Ok(opened.recorded.id);
            }
        }
        Err(Error::NotFound)
    }

    /// Whether an event concerns that person and is theirs to know: that a mandate, or what it rests on, was revoked quietly is its grantor's alone (M12).
    pub(crate) async fn is_told(
        &self,
        tx: &mut Tx<Read>,
        event: &Recorded,
        person: PersonId,
    ) -> Result<bool, Error> {
        let concerns = |own: &[PersonId]| event.subjects.iter().any(|subject| own.contains(&subject.person));
        // What happened under the id of somebody who goes on as them is theirs too (M10).
        let own = if concerns(&[person]) { vec![person] } else { tx.all_who_are(person).await? };
        if !concerns(&own) {
            return Ok(false);
        }
        if !event.fact.is_quiet() {
            return Ok(true);
        }
        let mandate = tx.mandate(MandateId::from_uuid(event.aggregate)).await?;
        Ok(mandate.is_some_and(|mandate| own.contains(&mandate.grantor)))
    }
}

fn mandate_members(issuer: &str) -> Map<String, Value> {
    let context = json!([format!("{issuer}{CONTEXT_PATH}")]);
    Map::from_iter([("@context".to_owned(), context), ("@type".to_owned(), json!("MandateReceipt"))])
}
