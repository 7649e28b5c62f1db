//! The role of the service on PostgreSQL: what it is granted, and what it is denied.

use crate::make::person;
use std::collections::BTreeSet;
use tillid_storage::{GrantError, Store};
use tillid_testkit::{Administrator, Cluster, Database, Engine, Fresh, vault};

/// The journal, and the log that witnesses have signed.
const KEPT: [&str; 8] = [
    "event",
    "event_body",
    "event_subject",
    "log_checkpoint",
    "log_cosignature",
    "log_entry",
    "log_signature",
    "log_tile",
];

/// Insufficient privilege.
const DENIED: &str = "42501";
/// An exception that a trigger of ours raised.
const RAISED: &str = "P0001";

/// What the statement came to: its SQLSTATE.
async fn outcome(who: &mut Administrator, sql: &str) -> String {
    match who.execute(sql).await {
        Ok(_) => "00000".to_owned(),
        Err(sqlx::Error::Database(error)) => error.code().unwrap_or_default().into_owned(),
        Err(other) => panic!("{sql}: {other}"),
    }
}

async fn as_service(database: &Database) -> Administrator {
    Administrator::of(&database.address).await
}

fn quoted(role: &str) -> String {
    format!("\"{}\"", role.replace('"', "\"\""))
}

/// What whoever breaks into the service would try on a table that is only ever added to.
async fn on_a_table(owner: &mut Administrator, table: &str, role: &str) -> Vec<(String, &'static str)> {
    let column = owner.columns(table).await[0].name.clone();
    let triggers = format!(
        "SELECT tgname::TEXT FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal"
    );
    let trigger = owner.column(&triggers).await[0].clone();
    let deleted = if ["event_body", "event_subject"].contains(&table) { RAISED } else { DENIED };
    vec![
        (format!("UPDATE {table} SET {column} = {column}"), DENIED),
        (format!("DELETE FROM {table}"), deleted),
        (format!("TRUNCATE {table}"), DENIED),
        (format!("TRUNCATE {table} CASCADE"), DENIED),
        (format!("ALTER TABLE {table} DISABLE TRIGGER ALL"), DENIED),
        (format!("ALTER TABLE {table} DISABLE TRIGGER {trigger}"), DENIED),
        (format!("DROP TRIGGER {trigger} ON {table}"), DENIED),
        (format!("CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION refuse_change()"), DENIED),
        (format!("CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING"), DENIED),
        (format!("ALTER TABLE {table} ADD COLUMN mine TEXT"), DENIED),
        (format!("ALTER TABLE {table} OWNER TO {role}"), DENIED),
        (format!("DROP TABLE {table}"), DENIED),
        (
            format!(
                "MERGE INTO {table} USING (SELECT 1) one ON TRUE WHEN MATCHED THEN UPDATE SET {column} = DEFAULT"
            ),
            DENIED,
        ),
        (format!("COPY {table} TO PROGRAM 'cat'"), DENIED),
        (format!("COPY {table} TO '/tmp/stolen'"), DENIED),
    ]
}

