//! Who may do what to whom: one pure function, and the record of each look.

mod act;
mod record;
#[cfg(test)]
mod tests;

pub use act::Act;
pub use record::{AccessRecord, Outcome, Visibility};

use crate::{
    Cvr,
    actor::{Actor, Assurance, AtWork, Employee, Listing, Machine, Purpose, Role, Scope, Sensitivity, Who},
    id::PersonId,
    instant::Instant,
    kle::Kle,
    reason::Reason,
    text::PrivilegeUri,
};

/// The privilege of seeing somebody's consents and requests.
pub const SEE_CONSENTS: &str = "urn:dk:tillid:fuldmagt:samtykke:samtykke:laes";
/// The privilege of withdrawing somebody's consents.
pub const WITHDRAW_CONSENTS: &str = "urn:dk:tillid:fuldmagt:samtykke:samtykke-tilbagekald:handle";
/// The privilege of answering for somebody.
pub const GIVE_CONSENTS: &str = "urn:dk:tillid:fuldmagt:samtykke:samtykke-giv:handle";
/// The privilege of seeing what powers of attorney somebody gave, and who used them: that of a trusted person (M12).
pub const SEE_MANDATES: &str = "urn:dk:tillid:fuldmagt:fuldmagt:brug:laes";

/// Whom and what an act is about, as far as the answer depends on it.
#[derive(Clone, Copy, Default, Debug)]
pub struct Subject<'a> {
    /// The person whose data it is; of a mandate, the grantor.
    pub person: Option<PersonId>,
    /// The representative of a mandate.
    pub representative: Option<PersonId>,
    /// Who passed the mandate on, where somebody did.
    pub passed_on_by: Option<PersonId>,
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
    /// Whether the actor has custody of the person they act for: who answers for a child is the law's to say, also of what is sensitive.
    pub by_custody: bool,
    /// Whether it is a mandate that those who have custody give for a child.
    pub for_child: bool,
    /// Whether the actor is the guardian of the person they act for, without capacity in all that the mandate is about.
    pub by_guardian: bool,
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
    /// They may once they have proved again who they are: it must be at most so many seconds ago.
    LoginAgain(i64),
}

use Refusal::{Denied, Hidden};

/// Whether the actor may do this. What is not permitted here is not permitted.
pub fn may(actor: &Actor, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    match &actor.who {
        Who::Operator => return if act == Act::EditCatalogue { Ok(()) } else { Err(Hidden) },
        Who::Citizen { person, acting_for: None, at_work: None } => citizen(*person, act, subject),
        Who::Citizen { person, acting_for: None, at_work: Some(work) } => {
            professional(*person, work, act, subject)
        }
        Who::Citizen { person, acting_for: Some(grantor), .. } => {
            representative(*person, *grantor, act, subject)
        }
        Who::Employee(employee) => staff(employee, act, subject),
        Who::System(machine) => system(machine, act, subject),
    }?;
    if actor.assurance < act.least_assurance() { Err(Refusal::StepUp(act.least_assurance())) } else { Ok(()) }
}

/// Whether the actor's login is fresh enough for this, at that moment of security time. Of an actor whose issuer does not tell when
/// they logged in, nothing can be said: whoever configures such an issuer vouches for it.
pub fn is_fresh(actor: &Actor, act: Act, now: Instant) -> Result<(), Refusal> {
    match (act.freshness(), actor.authenticated_at) {
        (Some(seconds), Some(at)) if now > at.plus_seconds(seconds) => Err(Refusal::LoginAgain(seconds)),
        _ => Ok(()),
    }
}

