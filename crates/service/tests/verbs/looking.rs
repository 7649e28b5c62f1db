//! Staff and systems look; everybody else's look at one's data stands in one's log.

use crate::expect::{denied, told};
use tillid_domain::{
    Reason,
    access::{AccessRecord, Act, Outcome},
    actor::{Employee, Purpose, Role},
    id::{AccessId, PersonId},
};
use tillid_service::{NewLookup, PersonRef};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, acting, caseworker, citizen, employee, machine, staff, under},
};

fn look(person: PersonId, purpose: Purpose) -> NewLookup {
    let case = purpose.needs_case().then(|| "27.36.04-G01-12-26".parse().unwrap());
    NewLookup { person: PersonRef::Id(person), purpose, case }
}

async fn log(world: &World, person: PersonId) -> Vec<AccessRecord> {
    world.service.access_log(&citizen(person), None, 100).await.unwrap().items
}

pub(crate) async fn r12_a_look_up_without_a_purpose_of_the_role_is_refused_and_stands_in_the_log(
    world: &World,
) {
    let anna = world.anna().await;
    let mut refusals = 0;
    for role in [
        Role::Reader,
        Role::Caseworker,
        Role::Registrar,
        Role::CatalogueAdministrator,
        Role::DataProtectionOfficer,
    ] {
        for purpose in Purpose::ALL {
            let tried = world.service.look_up(&staff(employee(OWN, &[role], 1)), &look(anna, purpose)).await;
            if role.purposes().contains(&purpose) {
                assert!(tried.is_ok(), "{role:?} {purpose:?}");
            } else {
                assert_eq!(told(tried), denied(Reason::PurposeNotAllowed), "{role:?} {purpose:?}");
                refusals += 1;
            }
        }
    }
    let log = log(world, anna).await;
    assert_eq!(log.len(), 25);
    assert_eq!(log.iter().filter(|r| r.outcome == Outcome::Refused).count(), refusals);
    assert!(log.iter().all(|r| r.purpose.is_some() && r.act == Act::LookUp));
    let refused = log.iter().find(|r| r.outcome == Outcome::Refused).unwrap().id;
    let reader = under(staff(employee(OWN, &[Role::DataProtectionOfficer], 1)), refused);
    let none = world.service.list_consents(&reader, None, 10).await;
    assert_eq!(told(none), denied(Reason::LookupInvalid), "a refused look-up permits nothing");
}

pub(crate) async fn r12_a_purpose_that_needs_a_case_is_refused_without(world: &World) {
    let anna = world.anna().await;
    let new = NewLookup { case: None, ..look(anna, Purpose::CaseProcessing) };
    let refused = world.service.look_up(&caseworker(OWN), &new).await;
    assert_eq!(told(refused), denied(Reason::CaseMissing));
    assert_eq!(log(world, anna).await.len(), 1);
}

pub(crate) async fn r38_staff_do_not_look_themselves_up(world: &World) {
    let anna = world.anna().await;
    let herself = Employee { person: Some(anna), ..employee(OWN, &[Role::Caseworker], 1) };
    let refused = world.service.look_up(&staff(herself), &look(anna, Purpose::CaseProcessing)).await;
    assert_eq!(told(refused), denied(Reason::OwnCase));
    assert_eq!(log(world, anna).await[0].outcome, Outcome::Refused);
}

pub(crate) async fn another_authority_finds_nothing_but_its_look_stands_in_the_log(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    let consent = world.one_consent(anna, "C15").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    let mona = caseworker(OTHER);
    let found = world.service.look_up(&mona, &look(anna, Purpose::CaseProcessing)).await.unwrap();
    assert!(found.consents.is_empty() && found.mandates.is_empty());
    let reader = under(mona, found.record.id);
    assert!(world.service.list_consents(&reader, None, 10).await.unwrap().items.is_empty());
    assert!(world.service.list_mandates(&reader, None, 10).await.unwrap().0.items.is_empty());
    assert!(world.service.list_requests(&reader, None, 10).await.unwrap().0.items.is_empty());
    assert_eq!(told(world.service.read_consent(&reader, consent).await), "not found");
    assert_eq!(told(world.service.read_mandate(&reader, mandate.id).await), "not found");
    let log = log(world, anna).await;
    assert_eq!(log.iter().filter(|r| r.outcome == Outcome::Nothing).count(), 6);
}

