//! Tokens for acting on somebody's behalf (RFC 8693; bar S24).

use super::system::{ACCESS_TOKEN, EXCHANGE, Form, JWT, System, error, now, part, text};
use crate::{
    bad_input::on_both,
    door::Door,
    support::{Answer, Tillid},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::JwkSet};
use serde_json::{Value, json};
use tillid_testkit::Engine;

on_both!(
    somebody_acts_for_another_in_another_system_and_here,
    s24_what_is_not_held_is_not_let_act_with,
    s24_a_revocation_counts_at_once_everywhere,
    r37_an_employee_is_let_act_for_whom_their_organisation_represents,
);

const APPLY: &str = "urn:dk:eksempelkommune:fuldmagt:byg:ansoegning:handle";
const READ: &str = "urn:dk:eksempelkommune:fuldmagt:byg:sag:laes";
const SEE_CONSENTS: &str = "urn:dk:tillid:fuldmagt:samtykke:samtykke:laes";
const RESOURCE: &str = "https://portal.example/api";

/// Anna has given Bo two mandates, and two systems of the municipality may ask for tokens.
struct Scene {
    door: Door,
    anna: String,
    bo: String,
    /// A mandate with privileges of Eksempel Kommune.
    mandate: String,
    /// One with this service's own.
    consents: String,
    portal: System,
    other: System,
}

impl Scene {
    async fn set(engine: Engine) -> Self {
        let door = Door::open(engine).await;
        let (anna, bo) = (door.token("anna").await, door.token("bo").await);
        let number = door.cpr("bo").await;
        let mandate = door.mandated(&anna, &number, "M13").await;
        let consents = door.mandated(&anna, &number, "M18").await;
        let portal = System::registered(&door, "portal", json!({"resource": RESOURCE})).await;
        let other = System::registered(&door, "other", json!({"resource": "https://other.example"})).await;
        Self { door, anna, bo, mandate, consents, portal, other }
    }

    fn tillid(&self) -> &Tillid {
        &self.door.tillid
    }

    /// Asks for a mandate token.
    async fn first(&self, system: &System, token: &str, details: &Value) -> Answer {
        system.ask(self.tillid(), first(token, details)).await
    }

    async fn mandate_token(&self, mandate: &str) -> String {
        text(&self.first(&self.portal, &self.bo, &detail(mandate, &[])).await.expect(200), "access_token")
    }

    /// Asks for an access token.
    async fn second(&self, mandate_token: &str, target: &str, change: impl FnOnce(&mut Form<'_>)) -> Answer {
        let mut form = second(mandate_token, &self.bo, target);
        change(&mut form);
        self.portal.ask(self.tillid(), form).await
    }

    /// With a bound token and the proof that belongs to it.
    async fn get(&self, path: &str, token: &str) -> Answer {
        let proof = self.portal.proof(self.tillid(), "GET", path, Some(token));
        self.tillid()
            .get(path)
            .header("authorization", &format!("DPoP {token}"))
            .header("dpop", &proof)
            .send()
            .await
    }

    /// The looks of that kind in Anna's log: by whom, through which system, with which privilege, what came of it.
    async fn looks(&self) -> Vec<(String, String, String, String)> {
        let log = self.door.get("/v1/access-log?limit=200").by(&self.anna).send().await.expect(200).json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let looks =
            log["items"].as_array().expect("a list").iter().filter(|look| look["act"]["code"] == "represent");
        looks
            .map(|look| {
                let by = &look["by"];
                (
                    text(&by["person_id"]),
                    text(&by["client"]),
                    text(&look["privilege"]),
                    text(&look["outcome"]),
                )
            })
            .collect()
    }
}

fn detail(mandate: &str, privileges: &[&str]) -> Value {
    json!([{"type": "dk_mandate", "identifier": mandate, "privileges": privileges}])
}

fn first(token: &str, details: &Value) -> Form<'static> {
    vec![
        ("grant_type", EXCHANGE.to_owned()),
        ("requested_token_type", JWT.to_owned()),
        ("subject_token", token.to_owned()),
        ("subject_token_type", ACCESS_TOKEN.to_owned()),
        ("authorization_details", details.to_string()),
    ]
}

