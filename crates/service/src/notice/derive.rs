//! From the log: what happened since the last time, in the log's order.

use super::Happened;
use crate::{Error, Service};
use std::collections::BTreeMap;
use tillid_domain::{
    access::AccessRecord,
    event::Fact,
    id::MandateId,
    mandate::MandateStanding,
    notice::{Matter, Used, of_event, of_use},
    person::Life,
};
use tillid_storage::{NewNotice, Read, Tx};

/// How many entries are gone through at once: each may be of some hundred uses.
const STRETCH: u64 = 64;

impl Service {
    /// Makes the notices of everything that stands in the log; how many were new. Each event gives its notices once: they and the cursor
    /// that has passed the event are durable together.
    pub async fn make_notices(&self) -> Result<u64, Error> {
        let mut made = 0;
        while let Some(more) = self.make_some_notices().await? {
            made += more;
        }
        Ok(made)
    }

    /// One stretch of the log; `None` when there is nothing more.
    async fn make_some_notices(&self) -> Result<Option<u64>, Error> {
        if !self.log_is_ahead().await? {
            return Ok(None);
        }
        // What there is to tell is found out in a snapshot: nobody who writes waits for it.
        let mut tx = self.store.read().await?;
        let from = tx.notice_cursor().await?.next_entry;
        let size = tx.log_head().await?.map_or(0, |head| head.size);
        let to = size.min(from.saturating_add(STRETCH));
        if to <= from {
            return Ok(None);
        }
        let mut new = Vec::new();
        for event in tx.logged_events(from, to).await? {
            if let Some(mut matter) = self.matter(&mut tx, event.aggregate_kind, event.aggregate).await? {
                // A package is withdrawn by its own authority.
                if let (Matter::Mandate(_, sender), Fact::MandatePackageWithdrawn(withdrawn)) =
                    (&mut matter, &event.fact)
                {
                    *sender = tx.entry_authority(withdrawn.package).await?.unwrap_or(*sender);
                }
                let happened = Happened { by: event.actor.citizen(), at: event.recorded_at };
                new.extend(self.letters(&mut tx, &matter, of_event(&event, &matter), happened).await?);
            }
        }
        new.extend(self.of_uses(&mut tx, from, to).await?);
        drop(tx);
        let mut tx = self.store.upkeep().await?;
        // Another node may have gone on meanwhile: then it has told of these.
        if tx.lock_notice_cursor().await?.next_entry != from {
            return Ok(Some(0));
        }
        let made = tx.put_notices(&new).await?;
        tx.move_notice_cursor(to).await?;
        tx.finish().await?;
        Ok(Some(made))
    }

    /// Whether the log has entries that were not looked at; nothing is written to find out.
    async fn log_is_ahead(&self) -> Result<bool, Error> {
        let mut tx = self.store.read().await?;
        let cursor = tx.notice_cursor().await?;
        Ok(tx.log_head().await?.is_some_and(|head| head.size > cursor.next_entry))
    }

    /// What grantors are told of the uses of their mandates in one stretch of the log (P3): of the first use of a day, and not again that
    /// day. There are more of these than of anything else, so that all of them are read at once.
    async fn of_uses(&self, tx: &mut Tx<Read>, from: u64, to: u64) -> Result<Vec<NewNotice>, Error> {
        let mut uses = BTreeMap::new();
        for (event, record) in tx.logged_uses(from, to).await? {
            for mandate in self.used(tx, &record).await? {
                uses.entry((mandate, record.at.local_date().start())).or_insert((event, record.at));
            }
        }
        for told in tx.told_of_use(&uses.keys().copied().collect::<Vec<_>>()).await? {
            uses.remove(&told);
        }
        let mandates = tx.mandates_by_id(&uses.keys().map(|(mandate, _)| *mandate).collect()).await?;
        let grantors = tx.persons_by_id(&mandates.values().map(|mandate| mandate.grantor).collect()).await?;
        let mut senders = BTreeMap::new();
        let mut new = Vec::with_capacity(uses.len());
        for ((mandate, _), (event, at)) in uses {
            let Some(mandate) = mandates.get(&mandate) else { continue };
            let package = mandate.packages.first().map(|package| package.entry);
            let sender = match senders.get(&package) {
                Some(known) => *known,
                None => *senders.entry(package).or_insert(self.first_authority(tx, package).await?),
            };
            let Some(sender) = sender else { continue };
            let matter = Matter::Mandate(mandate.clone(), sender);
            let Some(notice) = of_use(&matter, event, at) else { continue };
            let happened = Happened { by: None, at };
            new.extend(match grantors.get(&mandate.grantor) {
                Some(grantor) if !matches!(grantor.life, Life::Merged { .. }) => {
                    self.letters_to(tx, &matter, &notice, grantor, happened).await?
                }
                _ => self.letters(tx, &matter, vec![notice], happened).await?,
            });
        }
        Ok(new)
    }

    /// The mandates whose use that record tells of.
    async fn used(&self, tx: &mut Tx<Read>, record: &AccessRecord) -> Result<Vec<MandateId>, Error> {
        Ok(match Used::told_by(record) {
            None => Vec::new(),
            Some(Used::Mandates(mandates)) => mandates,
            Some(Used::Here(representative)) => {
                let newest = tx.newest_mandate(record.person, representative).await?;
                let stood = newest.filter(|mandate| mandate.stood(record.at) == MandateStanding::Active);
                stood.map(|mandate| mandate.id).into_iter().collect()
            }
        })
    }
}
