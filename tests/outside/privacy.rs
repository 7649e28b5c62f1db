//! No CPR number anywhere but where it is asked for: not in logs, metrics, answers, addresses, nor in the database in clear.

use crate::{
    door::{CASE, Door, UNKNOWN, answers},
    support::Answer,
    tables,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write as _, path::Path};
use tillid_domain::Cpr;
use tillid_testkit::{Administrator, Engine};

/// Numbers that are looked for: as they are, with a hyphen or a space, and as the bytes of each in hexadecimal.
struct Numbers(Vec<String>);

impl Numbers {
    fn of(numbers: impl IntoIterator<Item = String>) -> Self {
        let mut spellings = Vec::new();
        for number in numbers {
            let (day, serial) = number.split_at(6);
            for spelling in [
                number.clone(),
                format!("{day}-{serial}"),
                format!("{day} {serial}"),
                format!("{day}%20{serial}"),
                format!("{day}/{serial}"),
            ] {
                spellings.push(hexadecimal(&spelling));
                spellings.push(spelling);
            }
        }
        Self(spellings)
    }

    /// Where they stand in something, with a little of what is around.
    fn found_in(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(bytes);
        let lower = text.to_ascii_lowercase();
        let mut found: Vec<String> = Vec::new();
        for spelling in &self.0 {
            if let Some(at) = lower.find(spelling.as_str()) {
                let around: String =
                    lower[..at].chars().rev().take(80).collect::<Vec<_>>().into_iter().rev().collect();
                found.push(format!("{place}: …{around}[{spelling}]"));
            }
        }
        found
    }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::new(), |mut read, byte| {
        let _ = write!(read, "{byte:02x}");
        read
    })
}

/// Whatever looks like a CPR number in a text: ten digits with a date, that are no part of something longer.
///
/// A part of a word is none (identifiers and fingerprints are hexadecimal), and neither are the decimals of a number.
fn anything_like_one(text: &str) -> Option<String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_';
    text.split(|c: char| !inside(c))
        .find(|word| word.len() <= 11 && word.parse::<Cpr>().is_ok())
        .map(str::to_owned)
}

/// The people whose numbers are sent about: two of the demo and one that nobody knew.
async fn numbers(door: &Door) -> Vec<String> {
    let people = door.tillid.get("/sandbox/people").send().await.expect(200).json();
    let items = people["items"].as_array().expect("people");
    let mut list: Vec<String> = items.iter().filter_map(|p| p["cpr"].as_str()).map(str::to_owned).collect();
    list.extend(["0101651234", "1405509683", "0801105610"].map(str::to_owned));
    list
}

/// What everybody does, and CPR numbers in every place where they do not belong.
async fn busy(door: &Door) {
    let (hans, anna, mona) = (door.token("hans").await, door.token("anna").await, door.token("mona").await);
    let fagsystem = door.token("fagsystem").await;
    let (cpr, bo) = (door.cpr("anna").await, door.cpr("bo").await);
    let hyphenated = format!("{}-{}", &bo[..6], &bo[6..]);

    // Where it belongs.
    let request = door.asked(&hans, &cpr, "C02").await;
    let consents = door.answered(&anna, &request).await;
    let mandate = door.mandated(&anna, &hyphenated, "M14").await;
    let bo_for_anna = door.tillid.token_for("bo", "anna").await;
    door.get("/v1/overview").by(&bo_for_anna).send().await.expect(200);
    for (token, purpose) in [
        (&hans, "case_processing"),
        (&mona, "case_processing"),
        (&mona, "supervision"),
        (&fagsystem, "automated_step"),
    ] {
        for number in [cpr.as_str(), hyphenated.as_str(), "0101651234", "140550-9683"] {
            let body = json!({"person": {"cpr": number}, "purpose": purpose, "case": CASE});
            let found = door.post("/v1/lookups").by(token).json(&body).send().await;
            let Some(lookup) = found.json()["lookup_id"].as_str().map(str::to_owned) else { continue };
            for list in ["consents", "consent-requests", "mandates"] {
                door.get(&format!("/v1/{list}"))
                    .by(token)
                    .header("lookup-id", &lookup)
                    .send()
                    .await
                    .expect(200);
            }
        }
    }
    for path in ["/v1/overview", "/v1/access-log", "/v1/consents", "/v1/mandates", "/v1/consent-requests"] {
        door.get(path).by(&anna).send().await.expect(200);
    }
    let receipt =
        door.get(&format!("/v1/consents/{}/receipt", consents[0])).by(&anna).send().await.expect(303);
    door.get(receipt.headers["location"].to_str().expect("a path")).by(&anna).send().await.expect(200);

    // Where it does not.
    for number in [cpr.as_str(), hyphenated.as_str(), "0101651234", "080110 5610"] {
        misplaced(door, &anna, number).await;
        misplaced_in_bodies(door, &hans, &anna, &consents[0], number).await;
    }
    door.post(&format!("/v1/mandates/{mandate}/revoke")).by(&anna).send().await.expect(200);
    door.post(&format!("/v1/consents/{}/withdraw", consents[0])).by(&anna).send().await.expect(200);
    door.post("/sandbox/events").json(&json!({"event": "death", "person": "erik"})).send().await.expect(200);
}