/// The same beyond the tables.
fn beyond_the_tables(role: &str, owner: &str) -> Vec<(String, &'static str)> {
    [
        "SET session_replication_role = replica",
        "CREATE TABLE mine (id BIGINT)",
        "CREATE TABLE pg_temp.event AS SELECT * FROM event",
        "CREATE TEMPORARY TABLE mine (id BIGINT)",
        "CREATE FUNCTION mine() RETURNS BIGINT LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER FUNCTION refuse_change() RENAME TO mine",
        "DROP FUNCTION refuse_change() CASCADE",
        "CREATE VIEW mine AS SELECT * FROM event",
        "CREATE SCHEMA mine",
        "DROP SCHEMA public CASCADE",
        "CREATE ROLE mine SUPERUSER",
        "CREATE DATABASE mine",
        "ALTER DATABASE postgres SET session_replication_role = replica",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT pg_read_binary_file('PG_VERSION')",
        "SELECT pg_ls_dir('.')",
        "SELECT lo_import('/etc/hostname')",
        "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'",
        "SELECT rolpassword FROM pg_authid",
        "SELECT setval('pending_position_seq', 1)",
        "SELECT nextval('pending_position_seq')",
        "UPDATE pg_trigger SET tgenabled = 'D'",
        "DELETE FROM _sqlx_migrations",
        "UPDATE log_head SET origin = 'mine'",
        "DELETE FROM log_head",
        "UPDATE pending SET position = DEFAULT",
        "UPDATE person SET name = 'mine'",
        "UPDATE consent SET person_id = person_id",
        "UPDATE power SET valid_to = valid_to + 1",
        "UPDATE access_record SET at = 1",
        "UPDATE presentation SET document = document",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([
        format!("SET ROLE {owner}"),
        format!("SET SESSION AUTHORIZATION {owner}"),
        format!("GRANT {owner} TO {role}"),
        format!("ALTER ROLE {role} SUPERUSER"),
        format!("ALTER ROLE {role} CREATEROLE"),
        format!("REASSIGN OWNED BY {owner} TO {role}"),
    ])
    .map(|sql| (sql, DENIED))
    .collect()
}

/// PostgreSQL says of these that nothing was granted, and goes on; so what they lead to is what counts.
async fn grants_to_itself(service: &mut Administrator, role: &str) {
    for table in KEPT {
        let _ = service.execute(&format!("GRANT ALL ON {table} TO {role}")).await;
        let _ = service.execute(&format!("GRANT UPDATE, TRUNCATE, TRIGGER ON {table} TO PUBLIC")).await;
        let held = format!(
            "SELECT string_agg(privilege, ' ') FROM unnest(ARRAY['UPDATE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) privilege \
             WHERE has_table_privilege('{table}', privilege)"
        );
        assert_eq!(service.column(&held).await, [""], "{table}");
    }
}

/// S14: whoever has the service's connection changes nothing of journal and log, and gets no further.
#[tokio::test]
async fn the_role_of_the_service_is_denied_whatever_would_change_the_journal_or_the_log() {
    let fresh = Fresh::new(Engine::Postgres).await;
    let anna = person(&fresh.store).await;
    let mut owner = fresh.database.administrator().await;
    let mut service = as_service(&fresh.database).await;
    let role = quoted(&fresh.database.role());
    let name = quoted(&owner.column("SELECT session_user::TEXT").await[0]);
    let mut tried = beyond_the_tables(&role, &name);
    for table in KEPT {
        tried.extend(on_a_table(&mut owner, table, &role).await);
    }
    let mut got = Vec::new();
    for (sql, _) in &tried {
        got.push((sql.clone(), outcome(&mut service, sql).await));
    }
    let expected: Vec<_> = tried.iter().map(|(sql, state)| (sql.clone(), (*state).to_owned())).collect();
    assert_eq!(got, expected);
    assert!(tried.len() >= 150, "{}", tried.len());
    grants_to_itself(&mut service, &role).await;
    let lines = got.iter().fold(std::collections::BTreeMap::<&str, usize>::new(), |mut all, (_, state)| {
        *all.entry(state).or_default() += 1;
        all
    });
    println!("tried {}, by SQLSTATE: {lines:?}", tried.len());
    assert!(fresh.store.read().await.unwrap().person(anna).await.unwrap().is_some());
    fresh.check().await;
}

/// The negative control: what the service's role is denied, the owner can do.
#[tokio::test]
async fn the_owner_can_do_what_the_role_of_the_service_is_denied() {
    let fresh = Fresh::new(Engine::Postgres).await;
    person(&fresh.store).await;
    let mut owner = fresh.database.administrator().await;
    for sql in [
        "ALTER TABLE event DISABLE TRIGGER ALL; UPDATE event SET recorded_at = 1",
        "ALTER TABLE event_body DISABLE TRIGGER ALL; DELETE FROM event_body",
        "ALTER TABLE log_tile DISABLE TRIGGER ALL; TRUNCATE log_tile",
        "DROP TRIGGER log_entry_is_never_changed ON log_entry",
        "SET session_replication_role = replica; DELETE FROM event_subject",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
         UPDATE event SET recorded_at = 1",
        "CREATE TABLE mine (id BIGINT)",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'",
        "SELECT rolpassword FROM pg_authid",
    ] {
        assert_eq!(outcome(&mut owner, &format!("BEGIN; {sql}")).await, "00000", "{sql}");
        owner.execute("ROLLBACK").await.unwrap();
    }
    // And without its disguise the same statement meets the trigger.
    assert_eq!(outcome(&mut owner, "UPDATE event SET recorded_at = 1").await, RAISED);
    let standing =
        Store::open(&fresh.database.owner, vault(&[("k1", 1)])).await.unwrap().standing().await.unwrap();
    assert!(standing.unwrap().is_owner);
}

/// A table of the same name that comes first in the search would make a trigger look there. So nobody may make temporary tables;
/// with that right, the body of an event goes without erasure.
#[tokio::test]
async fn no_temporary_table_stands_before_the_journal() {
    let fresh = Fresh::new(Engine::Postgres).await;
    person(&fresh.store).await;
    let disguise = "CREATE TEMPORARY TABLE event AS SELECT * FROM public.event; \
         INSERT INTO pg_temp.event SELECT gen_random_uuid(), kind, aggregate_id, 9, 'erased', 1, commitment FROM public.event; \
         DELETE FROM public.event_body";
    assert_eq!(outcome(&mut as_service(&fresh.database).await, disguise).await, DENIED);
    let mut owner = fresh.database.administrator().await;
    let temporary =
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$";
    owner.execute(temporary).await.unwrap();
    let standing = fresh.store.standing().await.unwrap().unwrap();
    assert_eq!(standing.excess, ["database: TEMPORARY"]);
    let owners = Store::open(&fresh.database.owner, vault(&[("k1", 1)])).await.unwrap();
    owners.grant_to(&fresh.database.role()).await.unwrap();
    assert_eq!(outcome(&mut as_service(&fresh.database).await, disguise).await, DENIED);
}

#[tokio::test]
async fn every_table_has_a_class_and_every_right_is_there() {
    let fresh = Fresh::new(Engine::Postgres).await;
    let standing = fresh.store.standing().await.unwrap().unwrap();
    assert_eq!(standing.role, fresh.database.role());
    assert!(!standing.is_owner);
    assert_eq!((standing.missing, standing.excess), (Vec::new(), Vec::new()));
    let mut owner = fresh.database.administrator().await;
    let all = "SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = 'public'";
    let all: BTreeSet<String> = owner.column(all).await.into_iter().collect();
    // Whoever may read a table sees it; every table that has a class may be read.
    let readable = "SELECT table_name::TEXT FROM information_schema.role_table_grants WHERE table_schema = 'public' \
         AND privilege_type = 'SELECT'";
    let readable: BTreeSet<String> =
        as_service(&fresh.database).await.column(readable).await.into_iter().collect();
    assert_eq!(all.difference(&readable).collect::<Vec<_>>(), [""; 0], "a table without a class in roles.rs");
    let listed: BTreeSet<String> = Store::classed_tables().map(str::to_owned).collect();
    assert_eq!(listed, all, "a class without a table");
    owner.execute("CREATE TABLE surprise (id BIGINT)").await.unwrap();
    assert_eq!(outcome(&mut as_service(&fresh.database).await, "SELECT * FROM surprise").await, DENIED);
    assert_eq!(fresh.store.standing().await.unwrap().unwrap().excess, [""; 0]);
}

#[tokio::test]
async fn granting_again_takes_away_what_is_no_longer_granted() {
    let fresh = Fresh::new(Engine::Postgres).await;
    let mut owner = fresh.database.administrator().await;
    let role = quoted(&fresh.database.role());
    let more = format!(
        "GRANT UPDATE, TRUNCATE ON event TO {role}; GRANT UPDATE (name) ON person TO {role}; GRANT UPDATE ON pending_position_seq TO {role}; \
         GRANT CREATE ON SCHEMA public TO {role}; GRANT DELETE ON event TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC; \
         REVOKE INSERT ON consent FROM {role}"
    );
    owner.execute(&more).await.unwrap();
    let standing = fresh.store.standing().await.unwrap().unwrap();
    assert_eq!(standing.missing, ["consent: INSERT"]);
    let mut excess = standing.excess.clone();
    excess.sort();
    assert_eq!(
        excess,
        [
            "event: DELETE",
            "event: TRUNCATE",
            "event: UPDATE",
            "person: UPDATE (name)",
            "schema public: CREATE",
            "sequence pending_position_seq"
        ]
    );
    let owners = Store::open(&fresh.database.owner, vault(&[("k1", 1)])).await.unwrap();
    owners.grant_to(&fresh.database.role()).await.unwrap();
    let standing = fresh.store.standing().await.unwrap().unwrap();
    assert_eq!((standing.missing, standing.excess), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_role_that_would_have_more_is_refused_and_nothing_is_granted() {
    let database = Database::empty(Cluster::shared()).await;
    let owners = Store::open(&database.owner, vault(&[("k1", 1)])).await.unwrap();
    owners.migrate().await.unwrap();
    let mut owner = database.administrator().await;
    let (name, role) = (database.role(), quoted(&database.role()));
    let itself = owner.column("SELECT session_user::TEXT").await.remove(0);
    assert!(matches!(owners.grant_to(&itself).await, Err(GrantError::Owner(_))));
    for odd in ["public", "none", "pg_monitor", ""] {
        assert!(matches!(owners.grant_to(odd).await, Err(GrantError::Name(_))), "{odd}");
    }
    let nobody = format!("{name}\"; DROP TABLE event; --");
    assert!(matches!(owners.grant_to(&nobody).await, Err(GrantError::Unknown(_))));
    for (more, less, told) in [
        ("ALTER ROLE ? CREATEROLE", "ALTER ROLE ? NOCREATEROLE", "attribute CREATEROLE"),
        ("ALTER ROLE ? REPLICATION", "ALTER ROLE ? NOREPLICATION", "attribute REPLICATION"),
        ("GRANT pg_write_all_data TO ?", "REVOKE pg_write_all_data FROM ?", "event: UPDATE"),
        (
            "GRANT pg_execute_server_program TO ?",
            "REVOKE pg_execute_server_program FROM ?",
            "member of pg_execute_server_program",
        ),
        (
            "CREATE SCHEMA AUTHORIZATION ?",
            "DO $$ BEGIN EXECUTE format('DROP SCHEMA %I', (SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tillid%')); END $$",
            "schema ",
        ),
    ] {
        owner.execute(&more.replace('?', &role)).await.unwrap();
        match owners.grant_to(&name).await {
            Err(GrantError::Excess { excess, .. }) => {
                assert!(excess.iter().any(|e| e.starts_with(told)), "{told}: {excess:?}");
            }
            other => panic!("{more}: {other:?}"),
        }
        owner.execute(&less.replace('?', &role)).await.unwrap();
    }
    assert_eq!(outcome(&mut as_service(&database).await, "SELECT * FROM event").await, DENIED);
    owners.grant_to(&name).await.unwrap();
    assert_eq!(outcome(&mut as_service(&database).await, "SELECT * FROM event").await, "00000");
}

#[tokio::test]
async fn a_file_has_no_roles() {
    let fresh = Fresh::new(Engine::Sqlite).await;
    assert!(matches!(fresh.store.grant_to("tillid").await, Err(GrantError::NoRoles)));
    assert_eq!(fresh.store.standing().await.unwrap(), None);
}
