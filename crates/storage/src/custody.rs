//! Who has custody of a child, and what is written down of those who answer for one.

use crate::{
    StoreError,
    column::{RowRef, instant, json},
    engine::{Tx, Write, on, run},
    journal::signed,
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::FromRow;
use std::collections::BTreeSet;
use tillid_domain::{
    Instant, LocalDate,
    event::{Entity, Fact, Recorded},
    family::{Custody, Holder},
    id::{ConsentId, CustodyId, EventId, PersonId, RequestId},
    joint::{Exception, Voice},
    request::ConsentRequest,
};
use uuid::Uuid;

#[derive(FromRow)]
struct CustodyRow {
    id: Uuid,
    child_id: Uuid,
    from_day: String,
    source: String,
    known_at: i64,
}

#[derive(FromRow)]
struct PartRow {
    person_id: Uuid,
    part: String,
}

macro_rules! custody_columns {
    ($rest:literal) => {
        concat!("SELECT id, child_id, from_day, source, known_at FROM custody ", $rest)
    };
}

/// A list as a column keeps it; an empty one is none.
pub(crate) fn list_column<T: Serialize>(list: &[T]) -> Option<String> {
    (!list.is_empty()).then(|| json(&list))
}

impl RowRef {
    /// Reads such a column; an empty list that is written out is corrupt.
    pub(crate) fn list<T: Serialize + DeserializeOwned>(
        self,
        text: Option<&str>,
    ) -> Result<Vec<T>, StoreError> {
        let list: Vec<T> = text.map(|text| self.json(text)).transpose()?.unwrap_or_default();
        if text.is_some() && list.is_empty() { Err(self.corrupt()) } else { Ok(list) }
    }
}

impl<Mode> Tx<Mode> {
    /// One statement of custody.
    pub async fn custody(&mut self, id: CustodyId) -> Result<Option<Custody>, StoreError> {
        const SQL: &str = custody_columns!("WHERE id = $1");
        let row: Option<CustodyRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        match row {
            Some(row) => self.with_parts(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// What is known now of who has custody of somebody.
    pub async fn custody_of(&mut self, child: PersonId) -> Result<Option<Custody>, StoreError> {
        const SQL: &str =
            custody_columns!("WHERE child_id = $1 ORDER BY from_day DESC, known_at DESC, id DESC LIMIT 1");
        let row: Option<CustodyRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(child.as_uuid()).fetch_optional(conn).await)?;
        match row {
            Some(row) => self.with_parts(row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn with_parts(&mut self, row: CustodyRow) -> Result<Custody, StoreError> {
        const SQL: &str = "SELECT person_id, part FROM custody_holder WHERE custody_id = $1";
        let at = RowRef { table: "custody", id: row.id };
        let parts: Vec<PartRow> = on!(self, |conn| sqlx::query_as(SQL).bind(row.id).fetch_all(conn).await)?;
        let (mut holders, mut former) = (BTreeSet::new(), BTreeSet::new());
        for PartRow { person_id, part } in parts {
            let person = PersonId::from_uuid(person_id);
            match part.as_str() {
                "with_child" => holders.insert(Holder { person, lives_with: true }),
                "elsewhere" => holders.insert(Holder { person, lives_with: false }),
                "former" => former.insert(person),
                _ => return Err(at.corrupt()),
            };
        }
        Ok(Custody {
            id: CustodyId::from_uuid(row.id),
            child: PersonId::from_uuid(row.child_id),
            holders,
            former,
            from: at.text(&row.from_day)?,
            source: at.json(&row.source)?,
            known_at: instant(row.known_at),
        })
    }

    /// Every statement that names the person, as the child or otherwise.
    pub async fn custodies_about(&mut self, person: PersonId) -> Result<Vec<Custody>, StoreError> {
        const SQL: &str = custody_columns!(
            "WHERE child_id = $1 OR id IN (SELECT custody_id FROM custody_holder WHERE person_id = $1) ORDER BY id"
        );
        let rows: Vec<CustodyRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(person.as_uuid()).fetch_all(conn).await)?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.push(self.with_parts(row).await?);
        }
        Ok(all)
    }

    /// Those of whom the person has custody, as far as is known now, whatever their age.
    pub async fn children_of(&mut self, holder: PersonId) -> Result<Vec<PersonId>, StoreError> {
        let about = self.custodies_about(holder).await?;
        let children: BTreeSet<PersonId> = about.iter().map(|custody| custody.child).collect();
        let mut theirs = Vec::new();
        for child in children.into_iter().filter(|child| *child != holder) {
            let newest = self.custody_of(child).await?;
            if newest.is_some_and(|custody| custody.persons().contains(&holder)) {
                theirs.push(child);
            }
        }
        Ok(theirs)
    }

    /// Those who were born between two days (both inside), live, and of whom somebody is known to have had custody, with the event by which
    /// they became known; page by page after the last one of the page before.
    pub async fn children_born(
        &mut self,
        (first, last): (LocalDate, LocalDate),
        after: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<(PersonId, EventId)>, StoreError> {
        const SQL: &str = "SELECT p.id, e.id FROM person p \
             JOIN event e ON e.kind = 'person' AND e.aggregate_id = p.id AND e.revision = 1 \
             WHERE p.born >= $1 AND p.born <= $2 AND p.died_on IS NULL AND p.id > $3 \
             AND EXISTS (SELECT 1 FROM custody c WHERE c.child_id = p.id) ORDER BY p.id LIMIT $4";
        let rows: Vec<(Uuid, Uuid)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(first.to_string())
            .bind(last.to_string())
            .bind(after.map_or_else(Uuid::nil, PersonId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        Ok(rows.into_iter().map(|(id, event)| (PersonId::from_uuid(id), EventId::from_uuid(event))).collect())
    }

    /// Consents that a birthday has ended by then and of which that is not recorded yet, the first ones first, and whose they are.
    pub async fn ended_by_age(
        &mut self,
        now: Instant,
        limit: u32,
    ) -> Result<Vec<(ConsentId, PersonId)>, StoreError> {
        const SQL: &str = "SELECT id, person_id FROM consent WHERE state = 'given' AND for_child LIKE '%\"until_age\":true%' \
             AND valid_to <= $1 ORDER BY valid_to LIMIT $2";
        let rows: Vec<(Uuid, Uuid)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(now.as_micros())
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        let both = |(id, person)| (ConsentId::from_uuid(id), PersonId::from_uuid(person));
        Ok(rows.into_iter().map(both).collect())
    }
}

impl Tx<Write> {
    pub(crate) async fn insert_custody(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let Fact::CustodyStated { child, holders, former, from, source } = &event.fact else {
            return Ok(());
        };
        run!(
            self,
            sqlx::query(
                "INSERT INTO custody (id, child_id, from_day, source, known_at) VALUES ($1, $2, $3, $4, $5)"
            )
            .bind(event.aggregate)
            .bind(child.as_uuid())
            .bind(from.to_string())
            .bind(json(source))
            .bind(event.recorded_at.as_micros())
        )?;
        let holding =
            holders.iter().map(|h| (h.person, if h.lives_with { "with_child" } else { "elsewhere" }));
        for (person, part) in holding.chain(former.iter().map(|person| (*person, "former"))) {
            run!(
                self,
                sqlx::query("INSERT INTO custody_holder (custody_id, person_id, part) VALUES ($1, $2, $3)")
                    .bind(event.aggregate)
                    .bind(person.as_uuid())
                    .bind(part)
            )?;
        }
        Ok(())
    }

    /// What follows from a voice or an exception: the request as its own transition makes it.
    pub(crate) async fn project_voice(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let request = self.request(RequestId::from_uuid(event.aggregate)).await?;
        let next = ConsentRequest::replay(request, event);
        let next = next.ok_or(StoreError::Corrupt { table: "consent_request", id: Some(event.aggregate) })?;
        run!(
            self,
            sqlx::query(
                "UPDATE consent_request SET revision = $2, voices = $3, exceptions = $4 WHERE id = $1"
            )
            .bind(event.aggregate)
            .bind(signed(event.revision))
            .bind(list_column::<Voice>(&next.voices))
            .bind(list_column::<Exception>(&next.exceptions))
        )?;
        Ok(())
    }
}
