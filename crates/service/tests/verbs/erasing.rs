//! What is over is erased, and what is not stays.

use crate::expect::{denied, invalid, rule, told};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::collections::BTreeSet;
use tillid_documents::{Receipt, verify};
use tillid_domain::{
    CalendarPeriod, Digest, Reason, Salt,
    access::Act,
    actor::{Purpose, Role},
    erasure::ErasureGround,
    event::Kind,
    id::PersonId,
};
use tillid_service::{
    Call, Erased, Erasure, Error, NewErasure, NewLookup, NewPresentation, Overview, PersonRef, ReceiptOf,
};
use tillid_testkit::{
    Administrator, Engine, World,
    people::{
        OTHER, OWN, acting, administrator, caseworker, citizen, employee, keyed, machine, staff, under,
    },
};

const NUMBER: &str = "6101710025";
const NAME: &str = "Forladt";

pub(crate) fn officer(authority: &str) -> Call {
    staff(employee(authority, &[Role::DataProtectionOfficer], 300))
}

fn erasure(person: PersonId) -> NewErasure {
    NewErasure { person: PersonRef::Id(person), ground: ErasureGround::RetentionOver, case: None }
}

fn ordered(person: PersonId) -> NewErasure {
    NewErasure {
        ground: ErasureGround::Ordered,
        case: Some("00.07.10-K12-1-26".parse().unwrap()),
        ..erasure(person)
    }
}

fn seven_years(world: &World) {
    world.pass(CalendarPeriod::months(84));
}

async fn look_up(world: &World, authority: &str, person: PersonRef) -> tillid_service::LookedUp {
    let case = Some("27.36.04-G01-12-26".parse().unwrap());
    let new = NewLookup { person, purpose: Purpose::CaseProcessing, case };
    world.service.look_up(&caseworker(authority), &new).await.unwrap()
}

/// Somebody of whom there is something of every kind, all of it over.
async fn finn(world: &World, bo: PersonId) -> PersonId {
    let finn = world.person(NAME, NUMBER).await;
    for code in ["C15", "M14", "M18"] {
        world.import(code).await;
    }
    for consent in world.consent(finn, "C15").await {
        world.service.withdraw_consent(&citizen(finn), consent.consent.id).await.unwrap();
    }
    let asked = world.ask(finn, "C15").await;
    let shown = world.show(&citizen(finn), asked).await;
    let no = world.all(false, shown).await;
    world.service.answer_request(&citizen(finn), asked, shown, &no).await.unwrap();
    let cancelled = world.ask(finn, "C15").await;
    world.service.cancel_request(&caseworker(OWN), cancelled).await.unwrap();
    world.ask(finn, "C15").await;
    // A mandate each way, one that expires and one that is revoked; one that was shown, with a name, and never given.
    world.give(finn, bo, &["M14", "M18"]).await;
    let revoked = world.give(bo, finn, &["M14"]).await;
    world.service.overview(&acting(bo, finn)).await.unwrap();
    world.service.overview(&acting(finn, bo)).await.unwrap();
    world.service.revoke_mandate(&citizen(bo), revoked.id).await.unwrap();
    let mut named = world.mandate_to(finn, &["M14"]);
    named.representative_name = Some(NAME.parse().unwrap());
    world.try_show(&citizen(bo), NewPresentation::Mandate(named)).await.unwrap();
    let found = look_up(world, OWN, PersonRef::Id(finn)).await;
    let reader = under(caseworker(OWN), found.record.id);
    world.service.list_consents(&reader, None, 10).await.unwrap();
    look_up(world, OTHER, PersonRef::Id(finn)).await;
    finn
}

/// Each column of each table in which one of the texts stands, or the UUID that it is.
async fn found_in(administrator: &mut Administrator, engine: Engine, needles: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for table in administrator.tables().await {
        for column in administrator.columns(&table).await {
            let c = format!("\"{}\"", column.name);
            for needle in needles {
                let hex = needle.bytes().fold(String::new(), |hex, b| hex + &format!("{b:02x}"));
                let bare = needle.replace('-', "");
                let condition = match engine {
                    Engine::Sqlite => {
                        let uuid = if bare.len() == 32 { bare } else { hex.clone() };
                        format!(
                            "instr(CAST({c} AS BLOB), X'{hex}') > 0 OR instr(CAST({c} AS BLOB), X'{uuid}') > 0"
                        )
                    }
                    Engine::Postgres if column.kind == "BYTEA" => {
                        format!("position('\\x{hex}'::bytea IN {c}) > 0")
                    }
                    Engine::Postgres => format!("position('{needle}' IN {c}::TEXT) > 0"),
                };
                let count = format!("SELECT COUNT(*) FROM {table} WHERE {condition}");
                if administrator.count(&count).await > 0 {
                    found.insert(format!("{table}.{}", column.name));
                }
            }
        }
    }
    found
}

