//! Two nodes on one PostgreSQL: the one that extends the log is killed, and the other takes over when its lease ends.

use super::{
    history::History,
    outage::until,
    rekey::{Installation, Running},
};
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    process::Command,
    time::{Duration, Instant},
};
use tillid_testkit::{Administrator, Engine};

const KEYS: [&str; 1] = ["numbers-1"];
/// The lease is ten seconds; the rest is for a slow machine.
const TAKES_OVER: Duration = Duration::from_secs(20);

/// Looks somebody up, which is an event; its event must be in the log soon.
async fn look_up(node: &Running, token: &str) {
    let body =
        json!({"person": {"cpr": "6101601000"}, "purpose": "case_processing", "case": "27.36.04-2026-17"});
    let call = Client::new().post(format!("{}/v1/lookups", node.base)).bearer_auth(token).json(&body);
    assert_eq!(call.send().await.expect("an answer").status(), 201);
}

async fn holder(database: &mut Administrator) -> String {
    database.column("SELECT CAST(holder AS TEXT) FROM log_head").await.remove(0)
}

async fn everything_is_logged(database: &mut Administrator) -> bool {
    database.count("SELECT COUNT(*) FROM pending").await == 0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_extends_the_log_soon_after_the_one_that_did_is_killed() {
    let installation = Installation::new(Engine::Postgres).await;
    let first = installation.start(&KEYS).await;
    let order = json!({"person": "hans"});
    let token = Client::new().post(format!("{}/sandbox/tokens", first.base)).json(&order).send().await;
    let token: Value = token.expect("a token").json().await.expect("a token");
    let token = token["access_token"].as_str().expect("a token");
    let database = tokio::sync::Mutex::new(installation.database.administrator().await);
    let logged = async || everything_is_logged(&mut *database.lock().await).await;

    // The first has the lease while it is alone; a slow start of the second may cost it that.
    look_up(&first, token).await;
    until("it is in the log", TAKES_OVER, &logged).await;
    let alone = holder(&mut *database.lock().await).await;
    let second = installation.start(&KEYS).await;
    let seen = (History::watch(&first.base).await, History::watch(&second.base).await);
    look_up(&first, token).await;
    until("it is in the log", TAKES_OVER, &logged).await;
    let leader = holder(&mut *database.lock().await).await;
    let (mut killed, survivor, seen, other) =
        if leader == alone { (first, second, seen.1, seen.0) } else { (second, first, seen.0, seen.1) };
    let kill = Command::new("kill").args(["-KILL", &killed.child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    killed.child.wait().expect("it is gone");
    let began = Instant::now();
    look_up(&survivor, token).await;
    until("the other node extends the log", TAKES_OVER, &logged).await;
    println!("the other node took over after {:?}", began.elapsed());
    assert_ne!(leader, holder(&mut *database.lock().await).await, "the node that was killed had the lease");
    seen.saw_too(&other);
    let (_, faults) = seen.faults(&mut *database.lock().await).await;
    assert_eq!(faults, Vec::<String>::new());
    let (code, words) = installation.verify(&KEYS);
    assert_eq!(code, Some(0), "{words}");
}
