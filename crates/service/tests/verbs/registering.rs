//! Authorities register things that are no persons, and give them privileges.

use crate::{
    expect::{denied, invalid, rule, told},
    external::{action, entity, fixture, grant, may, name, privilege, record, user},
};
use serde_json::json;
use tillid_domain::{
    Instant, Reason,
    actor::{Machine, Role, Scope, Who},
    event::Fact,
    external::{EntityState, No, Question, Search, Verdict},
    id::ExternalGrantId,
};
use tillid_service::{Call, Error, NewEntity, NewGrant};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, administrator, caseworker, citizen, employee, expecting, keyed, machine, staff},
};
use uuid::Uuid;

pub(crate) async fn a_grant_holds_from_its_start_to_its_end_and_until_it_is_revoked(world: &World) {
    fixture(world, OWN).await;
    let system = machine(OWN);
    let carl = entity("user", "carl", &json!({}), &[]);
    world.service.put_entity(&system, &carl).await.unwrap();
    let (from, to) = (world.now().plus_seconds(10), world.now().plus_seconds(20));
    let mut new = grant("carl", &["read"], Some("record-1"));
    (new.valid_from, new.valid_to) = (Some(from), Some(to));
    let given = world.service.give_grant(&system, &new).await.unwrap().value;
    let at = async |at: Instant| {
        let none = json!({});
        let question = Question {
            subject: user("carl", &none),
            action: action("read", &none),
            resource: record("record-1", &none),
            at,
        };
        world.service.ask_external(&system, &[question]).await.unwrap().remove(0).verdict
    };
    let micro = |at: Instant, by: i64| Instant::from_micros(at.as_micros() + by);
    assert_eq!(at(micro(from, -1)).await, Verdict::No(No::NoPower));
    assert_eq!(at(to).await, Verdict::No(No::NoPower));
    for moment in [from, micro(to, -1)] {
        let Verdict::Yes { basis, valid_until } = at(moment).await else { panic!("{moment}") };
        assert_eq!((basis[0].grant, basis[0].revision, valid_until), (given.id, 1, Some(to)));
    }
    assert_eq!(may(world, "carl", "read", "record-2").await, Verdict::No(No::NoPower), "only with the one");
    // A second grant without an end: both are the basis, and there is none.
    let more = world.service.give_grant(&system, &grant("carl", &["read"], None)).await.unwrap().value;
    let Verdict::Yes { basis, valid_until } = at(from).await else { panic!() };
    assert_eq!((basis.len(), valid_until), (2, None));
    assert!(may(world, "carl", "read", "record-2").await.decision());
    world.service.revoke_grant(&system, more.id).await.unwrap();
    assert_eq!(may(world, "carl", "read", "record-2").await, Verdict::No(No::NoPower));
    assert_eq!(told(world.service.revoke_grant(&system, more.id).await), rule(Reason::PowerRevoked));
    for (field, value) in [("past", world.now()), ("before its start", from)] {
        let new =
            NewGrant { valid_from: Some(from), valid_to: Some(value), ..grant("carl", &["read"], None) };
        let refused = told(world.service.give_grant(&system, &new).await);
        assert_eq!(refused, invalid("/valid_until", Reason::EndDatePast), "{field}");
    }
}

