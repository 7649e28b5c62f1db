//! Guardianships and lasting powers, and what they and custody make of two persons.

use crate::{
    StoreError,
    column::{RowRef, instant, json},
    custody::list_column,
    engine::{Tx, Write, on, run},
    journal::signed,
};
use sqlx::FromRow;
use std::collections::BTreeSet;
use tillid_domain::{
    LocalDate,
    event::{Entity, Recorded},
    family::Custody,
    id::{DocumentId, PersonId, StatutoryId},
    statutory::{
        CapacityRemoved, Dormant, Relation, Span, StatutoryPower, by_custody, by_statute, capacity_removed,
    },
};
use uuid::Uuid;

#[derive(FromRow)]
struct PowerRow {
    id: Uuid,
    revision: i64,
    person_id: Uuid,
    dormant: Option<String>,
    spans: Option<String>,
    source: String,
    documents: Option<String>,
    ends_at: Option<i64>,
    known_at: i64,
    changed_at: i64,
}

macro_rules! power_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, person_id, dormant, spans, source, documents, ends_at, known_at, changed_at FROM statutory_power ",
            $rest
        )
    };
}

/// Two persons, and on which days they died.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) grantor: PersonId,
    pub(crate) grantor_died: Option<LocalDate>,
    pub(crate) representative: PersonId,
    pub(crate) representative_died: Option<LocalDate>,
}

