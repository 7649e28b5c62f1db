//! One person: their numbers, their logins, and the count of what is known of them.

use super::{Audit, Fault, PAGE, PAGE_LEN, events::Place};
use crate::{
    StoreError,
    engine::{Read, Tx, on},
    vault::Sealed,
};
use sqlx::FromRow;
use tillid_domain::{id::NumberId, person::Person};
use uuid::Uuid;

#[derive(FromRow)]
struct KnownRow {
    version: i64,
    event_id: Uuid,
    entry_index: Option<i64>,
    position: Option<i64>,
}

#[derive(FromRow)]
struct IndexRow {
    lookup: Vec<u8>,
    key_id: String,
}

impl Audit {
    /// Compares what belongs to a person, and returns them as if that were right.
    pub(super) fn compare_belongings(&mut self, found: Person, expected: &Person) -> Person {
        for number in found.numbers.difference(&expected.numbers) {
            self.find("person_number", number, Fault::Added, "no event gives the person that number");
        }
        for number in expected.numbers.difference(&found.numbers) {
            self.find("person_number", number, Fault::Missing, "an event gives the person that number");
        }
        for _ in found.logins.difference(&expected.logins) {
            self.find("person_login", found.id, Fault::Added, "no event gives the person that login");
        }
        for _ in expected.logins.difference(&found.logins) {
            self.find("person_login", found.id, Fault::Missing, "an event gives the person that login");
        }
        Person { numbers: expected.numbers.clone(), logins: expected.logins.clone(), ..found }
    }
}

impl Tx<Read> {
    /// The counter of what is known of a person has no gap and no surplus.
    pub(super) async fn audit_version(&mut self, audit: &mut Audit, person: Uuid) -> Result<(), StoreError> {
        let version: Option<i64> =
            on!(self, |conn| sqlx::query_scalar("SELECT version FROM person WHERE id = $1")
                .bind(person)
                .fetch_optional(conn)
                .await)?;
        let last = self.audit_known(audit, person).await?;
        if version.is_some_and(|v| v != last) {
            audit.find("person", person, Fault::Changed, "its version is not the number of its events");
        }
        Ok(())
    }

    /// Follows the events that concern a person: numbered from 1 without a gap, each with its place after the one before. Returns
    /// the last number.
    async fn audit_known(&mut self, audit: &mut Audit, person: Uuid) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT s.version, s.event_id, l.entry_index, p.position FROM event_subject s \
             LEFT JOIN log_entry l ON l.event_id = s.event_id LEFT JOIN pending p ON p.event_id = s.event_id \
             WHERE s.person_id = $1 AND s.version > $2 ORDER BY s.version LIMIT $3";
        let (mut after, mut expected, mut gap) = (i64::MIN, 1, false);
        let mut last: Option<(Uuid, Place)> = None;
        loop {
            let page: Vec<KnownRow> = on!(self, |conn| sqlx::query_as(SQL)
                .bind(person)
                .bind(after)
                .bind(PAGE)
                .fetch_all(conn)
                .await)?;
            for row in &page {
                gap |= row.version != expected;
                (after, expected) = (row.version, row.version.saturating_add(1));
                let here = Place::of(row.entry_index, row.position).map(|place| (row.event_id, place));
                if let (Some(before), Some(here)) = (last, here)
                    && here.1 <= before.1
                {
                    audit.find_disorder(before, here);
                }
                last = here.or(last);
            }
            if page.len() < PAGE_LEN {
                break;
            }
        }
        if gap {
            audit.find(
                "event_subject",
                person,
                Fault::Missing,
                "an event that concerned this person is gone",
            );
        }
        Ok(expected - 1)
    }

    pub(super) async fn audit_numbers(&mut self, audit: &mut Audit, person: Uuid) -> Result<(), StoreError> {
        for row in self.numbers_of(person).await? {
            let Ok(number) = self.vault.open(NumberId::from_uuid(row.id), &Sealed::from(&row)) else {
                audit.find(
                    "person_number",
                    row.id,
                    Fault::Changed,
                    "it does not open with the configured keys",
                );
                continue;
            };
            let lookups = self.vault.lookups(&number);
            const SQL: &str = "SELECT lookup, key_id FROM person_number_index WHERE number_id = $1";
            let found: Vec<IndexRow> =
                on!(self, |conn| sqlx::query_as(SQL).bind(row.id).fetch_all(conn).await)?;
            let hash_of =
                |key: &str| lookups.iter().find(|l| l.key_id == key).map(|l| l.hash.as_bytes().as_slice());
            let right = |r: &IndexRow| hash_of(&r.key_id) == Some(r.lookup.as_slice());
            // A hash under a key that is no longer live cannot be checked and leads nowhere; it goes with the next rekeying.
            let stale = |r: &IndexRow| {
                hash_of(&r.key_id).is_none()
                    && !lookups.iter().any(|l| l.hash.as_bytes().as_slice() == r.lookup)
            };
            for wrong in found.iter().filter(|r| !right(r) && !stale(r)) {
                let surplus = found.iter().any(|r| right(r) && r.key_id == wrong.key_id);
                let fault = if surplus { Fault::Added } else { Fault::Changed };
                audit.find("person_number_index", row.id, fault, "it leads to another number");
            }
            if !found.iter().any(|r| right(r) && r.key_id == row.key_id) {
                audit.find("person_number_index", row.id, Fault::Missing, "the number cannot be found");
            }
        }
        Ok(())
    }
}
