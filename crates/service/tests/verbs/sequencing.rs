//! The sequencer dies at each of its steps, loses its lease, meets others and a database that refuses: the log goes on, nothing is
//! lost, nothing twice, and whatever was signed stays part of what is signed later.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
};
use tillid_domain::{Digest, id::PersonId};
use tillid_log::{Algorithm, Checkpoint, Edge, Frontier, Hash, KeyName, Note, Resource, Signer, TileId};
use tillid_service::{
    Directory, Error, LogKeys, LogTrouble, Sequenced, Sequencer, Service, Settings, Step, entry,
};
use tillid_storage::SignedTree;
use tillid_testkit::{Engine, LOG_ORIGIN, World, log_keys, people::citizen, receipt_keys};

/// Everything that was ever signed: size and root.
type Signed = BTreeMap<u64, Digest>;

/// The log is what its entries say, each event is in it or waits, and each signed tree is a beginning of it, signed under a key of the
/// log. Returns what was signed.
async fn check_log(world: &World) -> Signed {
    let mut tx = world.store.read().await.unwrap();
    let head = tx.log_head().await.unwrap().unwrap();
    let mut entries = Vec::new();
    while (entries.len() as u64) < head.size {
        let page = tx.log_entries(entries.len() as u64, 1000).await.unwrap();
        assert!(!page.is_empty(), "entry {} of {} is gone", entries.len(), head.size);
        entries.extend(page);
    }
    let (mut edge, mut frontier) = (Edge::default(), Frontier::new());
    let mut roots = BTreeMap::from([(0, frontier.root())]);
    for commitment in &entries {
        let leaf = Hash::of_entry(&entry(*commitment));
        for (TileId { level, index }, hashes) in edge.push(leaf) {
            let kept = tx.log_tile(level, index).await.unwrap().unwrap();
            assert_eq!(
                kept,
                hashes.iter().flat_map(|h| *h.as_bytes()).collect::<Vec<_>>(),
                "tile {level}/{index}"
            );
        }
        frontier.push(leaf);
        roots.insert(frontier.size(), frontier.root());
    }
    assert_eq!((head.edge, head.root), (edge.to_bytes(), Digest::from_bytes(*edge.root().as_bytes())));
    let trees = tx.signed_trees(u64::MAX, 100_000).await.unwrap();
    drop(tx);
    for tree in &trees {
        let root = roots.get(&tree.size).unwrap_or_else(|| panic!("signed {} of {}", tree.size, head.size));
        assert_eq!(tree.root.as_bytes(), root.as_bytes(), "the tree of size {}", tree.size);
        verify(world, tree);
    }
    let mut administrator = world.database.administrator().await;
    let events = administrator.count("SELECT COUNT(*) FROM event").await;
    let waiting = administrator.count("SELECT COUNT(*) FROM pending").await;
    assert_eq!(events, i64::try_from(entries.len()).unwrap() + waiting, "each event has one place");
    trees.into_iter().map(|tree| (tree.size, tree.root)).collect()
}

fn verify(world: &World, tree: &SignedTree) {
    let keys: Vec<_> = world.service.log_keys().into_iter().map(|own| own.key).collect();
    let root = Hash::from_bytes(*tree.root.as_bytes());
    let origin = LOG_ORIGIN.parse::<KeyName>().unwrap().into();
    let mut note = Note::new(Checkpoint { origin, size: tree.size, root }.text()).unwrap();
    for line in &tree.signatures {
        note.push(line.line.parse().unwrap());
    }
    assert_eq!(note.verify(&keys).unwrap().len(), tree.signatures.len());
}

/// Whatever was signed before is signed still, as it was.
fn only_grew(before: &Signed, after: &Signed) {
    for (size, root) in before {
        assert_eq!(after.get(size), Some(root), "the signed tree of size {size}");
    }
}

/// As when the lease of a sequencer that died runs out.
async fn let_the_lease_run_out(world: &World) {
    world.database.administrator().await.execute("UPDATE log_head SET lease_until = 0").await.unwrap();
}

async fn some_events(world: &World, n: u32) -> PersonId {
    let mut last = None;
    for _ in 0..n {
        let new = tillid_service::NewPerson { name: None, born: None, login: None, number: None };
        last = Some(world.service.register_person(&new).await.unwrap());
    }
    last.unwrap()
}

