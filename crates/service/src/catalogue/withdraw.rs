//! Withdrawing a package: what was given under that version ends, mandate by mandate (M8, M10).

use crate::{
    Call, Done, Error, Service,
    catalogue::{read::may_edit, steps::told},
};
use std::{collections::BTreeSet, time::Duration};
use tillid_domain::{
    LocalDate, Reason,
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
        let before = self.progress_of(entry, found);
        let MandatePart { found, concerned, last } =
            tx.mandates_with_package(entry.id, before.after, PART).await?;
        drop(tx);
        let (mut changed, mut new) = (0, 0);
        for (id, was_concerned) in found {
            let is_changed = u64::from(self.withdraw_from(entry, id).await?);
            changed += is_changed;
            new += if was_concerned { 0 } else { is_changed };
        }
        let now = self.ambient.now();
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
        let Some(withdrawal) = entry.withdrawal() else { return Ok(false) };
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
            if !mandate.standing(held.now).is_alive() || !mandate.packages.iter().any(|p| p.entry == entry.id)
            {
                continue;
            }
            let privileges = self.given_by_it_alone(&mut held.tx, entry, &mandate).await?;
            let withdrawn = Withdrawn { package: entry.id, privileges, from: withdrawal.from };
            if let Some((next, fact)) = mandate.withdraw(withdrawn, held.now)? {
                changed |= next.id == id;
                events.push(self.event(&call, held.now, &next, fact));
            }
        }
        if events.is_empty() {
            return Ok(false);
        }
        held.tx.commit(events, None).await?;
        Ok(changed)
    }

    /// The privileges of a mandate that it has by this version, and by no other that is not withdrawn too.
    async fn given_by_it_alone(
        &self,
        tx: &mut Tx<Write>,
        entry: &CatalogueEntry,
        mandate: &Mandate,
    ) -> Result<Vec<PrivilegeUri>, Error> {
        let mut kept: BTreeSet<PrivilegeUri> = BTreeSet::new();
        for other in mandate.packages.iter().filter(|p| p.entry != entry.id) {
            let other = self.known_entry(tx, other.entry).await?;
            if other.withdrawal().is_none() {
                kept.extend(privileges_of(&other));
            }
        }
        let of_it: BTreeSet<PrivilegeUri> = privileges_of(entry).collect();
        let lost = mandate.privileges.iter().filter(|p| of_it.contains(*p) && !kept.contains(*p));
        Ok(lost.cloned().collect())
    }
}

fn privileges_of(entry: &CatalogueEntry) -> impl Iterator<Item = PrivilegeUri> {
    entry.mandate_package().into_iter().flat_map(|package| package.privileges.iter().map(|p| p.uri.clone()))
}
