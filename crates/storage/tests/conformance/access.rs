//! Who looked.

use crate::make::{access_id, at, batch_id, id, person};
use tillid_domain::{
    Instant,
    access::{AccessRecord, Act, Outcome, Visibility},
    actor::{ActorTrace, Purpose},
    event::Fact,
    id::{EmployeeId, EventId, PersonId},
};
use tillid_storage::{Looks, Store};
use tillid_testkit::{Fresh, catalogue::cvr};

fn record(person: PersonId, seconds: i64) -> AccessRecord {
    AccessRecord {
        id: access_id(),
        at: at(seconds),
        person,
        actor: ActorTrace::Employee { id: EmployeeId::from_uuid(id()), authority: cvr("eksempel-kommune") },
        act: Act::LookUp,
        target: Some(id()),
        purpose: Some(Purpose::CaseProcessing),
        case: Some("27.36.04-Ø12/26".parse().unwrap()),
        lookup: Some(access_id()),
        outcome: Outcome::Found,
        permits_until: Some(at(seconds + 1800)),
        visibility: Visibility::Normal,
        decision: None,
    }
}

fn held(person: PersonId, until: Instant) -> AccessRecord {
    let visibility = Visibility::Held {
        reason: "Efterforskning 🔎".parse().unwrap(),
        approved_by: EmployeeId::from_uuid(id()),
        until,
    };
    AccessRecord { visibility, ..record(person, 1) }
}

fn looks(records: Vec<AccessRecord>) -> Looks {
    Looks { batch: batch_id(), event: EventId::from_uuid(id()), at: at(5), records, external: Vec::new() }
}

async fn keep(store: &Store, records: Vec<AccessRecord>) {
    let tx = store.write().await.unwrap();
    tx.commit(Vec::new(), Some(looks(records))).await.unwrap();
}

pub(crate) async fn a_record_reads_back_with_all_that_was_said(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let full = record(anna, 1);
    let bare = AccessRecord {
        target: None,
        purpose: None,
        case: None,
        lookup: None,
        permits_until: None,
        outcome: Outcome::Nothing,
        actor: ActorTrace::Service,
        ..record(anna, 2)
    };
    let hidden = held(anna, at(100));
    keep(&fresh.store, vec![full.clone(), bare.clone(), hidden.clone()]).await;
    let mut tx = fresh.store.read().await.unwrap();
    for record in [full, bare, hidden] {
        assert_eq!(tx.access_record(record.id).await.unwrap(), Some(record));
    }
    assert_eq!(tx.access_record(access_id()).await.unwrap(), None);
}

pub(crate) async fn the_log_comes_newest_first_page_by_page(fresh: &Fresh) {
    let (anna, bo) = (person(&fresh.store).await, person(&fresh.store).await);
    let mut made = Vec::new();
    for n in 0..11 {
        let one = record(anna, n);
        keep(&fresh.store, vec![one.clone(), record(bo, n)]).await;
        made.insert(0, one);
    }
    let mut tx = fresh.store.read().await.unwrap();
    let (mut seen, mut below) = (Vec::new(), None);
    loop {
        let page = tx.access_log(anna, at(1_000), below, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        below = Some(last.id);
        seen.extend(page);
    }
    assert_eq!(seen, made);
}

pub(crate) async fn a_held_record_is_not_seen_before_its_time(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let (open, secret) = (record(anna, 1), held(anna, at(100)));
    keep(&fresh.store, vec![open.clone(), secret.clone()]).await;
    let mut tx = fresh.store.read().await.unwrap();
    let before = Instant::from_micros(at(100).as_micros() - 1);
    assert_eq!(tx.access_log(anna, before, None, 10).await.unwrap(), std::slice::from_ref(&open));
    assert_eq!(tx.access_log(anna, at(100), None, 10).await.unwrap(), [secret, open]);
}

pub(crate) async fn a_batch_of_looks_is_one_event_that_commits_to_each(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let records: Vec<AccessRecord> = (0..256).map(|n| record(anna, n)).collect();
    let looks = looks(records.clone());
    let tx = fresh.store.write().await.unwrap();
    let recorded = tx.commit(Vec::new(), Some(looks)).await.unwrap();
    assert_eq!(recorded.len(), 1);
    let Fact::AccessRecorded { records: committed, .. } = &recorded[0].fact else { panic!("not of looks") };
    let ids: Vec<_> = committed.iter().map(|c| c.id).collect();
    assert_eq!(ids, records.iter().map(|r| r.id).collect::<Vec<_>>());
    assert!(recorded[0].subjects.is_empty(), "the event does not tell whom it was about");
    let nothing = fresh.store.write().await.unwrap();
    let empty = Looks {
        batch: batch_id(),
        event: EventId::from_uuid(id()),
        at: at(5),
        records: Vec::new(),
        external: Vec::new(),
    };
    assert_eq!(nothing.commit(Vec::new(), Some(empty)).await.unwrap(), []);
}
