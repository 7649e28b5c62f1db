//! What is true but not possible now, or never: closed requests, silence, half an answer, one's own case.

use crate::{
    bad_input::on_both,
    door::{CASE, Door, UNKNOWN, answers, face, id, ids},
    support::Answer,
    tables,
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

on_both!(
    a_closed_request_is_not_answered,
    silence_half_an_answer_and_two_answers_are_none,
    nobody_decides_in_their_own_case,
    what_has_ended_does_not_end_again,
    whoever_is_not_known_is_asked_about_as_anybody_is,
    the_last_day_of_the_calendar_breaks_nothing,
);

#[track_caller]
fn told(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    let field = body["errors"][0]["code"].as_str().filter(|_| body["code"] == "unprocessable");
    let got = field.map_or_else(|| answer.code(), str::to_owned);
    assert_eq!((answer.status.as_u16(), got.as_str()), (status, code), "{body}");
}

fn answer_to(request: &str) -> String {
    format!("/v1/consent-requests/{request}/answer")
}

async fn a_closed_request_is_not_answered(engine: Engine) {
    let door = Door::open(engine).await;
    let (hans, anna) = (door.token("hans").await, door.token("anna").await);
    let cpr = door.cpr("anna").await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let request = door.asked(&hans, &cpr, "C02").await;
        let (shown, items) = door.shown(&anna, json!({"request": request})).await;
        open.push((request, answers(&shown, &items)));
    }
    let [(answered, first), (cancelled, second), (expired, third)] = open.as_slice() else { unreachable!() };
    door.post(&answer_to(answered)).by(&anna).json(first).send().await.expect(201);
    door.post(&format!("/v1/consent-requests/{cancelled}/cancel")).by(&hans).send().await.expect(200);
    door.turned("P31D").await;
    let before = tables::facts(&door.tillid).await;
    for (request, body, code) in [
        (answered, first, "request_answered"),
        (cancelled, second, "request_cancelled"),
        (expired, third, "request_expired"),
    ] {
        told(&door.post(&answer_to(request)).by(&anna).json(body).send().await, 409, code);
        // It is the state that is told, whatever else is wrong with the answer.
        let other = json!({"presentation_id": UNKNOWN, "answers": []});
        told(&door.post(&answer_to(request)).by(&anna).json(&other).send().await, 409, code);
        told(&door.post(&format!("/v1/consent-requests/{request}/cancel")).by(&hans).send().await, 409, code);
    }
    assert_eq!(tables::facts(&door.tillid).await, before, "nothing changed");
    let seen = async |request: &str| {
        let seen =
            door.get(&format!("/v1/consent-requests/{request}")).by(&anna).send().await.expect(200).json();
        id(&seen["state"])
    };
    assert_eq!(seen(answered).await, "answered");
    assert_eq!(seen(cancelled).await, "cancelled");
    assert_eq!(seen(expired).await, "expired_unanswered");
    // What was shown a month ago is no longer what is answered.
    let request = door.asked(&hans, &cpr, "C02").await;
    let (shown, items) = door.shown(&anna, json!({"request": request})).await;
    door.turned("P2D").await;
    told(
        &door.post(&answer_to(&request)).by(&anna).json(&answers(&shown, &items)).send().await,
        422,
        "presentation_too_old",
    );
    // The clock never goes back, and what it opened does not close.
    let back = door.post("/sandbox/clock").json(&json!({"now": "2026-01-01T00:00:00Z"})).send().await;
    told(&back, 409, "clock_backwards");
    door.events();
}

