//! What decisions look at. The two hot statements exist once for each engine: they answer for many questions at once.

use crate::{
    StoreError,
    column::{ConsentEnd, RowRef, instant},
    engine::{Engine, Pools, Read, Sql, Store, Tx, on},
    journal::unsigned,
    known::KnownAt,
    statutory::Pair,
};
use serde_json::{Value, json};
use sqlx::FromRow;
use std::collections::BTreeSet;
use tillid_domain::{
    Cvr, LocalDate, Period,
    consent::Consent,
    decision::{Acting, ActingFacts, ConsentCheck, ConsentFacts, ConsentSeen, PowerSeen},
    id::{ConsentId, EntryId, PersonId},
    person::Person,
    text::PrivilegeUri,
};
use uuid::Uuid;

/// A grantor, a representative and a privilege.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActingKey {
    /// For whom.
    pub grantor: PersonId,
    /// Who.
    pub representative: PersonId,
    /// With what.
    pub privilege: PrivilegeUri,
}

impl ActingKey {
    /// What a question looks at.
    pub fn of(asked: &Acting) -> Self {
        let Acting { representative, privilege, grantor, case: _ } = asked;
        Self { grantor: *grantor, representative: *representative, privilege: privilege.clone() }
    }
}

/// A person and an authority.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsentKey {
    /// Whose consents.
    pub person: PersonId,
    /// Towards whom.
    pub authority: Cvr,
}

impl ConsentKey {
    /// What a question looks at.
    pub const fn of(asked: &ConsentCheck) -> Self {
        Self { person: asked.person, authority: asked.authority }
    }
}

/// What was found for one question, with how much was known of the persons.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Looked<Facts> {
    /// The facts.
    pub facts: Facts,
    /// The version of the person; of a power, of the grantor.
    pub person: u64,
    /// The version of the representative.
    pub representative: Option<u64>,
    /// Whether one of them goes on as another person: the question is that person's, and what was found here is no answer to it (M10).
    pub moved: bool,
}

#[derive(FromRow)]
struct ActingRow {
    ord: i64,
    catalogue: i64,
    grantor_version: i64,
    grantor_died: Option<String>,
    grantor_born: Option<String>,
    representative_version: i64,
    representative_died: Option<String>,
    /// Whether one of the two is one with another person.
    moved: bool,
    source_id: Option<Uuid>,
    case_ref: Option<String>,
    basis: Option<String>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    source_revision: Option<i64>,
    ended: Option<String>,
    /// Whether something else than mandates may matter between the two: then it is looked at too.
    related: bool,
}

impl ActingRow {
    fn power(&self) -> Result<Option<PowerSeen>, StoreError> {
        let Some(source) = self.source_id else { return Ok(None) };
        let at = RowRef { table: "power", id: source };
        let (Some(basis), Some(from), Some(to), Some(revision)) =
            (self.basis.as_deref(), self.valid_from, self.valid_to, self.source_revision)
        else {
            return Err(at.corrupt());
        };
        Ok(Some(PowerSeen {
            case: at.text_opt(self.case_ref.as_deref())?,
            basis: at.basis(basis)?,
            source,
            version: at.number(revision)?,
            valid_from: instant(from),
            valid_to: instant(to),
            ended: at.power_end(self.ended.as_deref())?,
        }))
    }
}

/// A power as it was known: what it rests on, the case, the basis, from, to, the event that said so, and why it stopped.
type PowerKnown = (Uuid, Option<String>, String, i64, i64, i64, Option<String>);

#[derive(FromRow)]
struct ConsentRow {
    ord: i64,
    catalogue: i64,
    version: i64,
    died_on: Option<String>,
    moved: bool,
    born: Option<String>,
    id: Option<Uuid>,
    revision: Option<i64>,
    entry_id: Option<Uuid>,
    item: Option<String>,
    case_ref: Option<String>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    state: Option<String>,
    ended_at: Option<i64>,
    cause: Option<String>,
    effective_at: Option<i64>,
    ended_through: Option<String>,
    terms: Option<String>,
}

