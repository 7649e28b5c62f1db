//! A municipality's worth of mandates and consents, written by the database itself.
//!
//! The persons are there, each mandate has its presentation and its powers, and what was given names the catalogue entry that is in use.
//! Every reference holds, with two shortcuts where no decision looks: all presentations have the same short document, and consents name
//! the presentations of mandates. The journal of these rows is not written: an installation that was filled like this answers like any
//! other, and `verify` says that what it finds has no events. Triggers and references are off while it is filled, and indexes that only
//! serve to find rows are built afterwards.
//!
//! All ids follow from numbers, so that whoever asks can compute them: see [`Filling`].

use serde_json::json;
use std::fmt::Write as _;
use tillid_domain::{Digest, Instant};
use tillid_service::ambient::Ambient;
use tillid_testkit::{Administrator, Database, Engine};

/// Every mandate has this privilege of M14.
pub(crate) const ALWAYS: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle";
/// Every mandate of an odd number has this one too.
pub(crate) const SOMETIMES: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjemmehjaelp:laes";
/// Who can log in: the first half gives mandates while it is measured, the other half gets them.
pub(crate) const WRITERS: u64 = 16;
/// Who says so.
pub(crate) const ISSUER: &str = "https://broker.bench.example";

const AUTHORITY: &str = "99100001";
const DAY: i64 = 86_400_000_000;
/// What has happened to each of them so far, as their versions say.
const EVENTS: u64 = 16;

/// How much there is.
///
/// Person `n` has the id `00000001-0000-8000-8000-` and `n` in twelve hexadecimal digits, mandate `i` likewise with a 2, its presentation
/// with a 3, consent `j` with a 4 and its declaration with a 5.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Filling {
    /// How many mandates.
    pub(crate) mandates: u64,
}

impl Filling {
    /// How many persons have given one.
    pub(crate) fn persons(self) -> u64 {
        (self.mandates * 2 / 5).max(100)
    }

    /// How many consents.
    pub(crate) fn consents(self) -> u64 {
        self.mandates / 5
    }

    /// The grantor and the representative of a mandate: of no two mandates the same.
    pub(crate) fn parties(self, mandate: u64) -> (u64, u64) {
        let persons = self.persons();
        let grantor = mandate % persons;
        (grantor, (grantor + persons / 2 + mandate / persons) % persons)
    }

    /// The person that somebody who can log in is.
    pub(crate) fn writer(self, number: u64) -> u64 {
        self.persons() + number
    }

    /// The same as [`Self::parties`], where `i` is the mandate in SQL or in a script of `pgbench`.
    pub(crate) fn parties_in_sql(self) -> (String, String) {
        let persons = self.persons();
        let grantor = format!("(i % {persons})");
        let representative = format!("((i % {persons} + {} + i / {persons}) % {persons})", persons / 2);
        (grantor, representative)
    }
}

/// A person's id.
pub(crate) fn person(number: u64) -> String {
    format!("00000001-0000-8000-8000-{number:012x}")
}

/// An id in SQL, from a number in SQL.
pub(crate) fn id_in_sql(engine: Engine, kind: u8, number: &str) -> String {
    match engine {
        Engine::Postgres => {
            format!("('0000000{kind}-0000-8000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid")
        }
        Engine::Sqlite => format!("unhex('0000000{kind}000080008000' || printf('%012x', {number}))"),
    }
}

/// What the statements are written with.
struct Sql {
    engine: Engine,
    filling: Filling,
    /// The catalogue entries that are in use, and their ids in SQL.
    package: String,
    consent_type: String,
    given: i64,
}

