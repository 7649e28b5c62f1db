//! Things that are no persons.

use crate::make::{access_id, at, batch_id, commit, event, id};
use serde_json::json;
use tillid_domain::{
    Cvr, Period,
    actor::ActorTrace,
    event::Fact,
    external::{
        Answered, Asked, EntityName, EntityState, ExternalEntity, ExternalGrant, ExternalPrivilege,
        ExternalRecord, GrantState, Keys, Objects, PrivilegeState, PrivilegeTerms,
    },
    id::{EventId, ExternalEntityId, ExternalGrantId, ExternalPrivilegeId},
};
use tillid_storage::{Looks, Store, StoreError};
use tillid_testkit::{Fresh, catalogue::cvr};

fn own() -> Cvr {
    cvr("eksempel-kommune")
}

fn name(kind: &str, id: &str) -> EntityName {
    EntityName { kind: kind.parse().unwrap(), id: id.parse().unwrap() }
}

async fn entity(store: &Store, authority: Cvr, name: EntityName) -> ExternalEntity {
    let entity = ExternalEntity {
        id: ExternalEntityId::from_uuid(id()),
        revision: 1,
        authority,
        name,
        properties: serde_json::from_value(
            json!({"navn": "Ø \"x\" \\ 🔎", "n": 1.5, "l": [1, "a", null, true]}),
        )
        .unwrap(),
        caller_stated: ["n".parse().unwrap(), "l".parse().unwrap()].into(),
        registered_at: at(1),
        state: EntityState::Registered,
    };
    let fact = Fact::EntityRegistered {
        authority,
        name: entity.name.clone(),
        properties: entity.properties.clone(),
        caller_stated: entity.caller_stated.clone(),
    };
    commit(store, vec![event(&entity, at(1), fact)]).await.unwrap();
    entity
}

async fn privilege(store: &Store, code: &str, action: &str) -> ExternalPrivilege {
    let privilege = ExternalPrivilege {
        id: ExternalPrivilegeId::from_uuid(id()),
        revision: 1,
        authority: own(),
        code: code.parse().unwrap(),
        terms: PrivilegeTerms {
            action: action.parse().unwrap(),
            object_type: "record".parse().unwrap(),
            condition: serde_json::from_value(json!({"not": {"equals": {"of": "resource.n", "value": 0.1}}}))
                .unwrap(),
            caller_stated: ["soft".parse().unwrap()].into(),
        },
        registered_at: at(2),
        state: PrivilegeState::Registered,
    };
    let fact = Fact::PrivilegeRegistered {
        authority: own(),
        code: privilege.code.clone(),
        terms: privilege.terms.clone(),
    };
    commit(store, vec![event(&privilege, at(2), fact)]).await.unwrap();
    privilege
}

async fn grant(
    store: &Store,
    subject: &ExternalEntity,
    privileges: &[&ExternalPrivilege],
    objects: Objects,
) -> ExternalGrant {
    let grant = ExternalGrant {
        id: ExternalGrantId::from_uuid(id()),
        revision: 1,
        authority: own(),
        subject: subject.reference(),
        privileges: privileges.iter().map(|p| p.reference()).collect(),
        objects,
        valid: Period { from: at(3), to: Some(at(1_000)) },
        given_at: at(3),
        state: GrantState::Given,
    };
    commit(store, vec![event(&grant, at(3), grant.given())]).await.unwrap();
    grant
}

