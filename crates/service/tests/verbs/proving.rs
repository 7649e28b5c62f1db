//! What a receipt proves, from the promise to the witnesses: each step is told when it is so, and to nobody else.

use crate::expect::told;
use aws_lc_rs::signature::Ed25519KeyPair;
use tillid_domain::id::EventId;
use tillid_log::{Algorithm, Policy, Signer};
use tillid_service::{Directory, LogKeys, Place, Placed, ReceiptOf, Service, Settings, WitnessAnswer};
use tillid_testkit::{
    LOG_ORIGIN, World,
    people::{OWN, acting, caseworker, citizen},
    receipt_keys,
};

fn signer(name: &str, algorithm: Algorithm, seed: u8) -> Signer {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    Signer::ed25519(name.parse().unwrap(), algorithm, pair.to_pkcs8().unwrap().as_ref()).unwrap()
}

fn witness(seed: u8) -> Signer {
    signer("witness.example", Algorithm::Ed25519Cosignature, seed)
}

/// The same service, which asks two witnesses and wants both.
fn witnessed(world: &World) -> Service {
    let log = signer(LOG_ORIGIN, Algorithm::Ed25519, 9);
    let policy = format!(
        "witness w1 {}\nwitness w2 {}\ngroup both all w1 w2\nquorum both\n",
        witness(21).verifier(),
        witness(22).verifier()
    );
    let keys = LogKeys::new(LOG_ORIGIN.parse().unwrap(), vec![log], vec![], Some(policy.parse().unwrap()));
    let settings = Settings {
        base_url: "https://tillid.example".to_owned(),
        turnable_clock: false,
        witness_grace: None,
    };
    let directory = Directory::new([]);
    Service::new(
        world.store.clone(),
        world.ambient.clone(),
        directory,
        receipt_keys(),
        keys.unwrap(),
        settings,
    )
}

async fn place(service: &Service, call: &tillid_service::Call, event: EventId) -> Place {
    let view = service.receipt_view(call, event).await.unwrap().unwrap();
    let Placed::Logged(place) = view.placed else { panic!("it waits") };
    place
}

/// The witness with that seed signs what it is asked to.
async fn cosigns(service: &Service, name: &str, seed: u8, seconds: u64) {
    let lines = service.log_policy().unwrap().witnesses().to_vec();
    let line = lines.iter().find(|line| line.name == name).unwrap();
    let task = service.witness_task(line).await.unwrap().unwrap();
    let signature = witness(seed).cosign_note(&task.request.checkpoint, seconds).unwrap();
    let answer = WitnessAnswer::Signed(signature.to_string());
    service.witness_answered(line, &task, &answer).await.unwrap();
}

pub(crate) async fn a_receipt_tells_of_each_step_up_to_the_witnesses(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C01").await;
    let consent = world.one_consent(anna, "C01").await;
    let call = citizen(anna);
    let event = world.service.newest_receipt(&call, ReceiptOf::Consent(consent)).await.unwrap();
    let view = world.service.receipt_view(&call, event).await.unwrap().unwrap();
    assert_eq!((view.recorded.id, view.placed), (event, Placed::Waiting { late: false }));
    world.ambient.set(world.ambient.now().plus_seconds(61));
    let view = world.service.receipt_view(&call, event).await.unwrap().unwrap();
    assert_eq!(view.placed, Placed::Waiting { late: true }, "a promise that was not kept is told");

    let size = world.service.sequence_all().await.unwrap();
    let alone = place(&world.service, &call, event).await;
    assert_eq!((alone.size, alone.signatures.asked), (size, 0));
    assert_eq!(alone.signed_at, Some(world.ambient.now()));
    assert_eq!(alone.steps.iter().map(|step| step.beside).sum::<u64>(), size - 1);

    let service = witnessed(world);
    let unseen = place(&service, &call, event).await;
    assert_eq!((unseen.signatures.witnesses.len(), unseen.signatures.asked), (0, 2));
    assert!(!unseen.signatures.quorum);
    for (n, (name, seed)) in [("w1", 21), ("w2", 22)].into_iter().enumerate() {
        cosigns(&service, name, seed, 1_780_000_000 + n as u64).await;
        let seen = place(&service, &call, event).await;
        assert_eq!(seen.signatures.witnesses.len(), n + 1);
        assert_eq!(seen.signatures.quorum, n == 1, "both are wanted");
        let at = seen.signatures.witnesses[n].at.unwrap().as_micros();
        assert_eq!(
            at,
            (1_780_000_000 + i64::try_from(n).unwrap()) * 1_000_000,
            "the time is the witness's own"
        );
    }
    let public = service.log_view(u64::MAX, 10).await.unwrap();
    assert!(public.signatures.unwrap().unwrap().quorum);
    let policy: Policy = public.policy.unwrap().parse().unwrap();
    let judged = policy.judge(&public.checkpoint.unwrap().1).unwrap();
    assert!(judged.quorum, "the policy that is shown can be used as it is");

    for (call, why) in [
        (citizen(bo), "not found"),
        (acting(bo, anna), "denied only_in_person"),
        (caseworker(OWN), "denied only_in_person"),
    ] {
        assert_eq!(told(service.receipt_view(&call, event).await.map(|_| ())), why);
    }
}

pub(crate) async fn a_request_has_a_receipt_too(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C01").await;
    let request = world.ask(anna, "C01").await;
    let of = ReceiptOf::Request(request);
    let event = world.service.newest_receipt(&citizen(anna), of).await.unwrap();
    let view = world.service.receipt_view(&citizen(anna), event).await.unwrap().unwrap();
    assert_eq!(view.recorded.fact.code(), "consent_requested");
    assert_eq!(told(world.service.newest_receipt(&citizen(bo), of).await), "not found");
}

pub(crate) async fn what_was_changed_by_hand_proves_nothing(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let consent = world.one_consent(anna, "C01").await;
    let event = world.service.newest_receipt(&citizen(anna), ReceiptOf::Consent(consent)).await.unwrap();
    world.service.sequence_all().await.unwrap();
    let service = witnessed(world);
    cosigns(&service, "w1", 21, 1_780_000_000).await;
    // Somebody writes a witness's signature into the table that it never gave.
    let checkpoint = service.log_checkpoint().await.unwrap();
    let size = checkpoint.text().lines().nth(1).unwrap();
    let mut forged = witness(22).cosign_note(&checkpoint, 5).unwrap();
    forged.bytes[20] ^= 1;
    let key = witness(22).verifier();
    let sql = format!(
        "INSERT INTO log_cosignature (size, signer, line, cosigned_at) VALUES ({size}, '{}+{:08x}', '{forged}', 5000000)",
        key.name(),
        key.id()
    );
    world.database.administrator().await.execute(&sql).await.unwrap();
    let view = service.receipt_view(&citizen(anna), event).await.unwrap();
    assert_eq!(view, Err(tillid_service::Flaw::Signature));
    assert!(service.log_view(u64::MAX, 1).await.unwrap().signatures.unwrap().is_err());
}
