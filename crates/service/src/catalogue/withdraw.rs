//! Withdrawing a package: what was given under that version ends, mandate by mandate (M8, M10).

use crate::{
    Call, Done, Error, Service,
    catalogue::{read::may_edit, steps::told},
};
use std::{collections::BTreeSet, time::Duration};
use tillid_domain::{
    Instant, LocalDate, Reason,
    actor::Actor,
    catalogue::{CatalogueEntry, Shelf},
    id::MandateId,
    mandate::{Mandate, Withdrawn},
    text::{Code, PrivilegeUri, Prose},
};
use tillid_storage::{MandatePart, Tx, WithdrawalProgress, Write};
use uuid::Uuid;

/// How many mandates are read at once to find those that have the package.
const PART: u32 = 2_000;
/// For how long, in seconds, somebody may still be giving what was in use when they began. A way through all mandates that began later
/// misses none.
const STILL_GIVEN: i64 = 60;
/// How long whoever withdraws a package waits for the first mandates; the rest is gone through after they are answered.
const AT_ONCE: Duration = Duration::from_secs(3);

/// How far the withdrawal of a package is.
#[derive(Clone, Debug)]
pub struct Withdrawing {
    /// The version, as it is now.
    pub entry: CatalogueEntry,
    /// How many mandates end, or give less, by it, as far as is known yet.
    pub concerned: u64,
    /// Whether all of them have.
    pub done: bool,
}

impl Service {
    /// Withdraws a version of a package: nothing new is given under it, and what was given under it ends on that day, or now if that is
    /// today (M8). Each mandate ends by an event of its own, of which both sides are told: see [`Service::withdrawing`] for how far that is.
    pub async fn withdraw_entry(
        &self,
        call: &Call,
        code: &Code,
        number: u32,
        from: LocalDate,
        why: Prose,
    ) -> Result<Done<CatalogueEntry>, Error> {
        let which = (Shelf::MandatePackage, code, number);
        let done = self.step(call, which, |entry, now| entry.withdraw(from, why, now).map(told)).await;
        let done = done.map_err(|error| match error {
            Error::Rule(reason @ (Reason::EndDatePast | Reason::EndDateTooLate)) => {
                Error::invalid("/from", reason)
            }
            error => error,
        })?;
        if let Ok(Err(error)) = tokio::time::timeout(AT_ONCE, self.end_withdrawn()).await {
            // The job of this and of every other node goes on with it.
            tracing::warn!(%error, "a package is withdrawn, and its mandates are not yet");
        }
        Ok(done)
    }

    /// How far the withdrawal of a version is; for the catalogue administrators of its authority.
    pub async fn withdrawing(&self, call: &Call, code: &Code, number: u32) -> Result<Withdrawing, Error> {
        let mut tx = self.store.read().await?;
        let versions = tx.entries_of(Shelf::MandatePackage, code).await?;
        let entry = versions.into_iter().find(|v| v.number == number).ok_or(Error::NotFound)?;
        may_edit(call, Some(entry.definition.authority()))?;
        if entry.withdrawal().is_none() {
            return Err(Error::NotFound);
        }
        let progress = tx.withdrawal_progress(entry.id).await?;
        let done = progress.is_some_and(|p| p.revision == entry.revision && p.done_at.is_some());
        Ok(Withdrawing { concerned: progress.map_or(0, |p| p.concerned), done, entry })
    }

    /// Goes through what was given under withdrawn packages and ends it, or says when it will; returns how many mandates that was. What a
    /// node had done before it stopped is not done again, and several nodes do no harm to each other.
    pub async fn end_withdrawn(&self) -> Result<u64, Error> {
        let mut tx = self.store.read().await?;
        let entries = tx.withdrawals_under_way().await?;
        drop(tx);
        let mut changed = 0;
        for entry in entries {
            while let Some(more) = self.end_some_withdrawn(&entry).await? {
                changed += more;
            }
        }
        Ok(changed)
    }