/// In addresses and headers.
async fn misplaced(door: &Door, anna: &str, number: &str) {
    let address = number.replace(' ', "%20");
    for path in [
        format!("/v1/consents/{address}"),
        format!("/v1/consents/cpr:{address}"),
        format!("/v1/{address}"),
        format!("/{address}/{address}"),
        format!("/v1/consent-types/{address}"),
        format!("/v1/consents?cursor={address}"),
        format!("/v1/consents?limit={address}"),
        format!("/v1/consents?{address}={address}"),
        format!("/v1/overview?cpr={address}"),
        format!("/docs/{address}"),
        format!("/sandbox/inbox/{address}"),
    ] {
        door.tillid.get(&path).by(anna).send().await;
        door.tillid.post(&path).by(anna).send().await;
    }
    for header in [
        "x-request-id",
        "lookup-id",
        "idempotency-key",
        "if-match",
        "accept-language",
        "user-agent",
        "referer",
        "traceparent",
        "x-forwarded-for",
        "cookie",
        "origin",
        "from",
    ] {
        door.get("/v1/overview").by(anna).header(header, number).send().await;
        door.ask("POST", "/v1/presentations")
            .by(anna)
            .header(header, number)
            .json(&json!({"about": {"consent": {"consent_type": "C15"}}}))
            .send()
            .await;
        door.ask("POST", &format!("/v1/consents/{UNKNOWN}/withdraw"))
            .by(anna)
            .header(header, &format!("\"{number}\""))
            .send()
            .await;
    }
    door.get("/v1/overview").by(&number.replace(' ', "")).send().await.expect(401);
    door.get("/v1/overview").header("authorization", &format!("Basic {number}")).send().await.expect(401);
    door.tillid.ask(&format!("X{}", address.replace('%', "")), "/v1/overview").send().await;
}

