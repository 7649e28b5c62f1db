//! Sending something again, and expecting something to be as it was.

use crate::expect::{rule, told};
use tillid_domain::{Language, Reason, catalogue::Shelf};
use tillid_service::NewPresentation;
use tillid_testkit::{
    World,
    catalogue::defined,
    people::{OWN, administrator, caseworker, citizen, expecting, keyed},
};

/// How many events have changed something; a look is recorded as often as it is taken.
async fn events(world: &World) -> i64 {
    let sql = "SELECT COUNT(*) FROM event WHERE kind <> 'access_batch'";
    world.database.administrator().await.count(sql).await
}

pub(crate) async fn the_same_key_and_request_changes_nothing_more(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let (karin, ole) = (administrator(OWN, 1), administrator(OWN, 2));
    let service = &world.service;
    let mut before = events(world).await;
    let mut once_more = async |replayed: [bool; 2], adds: i64| {
        assert_eq!(replayed, [false, true]);
        before += adds;
        assert_eq!(events(world).await, before);
    };
    macro_rules! twice {
        ($adds:literal, $verb:expr) => {{
            let (first, again) = ($verb.await.unwrap(), $verb.await.unwrap());
            assert_eq!(first.value, again.value);
            once_more([first.replayed, again.replayed], $adds).await;
            first.value
        }};
    }
    twice!(1, service.draft_entry(&keyed(karin.clone(), "1", "a"), defined("C15")));
    let ole = keyed(ole, "1", "b");
    let code = "C15".parse().unwrap();
    twice!(1, service.publish_entry(&ole, Shelf::ConsentType, &code, 1));
    let question = World::question(anna, "C15");
    let request = twice!(1, service.ask_for_consent(&keyed(caseworker(OWN), "1", "c"), &question));
    let by_anna = |key: &str| keyed(citizen(anna), key, key);
    let new = NewPresentation::Request(request.id);
    let shown = twice!(1, service.present(&by_anna("1"), &new, Language::Da)).presentation.id;
    let answers = world.all(true, shown).await;
    let given = twice!(4, service.answer_request(&by_anna("2"), request.id, shown, &answers));
    // With the task that it makes.
    twice!(2, service.withdraw_consent(&by_anna("3"), given[0].consent.id));
    let open = twice!(1, service.ask_for_consent(&keyed(caseworker(OWN), "2", "d"), &question));
    twice!(1, service.cancel_request(&keyed(caseworker(OWN), "3", "e"), open.id));
    let new = NewPresentation::Mandate(world.mandate_to(bo, &["M14"]));
    let shown = twice!(1, service.present(&by_anna("4"), &new, Language::Da)).presentation.id;
    let mandate = twice!(1, service.give_mandate(&by_anna("5"), shown));
    twice!(1, service.revoke_mandate(&by_anna("6"), mandate.id));
    let unasked = NewPresentation::Consent {
        consent_type: code,
        items: Vec::new(),
        case: None,
        proposal: tillid_domain::terms::Proposal::default(),
    };
    let shown = twice!(1, service.present(&by_anna("7"), &unasked, Language::En)).presentation.id;
    twice!(3, service.give_consents(&by_anna("8"), shown, &answers));
}

pub(crate) async fn the_same_key_with_another_request_is_refused(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let question = World::question(anna, "C15");
    world.service.ask_for_consent(&keyed(caseworker(OWN), "1", "a"), &question).await.unwrap();
    let before = events(world).await;
    let refused = world.service.ask_for_consent(&keyed(caseworker(OWN), "1", "b"), &question).await;
    assert_eq!(told(refused), "key reused");
    assert_eq!(events(world).await, before);
}

pub(crate) async fn a_refused_change_leaves_its_key_free(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    let by_anna = keyed(citizen(anna), "1", "a");
    let refused = world.service.answer_request(&by_anna, request, shown, &answers[1..]).await;
    assert!(told(refused).contains(Reason::ItemsUnanswered.code()));
    let done = world.service.answer_request(&by_anna, request, shown, &answers).await.unwrap();
    assert!(!done.replayed);
}

pub(crate) async fn a_key_of_another_caller_is_another_key(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    let unasked = NewPresentation::Consent {
        consent_type: "C15".parse().unwrap(),
        items: Vec::new(),
        case: None,
        proposal: tillid_domain::terms::Proposal::default(),
    };
    let mut shown = Vec::new();
    for person in [anna, bo] {
        let call = keyed(citizen(person), "1", "a");
        let done = world.service.present(&call, &unasked, Language::Da).await.unwrap();
        assert!(!done.replayed);
        shown.push(done.value.presentation.person);
    }
    assert_eq!(shown, [anna, bo]);
}

pub(crate) async fn a_change_is_refused_when_the_thing_has_another_revision(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    let consent = world.one_consent(anna, "C15").await;
    let mandate = world.give(anna, bo, &["M14"]).await.id;
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    let by_anna = |revision| expecting(citizen(anna), revision);
    for wrong in [0, 2, u64::MAX] {
        for refused in [
            told(world.service.withdraw_consent(&by_anna(wrong), consent).await),
            told(world.service.revoke_mandate(&by_anna(wrong), mandate).await),
            told(world.service.renounce_mandate(&expecting(citizen(bo), wrong), mandate).await),
            told(world.service.answer_request(&by_anna(wrong), request, shown, &answers).await),
            told(world.service.cancel_request(&expecting(caseworker(OWN), wrong), request).await),
        ] {
            assert_eq!(refused, "revision changed");
        }
    }
    world.service.withdraw_consent(&by_anna(1), consent).await.unwrap();
    world.service.revoke_mandate(&by_anna(1), mandate).await.unwrap();
    world.service.answer_request(&by_anna(1), request, shown, &answers).await.unwrap();
}

pub(crate) async fn withdrawing_and_revoking_need_no_revision(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    let consent = world.one_consent(anna, "C15").await;
    let mandate = world.give(anna, bo, &["M14"]).await.id;
    world.service.withdraw_consent(&citizen(anna), consent).await.unwrap();
    world.service.revoke_mandate(&citizen(anna), mandate).await.unwrap();
    let again = world.service.revoke_mandate(&citizen(anna), mandate).await;
    assert_eq!(told(again), rule(Reason::MandateRevoked));
}
