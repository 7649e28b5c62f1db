//! What people get by post, from outside: asked, reminded, told that nothing was agreed; digitally or on paper.

use crate::door::Door;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tillid_testkit::Engine;

/// How long the post may take.
const SOON: Duration = Duration::from_secs(30);

/// Somebody's post, the oldest first, when there is that much of it.
pub(crate) async fn post(door: &Door, person: &str, count: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let inbox = door.get(&format!("/sandbox/inbox/{person}")).send().await.expect(200).json();
        let mut items = inbox["items"].as_array().expect("messages").clone();
        items.reverse();
        if items.len() >= count || began.elapsed() > SOON {
            assert_eq!(items.len(), count, "{items:#?}");
            return items;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What they tell.
pub(crate) fn kinds(post: &[Value]) -> Vec<&str> {
    post.iter().map(|message| message["kind"].as_str().expect("a kind")).collect()
}

async fn people_are_told_by_post(engine: Engine) {
    let door = Door::open(engine).await;
    let hans = door.token("hans").await;
    let (annas, bos) = (door.cpr("anna").await, door.cpr("bo").await);
    post(&door, "anna", 0).await;
    let asked = door.asked(&hans, &annas, "C02").await;
    let told = post(&door, "anna", 1).await;
    assert_eq!(told[0]["label"]["da"], "Du har et nyt spørgsmål fra Eksempel Kommune");
    assert_eq!(
        (&told[0]["channel"], &told[0]["sender"]["cvr"]),
        (&json!("digital_post"), &json!("99100001"))
    );
    assert_eq!(told[0]["legal_notification"], json!(false));
    assert!(told[0]["link"].as_str().is_some_and(|link| link.ends_with(&format!("/requests/{asked}"))));
    assert!(!told[0].to_string().contains(&annas));

    // She becomes exempt, and what comes from now on is on paper.
    door.post("/sandbox/events")
        .json(&json!({"event": "post_exempt", "person": "anna"}))
        .send()
        .await
        .expect(200);
    let request = door.get(&format!("/v1/consent-requests/{asked}")).by(&door.token("anna").await);
    let deadline = request.send().await.expect(200).json()["deadline"].as_str().expect("a time").to_owned();
    door.post("/sandbox/clock").json(&json!({"now": deadline})).send().await.expect(200);
    let told = post(&door, "anna", 2).await;
    assert_eq!(kinds(&told), ["consent_asked", "consent_request_expired"], "of where it stands now");
    assert_eq!(told[1]["channel"], "letter");
    assert!(told[1]["body"]["da"].as_str().is_some_and(|body| body.contains("ikke aftalt noget")));

    // A mandate: told at once, and reminded of before it ends, and nobody twice.
    let anna = door.token("anna").await;
    door.mandated(&anna, &bos, "M14").await;
    post(&door, "anna", 3).await;
    let told = post(&door, "bo", 1).await;
    assert_eq!(kinds(&told), ["mandate_received"]);
    let mut count = 1;
    for _ in 0..40 {
        door.turned("P12D").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let began = Instant::now();
    while count < 2 && began.elapsed() < SOON {
        let inbox = door.get("/sandbox/inbox/bo").send().await.expect(200).json();
        let all = inbox["items"].as_array().expect("messages").clone();
        count = all.iter().filter(|message| message["kind"] == "mandate_expired").count() + 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let inbox = door.get("/sandbox/inbox/bo").send().await.expect(200).json();
    let expired =
        inbox["items"].as_array().expect("messages").iter().filter(|m| m["kind"] == "mandate_expired");
    assert_eq!(expired.count(), 1, "{inbox:#}");

    let page = door.tillid.get("/sandbox/post/anna").send().await.expect(200);
    let page = String::from_utf8(page.body).expect("text");
    assert!(
        page.contains("Du har et nyt spørgsmål fra Eksempel Kommune") && page.contains("Brev på papir"),
        "{page}"
    );
    door.tillid.get("/sandbox/post/nobody").send().await.expect(404);
    door.get("/sandbox/inbox/nobody").send().await.expect(404);
    let numbers = door.tillid.log();
    assert!(!numbers.contains(&annas) && !numbers.contains(&bos), "no number in the log");
    let (code, words) = door.tillid.verify();
    assert_eq!(code, 0, "{words}");
}

#[tokio::test]
async fn people_are_told_by_post_on_sqlite() {
    people_are_told_by_post(Engine::Sqlite).await;
}

#[tokio::test]
async fn people_are_told_by_post_on_postgresql() {
    people_are_told_by_post(Engine::Postgres).await;
}
