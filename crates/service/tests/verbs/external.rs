//! Questions about things that are no persons: the certification fixture of AuthZEN, searches, records.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tillid_domain::{
    event::{Kind, replay},
    external::{
        Answered, Asked, Condition, EntityName, ExternalEntity, ExternalGrant, ExternalPrivilege, Facts,
        Held, Known, No, PrivilegeTerms, Question, Search, Stated, StatedAction, Verdict,
    },
    id::AccessId,
};
use tillid_service::{Call, Error, NewEntity, NewGrant, NewPrivilege};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, machine},
};
use uuid::Uuid;

/// The data that the certification of AuthZEN asks for; the test from outside registers the same.
const FIXTURE: &str = include_str!("../../../../tests/support/authzen_fixture.json");

pub(crate) fn name(kind: &str, id: &str) -> EntityName {
    EntityName { kind: kind.parse().unwrap(), id: id.parse().unwrap() }
}

pub(crate) fn entity(kind: &str, id: &str, properties: &Value, caller_stated: &[&str]) -> NewEntity {
    NewEntity {
        name: name(kind, id),
        properties: serde_json::from_value(properties.clone()).unwrap(),
        caller_stated: caller_stated.iter().map(|key| key.parse().unwrap()).collect(),
    }
}

pub(crate) fn privilege(code: &str, body: &Value) -> NewPrivilege {
    let field = |name: &str| body.get(name).cloned();
    let condition = field("condition").map(|c| serde_json::from_value::<Condition>(c).unwrap());
    NewPrivilege {
        code: code.parse().unwrap(),
        terms: PrivilegeTerms {
            action: body["action"].as_str().unwrap().parse().unwrap(),
            object_type: body["object_type"].as_str().unwrap().parse().unwrap(),
            condition: condition.unwrap_or_default(),
            caller_stated: serde_json::from_value(field("caller_stated").unwrap_or_else(|| json!([])))
                .unwrap(),
        },
    }
}

pub(crate) fn grant(subject: &str, privileges: &[&str], object: Option<&str>) -> NewGrant {
    NewGrant {
        subject: name("user", subject),
        privileges: serde_json::from_value(json!(privileges)).unwrap(),
        object_type: "record".parse().unwrap(),
        object: object.map(|id| id.parse().unwrap()),
        valid_from: None,
        valid_to: None,
    }
}

