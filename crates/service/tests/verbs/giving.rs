//! A person gives a mandate.

use crate::expect::{denied, invalid, rule, told};
use tillid_domain::{
    CalendarPeriod, Reason,
    catalogue::{Definition, MandatePackage},
    id::{PersonId, PresentationId},
};
use tillid_service::{Error, NewMandate, NewPresentation, PersonRef};
use tillid_testkit::{
    World,
    catalogue::package,
    people::{OWN, acting, caseworker, citizen, unsure},
};

async fn shown(world: &World, by: PersonId, new: NewMandate) -> Result<PresentationId, Error> {
    world.try_show(&citizen(by), NewPresentation::Mandate(new)).await
}

async fn import(world: &World, package: MandatePackage) {
    let definition = Definition::MandatePackage(Box::new(package));
    assert!(world.service.import_entry(definition).await.unwrap());
}

pub(crate) async fn r38_nobody_gives_a_mandate_to_themselves(world: &World) {
    let anna = world.anna().await;
    world.import("M14").await;
    let number = PersonRef::Number("7405433008".parse().unwrap());
    for herself in [PersonRef::Id(anna), number] {
        let new = NewMandate { representative: herself, ..world.mandate_to(anna, &["M14"]) };
        assert_eq!(
            told(shown(world, anna, new).await),
            invalid("/about/mandate/representative", Reason::SelfMandate)
        );
    }
}

pub(crate) async fn a_mandate_is_of_packages_and_privileges_in_use(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    world.import("C15").await;
    let unknown = |at: usize| invalid(&format!("/about/mandate/packages/{at}"), Reason::EntryNotPublished);
    let none = NewMandate { packages: Vec::new(), ..world.mandate_to(bo, &[]) };
    assert_eq!(
        told(shown(world, anna, none).await),
        invalid("/about/mandate/packages", Reason::EntryNotPublished)
    );
    assert_eq!(told(shown(world, anna, world.mandate_to(bo, &["M14", "M01"])).await), unknown(1));
    assert_eq!(told(shown(world, anna, world.mandate_to(bo, &["C15"])).await), unknown(0));
    let mut new = world.mandate_to(bo, &["M14"]);
    new.privileges = vec!["urn:dk:tillid:fuldmagt:samtykke:samtykke:laes".parse().unwrap()];
    assert_eq!(
        told(shown(world, anna, new).await),
        invalid("/about/mandate/privileges/0", Reason::PrivilegeUnknown)
    );
    let nobody = PersonRef::Id(PersonId::from_uuid(uuid::Uuid::from_u128(1)));
    let new = NewMandate { representative: nobody, ..world.mandate_to(bo, &["M14"]) };
    assert_eq!(
        told(shown(world, anna, new).await),
        invalid("/about/mandate/representative", Reason::PersonUnknown)
    );
}

pub(crate) async fn a_package_for_employees_is_not_given_to_a_person(world: &World) {
    use tillid_domain::catalogue::RepresentativeKind;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let staff = vec![RepresentativeKind::Employee];
    import(world, MandatePackage { representative_kinds: staff, ..package("M01") }).await;
    let refused = shown(world, anna, world.mandate_to(bo, &["M01"])).await;
    assert_eq!(told(refused), invalid("/about/mandate/packages/0", Reason::RepresentativeKindWrong));
}

pub(crate) async fn a_mandate_ends_and_not_too_late(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    world.import("M04").await;
    let today = world.now().local_date();
    let until = async |packages: &[&str], day| {
        let new = NewMandate { valid_until: day, ..world.mandate_to(bo, packages) };
        shown(world, anna, new).await
    };
    let late = invalid("/about/mandate/valid_until", Reason::EndDateTooLate);
    let two_years = today.plus(CalendarPeriod::months(24));
    assert!(until(&["M14"], today.plus(CalendarPeriod::months(60))).await.is_ok());
    assert_eq!(told(until(&["M14"], today.plus(CalendarPeriod::months(60)).next()).await), late);
    assert!(until(&["M14", "M04"], two_years).await.is_ok());
    assert_eq!(told(until(&["M14", "M04"], two_years.next()).await), late, "the shortest maximum counts");
    let today_only = until(&["M14"], today).await.unwrap();
    world.service.give_mandate(&citizen(anna), today_only).await.unwrap();
    let too_late_tomorrow = until(&["M14"], today).await.unwrap();
    world.pass(CalendarPeriod::days(1));
    let past = invalid("/about/mandate/valid_until", Reason::EndDatePast);
    assert_eq!(told(until(&["M14"], today).await), past);
    let refused = world.service.give_mandate(&citizen(anna), too_late_tomorrow).await;
    assert_eq!(told(refused), rule(Reason::EndDatePast), "it was shown yesterday");
}

pub(crate) async fn a_grantor_is_old_enough(world: &World) {
    let (clara, bo) = (world.person("Clara", "6304115007").await, world.bo().await);
    world.import("M14").await;
    let shown = world.show_mandate(clara, bo, &["M14"]).await;
    let refused = world.service.give_mandate(&citizen(clara), shown).await;
    assert_eq!(told(refused), rule(Reason::TooYoung));
    let to_a_child = world.give(bo, clara, &["M14"]).await;
    assert_eq!(to_a_child.representative, clara);
}

