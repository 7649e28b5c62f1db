//! What was known at an earlier time: things as the journal had them then.

use crate::{
    StoreError,
    column::instant,
    engine::{Tx, on},
    journal::{signed, unsigned},
};
use tillid_domain::{
    Instant,
    decision::Decision,
    event::{Entity, Recorded, replay},
    id::{AccessId, PersonId},
    person::Person,
};
use uuid::Uuid;

/// As known when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KnownAt {
    /// Now.
    Now,
    /// At a moment, by the times that the events were recorded at.
    Time(Instant),
    /// When the log had so many entries.
    Position(u64),
    /// When that decision was made: exactly what it looked at.
    Decision(AccessId),
}

impl<Mode> Tx<Mode> {
    /// How much was known of a person: the number of events that concern them. 0 when they were not known yet.
    ///
    /// `None` where the decision that is named did not look at this person.
    pub async fn version_of(&mut self, person: PersonId, at: KnownAt) -> Result<Option<u64>, StoreError> {
        const NOW: &str = "SELECT version FROM person WHERE id = $1";
        const POSITION: &str = "SELECT MAX(s.version) FROM event_subject s JOIN log_entry l ON l.event_id = s.event_id \
             WHERE s.person_id = $1 AND l.entry_index < $2";
        let version: Option<i64> = match at {
            KnownAt::Now => {
                on!(self, |conn| sqlx::query_scalar(NOW).bind(person.as_uuid()).fetch_optional(conn).await)?
            }
            KnownAt::Time(moment) => return self.version_at(person, moment).await.map(Some),
            KnownAt::Position(size) => on!(self, |conn| sqlx::query_scalar(POSITION)
                .bind(person.as_uuid())
                .bind(signed(size.min(i64::MAX.cast_unsigned())))
                .fetch_one(conn)
                .await)?,
            KnownAt::Decision(id) => {
                let seen = self.access_record(id).await?.and_then(|record| record.decision);
                return Ok(seen.and_then(|decision| version_seen(&decision, person)));
            }
        };
        Ok(Some(version.map_or(0, unsigned)))
    }

    /// Who somebody went on as, as far as was known then: themselves, unless they were known to be one with another (M10). Who was not
    /// known yet went on as who they are now.
    pub async fn went_on_as(&mut self, person: PersonId, at: KnownAt) -> Result<PersonId, StoreError> {
        let known = match self.version_of(person, at).await? {
            None | Some(0) => return self.goes_on_as(person).await,
            Some(version) => self.known::<Person>(person.as_uuid(), person, version).await?,
        };
        Ok(known.map_or(person, |known| known.goes_on_as()))
    }

    /// When the entry was recorded that made the log so long; `None` where it is not that long.
    pub async fn recorded_at_position(&mut self, size: u64) -> Result<Option<Instant>, StoreError> {
        const SQL: &str = "SELECT e.recorded_at FROM log_entry l JOIN event e ON e.id = l.event_id WHERE l.entry_index = $1";
        let Some(last) = size.checked_sub(1).and_then(|last| i64::try_from(last).ok()) else {
            return Ok(None);
        };
        let at: Option<i64> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(last).fetch_optional(conn).await)?;
        Ok(at.map(instant))
    }

    /// A thing as it was when so much was known of that person, who is one of those it concerns; `None` when it was not known yet,
    /// or has been erased.
    pub async fn known<E: Entity>(
        &mut self,
        id: Uuid,
        person: PersonId,
        version: u64,
    ) -> Result<Option<E>, StoreError> {
        const SQL: &str = "SELECT b.bytes FROM event e JOIN event_body b ON b.event_id = e.id \
             WHERE e.kind = $1 AND e.aggregate_id = $2 AND e.revision <= COALESCE((SELECT MAX(k.revision) FROM event k \
             JOIN event_subject s ON s.event_id = k.id WHERE k.kind = $1 AND k.aggregate_id = $2 AND s.person_id = $3 \
             AND s.version <= $4), 0) ORDER BY e.revision";
        let rows: Vec<Vec<u8>> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(E::KIND.code())
            .bind(id)
            .bind(person.as_uuid())
            .bind(signed(version))
            .fetch_all(conn)
            .await)?;
        let corrupt = || StoreError::Corrupt { table: "event_body", id: Some(id) };
        let history: Option<Vec<Recorded>> = rows.iter().map(|bytes| Recorded::from_bytes(bytes)).collect();
        let history = history.ok_or_else(corrupt)?;
        if history.is_empty() {
            return Ok(None);
        }
        replay(&history).map(Some).ok_or_else(corrupt)
    }
}

fn version_seen(decision: &Decision, person: PersonId) -> Option<u64> {
    if decision.question.person() == person {
        return Some(decision.seen.person);
    }
    decision.seen.representative.filter(|_| decision.question.representative() == Some(person))
}
