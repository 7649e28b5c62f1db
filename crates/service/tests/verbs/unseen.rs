//! Nothing done for somebody goes unrecorded, and nothing hidden is told by the way.

use crate::expect::{denied, told};
use tillid_domain::{
    Language, Reason,
    access::{AccessRecord, Act, Outcome},
    actor::Purpose,
    id::{MandateId, PersonId},
};
use tillid_service::{NewLookup, NewMandate, NewPresentation, PersonRef};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, acting, caseworker, citizen, keyed, under},
};
use uuid::Uuid;

async fn log(world: &World, person: PersonId) -> Vec<AccessRecord> {
    world.service.access_log(&citizen(person), None, 200).await.unwrap().items
}

pub(crate) async fn r45_whatever_is_tried_for_somebody_stands_in_their_log(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M18"] {
        world.import(code).await;
    }
    world.give(anna, bo, &["M18"]).await;
    let bo_for_anna = acting(bo, anna);
    let before = log(world, anna).await.len();
    let request = world.ask(anna, "C15").await;
    let call = keyed(bo_for_anna.clone(), "k", "present");
    for _ in 0..2 {
        world.service.present(&call, &NewPresentation::Request(request), Language::Da).await.unwrap();
    }
    let nothing = MandateId::from_uuid(Uuid::from_u128(1));
    assert!(world.service.revoke_mandate(&bo_for_anna, nothing).await.is_err());
    let unknown = tillid_domain::id::ConsentId::from_uuid(Uuid::from_u128(2));
    assert!(world.service.withdraw_consent(&bo_for_anna, unknown).await.is_err());
    let log = log(world, anna).await;
    let seen =
        |act: Act, outcome: Outcome| log.iter().filter(|r| r.act == act && r.outcome == outcome).count();
    assert_eq!(log.len() - before, 5, "asked, shown, shown again, and two refusals");
    assert_eq!(seen(Act::AnswerRequest, Outcome::Found), 2);
    assert_eq!(seen(Act::RevokeMandate, Outcome::Refused), 1);
    assert_eq!(seen(Act::WithdrawConsent, Outcome::Refused), 1);
}

pub(crate) async fn a_look_up_of_somebody_elses_stands_in_the_persons_log(world: &World) {
    let anna = world.anna().await;
    let new = NewLookup {
        person: PersonRef::Id(anna),
        purpose: Purpose::CaseProcessing,
        case: Some("27.36.04-2026-1".parse().unwrap()),
    };
    let found = world.service.look_up(&caseworker(OWN), &new).await.unwrap();
    let stolen = under(caseworker(OTHER), found.record.id);
    assert_eq!(told(world.service.list_consents(&stolen, None, 10).await), denied(Reason::LookupInvalid));
    let log = log(world, anna).await;
    assert!(log.iter().any(|r| r.actor == caseworker(OTHER).actor.trace() && r.outcome == Outcome::Refused));
}

pub(crate) async fn a_cursor_tells_nothing_of_what_its_reader_may_not_see(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let gitte = world.person("gitte", "6101681013").await;
    world.import("M14").await;
    let his = world.give(anna, bo, &["M14"]).await;
    for _ in 0..3 {
        world.give(anna, gitte, &["M14"]).await;
    }
    let (page, _) = world.service.list_mandates(&acting(bo, anna), None, 1).await.unwrap();
    assert_eq!(page.items.iter().map(|m| m.id).collect::<Vec<_>>(), [his.id]);
    assert_eq!(page.next, None);
}

pub(crate) async fn staff_see_of_a_mandate_what_is_their_authoritys(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["M05", "M14"] {
        world.import(code).await;
    }
    world.give(anna, bo, &["M05", "M14"]).await;
    let new = NewLookup {
        person: PersonRef::Id(anna),
        purpose: Purpose::CaseProcessing,
        case: Some("27.36.04-2026-1".parse().unwrap()),
    };
    let found = world.service.look_up(&caseworker(OWN), &new).await.unwrap();
    let seen = &found.mandates[0].mandate;
    assert_eq!(seen.packages.iter().map(|p| p.code.as_str()).collect::<Vec<_>>(), ["M14"]);
    assert!(
        !seen.privileges.is_empty() && seen.privileges.iter().all(|p| p.as_str().contains("eksempelkommune"))
    );
    let other = log(world, bo).await;
    assert!(other.iter().any(|r| r.act == Act::SeeMandate), "who is seen with her sees it in his log too");
}

pub(crate) async fn a_login_is_bound_to_whom_its_number_belongs_to_and_to_nobody_else(world: &World) {
    let anna = world.anna().await;
    let bound = async |login: &str, number: &str| {
        let issuer = "https://broker.example".parse().unwrap();
        world.service.bind_login(&issuer, &login.parse().unwrap(), &number.parse().unwrap()).await
    };
    let new = bound("nobody-yet", "6101681013").await.unwrap();
    assert_ne!(new, anna);
    assert_eq!(bound("nobody-yet", "6101681013").await.unwrap(), new, "again is the same");
    assert_eq!(told(bound("nobody-yet", "6202681022").await), denied(Reason::PersonUnknown));
}

pub(crate) async fn a_mandate_for_one_case_gives_nothing_outside_it_and_says_so(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let new = NewMandate { case: Some("27.36.04-2026-1".parse().unwrap()), ..world.mandate_to(bo, &["M14"]) };
    let shown = world.try_show(&citizen(anna), NewPresentation::Mandate(new)).await.unwrap();
    world.service.give_mandate(&citizen(anna), shown).await.unwrap();
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerDoesNotCover));
}
