//! The arrows between the crates, and what may be depended on.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// Each crate may import only what stands behind its colon.
const ARROWS: [(&str, &str); 11] = [
    ("tillid-domain", ""),
    ("tillid-log", ""),
    ("tillid-documents", "tillid-domain"),
    ("tillid-storage", "tillid-domain"),
    ("tillid-service", "tillid-storage tillid-documents tillid-log tillid-domain"),
    ("tillid-edge", "tillid-service tillid-domain"),
    ("tillid-api", "tillid-edge tillid-service tillid-documents tillid-domain"),
    ("tillid-web", "tillid-edge tillid-service tillid-documents tillid-domain"),
    ("tillid-sandbox", "tillid-edge tillid-service tillid-domain"),
    ("tillid", "*"),
    ("tillid-testkit", "*"),
];

/// Who may use these crates directly: SQL stays in storage, HTTP ends at the edge.
const ONLY: [(&str, &str); 5] = [
    ("sqlx", "tillid-storage tillid-testkit"),
    ("axum", "tillid-edge tillid-api tillid-web tillid-sandbox tillid"),
    ("askama", "tillid-web tillid-sandbox tillid-documents tillid"),
    ("reqwest", "tillid-edge tillid-sandbox tillid"),
    ("hyper-util", "tillid-edge"),
];

fn metadata() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
            "--locked",
            "--manifest-path",
            manifest,
        ])
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("json")
}

fn ours(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let local = |p: &&Value| p["source"].is_null();
    let packages = metadata["packages"].as_array().expect("packages").iter().filter(local);
    packages
        .map(|p| {
            let dependencies = p["dependencies"].as_array().expect("dependencies").iter();
            let normal = dependencies
                .filter(|d| d["kind"].is_null())
                .map(|d| d["name"].as_str().expect("a name").to_owned());
            (p["name"].as_str().expect("a name").to_owned(), normal.collect())
        })
        .collect()
}

#[test]
fn each_crate_imports_only_what_its_arrow_points_to() {
    let crates = ours(&metadata());
    let listed: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        crates.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        listed,
        "every crate has its arrow"
    );
    for (name, allowed) in ARROWS.iter().filter(|(_, allowed)| *allowed != "*") {
        let allowed: BTreeSet<&str> = allowed.split_whitespace().collect();
        for dependency in crates[*name].iter().filter(|d| d.as_str() == "tillid" || d.starts_with("tillid-"))
        {
            assert!(allowed.contains(dependency.as_str()), "{name} imports {dependency}");
        }
    }
    for (dependency, users) in ONLY {
        let users: BTreeSet<&str> = users.split_whitespace().collect();
        for (name, dependencies) in &crates {
            assert!(
                !dependencies.contains(dependency) || users.contains(name.as_str()),
                "{name} uses {dependency}"
            );
        }
    }
    assert!(!crates.values().any(|d| d.contains("tillid-testkit")), "the test kit is for tests alone");
}

/// Whether a licence expression (SPDX) can be met with the allowed ones.
fn permitted(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let flat = expression.replace('/', " OR ");
    let mut text = flat.trim().to_owned();
    while let Some(open) = text.rfind('(') {
        let close = open + text[open..].find(')').expect("a closing parenthesis");
        let inner = permitted(&text[open + 1..close], allowed);
        text.replace_range(open..=close, if inner { "yes" } else { "no" });
    }
    let alone = |licence: &str| {
        licence == "yes" || allowed.contains(licence.split(" WITH ").next().unwrap_or_default())
    };
    text.split(" OR ").any(|choice| choice.split(" AND ").all(|licence| alone(licence.trim())))
}

#[test]
fn every_dependency_has_a_licence_of_the_list() {
    let deny: toml::Table = toml::from_str(include_str!("../../deny.toml")).expect("deny.toml");
    let allowed: BTreeSet<String> = deny["licenses"]["allow"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|l| l.as_str().expect("a licence").to_owned())
        .collect();
    assert!(permitted("(MIT OR GPL-2.0) AND ISC", &allowed) && !permitted("MIT AND GPL-2.0", &allowed));
    for package in metadata()["packages"].as_array().expect("packages") {
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(permitted(licence, &allowed), "{} {licence}", package["name"]);
    }
}