fn citizen(me: PersonId, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    let mine = subject.person == Some(me);
    let held_by_me = subject.representative == Some(me);
    let passed_on = subject.passed_on_by == Some(me);
    match act {
        Act::SeeOverview | Act::SeeAccessLog | Act::Export => mine,
        Act::SeeRequest | Act::AnswerRequest | Act::SeeConsent => mine,
        Act::GiveConsent | Act::WithdrawConsent | Act::GiveMandate => mine,
        Act::SeeMandate | Act::SeeMandateRequest | Act::SeeStatutory | Act::Decide | Act::Search => {
            mine || held_by_me || passed_on
        }
        Act::AnswerMandateRequest => mine,
        Act::AskForMandate | Act::Represent => held_by_me,
        Act::RevokeMandate if held_by_me && !mine => return Err(Denied(Reason::OnlyInPerson)),
        // who passed something on takes it back, and so does the person whom it is for.
        Act::RevokeMandate => mine || passed_on,
        Act::SuspendMandate | Act::ResumeMandate if (held_by_me || passed_on) && !mine => {
            return Err(Denied(Reason::OnlyInPerson));
        }
        Act::SuspendMandate | Act::ResumeMandate => mine,
        // M6: which of the two signs, the mandate says.
        Act::SignMandate => mine || held_by_me,
        Act::RenounceMandate | Act::ConfirmMandate | Act::PassOnMandate
            if (mine || passed_on) && !held_by_me =>
        {
            return Err(Denied(Reason::OnlyInPerson));
        }
        Act::RenounceMandate | Act::ConfirmMandate | Act::PassOnMandate => held_by_me,
        // M12: neither side alone decides that there is no doubt.
        Act::DisputeMandate => mine || held_by_me || passed_on,
        Act::SeeDocument => mine,
        Act::ManageEmployees => return Err(Denied(Reason::RoleMissing)),
        _ if act.is_of_staff() => return Err(Denied(Reason::StaffOnly)),
        _ => false,
    }
    .then_some(())
    .ok_or(Hidden)
}

/// At work for an organisation, in what it was given to do for others: it has no affairs of its own here (M5).
fn professional(me: PersonId, work: &AtWork, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    let held = subject.representative == Some(me);
    match act {
        Act::SeeOverview => subject.person == Some(me),
        Act::SeeMandate | Act::SeeMandateRequest => held,
        Act::Decide | Act::Search => held || subject.representative == Some(work.who.employee),
        Act::AskForMandate | Act::Represent => held,
        Act::RenounceMandate | Act::ConfirmMandate | Act::DisputeMandate => held,
        Act::ManageEmployees if !work.administers => return Err(Denied(Reason::RoleMissing)),
        Act::ManageEmployees => subject.authority == Some(work.who.cvr),
        _ if act.is_of_staff() => return Err(Denied(Reason::StaffOnly)),
        _ => return Err(Denied(Reason::NotAtWork)),
    }
    .then_some(())
    .ok_or(Hidden)
}

/// Acting for another: what the powers of this moment say, and no more.
fn representative(me: PersonId, grantor: PersonId, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    if act.is_of_staff() {
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
        Act::SeeMandate | Act::RevokeMandate if subject.by_guardian => Ok(()),
        // what is given for a child, any one of those who have custody gives, sees, lets rest and ends.
        Act::GiveMandate
        | Act::SignMandate
        | Act::SeeMandate
        | Act::SuspendMandate
        | Act::ResumeMandate
        | Act::DisputeMandate
        | Act::RevokeMandate
            if subject.by_custody && subject.for_child =>
        {
            Ok(())
        }
        Act::SeeMandate if [subject.representative, subject.passed_on_by].contains(&Some(me)) => Ok(()),
        Act::SeeMandate => holds(SEE_MANDATES).map_err(|_| Hidden),
        Act::SeeRequest | Act::SeeConsent => holds(SEE_CONSENTS),
        Act::WithdrawConsent => holds(WITHDRAW_CONSENTS),
        Act::AnswerRequest | Act::GiveConsent => {
            holds(GIVE_CONSENTS)?;
            match subject.sensitivity {
                Some(Sensitivity::Special) if !subject.by_custody => {
                    Err(Denied(Reason::SensitiveByRepresentative))
                }
                _ => Ok(()),
            }
        }
        _ => Err(Denied(Reason::OnlyInPerson)),
    }
}