/// What makes a database refuse rows of a table, and what makes it take them again.
fn refusal(engine: Engine, table: &str) -> (Vec<String>, Vec<String>) {
    let on = format!("CREATE TRIGGER full_disk BEFORE INSERT ON {table}");
    match engine {
        Engine::Sqlite => (
            vec![format!("{on} BEGIN SELECT RAISE(ABORT, 'no room'); END")],
            vec!["DROP TRIGGER full_disk".to_owned()],
        ),
        Engine::Postgres => (
            vec![
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$".to_owned(),
                format!("{on} FOR EACH ROW EXECUTE FUNCTION full_disk()"),
            ],
            vec![format!("DROP TRIGGER full_disk ON {table}"), "DROP FUNCTION full_disk".to_owned()],
        ),
    }
}

fn died() -> Error {
    Error::Busy(Box::new(LogTrouble::Elsewhere))
}

pub(crate) async fn a_sequencer_that_dies_at_any_step_leaves_a_log_that_goes_on(world: &World) {
    let mut signed = Signed::new();
    // At its first visit of each step, and at its second: in the middle of a larger round.
    for visit in 1..=2 {
        for step in Step::ALL {
            some_events(world, 3).await;
            let visits = AtomicUsize::new(0);
            let die = |at: Step| {
                let due = at == step && visits.fetch_add(1, Ordering::SeqCst) + 1 == visit;
                if due { Err(died()) } else { Ok(()) }
            };
            let sequencer = Sequencer::new(world.service.clone());
            let first = sequencer.round_with(&die).await;
            assert_eq!(first.is_err(), visit == 1, "{step:?}: {first:?}");
            if visit == 2 {
                let_the_lease_run_out(world).await;
                some_events(world, 2).await;
                let again = Sequencer::new(world.service.clone()).round_with(&die).await;
                assert!(again.is_err(), "{step:?} is visited again: {again:?}");
            }
            drop(sequencer);
            let after = check_log(world).await;
            only_grew(&signed, &after);
            let_the_lease_run_out(world).await;
            let size = world.service.sequence_all().await.unwrap();
            let whole = check_log(world).await;
            only_grew(&after, &whole);
            assert!(whole.contains_key(&size), "the tree is signed at {size}");
            signed = whole;
        }
    }
}

pub(crate) async fn a_database_that_refuses_a_table_of_the_log_keeps_the_queue(world: &World) {
    world.service.sequence_all().await.unwrap();
    let mut signed = check_log(world).await;
    for table in ["log_entry", "log_tile", "log_checkpoint", "log_signature"] {
        some_events(world, 260).await;
        let mut administrator = world.database.administrator().await;
        let (refuse, allow) = refusal(world.database.engine, table);
        for sql in refuse {
            administrator.execute(&sql).await.unwrap();
        }
        let sequencer = Sequencer::new(world.service.clone());
        assert!(sequencer.round().await.is_err(), "{table}");
        let kept = check_log(world).await;
        only_grew(&signed, &kept);
        for sql in allow {
            administrator.execute(&sql).await.unwrap();
        }
        drop(administrator);
        assert!(matches!(sequencer.round().await, Ok(Sequenced::Done { .. })), "{table}");
        sequencer.leave().await.unwrap();
        signed = check_log(world).await;
    }
}

/// Paused for longer than its lease, and woken when another has gone on.
pub(crate) async fn a_sequencer_that_lost_its_lease_does_nothing_more(world: &World) {
    for step in [Step::Read, Step::Sign] {
        some_events(world, 3).await;
        let other = Sequencer::new(world.service.clone());
        let seen = Mutex::new(Signed::new());
        let pause = |at: Step| {
            if at == step {
                tokio::task::block_in_place(|| {
                    tokio::runtime::Handle::current().block_on(async {
                        let_the_lease_run_out(world).await;
                        some_events(world, 2).await;
                        assert!(matches!(other.round().await.unwrap(), Sequenced::Done { .. }));
                        *seen.lock().unwrap() = check_log(world).await;
                    });
                });
            }
            Ok(())
        };
        let paused = Sequencer::new(world.service.clone());
        assert_eq!(paused.round_with(&pause).await.unwrap(), Sequenced::Elsewhere, "{step:?}");
        assert_eq!(check_log(world).await, *seen.lock().unwrap(), "{step:?}");
        other.leave().await.unwrap();
    }
}

