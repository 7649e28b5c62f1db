//! Lists: cursors, limits, and each thing exactly once.

use crate::{
    bad_input::on_both,
    door::{Door, UNKNOWN, answers, id, ids},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tillid_testkit::Engine;

on_both!(
    a_list_is_paged_through_with_each_thing_exactly_once,
    a_cursor_that_was_changed_or_is_of_another_list_is_refused,
    an_authoritys_list_takes_its_filters_and_nothing_else
);

/// Anna with 120 consents, from 40 answers of three.
async fn many(engine: Engine) -> (Door, String, BTreeSet<String>) {
    let door = Door::open(engine).await;
    let anna = door.token("anna").await;
    let mut all = BTreeSet::new();
    for _ in 0..40 {
        let (shown, items) = door.shown(&anna, json!({"consent": {"consent_type": "C15"}})).await;
        let made =
            door.post("/v1/consents").by(&anna).json(&answers(&shown, &items)).send().await.expect(201);
        all.extend(ids(&made.json()["consents"]));
    }
    assert_eq!(all.len(), 120);
    (door, anna, all)
}

async fn a_list_is_paged_through_with_each_thing_exactly_once(engine: Engine) {
    let (door, anna, mut all) = many(engine).await;
    for limit in [1, 7, 50, 120, 200] {
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = door
                .get(&format!("/v1/consents?limit={limit}{cursor}"))
                .by(&anna)
                .send()
                .await
                .expect(200)
                .json();
            let items = ids(&page["items"]);
            assert!(items.len() <= limit);
            seen.extend(items);
            pages += 1;
            match &page["next"] {
                Value::Null => break,
                next => cursor = format!("&cursor={}", id(next)),
            }
        }
        assert_eq!(pages, 120_usize.div_ceil(limit), "limit {limit}");
        assert_eq!(seen.len(), 120, "limit {limit}");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all, "limit {limit}");
    }
    let usual = door.get("/v1/consents").by(&anna).send().await.expect(200).json();
    assert_eq!(ids(&usual["items"]).len(), 50);

    // What comes in between two pages is newer than both, and is not in the second.
    let first = door.get("/v1/consents?limit=100").by(&anna).send().await.expect(200).json();
    let new = door.given(&anna, "C15").await;
    let next = format!("/v1/consents?limit=100&cursor={}", id(&first["next"]));
    let second = door.get(&next).by(&anna).send().await.expect(200).json();
    let both: BTreeSet<String> = ids(&first["items"]).into_iter().chain(ids(&second["items"])).collect();
    assert_eq!(both, all);
    all.extend(new);
    assert_eq!(all.len(), 123);

    // Somebody else's cursor shows what the caller may see, and no more.
    let bo = door.token("bo").await;
    let theirs = door.get(&next).by(&bo).send().await.expect(200).json();
    assert_eq!((&theirs["items"], &theirs["next"]), (&json!([]), &Value::Null));
    door.events();
}