/// Fills a database that has its tables and its catalogue, and nothing else.
pub(crate) async fn generate(database: &Database, filling: Filling) {
    let mut administrator = database.administrator().await;
    let engine = database.engine;
    let entry = |code: &str| match engine {
        Engine::Postgres => format!("SELECT CAST(id AS TEXT) FROM catalogue_entry WHERE code = '{code}'"),
        Engine::Sqlite => format!("SELECT lower(hex(id)) FROM catalogue_entry WHERE code = '{code}'"),
    };
    let mut sql = Sql {
        engine,
        filling,
        package: administrator.column(&entry("M14")).await.remove(0),
        consent_type: administrator.column(&entry("C02")).await.remove(0),
        given: Ambient::system().now().as_micros() - 30 * DAY,
    };
    sql.package = hyphenated(&sql.package);
    let begin: &[&str] = match engine {
        Engine::Postgres => &[
            "SET session_replication_role = replica",
            "SET synchronous_commit = off",
            "SET maintenance_work_mem = '512MB'",
        ],
        Engine::Sqlite => &[
            "PRAGMA foreign_keys = OFF",
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA cache_size = -1000000",
        ],
    };
    run(&mut administrator, begin).await;
    let indexes = take_indexes_away(&mut administrator).await;
    for statement in sql.statements() {
        run(&mut administrator, &[&statement]).await;
    }
    for index in indexes {
        run(&mut administrator, &[&index]).await;
    }
    let end: &[&str] = match engine {
        Engine::Postgres => &["VACUUM (ANALYZE)", "CHECKPOINT"],
        Engine::Sqlite => &["ANALYZE", "PRAGMA journal_mode = WAL"],
    };
    run(&mut administrator, end).await;
}

