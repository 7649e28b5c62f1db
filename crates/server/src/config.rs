//! The configuration: one file, every field of it said here, secrets as paths to files.

use crate::providers::ProviderConfig;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};
use tillid_domain::{Cvr, Localized, actor::Role, text::Name};
use tillid_edge::AllowanceSettings;

/// The configuration of `tillid serve`. `deploy/tillid.example.toml` shows all of it, and a test reads that file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The address that people and systems use, without a slash at the end; `https://` unless it is this machine.
    pub(crate) base_url: String,
    /// Where the service listens. A proxy in front of it ends TLS.
    #[serde(default = "listen")]
    pub(crate) listen: SocketAddr,
    /// The addresses of the proxies that are believed when they tell of a client's certificate, in `Client-Cert` (RFC 9440). Such a proxy
    /// takes the header away from what it gets, and asks for certificates that it has checked. From anybody else it is refused.
    #[serde(default)]
    pub(crate) client_cert_from: Vec<IpAddr>,
    /// Where metrics and health are served to the operator; never to the world.
    #[serde(default = "internal_listen")]
    pub(crate) internal_listen: SocketAddr,
    /// Where the data is.
    pub(crate) database: Database,
    /// The keys.
    pub(crate) keys: Keys,
    /// The log.
    #[serde(default)]
    pub(crate) log: LogConfig,
    /// What people are told by post.
    #[serde(default)]
    pub(crate) notices: NoticesConfig,
    /// Our own tokens.
    #[serde(default)]
    pub(crate) tokens: TokensConfig,
    /// How much callers may ask.
    #[serde(default)]
    pub(crate) limits: LimitsConfig,
    /// Who may vouch for a bearer.
    #[serde(default)]
    pub(crate) issuers: Vec<IssuerConfig>,
    /// Where people log in.
    #[serde(default)]
    pub(crate) providers: Vec<ProviderConfig>,
    /// The authorities that this installation serves.
    #[serde(default)]
    pub(crate) authorities: Vec<AuthorityConfig>,
    /// The demo world; absent in production.
    pub(crate) sandbox: Option<SandboxConfig>,
}

/// Where the data is: exactly one of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    /// A SQLite file.
    pub(crate) sqlite: Option<PathBuf>,
    /// A file that holds a PostgreSQL connection URL; the URL holds a password.
    pub(crate) postgres_url_file: Option<PathBuf>,
    /// Whether to bring the tables to this version at start. With several nodes, run `tillid migrate` instead.
    #[serde(default)]
    pub(crate) migrate_on_start: bool,
}

/// The keys. `tillid keygen` makes them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    /// For CPR numbers at rest, the active one first. The id is the file's name without its ending; a retired key stays until
    /// the metric `tillid_numbers_to_rekey` is 0.
    pub(crate) person_numbers: Vec<PathBuf>,
    /// Signs receipts: Ed25519 in PKCS#8.
    pub(crate) receipts: PathBuf,
    /// The public keys of receipts that were signed before: 32 bytes each.
    #[serde(default)]
    pub(crate) retired_receipts: Vec<PathBuf>,
    /// Sign the log, all of them, the first one first: Ed25519 or ML-DSA-44 in PKCS#8. A new key signs beside the old one until the
    /// witnesses know it.
    pub(crate) log: Vec<PathBuf>,
    /// The public keys that signed the log before, as C2SP verifier keys in text files.
    #[serde(default)]
    pub(crate) retired_log: Vec<PathBuf>,
    /// For our own tokens: the first one signs, all of them are published. A new key stands behind the old one before it signs, and the
    /// old one behind the new one until its tokens have expired.
    pub(crate) tokens: Vec<PathBuf>,
    /// Makes the names that persons have towards other systems, in tokens for acting on their behalf; never changed. Without it there
    /// are no such tokens.
    pub(crate) pairwise: Option<PathBuf>,
}

