//! What somebody who owns the database can do to the log and the journal, by name: what finds it, and what it can say.

use crate::{fill, hand::Hand};
use tillid_domain::{
    Digest, Salt,
    actor::ActorTrace,
    event::{Fact, Recorded},
    id::EventId,
};
use tillid_log::{Algorithm, Checkpoint, Edge, Hash, Note, Signer};
use tillid_service::{LogKeys, LogTrust, audit, entry};
use tillid_storage::{Fault, Finding};
use tillid_testkit::{
    Engine, LOG_ORIGIN, World, log_signer, log_witness,
    people::{OWN, caseworker, citizen},
    signer,
};

/// A log with a complete tile and three signed trees, two of which somebody has kept.
struct Lived {
    world: World,
    hand: Hand,
    /// The first signed tree.
    early: Note,
    /// The second one, which the witness signed too.
    late: Note,
}

async fn lived(engine: Engine) -> Lived {
    let world = World::witnessed(engine).await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14"] {
        world.import(code).await;
    }
    let given = world.consent(anna, "C15").await;
    world.service.sequence_all().await.unwrap();
    let early = world.service.log_checkpoint().await.unwrap();
    fill::tick(&world);
    world.give(anna, bo, &["M14"]).await;
    fill::many_logins(&world, bo, 256).await;
    world.service.sequence_all().await.unwrap();
    let late = fill::cosigned(&world).await;
    fill::tick(&world);
    world.service.withdraw_consent(&citizen(anna), given[0].consent.id).await.unwrap();
    world.ask(anna, "C15").await;
    world.check().await;
    let hand = Hand::on(&world).await;
    Lived { world, hand, early, late }
}

/// An event, and its place in the log.
struct Placed {
    index: u64,
    event: EventId,
    recorded: Recorded,
    salt: Salt,
}

fn size_of(note: &Note) -> u64 {
    Checkpoint::from_text(note.text()).unwrap().size
}

impl Lived {
    async fn findings(&self, held: &[&Note]) -> Vec<Finding> {
        let held: Vec<Note> = held.iter().map(|note| (*note).clone()).collect();
        self.world.service.audit(&held, |_| ()).await.unwrap().findings
    }

    /// The newest event of a kind of fact.
    async fn placed(&mut self, fact: &str) -> Placed {
        let sql = format!(
            "SELECT CAST(MAX(l.entry_index) AS TEXT) FROM log_entry l JOIN event e ON e.id = l.event_id WHERE e.fact = '{fact}'"
        );
        let index: u64 = self.hand.administrator.column(&sql).await[0].parse().unwrap();
        let mut tx = self.world.store.read().await.unwrap();
        let event = tx.audit_entries(index, index + 1).await.unwrap()[0].event;
        let opened = tx.event(event).await.unwrap().unwrap();
        Placed { index, event, recorded: opened.recorded, salt: opened.salt }
    }

    async fn size(&mut self) -> u64 {
        u64::try_from(self.hand.administrator.count("SELECT size FROM log_head").await).unwrap()
    }

    /// Writes other bytes for an event; with what they commit to, when `commits`.
    async fn rewrite(&mut self, placed: &Placed, recorded: &Recorded, commits: bool) {
        let (id, bytes) = (self.hand.uuid(placed.event.as_uuid()), recorded.to_bytes());
        let body = format!("UPDATE event_body SET bytes = {} WHERE event_id = {id}", self.hand.blob(&bytes));
        self.hand.run(&body).await;
        if !commits {
            return;
        }
        let commitment = self.hand.blob(Digest::commit(&placed.salt, &bytes).as_bytes());
        let at = recorded.recorded_at.as_micros();
        let row = format!("UPDATE event SET commitment = {commitment}, recorded_at = {at} WHERE id = {id}");
        self.hand.run(&row).await;
    }

