//! A person answers.

use crate::expect::{denied, invalid, rule, told};
use tillid_domain::{
    Reason,
    catalogue::Definition,
    consent::ConsentStanding,
    id::{ConsentId, PresentationId},
};
use tillid_service::{Answer, NewPresentation};
use tillid_testkit::{
    World,
    catalogue::consent_type,
    people::{OWN, acting, caseworker, citizen, unsure},
};

pub(crate) async fn r02_each_item_is_answered_and_nothing_is_taken_for_granted(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let request = world.ask(anna, "C01").await;
    let shown = world.show(&citizen(anna), request).await;
    let all = world.all(true, shown).await;
    let answer = async |answers: &[Answer]| {
        world.service.answer_request(&citizen(anna), request, shown, answers).await
    };
    let incomplete = invalid("/answers", Reason::ItemsUnanswered);
    assert_eq!(told(answer(&[]).await), incomplete);
    assert_eq!(told(answer(&all[1..]).await), incomplete);
    let twice = [&all[..], &[Answer { given: false, ..all[0].clone() }]].concat();
    assert_eq!(told(answer(&twice).await), incomplete);
    let strange = [&all[..], &[Answer { item: "alt".parse().unwrap(), given: true }]].concat();
    assert_eq!(told(answer(&strange).await), invalid("/answers/4/item", Reason::ItemUnknown));
    assert!(world.service.list_consents(&citizen(anna), None, 10).await.unwrap().items.is_empty());
    let backwards: Vec<Answer> = all.iter().rev().cloned().collect();
    let given = answer(&backwards).await.unwrap().value;
    let order: Vec<_> = given.iter().map(|c| c.consent.answer.item.clone()).collect();
    assert_eq!(order, all.iter().map(|a| a.item.clone()).collect::<Vec<_>>(), "in the order of the text");
}

pub(crate) async fn r03_each_item_is_consented_to_and_withdrawn_on_its_own(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let given = world.consent(anna, "C01").await;
    world.service.withdraw_consent(&citizen(anna), given[1].consent.id).await.unwrap();
    let listed = world.service.list_consents(&citizen(anna), None, 10).await.unwrap().items;
    let standings: Vec<_> = listed.iter().rev().map(|c| c.standing).collect();
    use ConsentStanding::{Active, Withdrawn};
    assert_eq!(standings, [Active, Withdrawn, Active, Active]);
}

pub(crate) async fn r04_withdrawing_needs_no_reason_and_nothing_but_a_login(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    let consent = world.one_consent(anna, "C15").await;
    assert_eq!(told(world.service.withdraw_consent(&citizen(bo), consent).await), "not found");
    assert_eq!(
        told(world.service.withdraw_consent(&caseworker(OWN), consent).await),
        denied(Reason::CitizensOnly)
    );
    world.service.withdraw_consent(&citizen(anna), consent).await.unwrap();
    let again = world.service.withdraw_consent(&citizen(anna), consent).await;
    assert_eq!(told(again), rule(Reason::ConsentWithdrawn));
    let unknown = ConsentId::from_uuid(uuid::Uuid::from_u128(1));
    assert_eq!(told(world.service.withdraw_consent(&citizen(anna), unknown).await), "not found");
}

pub(crate) async fn r08_an_answer_is_to_what_was_shown(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    let (first, second) = (world.ask(anna, "C15").await, world.ask(anna, "C15").await);
    let to_bo = world.ask(bo, "C15").await;
    let shown = world.show(&citizen(anna), first).await;
    let answers = world.all(true, shown).await;
    let mismatch = invalid("/presentation_id", Reason::PresentationMismatch);
    for other in [
        world.show(&citizen(anna), second).await,
        world.show(&citizen(bo), to_bo).await,
        PresentationId::from_uuid(uuid::Uuid::from_u128(1)),
    ] {
        let refused = world.service.answer_request(&citizen(anna), first, other, &answers).await;
        assert_eq!(told(refused), mismatch);
    }
    world.service.answer_request(&citizen(anna), first, shown, &answers).await.unwrap();
    let unasked = world.service.give_consents(&citizen(anna), shown, &answers).await;
    assert_eq!(told(unasked), mismatch, "what was shown for a request is not given unasked");
}

pub(crate) async fn r35_a_child_under_fifteen_does_not_answer_alone(world: &World) {
    let clara = world.person("Clara", "6304115007").await;
    world.import("C15").await;
    let request = world.ask(clara, "C15").await;
    let shown = world.show(&citizen(clara), request).await;
    let answers = world.all(true, shown).await;
    let answer = async || world.service.answer_request(&citizen(clara), request, shown, &answers).await;
    assert_eq!(told(answer().await), rule(Reason::TooYoung));
    world.ambient.set("2026-04-02T21:59:59Z".parse().unwrap());
    let shown = world.show(&citizen(clara), request).await;
    let answer = async || world.service.answer_request(&citizen(clara), request, shown, &answers).await;
    assert_eq!(told(answer().await), rule(Reason::TooYoung), "a second before the birthday");
    world.ambient.set("2026-04-02T22:00:00Z".parse().unwrap());
    assert_eq!(told(answer().await), rule(Reason::RequestExpired), "the deadline does not wait");
    let request = world.ask(clara, "C15").await;
    let shown = world.show(&citizen(clara), request).await;
    world.service.answer_request(&citizen(clara), request, shown, &answers).await.unwrap();
}