/// How much callers may ask, of each node.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsConfig {
    /// How many look-ups an employee has in ten minutes; 60 when absent.
    pub(crate) lookups_in_ten_minutes: Option<usize>,
    /// How many in a hundred of a system's latest questions may be about people of whom nothing is known; 5 when absent. More while a
    /// service is new and nearly everybody is unknown; 100 is no limit.
    pub(crate) unknown_percent: Option<u64>,
}

impl LimitsConfig {
    /// The limits, with what is usual where nothing is said.
    pub(crate) fn allowances(&self) -> AllowanceSettings {
        let usual = AllowanceSettings::default();
        AllowanceSettings {
            lookups: self.lookups_in_ten_minutes.unwrap_or(usual.lookups),
            unknown_percent: self.unknown_percent.unwrap_or(usual.unknown_percent),
        }
    }
}

/// What people are told by post.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticesConfig {
    /// A folder that each message is written into as a file, for whoever brings it to Digital Post or prints it. The files hold CPR numbers.
    /// Without it messages wait, and are dropped after two weeks.
    pub(crate) folder: Option<PathBuf>,
}

/// Our own tokens, which systems get at `/oauth2/token`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokensConfig {
    /// For how many seconds they hold, 60 to 600; 300 when absent.
    pub(crate) lifetime_seconds: Option<u32>,
}

/// The log that outsiders can check.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// What it calls itself; fixed at its first start. Without it, `base_url` without its scheme, and `/log`.
    pub(crate) origin: Option<String>,
    /// The witnesses to ask, with their addresses, and how many of them it takes: a C2SP tlog-policy file.
    pub(crate) policy: Option<PathBuf>,
    /// For how many hours the log may go without those witnesses before the service says that it is not ready; for ever when absent.
    pub(crate) witness_grace_hours: Option<u32>,
}

/// An issuer of access tokens (RFC 9068).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuerConfig {
    /// Its name, exactly as in `iss`.
    pub(crate) issuer: String,
    /// This service's name, exactly as in `aud`.
    pub(crate) audience: String,
    /// A file with its public keys (RFC 7517).
    pub(crate) jwks_file: PathBuf,
    /// What its roles mean here: `reader`, `caseworker`, `registrar`, `catalogue_administrator`, `data_protection_officer`,
    /// `system_administrator`, `organisation_administrator`.
    #[serde(default)]
    pub(crate) roles: BTreeMap<String, Role>,
    /// The authorities whose employees and systems it vouches for.
    #[serde(default)]
    pub(crate) authorities: BTreeSet<Cvr>,
    /// Whether it vouches for citizens and for every authority: the national broker does.
    #[serde(default)]
    pub(crate) everyone: bool,
    /// The issuer whose names for citizens its tokens use in `person`, to tell staff from citizens in their own case; its own when
    /// absent.
    pub(crate) citizens_issuer: Option<String>,
}

/// An authority.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorityConfig {
    /// Its CVR number.
    pub(crate) cvr: Cvr,
    /// The key by which catalogue files name it.
    pub(crate) key: String,
    /// Its name.
    pub(crate) name: Localized,
    /// How to reach its data-protection officer.
    pub(crate) dpo_contact: Name,
}

/// The demo world.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SandboxConfig {
    /// The key of the simulated broker: Ed25519 in PKCS#8.
    pub(crate) key: PathBuf,
    /// The key that people are logged in with at the simulated provider, as `tillid keygen login` makes it; without it, only
    /// `providers` log people in.
    pub(crate) login_key: Option<PathBuf>,
}

fn listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

fn internal_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9090))
}

