//! How a power of attorney came about, and what it still waits for.

use crate::{
    Cvr,
    catalogue::{MandatePackage, Risk},
    id::{DocumentId, PersonId},
    instant::{Instant, LocalDate},
    power::Basis,
    reason::Reason,
};
use serde::{Deserialize, Serialize};

/// How long a power of high risk rests before it can be used, in seconds: whoever was pressed, and those around them, get three days
/// to stop it (bar P4).
pub const COOLING_OFF: i64 = 72 * 3600;

/// How late a registrar may enter what was signed on paper: as late as an answer to a consent.
const ENTERED_WITHIN: i64 = 184 * 24 * 3600;

/// How it was given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "route", rename_all = "snake_case")]
pub enum MandateRoute {
    /// The grantor gave it here.
    #[default]
    Digital,
    /// The grantor signed a paper, which a registrar of that authority entered.
    Paper {
        /// Which paper.
        paper: MandatePaper,
        /// The day beside the signature.
        signed_on: LocalDate,
        /// The scanned paper.
        document: DocumentId,
        /// Whose registrar.
        authority: Cvr,
        /// Who the registrar is as a citizen, where that is known: two accounts of one person are not four eyes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entered_by: Option<PersonId>,
    },
}

/// Which paper a grantor signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MandatePaper {
    /// The form that was printed here.
    Form,
    /// A general power of attorney: everything, without exceptions, signed before a lawyer or two witnesses.
    General,
}

impl MandatePaper {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Form, Self::General];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::General => "general",
        }
    }
}

impl MandateRoute {
    /// Whether the grantor gave it here themselves.
    pub const fn is_digital(&self) -> bool {
        matches!(self, Self::Digital)
    }

    /// What powers of a mandate that came about so rest on, unless it was given for a child.
    pub(super) const fn basis(&self) -> Basis {
        match self {
            Self::Digital => Basis::MandateDigital,
            Self::Paper { paper: MandatePaper::Form, .. } => Basis::MandatePaper,
            Self::Paper { paper: MandatePaper::General, .. } => Basis::GeneralPoa,
        }
    }

    /// The document that proves it.
    pub const fn document(&self) -> Option<DocumentId> {
        match self {
            Self::Digital => None,
            Self::Paper { document, .. } => Some(*document),
        }
    }

    /// Refuses a signature of the future, and one so old that somebody should have entered it.
    pub fn must_have_happened(&self, now: Instant) -> Result<(), Reason> {
        let Self::Paper { signed_on, .. } = self else { return Ok(()) };
        if signed_on.start() > now {
            Err(Reason::AnsweredInFuture)
        } else if now.seconds_since(signed_on.start()) > ENTERED_WITHIN {
            Err(Reason::AnsweredTooLongAgo)
        } else {
            Ok(())
        }
    }

    /// What must be said to it before anybody can use it: by the representative, where a package asks for that, and by a second
    /// registrar, where one alone could do great harm.
    pub fn awaits<'p>(&self, packages: impl Iterator<Item = &'p MandatePackage>) -> Option<Awaited> {
        let (mut acceptance, mut high) = (false, false);
        for package in packages {
            acceptance |= package.acceptance_required;
            high |= package.risk == Risk::High;
        }
        let general = matches!(self, Self::Paper { paper: MandatePaper::General, .. });
        let second = !self.is_digital() && (high || general);
        match (acceptance, second) {
            (false, false) => None,
            (true, false) => Some(Awaited::Acceptance),
            (false, true) => Some(Awaited::SecondRegistrar),
            (true, true) => Some(Awaited::Both),
        }
    }
}

/// What a mandate waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// That the representative accepts it.
    Acceptance,
    /// That a second registrar has seen the same.
    SecondRegistrar,
    /// Both.
    Both,
    /// That whoever is to sign it with others does.
    Signature,
    /// That enough of the others sign too (M6).
    Others,
    /// That whoever objected signs after all.
    Agreement,
    /// That the others who have custody of the child for whom it was given sign too.
    Holders,
}

/// What was said to a mandate that waited.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// The representative accepts it.
    Acceptance,
    /// A second registrar has seen the same.
    SecondRegistrar,
    /// Enough of those who sign together have.
    Quorum,
    /// Nobody else who has custody has to sign it any more.
    Holders,
}

impl Awaited {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Acceptance => "acceptance",
            Self::SecondRegistrar => "second_registrar",
            Self::Both => "both",
            Self::Signature => "signature",
            Self::Others => "others",
            Self::Agreement => "agreement",
            Self::Holders => "holders",
        }
    }

    /// Whether it waits for that.
    pub const fn waits_for(self, confirmation: Confirmation) -> bool {
        match confirmation {
            Confirmation::Acceptance => matches!(self, Self::Acceptance | Self::Both),
            Confirmation::SecondRegistrar => matches!(self, Self::SecondRegistrar | Self::Both),
            Confirmation::Quorum => matches!(self, Self::Others),
            Confirmation::Holders => matches!(self, Self::Holders),
        }
    }

    /// What it waits for once that was said; what nobody waits for changes nothing.
    pub const fn after(self, confirmation: Confirmation) -> Option<Self> {
        match (self, confirmation) {
            (Self::Both, Confirmation::Acceptance) => Some(Self::SecondRegistrar),
            (Self::Both, Confirmation::SecondRegistrar) => Some(Self::Acceptance),
            (Self::Acceptance, Confirmation::Acceptance)
            | (Self::SecondRegistrar, Confirmation::SecondRegistrar)
            | (Self::Others, Confirmation::Quorum)
            | (Self::Holders, Confirmation::Holders) => None,
            (other, _) => Some(other),
        }
    }
}

/// The first moment when a mandate over these packages can be used, if it is complete now.
pub fn usable_from<'p>(packages: impl Iterator<Item = &'p MandatePackage>, now: Instant) -> Instant {
    let mut packages = packages;
    if packages.any(|package| package.risk == Risk::High) { now.plus_seconds(COOLING_OFF) } else { now }
}
