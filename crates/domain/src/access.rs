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
    /// Erase what is over, or see what could be.
    Erase,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 16] = [
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
        Self::Erase,
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
            Self::Erase => "erase",
        }
    }

    /// How sure it must be who does it.
    pub const fn least_assurance(self) -> Assurance {
        Assurance::Substantial
    }

    /// How long ago, in seconds, whoever does it may have proved who they are: what gives somebody something, or destroys evidence,
    /// asks for it anew; what takes back never does.
    pub const fn freshness(self) -> Option<i64> {
        match self {
            Self::AnswerRequest | Self::GiveConsent | Self::GiveMandate | Self::Erase => Some(300),
            _ => None,
        }
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
    /// They may once they have proved again who they are: it must be at most so many seconds ago.
    LoginAgain(i64),
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
    match act {
        Act::SeeOverview | Act::SeeAccessLog | Act::SeeRequest | Act::AnswerRequest | Act::SeeConsent => mine,
        Act::GiveConsent | Act::WithdrawConsent | Act::GiveMandate => mine,
        Act::SeeMandate => mine || held_by_me,
        Act::RevokeMandate if held_by_me && !mine => return Err(Denied(Reason::OnlyInPerson)),
        Act::RevokeMandate => mine,
        Act::RenounceMandate if mine && !held_by_me => return Err(Denied(Reason::OnlyInPerson)),
        Act::RenounceMandate => held_by_me,
        Act::LookUp | Act::AskForConsent | Act::CancelRequest | Act::EditCatalogue | Act::Erase => {
            return Err(Denied(Reason::StaffOnly));
        }
    }
    .then_some(())
    .ok_or(Hidden)
}

