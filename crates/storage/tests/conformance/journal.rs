//! The journal: what is committed stands, and nothing else.

use crate::make::{at, commit, cpr, entry, event, id, login, person, registration, request};
use std::{future::poll_fn, pin::pin, task::Poll};
use tillid_domain::{
    Digest, LocalDate,
    erasure::ErasureGround,
    event::{Event, Fact, Kind},
    id::{NumberId, PersonId},
};
use tillid_storage::{Store, StoreError};
use tillid_testkit::{Engine, Fresh};
use tokio::task::JoinSet;

async fn bound(store: &Store, of: PersonId, revision: u64, name: &str) -> Event {
    let mut tx = store.read().await.unwrap();
    let known = tx.person(of).await.unwrap().unwrap();
    let (mut next, fact) = known.bind(login("https://login.example"), login(name));
    next.revision = revision;
    event(&next, at(10), fact)
}

pub(crate) async fn an_event_reads_back_as_it_was_committed_and_its_commitment_opens(fresh: &Fresh) {
    let event = registration(Some("Anna"), None, at(0));
    let recorded = commit(&fresh.store, vec![event.clone()]).await.unwrap();
    let mut tx = fresh.store.read().await.unwrap();
    let opened = tx.event(event.id).await.unwrap().unwrap();
    assert_eq!(opened.recorded.to_bytes(), recorded[0].to_bytes());
    assert_eq!(opened.recorded.fact, event.fact);
    assert_eq!(opened.commitment, Digest::commit(&opened.salt, &opened.recorded.to_bytes()));
    assert_eq!(tx.newest_event(Kind::Person, event.aggregate).await.unwrap(), Some(event.id));
    assert_eq!(tx.newest_event(Kind::Consent, event.aggregate).await.unwrap(), None);
    assert!(tx.event(tillid_domain::id::EventId::from_uuid(id())).await.unwrap().is_none());
}

pub(crate) async fn an_event_is_never_changed_or_deleted(fresh: &Fresh) {
    person(&fresh.store).await;
    let mut administrator = fresh.database.administrator().await;
    let mut refused = vec![
        "UPDATE event SET fact = 'erased'",
        "UPDATE event SET recorded_at = recorded_at - 1",
        "DELETE FROM event",
        "UPDATE event_subject SET version = version + 1",
        "DELETE FROM event_subject",
        "UPDATE event_body SET salt = bytes",
        "DELETE FROM event_body",
    ];
    if fresh.database.engine == Engine::Postgres {
        refused.extend(["TRUNCATE event CASCADE", "TRUNCATE event_body CASCADE", "TRUNCATE event_subject"]);
    }
    for sql in refused {
        let error = administrator.execute(sql).await.expect_err(sql).to_string();
        assert!(
            error.contains("is never changed")
                || error.contains("never deleted")
                || error.contains("only by erasure"),
            "{sql}: {error}"
        );
    }
    administrator.take_protection_away().await;
    let unguarded = "UPDATE event SET recorded_at = recorded_at + 0";
    assert_eq!(administrator.execute(unguarded).await.unwrap(), 1, "the guard is what refused");
}

pub(crate) async fn a_body_goes_only_when_its_whole_thing_is_erased(fresh: &Fresh) {
    let (gone, stays) = (person(&fresh.store).await, person(&fresh.store).await);
    let mut administrator = fresh.database.administrator().await;
    let uuid = |n: u8| match fresh.database.engine {
        Engine::Sqlite => format!("X'{}'", format!("{n:02x}").repeat(16)),
        Engine::Postgres => format!("'{}'::uuid", format!("{n:02x}").repeat(16)),
    };
    let of = |person: PersonId| match fresh.database.engine {
        Engine::Sqlite => format!("X'{}'", person.as_uuid().simple()),
        Engine::Postgres => format!("'{person}'::uuid"),
    };
    let body = |person: PersonId| {
        format!(
            "DELETE FROM event_body WHERE event_id IN (SELECT id FROM event WHERE aggregate_id = {})",
            of(person)
        )
    };
    assert!(administrator.execute(&body(gone)).await.is_err());
    let erasure = format!(
        "INSERT INTO event (id, kind, aggregate_id, revision, fact, recorded_at, commitment) \
         SELECT {}, kind, aggregate_id, 2, 'erased', recorded_at, commitment FROM event WHERE aggregate_id = {}; \
         INSERT INTO pending (event_id) VALUES ({})",
        uuid(9),
        of(gone),
        uuid(9)
    );
    // Not for good: this erasure has no event of its own in the journal, and the audit would say so.
    administrator.execute("BEGIN").await.unwrap();
    administrator.execute(&erasure).await.unwrap();
    assert_eq!(administrator.execute(&body(gone)).await.unwrap(), 1);
    assert!(administrator.execute(&body(stays)).await.is_err(), "another's body stays");
    administrator.execute("ROLLBACK").await.unwrap();
}