    /// Makes the tree again from the entries that are there, and forgets what was signed beyond `keep`; `thief` signs it anew.
    async fn rehash(&mut self, keep: u64, thief: Option<&Signer>) {
        let mut tx = self.world.store.read().await.unwrap();
        let size = tx.audit_extent().await.unwrap();
        let commitments = tx.log_entries(0, u32::try_from(size).unwrap()).await.unwrap();
        drop(tx);
        let mut edge = Edge::default();
        for table in ["log_signature", "log_cosignature", "log_checkpoint"] {
            let sql = format!("DELETE FROM {table} WHERE size > {keep}");
            self.hand.administrator.execute(&sql).await.unwrap();
        }
        self.hand.administrator.execute("DELETE FROM log_tile").await.unwrap();
        for commitment in &commitments {
            for (id, hashes) in edge.push(Hash::of_entry(&entry(*commitment))) {
                let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
                let sql = format!(
                    "INSERT INTO log_tile VALUES ({}, {}, {})",
                    id.level,
                    id.index,
                    self.hand.blob(&bytes)
                );
                self.hand.run(&sql).await;
            }
        }
        let (root, bytes) = (self.hand.blob(edge.root().as_bytes()), self.hand.blob(&edge.to_bytes()));
        self.hand.run(&format!("UPDATE log_head SET size = {size}, root = {root}, edge = {bytes}")).await;
        let Some(thief) = thief else { return };
        let text = Checkpoint { origin: thief.verifier().name().into(), size, root: edge.root() }.text();
        let key = thief.verifier();
        let (line, name) = (thief.sign(&text).unwrap(), format!("{}+{:08x}", key.name(), key.id()));
        self.hand.run(&format!("INSERT INTO log_checkpoint VALUES ({size}, {root}, 7)")).await;
        self.hand.run(&format!("INSERT INTO log_signature VALUES ({size}, '{name}', '{line}', 7)")).await;
    }
}

/// Whether a row is named, alone or with what belongs to it.
fn named(findings: &[Finding], table: &str, id: &dyn ToString, fault: Fault) -> bool {
    let id = id.to_string();
    let is =
        |f: &Finding| f.id == id || f.id.starts_with(&format!("{id} ")) || f.id.ends_with(&format!(" {id}"));
    findings.iter().any(|f| f.table == table && f.fault == fault && is(f))
}

macro_rules! assert_named {
    ($findings:expr, $table:literal, $id:expr, $fault:ident) => {
        assert!(named(&$findings, $table, &$id, Fault::$fault), "{} {}: {:?}", $table, $id, $findings)
    };
}

/// The places that are named, in the order in which they are.
fn first_entry(findings: &[Finding]) -> u64 {
    let of = |f: &Finding| f.id.split([' ', '.']).next().and_then(|index| index.parse().ok());
    findings.iter().filter(|f| f.table == "log_entry").find_map(of).unwrap()
}

type Change = fn(&mut Recorded);

const CHANGES: [(&str, Change); 3] = [
    ("field", |recorded| {
        if let Fact::MandateGiven { case, .. } = &mut recorded.fact {
            *case = Some("27.36.04-G01-12-26".parse().unwrap());
        }
    }),
    ("actor", |recorded| recorded.actor = ActorTrace::Operator),
    ("time", |recorded| recorded.recorded_at = recorded.recorded_at.plus_seconds(-1)),
];

pub(crate) async fn s13_a_changed_field_actor_or_time_names_the_event(engine: Engine) {
    let mut lived = lived(engine).await;
    let placed = lived.placed("mandate_given").await;
    for (what, change) in CHANGES {
        let mut forged = placed.recorded.clone();
        change(&mut forged);
        assert_ne!(forged, placed.recorded, "{what}");
        lived.rewrite(&placed, &forged, false).await;
        assert_named!(lived.findings(&[]).await, "event", placed.event, Changed);
        // Whoever computes the commitment again too has the tree against them.
        lived.rewrite(&placed, &forged, true).await;
        let findings = lived.findings(&[]).await;
        assert!(!findings.iter().any(|f| f.table == "event"), "{what}: {findings:?}");
        assert_named!(findings, "log_entry", placed.index, Changed);
        assert_named!(findings, "log_entry", format!("event {}", placed.event), Changed);
        assert_eq!(first_entry(&findings), placed.index);
        lived.hand.restore_all().await;
    }
}

/// Every row of an event, and its entry.
async fn delete(lived: &mut Lived, event: EventId) {
    let id = lived.hand.uuid(event.as_uuid());
    for (table, column) in [
        ("event_subject", "event_id"),
        ("event_body", "event_id"),
        ("log_entry", "event_id"),
        ("event", "id"),
    ] {
        let _ = lived
            .hand
            .administrator
            .execute(&format!("DELETE FROM {table} WHERE {column} = {id}"))
            .await
            .unwrap();
    }
}

