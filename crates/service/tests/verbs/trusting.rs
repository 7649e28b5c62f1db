//! M12: a trusted person sees what somebody gave and who has it, and can do nothing with it.

use crate::expect::{denied, told};
use tillid_domain::{
    Reason,
    access::Act,
    id::MandateId,
    mandate::{DisputeGround, MandateStanding, RevocationGround, SuspensionGround},
};
use tillid_service::{Call, Error, MandateChange, NewPresentation, Overview};
use tillid_testkit::{
    World,
    people::{acting, citizen},
};

fn later(world: &World) {
    world.ambient.set(world.now().plus_seconds(60));
}

async fn sees(world: &World, call: &Call) -> Result<Vec<MandateId>, Error> {
    let (page, _) = world.service.list_mandates(call, None, 50).await?;
    Ok(page.items.into_iter().map(|mandate| mandate.id).collect())
}

pub(crate) async fn m12_a_trusted_person_sees_what_was_given_and_changes_nothing(world: &World) {
    for code in ["M14", "M19"] {
        world.import(code).await;
    }
    let (anna, bo) = (world.anna().await, world.bo().await);
    let (clara, finn) = (world.person("Clara", "6101710025").await, world.person("Finn", "6505670016").await);
    let used = world.give(anna, bo, &["M14"]).await;
    // What others gave to whom she trusts her eyes with is theirs, not hers to show.
    let held = world.give(finn, anna, &["M14"]).await;
    let as_clara = acting(clara, anna);
    assert_eq!(told(sees(world, &as_clara).await), denied(Reason::NoPower));
    let trust = world.give(anna, clara, &["M19"]).await;
    assert_eq!(sees(world, &as_clara).await.unwrap(), [trust.id, used.id]);
    let (whole, _) = world.service.whole_mandate(&as_clara, used.id).await.unwrap();
    assert_eq!(whole.found.mandate.representative, bo);
    assert_eq!(told(world.service.read_mandate(&as_clara, held.id).await), "not found");
    let (overview, _) = world.service.overview(&as_clara).await.unwrap();
    let Overview::Representative(overview) = overview else { panic!("acting") };
    assert_eq!((overview.mandates.len(), overview.consents.is_none()), (2, true));
    // That she looked stands in the log of whom she looks out for.
    let log = world.service.access_log(&citizen(anna), None, 50).await.unwrap().items;
    assert!(log.iter().any(|look| look.act == Act::SeeMandate && look.target == Some(used.id.as_uuid())));
    // She does nothing with it.
    let revoke = |quiet| MandateChange::Revoke { ground: RevocationGround::NotStated, quiet };
    for change in [
        revoke(false),
        revoke(true),
        MandateChange::Suspend(SuspensionGround::Unsure),
        MandateChange::Dispute(DisputeGround::Misuse, None),
    ] {
        let changed = world.service.change_mandate(&as_clara, used.id, change).await;
        assert_eq!(told(changed), denied(Reason::OnlyInPerson));
    }
    let about = NewPresentation::Mandate(world.mandate_to(clara, &["M14"]));
    assert_eq!(told(world.try_show(&as_clara, about).await), denied(Reason::OnlyInPerson));
    let log = world.service.access_log(&as_clara, None, 50).await;
    assert_eq!(told(log), denied(Reason::OnlyInPerson));
    // Whoever holds a mandate does not see that somebody looks.
    assert_eq!(sees(world, &acting(bo, anna)).await.unwrap(), [used.id]);
    assert_eq!(told(world.service.read_mandate(&acting(bo, anna), trust.id).await), "not found");
    // She sees who used it.
    let (uses, _) = world.service.mandate_uses(&as_clara, used.id, None, 50).await.unwrap();
    assert!(!uses.items.is_empty() && uses.items.iter().all(|used| used.representative == bo));
    // How something ended quietly is the grantor's to tell.
    later(world);
    world.service.change_mandate(&citizen(anna), used.id, revoke(true)).await.unwrap();
    later(world);
    let seen = world.service.read_mandate(&as_clara, used.id).await.unwrap();
    let by_bo = world.service.read_mandate(&citizen(bo), used.id).await.unwrap();
    assert_eq!(seen.0.standing(world.now()), MandateStanding::Expired);
    assert_eq!(seen.0, by_bo.0);
    // It ends like everything that was given.
    world.service.change_mandate(&citizen(anna), trust.id, revoke(false)).await.unwrap();
    later(world);
    assert_eq!(told(sees(world, &as_clara).await), denied(Reason::PowerRevoked));
}
