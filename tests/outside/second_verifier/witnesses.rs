//! Cosignatures and policies, as both verifiers understand them.

use super::{Outsider, told};
use crate::bad_input::on_both;
use aws_lc_rs::signature::{Ed25519KeyPair, ML_DSA_44_SIGNING, PqdsaKeyPair};
use serde_json::Value;
use tillid_log::{Algorithm, Checkpoint, Note, NoteSignature, Policy, Signer};
use tillid_testkit::Engine;

const SECONDS: u64 = 1_790_000_000;

fn witness(name: &str) -> Signer {
    let pkcs8 = Ed25519KeyPair::generate().expect("a key").to_pkcs8().expect("pkcs8");
    Signer::ed25519(name.parse().expect("a name"), Algorithm::Ed25519Cosignature, pkcs8.as_ref())
        .expect("a signer")
}

fn post_quantum_witness(name: &str) -> Signer {
    let pkcs8 = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING).expect("a key").to_pkcs8v1().expect("pkcs8");
    Signer::ml_dsa_44(name.parse().expect("a name"), pkcs8.as_ref()).expect("a signer")
}

/// The note with these lines under it.
fn under(note: &Note, lines: &[&NoteSignature]) -> Note {
    let mut note = note.clone();
    for line in lines {
        note.push((*line).clone());
    }
    note
}

fn altered(line: &NoteSignature, at: usize) -> NoteSignature {
    let mut line = line.clone();
    line.bytes[at] ^= 1;
    line
}

/// What both say of a note under a policy: whether its witnesses are enough, or that a signature does not hold.
async fn agree(outsider: &Outsider, what: &str, note: &Note, policy: &str, wanted: Option<bool>) -> Value {
    let policy = format!("log {}\n{policy}", outsider.vkey);
    let ours = policy.parse::<Policy>().expect("a policy").judge(note).ok().map(|judged| judged.quorum);
    assert_eq!(ours, wanted, "ours: {what}");
    outsider.liar.serves("/log/checkpoint", note.to_string().into_bytes());
    let file = outsider.keeps("policy", policy.as_bytes());
    let said = outsider.checks_log(&outsider.liar.base, &["--policy", &file]).await;
    let (code, problem) = match wanted {
        Some(true) => (0, ""),
        Some(false) => (2, "quorum"),
        None => (1, "signature"),
    };
    let cannot =
        said.1["signatures"].as_array().is_some_and(|s| s.iter().any(|s| s["checked"] == "not checked"));
    if wanted == Some(true) && cannot {
        told(what, &said, 2, "quorum");
    } else {
        told(what, &said, code, problem);
    }
    said.1
}

async fn both_verifiers_read_policies_alike(engine: Engine) {
    let outsider = Outsider::new(engine).await;
    let note: Note =
        String::from_utf8(outsider.get("/log/checkpoint").await.body).expect("text").parse().expect("a note");
    let tree = Checkpoint::from_text(note.text()).expect("a checkpoint");
    let (x, y, q) = (witness("x.example/w"), witness("y.example/w"), post_quantum_witness("q.example/w"));
    let line = |signer: &Signer| signer.cosign(&tree, SECONDS).expect("a cosignature");
    let (by_x, by_y, by_q) = (line(&x), line(&y), line(&q));
    let witnesses =
        format!("witness X {}\nwitness Y {}\nwitness Q {}\n", x.verifier(), y.verifier(), q.verifier());
    let both = format!("{witnesses}group both all X Y\nquorum both\n");
    let any = format!("{witnesses}group any any X Y\ngroup top 1 any Q\nquorum top\n");
    let one = format!("{witnesses}quorum X\n");
    let post_quantum = format!("{witnesses}quorum Q\n");
    let nobody = format!("{witnesses}quorum none\n");

    agree(&outsider, "nobody is asked for", &note, &nobody, Some(true)).await;
    agree(&outsider, "nobody has signed", &note, &one, Some(false)).await;
    let said = agree(&outsider, "the one has signed", &under(&note, &[&by_x]), &one, Some(true)).await;
    let times: Vec<u64> =
        said["signatures"].as_array().expect("a list").iter().filter_map(|s| s["time"].as_u64()).collect();
    assert_eq!(times, [SECONDS]);
    agree(&outsider, "one of two", &under(&note, &[&by_y]), &both, Some(false)).await;
    agree(&outsider, "one twice", &under(&note, &[&by_y, &by_y]), &both, Some(false)).await;
    agree(&outsider, "two of two", &under(&note, &[&by_y, &by_x]), &both, Some(true)).await;
    agree(&outsider, "either", &under(&note, &[&by_y]), &any, Some(true)).await;
    let time = altered(&by_x, 7);
    agree(&outsider, "another time", &under(&note, &[&time]), &one, None).await;
    agree(&outsider, "another signature", &under(&note, &[&by_x, &altered(&by_y, 20)]), &one, None).await;
    let other = Checkpoint { size: tree.size - 1, ..tree.clone() };
    let of_other = x.cosign(&other, SECONDS).expect("a cosignature");
    agree(&outsider, "of another tree", &under(&note, &[&of_other]), &one, None).await;
    agree(&outsider, "a stranger", &under(&note, &[&line(&witness("x.example/w"))]), &one, Some(false)).await;

    let said = agree(&outsider, "ML-DSA-44", &under(&note, &[&by_q]), &post_quantum, Some(true)).await;
    let by =
        said["signatures"].as_array().expect("a list").iter().find(|s| s["type"] == 6).expect("it is named");
    assert!(by["checked"] == "holds" || by["checked"] == "not checked", "{by}");
    assert_eq!(by["time"], SECONDS);
}

