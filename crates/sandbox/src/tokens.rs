//! Access tokens of the demo world: a simulated national broker, whose tokens the service checks like anyone's.

use crate::people::{Employer, Job, PEOPLE, SYSTEMS, SomeSystem, Somebody};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tillid_domain::{
    Instant,
    actor::{Assurance, Role, Scope},
    canonical,
    id::EmployeeId,
};
use tillid_service::catalogue::file::Authorities;
use uuid::Uuid;

/// How long a token of the demo world lives, in seconds.
pub(crate) const LIVES: i64 = 3600;

/// The name does not depend on where a demo listens: the people's logins are bound to it.
const ISSUER: &str = "https://broker.sandbox.invalid";

/// The simulated broker.
pub struct Broker {
    issuer: String,
    audience: String,
    key: Ed25519KeyPair,
    authorities: Authorities,
}

/// Who a token is for.
pub(crate) struct Order<'a> {
    pub(crate) person: &'a str,
    pub(crate) acting_for: Option<&'a str>,
    pub(crate) assurance: Assurance,
    pub(crate) privately: bool,
}

/// A key that cannot sign tokens.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not an Ed25519 key in PKCS#8")]
pub struct NotAKey;

impl Broker {
    /// The broker that vouches for the demo world towards the service at `base_url`.
    pub fn new(base_url: &str, pkcs8: &[u8], authorities: Authorities) -> Result<Self, NotAKey> {
        let key = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| NotAKey)?;
        Ok(Self { issuer: ISSUER.to_owned(), audience: base_url.to_owned(), key, authorities })
    }

    /// Its name, as it stands in its tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The name of whom its tokens are for.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The authorities of the demo world.
    pub fn authorities(&self) -> &Authorities {
        &self.authorities
    }

    /// Its public keys (RFC 7517).
    pub fn jwks(&self) -> Value {
        let x = B64.encode(self.key.public_key().as_ref());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "sandbox", "x": x}]})
    }

    /// What the roles of its municipalities are called here.
    pub fn roles() -> BTreeMap<String, Role> {
        [
            ("laeser", Role::Reader),
            ("sagsbehandler", Role::Caseworker),
            ("betroetmedarbejder", Role::Registrar),
            ("skabelonadministrator", Role::CatalogueAdministrator),
            ("dpo", Role::DataProtectionOfficer),
            ("systemadministrator", Role::SystemAdministrator),
            ("organisationsadministrator", Role::OrganisationAdministrator),
        ]
        .map(|(name, role)| (name.to_owned(), role))
        .into()
    }

    /// A token (RFC 9068); `None` for somebody who is not of the demo world.
    pub(crate) fn token(&self, order: &Order<'_>, now: Instant, jti: Uuid) -> Option<String> {
        let seconds = now.as_micros() / 1_000_000;
        let mut claims = self.identity(order)?;
        for (name, value) in [
            ("iss", json!(self.issuer)),
            ("aud", json!(self.audience)),
            ("iat", json!(seconds)),
            ("exp", json!(seconds + LIVES)),
            ("jti", json!(jti)),
        ] {
            claims.insert(name.to_owned(), value);
        }
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "sandbox"});
        let signed = format!("{}.{}", B64.encode(canonical(&header)), B64.encode(canonical(&claims)));
        let signature = B64.encode(self.key.sign(signed.as_bytes()).as_ref());
        Some(format!("{signed}.{signature}"))
    }

    fn identity(&self, order: &Order<'_>) -> Option<Map<String, Value>> {
        if let Some(system) = SYSTEMS.iter().find(|s| s.key == order.person) {
            return self.system(system);
        }
        let somebody = PEOPLE.iter().find(|p| p.key == order.person)?;
        let mut claims = match somebody.work.first() {
            Some(job) if !order.privately && order.acting_for.is_none() => self.employee(somebody, job)?,
            _ => citizen(somebody, order.acting_for)?,
        };
        let level = match order.assurance {
            Assurance::Low => "Low",
            Assurance::Substantial => "Substantial",
            Assurance::High => "High",
        };
        claims.insert("acr".to_owned(), json!(format!("https://data.gov.dk/concept/core/nsis/loa/{level}")));
        claims.insert("client_id".to_owned(), json!("sandbox"));
        Some(claims)
    }

    fn employee(&self, somebody: &Somebody, job: &Job) -> Option<Map<String, Value>> {
        let mut claims = object(json!({
            "sub": employee_id(somebody, 0)?,
            "identity_type": "professional",
            "person": somebody.key,
            "cvr": Employer::of(job.employer, &self.authorities)?.cvr,
        }))?;
        claims.extend(roles(job)?);
        Some(claims)
    }

    fn system(&self, system: &SomeSystem) -> Option<Map<String, Value>> {
        object(json!({
            "sub": system.key,
            "client_id": system.key,
            "identity_type": "system",
            "cvr": self.authorities.get(system.authority)?.cvr,
            "purposes": system.purposes,
            "scope": Scope::ALL.map(Scope::code).join(" "),
        }))
    }
}

fn citizen(somebody: &Somebody, acting_for: Option<&str>) -> Option<Map<String, Value>> {
    match acting_for {
        None => object(json!({"sub": somebody.key, "identity_type": "private"})),
        Some(grantor) => {
            let grantor = PEOPLE.iter().find(|p| p.key == grantor)?;
            object(json!({"sub": grantor.key, "act": {"sub": somebody.key}, "identity_type": "private"}))
        }
    }
}

/// What a municipality says of its employee besides who they are.
pub(crate) fn roles(job: &Job) -> Option<Map<String, Value>> {
    object(json!({"roles": job.roles, "kle": job.kle, "sensitivity": job.sensitivity}))
}

/// Employees of the demo world keep their ids from one start to the next; they have one in each job.
pub(crate) fn employee_id(somebody: &Somebody, nth_job: usize) -> Option<EmployeeId> {
    let at = PEOPLE.iter().position(|p| p.key == somebody.key)?;
    let id = 0x5a4d_0000_0000_8000_8000_0000_0000_0000 + ((nth_job as u128) << 32) + at as u128;
    Some(EmployeeId::from_uuid(Uuid::from_u128(id)))
}

pub(crate) fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}
