//! What a person in the sense of the law is here: a human as a citizen, an organisation, or a human as somebody's employee (M5).

use crate::{
    Cvr,
    id::{EmployeeId, PersonId},
    instant::Instant,
};
use serde::{Deserialize, Serialize};

/// What a person is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Party {
    /// A human, in their own affairs.
    #[default]
    Citizen,
    /// A legal person that people can be represented by. It acts by its employees alone.
    Organisation {
        /// Its number.
        cvr: Cvr,
    },
    /// A human at work for such an organisation; who they are as a citizen is another person here.
    Employee(Employment),
}

/// At whose work somebody is, and when the organisation let them act.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Employment {
    /// The organisation.
    pub organisation: PersonId,
    /// Its number.
    pub cvr: Cvr,
    /// What the identity provider calls the employee, made the same UUID each time.
    pub id: EmployeeId,
    /// When the organisation let them act, the earliest first; none overlap, and none but the last is open.
    pub stints: Vec<Stint>,
}

/// A time in which an employee could act for those whom the organisation represents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stint {
    /// The first moment.
    pub from: Instant,
    /// The first moment after it; `None` while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Instant>,
}

impl Employment {
    /// Since when they may act, if they may as far as is known last.
    pub fn admitted_since(&self) -> Option<Instant> {
        self.stints.last().filter(|stint| stint.to.is_none()).map(|stint| stint.from)
    }

    /// The time in which they could act that has that moment in it.
    pub fn stint_at(&self, moment: Instant) -> Option<Stint> {
        self.stints.iter().copied().find(|s| s.from <= moment && s.to.is_none_or(|to| moment < to))
    }

    /// Whether they could act at that moment.
    pub fn was_admitted_at(&self, moment: Instant) -> bool {
        self.stint_at(moment).is_some()
    }
}

impl Party {
    /// Whether it is a human in their own affairs.
    pub const fn is_citizen(&self) -> bool {
        matches!(self, Self::Citizen)
    }

    /// The number of the organisation that it is, or is at work for.
    pub const fn cvr(&self) -> Option<Cvr> {
        match self {
            Self::Citizen => None,
            Self::Organisation { cvr } => Some(*cvr),
            Self::Employee(employment) => Some(employment.cvr),
        }
    }
}

/// An employee of an organisation that people are represented by, in what is kept of what they do: each act names both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
pub struct Professional {
    /// The employee.
    pub employee: PersonId,
    /// The organisation's number.
    pub cvr: Cvr,
}