/// The verifier key with another id in its text.
fn other_id(vkey: &str) -> String {
    let parts: Vec<&str> = vkey.splitn(3, '+').collect();
    format!("{}+{:08x}+{}", parts[0], u32::from_str_radix(parts[1], 16).expect("an id") ^ 1, parts[2])
}

async fn both_verifiers_refuse_the_same_policies(engine: Engine) {
    let outsider = Outsider::new(engine).await;
    let (x, y) = (witness("x.example/w").verifier(), witness("y.example/w").verifier());
    let witnesses = format!("witness X {x}\nwitness Y {y}\n");
    for (wrong, policy) in [
        ("no quorum", witnesses.clone()),
        ("two quorums", format!("{witnesses}quorum X\nquorum Y\n")),
        ("an unknown quorum", format!("{witnesses}quorum Z\n")),
        ("a name twice", format!("witness X {x}\nwitness X {y}\nquorum none\n")),
        ("a key twice", format!("witness X {x}\nwitness Y {x}\nquorum none\n")),
        ("the name none", format!("witness none {x}\nquorum none\n")),
        ("a later member", format!("witness X {x}\ngroup G any X Y\nwitness Y {y}\nquorum G\n")),
        ("a member twice", format!("{witnesses}group G any X Y\ngroup H any X\nquorum G\n")),
        ("the member none", format!("{witnesses}group G any none\nquorum G\n")),
        ("no members", format!("{witnesses}group G any\nquorum none\n")),
        ("too many asked for", format!("{witnesses}group G 3 X Y\nquorum G\n")),
        ("nobody asked for", format!("{witnesses}group G 0 X Y\nquorum G\n")),
        ("a number with a zero before it", format!("{witnesses}group G 01 X Y\nquorum G\n")),
        ("a word of the language", format!("{witnesses}group G constructor X Y\nquorum G\n")),
        ("another line", format!("{witnesses}monitor M\nquorum none\n")),
        ("a control character", format!("{witnesses}quorum\u{b}none\n")),
        ("a log key as witness", format!("witness X {}\nquorum none\n", outsider.vkey)),
        ("a key with another id", format!("witness X {}\nquorum none\n", other_id(&x.to_string()))),
    ] {
        assert!(policy.parse::<Policy>().is_err(), "ours: {wrong}");
        let file = outsider.keeps("policy", policy.as_bytes());
        let said = outsider.checks_log(&outsider.door.tillid.base, &["--policy", &file]).await;
        let code = if wrong == "a key with another id" { "vkey" } else { "policy" };
        told(wrong, &said, 2, code);
    }
    let loose = format!("# ours\n\n \t witness\tX  {x} https://x.example \nquorum none # not a name\n");
    assert!(loose.parse::<Policy>().is_err(), "a comment is a line of its own");
    let loose = loose.replace(" # not a name", "");
    assert!(loose.parse::<Policy>().is_ok());
    let file = outsider.keeps("policy", loose.as_bytes());
    told("spaces", &outsider.checks_log(&outsider.door.tillid.base, &["--policy", &file]).await, 0, "");
}

on_both!(both_verifiers_read_policies_alike, both_verifiers_refuse_the_same_policies);
