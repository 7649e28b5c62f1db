//! What a token that holds says of its bearer.

use crate::{
    bearer::{Issuer, SpeaksFor},
    jose::TokenRefusal,
    oauth::binding::Cnf,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::str::FromStr;
use tillid_domain::{
    Cpr, Cvr, Instant, Kle,
    actor::{Assurance, Purpose, Role, Scope, Sensitivity},
    id::{EmployeeId, MandateId, PersonId},
    text::{CaseRef, ClientId, Login, PrivilegeUri},
};
use tillid_service::Through;

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
    /// What whoever sends the token must prove to have.
    pub bound_to: Option<Cnf>,
    /// The client that we issued the token to; `None` where another issuer did. Whether it may still call is asked for each request.
    pub client: Option<ClientId>,
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
    /// Somebody who acts for another through a system, as we said ourselves (RFC 8693).
    Representative {
        /// The issuer of their login.
        issuer: Login,
        /// Their login.
        login: Login,
        /// At work for which organisation, where their login says what the identity provider calls them there.
        at_work: Option<Cvr>,
        /// For whom.
        grantor: PersonId,
        /// By which mandate.
        mandate: MandateId,
        /// Through which system, and with which privileges at most.
        through: Through,
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
        /// Whether the issuer vouches for everybody, and not for the staff of some authorities alone.
        of_everybody: bool,
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
        /// What the token lets it ask for; scopes that are not known here count for nothing.
        scopes: Vec<Scope>,
    },
}

impl PrincipalKind {
    /// The kind, as logs name it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Citizen { acting_for: None, .. } => "citizen",
            Self::Citizen { acting_for: Some(_), .. } | Self::Representative { .. } => "representative",
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
        "private" if issuer.is_ours() => (representative(claims, false)?, Assurance::Low),
        "professional" if issuer.is_ours() => (representative(claims, true)?, Assurance::Low),
        "private" => (citizen(claims, issuer)?, Assurance::Low),
        "professional" => (employee(claims, issuer)?, Assurance::Low),
        "system" => (system(claims, issuer)?, Assurance::High),
        _ => return Err(TokenRefusal::Claim("identity_type")),
    };
    let may_act = matches!(kind, PrincipalKind::Citizen { .. } | PrincipalKind::Representative { .. });
    if !may_act && claims.0.contains_key("act") {
        return Err(TokenRefusal::Claim("act"));
    }
    Ok(Principal {
        kind,
        assurance: claims.assurance(unsaid)?,
        authenticated_at: claims.time("auth_time")?,
        bound_to: Cnf::of(claims)?,
        client: if issuer.is_ours() { Some(claims.parsed("client_id")?) } else { None },
    })
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

/// What we said of somebody who acts for another: the subject is a person of ours, and the actor whoever another issuer vouched for. At work,
/// the organisation's number stands beside what the issuer calls them.
fn representative(claims: &Claims, professional: bool) -> Result<PrincipalKind, TokenRefusal> {
    let act = claims.0.get("act").and_then(Value::as_object).filter(|act| !act.contains_key("act"));
    let name = |name: &str| -> Option<Login> { act?.get(name)?.as_str()?.parse().ok() };
    let (Some(issuer), Some(login)) = (name("iss"), name("sub")) else {
        return Err(TokenRefusal::Claim("act"));
    };
    let refused = TokenRefusal::Claim("act");
    let at_work = act.and_then(|act| act.get("cvr"));
    let at_work = at_work.map(|cvr| cvr.as_str().and_then(|cvr| cvr.parse().ok()).ok_or(refused));
    if at_work.is_some() != professional {
        return Err(refused);
    }
    let [detail] = MandateDetail::of(claims)?;
    let through = Through { client: claims.parsed("client_id")?, privileges: detail.privileges };
    Ok(PrincipalKind::Representative {
        issuer,
        login,
        at_work: at_work.transpose()?,
        grantor: claims.parsed("sub")?,
        mandate: detail.identifier,
        through,
    })
}

/// A mandate in `authorization_details` (RFC 9396), of the type `dk_mandate`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MandateDetail {
    #[serde(rename = "type")]
    kind: DkMandate,
    /// Its id.
    pub(crate) identifier: MandateId,
    /// Which of its privileges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) privileges: Vec<PrivilegeUri>,
    /// In which case only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) case: Option<CaseRef>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum DkMandate {
    #[serde(rename = "dk_mandate")]
    DkMandate,
}

impl MandateDetail {
    pub(crate) const fn new(
        identifier: MandateId,
        privileges: Vec<PrivilegeUri>,
        case: Option<CaseRef>,
    ) -> Self {
        Self { kind: DkMandate::DkMandate, identifier, privileges, case }
    }

    /// The one mandate that the claims name.
    pub(crate) fn of(claims: &Claims) -> Result<[Self; 1], TokenRefusal> {
        let refused = TokenRefusal::Claim("authorization_details");
        let details = claims.0.get("authorization_details").ok_or(refused)?;
        <[Self; 1]>::deserialize(details).map_err(|_| refused)
    }
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
        of_everybody: matches!(issuer.speaks_for, SpeaksFor::Everyone),
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
        scopes: scopes(claims)?,
    })
}

/// RFC 8693, section 4.2: words with a space between them.
fn scopes(claims: &Claims) -> Result<Vec<Scope>, TokenRefusal> {
    let text: String = claims.or_default("scope", String::new())?;
    Ok(text.split(' ').filter_map(Scope::from_code).collect())
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