async fn remains(world: &World, person: PersonId) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut administrator = world.database.administrator().await;
    let engine = world.database.engine;
    let told = [NAME.to_owned(), NAME.to_lowercase(), NUMBER.to_owned()];
    let id = [person.to_string()];
    (found_in(&mut administrator, engine, &told).await, found_in(&mut administrator, engine, &id).await)
}

pub(crate) async fn r42_what_is_over_is_erased_and_nothing_of_the_person_remains(world: &World) {
    let bo = world.bo().await;
    let finn = finn(world, bo).await;
    let consent = world.service.list_consents(&citizen(finn), None, 1).await.unwrap().items[0].consent.id;
    let event = world.service.newest_receipt(&citizen(finn), ReceiptOf::Consent(consent)).await.unwrap();
    let receipt = world.service.receipt(&citizen(finn), event).await.unwrap();
    let before = remains(world, finn).await;
    assert!(before.0.contains("person.name") && before.0.contains("presentation.presented"), "{before:?}");
    assert!(before.1.contains("access_record.actor"), "{before:?}");
    seven_years(world);
    world.consent(bo, "C15").await;
    let planned = world.service.preview_erasure(&officer(OWN), &erasure(finn)).await.unwrap();
    assert!(planned.person && planned.kept.is_empty(), "{planned:?}");
    let done = world.service.erase(&officer(OWN), &erasure(finn)).await.unwrap().value;
    // The preview is itself a look, and goes with the others.
    let expected = Erased { looks: planned.erased.looks + 1, ..planned.erased };
    assert_eq!(done, Erasure { erased: expected, ..planned });
    assert!(expected.consents >= 2 && expected.requests == 4 && expected.mandates == 2, "{expected:?}");
    world.check().await;
    let (told, id) = remains(world, finn).await;
    assert_eq!(told, BTreeSet::new());
    let tombstone = ["event.aggregate_id", "event_body.bytes"].map(str::to_owned);
    assert_eq!(
        id,
        BTreeSet::from(tombstone),
        "the person's own tombstone names an id, and nothing else does"
    );
    let mut administrator = world.database.administrator().await;
    let bodies = "SELECT COUNT(*) FROM event_body b JOIN event e ON e.id = b.event_id JOIN event t ON \
         t.kind = e.kind AND t.aggregate_id = e.aggregate_id AND t.fact = 'erased' WHERE e.fact <> 'erased'";
    assert_eq!(administrator.count(bodies).await, 0);
    // The other side goes on: their list, their overview, their log, and their count without a gap (which `check` looks at).
    let (mandates, _) = world.service.list_mandates(&citizen(bo), None, 10).await.unwrap();
    assert_eq!(mandates.items, []);
    let Overview::Own(own) = world.service.overview(&citizen(bo)).await.unwrap().0 else { panic!() };
    assert!(own.may_act_for.is_empty());
    let log = log_of(world, bo).await;
    assert!(log.contains(&Act::Erase), "it stands in the log of whom it concerned too: {log:?}");
    // The receipt is gone here, and the one in the citizen's hands still opens what the journal keeps.
    assert_eq!(told_receipt(world, finn, event).await, "not found");
    let sql = match world.database.engine {
        Engine::Sqlite => {
            format!("SELECT lower(hex(commitment)) FROM event WHERE id = X'{}'", event.as_uuid().simple())
        }
        Engine::Postgres => format!("SELECT encode(commitment, 'hex') FROM event WHERE id = '{event}'"),
    };
    let kept = administrator.column(&sql).await;
    assert_eq!(kept, [opened_by(world, &receipt)]);
    // The number is nobody's now; whoever asks makes somebody new known.
    let again = look_up(world, OWN, PersonRef::Number(NUMBER.parse().unwrap())).await;
    assert_ne!(again.person.id, finn);
    assert_eq!(again.person.name, None);
}

/// The commitment that the citizen's own copy opens, in hexadecimal.
fn opened_by(world: &World, receipt: &Receipt) -> String {
    let keys = world.service.receipt_keys();
    let key = URL_SAFE_NO_PAD.decode(keys["keys"][0]["x"].as_str().unwrap()).unwrap();
    let event = verify(&receipt.receipt, &key).expect("it still opens");
    let payload = URL_SAFE_NO_PAD.decode(receipt.receipt.split('.').nth(1).unwrap()).unwrap();
    let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let salt = URL_SAFE_NO_PAD.decode(payload["commitment"]["salt"].as_str().unwrap()).unwrap();
    let opened = Digest::commit(&Salt::from_bytes(salt.try_into().unwrap()), &event.to_bytes());
    opened.to_string()
}

async fn told_receipt(world: &World, person: PersonId, event: tillid_domain::id::EventId) -> String {
    told(world.service.receipt(&citizen(person), event).await)
}

