//! Whether the tables are what the journal says, and the journal what it committed to. Shares nothing with the code that
//! writes but the domain; reads one snapshot in pages.

mod erased;
mod events;
mod external;
mod log;
mod persons;
mod state;
mod strangers;

pub use self::log::{CheckpointRow, LoggedEvent, SignatureRow};

use self::{
    erased::is_erasure,
    events::{EventRow, Place, opened},
};
use crate::{
    StoreError,
    engine::{Read, Tx},
};
use std::fmt;
use uuid::Uuid;

/// What is wrong with a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    /// It says something else than the journal.
    Changed,
    /// The journal says that it should be there.
    Missing,
    /// The journal knows nothing of it.
    Added,
    /// It is there, and in another place of the order than it had.
    Reordered,
}

/// A row that is not as the journal says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Finding {
    /// The table.
    pub table: &'static str,
    /// The row, or the thing that it belongs to.
    pub id: String,
    /// What is wrong.
    pub fault: Fault,
    /// What was compared.
    pub detail: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.fault {
            Fault::Changed => "changed",
            Fault::Missing => "missing",
            Fault::Added => "added",
            Fault::Reordered => "reordered",
        };
        write!(f, "{fault}: {} {}: {}", self.table, self.id, self.detail)
    }
}

/// How much was looked at, and what was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Audit {
    /// Events whose commitments were opened.
    pub events: u64,
    /// Things whose state was replayed.
    pub aggregates: u64,
    /// Entries of the log whose hashes were computed again.
    pub entries: u64,
    /// Every row that is not as the journal says.
    pub findings: Vec<Finding>,
}

impl Audit {
    /// Names a row.
    pub fn find(&mut self, table: &'static str, id: impl fmt::Display, fault: Fault, detail: &'static str) {
        self.findings.push(Finding { table, id: id.to_string(), fault, detail });
    }

    /// Two events whose places in the order are the wrong way round; which of the two was moved cannot be told.
    fn find_disorder(&mut self, earlier: (Uuid, Place), later: (Uuid, Place)) {
        for (event, place) in [earlier, later] {
            self.find(place.table(), event, Fault::Reordered, "an effect has its place before its cause");
        }
    }

    /// Compares the numbers of the events of one thing, and their places in the order.
    fn compare_order(&mut self, group: &Group) {
        let mut last: Option<(Uuid, Place)> = None;
        for (row, expected) in group.rows.iter().zip(1_i64..) {
            if row.revision != expected {
                self.find(
                    "event",
                    row.id,
                    Fault::Missing,
                    "an event before this one of the same thing is gone",
                );
            }
            let place = row.place();
            match place {
                None => self.find("pending", row.id, Fault::Missing, "the event has no place in the order"),
                Some(Place::Logged(_)) if row.position.is_some() => {
                    self.find("pending", row.id, Fault::Added, "the event is in the log already");
                }
                Some(_) => {}
            }
            let here = place.map(|place| (row.id, place));
            if let (Some(before), Some(here)) = (last, here)
                && here.1 <= before.1
            {
                self.find_disorder(before, here);
            }
            last = here.or(last);
        }
    }

    /// Compares what a table has with what the journal says.
    fn compare<T: PartialEq>(
        &mut self,
        table: &'static str,
        id: Uuid,
        found: Result<Option<T>, StoreError>,
        expected: &T,
    ) -> Result<(), StoreError> {
        match found {
            Ok(Some(found)) if found == *expected => {}
            Ok(Some(_)) => self.find(table, id, Fault::Changed, "the row differs from what its events say"),
            Ok(None) => self.find(table, id, Fault::Missing, "the journal has events of it"),
            Err(StoreError::Corrupt { .. }) => {
                self.find(table, id, Fault::Changed, "the row breaks a rule of the domain");
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }
}

const PAGE: i64 = 500;
const PAGE_LEN: usize = 500;

/// The events of one thing, while they are being read.
#[derive(Default)]
struct Group {
    kind: String,
    aggregate: Uuid,
    rows: Vec<EventRow>,
}

impl Tx<Read> {
    /// Recomputes every fact from the journal and compares; `progress` is told the number of events after each page.
    pub async fn audit(&mut self, mut progress: impl FnMut(u64) + Send) -> Result<Audit, StoreError> {
        let mut audit = Audit::default();
        let mut group = Group::default();
        let mut after = (String::new(), Uuid::nil(), i64::MIN);
        loop {
            let page = self.audit_page(&after).await?;
            let Some(last) = page.last() else { break };
            after = last.key();
            for row in page {
                audit.events += 1;
                if row.kind != group.kind || row.aggregate_id != group.aggregate {
                    let done = std::mem::take(&mut group);
                    self.audit_group(&mut audit, done).await?;
                    group = Group { kind: row.kind.clone(), aggregate: row.aggregate_id, rows: Vec::new() };
                }
                group.rows.push(row);
            }
            progress(audit.events);
        }
        self.audit_group(&mut audit, group).await?;
        self.audit_strangers(&mut audit).await?;
        Ok(audit)
    }

    async fn audit_group(&mut self, audit: &mut Audit, group: Group) -> Result<(), StoreError> {
        if group.rows.is_empty() {
            return Ok(());
        }
        audit.aggregates += 1;
        audit.compare_order(&group);
        if let Some(erasure) = group.rows.last().and_then(|row| opened(row).ok()).filter(is_erasure) {
            return self.audit_erased(audit, &group, &erasure).await;
        }
        let mut history = Vec::with_capacity(group.rows.len());
        for row in &group.rows {
            match opened(row) {
                Ok(recorded) if is_erasure(&recorded) => {
                    audit.find("event", row.id, Fault::Added, "nothing follows an erasure");
                }
                Ok(mut recorded) => {
                    audit.compare_subjects(&row.subjects, &mut recorded);
                    history.push(recorded);
                }
                Err((table, fault, detail)) => audit.find(table, row.id, fault, detail),
            }
        }
        // A history that cannot be read in full says nothing reliable of the state; its bad events are named already.
        if history.len() != group.rows.len() {
            return Ok(());
        }
        self.audit_state(audit, group.aggregate, &history).await
    }
}
