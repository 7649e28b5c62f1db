use super::{
    Refusal::{Denied, Hidden},
    *,
};
use crate::{actor::AtWork, id::EmployeeId, party::Professional};
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
    actor(Who::Citizen { person: person(n), acting_for: None, at_work: None })
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
        scopes: Scope::ALL.to_vec(),
    }));
    let representative =
        actor(Who::Citizen { person: person(2), acting_for: Some(person(1)), at_work: None });
    for act in Act::ALL {
        for who in [&citizen_of(2), &representative, &caseworker, &system] {
            // What a system asks of whom and about what is for the answer to look at: see `decision`.
            let asks = matches!(act, Act::Decide | Act::Search) && matches!(who.who, Who::System(_));
            assert_eq!(may(who, act, &others).is_ok(), asks, "{act:?} by {who:?}");
        }
        assert_eq!(may(&Actor::OPERATOR, act, &others).is_ok(), act == Act::EditCatalogue, "{act:?}");
    }
}

#[test]
fn a_citizen_does_everything_of_their_own_and_nothing_of_the_staffs() {
    let own = Subject {
        person: Some(person(1)),
        representative: Some(person(2)),
        passed_on_by: Some(person(3)),
        ..Subject::default()
    };
    for act in Act::ALL {
        let staff = act.is_of_staff();
        let expected = match act {
            _ if staff => Err(Denied(Reason::StaffOnly)),
            Act::RenounceMandate | Act::ConfirmMandate | Act::PassOnMandate => {
                Err(Denied(Reason::OnlyInPerson))
            }
            Act::AskForMandate | Act::Represent => Err(Hidden),
            Act::ManageEmployees => Err(Denied(Reason::RoleMissing)),
            _ => Ok(()),
        };
        assert_eq!(may(&citizen_of(1), act, &own), expected, "{act:?}");
        let held = match act {
            _ if staff => Err(Denied(Reason::StaffOnly)),
            Act::SeeMandate | Act::RenounceMandate | Act::SeeMandateRequest | Act::SeeStatutory => Ok(()),
            Act::ConfirmMandate | Act::DisputeMandate | Act::PassOnMandate | Act::SignMandate => Ok(()),
            Act::AskForMandate | Act::Represent | Act::Decide | Act::Search => Ok(()),
            Act::RevokeMandate | Act::SuspendMandate | Act::ResumeMandate => {
                Err(Denied(Reason::OnlyInPerson))
            }
            Act::ManageEmployees => Err(Denied(Reason::RoleMissing)),
            _ => Err(Hidden),
        };
        assert_eq!(may(&citizen_of(2), act, &own), held, "{act:?}");
        // who passed it on sees it, takes it back and can doubt it; the rest is for the others.
        let passed_on = match act {
            _ if staff => Err(Denied(Reason::StaffOnly)),
            Act::SeeMandate | Act::RevokeMandate | Act::DisputeMandate => Ok(()),
            Act::SeeMandateRequest | Act::SeeStatutory | Act::Decide | Act::Search => Ok(()),
            Act::SuspendMandate | Act::ResumeMandate => Err(Denied(Reason::OnlyInPerson)),
            Act::RenounceMandate | Act::ConfirmMandate | Act::PassOnMandate => {
                Err(Denied(Reason::OnlyInPerson))
            }
            Act::ManageEmployees => Err(Denied(Reason::RoleMissing)),
            _ => Err(Hidden),
        };
        assert_eq!(may(&citizen_of(3), act, &own), passed_on, "{act:?}");
    }
}

/// at work, what was given to the organisation, and nothing that is anybody's own.
#[test]
fn r37_at_work_there_is_only_what_was_given_and_who_works_there_is_the_administrators() {
    let cvr = cvr("99482001");
    let at_work = |administers| {
        let who = Professional { employee: person(8), cvr };
        let at_work = Some(AtWork { who, administers });
        actor(Who::Citizen { person: person(7), acting_for: None, at_work })
    };
    let held = Subject {
        person: Some(person(1)),
        representative: Some(person(7)),
        authority: Some(cvr),
        ..Subject::default()
    };
    for act in Act::ALL {
        let expected = match act {
            Act::SeeMandate | Act::SeeMandateRequest | Act::Decide | Act::Search => Ok(()),
            Act::AskForMandate | Act::Represent => Ok(()),
            Act::RenounceMandate | Act::ConfirmMandate | Act::DisputeMandate => Ok(()),
            Act::SeeOverview => Err(Hidden),
            Act::ManageEmployees => Err(Denied(Reason::RoleMissing)),
            _ if act.is_of_staff() => Err(Denied(Reason::StaffOnly)),
            _ => Err(Denied(Reason::NotAtWork)),
        };
        assert_eq!(may(&at_work(false), act, &held), expected, "{act:?}");
    }
    assert_eq!(may(&at_work(true), Act::ManageEmployees, &held), Ok(()));
    let elsewhere = Subject { authority: Some(super::tests::cvr("99173009")), ..held };
    assert_eq!(may(&at_work(true), Act::ManageEmployees, &elsewhere), Err(Hidden));
    let of_others = Subject { representative: Some(person(2)), ..held };
    for act in [Act::SeeMandate, Act::Decide, Act::RenounceMandate] {
        assert_eq!(may(&at_work(true), act, &of_others), Err(Hidden), "{act:?}");
    }
}

