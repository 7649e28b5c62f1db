//! The identity providers, as configured.

use super::{claims::ClaimNames, client_key::ClientKey};
use crate::bearer::SpeaksFor;
use serde::Deserialize;
use std::{collections::BTreeMap, fmt};
use tillid_domain::{
    Localized,
    actor::{Assurance, Role},
};
use zeroize::Zeroizing;

/// How a provider speaks: which scopes are asked for, how a level is asked for, and which claims tell what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// NemLog-in, with the attribute names of OIOSAML 3 as claims.
    NemLogIn,
    /// Signaturgruppen's broker.
    Signaturgruppen,
    /// Criipto Verify.
    Criipto,
    /// An authority's own identity provider, for its employees.
    Municipal,
}

impl Dialect {
    /// The scopes that are asked for unless the configuration names others.
    pub(crate) const fn scopes(self) -> &'static str {
        match self {
            Self::NemLogIn => "openid",
            Self::Criipto => "openid ssn",
            Self::Signaturgruppen => "openid mitid ssn nemlogin",
            Self::Municipal => "openid profile",
        }
    }

    /// The parameters of the authorization request that ask for a level.
    pub(crate) fn level(self, least: Assurance) -> Vec<(&'static str, String)> {
        let plain = match least {
            Assurance::Low => "low",
            Assurance::Substantial => "substantial",
            Assurance::High => "high",
        };
        match self {
            Self::Criipto => vec![("acr_values", format!("urn:grn:authn:dk:mitid:{plain}"))],
            Self::Signaturgruppen => vec![
                ("acr_values", least.uri().to_owned()),
                ("idp_params", format!(r#"{{"mitid":{{"loa_value":"{plain}"}}}}"#)),
            ],
            Self::NemLogIn | Self::Municipal => vec![("acr_values", least.uri().to_owned())],
        }
    }
}

/// How we prove to a provider who we are.
pub enum ClientAuth {
    /// `client_secret_basic`.
    Secret(Zeroizing<String>),
    /// `private_key_jwt` (RFC 7523).
    Key(Box<ClientKey>),
}

/// An identity provider.
pub struct Provider {
    /// Its key in our addresses.
    pub key: String,
    /// What people call it.
    pub name: Localized,
    /// Its name, exactly as in its metadata and its tokens.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// How we prove it.
    pub auth: ClientAuth,
    /// How it speaks.
    pub dialect: Dialect,
    /// The scopes that are asked for, instead of the dialect's.
    pub scopes: Option<Vec<String>>,
    /// The claims that tell what, instead of the dialect's.
    pub claims: ClaimNames,
    /// How sure it must be who somebody is to come in at all.
    pub least_assurance: Assurance,
    /// Whom it can vouch for.
    pub speaks_for: SpeaksFor,
    /// What its roles are called here; a role that is not listed counts for nothing.
    pub roles: BTreeMap<String, Role>,
    /// Whether somebody who has logged in at the provider for another service comes in without proving anew who they are.
    pub single_sign_on: bool,
    /// Whether a login goes on only if the provider takes the request by itself first (RFC 9126).
    pub require_par: bool,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("key", &self.key)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl Provider {
    pub(crate) fn scope(&self) -> String {
        match &self.scopes {
            Some(scopes) => scopes.join(" "),
            None => self.dialect.scopes().to_owned(),
        }
    }
}