impl ConsentRow {
    fn consent(&self) -> Result<Option<ConsentSeen>, StoreError> {
        let Some(id) = self.id else { return Ok(None) };
        let at = RowRef { table: "consent", id };
        let (Some(revision), Some(entry), Some(item), Some(from), Some(state)) =
            (self.revision, self.entry_id, self.item.as_deref(), self.valid_from, self.state.as_deref())
        else {
            return Err(at.corrupt());
        };
        let state = at.consent_state(&ConsentEnd {
            state,
            at: self.ended_at,
            cause: self.cause.as_deref(),
            effective_at: self.effective_at,
            through: self.ended_through.as_deref(),
        })?;
        Ok(Some(ConsentSeen {
            id: ConsentId::from_uuid(id),
            version: at.number(revision)?,
            entry: EntryId::from_uuid(entry),
            item: at.text(item)?,
            case: at.text_opt(self.case_ref.as_deref())?,
            terms: at.terms(self.terms.as_deref())?,
            valid: Period { from: instant(from), to: self.valid_to.map(instant) },
            state,
        }))
    }
}

const ACTING: Sql = Sql {
    postgres: "SELECT q.ord - 1 AS ord, (SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM catalogue_entry) AS catalogue, \
        g.version AS grantor_version, g.died_on AS grantor_died, g.born AS grantor_born, \
        r.version AS representative_version, r.died_on AS representative_died, \
        COALESCE(g.merged_into, r.merged_into) IS NOT NULL AS moved, p.source_id, p.case_ref, p.basis, p.valid_from, \
        p.valid_to, p.source_revision, p.ended, \
        EXISTS (SELECT 1 FROM statutory_power s WHERE s.person_id = g.id) OR EXISTS (SELECT 1 FROM custody_holder h \
        JOIN custody c ON c.id = h.custody_id WHERE h.person_id = r.id AND c.child_id = g.id) OR r.cvr IS NOT NULL AS related \
        FROM unnest($1::UUID[], $2::UUID[], $3::TEXT[]) WITH ORDINALITY AS q(grantor, representative, privilege, ord) \
        JOIN person g ON g.id = q.grantor JOIN person r ON r.id = q.representative \
        LEFT JOIN LATERAL (SELECT * FROM power WHERE power.grantor_id = q.grantor AND power.representative_id = q.representative AND power.privilege = q.privilege AND power.known_to IS NULL) p ON TRUE",
    sqlite: "SELECT q.key AS ord, (SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM catalogue_entry) AS catalogue, \
        g.version AS grantor_version, g.died_on AS grantor_died, g.born AS grantor_born, \
        r.version AS representative_version, r.died_on AS representative_died, \
        COALESCE(g.merged_into, r.merged_into) IS NOT NULL AS moved, p.source_id, p.case_ref, p.basis, p.valid_from, \
        p.valid_to, p.source_revision, p.ended, \
        EXISTS (SELECT 1 FROM statutory_power s WHERE s.person_id = g.id) OR EXISTS (SELECT 1 FROM custody_holder h \
        JOIN custody c ON c.id = h.custody_id WHERE h.person_id = r.id AND c.child_id = g.id) OR r.cvr IS NOT NULL AS related \
        FROM json_each($1) q CROSS JOIN person g ON g.id = unhex(q.value ->> 0) CROSS JOIN person r ON r.id = unhex(q.value ->> 1) \
        LEFT JOIN power p ON p.grantor_id = g.id AND p.representative_id = r.id AND p.privilege = q.value ->> 2 \
        AND p.known_to IS NULL",
};

