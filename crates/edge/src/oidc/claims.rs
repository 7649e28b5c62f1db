//! From a provider's claims to who somebody is: the dialects' names for the same things.

use super::{
    provider::{Dialect, Provider},
    refusal::LoginRefusal,
};
use crate::{bearer::SpeaksFor, token::Claims};
use serde::Deserialize;
use serde_json::Value;
use std::str::FromStr;
use tillid_domain::{
    Cpr, Cvr, Digest, Instant, Kle,
    actor::{Assurance, Role, Sensitivity},
    id::EmployeeId,
    text::{Login, Name},
};
use uuid::{Builder, Uuid};

/// The names of claims, each in the place of the dialect's.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimNames {
    /// The CPR number of a citizen.
    pub cpr: Option<String>,
    /// The name to show.
    pub name: Option<String>,
    /// `private` or `professional`.
    pub identity_type: Option<String>,
    /// The levels of assurance; the lowest of those that are there counts.
    pub assurance: Option<Vec<String>>,
    /// The CVR number of an employee's authority.
    pub cvr: Option<String>,
    /// The name of their organisation.
    pub organisation: Option<String>,
    /// The employee's own id there.
    pub employee: Option<String>,
    /// The CPR number of an employee, to tell staff from citizens in their own case.
    pub employee_cpr: Option<String>,
    /// The roles: a list, or one text with spaces.
    pub roles: Option<String>,
    /// The fields of work (KLE): likewise.
    pub kle: Option<String>,
    /// The most sensitive data that the employee may see: `ordinary`, `confidential` or `special`.
    pub sensitivity: Option<String>,
}

/// A dialect's names.
struct Names {
    cpr: &'static str,
    name: &'static [&'static str],
    identity_type: &'static str,
    assurance: &'static [&'static str],
    cvr: &'static str,
    organisation: &'static str,
    employee: &'static str,
    employee_cpr: &'static str,
}

impl Dialect {
    const fn names(self) -> Names {
        match self {
            Self::NemLogIn => Names {
                cpr: "https://data.gov.dk/model/core/eid/cprNumber",
                name: &["https://data.gov.dk/model/core/eid/fullName"],
                identity_type: "https://data.gov.dk/model/core/eid/identityType",
                assurance: &["https://data.gov.dk/concept/core/nsis/loa", "acr"],
                cvr: "https://data.gov.dk/model/core/eid/professional/cvr",
                organisation: "https://data.gov.dk/model/core/eid/professional/orgName",
                employee: "https://data.gov.dk/model/core/eid/professional/uuid/persistent",
                employee_cpr: "https://data.gov.dk/model/core/eid/cprNumber",
            },
            Self::Signaturgruppen => Names {
                cpr: "dk.cpr",
                name: &["nemlogin.name", "mitid.identity_name", "name"],
                identity_type: "identity_type",
                assurance: &["loa", "ial", "aal", "acr"],
                cvr: "nemlogin.cvr",
                organisation: "nemlogin.org_name",
                employee: "nemlogin.persistent_professional_id",
                employee_cpr: "nemlogin.cpr",
            },
            Self::Criipto => Names {
                cpr: "cprNumberIdentifier",
                name: &["name"],
                identity_type: "identity_type",
                assurance: &["acr"],
                cvr: "cvrNumberIdentifier",
                organisation: "organizationName",
                // Not `uuid`, which tells a company: its employees would be one.
                employee: "sub",
                employee_cpr: "cprNumberIdentifier",
            },
            Self::Municipal => Names {
                cpr: "cpr",
                name: &["name"],
                identity_type: "identity_type",
                assurance: &["loa", "acr"],
                cvr: "cvr",
                organisation: "organisation",
                employee: "sub",
                employee_cpr: "cpr",
            },
        }
    }
}