pub(crate) async fn what_is_removed_gives_nothing_and_does_not_come_back_by_its_name(world: &World) {
    fixture(world, OWN).await;
    let system = machine(OWN);
    let alice = name("user", "alice");
    let read = "read".parse().unwrap();
    // A privilege that says something else says so for what was given before.
    let closed =
        privilege("read", &json!({"action": "read", "object_type": "record", "condition": {"any": []}}));
    let changed = world.service.put_privilege(&system, &closed).await.unwrap().value;
    assert_eq!((changed.created, changed.value.revision), (false, 2));
    assert_eq!(may(world, "alice", "read", "record-1").await, Verdict::No(No::ConditionNotMet));
    let open = privilege("read", &json!({"action": "read", "object_type": "record"}));
    world.service.put_privilege(&system, &open).await.unwrap();
    assert!(may(world, "alice", "read", "record-1").await.decision());

    world.service.remove_privilege(&system, &read).await.unwrap();
    assert_eq!(may(world, "alice", "read", "record-1").await, Verdict::No(No::NoPower));
    assert_eq!(told(world.service.remove_privilege(&system, &read).await), "not found");
    assert!(world.service.put_privilege(&system, &open).await.unwrap().value.created);
    assert_eq!(may(world, "alice", "read", "record-1").await, Verdict::No(No::NoPower), "it is another one");
    world.service.give_grant(&system, &grant("alice", &["read"], Some("record-1"))).await.unwrap();
    assert!(may(world, "alice", "read", "record-1").await.decision());

    let before = world.service.remove_entity(&system, &alice).await.unwrap().value;
    assert_eq!(before.state, EntityState::Removed { at: world.now() });
    for what in ["read", "write"] {
        assert_eq!(may(world, "alice", what, "record-1").await, Verdict::No(No::NoPower));
    }
    assert_eq!(told(world.service.read_entity(&system, &alice).await), "not found");
    let again = entity("user", "alice", &json!({"role": "admin"}), &[]);
    let again = world.service.put_entity(&system, &again).await.unwrap().value;
    assert!(again.created && again.value.id != before.id);
    for what in ["read", "write"] {
        assert_eq!(
            may(world, "alice", what, "record-1").await,
            Verdict::No(No::NoPower),
            "it is another alice"
        );
    }
    assert!(may(world, "bob", "write", "record-2").await.decision());
    world.service.remove_entity(&system, &name("record", "record-2")).await.unwrap();
    assert_eq!(may(world, "bob", "write", "record-2").await, Verdict::No(No::NoPower));
}

pub(crate) async fn what_is_put_again_changes_nothing_and_a_key_is_one_change(world: &World) {
    let system = machine(OWN);
    let (first, other) =
        (entity("record", "r1", &json!({"n": 1}), &["n"]), entity("record", "r1", &json!({"n": 2}), &["n"]));
    let put = async |call: &Call, new: &NewEntity| {
        let done = world.service.put_entity(call, new).await.unwrap();
        (done.value.created, done.value.value.revision, done.replayed)
    };
    assert_eq!(put(&keyed(system.clone(), "k", "1"), &first).await, (true, 1, false));
    assert_eq!(put(&system, &first).await, (false, 1, false));
    assert_eq!(
        put(&keyed(system.clone(), "k", "1"), &first).await,
        (true, 1, true),
        "as it was answered then"
    );
    assert_eq!(told(world.service.put_entity(&keyed(system.clone(), "k", "2"), &other).await), "key reused");
    assert_eq!(put(&expecting(system.clone(), 1), &other).await, (false, 2, false));
    for stale in [0, 1, 3] {
        assert_eq!(
            told(world.service.put_entity(&expecting(system.clone(), stale), &first).await),
            "revision changed"
        );
    }
    let new = entity("record", "r2", &json!({}), &[]);
    assert_eq!(told(world.service.put_entity(&expecting(system.clone(), 1), &new).await), "revision changed");
    let removal = keyed(system.clone(), "gone", "");
    let gone = world.service.remove_entity(&removal, &first.name).await.unwrap();
    let again = world.service.remove_entity(&removal, &first.name).await.unwrap();
    assert_eq!((gone.replayed, again.replayed, &gone.value), (false, true, &again.value));

    let terms = json!({"action": "read", "object_type": "record"});
    let mut events = world.database.administrator().await;
    world.service.put_privilege(&system, &privilege("read", &terms)).await.unwrap();
    let count = events.count("SELECT COUNT(*) FROM event").await;
    let same = world.service.put_privilege(&system, &privilege("read", &terms)).await.unwrap().value;
    assert_eq!((same.created, same.value.revision), (false, 1));
    assert_eq!(events.count("SELECT COUNT(*) FROM event").await, count);

    world.service.put_entity(&system, &entity("user", "alice", &json!({}), &[])).await.unwrap();
    let give = keyed(system.clone(), "give", "1");
    let given = world.service.give_grant(&give, &grant("alice", &["read"], None)).await.unwrap();
    let again = world.service.give_grant(&give, &grant("alice", &["read"], None)).await.unwrap();
    assert_eq!((given.replayed, again.replayed, &given.value), (false, true, &again.value));
    let revoke = keyed(expecting(system.clone(), 1), "revoke", "");
    assert!(!world.service.revoke_grant(&revoke, given.value.id).await.unwrap().replayed);
    assert!(world.service.revoke_grant(&revoke, given.value.id).await.unwrap().replayed);
}