/// no answer is no consent, and each specific consent has an answer of its own.
async fn silence_half_an_answer_and_two_answers_are_none(engine: Engine) {
    let door = Door::open(engine).await;
    let (hans, anna) = (door.token("hans").await, door.token("anna").await);
    let cpr = door.cpr("anna").await;
    let request = door.asked(&hans, &cpr, "C02").await;
    let other = door.asked(&hans, &cpr, "C01").await;
    let (shown, items) = door.shown(&anna, json!({"request": request})).await;
    let (shown_other, _) = door.shown(&anna, json!({"request": other})).await;
    let (shown_unasked, unasked) = door.shown(&anna, json!({"consent": {"consent_type": "C15"}})).await;
    let (shown_mandate, _) = door.shown(&anna, door.mandate_to(&door.cpr("bo").await, "M14").await).await;
    let yes = |item: &str| json!({"item": item, "given": true});
    let all: Vec<Value> = items.iter().map(|item| yes(item)).collect();
    let before = tables::facts(&door.tillid).await;
    let twice_yes = [all.clone(), vec![yes(&items[0])]].concat();
    let yes_and_no = [all.clone(), vec![json!({"item": items[0], "given": false})]].concat();
    let twice_one = [vec![yes(&items[1])], all[1..].to_vec()].concat();
    let foreign = [all.clone(), vec![yes("sms")]].concat();
    for (given, code) in [
        (vec![], "items_unanswered"),
        (all[1..].to_vec(), "items_unanswered"),
        (all[..1].to_vec(), "items_unanswered"),
        (twice_yes, "items_unanswered"),
        (yes_and_no, "items_unanswered"),
        (twice_one, "items_unanswered"),
        (foreign, "item_unknown"),
        (vec![yes("all")], "item_unknown"),
        (vec![yes("*")], "invalid_value"),
        (vec![json!({"item": items[0]})], "missing"),
        (vec![json!({"item": items[0], "given": null})], "wrong_type"),
        (vec![json!({"item": items[0], "given": "yes"})], "wrong_type"),
        (vec![json!({"item": items[0], "given": 1})], "wrong_type"),
    ] {
        let body = json!({"presentation_id": shown, "answers": given});
        told(&door.post(&answer_to(&request)).by(&anna).json(&body).send().await, 422, code);
    }
    for presentation in [UNKNOWN, &shown_other, &shown_unasked, &shown_mandate, &request] {
        let body = json!({"presentation_id": presentation, "answers": all});
        told(
            &door.post(&answer_to(&request)).by(&anna).json(&body).send().await,
            422,
            "presentation_mismatch",
        );
    }
    for presentation in [UNKNOWN, &shown, &shown_mandate, &request] {
        let body = answers(presentation, &unasked);
        told(&door.post("/v1/consents").by(&anna).json(&body).send().await, 422, "presentation_mismatch");
    }
    for presentation in [UNKNOWN, &shown, &shown_unasked, &request] {
        let body = json!({"presentation_id": presentation});
        told(&door.post("/v1/mandates").by(&anna).json(&body).send().await, 422, "presentation_mismatch");
    }
    assert_eq!(tables::facts(&door.tillid).await, before, "nothing changed");
    let consents = door.get("/v1/consents").by(&anna).send().await.expect(200).json();
    assert_eq!(consents["items"], json!([]), "nothing that was refused has become a consent");
    door.turned("P200D").await;
    let consents = door.get("/v1/consents").by(&anna).send().await.expect(200).json();
    assert_eq!(consents["items"], json!([]), "nor has silence");
    let lookup = door.looked_up(&hans, &cpr, "case_processing").await;
    let seen = door
        .get(&format!("/v1/consent-requests/{request}"))
        .by(&hans)
        .header("lookup-id", &lookup)
        .send()
        .await
        .expect(200);
    assert_eq!(seen.json()["state"], "expired_unanswered");
    door.events();
}

