//! The journeys of the issue, verb by verb.

use crate::expect::told;
use tillid_documents::{TYPE, verify};
use tillid_domain::{
    Language,
    access::{Act, Outcome},
    actor::Purpose,
    catalogue::Shelf,
    consent::ConsentStanding,
    event::Fact,
    id::{ConsentId, PersonId},
    mandate::MandateStanding,
};
use tillid_service::{
    Answer, LookedUp, NewLookup, NewPresentation, Overview, PersonRef, ReceiptOf, RepresentativeOverview,
};
use tillid_testkit::{
    World,
    catalogue::{consent_type, defined},
    people::{OTHER, OWN, acting, caseworker, citizen, under},
};

fn look(person: PersonId) -> NewLookup {
    NewLookup {
        person: PersonRef::Id(person),
        purpose: Purpose::CaseProcessing,
        case: Some("27.36.04-G01-12-26".parse().unwrap()),
    }
}

async fn look_up(world: &World, authority: &str, person: PersonId) -> LookedUp {
    world.service.look_up(&caseworker(authority), &look(person)).await.unwrap()
}

fn standings(found: &LookedUp) -> Vec<ConsentStanding> {
    found.consents.iter().rev().map(|c| c.standing).collect()
}

pub(crate) async fn a_person_is_asked_answers_is_looked_up_and_takes_it_back(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let request = world.ask(anna, "C01").await;
    assert!(look_up(world, OWN, anna).await.consents.is_empty(), "nothing follows from a question");
    let shown = world.show(&citizen(anna), request).await;
    let items = consent_type("C01").items;
    assert_eq!(items.len(), 4);
    let mixed: Vec<Answer> =
        items.iter().enumerate().map(|(n, i)| Answer { item: i.code.clone(), given: n % 2 == 0 }).collect();
    let answered = world.service.answer_request(&citizen(anna), request, shown, &mixed).await.unwrap();
    assert!(!answered.replayed);
    use ConsentStanding::{Active, Declined, Withdrawn};
    let told: Vec<_> = answered.value.iter().map(|c| c.standing).collect();
    assert_eq!(told, [Active, Declined, Active, Declined]);
    let found = look_up(world, OWN, anna).await;
    assert_eq!(standings(&found), [Active, Declined, Active, Declined]);
    assert_eq!(found.record.outcome, Outcome::Found);
    let reader = under(caseworker(OWN), found.record.id);
    assert_eq!(world.service.list_consents(&reader, None, 10).await.unwrap().items.len(), 4);
    assert!(look_up(world, OTHER, anna).await.consents.is_empty());
    let taken_back = answered.value[2].consent.id;
    let withdrawn = world.service.withdraw_consent(&citizen(anna), taken_back).await.unwrap();
    assert_eq!(withdrawn.value.standing, Withdrawn);
    assert_eq!(standings(&look_up(world, OWN, anna).await), [Active, Declined, Withdrawn, Declined]);
    let log = world.service.access_log(&citizen(anna), None, 50).await.unwrap().items;
    let acts: Vec<_> = log.iter().rev().map(|r| (r.act, r.outcome)).collect();
    let (look, found, nothing) = (Act::LookUp, Outcome::Found, Outcome::Nothing);
    let expected = [
        (Act::AskForConsent, found),
        (look, nothing),
        (look, found),
        (Act::SeeConsent, found),
        (look, nothing),
        (look, found),
    ];
    assert_eq!(acts, expected);
}

async fn seen_by(world: &World, representative: PersonId, person: PersonId) -> Box<RepresentativeOverview> {
    match world.service.overview(&acting(representative, person)).await.unwrap().0 {
        Overview::Representative(seen) => seen,
        Overview::Own(_) => panic!("not one's own"),
    }
}

pub(crate) async fn a_representative_acts_for_somebody_until_the_mandate_is_revoked(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14", "M18"] {
        world.import(code).await;
    }
    let consent = world.one_consent(anna, "C15").await;
    assert_eq!(told(world.may_act(bo, anna).await), "denied no_power");
    let narrow = world.give(anna, bo, &["M14"]).await;
    let seen = seen_by(world, bo, anna).await;
    assert_eq!(seen.privileges.len(), narrow.privileges.len());
    assert!(seen.consents.is_none() && seen.requests.is_none(), "a package about something else");
    let refused = world.service.list_consents(&acting(bo, anna), None, 10).await;
    assert_eq!(told(refused), "denied power_does_not_cover");
    let refused = world.service.withdraw_consent(&acting(bo, anna), consent).await;
    assert_eq!(told(refused), "denied power_does_not_cover");
    let wide = world.give(anna, bo, &["M18"]).await;
    let seen = seen_by(world, bo, anna).await;
    assert_eq!(seen.consents.as_ref().map(Vec::len), Some(consent_type("C15").items.len()));
    assert_eq!(seen.mandates.len(), 2);
    let Overview::Own(own) = world.service.overview(&citizen(bo)).await.unwrap().0 else { panic!() };
    assert_eq!(own.may_act_for.len(), 1);
    assert_eq!(own.may_act_for[0].person, anna);
    let asked = world.ask(anna, "C15").await;
    let shown = world.show(&acting(bo, anna), asked).await;
    let answers = world.all(false, shown).await;
    let answered = world.service.answer_request(&acting(bo, anna), asked, shown, &answers).await.unwrap();
    assert!(answered.value.iter().all(|c| c.standing == ConsentStanding::Declined));
    let found = look_up(world, OWN, anna).await;
    assert_eq!(found.mandates.len(), 1, "staff see the mandates of their own authority's packages");
    assert_eq!(found.mandates[0].representative_name.as_ref().unwrap().as_str(), "Bo");
    world.service.revoke_mandate(&citizen(anna), wide.id).await.unwrap();
    let refused = world.service.withdraw_consent(&acting(bo, anna), consent).await;
    assert_eq!(told(refused), "denied power_does_not_cover", "the narrow one stands");
    let revoked = world.service.revoke_mandate(&citizen(anna), narrow.id).await.unwrap();
    assert_eq!(revoked.value.standing(world.now()), MandateStanding::Revoked);
    assert_eq!(told(world.may_act(bo, anna).await), "denied power_revoked");
    assert_eq!(
        told(world.service.withdraw_consent(&acting(bo, anna), consent).await),
        "denied power_revoked"
    );
}

