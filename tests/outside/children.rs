//! Clara, her parents and her fifteenth birthday, from outside.

use crate::{
    door::{Door, answers, id},
    notices::{kinds, post},
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

async fn parents_answer_together_until_she_is_asked_herself(engine: Engine) {
    let door = Door::open(engine).await;
    let (clara, hans) = (door.token("clara").await, door.token("hans").await);
    let as_dorte = door.tillid.token_for("dorte", "clara").await;
    let as_erik = door.tillid.token_for("erik", "clara").await;
    let own = door.get("/v1/overview").by(&door.token("dorte").await).send().await.expect(200).json();
    assert_eq!(own["may_act_for"][0]["name"], "Clara Holm");
    assert_eq!(own["may_act_for"][0]["by_custody"], true);
    assert_eq!(own["may_act_for"][0]["privileges"].as_array().map(Vec::len), Some(3));

    let request = door.asked(&hans, &door.cpr("clara").await, "C02").await;
    let path = format!("/v1/consent-requests/{request}");
    // Below 15, those who have custody are told in her place, of a child and by no name.
    for parent in ["dorte", "erik"] {
        let told = post(&door, parent, 1).await;
        assert_eq!(kinds(&told), ["consent_asked"]);
        let body = told[0]["body"]["da"].as_str().expect("words");
        assert!(body.contains("forældremyndigheden") && !body.contains("Clara"), "{body}");
    }
    let answer = async |token: &String| {
        let (shown, items) = door.shown(token, json!({"request": request})).await;
        door.post(&format!("{path}/answer")).by(token).json(&answers(&shown, &items)).send().await
    };
    assert_eq!(answer(&clara).await.expect(409).code(), "too_young");
    let first = answer(&as_dorte).await.expect(201).json();
    // What she says no to is declined at once; what she says yes to waits for him.
    let decided = first["consents"].as_array().expect("a list");
    assert!(decided.iter().all(|consent| consent["state"] == "declined"), "{first}");
    let seen = door.get(&path).by(&as_erik).send().await.expect(200).json();
    assert_eq!(seen["state"], "open");
    let states: Vec<_> = seen["voices"].as_array().expect("voices").iter().map(|v| &v["state"]).collect();
    assert!(states.contains(&&json!("answered")) && states.contains(&&json!("awaited")), "{seen}");
    assert!(!seen.to_string().contains("given"), "how she answered is not told");
    let given = answer(&as_erik).await.expect(201).json();
    let consent = given["consents"][0].clone();
    assert_eq!(consent["state"], "active");

    // Each is told of what the other answered; nobody of their own doing.
    for parent in ["dorte", "erik"] {
        assert_eq!(kinds(&post(&door, parent, 2).await), ["consent_asked", "consent_answered_for_you"]);
    }

    // Another has custody: Dorte's yes carries what she gave together with Erik.
    let only_dorte =
        json!({"event": "custody", "person": "clara", "holders": [{"person": "dorte", "lives_with": true}]});
    door.post("/sandbox/events").json(&only_dorte).send().await.expect(200);
    assert_eq!(door.get(&path).by(&as_erik).send().await.expect(403).code(), "no_power");
    let mine = format!("/v1/consents/{}", id(&consent["id"]));
    assert_eq!(door.get(&mine).by(&as_dorte).send().await.expect(200).json()["state"], "active");

    // Her birthday is forty days after the first.
    door.turned("P40D").await;
    let over = door.get(&mine).by(&clara).send().await.expect(200).json();
    assert_ne!(over["state"], "active");
    // From 15 she has post of her own; who decided until then is told that it ended, and of nothing that is hers alone.
    // The calendar and the log tell by themselves, in no order.
    let sorted = |post: &[Value]| {
        let mut kinds: Vec<String> = kinds(post).into_iter().map(str::to_owned).collect();
        kinds.sort();
        kinds
    };
    let told = post(&door, "clara", 3).await;
    assert_eq!(sorted(&told), ["child_turns_fifteen", "consent_asked", "consent_ended"]);
    let told = post(&door, "dorte", 4).await;
    assert_eq!(
        sorted(&told),
        ["child_turns_fifteen", "consent_answered_for_you", "consent_asked", "consent_ended"]
    );
    post(&door, "erik", 2).await;
    let all = door.get("/v1/consent-requests").by(&clara).send().await.expect(200).json();
    let open: Vec<_> =
        all["items"].as_array().expect("a list").iter().filter(|r| r["state"] == "open").collect();
    assert_eq!(open.len(), 1, "she is asked herself");
    assert_eq!(open[0]["voices"], json!([]));
    let asked = format!("/v1/consent-requests/{}", id(&open[0]["id"]));
    door.get(&asked).by(&as_dorte).send().await.expect(404);
    let (shown, items) = door.shown(&clara, json!({"request": open[0]["id"]})).await;
    let hers = door.post(&format!("{asked}/answer")).by(&clara).json(&answers(&shown, &items));
    assert_eq!(hers.send().await.expect(201).json()["consents"][0]["state"], "active");
    assert_eq!(door.get(&mine).by(&clara).send().await.expect(200).json()["state"], "lapsed");
}

#[tokio::test]
async fn parents_answer_together_until_she_is_asked_herself_on_sqlite() {
    parents_answer_together_until_she_is_asked_herself(Engine::Sqlite).await;
}

#[tokio::test]
async fn parents_answer_together_until_she_is_asked_herself_on_postgresql() {
    parents_answer_together_until_she_is_asked_herself(Engine::Postgres).await;
}
