//! From the log: what happened since the last time, in the log's order.

use super::Happened;
use crate::{Error, Service};
use tillid_domain::notice::of_event;

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
}
