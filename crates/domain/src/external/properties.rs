//! Whatever is registered and whatever is stated: what was not declared never counts, and what is not stated is as registered.

use super::{
    Answered, Asked, EntityName, EntityState, ExternalEntity, ExternalGrant, ExternalPrivilege, Facts,
    GrantState, Held, Keys, Known, No, Objects, PrivilegeState, PrivilegeTerms, Properties, Question, Stated,
    StatedAction, Value, Verdict, decide,
};
use crate::{
    Instant, Period,
    actor::ActorTrace,
    event::{Entity, Event, Fact, Recorded, replay},
    id::{EventId, ExternalEntityId, ExternalGrantId, ExternalPrivilegeId},
    reason::Reason,
    text::PropertyKey,
};
use proptest::prelude::*;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use uuid::Uuid;

type Json = serde_json::Value;

const NAMES: [&str; 3] = ["a", "b", "c"];

fn moment(seconds: i64) -> Instant {
    Instant::from_micros(1_772_442_000_000_000).plus_seconds(seconds)
}

fn values() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!("x")),
        Just(json!("y")),
        Just(json!(1)),
        Just(json!(2)),
        Just(json!(true)),
        Just(json!(null)),
        Just(json!(["x", 1])),
    ]
}

/// What a caller could write, also what is no property.
fn statements() -> impl Strategy<Value = Map<String, Json>> {
    let odd = prop_oneof![Just(json!({"x": 1})), Just(json!("140550-9683")), Just(json!([[1]]))];
    let key = prop_oneof![4 => proptest::sample::select(NAMES.to_vec()), 1 => Just("no key")];
    proptest::collection::vec((key, prop_oneof![4 => values(), 1 => odd]), 0..4)
        .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn registered() -> impl Strategy<Value = Properties> {
    proptest::collection::vec((proptest::sample::select(NAMES.to_vec()), values()), 0..4).prop_map(|pairs| {
        let map: Map<String, Json> = pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        serde_json::from_value(Json::Object(map)).expect("properties")
    })
}

fn keys() -> impl Strategy<Value = Keys> {
    proptest::sample::subsequence(NAMES.to_vec(), 0..=3)
        .prop_map(|names| names.into_iter().map(|name| name.parse().expect("a key")).collect())
}

fn conditions() -> impl Strategy<Value = Json> {
    let term = (
        proptest::sample::select(vec!["subject", "resource", "action"]),
        proptest::sample::select(NAMES.to_vec()),
    )
        .prop_map(|(side, key)| format!("{side}.{key}"));
    let leaf = (term, prop_oneof![Just(json!("x")), Just(json!(1)), Just(json!(true))], 0..5_u8).prop_map(
        |(of, value, operator)| match operator {
            0 => json!({"equals": {"of": of, "value": value}}),
            1 => json!({"one_of": {"of": of, "values": [value, "y"]}}),
            2 => json!({"present": {"of": of}}),
            3 => json!({"at_least": {"of": of, "value": 2}}),
            _ => json!({"at_most": {"of": of, "value": 1}}),
        },
    );
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|nodes| json!({"all": nodes})),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|nodes| json!({"any": nodes})),
            inner.prop_map(|node| json!({"not": node})),
        ]
    })
}

fn known(id: u128) -> impl Strategy<Value = Known> {
    (registered(), keys()).prop_map(move |(properties, caller_stated)| Known {
        id: ExternalEntityId::from_uuid(Uuid::from_u128(id)),
        revision: 3,
        properties,
        caller_stated,
    })
}

fn held() -> impl Strategy<Value = Held> {
    let period = (-20..20_i64, proptest::option::of(1..20_i64));
    (0..4_u128, period, proptest::sample::select(vec!["read", "write"]), conditions(), keys()).prop_map(
        |(id, (from, lasts), action, condition, caller_stated)| Held {
            grant: ExternalGrantId::from_uuid(Uuid::from_u128(id)),
            grant_revision: 1,
            valid: Period { from: moment(from), to: lasts.map(|lasts| moment(from + lasts)) },
            privilege: ExternalPrivilegeId::from_uuid(Uuid::from_u128(10 + id)),
            privilege_revision: 2,
            action: action.parse().expect("an action"),
            condition: serde_json::from_value(condition).expect("a condition"),
            caller_stated,
        },
    )
}

