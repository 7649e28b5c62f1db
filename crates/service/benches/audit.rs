//! How many events and entries a second the audit looks at, and how large the process gets. It prints; it judges nothing.
//!
//! `target/debug/throwaway-postgres -- cargo bench -p tillid-service --bench audit [EVENTS]`
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use std::{env, fs, time::Instant};
use tillid_domain::{
    event::{Event, Fact, Kind, Recorded},
    id::{EventId, PersonId},
};
use tillid_testkit::{Engine, World};

/// So many events are in one commit.
const COMMIT: usize = 500;
/// So many persons share them.
const PERSONS: usize = 100;

#[tokio::main]
async fn main() {
    let events = env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(100_000);
    for engine in Engine::ALL {
        let world = World::new(engine).await;
        fill(&world, events).await;
        let begun = Instant::now();
        let size = world.service.sequence_all().await.unwrap();
        println!("{engine:?}: sequenced {size} in {:.1?}", begun.elapsed());
        let begun = Instant::now();
        let mut tx = world.store.read().await.unwrap();
        let audit = tx.audit(|_| ()).await.unwrap();
        drop(tx);
        assert_eq!(audit.findings, []);
        let tables = begun.elapsed();
        println!(
            "{engine:?}: tables of {} events in {tables:.1?}, {:.0} a second",
            audit.events,
            per(audit.events, tables)
        );
        let begun = Instant::now();
        let audit = world.service.audit(&[], |_| ()).await.unwrap();
        assert_eq!(audit.findings, []);
        let whole = begun.elapsed();
        let log = whole.saturating_sub(tables);
        println!(
            "{engine:?}: with the log in {whole:.1?}, so {} entries in about {log:.2?}, {:.0} a second; {}",
            audit.entries,
            per(audit.entries, log),
            peak()
        );
    }
}

/// Requests of a few persons, each cancelled: as if they had been asked one by one.
async fn fill(world: &World, events: usize) {
    world.import("C15").await;
    let mut persons = Vec::new();
    for n in 0..PERSONS {
        let name = format!("{}{}", char::from(b'A' + u8::try_from(n / 26).unwrap()), "b".repeat(n % 26 + 1));
        let new = tillid_service::NewPerson {
            name: Some(name.parse().unwrap()),
            born: None,
            login: None,
            number: None,
        };
        persons.push(world.service.register_person(&new).await.unwrap());
    }
    let request = world.ask(world.anna().await, "C15").await;
    let asked = newest(world, request.as_uuid()).await;
    let caseworker = tillid_testkit::people::caseworker(tillid_testkit::people::OWN);
    world.service.cancel_request(&caseworker, request).await.unwrap();
    let cancelled = newest(world, request.as_uuid()).await;
    for batch in 0..events / COMMIT {
        let person = persons.get(batch % PERSONS).copied().unwrap();
        let mut tx = world.store.write().await.unwrap();
        tx.lock(&[person]).await.unwrap();
        let pairs = (0..COMMIT / 2).flat_map(|_| {
            let thing = world.ambient.id();
            [&asked, &cancelled].map(|template| like(world, template, thing, person))
        });
        tx.commit(pairs.collect(), None).await.unwrap();
    }
}

async fn newest(world: &World, request: uuid::Uuid) -> Recorded {
    let mut tx = world.store.read().await.unwrap();
    let event = tx.newest_event(Kind::ConsentRequest, request).await.unwrap().unwrap();
    tx.event(event).await.unwrap().unwrap().recorded
}

fn like(world: &World, template: &Recorded, thing: uuid::Uuid, person: PersonId) -> Event {
    let mut fact = template.fact.clone();
    if let Fact::ConsentRequested { person: asked, .. } = &mut fact {
        *asked = person;
    }
    Event {
        id: EventId::from_uuid(world.ambient.id()),
        kind: template.aggregate_kind,
        aggregate: thing,
        revision: template.revision,
        at: template.recorded_at,
        actor: template.actor.clone(),
        subjects: vec![person],
        fact,
    }
}

fn per(count: u64, time: std::time::Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / time.as_secs_f64()
}

fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned()
}
