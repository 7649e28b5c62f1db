//! What is to come, from outside: it is told, and then it happens.

use crate::{
    door::Door,
    notices::{kinds, post},
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

async fn upcoming(door: &Door, person: &str, within: &str) -> Vec<Value> {
    let path = format!("/v1/upcoming?within={within}");
    let list = door.get(&path).by(&door.token(person).await).send().await.expect(200).json();
    assert_eq!(list["next"], Value::Null);
    list["items"].as_array().expect("a list").clone()
}

fn whats(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["what"].as_str().expect("a code")).collect()
}

async fn what_is_said_to_come_comes(engine: Engine) {
    let door = Door::open(engine).await;
    let clara = door.person_id("clara").await;
    // Clara turns 15 within 60 days of the demo's first day, and her parents lose what ends then.
    let coming = upcoming(&door, "dorte", "P60D").await;
    assert_eq!(whats(&coming), ["birthday"], "{coming:#?}");
    let birthday = &coming[0];
    assert_eq!(
        (&birthday["person_id"], &birthday["person_name"], &birthday["then"], &birthday["about"]),
        (&json!(clara), &json!("Clara Holm"), &json!("own_decisions"), &Value::Null)
    );
    assert_eq!((&birthday["rule"]["age"], &birthday["rule"]["version"]), (&json!(15), &json!(1)));
    assert!(birthday["rule"]["law"].as_str().is_some_and(|law| law.contains("sundhedsloven")));
    // In four years she comes of age, and custody ends with it.
    let far = upcoming(&door, "erik", "P4Y").await;
    assert_eq!(whats(&far).iter().filter(|what| **what == "birthday").count(), 2, "{far:#?}");
    assert!(whats(&far).contains(&"custody_ends"));
    let hers = upcoming(&door, "clara", "P60D").await;
    assert_eq!(hers, coming, "the young person sees the same");
    assert_eq!(upcoming(&door, "anna", "P60D").await, Vec::<Value>::new());

    // A mandate that Anna gives to Bo: both see when it ends, and on which days they are told.
    let anna = door.token("anna").await;
    let mandate = door.mandated(&anna, &door.cpr("bo").await, "M14").await;
    let for_bo = upcoming(&door, "bo", "P10Y").await;
    let end = for_bo.iter().find(|item| item["what"] == "mandate_ends").expect("its end");
    assert_eq!(end["about"], json!({"type": "mandate", "id": mandate}));
    assert_eq!((end["then"].as_str(), end["told_on"].as_array().map(Vec::len)), (Some("expired"), Some(4)));
    assert_eq!(upcoming(&door, "anna", "P10Y").await, for_bo);

    // The day comes. Everybody whom it concerns is told, and it is no longer to come.
    post(&door, "dorte", 0).await;
    door.post("/sandbox/clock").json(&json!({"now": birthday["at"]})).send().await.expect(200);
    for parent in ["dorte", "erik"] {
        assert_eq!(kinds(&post(&door, parent, 1).await), ["child_turns_fifteen"], "{parent}");
    }
    assert_eq!(upcoming(&door, "dorte", "P60D").await, Vec::<Value>::new());
    door.events();
}

#[tokio::test]
async fn what_is_said_to_come_comes_on_sqlite() {
    what_is_said_to_come_comes(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_is_said_to_come_comes_on_postgresql() {
    what_is_said_to_come_comes(Engine::Postgres).await;
}
