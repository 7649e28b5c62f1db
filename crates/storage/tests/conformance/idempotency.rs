//! Keys that make a change safe to repeat.

use crate::make::{at, commit, id, registration};
use tillid_domain::{Digest, actor::ActorTrace, id::PersonId};
use tillid_storage::{Claim, Effect, IdempotencyKey, Store};
use tillid_testkit::Fresh;
use tokio::task::JoinSet;
use uuid::Uuid;

fn key(key: &str, sent: &str) -> IdempotencyKey {
    let actor = ActorTrace::Citizen { person: PersonId::from_uuid(Uuid::from_u128(1)), at_work: None };
    IdempotencyKey { actor, key: key.to_owned(), fingerprint: Digest::of(sent.as_bytes()) }
}

fn effect(resource: Uuid) -> Effect {
    Effect { status: 201, resource: Some(resource), revision: Some(3) }
}

async fn claim(store: &Store, key: &IdempotencyKey) -> Claim {
    store.write().await.unwrap().claim(key, at(0)).await.unwrap()
}

async fn used(store: &Store, key: &IdempotencyKey, effect: Effect) {
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.claim(key, at(0)).await.unwrap(), Claim::New);
    tx.settle(key, effect).await.unwrap();
    tx.commit(Vec::new(), None).await.unwrap();
}

pub(crate) async fn a_key_is_new_once_and_then_tells_what_came_of_it(fresh: &Fresh) {
    let of = id();
    for (text, effect) in [
        ("plain", effect(of)),
        ("🗝️ 'æ' \\ %", effect(of)),
        ("nothing", Effect { status: 204, resource: None, revision: None }),
    ] {
        used(&fresh.store, &key(text, "sent"), effect).await;
        assert_eq!(claim(&fresh.store, &key(text, "sent")).await, Claim::Done(effect));
    }
}

pub(crate) async fn a_key_with_another_request_is_refused(fresh: &Fresh) {
    used(&fresh.store, &key("k", "sent"), effect(id())).await;
    assert_eq!(claim(&fresh.store, &key("k", "something else")).await, Claim::Reused);
}

pub(crate) async fn a_key_is_its_callers_own(fresh: &Fresh) {
    used(&fresh.store, &key("k", "sent"), effect(id())).await;
    let another = IdempotencyKey { actor: ActorTrace::Operator, ..key("k", "something else") };
    assert_eq!(claim(&fresh.store, &another).await, Claim::New);
    assert_eq!(claim(&fresh.store, &key("K", "sent")).await, Claim::New);
}

pub(crate) async fn a_key_whose_change_was_given_up_is_new_again(fresh: &Fresh) {
    for _ in 0..3 {
        assert_eq!(claim(&fresh.store, &key("k", "sent")).await, Claim::New);
    }
}

pub(crate) async fn twenty_equal_requests_at_once_have_one_effect(fresh: &Fresh) {
    let mut tasks = JoinSet::new();
    for n in 0..20 {
        let store = fresh.store.clone();
        tasks.spawn(async move {
            let key = key("k", "sent");
            let mut tx = store.write().await.unwrap();
            match tx.claim(&key, at(0)).await.unwrap() {
                // The first who come give up, as after a failure; the next one makes the change.
                Claim::New if n % 4 == 0 => None,
                Claim::New => {
                    let event = registration(Some("Anna"), None, at(0));
                    tx.settle(&key, effect(event.aggregate)).await.unwrap();
                    let made = event.aggregate;
                    tx.commit(vec![event], None).await.unwrap();
                    Some((made, true))
                }
                Claim::Done(effect) => Some((effect.resource.unwrap(), false)),
                Claim::Reused => panic!("it was the same request"),
            }
        });
    }
    let came: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(came.iter().filter(|(_, made)| *made).count(), 1);
    assert!(came.iter().all(|(resource, _)| *resource == came[0].0));
    let mut administrator = fresh.database.administrator().await;
    assert_eq!(administrator.count("SELECT COUNT(*) FROM person").await, 1);
}

pub(crate) async fn a_key_is_kept_for_a_day(fresh: &Fresh) {
    used(&fresh.store, &key("k", "sent"), effect(id())).await;
    let purge = async |seconds| {
        let mut tx = fresh.store.upkeep().await.unwrap();
        tx.purge(at(seconds)).await.unwrap();
        tx.finish().await.unwrap();
    };
    purge(24 * 3600 - 1).await;
    assert_ne!(claim(&fresh.store, &key("k", "sent")).await, Claim::New);
    purge(24 * 3600).await;
    assert_eq!(claim(&fresh.store, &key("k", "sent")).await, Claim::New);
    commit(&fresh.store, Vec::new()).await.unwrap();
}