///
async fn nobody_decides_in_their_own_case(engine: Engine) {
    let door = Door::open(engine).await;
    let (hans, anna) = (door.token("hans").await, door.token("anna").await);
    let private = door.tillid.token_of(json!({"person": "hans", "identity": "private"})).await;
    let own = door.cpr("hans").await;
    let own_id = door.person_id("hans").await;
    let look = |person: Value| json!({"person": person, "purpose": "case_processing", "case": CASE});
    let ask = json!({"person": {"cpr": own}, "consent_type": "C02", "case": CASE});
    for person in
        [json!({"cpr": own}), json!({"id": own_id}), json!({"cpr": format!("{}-{}", &own[..6], &own[6..])})]
    {
        told(&door.post("/v1/lookups").by(&hans).json(&look(person)).send().await, 403, "own_case");
    }
    told(&door.post("/v1/consent-requests").by(&hans).json(&ask).send().await, 403, "own_case");
    let seen = door.get("/v1/access-log").by(&private).send().await.expect(200).json();
    let refused =
        seen["items"].as_array().expect("a log").iter().filter(|r| r["outcome"] == "refused").count();
    assert_eq!(refused, 4, "each attempt stands in his own log");

    // As a citizen he is one: he answers, and asks nobody.
    told(
        &door
            .post("/v1/lookups")
            .by(&private)
            .json(&look(json!({"cpr": door.cpr("anna").await})))
            .send()
            .await,
        403,
        "staff_only",
    );
    told(&door.post("/v1/consent-requests").by(&private).json(&ask).send().await, 403, "staff_only");
    let inge = door.token("inge").await;
    let request = door.asked(&inge, &own, "C02").await;
    told(
        &door.post(&format!("/v1/consent-requests/{request}/cancel")).by(&private).send().await,
        403,
        "staff_only",
    );
    told(
        &door.post(&format!("/v1/consent-requests/{request}/cancel")).by(&hans).send().await,
        403,
        "own_case",
    );
    let theirs =
        door.post(&answer_to(&request)).by(&hans).json(&answers(UNKNOWN, &["laege".to_owned()])).send().await;
    told(&theirs, 422, "registration_missing");
    door.answered(&private, &request).await;

    // A look-up of somebody else never shows what is his own.
    let mandate = door.mandated(&anna, &own, "M14").await;
    let lookup = door.looked_up(&hans, &door.cpr("anna").await, "case_processing").await;
    door.get(&format!("/v1/consent-requests/{request}"))
        .by(&hans)
        .header("lookup-id", &lookup)
        .send()
        .await
        .expect(404);
    door.get(&format!("/v1/mandates/{mandate}")).by(&private).send().await.expect(200);
    let (self_mandate, about) = (door.cpr("anna").await, "/v1/presentations");
    let body = json!({"about": door.mandate_to(&self_mandate, "M14").await});
    told(&door.post(about).by(&anna).json(&body).send().await, 422, "self_mandate");

    // Two pairs of eyes on the catalogue.
    let (karin, ole) = (door.token("karin").await, door.token("ole").await);
    let draft = door.drafted(&karin, "consent-types", "C15").await;
    let publish = format!("/v1/consent-types/C15/versions/{draft}/publish");
    told(&door.post(&publish).by(&karin).send().await, 409, "second_person_needed");
    door.post(&publish).by(&ole).send().await.expect(200);
    told(&door.post(&publish).by(&ole).send().await, 409, "not_a_draft");
    door.events();
}

