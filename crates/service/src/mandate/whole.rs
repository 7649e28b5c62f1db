//! A mandate with what was passed on of it, and what would fall with it (M7, R-37).

use crate::{
    Call, Error, FoundMandate, Service,
    mandate::{give::packages_of, other_sides},
};
use tillid_domain::{
    Instant,
    access::Act,
    actor::{Actor, Who},
    catalogue::CatalogueEntry,
    id::MandateId,
    mandate::{Bond, Mandate, would_fall},
    text::Name,
};
use tillid_storage::Tx;

/// A mandate with everything that hangs together with it, as far as the caller may see it.
#[derive(Clone, Debug)]
pub struct WholeMandate {
    /// The mandate, with what whoever gave it called its representative.
    pub found: FoundMandate,
    /// What the grantor called whoever passed it on, where somebody did.
    pub passed_on_by: Option<Name>,
    /// All that was passed on of it, what lies above first.
    pub below: Vec<FoundMandate>,
    /// Whether part of it could be passed on, as its packages say.
    pub can_be_passed_on: bool,
}

impl Service {
    /// One mandate with everything that hangs together with it.
    pub async fn whole_mandate(&self, call: &Call, id: MandateId) -> Result<(WholeMandate, Instant), Error> {
        // Whether the caller may see it, and that they did.
        self.read_mandate(call, id).await?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (mut tx, view) = self.in_view(tx, call).await?;
        let mandate = tx.mandate(id).await?.ok_or(Error::NotFound)?;
        let rights = self.rights(&mut tx, call, now).await?;
        let mandate = self.mandate_in_view(&mut tx, call, view.person, mandate, &rights, now).await?;
        let mandate = mandate.ok_or(Error::NotFound)?;
        let mut below = Vec::new();
        for lower in tx.mandates_below(id).await? {
            let seen = self.mandate_in_view(&mut tx, call, view.person, lower, &rights, now).await?;
            if let Some(seen) = seen {
                below.push(self.found_by(&mut tx, call, seen, now).await?);
            }
        }
        let passed_on_by = match mandate.under {
            Some(under) => match tx.mandate(under.mandate).await? {
                Some(above) => self.called(&mut tx, &above).await?,
                None => None,
            },
            None => None,
        };
        let can_be_passed_on = self.can_pass_on(&mut tx, &call.actor, &mandate, now).await?;
        let found = self.found_by(&mut tx, call, mandate, now).await?;
        let found = self.found_with_members(&mut tx, found).await?;
        drop(tx);
        if !below.is_empty() {
            let others = other_sides(below.iter().map(|found| &found.mandate), view.person);
            self.watched_with(call, &view, &others, Act::SeeMandate, Some(id.as_uuid()), true, now).await?;
        }
        Ok((WholeMandate { found, passed_on_by, below, can_be_passed_on }, now))
    }

    /// What would end if the mandate ended now: the mandate, all that is left below it, and what it is tied to, as far as the caller may see it.
    pub async fn revocation_preview(
        &self,
        call: &Call,
        id: MandateId,
    ) -> Result<(WholeMandate, Instant), Error> {
        let (whole, now) = self.mandate_with_falling(call, id).await?;
        whole.found.mandate.must_stand(now)?;
        Ok((whole, now))
    }

    /// The mandate with what would end with it: nothing where it is over already.
    pub async fn mandate_with_falling(
        &self,
        call: &Call,
        id: MandateId,
    ) -> Result<(WholeMandate, Instant), Error> {
        let (mut whole, now) = self.whole_mandate(call, id).await?;
        if whole.found.mandate.must_stand(now).is_ok() {
            whole = self.with_tied(call, whole, now).await?;
        }
        Ok((whole.falling(now), now))
    }

