//! Documents in the state's format that are none, or that would do harm: refused alike on both engines, and nothing of them is taken in.

use crate::{
    door::{Door, UNKNOWN, id},
    tables,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tillid_testkit::Engine;

/// The largest document that is read.
const LARGEST: usize = 5 * 1024 * 1024;
/// Long enough for the largest on a slow machine, and no time for what grows without bound.
const SOON: Duration = Duration::from_secs(20);

const UNREADABLE: (u16, &str) = (422, "declaration_unreadable");
const UNCLEAR: (u16, &str) = (422, "declaration_unclear");
const BAD_QUERY: (u16, &str) = (400, "invalid_query");

/// What is wrong, the query, the document, and the status and code.
type Bad = (String, String, Vec<u8>, (u16, &'static str));

/// A document type that makes much of little, or that fetches something.
fn bombs() -> Vec<(&'static str, String)> {
    let laugh = |n: u32| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10));
    let laughs = (1..10).map(laugh).collect::<Vec<_>>().concat();
    let attributes: Vec<String> = (0..1000).map(|n| format!("a{n}=\"\" ")).collect();
    let quadratic = format!("<!ENTITY a \"{}\">", "a".repeat(100_000));
    let many = "&a;".repeat(10_000);
    let root = |before: &str, inside: &str| {
        format!(
            "<?xml version=\"1.0\"?>{before}<Viljestilkendegivelseserklaering>{inside}</Viljestilkendegivelseserklaering>"
        )
    };
    vec![
        ("a billion laughs", root(&format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]>"), "<ID>&l9;</ID>")),
        ("quadratic growth", root(&format!("<!DOCTYPE x [{quadratic}]>"), &format!("<ID>{many}</ID>"))),
        ("a file of ours", root("<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>", "<ID>&f;</ID>")),
        ("an address", root("<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x.dtd\">", "<ID>x</ID>")),
        ("a parameter entity", root("<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\">%p;]>", "")),
        ("an empty document type", root("<!DOCTYPE x>", "")),
        ("an unknown entity", root("", "<ID>&x;</ID>")),
        (
            "an inclusion",
            root(
                "",
                "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/passwd\"/>",
            ),
        ),
        ("33 deep", root("", &format!("{}{}", "<a>".repeat(33), "</a>".repeat(33)))),
        ("20 001 elements", root("", &"<a/>".repeat(20_001))),
        ("a thousand attributes", root("", &format!("<a {}/>", attributes.concat()))),
    ]
}

fn all_bad(good: &str, declaration: &str) -> Vec<Bad> {
    let query = "source=ESDH";
    let mut list: Vec<Bad> = Vec::new();
    let mut put = |flaw: &str, query: &str, body: Vec<u8>, wanted| {
        list.push((flaw.to_owned(), query.to_owned(), body, wanted));
    };
    for (flaw, document) in bombs() {
        put(flaw, query, document.into_bytes(), UNREADABLE);
    }
    let utf16 = [vec![0xff, 0xfe], good.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
    for (flaw, body) in [
        ("empty", Vec::new()),
        ("JSON", b"{}".to_vec()),
        ("UTF-16", utf16),
        ("Latin-1", b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe6</a>".to_vec()),
        ("another root", b"<html/>".to_vec()),
        ("cut off", good.as_bytes()[..good.len() / 2].to_vec()),
        ("twice", format!("{good}{good}").into_bytes()),
        ("a raw NUL", good.replace("<Titel>", "<Titel>\0").into_bytes()),
        ("without attestation", good.replace("Attestation>", "Attest>").into_bytes()),
        ("no such status", good.replace("<Status>gaeldende<", "<Status>måske<").into_bytes()),
        ("no such day", good.replacen("<GaeldendeFra>2", "<GaeldendeFra>x", 1).into_bytes()),
        ("a byte too large", [good.as_bytes(), &vec![b' '; LARGEST + 1 - good.len()]].concat()),
    ] {
        put(flaw, query, body, UNREADABLE);
    }
    put("two bytes too large", query, vec![b' '; LARGEST + 2], (413, "body_too_large"));
    let answered = |status: &str| good.replace("<Status>gaeldende<", &format!("<Status>{status}<"));
    put("nobody answered", query, answered("afventer signering").into_bytes(), UNCLEAR);
    put(
        "no controller",
        query,
        good.replace("forretningsansvarlig", "rettighedstildeler").into_bytes(),
        UNCLEAR,
    );
    put("not yet sent", query, answered("oprettet").into_bytes(), UNCLEAR);
    put(
        "withdrawn there",
        query,
        answered("tilbagekaldt").replace("afvist", "lukket").into_bytes(),
        (422, "declaration_ended"),
    );
    put(
        "of another authority",
        query,
        good.replace("99100001", "99173009").into_bytes(),
        (422, "declaration_other_authority"),
    );
    put(
        "an item that is none",
        query,
        good.replace("#laege<", "#praest<").into_bytes(),
        (422, "item_unknown"),
    );
    put(
        "of another type",
        "source=ESDH&consent_type=C15",
        good.as_bytes().to_vec(),
        (422, "entry_not_published"),
    );
    put("of no type", "source=ESDH&consent_type=C99", good.as_bytes().to_vec(), (422, "entry_not_published"));
    put(
        "what is here",
        query,
        good.replace(UNKNOWN, declaration).into_bytes(),
        (409, "declaration_taken_before"),
    );
    for bad in [
        "",
        "source=",
        "consent_type=C02",
        "source=ESDH&x=1",
        "source=ESDH&source=ESDH",
        "source=6101394321",
        "source=ESDH&consent_type=%20",
    ] {
        put(&format!("?{bad}"), bad, good.as_bytes().to_vec(), BAD_QUERY);
    }
    list
}

async fn refusals(engine: Engine) -> BTreeMap<String, (u16, String, Value)> {
    let door = Door::open(engine).await;
    let (anna, hans, cpr) = (door.token("anna").await, door.token("hans").await, door.cpr("anna").await);
    let request = door.asked(&hans, &cpr, "C02").await;
    let consents = door.answered(&anna, &request).await;
    let seen = door.get(&format!("/v1/consents/{}", consents[0])).by(&anna).send().await.expect(200).json();
    let declaration = id(&seen["declaration_id"]);
    let out = door.get(&format!("/v1/declarations/{declaration}/viljestilkendegivelse")).by(&anna);
    let good =
        String::from_utf8(out.send().await.expect(200).body).expect("UTF-8").replace(&declaration, UNKNOWN);
    let lookup = door.looked_up(&hans, &cpr, "case_processing").await;
    let other = door.looked_up(&hans, &door.cpr("bo").await, "case_processing").await;
    let send = async |query: &str, body: Vec<u8>, lookup: &str| {
        let path = format!("/v1/declarations/viljestilkendegivelse?{query}");
        door.post(&path).by(&hans).header("lookup-id", lookup).bytes("application/xml", body).send().await
    };
    let before = tables::facts(&door.tillid).await;
    let mut told = BTreeMap::new();
    let mut flaws = Vec::new();
    let mut list: Vec<(Bad, &str)> =
        all_bad(&good, &declaration).into_iter().map(|bad| (bad, lookup.as_str())).collect();
    let of_anna = ("about somebody else".to_owned(), "source=ESDH".to_owned(), good.clone().into_bytes());
    list.push(((of_anna.0, of_anna.1, of_anna.2, (422, "declaration_other_person")), &other));
    for ((flaw, query, body, wanted), lookup) in list {
        let began = Instant::now();
        let answer = send(&query, body, lookup).await;
        assert!(began.elapsed() < SOON, "{flaw} takes {:?}", began.elapsed());
        let body = answer.json();
        let field = body["errors"][0]["code"].as_str().filter(|_| body["code"] == "unprocessable");
        let got = (answer.status.as_u16(), field.map_or_else(|| answer.code(), str::to_owned));
        if got != (wanted.0, wanted.1.to_owned()) {
            flaws.push(format!("{flaw}: {got:?}, not {wanted:?}"));
        }
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            !text.contains("root:") && !text.contains("6101394321") && !text.contains("praest"),
            "{flaw}: {text}"
        );
        told.insert(flaw, (got.0, got.1, body["errors"].clone()));
    }
    assert!(flaws.is_empty(), "{} of {}:\n{}", flaws.len(), told.len(), flaws.join("\n"));
    let after = tables::facts(&door.tillid).await;
    for (table, rows) in &before {
        assert_eq!(after.get(table), Some(rows), "{table} has changed");
    }
    let log = door.get("/v1/access-log?limit=100").by(&anna).send().await.expect(200).json();
    let tried = log["items"].as_array().expect("looks").iter();
    let tried =
        tried.filter(|look| look["act"]["code"] == "register_consent" && look["outcome"] == "refused");
    assert!(tried.count() > 30, "she is told that it was tried");
    send("source=ESDH", good.into_bytes(), &lookup).await.expect(201);
    door.events();
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_document_is_refused_alike_on_both_engines_and_changes_nothing() {
    let (sqlite, postgres) = tokio::join!(refusals(Engine::Sqlite), refusals(Engine::Postgres));
    println!("{} bad documents on each engine", sqlite.len());
    assert_eq!(sqlite, postgres);
}
