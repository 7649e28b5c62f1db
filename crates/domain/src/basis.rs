//! What it rests on that somebody may act for another.

/// What somebody's authority rests on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Basis {
    /// A mandate that was given here.
    MandateDigital,
    /// A mandate on the form that is printed here.
    MandatePaper,
    /// A general power of attorney on paper.
    GeneralPoa,
    /// A mandate that was given to the organisation whose employee acts.
    OrganisationRole,
    /// A mandate that those who have custody gave for the child, to foster carers for example.
    FosterCarer,
    /// Custody that nobody else has.
    CustodySole,
    /// Custody that is shared.
    CustodyJoint,
    /// Guardianship (værgemålsloven section 5).
    GuardianS5,
    /// Guardianship of somebody without legal capacity (section 6).
    GuardianS6,
    /// Co-guardianship: both act (section 7).
    CoGuardianS7,
    /// A lasting power that is in force.
    LastingPoa,
}

impl Basis {
    /// Every basis.
    pub const ALL: [Self; 11] = [
        Self::MandateDigital,
        Self::MandatePaper,
        Self::GeneralPoa,
        Self::OrganisationRole,
        Self::FosterCarer,
        Self::CustodySole,
        Self::CustodyJoint,
        Self::GuardianS5,
        Self::GuardianS6,
        Self::CoGuardianS7,
        Self::LastingPoa,
    ];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MandateDigital => "MANDATE_DIGITAL",
            Self::MandatePaper => "MANDATE_PAPER",
            Self::GeneralPoa => "GENERAL_POA",
            Self::OrganisationRole => "ORGANISATION_ROLE",
            Self::FosterCarer => "FOSTER_CARER",
            Self::CustodySole => "CUSTODY_SOLE",
            Self::CustodyJoint => "CUSTODY_JOINT",
            Self::GuardianS5 => "GUARDIAN_S5",
            Self::GuardianS6 => "GUARDIAN_S6",
            Self::CoGuardianS7 => "CO_GUARDIAN_S7",
            Self::LastingPoa => "LASTING_POA",
        }
    }

    /// The one with that code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.code() == code)
    }

    /// Whether it rests on a mandate.
    pub const fn is_mandate(self) -> bool {
        matches!(
            self,
            Self::MandateDigital
                | Self::MandatePaper
                | Self::GeneralPoa
                | Self::OrganisationRole
                | Self::FosterCarer
        )
    }

    /// Whether it rests on custody.
    pub const fn is_custody(self) -> bool {
        matches!(self, Self::CustodySole | Self::CustodyJoint)
    }
}
