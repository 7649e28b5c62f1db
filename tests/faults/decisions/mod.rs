//! Decisions while mandates are given and revoked and processes are killed, on one file and by two processes on one server (bars R4, R5):
//! every history has an explanation in which each call takes effect at one moment, every answer has its record, and no acknowledged
//! change is lost.
//!
//! Negative controls: a cache of half a second before one node, an answer that is planted into a history, a record and a revocation that
//! are taken away.

mod cache;
mod callers;
mod history;
mod nodes;
mod records;

use cache::Cache;
use callers::Scene;
use history::{unexplained, with_a_stale_answer};
use nodes::{KEYS, Nodes};
use records::{Database, unseen_by};
use std::{str::FromStr, sync::Arc, time::Instant};
use tillid_testkit::Engine;

/// So many calls of a history are about one pair.
const CALLS_OF_A_PAIR: usize = 20;

#[expect(clippy::disallowed_methods, reason = "the long form of a test is asked for from outside")]
fn asked_for<T: FromStr>(variable: &str, usual: T) -> T {
    let given = std::env::var(variable).ok();
    given.map_or(usual, |number| number.parse().ok().expect("a number"))
}

/// How many calls a history has: 1,000, or what `TILLID_HISTORY_OPS` says.
fn calls() -> usize {
    asked_for("TILLID_HISTORY_OPS", 1000)
}

/// How many histories there are: one, or what `TILLID_HISTORY_SEEDS` says.
fn seeds() -> u64 {
    asked_for("TILLID_HISTORY_SEEDS", 1)
}

/// How often somebody asks another node right after a revocation: 200 times, or what `TILLID_HISTORY_ROUNDS` says.
fn rounds() -> usize {
    asked_for("TILLID_HISTORY_ROUNDS", 200)
}

async fn database(scene: &Scene) -> Database {
    Database::read(&mut scene.nodes.installation.database.administrator().await).await
}

async fn histories_have_an_explanation(engine: Engine, nodes: usize) {
    for seed in 0..seeds() {
        let scene = Scene::new(Nodes::new(engine, nodes).await, calls() / CALLS_OF_A_PAIR, seed).await;
        let began = Instant::now();
        scene.work(calls(), scene.kill_in_the_middle(nodes - 1, calls())).await;
        let took = began.elapsed();
        scene.ask_everywhere().await;
        let mut database = database(&scene).await;
        let history = scene.history(|presentation| database.given_on(presentation));
        let began = Instant::now();
        assert_eq!(unexplained(&history), Vec::<usize>::new(), "seed {seed}");
        let (answers, unknown) = (scene.answers(), scene.unresolved().len());
        println!(
            "{engine:?}, seed {seed}: {} calls in {took:?}, {} answers, {unknown} mandates and {} answers unknown; explained in {:?}",
            history.len(),
            answers.len(),
            scene.unanswered.load(std::sync::atomic::Ordering::SeqCst),
            began.elapsed()
        );
        assert_eq!(database.faults(&scene, &history), Vec::<String>::new(), "seed {seed}");
        assert_eq!(unseen_by(&scene, 0).await, 0, "the grantor sees every decision about them");
        let (code, words) = scene.nodes.installation.verify(&KEYS);
        assert_eq!(code, Some(0), "{words}");

        // Each of the checks does see what it is there for.
        let (pair, planted) = with_a_stale_answer(&history);
        assert_eq!(unexplained(&planted), [pair]);
        database.forget_a_record(&answers);
        database.forget_a_revocation();
        let faults = database.faults(&scene, &history);
        assert!(faults.len() == 2 && faults[0].starts_with("no record"), "{faults:?}");
        assert!(faults[1].starts_with("lost: mandate"), "{faults:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_of_two_processes_on_postgresql_are_linearizable_and_recorded() {
    histories_have_an_explanation(Engine::Postgres, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_on_sqlite_are_linearizable_and_recorded() {
    histories_have_an_explanation(Engine::Sqlite, 1).await;
}

/// How often the node that is asked said yes although the mandate had been revoked at the other.
async fn stale(scene: &Arc<Scene>, rounds: usize) -> usize {
    let mut stale = 0;
    for round in 0..rounds {
        stale += usize::from(scene.is_stale(round).await);
    }
    stale
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_node_says_yes_after_a_revocation_was_acknowledged_by_another() {
    let scene = Scene::new(Nodes::new(Engine::Postgres, 2).await, 8, 0).await;
    assert_eq!(stale(&scene, rounds()).await, 0);
    let database = database(&scene).await;
    let history = scene.history(|presentation| database.given_on(presentation));
    assert_eq!(unexplained(&history), Vec::<usize>::new());
    assert_eq!(database.faults(&scene, &history), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_of_half_a_second_is_caught() {
    const PAIRS: usize = 8;
    let nodes = Nodes::new(Engine::Postgres, 2).await;
    let cache = Cache::before(&nodes.base(1)).await;
    nodes.is_asked_at(1, &cache.base);
    let scene = Scene::new(nodes, PAIRS, 0).await;
    scene.work(600, async {}).await;
    let database = database(&scene).await;
    let history = scene.history(|presentation| database.given_on(presentation));
    let caught = unexplained(&history);
    println!(
        "{} of the answers came from the cache; caught at {} of {PAIRS} pairs",
        cache.hits(),
        caught.len()
    );
    assert!(!caught.is_empty());
    // No change was lost by it, and what it answered had once been recorded.
    assert_eq!(database.faults(&scene, &history), Vec::<String>::new());
    // Each pair in both directions: the node behind the cache is asked after the other one has acknowledged, and the other way round.
    tokio::time::sleep(cache::KEPT).await;
    assert_eq!(stale(&scene, 2 * PAIRS).await, PAIRS, "whenever the node behind the cache is asked");
}
