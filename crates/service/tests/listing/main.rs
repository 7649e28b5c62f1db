//! A hundred thousand consents of one authority: the last part of a list takes no longer than the first, and going through all of it
//! meets each consent once, also while others are given.
//!
//! The rows are written by the database itself, without their journal: nothing here looks at it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may stop, and say what it measured"
)]

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant as Stopwatch,
};
use tillid_domain::{
    CalendarPeriod, Instant, LocalDate,
    actor::Purpose,
    catalogue::{Channel, Polarity},
    consent::ConsentStanding,
    id::ConsentId,
    listing::{ConsentFilter, ConsentPlace},
};
use tillid_service::{ListPart, NewListing};
use tillid_storage::{ConsentPart, Read, Tx};
use tillid_testkit::{
    Engine, World,
    catalogue::cvr,
    people::{OWN, caseworker},
};

const CONSENTS: u32 = 100_000;
const PERSONS: u32 = 2_000;
const PART: u32 = 50;
const ROUNDS: usize = 21;
/// How much longer the last part may take than the first, of the medians.
const AT_MOST: f64 = 3.0;
/// How much longer the first part may take with one filter than with another, of the medians.
const AMONG_FILTERS: f64 = 10.0;

/// The statements in the words of an engine.
struct Filling {
    engine: Engine,
    authority: String,
    /// The ids of the versions of C02 and C15, and of a presentation, in SQL.
    entries: [String; 2],
    now: Instant,
}

impl Filling {
    fn id(&self, kind: u8, number: &str) -> String {
        match self.engine {
            Engine::Postgres => {
                format!("('0000000{kind}-0000-8000-8000-' || lpad(to_hex({number}), 12, '0'))::UUID")
            }
            Engine::Sqlite => format!("unhex('0000000{kind}000080008000' || printf('%012x', {number}))"),
        }
    }

    fn numbers(&self, count: u32) -> String {
        let last = count - 1;
        match self.engine {
            Engine::Postgres => format!("generate_series(0, {last}) i"),
            Engine::Sqlite => format!(
                "(WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n)"
            ),
        }
    }

    fn bytes(&self) -> &'static str {
        match self.engine {
            Engine::Postgres => "'\\x00'::BYTEA",
            Engine::Sqlite => "x'00'",
        }
    }

    fn persons(&self) -> String {
        format!(
            "INSERT INTO person (id, revision, version, registered_at) SELECT {}, 1, 1, {} FROM {}",
            self.id(1, "i"),
            self.now.as_micros(),
            self.numbers(PERSONS)
        )
    }

    fn presentations(&self) -> String {
        format!(
            "INSERT INTO presentation (id, person_id, language, presented, document, document_hash, shown_at) \
             SELECT {}, {}, 'da', '{{}}', {bytes}, {bytes}, {} FROM {}",
            self.id(3, "i"),
            self.id(1, "i"),
            self.now.as_micros(),
            self.numbers(PERSONS),
            bytes = self.bytes()
        )
    }

    /// Of every kind: one in fifty of another type, one in ten refused, one in ten withdrawn, one in twenty said aloud; of the rest, half
    /// have ended. A case has a hundred.
    fn consents(&self) -> String {
        let [usual, other] = &self.entries;
        let given = self.now.plus_seconds(-400 * 86_400).as_micros();
        let said = format!(
            "'{{\"channel\":\"oral\",\"note\":\"Ja\",\"said_at\":\"{}\",\"why\":\"Telefon\"}}'",
            Instant::from_micros(given)
        );
        format!(
            "INSERT INTO consent (id, revision, person_id, declaration_id, presentation_id, authority, entry_id, code, number, item, \
             polarity, case_ref, channel, valid_from, valid_to, answered_at, state, ended_at, collected, recorded_at) \
             SELECT {}, 1, {}, {}, {}, '{}', CASE WHEN i % 50 = 7 THEN {other} ELSE {usual} END, \
             CASE WHEN i % 50 = 7 THEN 'C15' ELSE 'C02' END, 1, 'laege', CASE WHEN i % 40 = 9 THEN 'opt_out' ELSE 'consent' END, \
             'sag-' || (i % 1000), CASE WHEN i % 20 = 3 THEN 'oral' ELSE 'digital' END, {given}, {given} + (i % 800) * 86400000000, {given}, \
             CASE WHEN i % 10 = 1 THEN 'declined' WHEN i % 10 = 2 THEN 'withdrawn' ELSE 'given' END, \
             CASE WHEN i % 10 = 2 THEN {given} + 1 END, CASE WHEN i % 20 = 3 THEN {said} END, \
             CASE WHEN i % 20 = 3 THEN {given} + 1 END FROM {}",
            self.id(4, "i"),
            self.id(1, "(i / 50)"),
            self.id(5, "i"),
            self.id(3, "(i / 50)"),
            self.authority,
            self.numbers(CONSENTS)
        )
    }
}

