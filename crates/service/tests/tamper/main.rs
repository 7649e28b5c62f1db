//! After any row is changed, deleted or added behind the service's back, the audit names it.
//!
//! The tests are generated from the database's own description: a new table or column is tried without anybody thinking of it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

mod fill;
mod hand;

use hand::{Hand, OPERATIONAL};
use tillid_testkit::{Engine, Invariants, World};

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(tillid_testkit::Engine::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(tillid_testkit::Engine::Postgres).await;
            })+
        }
    };
}

on_both!(
    a_changed_column_of_any_table_is_named,
    a_deleted_row_of_any_table_is_named,
    an_added_row_of_any_table_is_named,
    a_thing_that_went_with_all_its_events_leaves_a_gap_in_its_person,
    a_power_with_the_least_id_there_can_be_is_named,
    who_says_that_something_was_erased_is_named,
    what_is_not_a_fact_is_not_named,
    nothing_is_named_where_nothing_was_done,
    each_invariant_notices_what_it_is_there_for,
);

/// The service's database with one of everything in it, and somebody who can do with it as they like.
async fn hand(engine: Engine) -> (World, Hand) {
    let world = World::new(engine).await;
    fill::everything(&world).await;
    world.check().await;
    let hand = Hand::on(&world).await;
    (world, hand)
}

async fn a_changed_column_of_any_table_is_named(engine: Engine) {
    let (world, mut hand) = hand(engine).await;
    let (mut unnamed, mut tried) = (Vec::new(), 0);
    for table in hand.facts().await {
        for column in hand.columns(&table).await {
            let mut applied = 0;
            for change in hand.changes(&table, &column) {
                let Some(row) = hand.change(&table, &column.name, &change).await else { continue };
                applied += 1;
                unnamed.extend(row.unnamed(&world, &format!("{}.{} = {change}", table, column.name)).await);
                hand.restore(&table).await;
            }
            assert!(applied > 0, "no value of {table}.{} could be changed", column.name);
            tried += applied;
        }
    }
    assert_eq!(unnamed, [""; 0]);
    assert!(tried > 200, "{tried}");
    world.check().await;
}

async fn a_deleted_row_of_any_table_is_named(engine: Engine) {
    let (world, mut hand) = hand(engine).await;
    let mut unnamed = Vec::new();
    for table in hand.facts().await {
        for row in hand.some_rows(&table).await {
            let row = hand.delete(&table, &row).await;
            unnamed.extend(row.unnamed(&world, &format!("{table} without a row")).await);
            hand.restore(&table).await;
        }
    }
    assert_eq!(unnamed, [""; 0]);
    world.check().await;
}

async fn an_added_row_of_any_table_is_named(engine: Engine) {
    let (world, mut hand) = hand(engine).await;
    let mut unnamed = Vec::new();
    for table in hand.facts().await {
        for row in hand.some_rows(&table).await {
            let row = hand.copy(&table, &row).await;
            unnamed.extend(row.unnamed(&world, &format!("{table} with one more")).await);
            hand.restore(&table).await;
        }
    }
    assert_eq!(unnamed, [""; 0]);
    world.check().await;
}

/// Whoever removes a consent together with every trace of it still leaves the person's count behind.
async fn a_thing_that_went_with_all_its_events_leaves_a_gap_in_its_person(engine: Engine) {
    let (world, mut hand) = hand(engine).await;
    let tables = ["event_subject", "event_body", "pending", "event", "consent"];
    let events = "IN (SELECT id FROM event WHERE kind = 'consent')";
    for sql in [
        format!("DELETE FROM event_subject WHERE event_id {events}"),
        format!("DELETE FROM event_body WHERE event_id {events}"),
        format!("DELETE FROM pending WHERE event_id {events}"),
        "DELETE FROM event WHERE kind = 'consent'".to_owned(),
        "DELETE FROM consent".to_owned(),
    ] {
        assert!(hand.administrator.execute(&sql).await.unwrap() > 0, "{sql}");
    }
    let findings = hand::findings(&world).await;
    assert!(findings.iter().any(|f| f.table == "event_subject"), "{findings:?}");
    for table in tables {
        hand.restore(table).await;
    }
    world.check().await;
}