pub(crate) async fn a_person_who_was_not_locked_is_not_decided_about(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let entry = entry(&fresh.store, "C15").await;
    let (request, asked) = request(anna, &entry, "eksempel-kommune");
    let tx = fresh.store.write().await.unwrap();
    assert!(!tx.holds(&[anna]));
    let refused = tx.commit(vec![asked.clone()], None).await;
    assert!(matches!(refused, Err(StoreError::NotLocked)), "{refused:?}");
    let mut tx = fresh.store.write().await.unwrap();
    tx.lock(&[PersonId::from_uuid(id())]).await.unwrap();
    let refused = tx.commit(vec![asked.clone()], None).await;
    assert!(matches!(refused, Err(StoreError::NotLocked)), "another's lock does not do: {refused:?}");
    assert_eq!(fresh.store.read().await.unwrap().request(request.id).await.unwrap(), None);
    commit(&fresh.store, vec![asked]).await.unwrap();
}

pub(crate) async fn the_versions_of_a_person_have_no_gap(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let bo = person(&fresh.store).await;
    let entry = entry(&fresh.store, "C15").await;
    for n in 2..=6 {
        let (_, asked) = request(anna, &entry, "eksempel-kommune");
        let recorded = commit(&fresh.store, vec![asked]).await.unwrap();
        assert_eq!(recorded[0].subjects[0].version, n);
    }
    let mut administrator = fresh.database.administrator().await;
    let sql = "SELECT CAST(version AS TEXT) FROM event_subject ORDER BY person_id, event_subject.version";
    assert_eq!(administrator.column(sql).await, ["1", "2", "3", "4", "5", "6", "1"]);
    let mut tx = fresh.store.read().await.unwrap();
    assert_eq!(tx.version_at(bo, at(100)).await.unwrap(), 1);
}

pub(crate) async fn a_transaction_that_is_dropped_leaves_nothing(fresh: &Fresh) {
    let event = registration(Some("Anna"), None, at(0));
    let mut tx = fresh.store.write().await.unwrap();
    let number = NumberId::from_uuid(id());
    // On PostgreSQL a reference is looked at when the row comes; on both it is gone with the transaction.
    let _ = tx.keep_number(number, PersonId::from_uuid(event.aggregate), &cpr("7405433008")).await;
    drop(tx);
    let mut administrator = fresh.database.administrator().await;
    // Where the notices go on from is there from the beginning.
    for table in administrator.tables().await.iter().filter(|table| *table != "notice_cursor") {
        assert_eq!(administrator.count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    assert!(fresh.store.read().await.unwrap().person_by_number(&cpr("7405433008")).await.unwrap().is_none());
}

/// Whoever waits for the future gives it up once it has waited so many times.
async fn given_up<F: Future>(future: F, after: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut waits = 0;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if waits == after => Poll::Ready(None),
        Poll::Pending => {
            waits += 1;
            Poll::Pending
        }
    })
    .await
}

pub(crate) async fn a_caller_who_goes_away_at_any_moment_leaves_nothing(fresh: &Fresh) {
    // As many as there are connections, and some more: each of them is used next.
    const CONNECTIONS: usize = 20;
    for after in 0..24 {
        // Each begins with one question to the database.
        drop(given_up(fresh.store.read(), 0).await);
        for _ in 0..CONNECTIONS {
            commit(&fresh.store, vec![registration(Some("Bo"), None, at(1))]).await.unwrap();
        }
        drop(given_up(fresh.store.write(), 0).await);
        let half = registration(Some("Anna"), None, at(0));
        let done = given_up(commit(&fresh.store, vec![half.clone()]), after).await;
        for _ in 0..CONNECTIONS {
            commit(&fresh.store, vec![registration(Some("Bo"), None, at(1))]).await.unwrap();
        }
        // A commit that was given up is made or not; one that was answered is made.
        let mut tx = fresh.store.read().await.unwrap();
        let (event, person) = (tx.event(half.id).await.unwrap(), PersonId::from_uuid(half.aggregate));
        assert_eq!(event.is_some(), tx.person(person).await.unwrap().is_some());
        assert!(event.is_some() || !matches!(done, Some(Ok(_))));
    }
}

pub(crate) async fn a_commit_that_fails_half_way_leaves_nothing(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let good = registration(Some("Bo"), None, at(1));
    let bad = bound(&fresh.store, anna, 1, "anna").await;
    let refused = commit(&fresh.store, vec![good.clone(), bad]).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");
    let mut tx = fresh.store.read().await.unwrap();
    assert!(tx.person(PersonId::from_uuid(good.aggregate)).await.unwrap().is_none());
    assert!(tx.event(good.id).await.unwrap().is_none());
    assert_eq!(tx.version_at(anna, at(100)).await.unwrap(), 1);
}

