//! Mandates that those who have custody give for a child.

use crate::{
    Call, Done, Error, Service,
    mandate::{
        give::{Giving, Planned, SHOWN, must_be_sure, packages_of},
        hold::Held,
    },
};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant, Reason,
    actor::Who,
    catalogue::{CatalogueEntry, MandatePackage, ParentalRule},
    event::{EndCause, Event, Fact},
    family::{Family, OF_AGE},
    id::{PersonId, PresentationId},
    mandate::{ByHolders, CustodyChange, Mandate, usable_from},
    presentation::Presented,
    text::PrivilegeUri,
};
use tillid_storage::{Tx, Write};

/// More than any child has.
const ALL: u32 = 100_000;

/// A place in what is to be given, and what is wrong there.
pub(super) type Unfit = (String, Reason);

/// What is to be given for a child.
pub(super) struct ForChild<'a> {
    pub(super) representative: PersonId,
    pub(super) entries: &'a [CatalogueEntry],
    pub(super) privileges: &'a [PrivilegeUri],
    pub(super) until: Instant,
}

impl ForChild<'_> {
    /// Refuses what nobody with custody gives for that child, or to them.
    fn must_be_of_custody(&self, family: &Family, now: Instant) -> Result<(), Unfit> {
        // whoever has custody acts by that, and gives themselves nothing.
        if family.holders.iter().any(|h| h.person == self.representative) {
            return Err(("representative".to_owned(), Reason::SelfMandate));
        }
        for (n, package) in packages_of(self.entries).enumerate() {
            let at = format!("packages/{n}");
            let until = package.statutory.filter(|says| says.for_children).and_then(|s| s.custody_until);
            let age = until.ok_or((at.clone(), Reason::PackageNotForChildren))?;
            let born = family.born.ok_or((at.clone(), Reason::CustodyUnknown))?;
            let over = born.birthday(age.min(OF_AGE)).start();
            if over <= now {
                return Err((at, Reason::PowerEndedByAge));
            }
            if self.until > over {
                return Err(("valid_until".to_owned(), Reason::EndDateTooLate));
            }
        }
        Ok(())
    }

    /// Who gives it then; refuses what that holder of custody does not have, alone or with the others who have it.
    pub(super) fn given_by(
        &self,
        holder: PersonId,
        family: &Family,
        now: Instant,
    ) -> Result<ByHolders, Unfit> {
        self.must_be_of_custody(family, now)?;
        let by = ByHolders { signed: BTreeSet::from([holder]) };
        for (n, rule) in rules(self.entries, self.privileges).into_iter().enumerate() {
            let lacks = match rule {
                ParentalRule::ChildAndHolders => Reason::PowerNeedsOthers,
                // The others sign it too.
                ParentalRule::BothHolders => continue,
                _ if by.is_carried(&[rule], family) => continue,
                _ => Reason::PowerDoesNotCover,
            };
            return Err((format!("privileges/{n}"), lacks));
        }
        Ok(by)
    }
}

/// Whose word each of these privileges of the packages needs, in their order.
pub(super) fn rules(entries: &[CatalogueEntry], privileges: &[PrivilegeUri]) -> Vec<ParentalRule> {
    let rule = |uri: &PrivilegeUri| {
        packages_of(entries).find_map(|package| {
            let privilege = package.privileges.iter().find(|privilege| privilege.uri == *uri)?;
            Some(package.rule_of(privilege))
        })
    };
    privileges.iter().map(|uri| rule(uri).unwrap_or(ParentalRule::ChildAndHolders)).collect()
}

