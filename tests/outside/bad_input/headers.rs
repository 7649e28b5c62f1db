//! Idempotency keys, revisions, look-ups, paths.

use crate::{
    bad_input::on_both,
    door::{CASE, Door, UNKNOWN, answers, face, id, ids, nothing},
    tables,
};
use serde_json::{Value, json};
use std::sync::Arc;
use tillid_testkit::Engine;
use tokio::task::JoinSet;

on_both!(
    a_key_is_one_change_of_one_caller,
    twenty_at_once_with_one_key_are_one_change,
    a_replay_shows_no_more_than_the_caller_may_see_now,
    a_stale_revision_changes_nothing,
    a_header_that_cannot_be_read_is_told_so,
    a_path_that_leads_nowhere_is_told_so,
);

async fn a_key_is_one_change_of_one_caller(engine: Engine) {
    let door = Door::open(engine).await;
    let (hans, inge, anna) = (door.token("hans").await, door.token("inge").await, door.token("anna").await);
    let cpr = door.cpr("anna").await;
    let ask = |case: &str| json!({"person": {"cpr": cpr}, "consent_type": "C02", "case": case});
    let send = async |token: &str, path: &str, key: &str, body: &Value| {
        door.ask("POST", path).header("idempotency-key", key).by(token).json(body).send().await
    };
    let first = send(&hans, "/v1/consent-requests", "one", &ask("1")).await.expect(201);
    let before = tables::facts(&door.tillid).await;
    let again = send(&hans, "/v1/consent-requests", "one", &ask("1")).await;
    assert_eq!(face(&again), face(&first), "the same answer to the same");
    let quoted = send(&hans, "/v1/consent-requests", "\"one\"", &ask("1")).await;
    assert_eq!(face(&quoted), face(&first), "with quotes it is the same key");
    // Other bytes are another request, also where they mean the same.
    for body in [ask("2").to_string(), format!("{} ", ask("1")), ask("1").to_string().replace(':', ": ")] {
        let knock = door.ask("POST", "/v1/consent-requests").header("idempotency-key", "one").by(&hans);
        let other = knock.bytes("application/json", body.clone()).send().await;
        assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "key_reused"), "{body}");
    }
    assert_eq!(tables::facts(&door.tillid).await, before);
    let theirs = send(&inge, "/v1/consent-requests", "one", &ask("1")).await.expect(201);
    assert_ne!(
        theirs.json()["id"],
        first.json()["id"],
        "the keys of two callers have nothing to do with each other"
    );

    // The same key at another address is another request.
    let about = json!({"about": {"request": first.json()["id"]}});
    let shown = send(&anna, "/v1/presentations", "one", &about).await.expect(201).json();
    let document: Value = serde_json::from_str(shown["document"].as_str().expect("text")).expect("json");
    let items: Vec<String> =
        document["items"].as_array().expect("items").iter().map(|i| id(&i["code"])).collect();
    let answer = format!("/v1/consent-requests/{}/answer", id(&first.json()["id"]));
    let answered = answers(&id(&shown["id"]), &items);
    let reused = send(&anna, &answer, "one", &answered).await;
    assert_eq!((reused.status.as_u16(), reused.code().as_str()), (422, "key_reused"));
    let done = send(&anna, &answer, "two", &answered).await.expect(201);
    assert_eq!(face(&send(&anna, &answer, "two", &answered).await), face(&done), "not: already answered");
    let no_key = door.ask("POST", &answer).by(&anna).json(&answered).send().await;
    assert_eq!((no_key.status.as_u16(), no_key.code().as_str()), (409, "request_answered"));

    // A change without a body is repeated safely too, and tells how it is now.
    let withdraw = format!("/v1/consents/{}/withdraw", ids(&done.json()["consents"])[0]);
    let gone = send(&anna, &withdraw, "three", &json!({})).await.expect(200);
    assert_eq!(face(&send(&anna, &withdraw, "three", &json!({"x": 1})).await), face(&gone));
    let twice = door.post(&withdraw).by(&anna).send().await;
    assert_eq!((twice.status.as_u16(), twice.code().as_str()), (409, "consent_withdrawn"));

    // Refused, a key is not used up.
    let refused = send(&anna, &withdraw, "four", &json!({})).await;
    assert_eq!(refused.status, 409);
    send(&anna, "/v1/presentations", "four", &json!({"about": {"consent": {"consent_type": "C15"}}}))
        .await
        .expect(201);
    door.events();
}