pub(crate) async fn a_grant_names_what_is_registered_and_people_are_not(world: &World) {
    fixture(world, OWN).await;
    let system = machine(OWN);
    let refused = async |new: NewGrant| told(world.service.give_grant(&system, &new).await);
    let missing = |pointer| invalid(pointer, Reason::NotRegistered);
    assert_eq!(refused(grant("carl", &["read"], None)).await, missing("/subject"));
    assert_eq!(refused(grant("alice", &["read"], Some("record-9"))).await, missing("/objects"));
    assert_eq!(refused(grant("alice", &["read", "fly"], None)).await, missing("/privileges/1"));
    // Another authority's are not registered, for whoever is not of it.
    let theirs = told(world.service.give_grant(&machine(OTHER), &grant("alice", &["read"], None)).await);
    assert_eq!(theirs, missing("/subject"));
    for kind in ["person", "person-data", "organisation"] {
        let new = entity(kind, "x", &json!({}), &[]);
        assert_eq!(
            told(world.service.put_entity(&system, &new).await),
            invalid("/type", Reason::TypeReserved)
        );
    }
}

pub(crate) async fn an_authority_registers_its_own_things_only(world: &World) {
    fixture(world, OWN).await;
    let alice = name("user", "alice");
    let anna = world.anna().await;
    let narrow = |scopes: &[Scope]| {
        let Who::System(system) = machine(OWN).actor.who else { unreachable!() };
        let mut call = machine(OWN);
        call.actor.who = Who::System(Machine { scopes: scopes.to_vec(), ..system });
        call
    };
    let system_administrator = staff(employee(OWN, &[Role::SystemAdministrator], 301));
    for (who, call, expected) in [
        ("a caseworker", caseworker(OWN), Some(denied(Reason::RoleMissing))),
        ("a citizen", citizen(anna), Some(denied(Reason::StaffOnly))),
        (
            "a system without the scope",
            narrow(&[Scope::Decide, Scope::Search]),
            Some(denied(Reason::ScopeMissing)),
        ),
        ("a catalogue administrator", administrator(OWN, 1), None),
        ("a system administrator", system_administrator, None),
        ("a system", narrow(&[Scope::Register]), None),
    ] {
        let read = world.service.read_entity(&call, &alice).await.map(|_| ());
        let listed = world.service.list_grants(&call, None, 10).await.map(|_| ());
        let put = world.service.put_entity(&call, &entity("user", "eve", &json!({}), &[])).await.map(|_| ());
        let revoked =
            world.service.revoke_grant(&call, ExternalGrantId::from_uuid(Uuid::nil())).await.map(|_| ());
        match expected {
            None => {
                assert!(read.is_ok() && listed.is_ok() && put.is_ok(), "{who}");
                assert_eq!(told(revoked), "not found");
            }
            Some(expected) => {
                for outcome in [read, listed, put, revoked] {
                    assert_eq!(told(outcome), expected, "{who}");
                }
            }
        }
    }
    // Another authority has its own of the same name, and sees and touches none of these.
    let (theirs, ours) = (machine(OTHER), machine(OWN));
    let given = world.service.list_grants(&ours, None, 10).await.unwrap().0.items[0].id;
    assert_eq!(told(world.service.read_entity(&theirs, &alice).await), "not found");
    assert_eq!(told(world.service.remove_entity(&theirs, &alice).await), "not found");
    assert_eq!(told(world.service.read_privilege(&theirs, &"read".parse().unwrap()).await), "not found");
    assert_eq!(told(world.service.read_grant(&theirs, given).await), "not found");
    assert_eq!(told(world.service.revoke_grant(&theirs, given).await), "not found");
    assert!(world.service.list_entities(&theirs, None, 10).await.unwrap().items.is_empty());
    assert!(
        world
            .service
            .put_entity(&theirs, &entity("user", "alice", &json!({}), &[]))
            .await
            .unwrap()
            .value
            .created
    );
    assert!(may(world, "alice", "read", "record-1").await.decision());
    // Questions are for systems with the scope.
    let none = json!({});
    let question = Question {
        subject: user("alice", &none),
        action: action("read", &none),
        resource: record("record-1", &none),
        at: world.now(),
    };
    for (call, expected) in [
        (citizen(anna), denied(Reason::StaffOnly)),
        (narrow(&[Scope::Register, Scope::Search]), denied(Reason::ScopeMissing)),
    ] {
        assert_eq!(told(world.service.ask_external(&call, std::slice::from_ref(&question)).await), expected);
    }
    let search = Search::Actions { subject: user("alice", &none), resource: record("record-1", &none) };
    let refused = world.service.search_external(&narrow(&[Scope::Decide]), &search, None, None, 10).await;
    assert_eq!(told(refused), denied(Reason::ScopeMissing));
    // Lists come in pages, the newest first.
    let mut seen = Vec::new();
    let mut below = None;
    loop {
        let page = world.service.list_entities(&ours, below, 2).await.unwrap();
        seen.extend(page.items.iter().map(|entity| entity.name.id.to_string()));
        below = page.next;
        if below.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["eve", "record-2", "record-1", "bob", "alice"]);
}

