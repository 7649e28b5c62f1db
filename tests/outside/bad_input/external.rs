//! What an authority cannot register, and what a stale or repeated registration comes to.

use crate::{
    bad_input::on_both,
    door::{Door, face, id},
    tables,
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

on_both!(
    what_cannot_be_registered_is_refused_and_changes_nothing,
    what_cannot_be_given_is_refused_and_changes_nothing,
    what_is_registered_is_read_changed_and_removed_by_its_name,
);

fn told(answer: &crate::support::Answer) -> (u16, String, String) {
    let body = answer.json();
    let error = &body["errors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (
        answer.status.as_u16(),
        text(if error.is_null() { &body["code"] } else { &error["code"] }),
        text(&error["pointer"]),
    )
}

async fn what_cannot_be_registered_is_refused_and_changes_nothing(engine: Engine) {
    let door = Door::open(engine).await;
    let (system, cpr) = (door.token("fagsystem").await, door.cpr("anna").await);
    let good = json!({"properties": {"status": "active"}, "caller_stated": ["status"]});
    let sent = door.ask("PUT", "/v1/external/entities/record/r1").by(&system).json(&good).send().await;
    assert_eq!(sent.status.as_u16(), 201);
    let before = tables::facts(&door.tillid).await;
    let many: serde_json::Map<_, _> = (0..33).map(|n| (format!("k{n}"), json!(n))).collect();
    let large: serde_json::Map<_, _> =
        (0..32).map(|n| (format!("k{n}"), json!(vec!["x".repeat(250); 2]))).collect();
    let deep = (0..9).fold(json!({"all": []}), |inner, _| json!({"not": inner}));
    let entity = |properties: Value| ("/v1/external/entities/record/r1", json!({"properties": properties}));
    let privilege = |condition: Value| {
        let body = json!({"action": "read", "object_type": "record", "condition": condition});
        ("/v1/external/privileges/read", body)
    };
    for ((path, body), code, pointer) in [
        (("/v1/external/entities/record/r1", json!({})), "missing", "#/properties"),
        (
            ("/v1/external/entities/record/r1", json!({"properties": {}, "state": "removed"})),
            "unknown_field",
            "#/state",
        ),
        (
            ("/v1/external/entities/record/r1", json!({"properties": {}, "caller_stated": ["a b"]})),
            "invalid_value",
            "#/caller_stated/0",
        ),
        (entity(json!([])), "wrong_type", "#/properties"),
        (entity(json!({"status": {"a": 1}})), "invalid_value", "#/properties/status"),
        (entity(json!({"status": [["x"]]})), "invalid_value", "#/properties/status"),
        (entity(json!({"status": "a\u{0}"})), "invalid_value", "#/properties/status"),
        (entity(json!({"status": "x".repeat(257)})), "invalid_value", "#/properties/status"),
        (entity(json!({"n": 9_007_199_254_740_993_i64})), "invalid_value", "#/properties/n"),
        (entity(json!({"n": 1e300})), "invalid_value", "#/properties/n"),
        (entity(json!({"ejer": cpr})), "invalid_value", "#/properties/ejer"),
        (entity(json!({"ejer": ["x", format!("sag {cpr}")]})), "invalid_value", "#/properties/ejer"),
        (entity(Value::Object(many)), "invalid_value", "#/properties"),
        (entity(Value::Object(large)), "invalid_value", "#/properties"),
        (privilege(json!({})), "invalid_value", "#/condition"),
        (privilege(json!({"never": []})), "invalid_value", "#/condition"),
        (privilege(json!({"equals": {"of": "role", "value": 1}})), "invalid_value", "#/condition/of"),
        (privilege(json!({"equals": {"of": "subject.role", "value": null}})), "invalid_value", "#/condition"),
        (privilege(deep), "invalid_value", "#/condition"),
        (("/v1/external/privileges/read", json!({"object_type": "record"})), "missing", "#/action"),
        (
            ("/v1/external/privileges/read", json!({"action": "a\nb", "object_type": "record"})),
            "invalid_value",
            "#/action",
        ),
        (("/v1/external/entities/person/r1", good.clone()), "type_reserved", "#/type"),
        (("/v1/external/entities/person-data/r1", good.clone()), "type_reserved", "#/type"),
    ] {
        let answer = door.ask("PUT", path).by(&system).json(&body).send().await;
        let (status, found, at) = told(&answer);
        assert_eq!((status, found.as_str()), (422, code), "{path} {body}");
        assert!(at == pointer || pointer.starts_with(&at), "{path} {body}: {at}, not {pointer}");
        assert!(!String::from_utf8_lossy(&answer.body).contains(&cpr));
    }
    // A CPR number is no id; whoever sends it is told, and it is not repeated.
    for path in [
        format!("/v1/external/entities/user/{cpr}"),
        format!("/v1/external/entities/{cpr}/x"),
        format!("/v1/external/entities/user/sag%20{cpr}"),
    ] {
        for method in ["PUT", "GET", "DELETE"] {
            let knock = door.ask(method, &path).by(&system);
            let answer = if method == "PUT" { knock.json(&good).send().await } else { knock.send().await };
            assert_eq!(
                told(&answer),
                (422, "id_holds_person_number".to_owned(), "#/id".to_owned()),
                "{method}"
            );
            assert!(!String::from_utf8_lossy(&answer.body).contains(&cpr));
        }
    }
    for path in
        ["/v1/external/entities/user/%00", "/v1/external/entities/user/%20a", "/v1/external/privileges/a%20b"]
    {
        let body = if path.contains("entities") {
            good.clone()
        } else {
            json!({"action": "read", "object_type": "record"})
        };
        let answer = door.ask("PUT", path).by(&system).json(&body).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{path}");
    }
    assert_eq!(tables::facts(&door.tillid).await, before, "nothing changed");
    door.events();
}

async fn what_cannot_be_given_is_refused_and_changes_nothing(engine: Engine) {
    let door = Door::open(engine).await;
    let (system, cpr) = (door.token("fagsystem").await, door.cpr("anna").await);
    let good = json!({"properties": {}});
    door.ask("PUT", "/v1/external/entities/record/r1").by(&system).json(&good).send().await.expect(201);
    let before = tables::facts(&door.tillid).await;
    let grant = |subject: &str, codes: Value, more: Value| {
        let mut body = json!({"subject": {"type": "record", "id": subject}, "privileges": codes, "objects": {"type": "record"}});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    for (body, code, pointer) in [
        (grant("r1", json!([]), json!({})), "invalid_value", "#/privileges"),
        (grant("r1", json!(["read", "read"]), json!({})), "invalid_value", "#/privileges"),
        (grant("r1", json!(["read"]), json!({})), "not_registered", "#/privileges/0"),
        (grant("r9", json!(["read"]), json!({})), "not_registered", "#/subject"),
        (grant(&cpr, json!(["read"]), json!({})), "invalid_value", "#/subject/id"),
        (
            grant("r1", json!(["read"]), json!({"valid_until": "2020-01-01T00:00:00Z"})),
            "end_date_past",
            "#/valid_until",
        ),
        (
            grant("r1", json!(["read"]), json!({"valid_until": "2027-01-01"})),
            "invalid_value",
            "#/valid_until",
        ),
    ] {
        let answer = door.post("/v1/external/grants").by(&system).json(&body).send().await;
        assert_eq!(told(&answer), (422, code.to_owned(), pointer.to_owned()), "{body}");
    }
    assert_eq!(tables::facts(&door.tillid).await, before, "nothing changed");
    door.events();
}

async fn what_is_registered_is_read_changed_and_removed_by_its_name(engine: Engine) {
    let door = Door::open(engine).await;
    let (system, karin, theirs) =
        (door.token("fagsystem").await, door.token("karin").await, door.token("naboby").await);
    let path = "/v1/external/entities/record/sag%2F17%20%C3%98";
    let put = async |body: &Value, expected: &str| {
        door.ask("PUT", path).by(&system).header("if-match", expected).json(body).send().await
    };
    let first = json!({"properties": {"status": "active", "n": 1.0}, "caller_stated": ["status"]});
    let made = door.ask("PUT", path).by(&system).json(&first).send().await.expect(201);
    assert_eq!(
        (&made.headers["etag"], &made.json()["id"]),
        (&"\"v1\"".parse().expect("a value"), &json!("sag/17 Ø"))
    );
    let again = door.ask("PUT", path).by(&karin).json(&first).send().await.expect(200);
    assert_eq!(again.json(), made.json(), "the same again changes nothing");
    let other = json!({"properties": {"status": "archived"}});
    assert_eq!(put(&other, "\"v2\"").await.code(), "revision_changed");
    let changed = put(&other, "\"v1\"").await.expect(200);
    assert_eq!(
        (&changed.json()["revision"], &changed.json()["properties"]),
        (&json!(2), &other["properties"])
    );
    let read = door.get(path).by(&karin).send().await.expect(200);
    assert_eq!((read.json(), &read.headers["etag"]), (changed.json(), &changed.headers["etag"]));
    assert_eq!(door.get(path).by(&theirs).send().await.code(), "not_found");
    let listed = door.get("/v1/external/entities?limit=1").by(&karin).send().await.expect(200).json();
    assert_eq!((&listed["items"], &listed["next"]), (&json!([changed.json()]), &Value::Null));

    let condition = json!({"not": {"equals": {"of": "resource.status", "value": "archived"}}});
    let privilege = json!({"action": "read", "object_type": "record", "condition": condition});
    let made =
        door.ask("PUT", "/v1/external/privileges/read").by(&karin).json(&privilege).send().await.expect(201);
    assert_eq!(made.json()["condition"], condition);
    let bare = json!({"action": "read", "object_type": "record"});
    let made =
        door.ask("PUT", "/v1/external/privileges/read").by(&karin).json(&bare).send().await.expect(200);
    assert_eq!((&made.json()["condition"], &made.json()["revision"]), (&json!({"all": []}), &json!(2)));
    let grant = json!({"subject": {"type": "record", "id": "sag/17 Ø"}, "privileges": ["read"],
        "objects": {"type": "record", "id": "sag/17 Ø"}, "valid_until": "9999-12-31T23:59:59Z"});
    let given = door.post("/v1/external/grants").by(&karin).json(&grant).send().await.expect(201).json();
    assert_eq!((&given["state"], &given["objects"]["id"]), (&json!("active"), &json!("sag/17 Ø")));
    let of_it = format!("/v1/external/grants/{}", id(&given["id"]));
    assert_eq!(door.get(&of_it).by(&system).send().await.expect(200).json(), given);
    assert_eq!(door.get(&of_it).by(&theirs).send().await.code(), "not_found");
    let revoked = door.post(&format!("{of_it}/revoke")).by(&system).send().await.expect(200).json();
    assert_eq!((&revoked["state"], &revoked["revision"]), (&json!("revoked"), &json!(2)));
    let twice = door.post(&format!("{of_it}/revoke")).by(&system).send().await;
    assert_eq!((twice.status.as_u16(), twice.code().as_str()), (409, "power_revoked"));
    let listed = door.get("/v1/external/grants").by(&karin).send().await.expect(200).json();
    assert_eq!(listed["items"], json!([revoked]));

    let gone = door.ask("DELETE", path).by(&system).send().await.expect(200).json();
    assert_eq!((&gone["state"], gone["removed_at"].is_string()), (&json!("removed"), true));
    for method in ["GET", "DELETE"] {
        let unknown = door.ask(method, "/v1/external/entities/record/x").by(&system).send().await;
        assert_eq!(face(&door.ask(method, path).by(&system).send().await), face(&unknown), "{method}");
    }
    door.ask("DELETE", "/v1/external/privileges/read").by(&system).send().await.expect(200);
    assert_eq!(door.get("/v1/external/privileges/read").by(&system).send().await.code(), "not_found");
    assert_eq!(door.tillid.verify().0, 0, "the tables are what the journal says");
    door.events();
}