/// What is not accepted in a configuration, by name.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy, PartialOrd, Ord)]
pub(crate) enum Unsafe {
    #[error(
        "base_url_not_https: base_url must be https:// unless its host is this machine, without a slash at the end"
    )]
    BaseUrlNotHttps,
    #[error("issuer_not_https: an issuer must be https:// unless its host is this machine")]
    IssuerNotHttps,
    #[error("provider_key: a provider's key is a-z, 0-9 and hyphens, not `again`, and no other provider's")]
    ProviderKey,
    #[error(
        "provider_client: a provider needs client_id and exactly one of client_secret_file and client_key"
    )]
    ProviderClient,
    #[error("no_issuer: without an issuer or a provider nobody could call, or anybody")]
    NoIssuer,
    #[error("audience_missing: an issuer without audience would accept tokens for others")]
    AudienceMissing,
    #[error(
        "issuer_vouches_for_nobody_or_all: an issuer names its authorities, or says everyone = true; one of the two"
    )]
    IssuerUnlimited,
    #[error("key_readable_by_others: a key file must be readable by its owner alone (chmod 600)")]
    KeyReadableByOthers,
    #[error("key_is_a_default: a key file holds the same byte throughout")]
    KeyIsADefault,
    #[error("internal_listener_public: internal_listen must be a loopback or private address")]
    InternalListenerPublic,
    #[error("database_unclear: exactly one of database.sqlite and database.postgres_url_file is needed")]
    DatabaseUnclear,
    #[error("sandbox_under_serve: the sandbox lets anyone be anyone; give --allow-sandbox to mean it")]
    SandboxUnderServe,
    #[error(
        "sandbox_outside_loopback: the sandbox listens only on this machine; give --allow-public-sandbox to mean it"
    )]
    SandboxOutsideLoopback,
}

impl Config {
    /// Refuses what is not safe to run, by name.
    pub(crate) fn check(&self, allow_sandbox: bool, allow_public: bool) -> Result<(), Unsafe> {
        if !is_safe_url(&self.base_url) || self.base_url.ends_with('/') {
            return Err(Unsafe::BaseUrlNotHttps);
        }
        match (&self.database.sqlite, &self.database.postgres_url_file) {
            (Some(_), None) | (None, Some(_)) => {}
            _ => return Err(Unsafe::DatabaseUnclear),
        }
        if !is_private(self.internal_listen) {
            return Err(Unsafe::InternalListenerPublic);
        }
        if self.sandbox.is_some() {
            check_sandbox(self.listen, allow_sandbox, allow_public)?;
        } else if self.issuers.is_empty() && self.providers.is_empty() {
            return Err(Unsafe::NoIssuer);
        }
        let mut keys = BTreeSet::new();
        for provider in &self.providers {
            provider.check()?;
            if !keys.insert(provider.key.as_str()) {
                return Err(Unsafe::ProviderKey);
            }
        }
        for issuer in &self.issuers {
            if !is_safe_url(&issuer.issuer) {
                return Err(Unsafe::IssuerNotHttps);
            }
            if issuer.everyone != issuer.authorities.is_empty() {
                return Err(Unsafe::IssuerUnlimited);
            }
            if issuer.audience.is_empty() {
                return Err(Unsafe::AudienceMissing);
            }
        }
        Ok(())
    }
}

/// The sandbox needs to be meant, and meant again outside this machine.
pub(crate) fn check_sandbox(
    listen: SocketAddr,
    allow_sandbox: bool,
    allow_public: bool,
) -> Result<(), Unsafe> {
    if !allow_sandbox {
        return Err(Unsafe::SandboxUnderServe);
    }
    if !listen.ip().is_loopback() && !allow_public {
        return Err(Unsafe::SandboxOutsideLoopback);
    }
    Ok(())
}

pub(crate) fn is_safe_url(url: &str) -> bool {
    let host = |rest: &str| {
        let authority = rest.split('/').next().unwrap_or_default();
        // The port is what follows the last colon, if it is a number.
        let named = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        named.map_or(authority, |(name, _)| name).to_owned()
    };
    match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => !host(rest).is_empty(),
        (_, Some(rest)) => matches!(host(rest).as_str(), "127.0.0.1" | "localhost" | "[::1]"),
        _ => false,
    }
}