async fn log_of(world: &World, person: PersonId) -> Vec<Act> {
    let mut tx = world.store.read().await.unwrap();
    let log = tx.access_log(person, world.now(), None, 100).await.unwrap();
    log.into_iter().map(|record| record.act).collect()
}

/// The reasons in a plan, without what they are about.
fn reasons(erasure: &Erasure) -> Vec<(Kind, Reason)> {
    let mut reasons: Vec<_> = erasure.kept.iter().map(|kept| (kept.kind, kept.reason)).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

pub(crate) async fn r42_nothing_goes_before_its_time(world: &World) {
    let bo = world.bo().await;
    let finn = finn(world, bo).await;
    let refused = world.service.erase(&officer(OWN), &erasure(finn)).await;
    assert_eq!(told(refused), rule(Reason::NothingToErase));
    let planned = world.service.preview_erasure(&officer(OWN), &erasure(finn)).await.unwrap();
    let told_why = reasons(&planned);
    for expected in [
        (Kind::Mandate, Reason::StillInForce),
        (Kind::Consent, Reason::RetentionRuns),
        (Kind::ConsentRequest, Reason::StillInForce),
        (Kind::Person, Reason::RetentionRuns),
    ] {
        assert!(told_why.contains(&expected), "{told_why:?}");
    }
    // Ordered: the period counts no longer; what is in force does, and so do looks of another authority.
    let done = world.service.erase(&officer(OWN), &ordered(finn)).await.unwrap().value;
    assert!(!done.person && done.erased.consents > 0, "{done:?}");
    let told_why = reasons(&done);
    assert!(told_why.iter().all(|(_, reason)| *reason != Reason::RetentionRuns || told_why.len() > 1));
    assert!(told_why.contains(&(Kind::Mandate, Reason::StillInForce)), "{told_why:?}");
    let log = world.service.access_log(&citizen(finn), None, 10).await.unwrap();
    let told = log.items.iter().find(|r| r.act == Act::Erase && r.case.is_some());
    assert!(told.is_some(), "it stands in the person's log, with its case");
    let left = world.service.list_consents(&citizen(finn), None, 10).await.unwrap();
    assert_eq!(left.items, []);
    assert!(world.may_act(bo, finn).await.is_ok(), "what is in force goes on");
}

pub(crate) async fn r42_an_authority_erases_nothing_of_anothers_and_learns_nothing_of_it(world: &World) {
    let bo = world.bo().await;
    let finn = finn(world, bo).await;
    seven_years(world);
    let planned = world.service.preview_erasure(&officer(OTHER), &ordered(finn)).await.unwrap();
    assert_eq!(reasons(&planned), [(Kind::Person, Reason::KeptByAnother)]);
    let done = world.service.erase(&officer(OTHER), &ordered(finn)).await.unwrap().value;
    assert_eq!((done.erased.consents, done.erased.requests, done.person), (0, 0, false));
    assert_eq!(done.erased.mandates, 2, "a mandate is nobody's");
    let left = world.service.list_consents(&citizen(finn), None, 10).await.unwrap();
    assert!(!left.items.is_empty());
}

pub(crate) async fn r42_who_acted_for_somebody_is_known_for_as_long_as_that_is_kept(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M18"] {
        world.import(code).await;
    }
    world.give(anna, bo, &["M18"]).await;
    let asked = world.ask(anna, "C15").await;
    let shown = world.show(&acting(bo, anna), asked).await;
    let no = world.all(false, shown).await;
    world.service.answer_request(&acting(bo, anna), asked, shown, &no).await.unwrap();
    seven_years(world);
    let done = world.service.erase(&officer(OWN), &erasure(bo)).await.unwrap().value;
    assert_eq!((done.erased.mandates, done.person), (1, false));
    assert_eq!(reasons(&done), [(Kind::Person, Reason::NamedInWhatStays)]);
    // When that is gone, nothing holds them any longer.
    assert!(world.service.erase(&officer(OWN), &erasure(anna)).await.unwrap().value.person);
    assert!(world.service.erase(&officer(OWN), &erasure(bo)).await.unwrap().value.person);
}