fn staff(me: &Employee, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    // not where they are a party.
    let party = me.person.is_some()
        && [subject.person, subject.representative, subject.passed_on_by].contains(&me.person);
    let own_case = me.person.is_some() && me.person == subject.person;
    match act {
        Act::LookUp if own_case => Err(Denied(Reason::OwnCase)),
        Act::Decide | Act::Search if party => Err(Denied(Reason::OwnCase)),
        Act::LookUp | Act::Decide | Act::Search => may_look_up(subject, |purpose| me.has(purpose)),
        Act::AskForConsent | Act::CancelRequest | Act::ExceptHolder | Act::AskForMandate => {
            if !me.is(Role::Caseworker) && !me.is(Role::Registrar) {
                return Err(Denied(Reason::RoleMissing));
            }
            if own_case || (act == Act::AskForMandate && party) {
                return Err(Denied(Reason::OwnCase));
            }
            // A request that they may not see does not exist for them.
            let there = matches!(act, Act::CancelRequest | Act::ExceptHolder);
            let told = |reason| if there { Hidden } else { Denied(reason) };
            if subject.authority != Some(me.authority) {
                return Err(told(Reason::OtherAuthority));
            }
            if within_limits(me, subject) { Ok(()) } else { Err(told(Reason::OutsideFieldOfWork)) }
        }
        // what a person told is registered, and done for them, by those who serve them, and never for themselves.
        Act::RegisterConsent | Act::KeepDocument | Act::WithdrawConsent | Act::AnnulConsent => {
            if !me.is(Role::Caseworker) && !me.is(Role::Registrar) {
                return Err(Denied(Reason::RoleMissing));
            }
            if own_case {
                return Err(Denied(Reason::OwnCase));
            }
            // What is there and they may not see does not exist for them.
            let told = |reason| {
                let there = matches!(act, Act::WithdrawConsent | Act::AnnulConsent);
                if there { Hidden } else { Denied(reason) }
            };
            if subject.authority != Some(me.authority) {
                return Err(told(Reason::OtherAuthority));
            }
            if within_limits(me, subject) { Ok(()) } else { Err(told(Reason::OutsideFieldOfWork)) }
        }
        // who is trusted to enter a mandate is trusted with what becomes of it, on the grantor's word; doubts are everybody's.
        Act::RegisterMandate
        | Act::ConfirmMandate
        | Act::RevokeMandate
        | Act::ResumeMandate
        | Act::AnnulMandate
        | Act::DisputeMandate => {
            let doubts = act == Act::DisputeMandate && me.is(Role::Caseworker);
            if !me.is(Role::Registrar) && !doubts {
                return Err(Denied(Reason::RoleMissing));
            }
            if party {
                return Err(Denied(Reason::OwnCase));
            }
            let theirs = subject.authority == Some(me.authority);
            let told = if act == Act::RegisterMandate { Denied(Reason::OtherAuthority) } else { Hidden };
            theirs.then_some(()).ok_or(told)
        }
        Act::SeeTask | Act::CloseTask | Act::SeeLateUses | Act::CloseCase | Act::UseUp => {
            if !me.is(Role::Caseworker) {
                return Err(Denied(Reason::RoleMissing));
            }
            let theirs = subject.authority == Some(me.authority) && within_limits(me, subject) && !own_case;
            theirs.then_some(()).ok_or(Hidden)
        }
        Act::ListConsents => {
            may_list(subject, |purpose| me.has(purpose))?;
            let theirs = subject.authority == Some(me.authority) && within_limits(me, subject) && !own_case;
            theirs.then_some(()).ok_or(Hidden)
        }
        Act::EditCatalogue => their_own(me, &[Role::CatalogueAdministrator], subject),
        Act::ManageClients => their_own(me, &[Role::SystemAdministrator], subject),
        Act::RegisterExternal => {
            their_own(me, &[Role::SystemAdministrator, Role::CatalogueAdministrator], subject)
        }
        // what courts and Familieretshuset decided is registered by whoever is trusted with it, and never for themselves.
        Act::RegisterStatutory if !me.is(Role::Registrar) => Err(Denied(Reason::RoleMissing)),
        Act::RegisterStatutory if party => Err(Denied(Reason::OwnCase)),
        Act::RegisterStatutory => may_look_up(subject, |purpose| me.has(purpose)),
        // Who acts for a person, whoever serves that person must know.
        Act::SeeStatutory if own_case => Err(Hidden),
        Act::SeeStatutory => may_look_up(subject, |purpose| me.has(purpose)),
        // one role of the authority decides what of its evidence goes, and never their own.
        Act::Erase => {
            if !me.is(Role::DataProtectionOfficer) {
                return Err(Denied(Reason::RoleMissing));
            }
            if own_case { Err(Denied(Reason::OwnCase)) } else { Ok(()) }
        }
        Act::SeeConsent | Act::SeeRequest | Act::SeeMandate | Act::SeeMandateRequest | Act::SeeDocument => {
            let theirs = subject.authority == Some(me.authority) && within_limits(me, subject) && !own_case;
            theirs.then_some(()).ok_or(Hidden)
        }
        _ => Err(Denied(Reason::CitizensOnly)),
    }
}

