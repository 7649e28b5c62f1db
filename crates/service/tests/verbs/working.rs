//! What an authority has to do when a consent is gone, and what ends with a case or with its use.

use crate::{
    collecting::{CASE, hans, looked_up, prose, said_yes},
    expect::{denied, invalid, rule, told},
};
use tillid_domain::{
    CalendarPeriod, Reason,
    access::Act,
    actor::{Employee, Purpose, Role, Scope},
    catalogue::{Definition, WithdrawalEffect},
    collected::AnnulmentGround,
    consent::{ConsentStanding, ConsentState},
    event::EndCause,
    request::RequestStanding,
    task::{TaskOutcome, TaskState},
};
use tillid_testkit::{
    World,
    catalogue::consent_type,
    people::{OTHER, OWN, acting, caseworker, citizen, employee, keyed, machine, scoped, staff},
};

pub(crate) async fn r07_a_withdrawal_becomes_a_task_for_the_authority(world: &World) {
    let anna = world.anna().await;
    world.import("C13").await;
    let consent = world.one_consent(anna, "C13").await;
    let hans = caseworker(OWN);
    let open = async || world.service.list_tasks(&hans, None, 10).await.unwrap().0.items;
    assert!(open().await.is_empty());
    world.service.withdraw_consent(&citizen(anna), consent).await.unwrap();
    let tasks = open().await;
    let [task] = tasks.as_slice() else { panic!("{tasks:?}") };
    let work = &task.task.work;
    assert_eq!((work.person, work.consent), (anna, consent));
    assert_eq!(work.effects, [WithdrawalEffect::Erase], "{work:?}");
    assert_eq!(work.due, Some(world.now().local_date().plus(CalendarPeriod::days(7))));
    assert!(!task.task.is_overdue(world.now()));
    world.pass(CalendarPeriod::days(8));
    assert!(open().await[0].task.is_overdue(world.now()));
    let close = async |outcome, note| world.service.close_task(&hans, task.task.id, outcome, note).await;
    let basis = invalid("/note", Reason::TaskBasisMissing);
    assert_eq!(told(close(TaskOutcome::OtherBasis, None).await), basis);
    let closed = close(TaskOutcome::Done, None).await.unwrap().value.task;
    assert!(matches!(closed.state, TaskState::Closed { outcome: TaskOutcome::Done, .. }));
    assert_eq!(told(close(TaskOutcome::Done, None).await), rule(Reason::TaskClosed));
    assert!(open().await.is_empty());
    assert_eq!(world.service.read_task(&hans, closed.id).await.unwrap().0.task, closed);
    let log = world.service.access_log(&citizen(anna), None, 100).await.unwrap().items;
    let acts: Vec<Act> = log.iter().map(|r| r.act).collect();
    assert!(acts.contains(&Act::SeeTask) && acts.contains(&Act::CloseTask), "{acts:?}");
}

pub(crate) async fn a_task_is_seen_by_those_whose_work_it_is(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let consent = world.one_consent(anna, "C01").await;
    world.service.withdraw_consent(&citizen(anna), consent).await.unwrap();
    let task = world.service.list_tasks(&caseworker(OWN), None, 1).await.unwrap().0.items[0].task.id;
    let field = Employee { kle: vec!["15.*".parse().unwrap()], ..employee(OWN, &[Role::Caseworker], 6) };
    for call in [caseworker(OTHER), staff(field)] {
        assert!(world.service.list_tasks(&call, None, 10).await.unwrap().0.items.is_empty());
        assert_eq!(told(world.service.read_task(&call, task).await), "not found");
        assert_eq!(told(world.service.close_task(&call, task, TaskOutcome::Done, None).await), "not found");
    }
    for role in [Role::Reader, Role::Registrar, Role::DataProtectionOfficer] {
        let call = staff(employee(OWN, &[role], 5));
        assert_eq!(told(world.service.list_tasks(&call, None, 10).await), denied(Reason::RoleMissing));
    }
    for call in [citizen(anna), acting(world.bo().await, anna)] {
        assert_eq!(told(world.service.list_tasks(&call, None, 10).await), denied(Reason::StaffOnly));
        assert_eq!(told(world.service.read_task(&call, task).await), denied(Reason::StaffOnly));
    }
    let system = scoped(machine(OWN), vec![Scope::Collect]);
    assert_eq!(world.service.list_tasks(&system, None, 10).await.unwrap().0.items.len(), 1);
    let system = scoped(machine(OWN), vec![Scope::Ask]);
    assert_eq!(told(world.service.list_tasks(&system, None, 10).await), denied(Reason::ScopeMissing));
}

pub(crate) async fn an_annulment_becomes_a_task_too_and_tasks_come_in_pages(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let hans = hans(world, anna).await;
    let given = said_yes(world, &hans, "C01").await;
    for one in &given {
        let note = prose("Hun sagde nej.");
        let ground = AnnulmentGround::WrongContent;
        world.service.annul_consent(&hans, one.consent.id, ground, &note).await.unwrap();
    }
    let (first, _) = world.service.list_tasks(&caseworker(OWN), None, 3).await.unwrap();
    assert_eq!(first.items.len(), 3);
    let (rest, _) = world.service.list_tasks(&caseworker(OWN), first.next, 3).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (given.len() - 3, None));
}