pub(crate) async fn sequencers_and_writers_at_once_give_every_event_one_place(world: &World) {
    let writers = (0..4).map(|_| {
        let service = world.service.clone();
        tokio::spawn(async move {
            for _ in 0..40 {
                let new = tillid_service::NewPerson { name: None, born: None, login: None, number: None };
                service.register_person(&new).await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let sequencers = (0..3).map(|_| {
        let sequencer = Sequencer::new(world.service.clone());
        tokio::spawn(async move {
            let mut rounds = 0;
            for _ in 0..60 {
                // Contention is no failure: the next round sees what the other did.
                rounds +=
                    u32::from(matches!(sequencer.round().await, Ok(Sequenced::Done { added: 1.., .. })));
                sequencer.leave().await.ok();
                tokio::task::yield_now().await;
            }
            rounds
        })
    });
    let sequencers: Vec<_> = sequencers.collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut rounds = 0;
    for sequencer in sequencers {
        rounds += sequencer.await.unwrap();
    }
    assert!(rounds > 1, "the log grew in several rounds");
    let_the_lease_run_out(world).await;
    world.service.sequence_all().await.unwrap();
    assert!(check_log(world).await.keys().max().unwrap() >= &160);
}

pub(crate) async fn an_effect_never_stands_in_the_log_before_its_cause(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    for _ in 0..3 {
        let mandate = world.give(anna, bo, &["M14"]).await;
        world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
        world.service.sequence_all().await.unwrap();
    }
    let mut administrator = world.database.administrator().await;
    let wrong = "SELECT COUNT(*) FROM event a JOIN event b ON b.aggregate_id = a.aggregate_id AND b.revision = a.revision + 1 \
         JOIN log_entry x ON x.event_id = a.id JOIN log_entry y ON y.event_id = b.id WHERE y.entry_index <= x.entry_index";
    assert_eq!(administrator.count(wrong).await, 0);
    check_log(world).await;
}

pub(crate) async fn a_database_that_was_rolled_back_is_not_signed(world: &World) {
    some_events(world, 5).await;
    world.service.sequence_all().await.unwrap();
    let mut administrator = world.database.administrator().await;
    administrator.execute("CREATE TABLE _head AS SELECT * FROM log_head").await.unwrap();
    let before = check_log(world).await;
    some_events(world, 4).await;
    let sequencer = Sequencer::new(world.service.clone());
    sequencer.round().await.unwrap();
    sequencer.leave().await.unwrap();
    administrator.take_protection_away().await;
    for sql in [
        "INSERT INTO pending (position, event_id) SELECT 1000000 + entry_index, event_id FROM log_entry WHERE entry_index >= (SELECT size FROM _head)",
        "DELETE FROM log_entry WHERE entry_index >= (SELECT size FROM _head)",
        "DELETE FROM log_signature WHERE size > (SELECT size FROM _head)",
        "DELETE FROM log_checkpoint WHERE size > (SELECT size FROM _head)",
        "DELETE FROM log_head",
        "INSERT INTO log_head SELECT * FROM _head",
    ] {
        administrator.execute(sql).await.unwrap();
    }
    // The one that was running remembers; what it signed may be in somebody's hands.
    assert!(sequencer.round().await.is_err());
    assert_eq!(world.service.log_trouble(), Some(LogTrouble::RolledBack));
    assert!(sequencer.round().await.is_err(), "for good");
    let mut tx = world.store.read().await.unwrap();
    let signed: Signed =
        tx.signed_trees(u64::MAX, 100).await.unwrap().into_iter().map(|t| (t.size, t.root)).collect();
    assert_eq!(signed, before, "nothing more is signed");
    drop(tx);
    administrator.execute("DROP TABLE _head").await.unwrap();
}

pub(crate) async fn a_head_that_was_changed_by_hand_is_not_extended(world: &World) {
    some_events(world, 5).await;
    world.service.sequence_all().await.unwrap();
    let before = check_log(world).await;
    some_events(world, 1).await;
    let mut administrator = world.database.administrator().await;
    administrator.take_protection_away().await;
    administrator.execute("CREATE TABLE _head AS SELECT * FROM log_head").await.unwrap();
    let edge = "SELECT commitment FROM event LIMIT 1";
    administrator.execute(&format!("UPDATE log_head SET root = ({edge})")).await.unwrap();
    assert!(Sequencer::new(world.service.clone()).round().await.is_err());
    assert!(world.service.log_trouble().is_some());
    administrator.execute("UPDATE log_head SET root = (SELECT root FROM _head)").await.unwrap();
    assert_eq!(check_log(world).await, before);
    administrator.execute("DROP TABLE _head").await.unwrap();
}

fn signer(seed: u8) -> Signer {
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let name = LOG_ORIGIN.parse().unwrap();
    Signer::ed25519(name, Algorithm::Ed25519, pair.to_pkcs8().unwrap().as_ref()).unwrap()
}

fn with_keys(world: &World, keys: LogKeys) -> Service {
    let settings = Settings {
        base_url: "https://tillid.example".to_owned(),
        turnable_clock: false,
        witness_grace: None,
    };
    let directory = Directory::new([]);
    Service::new(world.store.clone(), world.ambient.clone(), directory, receipt_keys(), keys, settings)
}

pub(crate) async fn keys_of_the_log_take_over_from_one_another(world: &World) {
    let origin: KeyName = LOG_ORIGIN.parse().unwrap();
    some_events(world, 3).await;
    world.service.sequence_all().await.unwrap();
    // The new one signs beside the old one, at once, also where nothing new is to be signed.
    let both =
        with_keys(world, LogKeys::new(origin.clone(), vec![signer(10), signer(9)], vec![], None).unwrap());
    both.begin_log().await.unwrap();
    both.sequence_all().await.unwrap();
    let note = both.log_checkpoint().await.unwrap();
    assert_eq!(note.verify(&[signer(9).verifier()]).unwrap().len(), 1);
    assert_eq!(note.verify(&[signer(10).verifier()]).unwrap().len(), 1);
    // Then alone; the old one stays published and what it signed verifies.
    let keys = LogKeys::new(origin, vec![signer(10)], vec![signer(9).verifier()], None).unwrap();
    let alone = with_keys(world, keys);
    some_events(world, 1).await;
    alone.sequence_all().await.unwrap();
    let newer = alone.log_checkpoint().await.unwrap();
    assert!(newer.verify(&[signer(9).verifier()]).is_err());
    assert_eq!(newer.verify(&[signer(10).verifier()]).unwrap().len(), 1);
    let published: Vec<_> = alone.log_keys().into_iter().map(|own| (own.key.id(), own.signs)).collect();
    assert_eq!(published, [(signer(10).verifier().id(), true), (signer(9).verifier().id(), false)]);
}

pub(crate) async fn the_origin_is_fixed_at_the_first_start(world: &World) {
    let other: KeyName = "elsewhere.example/log".parse().unwrap();
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let signer =
        Signer::ed25519(other.clone(), Algorithm::Ed25519, pair.to_pkcs8().unwrap().as_ref()).unwrap();
    let service = with_keys(world, LogKeys::new(other.clone(), vec![signer], vec![], None).unwrap());
    assert!(matches!(service.begin_log().await, Err(Error::Broken(_))));
    // A key of another name is no key of this log.
    let named = LogKeys::new(LOG_ORIGIN.parse().unwrap(), vec![], vec![], None);
    assert!(named.is_err());
    assert_eq!(log_keys().origin().to_string(), LOG_ORIGIN);
}

pub(crate) async fn what_is_served_is_what_was_signed_and_nothing_beyond(world: &World) {
    some_events(world, 300).await;
    let size = world.service.sequence_all().await.unwrap();
    some_events(world, 5).await;
    for (path, there) in [
        ("0/000".to_owned(), true),
        (format!("0/001.p/{}", size - 256), true),
        (format!("0/001.p/{}", size - 255), false),
        ("0/001".to_owned(), false),
        ("0/000.p/17".to_owned(), true),
        ("1/000.p/1".to_owned(), true),
        ("1/000".to_owned(), false),
        ("entries/000".to_owned(), true),
        (format!("entries/001.p/{}", size - 256), true),
        (format!("entries/001.p/{}", size - 255), false),
        ("0/0".to_owned(), false),
        ("../000".to_owned(), false),
    ] {
        let got = world.service.log_resource(&path).await;
        assert_eq!(got.is_ok(), there, "{path}");
        if let (Ok(bytes), Ok(Resource::Tile { width, .. })) = (&got, path.parse()) {
            assert_eq!(bytes.len(), usize::from(width) * 32, "{path}");
        }
    }
    check_log(world).await;
}

pub(crate) async fn a_node_starts_while_another_extends_the_log(world: &World) {
    let (store, stop) = (world.store.clone(), Arc::new(AtomicBool::new(false)));
    let leased = Arc::new(AtomicU32::new(0));
    let (is_over, leases) = (stop.clone(), leased.clone());
    let other = tokio::spawn(async move {
        while !is_over.load(Ordering::SeqCst) {
            let mut tx = store.upkeep().await.unwrap();
            tx.lease_log(uuid::Uuid::from_u128(7), 10).await.unwrap();
            tx.finish().await.unwrap();
            leases.fetch_add(1, Ordering::SeqCst);
        }
        let mut tx = store.upkeep().await.unwrap();
        tx.leave_log(uuid::Uuid::from_u128(7)).await.unwrap();
        tx.finish().await.unwrap();
    });
    // Until both have been at it, whichever of them gets on faster here.
    let mut begun = 0;
    while begun < 100 || leased.load(Ordering::SeqCst) <= 10 {
        world.service.begin_log().await.unwrap();
        begun += 1;
    }
    stop.store(true, Ordering::SeqCst);
    other.await.unwrap();
}