/// In fields where something else is asked for.
async fn misplaced_in_bodies(door: &Door, hans: &str, anna: &str, consent: &str, number: &str) {
    let person = json!({"cpr": number.replace(' ', "")});
    let mut bodies: Vec<(&str, &str, Value)> = Vec::new();
    for text in [number.to_owned(), format!("sag {number}"), format!("cpr:{number}"), format!("{number}/2")] {
        bodies.push((
            "/v1/lookups",
            hans,
            json!({"person": person, "purpose": "case_processing", "case": text}),
        ));
        bodies.push((
            "/v1/consent-requests",
            hans,
            json!({"person": person, "consent_type": "C02", "case": text}),
        ));
        bodies.push((
            "/v1/presentations",
            anna,
            json!({"about": {"consent": {"consent_type": "C15", "case": text}}}),
        ));
        let mandate = json!({"representative": {"cpr": "0101651234"}, "packages": ["M14"], "valid_until": door.in_half_a_year().await});
        for field in ["case", "representative_name"] {
            let mut mandate = mandate.clone();
            mandate[field] = json!(text);
            bodies.push(("/v1/presentations", anna, json!({"about": {"mandate": mandate}})));
        }
    }
    let karin = door.token("karin").await;
    for pointer in [
        "/title/da",
        "/purpose/en",
        "/code",
        "/items/0/code",
        "/items/0/statement/da",
        "/legal_references/0/citation",
    ] {
        let mut definition = door.definition("consent-types", "C15").await;
        *definition.pointer_mut(pointer).expect("a text") = json!(number);
        bodies.push(("/v1/consent-types", &karin, definition));
    }
    bodies.extend([
        ("/v1/lookups", hans, json!({"person": {"id": number}, "purpose": "case_processing"})),
        ("/v1/lookups", hans, json!({"person": {"cpr": format!("{number}0")}, "purpose": "case_processing"})),
        ("/v1/lookups", hans, json!({"person": person, "purpose": number})),
        ("/v1/lookups", hans, json!({"person": number, "purpose": "case_processing"})),
        ("/v1/lookups", hans, json!({number: person, "purpose": "case_processing"})),
        ("/v1/lookups", hans, json!({"person": {number: number}, "purpose": "case_processing"})),
        ("/v1/lookups", hans, json!({"person": {"cpr": [number]}, "purpose": "case_processing"})),
        ("/v1/lookups", hans, json!(number)),
        ("/v1/consent-requests", hans, json!({"person": person, "consent_type": number})),
        (
            "/v1/consent-requests",
            hans,
            json!({"person": person, "consent_type": "C02", "items": [number], "case": CASE}),
        ),
        (
            "/v1/consent-requests",
            hans,
            json!({"person": person, "consent_type": "C02", "case": CASE, "deadline": number}),
        ),
        ("/v1/consents", anna, answers(number, &[number.to_owned()])),
        ("/v1/mandates", anna, json!({"presentation_id": number})),
        ("/v1/presentations", anna, json!({"language": number, "about": {"request": number}})),
        ("/v1/presentations", anna, json!({"about": {number: number}})),
        ("/sandbox/tokens", anna, json!({"person": number, "acting_for": number})),
        ("/sandbox/events", anna, json!({"event": "death", "person": number})),
        ("/sandbox/clock", anna, json!({"now": number})),
    ]);
    for (path, token, body) in bodies {
        let answer = door.post(path).by(token).json(&body).send().await;
        assert!(!answer.status.is_success(), "{path} takes {body}");
        // The same, but no JSON any more.
        door.post(path).by(token).bytes("application/json", format!("{body}}}")).send().await.expect(400);
        door.post(path)
            .by(token)
            .bytes(&format!("text/plain; x=\"{number}\""), body.to_string())
            .send()
            .await
            .expect(415);
    }
    door.post(&format!("/v1/consents/{consent}/withdraw"))
        .by(anna)
        .header("if-match", "\"v9\"")
        .json(&json!({"reason": number}))
        .send()
        .await
        .expect(412);
}

/// Everything that was answered, with its headers.
fn told(answer: &Answer) -> String {
    let headers: Vec<String> = answer
        .headers
        .iter()
        .map(|(n, v)| format!("{n}: {}", String::from_utf8_lossy(v.as_bytes())))
        .collect();
    format!("{}\n{}", headers.join("\n"), String::from_utf8_lossy(&answer.body))
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok).map(|e| e.path()) {
        if entry.is_dir() { files(&entry, found) } else { found.push(entry) }
    }
}

/// The files of the database as they lie on the disk, and what the server of it has logged.
async fn on_disk(door: &Door, administrator: &mut Administrator) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    match administrator {
        Administrator::Sqlite(_) => files(door.tillid.folder(), &mut found),
        Administrator::Postgres(_) => {
            administrator.execute("CHECKPOINT").await.expect("a checkpoint");
            let folder = administrator.column("SELECT current_setting('data_directory')").await[0].clone();
            let own = administrator
                .column("SELECT oid::text FROM pg_database WHERE datname = current_database()")
                .await[0]
                .clone();
            files(&Path::new(&folder).join("base").join(own), &mut found);
            files(door.tillid.folder(), &mut found);
        }
    }
    assert!(found.iter().any(|f| f.ends_with("log")), "{found:?}");
    found
}

