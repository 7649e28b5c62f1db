//! After any row is changed, deleted or added behind the service's back, the audit names it.
//!
//! The tests are generated from the database's own description: a new table or column is tried without anybody thinking of it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

mod external;
mod fill;
mod hand;
mod s13;

use hand::{Hand, OPERATIONAL};
use s13::{
    s13_a_changed_field_actor_or_time_names_the_event, s13_a_deleted_tail_names_its_places,
    s13_a_deletion_in_the_middle_names_the_first_place, s13_a_grant_that_no_event_gave_is_named,
    s13_a_replaced_log_key_is_named, s13_a_tree_signed_again_with_the_stolen_key_contradicts_the_witness,
    s13_a_tree_that_was_hashed_again_is_found_by_a_checkpoint_that_was_kept,
    s13_an_edited_checkpoint_is_named, s13_an_emptied_queue_is_named, s13_an_inserted_event_names_its_place,
    s13_an_old_backup_is_found_by_a_checkpoint_that_was_kept,
    s13_swapped_payloads_and_salts_name_both_events, s13_two_logs_with_one_key_contradict_each_other,
    s13_two_that_were_swapped_are_both_named,
};
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
    what_comes_back_after_its_erasure_is_named,
    what_is_not_a_fact_is_not_named,
    nothing_is_named_where_nothing_was_done,
    each_invariant_notices_what_it_is_there_for,
    s13_a_changed_field_actor_or_time_names_the_event,
    s13_a_deletion_in_the_middle_names_the_first_place,
    s13_a_deleted_tail_names_its_places,
    s13_an_inserted_event_names_its_place,
    s13_two_that_were_swapped_are_both_named,
    s13_a_tree_that_was_hashed_again_is_found_by_a_checkpoint_that_was_kept,
    s13_a_tree_signed_again_with_the_stolen_key_contradicts_the_witness,
    s13_an_edited_checkpoint_is_named,
    s13_swapped_payloads_and_salts_name_both_events,
    s13_a_grant_that_no_event_gave_is_named,
    s13_an_old_backup_is_found_by_a_checkpoint_that_was_kept,
    s13_two_logs_with_one_key_contradict_each_other,
    s13_a_replaced_log_key_is_named,
    s13_an_emptied_queue_is_named,
);

/// The service's database with one of everything in it, and somebody who can do with it as they like.
async fn hand(engine: Engine) -> (World, Hand) {
    let world = World::witnessed(engine).await;
    fill::everything(&world).await;
    fill::a_witnessed_log(&world).await;
    world.check().await;
    fill::something_that_waits(&world).await;
    let hand = Hand::on(&world).await;
    (world, hand)
}

/// Whether every value is tried in every column: the long form. The short one tries one in each, of another kind in the next.
fn tries_every_value() -> bool {
    std::env::var_os("TILLID_TAMPER_ALL").is_some()
}

async fn a_changed_column_of_any_table_is_named(engine: Engine) {
    let (world, mut hand) = hand(engine).await;
    let (mut unnamed, mut tried, mut columns) = (Vec::new(), 0, 0);
    let every_value = tries_every_value();
    for table in hand.facts().await {
        for column in hand.columns(&table).await {
            let (mut applied, mut changes) = (0, hand.changes(&table, &column));
            let kinds = changes.len();
            changes.rotate_left(columns % kinds);
            columns += 1;
            for change in changes {
                let Some(row) = hand.change(&table, &column.name, &change).await else { continue };
                applied += 1;
                unnamed.extend(row.unnamed(&world, &format!("{}.{} = {change}", table, column.name)).await);
                hand.restore(&table).await;
                if !every_value {
                    break;
                }
            }
            assert!(applied > 0, "no value of {table}.{} could be changed", column.name);
            tried += applied;
        }
    }
    assert_eq!(unnamed, [""; 0]);
    assert!(tried >= columns && columns > 200, "{tried} of {columns} columns");
    world.check().await;
}

