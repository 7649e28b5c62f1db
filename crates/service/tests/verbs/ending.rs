//! A mandate ends.

use crate::expect::{denied, rule, told};
use tillid_domain::{
    Reason,
    event::EndCause,
    id::MandateId,
    mandate::{MandateStanding, MandateState, RevocationGround},
};
use tillid_testkit::{
    World,
    people::{OWN, acting, caseworker, citizen},
};

pub(crate) async fn a_revoked_mandate_gives_nothing_from_then_on(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    assert!(world.may_act(bo, anna).await.is_ok());
    assert_eq!(told(world.may_act(anna, bo).await), denied(Reason::NoPower), "it is one way");
    let held_before = world.now();
    world.ambient.set(held_before.plus_seconds(60));
    let revoked = world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap().value;
    let (at, ground) = (world.now(), RevocationGround::NotStated);
    assert_eq!(revoked.state, MandateState::Revoked { at, ground, quiet: false });
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerRevoked));
    let mut tx = world.store.read().await.unwrap();
    for moment in [held_before, world.now()] {
        let held = tx.privileges(anna, bo, moment).await.unwrap();
        assert!(held.is_empty(), "also by a clock that is behind");
    }
    let known = tx.powers_of(mandate.id.as_uuid()).await.unwrap();
    let until = known.iter().filter(|p| p.known_to.is_none()).map(|p| p.valid_to).collect::<Vec<_>>();
    assert_eq!(until, vec![world.now(); mandate.privileges.len()], "what held until then is kept");
}

pub(crate) async fn a_renounced_mandate_gives_nothing_from_then_on(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    world.ambient.set(world.now().plus_seconds(60));
    world.service.renounce_mandate(&citizen(bo), mandate.id).await.unwrap();
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerRenounced));
}

pub(crate) async fn the_representative_cannot_revoke_nor_the_grantor_renounce(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    world.import("M18").await;
    let mandate = world.give(anna, bo, &["M14", "M18"]).await;
    for refused in [
        told(world.service.revoke_mandate(&citizen(bo), mandate.id).await),
        told(world.service.renounce_mandate(&citizen(anna), mandate.id).await),
        told(world.service.revoke_mandate(&acting(bo, anna), mandate.id).await),
        told(world.service.renounce_mandate(&acting(bo, anna), mandate.id).await),
    ] {
        assert_eq!(refused, denied(Reason::OnlyInPerson));
    }
    let staff = world.service.revoke_mandate(&caseworker(OWN), mandate.id).await;
    assert_eq!(told(staff), denied(Reason::CitizensOnly));
    assert!(world.may_act(bo, anna).await.is_ok());
}

pub(crate) async fn a_stranger_sees_no_mandate_to_end(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let gitte = world.person("Gitte", "6101710025").await;
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    let unknown = MandateId::from_uuid(uuid::Uuid::from_u128(1));
    for id in [mandate.id, unknown] {
        assert_eq!(told(world.service.revoke_mandate(&citizen(gitte), id).await), "not found");
        assert_eq!(told(world.service.renounce_mandate(&citizen(gitte), id).await), "not found");
        assert_eq!(told(world.service.read_mandate(&citizen(gitte), id).await), "not found");
    }
}

pub(crate) async fn an_ended_mandate_does_not_end_again(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let (one, other) = (world.give(anna, bo, &["M14"]).await, world.give(anna, bo, &["M14"]).await);
    world.service.revoke_mandate(&citizen(anna), one.id).await.unwrap();
    world.service.renounce_mandate(&citizen(bo), other.id).await.unwrap();
    for (id, reason) in [(one.id, Reason::MandateRevoked), (other.id, Reason::MandateRenounced)] {
        assert_eq!(told(world.service.revoke_mandate(&citizen(anna), id).await), rule(reason));
        assert_eq!(told(world.service.renounce_mandate(&citizen(bo), id).await), rule(reason));
    }
    let third = world.give(anna, bo, &["M14"]).await;
    world.service.register_death(bo, world.now().local_date()).await.unwrap();
    let dead = world.service.revoke_mandate(&citizen(anna), third.id).await;
    assert_eq!(told(dead), rule(Reason::MandateEnded));
    let (found, now) = world.service.read_mandate(&citizen(anna), third.id).await.unwrap();
    assert_eq!(found.standing(now), MandateStanding::Ended);
    let (effective_at, cause) = (now.local_date().start(), EndCause::RepresentativeDeath);
    assert_eq!(found.state, MandateState::Ended { at: now, effective_at, cause });
}

pub(crate) async fn an_older_mandate_goes_on_when_another_is_revoked(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let (older, newer) = (world.give(anna, bo, &["M14"]).await, world.give(anna, bo, &["M14"]).await);
    world.ambient.set(world.now().plus_seconds(60));
    world.service.revoke_mandate(&citizen(anna), newer.id).await.unwrap();
    assert!(world.may_act(bo, anna).await.is_ok());
    world.service.revoke_mandate(&citizen(anna), older.id).await.unwrap();
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerRevoked));
}
