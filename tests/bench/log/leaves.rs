//! A long log: how fast it grows, proves, is read, and is verified from inside and from outside, and in how much memory.

use crate::{
    Spread,
    fill::{Sample, fill},
    memory,
    rate::{Clients, drain},
};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    hint::black_box,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tillid_api::{Api, Readiness};
use tillid_edge::{
    AllowanceSettings, AuthorizationServer, ClientKey, Gate, Lifetime, Limits, TokenKeys, Verifier, serve,
};
use tillid_log::{Edge, Hash};
use tillid_service::{Proof, Sequenced, Sequencer, Service, entry};
use tillid_testkit::World;
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::interval};

/// So many proofs are asked for one after the other.
const PROOFS: u64 = 2000;
/// So many readers fetch tiles at once, each so many.
const READERS: u64 = 8;
const TILES_EACH: u64 = 250;
const WIDTH: u64 = 256;

/// Measures at a tenth of so many entries, and at all of them.
pub(crate) async fn measure(world: World, most: u64) {
    let world = Arc::new(world);
    let sequencer = Sequencer::new(world.service.clone());
    let writes = Clients::new(world.clone()).await.round().await.rate;
    drain(&sequencer).await;
    println!("  the service writes {writes:.0} grants and revocations a second, before the log is filled");
    let mut samples = Vec::new();
    let mut filled = 0;
    for count in [most / 10, most] {
        println!("  {count} entries");
        let began = Instant::now();
        samples.extend(fill(&world, count - filled, (most / PROOFS).max(1)).await);
        println!("    filled in {:.0} s", began.elapsed().as_secs_f64());
        append(&sequencer, count - filled, writes).await;
        filled = count;
        proofs(&world.service, &samples).await;
        let size = world.service.watch_log().await.unwrap().signed;
        tiles(&world.service, size, "").await;
        tiles(&world.service, size, "entries/").await;
        audit(&world).await;
        outsider(&world.service).await;
    }
}

/// The peak of this process since it was last asked to forget it.
fn peak() -> String {
    let peak = memory::peak("self").unwrap();
    memory::forget_peak();
    format!("memory at most {peak:.0} MiB")
}

/// The tree alone, and the same with the queue, the tables and the signatures.
async fn append(sequencer: &Sequencer, count: u64, writes: f64) {
    let began = Instant::now();
    let mut edge = Edge::default();
    let mut number = [1; 33];
    for n in 0..count {
        number[1..9].copy_from_slice(&n.to_be_bytes());
        black_box(edge.push(Hash::of_entry(&number)));
    }
    black_box(edge.root());
    let bare = count as f64 / began.elapsed().as_secs_f64();
    memory::forget_peak();
    let (mut added, mut rounds) = (0, Vec::new());
    let began = Instant::now();
    loop {
        let round = Instant::now();
        let (more, is_last) = match sequencer.round().await.unwrap() {
            Sequenced::More { added } => (added, false),
            Sequenced::Done { added, .. } => (added, true),
            Sequenced::Elsewhere => panic!("nobody else extends the log"),
        };
        added += more;
        rounds.push(round.elapsed());
        if is_last {
            break;
        }
    }
    let rate = added as f64 / began.elapsed().as_secs_f64();
    assert_eq!(added, count);
    println!(
        "    appended {rate:.0} entries a second: {:.1} times what the service writes, {:.3} of the tree alone; a round {}; {}",
        rate / writes,
        rate / bare,
        Spread::of_times(&rounds).milliseconds(),
        peak()
    );
}

/// Proofs of events all over the log, in no order; each is verified when all have been timed.
async fn proofs(service: &Service, samples: &[Sample]) {
    let (mut times, mut proofs) = (Vec::new(), Vec::new());
    for number in 0..samples.len() {
        // 7919 is prime, and divides no number of samples that there is.
        let sample = &samples[number * 7919 % samples.len()];
        let began = Instant::now();
        let proof = service.log_proof(sample.event).await.unwrap();
        times.push(began.elapsed());
        proofs.push((proof, sample.commitment));
    }
    for (proof, commitment) in proofs {
        let Proof::Logged(proof) = proof else { panic!("it is in the log") };
        proof.includes(&entry(commitment)).unwrap();
    }
    println!(
        "    {} proofs, one after the other: {}; {}",
        times.len(),
        Spread::of_times(&times).milliseconds(),
        peak()
    );
}

