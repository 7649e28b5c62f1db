//! A person takes out what is held about them: all of it, and nothing of anybody else's.

use crate::expect::{denied, told};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};
use tillid_domain::{
    Digest, Language, Reason,
    access::{Act, Outcome},
    actor::Purpose,
    id::PersonId,
};
use tillid_service::{Call, NewLookup, NewPresentation, PersonRef, ReceiptOf};
use tillid_testkit::{
    World,
    people::{OWN, acting, caseworker, citizen, machine},
};

type Files = BTreeMap<String, Vec<u8>>;

/// The archive of somebody, with the parts that it came in.
pub(crate) async fn archive(world: &World, person: PersonId) -> (Files, usize) {
    let mut export = world.service.export(&citizen(person), Language::Da).await.unwrap();
    let (mut whole, mut parts) = (Vec::new(), 0);
    while let Some(part) = export.next().await.unwrap() {
        whole.extend(part);
        parts += 1;
    }
    let mut zip = zip::ZipArchive::new(Cursor::new(whole)).unwrap();
    let mut files = Files::new();
    for n in 0..zip.len() {
        let mut file = zip.by_index(n).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let name = file.name().unwrap().into_owned();
        assert!(files.insert(name.clone(), bytes).is_none(), "{name} is there twice");
    }
    (files, parts)
}