pub(crate) async fn external_things_read_back_in_each_state(fresh: &Fresh) {
    let store = &fresh.store;
    let alice = entity(store, own(), name("user", "alice/Ø 1")).await;
    let record = entity(store, own(), name("record", "record-1")).await;
    let read = privilege(store, "read", "read").await;
    let one = grant(store, &alice, &[&read], Objects::One(record.reference())).await;
    let every = grant(store, &alice, &[&read], Objects::EveryOf("record".parse().unwrap())).await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.external_entity(alice.id).await.unwrap().as_ref(), Some(&alice));
    assert_eq!(tx.external_entity_named(own(), &alice.name).await.unwrap().as_ref(), Some(&alice));
    assert_eq!(tx.external_entity_named(cvr("nabo-kommune"), &alice.name).await.unwrap(), None);
    assert_eq!(tx.external_privilege_named(own(), &read.code).await.unwrap().as_ref(), Some(&read));
    assert_eq!(tx.external_declared(own(), &read.terms.action).await.unwrap(), read.terms.caller_stated);
    for grant in [&one, &every] {
        assert_eq!(tx.external_grant(grant.id).await.unwrap().as_ref(), Some(grant));
    }
    drop(tx);
    let (changed, fact) = record.change(serde_json::from_value(json!({})).unwrap(), Keys::new()).unwrap();
    let (gone, fact_gone) = changed.clone().remove(at(9)).unwrap();
    let terms = PrivilegeTerms { action: "skriv".parse().unwrap(), ..read.terms.clone() };
    let (other, fact_other) = read.change(terms).unwrap();
    let (over, fact_over) = other.clone().remove(at(9)).unwrap();
    let (revoked, fact_revoked) = one.revoke(at(9)).unwrap();
    let events = vec![
        event(&changed, at(8), fact),
        event(&gone, at(9), fact_gone),
        event(&other, at(8), fact_other),
        event(&over, at(9), fact_over),
        event(&revoked, at(9), fact_revoked),
    ];
    commit(store, events).await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.external_entity(gone.id).await.unwrap().as_ref(), Some(&gone));
    assert_eq!(tx.external_entity_named(own(), &gone.name).await.unwrap(), None);
    assert_eq!(tx.external_privilege(over.id).await.unwrap().as_ref(), Some(&over));
    assert_eq!(tx.external_privilege_named(own(), &over.code).await.unwrap(), None);
    assert_eq!(tx.external_grant(revoked.id).await.unwrap().as_ref(), Some(&revoked));
    let grants = tx.external_grants(own(), None, 10).await.unwrap();
    assert_eq!(grants.iter().map(|g| g.id).collect::<Vec<_>>(), [every.id, revoked.id]);
    assert_eq!(tx.external_grants(own(), Some(every.id), 10).await.unwrap(), [revoked]);
    assert_eq!(tx.external_entities(own(), None, 10).await.unwrap(), [alice]);
    assert_eq!(tx.external_privileges(own(), None, 10).await.unwrap(), []);
}

pub(crate) async fn a_name_means_one_thing_at_a_time(fresh: &Fresh) {
    let store = &fresh.store;
    let first = entity(store, own(), name("user", "alice")).await;
    let again = ExternalEntity { id: ExternalEntityId::from_uuid(id()), ..first.clone() };
    let fact = Fact::EntityRegistered {
        authority: own(),
        name: again.name.clone(),
        properties: again.properties.clone(),
        caller_stated: again.caller_stated.clone(),
    };
    let twice = commit(store, vec![event(&again, at(5), fact)]).await;
    assert!(matches!(twice, Err(StoreError::Exists(_))), "{twice:?}");
    entity(store, cvr("nabo-kommune"), name("user", "alice")).await;
    entity(store, own(), name("user", "Alice")).await;
    let (gone, fact) = first.remove(at(6)).unwrap();
    commit(store, vec![event(&gone, at(6), fact)]).await.unwrap();
    entity(store, own(), name("user", "alice")).await;
}

pub(crate) async fn the_facts_of_many_pairs_come_at_once_and_in_their_order(fresh: &Fresh) {
    let store = &fresh.store;
    let alice = entity(store, own(), name("user", "alice")).await;
    let bob = entity(store, own(), name("user", "bob")).await;
    let one = entity(store, own(), name("record", "1")).await;
    let two = entity(store, own(), name("record", "2")).await;
    entity(store, cvr("nabo-kommune"), name("record", "3")).await;
    let (read, write) = (privilege(store, "read", "read").await, privilege(store, "write", "write").await);
    let every = grant(store, &alice, &[&read, &write], Objects::EveryOf("record".parse().unwrap())).await;
    let only = grant(store, &alice, &[&read], Objects::One(one.reference())).await;
    let (revoked, fact) =
        grant(store, &bob, &[&read], Objects::One(two.reference())).await.revoke(at(5)).unwrap();
    commit(store, vec![event(&revoked, at(5), fact)]).await.unwrap();
    let (three, nobody) = (name("record", "3"), name("user", "nobody"));
    let pairs = [
        (Some(&alice.name), Some(&one.name)),
        (Some(&alice.name), Some(&two.name)),
        (Some(&bob.name), Some(&two.name)),
        (Some(&alice.name), Some(&three)),
        (Some(&nobody), Some(&one.name)),
        (None, Some(&one.name)),
        (Some(&alice.name), None),
        (Some(&one.name), Some(&alice.name)),
    ];
    let many: Vec<_> = pairs.iter().copied().cycle().take(1_000).collect();
    let mut tx = store.read().await.unwrap();
    assert!(tx.external_facts(own(), &[]).await.unwrap().is_empty());
    let facts = tx.external_facts(own(), &many).await.unwrap();
    assert_eq!(facts.len(), 1_000);
    for (n, found) in facts.iter().enumerate() {
        let mut held: Vec<_> = found.held.iter().map(|h| (h.grant, h.action.to_string())).collect();
        held.sort();
        let expected = match n % 8 {
            0 => vec![(every.id, "read"), (every.id, "write"), (only.id, "read")],
            1 => vec![(every.id, "read"), (every.id, "write")],
            _ => Vec::new(),
        };
        let expected: Vec<_> =
            expected.into_iter().map(|(grant, action)| (grant, action.to_owned())).collect();
        assert_eq!(held, expected, "{n}");
        let known = (found.subject.as_ref().map(|k| k.id), found.resource.as_ref().map(|k| k.id));
        let expected = match n % 8 {
            0 => (Some(alice.id), Some(one.id)),
            1 => (Some(alice.id), Some(two.id)),
            2 => (Some(bob.id), Some(two.id)),
            3 | 6 => (Some(alice.id), None),
            4 | 5 => (None, Some(one.id)),
            _ => (Some(one.id), Some(alice.id)),
        };
        assert_eq!(known, expected, "{n}");
    }
    assert_eq!(facts[0].subject.as_ref().map(|k| &k.properties), Some(&alice.properties));
}