async fn twenty_at_once_with_one_key_are_one_change(engine: Engine) {
    let door = Arc::new(Door::open(engine).await);
    let (hans, anna) = (door.token("hans").await, door.token("anna").await);
    let cpr = door.cpr("anna").await;
    let bo = door.cpr("bo").await;
    let request = door.asked(&hans, &cpr, "C02").await;
    let (shown, items) = door.shown(&anna, json!({"request": request})).await;
    let (mandate, _) = door.shown(&anna, door.mandate_to(&bo, "M14").await).await;
    let changes = [
        (
            hans.clone(),
            "/v1/consent-requests".to_owned(),
            json!({"person": {"cpr": "0101651234"}, "consent_type": "C02", "case": "9"}),
            "consent_requested",
            1,
        ),
        (
            anna.clone(),
            format!("/v1/consent-requests/{request}/answer"),
            answers(&shown, &items),
            "request_answered",
            1,
        ),
        (anna.clone(), "/v1/mandates".to_owned(), json!({"presentation_id": mandate}), "mandate_given", 1),
        (
            anna.clone(),
            "/v1/presentations".to_owned(),
            json!({"about": {"consent": {"consent_type": "C15"}}}),
            "presentation_shown",
            1,
        ),
    ];
    let count = async |fact: &str| {
        let mut administrator = door.tillid.administrator().await;
        administrator.count(&format!("SELECT count(*) FROM event WHERE fact = '{fact}'")).await
    };
    for (n, (token, path, body, fact, effects)) in changes.into_iter().enumerate() {
        let before = count(fact).await;
        let mut under_way = JoinSet::new();
        for _ in 0..20 {
            let (door, token, path, body) = (Arc::clone(&door), token.clone(), path.clone(), body.clone());
            under_way.spawn(async move {
                door.ask("POST", &path)
                    .header("idempotency-key", &format!("same-{n}"))
                    .by(&token)
                    .json(&body)
                    .send()
                    .await
            });
        }
        let answers = under_way.join_all().await;
        let first = face(answers.first().expect("an answer"));
        assert_eq!(first.0, 201, "{path}: {}", first.2);
        for answer in &answers {
            assert_eq!(face(answer), first, "{path}");
        }
        assert_eq!(count(fact).await, before + effects, "{path}");
    }
    // Without a key, one of them answers and the others are told that it was.
    let request = door.asked(&hans, &cpr, "C02").await;
    let (shown, items) = door.shown(&anna, json!({"request": request})).await;
    let mut under_way = JoinSet::new();
    for _ in 0..20 {
        let (door, token, body) = (Arc::clone(&door), anna.clone(), answers(&shown, &items));
        let path = format!("/v1/consent-requests/{request}/answer");
        under_way.spawn(async move { door.ask("POST", &path).by(&token).json(&body).send().await });
    }
    let told: Vec<(u16, String)> =
        under_way.join_all().await.iter().map(|a| (a.status.as_u16(), a.code())).collect();
    assert_eq!(told.iter().filter(|(status, _)| *status == 201).count(), 1, "{told:?}");
    assert_eq!(
        told.iter().filter(|(status, code)| *status == 409 && code == "request_answered").count(),
        19,
        "{told:?}"
    );
    door.events();
}

/// A key is no way around a revocation: what was done before is told again only to who may still see it.
async fn a_replay_shows_no_more_than_the_caller_may_see_now(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, inge) = (door.token("anna").await, door.token("inge").await);
    let (cpr, bo) = (door.cpr("anna").await, door.cpr("bo").await);
    // M18 lets him see, give and withdraw her consents.
    let mandate = door.mandated(&anna, &bo, "M18").await;
    let bo_for_anna = door.tillid.token_for("bo", "anna").await;
    let request = door.asked(&inge, &cpr, "C15").await;
    let send = async |path: &str, key: &str, body: &Value| {
        door.ask("POST", path).header("idempotency-key", key).by(&bo_for_anna).json(body).send().await
    };
    let about = json!({"about": {"request": request}});
    let shown = send("/v1/presentations", "show", &about).await.expect(201).json();
    let document: Value = serde_json::from_str(shown["document"].as_str().expect("text")).expect("json");
    let items: Vec<String> =
        document["items"].as_array().expect("items").iter().map(|i| id(&i["code"])).collect();
    let answer = format!("/v1/consent-requests/{request}/answer");
    let answered = answers(&id(&shown["id"]), &items);
    let consents = ids(&send(&answer, "answer", &answered).await.expect(201).json()["consents"]);
    let withdraw = format!("/v1/consents/{}/withdraw", consents[0]);
    send(&withdraw, "withdraw", &json!({})).await.expect(200);
    let changes = [
        ("/v1/presentations", "show", &about),
        (answer.as_str(), "answer", &answered),
        (withdraw.as_str(), "withdraw", &json!({})),
    ];
    for (path, key, body) in changes {
        let again = send(path, key, body).await;
        assert!(again.status.is_success(), "{path}: {}", again.code());
    }
    door.post(&format!("/v1/mandates/{mandate}/revoke")).by(&anna).send().await.expect(200);
    for (path, key, body) in changes {
        let again = send(path, key, body).await;
        assert_eq!((again.status.as_u16(), again.code().as_str()), (403, "power_revoked"), "{path}");
    }
    door.events();
}