/// A world whose municipality was given so many.
async fn filled(engine: Engine) -> World {
    let world = World::new(engine).await;
    for code in ["C02", "C15"] {
        world.import(code).await;
    }
    let mut administrator = world.database.administrator().await;
    let mut entries = Vec::new();
    for code in ["C02", "C15"] {
        let sql = match engine {
            Engine::Postgres => format!("SELECT CAST(id AS TEXT) FROM catalogue_entry WHERE code = '{code}'"),
            Engine::Sqlite => format!("SELECT lower(hex(id)) FROM catalogue_entry WHERE code = '{code}'"),
        };
        let id = administrator.column(&sql).await.remove(0);
        entries.push(match engine {
            Engine::Postgres => format!("'{id}'::UUID"),
            Engine::Sqlite => format!("x'{id}'"),
        });
    }
    let entries = entries.try_into().unwrap();
    let filling = Filling { engine, authority: cvr(OWN).to_string(), entries, now: world.now() };
    for statement in [filling.persons(), filling.presentations(), filling.consents(), "ANALYZE".to_owned()] {
        administrator.execute(&statement).await.unwrap();
    }
    world
}

fn part(filter: &ConsentFilter, now: Instant, after: Option<ConsentPlace>, back: bool) -> ConsentPart<'_> {
    ConsentPart { authority: cvr(OWN), filter, now, after, back, limit: PART }
}