pub(crate) async fn candidates_come_in_the_order_of_their_bytes_after_one(fresh: &Fresh) {
    let store = &fresh.store;
    let (read, record) =
        (privilege(store, "read", "read").await, entity(store, own(), name("record", "r")).await);
    let mut ids = Vec::new();
    for text in ["b", "B", "ø", "a", "z z", "10", "9", "a/b"] {
        let user = entity(store, own(), name("user", text)).await;
        let objects = if ids.len() % 2 == 0 {
            Objects::One(record.reference())
        } else {
            Objects::EveryOf(record.name.kind.clone())
        };
        grant(store, &user, &[&read], objects).await;
        ids.push(text);
    }
    entity(store, own(), name("user", "idle")).await;
    ids.sort_unstable();
    let (user, action) = ("user".parse().unwrap(), "read".parse().unwrap());
    let mut tx = store.read().await.unwrap();
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let object = (record.id, &record.name.kind);
        let page = tx.external_subjects(own(), &user, &action, object, &after, 3).await.unwrap();
        found.extend(page.iter().map(ToString::to_string));
        let Some(last) = page.last() else { break };
        after = last.to_string();
    }
    assert_eq!(found, ids);
    let of = async |tx: &mut tillid_storage::Tx<_>, who: &str, action: &str| {
        let subject = tx.external_entity_named(own(), &name("user", who)).await.unwrap().unwrap();
        let kind = record.name.kind.clone();
        tx.external_objects(own(), &kind, &action.parse().unwrap(), subject.id, "", 3).await.unwrap().len()
    };
    assert_eq!((of(&mut tx, "b", "read").await, of(&mut tx, "B", "read").await), (1, 1));
    assert_eq!((of(&mut tx, "idle", "read").await, of(&mut tx, "b", "write").await), (0, 0));
}

fn asked(n: u32) -> ExternalRecord {
    ExternalRecord {
        id: access_id(),
        at: at(i64::from(n)),
        authority: own(),
        actor: ActorTrace::System { client: "fagsystem".parse().unwrap(), authority: own() },
        asked: serde_json::from_value::<Asked>(json!({
            "type": "actions",
            "subject": {"name": {"type": "user", "id": format!("Ø \"{n}\" 🔎")}, "stated": {"a": null, "b": 1.5}},
            "resource": {"name": null, "stated": {}},
            "at": at(5)
        }))
        .unwrap(),
        answered: Answered::Results { results: vec!["læs".to_owned()], after: None, more: n.is_multiple_of(2) },
    }
}

/// As many as a batch has, with looks at persons beside them.
pub(crate) async fn records_of_questions_are_kept_together_and_read_back(fresh: &Fresh) {
    let records: Vec<ExternalRecord> = (0..256).map(asked).collect();
    let looks = Looks {
        batch: batch_id(),
        event: EventId::from_uuid(id()),
        at: at(5),
        records: Vec::new(),
        external: records.clone(),
    };
    let recorded = fresh.store.write().await.unwrap().commit(Vec::new(), Some(looks)).await.unwrap();
    let Fact::AccessRecorded { records: none, external } = &recorded[0].fact else { panic!("not of looks") };
    assert!(none.is_empty());
    assert_eq!(
        external.iter().map(|c| c.id).collect::<Vec<_>>(),
        records.iter().map(|r| r.id).collect::<Vec<_>>()
    );
    let mut tx = fresh.store.read().await.unwrap();
    for record in &records {
        assert_eq!(tx.external_record(record.id).await.unwrap().as_ref(), Some(record));
    }
    let newest = tx.external_records(own(), None, 2).await.unwrap();
    assert_eq!(newest, [records[255].clone(), records[254].clone()]);
    assert_eq!(tx.external_records(own(), Some(records[1].id), 2).await.unwrap(), [records[0].clone()]);
    assert_eq!(tx.external_records(cvr("nabo-kommune"), None, 2).await.unwrap(), []);
}
