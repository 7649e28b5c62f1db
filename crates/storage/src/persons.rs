//! Persons, their logins and their numbers.

use crate::{
    StoreError,
    column::{RowRef, instant, json},
    engine::{Sql, Tx, Write, all_of, on, run},
    journal::signed,
    organisations::PartyRow,
    vault::Sealed,
};
use sqlx::FromRow;
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{
    Cpr, LocalDate,
    event::Recorded,
    id::{NumberId, PersonId},
    person::{Life, Person},
    text::Login,
};
use uuid::Uuid;

#[derive(FromRow)]
struct PersonRow {
    id: Uuid,
    revision: i64,
    name: Option<String>,
    born: Option<String>,
    died_on: Option<String>,
    death_known_at: Option<i64>,
    merged_into: Option<Uuid>,
    merge_known_at: Option<i64>,
    post_exempt_since: Option<String>,
    registered_at: i64,
    #[sqlx(flatten)]
    party: PartyRow,
}

macro_rules! person_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, name, born, died_on, death_known_at, merged_into, merge_known_at, post_exempt_since, \
             registered_at, cvr, employer_id, employee_id, stints FROM person ",
            $rest
        )
    };
}

impl PersonRow {
    /// The person, whose logins and numbers these are.
    fn read(self, logins: &[LoginRow], numbers: &[(Uuid, Uuid)]) -> Result<Person, StoreError> {
        let at = RowRef { table: "person", id: self.id };
        let bound = RowRef { table: "person_login", id: self.id };
        let died = at.text_opt(self.died_on.as_deref())?.zip(self.death_known_at);
        let merged = self.merged_into.zip(self.merge_known_at);
        let told = [self.death_known_at, self.merge_known_at].into_iter().flatten().count();
        let life = match (died, merged) {
            (None, None) if told == 0 && self.died_on.is_none() && self.merged_into.is_none() => Life::Alive,
            (Some((on, known_at)), None) if told == 1 => Life::Died { on, known_at: instant(known_at) },
            (None, Some((into, known_at))) if told == 1 && self.died_on.is_none() => {
                Life::Merged { into: PersonId::from_uuid(into), known_at: instant(known_at) }
            }
            _ => return Err(at.corrupt()),
        };
        Ok(Person {
            id: PersonId::from_uuid(self.id),
            revision: at.number(self.revision)?,
            name: at.text_opt(self.name.as_deref())?,
            born: at.text_opt(self.born.as_deref())?,
            numbers: numbers.iter().map(|(_, id)| NumberId::from_uuid(*id)).collect(),
            logins: logins
                .iter()
                .map(|l| Ok((bound.text(&l.issuer)?, bound.text(&l.login)?)))
                .collect::<Result<_, StoreError>>()?,
            life,
            post_exempt_since: at.text_opt(self.post_exempt_since.as_deref())?,
            registered_at: instant(self.registered_at),
            party: self.party.read(at)?,
        })
    }
}

/// What of a list that is sorted by persons is one person's.
fn of_one<T>(sorted: &[T], person: Uuid, whose: impl Fn(&T) -> Uuid) -> &[T] {
    let begin = sorted.partition_point(|one| whose(one) < person);
    let end = sorted.partition_point(|one| whose(one) <= person);
    sorted.get(begin..end).unwrap_or_default()
}

#[derive(FromRow)]
struct LoginRow {
    person_id: Uuid,
    issuer: String,
    login: String,
}

#[derive(FromRow)]
pub(crate) struct NumberRow {
    pub(crate) id: Uuid,
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
}

impl<Mode> Tx<Mode> {
    /// A person.
    pub async fn person(&mut self, id: PersonId) -> Result<Option<Person>, StoreError> {
        const SQL: &str = person_columns!("WHERE id = $1");
        const LOGINS: &str = "SELECT person_id, issuer, login FROM person_login WHERE person_id = $1";
        const NUMBERS: &str = "SELECT person_id, id FROM person_number WHERE person_id = $1";
        let row: Option<PersonRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        let Some(row) = row else { return Ok(None) };
        let logins: Vec<LoginRow> =
            on!(self, |conn| sqlx::query_as(LOGINS).bind(row.id).fetch_all(conn).await)?;
        let numbers: Vec<(Uuid, Uuid)> =
            on!(self, |conn| sqlx::query_as(NUMBERS).bind(row.id).fetch_all(conn).await)?;
        row.read(&logins, &numbers).map(Some)
    }

