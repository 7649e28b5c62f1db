//! PostgreSQL stops, hangs, or takes no access records: nobody waits long, nobody is told what cannot be recorded, and the service
//! recovers by itself. And when the service is asked to stop, whoever has asked something still gets an answer.

use crate::support::{Answer, Tillid};
use serde_json::{Value, json};
use std::{
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};
use tillid_testkit::{Cluster, Database, Engine};

const CASE: &str = "27.36.04-2026-17";

/// Somebody of each kind who calls, and something of anna's to call about.
struct Scene {
    tillid: Tillid,
    anna: String,
    bo_for_anna: String,
    hans: String,
    cpr: Value,
    mandates: Vec<String>,
}

impl Scene {
    /// With that many mandates from anna to bo.
    async fn new(tillid: Tillid, mandates: usize) -> Self {
        let (anna, hans) = (tillid.token("anna").await, tillid.token("hans").await);
        let bo_for_anna = tillid.token_for("bo", "anna").await;
        let (cpr, bo) =
            (tillid.somebody("anna").await["cpr"].clone(), tillid.somebody("bo").await["cpr"].clone());
        let until = super::in_a_year(&tillid).await;
        let mut given = Vec::with_capacity(mandates);
        for _ in 0..mandates {
            let about = json!({"mandate": {"representative": {"cpr": bo}, "packages": ["M14"], "valid_until": until}});
            let shown = tillid
                .post("/v1/presentations")
                .by(&anna)
                .json(&json!({"about": about}))
                .send()
                .await
                .expect(201)
                .json();
            let give = tillid.post("/v1/mandates").by(&anna).json(&json!({"presentation_id": shown["id"]}));
            given.push(give.send().await.expect(201).json()["id"].as_str().expect("an id").to_owned());
        }
        Self { tillid, anna, bo_for_anna, hans, cpr, mandates: given }
    }

    async fn own_read(&self) -> Answer {
        self.tillid.get("/v1/overview").by(&self.anna).send().await
    }

    async fn represented_read(&self) -> Answer {
        self.tillid.get("/v1/overview").by(&self.bo_for_anna).send().await
    }

    async fn look_up(&self) -> Answer {
        let body = json!({"person": {"cpr": self.cpr}, "purpose": "case_processing", "case": CASE});
        self.tillid.post("/v1/lookups").by(&self.hans).json(&body).send().await
    }

    async fn revoke(&self, at: usize) -> Answer {
        let path = format!("/v1/mandates/{}/revoke", self.mandates[at]);
        self.tillid.post(&path).by(&self.anna).header("idempotency-key", &format!("revoke-{at}")).send().await
    }

    /// One call of each kind at the same time, with how long each took.
    async fn one_of_each(&self) -> Vec<(Answer, Duration)> {
        let (own, represented, look_up, revoked, given) = tokio::join!(
            timed(self.own_read()),
            timed(self.represented_read()),
            timed(self.look_up()),
            timed(self.revoke(0)),
            timed(
                self.tillid
                    .post("/v1/mandates")
                    .by(&self.anna)
                    .json(&json!({"presentation_id": self.mandates[0]}))
                    .send()
            ),
        );
        vec![own, represented, look_up, revoked, given]
    }

    async fn ready(&self) -> u16 {
        self.tillid.get(&format!("{}/health/ready", self.tillid.internal)).send().await.status.as_u16()
    }
}

async fn timed<F: Future<Output = Answer>>(call: F) -> (Answer, Duration) {
    let began = Instant::now();
    (call.await, began.elapsed())
}

/// The call fails as it should: a problem, with when to try again.
#[track_caller]
fn must_be_unavailable((answer, took): &(Answer, Duration), within: Duration) {
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status.as_u16(), 503, "{text}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.code(), "unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    assert!(*took < within, "it took {took:?}");
}