fn second(mandate_token: &str, actor: &str, target: &str) -> Form<'static> {
    vec![
        ("grant_type", EXCHANGE.to_owned()),
        ("subject_token", mandate_token.to_owned()),
        ("subject_token_type", JWT.to_owned()),
        ("actor_token", actor.to_owned()),
        ("actor_token_type", ACCESS_TOKEN.to_owned()),
        ("resource", target.to_owned()),
    ]
}

fn set(form: &mut Form<'_>, name: &'static str, value: &str) {
    form.retain(|(key, _)| *key != name);
    if !value.is_empty() {
        form.push((name, value.to_owned()));
    }
}

/// As somebody else's library verifies it, with nothing but the published keys.
async fn verified(tillid: &Tillid, token: &str, audience: &str) -> Value {
    let set: JwkSet =
        serde_json::from_slice(&tillid.get("/oauth2/jwks").send().await.expect(200).body).expect("keys");
    let head = jsonwebtoken::decode_header(token).expect("a head");
    assert_eq!(head.typ.as_deref(), Some("at+jwt"));
    let key = set.find(head.kid.as_deref().expect("a kid")).expect("the key is published");
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[&tillid.base]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let key = DecodingKey::from_jwk(key).expect("a key");
    decode::<Value>(token, &key, &validation).expect("it verifies").claims
}

async fn somebody_acts_for_another_in_another_system_and_here(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (anna_id, bo_id) = (scene.door.person_id("anna").await, scene.door.person_id("bo").await);
    let broker = part(&scene.bo, 1)["iss"].clone();

    let answer = scene.first(&scene.portal, &scene.bo, &detail(&scene.mandate, &[])).await.expect(200).json();
    assert_eq!((&answer["issued_token_type"], &answer["token_type"]), (&json!(JWT), &json!("N_A")));
    let mandate_token = answer["access_token"].as_str().expect("a token").to_owned();
    let (head, claims) = (part(&mandate_token, 0), part(&mandate_token, 1));
    assert_eq!(head["typ"], "mandate+jwt");
    assert_eq!(claims["may_act"], json!({"sub": "bo", "iss": broker}));
    assert_eq!(claims["authorization_details"], detail(&scene.mandate, &[APPLY, READ]));
    assert_ne!(claims["sub"], json!(anna_id));
    assert!(claims.get("act").is_none());
    assert!(claims["exp"].as_i64() <= Some(now() + 600));
    assert_eq!(
        scene.get("/v1/overview", &mandate_token).await.expect(401).code(),
        "token_invalid",
        "it opens nothing"
    );

    let answer = scene.second(&mandate_token, RESOURCE, |form| {
        set(form, "authorization_details", &detail(&scene.mandate, &[READ]).to_string());
    });
    let answer = answer.await.expect(200).json();
    assert_eq!((&answer["issued_token_type"], &answer["token_type"]), (&json!(ACCESS_TOKEN), &json!("DPoP")));
    assert!(answer.get("refresh_token").is_none());
    let claims = verified(scene.tillid(), answer["access_token"].as_str().expect("a token"), RESOURCE).await;
    assert_eq!(claims["act"], json!({"sub": "bo", "iss": broker}));
    assert_eq!(claims["authorization_details"], detail(&scene.mandate, &[READ]));
    assert_eq!(claims["client_id"], "portal");
    assert_eq!(claims["cnf"], json!({"jkt": scene.portal.bound.thumbprint()}));
    assert!(claims["exp"].as_i64().expect("exp") - claims["iat"].as_i64().expect("iat") <= 300);
    let pairwise = claims["sub"].as_str().expect("a subject").to_owned();
    assert!(pairwise != anna_id && !pairwise.contains("anna"));
    assert!(claims.get("scope").is_none());

    // At this service, what may be done is what the token is for, and what the powers say.
    let consents = scene.mandate_token(&scene.consents).await;
    let narrow = detail(&scene.consents, &[SEE_CONSENTS]).to_string();
    let base = scene.tillid().base.clone();
    let here = scene.second(&consents, &base, |form| set(form, "authorization_details", &narrow)).await;
    let here = text(&here.expect(200), "access_token");
    assert_eq!(part(&here, 1)["sub"], json!(anna_id));
    let given = scene.door.given(&scene.anna, "C15").await;
    let seen = scene.get("/v1/consents", &here).await.expect(200).json();
    assert!(seen["items"].as_array().expect("a list").iter().any(|consent| consent["id"] == json!(given[0])));
    let withdraw = format!("/v1/consents/{}/withdraw", given[0]);
    let proof = scene.portal.proof(scene.tillid(), "POST", &withdraw, Some(&here));
    let answer = scene
        .tillid()
        .post(&withdraw)
        .header("authorization", &format!("DPoP {here}"))
        .header("dpop", &proof);
    assert_eq!(answer.send().await.expect(403).code(), "power_does_not_cover", "Bo may; the token does not");

    let bo = |privilege: &str| (bo_id.clone(), "portal".to_owned(), privilege.to_owned(), "found".to_owned());
    let looks = scene.looks().await;
    assert!(
        looks.contains(&bo(APPLY)) && looks.contains(&bo(READ)) && looks.contains(&bo(SEE_CONSENTS)),
        "{looks:?}"
    );
    assert_eq!(looks.iter().filter(|look| **look == bo(READ)).count(), 2, "each exchange stands there");
    scene.door.events();
}