#[expect(clippy::too_many_lines, reason = "each list with something in it")]
async fn a_cursor_that_was_changed_or_is_of_another_list_is_refused(engine: Engine) {
    let (door, anna, _) = many(engine).await;
    let hans = door.token("hans").await;
    let cpr = door.cpr("anna").await;
    for n in 0..3 {
        let look = json!({"person": {"cpr": cpr}, "purpose": "case_processing", "case": format!("{n}")});
        door.post("/v1/lookups").by(&hans).json(&look).send().await.expect(201);
        door.asked(&hans, &cpr, "C02").await;
        door.mandated(&anna, &door.cpr("bo").await, "M14").await;
        door.asked_for_mandate(&anna, &door.cpr("bo").await, "M14").await;
    }
    let mut cursors = Vec::new();
    let lists = [
        "consents",
        "consent-requests",
        "mandates",
        "mandate-requests",
        "access-log",
        "consent-types",
        "mandate-packages",
    ];
    for list in lists {
        let page = door.get(&format!("/v1/{list}?limit=1")).by(&anna).send().await.expect(200).json();
        cursors.push((list, id(&page["next"])));
    }
    let refused = async |path: String, code: &str| {
        let answer = door.get(&path).by(&anna).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{path}");
    };
    for within in ["within=", "within=P0D", "within=90", "within=P-1D", "within=P1Y&within=P2Y", "withen=P1Y"]
    {
        refused(format!("/v1/upcoming?{within}"), "invalid_query").await;
    }
    for list in ["consents", "mandates"] {
        for times in [
            "valid_at=x",
            "valid_at=2026-11-22",
            "valid_at=",
            "valid_at=1",
            "known_at=x",
            "known_at=",
            "known_at=-1",
            "known_at=1.5",
            "known_at=18446744073709551616",
            "known_at=0198aaaa-0000-7000-8000-00000000dead",
            "known_at=1&known_at=2",
        ] {
            refused(format!("/v1/{list}?{times}"), "invalid_query").await;
            refused(format!("/v1/{list}/{UNKNOWN}?{times}"), "invalid_query").await;
        }
        // No such position, and a time that has not been: nothing more is known than now.
        for times in ["known_at=18446744073709551615", "known_at=9999-12-31T00:00:00Z"] {
            let now = door.get(&format!("/v1/{list}?limit=1")).by(&anna).send().await.expect(200).json();
            let then =
                door.get(&format!("/v1/{list}?limit=1&{times}")).by(&anna).send().await.expect(200).json();
            assert_eq!(then["items"], now["items"], "{times}");
        }
    }
    for (list, cursor) in &cursors {
        door.get(&format!("/v1/{list}?cursor={cursor}")).by(&anna).send().await.expect(200);
        for (other, _) in cursors.iter().filter(|(other, _)| other != list) {
            refused(format!("/v1/{other}?cursor={cursor}"), "invalid_cursor").await;
        }
        let inside: Value = serde_json::from_slice(&B64.decode(cursor).expect("base64")).expect("json");
        let mut forged = Vec::new();
        for key in [
            "",
            "x'; DROP TABLE consent; --",
            "\u{0}",
            "../..",
            "ffffffff",
            "9223372036854775808",
            "cpr:0101651234",
        ] {
            let mut other = inside.clone();
            other["k"] = json!([key]);
            forged.push(B64.encode(other.to_string()));
        }
        for (field, value) in [
            ("k", json!([])),
            ("k", json!(["a", "b"])),
            ("k", json!(null)),
            ("v", json!(2)),
            ("f", json!("0")),
            ("x", json!(1)),
        ] {
            let mut other = inside.clone();
            other[field] = value;
            forged.push(B64.encode(other.to_string()));
        }
        forged.extend(["", "x", "%00", "%ff", "null", "e30", "="].map(str::to_owned));
        forged.extend([
            cursor[1..].to_owned(),
            cursor[..cursor.len() - 2].to_owned(),
            format!("{cursor}{cursor}"),
            "A".repeat(2000),
        ]);
        for text in forged {
            let answer = door.get(&format!("/v1/{list}?cursor={text}")).by(&anna).send().await;
            // A catalogue's keys are codes, which can be anything that a code can be.
            let harmless = answer.status == 200 && ["consent-types", "mandate-packages"].contains(list);
            let refused =
                answer.status == 400 && ["invalid_cursor", "invalid_query"].contains(&answer.code().as_str());
            assert!(harmless || refused, "{list} {text}: {} {}", answer.status, answer.code());
        }
        for query in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=x",
            "limit=",
            "limit=9223372036854775808",
            "limit=1.5",
            "limit=1&limit=2",
            "offset=1",
            "person=x",
            "%00=1",
        ] {
            refused(format!("/v1/{list}?{query}"), "invalid_query").await;
        }
    }
    door.events();
}