pub(crate) async fn the_same_revision_of_a_thing_is_recorded_once(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let first = bound(&fresh.store, anna, 2, "anna").await;
    let second = bound(&fresh.store, anna, 2, "anna2").await;
    commit(&fresh.store, vec![first]).await.unwrap();
    let refused = commit(&fresh.store, vec![second]).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");
}

pub(crate) async fn an_effect_never_stands_before_its_cause(fresh: &Fresh) {
    let entry = entry(&fresh.store, "C15").await;
    let people = [person(&fresh.store).await, person(&fresh.store).await];
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let (store, entry) = (fresh.store.clone(), entry.clone());
        tasks.spawn(async move {
            for _ in 0..5 {
                let (_, asked) = request(people[n % 2], &entry, "eksempel-kommune");
                commit(&store, vec![asked]).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let mut administrator = fresh.database.administrator().await;
    let out_of_order = "SELECT COUNT(*) FROM event_subject a JOIN event_subject b ON b.person_id = a.person_id AND b.version > a.version \
         JOIN pending p ON p.event_id = a.event_id JOIN pending q ON q.event_id = b.event_id WHERE q.position <= p.position";
    assert_eq!(administrator.count(out_of_order).await, 0);
    assert_eq!(administrator.count("SELECT COUNT(*) FROM event_subject").await, 42);
}

pub(crate) async fn what_was_known_at_a_moment_is_what_had_been_recorded_by_then(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let next = bound(&fresh.store, anna, 2, "anna").await;
    commit(&fresh.store, vec![next]).await.unwrap();
    let mut tx = fresh.store.read().await.unwrap();
    for (moment, version) in [(-1, 0), (0, 1), (9, 1), (10, 2), (1_000_000, 2)] {
        assert_eq!(tx.version_at(anna, at(moment)).await.unwrap(), version, "at {moment}");
    }
}

pub(crate) async fn a_reader_sees_one_snapshot(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let mut before = fresh.store.read().await.unwrap();
    assert_eq!(before.person(anna).await.unwrap().unwrap().revision, 1);
    let next = bound(&fresh.store, anna, 2, "anna").await;
    commit(&fresh.store, vec![next]).await.unwrap();
    assert_eq!(before.person(anna).await.unwrap().unwrap().revision, 1);
    assert_eq!(before.version_at(anna, at(100)).await.unwrap(), 1);
    let mut after = fresh.store.read().await.unwrap();
    assert_eq!(after.person(anna).await.unwrap().unwrap().revision, 2);
}

pub(crate) async fn a_hundred_events_are_one_commit(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let entry = entry(&fresh.store, "C15").await;
    let asked: Vec<Event> = (0..100).map(|_| request(anna, &entry, "eksempel-kommune").1).collect();
    let recorded = commit(&fresh.store, asked).await.unwrap();
    let versions: Vec<u64> = recorded.iter().map(|r| r.subjects[0].version).collect();
    assert_eq!(versions, (2..=101).collect::<Vec<u64>>());
}

pub(crate) async fn a_fact_that_storage_cannot_write_is_refused(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let mut erased = bound(&fresh.store, anna, 2, "anna").await;
    erased.kind = Kind::CatalogueEntry;
    erased.fact = Fact::Erased { ground: ErasureGround::RetentionOver, tombstone: Digest::of(b"") };
    let refused = commit(&fresh.store, vec![erased]).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    assert_eq!(fresh.store.read().await.unwrap().version_at(anna, at(100)).await.unwrap(), 1);
}

pub(crate) async fn two_who_lock_each_others_persons_both_come_through(fresh: &Fresh) {
    let people = [person(&fresh.store).await, person(&fresh.store).await];
    let day: LocalDate = "2026-03-01".parse().unwrap();
    assert!(day.start() < at(0));
    let mut tasks = JoinSet::new();
    for n in 0..20 {
        let store = fresh.store.clone();
        tasks.spawn(async move {
            let mut tx = store.write().await.unwrap();
            let wanted = if n % 2 == 0 { people } else { [people[1], people[0]] };
            tx.lock(&wanted).await.unwrap();
            assert!(tx.holds(&people));
        });
    }
    tasks.join_all().await;
}

pub(crate) async fn the_database_knows_the_time(fresh: &Fresh) {
    #[expect(clippy::disallowed_methods, reason = "the database's clock is held against another")]
    let ours = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        i64::try_from(since.as_micros()).unwrap()
    };
    let before = ours();
    let theirs = fresh.store.read().await.unwrap().database_time().await.unwrap();
    let after = ours();
    assert!((before - 2_000..=after + 2_000).contains(&theirs), "{before} {theirs} {after}");
}
