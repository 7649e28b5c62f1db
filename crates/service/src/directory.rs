//! The authorities that this installation serves.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tillid_domain::{Cvr, Localized, text::Name};

/// An authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Its CVR number.
    pub cvr: Cvr,
    /// Its name.
    pub name: Localized,
    /// How to reach its data-protection officer.
    pub dpo_contact: Name,
}

/// The authorities, by their CVR numbers.
#[derive(Clone, Debug, Default)]
pub struct Directory(BTreeMap<Cvr, Authority>);

impl Directory {
    /// These authorities.
    pub fn new(authorities: impl IntoIterator<Item = Authority>) -> Self {
        Self(authorities.into_iter().map(|a| (a.cvr, a)).collect())
    }

    /// The authority with that number.
    pub fn get(&self, cvr: Cvr) -> Option<&Authority> {
        self.0.get(&cvr)
    }
}