pub(crate) async fn s13_a_deletion_in_the_middle_names_the_first_place(engine: Engine) {
    let mut lived = lived(engine).await;
    let placed = lived.placed("mandate_given").await;
    delete(&mut lived, placed.event).await;
    assert_named!(lived.findings(&[]).await, "log_entry", placed.index, Missing);
    // With those after it moved up.
    let gap = placed.index;
    for sql in [
        format!("UPDATE log_entry SET entry_index = entry_index + 1000000 WHERE entry_index > {gap}"),
        "UPDATE log_entry SET entry_index = entry_index - 1000001 WHERE entry_index >= 1000000".to_owned(),
    ] {
        lived.hand.run(&sql).await;
    }
    let findings = lived.findings(&[]).await;
    assert_eq!(
        first_entry(&findings),
        lived.size().await - 1,
        "the end is one place further up: {findings:?}"
    );
    assert_named!(findings, "log_entry", gap, Reordered);
}

pub(crate) async fn s13_a_deleted_tail_names_its_places(engine: Engine) {
    let mut lived = lived(engine).await;
    let size = lived.size().await;
    for fact in ["consent_requested", "access_recorded"] {
        let placed = lived.placed(fact).await;
        delete(&mut lived, placed.event).await;
    }
    assert_named!(lived.findings(&[]).await, "log_entry", format!("{}..{size}", size - 2), Missing);
    // With a tree that never had them: what the log signed is larger.
    let newest = size;
    lived.rehash(newest, None).await;
    let findings = lived.findings(&[]).await;
    assert_named!(findings, "log_entry", format!("{}..{newest}", size - 2), Missing);
    assert_named!(findings, "log_checkpoint", newest, Added);
}

pub(crate) async fn s13_an_inserted_event_names_its_place(engine: Engine) {
    let mut lived = lived(engine).await;
    let placed = lived.placed("mandate_given").await;
    let forged =
        Recorded { id: EventId::from_uuid(lived.world.ambient.id()), revision: 2, ..placed.recorded.clone() };
    let (id, bytes) = (lived.hand.uuid(forged.id.as_uuid()), forged.to_bytes());
    let commitment = lived.hand.blob(Digest::commit(&placed.salt, &bytes).as_bytes());
    let (thing, at) = (lived.hand.uuid(forged.aggregate), placed.index);
    for sql in [
        format!(
            "INSERT INTO event VALUES ({id}, 'mandate', {thing}, 2, 'mandate_given', {}, {commitment})",
            forged.recorded_at.as_micros()
        ),
        format!(
            "INSERT INTO event_body VALUES ({id}, {}, {})",
            lived.hand.blob(placed.salt.reveal()),
            lived.hand.blob(&bytes)
        ),
        format!("UPDATE log_entry SET entry_index = entry_index + 1000000 WHERE entry_index >= {at}"),
        "UPDATE log_entry SET entry_index = entry_index - 999999 WHERE entry_index >= 1000000".to_owned(),
        format!("INSERT INTO log_entry VALUES ({at}, {id})"),
    ] {
        lived.hand.run(&sql).await;
    }
    let findings = lived.findings(&[]).await;
    assert_named!(findings, "log_entry", format!("{at} event {}", forged.id), Changed);
    assert_named!(findings, "log_entry", at + 1, Reordered);
    let size = lived.size().await;
    assert!(
        findings.iter().any(|f| f.table == "log_entry"
            && f.fault == Fault::Added
            && f.id.starts_with(&size.to_string()))
    );
}

pub(crate) async fn s13_two_that_were_swapped_are_both_named(engine: Engine) {
    let mut lived = lived(engine).await;
    let (one, two) = (lived.placed("mandate_given").await, lived.placed("consent_given").await);
    for (index, event) in [(one.index, two.event), (two.index, one.event)] {
        let id = lived.hand.uuid(event.as_uuid());
        lived
            .hand
            .run(&format!("UPDATE log_entry SET entry_index = {index} + 1000000 WHERE event_id = {id}"))
            .await;
    }
    lived
        .hand
        .run("UPDATE log_entry SET entry_index = entry_index - 1000000 WHERE entry_index >= 1000000")
        .await;
    let findings = lived.findings(&[]).await;
    for (index, event) in [(one.index, two.event), (two.index, one.event)] {
        assert_named!(findings, "log_entry", format!("{index} event {event}"), Reordered);
    }
    let named = findings.iter().filter(|f| f.detail == "the tree has the event in another place").count();
    assert_eq!(named, 2, "{findings:?}");
}