    /// With what it is tied to, and all that rests on that: any one of them ends all (M6).
    async fn with_tied(
        &self,
        call: &Call,
        mut whole: WholeMandate,
        now: Instant,
    ) -> Result<WholeMandate, Error> {
        let id = whole.found.mandate.id;
        if whole.found.mandate.joint.is_none() {
            return Ok(whole);
        }
        let tx = self.store.read().await?;
        let (mut tx, view) = self.in_view(tx, call).await?;
        let rights = self.rights(&mut tx, call, now).await?;
        let around = self.around(&mut tx, &whole.found.mandate).await?;
        let is_known = |other: &Mandate| whole.below.iter().any(|found| found.mandate.id == other.id);
        let tied: Vec<Mandate> = around.others.into_iter().filter(|other| !is_known(other)).collect();
        let mut seen = Vec::with_capacity(tied.len());
        for other in tied {
            let other = self.mandate_in_view(&mut tx, call, view.person, other, &rights, now).await?;
            if let Some(other) = other {
                seen.push(self.found_by(&mut tx, call, other, now).await?);
            }
        }
        drop(tx);
        let others = other_sides(seen.iter().map(|found| &found.mandate), view.person);
        self.watched_with(call, &view, &others, Act::SeeMandate, Some(id.as_uuid()), true, now).await?;
        whole.below.extend(seen);
        Ok(whole)
    }

    /// With what whoever gave it called its representative; to staff, with what the register says. So to its grantor too, where somebody
    /// passed it on by a number alone: they are to know who acts for them, and it is not they who chose the number.
    pub(crate) async fn found_by<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        mandate: Mandate,
        now: Instant,
    ) -> Result<FoundMandate, Error> {
        let called = match call.actor.who {
            Who::Citizen { .. } => self.called(tx, &mandate).await?,
            _ => None,
        };
        let reads_register = match call.actor.who {
            Who::Citizen { person, acting_for: None, .. } => {
                person == mandate.grantor && mandate.under.is_some()
            }
            Who::Citizen { .. } => false,
            _ => true,
        };
        let representative_name = match called {
            None if reads_register => self.name_of(tx, mandate.representative).await?,
            called => called,
        };
        let standing = mandate.standing(now);
        let holds_it =
            matches!(call.actor.who, Who::Citizen { person, .. } if person == mandate.representative);
        let is_shared = mandate.joint.is_some_and(|joint| joint.bond != Bond::Grantors);
        let grantor_name = if holds_it && is_shared && standing.is_alive() {
            self.name_of(tx, mandate.grantor).await?
        } else {
            None
        };
        Ok(FoundMandate { standing, mandate, representative_name, grantor_name, members: Vec::new() })
    }

    async fn can_pass_on<M>(
        &self,
        tx: &mut Tx<M>,
        actor: &Actor,
        mandate: &Mandate,
        now: Instant,
    ) -> Result<bool, Error> {
        let holds_it = matches!(actor.who, Who::Citizen { person, acting_for: None, at_work: None } if person == mandate.representative);
        if !holds_it || mandate.can_be_passed_on(now).is_err() {
            return Ok(false);
        }
        let mut entries = Vec::with_capacity(mandate.packages.len());
        for version in &mandate.packages {
            entries.push(self.known_entry(tx, version.entry).await?);
        }
        let is_current = entries.iter().all(CatalogueEntry::is_published);
        let can_be_shared =
            mandate.is_held_together() || packages_of(&entries).all(|package| package.sub_delegation);
        Ok(is_current && can_be_shared)
    }
}

impl WholeMandate {
    /// With nothing below it but what would fall with it.
    #[must_use]
    pub fn falling(self, now: Instant) -> Self {
        let mandates: Vec<Mandate> = self.below.iter().map(|found| found.mandate.clone()).collect();
        let falling: Vec<MandateId> = would_fall(&mandates, now).map(|mandate| mandate.id).collect();
        let below = self.below.into_iter().filter(|found| falling.contains(&found.mandate.id)).collect();
        Self { below, ..self }
    }
}
