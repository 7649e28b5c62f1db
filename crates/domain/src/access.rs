//! Who may do what to whom: one pure function, and the record of each look.

use crate::{
    Cvr, Digest, Salt,
    actor::{Actor, ActorTrace, Assurance, Employee, Machine, Purpose, Role, Sensitivity, Who},
    digest::canonical,
    id::{AccessId, EmployeeId, PersonId},
    instant::Instant,
    kle::Kle,
    reason::Reason,
    text::{CaseRef, PrivilegeUri, Prose},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The privilege of seeing somebody's consents and requests.
pub const SEE_CONSENTS: &str = "urn:dk:tillid:fuldmagt:samtykke:samtykke:laes";
/// The privilege of withdrawing somebody's consents.
pub const WITHDRAW_CONSENTS: &str = "urn:dk:tillid:fuldmagt:samtykke:samtykke-tilbagekald:handle";
/// The privilege of answering for somebody.
pub const GIVE_CONSENTS: &str = "urn:dk:tillid:fuldmagt:samtykke:samtykke-giv:handle";

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
    /// Revoke one, as the grantor.
    RevokeMandate,
    /// Give one up, as the representative.
    RenounceMandate,
    /// Look a person up.
    LookUp,
    /// Ask a person for consent.
    AskForConsent,
    /// Take the question back.
    CancelRequest,
    /// Draft and publish in the catalogues.
    EditCatalogue,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 15] = [
        Self::SeeOverview,
        Self::SeeAccessLog,
        Self::SeeRequest,
        Self::AnswerRequest,
        Self::SeeConsent,
        Self::GiveConsent,
        Self::WithdrawConsent,
        Self::SeeMandate,
        Self::GiveMandate,
        Self::RevokeMandate,
        Self::RenounceMandate,
        Self::LookUp,
        Self::AskForConsent,
        Self::CancelRequest,
        Self::EditCatalogue,
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
            Self::RevokeMandate => "revoke_mandate",
            Self::RenounceMandate => "renounce_mandate",
            Self::LookUp => "look_up",
            Self::AskForConsent => "ask_for_consent",
            Self::CancelRequest => "cancel_request",
            Self::EditCatalogue => "edit_catalogue",
        }
    }

    /// How sure it must be who does it.
    pub const fn least_assurance(self) -> Assurance {
        Assurance::Substantial
    }
}

/// Whom and what an act is about, as far as the answer depends on it.
#[derive(Clone, Copy, Default, Debug)]
pub struct Subject<'a> {
    /// The person whose data it is; of a mandate, the grantor.
    pub person: Option<PersonId>,
    /// The representative of a mandate.
    pub representative: Option<PersonId>,
    /// The authority it belongs to.
    pub authority: Option<Cvr>,
    /// The field of work.
    pub kle: Option<&'a Kle>,
    /// How sensitive it is.
    pub sensitivity: Option<Sensitivity>,
    /// For which purpose, and in a case or not.
    pub purpose: Option<(Purpose, bool)>,
    /// The privileges that the actor holds, at this moment, for the person they act for.
    pub powers: &'a [PrivilegeUri],
}

/// Why somebody may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// They may not even know that it exists.
    Hidden,
    /// They may know why.
    Denied(Reason),
    /// They may once they have proved better who they are.
    StepUp(Assurance),
}

use Refusal::{Denied, Hidden};

/// Whether the actor may do this. What is not permitted here is not permitted.
pub fn may(actor: &Actor, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    match &actor.who {
        Who::Operator => return if act == Act::EditCatalogue { Ok(()) } else { Err(Hidden) },
        Who::Citizen { person, acting_for: None } => citizen(*person, act, subject),
        Who::Citizen { person, acting_for: Some(grantor) } => representative(*person, *grantor, act, subject),
        Who::Employee(employee) => staff(employee, act, subject),
        Who::System(machine) => system(machine, act, subject),
    }?;
    if actor.assurance < act.least_assurance() { Err(Refusal::StepUp(act.least_assurance())) } else { Ok(()) }
}

fn citizen(me: PersonId, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    let mine = subject.person == Some(me);
    let held_by_me = subject.representative == Some(me);
    match act {
        Act::SeeOverview | Act::SeeAccessLog | Act::SeeRequest | Act::AnswerRequest | Act::SeeConsent => mine,
        Act::GiveConsent | Act::WithdrawConsent | Act::GiveMandate => mine,
        Act::SeeMandate => mine || held_by_me,
        Act::RevokeMandate if held_by_me && !mine => return Err(Denied(Reason::OnlyInPerson)),
        Act::RevokeMandate => mine,
        Act::RenounceMandate if mine && !held_by_me => return Err(Denied(Reason::OnlyInPerson)),
        Act::RenounceMandate => held_by_me,
        Act::LookUp | Act::AskForConsent | Act::CancelRequest | Act::EditCatalogue => {
            return Err(Denied(Reason::StaffOnly));
        }
    }
    .then_some(())
    .ok_or(Hidden)
}

