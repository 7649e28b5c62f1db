//! Who asks: a citizen, an employee of an authority, an authority's system, or the operator's own command.

use crate::{
    Cvr,
    id::{EmployeeId, PersonId},
    instant::Instant,
    kle::Kle,
    party::Professional,
    text::ClientId,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How sure it is who someone is, as NSIS grades it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assurance {
    /// NSIS lav.
    Low,
    /// NSIS betydelig.
    Substantial,
    /// NSIS høj.
    High,
}

impl Assurance {
    /// The level as OIOSAML and RFC 9470's `acr_values` name it.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Low => "https://data.gov.dk/concept/core/nsis/loa/Low",
            Self::Substantial => "https://data.gov.dk/concept/core/nsis/loa/Substantial",
            Self::High => "https://data.gov.dk/concept/core/nsis/loa/High",
        }
    }
}

/// A level of assurance in no spelling that is known.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not a level of assurance")]
pub struct NotAnAssurance;

impl FromStr for Assurance {
    type Err = NotAnAssurance;

    /// Reads every spelling in use: the plain value, the OIOSAML authentication context, the brokers' claim,
    /// Criipto's `acr`, and OIOSAML 2's levels 2 to 4.
    fn from_str(text: &str) -> Result<Self, NotAnAssurance> {
        let known = [
            "https://data.gov.dk/concept/core/nsis/loa/",
            "https://data.gov.dk/concept/core/nsis/",
            "urn:grn:authn:dk:mitid:",
        ];
        let plain = known.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
        match plain {
            "Low" | "low" | "2" => Ok(Self::Low),
            "Substantial" | "substantial" | "3" => Ok(Self::Substantial),
            "High" | "high" | "4" => Ok(Self::High),
            _ => Err(NotAnAssurance),
        }
    }
}

/// How sensitive data is, and how sensitive data somebody may see.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Ordinary personal data.
    Ordinary,
    /// Confidential (forvaltningsloven section 27).
    Confidential,
    /// Special categories (GDPR article 9).
    Special,
}

/// What an employee is trusted to do, within their own authority.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks up.
    Reader,
    /// Looks up, asks for consents.
    Caseworker,
    /// Betroet medarbejder: helps citizens at the counter.
    Registrar,
    /// Drafts and publishes consent types and mandate packages.
    CatalogueAdministrator,
    /// Supervises the access log.
    DataProtectionOfficer,
    /// Registers the authority's systems and what they know of its other registers.
    SystemAdministrator,
    /// Says which employees of an organisation act for those whom it represents; nothing at an authority.
    OrganisationAdministrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Reader,
        Self::Caseworker,
        Self::Registrar,
        Self::CatalogueAdministrator,
        Self::DataProtectionOfficer,
        Self::SystemAdministrator,
        Self::OrganisationAdministrator,
    ];

    /// The purposes that this role can look a person up for; the list is closed.
    pub const fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Reader => &[Purpose::CaseProcessing],
            Self::Caseworker => &[Purpose::CaseProcessing, Purpose::ConsentFollowUp],
            Self::Registrar => &[Purpose::CitizenService],
            Self::CatalogueAdministrator | Self::SystemAdministrator | Self::OrganisationAdministrator => &[],
            Self::DataProtectionOfficer => &[Purpose::Supervision],
        }
    }
}

/// What a person is looked up for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A case about the person is being processed.
    CaseProcessing,
    /// An answer to a request for consent is followed up.
    ConsentFollowUp,
    /// The person is being helped at the counter or on the telephone.
    CitizenService,
    /// The authority's use of the service is supervised.
    Supervision,
    /// A step in a case is taken by a system.
    AutomatedStep,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 5] = [
        Self::CaseProcessing,
        Self::ConsentFollowUp,
        Self::CitizenService,
        Self::Supervision,
        Self::AutomatedStep,
    ];

    /// The code, as it is written in requests and records.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CaseProcessing => "case_processing",
            Self::ConsentFollowUp => "consent_follow_up",
            Self::CitizenService => "citizen_service",
            Self::Supervision => "supervision",
            Self::AutomatedStep => "automated_step",
        }
    }

    /// Whether a look-up for this purpose must name a case.
    pub const fn needs_case(self) -> bool {
        matches!(self, Self::CaseProcessing | Self::ConsentFollowUp | Self::AutomatedStep)
    }

    /// What may be listed for this purpose. Who helps one person has no use for a list of others.
    pub const fn lists(self) -> Option<Listing> {
        match self {
            Self::CaseProcessing | Self::AutomatedStep => Some(Listing::OfOneCase),
            Self::ConsentFollowUp | Self::Supervision => Some(Listing::OfAll),
            Self::CitizenService => None,
        }
    }
}

/// How far a list of persons reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listing {
    /// Those of one case.
    OfOneCase,
    /// Everybody.
    OfAll,
}

/// What a system may ask for at all (RFC 6749, section 3.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Whether somebody may act for a person, or a consent holds.
    Decide,
    /// Who may act for a person, for whom, and with which privileges.
    Search,
    /// Looks a person up.
    LookUp,
    /// Asks a person for a consent or a mandate.
    Ask,
    /// Registers subjects and objects of the authority's own.
    Register,
    /// Exchanges a person's token for one that says for whom they act (RFC 8693).
    Represent,
    /// Brings consents that it collected itself, and says when their purpose is fulfilled.
    Collect,
    /// Lists the consents that were given to the authority.
    List,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 8] = [
        Self::Decide,
        Self::Search,
        Self::LookUp,
        Self::Ask,
        Self::Register,
        Self::Represent,
        Self::Collect,
        Self::List,
    ];

    /// The code, as it stands in `scope`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Search => "search",
            Self::LookUp => "look_up",
            Self::Ask => "ask",
            Self::Register => "register",
            Self::Represent => "represent",
            Self::Collect => "collect",
            Self::List => "list",
        }
    }

    /// The scope with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.code() == code)
    }
}

