//! Declarations in the state's own format, out and in.

use crate::{
    children::{Family, family, says},
    expect::{denied, invalid, rule, told},
    living::{printed, registrar, serving, signed},
};
use tillid_documents::viljestilkendegivelse::{Basis, Loss, read};
use tillid_domain::{
    CalendarPeriod, Reason,
    access::Act,
    actor::Purpose,
    catalogue::{Channel, Shelf},
    consent::ConsentState,
    id::{DeclarationId, PersonId},
    joint::ExceptionGround,
    mandate::{Mandate, MandatePaper},
    text::Name,
};
use tillid_service::{Call, NewException, NewLookup, NewPresentation, PersonRef};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, acting, administrator, caseworker, citizen, keyed, under},
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

/// The document, as if it told of a declaration that was given elsewhere.
fn elsewhere(xml: &str, id: DeclarationId) -> String {
    xml.replace(&id.to_string(), "00000000-0000-4000-8000-000000000e15")
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
    let own = written(world, &citizen(anna), id).await;
    let staff = looking(world, OWN, anna).await;
    let take_in = async |call: &Call, xml: &str| {
        world.service.import_declaration(call, &source(), None, xml.as_bytes()).await
    };
    assert_eq!(told(take_in(&staff, &own).await), rule(Reason::DeclarationTakenBefore), "it stands here");
    let xml = elsewhere(&own, id);
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
    let archive = "Arkiv".parse().unwrap();
    let renamed = world.service.import_declaration(&staff, &archive, None, xml.as_bytes()).await;
    assert_eq!(told(renamed), rule(Reason::DeclarationTakenBefore), "whatever its source is called");
    let yes = done.value.consents.iter().find(|c| c.consent.state == ConsentState::Given).unwrap();
    world.service.withdraw_consent(&citizen(anna), yes.consent.id).await.unwrap();
    assert_eq!(
        told(take_in(&staff, &xml).await),
        rule(Reason::DeclarationTakenBefore),
        "nor does it come back"
    );
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
    let sooner = ends(&elsewhere(&xml, id), &end.to_string());
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
    let xml = elsewhere(&written(world, &citizen(anna), id).await, id);
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
    assert_eq!(refused(&neighbour, &xml).await, denied(Reason::OtherAuthority));
    world.pass(CalendarPeriod::months(13));
    let staff = looking(world, OWN, anna).await;
    assert_eq!(refused(&staff, &xml).await, invalid("", Reason::DeclarationEnded), "its time has passed");
}

pub(crate) async fn what_comes_in_is_of_a_text_that_was_in_use_and_of_no_other_type(world: &World) {
    let anna = world.anna().await;
    let id = declared(world, anna).await;
    let xml = elsewhere(&written(world, &citizen(anna), id).await, id);
    let staff = looking(world, OWN, anna).await;
    let refused = async |named: Option<&str>, xml: &str| {
        let named = named.map(|code| code.parse().unwrap());
        told(world.service.import_declaration(&staff, &source(), named.as_ref(), xml.as_bytes()).await)
    };
    let karin = administrator(OWN, 1);
    let definition = world.service.list_catalogue(Shelf::ConsentType, None, 10).await.unwrap().items;
    let definition = definition.iter().find(|entry| entry.version().code.as_str() == "C02").unwrap();
    let draft = world.service.draft_entry(&karin, definition.definition.clone()).await.unwrap().value;
    let drafted = xml.replace("/C02/versions/1", &format!("/C02/versions/{}", draft.number));
    assert_eq!(
        refused(None, &drafted).await,
        invalid("", Reason::EntryNotPublished),
        "nobody was shown a draft"
    );
    world.import("C15").await;
    assert_eq!(refused(Some("C15"), &xml).await, invalid("", Reason::EntryNotPublished));
    // The declaration names no type and its items those of C02: the same codes elsewhere are other things.
    let templates = xml.replace("<Erklaeringsskabelon>", "<Erklaeringsskabelon>urn:x:");
    let first = "/Viljestilkendegivelseserklaering/Viljestilkendegivelse[1]";
    assert_eq!(refused(Some("C15"), &templates).await, invalid(first, Reason::ItemUnknown));
}