/// The mandate's event is another, and the tree is made to fit.
async fn rewritten(lived: &mut Lived, thief: Option<&Signer>) -> u64 {
    let placed = lived.placed("mandate_given").await;
    let mut forged = placed.recorded.clone();
    forged.actor = ActorTrace::Operator;
    lived.rewrite(&placed, &forged, true).await;
    let early = size_of(&lived.early);
    assert!(early <= placed.index && placed.index < size_of(&lived.late));
    lived.rehash(early, thief).await;
    placed.index
}

pub(crate) async fn s13_a_tree_that_was_hashed_again_is_found_by_a_checkpoint_that_was_kept(engine: Engine) {
    let mut lived = lived(engine).await;
    rewritten(&mut lived, None).await;
    assert_eq!(lived.findings(&[]).await, [], "the database says nothing against itself");
    let (early, late) = (size_of(&lived.early), size_of(&lived.late));
    assert_eq!(lived.findings(&[&lived.early]).await, [], "it was changed after that one");
    let findings = lived.findings(&[&lived.early, &lived.late]).await;
    assert_named!(findings, "held checkpoint", late, Changed);
    assert_named!(findings, "log_entry", format!("{early}..{late}"), Changed);
}

pub(crate) async fn s13_a_tree_signed_again_with_the_stolen_key_contradicts_the_witness(engine: Engine) {
    let mut lived = lived(engine).await;
    rewritten(&mut lived, Some(&log_signer())).await;
    assert_eq!(lived.findings(&[]).await, [], "the database says nothing against itself");
    let late = size_of(&lived.late);
    let trusted = [log_witness().verifier()];
    assert_eq!(lived.late.verify(&trusted).unwrap().len(), 1, "the witness vouches for what was kept");
    assert_named!(lived.findings(&[&lived.late]).await, "held checkpoint", late, Changed);
}

pub(crate) async fn s13_an_edited_checkpoint_is_named(engine: Engine) {
    let mut lived = lived(engine).await;
    let late = size_of(&lived.late);
    let zeros = lived.hand.blob(&[0; 32]);
    lived.hand.run(&format!("UPDATE log_checkpoint SET root = {zeros} WHERE size = {late}")).await;
    let findings = lived.findings(&[]).await;
    assert_named!(findings, "log_checkpoint", late, Changed);
    assert!(findings.iter().any(|f| f.detail.contains("and not this root")), "{findings:?}");
    assert!(!findings.iter().any(|f| f.table == "log_entry"), "the entries are right: {findings:?}");
    lived.hand.restore_all().await;
    lived.hand.run(&format!("UPDATE log_checkpoint SET size = size - 1 WHERE size = {late}")).await;
    let findings = lived.findings(&[]).await;
    assert_named!(findings, "log_checkpoint", late, Missing);
    assert_named!(findings, "log_checkpoint", late - 1, Added);
}

pub(crate) async fn s13_swapped_payloads_and_salts_name_both_events(engine: Engine) {
    let mut lived = lived(engine).await;
    let (one, two) = (lived.placed("mandate_given").await, lived.placed("consent_given").await);
    for column in ["bytes", "salt"] {
        for (to, from) in [(&one, &two), (&two, &one)] {
            let (to, from) = (lived.hand.uuid(to.event.as_uuid()), lived.hand.uuid(from.event.as_uuid()));
            let value = format!("(SELECT {column} FROM _event_body WHERE event_id = {from})");
            lived.hand.run(&format!("UPDATE event_body SET {column} = {value} WHERE event_id = {to}")).await;
        }
        let findings = lived.findings(&[]).await;
        for event in [one.event, two.event] {
            assert_named!(findings, "event", event, Changed);
        }
        lived.hand.restore_all().await;
    }
}

