//! What the profile can say.

use std::{fmt, str::FromStr};
use tillid_domain::{Cpr, Cvr, id::PersonId};

/// The most groups of a list that is read.
pub const MAX_GROUPS: usize = 1000;
/// The most privileges, and the most constraints, of a group that is read.
pub const MAX_PRIVILEGES: usize = 1000;

/// A version of the profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Profile {
    /// 1.0.1: no constraints.
    V101,
    /// 1.2.
    #[default]
    V12,
}

impl Profile {
    /// Its namespace.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::V101 => "http://itst.dk/oiosaml/basic_privilege_profile",
            Self::V12 => "http://digst.dk/oiosaml/basic_privilege_profile",
        }
    }
}

/// For whom a group's privileges are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// A person, by CPR number.
    Cpr(Cpr),
    /// An organisation.
    Cvr(Cvr),
    /// A part of an organisation that settles taxes; its numbers are made like those of organisations.
    Se(Cvr),
    /// A place of an organisation.
    ProductionUnit(ProductionUnit),
    /// A person, by the id here: what is told to those who do not have the number. The profile has no such scope.
    Person(PersonId),
}

/// The number of a place of an organisation: ten digits, the first a one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProductionUnit(String);

impl FromStr for ProductionUnit {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        let digits = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit());
        if digits && text.starts_with('1') { Ok(Self(text.to_owned())) } else { Err(NotAScope::Number) }
    }
}

impl fmt::Display for ProductionUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no scope. Says nothing of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotAScope {
    /// It is of no kind that the profile has.
    #[error("the scope is of no kind that is known")]
    Kind,
    /// Its number cannot be one.
    #[error("the number in the scope cannot be one")]
    Number,
}

const CPR: &str = "urn:dk:gov:saml:cprNumberIdentifier:";
const CVR: &str = "urn:dk:gov:saml:cvrNumberIdentifier:";
const SE: &str = "urn:dk:gov:saml:seNumberIdentifier:";
const PRODUCTION_UNIT: &str = "urn:dk:gov:saml:productionUnitIdentifier:";
const PERSON: &str = "urn:uuid:";

impl Scope {
    /// As the profile writes it. The number of a person is in it.
    pub fn reveal(&self) -> String {
        match self {
            Self::Cpr(number) => format!("{CPR}{}", number.reveal()),
            Self::Cvr(number) => format!("{CVR}{number}"),
            Self::Se(number) => format!("{SE}{number}"),
            Self::ProductionUnit(number) => format!("{PRODUCTION_UNIT}{number}"),
            Self::Person(id) => format!("{PERSON}{id}"),
        }
    }
}

impl FromStr for Scope {
    type Err = NotAScope;

    /// What stands before the number counts in any case of its letters.
    fn from_str(text: &str) -> Result<Self, NotAScope> {
        let after = |prefix: &str| {
            let (start, rest) = text.split_at_checked(prefix.len())?;
            start.eq_ignore_ascii_case(prefix).then_some(rest)
        };
        let number = |_| NotAScope::Number;
        if let Some(rest) = after(CPR) {
            rest.parse().map(Self::Cpr).map_err(|_| NotAScope::Number)
        } else if let Some(rest) = after(CVR) {
            rest.parse().map(Self::Cvr).map_err(number)
        } else if let Some(rest) = after(SE) {
            rest.parse().map(Self::Se).map_err(number)
        } else if let Some(rest) = after(PRODUCTION_UNIT) {
            rest.parse().map(Self::ProductionUnit)
        } else if let Some(rest) = after(PERSON) {
            rest.parse().map(Self::Person).map_err(|_| NotAScope::Number)
        } else {
            Err(NotAScope::Kind)
        }
    }
}

/// A privilege, or the name of a constraint: a URI of at most 2000 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Privilege(String);

/// A text that is no privilege.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a URI of at most 2000 characters")]
pub struct NotAPrivilege;

impl Privilege {
    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Privilege {
    type Err = NotAPrivilege;

    fn from_str(text: &str) -> Result<Self, NotAPrivilege> {
        let scheme = text.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
        let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        let word = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let rest = text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>\"{}|\\^`".contains(c));
        let fits = text.chars().count() <= 2000;
        if starts && word && rest && fits { Ok(Self(text.to_owned())) } else { Err(NotAPrivilege) }
    }
}

/// What narrows the privileges of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constraint {
    /// What it is about.
    pub name: Privilege,
    /// What is allowed of it.
    pub value: String,
}

impl Constraint {
    /// The name of the constraint that a mandate for one case has.
    pub const CASE: &str = "urn:tillid:constraint:case";
}

/// What somebody may do, and for whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrivilegeGroup {
    /// For whom.
    pub scope: Scope,
    /// What: one at least.
    pub privileges: Vec<Privilege>,
    /// Within what.
    pub constraints: Vec<Constraint>,
}
