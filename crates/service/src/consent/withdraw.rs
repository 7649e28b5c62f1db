//! A person withdraws a consent, here or on their word to staff. No reason is asked, and nothing else is needed.

use crate::{Call, Done, Error, Service, consent::view::TypedConsent, guard::principal};
use tillid_domain::{
    Instant, Reason,
    access::Act,
    collected::{AnnulmentGround, Assistance},
    consent::Consent,
    event::{Event, Fact},
    id::{ConsentId, TaskId},
    text::Prose,
};

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
        self.may_take_back(&mut tx, call, &typed, now).await?;
        if before.is_some() {
            return Ok(Done { value: typed, replayed: true });
        }
        call.must_expect(typed.consent.revision)?;
        let TypedConsent { consent, of, .. } = typed;
        let gone = self.gone(call, &of, consent.withdraw(None, now)?, now);
        self.settle(&mut tx, call, 200, id.as_uuid(), gone.consent.revision).await?;
        let looks = self.use_of_power(call, person, Act::WithdrawConsent, id.as_uuid(), now);
        tx.commit(gone.events, looks).await?;
        Ok(Done { value: TypedConsent::new(gone.consent, &of, now), replayed: false })
    }

    /// Withdraws a consent for the person of the look-up, on their word.
    pub async fn withdraw_consent_for(
        &self,
        call: &Call,
        id: ConsentId,
        assistance: &Assistance,
    ) -> Result<Done<TypedConsent>, Error> {
        let change = Change::Withdraw(assistance.clone());
        self.change_consent_for(call, id, Act::WithdrawConsent, change).await
    }

    /// Takes back a registration of the authority's staff that was wrong: it never counted.
    pub async fn annul_consent(
        &self,
        call: &Call,
        id: ConsentId,
        ground: AnnulmentGround,
        note: &Prose,
    ) -> Result<Done<TypedConsent>, Error> {
        let change = Change::Annul(ground, note.clone());
        self.change_consent_for(call, id, Act::AnnulConsent, change).await
    }

    /// Says that what the person of the look-up gave for one time has been used (C8).
    pub async fn use_up_consent(&self, call: &Call, id: ConsentId) -> Result<Done<TypedConsent>, Error> {
        self.change_consent_for(call, id, Act::UseUp, Change::UseUp).await
    }

    async fn change_consent_for(
        &self,
        call: &Call,
        id: ConsentId,
        act: Act,
        change: Change,
    ) -> Result<Done<TypedConsent>, Error> {
        let view = self.person_in_view(call).await?;
        let outcome = self.changed_for(call, &view, id, act, change).await;
        self.accounted(call, Some(view.person), act, outcome).await
    }

    async fn changed_for(
        &self,
        call: &Call,
        view: &crate::guard::InView,
        id: ConsentId,
        act: Act,
        change: Change,
    ) -> Result<Done<TypedConsent>, Error> {
        let person = view.person;
        self.may_serve(call, person, act)?;
        let mut tx = self.store.write().await?;
        let before = self.claim(&mut tx, call).await?;
        tx.lock(&[person]).await?;
        let now = self.now(&mut tx).await?;
        let found = tx.consent(id).await?.filter(|c| c.answer.person == person).ok_or(Error::NotFound)?;
        let typed = self.typed(&mut tx, found, now).await?;
        self.may(&mut tx, call, act, &typed.subject(), now).await??;
        if before.is_some() {
            return Ok(Done { value: typed, replayed: true });
        }
        call.must_expect(typed.consent.revision)?;
        if let Change::Withdraw(assistance) = &change
            && let Some(document) = assistance.document()
        {
            self.must_be_about(&mut tx, call, document, person).await?;
        }
        let TypedConsent { consent, of, .. } = typed;
        let gone = match change {
            Change::Withdraw(assistance) => {
                self.gone(call, &of, consent.withdraw(Some(assistance), now)?, now)
            }
            Change::Annul(ground, note) => self.gone(call, &of, consent.annul(ground, note, now)?, now),
            // The purpose is fulfilled; nobody has taken anything back.
            Change::UseUp => {
                if !of.duration.once {
                    return Err(Error::Rule(Reason::NotForOneTime));
                }
                let (used, fact) = consent.lapse(tillid_domain::event::EndCause::Used, now, now)?;
                Gone { events: vec![self.event(call, now, &used, fact)], consent: used }
            }
        };
        self.settle(&mut tx, call, 200, id.as_uuid(), gone.consent.revision).await?;
        let look = self.served(call, view, act, id.as_uuid(), now);
        tx.commit(gone.events, Some(look)).await?;
        Ok(Done { value: TypedConsent::new(gone.consent, &of, now), replayed: false })
    }

    /// The events of a consent that was taken back, with the task that it makes for the authority.
    fn gone(
        &self,
        call: &Call,
        of: &tillid_domain::catalogue::ConsentType,
        (consent, fact): (Consent, Fact),
        now: Instant,
    ) -> Gone {
        let mut events = vec![self.event(call, now, &consent, fact)];
        let task = consent.task(TaskId::from_uuid(self.ambient.id()), of, now);
        events.extend(task.map(|(task, fact)| self.event(call, now, &task, fact)));
        Gone { consent, events }
    }
}

enum Change {
    Withdraw(Assistance),
    Annul(AnnulmentGround, Prose),
    UseUp,
}

struct Gone {
    consent: Consent,
    events: Vec<Event>,
}
