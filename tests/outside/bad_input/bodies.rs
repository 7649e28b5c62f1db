//! Bodies that are no JSON, or not the JSON that is asked for.

use crate::{
    clients::system::p256,
    door::{CASE, Door, UNKNOWN, answers},
    tables,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tillid_testkit::Engine;

/// What a caller might wish to decide, and does not.
const PRIVILEGED: [&str; 20] = [
    "state",
    "authority",
    "granted_by",
    "revision",
    "person_id",
    "given_at",
    "id",
    "answered_at",
    "recorded_at",
    "asked_by",
    "grantor",
    "grantor_id",
    "acting_for",
    "channel",
    "valid_from",
    "loa",
    "roles",
    "commitment",
    "drafted_by",
    "visibility",
];

/// Stands for half a character, which a JSON text can name and a string cannot hold.
const HALF: &str = "@half@";

/// A change that would go well with this body.
struct Change {
    path: String,
    by: String,
    body: Value,
    /// The fields that may be left out.
    optional: &'static [&'static str],
}

/// What staff register.
fn registered(how: &Value) -> Value {
    let mut body = answers(UNKNOWN, &["laege".to_owned()]);
    body["registration"] = how.clone();
    body
}

/// A moment that a caller may name.
const fn later_than_ever() -> &'static str {
    "2027-01-01T00:00:00Z"
}

