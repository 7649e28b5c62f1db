//! Who used a power of attorney, from outside; and what was done with it between a death and the day on which it became known.

use crate::{
    bad_input::on_both,
    door::{CASE, Door, UNKNOWN, id, ids},
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

const AID: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle";

on_both!(
    r32_what_was_done_after_a_death_is_told_with_both_times,
    m12_a_quiet_revocation_does_not_show_in_the_uses_and_their_cursors_are_their_own,
);

async fn used(door: &Door, system: &str, who: &str, whom: &str) -> bool {
    let question = json!({"subject": {"type": "person", "id": who}, "action": {"name": AID},
        "resource": {"type": "person", "id": whom}, "context": {"purpose": "automated_step", "case": CASE}});
    let said = door.post("/access/v1/evaluation").by(system).json(&question).send().await.expect(200).json();
    said["decision"].as_bool().expect("yes or no")
}

fn after_end(list: &Value) -> Vec<bool> {
    let items = list["items"].as_array().expect("a list");
    items.iter().map(|used| used["after_end"].as_bool().expect("yes or no")).collect()
}

async fn r32_what_was_done_after_a_death_is_told_with_both_times(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, bo, hans) = (door.token("anna").await, door.token("bo").await, door.token("hans").await);
    let (system, mona) = (door.token("fagsystem").await, door.token("mona").await);
    let (annas_id, bos_id) = (door.person_id("anna").await, door.person_id("bo").await);
    let mandate = door.mandated(&anna, &door.cpr("bo").await, "M14").await;
    let get = async |path: &str, token: &str| door.get(path).by(token).send().await.expect(200).json();
    let last_used = async || {
        let own = get("/v1/overview", &anna).await;
        let given = own["mandates_given"].as_array().expect("a list").clone();
        given.into_iter().find(|given| given["id"] == mandate.as_str()).expect("it")["last_used_at"].clone()
    };
    assert_eq!(last_used().await, Value::Null);
    assert!(used(&door, &system, &bos_id, &annas_id).await);
    let lookup = door.looked_up(&hans, &door.cpr("anna").await, "case_processing").await;
    door.turned("P2D").await;
    let died = door.now().await;
    door.turned("P1D").await;
    assert!(used(&door, &system, &bos_id, &annas_id).await, "nobody knows");
    let then = last_used().await;
    door.turned("P4D").await;
    let event = json!({"event": "death", "person": "anna", "on": died[..10]});
    door.post("/sandbox/events").json(&event).send().await.expect(200);
    assert!(!used(&door, &system, &bos_id, &annas_id).await, "it is known");

    let path = format!("/v1/mandates/{mandate}/uses");
    let uses = get(&path, &bo).await;
    assert_eq!(after_end(&uses), [true, false], "the newest first");
    let newest = &uses["items"][0];
    assert_eq!((&newest["at"], &newest["person_id"]), (&then, &json!(bos_id)));
    assert_eq!((&newest["privilege"], &newest["case"]), (&json!(AID), &json!(CASE)));
    assert_eq!(newest["by"]["client"], "fagsystem");
    assert_eq!(newest["by"]["authority"]["cvr"], "99100001");
    let as_hans = door.get(&path).by(&hans).header("lookup-id", &lookup);
    assert_eq!(as_hans.send().await.expect(200).json()["items"], uses["items"]);

    let late = get("/v1/late-uses", &hans).await;
    let item = &late["items"][0];
    assert_eq!((late["items"].as_array().map(Vec::len), &late["next"]), (Some(1), &Value::Null));
    assert_eq!((&item["at"], &item["mandate_id"]), (&then, &json!(mandate)));
    assert_eq!((&item["person_id"], &item["end_cause"]), (&json!(annas_id), &json!("death")));
    let (ended, known) = (id(&item["ended_at"]), id(&item["known_at"]));
    assert!(ended.as_str() < &*id(&item["at"]) && id(&item["at"]) < known, "{item}");
    assert!(!item.to_string().contains(&bos_id), "a list tells no more of people than tasks do");
    assert_eq!(get("/v1/late-uses", &mona).await["items"], json!([]));
}

async fn m12_a_quiet_revocation_does_not_show_in_the_uses_and_their_cursors_are_their_own(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, bo, system) =
        (door.token("anna").await, door.token("bo").await, door.token("fagsystem").await);
    let (annas_id, bos_id) = (door.person_id("anna").await, door.person_id("bo").await);
    let mandate = door.mandated(&anna, &door.cpr("bo").await, "M14").await;
    for _ in 0..3 {
        assert!(used(&door, &system, &bos_id, &annas_id).await);
    }
    let path = format!("/v1/mandates/{mandate}/uses");
    let read = async |path: &str, token: &str| door.get(path).by(token).send().await;
    let before = read(&path, &bo).await.expect(200);
    let revoke = json!({"ground": "misuse", "quiet": true});
    let revoked = door.post(&format!("/v1/mandates/{mandate}/revoke")).by(&anna).json(&revoke);
    revoked.send().await.expect(200);
    assert_eq!(read(&path, &bo).await.expect(200).body, before.body, "to the last byte");
    assert_eq!(read(&path, &anna).await.expect(200).body, before.body, "nothing came after it");

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = read(&format!("{path}?limit=1{cursor}"), &anna).await.expect(200).json();
        seen.extend(ids(&page["items"]));
        match &page["next"] {
            Value::Null => break,
            next => cursor = format!("&cursor={}", id(next)),
        }
    }
    assert_eq!(seen, ids(&before.json()["items"]));
    let hans = door.token("hans").await;
    for (path, token) in
        [(format!("/v1/mandates/{UNKNOWN}/uses"), &anna), ("/v1/late-uses".to_owned(), &hans)]
    {
        let refused = read(&format!("{path}?limit=1{cursor}"), token).await.expect(400);
        assert_eq!(refused.code(), "invalid_cursor", "{path}");
        for flawed in ["limit=0", "limit=201", "limit=x", "after=1"] {
            assert_eq!(read(&format!("{path}?{flawed}"), token).await.expect(400).code(), "invalid_query");
        }
    }
}
