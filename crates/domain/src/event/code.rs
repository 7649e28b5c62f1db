//! The codes of what happened, as they stand in the journal.

use super::{EndCause, Fact};

impl Fact {
    /// Whether only the grantor of a mandate is to know of it (M12).
    pub const fn is_quiet(&self) -> bool {
        matches!(
            self,
            Self::MandateRevoked { quiet: true, .. }
                | Self::MandateEnded {
                    cause: EndCause::ParentEndedQuietly | EndCause::JointEndedQuietly,
                    ..
                }
        )
    }

    /// The code of an erasure.
    pub const ERASED: &str = "erased";

    /// The code of what happened, as it stands in the journal.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PersonRegistered { .. } => "person_registered",
            Self::OrganisationRegistered { .. } => "organisation_registered",
            Self::EmployeeRegistered { .. } => "employee_registered",
            Self::EmployeeAdmitted {} => "employee_admitted",
            Self::EmployeeStopped {} => "employee_stopped",
            Self::NumberChanged { .. } => "number_changed",
            Self::PersonMerged { .. } => "person_merged",
            Self::BirthdayCorrected { .. } => "birthday_corrected",
            Self::LoginBound { .. } => "login_bound",
            Self::PersonDied { .. } => "person_died",
            Self::PostChanged { .. } => "post_changed",
            Self::CustodyStated { .. } => "custody_stated",
            Self::LastingPowerRegistered { .. } => "lasting_power_registered",
            Self::ChargeStated { .. } => "charge_stated",
            Self::ChargeEnded { .. } => "charge_ended",
            Self::RequestVoiced { .. } => "request_voiced",
            Self::HolderExcepted { .. } => "holder_excepted",
            Self::EntryDrafted { .. } => "entry_drafted",
            Self::EntryChanged { .. } => "entry_changed",
            Self::EntrySubmitted {} => "entry_submitted",
            Self::EntryReturned { .. } => "entry_returned",
            Self::EntryDiscarded {} => "entry_discarded",
            Self::EntryPublished {} => "entry_published",
            Self::EntryRetired {} => "entry_retired",
            Self::EntryWithdrawn { .. } => "entry_withdrawn",
            Self::PresentationShown { .. } => "presentation_shown",
            Self::ConsentRequested { .. } => "consent_requested",
            Self::RequestAnswered { .. } => "request_answered",
            Self::RequestCancelled {} => "request_cancelled",
            Self::RequestLapsed { .. } => "request_lapsed",
            Self::ConsentGiven(_) => "consent_given",
            Self::ConsentDeclined(_) => "consent_declined",
            Self::ConsentWithdrawn { .. } => "consent_withdrawn",
            Self::ConsentAnnulled { .. } => "consent_annulled",
            Self::ConsentLapsed { .. } => "consent_lapsed",
            Self::MandateGiven { .. } => "mandate_given",
            Self::MandateRenewed { .. } => "mandate_renewed",
            Self::MandatePackageWithdrawn(_) => "mandate_package_withdrawn",
            Self::MandateSigned { .. } => "mandate_signed",
            Self::MandateAgreed { .. } => "mandate_agreed",
            Self::MandateObjected {} => "mandate_objected",
            Self::MandateConfirmed { .. } => "mandate_confirmed",
            Self::MandateSuspended { .. } => "mandate_suspended",
            Self::MandateDisputed { .. } => "mandate_disputed",
            Self::MandateRested {} => "mandate_rested",
            Self::MandateResumed {} => "mandate_resumed",
            Self::MandateRevoked { .. } => "mandate_revoked",
            Self::MandateRenounced { .. } => "mandate_renounced",
            Self::MandateAnnulled { .. } => "mandate_annulled",
            Self::MandateEnded { .. } => "mandate_ended",
            Self::MandateRequested { .. } => "mandate_requested",
            Self::MandateRequestApproved { .. } => "mandate_request_approved",
            Self::MandateRequestDeclined {} => "mandate_request_declined",
            Self::MandateRequestLapsed { .. } => "mandate_request_lapsed",
            Self::ClientRegistered { .. } => "client_registered",
            Self::ClientChanged { .. } => "client_changed",
            Self::ClientStopped {} => "client_stopped",
            Self::ClientResumed {} => "client_resumed",
            Self::EntityRegistered { .. } => "entity_registered",
            Self::EntityChanged { .. } => "entity_changed",
            Self::EntityRemoved {} => "entity_removed",
            Self::PrivilegeRegistered { .. } => "privilege_registered",
            Self::PrivilegeChanged { .. } => "privilege_changed",
            Self::PrivilegeRemoved {} => "privilege_removed",
            Self::ExternalGranted { .. } => "external_granted",
            Self::ExternalGrantRevoked {} => "external_grant_revoked",
            Self::DocumentKept { .. } => "document_kept",
            Self::TaskOpened(_) => "task_opened",
            Self::TaskClosed { .. } => "task_closed",
            Self::AccessRecorded { .. } => "access_recorded",
            Self::AccessErased { .. } => "access_erased",
            Self::Erased { .. } => Self::ERASED,
        }
    }
}