#[expect(clippy::too_many_lines, reason = "one line for each change that there is")]
async fn changes(door: &Door) -> Vec<Change> {
    let (anna, hans, karin) = (door.token("anna").await, door.token("hans").await, door.token("karin").await);
    let (cpr, bo) = (door.cpr("anna").await, door.cpr("bo").await);
    let later = door.in_half_a_year().await;
    let request = door.asked(&hans, &cpr, "C02").await;
    let (shown, items) = door.shown(&anna, json!({"request": request})).await;
    let (unasked, unasked_items) = door.shown(&anna, json!({"consent": {"consent_type": "C15"}})).await;
    let (mandate, _) = door.shown(&anna, door.mandate_to(&bo, "M14").await).await;
    let given = door.mandated(&anna, &bo, "M14").await;
    let held = door.mandated(&anna, &bo, "M13").await;
    let part = json!({"representative": {"cpr": door.cpr("gitte").await}, "packages": ["M13"], "valid_until": later, "case": CASE,
        "privileges": ["urn:dk:eksempelkommune:fuldmagt:byg:sag:laes"], "under": held});
    let asked = door.asked_for_mandate(&door.token("bo").await, &cpr, "M14").await;
    let (shown_asked, _) = door.shown(&anna, json!({"mandate_request": asked})).await;
    let mandate_body = json!({"representative": {"cpr": bo}, "packages": ["M14"], "valid_until": later, "case": CASE,
        "privileges": ["urn:dk:eksempelkommune:fuldmagt:x:y"]});
    let grant = json!({"subject": {"type": "user", "id": "alice"}, "privileges": ["read"], "objects": {"type": "record", "id": "r1"},
        "valid_from": "2027-01-01T00:00:00Z", "valid_until": "2027-01-01T00:00:01Z"});
    for (path, body) in [
        ("/v1/external/entities/user/alice", json!({"properties": {}})),
        ("/v1/external/entities/record/r1", json!({"properties": {}})),
        ("/v1/external/privileges/read", json!({"action": "read", "object_type": "record"})),
    ] {
        door.ask("PUT", path).by(&karin).json(&body).send().await.expect(201);
    }
    let mut in_review = Vec::new();
    for (shelf, code) in [("consent-types", "C15"), ("mandate-packages", "M14")] {
        let draft = door.drafted(&karin, shelf, code).await;
        let path = format!("/v1/{shelf}/{code}/versions/{draft}");
        door.post(&format!("{path}/submit")).by(&karin).send().await.expect(200);
        in_review.push(format!("{path}/return"));
    }
    let change = |path: &str, by: &str, body: Value, optional| Change {
        path: path.to_owned(),
        by: by.to_owned(),
        body,
        optional,
    };
    vec![
        change(
            "/v1/consent-requests",
            &hans,
            json!({"type": "consent_request", "person": {"cpr": cpr}, "consent_type": "C02", "items": ["laege"], "case": CASE, "deadline": later,
                "valid_until": later, "once": true, "sources": ["doctor"], "recipients": ["municipality"]}),
            &["type", "items", "deadline", "valid_until", "once", "sources", "recipients"],
        ),
        change(&format!("/v1/consent-requests/{request}/answer"), &anna, answers(&shown, &items[..2]), &[]),
        change(
            &format!("/v1/consent-requests/{request}/except"),
            &hans,
            json!({"holder": door.person_id("bo").await, "ground": "impossible", "case": CASE}),
            &[],
        ),
        change("/v1/consents", &anna, answers(&unasked, &unasked_items[..2]), &[]),
        change("/v1/mandates", &anna, json!({"presentation_id": mandate}), &[]),
        change(&format!("/v1/mandates/{UNKNOWN}/renew"), &anna, json!({"presentation_id": mandate}), &[]),
        change(&format!("/v1/mandates/{UNKNOWN}/sign"), &anna, json!({"presentation_id": mandate}), &[]),
        change(
            &format!("/v1/mandates/{UNKNOWN}/dispute"),
            &anna,
            json!({"ground": "misuse", "note": "Datteren har ringet."}),
            &["note"],
        ),
        change(
            &format!("/v1/mandates/{UNKNOWN}/annul"),
            &hans,
            json!({"ground": "wrong_person", "note": "En anden"}),
            &[],
        ),
        change(&format!("/v1/mandates/{UNKNOWN}/privileges"), &hans, json!({"numbers": [cpr]}), &[]),
        change("/v1/powers/privileges", &hans, json!({"numbers": [cpr]}), &[]),
        change(
            "/v1/privileges/check",
            &hans,
            json!({"representative": {"cpr": bo}, "value": "PA==", "purpose": "case_processing", "case": CASE}),
            &["purpose", "case"],
        ),
        change(
            "/v1/mandate-requests",
            &door.token("bo").await,
            json!({"type": "mandate_request", "grantor": {"cpr": cpr}, "grantor_name": "Anna", "representative": {"cpr": bo},
                "packages": ["M14"], "privileges": ["urn:dk:eksempelkommune:fuldmagt:x:y"], "case": CASE, "valid_until": later,
                "deadline": later}),
            &["type", "grantor_name", "representative", "privileges", "case", "valid_until", "deadline"],
        ),
        change(
            &format!("/v1/mandate-requests/{asked}/approve"),
            &anna,
            json!({"presentation_id": shown_asked}),
            &[],
        ),
        change(
            "/v1/presentations",
            &anna,
            json!({"language": "en", "about": {"mandate_request": asked}}),
            &["language"],
        ),
        change(
            "/v1/presentations",
            &anna,
            json!({"language": "en", "about": {"request": request}}),
            &["language"],
        ),
        change(
            "/v1/presentations",
            &anna,
            json!({"language": "da", "about": {"consent": {"consent_type": "C13", "items": ["x"], "case": CASE, "valid_for": "P1M"}}}),
            &["language", "case", "items", "valid_for"],
        ),
        change(
            "/v1/presentations",
            &anna,
            json!({"language": "da", "about": {"mandate": mandate_body}}),
            &["language", "case", "privileges"],
        ),
        change(
            "/v1/presentations",
            &door.token("bo").await,
            json!({"language": "da", "about": {"mandate": part}}),
            &["language", "case", "privileges", "under"],
        ),
        change(
            "/v1/presentations",
            &anna,
            json!({"language": "da", "about": {"signature": {"mandate": given}}}),
            &["language"],
        ),
        change(
            "/v1/presentations",
            &anna,
            json!({"language": "da", "about": {"renewal": {"mandate": given, "valid_until": later}}}),
            &["language"],
        ),
        change(
            "/v1/presentations",
            &anna,
            json!({"language": "da", "about": {"request": request}, "means": "screen"}),
            &["language", "means"],
        ),
        change(
            &format!("/v1/consent-requests/{request}/answer"),
            &hans,
            registered(
                &json!({"channel": "oral", "said_at": later_than_ever(), "note": "Ja", "why": "Telefon"}),
            ),
            &["registration"],
        ),
        change(
            "/v1/consents",
            &hans,
            registered(
                &json!({"channel": "imported", "source": "Arkiv", "reference": "1", "given_at": later_than_ever(),
                "document_id": UNKNOWN}),
            ),
            &["registration", "document_id"],
        ),
        change(
            &format!("/v1/consents/{UNKNOWN}/annul"),
            &hans,
            json!({"ground": "wrong_person", "note": "En anden"}),
            &[],
        ),
        change(
            &format!("/v1/tasks/{UNKNOWN}/close"),
            &hans,
            json!({"outcome": "done", "note": "Slettet"}),
            &["note"],
        ),
        change(
            "/v1/lookups",
            &hans,
            json!({"person": {"cpr": cpr}, "purpose": "case_processing", "case": CASE, "valid_at": "2027-01-01T00:00:00Z",
                "known_at": "2027-01-01T00:00:00Z"}),
            &["case", "valid_at", "known_at"],
        ),
        change(
            "/v1/statutory-powers",
            &door.token("inge").await,
            json!({"what": "guardianship", "areas": ["economic"], "holders": [{"person": {"cpr": bo}, "lives_with": true}],
                "from": later, "until": later, "decision": {"case": CASE, "document": UNKNOWN}}),
            &["areas", "from", "until", "lives_with", "document"],
        ),
        change(
            &format!("/v1/statutory-powers/{UNKNOWN}/change"),
            &door.token("inge").await,
            json!({"what": "guardianship", "areas": ["economic"], "holders": [{"person": {"cpr": bo}, "lives_with": true}],
                "from": later, "until": later, "decision": {"case": CASE, "document": UNKNOWN}}),
            &["from", "until", "lives_with", "document"],
        ),
        change(
            &format!("/v1/statutory-powers/{UNKNOWN}/end"),
            &door.token("inge").await,
            json!({"from": later, "decision": {"case": CASE, "document": UNKNOWN}}),
            &["from", "document"],
        ),
        change("/v1/external/grants", &karin, grant, &["id", "valid_from", "valid_until"]),
        change(
            "/v1/erasures",
            &door.token("lars").await,
            json!({"person": {"cpr": cpr}, "ground": "retention_over", "case": CASE, "preview": true}),
            &["case", "preview"],
        ),
        change(
            "/v1/consent-types",
            &karin,
            door.definition("consent-types", "C15").await,
            &["legal_cap", "policy_cap", "voluntariness"],
        ),
        change(&in_review[0], &karin, json!({"comment": "Skriv kortere."}), &[]),
        change(&in_review[1], &karin, json!({"comment": "Skriv kortere."}), &[]),
        change(
            &in_review[1].replace("/return", "/withdraw"),
            &karin,
            json!({"from": later, "reason": "Den er erstattet."}),
            &[],
        ),
        change(
            "/v1/mandate-packages",
            &karin,
            door.definition("mandate-packages", "M14").await,
            &["statutory", "custody_until", "guardian"],
        ),
        change(
            "/v1/clients",
            &karin,
            json!({"client_id": "sagssystem", "client_name": "Sagssystem", "scope": "decide search", "purposes": ["automated_step"],
                "jwks": {"keys": [p256("k").jwk()]}, "token_binding": "dpop", "quota": 100, "resource": "https://sagssystem.example"}),
            &["client_id", "purposes", "quota", "resource", "alg", "use"],
        ),
        change(
            "/sandbox/tokens",
            "",
            json!({"person": "anna", "acting_for": "bo", "loa": "low", "identity": "private"}),
            &["acting_for", "loa", "identity"],
        ),
        change("/sandbox/clock", "", json!({"now": "2020-01-01T00:00:00Z"}), &[]),
        change("/sandbox/events", "", json!({"event": "death", "person": "bo", "on": later}), &["on"]),
        change(
            "/sandbox/events",
            "",
            json!({"event": "post_exempt", "person": "bo", "exempt": true, "since": later}),
            &["exempt", "since"],
        ),
        change(
            "/sandbox/events",
            "",
            json!({"event": "custody", "person": "clara", "holders": [{"person": "dorte", "lives_with": true}], "from": later}),
            &["from"],
        ),
        change(
            "/sandbox/events",
            "",
            json!({"event": "guardianship", "person": "finn", "guardians": ["gitte"], "form": "guardianship", "areas": ["economic"],
                "from": later, "until": later}),
            &["guardians", "form", "areas", "from", "until"],
        ),
        change(
            "/sandbox/events",
            "",
            json!({"event": "lasting_power", "person": "anna", "attorneys": ["bo"], "in_force": true, "areas": ["economic"], "from": later}),
            &["attorneys", "in_force", "areas", "from"],
        ),
    ]
}

