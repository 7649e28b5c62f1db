//! Grants and revocations through REST: each is durable with its event when it is answered.

use crate::{
    generate::WRITERS,
    http::{Line, post},
    load::thread,
    served::Served,
};
use serde_json::{Value, json};
use std::time::Instant;
use tillid_domain::{CalendarPeriod, id::PersonId};
use tillid_service::ambient::Ambient;
use tokio::task::{JoinSet, LocalSet};

/// Each caller gives and revokes so many mandates in a round.
pub(crate) const EACH: u32 = 150;
const CALLERS: u64 = WRITERS / 2;

/// What came of a round.
pub(crate) struct Written {
    /// Grants and revocations a second.
    pub(crate) changes: f64,
    /// Presentations a second, which had been made before; each mandate rests on one.
    pub(crate) presentations: f64,
}

/// So many grantors, each with a representative of their own, give mandates and revoke them.
pub(crate) fn round(served: &Served) -> Written {
    let callers: Vec<Caller> = (0..CALLERS).map(|number| Caller::new(served, number)).collect();
    let began = Instant::now();
    let shown = all(callers.into_iter().map(Caller::present));
    let presented = began.elapsed();
    let began = Instant::now();
    all(shown.into_iter().map(Caller::give_and_revoke));
    let changed = began.elapsed();
    let count = f64::from(EACH * u32::try_from(CALLERS).unwrap());
    Written { changes: 2.0 * count / changed.as_secs_f64(), presentations: count / presented.as_secs_f64() }
}

struct Caller {
    address: String,
    token: String,
    /// What is to be shown.
    about: String,
    /// What was shown.
    shown: Vec<Value>,
}

fn all<F: Future<Output = Caller> + 'static>(callers: impl Iterator<Item = F>) -> Vec<Caller> {
    thread().block_on(LocalSet::new().run_until(async {
        let mut tasks = JoinSet::new();
        for caller in callers {
            tasks.spawn_local(caller);
        }
        tasks.join_all().await
    }))
}

impl Caller {
    fn new(served: &Served, number: u64) -> Self {
        let representative: PersonId =
            crate::generate::person(served.filling.writer(CALLERS + number)).parse().unwrap();
        let until = Ambient::system().now().local_date().plus(CalendarPeriod::months(12));
        let mandate = json!({
            "representative": {"id": representative.as_uuid()}, "packages": ["M14"], "valid_until": until.to_string(),
        });
        Self {
            address: served.address.clone(),
            token: served.citizen(&format!("writer-{number}")),
            about: json!({"about": {"mandate": mandate}}).to_string(),
            shown: Vec::new(),
        }
    }

    async fn present(mut self) -> Self {
        let mut line = Line::to(&self.address).await;
        let request = post("/v1/presentations", &self.token, &self.about);
        for _ in 0..EACH {
            let shown = ask(&mut line, &request, 201).await;
            self.shown.push(shown["id"].clone());
        }
        self
    }

    async fn give_and_revoke(self) -> Self {
        let mut line = Line::to(&self.address).await;
        for shown in &self.shown {
            let body = json!({"presentation_id": shown}).to_string();
            let given = ask(&mut line, &post("/v1/mandates", &self.token, &body), 201).await;
            let path = format!("/v1/mandates/{}/revoke", given["id"].as_str().unwrap());
            ask(&mut line, &post(&path, &self.token, ""), 200).await;
        }
        self
    }
}

async fn ask(line: &mut Line, request: &[u8], expected: u16) -> Value {
    let (status, body) = line.ask(request).await.unwrap();
    assert_eq!(status, expected, "{}", String::from_utf8_lossy(body));
    serde_json::from_slice(body).unwrap()
}