pub(crate) async fn an_answered_request_is_not_answered_again(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    world.service.answer_request(&citizen(anna), request, shown, &answers).await.unwrap();
    let again = world.service.answer_request(&citizen(anna), request, shown, &answers).await;
    assert_eq!(told(again), rule(Reason::RequestAnswered));
    let late = world.service.cancel_request(&caseworker(OWN), request).await;
    assert_eq!(told(late), rule(Reason::RequestAnswered));
}

pub(crate) async fn a_request_of_another_is_not_there(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    let refused = world.service.answer_request(&citizen(bo), request, shown, &answers).await;
    assert_eq!(told(refused), "not found");
    assert_eq!(told(world.try_show(&citizen(bo), NewPresentation::Request(request)).await), "not found");
    assert_eq!(told(world.service.read_request(&citizen(bo), request).await), "not found");
    let refused = world.service.answer_request(&acting(bo, anna), request, shown, &answers).await;
    assert_eq!(told(refused), denied(Reason::NoPower));
}

pub(crate) async fn a_no_is_no_consent_and_cannot_be_withdrawn(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(false, shown).await;
    let declined = world.service.answer_request(&citizen(anna), request, shown, &answers).await.unwrap();
    let id = declined.value[0].consent.id;
    assert_eq!(declined.value[0].standing, ConsentStanding::Declined);
    let refused = world.service.withdraw_consent(&citizen(anna), id).await;
    assert_eq!(told(refused), rule(Reason::ConsentDeclined));
}

pub(crate) async fn consents_are_given_unasked_under_the_version_in_use(world: &World) {
    let anna = world.anna().await;
    let unasked = |case: Option<&str>, code: &str| NewPresentation::Consent {
        consent_type: code.parse().unwrap(),
        items: Vec::new(),
        case: case.map(|c| c.parse().unwrap()),
        proposal: tillid_domain::terms::Proposal::default(),
    };
    let refused = world.try_show(&citizen(anna), unasked(None, "C15")).await;
    assert_eq!(told(refused), invalid("/about/consent/consent_type", Reason::EntryNotPublished));
    world.import("C15").await;
    world.import("C01").await;
    let refused = world.try_show(&citizen(anna), unasked(None, "C01")).await;
    assert_eq!(told(refused), invalid("/case", Reason::CaseMissing));
    let shown = world.try_show(&citizen(anna), unasked(None, "C15")).await.unwrap();
    let answers = world.all(true, shown).await;
    let given = world.service.give_consents(&citizen(anna), shown, &answers).await.unwrap();
    assert!(given.value.iter().all(|c| c.standing == ConsentStanding::Active));
    let mut newer = consent_type("C15");
    newer.duration.default = tillid_domain::CalendarPeriod::months(1);
    world.service.import_entry(Definition::ConsentType(Box::new(newer))).await.unwrap();
    let refused = world.service.give_consents(&citizen(anna), shown, &answers).await;
    assert_eq!(told(refused), rule(Reason::EntryNotPublished));
}

pub(crate) async fn a_weak_login_is_asked_for_a_stronger_one(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    let weak = unsure(citizen(anna));
    let refused = world.service.answer_request(&weak, request, shown, &answers).await;
    assert_eq!(told(refused), "step up");
    assert_eq!(told(world.service.overview(&weak).await), "step up");
    world.service.answer_request(&citizen(anna), request, shown, &answers).await.unwrap();
}

pub(crate) async fn staff_never_answer_for_anybody(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    let staff = caseworker(OWN);
    for refused in [
        told(world.service.answer_request(&staff, request, shown, &answers).await),
        told(world.service.give_consents(&staff, shown, &answers).await),
        told(world.try_show(&staff, NewPresentation::Request(request)).await),
    ] {
        assert_eq!(refused, denied(Reason::CitizensOnly));
    }
}

pub(crate) async fn a_text_that_was_shown_serves_for_one_declaration(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let unasked = NewPresentation::Consent {
        consent_type: "C15".parse().unwrap(),
        items: Vec::new(),
        case: None,
        proposal: tillid_domain::terms::Proposal::default(),
    };
    let shown = world.try_show(&citizen(anna), unasked).await.unwrap();
    let answers = world.all(true, shown).await;
    let given = world.service.give_consents(&citizen(anna), shown, &answers).await.unwrap().value;
    world.service.withdraw_consent(&citizen(anna), given[0].consent.id).await.unwrap();
    let again = world.service.give_consents(&citizen(anna), shown, &answers).await;
    assert_eq!(told(again), rule(Reason::PresentationUsed), "what was withdrawn is not given again unseen");
}
