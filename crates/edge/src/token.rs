//! What a token that holds says of its bearer.

use crate::{
    bearer::{Issuer, SpeaksFor},
    jose::TokenRefusal,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::str::FromStr;
use tillid_domain::{
    Cpr, Cvr, Instant, Kle,
    actor::{Assurance, Purpose, Role, Sensitivity},
    id::EmployeeId,
    text::{ClientId, Login},
};

/// Who the issuer says the bearer is, before our own records are asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    /// Who.
    pub kind: PrincipalKind,
    /// How sure the issuer is. A human whose token does not say, or says it in no spelling that is known, is `Low`; a system that
    /// has authenticated with its key is `High`.
    pub assurance: Assurance,
    /// When the human proved who they are, if the issuer tells.
    pub authenticated_at: Option<Instant>,
}

/// The three kinds of bearer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PrincipalKind {
    /// A citizen. Logins mean something only together with their issuer.
    Citizen {
        /// The issuer of the logins.
        issuer: Login,
        /// The human who is logged in.
        login: Login,
        /// The login of the person they say they act for.
        acting_for: Option<Login>,
        /// The CPR number of the human, if the issuer tells it: with it, somebody who is not known yet becomes known.
        number: Option<Cpr>,
    },
    /// An employee of an authority.
    Employee {
        /// The employee.
        id: EmployeeId,
        /// The same human's login as a citizen.
        person: Option<Login>,
        /// The issuer of that login.
        issuer: Login,
        /// The authority; one that the issuer speaks for.
        authority: Cvr,
        /// The roles that the issuer's configuration gives, in order and without repetition.
        roles: Vec<Role>,
        /// The fields of work.
        kle: Vec<Kle>,
        /// The most sensitive data that they may see.
        sensitivity: Sensitivity,
    },
    /// An authority's system.
    System {
        /// The client.
        client: ClientId,
        /// The authority; one that the issuer speaks for.
        authority: Cvr,
        /// The purposes that it is registered for.
        purposes: Vec<Purpose>,
    },
}

impl PrincipalKind {
    /// The kind, as logs name it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Citizen { acting_for: None, .. } => "citizen",
            Self::Citizen { acting_for: Some(_), .. } => "representative",
            Self::Employee { .. } => "employee",
            Self::System { .. } => "system",
        }
    }
}

/// The claims of a token, each had only in the form it must have.
pub(crate) struct Claims(pub(crate) Map<String, Value>);

impl Claims {
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, TokenRefusal> {
        let text = self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or(TokenRefusal::Claim(name))
    }

    /// A `NumericDate` (RFC 7519), which may have a fraction.
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<Instant>, TokenRefusal> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let seconds = value.as_f64().filter(|s| (0.0..=253_402_300_799.0).contains(s));
        let seconds = seconds.ok_or(TokenRefusal::Claim(name))?;
        #[expect(clippy::cast_possible_truncation, reason = "at most 253402300799000000")]
        Ok(Some(Instant::from_micros((seconds * 1e6) as i64)))
    }

    pub(crate) fn parsed<T: FromStr>(&self, name: &'static str) -> Result<T, TokenRefusal> {
        self.text(name)?.parse().map_err(|_| TokenRefusal::Claim(name))
    }

    fn parsed_if_there<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, TokenRefusal> {
        if self.0.contains_key(name) { self.parsed(name).map(Some) } else { Ok(None) }
    }

    pub(crate) fn or_default<T: DeserializeOwned>(
        &self,
        name: &'static str,
        default: T,
    ) -> Result<T, TokenRefusal> {
        match self.0.get(name) {
            Some(value) => T::deserialize(value).map_err(|_| TokenRefusal::Claim(name)),
            None => Ok(default),
        }
    }

    fn assurance(&self, unsaid: Assurance) -> Result<Assurance, TokenRefusal> {
        match self.0.get("acr") {
            Some(_) => Ok(self.text("acr")?.parse().unwrap_or(Assurance::Low)),
            None => Ok(unsaid),
        }
    }
}