    /// The next part; `None` at the end of all mandates.
    async fn end_some_withdrawn(&self, entry: &CatalogueEntry) -> Result<Option<u64>, Error> {
        let mut tx = self.store.read().await?;
        let found = tx.withdrawal_progress(entry.id).await?;
        if found.is_some_and(|progress| progress.revision > entry.revision) {
            // It was withdrawn from an earlier day meanwhile, and somebody is on with that.
            return Ok(None);
        }
        let mut before = self.progress_of(entry, found);
        let business = self.now(&mut tx).await?;
        let MandatePart { found, concerned, last } =
            tx.mandates_with_package(entry.id, before.after, business, PART).await?;
        drop(tx);
        let now = self.ambient.now();
        let (mut changed, mut new) = (0, 0);
        for (id, was_concerned) in found {
            let is_changed = match self.withdraw_from(entry, id).await {
                Ok(is_changed) => u64::from(is_changed),
                Err(Error::Busy(cause)) => return Err(Error::Busy(cause)),
                Err(error) => {
                    // The others do not wait for this one; the way through all of them is gone once more for its sake.
                    tracing::error!(%error, mandate = %id, "a package cannot be withdrawn from a mandate");
                    before.since = now;
                    0
                }
            };
            changed += is_changed;
            new += if was_concerned { 0 } else { is_changed };
        }
        let misses_none = before.began_at >= before.since.plus_seconds(STILL_GIVEN);
        let counted = before.counted + concerned + new;
        let before = WithdrawalProgress { counted, concerned: before.concerned.max(counted), ..before };
        let next = match last {
            Some(after) => WithdrawalProgress { after, ..before },
            None if misses_none => WithdrawalProgress { done_at: Some(now), concerned: counted, ..before },
            None => {
                let after = MandateId::from_uuid(Uuid::nil());
                WithdrawalProgress { after, began_at: now, counted: 0, ..before }
            }
        };
        let mut tx = self.store.upkeep().await?;
        tx.keep_withdrawal_progress(&next).await?;
        tx.finish().await?;
        Ok(last.map(|_| changed))
    }

    /// Where it is to go on; a withdrawal from an earlier day goes through everything anew.
    fn progress_of(&self, entry: &CatalogueEntry, found: Option<WithdrawalProgress>) -> WithdrawalProgress {
        let now = self.ambient.now();
        found.filter(|progress| progress.revision == entry.revision).unwrap_or_else(|| WithdrawalProgress {
            entry: entry.id,
            revision: entry.revision,
            after: MandateId::from_uuid(Uuid::nil()),
            since: now,
            began_at: now,
            counted: 0,
            concerned: 0,
            done_at: None,
        })
    }

    /// Takes the package from a mandate and from everything that hangs together with it, in one transaction; returns whether it
    /// became different by that.
    async fn withdraw_from(&self, entry: &CatalogueEntry, id: MandateId) -> Result<bool, Error> {
        let call = Call::by(Actor::OPERATOR);
        let mut held = match self.hold_mandate(&call, id).await {
            // It was erased meanwhile.
            Err(Error::NotFound) => return Ok(false),
            held => held?,
        };
        let whole: Vec<Mandate> =
            std::iter::once(held.mandate.clone()).chain(held.around.others.clone()).collect();
        let (mut events, mut changed) = (Vec::new(), false);
        for mandate in whole {
            let mut mandate = mandate;
            for withdrawn in self.withdrawn_of(&mut held.tx, entry, &mandate).await? {
                if !mandate.standing(held.now).is_alive() {
                    break;
                }
                if let Some((next, fact)) = mandate.clone().withdraw(withdrawn, held.now)? {
                    changed |= next.id == id;
                    events.push(self.event(&call, held.now, &next, fact));
                    mandate = next;
                }
            }
        }
        if events.is_empty() {
            return Ok(false);
        }
        held.tx.commit(events, None).await?;
        Ok(changed)
    }

    /// What of a mandate is over by its packages that are withdrawn, if this is one of them: each privilege with the package that gives it
    /// longest. So what one package still gave when another was withdrawn goes with this one.
    async fn withdrawn_of(
        &self,
        tx: &mut Tx<Write>,
        entry: &CatalogueEntry,
        mandate: &Mandate,
    ) -> Result<Vec<Withdrawn>, Error> {
        if !mandate.packages.iter().any(|package| package.entry == entry.id) {
            return Ok(Vec::new());
        }
        let mut packages = Vec::with_capacity(mandate.packages.len());
        for package in &mandate.packages {
            let entry = self.known_entry(tx, package.entry).await?;
            let gives: BTreeSet<PrivilegeUri> = privileges_of(&entry).collect();
            packages.push((package.entry, entry.withdrawal().map(|withdrawal| withdrawal.from), gives));
        }
        let gives_longer = |from: Instant, privilege: &PrivilegeUri| {
            packages
                .iter()
                .any(|(_, until, gives)| gives.contains(privilege) && until.is_none_or(|until| until > from))
        };
        let withdrawn = packages.iter().filter_map(|(package, from, gives)| {
            let from = (*from)?;
            let lost = mandate.privileges.iter().filter(|p| gives.contains(*p) && !gives_longer(from, p));
            Some(Withdrawn { package: *package, privileges: lost.cloned().collect(), from })
        });
        Ok(withdrawn.collect())
    }
}

fn privileges_of(entry: &CatalogueEntry) -> impl Iterator<Item = PrivilegeUri> {
    entry.mandate_package().into_iter().flat_map(|package| package.privileges.iter().map(|p| p.uri.clone()))
}