#[test]
fn a_representative_does_what_the_privileges_say_and_no_more() {
    let who = actor(Who::Citizen { person: person(2), acting_for: Some(person(1)), at_work: None });
    let uri = |text: &str| text.parse::<PrivilegeUri>().expect("a privilege");
    let other = uri("urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle");
    for (privilege, acts) in [
        (other, vec![]),
        (uri(SEE_CONSENTS), vec![Act::SeeRequest, Act::SeeConsent]),
        (uri(SEE_MANDATES), vec![Act::SeeMandate]),
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
                let subject =
                    Subject { person: Some(person(1)), purpose: Some((purpose, case)), ..Subject::default() };
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
fn r12_a_list_of_persons_needs_a_purpose_of_the_role_that_reaches_so_far() {
    for role in Role::ALL {
        let who = employee(&[role], "*", Sensitivity::Special);
        for purpose in Purpose::ALL {
            for case in [false, true] {
                let theirs = Subject {
                    authority: Some(cvr("99100001")),
                    purpose: Some((purpose, case)),
                    ..Subject::default()
                };
                let reaches = match purpose {
                    Purpose::ConsentFollowUp | Purpose::Supervision => true,
                    Purpose::CaseProcessing | Purpose::AutomatedStep => case,
                    Purpose::CitizenService => false,
                };
                let expected = match (role.purposes().contains(&purpose), reaches) {
                    (true, true) => Ok(()),
                    (true, false) if purpose != Purpose::CitizenService => Err(Denied(Reason::CaseMissing)),
                    _ => Err(Denied(Reason::PurposeNotAllowed)),
                };
                assert_eq!(may(&who, Act::ListConsents, &theirs), expected, "{role:?} {purpose:?} {case}");
                let others = Subject { authority: Some(cvr("99173009")), ..theirs };
                let expected = expected.and(Err(Hidden));
                assert_eq!(may(&who, Act::ListConsents, &others), expected, "{role:?} {purpose:?} {case}");
            }
        }
        let none = Subject { authority: Some(cvr("99100001")), ..Subject::default() };
        assert_eq!(may(&who, Act::ListConsents, &none), Err(Denied(Reason::PurposeNotAllowed)));
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
    for act in [
        Act::LookUp,
        Act::AskForConsent,
        Act::CancelRequest,
        Act::RegisterConsent,
        Act::KeepDocument,
        Act::WithdrawConsent,
        Act::AnnulConsent,
    ] {
        assert_eq!(may(&who, act, &own), Err(Denied(Reason::OwnCase)), "{act:?}");
    }
    for act in [
        Act::SeeConsent,
        Act::SeeDocument,
        Act::SeeTask,
        Act::CloseTask,
        Act::SeeLateUses,
        Act::CloseCase,
        Act::UseUp,
        Act::ListConsents,
    ] {
        assert_eq!(may(&who, act, &own), Err(Hidden), "{act:?}");
    }
}

#[test]
fn r22_what_a_person_told_is_registered_by_those_who_serve_them() {
    let theirs = Subject { person: Some(person(1)), authority: Some(cvr("99100001")), ..Subject::default() };
    for role in Role::ALL {
        let who = employee(&[role], "*", Sensitivity::Special);
        for act in [Act::RegisterConsent, Act::KeepDocument, Act::WithdrawConsent, Act::AnnulConsent] {
            let serves = matches!(role, Role::Caseworker | Role::Registrar);
            assert_eq!(may(&who, act, &theirs).is_ok(), serves, "{role:?} {act:?}");
        }
        for act in [Act::SeeTask, Act::CloseTask, Act::SeeLateUses, Act::CloseCase, Act::UseUp] {
            assert_eq!(may(&who, act, &theirs).is_ok(), role == Role::Caseworker, "{role:?} {act:?}");
        }
    }
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

#[test]
fn a_system_does_what_its_scopes_say_and_no_more() {
    let authority = cvr("99100001");
    let subject = Subject {
        person: Some(person(1)),
        authority: Some(authority),
        purpose: Some((Purpose::AutomatedStep, true)),
        ..Subject::default()
    };
    let with = |scopes: &[Scope]| {
        actor(Who::System(Machine {
            client: "fagsystem".parse().expect("a client"),
            authority,
            purposes: vec![Purpose::AutomatedStep],
            scopes: scopes.to_vec(),
        }))
    };
    for (act, scope) in [
        (Act::Decide, Scope::Decide),
        (Act::Search, Scope::Search),
        (Act::LookUp, Scope::LookUp),
        (Act::AskForConsent, Scope::Ask),
        (Act::AskForMandate, Scope::Ask),
        (Act::CancelRequest, Scope::Ask),
        (Act::RegisterExternal, Scope::Register),
        (Act::RegisterConsent, Scope::Collect),
        (Act::KeepDocument, Scope::Collect),
        (Act::AnnulConsent, Scope::Collect),
        (Act::SeeTask, Scope::Collect),
        (Act::CloseTask, Scope::Collect),
        (Act::SeeLateUses, Scope::Collect),
        (Act::CloseCase, Scope::Collect),
        (Act::UseUp, Scope::Collect),
        (Act::ListConsents, Scope::List),
    ] {
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        assert_eq!(may(&with(&[scope]), act, &subject), Ok(()), "{act:?}");
        assert_eq!(may(&with(&others), act, &subject), Err(Denied(Reason::ScopeMissing)), "{act:?}");
    }
    let other_purpose = Subject { purpose: Some((Purpose::CaseProcessing, true)), ..subject };
    assert_eq!(may(&with(&Scope::ALL), Act::Decide, &other_purpose), Err(Denied(Reason::PurposeNotAllowed)));
}
