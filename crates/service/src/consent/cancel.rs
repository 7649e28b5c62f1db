//! An authority takes its question back.

use crate::{Call, Done, Error, Service, consent::view::type_subject, guard::is_staff};
use tillid_domain::{
    access::{Act, Outcome, Subject},
    id::RequestId,
    request::ConsentRequest,
};

impl Service {
    /// Takes a request back that has not been answered.
    pub async fn cancel_request(&self, call: &Call, id: RequestId) -> Result<Done<ConsentRequest>, Error> {
        let outcome = self.cancel(call, id).await;
        let request = if is_staff(&call.actor) { self.store.read().await?.request(id).await? } else { None };
        self.accounted(call, request.map(|r| r.person), Act::CancelRequest, outcome).await
    }

    async fn cancel(&self, call: &Call, id: RequestId) -> Result<Done<ConsentRequest>, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let early = self.may(&mut tx, call, Act::CancelRequest, &Subject::default(), now).await?;
        // A citizen or a role that never cancels is told so, whether there is such a request or not.
        if let Err(tillid_domain::access::Refusal::Denied(reason)) = early {
            return Err(Error::Denied(reason));
        }
        let found = tx.request(id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.request(RequestId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
            return Ok(Done { value, replayed: true });
        }
        tx.lock(&[found.person]).await?;
        // The wait for the lock may have outlasted the deadline.
        let now = self.now(&mut tx).await?;
        let request = tx.request(id).await?.ok_or(Error::NotFound)?;
        let entry = self.known_entry(&mut tx, request.entry.entry).await?;
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let person = request.person;
        let subject = Subject { person: Some(person), ..type_subject(of) };
        self.may(&mut tx, call, Act::CancelRequest, &subject, now).await??;
        call.must_expect(request.revision)?;
        let (cancelled, fact) = request.cancel(now)?;
        let event = self.event(call, now, &cancelled, fact);
        let mut record = self.look(call, person, Act::CancelRequest, Outcome::Found, now);
        record.target = Some(id.as_uuid());
        record.case.clone_from(&cancelled.case);
        self.settle(&mut tx, call, 200, id.as_uuid(), cancelled.revision).await?;
        let looks = self.looks(vec![record], now);
        tx.commit(vec![event], Some(looks)).await?;
        Ok(Done { value: cancelled, replayed: false })
    }
}