/// What one of these roles does for its own authority.
fn their_own(me: &Employee, roles: &[Role], subject: &Subject<'_>) -> Result<(), Refusal> {
    if !roles.iter().any(|role| me.is(*role)) {
        return Err(Denied(Reason::RoleMissing));
    }
    if subject.authority == Some(me.authority) { Ok(()) } else { Err(Denied(Reason::OtherAuthority)) }
}

fn system(me: &Machine, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    let has = |scope| if me.scopes.contains(&scope) { Ok(()) } else { Err(Denied(Reason::ScopeMissing)) };
    let theirs = subject.authority == Some(me.authority);
    match act {
        Act::LookUp => {
            has(Scope::LookUp)?;
            may_look_up(subject, |purpose| me.purposes.contains(&purpose))
        }
        Act::Decide | Act::Search => {
            has(if act == Act::Decide { Scope::Decide } else { Scope::Search })?;
            match subject.purpose {
                // Whether a purpose is needed lies in what is asked about.
                None => Ok(()),
                Some(_) => may_look_up(subject, |purpose| me.purposes.contains(&purpose)),
            }
        }
        Act::SeeConsent | Act::SeeRequest | Act::SeeMandate | Act::SeeMandateRequest | Act::SeeDocument => {
            theirs.then_some(()).ok_or(Hidden)
        }
        Act::AskForConsent | Act::AskForMandate => {
            has(Scope::Ask)?;
            if theirs { Ok(()) } else { Err(Denied(Reason::OtherAuthority)) }
        }
        Act::CancelRequest => {
            has(Scope::Ask)?;
            theirs.then_some(()).ok_or(Hidden)
        }
        Act::RegisterConsent | Act::KeepDocument => {
            has(Scope::Collect)?;
            if theirs { Ok(()) } else { Err(Denied(Reason::OtherAuthority)) }
        }
        Act::AnnulConsent
        | Act::SeeTask
        | Act::CloseTask
        | Act::SeeLateUses
        | Act::CloseCase
        | Act::UseUp => {
            has(Scope::Collect)?;
            theirs.then_some(()).ok_or(Hidden)
        }
        Act::ListConsents => {
            has(Scope::List)?;
            may_list(subject, |purpose| me.purposes.contains(&purpose))?;
            theirs.then_some(()).ok_or(Hidden)
        }
        Act::RegisterExternal => {
            has(Scope::Register)?;
            if theirs { Ok(()) } else { Err(Denied(Reason::OtherAuthority)) }
        }
        Act::SeeStatutory => may_look_up(subject, |purpose| me.purposes.contains(&purpose)),
        Act::EditCatalogue | Act::Erase | Act::ManageClients | Act::ExceptHolder | Act::RegisterStatutory => {
            Err(Denied(Reason::RoleMissing))
        }
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

/// many persons at once only for a purpose of the role's that is not about one of them, or within the one case that it is about.
fn may_list(subject: &Subject<'_>, has: impl Fn(Purpose) -> bool) -> Result<(), Refusal> {
    match subject.purpose.map(|(purpose, case)| (purpose, purpose.lists(), case)) {
        Some((purpose, Some(_), _)) if !has(purpose) => Err(Denied(Reason::PurposeNotAllowed)),
        Some((_, Some(Listing::OfOneCase), false)) => Err(Denied(Reason::CaseMissing)),
        Some((_, Some(_), _)) => Ok(()),
        Some((_, None, _)) | None => Err(Denied(Reason::PurposeNotAllowed)),
    }
}

fn within_limits(me: &Employee, subject: &Subject<'_>) -> bool {
    let field = subject.kle.is_none_or(|kle| me.kle.iter().any(|mine| mine.covers(kle)));
    field && subject.sensitivity.is_none_or(|s| s <= me.sensitivity)
}
