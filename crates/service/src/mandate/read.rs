//! Reads of mandates: those that one gave or holds, those between oneself and whom one acts for, those under a look-up.

use crate::{
    Call, Error, FoundMandate, Service,
    catalogue::Page,
    consent::{self, BATCH},
    guard::Rights,
    mandate::life::mandate_subject,
    times::{AsOf, Then, Times},
};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant,
    access::{Act, Subject},
    actor::{Actor, Employee, Role, Who},
    catalogue::EntryVersion,
    id::{MandateId, PersonId},
    mandate::{Mandate, MandateRoute},
    text::PrivilegeUri,
};
use tillid_storage::Tx;

impl Service {
    /// One mandate.
    pub async fn read_mandate(&self, call: &Call, id: MandateId) -> Result<(Mandate, Instant), Error> {
        let (seen, _, now) = self.read_mandate_at(call, id, Times::NOW).await?;
        Ok((seen.mandate, now))
    }

    /// One mandate, as it was then and as far as was known then; with the moment of the answer.
    pub async fn read_mandate_at(
        &self,
        call: &Call,
        id: MandateId,
        times: Times,
    ) -> Result<(FoundMandate, Option<AsOf>, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_hold_some_power(tx, call, person, now).await?;
        let then = self.then(&mut tx, person, times, now).await?;
        let found = match tx.mandate(id).await? {
            Some(mandate) => self.as_known(&mut tx, mandate, person, &then).await?,
            None => None,
        };
        let seen = match found {
            Some(mandate) => {
                let mandate = self.own(&mut tx, person).await?.mandate(mandate);
                let rights = self.rights(&mut tx, call, now).await?;
                self.mandate_in_view(&mut tx, call, person, mandate, &rights, now).await?
            }
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
        let found = found_then(seen.ok_or(Error::NotFound)?, &then);
        // Who the others are, and what they have said, is told as it is now.
        if times != Times::NOW || found.mandate.joint.is_none() {
            return Ok((found, then.as_of(), now));
        }
        let mut tx = self.store.read().await?;
        Ok((self.found_with_members(&mut tx, found).await?, then.as_of(), now))
    }

    /// The mandates of the person in view that the caller may see, the newest first.
    pub async fn list_mandates(
        &self,
        call: &Call,
        below: Option<MandateId>,
        limit: u32,
    ) -> Result<(Page<Mandate, MandateId>, Instant), Error> {
        let (page, _, now) = self.list_mandates_at(call, Times::NOW, below, limit).await?;
        let items = page.items.into_iter().map(|found| found.mandate).collect();
        Ok((Page { items, next: page.next }, now))
    }

    /// The same, as they were then and as far as was known then.
    pub async fn list_mandates_at(
        &self,
        call: &Call,
        times: Times,
        below: Option<MandateId>,
        limit: u32,
    ) -> Result<(Page<FoundMandate, MandateId>, Option<AsOf>, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_hold_some_power(tx, call, person, now).await?;
        let then = self.then(&mut tx, person, times, now).await?;
        let page = self.mandates_then(&mut tx, call, person, below, limit, now, &then).await?;
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
        let items = page.items.into_iter().map(|mandate| found_then(mandate, &then)).collect();
        Ok((Page { items, next: page.next }, then.as_of(), now))
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
        self.mandates_then(tx, call, person, below, limit, now, &Then::now(now)).await
    }

    pub(crate) async fn mandates_then<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        below: Option<MandateId>,
        limit: u32,
        now: Instant,
        then: &Then,
    ) -> Result<Page<Mandate, MandateId>, Error> {
        let rights = self.rights(tx, call, now).await?;
        let own = self.own(tx, person).await?;
        let (mut items, mut from) = (Vec::new(), below);
        loop {
            let batch = tx.mandates_of(person, from, BATCH).await?;
            let last = batch.len() < BATCH as usize;
            for mandate in batch {
                from = Some(mandate.id);
                let Some(mandate) = self.as_known(tx, mandate, person, then).await? else { continue };
                let mandate = own.mandate(mandate);
                items.extend(self.mandate_in_view(tx, call, person, mandate, &rights, now).await?);
            }
            if last || items.len() > limit as usize {
                return Ok(Page::cut(items, limit, |mandate| mandate.id));
            }
        }
    }

