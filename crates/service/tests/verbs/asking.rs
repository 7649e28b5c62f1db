//! An authority asks.

use crate::expect::{denied, invalid, rule, told};
use tillid_domain::{
    CalendarPeriod, Reason,
    access::{Act, Outcome},
    actor::{Employee, Role, Scope, Sensitivity},
    id::{PersonId, RequestId},
    request::RequestStanding,
};
use tillid_service::{NewRequest, PersonRef};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, caseworker, citizen, employee, machine, scoped, staff},
};

pub(crate) async fn r02_a_request_that_nobody_answers_never_becomes_a_consent(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let request = world.ask(anna, "C15").await;
    world.show(&citizen(anna), request).await;
    for wait in [1, 29, 1, 1, 365, 9999].map(CalendarPeriod::days) {
        world.pass(wait);
        let none = world.service.list_consents(&citizen(anna), None, 10).await.unwrap().items;
        assert!(none.is_empty());
        world.check().await;
    }
    let (found, _, now) = world.service.read_request(&citizen(anna), request).await.unwrap();
    assert_eq!(found.standing(now), RequestStanding::ExpiredUnanswered);
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    let late = world.service.answer_request(&citizen(anna), request, shown, &answers).await;
    assert_eq!(told(late), rule(Reason::RequestExpired));
}

pub(crate) async fn r15_an_authority_asks_only_for_items_of_the_type(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let mut question = World::question(anna, "C15");
    question.items = vec!["alt".parse().unwrap()];
    let refused = world.service.ask_for_consent(&caseworker(OWN), &question).await;
    assert_eq!(told(refused), invalid("/items/0", Reason::ItemUnknown));
    let all = world.service.ask_for_consent(&caseworker(OWN), &World::question(anna, "C15")).await.unwrap();
    let one = all.value.items.last().unwrap().clone();
    question.items = vec![one.clone(), one.clone()];
    let asked = world.service.ask_for_consent(&caseworker(OWN), &question).await.unwrap();
    assert_eq!(asked.value.items, [one], "an item is asked for once");
}

pub(crate) async fn r21_what_belongs_to_a_case_names_it(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let question = NewRequest { case: None, ..World::question(anna, "C01") };
    let refused = world.service.ask_for_consent(&caseworker(OWN), &question).await;
    assert_eq!(told(refused), invalid("/case", Reason::CaseMissing));
}

pub(crate) async fn an_authority_asks_only_under_its_own_types(world: &World) {
    let anna = world.anna().await;
    let question = World::question(anna, "C15");
    let refused = world.service.ask_for_consent(&caseworker(OWN), &question).await;
    assert_eq!(told(refused), invalid("/consent_type", Reason::EntryNotPublished));
    world.import("C15").await;
    let refused = world.service.ask_for_consent(&caseworker(OTHER), &question).await;
    assert_eq!(told(refused), denied(Reason::OtherAuthority));
}

pub(crate) async fn staff_ask_only_within_their_field_and_role(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let question = World::question(anna, "C01");
    let asker = employee(OWN, &[Role::Caseworker], 1);
    for (kle, sensitivity, may) in [
        ("27.*", Sensitivity::Special, true),
        ("28.*", Sensitivity::Special, false),
        ("27.*", Sensitivity::Confidential, false),
    ] {
        let asker = Employee { kle: vec![kle.parse().unwrap()], sensitivity, ..asker.clone() };
        let asked = world.service.ask_for_consent(&staff(asker), &question).await;
        if may {
            assert!(asked.is_ok(), "{kle} {sensitivity:?}");
        } else {
            assert_eq!(told(asked), denied(Reason::OutsideFieldOfWork));
        }
    }
    for role in [Role::Reader, Role::CatalogueAdministrator, Role::DataProtectionOfficer] {
        let asked = world.service.ask_for_consent(&staff(employee(OWN, &[role], 1)), &question).await;
        assert_eq!(told(asked), denied(Reason::RoleMissing));
    }
    assert!(world.service.ask_for_consent(&machine(OWN), &question).await.is_ok(), "a system with the scope");
    let others = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Ask).collect();
    let asked = world.service.ask_for_consent(&scoped(machine(OWN), others), &question).await;
    assert_eq!(told(asked), denied(Reason::ScopeMissing));
    let asked = world.service.ask_for_consent(&machine(OTHER), &question).await;
    assert_eq!(told(asked), denied(Reason::OtherAuthority));
    let log = world.service.access_log(&citizen(anna), None, 3).await.unwrap().items;
    let told_of: Vec<_> = log.iter().map(|r| (r.act, r.outcome)).collect();
    let (act, no) = (Act::AskForConsent, Outcome::Refused);
    assert_eq!(told_of, [(act, no), (act, no), (act, Outcome::Found)], "each try stands in her log");
    assert_eq!(
        told(world.service.ask_for_consent(&citizen(anna), &question).await),
        denied(Reason::StaffOnly)
    );
}

