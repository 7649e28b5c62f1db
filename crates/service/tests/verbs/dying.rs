//! Somebody dies.

use crate::expect::{denied, invalid, rule, told};
use tillid_domain::{
    Reason,
    consent::{ConsentStanding, ConsentState},
    event::EndCause,
    id::PersonId,
    mandate::{MandateStanding, MandateState},
    request::RequestStanding,
};
use tillid_service::NewPresentation;
use tillid_testkit::{
    World,
    people::{OWN, caseworker, citizen},
};

pub(crate) async fn r32_death_ends_mandates_consents_and_requests(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14"] {
        world.import(code).await;
    }
    let given = world.consent(anna, "C15").await;
    let withdrawn = world.one_consent(anna, "C15").await;
    world.service.withdraw_consent(&citizen(anna), withdrawn).await.unwrap();
    let declined = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), declined).await;
    let no = world.all(false, shown).await;
    let declined = world.service.answer_request(&citizen(anna), declined, shown, &no).await.unwrap();
    let open = world.ask(anna, "C15").await;
    let (to_bo, from_bo) = (world.give(anna, bo, &["M14"]).await, world.give(bo, anna, &["M14"]).await);
    let revoked = world.give(anna, bo, &["M14"]).await;
    world.service.revoke_mandate(&citizen(anna), revoked.id).await.unwrap();
    let bos_own = world.one_consent(bo, "C15").await;
    world.ambient.set(world.now().plus_seconds(3600));
    let now = world.now();
    world.service.register_death(anna, now.local_date()).await.unwrap();
    let effective_at = now.local_date().start();
    let mut tx = world.store.read().await.unwrap();
    for (id, cause) in [(to_bo.id, EndCause::Death), (from_bo.id, EndCause::RepresentativeDeath)] {
        let ended = tx.mandate(id).await.unwrap().unwrap();
        assert_eq!(ended.state, MandateState::Ended { at: now, effective_at, cause });
    }
    let kept = tx.mandate(revoked.id).await.unwrap().unwrap();
    assert_eq!(kept.standing(now), MandateStanding::Revoked, "what had ended keeps its own end");
    for consent in given {
        let lapsed = tx.consent(consent.consent.id).await.unwrap().unwrap();
        assert_eq!(lapsed.state, ConsentState::Lapsed { at: now, effective_at, cause: EndCause::Death });
    }
    let standing =
        async |tx: &mut tillid_storage::Tx<_>, id| tx.consent(id).await.unwrap().unwrap().standing(now);
    assert_eq!(standing(&mut tx, withdrawn).await, ConsentStanding::Withdrawn);
    assert_eq!(standing(&mut tx, declined.value[0].consent.id).await, ConsentStanding::Declined);
    assert_eq!(standing(&mut tx, bos_own).await, ConsentStanding::Active, "the living keep theirs");
    assert_eq!(tx.request(open).await.unwrap().unwrap().standing(now), RequestStanding::Lapsed);
    drop(tx);
    assert_eq!(
        told(world.may_act(bo, anna).await),
        denied(Reason::PowerRevoked),
        "the newest mandate tells why"
    );
}

pub(crate) async fn r32_a_representatives_death_ends_the_mandate_and_nothing_of_the_grantors(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14"] {
        world.import(code).await;
    }
    let consent = world.one_consent(anna, "C15").await;
    world.give(anna, bo, &["M14"]).await;
    world.ambient.set(world.now().plus_seconds(3600));
    world.service.register_death(bo, world.now().local_date()).await.unwrap();
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerEndedByDeath));
    let kept = world.service.read_consent(&citizen(anna), consent).await.unwrap();
    assert_eq!(kept.standing, ConsentStanding::Active);
}

pub(crate) async fn a_death_is_registered_once_and_not_ahead(world: &World) {
    let anna = world.anna().await;
    let today = world.now().local_date();
    let ahead = world.service.register_death(anna, today.next()).await;
    assert_eq!(told(ahead), invalid("/on", Reason::EndDateTooLate));
    world.service.register_death(anna, today).await.unwrap();
    assert_eq!(told(world.service.register_death(anna, today).await), rule(Reason::DeathKnown));
    let nobody = PersonId::from_uuid(uuid::Uuid::from_u128(1));
    assert_eq!(told(world.service.register_death(nobody, today).await), "not found");
}

pub(crate) async fn the_dead_do_nothing(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14"] {
        world.import(code).await;
    }
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    let consent = world.one_consent(anna, "C15").await;
    world.service.register_death(anna, world.now().local_date()).await.unwrap();
    for refused in [
        told(world.service.answer_request(&citizen(anna), request, shown, &answers).await),
        told(world.service.ask_for_consent(&caseworker(OWN), &World::question(anna, "C15")).await),
        told(world.try_show(&citizen(anna), NewPresentation::Request(request)).await),
        told(world.try_show(&citizen(anna), NewPresentation::Mandate(world.mandate_to(bo, &["M14"]))).await),
    ] {
        assert_eq!(refused, rule(Reason::PersonDead));
    }
    let refused = world.service.withdraw_consent(&citizen(anna), consent).await;
    assert_eq!(told(refused), rule(Reason::ConsentLapsed));
    let refused = world.service.cancel_request(&caseworker(OWN), request).await;
    assert_eq!(told(refused), rule(Reason::RequestLapsed));
}

pub(crate) async fn r32_a_death_that_becomes_known_late_ends_things_when_it_was(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14"] {
        world.import(code).await;
    }
    let consent = world.one_consent(anna, "C15").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    world.pass(tillid_domain::CalendarPeriod::days(10));
    let on = world.now().local_date();
    world.pass(tillid_domain::CalendarPeriod::days(5));
    let (now, effective_at) = (world.now(), on.start());
    world.service.register_death(anna, on).await.unwrap();
    let mut tx = world.store.read().await.unwrap();
    let ended = tx.mandate(mandate.id).await.unwrap().unwrap();
    assert_eq!(ended.state, MandateState::Ended { at: now, effective_at, cause: EndCause::Death });
    let lapsed = tx.consent(consent).await.unwrap().unwrap();
    assert_eq!(lapsed.state, ConsentState::Lapsed { at: now, effective_at, cause: EndCause::Death });
    let powers = tx.powers_of(mandate.id.as_uuid()).await.unwrap();
    let (before, after): (Vec<_>, Vec<_>) = powers.iter().partition(|p| p.known_to.is_some());
    assert!(before.iter().all(|p| p.valid_to == mandate.valid.to), "what was known is kept");
    assert!(after.iter().all(|p| p.valid_to == effective_at), "and what was so is known now");
    assert_eq!(before.len(), after.len());
}