    /// Those of these persons who are known.
    pub async fn persons_by_id(
        &mut self,
        ids: &BTreeSet<PersonId>,
    ) -> Result<BTreeMap<PersonId, Person>, StoreError> {
        const SQL: Sql = Sql {
            postgres: person_columns!("WHERE id = ANY($1)"),
            sqlite: person_columns!("WHERE id IN (SELECT unhex(value) FROM json_each($1))"),
        };
        const LOGINS: Sql = Sql {
            postgres: "SELECT person_id, issuer, login FROM person_login WHERE person_id = ANY($1) ORDER BY person_id",
            sqlite: "SELECT person_id, issuer, login FROM person_login WHERE person_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY person_id",
        };
        const NUMBERS: Sql = Sql {
            postgres: "SELECT person_id, id FROM person_number WHERE person_id = ANY($1) ORDER BY person_id",
            sqlite: "SELECT person_id, id FROM person_number WHERE person_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY person_id",
        };
        let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
        let rows: Vec<PersonRow> = all_of!(self, SQL, &ids);
        let logins: Vec<LoginRow> = all_of!(self, LOGINS, &ids);
        let numbers: Vec<(Uuid, Uuid)> = all_of!(self, NUMBERS, &ids);
        let person = |row: PersonRow| {
            let logins = of_one(&logins, row.id, |login| login.person_id);
            let numbers = of_one(&numbers, row.id, |number| number.0);
            row.read(logins, numbers).map(|person| (person.id, person))
        };
        rows.into_iter().map(person).collect()
    }

    /// Who somebody goes on as: themselves, unless a register told that they are one with another (M10). Who is not known stays who they are.
    pub async fn goes_on_as(&mut self, person: PersonId) -> Result<PersonId, StoreError> {
        const SQL: &str = "SELECT merged_into FROM person WHERE id = $1 AND merged_into IS NOT NULL";
        let into: Option<Uuid> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(person.as_uuid()).fetch_optional(conn).await)?;
        Ok(into.map_or(person, PersonId::from_uuid))
    }

    /// Those who go on as that person, in the order of their ids.
    pub async fn merged_into(&mut self, person: PersonId) -> Result<Vec<PersonId>, StoreError> {
        const SQL: &str = "SELECT id FROM person WHERE merged_into = $1 ORDER BY id";
        let ids: Vec<Uuid> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(person.as_uuid()).fetch_all(conn).await)?;
        Ok(ids.into_iter().map(PersonId::from_uuid).collect())
    }

    /// A person, then those who go on as them: every id under which something of theirs is.
    pub async fn all_who_are(&mut self, person: PersonId) -> Result<Vec<PersonId>, StoreError> {
        let mut all = vec![person];
        all.extend(self.merged_into(person).await?);
        Ok(all)
    }

    /// Whose login it is; of those who are one with another, who goes on.
    pub async fn person_by_login(
        &mut self,
        issuer: &Login,
        login: &Login,
    ) -> Result<Option<PersonId>, StoreError> {
        const SQL: &str = "SELECT COALESCE(p.merged_into, p.id) FROM person_login l JOIN person p ON p.id = l.person_id \
             WHERE l.issuer = $1 AND l.login = $2";
        let id: Option<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(issuer.as_str())
            .bind(login.as_str())
            .fetch_optional(conn)
            .await)?;
        Ok(id.map(PersonId::from_uuid))
    }

    /// Whose number it is, whichever live key it was found by; of those who are one with another, who goes on.
    pub async fn person_by_number(&mut self, number: &Cpr) -> Result<Option<PersonId>, StoreError> {
        const SQL: &str = "SELECT COALESCE(p.merged_into, p.id) FROM person_number_index i JOIN person_number n ON n.id = i.number_id \
             JOIN person p ON p.id = n.person_id WHERE i.lookup = $1";
        self.found_by_number(SQL, number).await
    }

    async fn found_by_number(
        &mut self,
        sql: &'static str,
        number: &Cpr,
    ) -> Result<Option<PersonId>, StoreError> {
        for lookup in self.vault.lookups(number) {
            let id: Option<Uuid> = on!(self, |conn| sqlx::query_scalar(sql)
                .bind(lookup.hash.as_bytes().as_slice())
                .fetch_optional(conn)
                .await)?;
            if id.is_some() {
                return Ok(id.map(PersonId::from_uuid));
            }
        }
        Ok(None)
    }

    /// Whose number it was before anybody was told to be one with another, whichever live key it was found by.
    pub async fn holder_of_number(&mut self, number: &Cpr) -> Result<Option<PersonId>, StoreError> {
        const SQL: &str = "SELECT n.person_id FROM person_number_index i JOIN person_number n ON n.id = i.number_id WHERE i.lookup = $1";
        self.found_by_number(SQL, number).await
    }

    /// Tries the configured keys on what is here: one number under each of them opens and is found again, and every number is
    /// found by some of them. A node that has only the old key still serves while others move the numbers.
    pub(crate) async fn try_keys(&mut self) -> Result<(), StoreError> {
        const ONE: &str = "SELECT id, key_id, sealed FROM person_number WHERE key_id = $1 LIMIT 1";
        const LOST: Sql = Sql {
            sqlite: "SELECT n.id FROM person_number n WHERE n.key_id NOT IN (SELECT value FROM json_each($1)) AND NOT EXISTS (\
                 SELECT 1 FROM person_number_index i WHERE i.number_id = n.id AND i.key_id IN (SELECT value FROM json_each($1))) LIMIT 1",
            postgres: "SELECT n.id FROM person_number n WHERE n.key_id <> ALL (ARRAY(SELECT json_array_elements_text(CAST($1 AS JSON)))) \
                 AND NOT EXISTS (SELECT 1 FROM person_number_index i WHERE i.number_id = n.id \
                 AND i.key_id = ANY (ARRAY(SELECT json_array_elements_text(CAST($1 AS JSON))))) LIMIT 1",
        };
        let live: Vec<String> = self.vault.live().into_iter().map(str::to_owned).collect();
        for key in &live {
            let row: Option<NumberRow> =
                on!(self, |conn| sqlx::query_as(ONE).bind(key.as_str()).fetch_optional(conn).await)?;
            if let Some(row) = row {
                let number = self.vault.open(NumberId::from_uuid(row.id), &Sealed::from(&row))?;
                if self.person_by_number(&number).await?.is_none() {
                    return Err(StoreError::Keys("a number cannot be found by them"));
                }
            }
        }
        let sql = self.sql(&LOST);
        let lost: Option<Uuid> =
            on!(self, |conn| sqlx::query_scalar(sql).bind(json(&live)).fetch_optional(conn).await)?;
        if lost.is_some() {
            return Err(StoreError::Keys("a number is under a key that is not among them"));
        }
        const USED: &str = "SELECT DISTINCT key_id FROM document_key";
        let used: Vec<String> = on!(self, |conn| sqlx::query_scalar(USED).fetch_all(conn).await)?;
        if used.iter().all(|key| live.contains(key)) {
            Ok(())
        } else {
            Err(StoreError::Keys("a document is under a key that is not among them"))
        }
    }

    pub(crate) async fn numbers_of(&mut self, person: Uuid) -> Result<Vec<NumberRow>, StoreError> {
        const SQL: &str = "SELECT id, key_id, sealed FROM person_number WHERE person_id = $1 ORDER BY id";
        Ok(on!(self, |conn| sqlx::query_as(SQL).bind(person).fetch_all(conn).await)?)
    }
}