fn is_private(address: SocketAddr) -> bool {
    match address {
        SocketAddr::V4(v4) => v4.ip().is_loopback() || v4.ip().is_private(),
        SocketAddr::V6(v6) => v6.ip().is_loopback() || v6.ip().is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../deploy/tillid.example.toml");

    fn with(changes: &[(&str, &str)]) -> Result<(), Unsafe> {
        let text = changes.iter().fold(EXAMPLE.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        toml::from_str::<Config>(&text).expect("a configuration").check(false, false)
    }

    #[test]
    fn the_example_is_a_configuration_that_is_accepted() {
        assert_eq!(with(&[]), Ok(()));
    }

    #[test]
    fn what_is_unsafe_is_refused_by_name() {
        let sandbox = ("[keys]", "[sandbox]\nkey = \"/x\"\n\n[keys]");
        for (changes, reason) in [
            (vec![("base_url = \"https://", "base_url = \"http://")], Unsafe::BaseUrlNotHttps),
            (vec![("issuer = \"https://", "issuer = \"http://")], Unsafe::IssuerNotHttps),
            (
                vec![("audience = \"https://tillid.eksempel.example\"", "audience = \"\"")],
                Unsafe::AudienceMissing,
            ),
            (
                vec![("internal_listen = \"127.0.0.1:9090\"", "internal_listen = \"8.8.8.8:9090\"")],
                Unsafe::InternalListenerPublic,
            ),
            (
                vec![("postgres_url_file = ", "sqlite = \"/x\"\npostgres_url_file = ")],
                Unsafe::DatabaseUnclear,
            ),
            (vec![("authorities = [\"99100001\"]", "")], Unsafe::IssuerUnlimited),
            (vec![("key = \"mitid\"", "key = \"again\"")], Unsafe::ProviderKey),
            (vec![("key = \"mitid\"", "key = \"Mit/ID\"")], Unsafe::ProviderKey),
            (vec![("key = \"medarbejder\"", "key = \"mitid\"")], Unsafe::ProviderKey),
            (vec![("client_id = \"tillid\"", "client_id = \"\"")], Unsafe::ProviderClient),
            (vec![("client_key = ", "client_secret_file = \"/x\"\nclient_key = ")], Unsafe::ProviderClient),
            (vec![("everyone = true", "everyone = false")], Unsafe::IssuerUnlimited),
            (
                vec![("issuer = \"https://broker.example/op\"", "issuer = \"http://broker.example/op\"")],
                Unsafe::IssuerNotHttps,
            ),
            (
                vec![("authorities = [\"99100001\"]", "authorities = [\"99100001\"]\neveryone = true")],
                Unsafe::IssuerUnlimited,
            ),
            (vec![sandbox], Unsafe::SandboxUnderServe),
        ] {
            assert_eq!(with(&changes), Err(reason), "{reason}");
        }
    }

    #[test]
    fn only_this_machine_may_do_without_tls() {
        for url in
            ["https://tillid.example", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080"]
        {
            assert!(is_safe_url(url), "{url}");
        }
        for url in [
            "http://tillid.example",
            "http://127.0.0.1.example",
            "https://",
            "ftp://localhost",
            "http://[::1].example",
        ] {
            assert!(!is_safe_url(url), "{url}");
        }
    }

    #[test]
    fn a_provider_without_issuer_client_or_least_level_is_refused() {
        for field in [
            "issuer = \"https://broker.example/op\"",
            "client_id = \"tillid\"",
            "least_assurance = \"substantial\"",
        ] {
            assert!(EXAMPLE.contains(field), "{field}");
            let without = EXAMPLE.replacen(field, "", 1);
            let refused = toml::from_str::<Config>(&without).expect_err(field).to_string();
            let name = field.split(' ').next().unwrap_or_default();
            assert!(refused.contains(&format!("missing field `{name}`")), "{refused}");
        }
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused() {
        assert!(toml::from_str::<Config>(&format!("surprise = 1\n{EXAMPLE}")).is_err());
    }

    #[test]
    fn the_sandbox_is_not_bound_outside_this_machine_unless_that_is_meant() {
        let world: SocketAddr = "0.0.0.0:8080".parse().expect("an address");
        assert_eq!(check_sandbox(world, true, false), Err(Unsafe::SandboxOutsideLoopback));
        assert_eq!(check_sandbox(world, true, true), Ok(()));
        assert_eq!(check_sandbox(listen(), true, false), Ok(()));
    }
}
