//! What can be done.

use crate::actor::Assurance;
use serde::{Deserialize, Serialize};

/// What somebody wants to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// See what there is about a person.
    SeeOverview,
    /// See who looked.
    SeeAccessLog,
    /// See a request or list them.
    SeeRequest,
    /// Answer one.
    AnswerRequest,
    /// See a consent or list them.
    SeeConsent,
    /// Give one unasked.
    GiveConsent,
    /// Withdraw one.
    WithdrawConsent,
    /// See a mandate or list them.
    SeeMandate,
    /// Give one.
    GiveMandate,
    /// Pass part of one on, as the representative.
    PassOnMandate,
    /// Sign one that several give or agree on together.
    SignMandate,
    /// Revoke one, as the grantor, or as whoever passed it on.
    RevokeMandate,
    /// Give one up, as the representative.
    RenounceMandate,
    /// Say what one waits for: accept it, or confirm a colleague's registration.
    ConfirmMandate,
    /// Let one rest, as the grantor.
    SuspendMandate,
    /// Let it be used again.
    ResumeMandate,
    /// Say that it is disputed.
    DisputeMandate,
    /// Enter one that was signed on paper.
    RegisterMandate,
    /// Take back such a registration because it was wrong.
    AnnulMandate,
    /// Look a person up.
    LookUp,
    /// Ask a person for consent.
    AskForConsent,
    /// Take the question back.
    CancelRequest,
    /// Let a request for a child be decided without somebody who has custody.
    ExceptHolder,
    /// Draft and publish in the catalogues.
    EditCatalogue,
    /// Erase what is over, or see what could be.
    Erase,
    /// Ask whether somebody may act for a person, or whether a consent of theirs holds.
    Decide,
    /// Ask who may act for a person, for whom, or with which privileges.
    Search,
    /// Get a token that says for whom its bearer acts.
    Represent,
    /// See a request for a mandate or list them.
    SeeMandateRequest,
    /// Ask a person for a mandate.
    AskForMandate,
    /// Approve or decline such a request.
    AnswerMandateRequest,
    /// Register the systems of an authority, and stop them.
    ManageClients,
    /// Register the subjects and objects that an authority knows elsewhere, and what they may.
    RegisterExternal,
    /// Register what a person answered on paper, orally or elsewhere.
    RegisterConsent,
    /// Take back such a registration because it was wrong.
    AnnulConsent,
    /// Keep evidence that somebody handed over.
    KeepDocument,
    /// See it.
    SeeDocument,
    /// See what the authority has to do.
    SeeTask,
    /// Say what came of it.
    CloseTask,
    /// See what was done with mandates that had ended.
    SeeLateUses,
    /// Say that a case is decided, and let end what ends with it.
    CloseCase,
    /// Say that what was for one time has been.
    UseUp,
    /// Take out everything that is held about a person.
    Export,
    /// List the consents that were given to an authority.
    ListConsents,
    /// See who acts for whom by law or decision.
    SeeStatutory,
    /// Register it, change it or end it.
    RegisterStatutory,
    /// See which employees of an organisation may act for those whom it represents, and say so of one.
    ManageEmployees,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 47] = [
        Self::SeeOverview,
        Self::SeeAccessLog,
        Self::SeeRequest,
        Self::AnswerRequest,
        Self::SeeConsent,
        Self::GiveConsent,
        Self::WithdrawConsent,
        Self::SeeMandate,
        Self::GiveMandate,
        Self::PassOnMandate,
        Self::SignMandate,
        Self::RevokeMandate,
        Self::RenounceMandate,
        Self::ConfirmMandate,
        Self::SuspendMandate,
        Self::ResumeMandate,
        Self::DisputeMandate,
        Self::RegisterMandate,
        Self::AnnulMandate,
        Self::LookUp,
        Self::AskForConsent,
        Self::CancelRequest,
        Self::ExceptHolder,
        Self::EditCatalogue,
        Self::Erase,
        Self::Decide,
        Self::Search,
        Self::Represent,
        Self::SeeMandateRequest,
        Self::AskForMandate,
        Self::AnswerMandateRequest,
        Self::ManageClients,
        Self::RegisterExternal,
        Self::RegisterConsent,
        Self::AnnulConsent,
        Self::KeepDocument,
        Self::SeeDocument,
        Self::SeeTask,
        Self::CloseTask,
        Self::SeeLateUses,
        Self::CloseCase,
        Self::UseUp,
        Self::Export,
        Self::ListConsents,
        Self::SeeStatutory,
        Self::RegisterStatutory,
        Self::ManageEmployees,
    ];

    /// The code, as it stands in the access log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SeeOverview => "see_overview",
            Self::SeeAccessLog => "see_access_log",
            Self::SeeRequest => "see_request",
            Self::AnswerRequest => "answer_request",
            Self::SeeConsent => "see_consent",
            Self::GiveConsent => "give_consent",
            Self::WithdrawConsent => "withdraw_consent",
            Self::SeeMandate => "see_mandate",
            Self::GiveMandate => "give_mandate",
            Self::PassOnMandate => "pass_on_mandate",
            Self::SignMandate => "sign_mandate",
            Self::RevokeMandate => "revoke_mandate",
            Self::RenounceMandate => "renounce_mandate",
            Self::ConfirmMandate => "confirm_mandate",
            Self::SuspendMandate => "suspend_mandate",
            Self::ResumeMandate => "resume_mandate",
            Self::DisputeMandate => "dispute_mandate",
            Self::RegisterMandate => "register_mandate",
            Self::AnnulMandate => "annul_mandate",
            Self::LookUp => "look_up",
            Self::AskForConsent => "ask_for_consent",
            Self::CancelRequest => "cancel_request",
            Self::ExceptHolder => "except_holder",
            Self::EditCatalogue => "edit_catalogue",
            Self::Erase => "erase",
            Self::Decide => "decide",
            Self::Search => "search",
            Self::Represent => "represent",
            Self::SeeMandateRequest => "see_mandate_request",
            Self::AskForMandate => "ask_for_mandate",
            Self::AnswerMandateRequest => "answer_mandate_request",
            Self::ManageClients => "manage_clients",
            Self::RegisterExternal => "register_external",
            Self::RegisterConsent => "register_consent",
            Self::AnnulConsent => "annul_consent",
            Self::KeepDocument => "keep_document",
            Self::SeeDocument => "see_document",
            Self::SeeTask => "see_task",
            Self::CloseTask => "close_task",
            Self::SeeLateUses => "see_late_uses",
            Self::CloseCase => "close_case",
            Self::UseUp => "use_up",
            Self::Export => "export",
            Self::ListConsents => "list_consents",
            Self::SeeStatutory => "see_statutory",
            Self::RegisterStatutory => "register_statutory",
            Self::ManageEmployees => "manage_employees",
        }
    }

    /// Whether only staff and systems of an authority do it at all.
    pub const fn is_of_staff(self) -> bool {
        matches!(
            self,
            Self::LookUp
                | Self::AskForConsent
                | Self::CancelRequest
                | Self::ExceptHolder
                | Self::EditCatalogue
                | Self::Erase
                | Self::ManageClients
                | Self::RegisterExternal
                | Self::RegisterConsent
                | Self::AnnulConsent
                | Self::RegisterMandate
                | Self::AnnulMandate
                | Self::KeepDocument
                | Self::SeeTask
                | Self::CloseTask
                | Self::SeeLateUses
                | Self::CloseCase
                | Self::UseUp
                | Self::ListConsents
                | Self::RegisterStatutory
        )
    }

    /// How sure it must be who does it.
    pub const fn least_assurance(self) -> Assurance {
        Assurance::Substantial
    }

    /// How long ago, in seconds, whoever does it may have proved who they are: what gives somebody something, or destroys evidence,
    /// asks for it anew; what takes back never does.
    pub const fn freshness(self) -> Option<i64> {
        match self {
            Self::AnswerRequest
            | Self::GiveConsent
            | Self::GiveMandate
            | Self::PassOnMandate
            | Self::SignMandate
            | Self::ConfirmMandate
            | Self::ResumeMandate
            | Self::RegisterMandate
            | Self::AnswerMandateRequest
            | Self::ManageClients
            | Self::ManageEmployees
            | Self::Erase => Some(300),
            _ => None,
        }
    }
}