impl Tx<Write> {
    /// Keeps the number of a person who is being registered, or given another number, in this transaction. It can be found under every live key, so
    /// that two nodes with different active keys never register the same number twice.
    pub async fn keep_number(
        &mut self,
        id: NumberId,
        person: PersonId,
        number: &Cpr,
    ) -> Result<(), StoreError> {
        let sealed = self.vault.seal(id, number)?;
        run!(
            self,
            sqlx::query("INSERT INTO person_number (id, person_id, key_id, sealed) VALUES ($1, $2, $3, $4)")
                .bind(id.as_uuid())
                .bind(person.as_uuid())
                .bind(sealed.key_id)
                .bind(sealed.bytes)
        )?;
        // In one order, whichever key is active here: two nodes in the middle of a rotation must not wait for each other.
        let mut lookups = self.vault.lookups(number);
        lookups.sort_unstable_by(|a, b| a.key_id.cmp(&b.key_id));
        for lookup in lookups {
            run!(
                self,
                sqlx::query(
                    "INSERT INTO person_number_index (lookup, key_id, number_id) VALUES ($1, $2, $3)"
                )
                .bind(lookup.hash.as_bytes().as_slice())
                .bind(lookup.key_id)
                .bind(id.as_uuid())
            )?;
        }
        Ok(())
    }
}

impl Tx<Write> {
    /// Lets go of a number of somebody who is merged in this transaction, so that it can be kept as the other's.
    pub async fn release_number(&mut self, id: NumberId) -> Result<(), StoreError> {
        run!(self, sqlx::query("DELETE FROM person_number_index WHERE number_id = $1").bind(id.as_uuid()))?;
        run!(self, sqlx::query("DELETE FROM person_number WHERE id = $1").bind(id.as_uuid()))?;
        Ok(())
    }

    pub(crate) async fn set_birthday(&mut self, event: &Recorded, born: LocalDate) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("UPDATE person SET revision = $2, born = $3 WHERE id = $1")
                .bind(event.aggregate)
                .bind(signed(event.revision))
                .bind(born.to_string())
        )?;
        Ok(())
    }

    /// What follows from the merge of two persons: whoever is logged in as the one, or acts for them, logs in anew.
    pub(crate) async fn set_merged(&mut self, event: &Recorded, into: PersonId) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query(
                "UPDATE person SET revision = $2, merged_into = $3, merge_known_at = $4 WHERE id = $1"
            )
            .bind(event.aggregate)
            .bind(signed(event.revision))
            .bind(into.as_uuid())
            .bind(event.recorded_at.as_micros())
        )?;
        run!(
            self,
            sqlx::query("DELETE FROM session WHERE principal LIKE '%' || $1 || '%'")
                .bind(event.aggregate.to_string())
        )?;
        Ok(())
    }
}

impl From<&NumberRow> for Sealed {
    fn from(row: &NumberRow) -> Self {
        Self { key_id: row.key_id.clone(), bytes: row.sealed.clone() }
    }
}

/// The newest of what was found under each id of a person, by their own ids: each once, and no more than so many.
pub(crate) fn newest<T>(mut found: Vec<T>, limit: u32, id: impl Fn(&T) -> Uuid) -> Vec<T> {
    found.sort_by_key(|one| std::cmp::Reverse(id(one)));
    found.dedup_by_key(|one| id(one));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    found
}