    /// The mandate as the caller may see it. Citizens see what they are a party to; staff and systems see the packages of their own
    /// authority, up to their sensitivity, and nothing of what they are a party to themselves.
    pub(super) async fn mandate_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        mandate: Mandate,
        rights: &Rights,
        now: Instant,
    ) -> Result<Option<Mandate>, Error> {
        let is_party = |who: PersonId| mandate.parties().any(|party| party == who);
        if !is_party(person) {
            return Ok(None);
        }
        if consent::confined_to(&call.actor).is_none() {
            let subject = mandate_subject(&mandate);
            let Who::Citizen { person: me, .. } = call.actor.who else { return Ok(None) };
            if !is_party(me) && self.guards_mandate(tx, call, &mandate, now).await? {
                let guarded = Subject { by_guardian: true, ..subject };
                return Ok(rights.allow(call, Act::SeeMandate, &guarded).is_ok().then_some(mandate));
            }
            // M12: how it ended quietly is the grantor's to tell, also to whoever is trusted to see it.
            let gave = me == mandate.grantor || rights.by_custody() && mandate.for_child.is_some();
            let seen = if gave { mandate } else { mandate.as_held() };
            return Ok(rights.allow(call, Act::SeeMandate, &subject).is_ok().then_some(seen));
        }
        if is_own_of_staff(&call.actor, &mandate) {
            return Ok(None);
        }
        if may_serve_mandate(&call.actor, &mandate) {
            return Ok(Some(mandate));
        }
        let (packages, privileges) = self
            .packages_in_view(
                tx,
                call,
                Act::SeeMandate,
                person,
                &mandate.packages,
                &mandate.privileges,
                rights,
            )
            .await?;
        Ok((!packages.is_empty()).then_some(Mandate { packages, privileges, ..mandate }))
    }

    /// The packages of their own authority, up to their sensitivity, that staff and systems may see of something of a person's, with
    /// their privileges.
    pub(crate) async fn packages_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        act: Act,
        person: PersonId,
        packages: &[EntryVersion],
        privileges: &[PrivilegeUri],
        rights: &Rights,
    ) -> Result<(Vec<EntryVersion>, Vec<PrivilegeUri>), Error> {
        let mut seen = (Vec::new(), Vec::new());
        for version in packages {
            let entry = self.known_entry(tx, version.entry).await?;
            let Some(package) = entry.mandate_package() else { continue };
            let subject = Subject {
                person: Some(person),
                authority: Some(package.authority),
                sensitivity: Some(package.sensitivity),
                ..Subject::default()
            };
            if rights.allow(call, act, &subject).is_ok() {
                let theirs = |uri: &&PrivilegeUri| package.privileges.iter().any(|p| p.uri == **uri);
                seen.0.push(version.clone());
                seen.1.extend(privileges.iter().filter(theirs).cloned());
            }
        }
        Ok(seen)
    }

    /// A representative without any power is refused, with the reason; and so is whoever is at work and not let act.
    pub(super) async fn must_hold_some_power<M>(
        &self,
        tx: Tx<M>,
        call: &Call,
        person: PersonId,
        now: Instant,
    ) -> Result<Tx<M>, Error> {
        let represents = matches!(
            call.actor.who,
            Who::Citizen { acting_for: Some(_), .. } | Who::Citizen { at_work: Some(_), .. }
        );
        if !represents {
            return Ok(tx);
        }
        self.must_see(tx, call, Act::SeeOverview, person, now).await
    }
}

/// Whether the actor serves citizens where that mandate was entered: what a colleague entered is theirs to see whole.
pub(crate) fn may_serve_mandate(actor: &Actor, mandate: &Mandate) -> bool {
    let MandateRoute::Paper { authority, .. } = mandate.route else { return false };
    matches!(&actor.who, Who::Employee(me) if me.authority == authority && me.is(Role::Registrar))
}

/// Whether an employee is a party to the mandate themselves.
pub(crate) fn is_own_of_staff(actor: &Actor, mandate: &Mandate) -> bool {
    let Who::Employee(Employee { person: Some(me), .. }) = &actor.who else { return false };
    mandate.parties().any(|party| party == *me) || mandate.has_signed(*me)
}

pub(super) fn found_then(mandate: Mandate, then: &Then) -> FoundMandate {
    let standing = then.of_mandate(&mandate);
    FoundMandate { standing, mandate, representative_name: None, grantor_name: None, members: Vec::new() }
}

/// Who else is seen with a person in these mandates: each once.
pub(crate) fn other_sides<'a>(
    mandates: impl IntoIterator<Item = &'a Mandate>,
    person: PersonId,
) -> Vec<PersonId> {
    let sides = mandates.into_iter().flat_map(Mandate::parties);
    let others: BTreeSet<PersonId> = sides.filter(|side| *side != person).collect();
    others.into_iter().collect()
}