async fn what_has_ended_does_not_end_again(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, bo) = (door.token("anna").await, door.token("bo").await);
    let bo_cpr = door.cpr("bo").await;
    let consents = door.given(&anna, "C15").await;
    let withdraw = |id: &str| format!("/v1/consents/{id}/withdraw");
    door.post(&withdraw(&consents[0])).by(&anna).send().await.expect(200);
    let kept = door.given(&anna, "C15").await;
    let mut mandates = Vec::new();
    for _ in 0..3 {
        mandates.push(door.mandated(&anna, &bo_cpr, "M14").await);
    }
    let revoke = |id: &str| format!("/v1/mandates/{id}/revoke");
    let renounce = |id: &str| format!("/v1/mandates/{id}/renounce");
    door.post(&revoke(&mandates[0])).by(&anna).send().await.expect(200);
    door.post(&renounce(&mandates[1])).by(&bo).send().await.expect(200);
    told(&door.post(&withdraw(&consents[0])).by(&anna).send().await, 409, "consent_withdrawn");
    told(&door.post(&withdraw(&consents[1])).by(&anna).send().await, 409, "consent_declined");
    for (mandate, code) in [(&mandates[0], "mandate_revoked"), (&mandates[1], "mandate_renounced")] {
        told(&door.post(&revoke(mandate)).by(&anna).send().await, 409, code);
        told(&door.post(&renounce(mandate)).by(&bo).send().await, 409, code);
    }
    door.turned("P9Y").await;
    told(&door.post(&revoke(&mandates[2])).by(&anna).send().await, 409, "mandate_expired");
    told(&door.post(&renounce(&mandates[2])).by(&bo).send().await, 409, "mandate_expired");
    told(&door.post(&withdraw(&kept[0])).by(&anna).send().await, 409, "consent_expired");
    let bo_for_anna = door.tillid.token_for("bo", "anna").await;
    told(&door.get("/v1/overview").by(&bo_for_anna).send().await, 403, "power_expired");

    // A death ends what there is, and the dead do nothing more.
    let consent = door.given(&anna, "C15").await[0].clone();
    let mandate = door.mandated(&anna, &bo_cpr, "M14").await;
    let (shown, items) = door.shown(&anna, json!({"consent": {"consent_type": "C15"}})).await;
    let (shown_mandate, _) = door.shown(&anna, door.mandate_to(&bo_cpr, "M14").await).await;
    let death = json!({"event": "death", "person": "anna"});
    door.post("/sandbox/events").json(&death).send().await.expect(200);
    told(&door.post("/sandbox/events").json(&death).send().await, 409, "death_known");
    told(&door.post(&withdraw(&consent)).by(&anna).send().await, 409, "consent_lapsed");
    told(&door.post(&revoke(&mandate)).by(&anna).send().await, 409, "mandate_ended");
    told(
        &door.post("/v1/consents").by(&anna).json(&answers(&shown, &items)).send().await,
        409,
        "person_dead",
    );
    told(
        &door.post("/v1/mandates").by(&anna).json(&json!({"presentation_id": shown_mandate})).send().await,
        409,
        "person_dead",
    );
    let body = json!({"about": {"consent": {"consent_type": "C15"}}});
    told(&door.post("/v1/presentations").by(&anna).json(&body).send().await, 409, "person_dead");
    told(&door.get("/v1/overview").by(&bo_for_anna).send().await, 403, "power_ended_by_death");
    let ask = json!({"person": {"cpr": door.cpr("anna").await}, "consent_type": "C02", "case": CASE});
    told(
        &door.post("/v1/consent-requests").by(&door.token("hans").await).json(&ask).send().await,
        409,
        "person_dead",
    );
    door.events();
}

