//! A power of attorney ends: the grantor revokes it, or the representative gives it up.

use crate::{Call, Done, Error, Service, guard::principal};
use tillid_domain::{
    Instant, Reason,
    access::{Act, Subject},
    actor::Who,
    event::Fact,
    id::MandateId,
    mandate::Mandate,
};

type End = fn(Mandate, Instant) -> Result<(Mandate, Fact), Reason>;

impl Service {
    /// The grantor ends it from now on. No question that arrives after this has returned is answered with it.
    pub async fn revoke_mandate(&self, call: &Call, id: MandateId) -> Result<Done<Mandate>, Error> {
        let outcome = self.end_mandate(call, id, Act::RevokeMandate, Mandate::revoke).await;
        self.accounted(call, principal(&call.actor), Act::RevokeMandate, outcome).await
    }

    /// The representative ends it from now on.
    pub async fn renounce_mandate(&self, call: &Call, id: MandateId) -> Result<Done<Mandate>, Error> {
        let outcome = self.end_mandate(call, id, Act::RenounceMandate, Mandate::renounce).await;
        self.accounted(call, principal(&call.actor), Act::RenounceMandate, outcome).await
    }

    async fn end_mandate(
        &self,
        call: &Call,
        id: MandateId,
        act: Act,
        end: End,
    ) -> Result<Done<Mandate>, Error> {
        if !matches!(call.actor.who, Who::Citizen { .. }) {
            return Err(Error::Denied(Reason::CitizensOnly));
        }
        self.must_represent(call, act).await?;
        let mut tx = self.store.write().await?;
        let before = self.claim(&mut tx, call).await?;
        // The parties of a mandate never change; its state is read again under their locks.
        let parties = tx.mandate(id).await?.ok_or(Error::NotFound)?;
        tx.lock(&[parties.grantor, parties.representative]).await?;
        let mandate = tx.mandate(id).await?.ok_or(Error::NotFound)?;
        let now = self.now(&mut tx).await?;
        let subject = mandate_subject(&mandate);
        self.may(&mut tx, call, act, &subject, now).await??;
        if before.is_some() {
            return Ok(Done { value: mandate, replayed: true });
        }
        call.must_expect(mandate.revision)?;
        let (ended, fact) = end(mandate, now)?;
        let event = self.event(call, now, &ended, fact);
        self.settle(&mut tx, call, 200, id.as_uuid(), ended.revision).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value: ended, replayed: false })
    }
}

/// What the right to see or end a mandate depends on.
pub(crate) fn mandate_subject(mandate: &Mandate) -> Subject<'static> {
    Subject {
        person: Some(mandate.grantor),
        representative: Some(mandate.representative),
        ..Subject::default()
    }
}
