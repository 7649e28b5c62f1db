//! Declarations in the state's own format, out and in.

use crate::expect::{denied, invalid, rule, told};
use tillid_documents::viljestilkendegivelse::{Loss, read};
use tillid_domain::{
    CalendarPeriod, Reason,
    access::Act,
    actor::Purpose,
    catalogue::Channel,
    id::{DeclarationId, PersonId},
    text::Name,
};
use tillid_service::{Call, NewLookup, PersonRef};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, caseworker, citizen, keyed, under},
};

/// A caseworker of that authority who has looked the person up.
async fn looking(world: &World, authority: &str, person: PersonId) -> Call {
    let case = Some("27.36.04-G01-12-26".parse().unwrap());
    let new = NewLookup { person: PersonRef::Id(person), purpose: Purpose::CaseProcessing, case };
    let caller = caseworker(authority);
    let lookup = world.service.look_up(&caller, &new).await.unwrap().record.id;
    under(caller, lookup)
}

async fn declared(world: &World, person: PersonId) -> DeclarationId {
    world.import("C02").await;
    world.consent(person, "C02").await[0].consent.answer.declaration
}

async fn written(world: &World, call: &Call, id: DeclarationId) -> String {
    let out = world.service.export_declaration(call, id).await.unwrap();
    String::from_utf8(out.xml).unwrap()
}

fn source() -> Name {
    "ESDH".parse().unwrap()
}

pub(crate) async fn a_declaration_goes_out_to_whoever_may_see_it_and_names_nobody(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let id = declared(world, anna).await;
    let xml = written(world, &citizen(anna), id).await;
    let out = read(xml.as_bytes()).unwrap();
    assert_eq!(out.lost, []);
    assert_eq!(
        out.declaration.expressions.iter().count(),
        world.service.list_consents(&citizen(anna), None, 50).await.unwrap().items.len()
    );
    assert!(!xml.contains("CPR") && !xml.contains("Anna"));
    assert!(xml.contains(&anna.to_string()) && xml.contains("/v1/receipts/"));

    let staff = looking(world, OWN, anna).await;
    assert_eq!(written(world, &staff, id).await, xml);
    let log = world.service.access_log(&citizen(anna), None, 10).await.unwrap().items;
    assert_eq!((log[0].act, log[0].target), (Act::SeeConsent, Some(id.as_uuid())));

    let hidden = async |call: &Call| told(world.service.export_declaration(call, id).await);
    assert_eq!(hidden(&citizen(bo)).await, "not found");
    assert_eq!(hidden(&looking(world, OTHER, anna).await).await, "not found");
    assert_eq!(hidden(&looking(world, OWN, bo).await).await, "not found");
    assert_eq!(hidden(&caseworker(OWN)).await, denied(Reason::LookupMissing));
}

pub(crate) async fn r22_what_was_given_elsewhere_comes_in_with_its_source_and_once(world: &World) {
    let anna = world.anna().await;
    let id = declared(world, anna).await;
    let xml = written(world, &citizen(anna), id).await;
    let staff = looking(world, OWN, anna).await;
    let take_in = async |call: &Call, xml: &str| {
        world.service.import_declaration(call, &source(), None, xml.as_bytes()).await
    };
    let call = keyed(staff.clone(), "k", "1");
    let done = take_in(&call, &xml).await.unwrap();
    assert!(!done.replayed && done.value.lost.iter().any(|l| l.what == Loss::Attestation));
    for typed in &done.value.consents {
        let answer = &typed.consent.answer;
        assert_eq!((answer.collected.channel(), answer.person), (Channel::Imported, anna));
        assert!(answer.declaration != id && answer.request.is_none());
    }
    let again = take_in(&call, &xml).await.unwrap();
    assert!(again.replayed);
    let ids = |of: &tillid_service::ImportedDeclaration| {
        of.consents.iter().map(|c| c.consent.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&again.value), ids(&done.value));
    assert_eq!(told(take_in(&staff, &xml).await), rule(Reason::DeclarationTakenBefore));
    // What came in goes out as what it is.
    let second = done.value.consents[0].consent.answer.declaration;
    let out = written(world, &citizen(anna), second).await;
    assert!(out.contains("ESDH: urn:uuid:"), "{out}");
}