/// Acting for another: what the powers of this moment say, and no more.
fn representative(me: PersonId, grantor: PersonId, act: Act, subject: &Subject<'_>) -> Result<(), Refusal> {
    if matches!(act, Act::LookUp | Act::AskForConsent | Act::CancelRequest | Act::EditCatalogue | Act::Erase)
    {
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
            // A request that they may not see does not exist for them.
            let told = |reason| if act == Act::CancelRequest { Hidden } else { Denied(reason) };
            if subject.authority != Some(me.authority) {
                return Err(told(Reason::OtherAuthority));
            }
            if within_limits(me, subject) { Ok(()) } else { Err(told(Reason::OutsideFieldOfWork)) }
        }
        Act::EditCatalogue => {
            if !me.is(Role::CatalogueAdministrator) {
                return Err(Denied(Reason::RoleMissing));
            }
            if subject.authority == Some(me.authority) { Ok(()) } else { Err(Denied(Reason::OtherAuthority)) }
        }
        // one role of the authority decides what of its evidence goes, and never their own.
        Act::Erase => {
            if !me.is(Role::DataProtectionOfficer) {
                return Err(Denied(Reason::RoleMissing));
            }
            if own_case { Err(Denied(Reason::OwnCase)) } else { Ok(()) }
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
        Act::AskForConsent | Act::CancelRequest | Act::EditCatalogue | Act::Erase => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn person(n: u128) -> PersonId {
        PersonId::from_uuid(Uuid::from_u128(n))
    }

    fn cvr(text: &str) -> Cvr {
        text.parse().expect("a CVR number")
    }

    fn actor(who: Who) -> Actor {
        Actor { who, assurance: Assurance::Substantial, authenticated_at: None }
    }

    fn citizen_of(n: u128) -> Actor {
        actor(Who::Citizen { person: person(n), acting_for: None })
    }

    fn employee(roles: &[Role], kle: &str, sensitivity: Sensitivity) -> Actor {
        actor(Who::Employee(Employee {
            id: EmployeeId::from_uuid(Uuid::from_u128(90)),
            person: Some(person(9)),
            authority: cvr("99100001"),
            roles: roles.to_vec(),
            kle: vec![kle.parse().expect("a subject")],
            sensitivity,
        }))
    }

    /// Everything that is allowed, for somebody else's data and without any power: what is not here is refused.
    #[test]
    fn by_default_nobody_may_do_anything_to_anybody() {
        let kle: Kle = "27.36.04".parse().expect("a subject");
        let others = Subject {
            person: Some(person(1)),
            authority: Some(cvr("99173009")),
            kle: Some(&kle),
            sensitivity: Some(Sensitivity::Special),
            ..Subject::default()
        };
        let caseworker = employee(
            &[Role::Caseworker, Role::Registrar, Role::CatalogueAdministrator],
            "*",
            Sensitivity::Special,
        );
        let system = actor(Who::System(Machine {
            client: "fagsystem".parse().expect("a client"),
            authority: cvr("99100001"),
            purposes: Vec::new(),
        }));
        let representative = actor(Who::Citizen { person: person(2), acting_for: Some(person(1)) });
        for act in Act::ALL {
            for who in [&citizen_of(2), &representative, &caseworker, &system] {
                assert!(may(who, act, &others).is_err(), "{act:?} by {who:?}");
            }
            assert_eq!(may(&Actor::OPERATOR, act, &others).is_ok(), act == Act::EditCatalogue, "{act:?}");
        }
    }

    #[test]
    fn a_citizen_does_everything_of_their_own_and_nothing_of_the_staffs() {
        let own = Subject { person: Some(person(1)), representative: Some(person(2)), ..Subject::default() };
        for act in Act::ALL {
            let staff = matches!(
                act,
                Act::LookUp | Act::AskForConsent | Act::CancelRequest | Act::EditCatalogue | Act::Erase
            );
            let expected = match act {
                _ if staff => Err(Denied(Reason::StaffOnly)),
                Act::RenounceMandate => Err(Denied(Reason::OnlyInPerson)),
                _ => Ok(()),
            };
            assert_eq!(may(&citizen_of(1), act, &own), expected, "{act:?}");
            let held = match act {
                _ if staff => Err(Denied(Reason::StaffOnly)),
                Act::SeeMandate | Act::RenounceMandate => Ok(()),
                Act::RevokeMandate => Err(Denied(Reason::OnlyInPerson)),
                _ => Err(Hidden),
            };
            assert_eq!(may(&citizen_of(2), act, &own), held, "{act:?}");
        }
    }

    #[test]
    fn a_representative_does_what_the_privileges_say_and_no_more() {
        let who = actor(Who::Citizen { person: person(2), acting_for: Some(person(1)) });
        let uri = |text: &str| text.parse::<PrivilegeUri>().expect("a privilege");
        let other = uri("urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle");
        for (privilege, acts) in [
            (other, vec![]),
            (uri(SEE_CONSENTS), vec![Act::SeeRequest, Act::SeeConsent]),
            (uri(WITHDRAW_CONSENTS), vec![Act::WithdrawConsent]),
            (uri(GIVE_CONSENTS), vec![Act::AnswerRequest, Act::GiveConsent]),
        ] {
            let powers = [privilege];
            let subject = Subject { person: Some(person(1)), powers: &powers, ..Subject::default() };
            for act in Act::ALL {
                let allowed = act == Act::SeeOverview || acts.contains(&act);
                assert_eq!(may(&who, act, &subject).is_ok(), allowed, "{act:?} with {powers:?}");
            }
            let elsewhere = Subject { person: Some(person(3)), ..subject };
            assert!(
                Act::ALL.iter().all(|act| may(&who, *act, &elsewhere).is_err()),
                "somebody else's, with {powers:?}"
            );
        }
        let powers = [uri(GIVE_CONSENTS)];
        let special = Subject {
            person: Some(person(1)),
            sensitivity: Some(Sensitivity::Special),
            powers: &powers,
            ..Subject::default()
        };
        assert_eq!(may(&who, Act::GiveConsent, &special), Err(Denied(Reason::SensitiveByRepresentative)));
    }

    #[test]
    fn r12_a_look_up_needs_a_purpose_of_the_role_and_a_case_where_the_purpose_asks_for_one() {
        for role in [
            Role::Reader,
            Role::Caseworker,
            Role::Registrar,
            Role::CatalogueAdministrator,
            Role::DataProtectionOfficer,
        ] {
            let who = employee(&[role], "*", Sensitivity::Special);
            for purpose in Purpose::ALL {
                for case in [false, true] {
                    let subject = Subject {
                        person: Some(person(1)),
                        purpose: Some((purpose, case)),
                        ..Subject::default()
                    };
                    let expected = match (role.purposes().contains(&purpose), purpose.needs_case() && !case) {
                        (false, _) => Err(Denied(Reason::PurposeNotAllowed)),
                        (true, true) => Err(Denied(Reason::CaseMissing)),
                        (true, false) => Ok(()),
                    };
                    assert_eq!(may(&who, Act::LookUp, &subject), expected, "{role:?} {purpose:?} {case}");
                }
            }
            let none = Subject { person: Some(person(1)), ..Subject::default() };
            assert_eq!(may(&who, Act::LookUp, &none), Err(Denied(Reason::PurposeNotAllowed)));
        }
    }

    #[test]
    fn staff_see_what_is_their_authoritys_in_their_field_and_not_above_their_sensitivity() {
        let field: Kle = "27.36.04".parse().expect("a subject");
        let subject = |authority: &str, sensitivity| Subject {
            person: Some(person(1)),
            authority: Some(cvr(authority)),
            kle: Some(&field),
            sensitivity: Some(sensitivity),
            ..Subject::default()
        };
        let theirs = subject("99100001", Sensitivity::Special);
        for (kle, limit, sees) in [
            ("27.*", Sensitivity::Special, true),
            ("27.36.04", Sensitivity::Special, true),
            ("15.*", Sensitivity::Special, false),
            ("27.*", Sensitivity::Confidential, false),
        ] {
            let who = employee(&[Role::Caseworker], kle, limit);
            assert_eq!(may(&who, Act::SeeConsent, &theirs).is_ok(), sees, "{kle} {limit:?}");
            assert_eq!(may(&who, Act::AskForConsent, &theirs).is_ok(), sees, "{kle} {limit:?}");
        }
        let who = employee(&[Role::Caseworker], "*", Sensitivity::Special);
        assert_eq!(may(&who, Act::SeeConsent, &subject("99173009", Sensitivity::Ordinary)), Err(Hidden));
    }

    #[test]
    fn r38_staff_do_not_act_where_they_are_a_party() {
        let who = employee(&[Role::Caseworker], "*", Sensitivity::Special);
        let own = Subject {
            person: Some(person(9)),
            authority: Some(cvr("99100001")),
            purpose: Some((Purpose::CaseProcessing, true)),
            ..Subject::default()
        };
        for act in [Act::LookUp, Act::AskForConsent, Act::CancelRequest] {
            assert_eq!(may(&who, act, &own), Err(Denied(Reason::OwnCase)), "{act:?}");
        }
        assert_eq!(may(&who, Act::SeeConsent, &own), Err(Hidden));
    }

    #[test]
    fn r42_only_a_data_protection_officer_erases_and_never_themselves() {
        let others = Subject { person: Some(person(1)), ..Subject::default() };
        for role in [
            Role::Reader,
            Role::Caseworker,
            Role::Registrar,
            Role::CatalogueAdministrator,
            Role::DataProtectionOfficer,
        ] {
            let who = employee(&[role], "*", Sensitivity::Special);
            let expected = match role {
                Role::DataProtectionOfficer => Ok(()),
                _ => Err(Denied(Reason::RoleMissing)),
            };
            assert_eq!(may(&who, Act::Erase, &others), expected, "{role:?}");
        }
        let officer = employee(&[Role::DataProtectionOfficer], "*", Sensitivity::Special);
        let own = Subject { person: Some(person(9)), ..Subject::default() };
        assert_eq!(may(&officer, Act::Erase, &own), Err(Denied(Reason::OwnCase)));
        let weak = Actor { assurance: Assurance::Low, ..officer.clone() };
        assert_eq!(may(&weak, Act::Erase, &others), Err(Refusal::StepUp(Assurance::Substantial)));
        let (login, late) = (Instant::from_micros(0), Instant::from_micros(301_000_000));
        let stale = Actor { authenticated_at: Some(login), ..officer };
        assert_eq!(is_fresh(&stale, Act::Erase, late), Err(Refusal::LoginAgain(300)));
    }

    #[test]
    fn a_login_that_is_too_weak_is_asked_for_a_stronger_one_and_told_nothing_else() {
        let weak = Actor { assurance: Assurance::Low, ..citizen_of(1) };
        let own = Subject { person: Some(person(1)), ..Subject::default() };
        assert_eq!(may(&weak, Act::SeeOverview, &own), Err(Refusal::StepUp(Assurance::Substantial)));
        let others = Subject { person: Some(person(2)), ..Subject::default() };
        assert_eq!(may(&weak, Act::SeeOverview, &others), Err(Hidden));
    }
}
