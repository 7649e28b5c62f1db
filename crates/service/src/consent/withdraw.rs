//! A person withdraws a consent. No reason is asked, and nothing else is needed.

use crate::{Call, Done, Error, Service, consent::view::TypedConsent, guard::principal};
use tillid_domain::{Reason, access::Act, id::ConsentId};

impl Service {
    /// Withdraws a consent from now on. No question that arrives after this has returned is answered with it.
    pub async fn withdraw_consent(&self, call: &Call, id: ConsentId) -> Result<Done<TypedConsent>, Error> {
        let outcome = self.withdraw(call, id).await;
        self.accounted(call, principal(&call.actor), Act::WithdrawConsent, outcome).await
    }

    async fn withdraw(&self, call: &Call, id: ConsentId) -> Result<Done<TypedConsent>, Error> {
        let person = principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        self.must_represent(call, Act::WithdrawConsent).await?;
        let mut tx = self.store.write().await?;
        let before = self.claim(&mut tx, call).await?;
        tx.lock(&[person]).await?;
        let now = self.now(&mut tx).await?;
        let found = tx.consent(id).await?.filter(|c| c.answer.person == person).ok_or(Error::NotFound)?;
        let typed = self.typed(&mut tx, found, now).await?;
        self.may(&mut tx, call, Act::WithdrawConsent, &typed.subject(), now).await??;
        if before.is_some() {
            return Ok(Done { value: typed, replayed: true });
        }
        call.must_expect(typed.consent.revision)?;
        let (withdrawn, fact) = typed.consent.withdraw(now)?;
        let event = self.event(call, now, &withdrawn, fact);
        self.settle(&mut tx, call, 200, id.as_uuid(), withdrawn.revision).await?;
        let looks = self.use_of_power(call, person, Act::WithdrawConsent, id.as_uuid(), now);
        tx.commit(vec![event], looks).await?;
        Ok(Done { value: TypedConsent::new(withdrawn, typed.of, now), replayed: false })
    }
}