async fn a_deleted_row_of_any_table_is_named(engine: Engine) {
    let (world, mut hand) = hand(engine).await;
    let mut unnamed = Vec::new();
    for table in hand.facts().await {
        if table == "log_cosignature" {
            // The log claims less without it; the witness has it, and gives it again.
            continue;
        }
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
        if table == "log_head" {
            // It has one row, and room for no other.
            continue;
        }
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
    let tables = ["event_subject", "event_body", "log_entry", "event", "consent"];
    let events = "IN (SELECT id FROM event WHERE kind = 'consent')";
    for sql in [
        format!("DELETE FROM event_subject WHERE event_id {events}"),
        format!("DELETE FROM event_body WHERE event_id {events}"),
        format!("DELETE FROM log_entry WHERE event_id {events}"),
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
        ("mandate", "UPDATE mandate SET state = 'awaiting' WHERE id IN (SELECT under_id FROM mandate)"),
        ("mandate", "UPDATE mandate SET passed_on_by = representative_id WHERE under_id IS NOT NULL"),
        ("power", "UPDATE power SET valid_to = valid_to + 1 WHERE ended = 'together'"),
        ("mandate", "UPDATE mandate SET quorum = 3 WHERE bond = 'grantors'"),
        ("mandate", "UPDATE mandate SET state = 'given', valid_to = valid_to + 1 WHERE state = 'ended'"),
        ("consent", "UPDATE consent SET state = 'given' WHERE state = 'lapsed'"),
        ("consent_request", "UPDATE consent_request SET state = 'open' WHERE state = 'lapsed'"),
        (
            "person",
            "UPDATE person SET merged_into = id, merge_known_at = 0 WHERE merged_into IS NULL AND cvr IS NULL",
        ),
        ("consent_request", "UPDATE consent_request SET state = 'cancelled' WHERE state = 'answered'"),
        (
            "consent",
            "UPDATE consent SET item = 'sms', request_id = (SELECT MIN(id) FROM consent_request WHERE state = 'answered')",
        ),
        ("catalogue_entry", "UPDATE catalogue_entry SET state = 'published'"),
        ("mandate_request", "UPDATE mandate_request SET state = 'open' WHERE state = 'lapsed'"),
        ("mandate_request", "UPDATE mandate_request SET mandate_id = id WHERE state = 'approved'"),
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
    let audit = world.service.audit(&[], |_| ()).await.unwrap();
    assert!(audit.findings.iter().any(|f| f.table == "power"), "{:?}", audit.findings);
}

/// A right erasure leaves nothing. Whoever writes one that is none leaves something, or takes a body that nobody let go.
async fn who_says_that_something_was_erased_is_named(engine: Engine) {
    let (world, mut hand) = hand(engine).await;
    let (id, last) = match engine {
        Engine::Sqlite => ("randomblob(16)", "x'00'"),
        Engine::Postgres => ("gen_random_uuid()", "'\\x00'::bytea"),
    };
    // An erasure without a body, of something that is there.
    let forged = format!(
        "INSERT INTO event (id, kind, aggregate_id, revision, fact, recorded_at, commitment) \
         SELECT {id}, 'mandate', id, 99, 'erased', 0, {last} FROM mandate LIMIT 1"
    );
    let cases: [(&[&str], &str, &str); 4] = [
        (&["event"], &forged, "event_body"),
        // The body alone.
        (
            &["event_body"],
            "DELETE FROM event_body WHERE event_id = (SELECT id FROM event WHERE kind = 'consent' \
          AND fact = 'consent_given' AND aggregate_id IN (SELECT id FROM consent) LIMIT 1)",
            "event_body",
        ),
        // The tombstone.
        (
            &["event_body"],
            "DELETE FROM event_body WHERE event_id IN (SELECT id FROM event WHERE fact = 'erased')",
            "event_body",
        ),
        (
            &["event"],
            "UPDATE event SET recorded_at = recorded_at + 1 WHERE fact <> 'erased' AND aggregate_id IN \
          (SELECT aggregate_id FROM event WHERE fact = 'erased')",
            "event",
        ),
    ];
    for (tables, sql, named) in cases {
        assert!(hand.administrator.execute(sql).await.unwrap() > 0, "{sql}");
        let findings = hand::findings(&world).await;
        assert!(findings.iter().any(|f| f.table == named), "{sql}: {findings:?}");
        for table in tables {
            hand.restore(table).await;
        }
    }
    world.check().await;
}

/// A row that comes back after its erasure is named, in whichever table it stands.
async fn what_comes_back_after_its_erasure_is_named(engine: Engine) {
    let (world, mut hand) = hand(engine).await;
    let finn = "(SELECT aggregate_id FROM event WHERE kind = 'person' AND fact = 'erased')";
    let thing = |kind| {
        format!(
            "(SELECT aggregate_id FROM event WHERE kind = '{kind}' AND fact = 'erased' ORDER BY id LIMIT 1)"
        )
    };
    let mut cases = vec![(
        "event_body".to_owned(),
        format!(
            "UPDATE event_body SET event_id = (SELECT id FROM event WHERE kind = 'person' AND aggregate_id = {finn} AND revision = 1) \
         WHERE event_id = (SELECT MAX(event_id::TEXT)::UUID FROM event_body)"
        ),
    )];
    if engine == Engine::Sqlite {
        cases[0].1 = cases[0].1.replace("MAX(event_id::TEXT)::UUID", "MAX(event_id)");
    }
    for (table, column) in [
        ("person", "id"),
        ("person_number", "person_id"),
        ("person_login", "person_id"),
        ("event_subject", "person_id"),
        ("consent", "person_id"),
        ("consent_request", "person_id"),
        ("presentation", "person_id"),
        ("mandate", "representative_id"),
        ("mandate_request", "grantor_id"),
        ("power", "grantor_id"),
        ("access_record", "person_id"),
    ] {
        let key = hand.columns(table).await[0].name.clone();
        let first = format!("(SELECT {key} FROM {table} LIMIT 1)");
        let one = if table == "event_subject" { "version = 1 AND person_id".to_owned() } else { key };
        cases.push((table.to_owned(), format!("UPDATE {table} SET {column} = {finn} WHERE {one} = {first}")));
    }
    for (table, kind) in [
        ("consent", "consent"),
        ("consent_request", "consent_request"),
        ("presentation", "presentation"),
        ("mandate", "mandate"),
        ("mandate_request", "mandate_request"),
    ] {
        let sql =
            format!("UPDATE {table} SET id = {} WHERE id = (SELECT id FROM {table} LIMIT 1)", thing(kind));
        cases.push((table.to_owned(), sql));
    }
    for (table, sql) in cases {
        assert!(hand.administrator.execute(&sql).await.unwrap() > 0, "{sql}");
        let findings = hand::findings(&world).await;
        let named = |f: &&tillid_storage::Finding| {
            f.table == table && f.fault == tillid_storage::Fault::Added && f.detail.contains("was erased")
        };
        assert!(findings.iter().any(|f| named(&f)), "{sql}: {findings:?}");
        hand.restore(&table).await;
    }
    // Sessions and keys hold no fact, and nothing of the erased either.
    let (text, now) = match engine {
        Engine::Sqlite => (
            "lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4) || '-' || \
            substr(hex(id), 17, 4) || '-' || substr(hex(id), 21))",
            "X'00'",
        ),
        Engine::Postgres => ("id::TEXT", "'\\x00'::bytea"),
    };
    let of = format!("(SELECT {text} FROM (SELECT {finn} AS id) t)");
    for (table, sql) in [
        ("session", format!("UPDATE session SET principal = {of}")),
        (
            "idempotency",
            format!(
                "INSERT INTO idempotency (actor, key, fingerprint, status, claimed_at) VALUES ({of}, 'k', {now}, 0, 0)"
            ),
        ),
    ] {
        assert!(hand.administrator.execute(&sql).await.unwrap() > 0, "{sql}");
        let findings = hand::findings(&world).await;
        assert!(findings.iter().any(|f| f.table == table), "{sql}: {findings:?}");
    }
}