/// Acting for another: what the powers of this moment say, and no more.
fn representative(me: PersonId, grantor: PersonId, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    if matches!(act, Act::LookUp | Act::AskForConsent | Act::CancelRequest | Act::EditCatalogue) {
        return Err(Denied(Reason::StaffOnly));
    }
    if subject.powers.is_empty() {
        return Err(Denied(Reason::NoPower));
    }
    if subject.person != Some(grantor) {
        return Err(Hidden);
    }
    let holds = |uri: &str| {
        let held = subject.powers.iter().any(|p| p.as_str() == uri);
        held.then_some(()).ok_or(Denied(Reason::PowerDoesNotCover))
    };
    match act {
        Act::SeeOverview => Ok(()),
        Act::SeeMandate if subject.representative == Some(me) => Ok(()),
        Act::SeeMandate => Err(Hidden),
        Act::SeeRequest | Act::SeeConsent => holds(SEE_CONSENTS),
        Act::WithdrawConsent => holds(WITHDRAW_CONSENTS),
        Act::AnswerRequest | Act::GiveConsent => {
            holds(GIVE_CONSENTS)?;
            match subject.sensitivity {
                Some(Sensitivity::Special) => Err(Denied(Reason::SensitiveByRepresentative)),
                _ => Ok(()),
            }
        }
        _ => Err(Denied(Reason::OnlyInPerson)),
    }
}

fn staff(me: &Employee, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    let own_case = me.person.is_some() && me.person == subject.person;
    match act {
        Act::LookUp => {
            if own_case {
                return Err(Denied(Reason::OwnCase));
            }
            may_look_up(subject, |purpose| me.has(purpose))
        }
        Act::AskForConsent | Act::CancelRequest => {
            if !me.is(Role::Caseworker) && !me.is(Role::Registrar) {
                return Err(Denied(Reason::RoleMissing));
            }
            if own_case {
                return Err(Denied(Reason::OwnCase));
            }
            if subject.authority != Some(me.authority) {
                return Err(if act == Act::CancelRequest { Hidden } else { Denied(Reason::OtherAuthority) });
            }
            if within_limits(me, subject) { Ok(()) } else { Err(Denied(Reason::OutsideFieldOfWork)) }
        }
        Act::EditCatalogue => {
            if !me.is(Role::CatalogueAdministrator) {
                return Err(Denied(Reason::RoleMissing));
            }
            if subject.authority == Some(me.authority) { Ok(()) } else { Err(Denied(Reason::OtherAuthority)) }
        }
        Act::SeeConsent | Act::SeeRequest | Act::SeeMandate => {
            let theirs = subject.authority == Some(me.authority) && within_limits(me, subject) && !own_case;
            theirs.then_some(()).ok_or(Hidden)
        }
        _ => Err(Denied(Reason::CitizensOnly)),
    }
}

fn system(me: &Machine, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    match act {
        Act::LookUp => may_look_up(subject, |purpose| me.purposes.contains(&purpose)),
        Act::SeeConsent | Act::SeeRequest | Act::SeeMandate => {
            (subject.authority == Some(me.authority)).then_some(()).ok_or(Hidden)
        }
        Act::AskForConsent | Act::CancelRequest | Act::EditCatalogue => Err(Denied(Reason::RoleMissing)),
        _ => Err(Denied(Reason::CitizensOnly)),
    }
}

/// a purpose of the role's, and a case where the purpose asks for one.
fn may_look_up(subject: &Subject<'_>, has: impl Fn(Purpose) -> bool) -> Result<(), Refusal> {
    match subject.purpose {
        Some((purpose, _)) if !has(purpose) => Err(Denied(Reason::PurposeNotAllowed)),
        Some((purpose, false)) if purpose.needs_case() => Err(Denied(Reason::CaseMissing)),
        Some(_) => Ok(()),
        None => Err(Denied(Reason::PurposeNotAllowed)),
    }
}

fn within_limits(me: &Employee, subject: &Subject<'_>) -> bool {
    let field = subject.kle.is_none_or(|kle| me.kle.iter().any(|mine| mine.covers(kle)));
    field && subject.sensitivity.is_none_or(|s| s <= me.sensitivity)
}

/// What a look found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something.
    Found,
    /// Nothing.
    Nothing,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Nothing => "nothing",
            Self::Refused => "refused",
        }
    }
}

/// Whether the person sees the record now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Visibility {
    /// At once.
    Normal,
    /// From a later moment on, by a decision.
    Held {
        /// On what ground.
        reason: Prose,
        /// Who decided.
        approved_by: EmployeeId,
        /// The first moment when the person sees it.
        until: Instant,
    },
}

/// One look at a person's data. A look-up's record is also the permit for the reads that follow it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessRecord {
    /// Its id; of a look-up, the look-up's.
    pub id: AccessId,
    /// When, in business time.
    pub at: Instant,
    /// At whose data.
    pub person: PersonId,
    /// By whom.
    pub actor: ActorTrace,
    /// What was done.
    pub act: Act,
    /// To which request, consent or mandate.
    pub target: Option<Uuid>,
    /// For what.
    pub purpose: Option<Purpose>,
    /// In which case.
    pub case: Option<CaseRef>,
    /// Under which look-up.
    pub lookup: Option<AccessId>,
    /// What was found.
    pub outcome: Outcome,
    /// Of a look-up, the first moment (in security time) when it permits no more reads.
    pub permits_until: Option<Instant>,
    /// Whether the person sees it.
    pub visibility: Visibility,
}

impl AccessRecord {
    /// The commitment to this record under its salt.
    pub fn commitment(&self, salt: &Salt) -> Digest {
        Digest::commit(salt, &canonical(self))
    }
}