pub(crate) async fn s13_a_grant_that_no_event_gave_is_named(engine: Engine) {
    let mut lived = lived(engine).await;
    lived.hand.run("UPDATE mandate SET valid_to = valid_to + 1").await;
    lived.hand.run("UPDATE power SET valid_to = valid_to + 1").await;
    let mandate = lived.placed("mandate_given").await.recorded.aggregate;
    let findings = lived.findings(&[]).await;
    assert_named!(findings, "mandate", mandate, Changed);
    assert_named!(findings, "power", mandate, Changed);
}

pub(crate) async fn s13_an_old_backup_is_found_by_a_checkpoint_that_was_kept(engine: Engine) {
    let mut lived = lived(engine).await;
    let size = lived.size().await;
    lived.hand.let_life_go_on().await;
    let hugo = lived.world.person("Hugo", "6101710041").await;
    lived.world.ask(hugo, "C15").await;
    lived.world.service.sequence_all().await.unwrap();
    fill::cosigned(&lived.world).await;
    let newest = lived.world.service.log_checkpoint().await.unwrap();
    assert_eq!(lived.findings(&[&newest, &lived.late]).await, []);
    lived.hand.restore_all().await;
    assert_eq!(lived.findings(&[]).await, [], "a backup is right in itself");
    assert_eq!(lived.findings(&[&lived.late]).await, []);
    let findings = lived.findings(&[&lived.late, &newest]).await;
    assert_named!(findings, "log_entry", format!("{size}..{}", size_of(&newest)), Missing);
    assert_named!(findings, "held checkpoint", size_of(&newest), Missing);
}

pub(crate) async fn s13_two_logs_with_one_key_contradict_each_other(engine: Engine) {
    let lived = lived(engine).await;
    let other = World::witnessed(engine).await;
    other.bo().await;
    other.service.sequence_all().await.unwrap();
    let theirs = other.service.log_checkpoint().await.unwrap();
    let findings = lived.findings(&[&lived.late, &theirs]).await;
    assert_named!(findings, "held checkpoint", size_of(&theirs), Changed);
    // Two of one size are proof in themselves, whichever database is asked.
    let mut tree = Checkpoint::from_text(lived.late.text()).unwrap();
    tree.root = Hash::of_nothing();
    let mut fork = Note::new(tree.text()).unwrap();
    fork.push(log_signer().sign(&tree.text()).unwrap());
    let findings = lived.findings(&[&lived.late, &fork]).await;
    assert!(findings.iter().any(|f| f.detail == "the log has signed two trees of this size"), "{findings:?}");
}

pub(crate) async fn s13_a_replaced_log_key_is_named(engine: Engine) {
    let mut lived = lived(engine).await;
    let thief = signer(LOG_ORIGIN, Algorithm::Ed25519, 66);
    rewritten(&mut lived, Some(&thief)).await;
    let size = lived.size().await;
    // Under the keys that are known, the signature is a stranger's.
    let findings = lived.findings(&[]).await;
    let id = format!("{size} {LOG_ORIGIN}+{:08x}", thief.verifier().id());
    assert_named!(findings, "log_signature", &id, Added);
    // Also where the configuration was changed with it: what the log's own key signed before is then a stranger's.
    let keys = LogKeys::new(LOG_ORIGIN.parse().unwrap(), vec![thief], Vec::new(), None).unwrap();
    let kept = [lived.late.clone()];
    let findings = audit(&lived.world.store, &LogTrust::of(&keys), &kept, |_| ()).await.unwrap().findings;
    assert_named!(findings, "log_signature", size_of(&lived.early), Added);
    assert_named!(findings, "held checkpoint", size_of(&lived.late), Changed);
}

pub(crate) async fn s13_an_emptied_queue_is_named(engine: Engine) {
    let mut lived = lived(engine).await;
    let anna = lived.placed("consent_withdrawn").await.recorded.subjects[0].person;
    lived.hand.let_life_go_on().await;
    let asked = lived.world.ask(anna, "C15").await;
    lived.world.service.cancel_request(&caseworker(OWN), asked).await.unwrap();
    let waited = lived.hand.administrator.column("SELECT CAST(position AS TEXT) FROM pending").await.len();
    lived.hand.run("DELETE FROM pending").await;
    let findings = lived.findings(&[]).await;
    let missing = findings.iter().filter(|f| f.table == "pending" && f.fault == Fault::Missing).count();
    assert!(missing == waited && waited > 1, "{findings:?}");
}
