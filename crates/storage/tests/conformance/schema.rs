//! The two schemas say the same.

use crate::make::person;
use tillid_testkit::{Column, Database, Engine, Fresh, vault};

/// What an engine calls the type of a column, in one word for both.
fn word(kind: &str) -> &str {
    match kind {
        "UUID" | "BYTEA" | "BLOB" => "bytes",
        "BIGINT" | "INTEGER" => "number",
        "TEXT" => "text",
        other => other,
    }
}

async fn described(engine: Engine) -> Vec<(String, Vec<(String, String, bool)>)> {
    let fresh = Fresh::new(engine).await;
    let mut administrator = fresh.database.administrator().await;
    let mut tables = Vec::new();
    for table in administrator.tables().await {
        let columns = administrator.columns(&table).await;
        let plain = |c: Column| (c.name, word(&c.kind).to_owned(), c.nullable);
        tables.push((table, columns.into_iter().map(plain).collect()));
    }
    tables
}

async fn names(engine: Engine, sqlite: &str, postgres: &str) -> Vec<Vec<Option<String>>> {
    let fresh = Fresh::new(engine).await;
    let mut administrator = fresh.database.administrator().await;
    administrator.rows(if engine == Engine::Sqlite { sqlite } else { postgres }).await
}

async fn same(sqlite: &str, postgres: &str) -> Vec<Vec<Option<String>>> {
    let one = names(Engine::Sqlite, sqlite, postgres).await;
    assert_eq!(one, names(Engine::Postgres, sqlite, postgres).await);
    assert!(!one.is_empty());
    one
}

#[tokio::test]
async fn both_engines_have_the_same_tables_columns_and_gaps() {
    let (sqlite, postgres) = (described(Engine::Sqlite).await, described(Engine::Postgres).await);
    assert_eq!(sqlite, postgres);
    assert!(sqlite.len() >= 17, "the tables are found: {}", sqlite.len());
}

#[tokio::test]
async fn both_engines_have_the_same_migrations() {
    let sql = "SELECT CAST(m.version AS TEXT), m.description FROM _sqlx_migrations m ORDER BY m.version";
    let migrations = same(sql, sql).await;
    assert_eq!(migrations[0], [Some("1".to_owned()), Some("person".to_owned())]);
}

#[tokio::test]
async fn both_engines_have_the_same_indexes() {
    same(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name",
        "SELECT c.relname::TEXT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
         WHERE t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE '\\_%' \
         AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid) ORDER BY c.relname COLLATE \"C\"",
    )
    .await;
}

#[tokio::test]
async fn text_is_ordered_by_its_bytes_and_columns_hold_what_they_say() {
    let postgres = Fresh::new(Engine::Postgres).await;
    let mut administrator = postgres.database.administrator().await;
    let elsewhere = "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' \
         AND table_name NOT LIKE '\\_%' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'";
    assert_eq!(administrator.column(elsewhere).await, [""; 0]);
    let sqlite = Fresh::new(Engine::Sqlite).await;
    let mut administrator = sqlite.database.administrator().await;
    let loose = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND type = 'table' \
         AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_%' ESCAPE '\\'";
    assert_eq!(administrator.column(loose).await, [""; 0]);
}

pub(crate) async fn the_migrations_run_twice_change_nothing(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let mut administrator = fresh.database.administrator().await;
    let count = "SELECT COUNT(*) FROM _sqlx_migrations";
    let before = administrator.count(count).await;
    fresh.store.migrate().await.unwrap();
    let again = fresh.database.open(vault(&[("k1", 1)])).await;
    assert_eq!(administrator.count(count).await, before);
    assert!(again.read().await.unwrap().person(anna).await.unwrap().is_some());
}

/// What one engine would take by mistake and the other not: a value of another type, a reference to nothing, a gap.
pub(crate) async fn the_engine_refuses_what_the_other_would_refuse(fresh: &Fresh) {
    person(&fresh.store).await;
    let mut administrator = fresh.database.administrator().await;
    let bytes = if fresh.database.engine == Engine::Sqlite { "X'00'" } else { "gen_random_uuid()" };
    for sql in [
        "UPDATE person SET version = 'many'".to_owned(),
        "UPDATE person SET version = NULL".to_owned(),
        format!("INSERT INTO person_login (issuer, login, person_id) VALUES ('a', 'b', {bytes})"),
        format!(
            "INSERT INTO catalogue_entry (id, revision, shelf, code, number, authority, definition, drafted_by, state) \
             VALUES ({bytes}, 1, 'a', 'b', 1, 'c', 'd', 'e', 'lost')"
        ),
    ] {
        assert!(administrator.execute(&sql).await.is_err(), "{sql}");
    }
    let another = Database::new(fresh.database.engine).await;
    assert_ne!(another.address, fresh.database.address);
}