/// Complete tiles of the lowest level, or bundles of entries, in no order.
async fn tiles(service: &Service, size: u64, kind: &'static str) {
    let complete = size / WIDTH;
    let began = Instant::now();
    let mut readers: JoinSet<()> = (0..READERS)
        .map(|reader| {
            let service = service.clone();
            async move {
                for number in 0..TILES_EACH {
                    let index = (reader * TILES_EACH + number) * 7919 % complete;
                    let path = format!("{}{}", if kind.is_empty() { "0/" } else { kind }, path(index));
                    black_box(service.log_resource(&path).await.unwrap());
                }
            }
        })
        .collect();
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
    let rate = (READERS * TILES_EACH) as f64 / began.elapsed().as_secs_f64();
    let what = if kind.is_empty() { "tiles" } else { "bundles of entries" };
    println!("    {rate:.0} {what} a second, {READERS} readers; {}", peak());
}

/// An index as paths write it (C2SP tlog-tiles).
fn path(index: u64) -> String {
    match index / 1000 {
        0 => format!("{index:03}"),
        thousands => format!("x{thousands:03}/{:03}", index % 1000),
    }
}

/// Everything from inside: first the tables and the journal, then the log, of which the first block says where it begins.
async fn audit(world: &World) {
    let events = world.database.administrator().await.count("SELECT COUNT(*) FROM event").await;
    let events = u64::try_from(events).unwrap();
    let began = Instant::now();
    let (mut journal, mut log) = (Duration::ZERO, Vec::new());
    let audit = world
        .service
        .audit(&[], |done| {
            if done <= events {
                journal = began.elapsed();
            } else {
                log.push((began.elapsed(), done));
            }
        })
        .await
        .unwrap();
    let all = began.elapsed();
    assert_eq!(audit.findings, []);
    let ((from, first), (to, last)) = (log[0], log[log.len() - 1]);
    println!(
        "    verified from inside in {:.1} s: {:.0} events of the journal a second, {:.0} entries of the log a second; {}",
        all.as_secs_f64(),
        events as f64 / journal.as_secs_f64(),
        (last - first) as f64 / to.saturating_sub(from).as_secs_f64(),
        peak()
    );
}

/// Keys that sign nothing here: nobody asks for a token.
fn token_keys() -> TokenKeys {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(key.as_ref())
    );
    TokenKeys::new(vec![ClientKey::from_pem(&pem, None).unwrap()]).unwrap()
}

/// Everything from outside, as `tillid verify --server --all` does it over HTTP from this process.
async fn outsider(service: &Service) {
    let gate = Gate::new(service.clone(), Verifier::new(Vec::new()).unwrap(), AllowanceSettings::default());
    let server = AuthorizationServer::new(gate.clone(), token_keys(), Lifetime::USUAL).unwrap();
    let api = Api { gate, readiness: Readiness::default(), authorization_server: Arc::new(server) };
    let app = tillid_api::router(api, Vec::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (stop, mut stopped) = watch::channel(());
    let until = async move {
        let _ = stopped.changed().await;
    };
    let server = tokio::spawn(serve(listener, app, Limits::default(), until));
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tillid"))
        .args(["verify", "--all", "--language", "en", "--server", &address])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (mut most, mut looks) = (0.0, interval(Duration::from_millis(20)));
    let status = loop {
        looks.tick().await;
        most = memory::peak(&child.id().to_string()).unwrap_or(most);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    let took = began.elapsed().as_secs_f64();
    assert!(status.success(), "{status}");
    let size = service.watch_log().await.unwrap().signed as f64;
    println!(
        "    verified from outside in {took:.1} s: {:.0} entries a second; its memory at most {most:.0} MiB; the service's {}",
        size / took,
        peak()
    );
    drop(stop);
    server.await.unwrap().unwrap();
}