pub(crate) async fn reading_takes_a_look_up_of_ones_own_that_has_not_expired(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    let (consent, bos) = (world.one_consent(anna, "C15").await, world.one_consent(bo, "C15").await);
    let hans = caseworker(OWN);
    let list = async |call| world.service.list_consents(&call, None, 10).await;
    assert_eq!(told(list(hans.clone()).await), denied(Reason::LookupMissing));
    let unknown = AccessId::from_uuid(uuid::Uuid::from_u128(1));
    let invalid = denied(Reason::LookupInvalid);
    assert_eq!(told(list(under(hans.clone(), unknown)).await), invalid);
    let found = world.service.look_up(&hans, &look(anna, Purpose::CaseProcessing)).await.unwrap();
    let reader = under(hans, found.record.id);
    assert!(list(reader.clone()).await.is_ok());
    assert!(world.service.read_consent(&reader, consent).await.is_ok());
    assert_eq!(told(world.service.read_consent(&reader, bos).await), "not found", "it is about Anna alone");
    let another = under(staff(employee(OWN, &[Role::Caseworker], 7)), found.record.id);
    assert_eq!(told(list(another).await), invalid);
    let read = log(world, anna).await[0].id;
    assert_eq!(told(list(under(reader.clone(), read)).await), invalid, "a read is no look-up");
    world.ambient.set(world.now().plus_seconds(30 * 60 - 1));
    assert!(list(reader.clone()).await.is_ok());
    world.ambient.set(world.now().plus_seconds(1));
    assert_eq!(told(list(reader).await), invalid);
}

pub(crate) async fn a_look_up_is_read_again_by_whoever_made_it_with_one_record_for_each_side(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14"] {
        world.import(code).await;
    }
    world.one_consent(anna, "C15").await;
    world.give(anna, bo, &["M14"]).await;
    let (hans, mona) = (caseworker(OWN), caseworker(OTHER));
    let made = world.service.look_up(&hans, &look(anna, Purpose::CaseProcessing)).await.unwrap();
    let (before, bos) = (log(world, anna).await.len(), log(world, bo).await.len());
    let reader = under(hans.clone(), made.record.id);
    let read = world.service.read_lookup(&reader).await.unwrap();
    assert_eq!((read.record.clone(), read.person.id), (made.record.clone(), anna));
    assert_eq!(read.person.name.map(|name| name.to_string()).as_deref(), Some("Anna"));
    assert_eq!((read.consents.len(), read.requests.len(), read.mandates.len()), (3, 1, 1));
    assert_eq!(read.mandates[0].representative_name.as_ref().map(ToString::to_string).as_deref(), Some("Bo"));
    let newest = log(world, anna).await;
    assert_eq!((newest.len(), newest[0].lookup), (before + 1, Some(made.record.id)));
    assert_eq!((newest[0].purpose, &newest[0].case), (made.record.purpose, &made.record.case));
    assert_eq!(log(world, bo).await.len(), bos + 1);

    // Another authority is told no name, and nobody reads under what is not theirs or has expired.
    let nothing = world.service.look_up(&mona, &look(anna, Purpose::CaseProcessing)).await.unwrap();
    let nothing = world.service.read_lookup(&under(mona.clone(), nothing.record.id)).await.unwrap();
    assert!(nothing.person.name.is_none() && nothing.consents.is_empty() && nothing.mandates.is_empty());
    let invalid = denied(Reason::LookupInvalid);
    assert_eq!(told(world.service.read_lookup(&under(mona, made.record.id)).await), invalid);
    assert_eq!(told(world.service.read_lookup(&hans).await), denied(Reason::LookupMissing));
    let citizen = under(citizen(anna), made.record.id);
    assert_eq!(told(world.service.read_lookup(&citizen).await), denied(Reason::StaffOnly));
    world.ambient.set(world.now().plus_seconds(30 * 60));
    assert_eq!(told(world.service.read_lookup(&reader).await), invalid);
    assert_eq!(told(world.service.lookup(&reader).await), invalid);
}

pub(crate) async fn a_system_looks_up_for_its_own_purposes(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    world.one_consent(anna, "C15").await;
    let found = world.service.look_up(&machine(OWN), &look(anna, Purpose::AutomatedStep)).await.unwrap();
    assert!(!found.consents.is_empty());
    let found = world.service.look_up(&machine(OTHER), &look(anna, Purpose::AutomatedStep)).await.unwrap();
    assert!(found.consents.is_empty());
    let refused = world.service.look_up(&machine(OWN), &look(anna, Purpose::CaseProcessing)).await;
    assert_eq!(told(refused), denied(Reason::PurposeNotAllowed));
    assert_eq!(log(world, anna).await.len(), 4);
}