pub(crate) async fn a_consent_that_comes_in_never_lasts_longer_than_it_says_itself(world: &World) {
    let anna = world.anna().await;
    let id = declared(world, anna).await;
    let xml = written(world, &citizen(anna), id).await;
    let staff = looking(world, OWN, anna).await;
    let end = world.now().plus_seconds(3600);
    let sooner = ends(&xml, &end.to_string());
    let done = world.service.import_declaration(&staff, &source(), None, sooner.as_bytes()).await.unwrap();
    assert!(done.value.consents.iter().all(|c| c.consent.answer.valid.to == Some(end)));
    let later = ends(&xml, "2099-01-01T00:00:00Z").replacen(
        &id.to_string(),
        "00000000-0000-4000-8000-000000000001",
        1,
    );
    let done = world.service.import_declaration(&staff, &source(), None, later.as_bytes()).await.unwrap();
    let own = world.service.list_consents(&citizen(anna), None, 50).await.unwrap().items;
    let usual = own.iter().find(|c| c.consent.answer.declaration == id).unwrap().consent.answer.valid.to;
    assert!(
        done.value.consents.iter().all(|c| c.consent.answer.valid.to == usual),
        "nor than the type allows"
    );
}

/// The document with that end in place of each of its own.
fn ends(xml: &str, end: &str) -> String {
    xml.split("<GaeldendeTil>").enumerate().fold(String::new(), |all, (n, part)| {
        if n == 0 {
            return part.to_owned();
        }
        let rest = part.split_once("</GaeldendeTil>").unwrap().1;
        format!("{all}<GaeldendeTil>{end}</GaeldendeTil>{rest}")
    })
}

pub(crate) async fn r02_what_nobody_answered_or_another_gave_does_not_come_in(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let id = declared(world, anna).await;
    let xml = written(world, &citizen(anna), id).await;
    let staff = looking(world, OWN, anna).await;
    let refused = async |call: &Call, xml: &str| {
        told(world.service.import_declaration(call, &source(), None, xml.as_bytes()).await)
    };
    let valid = |other: &str| xml.replace("<Status>gaeldende<", &format!("<Status>{other}<"));
    assert_eq!(refused(&staff, &valid("afventer signering")).await, invalid("", Reason::DeclarationUnclear));
    assert_eq!(refused(&staff, &valid("oprettet")).await, invalid("", Reason::DeclarationUnclear));
    for ended in ["tilbagekaldt", "udloebet", "lukket"] {
        assert_eq!(refused(&staff, &valid(ended)).await, invalid("", Reason::DeclarationEnded), "{ended}");
    }
    assert_eq!(refused(&staff, "<a/>").await, invalid("", Reason::DeclarationUnreadable));
    let other = looking(world, OWN, bo).await;
    assert_eq!(refused(&other, &xml).await, invalid("", Reason::DeclarationOtherPerson));
    let theirs = xml.replace("99100001", "99173009");
    assert_eq!(refused(&staff, &theirs).await, invalid("", Reason::DeclarationOtherAuthority));
    let speaks = "<Aktoer><ID>urn:uuid:00000000-0000-4000-8000-0000000000b0</ID><PaakraevetSignatur>true</PaakraevetSignatur>\
        <Aktoerrolle>stedfortraedende_viljestilkendegiver</Aktoerrolle><Bemyndigelsestype>vaerge</Bemyndigelsestype></Aktoer>";
    let by = xml.replacen("<Aktoer>", &format!("{speaks}<Aktoer>"), 1).replace(
        &format!("<ViljestilkendegiverID>urn:uuid:{anna}"),
        "<ViljestilkendegiverID>urn:uuid:00000000-0000-4000-8000-0000000000b0",
    );
    assert_eq!(refused(&staff, &by).await, invalid("", Reason::DeclarationByRepresentative));
    assert_eq!(refused(&citizen(anna), &xml).await, denied(Reason::StaffOnly));
    assert_eq!(refused(&caseworker(OWN), &xml).await, denied(Reason::LookupMissing));
    let neighbour = looking(world, OTHER, anna).await;
    // Another authority is told the same as of any text that is not theirs.
    assert_eq!(refused(&neighbour, &xml).await, invalid("/presentation_id", Reason::PresentationMismatch));
    world.pass(CalendarPeriod::months(13));
    let staff = looking(world, OWN, anna).await;
    assert_eq!(refused(&staff, &xml).await, invalid("", Reason::DeclarationEnded), "its time has passed");
}