async fn nothing_leaks(engine: Engine) {
    let mut door = Door::open(engine).await;
    let secret = Numbers::of(numbers(&door).await);
    busy(&door).await;
    door.events();
    let mut flaws = Vec::new();

    let metrics = door.tillid.get(&format!("{}/metrics", door.tillid.internal)).send().await.expect(200);
    let log = door.tillid.log();
    assert!(metrics.body.len() > 500 && log.len() > 50_000, "there is something to look at");
    assert!(log.contains("\"DEBUG\""), "the log tells everything that it can");
    flaws.extend(secret.found_in("metrics", &metrics.body));
    flaws.extend(secret.found_in("log", log.as_bytes()));
    let heard = door.heard();
    assert!(heard.len() > 500, "{}", heard.len());
    for (line, answer) in heard.iter().filter(|(line, _)| !line.ends_with("/sandbox/people")) {
        let told = told(answer);
        flaws.extend(secret.found_in(&format!("answer to {line}"), told.as_bytes()));
        flaws.extend(anything_like_one(&told).map(|number| format!("answer to {line} shows {number}")));
    }
    for text in [String::from_utf8_lossy(&metrics.body).into_owned(), log] {
        flaws.extend(
            anything_like_one(&text)
                .map(|number| format!("something like {number} in the log or the metrics")),
        );
    }

    let mut administrator = door.tillid.administrator().await;
    let dump = tables::dump(&mut administrator).await;
    assert!(
        dump["person_number"].len() >= 17 && dump["access_record"].len() > 10,
        "there is something to look at"
    );
    for (table, rows) in &dump {
        let text = rows.join("\n");
        flaws.extend(secret.found_in(&format!("table {table}"), text.as_bytes()));
        flaws.extend(anything_like_one(&text).map(|number| format!("something like {number} in {table}")));
    }
    let disk = on_disk(&door, &mut administrator).await;
    for file in &disk {
        // Other tests of the same cluster remove their databases meanwhile.
        let Ok(bytes) = std::fs::read(file) else { continue };
        flaws.extend(secret.found_in(&format!("file {}", file.display()), &bytes));
    }
    // The file after the write-ahead log has gone into it.
    door.tillid.stop();
    for file in &disk {
        let Ok(bytes) = std::fs::read(file) else { continue };
        flaws.extend(secret.found_in(&format!("file {} after the end", file.display()), &bytes));
    }
    let different: BTreeSet<String> = flaws.into_iter().collect();
    assert!(different.is_empty(), "{}", different.into_iter().collect::<Vec<_>>().join("\n"));

    planted(&secret, &mut administrator).await;
}

/// What is planted is found, by the same searches.
async fn planted(secret: &Numbers, administrator: &mut Administrator) {
    let number = secret.0[1].clone();
    let hyphenated = format!("{}-{}", &number[..6], &number[6..]);
    let line = format!("2026-11-22T00:00:00Z DEBUG looked up {hyphenated} for a case");
    assert_eq!(secret.found_in("log", line.as_bytes()).len(), 1);
    assert_eq!(anything_like_one(&line), Some(hyphenated.clone()));
    assert_eq!(anything_like_one(&format!("{{\"cpr\":\"{number}\"}}")), Some(number.clone()));
    let bytes = hexadecimal(&format!("{{\"case\":\"{number}\"}}"));
    for (column, value) in [("name", format!("'{number}'")), ("name", format!("'{bytes}'"))] {
        administrator
            .execute(&format!(
                "UPDATE person SET {column} = {value} WHERE name LIKE 'Anna%' OR name LIKE '{number}'"
            ))
            .await
            .expect("an update");
        let dump = tables::dump(administrator).await;
        assert!(!secret.found_in("person", dump["person"].join("\n").as_bytes()).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cpr_number_leaks_on_sqlite() {
    nothing_leaks(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cpr_number_leaks_on_postgresql() {
    nothing_leaks(Engine::Postgres).await;
}