pub(crate) async fn r38_staff_never_ask_in_their_own_case(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let herself = Employee { person: Some(anna), ..employee(OWN, &[Role::Caseworker], 1) };
    let refused = world.service.ask_for_consent(&staff(herself), &World::question(anna, "C15")).await;
    assert_eq!(told(refused), denied(Reason::OwnCase));
    let log = world.service.access_log(&citizen(anna), None, 10).await.unwrap().items;
    assert_eq!(log.len(), 1, "that she tried stands in the log");
}

pub(crate) async fn a_deadline_is_neither_past_nor_far_away(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let today = world.now().local_date();
    let ask = async |deadline| {
        let question = NewRequest { deadline: Some(deadline), ..World::question(anna, "C15") };
        world.service.ask_for_consent(&caseworker(OWN), &question).await
    };
    let asked = ask(today).await.unwrap().value;
    assert_eq!(asked.deadline, today.next().start(), "the last day is within it");
    assert!(ask(today.plus(CalendarPeriod::months(6))).await.is_ok());
    let late = ask(today.plus(CalendarPeriod::months(6)).next()).await;
    assert_eq!(told(late), invalid("/deadline", Reason::EndDateTooLate));
    world.pass(CalendarPeriod::days(1));
    assert_eq!(told(ask(today).await), invalid("/deadline", Reason::EndDatePast));
}

pub(crate) async fn asking_a_number_that_nobody_knew_makes_the_person_known_once(world: &World) {
    world.import("C15").await;
    let unknown = PersonRef::Id(PersonId::from_uuid(uuid::Uuid::from_u128(1)));
    let nobody = NewRequest { person: unknown, ..World::question(world.bo().await, "C15") };
    let refused = world.service.ask_for_consent(&caseworker(OWN), &nobody).await;
    assert_eq!(told(refused), invalid("/person", Reason::PersonUnknown));
    let number = || PersonRef::Number("7405433008".parse().unwrap());
    let by_number = NewRequest { person: number(), ..nobody };
    let refused = world.service.ask_for_consent(&caseworker(OTHER), &by_number).await;
    assert_eq!(told(refused), denied(Reason::OtherAuthority));
    let mut administrator = world.database.administrator().await;
    let people = "SELECT COUNT(*) FROM person";
    assert_eq!(administrator.count(people).await, 1, "a question that is not allowed makes nobody known");
    let first = world.service.ask_for_consent(&caseworker(OWN), &by_number).await.unwrap().value;
    let second = world.service.ask_for_consent(&caseworker(OWN), &by_number).await.unwrap().value;
    assert_eq!(first.person, second.person);
    assert_eq!(administrator.count(people).await, 2);
}

pub(crate) async fn a_cancelled_request_is_not_answered(world: &World) {
    let anna = world.anna().await;
    world.import("C02").await;
    let request = world.ask(anna, "C02").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    assert_eq!(told(world.service.cancel_request(&citizen(anna), request).await), denied(Reason::StaffOnly));
    let cancelled = world.service.cancel_request(&caseworker(OWN), request).await.unwrap().value;
    let log = world.service.access_log(&citizen(anna), None, 1).await.unwrap().items;
    assert!(cancelled.case.is_some());
    assert_eq!((log[0].act, &log[0].case), (Act::CancelRequest, &cancelled.case), "she sees in which case");
    let refused = world.service.answer_request(&citizen(anna), request, shown, &answers).await;
    assert_eq!(told(refused), rule(Reason::RequestCancelled));
    let again = world.service.cancel_request(&caseworker(OWN), request).await;
    assert_eq!(told(again), rule(Reason::RequestCancelled));
}

pub(crate) async fn another_authority_cannot_cancel_what_it_cannot_know(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let request = world.ask(anna, "C15").await;
    let theirs = told(world.service.cancel_request(&caseworker(OTHER), request).await);
    let unknown = RequestId::from_uuid(uuid::Uuid::from_u128(1));
    assert_eq!(theirs, told(world.service.cancel_request(&caseworker(OTHER), unknown).await));
    assert_eq!(theirs, "not found");
}