async fn run(administrator: &mut Administrator, statements: &[&str]) {
    for sql in statements {
        administrator.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

/// Takes away every index of the filled tables that holds nothing true by itself; returns how they are made again.
async fn take_indexes_away(administrator: &mut Administrator) -> Vec<String> {
    const FILLED: &str = "('person', 'presentation', 'mandate', 'power', 'consent')";
    let sql = match administrator {
        Administrator::Postgres(_) => format!(
            "SELECT c.relname::TEXT, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
             JOIN pg_class t ON t.oid = i.indrelid WHERE NOT i.indisunique AND t.relname IN {FILLED}"
        ),
        Administrator::Sqlite(_) => format!(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE INDEX%' AND tbl_name IN {FILLED}"
        ),
    };
    let mut made = Vec::new();
    for row in administrator.rows(&sql).await {
        let [Some(name), Some(definition)] = row.as_slice() else { panic!("an index without a name") };
        run(administrator, &[&format!("DROP INDEX {name}")]).await;
        made.push(definition.clone());
    }
    made
}

/// The privileges of a mandate in SQL.
fn privileges() -> String {
    format!("CASE WHEN i % 2 = 1 THEN '[\"{ALWAYS}\",\"{SOMETIMES}\"]' ELSE '[\"{ALWAYS}\"]' END")
}

/// A UUID as texts have it.
fn hyphenated(id: &str) -> String {
    id.parse::<uuid::Uuid>().unwrap().to_string()
}

impl Sql {
    fn statements(&self) -> Vec<String> {
        let mut statements = vec![self.persons(), self.logins(), self.presentations(), self.mandates()];
        statements.extend([
            self.powers(ALWAYS, "TRUE"),
            self.powers(SOMETIMES, "i % 2 = 1"),
            self.consents(),
        ]);
        statements
    }

    fn id(&self, kind: u8, number: &str) -> String {
        id_in_sql(self.engine, kind, number)
    }

    /// Numbers from 0 on, called `i`.
    fn numbers(&self, count: u64) -> String {
        let last = count.saturating_sub(1);
        match self.engine {
            Engine::Postgres => format!("generate_series(0::BIGINT, {last}) i"),
            Engine::Sqlite => format!(
                "(WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n)"
            ),
        }
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        let hex = bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        match self.engine {
            Engine::Postgres => format!("'\\x{hex}'::BYTEA"),
            Engine::Sqlite => format!("x'{hex}'"),
        }
    }

    fn persons(&self) -> String {
        format!(
            "INSERT INTO person (id, revision, version, born, registered_at) SELECT {}, 1, {EVENTS}, '1970-01-01', {} FROM {}",
            self.id(1, "i"),
            self.given,
            self.numbers(self.filling.persons() + WRITERS)
        )
    }

    fn logins(&self) -> String {
        let person = self.id(1, &format!("{} + i", self.filling.persons()));
        let numbers = self.numbers(WRITERS);
        format!(
            "INSERT INTO person_login (issuer, login, person_id) SELECT '{ISSUER}', 'writer-' || i, {person} FROM {numbers}"
        )
    }

    /// One for each mandate, all of the same short document.
    fn presentations(&self) -> String {
        let (grantor, representative) = self.filling.parties_in_sql();
        let document = br#"{"title":"M14"}"#;
        // In a text, an id is written with its hyphens on either engine.
        let representative = match self.engine {
            Engine::Postgres => format!("lpad(to_hex({representative}), 12, '0')"),
            Engine::Sqlite => format!("printf('%012x', {representative})"),
        };
        let privileges = privileges();
        let presented = format!(
            "'{{\"about\":\"mandate\",\"case\":null,\"packages\":{},\"privileges\":' || {privileges} || ',\"representative\":\"' \
             || '00000001-0000-8000-8000-' || {representative} || '\",\"representative_name\":null,\"until\":{}}}'",
            self.packages(),
            json!(Instant::from_micros(self.given + 730 * DAY))
        );
        format!(
            "INSERT INTO presentation (id, person_id, language, presented, document, document_hash, shown_at) \
             SELECT {}, {}, 'da', {presented}, {}, {}, {} FROM {}",
            self.id(3, "i"),
            self.id(1, &grantor),
            self.bytes(document),
            self.bytes(Digest::of(document).as_bytes()),
            self.given,
            self.numbers(self.filling.mandates)
        )
    }

    fn packages(&self) -> String {
        format!("[{{\"code\":\"M14\",\"entry\":\"{}\",\"number\":1}}]", self.package)
    }

    fn mandates(&self) -> String {
        let (grantor, representative) = self.filling.parties_in_sql();
        format!(
            "INSERT INTO mandate (id, revision, grantor_id, representative_id, packages, privileges, valid_from, valid_to, \
             presentation_id, given_at, state) SELECT {}, 1, {}, {}, '{}', \
             {}, {given}, {}, {}, {given}, 'given' FROM {}",
            self.id(2, "i"),
            self.id(1, &grantor),
            self.id(1, &representative),
            self.packages(),
            privileges(),
            self.given + 730 * DAY,
            self.id(3, "i"),
            self.numbers(self.filling.mandates),
            given = self.given,
        )
    }

    fn powers(&self, privilege: &str, which: &str) -> String {
        let (grantor, representative) = self.filling.parties_in_sql();
        format!(
            "INSERT INTO power (grantor_id, representative_id, privilege, basis, source_id, valid_from, valid_to, known_from) \
             SELECT {}, {}, '{privilege}', 'MANDATE_DIGITAL', {}, {}, {}, 2 + i / {} FROM {} WHERE {which}",
            self.id(1, &grantor),
            self.id(1, &representative),
            self.id(2, "i"),
            self.given,
            self.given + 730 * DAY,
            self.filling.persons(),
            self.numbers(self.filling.mandates)
        )
    }

    fn consents(&self) -> String {
        let entry = match self.engine {
            Engine::Postgres => format!("'{}'::UUID", self.consent_type),
            Engine::Sqlite => format!("x'{}'", self.consent_type),
        };
        format!(
            "INSERT INTO consent (id, revision, person_id, declaration_id, presentation_id, authority, entry_id, code, number, item, \
             polarity, case_ref, channel, valid_from, valid_to, answered_at, state) SELECT {}, 1, {}, {}, {}, '{AUTHORITY}', {entry}, \
             'C02', 1, 'laege', 'consent', '27.36.04-2026-' || i, 'digital', {given}, {}, {given}, 'given' FROM {}",
            self.id(4, "i"),
            self.id(1, &format!("(i % {})", self.filling.persons())),
            self.id(5, "i"),
            self.id(3, "i"),
            self.given + 365 * DAY,
            self.numbers(self.filling.consents()),
            given = self.given,
        )
    }
}
