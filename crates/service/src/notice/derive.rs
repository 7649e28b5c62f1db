//! From the log: what happened since the last time, in the log's order.

use super::Happened;
use crate::{Error, Service};
use std::collections::BTreeSet;
use tillid_domain::{
    access::AccessRecord,
    event::Kind,
    id::MandateId,
    mandate::MandateStanding,
    notice::{Used, of_event, of_use},
};
use tillid_storage::{Tx, Upkeep};

/// How many entries one transaction goes through.
const STRETCH: u64 = 256;

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
        let mut tx = self.store.upkeep().await?;
        let from = tx.lock_notice_cursor().await?.next_entry;
        // Another node may have gone on meanwhile.
        let size = tx.log_head().await?.map_or(0, |head| head.size);
        let to = size.min(from.saturating_add(STRETCH));
        if to <= from {
            return Ok(None);
        }
        let mut made = 0;
        for event in tx.logged_events(from, to).await? {
            if let Some(matter) = self.matter(&mut tx, event.aggregate_kind, event.aggregate).await? {
                let happened = Happened { by: event.actor.citizen(), at: event.recorded_at };
                made += self.put(&mut tx, &matter, of_event(&event, &matter), happened).await?;
            }
        }
        made += self.tell_of_uses(&mut tx, from, to).await?;
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

    /// Tells grantors of the uses of their mandates in one stretch of the log (P3): at the first use of a day, and not again that day.
    async fn tell_of_uses(&self, tx: &mut Tx<Upkeep>, from: u64, to: u64) -> Result<u64, Error> {
        let (mut made, mut told) = (0, BTreeSet::new());
        for (event, record) in tx.logged_uses(from, to).await? {
            for mandate in self.used(tx, &record).await? {
                if !told.insert((mandate, record.at.local_date())) {
                    continue;
                }
                let Some(matter) = self.matter(tx, Kind::Mandate, mandate.as_uuid()).await? else { continue };
                let notices = of_use(&matter, event, record.at).into_iter().collect();
                made += self.put(tx, &matter, notices, Happened { by: None, at: record.at }).await?;
            }
        }
        Ok(made)
    }

    /// The mandates whose use that record tells of.
    async fn used(&self, tx: &mut Tx<Upkeep>, record: &AccessRecord) -> Result<Vec<MandateId>, Error> {
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