/// The bearer of a token of this issuer.
pub(crate) fn principal(claims: &Claims, issuer: &Issuer) -> Result<Principal, TokenRefusal> {
    let (kind, unsaid) = match claims.text("identity_type")? {
        "private" => (citizen(claims, issuer)?, Assurance::Low),
        "professional" => (employee(claims, issuer)?, Assurance::Low),
        "system" => (system(claims, issuer)?, Assurance::High),
        _ => return Err(TokenRefusal::Claim("identity_type")),
    };
    if !matches!(kind, PrincipalKind::Citizen { .. }) && claims.0.contains_key("act") {
        return Err(TokenRefusal::Claim("act"));
    }
    Ok(Principal { kind, assurance: claims.assurance(unsaid)?, authenticated_at: claims.time("auth_time")? })
}

/// A token of RFC 8693 has the person acted for as its subject and the one who acts as its actor.
fn citizen(claims: &Claims, issuer: &Issuer) -> Result<PrincipalKind, TokenRefusal> {
    if !matches!(issuer.speaks_for, SpeaksFor::Everyone) {
        return Err(TokenRefusal::NotTheirs);
    }
    let subject: Login = claims.parsed("sub")?;
    let issuer: Login = claims.parsed("iss")?;
    let Some(act) = claims.0.get("act") else {
        let number = claims.parsed_if_there("cpr")?;
        return Ok(PrincipalKind::Citizen { issuer, login: subject, acting_for: None, number });
    };
    let refused = TokenRefusal::Claim("act");
    let act = act.as_object().ok_or(refused)?;
    let foreign = act.get("iss").is_some_and(|iss| iss.as_str() != Some(issuer.as_str()));
    let login: Login =
        act.get("sub").and_then(Value::as_str).and_then(|sub| sub.parse().ok()).ok_or(refused)?;
    if act.contains_key("act") || foreign || login == subject {
        return Err(refused);
    }
    Ok(PrincipalKind::Citizen { issuer, login, acting_for: Some(subject), number: None })
}

fn employee(claims: &Claims, issuer: &Issuer) -> Result<PrincipalKind, TokenRefusal> {
    let given: Vec<String> = claims.or_default("roles", Vec::new())?;
    let mut roles: Vec<Role> = given.iter().filter_map(|role| issuer.roles.get(role).copied()).collect();
    roles.sort_unstable();
    roles.dedup();
    Ok(PrincipalKind::Employee {
        id: claims.parsed("sub")?,
        person: claims.parsed_if_there("person")?,
        issuer: match &issuer.citizens_issuer {
            Some(citizens) => citizens.parse().map_err(|_| TokenRefusal::Claim("person"))?,
            None => claims.parsed("iss")?,
        },
        authority: authority(claims, issuer)?,
        roles,
        kle: claims.or_default("kle", Vec::new())?,
        sensitivity: claims.or_default("sensitivity", Sensitivity::Ordinary)?,
    })
}

fn system(claims: &Claims, issuer: &Issuer) -> Result<PrincipalKind, TokenRefusal> {
    if claims.text("sub")? != claims.text("client_id")? {
        return Err(TokenRefusal::Claim("client_id"));
    }
    Ok(PrincipalKind::System {
        client: claims.parsed("client_id")?,
        authority: authority(claims, issuer)?,
        purposes: claims.or_default("purposes", Vec::new())?,
    })
}

/// The authority, if the issuer may speak for it: one municipality's identity provider says nothing of another's employees.
fn authority(claims: &Claims, issuer: &Issuer) -> Result<Cvr, TokenRefusal> {
    let authority = claims.parsed("cvr")?;
    match &issuer.speaks_for {
        SpeaksFor::Everyone => Ok(authority),
        SpeaksFor::Authorities(theirs) if theirs.contains(&authority) => Ok(authority),
        SpeaksFor::Authorities(_) => Err(TokenRefusal::NotTheirs),
    }
}
