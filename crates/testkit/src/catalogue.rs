//! The definitions of the seed catalogue, read from their files.

use serde::de::DeserializeOwned;
use std::{fs, path::PathBuf};
use tillid_domain::{
    Cvr, Localized,
    catalogue::{ConsentType, Definition, MandatePackage},
};
use tillid_service::Authority;
use toml::{Table, Value};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../catalogue")
}

fn table(path: &str) -> Table {
    let text = fs::read_to_string(folder().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    toml::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// An authority of the catalogue, by its key.
pub fn authority(key: &str) -> Authority {
    let all = table("authorities.toml");
    let all = all["authorities"].as_array().unwrap();
    let found = all.iter().find(|a| a["key"].as_str() == Some(key)).unwrap_or_else(|| panic!("no {key}"));
    let field = |name: &str| found[name].clone();
    Authority {
        cvr: cvr(key),
        name: field("name").try_into::<Localized>().unwrap(),
        dpo_contact: field("dpo_contact").try_into().unwrap(),
    }
}

/// Its CVR number.
pub fn cvr(key: &str) -> Cvr {
    let all = table("authorities.toml");
    let all = all["authorities"].as_array().unwrap();
    let found = all.iter().find(|a| a["key"].as_str() == Some(key)).unwrap_or_else(|| panic!("no {key}"));
    found["cvr"].as_str().unwrap().parse().unwrap()
}

fn definition<T: DeserializeOwned>(folder: &str, code: &str) -> T {
    let path = format!("{folder}/{code}.toml");
    let mut read = table(&path);
    let key = read["authority"].as_str().unwrap().to_owned();
    read.insert("authority".to_owned(), Value::String(cvr(&key).to_string()));
    Value::Table(read).try_into().unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A consent type such as C01.
pub fn consent_type(code: &str) -> ConsentType {
    definition("consent-types", code)
}

/// A mandate package such as M14.
pub fn package(code: &str) -> MandatePackage {
    definition("mandate-packages", code)
}

/// What a code of either catalogue defines.
pub fn defined(code: &str) -> Definition {
    if code.starts_with('M') {
        Definition::MandatePackage(Box::new(package(code)))
    } else {
        Definition::ConsentType(Box::new(consent_type(code)))
    }
}