#[expect(clippy::too_many_lines, reason = "one row for each refusal")]
async fn s24_what_is_not_held_is_not_let_act_with(engine: Engine) {
    let scene = Scene::set(engine).await;
    let tillid = scene.tillid();
    let good = scene.mandate_token(&scene.mandate).await;
    let consents = scene.mandate_token(&scene.consents).await;
    let erik = scene.door.token("erik").await;
    let hans = scene.door.token("hans").await;
    let acting = scene.door.tillid.token_for("bo", "anna").await;
    let nothing = |mandate: &str| detail(mandate, &[]);
    let refused = |what: &str, answer: &Answer, told: (&str, &str)| {
        let (status, code, reason) = error(answer);
        assert_eq!((status, code.as_str(), reason.as_str()), (400, told.0, told.1), "{what}");
        assert!(answer.json().get("access_token").is_none(), "{what}");
    };
    let change = async |what: &str, name: &'static str, value: &str, told: (&str, &str)| {
        refused(what, &scene.second(&good, RESOURCE, |form| set(form, name, value)).await, told);
    };
    const FLAW: (&str, &str) = ("invalid_request", "");

    // 1. The token of one client at another, and one that another key is bound to.
    let answer = scene.other.ask(tillid, second(&good, &scene.bo, "https://other.example")).await;
    refused("another client's mandate token", &answer, ("invalid_grant", ""));
    let thief = System::registered(&scene.door, "third", json!({})).await;
    let proof = thief.proof(tillid, "POST", "/oauth2/token", None);
    let answer = scene.portal.ask_with(tillid, second(&good, &scene.bo, RESOURCE), &[("dpop", &proof)]).await;
    refused("another key's mandate token", &answer, ("invalid_grant", ""));
    // 2. Another actor than the one who may act.
    change("another actor", "actor_token", &erik, ("invalid_grant", "")).await;
    // 3. No actor: never a token without `act`.
    change("no actor", "actor_token", "", FLAW).await;
    change("no type of the actor", "actor_token_type", "", FLAW).await;
    // 4. An actor who acts for somebody already.
    change("an actor who acts for another", "actor_token", &acting, FLAW).await;
    refused(
        "a subject who acts for another",
        &scene.first(&scene.portal, &acting, &nothing(&scene.mandate)).await,
        FLAW,
    );
    // 5. An `act` that somebody else wrote: the sandbox's broker says that Erik acts for Anna, who has given him nothing.
    let forged = scene.door.tillid.token_for("erik", "anna").await;
    assert_eq!(scene.door.get("/v1/overview").by(&forged).send().await.expect(403).code(), "no_power");
    change("a forged act as subject", "subject_token", &forged, FLAW).await;
    // 6. More than is held.
    let wider =
        detail(&scene.mandate, &[APPLY, "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle"]);
    change(
        "more than is held",
        "authorization_details",
        &wider.to_string(),
        ("access_denied", "power_does_not_cover"),
    )
    .await;
    refused(
        "more than is held at first",
        &scene.first(&scene.portal, &scene.bo, &wider).await,
        ("access_denied", "power_does_not_cover"),
    );
    let narrow = text(
        &scene.first(&scene.portal, &scene.bo, &detail(&scene.mandate, &[READ])).await.expect(200),
        "access_token",
    );
    let all = detail(&scene.mandate, &[READ, APPLY]).to_string();
    let answer = scene.second(&narrow, RESOURCE, |form| set(form, "authorization_details", &all)).await;
    refused("more than the mandate token is for", &answer, ("access_denied", "power_does_not_cover"));
    change(
        "another mandate than the token's",
        "authorization_details",
        &nothing(&scene.consents).to_string(),
        ("access_denied", "power_does_not_cover"),
    )
    .await;
    let answer = scene.second(&good, RESOURCE, |form| form.push(("scope", "decide".to_owned()))).await;
    refused("a scope", &answer, ("invalid_scope", ""));
    // 7. What belongs to another authority.
    let answer = scene.second(&consents, RESOURCE, |_| ()).await;
    refused("ours at theirs", &answer, ("access_denied", "power_does_not_cover"));
    let foreign = scene.door.mandated(&scene.anna, &scene.door.cpr("bo").await, "M01").await;
    let answer = scene.first(&scene.portal, &scene.bo, &nothing(&foreign)).await;
    refused("the privileges of another authority", &answer, ("access_denied", "power_does_not_cover"));
    let named = detail(&foreign, &["urn:dk:cpradministrationen:fuldmagt:flytning:indenrigs:handle"]);
    let answer = scene.first(&scene.portal, &scene.bo, &named).await;
    refused("a named one", &answer, ("access_denied", "privilege_not_here"));
    // 8. Tokens that do not hold, or are of the wrong type.
    for (name, value) in [
        ("subject_token", "x.y.z"),
        ("subject_token", scene.bo.as_str()),
        ("subject_token", ""),
        ("subject_token_type", ACCESS_TOKEN),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("subject_token_type", ""),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
        ("actor_token_type", JWT),
        ("actor_token", good.as_str()),
        ("actor_token", hans.as_str()),
    ] {
        change(&format!("{name} {}", &value[..value.len().min(40)]), name, value, FLAW).await;
    }
    // 9. An ID token as actor.
    let head = json!({"alg": "EdDSA", "kid": "sandbox", "typ": "JWT"});
    let id_token = super::resigned(&scene.door, &scene.bo, Some(head), &json!({}));
    change("an ID token as actor", "actor_token", &id_token, FLAW).await;
    let expired =
        super::resigned(&scene.door, &scene.bo, None, &json!({"exp": now() - 60, "iat": now() - 120}));
    change("an actor's token that has expired", "actor_token", &expired, FLAW).await;
    // 10. An audience that is not registered, several, or none.
    for target in ["https://elsewhere.example", "https://other.example", "https://portal.example/api/", ""] {
        change("an audience", "resource", target, ("invalid_target", "")).await;
    }
    let answer = scene.second(&good, RESOURCE, |form| form.push(("audience", tillid.base.clone()))).await;
    refused("two audiences", &answer, ("invalid_target", ""));
    // 11. The mandate of somebody else, and one that is nobody's, are told apart by nobody.
    let theirs = scene.first(&scene.portal, &erik, &nothing(&scene.mandate)).await;
    refused("somebody else's mandate", &theirs, ("access_denied", "no_power"));
    let nobodys = scene.first(&scene.portal, &erik, &nothing(crate::door::UNKNOWN)).await;
    assert_eq!(theirs.json(), nobodys.json());
    let own = scene.first(&scene.portal, &scene.anna, &nothing(&scene.mandate)).await;
    refused("the grantor's own", &own, ("access_denied", "no_power"));
    // 12. A client that has not proven who it is, one without the scope, one without its proof.
    let answer = super::system::send(tillid, &second(&good, &scene.bo, RESOURCE), &[]).await;
    assert_eq!((answer.status.as_u16(), error(&answer).1.as_str()), (401, "invalid_client"));
    let weak = System::registered(&scene.door, "weak", json!({"scope": "decide"})).await;
    let answer = weak.ask(tillid, first(&scene.bo, &nothing(&scene.mandate))).await;
    refused("a client without the scope", &answer, ("unauthorized_client", ""));
    let answer = scene.portal.ask_with(tillid, second(&good, &scene.bo, RESOURCE), &[]).await;
    refused("no proof", &answer, ("invalid_dpop_proof", ""));
    let low = scene.door.tillid.token_of(json!({"person": "bo", "loa": "low"})).await;
    let answer = scene.first(&scene.portal, &low, &nothing(&scene.mandate)).await;
    refused("a weak login", &answer, ("access_denied", "assurance_too_low"));
    for details in [
        json!([]),
        json!({}),
        json!([{"type": "dk_mandate"}]),
        json!([{"type": "x", "identifier": scene.mandate}]),
    ] {
        let answer = scene.first(&scene.portal, &scene.bo, &details).await;
        refused("unclear details", &answer, ("invalid_authorization_details", ""));
    }

    // With nothing changed it goes well; and whoever tried stands in Anna's log.
    scene.second(&good, RESOURCE, |_| ()).await.expect(200);
    let erik = scene.door.person_id("erik").await;
    let tried = (erik, "portal".to_owned(), String::new(), "refused".to_owned());
    assert!(scene.looks().await.contains(&tried));
    scene.door.events();
}