pub(crate) async fn only_a_data_protection_officer_erases(world: &World) {
    let anna = world.anna().await;
    for (call, expected) in [
        (citizen(anna), Reason::StaffOnly),
        (acting(anna, anna), Reason::StaffOnly),
        (caseworker(OWN), Reason::RoleMissing),
        (administrator(OWN, 1), Reason::RoleMissing),
        (machine(OWN), Reason::RoleMissing),
    ] {
        assert_eq!(told(world.service.erase(&call, &erasure(anna)).await), denied(expected));
        assert_eq!(told(world.service.preview_erasure(&call, &erasure(anna)).await), denied(expected));
    }
    let mut me = employee(OWN, &[Role::DataProtectionOfficer], 300);
    me.person = Some(anna);
    let own = world.service.erase(&staff(me), &erasure(anna)).await;
    assert_eq!(told(own), denied(Reason::OwnCase));
    let caseless = NewErasure { case: None, ..ordered(anna) };
    let refused = world.service.erase(&officer(OWN), &caseless).await;
    assert_eq!(told(refused), invalid("/case", Reason::CaseMissing));
    let unknown = NewErasure { person: PersonRef::Number(NUMBER.parse().unwrap()), ..erasure(anna) };
    let refused = world.service.preview_erasure(&officer(OWN), &unknown).await;
    assert_eq!(told(refused), invalid("/person", Reason::NobodyKnown));
    let mut stale = officer(OWN);
    stale.actor.authenticated_at = Some(world.now().plus_seconds(-301));
    assert_eq!(told(world.service.erase(&stale, &erasure(anna)).await), "log in again");
    assert!(world.service.preview_erasure(&stale, &erasure(anna)).await.is_ok());
    assert_eq!(log_of(world, anna).await, [Act::Erase; 2], "the preview, and the one that was refused");
}

pub(crate) async fn an_erasure_sent_again_tells_what_it_did(world: &World) {
    let bo = world.bo().await;
    let finn = finn(world, bo).await;
    seven_years(world);
    let by_number = NewErasure { person: PersonRef::Number(NUMBER.parse().unwrap()), ..erasure(finn) };
    let call = keyed(officer(OWN), "1", "erase");
    let first = world.service.erase(&call, &by_number).await.unwrap();
    assert!(first.value.person && !first.replayed);
    let again = world.service.erase(&call, &by_number).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.value, first.value);
    let other = keyed(officer(OWN), "1", "another");
    assert_eq!(told(world.service.erase(&other, &by_number).await), "key reused");
    let unkeyed = world.service.erase(&officer(OWN), &by_number).await;
    assert_eq!(told(unkeyed), invalid("/person", Reason::NobodyKnown));
}

pub(crate) async fn looks_and_erasures_at_once_leave_nothing_behind(world: &World) {
    let bo = world.bo().await;
    world.import("C15").await;
    for round in 0..10_u32 {
        let number = format!("61017100{:02}", 40 + round);
        let person = world.person(&format!("Nr{round}"), &number).await;
        let (service, officer) = (&world.service, officer(OWN));
        let new = NewLookup {
            person: PersonRef::Number(number.parse().unwrap()),
            purpose: Purpose::CaseProcessing,
            case: Some("27.36.04-G01-12-26".parse().unwrap()),
        };
        let (caller, wanted) = (caseworker(OWN), ordered(person));
        let (looked, one, other) = tokio::join!(
            service.look_up(&caller, &new),
            service.erase(&officer, &wanted),
            service.erase(&officer, &wanted)
        );
        // A look that came too late to be recorded was not answered; one that came before went with the person, or kept them.
        assert!(matches!(looked, Ok(_) | Err(Error::Busy(_) | Error::NotFound)), "{looked:?}");
        let outcomes = [one.is_ok(), other.is_ok()];
        assert!(outcomes.contains(&true), "{one:?} {other:?}");
        world.check().await;
    }
    assert!(world.service.overview(&citizen(bo)).await.is_ok());
}

/// Every file of the database, byte for byte.
fn files_hold(world: &World, needle: &str) -> bool {
    let tillid_storage::Address::Sqlite(path) = &world.database.address else { panic!("a file") };
    let folder = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let mut files = folder.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.any(|bytes| bytes.windows(needle.len()).any(|window| window == needle.as_bytes()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_erased_is_in_no_file_of_an_sqlite_database() {
    let world = World::new(Engine::Sqlite).await;
    let bo = world.bo().await;
    let finn = finn(&world, bo).await;
    // Enough beside it that pages are split, moved and merged.
    for n in 30..80 {
        let other = world.person(&format!("Nr{n}"), &format!("61017100{n}")).await;
        world.one_consent(other, "C15").await;
    }
    assert!(files_hold(&world, NAME) && files_hold(&world, &finn.to_string()));
    seven_years(&world);
    assert!(world.service.erase(&officer(OWN), &erasure(finn)).await.unwrap().value.person);
    assert!(!files_hold(&world, NAME), "while the service goes on");
    assert!(!files_hold(&world, &NAME.to_lowercase()), "the login");
    world.check().await;
    // Without the protection it would still be there.
    let mut administrator = world.database.administrator().await;
    for sql in [
        "PRAGMA secure_delete = OFF",
        "CREATE TABLE _canary (text TEXT)",
        "INSERT INTO _canary VALUES ('Kanariefugl')",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "DELETE FROM _canary",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    ] {
        administrator.execute(sql).await.unwrap();
    }
    assert!(files_hold(&world, "Kanariefugl"), "the control");
}