/// Who a provider says somebody is, before our own records are asked.
pub(crate) struct Identity {
    pub(crate) login: Login,
    pub(crate) sid: Option<Login>,
    pub(crate) name: String,
    pub(crate) assurance: Assurance,
    pub(crate) authenticated_at: Instant,
    pub(crate) who: Someone,
}

/// The two kinds.
pub(crate) enum Someone {
    Citizen { number: Option<Cpr> },
    Employee(Box<Colleague>),
}

/// An employee.
pub(crate) struct Colleague {
    pub(crate) id: EmployeeId,
    pub(crate) number: Option<Cpr>,
    pub(crate) authority: Cvr,
    /// What that is called, where it is told.
    pub(crate) organisation: Option<Name>,
    pub(crate) roles: Vec<Role>,
    pub(crate) kle: Vec<Kle>,
    pub(crate) sensitivity: Sensitivity,
}

/// Somebody's name at the provider. One that is a CPR number would stand where no CPR number may.
fn named(text: &str, claim: &'static str) -> Result<Login, LoginRefusal> {
    let name = text.parse().ok().filter(|_| text.parse::<Cpr>().is_err());
    name.ok_or(LoginRefusal::Identity(claim))
}

/// Reads claims as a provider speaks.
pub(crate) struct Reader<'r> {
    provider: &'r Provider,
    claims: &'r Claims,
    names: Names,
}

impl<'r> Reader<'r> {
    pub(crate) fn new(provider: &'r Provider, claims: &'r Claims) -> Self {
        Self { provider, claims, names: provider.dialect.names() }
    }

    pub(crate) fn identity(&self) -> Result<Identity, LoginRefusal> {
        let assurance = self.assurance()?;
        let missing = |name| move |_| LoginRefusal::Identity(name);
        let authenticated_at = self.claims.time("auth_time").map_err(missing("auth_time"))?;
        Ok(Identity {
            login: named(self.claims.text("sub").map_err(missing("sub"))?, "sub")?,
            sid: self.text("sid").map(|sid| named(sid, "sid")).transpose()?,
            name: self.name(),
            assurance,
            authenticated_at: authenticated_at.ok_or(LoginRefusal::Identity("auth_time"))?,
            who: self.who()?,
        })
    }

    /// The lowest of what is told. Too low is no way in.
    pub(crate) fn assurance(&self) -> Result<Assurance, LoginRefusal> {
        let own = self.provider.claims.assurance.as_ref();
        let names: Vec<&str> = match own {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => self.names.assurance.to_vec(),
        };
        let told: Vec<&Value> = names.iter().filter_map(|name| self.claims.0.get(*name)).collect();
        let levels = told.iter().map(|value| value.as_str().and_then(|text| text.parse().ok()));
        let levels: Option<Vec<Assurance>> = levels.collect();
        let lowest = levels.ok_or(LoginRefusal::LevelUnknown)?.into_iter().min();
        let lowest = lowest.ok_or(LoginRefusal::LevelMissing)?;
        if lowest < self.provider.least_assurance { Err(LoginRefusal::LevelTooLow) } else { Ok(lowest) }
    }

    fn who(&self) -> Result<Someone, LoginRefusal> {
        let own = &self.provider.claims;
        let cvr = own.cvr.as_deref().unwrap_or(self.names.cvr);
        let told = self.text(own.identity_type.as_deref().unwrap_or(self.names.identity_type));
        let professional = match told {
            Some("professional" | "https://data.gov.dk/eid/Professional") => true,
            Some("private" | "https://data.gov.dk/eid/Person") => false,
            Some(_) => return Err(LoginRefusal::Identity("identity_type")),
            // Only the authorities' own providers, and those that name an employer, vouch for employees.
            None => self.provider.dialect == Dialect::Municipal || self.text(cvr).is_some(),
        };
        if professional { self.employee(cvr) } else { self.citizen() }
    }

    fn citizen(&self) -> Result<Someone, LoginRefusal> {
        if !matches!(self.provider.speaks_for, SpeaksFor::Everyone) {
            return Err(LoginRefusal::NotTheirs);
        }
        let name = self.provider.claims.cpr.as_deref().unwrap_or(self.names.cpr);
        Ok(Someone::Citizen { number: self.number(name)? })
    }