const CONSENTS: Sql = Sql {
    postgres: "SELECT q.ord - 1 AS ord, (SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM catalogue_entry) AS catalogue, \
        p.version, p.died_on, p.merged_into IS NOT NULL AS moved, p.born, c.id, c.revision, c.entry_id, c.item, c.case_ref, c.valid_from, \
        c.valid_to, c.state, c.ended_at, c.cause, c.effective_at, c.ended_through, c.terms \
        FROM unnest($1::UUID[], $2::TEXT[]) WITH ORDINALITY AS q(person, authority, ord) JOIN person p ON p.id = q.person \
        LEFT JOIN LATERAL (SELECT * FROM consent WHERE consent.person_id = q.person AND consent.authority = q.authority) c ON TRUE",
    sqlite: "SELECT q.key AS ord, (SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM catalogue_entry) AS catalogue, \
        p.version, p.died_on, p.merged_into IS NOT NULL AS moved, p.born, c.id, c.revision, c.entry_id, c.item, c.case_ref, c.valid_from, \
        c.valid_to, c.state, c.ended_at, c.cause, c.effective_at, c.ended_through, c.terms \
        FROM json_each($1) q CROSS JOIN person p ON p.id = unhex(q.value ->> 0) \
        LEFT JOIN consent c ON c.person_id = p.id AND c.authority = q.value ->> 1",
};

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

fn born(person: Uuid, text: Option<&str>) -> Result<Option<LocalDate>, StoreError> {
    RowRef { table: "person", id: person }.text_opt(text)
}

/// What was found for each question, with the version of the catalogues in the same snapshot; `None` where nothing was found, so
/// that the snapshot told none.
type Found<Facts> = (Option<u64>, Vec<Option<Looked<Facts>>>);

/// The query of the keys, as PostgreSQL takes them: as columns.
macro_rules! acting_columns {
    ($keys:expr) => {
        sqlx::query_as(ACTING.postgres)
            .bind($keys.iter().map(|k| k.grantor.as_uuid()).collect::<Vec<_>>())
            .bind($keys.iter().map(|k| k.representative.as_uuid()).collect::<Vec<_>>())
            .bind($keys.iter().map(|k| k.privilege.as_str()).collect::<Vec<_>>())
    };
}
macro_rules! consents_columns {
    ($keys:expr) => {
        sqlx::query_as(CONSENTS.postgres)
            .bind($keys.iter().map(|k| k.person.as_uuid()).collect::<Vec<_>>())
            .bind($keys.iter().map(|k| k.authority.to_string()).collect::<Vec<_>>())
    };
}
/// As SQLite takes them: as a list of rows.
macro_rules! acting_rows {
    ($keys:expr) => {{
        let row =
            |k: &ActingKey| json!([hex(k.grantor.as_uuid()), hex(k.representative.as_uuid()), k.privilege]);
        sqlx::query_as(ACTING.sqlite).bind(Value::Array($keys.iter().map(row).collect()).to_string())
    }};
}
macro_rules! consents_rows {
    ($keys:expr) => {{
        let row = |k: &ConsentKey| json!([hex(k.person.as_uuid()), k.authority.to_string()]);
        sqlx::query_as(CONSENTS.sqlite).bind(Value::Array($keys.iter().map(row).collect()).to_string())
    }};
}

impl Store {
    /// What [`Tx::acting_now`] finds, in a snapshot of its own: one statement is one. Where something else than mandates may matter,
    /// those questions are looked for again in one transaction; what they find has one snapshot too, a later one.
    pub async fn acting_now(&self, keys: &[ActingKey]) -> Result<Found<ActingFacts>, StoreError> {
        let rows: Vec<ActingRow> = match &self.pools {
            Pools::Postgres(pool) => acting_columns!(keys).fetch_all(pool).await?,
            Pools::Sqlite { read, .. } => acting_rows!(keys).fetch_all(read).await?,
        };
        let (catalogue, mut looked) = acting_found(keys, &rows)?;
        let related: BTreeSet<usize> = related(&rows).collect();
        if !related.is_empty() {
            let again: Vec<ActingKey> = related.iter().filter_map(|n| keys.get(*n)).cloned().collect();
            let found = self.read().await?.acting_now(&again).await?;
            for (n, found) in related.into_iter().zip(found) {
                if let Some(slot) = looked.get_mut(n) {
                    *slot = found;
                }
            }
        }
        Ok((catalogue, looked))
    }

