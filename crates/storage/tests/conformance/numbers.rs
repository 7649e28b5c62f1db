//! CPR numbers: found by whoever has a live key, opened by nobody else, moved from key to key.

use crate::make::{cpr, numbered};
use tillid_domain::{Cpr, id::PersonId};
use tillid_storage::{Fault, Store, StoreError};
use tillid_testkit::{Fresh, vault};

async fn with(fresh: &Fresh, keys: &[(&str, u8)]) -> Store {
    Store::open(&fresh.database.address, vault(keys)).await.unwrap()
}

async fn found(store: &Store, number: &Cpr) -> Option<PersonId> {
    store.read().await.unwrap().person_by_number(number).await.unwrap()
}

/// How many were moved, and how many are left.
async fn rekey_all(store: &Store, limit: u32) -> Result<(u64, u64), StoreError> {
    let mut tx = store.upkeep().await.unwrap();
    let moved = tx.rekey(limit).await?;
    tx.finish().await?;
    Ok(moved)
}

async fn rekey(store: &Store, limit: u32) -> Result<u64, StoreError> {
    rekey_all(store, limit).await.map(|(moved, _)| moved)
}

async fn faults(store: &Store) -> Vec<(&'static str, Fault)> {
    let audit = store.read().await.unwrap().audit(|_| ()).await.unwrap();
    audit.findings.into_iter().map(|f| (f.table, f.fault)).collect()
}

fn many() -> Vec<Cpr> {
    (0..25).map(|n| cpr(&format!("610171{:04}", 17 + n))).collect()
}

pub(crate) async fn a_number_is_found_under_every_live_key(fresh: &Fresh) {
    let number = cpr("7405433008");
    let both = with(fresh, &[("k2", 2), ("k1", 1)]).await;
    let anna = numbered(&both, &number).await.unwrap();
    for keys in [&[("k2", 2), ("k1", 1)][..], &[("k1", 1)], &[("k2", 2)], &[("k3", 3), ("k1", 1)]] {
        assert_eq!(found(&with(fresh, keys).await, &number).await, Some(anna), "{keys:?}");
    }
    assert_eq!(found(&with(fresh, &[("k3", 3)]).await, &number).await, None);
    assert_eq!(found(&both, &cpr("7405433009")).await, None);
    let mut administrator = fresh.database.administrator().await;
    assert_eq!(administrator.count("SELECT COUNT(*) FROM person_number_index").await, 2);
    // The fixture's own key is not the one that sealed; leave what it can open.
    assert_eq!(rekey_all(&fresh.store, 10).await.unwrap(), (0, 1), "k1 cannot open what k2 has sealed");
    rekey(&with(fresh, &[("k1", 1), ("k2", 2)]).await, 10).await.unwrap();
}

pub(crate) async fn a_number_belongs_to_one_person_whichever_key_is_active(fresh: &Fresh) {
    let number = cpr("7405433008");
    let (one, other) =
        (with(fresh, &[("k1", 1), ("k2", 2)]).await, with(fresh, &[("k2", 2), ("k1", 1)]).await);
    let (a, b) = tokio::join!(numbered(&one, &number), numbered(&other, &number));
    let (winner, loser) = if a.is_ok() { (a, b) } else { (b, a) };
    assert!(matches!(loser, Err(StoreError::Exists(_))), "{loser:?}");
    assert_eq!(found(&one, &number).await, winner.ok());
    let again = numbered(&one, &number).await;
    assert!(matches!(again, Err(StoreError::Exists(_))), "{again:?}");
    rekey(&one, 10).await.unwrap();
}

pub(crate) async fn a_number_opens_only_under_its_own_key(fresh: &Fresh) {
    numbered(&fresh.store, &cpr("7405433008")).await.unwrap();
    assert_eq!(faults(&fresh.store).await, []);
    for wrong in [&[("k1", 9)][..], &[("k2", 1)], &[("k2", 2)]] {
        assert!(
            faults(&with(fresh, wrong).await).await.contains(&("person_number", Fault::Changed)),
            "{wrong:?}"
        );
    }
    let mut administrator = fresh.database.administrator().await;
    let plain = "SELECT COUNT(*) FROM person_number WHERE CAST(sealed AS TEXT) LIKE '%7405433008%'";
    assert_eq!(administrator.count(plain).await, 0);
}