    fn employee(&self, cvr: &str) -> Result<Someone, LoginRefusal> {
        let own = &self.provider.claims;
        let authority = self.text(cvr).and_then(|text| text.parse::<Cvr>().ok());
        let authority = authority.ok_or(LoginRefusal::Identity("cvr"))?;
        match &self.provider.speaks_for {
            SpeaksFor::Authorities(theirs) if !theirs.contains(&authority) => {
                return Err(LoginRefusal::NotTheirs);
            }
            _ => {}
        }
        let id = self.text(own.employee.as_deref().unwrap_or(self.names.employee));
        let id = id.ok_or(LoginRefusal::Identity("employee"))?;
        let given = self.list::<String>(own.roles.as_deref().unwrap_or("roles"))?;
        let mut roles: Vec<Role> =
            given.iter().filter_map(|role| self.provider.roles.get(role).copied()).collect();
        roles.sort_unstable();
        roles.dedup();
        let sensitivity = own.sensitivity.as_deref().unwrap_or("sensitivity");
        Ok(Someone::Employee(Box::new(Colleague {
            id: self.employee_id(authority, id),
            number: self.number(own.employee_cpr.as_deref().unwrap_or(self.names.employee_cpr))?,
            authority,
            organisation: self
                .text(own.organisation.as_deref().unwrap_or(self.names.organisation))
                .and_then(|name| name.parse().ok()),
            roles,
            kle: self.list(own.kle.as_deref().unwrap_or("kle"))?,
            sensitivity: self
                .claims
                .0
                .get(sensitivity)
                .map_or(Ok(Sensitivity::Ordinary), Sensitivity::deserialize)
                .map_err(|_| LoginRefusal::Identity("sensitivity"))?,
        })))
    }

    /// A UUID as it is; anything else becomes one that is the same each time, and no other provider's or authority's.
    fn employee_id(&self, authority: Cvr, text: &str) -> EmployeeId {
        let derived = || {
            let name = format!("{}|{authority}|{text}", self.provider.issuer);
            let hash = *Digest::of(name.as_bytes()).as_bytes();
            let mut first = [0; 16];
            first.copy_from_slice(hash.split_at(16).0);
            Builder::from_custom_bytes(first).into_uuid()
        };
        EmployeeId::from_uuid(Uuid::from_str(text).unwrap_or_else(|_| derived()))
    }

    fn name(&self) -> String {
        let own = self.provider.claims.name.as_deref();
        let mut names = own.into_iter().chain(self.names.name.iter().copied());
        let name = names.find_map(|name| self.text(name)).unwrap_or_default();
        name.chars().filter(|c| !c.is_control()).take(100).collect()
    }

    fn number(&self, claim: &str) -> Result<Option<Cpr>, LoginRefusal> {
        let number = self.text(claim).map(Cpr::from_str).transpose();
        number.map_err(|_| LoginRefusal::Identity("cpr"))
    }

    fn text(&self, claim: &str) -> Option<&'r str> {
        self.claims.0.get(claim).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    fn list<T: FromStr>(&self, claim: &'r str) -> Result<Vec<T>, LoginRefusal> {
        let texts: Option<Vec<&str>> = match self.claims.0.get(claim) {
            None => Some(Vec::new()),
            Some(Value::String(text)) => {
                let separated = text.split(|c: char| c == ',' || c.is_ascii_whitespace());
                Some(separated.filter(|part| !part.is_empty()).collect())
            }
            Some(Value::Array(all)) => all.iter().map(Value::as_str).collect(),
            Some(_) => None,
        };
        let read = |texts: Vec<&str>| texts.into_iter().map(|text| text.parse().ok()).collect();
        texts.and_then(read).ok_or(LoginRefusal::Identity("roles or kle"))
    }
}
