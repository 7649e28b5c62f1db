//! The identity providers of a configuration.

use crate::{
    config::{Unsafe, is_safe_url},
    keys,
};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};
use tillid_domain::{
    Cvr, Localized,
    actor::{Assurance, Role},
};
use tillid_edge::{ClaimNames, ClientAuth, ClientKey, Dialect, Provider, SpeaksFor};

/// An identity provider where people log in (OpenID Connect).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderConfig {
    /// Its key in addresses: `a-z`, `0-9` and hyphens. `/login/{key}` begins a login.
    pub(crate) key: String,
    /// What people call it.
    pub(crate) name: Localized,
    /// Its name, exactly as in its metadata and its tokens.
    pub(crate) issuer: String,
    /// This service's name there.
    pub(crate) client_id: String,
    /// A file with the client's secret (`client_secret_basic`); either this ...
    pub(crate) client_secret_file: Option<PathBuf>,
    /// ... or the client's private key (`private_key_jwt`), which `tillid keygen login` makes.
    pub(crate) client_key: Option<PathBuf>,
    /// The key's id at the provider; its thumbprint when absent.
    pub(crate) client_key_id: Option<String>,
    /// How it speaks: `nemlogin`, `signaturgruppen`, `criipto` or `municipal`.
    pub(crate) dialect: Dialect,
    /// The scopes to ask for, instead of the dialect's.
    pub(crate) scopes: Option<Vec<String>>,
    /// The names of claims, instead of the dialect's.
    #[serde(default)]
    pub(crate) claims: ClaimNames,
    /// How sure it must be who somebody is to come in: `low`, `substantial` or `high`. There is no default.
    pub(crate) least_assurance: Assurance,
    /// The authorities whose employees it vouches for.
    #[serde(default)]
    pub(crate) authorities: BTreeSet<Cvr>,
    /// Whether it vouches for citizens and for every authority: the national broker does.
    #[serde(default)]
    pub(crate) everyone: bool,
    /// What its roles mean here.
    #[serde(default)]
    pub(crate) roles: BTreeMap<String, Role>,
    /// Whether somebody who has logged in there for another service comes in without proving anew who they are; then whoever uses
    /// the same browser within the hour does, too.
    #[serde(default)]
    pub(crate) single_sign_on: bool,
    /// Whether logins go on only by pushed authorization requests (RFC 9126), which are used anyway where they are offered.
    #[serde(default)]
    pub(crate) require_par: bool,
}

impl ProviderConfig {
    /// Refuses what is not safe, by name.
    pub(crate) fn check(&self) -> Result<(), Unsafe> {
        // An address of our own beside `/login/{key}`.
        let taken = self.key == "again";
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if taken || self.key.is_empty() || !self.key.bytes().all(allowed) {
            return Err(Unsafe::ProviderKey);
        }
        if !is_safe_url(&self.issuer) {
            return Err(Unsafe::IssuerNotHttps);
        }
        if self.client_id.is_empty() || self.client_secret_file.is_some() == self.client_key.is_some() {
            return Err(Unsafe::ProviderClient);
        }
        if self.everyone != self.authorities.is_empty() {
            return Err(Unsafe::IssuerUnlimited);
        }
        Ok(())
    }

    /// The provider, with its secrets read.
    pub(crate) fn read(&self) -> Result<Provider> {
        let auth = match (&self.client_secret_file, &self.client_key) {
            (Some(file), _) => {
                let text = String::from_utf8(keys::secret(file)?.to_vec())?;
                ClientAuth::Secret(text.trim().to_owned().into())
            }
            (None, Some(file)) => ClientAuth::Key(Box::new(client_key(file, self.client_key_id.clone())?)),
            (None, None) => return Err(Unsafe::ProviderClient.into()),
        };
        Ok(Provider {
            key: self.key.clone(),
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            auth,
            dialect: self.dialect,
            scopes: self.scopes.clone(),
            claims: self.claims.clone(),
            least_assurance: self.least_assurance,
            speaks_for: if self.everyone {
                SpeaksFor::Everyone
            } else {
                SpeaksFor::Authorities(self.authorities.clone())
            },
            roles: self.roles.clone(),
            single_sign_on: self.single_sign_on,
            require_par: self.require_par,
        })
    }
}

/// The client's private key.
pub(crate) fn client_key(file: &std::path::Path, id: Option<String>) -> Result<ClientKey> {
    let pem = keys::secret(file)?;
    let pem = std::str::from_utf8(&pem).with_context(|| file.display().to_string())?;
    ClientKey::from_pem(pem, id).with_context(|| file.display().to_string())
}