impl Service {
    /// Refuses what the caller cannot give for whom they act for, and what is for children where they act for nobody.
    pub(super) async fn must_suit_a_child<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        planned: &Planned,
        together: bool,
        now: Instant,
    ) -> Result<(), Error> {
        let wrong = |(at, reason): Unfit| Error::invalid(&format!("{SHOWN}/{at}"), reason);
        match self.holder_who_gives(tx, call, now).await? {
            None => must_not_be_for_children(&planned.entries).map_err(wrong),
            Some((holder, family)) if !together => {
                let Planned { representative, entries, privileges, until, .. } = planned;
                let new = ForChild { representative: *representative, entries, privileges, until: *until };
                new.given_by(holder, &family, now).map(drop).map_err(wrong)
            }
            Some(_) => Err(wrong(("together".to_owned(), Reason::NotTogether))),
        }
    }

    /// The caller and the family of the child for whom they give something, where they act by custody.
    pub(super) async fn holder_who_gives<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        now: Instant,
    ) -> Result<Option<(PersonId, Family)>, Error> {
        let Who::Citizen { person, .. } = call.actor.who else { return Ok(None) };
        Ok(self.family_in_custody(tx, call, now).await?.map(|family| (person, family)))
    }

    /// By whom it is given, and whether that is enough; under the lock of the child.
    pub(super) async fn given_for_child(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        giving: &Giving,
        new: &ForChild<'_>,
        now: Instant,
    ) -> Result<Option<(ByHolders, bool)>, Error> {
        let giver =
            if giving.route.is_digital() { self.holder_who_gives(tx, call, now).await? } else { None };
        let Some((holder, family)) = giver.filter(|(_, family)| family.child == giving.grantor) else {
            must_not_be_for_children(new.entries).map_err(|(_, reason)| Error::Rule(reason))?;
            return Ok(None);
        };
        let by = new.given_by(holder, &family, now).map_err(|(_, reason)| Error::Rule(reason))?;
        let whole = by.is_carried(&rules(new.entries, new.privileges), &family);
        Ok(Some((by, whole)))
    }

    /// Refuses whoever does not act for its grantor by custody, before anything is told of the mandate: how it ended may not be theirs to
    /// know (M12).
    pub(super) async fn must_have_custody<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        mandate: &Mandate,
        now: Instant,
    ) -> Result<(PersonId, Family), Error> {
        let giver = self.holder_who_gives(tx, call, now).await?;
        let giver = giver.filter(|(_, family)| family.child == mandate.grantor);
        giver.ok_or(Error::Rule(Reason::MandateNotAwaiting))
    }

    /// Refuses unless the mandate waits for the caller, who has custody of its grantor.
    pub(super) async fn must_wait_for_holder<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        mandate: &Mandate,
        now: Instant,
    ) -> Result<(PersonId, Family), Error> {
        let (holder, family) = self.must_have_custody(tx, call, mandate, now).await?;
        mandate.must_stand(now)?;
        if !mandate.waits_for_holders() || mandate.has_signed(holder) {
            return Err(Error::Rule(Reason::MandateNotAwaiting));
        }
        Ok((holder, family))
    }

    /// what those who have custody gave for a child, the child itself ends, or lets rest, from the age of 15.
    pub(super) async fn must_be_old_enough<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        mandate: &Mandate,
        now: Instant,
    ) -> Result<(), Error> {
        let by_child = matches!(call.actor.who, Who::Citizen { person, acting_for: None, .. } if person == mandate.grantor);
        if mandate.for_child.is_none() || !by_child {
            return Ok(());
        }
        let family = self.family(tx, mandate.grantor).await?;
        let today = now.local_date();
        if family.is_minor(today) && !family.is_young(today) {
            Err(Error::Rule(Reason::TooYoung))
        } else {
            Ok(())
        }
    }

    /// Signs for the child what another holder of custody gave. Once all have whose word it needs, it can be used.
    pub(super) async fn agree(
        &self,
        call: &Call,
        mut held: Held,
        presentation: PresentationId,
    ) -> Result<Done<Mandate>, Error> {
        let (mandate, now, tx) = (held.mandate.clone(), held.now, &mut held.tx);
        let (holder, family) = self.must_wait_for_holder(tx, call, &mandate, now).await?;
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let (shown, _) = tx.presentation(presentation).await?.ok_or_else(mismatch)?;
        if !matches!(shown.presented, Presented::Mandate { signs: Some(of), .. } if of == mandate.id) {
            return Err(mismatch());
        }
        shown
            .must_fit(mandate.grantor, &shown.presented, now)
            .map_err(|reason| Error::invalid("/presentation_id", reason))?;
        let (grantor, representative) = (mandate.grantor, mandate.representative);
        let entries = self.must_be_able(tx, grantor, representative, &mandate.packages, true, now).await?;
        must_be_sure(call, &entries)?;
        let new = ForChild {
            representative,
            entries: &entries,
            privileges: &mandate.privileges,
            until: mandate.valid.to,
        };
        new.must_be_of_custody(&family, now).map_err(|(_, reason)| Error::Rule(reason))?;
        let mut signed = mandate.for_child.clone().map(|by| by.signed).unwrap_or_default();
        signed.insert(holder);
        let whole = ByHolders { signed }.is_carried(&rules(&entries, &mandate.privileges), &family);
        let from = whole.then(|| usable_from(packages_of(&entries), now).min(mandate.valid.to));
        let (next, fact) = mandate.agree(holder, presentation, from, now)?;
        self.changed(call, held, next, fact).await
    }

    /// What becomes of all that was given for a locked child, now that others have custody of it.
    pub(crate) async fn mandates_reconsidered(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        family: &Family,
        since: Instant,
        now: Instant,
    ) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        for mandate in self.given_for(tx, family.child, now).await? {
            let mut entries = Vec::with_capacity(mandate.packages.len());
            for version in &mandate.packages {
                entries.push(self.known_entry(tx, version.entry).await?);
            }
            let rules = rules(&entries, &mandate.privileges);
            let usable_from = usable_from(packages_of(&entries), now).min(mandate.valid.to);
            let change = CustodyChange { family, rules: &rules, since, usable_from, now };
            let changed: Option<(Mandate, Fact)> = mandate.custody_changed(&change)?;
            events.extend(changed.map(|(next, fact)| self.event(call, now, &next, fact)));
        }
        Ok(events)
    }

    /// The ends of all that was given for a locked child beyond the age at which custody gives it no more, now that they are known to be of
    /// another age.
    pub(crate) async fn mandates_outgrown(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        family: &Family,
        now: Instant,
    ) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        for mandate in self.given_for(tx, family.child, now).await? {
            let mut least = OF_AGE;
            for version in &mandate.packages {
                let entry = self.known_entry(tx, version.entry).await?;
                let says = entry.mandate_package().and_then(|package| package.statutory);
                least = least.min(says.and_then(|says| says.custody_until).unwrap_or(OF_AGE));
            }
            let over = family.born.map(|born| born.birthday(least).start());
            let Some(over) = over.filter(|over| *over < mandate.valid.to) else { continue };
            let since = over.min(now).max(mandate.given_at);
            let (ended, fact) = mandate.lapse(EndCause::Age, since, now)?;
            events.push(self.event(call, now, &ended, fact));
        }
        Ok(events)
    }

    /// Those whom it concerns what becomes of what was given for a child.
    pub(crate) async fn parties_for_child(
        &self,
        tx: &mut Tx<Write>,
        child: PersonId,
    ) -> Result<Vec<PersonId>, Error> {
        let now = self.now(tx).await?;
        let given = self.given_for(tx, child, now).await?;
        Ok(given.iter().flat_map(Mandate::parties).collect())
    }

    async fn given_for(
        &self,
        tx: &mut Tx<Write>,
        child: PersonId,
        now: Instant,
    ) -> Result<Vec<Mandate>, Error> {
        let mut given = tx.mandates_of(child, None, ALL).await?;
        given.retain(|m| m.grantor == child && m.for_child.is_some() && m.standing(now).is_alive());
        Ok(given)
    }
}

/// what is about a child, nobody gives for themselves.
pub(super) fn must_not_be_for_children(entries: &[CatalogueEntry]) -> Result<(), Unfit> {
    match packages_of(entries).position(MandatePackage::is_for_children) {
        Some(n) => Err((format!("packages/{n}"), Reason::PackageForChildren)),
        None => Ok(()),
    }
}