impl<Mode> Tx<Mode> {
    /// A guardianship or a lasting power.
    pub async fn statutory(&mut self, id: StatutoryId) -> Result<Option<StatutoryPower>, StoreError> {
        const SQL: &str = power_columns!("WHERE id = $1");
        let row: Option<PowerRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        match row {
            Some(row) => self.with_holders(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Those over a person, the oldest first.
    pub async fn statutory_over(&mut self, person: PersonId) -> Result<Vec<StatutoryPower>, StoreError> {
        const SQL: &str = power_columns!("WHERE person_id = $1 ORDER BY id");
        self.statutory_where(SQL, person).await
    }

    /// Those that a person holds or has held, the oldest first. What is dormant nobody holds.
    pub async fn statutory_of(&mut self, holder: PersonId) -> Result<Vec<StatutoryPower>, StoreError> {
        const SQL: &str = power_columns!(
            "WHERE id IN (SELECT statutory_id FROM statutory_holder WHERE person_id = $1 AND part = 'holder') ORDER BY id"
        );
        self.statutory_where(SQL, holder).await
    }

    /// Those that name a person in any part.
    pub async fn statutory_about(&mut self, person: PersonId) -> Result<Vec<StatutoryPower>, StoreError> {
        const SQL: &str = power_columns!(
            "WHERE person_id = $1 OR id IN (SELECT statutory_id FROM statutory_holder WHERE person_id = $1) ORDER BY id"
        );
        self.statutory_where(SQL, person).await
    }

    async fn statutory_where(
        &mut self,
        sql: &'static str,
        person: PersonId,
    ) -> Result<Vec<StatutoryPower>, StoreError> {
        let rows: Vec<PowerRow> =
            on!(self, |conn| sqlx::query_as(sql).bind(person.as_uuid()).fetch_all(conn).await)?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.push(self.with_holders(row).await?);
        }
        Ok(all)
    }

    async fn with_holders(&mut self, row: PowerRow) -> Result<StatutoryPower, StoreError> {
        const SQL: &str = "SELECT person_id, part FROM statutory_holder WHERE statutory_id = $1";
        let at = RowRef { table: "statutory_power", id: row.id };
        let rows: Vec<(Uuid, String)> =
            on!(self, |conn| sqlx::query_as(SQL).bind(row.id).fetch_all(conn).await)?;
        let (mut named, mut attorneys) = (BTreeSet::new(), BTreeSet::new());
        for (person, part) in rows {
            let person = PersonId::from_uuid(person);
            match part.as_str() {
                "holder" => named.insert(person),
                "attorney" => attorneys.insert(person),
                _ => return Err(at.corrupt()),
            };
        }
        let dormant: Option<Dormant> = row.dormant.as_deref().map(|text| at.json(text)).transpose()?;
        let documents: Vec<DocumentId> = at.list(row.documents.as_deref())?;
        let power = StatutoryPower {
            id: StatutoryId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            person: PersonId::from_uuid(row.person_id),
            dormant,
            spans: at.list(row.spans.as_deref())?,
            named,
            source: at.json(&row.source)?,
            documents: documents.into_iter().collect(),
            known_at: instant(row.known_at),
            changed_at: instant(row.changed_at),
        };
        let registered = power.dormant.as_ref().map(|d| d.attorneys.clone()).unwrap_or_default();
        let whole = registered == attorneys && power.over() == row.ends_at.map(instant);
        whole.then_some(power).ok_or_else(|| at.corrupt())
    }

    /// Every statement of who has custody of a child, in no order.
    pub async fn custodies_of_child(&mut self, child: PersonId) -> Result<Vec<Custody>, StoreError> {
        let about = self.custodies_about(child).await?;
        Ok(about.into_iter().filter(|custody| custody.child == child).collect())
    }

    /// What somebody holds over a person by law or decision and when that person's capacity is removed, over all time, as known now.
    pub async fn relations(
        &mut self,
        grantor: PersonId,
        representative: PersonId,
    ) -> Result<(Vec<Relation>, Vec<CapacityRemoved>), StoreError> {
        const DIED: &str = "SELECT died_on FROM person WHERE id = $1";
        let mut died = [None, None];
        for (slot, person) in died.iter_mut().zip([grantor, representative]) {
            let at = RowRef { table: "person", id: person.as_uuid() };
            let on: Option<Option<String>> =
                on!(self, |conn| sqlx::query_scalar(DIED).bind(person.as_uuid()).fetch_optional(conn).await)?;
            *slot = at.text_opt(on.flatten().as_deref())?;
        }
        let [grantor_died, representative_died] = died;
        self.related_now(Pair { grantor, grantor_died, representative, representative_died }).await
    }

    pub(crate) async fn related_now(
        &mut self,
        pair: Pair,
    ) -> Result<(Vec<Relation>, Vec<CapacityRemoved>), StoreError> {
        let powers = self.statutory_over(pair.grantor).await?;
        let custodies = self.custodies_of_child(pair.grantor).await?;
        Ok(related(pair, &powers, &custodies))
    }

    /// The same, as it was known when so much was known of the person.
    pub(crate) async fn related_then(
        &mut self,
        pair: Pair,
        version: u64,
    ) -> Result<(Vec<Relation>, Vec<CapacityRemoved>), StoreError> {
        const POWERS: &str = "SELECT id FROM statutory_power WHERE person_id = $1";
        const CUSTODIES: &str = "SELECT id FROM custody WHERE child_id = $1";
        let of = |sql: &'static str| (sql, pair.grantor.as_uuid());
        let (mut powers, mut custodies) = (Vec::new(), Vec::new());
        for id in self.ids(of(POWERS)).await? {
            powers.extend(self.known::<StatutoryPower>(id, pair.grantor, version).await?);
        }
        for id in self.ids(of(CUSTODIES)).await? {
            custodies.extend(self.known::<Custody>(id, pair.grantor, version).await?);
        }
        Ok(related(pair, &powers, &custodies))
    }

    async fn ids(&mut self, (sql, person): (&'static str, Uuid)) -> Result<Vec<Uuid>, StoreError> {
        Ok(on!(self, |conn| sqlx::query_scalar(sql).bind(person).fetch_all(conn).await)?)
    }

    /// Who may hold something over a person by law or decision, after an id; whether they do is for the decision to say.
    pub async fn related_to(
        &mut self,
        person: PersonId,
        after: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<PersonId>, StoreError> {
        const SQL: &str = "SELECT who FROM (SELECT h.person_id AS who FROM statutory_holder h JOIN statutory_power s ON s.id = h.statutory_id \
             WHERE s.person_id = $1 AND h.part = 'holder' AND h.person_id > $2 \
             UNION SELECT h.person_id AS who FROM custody_holder h JOIN custody c ON c.id = h.custody_id \
             WHERE c.child_id = $1 AND h.person_id > $2) related ORDER BY who LIMIT $3";
        self.related_ids(SQL, person, after, limit).await
    }

    /// Over whom somebody may hold such a thing, after an id.
    pub async fn related_by(
        &mut self,
        holder: PersonId,
        after: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<PersonId>, StoreError> {
        const SQL: &str = "SELECT who FROM (SELECT s.person_id AS who FROM statutory_holder h JOIN statutory_power s ON s.id = h.statutory_id \
             WHERE h.person_id = $1 AND h.part = 'holder' AND s.person_id > $2 \
             UNION SELECT c.child_id AS who FROM custody_holder h JOIN custody c ON c.id = h.custody_id \
             WHERE h.person_id = $1 AND c.child_id > $2) related ORDER BY who LIMIT $3";
        self.related_ids(SQL, holder, after, limit).await
    }

    async fn related_ids(
        &mut self,
        sql: &'static str,
        person: PersonId,
        after: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<PersonId>, StoreError> {
        let found: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(sql)
            .bind(person.as_uuid())
            .bind(after.map_or(Uuid::nil(), PersonId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        Ok(found.into_iter().map(PersonId::from_uuid).collect())
    }
}

/// What these make of the two; nothing holds over or by the dead.
fn related(
    pair: Pair,
    powers: &[StatutoryPower],
    custodies: &[Custody],
) -> (Vec<Relation>, Vec<CapacityRemoved>) {
    let died = [pair.grantor_died, pair.representative_died].into_iter().flatten().min();
    let relations = by_statute(pair.representative, powers)
        .into_iter()
        .chain(by_custody(pair.representative, custodies))
        .map(|relation| relation.until_death(died));
    (relations.collect(), capacity_removed(powers))
}

impl Tx<Write> {
    /// What follows from what became known of one: the thing as its own transition makes it.
    pub(crate) async fn project_statutory(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let id = event.aggregate;
        let before = self.statutory(StatutoryId::from_uuid(id)).await?;
        let held = before.as_ref().map(|power| power.named.clone()).unwrap_or_default();
        let is_new = before.is_none();
        let after = StatutoryPower::replay(before, event);
        let after = after.ok_or(StoreError::Corrupt { table: "statutory_power", id: Some(id) })?;
        let documents: Vec<DocumentId> = after.documents.iter().copied().collect();
        let (spans, documents) = (list_column::<Span>(&after.spans), list_column(&documents));
        let ends_at = after.over().map(tillid_domain::Instant::as_micros);
        if is_new {
            run!(self, sqlx::query(
                "INSERT INTO statutory_power (id, revision, person_id, dormant, spans, source, documents, ends_at, known_at, changed_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)"
            )
            .bind(id)
            .bind(signed(event.revision))
            .bind(after.person.as_uuid())
            .bind(after.dormant.as_ref().map(json))
            .bind(spans)
            .bind(json(&after.source))
            .bind(documents)
            .bind(ends_at)
            .bind(event.recorded_at.as_micros()))?;
            for attorney in after.dormant.iter().flat_map(|dormant| &dormant.attorneys) {
                self.insert_statutory_holder(id, *attorney, "attorney").await?;
            }
        } else {
            run!(self, sqlx::query(
                "UPDATE statutory_power SET revision = $2, spans = $3, source = $4, documents = $5, ends_at = $6, changed_at = $7 WHERE id = $1"
            )
            .bind(id)
            .bind(signed(event.revision))
            .bind(spans)
            .bind(json(&after.source))
            .bind(documents)
            .bind(ends_at)
            .bind(event.recorded_at.as_micros()))?;
        }
        for holder in after.named.difference(&held) {
            self.insert_statutory_holder(id, *holder, "holder").await?;
        }
        Ok(())
    }

    async fn insert_statutory_holder(
        &mut self,
        id: Uuid,
        person: PersonId,
        part: &'static str,
    ) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("INSERT INTO statutory_holder (statutory_id, person_id, part) VALUES ($1, $2, $3)")
                .bind(id)
                .bind(person.as_uuid())
                .bind(part)
        )?;
        Ok(())
    }
}
