//! Things that are no persons, in each state, and questions about them.

use crate::fill::tick;
use tillid_domain::{
    external::{Codes, EntityName, PrivilegeTerms, Question, Search, Stated, StatedAction},
    text::Code,
};
use tillid_service::{NewEntity, NewGrant, NewPrivilege};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, machine},
};

fn name(kind: &str, id: &str) -> EntityName {
    EntityName { kind: kind.parse().unwrap(), id: id.parse().unwrap() }
}

fn properties(text: &str) -> NewEntity {
    NewEntity {
        name: name("user", "alice"),
        properties: serde_json::from_str(text).unwrap(),
        caller_stated: ["role".parse().unwrap()].into(),
    }
}

pub(crate) async fn everything(world: &World) {
    let (ours, theirs) = (machine(OWN), machine(OTHER));
    let record =
        |id: &str| NewEntity { name: name("record", id), ..properties(r#"{"status":"active","n":1.5}"#) };
    for system in [&ours, &theirs] {
        world.service.put_entity(system, &properties("{}")).await.unwrap();
        world.service.put_entity(system, &record("record-1")).await.unwrap();
    }
    world.service.put_entity(&ours, &record("record-2")).await.unwrap();
    tick(world);
    world.service.put_entity(&ours, &properties(r#"{"role":"admin"}"#)).await.unwrap();
    world.service.remove_entity(&ours, &name("record", "record-2")).await.unwrap();
    let condition = r#"{"not":{"equals":{"of":"resource.status","value":"archived"}}}"#;
    let privilege = |code: &str, condition: &str| NewPrivilege {
        code: code.parse().unwrap(),
        terms: PrivilegeTerms {
            action: code.parse().unwrap(),
            object_type: "record".parse().unwrap(),
            condition: serde_json::from_str(condition).unwrap(),
            caller_stated: ["soft".parse().unwrap()].into(),
        },
    };
    for code in ["read", "write", "delete"] {
        world.service.put_privilege(&ours, &privilege(code, r#"{"all":[]}"#)).await.unwrap();
    }
    let codes = |codes: &[&str]| {
        Codes::try_from(codes.iter().map(|code| code.parse().unwrap()).collect::<Vec<Code>>()).unwrap()
    };
    let every = NewGrant {
        subject: name("user", "alice"),
        privileges: codes(&["read", "write"]),
        object_type: "record".parse().unwrap(),
        object: None,
        valid_from: None,
        valid_to: None,
    };
    let one = NewGrant {
        object: Some("record-1".parse().unwrap()),
        privileges: codes(&["delete"]),
        valid_to: Some(world.now().plus_seconds(9_000)),
        ..every.clone()
    };
    let revoked = world.service.give_grant(&ours, &every).await.unwrap().value.id;
    world.service.give_grant(&ours, &every).await.unwrap();
    world.service.give_grant(&ours, &one).await.unwrap();
    tick(world);
    world.service.revoke_grant(&ours, revoked).await.unwrap();
    world.service.put_privilege(&ours, &privilege("write", condition)).await.unwrap();
    world.service.remove_privilege(&ours, &"delete".parse().unwrap()).await.unwrap();
    let none = serde_json::Map::new();
    let stated = |kind: &str, id: &str| Stated::of(kind, id, &none);
    let question = |action: &str| Question {
        subject: stated("user", "alice"),
        action: StatedAction::of(action, &none),
        resource: stated("record", "record-1"),
        at: world.now(),
    };
    world.service.ask_external(&ours, &["read", "write", "fly"].map(question)).await.unwrap();
    world.service.ask_external(&theirs, &[question("read")]).await.unwrap();
    let search = Search::Actions { subject: stated("user", "alice"), resource: stated("record", "record-1") };
    world.service.search_external(&ours, &search, None, None, 10).await.unwrap();
}