fn facts() -> impl Strategy<Value = Facts> {
    let side = |id| proptest::option::weighted(0.95, known(id));
    (side(1), side(2), proptest::collection::vec(held(), 0..5)).prop_map(|(subject, resource, held)| Facts {
        subject,
        resource,
        held,
    })
}

type Statements = [Map<String, Json>; 3];

fn question(stated: &Statements) -> Question {
    let [subject, action, resource] = stated;
    Question {
        subject: Stated::of("user", "alice", subject),
        action: StatedAction::of("write", action),
        resource: Stated::of("record", "record-1", resource),
        at: moment(0),
    }
}

fn stated() -> impl Strategy<Value = Statements> {
    [statements(), statements(), statements()]
}

/// The properties of a side as one JSON object, with what counts of a statement laid over: the rule once more, in other words.
fn laid_over(
    registered: Option<&Properties>,
    declared: &Keys,
    stated: &Map<String, Json>,
) -> Map<String, Json> {
    let mut seen: Map<String, Json> =
        registered.map_or_else(Map::new, |p| serde_json::from_value(json!(p)).expect("an object"));
    for (key, value) in stated.iter().filter(|(key, _)| declared.iter().any(|d| d.as_str() == key.as_str())) {
        seen.insert(key.clone(), value.clone());
    }
    seen.retain(|_, value| !value.is_null());
    seen
}

/// What a record kept of a statement, as a statement. What was no property was kept as nothing, and is put back as another that is
/// none.
fn stated_again(kept: &BTreeMap<PropertyKey, Option<Value>>) -> Map<String, Json> {
    let put_back = |value: Option<&Value>| value.map_or_else(|| json!({"odd": true}), |value| json!(value));
    kept.iter().map(|(key, value)| (key.to_string(), put_back(value.as_ref()))).collect()
}

