//! What events are about, and why things end by themselves.

use serde::{Deserialize, Serialize};

/// The kinds of things that events are about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person.
    Person,
    /// A version of a consent type or package.
    CatalogueEntry,
    /// What was shown.
    Presentation,
    /// A request for consent.
    ConsentRequest,
    /// A consent.
    Consent,
    /// A power of attorney.
    Mandate,
    /// A request for a power of attorney.
    MandateRequest,
    /// A machine client.
    Client,
    /// Something of an authority's that is no person.
    ExternalEntity,
    /// What can be done to such things.
    ExternalPrivilege,
    /// What an authority has given to such a thing.
    ExternalGrant,
    /// Evidence that somebody handed over.
    Document,
    /// What an authority has to do.
    Task,
    /// Who has custody of a child.
    Custody,
    /// A guardianship or a lasting power.
    StatutoryPower,
    /// Access records made durable together.
    AccessBatch,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::Person,
        Self::CatalogueEntry,
        Self::Presentation,
        Self::ConsentRequest,
        Self::Consent,
        Self::Mandate,
        Self::MandateRequest,
        Self::Client,
        Self::ExternalEntity,
        Self::ExternalPrivilege,
        Self::ExternalGrant,
        Self::Document,
        Self::Task,
        Self::Custody,
        Self::StatutoryPower,
        Self::AccessBatch,
    ];

    /// The code, for storage.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::CatalogueEntry => "catalogue_entry",
            Self::Presentation => "presentation",
            Self::ConsentRequest => "consent_request",
            Self::Consent => "consent",
            Self::Mandate => "mandate",
            Self::MandateRequest => "mandate_request",
            Self::Client => "client",
            Self::ExternalEntity => "external_entity",
            Self::ExternalPrivilege => "external_privilege",
            Self::ExternalGrant => "external_grant",
            Self::Document => "document",
            Self::Task => "task",
            Self::Custody => "custody",
            Self::StatutoryPower => "statutory_power",
            Self::AccessBatch => "access_batch",
        }
    }
}

/// Why a request or consent lapsed or a mandate ended although nobody asked for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// The person who gave it, or was asked, died.
    Death,
    /// The representative died.
    RepresentativeDeath,
    /// The employee whom it named acts for the organisation no longer.
    EmployeeLeft,
    /// The case was decided, and with it the purpose is fulfilled.
    CaseClosed,
    /// It was for one time, and that has been (C8).
    Used,
    /// Another decides, because the child has got older.
    Age,
    /// Another decides, because others have custody.
    CustodyChanged,
    /// The authority withdrew the packages that it gave (M8).
    PackageWithdrawn,
    /// Who gave, asked for or held it turned out to be another person of this service, as whom nobody gave it (M10).
    CprChangeUnresolved,
    /// What it rests on ended.
    ParentEnded,
    /// Likewise, and nobody but the grantor is to learn why (M12).
    ParentEndedQuietly,
    /// One of those who gave or held it together ended it (M6).
    JointEnded,
    /// Likewise, and nobody but the grantor is to learn why (M12).
    JointEndedQuietly,
}
