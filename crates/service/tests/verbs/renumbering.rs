//! M10: another CPR number leads to the same person, with everything that is theirs.

use crate::{
    expect::{rule, told},
    noticing::{tell, told_to},
};
use tillid_domain::{CalendarPeriod, Cpr, Reason, actor::Purpose};
use tillid_service::{NewLookup, PersonRef};
use tillid_testkit::{
    World,
    people::{OWN, caseworker, citizen},
};

pub(crate) async fn m10_a_person_with_another_number_is_the_same_person(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let mandate = world.give(anna, bo, &["M14"]).await;
    world.pass(CalendarPeriod::days(1));
    let [old, new]: [Cpr; 2] = ["7405433008", "7505433014"].map(|text| text.parse().unwrap());
    let taken: Cpr = "6101710017".parse().unwrap();
    assert_eq!(told(world.service.register_number(anna, &taken).await), rule(Reason::NumberTaken));
    for _ in 0..2 {
        world.service.register_number(anna, &new).await.unwrap();
    }
    // By either number, with what she gave; and nobody new becomes known.
    for number in [old, new.clone()] {
        let lookup = NewLookup {
            person: PersonRef::Number(number.clone()),
            purpose: Purpose::CaseProcessing,
            case: Some("27.36.04-G01-12-26".parse().unwrap()),
        };
        let found = world.service.look_up(&caseworker(OWN), &lookup).await.unwrap();
        assert_eq!(found.person.id, anna);
        assert_eq!(found.mandates[0].mandate.id, mandate.id);
        // A form that somebody fills in with the one or the other is for her.
        assert_eq!(world.service.person_by_number(&number).await.unwrap(), Some(anna));
    }
    assert!(world.may_act(bo, anna).await.is_ok());
    // Post goes to the new one.
    world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
    tell(world).await;
    assert!(!told_to(world, anna).await.is_empty());
    let mut tx = world.store.read().await.unwrap();
    assert_eq!(
        tx.number_of(anna).await.unwrap().map(|number| number.reveal().to_string()),
        Some(new.reveal().to_string())
    );
}