/// Waits until the condition holds, and says how long that took.
pub(crate) async fn until<F: Future<Output = bool>>(
    what: &str,
    within: Duration,
    condition: impl Fn() -> F,
) -> Duration {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_everyone_is_told_so_soon_and_it_recovers_by_itself() {
    let cluster = Cluster::start();
    let scene = Scene::new(Tillid::demo_on(Database::on(&cluster).await), 2).await;
    // Many connections are open when it goes.
    let scene = Arc::new(scene);
    for _ in 0..2 {
        let calls: Vec<_> = (0..32)
            .map(|_| {
                let scene = scene.clone();
                tokio::spawn(async move { scene.own_read().await.expect(200) })
            })
            .collect();
        for call in calls {
            call.await.expect("a call");
        }
    }
    cluster.halt();
    let mut slowest = Duration::ZERO;
    for _ in 0..2 {
        for call in scene.one_of_each().await {
            must_be_unavailable(&call, Duration::from_secs(3));
            slowest = slowest.max(call.1);
        }
    }
    assert_eq!(scene.ready().await, 503);
    scene.tillid.get("/health/live").send().await.expect(200);
    cluster.resume();
    let recovered =
        until("it serves again", Duration::from_secs(5), async || scene.own_read().await.status == 200).await;
    // Nobody meets a connection that died meanwhile.
    let mut failed = 0;
    for _ in 0..40 {
        failed += u32::from(scene.own_read().await.status != 200);
    }
    println!("away: told within {slowest:?}; back after {recovered:?}, {failed} of the next 40 calls failed");
    assert_eq!(failed, 0);
    assert_eq!(scene.ready().await, 200);
    scene.revoke(1).await.expect(200);
    let (code, words) = scene.tillid.verify();
    assert_eq!(code, 0, "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_database_between_two_calls_is_not_noticed() {
    let cluster = Cluster::start();
    let scene = Arc::new(Scene::new(Tillid::demo_on(Database::on(&cluster).await), 1).await);
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let scene = scene.clone();
            tokio::spawn(async move { scene.own_read().await.expect(200) })
        })
        .collect();
    for call in calls {
        call.await.expect("a call");
    }
    cluster.halt();
    cluster.resume();
    let mut failed = 0;
    for _ in 0..40 {
        failed += u32::from(scene.own_read().await.status != 200);
    }
    println!("restarted: {failed} of the next 40 calls failed");
    assert_eq!(failed, 0);
    scene.revoke(0).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_hangs_everyone_is_told_so_within_the_deadline() {
    let cluster = Cluster::start();
    let scene = Scene::new(Tillid::demo_on(Database::on(&cluster).await), 2).await;
    let frozen = cluster.freeze();
    let mut slowest = Duration::ZERO;
    for _ in 0..2 {
        let (calls, ready) = tokio::join!(
            scene.one_of_each(),
            timed(async {
                scene.tillid.get(&format!("{}/health/ready", scene.tillid.internal)).send().await
            })
        );
        for call in calls {
            must_be_unavailable(&call, Duration::from_secs(12));
            slowest = slowest.max(call.1);
        }
        println!("hanging: not ready within {:?}", ready.1);
        assert_eq!(ready.0.status.as_u16(), 503);
        assert!(ready.1 < Duration::from_secs(4), "{:?}", ready.1);
    }
    scene.tillid.get("/health/live").send().await.expect(200);
    drop(frozen);
    let recovered =
        until("it serves again", Duration::from_secs(5), async || scene.own_read().await.status == 200).await;
    println!("hanging: told within {slowest:?}; back after {recovered:?}");
    // The outcome of the revocation was unknown; sent again under its key, it is there once.
    let again = scene.revoke(0).await.expect(200).json();
    assert_eq!((&again["state"], &again["revision"]), (&json!("revoked"), &json!(2)));
    let (code, words) = scene.tillid.verify();
    assert_eq!(code, 0, "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_whose_database_hangs_can_be_stopped() {
    let cluster = Cluster::start();
    let mut scene = Arc::new(Scene::new(Tillid::demo_on(Database::on(&cluster).await), 1).await);
    // It has the lease of the log, to be given back, and connections to spare, on which it could wait for ever.
    scene.revoke(0).await.expect(200);
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let scene = scene.clone();
            tokio::spawn(async move { scene.own_read().await.expect(200) })
        })
        .collect();
    for call in calls {
        call.await.expect("a call");
    }
    let _frozen = cluster.freeze();
    // Whatever it waits for, it waits for the database.
    must_be_unavailable(&timed(scene.own_read()).await, Duration::from_secs(12));
    let began = Instant::now();
    let tillid = &mut Arc::get_mut(&mut scene).expect("nobody else has it").tillid;
    let stopped = tokio::task::block_in_place(|| tillid.stop());
    println!("hanging: stopped within {:?}", began.elapsed());
    assert_eq!(stopped.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_recorded_is_not_told() {
    for engine in Engine::ALL {
        let scene = Scene::new(Tillid::demo(engine).await, 1).await;
        let found = scene.look_up().await.expect(201).json();
        let lookup = found["lookup_id"].as_str().expect("an id").to_owned();
        let name = found["person"]["name"].as_str().expect("a name").to_owned();
        let mut administrator = scene.tillid.administrator().await;
        let refuse = match engine {
            Engine::Sqlite => {
                "CREATE TRIGGER broken BEFORE INSERT ON access_record BEGIN SELECT RAISE(ABORT, 'no room'); END"
            }
            Engine::Postgres => {
                "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$; \
                 CREATE TRIGGER broken BEFORE INSERT ON access_record FOR EACH ROW EXECUTE FUNCTION broken()"
            }
        };
        administrator.execute(refuse).await.expect("the trigger");
        let records = administrator.count("SELECT COUNT(*) FROM access_record").await;
        let staff = |path: &str| scene.tillid.get(path).by(&scene.hans).header("lookup-id", &lookup).send();
        let mandate = format!("/v1/mandates/{}", scene.mandates[0]);
        let answers = [
            timed(scene.look_up()).await,
            timed(scene.represented_read()).await,
            timed(staff("/v1/consents")).await,
            timed(staff("/v1/mandates")).await,
            timed(staff("/v1/consent-requests")).await,
            timed(staff(&mandate)).await,
        ];
        let secrets = [&name, scene.cpr.as_str().expect("a number"), &scene.mandates[0]];
        for answer in answers {
            must_be_unavailable(&answer, Duration::from_secs(3));
            let text = String::from_utf8_lossy(&answer.0.body).into_owned();
            assert!(secrets.iter().all(|secret| !text.contains(*secret)), "{text}");
        }
        // Nobody else looks at what is one's own.
        scene.own_read().await.expect(200);
        scene.revoke(0).await.expect(200);
        assert_eq!(administrator.count("SELECT COUNT(*) FROM access_record").await, records);
        let drop = if engine == Engine::Sqlite {
            "DROP TRIGGER broken"
        } else {
            "DROP TRIGGER broken ON access_record"
        };
        administrator.execute(drop).await.expect("no trigger");
        scene.look_up().await.expect(201);
        let (code, words) = scene.tillid.verify();
        assert_eq!(code, 0, "{words}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_asked_before_it_is_stopped_gets_an_answer() {
    const WAITING: usize = 8;
    let mut scene = Arc::new(Scene::new(Tillid::demo(Engine::Postgres).await, WAITING).await);
    let mut administrator = scene.tillid.administrator().await;
    let anna = scene.tillid.somebody("anna").await["person_id"].as_str().expect("an id").to_owned();
    administrator.execute("BEGIN").await.expect("a transaction");
    administrator
        .execute(&format!("SELECT 1 FROM person WHERE id = '{anna}' FOR UPDATE"))
        .await
        .expect("a lock");
    let calls: Vec<_> = (0..WAITING)
        .map(|at| {
            let scene = scene.clone();
            tokio::spawn(async move { scene.revoke(at).await })
        })
        .collect();
    // Every one of them is in the middle of its transaction ...
    let watch = Arc::new(tokio::sync::Mutex::new(scene.tillid.administrator().await));
    let waiting = async || {
        let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        watch.lock().await.count(sql).await
    };
    until("all of them wait", Duration::from_secs(3), async || {
        waiting().await == i64::try_from(WAITING).expect("few")
    })
    .await;
    // ... when the service is asked to stop, and says that it does ...
    assert!(
        Command::new("kill")
            .args(["-TERM", &scene.tillid.pid().to_string()])
            .status()
            .expect("kill")
            .success()
    );
    until("it takes nothing new", Duration::from_secs(2), async || scene.ready().await == 503).await;
    // ... before any of them could go on.
    administrator.execute("ROLLBACK").await.expect("no lock");
    for call in calls {
        let answer = call.await.expect("a call").expect(200).json();
        assert_eq!(answer["state"], "revoked");
    }
    let stopped = Arc::get_mut(&mut scene).expect("nobody else has it").tillid.stop();
    assert_eq!(stopped.code(), Some(0));
    let (code, words) = scene.tillid.verify();
    assert_eq!(code, 0, "{words}");
}