/// Registers the fixture for an authority.
pub(crate) async fn fixture(world: &World, authority: &str) {
    let (system, data) = (machine(authority), serde_json::from_str::<Value>(FIXTURE).unwrap());
    for row in data["entities"].as_array().unwrap() {
        let stated: Vec<&str> =
            row["body"]["caller_stated"].as_array().unwrap().iter().map(|k| k.as_str().unwrap()).collect();
        let (kind, id) = (row["type"].as_str().unwrap(), row["id"].as_str().unwrap());
        let new = entity(kind, id, &row["body"]["properties"], &stated);
        assert!(world.service.put_entity(&system, &new).await.unwrap().value.created);
    }
    for row in data["privileges"].as_array().unwrap() {
        let new = privilege(row["code"].as_str().unwrap(), &row["body"]);
        assert!(world.service.put_privilege(&system, &new).await.unwrap().value.created);
    }
    for row in data["grants"].as_array().unwrap() {
        let codes: Vec<&str> =
            row["privileges"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
        let new = grant(row["subject"]["id"].as_str().unwrap(), &codes, None);
        world.service.give_grant(&system, &new).await.unwrap();
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

pub(crate) fn user(id: &str, properties: &Value) -> Stated {
    Stated::of("user", id, &object(properties))
}

pub(crate) fn record(id: &str, properties: &Value) -> Stated {
    Stated::of("record", id, &object(properties))
}

pub(crate) fn action(name: &str, properties: &Value) -> StatedAction {
    StatedAction::of(name, &object(properties))
}

async fn ask(world: &World, by: &Call, subject: Stated, what: StatedAction, with: Stated) -> Verdict {
    let question = Question { subject, action: what, resource: with, at: world.now() };
    let mut answers = world.service.ask_external(by, &[question]).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers.remove(0).verdict
}

/// Whether the one may, with nothing stated.
pub(crate) async fn may(world: &World, subject: &str, what: &str, with: &str) -> Verdict {
    let none = json!({});
    ask(world, &machine(OWN), user(subject, &none), action(what, &none), record(with, &none)).await
}

async fn find(world: &World, search: &Search) -> Vec<String> {
    let found = world.service.search_external(&machine(OWN), search, None, None, 50).await.unwrap();
    assert_eq!(found.next, None);
    found.results
}

/// The rule; who, with what is stated of them; what, likewise; with what, likewise; and whether they may.
type Row = (u8, &'static str, Value, &'static str, Value, &'static str, Value, bool);

/// The eight rules of the certification scenario, with and without what does not count.
pub(crate) async fn the_certification_fixture_decides_as_it_must(world: &World) {
    fixture(world, OWN).await;
    let none = json!({});
    let rows: [Row; 14] = [
        (1, "alice", none.clone(), "read", none.clone(), "record-1", none.clone(), true),
        (2, "alice", none.clone(), "write", none.clone(), "record-1", none.clone(), true),
        (3, "bob", none.clone(), "read", none.clone(), "record-1", none.clone(), true),
        (4, "bob", none.clone(), "write", none.clone(), "record-1", none.clone(), false),
        (5, "alice", none.clone(), "write", none.clone(), "record-2", json!({"status": "archived"}), false),
        (5, "alice", none.clone(), "write", none.clone(), "record-1", json!({"status": "archived"}), false),
        (5, "alice", none.clone(), "write", none.clone(), "record-2", none.clone(), false),
        (
            6,
            "bob",
            json!({"role": "admin"}),
            "write",
            none.clone(),
            "record-2",
            json!({"status": "archived"}),
            true,
        ),
        (
            6,
            "bob",
            json!({"role": "admin"}),
            "write",
            none.clone(),
            "record-1",
            json!({"status": "archived"}),
            true,
        ),
        (
            6,
            "bob",
            json!({"role": "clerk"}),
            "write",
            none.clone(),
            "record-2",
            json!({"status": "archived"}),
            false,
        ),
        (7, "alice", none.clone(), "delete", json!({"soft": true}), "record-1", none.clone(), true),
        (8, "alice", none.clone(), "delete", json!({"soft": false}), "record-1", none.clone(), false),
        (8, "alice", none.clone(), "delete", json!({"soft": "true"}), "record-1", none.clone(), false),
        (8, "alice", none.clone(), "delete", none.clone(), "record-1", none.clone(), false),
    ];
    let question = |(_, who, of_who, what, of_what, with, of_with, _): &Row| Question {
        subject: user(who, of_who),
        action: action(what, of_what),
        resource: record(with, of_with),
        at: world.now(),
    };
    let questions: Vec<Question> = rows.iter().map(question).collect();
    let together = world.service.ask_external(&machine(OWN), &questions).await.unwrap();
    for (row, answer) in rows.iter().zip(together) {
        assert_eq!(answer.verdict.decision(), row.7, "{row:?}");
        // One at a time it is the same.
        let alone = world.service.ask_external(&machine(OWN), &[question(row)]).await.unwrap();
        assert_eq!(alone[0].verdict, answer.verdict, "{row:?}");
        // What nobody declared does not count.
        let mut more = row.clone();
        for stated in [&mut more.2, &mut more.4, &mut more.6] {
            stated["owner"] = json!("alice");
            stated["soft "] = json!(true);
        }
        more.2["status"] = json!("active");
        more.6["role"] = json!("admin");
        let more = world.service.ask_external(&machine(OWN), &[question(&more)]).await.unwrap();
        assert_eq!(more[0].verdict, answer.verdict, "{row:?}");
    }
}

/// The six searches of the certification scenario.
pub(crate) async fn the_certification_fixture_is_found_as_it_must(world: &World) {
    fixture(world, OWN).await;
    let none = json!({});
    let (archived, admin) = (json!({"status": "archived"}), json!({"role": "admin"}));
    let users = |what: &str, with| Search::Subjects {
        kind: Some("user".parse().unwrap()),
        action: action(what, &none),
        resource: with,
    };
    let records = |who, what: &str| Search::Resources {
        subject: who,
        action: action(what, &none),
        kind: Some("record".parse().unwrap()),
    };
    let actions = |subject, resource| Search::Actions { subject, resource };
    assert_eq!(find(world, &users("read", record("record-1", &none))).await, ["alice", "bob"], "S1");
    assert_eq!(find(world, &records(user("alice", &none), "read")).await, ["record-1", "record-2"], "S2");
    let s3 = actions(user("alice", &none), record("record-1", &none));
    assert_eq!(find(world, &s3).await, ["read", "write"], "S3: soft is not stated, so nothing is deleted");
    assert_eq!(find(world, &users("write", record("record-2", &archived))).await, ["bob"], "S4");
    assert_eq!(find(world, &records(user("bob", &admin), "write")).await, ["record-2"], "S5");
    let s6 = actions(user("bob", &admin), record("record-2", &archived));
    assert_eq!(find(world, &s6).await, ["read", "write"], "S6");

    // What nobody knows is nobody's and nothing's; another authority's is not known.
    let mut empty = vec![
        users("read", record("record-9", &none)),
        users("fly", record("record-1", &none)),
        records(user("nonexistent-user", &none), "read"),
        actions(user("nonexistent-user", &none), record("record-1", &none)),
        actions(user("alice", &none), Stated::of("spaceship", "record-1", &Map::new())),
        Search::Subjects {
            kind: Some("spaceship".parse().unwrap()),
            action: action("read", &none),
            resource: record("record-1", &none),
        },
        Search::Subjects { kind: None, action: action("read", &none), resource: record("record-1", &none) },
        Search::Resources {
            subject: user("alice", &none),
            action: action("read", &none),
            kind: Some("user".parse().unwrap()),
        },
        records(user("1405509683", &none), "read"),
    ];
    for search in &empty {
        assert_eq!(find(world, search).await, [""; 0], "{search:?}");
    }
    empty.push(users("read", record("record-1", &none)));
    for search in &empty {
        let theirs = world.service.search_external(&machine(OTHER), search, None, None, 50).await.unwrap();
        assert_eq!(theirs.results, [""; 0], "{search:?}");
    }
    let theirs =
        ask(world, &machine(OTHER), user("alice", &none), action("read", &none), record("record-1", &none))
            .await;
    assert_eq!(theirs, Verdict::No(No::NoPower));
    for (who, what, with) in [
        ("nobody", "read", "record-1"),
        ("alice", "fly", "record-1"),
        ("alice", "read", "record-9"),
        ("record-1", "read", "alice"),
    ] {
        assert_eq!(may(world, who, what, with).await, Verdict::No(No::NoPower), "{who} {what} {with}");
    }
    assert_eq!(may(world, "bob", "write", "record-1").await, Verdict::No(No::ConditionNotMet));
}

/// A sequence that looks random and is the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn name(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len())]
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

const USERS: [&str; 9] = ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "U6", "ø"];
const RECORDS: [&str; 7] = ["r0", "r1", "r2", "r3", "r4", "r/5", "r 6"];
const ACTIONS: [&str; 3] = ["read", "write", "delete"];

/// Registers, grants and takes back at random.
async fn at_random(world: &World, chance: &mut Chance) {
    let system = machine(OWN);
    let values = [json!("x"), json!("y"), json!(1), json!(2), json!(null)];
    let conditions = [
        json!({"all": []}),
        json!({"equals": {"of": "subject.a", "value": "x"}}),
        json!({"not": {"equals": {"of": "resource.a", "value": "x"}}}),
        json!({"at_most": {"of": "resource.b", "value": 1}}),
        json!({"any": [{"present": {"of": "subject.b"}}, {"one_of": {"of": "action.a", "values": ["x", 1]}}]}),
    ];
    for (kind, id) in USERS.map(|id| ("user", id)).iter().chain(&RECORDS.map(|id| ("record", id))) {
        let properties = json!({"a": chance.of(&values), "b": chance.of(&values)});
        let declared: [&[&str]; 3] = [&[], &["a"], &["a", "b"]];
        let stated = declared[chance.below(3)];
        world.service.put_entity(&system, &entity(kind, id, &properties, stated)).await.unwrap();
    }
    for n in 0..6 {
        let body = json!({"action": ACTIONS[n % 3], "object_type": "record", "condition": chance.of(&conditions), "caller_stated": ["a"]});
        world.service.put_privilege(&system, &privilege(&format!("p{n}"), &body)).await.unwrap();
    }
    for _ in 0..14 {
        let (first, second) = (chance.below(6), chance.below(6));
        let codes: BTreeSet<String> = [first, second].map(|n| format!("p{n}")).into();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        let one = chance.name(&RECORDS);
        let mut new = grant(chance.name(&USERS), &codes, (chance.below(3) > 0).then_some(one));
        let from = world.now().plus_seconds([-100, -10, 10][chance.below(3)]);
        new.valid_from = Some(from);
        new.valid_to = (chance.below(2) == 0).then(|| world.now().plus_seconds(60));
        let given = world.service.give_grant(&system, &new).await.unwrap().value.id;
        if chance.below(5) == 0 {
            world.service.revoke_grant(&system, given).await.unwrap();
        }
    }
    world.service.remove_entity(&system, &name("user", chance.name(&USERS))).await.unwrap();
    world.service.remove_entity(&system, &name("record", chance.name(&RECORDS))).await.unwrap();
    let gone = format!("p{}", chance.below(6)).parse().unwrap();
    world.service.remove_privilege(&system, &gone).await.unwrap();
}

/// Pages through a search with that limit.
async fn paged(world: &World, search: &Search, limit: u32) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let found = world
            .service
            .search_external(&machine(OWN), search, None, after.as_deref(), limit)
            .await
            .unwrap();
        assert!(found.results.len() <= limit as usize);
        all.extend(found.results);
        after = found.next;
        if after.is_none() {
            return all;
        }
    }
}

/// A search finds exactly what asking about each would find, whatever the size of its pages.
pub(crate) async fn a_search_is_all_that_is_decided_yes(world: &World) {
    let mut chance = Chance(7);
    let (mut yes, mut asked) = (0, 0);
    for _ in 0..4 {
        at_random(world, &mut chance).await;
        for _ in 0..4 {
            let stated = [json!({}), json!({"a": "x"}), json!({"a": "y", "b": 1}), json!({"b": {"odd": 1}})];
            let (of_who, of_what, of_with) =
                (chance.of(&stated).clone(), chance.of(&stated).clone(), chance.of(&stated).clone());
            let (who, what, with) = (chance.name(&USERS), chance.name(&ACTIONS), chance.name(&RECORDS));
            let none = json!({});
            let decided = async |questions: Vec<(&'static str, Question)>| {
                let list: Vec<Question> = questions.iter().map(|(_, q)| q.clone()).collect();
                let answers = world.service.ask_external(&machine(OWN), &list).await.unwrap();
                let mut found: Vec<String> = questions
                    .iter()
                    .zip(answers)
                    .filter(|(_, answer)| answer.verdict.decision())
                    .map(|((id, _), _)| (*id).to_owned())
                    .collect();
                found.sort_unstable();
                found
            };
            let question =
                |subject, action, resource| Question { subject, action, resource, at: world.now() };
            let of_users: Vec<_> = USERS
                .iter()
                .map(|id| (*id, question(user(id, &none), action(what, &of_what), record(with, &of_with))))
                .collect();
            let of_records: Vec<_> = RECORDS
                .iter()
                .map(|id| (*id, question(user(who, &of_who), action(what, &of_what), record(id, &none))))
                .collect();
            let of_actions: Vec<_> = ACTIONS
                .iter()
                .map(|id| (*id, question(user(who, &of_who), action(id, &none), record(with, &of_with))))
                .collect();
            let searches = [
                (
                    Search::Subjects {
                        kind: Some("user".parse().unwrap()),
                        action: action(what, &of_what),
                        resource: record(with, &of_with),
                    },
                    of_users,
                ),
                (
                    Search::Resources {
                        subject: user(who, &of_who),
                        action: action(what, &of_what),
                        kind: Some("record".parse().unwrap()),
                    },
                    of_records,
                ),
                (
                    Search::Actions { subject: user(who, &of_who), resource: record(with, &of_with) },
                    of_actions,
                ),
            ];
            for (search, questions) in searches {
                asked += questions.len();
                let expected = decided(questions).await;
                yes += expected.len();
                for limit in [1, 2, 50] {
                    assert_eq!(paged(world, &search, limit).await, expected, "{search:?} by {limit}");
                }
            }
        }
    }
    assert!(yes > 20 && yes < asked - 20, "{yes} of {asked}");
}

async fn kept(world: &World, id: AccessId) -> (Asked, Answered) {
    let record = world.store.read().await.unwrap().external_record(id).await.unwrap().unwrap();
    assert_eq!(record.actor, machine(OWN).actor.trace());
    (record.asked, record.answered)
}

/// The history of one thing up to a revision, as the journal has it.
async fn history(world: &World, kind: Kind, id: Uuid, revision: u64) -> Vec<tillid_domain::event::Recorded> {
    let mut tx = world.store.read().await.unwrap();
    let mut events = Vec::new();
    for trace in tx.traces(kind, id).await.unwrap().into_iter().filter(|t| t.revision <= revision) {
        events.push(tx.event(trace.id).await.unwrap().unwrap().recorded);
    }
    events
}

/// Every answer has its record before it is given, and the record and the journal are enough to give it again, whatever was changed
/// since.
pub(crate) async fn an_answer_is_given_again_from_its_record_whatever_was_changed_since(world: &World) {
    let mut chance = Chance(11);
    let mut given = Vec::new();
    for _ in 0..4 {
        at_random(world, &mut chance).await;
        for _ in 0..30 {
            let stated = [json!({}), json!({"a": "x"}), json!({"a": "y", "b": 1}), json!({"a": {"odd": 1}})];
            let question = Question {
                subject: user(chance.name(&USERS), chance.of(&stated)),
                action: action(chance.name(&ACTIONS), chance.of(&stated)),
                resource: record(chance.name(&RECORDS), chance.of(&stated)),
                at: world.now(),
            };
            let answer = world
                .service
                .ask_external(&machine(OWN), std::slice::from_ref(&question))
                .await
                .unwrap()
                .remove(0);
            given.push((question, answer));
        }
    }
    assert!(given.iter().any(|(_, a)| a.verdict.decision()));
    assert!(given.iter().any(|(_, a)| a.verdict == Verdict::No(No::ConditionNotMet)));
    for (question, answer) in given {
        let (asked, answered) = kept(world, answer.id).await;
        let Asked::Decision { at, .. } = asked else { panic!("{asked:?}") };
        let Answered::Decision { subject, resource, looked_at, .. } = &answered else {
            panic!("{answered:?}")
        };
        let mut facts = Facts::default();
        for (version, side) in [(subject, &mut facts.subject), (resource, &mut facts.resource)] {
            let Some(version) = version else { continue };
            let events = history(world, Kind::ExternalEntity, version.id, version.revision).await;
            let entity = replay::<ExternalEntity>(&events).unwrap();
            let ExternalEntity { id, revision, properties, caller_stated, .. } = entity;
            *side = Some(Known { id, revision, properties, caller_stated });
        }
        for looked_at in looked_at {
            let (g, p) = (looked_at.grant, looked_at.privilege);
            let grant = replay::<ExternalGrant>(&history(world, Kind::ExternalGrant, g.id, g.revision).await)
                .unwrap();
            let privilege =
                replay::<ExternalPrivilege>(&history(world, Kind::ExternalPrivilege, p.id, p.revision).await)
                    .unwrap();
            facts.held.push(Held {
                grant: grant.id,
                grant_revision: grant.revision,
                valid: grant.valid,
                privilege: privilege.id,
                privilege_revision: privilege.revision,
                action: privilege.terms.action,
                condition: privilege.terms.condition,
                caller_stated: privilege.terms.caller_stated,
            });
        }
        let again = Answered::decided(&Question { at, ..question }, &facts);
        assert_eq!(again, (answer.verdict, answered));
    }
}

/// What cannot be recorded is not answered.
pub(crate) async fn an_answer_without_its_record_is_not_given(world: &World) {
    fixture(world, OWN).await;
    let mut administrator = world.database.administrator().await;
    let none = json!({});
    let question = Question {
        subject: user("alice", &none),
        action: action("read", &none),
        resource: record("record-1", &none),
        at: world.now(),
    };
    let search = Search::Actions { subject: user("alice", &none), resource: record("record-1", &none) };
    administrator.execute("ALTER TABLE external_record RENAME TO hidden").await.unwrap();
    let answer = world.service.ask_external(&machine(OWN), std::slice::from_ref(&question)).await;
    assert!(matches!(answer, Err(Error::Busy(_))), "{answer:?}");
    let found = world.service.search_external(&machine(OWN), &search, None, None, 10).await;
    assert!(matches!(found, Err(Error::Busy(_))), "{found:?}");
    administrator.execute("ALTER TABLE hidden RENAME TO external_record").await.unwrap();
    let answer = world.service.ask_external(&machine(OWN), &[question]).await.unwrap();
    let (asked, answered) = kept(world, answer[0].id).await;
    assert!(
        matches!(asked, Asked::Decision { .. })
            && matches!(answered, Answered::Decision { decision: true, .. })
    );
    let found = world.service.search_external(&machine(OWN), &search, None, None, 1).await.unwrap();
    let (asked, answered) = kept(world, found.id).await;
    assert!(matches!(asked, Asked::Actions { .. }));
    assert_eq!(answered, Answered::Results { results: vec!["read".to_owned()], after: None, more: true });
    let events = administrator.count("SELECT COUNT(*) FROM event WHERE kind = 'access_batch'").await;
    assert_eq!(events, 2);
}