async fn what_is_not_a_fact_is_not_named(engine: Engine) {
    let (world, mut hand) = hand(engine).await;
    for table in OPERATIONAL {
        hand.administrator.execute(&format!("DELETE FROM {table}")).await.unwrap();
    }
    assert_eq!(hand::findings(&world).await, []);
}

/// The same hand on the same rows, without the tampering: what is named is named because of what was done.
async fn nothing_is_named_where_nothing_was_done(engine: Engine) {
    let (world, mut hand) = hand(engine).await;
    for table in hand.facts().await {
        for column in hand.columns(&table).await {
            let same = format!("UPDATE {table} SET {0} = {0}", column.name);
            assert!(hand.administrator.execute(&same).await.unwrap() > 0, "{table} has no row");
        }
        hand.restore(&table).await;
    }
    assert_eq!(hand::findings(&world).await, []);
    world.check().await;
}

/// The checks after each verb test are checks: broken, they say so.
async fn each_invariant_notices_what_it_is_there_for(engine: Engine) {
    let (_world, mut hand) = hand(engine).await;
    let breaks = [
        ("power", "UPDATE power SET known_to = NULL"),
        ("power", "DELETE FROM power"),
        ("mandate", "UPDATE mandate SET state = 'given', valid_to = valid_to + 1 WHERE state = 'ended'"),
        ("consent", "UPDATE consent SET state = 'given' WHERE state = 'lapsed'"),
        ("consent_request", "UPDATE consent_request SET state = 'open' WHERE state = 'lapsed'"),
        ("consent_request", "UPDATE consent_request SET state = 'cancelled' WHERE state = 'answered'"),
        (
            "consent",
            "UPDATE consent SET item = 'sms', request_id = (SELECT MIN(id) FROM consent_request WHERE state = 'answered')",
        ),
        ("catalogue_entry", "UPDATE catalogue_entry SET state = 'published'"),
    ];
    hand.administrator.execute("DROP INDEX catalogue_entry_in_use").await.unwrap();
    for ((sentence, _), (table, sql)) in Invariants::ALL.iter().zip(breaks) {
        let sql = hand.dialect(sql);
        assert!(hand.administrator.execute(&sql).await.unwrap() > 0, "{sql}");
        let broken = Invariants::broken(&mut hand.administrator).await;
        assert!(broken.contains(sentence), "{sentence}: {broken:?}");
        hand.restore(table).await;
        assert_eq!(Invariants::broken(&mut hand.administrator).await, [""; 0]);
    }
}

async fn a_power_with_the_least_id_there_can_be_is_named(engine: Engine) {
    let world = World::new(engine).await;
    fill::everything(&world).await;
    let mut administrator = world.database.administrator().await;
    administrator.take_protection_away().await;
    let nil = match engine {
        Engine::Sqlite => "zeroblob(16)",
        Engine::Postgres => "'00000000-0000-0000-0000-000000000000'::uuid",
    };
    let forged = format!(
        "INSERT INTO power (grantor_id, representative_id, privilege, basis, source_id, valid_from, valid_to, known_from) \
         SELECT grantor_id, representative_id, privilege, basis, {nil}, valid_from, valid_to, known_from FROM power LIMIT 1"
    );
    administrator.execute(&forged).await.unwrap();
    let audit = world.service.audit(|_| ()).await.unwrap();
    assert!(audit.findings.iter().any(|f| f.table == "power"), "{:?}", audit.findings);
}

async fn who_says_that_something_was_erased_is_named(engine: Engine) {
    let world = World::new(engine).await;
    fill::everything(&world).await;
    let mut administrator = world.database.administrator().await;
    administrator.take_protection_away().await;
    let (id, last) = match engine {
        Engine::Sqlite => ("randomblob(16)", "x'00'"),
        Engine::Postgres => ("gen_random_uuid()", "'\\x00'::bytea"),
    };
    let forged = format!(
        "INSERT INTO event (id, kind, aggregate_id, revision, fact, recorded_at, commitment) \
         SELECT {id}, 'mandate', id, 99, 'erased', 0, {last} FROM mandate LIMIT 1"
    );
    administrator.execute(&forged).await.unwrap();
    administrator.execute("UPDATE mandate SET valid_to = valid_to + 1").await.unwrap();
    let audit = world.service.audit(|_| ()).await.unwrap();
    assert!(
        audit.findings.iter().any(|f| f.table == "event_body" || f.table == "event"),
        "{:?}",
        audit.findings
    );
}