pub(crate) async fn what_many_put_and_revoke_at_once_has_one_outcome(world: &World) {
    fixture(world, OWN).await;
    let system = machine(OWN);
    let put = (0..8).map(|n| {
        let (service, system) = (world.service.clone(), system.clone());
        tokio::spawn(async move {
            let new = entity("record", "new", &json!({"n": n % 2}), &[]);
            service.put_entity(&system, &new).await.map(|done| done.value.created)
        })
    });
    let mut created = 0;
    for done in put.collect::<Vec<_>>() {
        match done.await.unwrap() {
            Ok(new) => created += u32::from(new),
            Err(Error::Busy(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(created, 1, "one of them found nothing there");
    let given =
        world.service.give_grant(&system, &grant("alice", &["read"], Some("new"))).await.unwrap().value.id;
    let revoke = (0..8).map(|_| {
        let (service, system) = (world.service.clone(), system.clone());
        tokio::spawn(async move { service.revoke_grant(&system, given).await.map(|_| ()) })
    });
    let mut revoked = 0;
    for done in revoke.collect::<Vec<_>>() {
        match done.await.unwrap() {
            Ok(()) => revoked += 1,
            Err(Error::Busy(_)) => {}
            Err(other) => assert_eq!(told(Err::<(), _>(other)), rule(Reason::PowerRevoked)),
        }
    }
    assert_eq!(revoked, 1);
    let mut administrator = world.database.administrator().await;
    let code = Fact::ExternalGrantRevoked {}.code();
    let count = administrator.count(&format!("SELECT COUNT(*) FROM event WHERE fact = '{code}'")).await;
    assert_eq!(count, 1);
}