fn json(files: &Files, name: &str) -> Value {
    serde_json::from_slice(&files[name]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn ids(files: &Files, name: &str) -> Vec<String> {
    let list = json(files, name);
    list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

async fn looked_up(world: &World, person: PersonId) {
    let case = Some("27.36.04-2026-17".parse().unwrap());
    let new = NewLookup { person: PersonRef::Id(person), purpose: Purpose::CaseProcessing, case };
    world.service.look_up(&caseworker(OWN), &new).await.unwrap();
}

/// Everything that a person can have: consents, a no, requests, mandates on both sides, requests for them, looks.
async fn busy(world: &World, anna: PersonId, bo: PersonId) {
    for code in ["C15", "C01", "M14", "M18"] {
        world.import(code).await;
    }
    let consent = world.one_consent(anna, "C15").await;
    world.service.withdraw_consent(&citizen(anna), consent).await.unwrap();
    world.one_consent(anna, "C01").await;
    let asked = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), asked).await;
    let no = world.all(false, shown).await;
    world.service.answer_request(&citizen(anna), asked, shown, &no).await.unwrap();
    world.ask(anna, "C15").await;
    world.give(anna, bo, &["M14"]).await;
    world.give(bo, anna, &["M14"]).await;
    looked_up(world, anna).await;
}

pub(crate) async fn r09_everything_in_a_persons_lists_is_in_the_archive(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    busy(world, anna, bo).await;
    world.service.sequence_all().await.unwrap();
    let (files, _) = archive(world, anna).await;
    let call = citizen(anna);
    let service = &world.service;
    let text = |list: Vec<uuid::Uuid>| list.iter().map(ToString::to_string).collect::<Vec<_>>();

    let consents = service.list_consents(&call, None, 100).await.unwrap().items;
    assert_eq!(ids(&files, "consents.json"), text(consents.iter().map(|c| c.consent.id.as_uuid()).collect()));
    let requests = service.list_requests(&call, None, 100).await.unwrap().0.items;
    assert_eq!(ids(&files, "requests.json"), text(requests.iter().map(|(r, _)| r.id.as_uuid()).collect()));
    let mandates = service.list_mandates(&call, None, 100).await.unwrap().0.items;
    assert_eq!(mandates.len(), 2, "given, and held");
    assert_eq!(ids(&files, "mandates.json"), text(mandates.iter().map(|m| m.id.as_uuid()).collect()));
    let log = service.access_log(&call, None, 100).await.unwrap().items;
    assert!(!log.is_empty());
    assert_eq!(ids(&files, "access_log.json"), text(log.iter().map(|look| look.id.as_uuid()).collect()));

    let page = String::from_utf8(files["index.html"].clone()).unwrap();
    for consent in &consents {
        let document = format!("documents/{}.json", consent.consent.answer.presentation);
        let shown = service.read_presentation(&call, consent.consent.answer.presentation).await.unwrap();
        assert_eq!(files[&document], shown.document, "byte for byte");
        assert_eq!(Digest::of(&files[&document]), shown.presentation.document);
        let event = service.newest_receipt(&call, ReceiptOf::Consent(consent.consent.id)).await.unwrap();
        assert!(files.keys().any(|name| name.contains(&event.to_string())), "the receipt of {event}");
        let item = consent.of.item(&consent.consent.answer.item).unwrap();
        assert!(page.contains(item.statement.da.as_str()), "{}", item.statement.da.as_str());
    }
    receipts_hold(&files);
}

/// Each receipt verifies under the keys that are in the archive, and has its proof beside it.
fn receipts_hold(files: &Files) {
    let keys = json(files, "keys.json");
    let key = B64.decode(keys["keys"][0]["x"].as_str().unwrap()).unwrap();
    let mut checked = 0;
    for (name, bytes) in files {
        let Some(stem) = name.strip_suffix(".jws") else { continue };
        let receipt = std::str::from_utf8(bytes).unwrap();
        assert!(tillid_documents::verify(receipt, &key).is_some(), "{name}");
        let proof = &files[&format!("{stem}.tlog-proof")];
        let whole = json(files, &format!("{stem}.json"));
        assert_eq!(whole["receipt"], receipt);
        assert_eq!(whole["proof"].as_str().unwrap().as_bytes(), proof);
        checked += 1;
    }
    assert!(checked > 8, "{checked} receipts");
}

pub(crate) async fn r09_nothing_of_anybody_else_and_no_number_is_in_the_archive(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    busy(world, anna, bo).await;
    let (consent, request) = (world.one_consent(bo, "C01").await, world.ask(bo, "C01").await);
    looked_up(world, bo).await;
    let log = world.service.access_log(&citizen(bo), None, 1).await.unwrap().items;
    let theirs = [consent.as_uuid(), request.as_uuid(), log[0].id.as_uuid()].map(|id| id.to_string());
    let (files, _) = archive(world, anna).await;
    for (name, bytes) in &files {
        let text = String::from_utf8_lossy(bytes);
        // What is inside the signed part of a receipt too.
        let inside = text.split('.').filter_map(|part| B64.decode(part).ok());
        let all = inside.fold(text.to_string(), |all, part| all + &String::from_utf8_lossy(&part));
        assert!(theirs.iter().all(|id| !all.contains(id)), "{name} tells of Bo");
        for number in ["7405433008", "6101710017"] {
            assert!(!all.contains(number) && !name.contains(number), "{name} has a number");
        }
    }
    let (bos, _) = archive(world, bo).await;
    assert!(ids(&bos, "consents.json").contains(&theirs[0]), "it is in Bo's");
}

pub(crate) async fn r09_nobody_takes_out_for_another(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M18").await;
    world.give(anna, bo, &["M18"]).await;
    let tried = async |call: Call| world.service.export(&call, Language::Da).await.map(|_| ());
    assert_eq!(told(tried(acting(bo, anna)).await), denied(Reason::OnlyInPerson));
    assert_eq!(told(tried(caseworker(OWN)).await), denied(Reason::CitizensOnly));
    assert_eq!(told(tried(machine(OWN)).await), denied(Reason::CitizensOnly));
    let log = world.service.access_log(&citizen(anna), None, 10).await.unwrap().items;
    let refused = log.iter().find(|look| look.act == Act::Export).expect("it stands in her log");
    assert_eq!(refused.outcome, Outcome::Refused);
}

pub(crate) async fn a_large_account_comes_in_parts_and_whole(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    for _ in 0..70 {
        world.one_consent(anna, "C15").await;
    }
    let (files, parts) = archive(world, anna).await;
    let consents = ids(&files, "consents.json");
    assert!(consents.len() > 200, "more than two parts of a list");
    let unique: std::collections::BTreeSet<_> = consents.iter().collect();
    assert_eq!(unique.len(), consents.len(), "each once");
    assert!(parts > 4, "{parts} parts");
    let page = String::from_utf8(files["index.html"].clone()).unwrap();
    assert_eq!(page.matches("<section").count(), page.matches("</section>").count());
    let others = ids(&files, "requests.json").len() + ids(&files, "access_log.json").len();
    assert_eq!(page.matches("<article>").count(), consents.len() + others);
}

pub(crate) async fn c5_a_receipt_names_the_mandate_that_a_representative_answered_under(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M18"] {
        world.import(code).await;
    }
    let mut new = world.mandate_to(bo, &["M18"]);
    new.privileges = vec!["urn:dk:tillid:fuldmagt:samtykke:samtykke-giv:handle".parse().unwrap()];
    let shown = world.try_show(&citizen(anna), NewPresentation::Mandate(new)).await.unwrap();
    let mandate = world.service.give_mandate(&citizen(anna), shown).await.unwrap().value;
    let asked = world.ask(anna, "C15").await;
    let shown = world.show(&acting(bo, anna), asked).await;
    let yes = world.all(true, shown).await;
    let given = world.service.answer_request(&acting(bo, anna), asked, shown, &yes).await.unwrap().value;
    let call = citizen(anna);
    let of = ReceiptOf::Consent(given[0].consent.id);
    let told = async || {
        let event = world.service.newest_receipt(&call, of).await.unwrap();
        let receipt = world.service.receipt(&call, event).await.unwrap().receipt;
        let payload = B64.decode(receipt.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice::<Value>(&payload).unwrap()
    };
    let payload = told().await;
    let record = &payload["dpv:hasRecordOfActivity"][0];
    let by = &record["dpv:hasConsentStatus"][0]["dpv:isIndicatedBy"][0];
    assert_eq!(by["@type"], "dpv:Representative");
    assert_eq!(by["dpv:hasJustification"], format!("urn:uuid:{}", mandate.id));
    assert_ne!(by["@id"], record["dpv:hasDataSubject"]["@id"]);
    assert!(!record.to_string().contains(&bo.to_string()) && !record.to_string().contains(&anna.to_string()));

    // What happens to the mandate later changes nothing of what it let him do.
    world.service.revoke_mandate(&call, mandate.id).await.unwrap();
    assert_eq!(told().await, payload);
    world.service.withdraw_consent(&call, given[0].consent.id).await.unwrap();
    let later = told().await;
    let states = later["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"].as_array().unwrap().clone();
    assert_eq!(states[1]["@type"][0], "dpv:ConsentWithdrawn");
    assert_eq!(states[1]["dpv:isIndicatedBy"][0], "dpv:DataSubject");
    let subject = |told: &Value| told["dpv:hasRecordOfActivity"][0]["dpv:hasDataSubject"]["@id"].clone();
    assert_eq!(subject(&later), subject(&payload), "the same name with the same controller");
}
