//! Grants and revocations a second, with the sequencer running and without.

use crate::Spread;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tillid_domain::id::PersonId;
use tillid_service::{Sequenced, Sequencer};
use tillid_testkit::{World, people::citizen};
use tokio::{task::JoinSet, time::interval};

const CLIENTS: usize = 8;
/// Each is a round with the sequencer and a round without.
const PAIRS: usize = 7;
const ROUND: Duration = Duration::from_secs(4);
/// As the service's own jobs: how often the sequencer looks, and how often its state is looked at.
const PROMPTLY: Duration = Duration::from_millis(250);
const LOOKS_A_SECOND: u32 = 4;

/// Those who write; each grantor has a representative of their own, so that no two wait for the same person.
pub(crate) struct Clients {
    world: Arc<World>,
    pairs: Vec<(PersonId, PersonId)>,
}

/// What came of a round.
pub(crate) struct Round {
    /// Grants and revocations a second.
    pub(crate) rate: f64,
    /// What each of them took.
    times: Vec<Duration>,
}

impl Clients {
    pub(crate) async fn new(world: Arc<World>) -> Self {
        world.import("M14").await;
        let mut pairs = Vec::new();
        for client in 0..CLIENTS {
            // Invented numbers of the replacement kind, which belong to nobody.
            let grantor = world.person(&format!("Giver-{client}"), &format!("61017010{client:02}")).await;
            let other = world.person(&format!("Taker-{client}"), &format!("62017010{client:02}")).await;
            pairs.push((grantor, other));
        }
        Self { world, pairs }
    }

    /// They all give and revoke for the time of a round.
    pub(crate) async fn round(&self) -> Round {
        let began = Instant::now();
        let mut clients: JoinSet<Vec<Duration>> =
            self.pairs.iter().map(|pair| client(self.world.clone(), *pair, began + ROUND)).collect();
        let mut times = Vec::new();
        while let Some(more) = clients.join_next().await {
            times.extend(more.unwrap());
        }
        Round { rate: times.len() as f64 / began.elapsed().as_secs_f64(), times }
    }
}

async fn client(world: Arc<World>, (grantor, other): (PersonId, PersonId), until: Instant) -> Vec<Duration> {
    let mut times = Vec::new();
    while Instant::now() < until {
        let shown = world.show_mandate(grantor, other, &["M14"]).await;
        let began = Instant::now();
        let given = world.service.give_mandate(&citizen(grantor), shown).await.unwrap().value;
        let between = Instant::now();
        world.service.revoke_mandate(&citizen(grantor), given.id).await.unwrap();
        times.extend([between - began, between.elapsed()]);
    }
    times
}

/// Takes everything that waits into the log.
pub(crate) async fn drain(sequencer: &Sequencer) {
    while let Sequenced::More { .. } = sequencer.round().await.unwrap() {}
}

/// Compares rounds of both kinds; which of a pair comes first changes.
pub(crate) async fn compare(world: World) {
    let world = Arc::new(world);
    let sequencer = Arc::new(Sequencer::new(world.service.clone()));
    let clients = Clients::new(world.clone()).await;
    clients.round().await;
    drain(&sequencer).await;
    let (mut with, mut without, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let with_first = pair.is_multiple_of(2);
        for is_with in [with_first, !with_first] {
            if is_with {
                with.push(beside_the_sequencer(&clients, &world, &sequencer).await);
            } else {
                without.push(clients.round().await);
            }
            // What a round leaves behind is no part of the next.
            drain(&sequencer).await;
        }
        ratios.push(with[pair].rate / without[pair].rate);
    }
    println!("  {PAIRS} pairs of rounds of {} s, {CLIENTS} callers, grants and revocations", ROUND.as_secs());
    report("with the log", &with);
    report("without", &without);
    println!("  ratio of a pair: {}", Spread::of(ratios));
}

/// A round while the jobs run that the service has for its log.
async fn beside_the_sequencer(clients: &Clients, world: &Arc<World>, sequencer: &Arc<Sequencer>) -> Round {
    let stop = Arc::new(AtomicBool::new(false));
    let jobs = tokio::spawn({
        let (stop, service, sequencer) = (stop.clone(), world.service.clone(), sequencer.clone());
        async move {
            let mut ticks = interval(PROMPTLY);
            let mut since = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                ticks.tick().await;
                drain(&sequencer).await;
                since += 1;
                if since.is_multiple_of(LOOKS_A_SECOND) {
                    service.watch_log().await.unwrap();
                }
            }
        }
    });
    let round = clients.round().await;
    stop.store(true, Ordering::Relaxed);
    jobs.await.unwrap();
    round
}

fn report(what: &str, rounds: &[Round]) {
    let rates = Spread::of(rounds.iter().map(|round| round.rate).collect());
    let times: Vec<Duration> = rounds.iter().flat_map(|round| &round.times).copied().collect();
    println!("  {what}: {rates} a second, {}", Spread::of_times(&times).milliseconds());
}