/// The seconds that reading a part takes, and how many were on it.
async fn timed(tx: &mut Tx<Read>, part: &ConsentPart<'_>) -> (f64, usize) {
    let watch = Stopwatch::now();
    let found = tx.consents_towards(part).await.unwrap().len();
    (watch.elapsed().as_secs_f64(), found)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn filters(today: LocalDate) -> Vec<(&'static str, ConsentFilter)> {
    let none = ConsentFilter::default;
    let standing = |standing| ConsentFilter { standing: Some(standing), ..none() };
    vec![
        ("everything", none()),
        ("the usual type", ConsentFilter { consent_type: Some("C02".parse().unwrap()), ..none() }),
        ("a rare type", ConsentFilter { consent_type: Some("C15".parse().unwrap()), ..none() }),
        ("one case", ConsentFilter { case: Some("sag-500".parse().unwrap()), ..none() }),
        ("active", standing(ConsentStanding::Active)),
        ("expired", standing(ConsentStanding::Expired)),
        ("withdrawn", standing(ConsentStanding::Withdrawn)),
        ("declined", standing(ConsentStanding::Declined)),
        ("opt-outs", ConsentFilter { polarity: Some(Polarity::OptOut), ..none() }),
        ("said aloud", ConsentFilter { channel: Some(Channel::Oral), ..none() }),
        (
            "ending within a year",
            ConsentFilter {
                ends_from: Some(today),
                ends_to: Some(today.plus(CalendarPeriod::months(12))),
                ..none()
            },
        ),
    ]
}

/// The last whole part takes no longer than the first one, whichever filter is set.
async fn the_last_part_takes_no_longer_than_the_first(engine: Engine) {
    let world = filled(engine).await;
    let now = world.now();
    let mut tx = world.store.read().await.unwrap();
    let (mut quickest, mut slowest) = (f64::MAX, 0.0_f64);
    for (name, filter) in filters(now.local_date()) {
        let end = ConsentPart { limit: PART + 1, ..part(&filter, now, None, true) };
        let end = tx.consents_towards(&end).await.unwrap();
        assert!(end.len() > PART as usize, "{name}: more than one part");
        let before_last = filter.place(&end[PART as usize]);
        let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (first, found) = timed(&mut tx, &part(&filter, now, None, false)).await;
            let (last, rest) = timed(&mut tx, &part(&filter, now, Some(before_last), false)).await;
            assert_eq!((found, rest), (PART as usize, PART as usize), "{name}");
            firsts.push(first);
            lasts.push(last);
        }
        let (first, last) = (median(firsts), median(lasts));
        let ratio = last / first;
        println!("{engine:?}: {name}: the last of {CONSENTS} to the first {ratio:.2}");
        assert!(ratio <= AT_MOST, "{engine:?}: {name}: {ratio:.2}");
        quickest = quickest.min(first);
        slowest = slowest.max(first);
    }
    // One that had to look through everything would show beside the others.
    println!("{engine:?}: the slowest first part to the quickest {:.2}", slowest / quickest);
    assert!(slowest / quickest <= AMONG_FILTERS, "{engine:?}: {:.2}", slowest / quickest);
}

/// Going through all of it meets each consent once, while others are given.
async fn each_is_met_once_while_others_are_given(engine: Engine) {
    let world = filled(engine).await;
    let (anna, hans) = (world.anna().await, caseworker(OWN));
    let new = NewListing { purpose: Purpose::ConsentFollowUp, filter: ConsentFilter::default() };
    let done = AtomicBool::new(false);
    let giving = async {
        let mut given = 0;
        while !done.load(Ordering::Relaxed) && given < 300 {
            given += world.consent(anna, "C15").await.len();
            tokio::task::yield_now().await;
        }
        given
    };
    let walking = async {
        let (mut seen, mut next) = (Vec::new(), Some(ListPart::First));
        while let Some(from) = next {
            let page = world.service.list_given_consents(&hans, &new, from, 200).await.unwrap();
            seen.extend(page.items.iter().map(|one| one.typed.consent.id));
            next = page.after.map(ListPart::After);
        }
        done.store(true, Ordering::Relaxed);
        seen
    };
    let (given, seen) = tokio::join!(giving, walking);
    let distinct: BTreeSet<ConsentId> = seen.iter().copied().collect();
    assert_eq!(distinct.len(), seen.len(), "none twice");
    let generated = seen.iter().filter(|id| id.to_string().starts_with("00000004-")).count();
    assert_eq!(generated, CONSENTS as usize, "none left out");
    assert!(given > 0, "others were given meanwhile");
    println!("{engine:?}: {} met once, {given} given meanwhile", seen.len());
}

#[tokio::test]
async fn the_last_part_takes_no_longer_than_the_first_on_sqlite() {
    the_last_part_takes_no_longer_than_the_first(Engine::Sqlite).await;
}

#[tokio::test]
async fn the_last_part_takes_no_longer_than_the_first_on_postgresql() {
    the_last_part_takes_no_longer_than_the_first(Engine::Postgres).await;
}

#[tokio::test]
async fn each_is_met_once_while_others_are_given_on_sqlite() {
    each_is_met_once_while_others_are_given(Engine::Sqlite).await;
}

#[tokio::test]
async fn each_is_met_once_while_others_are_given_on_postgresql() {
    each_is_met_once_while_others_are_given(Engine::Postgres).await;
}
