//! Nobody is bothered without end.

use crate::{
    expect::{rule, told},
    requesting::{bo_asks, on_behalf, wish},
};
use tillid_domain::{CalendarPeriod, Reason, mandate_request::MandateRequest};
use tillid_service::PersonRef;
use tillid_testkit::{
    World,
    people::{OWN, citizen, machine},
};

pub(crate) async fn nobody_asks_without_end(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mut asked_so_far = Vec::new();
    for _ in 0..MandateRequest::MOST_OPEN {
        asked_so_far.push(bo_asks(world, anna, bo).await);
    }
    let wish = wish(PersonRef::Id(anna), &["M14"]);
    let again = async || world.service.ask_for_mandate(&citizen(bo), &wish).await;
    assert_eq!(told(again().await), rule(Reason::TooManyOpenRequests));
    // What others ask of her, and what staff ask for him, is not his.
    let clara = world.person("Clara", "6101710025").await;
    world.service.ask_for_mandate(&citizen(clara), &wish).await.unwrap();
    world.service.ask_for_mandate(&machine(OWN), &on_behalf(anna, bo, &["M14"])).await.unwrap();
    // An answer makes room for one, and time for all.
    world.service.decline_mandate_request(&citizen(anna), asked_so_far[0]).await.unwrap();
    again().await.unwrap();
    assert_eq!(told(again().await), rule(Reason::TooManyOpenRequests));
    world.pass(CalendarPeriod::days(31));
    again().await.unwrap();
}
