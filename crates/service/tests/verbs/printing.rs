//! What people print: receipts of their answers, and the forms on which they answer.

use crate::expect::{denied, rule, told};
use tillid_domain::{Language, Reason, access::Act, actor::Purpose, id::PersonId, presentation::Means};
use tillid_service::{Call, NewLookup, NewPresentation, PersonRef, ReceiptOf};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, acting, caseworker, citizen, under},
};

async fn looking(world: &World, authority: &str, person: PersonId) -> Call {
    let case = Some("27.36.04-G01-12-26".parse().unwrap());
    let new = NewLookup { person: PersonRef::Id(person), purpose: Purpose::CaseProcessing, case };
    let caller = caseworker(authority);
    let lookup = world.service.look_up(&caller, &new).await.unwrap().record.id;
    under(caller, lookup)
}

pub(crate) async fn c5_a_receipt_on_paper_is_for_the_person_alone(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C02").await;
    let consent = world.consent(anna, "C02").await[0].consent.id;
    let event = world.service.newest_receipt(&citizen(anna), ReceiptOf::Consent(consent)).await.unwrap();
    let print = async |call: Call| world.service.receipt_on_paper(&call, event, Language::Da).await;
    let paper = print(citizen(anna)).await.unwrap();
    assert!(paper.pdf.starts_with(b"%PDF-1.") && paper.code == event.to_string());
    assert_eq!(told(print(citizen(bo)).await), "not found");
    assert_eq!(told(print(acting(bo, anna)).await), denied(Reason::OnlyInPerson));
    assert_eq!(told(print(looking(world, OWN, anna).await).await), denied(Reason::OnlyInPerson));
}

pub(crate) async fn r44_a_form_is_printed_under_a_lookup_and_the_person_is_told(world: &World) {
    let anna = world.anna().await;
    world.import("C02").await;
    let staff = looking(world, OWN, anna).await;
    let case = Some("27.36.04-G01-12-26".parse().unwrap());
    let about = NewPresentation::Consent {
        consent_type: "C02".parse().unwrap(),
        items: Vec::new(),
        case,
        proposal: tillid_domain::terms::Proposal::default(),
    };
    let shown = async |means| {
        let done = world.service.present_for(&staff, &about, means, Language::En).await.unwrap();
        done.value.presentation.id
    };
    let (printed, read_aloud) = (shown(Means::Paper).await, shown(Means::Told).await);
    let paper = world.service.form_on_paper(&staff, printed).await.unwrap();
    assert!(paper.pdf.starts_with(b"%PDF-1.") && paper.code == printed.code());
    assert_eq!(world.service.form_on_paper(&staff, printed).await.unwrap(), paper, "the same each time");
    let log = world.service.access_log(&citizen(anna), None, 10).await.unwrap().items;
    assert_eq!((log[0].act, log[0].target), (Act::SeeConsent, Some(printed.as_uuid())));
    assert_eq!(told(world.service.form_on_paper(&staff, read_aloud).await), rule(Reason::NotOnPaper));
    let neighbour = looking(world, OTHER, anna).await;
    assert_eq!(told(world.service.form_on_paper(&neighbour, printed).await), "not found");
    assert_eq!(told(world.service.form_on_paper(&citizen(anna), printed).await), denied(Reason::StaffOnly));
}