    /// Likewise of consents.
    pub async fn consents_now(&self, keys: &[ConsentKey]) -> Result<Found<ConsentFacts>, StoreError> {
        let rows: Vec<ConsentRow> = match &self.pools {
            Pools::Postgres(pool) => consents_columns!(keys).fetch_all(pool).await?,
            Pools::Sqlite { read, .. } => consents_rows!(keys).fetch_all(read).await?,
        };
        consents_found(keys, &rows)
    }
}

/// Which questions have more to look at than mandates.
fn related(rows: &[ActingRow]) -> impl Iterator<Item = usize> {
    rows.iter().filter(|row| row.related).filter_map(|row| usize::try_from(row.ord).ok())
}

/// The two persons of a question, with the days on which they died.
fn pair(key: &ActingKey, row: &ActingRow) -> Result<Pair, StoreError> {
    Ok(Pair {
        grantor: key.grantor,
        grantor_died: born(key.grantor.as_uuid(), row.grantor_died.as_deref())?,
        representative: key.representative,
        representative_died: born(key.representative.as_uuid(), row.representative_died.as_deref())?,
    })
}

fn acting_found(keys: &[ActingKey], rows: &[ActingRow]) -> Result<Found<ActingFacts>, StoreError> {
    let mut looked: Vec<Option<Looked<ActingFacts>>> = vec![None; keys.len()];
    for row in rows {
        let Some((slot, key)) = at(&mut looked, keys, row.ord) else { continue };
        let found = match slot {
            Some(found) => found,
            None => slot.insert(Looked {
                facts: ActingFacts {
                    grantor_died: row.grantor_died.is_some(),
                    representative_died: row.representative_died.is_some(),
                    grantor_born: born(key.grantor.as_uuid(), row.grantor_born.as_deref())?,
                    ..ActingFacts::default()
                },
                person: unsigned(row.grantor_version),
                representative: Some(unsigned(row.representative_version)),
                moved: row.moved,
            }),
        };
        found.facts.powers.extend(row.power()?);
    }
    Ok((rows.first().map(|row| unsigned(row.catalogue)), looked))
}

fn consents_found(keys: &[ConsentKey], rows: &[ConsentRow]) -> Result<Found<ConsentFacts>, StoreError> {
    let mut looked: Vec<Option<Looked<ConsentFacts>>> = vec![None; keys.len()];
    for row in rows {
        let Some((slot, key)) = at(&mut looked, keys, row.ord) else { continue };
        let found = match slot {
            Some(found) => found,
            None => slot.insert(Looked {
                facts: ConsentFacts {
                    died: row.died_on.is_some(),
                    born: born(key.person.as_uuid(), row.born.as_deref())?,
                    consents: Vec::new(),
                },
                person: unsigned(row.version),
                representative: None,
                moved: row.moved,
            }),
        };
        found.facts.consents.extend(row.consent()?);
    }
    Ok((rows.first().map(|row| unsigned(row.catalogue)), looked))
}

impl Tx<Read> {
    /// What is known now of each: in the order of the keys, `None` where one of the persons is not known.
    pub async fn acting_now(
        &mut self,
        keys: &[ActingKey],
    ) -> Result<Vec<Option<Looked<ActingFacts>>>, StoreError> {
        let rows: Vec<ActingRow> = match &mut self.engine {
            Engine::Postgres(tx) => acting_columns!(keys).fetch_all(&mut **tx).await?,
            Engine::Sqlite(tx) => acting_rows!(keys).fetch_all(&mut **tx).await?,
        };
        let (_, mut looked) = acting_found(keys, &rows)?;
        let mut last = None;
        for row in rows.iter().filter(|row| row.related) {
            // The rows of one question follow each other.
            if last.replace(row.ord) == Some(row.ord) {
                continue;
            }
            let Some((Some(found), key)) = at(&mut looked, keys, row.ord) else { continue };
            let (relations, capacity_removed) = self.related_now(pair(key, row)?).await?;
            found.facts.relations = relations;
            found.facts.capacity_removed = capacity_removed;
            let representative = self.person(key.representative).await?;
            found.facts.representative = representative.map(|person| person.party).unwrap_or_default();
            found.facts.powers_of_organisation =
                self.powers_through(key, &found.facts.representative, u64::MAX).await?;
        }
        Ok(looked)
    }