pub(crate) async fn r32_a_mandate_is_neither_given_by_nor_to_the_dead(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let by_the_dead = world.show_mandate(anna, bo, &["M14"]).await;
    let to_the_dead = world.show_mandate(bo, anna, &["M14"]).await;
    world.service.register_death(anna, world.now().local_date()).await.unwrap();
    let refused = world.service.give_mandate(&citizen(anna), by_the_dead).await;
    assert_eq!(told(refused), rule(Reason::PersonDead));
    let refused = world.service.give_mandate(&citizen(bo), to_the_dead).await;
    assert_eq!(told(refused), rule(Reason::PersonDead));
}

pub(crate) async fn a_mandate_is_given_by_whom_it_was_shown_to_and_soon(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    world.import("C15").await;
    let shown = world.show_mandate(anna, bo, &["M14"]).await;
    let request = world.ask(anna, "C15").await;
    let of_a_consent = world.show(&citizen(anna), request).await;
    let mismatch = invalid("/presentation_id", Reason::PresentationMismatch);
    assert_eq!(told(world.service.give_mandate(&citizen(bo), shown).await), mismatch);
    assert_eq!(told(world.service.give_mandate(&citizen(anna), of_a_consent).await), mismatch);
    let unknown = PresentationId::from_uuid(uuid::Uuid::from_u128(1));
    assert_eq!(told(world.service.give_mandate(&citizen(anna), unknown).await), mismatch);
    assert_eq!(told(world.service.give_mandate(&caseworker(OWN), shown).await), denied(Reason::CitizensOnly));
    world.ambient.set(world.now().plus_seconds(24 * 3600));
    world.service.give_mandate(&citizen(anna), shown).await.unwrap();
    let shown = world.show_mandate(anna, bo, &["M14"]).await;
    world.ambient.set(world.now().plus_seconds(24 * 3600 + 1));
    let refused = world.service.give_mandate(&citizen(anna), shown).await;
    assert_eq!(told(refused), invalid("/presentation_id", Reason::PresentationTooOld));
}

pub(crate) async fn a_package_that_went_out_of_use_meanwhile_is_not_given(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let shown = world.show_mandate(anna, bo, &["M14"]).await;
    import(world, MandatePackage { grantor_min_age: 18, ..package("M14") }).await;
    let refused = world.service.give_mandate(&citizen(anna), shown).await;
    assert_eq!(told(refused), rule(Reason::EntryNotPublished));
}

pub(crate) async fn a_weak_login_gives_no_mandate(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    import(world, MandatePackage { required_loa: tillid_domain::actor::Assurance::High, ..package("M01") })
        .await;
    let shown = world.show_mandate(anna, bo, &["M14"]).await;
    assert_eq!(told(world.service.give_mandate(&unsure(citizen(anna)), shown).await), "step up");
    let shown = world.show_mandate(anna, bo, &["M14", "M01"]).await;
    assert_eq!(told(world.service.give_mandate(&citizen(anna), shown).await), "step up");
}

pub(crate) async fn a_representative_passes_nothing_on(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let gitte = world.person("Gitte", "6101710025").await;
    world.import("M14").await;
    world.import("M18").await;
    let new = NewPresentation::Mandate(world.mandate_to(gitte, &["M14"]));
    assert_eq!(told(world.try_show(&acting(bo, anna), new.clone()).await), denied(Reason::NoPower));
    world.give(anna, bo, &["M14", "M18"]).await;
    assert_eq!(told(world.try_show(&acting(bo, anna), new).await), denied(Reason::OnlyInPerson));
    let shown = world.show_mandate(anna, gitte, &["M14"]).await;
    let refused = world.service.give_mandate(&acting(bo, anna), shown).await;
    assert_eq!(told(refused), denied(Reason::OnlyInPerson));
    let log = world.service.access_log(&citizen(anna), None, 10).await.unwrap().items;
    assert_eq!(log.len(), 3, "each attempt stands in the log");
}

pub(crate) async fn chosen_privileges_and_no_others_are_given(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let all = package("M14").privileges;
    let mut new = world.mandate_to(bo, &["M14"]);
    new.privileges = vec![all[2].uri.clone(), all[0].uri.clone(), all[2].uri.clone()];
    let shown = shown(world, anna, new).await.unwrap();
    let mandate = world.service.give_mandate(&citizen(anna), shown).await.unwrap().value;
    assert_eq!(mandate.privileges, [all[0].uri.clone(), all[2].uri.clone()]);
    let mut tx = world.store.read().await.unwrap();
    let mut held = tx.privileges(anna, bo, world.now()).await.unwrap();
    held.sort();
    let mut expected = mandate.privileges.clone();
    expected.sort();
    assert_eq!(held, expected);
}

pub(crate) async fn a_text_that_was_shown_serves_for_one_mandate(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let shown = world.show_mandate(anna, bo, &["M14"]).await;
    let mandate = world.service.give_mandate(&citizen(anna), shown).await.unwrap().value;
    let again = world.service.give_mandate(&citizen(anna), shown).await;
    assert_eq!(told(again), rule(Reason::PresentationUsed));
    world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
    let again = world.service.give_mandate(&citizen(anna), shown).await;
    assert_eq!(told(again), rule(Reason::PresentationUsed), "also when it has been revoked");
}

pub(crate) async fn a_name_that_is_not_theirs_is_refused(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let called = async |name: &str| {
        let representative_name = Some(name.parse().unwrap());
        let new = NewMandate { representative_name, ..world.mandate_to(bo, &["M14"]) };
        shown(world, anna, new).await
    };
    let refused = invalid("/about/mandate/representative_name", Reason::RepresentativeMismatch);
    assert_eq!(told(called("Gitte").await), refused);
    assert!(called("bo").await.is_ok());
}