async fn s24_a_revocation_counts_at_once_everywhere(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (good, consents) =
        (scene.mandate_token(&scene.mandate).await, scene.mandate_token(&scene.consents).await);
    let base = scene.tillid().base.clone();
    let here = text(&scene.second(&consents, &base, |_| ()).await.expect(200), "access_token");
    scene.get("/v1/consents", &here).await.expect(200);
    scene.second(&good, RESOURCE, |_| ()).await.expect(200);
    for mandate in [&scene.mandate, &scene.consents] {
        let revoke = format!("/v1/mandates/{mandate}/revoke");
        scene.door.post(&revoke).by(&scene.anna).send().await.expect(200);
    }
    // Between the two exchanges, at the first one, and after the token was issued.
    let answer = scene.second(&good, RESOURCE, |_| ()).await;
    assert_eq!(error(&answer), (400, "access_denied".to_owned(), "power_ended".to_owned()));
    let answer = scene.first(&scene.portal, &scene.bo, &detail(&scene.mandate, &[])).await;
    assert_eq!(error(&answer), (400, "access_denied".to_owned(), "power_ended".to_owned()));
    assert_eq!(scene.get("/v1/consents", &here).await.expect(403).code(), "power_revoked");

    // A mandate of the same kind that is given later does not bring the old one back to life.
    let number = scene.door.cpr("bo").await;
    scene.door.mandated(&scene.anna, &number, "M13").await;
    let answer = scene.second(&good, RESOURCE, |_| ()).await;
    assert_eq!(error(&answer).2, "power_ended");

    // A system that was stopped, and a mandate that has run out.
    let lasting = scene.door.mandated(&scene.anna, &number, "M18").await;
    let token = scene.mandate_token(&lasting).await;
    let here = text(&scene.second(&token, &base, |_| ()).await.expect(200), "access_token");
    scene.get("/v1/consents", &here).await.expect(200);
    let karin = scene.door.token("karin").await;
    let stop = format!("/v1/clients/{}/stop", scene.portal.registration);
    scene.door.post(&stop).by(&karin).send().await.expect(200);
    assert_eq!(scene.get("/v1/consents", &here).await.expect(401).code(), "token_invalid");
    let answer = scene.second(&token, &base, |_| ()).await;
    assert_eq!((answer.status.as_u16(), error(&answer).1.as_str()), (401, "invalid_client"));
    scene.door.turned("P1Y").await;
    let other = scene.first(&scene.other, &scene.bo, &detail(&lasting, &[])).await;
    assert_eq!(error(&other), (400, "access_denied".to_owned(), "power_ended".to_owned()));
    scene.door.events();
}