    /// Likewise of consents.
    pub async fn consents_now(
        &mut self,
        keys: &[ConsentKey],
    ) -> Result<Vec<Option<Looked<ConsentFacts>>>, StoreError> {
        let rows: Vec<ConsentRow> = match &mut self.engine {
            Engine::Postgres(tx) => consents_columns!(keys).fetch_all(&mut **tx).await?,
            Engine::Sqlite(tx) => consents_rows!(keys).fetch_all(&mut **tx).await?,
        };
        Ok(consents_found(keys, &rows)?.1)
    }

    /// What was known of one at an earlier time, from the journal and the powers table; `None` where one of the persons was not
    /// known then, or the decision that is named did not look at them.
    pub async fn acting_known(
        &mut self,
        key: &ActingKey,
        known: KnownAt,
    ) -> Result<Option<Looked<ActingFacts>>, StoreError> {
        let (Some(version), Some(other)) =
            (self.version_of(key.grantor, known).await?, self.version_of(key.representative, known).await?)
        else {
            return Ok(None);
        };
        let (Some(grantor), Some(representative)) = (
            self.known::<Person>(key.grantor.as_uuid(), key.grantor, version).await?,
            self.known::<Person>(key.representative.as_uuid(), key.representative, other).await?,
        ) else {
            return Ok(None);
        };
        let powers = self.powers_known(key, version).await?;
        let through = self.powers_through(key, &representative.party, version).await?;
        let pair = Pair {
            grantor: key.grantor,
            grantor_died: grantor.life.died_on(),
            representative: key.representative,
            representative_died: representative.life.died_on(),
        };
        let (relations, capacity_removed) = self.related_then(pair, version).await?;
        Ok(Some(Looked {
            facts: ActingFacts {
                grantor_died: grantor.life.died_on().is_some(),
                representative_died: representative.life.died_on().is_some(),
                grantor_born: grantor.born,
                powers,
                relations,
                capacity_removed,
                representative: representative.party,
                powers_of_organisation: through,
            },
            person: version,
            representative: Some(other),
            moved: false,
        }))
    }

