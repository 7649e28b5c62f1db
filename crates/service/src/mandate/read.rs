//! Reads of mandates: those that one gave or holds, those between oneself and whom one acts for, those under a look-up.

use crate::{Call, Error, Service, catalogue::Page, consent, mandate::end::mandate_subject};
use tillid_domain::{
    Cvr, Instant,
    access::{Act, Subject},
    actor::Who,
    id::{MandateId, PersonId},
    mandate::Mandate,
};
use tillid_storage::Tx;

impl Service {
    /// One mandate.
    pub async fn read_mandate(&self, call: &Call, id: MandateId) -> Result<(Mandate, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let view = self.in_view(&mut tx, call).await?;
        let person = view.person;
        let mut tx = self.must_hold_some_power(tx, call, person, now).await?;
        let found = tx.mandate(id).await?;
        let seen = match found {
            Some(mandate) if self.sees_mandate(&mut tx, call, person, &mandate, now).await? => Some(mandate),
            _ => None,
        };
        drop(tx);
        self.watched(call, &view, Act::SeeMandate, Some(id.as_uuid()), seen.is_some(), now).await?;
        seen.map(|mandate| (mandate, now)).ok_or(Error::NotFound)
    }

    /// The mandates of the person in view that the caller may see, the newest first.
    pub async fn list_mandates(
        &self,
        call: &Call,
        below: Option<MandateId>,
        limit: u32,
    ) -> Result<(Page<Mandate, MandateId>, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let view = self.in_view(&mut tx, call).await?;
        let person = view.person;
        let mut tx = self.must_hold_some_power(tx, call, person, now).await?;
        let page = self.mandates_in_view(&mut tx, call, person, below, limit, now).await?;
        drop(tx);
        self.watched(call, &view, Act::SeeMandate, None, !page.items.is_empty(), now).await?;
        Ok((page, now))
    }

    pub(crate) async fn mandates_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        below: Option<MandateId>,
        limit: u32,
        now: Instant,
    ) -> Result<Page<Mandate, MandateId>, Error> {
        let page = Page::cut(tx.mandates_of(person, below, limit + 1).await?, limit, |m| m.id);
        let mut items = Vec::with_capacity(page.items.len());
        for mandate in page.items {
            if self.sees_mandate(tx, call, person, &mandate, now).await? {
                items.push(mandate);
            }
        }
        Ok(Page { items, next: page.next })
    }

    /// Staff and systems see what concerns their own authority's privileges; citizens see what they are a party to.
    async fn sees_mandate<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        mandate: &Mandate,
        now: Instant,
    ) -> Result<bool, Error> {
        if mandate.grantor != person && mandate.representative != person {
            return Ok(false);
        }
        let Some(own) = consent::confined_to(&call.actor) else {
            return Ok(self.may(tx, call, Act::SeeMandate, &mandate_subject(mandate), now).await?.is_ok());
        };
        let authorities: Vec<Cvr> = self.authorities_of(tx, mandate).await?;
        let authority = authorities.into_iter().find(|a| *a == own);
        // A look-up is about one person; the other side of the relation is seen with it, never searched by it.
        let subject = Subject { person: Some(person), authority, ..Subject::default() };
        Ok(self.may(tx, call, Act::SeeMandate, &subject, now).await?.is_ok())
    }

    async fn authorities_of<M>(&self, tx: &mut Tx<M>, mandate: &Mandate) -> Result<Vec<Cvr>, Error> {
        let mut authorities = Vec::with_capacity(mandate.packages.len());
        for package in &mandate.packages {
            authorities.push(self.known_entry(tx, package.entry).await?.definition.authority());
        }
        Ok(authorities)
    }

    /// A representative without any power is refused, with the reason.
    async fn must_hold_some_power<M>(
        &self,
        tx: Tx<M>,
        call: &Call,
        person: PersonId,
        now: Instant,
    ) -> Result<Tx<M>, Error> {
        if !matches!(call.actor.who, Who::Citizen { acting_for: Some(_), .. }) {
            return Ok(tx);
        }
        self.must_see(tx, call, Act::SeeOverview, person, now).await
    }
}
