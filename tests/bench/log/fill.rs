//! Many events at once: people of whom nothing is known. Each event's commitment opens, and each person has their row, so that the whole
//! database can be verified; only the way in is shorter than the service's.

use std::fmt::Write as _;
use tillid_domain::{
    Digest, Salt,
    actor::ActorTrace,
    event::{Event, Fact, Kind, Recorded, SubjectVersion},
    id::{EventId, PersonId},
};
use tillid_testkit::{Administrator, Engine, World};

/// So many rows are inserted by one statement.
const BATCH: u64 = 500;

/// An event that was filled in, and what it commits to.
pub(crate) struct Sample {
    pub(crate) event: EventId,
    pub(crate) commitment: Digest,
}

/// The rows of one batch, as the values of one statement for each table.
#[derive(Default)]
struct Rows {
    person: String,
    event: String,
    body: String,
    subject: String,
    pending: String,
}

/// Adds `count` events to the queue; every `step`th is returned.
pub(crate) async fn fill(world: &World, count: u64, step: u64) -> Vec<Sample> {
    let mut administrator = world.database.administrator().await;
    let mut samples = Vec::new();
    let mut done = 0;
    while done < count {
        let mut rows = Rows::default();
        for number in done..count.min(done + BATCH) {
            let sample = rows.add(world);
            if number.is_multiple_of(step) {
                samples.push(sample);
            }
        }
        rows.insert(&mut administrator).await;
        done += BATCH;
    }
    samples
}

impl Rows {
    fn add(&mut self, world: &World) -> Sample {
        let (id, aggregate, at) = (world.ambient.id(), world.ambient.id(), world.ambient.now());
        let person = PersonId::from_uuid(aggregate);
        let event = Event {
            id: EventId::from_uuid(id),
            kind: Kind::Person,
            aggregate,
            revision: 1,
            at,
            actor: ActorTrace::Service,
            subjects: vec![person],
            fact: Fact::PersonRegistered { name: None, born: None, number: None },
        };
        let recorded = Recorded::new(event, vec![SubjectVersion { person, version: 1 }]);
        let bytes = recorded.to_bytes();
        let mut salt = [0; 32];
        world.ambient.fill(&mut salt);
        let commitment = Digest::commit(&Salt::from_bytes(salt), &bytes);
        let blob = |bytes: &[u8]| literal(world.database.engine, bytes);
        let (sql_id, sql_person, micros) = (blob(id.as_bytes()), blob(aggregate.as_bytes()), at.as_micros());
        let (kind, fact) = (recorded.aggregate_kind.code(), recorded.fact.code());
        row(&mut self.person, format_args!("{sql_person}, 1, 1, {micros}"));
        let commits = blob(commitment.as_bytes());
        row(
            &mut self.event,
            format_args!("{sql_id}, '{kind}', {sql_person}, 1, '{fact}', {micros}, {commits}"),
        );
        row(&mut self.body, format_args!("{sql_id}, {}, {}", blob(&salt), blob(&bytes)));
        row(&mut self.subject, format_args!("{sql_person}, 1, {sql_id}"));
        row(&mut self.pending, format_args!("{sql_id}"));
        Sample { event: recorded.id, commitment }
    }

    async fn insert(self, administrator: &mut Administrator) {
        let tables = [
            ("person (id, revision, version, registered_at)", self.person),
            ("event (id, kind, aggregate_id, revision, fact, recorded_at, commitment)", self.event),
            ("event_body (event_id, salt, bytes)", self.body),
            ("event_subject (person_id, version, event_id)", self.subject),
            ("pending (event_id)", self.pending),
        ];
        administrator.execute("BEGIN").await.unwrap();
        for (table, values) in tables {
            administrator.execute(&format!("INSERT INTO {table} VALUES {values}")).await.unwrap();
        }
        administrator.execute("COMMIT").await.unwrap();
    }
}

fn row(values: &mut String, row: std::fmt::Arguments<'_>) {
    let comma = if values.is_empty() { "" } else { ", " };
    write!(values, "{comma}({row})").unwrap();
}

/// Bytes in SQL. PostgreSQL reads a UUID in the same form.
fn literal(engine: Engine, bytes: &[u8]) -> String {
    let hexadecimal = bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    match engine {
        Engine::Sqlite => format!("x'{hexadecimal}'"),
        Engine::Postgres if bytes.len() == 16 => format!("'{hexadecimal}'"),
        Engine::Postgres => format!("'\\x{hexadecimal}'"),
    }
}
