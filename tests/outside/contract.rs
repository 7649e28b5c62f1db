//! The contract and the pages about it.
//!
//! That every answer is one that the contract lists is checked where the answers come in: see `Door`.

use crate::{door::Door, support::TILLID};
use serde_json::Value;
use std::{collections::BTreeSet, process::Command};
use tillid_testkit::Engine;

/// Another host, in a page, a style or a script.
fn foreign(text: &str) -> Vec<&str> {
    let starts = |needle: &'static str| {
        text.match_indices(needle)
            .map(move |(at, _)| at + needle.len() - needle.trim_start_matches(['"', '\'', '(', '=']).len())
    };
    let attributes = [
        "src=\"http",
        "src=\"//",
        "href=\"http",
        "href=\"//",
        "url(http",
        "url(\"http",
        "url(//",
        "@import \"http",
        "@import url(\"http",
        "import(\"http",
    ];
    attributes
        .iter()
        .flat_map(|needle| starts(needle))
        .map(|at| text[at.saturating_sub(10)..].lines().next().unwrap_or_default())
        .collect()
}

/// What a page loads by itself: its styles, scripts and pictures.
fn assets(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for attribute in ["src=\"", "href=\""] {
        for (at, _) in page.match_indices(attribute) {
            let rest = &page[at + attribute.len()..];
            found.insert(rest.split('"').next().expect("a value").trim_start_matches("./").to_owned());
        }
    }
    found
}

#[tokio::test]
async fn the_pages_about_the_contract_come_from_this_host_alone() {
    let door = Door::open(Engine::Sqlite).await;
    let moved = door.get("/docs").send().await.expect(303);
    assert_eq!(moved.headers["location"], "/docs/");
    let page = door.get("/docs/").send().await.expect(200);
    let text = String::from_utf8(page.body.clone()).expect("text");
    let assets = assets(&text);
    assert!(assets.len() >= 5, "{assets:?}");
    assert_eq!(foreign(&text), Vec::<&str>::new());
    for asset in assets {
        let answer = door.get(&format!("/docs/{asset}")).send().await.expect(200);
        let policy = answer.headers["content-security-policy"].to_str().expect("text");
        assert!(
            policy.contains("default-src 'none'")
                && policy.contains("script-src 'self';")
                && policy.contains("connect-src 'self'"),
            "{policy}"
        );
        assert!(
            !policy.contains("http")
                && !policy.contains('*')
                && !policy.contains("script-src 'self' 'unsafe"),
            "{policy}"
        );
        assert!(!answer.body.is_empty(), "{asset}");
        if asset.ends_with("css") || asset.ends_with("initializer.js") {
            let text = String::from_utf8(answer.body).expect("text");
            assert_eq!(foreign(&text), Vec::<&str>::new(), "{asset}");
        }
        if asset.ends_with("initializer.js") {
            let script =
                String::from_utf8(door.get(&format!("/docs/{asset}")).send().await.body).expect("text");
            assert!(
                script.contains("/openapi.json")
                    && !script.contains("https://")
                    && !script.contains("validator.swagger.io"),
                "{script}"
            );
        }
    }
    // What would load from elsewhere is seen.
    for line in [
        "<script src=\"https://example.com/x.js\">",
        "a { background: url(https://example.com/x.png) }",
        "<link href=\"//example.com/x.css\">",
    ] {
        assert_eq!(foreign(line).len(), 1, "{line}");
    }
}

#[tokio::test]
async fn the_contract_on_the_wire_is_the_one_that_the_program_writes() {
    let door = Door::open(Engine::Sqlite).await;
    let served = door.get("/openapi.json").send().await.expect(200).json();
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(TILLID).arg("openapi").arg(folder.path()).output().expect("the program runs");
    assert!(output.status.success());
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(folder.path().join(name)).expect("a file")).expect("json")
    };
    for name in ["tillid.json", "sandbox.json"] {
        for (path, operations) in read(name)["paths"].as_object().expect("paths") {
            assert_eq!(&served["paths"][path], operations, "{name} {path}");
        }
    }
    assert_eq!(served["openapi"].as_str().map(|v| &v[..3]), Some("3.1"));
    let check = Command::new(TILLID)
        .args(["openapi", "--check"])
        .arg(folder.path())
        .status()
        .expect("the program runs");
    assert!(check.success());
    let mut changed = read("tillid.json");
    changed["info"]["title"] = Value::Null;
    std::fs::write(folder.path().join("tillid.json"), changed.to_string()).expect("a file");
    let check = Command::new(TILLID)
        .args(["openapi", "--check"])
        .arg(folder.path())
        .status()
        .expect("the program runs");
    assert_eq!(check.code(), Some(1));

    // Every operation has a name, a place in the table of contents and words; what is open to everyone says so.
    let mut names = BTreeSet::new();
    for (path, operations) in served["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let name = operation["operationId"].as_str().unwrap_or_default();
            assert!(names.insert(name.to_owned()) && !name.is_empty(), "{method} {path}: {name}");
            assert!(operation["tags"][0].is_string() && operation["summary"].is_string(), "{method} {path}");
        }
    }
}

/// What needs no login according to the contract needs none, and everything else does.
#[tokio::test]
async fn what_the_contract_says_of_logins_is_so() {
    let door = Door::open(Engine::Sqlite).await;
    let served = door.get("/openapi.json").send().await.expect(200).json();
    for (method, path) in door.operations() {
        let operation = &served["paths"][&path][method.to_lowercase()];
        let open = operation["security"] == serde_json::json!([{}]);
        let address = path
            .replace("{id}", crate::door::UNKNOWN)
            .replace("{event_id}", crate::door::UNKNOWN)
            .replace("{code}", "C02")
            .replace("{type}", "user")
            .replace("{number}", "1");
        let answer = door.ask(&method, &address).send().await;
        assert_eq!(answer.status == 401, !open, "{method} {path}: {}", answer.status);
    }
}