/// The conditions once more, straight from their JSON.
fn says(condition: &Json, sides: &Map<String, Json>) -> bool {
    let (operator, with) = condition.as_object().expect("an object").iter().next().expect("an operator");
    let of = || {
        let (side, key) = with["of"].as_str().expect("a term").split_once('.').expect("a term");
        sides[side].get(key).cloned()
    };
    let number = |value: Option<Json>| value.and_then(|v| v.as_f64());
    match operator.as_str() {
        "all" => with.as_array().expect("a list").iter().all(|c| says(c, sides)),
        "any" => with.as_array().expect("a list").iter().any(|c| says(c, sides)),
        "not" => !says(with, sides),
        "equals" => of().is_some_and(|v| v == with["value"]),
        "one_of" => of().is_some_and(|v| with["values"].as_array().expect("a list").contains(&v)),
        "present" => of().is_some(),
        "at_least" => number(of()).is_some_and(|n| n >= with["value"].as_f64().expect("a number")),
        "at_most" => number(of()).is_some_and(|n| n <= with["value"].as_f64().expect("a number")),
        other => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_key_that_was_not_declared_never_changes_an_answer(facts in facts(), stated in stated(), other in stated()) {
        let mut mixed = stated.clone();
        let declared = |known: Option<&Known>| known.map_or_else(Keys::new, |k| k.caller_stated.clone());
        let of_actions: Keys = facts.held.iter().flat_map(|h| h.caller_stated.clone()).collect();
        for ((into, from), declared) in
            mixed.iter_mut().zip(&other).zip([declared(facts.subject.as_ref()), of_actions, declared(facts.resource.as_ref())])
        {
            into.retain(|key, _| declared.iter().any(|d| d.as_str() == key));
            into.extend(from.iter().filter(|(k, _)| !declared.iter().any(|d| d.as_str() == k.as_str())).map(|(k, v)| (k.clone(), v.clone())));
        }
        prop_assert_eq!(decide(&question(&stated), &facts), decide(&question(&mixed), &facts));
        prop_assert_eq!(Asked::decision(&question(&stated), &facts), Asked::decision(&question(&mixed), &facts));
    }

    #[test]
    fn what_is_not_stated_is_as_registered(facts in facts(), stated in stated()) {
        // Saying what is registered is the same as saying nothing of it.
        let mut said = stated.clone();
        for (side, known) in [(0, &facts.subject), (2, &facts.resource)] {
            let Some(known) = known else { continue };
            for (key, value) in known.properties.iter() {
                said[side].entry(key.as_str()).or_insert_with(|| json!(value));
            }
        }
        prop_assert_eq!(decide(&question(&stated), &facts), decide(&question(&said), &facts));
    }

    /// The whole decision, told a second time in other words.
    #[test]
    fn a_decision_is_what_the_rules_say(facts in facts(), stated in stated()) {
        let asked = question(&stated);
        let verdict = decide(&asked, &facts);
        let [subject, action, resource] = &stated;
        let mut expected = None;
        let mut found = false;
        if let (Some(s), Some(r)) = (&facts.subject, &facts.resource) {
            for held in facts.held.iter().filter(|h| h.action.as_str() == "write" && h.valid.contains(asked.at)) {
                found = true;
                let sides: Map<String, Json> = [
                    ("subject", laid_over(Some(&s.properties), &s.caller_stated, subject)),
                    ("resource", laid_over(Some(&r.properties), &r.caller_stated, resource)),
                    ("action", laid_over(None, &held.caller_stated, action)),
                ].into_iter().map(|(side, seen)| (side.to_owned(), Json::Object(seen))).collect();
                if says(&json!(held.condition), &sides) {
                    expected.get_or_insert_with(Vec::new).push(held);
                }
            }
        }
        match (verdict, expected) {
            (Verdict::Yes { basis, valid_until }, Some(held)) => {
                prop_assert!(held.iter().all(|h| basis.iter().any(|b| b.grant == h.grant)));
                prop_assert!(basis.iter().all(|b| held.iter().any(|h| h.grant == b.grant)));
                let open = held.iter().any(|h| h.valid.to.is_none());
                prop_assert_eq!(valid_until, if open { None } else { held.iter().filter_map(|h| h.valid.to).max() });
                prop_assert!(valid_until.is_none_or(|until| until > asked.at));
            }
            (Verdict::No(No::ConditionNotMet), None) => prop_assert!(found),
            (Verdict::No(No::NoPower), None) => prop_assert!(!found),
            (verdict, expected) => prop_assert!(false, "{verdict:?} and {expected:?}"),
        }
    }

    /// The record holds everything that the answer was made of: asked again with what it kept, the same is answered.
    #[test]
    fn a_record_is_enough_to_answer_again(facts in facts(), stated in stated()) {
        let asked = question(&stated);
        let (verdict, answered) = Answered::decided(&asked, &facts);
        let Asked::Decision { subject, action, resource, at } = Asked::decision(&asked, &facts) else { unreachable!() };
        let again = Question {
            subject: Stated { name: subject.name, ..Stated::of("user", "x", &stated_again(&subject.stated)) },
            action: StatedAction { name: action.name, ..StatedAction::of("x", &stated_again(&action.stated)) },
            resource: Stated { name: resource.name, ..Stated::of("record", "x", &stated_again(&resource.stated)) },
            at,
        };
        prop_assert_eq!(Answered::decided(&again, &facts), (verdict, answered));
    }
}

#[test]
fn a_name_that_nothing_can_have_is_not_known_and_not_kept() {
    for (kind, id) in
        [("user", "1405509683"), ("user", ""), ("", "alice"), ("user", "a\0"), ("140550-9683", "alice")]
    {
        assert_eq!(Stated::of(kind, id, &Map::new()).name, None, "{kind} {id}");
    }
    let facts = Facts::default();
    let asked = Question {
        subject: Stated::of("user", "1405509683", &Map::new()),
        action: StatedAction::of("140550 9683", &Map::new()),
        resource: Stated::of("record", "record-1", &Map::new()),
        at: moment(0),
    };
    assert_eq!(decide(&asked, &facts), Verdict::No(No::NoPower));
    let kept = serde_json::to_string(&Asked::decision(&asked, &facts)).expect("json");
    assert!(!kept.contains("9683") && kept.contains("record-1"), "{kept}");
}

/// A history as it is recorded: each event read back from its canonical bytes.
fn recorded<E: Entity>(after: &E, fact: Fact, at: Instant) -> Recorded {
    let event = Event {
        id: EventId::from_uuid(Uuid::from_u128(1)),
        kind: E::KIND,
        aggregate: after.id(),
        revision: after.revision(),
        at,
        actor: ActorTrace::Service,
        subjects: after.subjects(),
        fact,
    };
    let recorded = Recorded::new(event, Vec::new());
    let read = Recorded::from_bytes(&recorded.to_bytes()).expect("it reads back");
    assert_eq!(read, recorded);
    read
}

proptest! {
    #[test]
    fn an_entity_replays_from_its_events(
        first in (registered(), keys()), second in (registered(), keys()), removed: bool,
    ) {
        let entity = ExternalEntity {
            id: ExternalEntityId::from_uuid(Uuid::from_u128(5)),
            revision: 1,
            authority: "99100001".parse().expect("a CVR number"),
            name: EntityName { kind: "record".parse().expect("a type"), id: "Ø/1 2".parse().expect("an id") },
            properties: first.0.clone(),
            caller_stated: first.1.clone(),
            registered_at: moment(0),
            state: EntityState::Registered,
        };
        let mut history = vec![recorded(&entity, Fact::EntityRegistered {
            authority: entity.authority, name: entity.name.clone(), properties: first.0, caller_stated: first.1,
        }, moment(0))];
        let (mut entity, fact) = entity.change(second.0, second.1).expect("it is registered");
        history.push(recorded(&entity, fact, moment(1)));
        if removed {
            let (gone, fact) = entity.remove(moment(2)).expect("it is registered");
            history.push(recorded(&gone, fact, moment(2)));
            prop_assert_eq!(gone.clone().remove(moment(3)).map(|_| ()), Err(Reason::Removed));
            prop_assert_eq!(gone.clone().change(gone.properties.clone(), Keys::new()).map(|_| ()), Err(Reason::Removed));
            entity = gone;
        }
        prop_assert_eq!(replay::<ExternalEntity>(&history), Some(entity));
        let last = history.last().expect("an event").clone();
        prop_assert_eq!(replay::<ExternalEntity>(&[last]), None);
    }

    #[test]
    fn a_privilege_and_a_grant_replay_from_their_events(condition in conditions(), declared in keys(), every: bool, lasts in proptest::option::of(1..100_i64)) {
        let authority = "99100001".parse().expect("a CVR number");
        let terms = PrivilegeTerms {
            action: "write".parse().expect("an action"),
            object_type: "record".parse().expect("a type"),
            condition: serde_json::from_value(condition).expect("a condition"),
            caller_stated: declared,
        };
        let privilege = ExternalPrivilege {
            id: ExternalPrivilegeId::from_uuid(Uuid::from_u128(6)),
            revision: 1,
            authority,
            code: "write".parse().expect("a code"),
            terms: terms.clone(),
            registered_at: moment(0),
            state: PrivilegeState::Registered,
        };
        let reference = privilege.reference();
        let mut history = vec![recorded(&privilege, Fact::PrivilegeRegistered {
            authority, code: privilege.code.clone(), terms: terms.clone(),
        }, moment(0))];
        let (changed, fact) = privilege.change(PrivilegeTerms { caller_stated: Keys::new(), ..terms }).expect("it is registered");
        history.push(recorded(&changed, fact, moment(1)));
        let (gone, fact) = changed.remove(moment(2)).expect("it is registered");
        history.push(recorded(&gone, fact, moment(2)));
        prop_assert_eq!(replay::<ExternalPrivilege>(&history), Some(gone.clone()));
        prop_assert_eq!(gone.remove(moment(3)).map(|_| ()), Err(Reason::Removed));

        let of = |kind: &str, id: &str, n| super::EntityRef {
            entity: ExternalEntityId::from_uuid(Uuid::from_u128(n)),
            name: EntityName { kind: kind.parse().expect("a type"), id: id.parse().expect("an id") },
        };
        let object = of("record", "record-1", 8);
        let grant = ExternalGrant {
            id: ExternalGrantId::from_uuid(Uuid::from_u128(7)),
            revision: 1,
            authority,
            subject: of("user", "alice", 9),
            privileges: vec![reference],
            objects: if every { Objects::EveryOf(object.name.kind) } else { Objects::One(object) },
            valid: Period { from: moment(0), to: lasts.map(moment) },
            given_at: moment(0),
            state: GrantState::Given,
        };
        let mut history = vec![recorded(&grant, grant.given(), moment(0))];
        prop_assert_eq!(replay::<ExternalGrant>(&history), Some(grant.clone()));
        let (revoked, fact) = grant.revoke(moment(50)).expect("it was given");
        history.push(recorded(&revoked, fact, moment(50)));
        prop_assert_eq!(replay::<ExternalGrant>(&history), Some(revoked.clone()));
        prop_assert_eq!(revoked.standing(moment(0)), "revoked");
        prop_assert_eq!(revoked.revoke(moment(51)).map(|_| ()), Err(Reason::PowerRevoked));
    }
}