/// An employee, in the service of one authority.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Employee {
    /// Who, at this authority.
    pub id: EmployeeId,
    /// The same human as a citizen, where the identity provider tells. Nobody acts in their own case.
    pub person: Option<PersonId>,
    /// The authority.
    pub authority: Cvr,
    /// What they are trusted to do.
    pub roles: Vec<Role>,
    /// The fields of work that they may see; nothing when empty.
    pub kle: Vec<Kle>,
    /// The most sensitive data that they may see.
    pub sensitivity: Sensitivity,
}

impl Employee {
    /// Whether one of the roles is this one.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether one of the roles has this purpose.
    pub fn has(&self, purpose: Purpose) -> bool {
        self.roles.iter().any(|role| role.purposes().contains(&purpose))
    }
}

/// An authority's system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// The client.
    pub client: ClientId,
    /// The authority that it belongs to.
    pub authority: Cvr,
    /// The purposes that the authority has registered it for.
    pub purposes: Vec<Purpose>,
    /// What it may ask for at all; of its own token only a part, where it asked for a part.
    pub scopes: Vec<Scope>,
}

/// That somebody is logged in for an organisation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AtWork {
    /// Who, and which.
    pub who: Professional,
    /// Whether the organisation has made them the one who says which of its employees may act.
    pub administers: bool,
}

/// Who acts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// A citizen, on their own behalf or for another; or somebody at work for an organisation that represents people.
    Citizen {
        /// The citizen, logged in as themselves. At work, as whom they act: the organisation, or the employee where that is whom a mandate
        /// names (M5).
        person: PersonId,
        /// The person they act for, as claimed; whether they may is decided anew each time.
        acting_for: Option<PersonId>,
        /// At whose work they are, if they logged in for an organisation.
        at_work: Option<AtWork>,
    },
    /// An employee of an authority.
    Employee(Employee),
    /// A system.
    System(Machine),
    /// A command of the operator, such as seeding the catalogue.
    Operator,
}

/// Who acts, and how sure that is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// How sure.
    pub assurance: Assurance,
    /// When a human last proved who they are; `None` for systems.
    pub authenticated_at: Option<Instant>,
}

impl Actor {
    /// The operator's own command.
    pub const OPERATOR: Self =
        Self { who: Who::Operator, assurance: Assurance::High, authenticated_at: None };

    /// The authority that they work for.
    pub const fn authority(&self) -> Option<Cvr> {
        match &self.who {
            Who::Employee(me) => Some(me.authority),
            Who::System(me) => Some(me.authority),
            Who::Citizen { .. } | Who::Operator => None,
        }
    }

    /// What the journal and the access log keep of who acted.
    pub fn trace(&self) -> ActorTrace {
        match &self.who {
            Who::Citizen { person, acting_for: None, at_work } => {
                ActorTrace::Citizen { person: *person, at_work: at_work.map(|work| work.who) }
            }
            Who::Citizen { person, acting_for: Some(grantor), at_work } => ActorTrace::Representative {
                person: *person,
                acting_for: *grantor,
                client: None,
                at_work: at_work.map(|work| work.who),
            },
            Who::Employee(e) => ActorTrace::Employee { id: e.id, authority: e.authority },
            Who::System(m) => ActorTrace::System { client: m.client.clone(), authority: m.authority },
            Who::Operator => ActorTrace::Operator,
        }
    }
}

/// Who acted, as it is kept for good.
#[derive(Clone, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ActorTrace {
    /// A citizen on their own behalf.
    Citizen {
        /// The citizen.
        person: PersonId,
        /// Who acted, where the person is an organisation or its employee.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_work: Option<Professional>,
    },
    /// A citizen for another.
    Representative {
        /// The citizen.
        person: PersonId,
        /// The person acted for.
        acting_for: PersonId,
        /// The system through which they act, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<ClientId>,
        /// Who acted, where the representative is an organisation or its employee.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_work: Option<Professional>,
    },
    /// An employee.
    Employee {
        /// The employee.
        id: EmployeeId,
        /// Their authority.
        authority: Cvr,
    },
    /// A system.
    System {
        /// The client.
        client: ClientId,
        /// Its authority.
        authority: Cvr,
    },
    /// The operator.
    Operator,
    /// This service by itself.
    Service,
}

impl ActorTrace {
    /// Who acted at work, and for which organisation.
    pub const fn professional(&self) -> Option<Professional> {
        match self {
            Self::Citizen { at_work, .. } | Self::Representative { at_work, .. } => *at_work,
            Self::Employee { .. } | Self::System { .. } | Self::Operator | Self::Service => None,
        }
    }

    /// The citizen who acted, for themselves or for another.
    pub const fn citizen(&self) -> Option<PersonId> {
        match self {
            Self::Citizen { person, .. } | Self::Representative { person, .. } => Some(*person),
            Self::Employee { .. } | Self::System { .. } | Self::Operator | Self::Service => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_nsis_level_is_one_level() {
        for text in [
            "Substantial",
            "substantial",
            "https://data.gov.dk/concept/core/nsis/loa/Substantial",
            "https://data.gov.dk/concept/core/nsis/Substantial",
            "urn:grn:authn:dk:mitid:substantial",
            "3",
        ] {
            assert_eq!(text.parse(), Ok(Assurance::Substantial), "{text}");
        }
        for text in ["", "SUBSTANTIAL", "https://data.gov.dk/concept/core/nsis/", "5", "loa/High"] {
            assert_eq!(text.parse::<Assurance>(), Err(NotAnAssurance), "{text}");
        }
    }
}