/// What was given to Eksempel Kommune, as its staff go through it.
async fn an_authoritys_list_takes_its_filters_and_nothing_else(engine: Engine) {
    let (door, anna, all) = many(engine).await;
    // A caseworker lists what is of their own field of work; a data-protection officer, of any.
    let (lars, hans) = (door.token("lars").await, door.token("hans").await);
    let withdrawn = all.first().expect("a consent").clone();
    door.post(&format!("/v1/consents/{withdrawn}/withdraw")).by(&anna).send().await.expect(200);
    let pages = async |query: &str| {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/consents?purpose=supervision&{query}{cursor}");
            let page = door.get(&path).by(&lars).send().await.expect(200).json();
            seen.extend(ids(&page["items"]));
            match &page["next"] {
                Value::Null => break seen,
                next => cursor = format!("&cursor={}", id(next)),
            }
        }
    };
    let once = |seen: Vec<String>| {
        let distinct: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(distinct.len(), seen.len(), "none twice");
        distinct
    };
    assert!(once(pages("limit=50").await).is_superset(&all));
    assert!(once(pages("limit=50&consent_type=C15").await).is_superset(&all));
    // A third of the answers were yes; what was declined has no end.
    let standing = once(pages("limit=20&ends_from=2000-01-01&ends_to=2999-12-31").await);
    assert!(standing.len() >= all.len() / 3 - 1 && !standing.contains(&withdrawn));
    assert_eq!(pages("state=withdrawn&consent_type=C15").await, [withdrawn]);
    assert_eq!(pages("consent_type=C15&channel=paper").await, [""; 0]);
    assert_eq!(pages("consent_type=C15&case=27.36.04").await, [""; 0]);

    let refused = async |query: &str, code: &str| {
        let answer = door.get(&format!("/v1/consents?{query}")).by(&lars).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{query}");
    };
    for query in [
        "purpose=",
        "purpose=curiosity",
        "purpose=supervision&purpose=supervision",
        "purpose=supervision&state=open",
        "purpose=supervision&polarity=no",
        "purpose=supervision&channel=pigeon",
        "purpose=supervision&case=0101651234",
        "purpose=supervision&case=%3Cb%3E",
        "purpose=supervision&consent_type=a%20b",
        "purpose=supervision&ends_from=2027-02-30",
        "purpose=supervision&ends_to=tomorrow",
        "purpose=supervision&limit=201",
        "purpose=supervision&authority=99173009",
        "purpose=supervision&known_at=1",
        "purpose=supervision&valid_at=2027-01-01T00:00:00Z",
        "state=active",
        "consent_type=C15&limit=1",
    ] {
        refused(query, "invalid_query").await;
    }
    let path = "/v1/consents?purpose=supervision&limit=1";
    let next = id(&door.get(path).by(&lars).send().await.expect(200).json()["next"]);
    for other in ["purpose=supervision&state=active", "purpose=supervision&ends_from=2026-01-01"] {
        refused(&format!("{other}&cursor={next}"), "invalid_cursor").await;
    }
    refused(&format!("purpose=case_processing&case=27.36.04&cursor={next}"), "invalid_cursor").await;
    refused(&format!("cursor={next}"), "invalid_cursor").await;
    // Who may not see them, because they are of another field of work, sees nothing.
    let path = "/v1/consents?purpose=consent_follow_up&limit=1&consent_type=C15";
    let theirs = door.get(path).by(&hans).send().await.expect(200).json();
    assert_eq!((&theirs["items"], &theirs["next"]), (&json!([]), &Value::Null));
    let log = door.get("/v1/access-log?limit=1").by(&anna).send().await.expect(200).json();
    assert_eq!(
        (&log["items"][0]["act"]["code"], &log["items"][0]["purpose"]["code"]),
        (&json!("list_consents"), &json!("supervision"))
    );
    door.events();
}