async fn a_stale_revision_changes_nothing(engine: Engine) {
    let door = Door::open(engine).await;
    let (hans, anna, karin, ole) = (
        door.token("hans").await,
        door.token("anna").await,
        door.token("karin").await,
        door.token("ole").await,
    );
    let (cpr, bo) = (door.cpr("anna").await, door.cpr("bo").await);
    let bo_token = door.token("bo").await;
    for round in ["\"v1\"", "*"] {
        let request = door.asked(&hans, &cpr, "C02").await;
        let (shown, items) = door.shown(&anna, json!({"request": request})).await;
        let cancelled = door.asked(&hans, &cpr, "C02").await;
        let consent = door.given(&anna, "C15").await[0].clone();
        let (revoked, renounced) =
            (door.mandated(&anna, &bo, "M14").await, door.mandated(&anna, &bo, "M14").await);
        let draft = door.drafted(&karin, "consent-types", "C15").await;
        let changes = [
            (&anna, format!("/v1/consent-requests/{request}/answer"), Some(answers(&shown, &items))),
            (&hans, format!("/v1/consent-requests/{cancelled}/cancel"), None),
            (&anna, format!("/v1/consents/{consent}/withdraw"), None),
            (&anna, format!("/v1/mandates/{revoked}/revoke"), None),
            (&bo_token, format!("/v1/mandates/{renounced}/renounce"), None),
            (&ole, format!("/v1/consent-types/C15/versions/{draft}/publish"), None),
        ];
        let before = tables::facts(&door.tillid).await;
        let send = async |(by, path, body): &(&String, String, Option<Value>), expected: &str| {
            let knock = door.post(path).by(by).header("if-match", expected);
            match body {
                Some(body) => knock.json(body).send().await,
                None => knock.send().await,
            }
        };
        for change in &changes {
            for stale in ["\"v0\"", "\"v2\"", "\"v18446744073709551615\""] {
                let answer = send(change, stale).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.code().as_str()),
                    (412, "revision_changed"),
                    "{} {stale}",
                    change.1
                );
            }
            for unreadable in [
                "v1",
                "1",
                "\"1\"",
                "W/\"v1\"",
                "\"v1\", \"v2\"",
                "\"v01\"",
                "\"v18446744073709551616\"",
                "\"v-1\"",
                "\"v1",
                "",
                "null",
                "\"v١\"",
            ] {
                let answer = send(change, unreadable).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.code().as_str()),
                    (400, "invalid_if_match"),
                    "{} {unreadable}",
                    change.1
                );
            }
        }
        assert_eq!(tables::facts(&door.tillid).await, before, "nothing changed");
        for change in &changes {
            let answer = send(change, round).await;
            assert!(answer.status.is_success(), "{} {round}: {}", change.1, answer.code());
        }
    }
    let consent = door.given(&anna, "C15").await[0].clone();
    let seen = door.get(&format!("/v1/consents/{consent}")).by(&anna).send().await.expect(200);
    assert_eq!(seen.headers["etag"], "\"v1\"");
    let withdrawn = door.post(&format!("/v1/consents/{consent}/withdraw")).by(&anna).send().await.expect(200);
    assert_eq!(withdrawn.headers["etag"], "\"v2\"");
    assert_eq!(withdrawn.json()["revision"], 2);
    door.events();
}