pub(crate) async fn numbers_move_to_the_active_key_and_are_found_throughout(fresh: &Fresh) {
    let mut people = Vec::new();
    for number in many() {
        people.push((numbered(&fresh.store, &number).await.unwrap(), number));
    }
    let both = with(fresh, &[("k2", 2), ("k1", 1)]).await;
    let mut moved = Vec::new();
    loop {
        let count = rekey(&both, 10).await.unwrap();
        for (person, number) in &people {
            assert_eq!(found(&both, number).await, Some(*person), "after {moved:?}");
            assert_eq!(
                found(&fresh.store, number).await,
                Some(*person),
                "by a node that still has the old key"
            );
        }
        assert_eq!(faults(&both).await, []);
        moved.push(count);
        if count == 0 {
            break;
        }
    }
    assert_eq!(moved, [10, 10, 5, 0]);
    let mut administrator = fresh.database.administrator().await;
    let index = "SELECT COUNT(*) FROM person_number_index WHERE key_id = ";
    assert_eq!(administrator.count(&format!("{index}'k1'")).await, 25, "a live key's hashes stay");
    let new = with(fresh, &[("k2", 2)]).await;
    assert_eq!(faults(&new).await, [], "a hash under a key that has been retired is no fault");
    assert_eq!(rekey(&new, 10).await.unwrap(), 0);
    assert_eq!(administrator.count(&format!("{index}'k1'")).await, 0);
    assert_eq!(administrator.count(&format!("{index}'k2'")).await, 25);
    assert_eq!(administrator.count("SELECT COUNT(*) FROM person_number WHERE key_id <> 'k2'").await, 0);
    for (person, number) in &people {
        assert_eq!(found(&new, number).await, Some(*person));
    }
    assert_eq!(faults(&new).await, []);
    // Back to the fixture's own key, so that it can be held against the journal.
    let back = with(fresh, &[("k1", 1), ("k2", 2)]).await;
    while rekey(&back, 100).await.unwrap() > 0 {}
}

pub(crate) async fn a_key_that_went_too_early_is_told_and_nothing_moves(fresh: &Fresh) {
    let number = cpr("7405433008");
    let anna = numbered(&fresh.store, &number).await.unwrap();
    let early = with(fresh, &[("k2", 2)]).await;
    assert_eq!(rekey_all(&early, 10).await.unwrap(), (0, 1));
    assert_eq!(found(&early, &number).await, None);
    assert_eq!(found(&fresh.store, &number).await, Some(anna), "nothing was lost");
}

pub(crate) async fn keys_that_do_not_fit_are_told_before_anybody_is_looked_for(fresh: &Fresh) {
    async fn tried(fresh: &Fresh, keys: &[(&str, u8)]) -> Result<(), StoreError> {
        with(fresh, keys).await.check_keys().await
    }
    tried(fresh, &[("k9", 9)]).await.unwrap();
    numbered(&fresh.store, &cpr("7405433008")).await.unwrap();
    for fit in [&[("k1", 1)][..], &[("k1", 1), ("k2", 2)], &[("k2", 2), ("k1", 1)]] {
        tried(fresh, fit).await.unwrap();
    }
    let other = tried(fresh, &[("k1", 2)]).await;
    assert!(matches!(other, Err(StoreError::Sealed)), "{other:?}");
    let early = tried(fresh, &[("k2", 2)]).await;
    assert!(matches!(early, Err(StoreError::Keys(_))), "{early:?}");
    let both = with(fresh, &[("k2", 2), ("k1", 1)]).await;
    while rekey(&both, 100).await.unwrap() > 0 {}
    // A node that still has only the old key finds everybody until the last node gives it up.
    for fit in [&[("k2", 2)][..], &[("k1", 1)], &[("k3", 3), ("k2", 2)]] {
        tried(fresh, fit).await.unwrap();
    }
    rekey(&with(fresh, &[("k2", 2)]).await, 10).await.unwrap();
    let late = tried(fresh, &[("k1", 1)]).await;
    assert!(matches!(late, Err(StoreError::Keys(_))), "{late:?}");
    let back = with(fresh, &[("k1", 1), ("k2", 2)]).await;
    while rekey(&back, 100).await.unwrap() > 0 {}
}