    /// Every power of a question, as known when so much was known of its grantor.
    pub(crate) async fn powers_known(
        &mut self,
        key: &ActingKey,
        version: u64,
    ) -> Result<Vec<PowerSeen>, StoreError> {
        const SQL: &str = "SELECT source_id, case_ref, basis, valid_from, valid_to, source_revision, ended FROM power WHERE grantor_id = $1 \
             AND representative_id = $2 AND privilege = $3 AND known_from <= $4 AND (known_to IS NULL OR known_to > $4)";
        let rows: Vec<PowerKnown> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(key.grantor.as_uuid())
            .bind(key.representative.as_uuid())
            .bind(key.privilege.as_str())
            .bind(i64::try_from(version).unwrap_or(i64::MAX))
            .fetch_all(conn)
            .await)?;
        let mut powers = Vec::with_capacity(rows.len());
        for (source, case, basis, from, to, revision, ended) in rows {
            let at = RowRef { table: "power", id: source };
            powers.push(PowerSeen {
                case: at.text_opt(case.as_deref())?,
                basis: at.basis(&basis)?,
                source,
                version: at.number(revision)?,
                valid_from: instant(from),
                valid_to: instant(to),
                ended: at.power_end(ended.as_deref())?,
            });
        }
        Ok(powers)
    }

    /// Likewise of consents.
    pub async fn consents_known(
        &mut self,
        key: &ConsentKey,
        known: KnownAt,
    ) -> Result<Option<Looked<ConsentFacts>>, StoreError> {
        const SQL: &str = "SELECT id FROM consent WHERE person_id = $1 AND authority = $2";
        let Some(version) = self.version_of(key.person, known).await? else { return Ok(None) };
        let Some(person) = self.known::<Person>(key.person.as_uuid(), key.person, version).await? else {
            return Ok(None);
        };
        let ids: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(key.person.as_uuid())
            .bind(key.authority.to_string())
            .fetch_all(conn)
            .await)?;
        let mut consents = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(consent) = self.known::<Consent>(id, key.person, version).await? else { continue };
            consents.push(ConsentSeen {
                id: consent.id,
                version: consent.revision,
                entry: consent.answer.entry.entry,
                item: consent.answer.item,
                case: consent.answer.case,
                terms: consent.answer.terms,
                valid: consent.answer.valid,
                state: consent.state,
            });
        }
        let facts = ConsentFacts { died: person.life.died_on().is_some(), born: person.born, consents };
        Ok(Some(Looked { facts, person: version, representative: None, moved: false }))
    }

    /// Who may hold that privilege for a person, after an id, also as an employee of an organisation that does: whether they do at a moment is for the decision to say.
    pub async fn representatives(
        &mut self,
        grantor: PersonId,
        privilege: &PrivilegeUri,
        after: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<PersonId>, StoreError> {
        const SQL: &str = "SELECT who FROM (SELECT representative_id AS who FROM power WHERE grantor_id = $1 AND privilege = $2 AND known_to IS NULL \
             AND representative_id > $3 UNION SELECT e.id AS who FROM power p JOIN person e ON e.employer_id = p.representative_id \
             WHERE p.grantor_id = $1 AND p.privilege = $2 AND p.known_to IS NULL AND e.id > $3) found ORDER BY who LIMIT $4";
        let found: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(grantor.as_uuid())
            .bind(privilege.as_str())
            .bind(after.map_or(Uuid::nil(), PersonId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        Ok(found.into_iter().map(PersonId::from_uuid).collect())
    }

    /// For whom somebody may hold that privilege, after an id.
    pub async fn grantors(
        &mut self,
        representative: PersonId,
        privilege: &PrivilegeUri,
        after: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<PersonId>, StoreError> {
        const SQL: &str = "SELECT DISTINCT grantor_id FROM power WHERE representative_id IN ($1, (SELECT employer_id FROM person WHERE id = $1)) \
             AND privilege = $2 AND known_to IS NULL AND grantor_id > $3 ORDER BY grantor_id LIMIT $4";
        let found: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(representative.as_uuid())
            .bind(privilege.as_str())
            .bind(after.map_or(Uuid::nil(), PersonId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        Ok(found.into_iter().map(PersonId::from_uuid).collect())
    }

    /// Which privileges somebody may hold for a person, after one, in their order.
    pub async fn privileges_between(
        &mut self,
        grantor: PersonId,
        representative: PersonId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<PrivilegeUri>, StoreError> {
        const SQL: &str = "SELECT DISTINCT privilege FROM power WHERE grantor_id = $1 AND known_to IS NULL \
             AND representative_id IN ($2, (SELECT employer_id FROM person WHERE id = $2)) AND privilege > $3 ORDER BY privilege LIMIT $4";
        let found: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(grantor.as_uuid())
            .bind(representative.as_uuid())
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        let at = RowRef { table: "power", id: grantor.as_uuid() };
        found.iter().map(|uri| at.text(uri)).collect()
    }

    /// Who has answered an authority about consents, after an id.
    pub async fn consenting(
        &mut self,
        authority: Cvr,
        after: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<PersonId>, StoreError> {
        const SQL: &str = "SELECT DISTINCT person_id FROM consent WHERE authority = $1 AND person_id > $2 ORDER BY person_id LIMIT $3";
        let found: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(authority.to_string())
            .bind(after.map_or(Uuid::nil(), PersonId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        Ok(found.into_iter().map(PersonId::from_uuid).collect())
    }

    /// How many events the catalogues have had: another number means that they say something else.
    pub async fn catalogue_version(&mut self) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM catalogue_entry";
        let version: i64 = on!(self, |conn| sqlx::query_scalar(SQL).fetch_one(conn).await)?;
        Ok(unsigned(version))
    }
}

fn at<'a, S, K>(slots: &'a mut [S], keys: &'a [K], ord: i64) -> Option<(&'a mut S, &'a K)> {
    let ord = usize::try_from(ord).ok()?;
    Some((slots.get_mut(ord)?, keys.get(ord)?))
}
