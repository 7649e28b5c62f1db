//! Catalogue files: definitions as people write and review them, in TOML, with authorities by key.

use crate::Authority;
use serde::Deserialize;
use std::collections::BTreeMap;
use tillid_domain::{Cvr, Localized, catalogue::Definition, text::Name};

/// Why a file is no part of a catalogue.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is no TOML, or a field is missing or wrong.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// It names an authority that the list of authorities does not have.
    #[error("there is no authority {0}")]
    UnknownAuthority(String),
    /// It has neither items nor privileges.
    #[error("it is neither a consent type (items) nor a mandate package (privileges)")]
    NeitherKind,
}

/// The authorities of a catalogue, by the keys that its files use.
#[derive(Clone, Debug)]
pub struct Authorities(BTreeMap<String, Authority>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthoritiesFile {
    authorities: Vec<AuthorityRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorityRow {
    key: String,
    cvr: Cvr,
    #[serde(rename = "kind")]
    _kind: Kind,
    name: Localized,
    dpo_contact: Name,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Municipality,
    Region,
    State,
    Other,
}

impl Authorities {
    /// Reads `authorities.toml`.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        let file: AuthoritiesFile = toml::from_str(text)?;
        let row =
            |a: AuthorityRow| (a.key, Authority { cvr: a.cvr, name: a.name, dpo_contact: a.dpo_contact });
        Ok(Self(file.authorities.into_iter().map(row).collect()))
    }

    /// These authorities, by their keys.
    pub fn new(authorities: impl IntoIterator<Item = (String, Authority)>) -> Self {
        Self(authorities.into_iter().collect())
    }

    /// The authority with that key.
    pub fn get(&self, key: &str) -> Option<&Authority> {
        self.0.get(key)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Authority> {
        self.0.values()
    }
}

/// Reads one definition. Its flaws are told when it is imported.
pub fn parse_definition(text: &str, authorities: &Authorities) -> Result<Definition, FileError> {
    let mut table: toml::Table = toml::from_str(text)?;
    let key = table.get("authority").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    let authority = authorities.get(&key).ok_or(FileError::UnknownAuthority(key))?;
    table.insert("authority".to_owned(), authority.cvr.to_string().into());
    if table.contains_key("items") {
        Ok(Definition::ConsentType(Box::new(table.try_into()?)))
    } else if table.contains_key("privileges") {
        Ok(Definition::MandatePackage(Box::new(table.try_into()?)))
    } else {
        Err(FileError::NeitherKind)
    }
}
