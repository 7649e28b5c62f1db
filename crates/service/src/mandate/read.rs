//! Reads of mandates: those that one gave or holds, those between oneself and whom one acts for, those under a look-up.

use crate::{
    Call, Error, Service,
    catalogue::Page,
    consent::{self, BATCH},
    mandate::end::mandate_subject,
};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant,
    access::{Act, Subject},
    actor::Who,
    id::{MandateId, PersonId},
    mandate::Mandate,
    text::PrivilegeUri,
};
use tillid_storage::Tx;

impl Service {
    /// One mandate.
    pub async fn read_mandate(&self, call: &Call, id: MandateId) -> Result<(Mandate, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_hold_some_power(tx, call, person, now).await?;
        let found = tx.mandate(id).await?;
        let seen = match found {
            Some(mandate) => self.mandate_in_view(&mut tx, call, person, mandate, now).await?,
            None => None,
        };
        drop(tx);
        self.watched_with(
            call,
            &view,
            &other_sides(seen.as_ref(), person),
            Act::SeeMandate,
            Some(id.as_uuid()),
            seen.is_some(),
            now,
        )
        .await?;
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
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_hold_some_power(tx, call, person, now).await?;
        let page = self.mandates_in_view(&mut tx, call, person, below, limit, now).await?;
        drop(tx);
        self.watched_with(
            call,
            &view,
            &other_sides(&page.items, person),
            Act::SeeMandate,
            None,
            !page.items.is_empty(),
            now,
        )
        .await?;
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
        let (mut items, mut from) = (Vec::new(), below);
        loop {
            let batch = tx.mandates_of(person, from, BATCH).await?;
            let last = batch.len() < BATCH as usize;
            for mandate in batch {
                from = Some(mandate.id);
                items.extend(self.mandate_in_view(tx, call, person, mandate, now).await?);
            }
            if last || items.len() > limit as usize {
                return Ok(Page::cut(items, limit, |mandate| mandate.id));
            }
        }
    }

    /// The mandate as the caller may see it. Citizens see what they are a party to; staff and systems see the packages of their own
    /// authority, up to their sensitivity, and nothing of what they are a party to themselves.
    async fn mandate_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        mandate: Mandate,
        now: Instant,
    ) -> Result<Option<Mandate>, Error> {
        let parties = [mandate.grantor, mandate.representative];
        if !parties.contains(&person) {
            return Ok(None);
        }
        if consent::confined_to(&call.actor).is_none() {
            let visible = self.may(tx, call, Act::SeeMandate, &mandate_subject(&mandate), now).await?.is_ok();
            return Ok(visible.then_some(mandate));
        }
        if matches!(&call.actor.who, Who::Employee(e) if e.person.is_some_and(|me| parties.contains(&me))) {
            return Ok(None);
        }
        let mut seen = Mandate { packages: Vec::new(), privileges: Vec::new(), ..mandate.clone() };
        for version in mandate.packages {
            let entry = self.known_entry(tx, version.entry).await?;
            let Some(package) = entry.mandate_package() else { continue };
            let subject = Subject {
                person: Some(person),
                authority: Some(package.authority),
                sensitivity: Some(package.sensitivity),
                ..Subject::default()
            };
            if self.may(tx, call, Act::SeeMandate, &subject, now).await?.is_ok() {
                let theirs = |uri: &&PrivilegeUri| package.privileges.iter().any(|p| p.uri == **uri);
                seen.privileges.extend(mandate.privileges.iter().filter(theirs).cloned());
                seen.packages.push(version);
            }
        }
        Ok((!seen.packages.is_empty()).then_some(seen))
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

/// Who else is seen with a person in these mandates: each once.
pub(crate) fn other_sides<'a>(
    mandates: impl IntoIterator<Item = &'a Mandate>,
    person: PersonId,
) -> Vec<PersonId> {
    let sides = mandates.into_iter().flat_map(|m| [m.grantor, m.representative]);
    let others: BTreeSet<PersonId> = sides.filter(|side| *side != person).collect();
    others.into_iter().collect()
}
