//! What the clock does, and what it does not.

use crate::expect::{denied, invalid, rule, told};
use tillid_domain::{CalendarPeriod, Instant, Reason, actor::Actor, consent::ConsentStanding};
use tillid_service::{Call, NewMandate};
use tillid_testkit::{
    World,
    people::{OWN, caseworker, citizen},
};

fn moment(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) async fn r27_a_consent_expires_by_itself_and_the_rule_is_the_calendars(world: &World) {
    let anna = world.anna().await;
    world.import("C06").await;
    world.ambient.set(moment("2027-02-28T23:30:00Z"));
    let consent = world.one_consent(anna, "C06").await;
    let mut administrator = world.database.administrator().await;
    let events = administrator.count("SELECT COUNT(*) FROM event").await;
    let standing = async || world.service.read_consent(&citizen(anna), consent).await.unwrap().standing;
    assert_eq!(standing().await, ConsentStanding::Active);
    // In Denmark it was 1 March already; a year later, that day begins an hour before UTC's.
    world.ambient.set(moment("2028-02-29T22:59:59.999999Z"));
    assert_eq!(standing().await, ConsentStanding::Active);
    world.ambient.set(moment("2028-02-29T23:00:00Z"));
    assert_eq!(standing().await, ConsentStanding::Expired);
    assert_eq!(administrator.count("SELECT COUNT(*) FROM event").await, events, "no event makes it so");
}

pub(crate) async fn a_mandate_expires_by_itself_after_its_last_day(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let new = NewMandate { valid_until: "2026-03-29".parse().unwrap(), ..world.mandate_to(bo, &["M14"]) };
    let shown = world.try_show(&citizen(anna), tillid_service::NewPresentation::Mandate(new)).await.unwrap();
    world.service.give_mandate(&citizen(anna), shown).await.unwrap();
    world.ambient.set(moment("2026-03-29T21:59:59.999999Z"));
    assert!(world.may_act(bo, anna).await.is_ok(), "summer time begins that day");
    world.ambient.set(moment("2026-03-29T22:00:00Z"));
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerExpired));
}

pub(crate) async fn a_text_that_was_shown_long_ago_is_shown_again(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    world.ambient.set(world.now().plus_seconds(24 * 3600 + 1));
    let refused = world.service.answer_request(&citizen(anna), request, shown, &answers).await;
    assert_eq!(told(refused), invalid("/presentation_id", Reason::PresentationTooOld));
    let shown = world.show(&citizen(anna), request).await;
    world.ambient.set(world.now().plus_seconds(24 * 3600));
    world.service.answer_request(&citizen(anna), request, shown, &answers).await.unwrap();
}

pub(crate) async fn what_has_expired_is_not_withdrawn_or_revoked(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    let consent = world.one_consent(anna, "C15").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    let request = world.ask(anna, "C15").await;
    world.pass(CalendarPeriod::months(36));
    let refused = world.service.withdraw_consent(&citizen(anna), consent).await;
    assert_eq!(told(refused), rule(Reason::ConsentExpired));
    let refused = world.service.revoke_mandate(&citizen(anna), mandate.id).await;
    assert_eq!(told(refused), rule(Reason::MandateExpired));
    let refused = world.service.cancel_request(&caseworker(OWN), request).await;
    assert_eq!(told(refused), rule(Reason::RequestExpired));
}

pub(crate) async fn a_clock_that_cannot_be_turned_is_not_there(world: &World) {
    let later = world.now().plus_seconds(60);
    assert_eq!(told(world.service.turn_clock(later).await), "not found");
    let turnable = World::turnable(world.database.engine).await;
    let start = turnable.service.business_now().await.unwrap();
    turnable.service.turn_clock(start.plus_seconds(3600)).await.unwrap();
    assert_eq!(turnable.service.business_now().await.unwrap(), start.plus_seconds(3600));
    assert_eq!(turnable.service.security_now(), start, "security time is real");
    let back = turnable.service.turn_clock(start.plus_seconds(3599)).await;
    assert_eq!(told(back), rule(Reason::ClockBackwards));
    let anna = turnable.anna().await;
    let mut tx = turnable.store.read().await.unwrap();
    assert_eq!(tx.person(anna).await.unwrap().unwrap().registered_at, start.plus_seconds(3600));
    drop(tx);
    turnable.check().await;
}

/// Whoever logged in this many seconds ago.
fn logged_in(world: &World, call: Call, ago: i64) -> Call {
    let at = Some(world.ambient.now().plus_seconds(-ago));
    Call { actor: Actor { authenticated_at: at, ..call.actor }, ..call }
}

pub(crate) async fn r04_giving_asks_for_a_fresh_login_and_taking_back_never_does(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    let (stale, fresh) = (logged_in(world, citizen(anna), 301), logged_in(world, citizen(anna), 300));
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&stale, request).await;
    let answers = world.all(true, shown).await;
    let refused = world.service.answer_request(&stale, request, shown, &answers).await;
    assert_eq!(told(refused), "log in again");
    let given = world.service.answer_request(&fresh, request, shown, &answers).await.unwrap();
    let shown = world.show_mandate(anna, bo, &["M14"]).await;
    assert_eq!(told(world.service.give_mandate(&stale, shown).await), "log in again");
    let mandate = world.service.give_mandate(&fresh, shown).await.unwrap().value;

    let long_ago = logged_in(world, citizen(anna), 24 * 3600);
    assert!(world.service.withdraw_consent(&long_ago, given.value[0].consent.id).await.is_ok());
    assert!(world.service.revoke_mandate(&long_ago, mandate.id).await.is_ok());
}
