//! Every power leaves as the Basic Privilege Profile has it, also what the law gives; and a person takes it out (I3, R-09).

use crate::{
    by_law::{AID, CONTACT, charge},
    children::{Family, family},
    taking_out::archive,
};
use std::collections::BTreeSet;
use tillid_documents::bpp::Scope;
use tillid_domain::{
    CalendarPeriod,
    actor::Purpose,
    id::PersonId,
    source::Source,
    statutory::{Area, Form},
};
use tillid_service::{Call, NewLookup, NewStatutory, PersonRef};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, caseworker, citizen, under},
};

/// For whom, and with what.
async fn told(world: &World, call: &Call) -> BTreeSet<(PersonId, String)> {
    let told = world.service.held_privileges(call, &[]).await.unwrap();
    let group = |group: tillid_documents::bpp::PrivilegeGroup| {
        let Scope::Person(person) = group.scope else { panic!("by id") };
        group.privileges.into_iter().map(move |privilege| (person, privilege.as_str().to_owned()))
    };
    told.groups.into_iter().flat_map(group).collect()
}

async fn looking(world: &World, authority: &str, person: PersonId) -> Call {
    let case = Some("27.36.04-G01-12-26".parse().unwrap());
    let new = NewLookup { person: PersonRef::Id(person), purpose: Purpose::CaseProcessing, case };
    let caller = caseworker(authority);
    let lookup = world.service.look_up(&caller, &new).await.unwrap().record.id;
    under(caller, lookup)
}

pub(crate) async fn i03_what_the_law_gives_leaves_like_what_a_mandate_gives(world: &World) {
    for code in ["M13", "M14", "M16", "M18"] {
        world.import(code).await;
    }
    let Family { clara, dorte, .. } = family(world).await;
    let (finn, gitte, bo) = (
        world.person("Finn", "6507640016").await,
        world.person("Gitte", "6505670016").await,
        world.bo().await,
    );
    let mandate = world.give(finn, bo, &["M14"]).await;
    let source = Source::Register {};
    let guardian = charge(Form::Guardianship, &[Area::Personal], &[gitte]);
    let id =
        world.service.tell_statutory(finn, &NewStatutory::Guardianship(guardian), &source).await.unwrap();
    world.pass(CalendarPeriod::days(1));
    let aid = (finn, AID.to_owned());
    assert!(told(world, &citizen(gitte)).await.contains(&aid));
    let hers = told(world, &citizen(dorte)).await;
    assert!(hers.contains(&(clara, CONTACT.to_owned())), "{hers:?}");
    assert!(
        !hers.iter().any(|(_, p)| p.contains("skoleindskrivning")),
        "what all must agree on nobody has alone"
    );
    // Staff see it as far as it is their authority's.
    let hans = looking(world, OWN, gitte).await;
    assert!(told(world, &hans).await.contains(&aid));
    let mona = looking(world, OTHER, gitte).await;
    assert_eq!(told(world, &mona).await, BTreeSet::new());
    // A person takes it out.
    let (files, _) = archive(world, finn).await;
    let taken: serde_json::Value = serde_json::from_slice(&files["statutory.json"]).unwrap();
    assert_eq!(taken[0]["id"], id.as_uuid().to_string());
    assert_eq!(taken[0]["holders"][0]["id"], gitte.to_string());
    // Without capacity the ward's own mandates give nothing there.
    assert!(told(world, &citizen(bo)).await.contains(&aid));
    let call = citizen(bo);
    assert_eq!(world.service.mandate_privileges(&call, mandate.id, &[]).await.unwrap().groups.len(), 1);
    let without = charge(Form::WithoutCapacity, &[Area::Personal], &[gitte]);
    world.service.tell_statutory(finn, &NewStatutory::Guardianship(without), &source).await.unwrap();
    world.pass(CalendarPeriod::days(1));
    assert!(!told(world, &citizen(bo)).await.contains(&aid));
    assert_eq!(world.service.mandate_privileges(&call, mandate.id, &[]).await.unwrap().groups, []);
    assert!(told(world, &citizen(gitte)).await.contains(&aid));
    // A co-guardian acts with the ward, and alone not at all.
    let ward = world.person("Ida", "6507640024").await;
    let both = charge(Form::CoGuardianship, &[Area::Personal], &[gitte]);
    world.service.tell_statutory(ward, &NewStatutory::Guardianship(both), &source).await.unwrap();
    world.pass(CalendarPeriod::days(1));
    assert!(!told(world, &citizen(gitte)).await.iter().any(|(person, _)| *person == ward));
}