pub(crate) async fn every_type_and_package_of_the_seed_catalogue_comes_into_use_once(world: &World) {
    let numbered = (1..=16).map(|n| format!("C{n:02}")).chain((1..=18).map(|n| format!("M{n:02}")));
    let codes: Vec<String> = numbered.chain(["X01", "X03", "X04"].map(str::to_owned)).collect();
    for code in &codes {
        world.import(code).await;
        assert!(!world.service.import_entry(defined(code)).await.unwrap(), "{code} is in use already");
    }
    for (shelf, count) in [(Shelf::ConsentType, 19), (Shelf::MandatePackage, 18)] {
        let page = world.service.list_catalogue(shelf, None, 10).await.unwrap();
        let rest = world.service.list_catalogue(shelf, page.next.as_ref(), 10).await.unwrap();
        assert_eq!((page.items.len() + rest.items.len(), rest.next), (count, None));
    }
}

pub(crate) async fn receipts_verify_under_the_published_keys_and_under_no_other(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14"] {
        world.import(code).await;
    }
    let consent = world.one_consent(anna, "C15").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    let keys = world.service.receipt_keys();
    let key = |n: usize| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.decode(keys["keys"][n]["x"].as_str().unwrap()).unwrap()
    };
    let newest = async |by: PersonId, of: ReceiptOf| {
        let event = world.service.newest_receipt(&citizen(by), of).await.unwrap();
        let receipt = world.service.receipt(&citizen(by), event).await.unwrap();
        assert_eq!(verify(&receipt.receipt, &key(1)), None, "a retired key did not sign it");
        verify(&receipt.receipt, &key(0)).unwrap()
    };
    assert_eq!(TYPE, "tillid-receipt+jwt");
    assert!(matches!(newest(anna, ReceiptOf::Consent(consent)).await.fact, Fact::ConsentGiven(_)));
    assert!(matches!(newest(bo, ReceiptOf::Mandate(mandate.id)).await.fact, Fact::MandateGiven { .. }));
    let mut signed = Vec::new();
    for withdrawn in [false, true] {
        if withdrawn {
            world.service.withdraw_consent(&citizen(anna), consent).await.unwrap();
            world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
        }
        signed.push(newest(anna, ReceiptOf::Consent(consent)).await);
        signed.push(newest(anna, ReceiptOf::Mandate(mandate.id)).await);
    }
    assert_eq!(signed[2].fact, Fact::ConsentWithdrawn { assisted: None });
    assert_eq!(signed[3].fact.code(), "mandate_revoked");
    assert_eq!((signed[0].revision, signed[2].revision), (1, 2));
    let event = signed[2].id;
    assert_eq!(told(world.service.receipt(&citizen(bo), event).await), "not found");
    assert_eq!(told(world.service.receipt(&acting(bo, anna), event).await), "denied only_in_person");
    let unknown = ReceiptOf::Consent(ConsentId::from_uuid(mandate.id.as_uuid()));
    assert_eq!(told(world.service.newest_receipt(&citizen(anna), unknown).await), "not found");
}

pub(crate) async fn what_was_shown_can_be_read_again_byte_for_byte(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    let request = world.ask(anna, "C15").await;
    let mut documents = Vec::new();
    for language in [Language::Da, Language::En] {
        let new = NewPresentation::Request(request);
        let shown = world.service.present(&citizen(anna), &new, language).await.unwrap().value;
        let again = world.service.read_presentation(&citizen(anna), shown.presentation.id).await.unwrap();
        assert_eq!(again, shown);
        let other = world.service.read_presentation(&citizen(bo), shown.presentation.id).await;
        assert_eq!(told(other), "not found");
        let repeated = world.service.present(&citizen(anna), &new, language).await.unwrap().value;
        assert_eq!(repeated.document, shown.document, "the same bytes each time");
        documents.push(shown.document);
    }
    assert_ne!(documents[0], documents[1]);
}