/// the organisation holds the mandate, and whom it lets act is asked anew at each exchange.
async fn r37_an_employee_is_let_act_for_whom_their_organisation_represents(engine: Engine) {
    let scene = Scene::set(engine).await;
    let door = &scene.door;
    let (pia, rune) = (door.token("pia").await, door.token("rune").await);
    let new =
        json!({"representative": {"cvr": "99482001"}, "packages": ["M13"], "valid_until": "2027-06-01"});
    let (shown, _) = door.shown(&scene.anna, json!({"mandate": new})).await;
    let given = json!({"presentation_id": shown});
    let given = door.post("/v1/mandates").by(&scene.anna).json(&given).send().await.expect(201).json();
    let mandate = given["id"].as_str().expect("an id").to_owned();
    let employees = door.get("/v1/employees").by(&pia).send().await.expect(200).json();
    let his = employees["items"].as_array().expect("a list").iter().find(|e| e["name"] == "Rune Holt");
    let his = his.expect("Rune").clone();
    let step = |step: &str| format!("/v1/employees/{}/{step}", his["id"].as_str().expect("an id"));
    let first = async || scene.first(&scene.portal, &rune, &detail(&mandate, &[READ])).await;
    let refused = (400, "access_denied".to_owned(), "employee_not_admitted".to_owned());
    assert_eq!(error(&first().await), refused);
    door.post(&step("admit")).by(&pia).send().await.expect(200);
    let mandate_token = text(&first().await.expect(200), "access_token");
    let actor = json!({"sub": his["employee_id"], "iss": part(&rune, 1)["iss"], "cvr": "99482001"});
    assert_eq!(part(&mandate_token, 1)["may_act"], actor);
    // Neither a colleague nor somebody in private goes on with it.
    for other in [&pia, &scene.bo] {
        let answer = scene.second(&mandate_token, RESOURCE, |form| set(form, "actor_token", other)).await;
        assert_eq!(error(&answer).1, "invalid_grant");
    }
    let second =
        async || scene.second(&mandate_token, RESOURCE, |form| set(form, "actor_token", &rune)).await;
    let token = text(&second().await.expect(200), "access_token");
    let claims = verified(scene.tillid(), &token, RESOURCE).await;
    assert_eq!((&claims["act"], &claims["identity_type"]), (&actor, &json!("professional")));
    let log = door.get("/v1/access-log?limit=200").by(&scene.anna).send().await.expect(200).json();
    let at_work = json!({"person_id": his["id"], "cvr": "99482001"});
    let looks = log["items"].as_array().expect("a list").iter();
    assert!(looks.filter(|look| look["by"]["at_work"] == at_work).count() >= 2, "{log:#}");
    // A mandate of somebody else's is refused like one that is not there.
    let answer = scene.first(&scene.portal, &rune, &detail(&scene.mandate, &[READ])).await;
    assert_eq!(error(&answer), (400, "access_denied".to_owned(), "no_power".to_owned()));
    door.post(&step("stop")).by(&pia).send().await.expect(200);
    assert_eq!(error(&second().await), refused);
    scene.door.events();
}
