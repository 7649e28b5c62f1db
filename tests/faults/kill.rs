//! The process is killed under concurrent load, on both engines: no acknowledged write is lost, none is doubled by a retry, no
//! revoked power can be used, and the journal still says what the tables say. Whatever signed tree anybody saw meanwhile begins the
//! last one, which soon has every event.
//!
//! `kill -9` leaves the page cache alone, so this shows that answers come after commits; `fsync.rs` shows that commits are flushed.
//!
//! Negative controls: a proxy that acknowledges revocations before they are made (`early.rs`), and a mandate that nobody was told of.

use super::{
    early::Early,
    load::{Installation, Tally, chance},
};
use tillid_testkit::Engine;

/// How often the process of one engine is killed.
#[expect(clippy::disallowed_methods, reason = "the long form of a test is asked for from outside")]
fn rounds() -> usize {
    std::env::var("TILLID_KILL_ROUNDS").map_or(4, |rounds| rounds.parse().expect("a number of rounds"))
}

async fn nothing_is_lost_or_doubled(engine: Engine) {
    let mut installation = Installation::new(engine).await;
    let mut database = installation.tillid.administrator().await;
    for number in 1..=rounds() {
        let fatal = 50 + usize::try_from(chance() % 300).expect("it is small");
        installation = installation.round(fatal, &mut database).await;
        let faults = installation.faults(&mut database).await;
        assert_eq!(faults, Vec::<String>::new(), "round {number}, killed at {fatal}");
        let (code, words) = installation.tillid.verify();
        assert_eq!(code, 0, "round {number}, killed at {fatal}: {words}");
    }
    let (logged, faults) = installation.history.faults(&mut database).await;
    assert_eq!(faults, Vec::<String>::new());
    let Tally { rounds, acknowledged, unknown, unseen, busy, repeated } = installation.tally;
    println!(
        "{engine:?}: {rounds} kills; {acknowledged} acknowledged, {repeated} of them sent twice, {busy} told to try again; \
         {unknown} unknown and resolved ({unseen} rows were there already); {} rows promised and found; {logged}",
        installation.ledger.len()
    );
    assert!(unknown >= rounds, "requests are under way when the process dies");
    // The checker does see what is there without anybody having been told.
    installation.ledger.forget_a_mandate();
    let faults = installation.faults(&mut database).await;
    assert!(faults.iter().any(|fault| fault.starts_with("doubled: mandate")), "{faults:?}");
}

/// The control: with acknowledgements before the commit, the same rounds and the same checker find lost revocations, and powers
/// that can still be used. `verify` does not: nothing that is in the journal is wrong.
async fn early_acknowledgements_are_caught(engine: Engine) {
    let mut installation = Installation::new(engine).await;
    let mut database = installation.tillid.administrator().await;
    let early = Early::before(&installation.tillid.base).await;
    installation.tillid.base.clone_from(&early.base);
    let mut installation = installation.round(150, &mut database).await;
    drop(early);
    // Pairs that keep no mandate show the power most clearly; the ledger has the exact ids.
    let faults = installation.faults(&mut database).await;
    let lost = faults.iter().filter(|fault| fault.ends_with("was revoked and is given")).count();
    let usable = faults.iter().filter(|fault| fault.starts_with("power: ")).count();
    println!(
        "{engine:?}: {lost} of the revocations acknowledged early were lost, {usable} powers could still be used"
    );
    assert!(lost > 0 && usable > 0, "{faults:?}");
    assert_eq!(lost + usable, faults.len(), "{faults:?}");
    let (code, words) = installation.tillid.verify();
    assert_eq!(code, 0, "{words}");
    // The same installation without the proxy loses nothing more.
    installation = installation.round(60, &mut database).await;
    let later = installation.faults(&mut database).await;
    assert_eq!(later.iter().filter(|fault| fault.starts_with("lost")).count(), lost, "{later:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_or_doubled_by_kills_on_sqlite() {
    nothing_is_lost_or_doubled(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_or_doubled_by_kills_on_postgresql() {
    nothing_is_lost_or_doubled(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocations_acknowledged_before_the_commit_are_caught_on_sqlite() {
    early_acknowledgements_are_caught(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocations_acknowledged_before_the_commit_are_caught_on_postgresql() {
    early_acknowledgements_are_caught(Engine::Postgres).await;
}