async fn a_header_that_cannot_be_read_is_told_so(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, hans, jens) = (door.token("anna").await, door.token("hans").await, door.token("jens").await);
    let cpr = door.cpr("anna").await;
    let request = door.asked(&hans, &cpr, "C02").await;
    let consent = door.answered(&anna, &request).await[0].clone();
    let lookup = door.looked_up(&hans, &cpr, "case_processing").await;
    let before = tables::facts(&door.tillid).await;

    let long = "k".repeat(65);
    for key in ["", " ", "\"", "\"\"", "a b", "æ", "a,b", "a\"b", "a\\b", long.as_str()] {
        let answer = door
            .ask("POST", &format!("/v1/consents/{consent}/withdraw"))
            .by(&anna)
            .header("idempotency-key", key)
            .send()
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "invalid_idempotency_key"),
            "{key}"
        );
    }
    let two = door
        .post(&format!("/v1/consents/{consent}/withdraw"))
        .by(&anna)
        .header("idempotency-key", "b")
        .send()
        .await;
    assert_eq!((two.status.as_u16(), two.code().as_str()), (400, "invalid_idempotency_key"), "two of them");

    let path = format!("/v1/consents/{consent}");
    let ask =
        async |token: &str, lookup: &str| door.get(&path).by(token).header("lookup-id", lookup).send().await;
    for bad in ["", "x", "1", &lookup[1..], &format!("{lookup},{lookup}"), "cpr:0101651234"] {
        let answer = ask(&hans, bad).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "invalid_lookup_id"), "{bad}");
    }
    ask(&hans, &lookup).await.expect(200);
    let unknown = ask(&hans, UNKNOWN).await;
    assert_eq!((unknown.status.as_u16(), unknown.code().as_str()), (403, "lookup_invalid"));
    assert_eq!(
        face(&ask(&jens, &lookup).await),
        face(&ask(&jens, UNKNOWN).await),
        "another's look-up is none"
    );
    assert_eq!(face(&ask(&hans, &consent).await), face(&unknown), "the id of something else is none");
    let theirs = door.looked_up(&hans, &door.cpr("bo").await, "case_processing").await;
    ask(&hans, &theirs).await.expect(404);
    // A refused look-up permits nothing, though it has an id in Anna's log.
    let look = json!({"person": {"cpr": cpr}, "purpose": "supervision", "case": CASE});
    door.post("/v1/lookups").by(&hans).json(&look).send().await.expect(403);
    let log = door.get("/v1/access-log?limit=1").by(&anna).send().await.expect(200).json();
    assert_eq!(log["items"][0]["outcome"], "refused");
    assert_eq!(face(&ask(&hans, &id(&log["items"][0]["id"])).await), face(&unknown));
    assert_eq!(tables::facts(&door.tillid).await, before, "nothing changed");
    door.events();
}

async fn a_path_that_leads_nowhere_is_told_so(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, before) = (door.token("anna").await, tables::facts(&door.tillid).await);
    let consent = nothing(1000);
    let path = format!("/v1/consents/{consent}");
    let not_found = door.get(&format!("/v1/consents/{UNKNOWN}")).by(&anna).send().await.expect(404);
    let ids = [
        "x",
        "1",
        "%00",
        "%ff",
        "..%2f..%2fetc%2fpasswd",
        "0101651234",
        "%27%20OR%201=1",
        "null",
        "-1",
        "nil",
        &consent[1..],
    ];
    for (n, bad) in ids.iter().enumerate() {
        for path in [
            format!("/v1/consents/{bad}"),
            format!("/v1/consents/{bad}/receipt"),
            format!("/v1/mandates/{bad}"),
            format!("/v1/receipts/{bad}"),
            format!("/v1/presentations/{bad}"),
            format!("/v1/consent-requests/{bad}"),
        ] {
            let answer = door.get(&path).by(&anna).send().await;
            assert_eq!(face(&answer), face(&not_found), "{path}");
        }
        for path in [format!("/log/proof/{bad}"), format!("/log/tile/{bad}"), format!("/log/tile/0/{bad}")] {
            let status = door.get(&path).send().await.status.as_u16();
            assert_eq!(status, if *bad == "%ff" { 400 } else { 404 }, "{path}");
        }
        let answer = door.post(&format!("/v1/mandates/{bad}/revoke")).by(&anna).send().await;
        assert_eq!(face(&answer), face(&not_found), "revoke {bad}");
        let answer = door.post(&format!("/v1/mandates/{}/revoke", nothing(n as u128))).by(&anna).send().await;
        assert_eq!(face(&answer), face(&not_found), "revoke what nobody gave");
    }
    for path in [
        "/v1/consent-types/%00",
        "/v1/consent-types/C02/versions/x",
        "/v1/consent-types/C02/versions/-1",
        "/v1/consent-types/C02/versions/4294967296",
        "/v1/consent-types/C02/versions/4294967295",
        "/v1/consent-types/C02/versions/0",
        "/v1/consent-types/c%C3%A6",
        "/v1/mandate-packages/C02",
        "/v1/x",
        "/V1/consents",
        "//v1/consents",
        "/v1/consents/",
        "/metrics",
        "/.env",
    ] {
        let answer = door.tillid.get(path).by(&anna).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{path}");
    }
    for (method, path) in [
        ("DELETE", path.as_str()),
        ("PUT", "/v1/consents"),
        ("PATCH", "/v1/mandates"),
        ("POST", "/v1/overview"),
        ("GET", "/v1/lookups"),
        ("TRACE", "/v1/overview"),
        ("FROBNICATE", "/v1/overview"),
    ] {
        let answer = door.ask(method, path).by(&anna).send().await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (405, "method_not_allowed"),
            "{method} {path}"
        );
    }
    let long = door.get(&format!("/v1/consents?cursor={}", "a".repeat(9000))).by(&anna).send().await;
    assert_eq!((long.status.as_u16(), long.code().as_str()), (414, "uri_too_long"));
    assert_eq!(tables::facts(&door.tillid).await, before, "nothing changed");
    door.events();
}