/// One request that must be refused: what is wrong with it, its body, and the status and code.
struct Bad {
    flaw: String,
    content_type: &'static str,
    body: Vec<u8>,
    wanted: (u16, &'static str),
}

const JSON: &str = "application/json";
const MALFORMED: (u16, &str) = (400, "malformed_json");
const FLAWED: (u16, &str) = (422, "unprocessable");

fn bad(flaw: impl Into<String>, body: impl Into<Vec<u8>>, wanted: (u16, &'static str)) -> Bad {
    Bad { flaw: flaw.into(), content_type: JSON, body: body.into(), wanted }
}

/// No JSON, JSON that can be read in two ways, JSON of another shape, too much, or by another name.
fn not_the_json_asked_for(good: &Value) -> Vec<Bad> {
    let text = good.to_string();
    let first = good.as_object().and_then(|o| o.keys().next()).expect("a field");
    let twice = format!("{{\"{first}\":1,{}", &text[1..]);
    let deep = "[".repeat(200) + &"]".repeat(200);
    let nested = format!("{}1{}", "{\"about\":".repeat(200), "}".repeat(200));
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut list = vec![
        bad("empty", "", MALFORMED),
        bad("a space", " ", MALFORMED),
        bad("cut off", &text[..text.len() - 1], MALFORMED),
        bad("more after it", format!("{text} {{}}"), MALFORMED),
        bad("a name twice", twice, MALFORMED),
        bad("200 deep", deep, MALFORMED),
        bad("200 deep in names", nested, MALFORMED),
        bad("a comment", format!("/* */{text}"), MALFORMED),
        bad("a byte order mark", format!("\u{feff}{text}"), MALFORMED),
        bad("UTF-16", utf16, MALFORMED),
        bad("Latin-1", b"{\"person\":\"\xe6\"}".to_vec(), MALFORMED),
        bad("a raw NUL", "{\"person\":\"a\0\"}", MALFORMED),
        bad("NaN", "{\"person\":NaN}", MALFORMED),
        bad("1e999", "{\"person\":1e999}", MALFORMED),
        bad("an array", format!("[{text}]"), FLAWED),
        bad("an empty array", "[]", FLAWED),
        bad("null", "null", FLAWED),
        bad("a text", "\"x\"", FLAWED),
        bad("a number", "9223372036854775808", FLAWED),
        bad("an empty object", "{}", FLAWED),
        bad("65 KiB", format!("{text}{}", " ".repeat(65 * 1024)), (413, "body_too_large")),
    ];
    for content_type in [
        "text/plain",
        "",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/json",
        "application/xml",
        "application/json, text/plain",
    ] {
        let flaw = format!("content type {content_type:?}");
        list.push(Bad {
            flaw,
            content_type,
            body: text.clone().into_bytes(),
            wanted: (415, "wrong_content_type"),
        });
    }
    list
}

/// The places in a JSON document: every value with its pointer.
fn places(value: &Value, at: &str, found: &mut Vec<(String, Value)>) {
    found.push((at.to_owned(), value.clone()));
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| places(field, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => items.iter().take(1).for_each(|item| places(item, &format!("{at}/0"), found)),
        _ => {}
    }
}

fn with(good: &Value, at: &str, value: Value) -> Vec<u8> {
    let mut changed = good.clone();
    *changed.pointer_mut(at).expect("a place") = value;
    changed.to_string().replace(HALF, "\\ud800").into_bytes()
}

/// One field at a time: not there, of another type, with characters that no text of ours has, one that nobody asked for.
fn flawed_fields(good: &Value, optional: &[&str]) -> Vec<Bad> {
    let (mut found, mut list) = (Vec::new(), Vec::new());
    places(good, "", &mut found);
    // A definition has hundreds of texts, all of a few kinds.
    for (at, value) in found.into_iter().take(60) {
        let name = at.rsplit('/').next().unwrap_or_default().to_owned();
        let mut put = |flaw: &str, value: Value, wanted| {
            list.push(bad(format!("{at}: {flaw}"), with(good, &at, value), wanted));
        };
        if !at.is_empty() {
            let other = if value.is_string() { json!({"a": 1}) } else { json!("x") };
            put("another type", other, FLAWED);
            put("2^63", json!(9_223_372_036_854_775_808_u64), FLAWED);
            put("-1", json!(-1), FLAWED);
            put("half a character", json!(HALF), MALFORMED);
        }
        if let Some(text) = value.as_str() {
            for (flaw, changed) in [
                ("NUL", format!("{text}\0")),
                ("right to left", format!("\u{202e}{text}")),
                ("a hidden space", format!("{text}\u{200b}")),
                ("a line end", format!("{text}\n")),
                ("a space before it", format!(" {text}")),
                ("nothing", String::new()),
                ("10 000 characters", "x".repeat(10_000)),
            ] {
                put(flaw, json!(changed), FLAWED);
            }
        }
        if text_is_a_day(&value) {
            for day in [
                "0000-01-01",
                "10000-01-01",
                "-001-01-01",
                "2026-02-30",
                "2026-1-1",
                "01-01-2027",
                "2027-01-01T00:00:00Z",
            ] {
                put(day, json!(day), FLAWED);
            }
            put("the last day of all", json!("9999-12-31"), FLAWED);
            // Somebody may well have died that day, as far as the calendar knows.
            if name != "on" {
                put("the first day of all", json!("0001-01-01"), FLAWED);
            }
        }
        if let Value::Object(fields) = &value {
            for field in PRIVILEGED.iter().filter(|field| !fields.contains_key(**field)) {
                let mut more = fields.clone();
                more.insert((*field).to_owned(), json!("x"));
                put(&format!("with {field}"), Value::Object(more), FLAWED);
            }
            for field in fields.keys().filter(|field| !optional.contains(&field.as_str())) {
                let mut fewer = fields.clone();
                fewer.remove(field);
                put(&format!("without {field}"), Value::Object(fewer), FLAWED);
            }
        }
    }
    list
}

fn text_is_a_day(value: &Value) -> bool {
    value.as_str().is_some_and(|t| t.len() == 10 && t.as_bytes()[4] == b'-' && t.as_bytes()[7] == b'-')
}

/// What is no CPR number; the last ones are of somebody, written as nobody should.
fn numbers_that_are_none(of_somebody: &str) -> Vec<String> {
    let mut list: Vec<String> = [
        "2902001004",
        "3102991234",
        "290200-1004",
        "abc",
        "１４０５５０９６８３",
        "0000000000",
        "14055096833",
        "140550968",
        "140550--9683",
        "+4514055096",
        "0x14055096",
        "1e10",
        "٠١٠١٠١١٢٣٤",
        "0101011234\u{0}",
        "cpr:0101651234",
    ]
    .map(str::to_owned)
    .into();
    let (day, serial) = of_somebody.split_at(6);
    for (before, between, after) in [
        (" ", "", ""),
        ("", "", " "),
        ("", " ", ""),
        ("", " - ", ""),
        ("", "–", ""),
        ("", "", "\n"),
        ("\u{feff}", "", ""),
    ] {
        list.push(format!("{before}{day}{between}{serial}{after}"));
    }
    list
}

type Told = BTreeMap<String, (u16, String, Value)>;

async fn refusals(engine: Engine) -> Told {
    let door = Door::open(engine).await;
    let changes = changes(&door).await;
    let before = tables::facts(&door.tillid).await;
    let mut told = Told::new();
    let mut flaws = Vec::new();
    for (n, change) in changes.iter().enumerate() {
        let mut list = not_the_json_asked_for(&change.body);
        list.extend(flawed_fields(&change.body, change.optional));
        for pointer in ["/person/cpr", "/grantor/cpr", "/about/mandate/representative/cpr"] {
            if let Some(cpr) = change.body.pointer(pointer).and_then(Value::as_str) {
                for number in numbers_that_are_none(cpr) {
                    list.push(bad(
                        format!("{pointer} {}", number.escape_debug()),
                        with(&change.body, pointer, json!(number)),
                        FLAWED,
                    ));
                }
            }
        }
        for Bad { flaw, content_type, body, wanted } in list {
            let mut knock = door.post(&change.path).bytes(content_type, body);
            if !change.by.is_empty() {
                knock = knock.by(&change.by);
            }
            let answer = knock.send().await;
            let got = (answer.status.as_u16(), answer.code());
            if got != (wanted.0, wanted.1.to_owned()) {
                flaws.push(format!("{}: {flaw}: {got:?}, not {wanted:?}", change.path));
            }
            let errors = answer.json()["errors"].clone();
            // The sentence may name what the reader may know; the place and the code are for programs.
            told.insert(format!("{n} {flaw}"), (got.0, got.1, errors));
        }
    }
    assert!(flaws.is_empty(), "{} of {}:\n{}", flaws.len(), told.len(), flaws.join("\n"));
    let after = tables::facts(&door.tillid).await;
    for (table, rows) in &before {
        assert_eq!(after.get(table), Some(rows), "{table} has changed");
    }
    door.events();
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_body_is_refused_alike_on_both_engines_and_changes_nothing() {
    let (sqlite, postgres) = tokio::join!(refusals(Engine::Sqlite), refusals(Engine::Postgres));
    println!("{} bad bodies on each engine", sqlite.len());
    assert!(sqlite.len() > 1000);
    for (flaw, told) in &sqlite {
        assert_eq!(postgres.get(flaw), Some(told), "{flaw}");
    }
    assert_eq!(sqlite.len(), postgres.len());
}