pub(crate) async fn r45_every_use_of_a_power_stands_in_the_log(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M18").await;
    world.give(anna, bo, &["M18"]).await;
    let request = world.ask(anna, "C15").await;
    let before = log(world, anna).await.len();
    let shown = world.show(&acting(bo, anna), request).await;
    let answers = world.all(true, shown).await;
    let given = world.service.answer_request(&acting(bo, anna), request, shown, &answers).await.unwrap();
    world.service.withdraw_consent(&acting(bo, anna), given.value[0].consent.id).await.unwrap();
    world.service.overview(&acting(bo, anna)).await.unwrap();
    world.service.list_consents(&acting(bo, anna), None, 10).await.unwrap();
    assert_eq!(
        told(world.service.access_log(&acting(bo, anna), None, 10).await),
        denied(Reason::OnlyInPerson)
    );
    let records = log(world, anna).await;
    let new: Vec<_> = records[..records.len() - before].iter().rev().map(|r| (r.act, r.outcome)).collect();
    let (found, refused) = (Outcome::Found, Outcome::Refused);
    let expected = [
        // Being shown what is to be answered, and answering.
        (Act::AnswerRequest, found),
        (Act::AnswerRequest, found),
        (Act::WithdrawConsent, found),
        (Act::SeeOverview, found),
        (Act::SeeConsent, found),
        (Act::SeeAccessLog, refused),
    ];
    assert_eq!(new, expected);
    world.service.overview(&citizen(anna)).await.unwrap();
    assert_eq!(log(world, anna).await.len(), records.len(), "one's own look does not");
}

pub(crate) async fn a_citizen_looks_nobody_up(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let number = PersonRef::Number("7405433009".parse().unwrap());
    for person in [PersonRef::Id(anna), number] {
        let new = NewLookup { person, ..look(anna, Purpose::CaseProcessing) };
        assert_eq!(told(world.service.look_up(&citizen(bo), &new).await), denied(Reason::StaffOnly));
        assert_eq!(told(world.service.look_up(&acting(bo, anna), &new).await), denied(Reason::StaffOnly));
    }
    let mut administrator = world.database.administrator().await;
    assert_eq!(administrator.count("SELECT COUNT(*) FROM person").await, 2, "nobody was made known");
    let unknown = look(PersonId::from_uuid(uuid::Uuid::from_u128(1)), Purpose::CaseProcessing);
    assert_eq!(told(world.service.look_up(&caseworker(OWN), &unknown).await), "not found");
}

pub(crate) async fn lists_come_in_pages(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    for _ in 0..3 {
        world.consent(anna, "C15").await;
        world.give(anna, bo, &["M14"]).await;
    }
    let all = world.service.list_consents(&citizen(anna), None, 100).await.unwrap();
    assert_eq!((all.items.len(), all.next), (9, None));
    let (mut seen, mut below) = (Vec::new(), None);
    loop {
        let page = world.service.list_consents(&citizen(anna), below, 2).await.unwrap();
        seen.extend(page.items);
        below = page.next;
        if below.is_none() {
            break;
        }
    }
    assert_eq!(seen, all.items);
    let first = world.service.list_mandates(&citizen(bo), None, 2).await.unwrap().0;
    let rest = world.service.list_mandates(&citizen(bo), first.next, 2).await.unwrap().0;
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (2, 1, None));
    let first = world.service.list_requests(&citizen(anna), None, 3).await.unwrap().0;
    assert_eq!((first.items.len(), first.next), (3, None), "a full last page is the last");
    let first = world.service.access_log(&citizen(anna), None, 2).await.unwrap();
    let rest = world.service.access_log(&citizen(anna), first.next, 2).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (2, 1, None));
}

pub(crate) async fn a_representative_without_the_privilege_sees_no_consents(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "C01", "M18"] {
        world.import(code).await;
    }
    let consent = world.one_consent(anna, "C15").await;
    let mut new = world.mandate_to(bo, &["M18"]);
    new.privileges = vec!["urn:dk:tillid:fuldmagt:samtykke:samtykke-giv:handle".parse().unwrap()];
    let shown = world.try_show(&citizen(anna), tillid_service::NewPresentation::Mandate(new)).await.unwrap();
    world.service.give_mandate(&citizen(anna), shown).await.unwrap();
    let uncovered = denied(Reason::PowerDoesNotCover);
    assert_eq!(told(world.service.read_consent(&acting(bo, anna), consent).await), uncovered);
    assert_eq!(told(world.service.withdraw_consent(&acting(bo, anna), consent).await), uncovered);
    let ordinary = world.ask(anna, "C15").await;
    let shown = world.show(&acting(bo, anna), ordinary).await;
    let answers = world.all(true, shown).await;
    world.service.answer_request(&acting(bo, anna), ordinary, shown, &answers).await.unwrap();
    let sensitive = world.ask(anna, "C01").await;
    let shown = world.show(&citizen(anna), sensitive).await;
    let answers = world.all(true, shown).await;
    let refused = world.service.answer_request(&acting(bo, anna), sensitive, shown, &answers).await;
    assert_eq!(told(refused), denied(Reason::SensitiveByRepresentative));
}