/// M18 from one to the other, signed on paper and entered at the counter.
async fn signed_for(world: &World, from: PersonId, to: PersonId) -> Mandate {
    let inge = serving(world, registrar(8, None), from).await;
    let form = printed(world, &inge, to, "M18").await;
    let entry = signed(world, &inge, MandatePaper::Form).await;
    world.service.register_mandate(&inge, form, entry).await.unwrap().value
}

pub(crate) async fn r22_whoever_spoke_for_the_person_is_told_with_the_right_that_they_had(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M18").await;
    for on_paper in [false, true] {
        let mandate =
            if on_paper { signed_for(world, anna, bo).await } else { world.give(anna, bo, &["M18"]).await };
        let speaking = acting(bo, anna);
        let about = NewPresentation::Consent {
            consent_type: "C15".parse().unwrap(),
            items: Vec::new(),
            case: None,
            proposal: tillid_domain::terms::Proposal::default(),
        };
        let shown = world.try_show(&speaking, about).await.unwrap();
        let answers = world.all(true, shown).await;
        let given = world.service.give_consents(&speaking, shown, &answers).await.unwrap().value;
        let id = given[0].consent.answer.declaration;
        let before = written(world, &citizen(anna), id).await;
        let out = read(before.as_bytes()).unwrap().declaration;
        let spoke: Vec<_> = out.actors.iter().filter_map(|actor| actor.basis).collect();
        assert_eq!(spoke, [Basis::PowerOfAttorney], "on paper: {on_paper}");
        assert_eq!(out.attestation.giver.as_str(), format!("urn:uuid:{bo}"));
        world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
        assert_eq!(written(world, &citizen(anna), id).await, before, "it is the right of that day");
    }
}

pub(crate) async fn r35_those_who_answer_for_a_child_go_out_and_whom_it_is_hidden_from_sees_none_of_it(
    world: &World,
) {
    let Family { clara, dorte, erik } = family(world).await;
    world.import("C15").await;
    let request = world.ask(clara, "C15").await;
    says(world, &acting(dorte, clara), request, true).await.unwrap();
    let given = says(world, &acting(erik, clara), request, true).await.unwrap();
    let id = given[0].consent.answer.declaration;
    let xml = written(world, &acting(dorte, clara), id).await;
    assert_eq!(written(world, &acting(erik, clara), id).await, xml);
    let out = read(xml.as_bytes()).unwrap().declaration;
    let spoke: Vec<_> =
        out.actors.iter().filter_map(|a| Some((a.id.as_str().to_owned(), a.basis?))).collect();
    let told = |person| (format!("urn:uuid:{person}"), Basis::CustodyHolder);
    assert_eq!(spoke, [told(erik), told(dorte)]);
    assert_eq!(out.attestation.giver.as_str(), told(erik).0, "whoever spoke last");
    let staff = looking(world, OWN, clara).await;
    let refused =
        world.service.import_declaration(&staff, &source(), None, elsewhere(&xml, id).as_bytes()).await;
    assert_eq!(crate::expect::told(refused), invalid("", Reason::DeclarationByRepresentative));

    let request = world.ask(clara, "C15").await;
    says(world, &acting(dorte, clara), request, true).await.unwrap();
    let case = "27.36.04-G01-12-26".parse().unwrap();
    let new = NewException { holder: erik, ground: ExceptionGround::Unsafe, case };
    world.service.except_holder(&caseworker(OWN), request, &new).await.unwrap();
    let seen = world.service.list_consents(&acting(dorte, clara), None, 100).await.unwrap().items;
    let hidden = seen.iter().find(|c| c.consent.answer.request == Some(request)).unwrap();
    let id = hidden.consent.answer.declaration;
    let out = read(written(world, &acting(dorte, clara), id).await.as_bytes()).unwrap().declaration;
    assert_eq!(out.attestation.giver.as_str(), format!("urn:uuid:{dorte}"), "though staff ended the waiting");
    let his = world.service.export_declaration(&acting(erik, clara), id).await;
    assert_eq!(crate::expect::told(his), "not found");
}