pub(crate) async fn r21_what_was_given_for_a_case_ends_with_it(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C01").await;
    world.import("C15").await;
    let mut given = Vec::new();
    for person in [anna, bo] {
        given.extend(world.consent(person, "C01").await);
    }
    let stays = world.one_consent(anna, "C15").await;
    let open = world.ask(bo, "C01").await;
    let case = CASE.parse().unwrap();
    let close = async |call| world.service.close_case(&call, &case).await;
    assert_eq!(close(caseworker(OTHER)).await.unwrap().value.consents, 0, "another's case of that number");
    let field = Employee { kle: vec!["15.*".parse().unwrap()], ..employee(OWN, &[Role::Caseworker], 6) };
    assert_eq!(close(staff(field)).await.unwrap().value.consents, 0, "not their field of work");
    assert_eq!(told(close(citizen(anna)).await), denied(Reason::StaffOnly));
    let registrar = staff(employee(OWN, &[Role::Registrar], 5));
    assert_eq!(told(close(registrar).await), denied(Reason::RoleMissing));
    let done = close(keyed(caseworker(OWN), "1", "a")).await.unwrap();
    assert_eq!((done.value.consents, done.value.requests), (given.len(), 1));
    assert!(close(keyed(caseworker(OWN), "1", "a")).await.unwrap().replayed);
    assert_eq!(close(caseworker(OWN)).await.unwrap().value.consents, 0, "there is nothing more to end");
    for one in &given {
        let person = one.consent.answer.person;
        let now = world.service.read_consent(&citizen(person), one.consent.id).await.unwrap();
        assert!(matches!(now.consent.state, ConsentState::Lapsed { cause: EndCause::CaseClosed, .. }));
    }
    let read = world.service.read_consent(&citizen(anna), stays).await.unwrap();
    assert_eq!(read.standing, ConsentStanding::Active);
    let (request, _, now) = world.service.read_request(&citizen(bo), open).await.unwrap();
    assert_eq!(request.standing(now), RequestStanding::Lapsed);
    let log = world.service.access_log(&citizen(anna), None, 100).await.unwrap().items;
    assert_eq!(
        log.iter().filter(|r| r.act == Act::CloseCase).count(),
        1,
        "what ended nothing of hers is no look"
    );
}

pub(crate) async fn c8_what_was_for_one_time_ends_with_its_use(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let mut once = consent_type("C05");
    once.duration.once = true;
    world.service.import_entry(Definition::ConsentType(Box::new(once))).await.unwrap();
    let single = world.one_consent(anna, "C05").await;
    let lasting = world.one_consent(anna, "C01").await;
    let hans = hans(world, anna).await;
    let refused = world.service.use_up_consent(&hans, lasting).await;
    assert_eq!(told(refused), rule(Reason::NotForOneTime));
    let reader = staff(employee(OWN, &[Role::Reader], 5));
    let reader = looked_up(world, reader, anna, Purpose::CaseProcessing).await;
    assert_eq!(told(world.service.use_up_consent(&reader, single).await), denied(Reason::RoleMissing));
    let used = world.service.use_up_consent(&hans, single).await.unwrap().value;
    assert!(matches!(used.consent.state, ConsentState::Lapsed { cause: EndCause::Used, .. }));
    assert_eq!(told(world.service.use_up_consent(&hans, single).await), rule(Reason::ConsentLapsed));
    let tasks = world.service.list_tasks(&caseworker(OWN), None, 10).await.unwrap().0.items;
    assert!(tasks.is_empty(), "nobody took anything back");
}

pub(crate) async fn r42_evidence_and_tasks_go_with_what_they_belong_to(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let clerk = hans(world, anna).await;
    world.service.keep_document(&clerk, b"%PDF-1.7 a letter").await.unwrap();
    let given = said_yes(world, &clerk, "C01").await;
    world.service.withdraw_consent(&citizen(anna), given[0].consent.id).await.unwrap();
    let officer = staff(employee(OWN, &[Role::DataProtectionOfficer], 9));
    let new = tillid_service::NewErasure {
        person: tillid_service::PersonRef::Id(anna),
        ground: tillid_domain::erasure::ErasureGround::RetentionOver,
        case: None,
    };
    world.pass(CalendarPeriod::months(50));
    let task = world.service.list_tasks(&caseworker(OWN), None, 1).await.unwrap().0.items[0].task.id;
    world.service.close_task(&caseworker(OWN), task, TaskOutcome::NothingThere, None).await.unwrap();
    world.pass(CalendarPeriod::months(30));
    let plan = world.service.preview_erasure(&officer, &new).await.unwrap();
    assert_eq!((plan.erased.documents, plan.erased.tasks), (1, 0), "the task ended later: {plan:?}");
    assert!(plan.kept.iter().any(|k| k.reason == Reason::StaysWithAnother), "and keeps its consent");
    world.pass(CalendarPeriod::months(84));
    let done = world.service.erase(&officer, &new).await.unwrap().value;
    assert_eq!((done.erased.documents, done.erased.tasks), (1, 1), "{done:?}");
    let mut administrator = world.database.administrator().await;
    for table in ["document", "document_key", "task"] {
        assert_eq!(administrator.count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
}