/// Whether a number or an id is anybody's does not show in a refusal; a number that nobody has makes somebody, so that the look
/// stands in their log.
async fn whoever_is_not_known_is_asked_about_as_anybody_is(engine: Engine) {
    let door = Door::open(engine).await;
    let (hans, karin, fagsystem) =
        (door.token("hans").await, door.token("karin").await, door.token("fagsystem").await);
    let (anna_id, anna_cpr) = (door.person_id("anna").await, door.cpr("anna").await);
    let look = |person: Value, purpose: &str| json!({"person": person, "purpose": purpose, "case": CASE});
    for (token, purpose) in
        [(&hans, "supervision"), (&karin, "case_processing"), (&fagsystem, "citizen_service")]
    {
        let known =
            door.post("/v1/lookups").by(token).json(&look(json!({"id": anna_id}), purpose)).send().await;
        told(&known, 403, "purpose_not_allowed");
        for person in [json!({"id": UNKNOWN}), json!({"cpr": anna_cpr}), json!({"cpr": "0101651234"})] {
            let other = door.post("/v1/lookups").by(token).json(&look(person, purpose)).send().await;
            assert_eq!(face(&other), face(&known), "{purpose}");
        }
    }
    let no_case = json!({"person": {"id": anna_id}, "purpose": "case_processing"});
    told(&door.post("/v1/lookups").by(&hans).json(&no_case).send().await, 403, "case_missing");
    told(
        &door
            .post("/v1/lookups")
            .by(&hans)
            .json(&look(json!({"id": UNKNOWN}), "case_processing"))
            .send()
            .await,
        404,
        "not_found",
    );
    let new = door
        .post("/v1/lookups")
        .by(&hans)
        .json(&look(json!({"cpr": "0201651234"}), "case_processing"))
        .send()
        .await
        .expect(201);
    let again = door
        .post("/v1/lookups")
        .by(&hans)
        .json(&look(json!({"cpr": "020165-1234"}), "case_processing"))
        .send()
        .await
        .expect(201);
    assert_eq!(new.json()["person"], again.json()["person"], "with a hyphen it is the same number");
    assert!(new.json()["person"]["name"].is_null());
    let unknown_person = json!({"person": {"id": UNKNOWN}, "consent_type": "C02", "case": CASE});
    told(
        &door.post("/v1/consent-requests").by(&hans).json(&unknown_person).send().await,
        422,
        "person_unknown",
    );
    let before = tables::facts(&door.tillid).await;
    for (code, why) in [("C99", "entry_not_published"), ("M14", "entry_not_published")] {
        let body = json!({"person": {"cpr": "0301651234"}, "consent_type": code, "case": CASE});
        told(&door.post("/v1/consent-requests").by(&hans).json(&body).send().await, 422, why);
    }
    assert_eq!(
        tables::facts(&door.tillid).await,
        before,
        "nobody is made known by a question that is not allowed"
    );
    door.events();
}

/// Whatever day the sandbox says it is, no date runs out of the calendar.
async fn the_last_day_of_the_calendar_breaks_nothing(engine: Engine) {
    let door = Door::open(engine).await;
    let (hans, anna) = (door.token("hans").await, door.token("anna").await);
    let (cpr, bo) = (door.cpr("anna").await, door.cpr("bo").await);
    let request = door.asked(&hans, &cpr, "C02").await;
    let body = json!({"now": "9999-12-31T22:00:00Z"});
    door.post("/sandbox/clock").json(&body).send().await.expect(200);
    door.post("/sandbox/clock").json(&json!({"advance": "P9999Y"})).send().await;
    door.get("/sandbox/clock").send().await.expect(200);
    for path in ["/v1/overview", "/v1/consents", "/v1/consent-requests", "/v1/mandates", "/v1/access-log"] {
        door.get(path).by(&anna).send().await.expect(200);
    }
    let ask = json!({"person": {"cpr": cpr}, "consent_type": "C02", "case": CASE});
    door.post("/v1/consent-requests").by(&hans).json(&ask).send().await;
    let mandate = |until: &str| json!({"about": {"mandate": {"representative": {"cpr": bo}, "packages": ["M14"], "valid_until": until}}});
    for until in ["9999-12-31", "9999-12-30", "2027-01-01"] {
        let shown = door.post("/v1/presentations").by(&anna).json(&mandate(until)).send().await;
        if shown.status == 201 {
            door.post("/v1/mandates")
                .by(&anna)
                .json(&json!({"presentation_id": shown.json()["id"]}))
                .send()
                .await;
        }
    }
    let unasked = json!({"about": {"consent": {"consent_type": "C15"}}});
    let shown = door.post("/v1/presentations").by(&anna).json(&unasked).send().await;
    if shown.status == 201 {
        let items = ["sms", "nyhedsbrev", "borgerpanel"].map(str::to_owned);
        let given =
            door.post("/v1/consents").by(&anna).json(&answers(&id(&shown.json()["id"]), &items)).send().await;
        for consent in ids(&given.json()["consents"]) {
            door.post(&format!("/v1/consents/{consent}/withdraw")).by(&anna).send().await;
        }
    }
    told(
        &door.post(&answer_to(&request)).by(&anna).json(&answers(UNKNOWN, &[])).send().await,
        409,
        "request_expired",
    );
    door.post("/sandbox/events").json(&json!({"event": "death", "person": "anna"})).send().await;
    door.events();
}
