//! M10: a register tells that two persons are one. The id, the numbers and the logins of the one lead to the other, nothing that was given
//! moves, and nothing of the log is lost.

use crate::{
    at_work::employee,
    by_law::{AID, CONTACT, SCHOOL, about, charge, may, said},
    children::family,
    deciding::ask,
    erasing::officer,
    expect::{denied, rule, told},
    noticing::{tell, told_to},
    requesting::bo_asks,
    taking_out::archive,
};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{
    CalendarPeriod, Cpr, Reason,
    access::Act,
    actor::Purpose,
    consent::{ConsentStanding, ConsentState},
    erasure::ErasureGround,
    event::EndCause,
    family::Holder,
    id::{ConsentId, PersonId, PresentationId},
    mandate::MandateState,
    mandate_request::MandateRequestStanding,
    person::Life,
    request::RequestStanding,
    source::Source,
    statutory::{Area, Form, StatutoryStanding},
};
use tillid_service::{
    KnownAt, NewCustody, NewErasure, NewLookup, NewStatutory, PersonRef, Question, ReceiptOf, SearchFor,
    Searched, StatedPurpose,
};
use tillid_testkit::{
    World,
    people::{OWN, acting, caseworker, citizen, machine},
};

const CAUSE: EndCause = EndCause::CprChangeUnresolved;
const OLD: &str = "7405433016";
/// The same woman under another number.
async fn her_other_self(world: &World) -> PersonId {
    world.person("Annika", OLD).await
}

fn looking(person: PersonRef) -> NewLookup {
    let case = Some("27.36.04-G01-12-26".parse().unwrap());
    NewLookup { person, purpose: Purpose::CaseProcessing, case }
}

async fn look(world: &World, person: PersonRef) -> PersonId {
    world.service.look_up(&caseworker(OWN), &looking(person)).await.unwrap().person.id
}

async fn kinds(world: &World, person: PersonId) -> Vec<&'static str> {
    let mut kinds: Vec<_> = told_to(world, person).await.iter().map(|notice| notice.kind.code()).collect();
    kinds.sort_unstable();
    kinds
}

async fn logged(world: &World, person: PersonId) -> Vec<Act> {
    let log = world.service.access_log(&citizen(person), None, 100).await.unwrap().items;
    log.iter().map(|record| record.act).collect()
}

pub(crate) async fn m10_who_was_only_asked_about_is_the_person_whose_number_it_becomes(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let mandate = world.give(anna, bo, &["M14"]).await;
    world.pass(CalendarPeriod::days(1));
    let new: Cpr = "7505433014".parse().unwrap();
    // A caseworker used the new number before the register told of it.
    let unknown = look(world, PersonRef::Number(new.clone())).await;
    assert_ne!(unknown, anna);
    let before = logged(world, anna).await.len();
    for _ in 0..2 {
        world.service.register_number(anna, &new).await.unwrap();
    }
    assert_eq!(logged(world, anna).await.len(), before + 1, "that look is in her log");
    for named in [PersonRef::Number(new.clone()), PersonRef::Number("7405433008".parse().unwrap())] {
        assert_eq!(look(world, named).await, anna);
    }
    assert_eq!(look(world, PersonRef::Id(unknown)).await, anna);
    assert!(world.may_act(bo, anna).await.is_ok(), "nothing of hers changes");
    // Post goes to the new one.
    world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
    let mut tx = world.store.read().await.unwrap();
    let number = tx.number_of(anna).await.unwrap().unwrap();
    assert_eq!(number.reveal().to_string(), new.reveal().to_string());
    assert!(
        matches!(tx.person(unknown).await.unwrap().unwrap().life, Life::Merged { into, .. } if into == anna)
    );
}

pub(crate) async fn m10_what_was_given_as_or_to_the_one_ends_and_each_side_is_told(world: &World) {
    for code in ["C15", "M14", "M18"] {
        world.import(code).await;
    }
    let (anna, bo, old) = (world.anna().await, world.bo().await, her_other_self(world).await);
    let hers = world.give(anna, bo, &["M18"]).await;
    let (by, to) = (world.give(old, bo, &["M14"]).await, world.give(bo, old, &["M14"]).await);
    let given = world.consent(old, "C15").await;
    let withdrawn = world.one_consent(old, "C15").await;
    world.service.withdraw_consent(&citizen(old), withdrawn).await.unwrap();
    let open = world.ask(old, "C15").await;
    let wished = bo_asks(world, old, bo).await;
    world.pass(CalendarPeriod::days(1));
    let asked = ask(world, &machine(OWN), about(bo, AID, old)).await;
    assert!(asked.answer.is_yes());
    let then = world.now();
    world.pass(CalendarPeriod::days(1));
    tell(world).await;
    let (before_anna, before_bo) = (kinds(world, anna).await.len(), kinds(world, bo).await.len());

    world.service.register_merge(anna, old).await.unwrap();
    let now = world.now();
    assert_eq!(said(&ask(world, &machine(OWN), about(bo, AID, old)).await), ["no_power"], "at once");
    assert_eq!(said(&ask(world, &machine(OWN), about(old, AID, bo)).await), ["no_power"]);
    assert_eq!(told(world.may_act(old, bo).await), denied(Reason::PowerEnded));
    assert!(world.may_act(bo, anna).await.is_ok(), "what she gave as who she is goes on");
    let mut tx = world.store.read().await.unwrap();
    for mandate in [by.id, to.id] {
        let ended = tx.mandate(mandate).await.unwrap().unwrap();
        assert_eq!(ended.state, MandateState::Ended { at: now, effective_at: now, cause: CAUSE });
    }
    assert_eq!(tx.mandate(hers.id).await.unwrap().unwrap().state, MandateState::Given);
    for consent in &given {
        let lapsed = tx.consent(consent.consent.id).await.unwrap().unwrap();
        assert_eq!(lapsed.state, ConsentState::Lapsed { at: now, effective_at: now, cause: CAUSE });
    }
    let kept = tx.consent(withdrawn).await.unwrap().unwrap();
    assert_eq!(kept.standing(now), ConsentStanding::Withdrawn, "what had ended keeps its own end");
    assert_eq!(tx.request(open).await.unwrap().unwrap().standing(now), RequestStanding::Lapsed);
    let wished = tx.mandate_request(wished).await.unwrap().unwrap();
    assert_eq!(wished.standing(now), MandateRequestStanding::Lapsed);
    // She is asked anew, for the same, once.
    let anew = tx.requests_to(anna, None, None, 100).await.unwrap();
    let anew: Vec<_> = anew.iter().filter(|r| r.standing(now) == RequestStanding::Open).collect();
    assert_eq!(anew.len(), 1);
    assert_eq!((anew[0].person, anew[0].items.len()), (anna, given.len()));
    drop(tx);
    // Both sides are told, she as who she is; of consents that were given together, once.
    tell(world).await;
    let news = kinds(world, anna).await;
    let count = |kind: &str| news.iter().filter(|told| **told == kind).count();
    assert_eq!(
        (count("mandate_ended"), count("consent_ended"), count("consent_request_cancelled")),
        (2, 2, 1),
        "{news:?}"
    );
    assert_eq!((count("consent_asked"), count("mandate_request_ended")), (1, 1), "{news:?}");
    assert!(news.len() > before_anna);
    let his = kinds(world, bo).await;
    assert_eq!(his.iter().filter(|told| **told == "mandate_ended").count(), 2, "{his:?}");
    assert_eq!(his.iter().filter(|told| **told == "mandate_request_ended").count(), 1, "{his:?}");
    assert_eq!(his.len(), before_bo + 3);
    // What was answered before is answered again: by its decision, by its time, and under the old number.
    for known_at in [KnownAt::Decision(asked.id), KnownAt::Time(then)] {
        let again = ask(world, &machine(OWN), Question { known_at, ..about(bo, AID, old) }).await;
        assert_eq!(again.answer, asked.answer, "{known_at:?}");
    }
    let mut by_number = Question { known_at: KnownAt::Time(then), ..about(bo, AID, old) };
    if let tillid_service::AskedAbout::Acting { grantor, .. } = &mut by_number.about {
        *grantor = PersonRef::Number(OLD.parse().unwrap());
    }
    assert_eq!(ask(world, &machine(OWN), by_number).await.answer, asked.answer);
}

pub(crate) async fn m10_ids_numbers_and_logins_of_the_one_lead_to_the_other(world: &World) {
    world.import("M14").await;
    let (anna, bo, old) = (world.anna().await, world.bo().await, her_other_self(world).await);
    world.give(anna, bo, &["M14"]).await;
    world.pass(CalendarPeriod::days(1));
    world.service.register_merge(anna, old).await.unwrap();
    for named in [PersonRef::Id(old), PersonRef::Id(anna), PersonRef::Number(OLD.parse().unwrap())] {
        assert_eq!(look(world, named).await, anna);
    }
    let (issuer, login) = ("https://login.example".parse().unwrap(), "annika".parse().unwrap());
    assert_eq!(world.service.person_by_login(&issuer, &login).await.unwrap(), Some(anna));
    // A decision about the old id is one about her, and stands in her log as such.
    let asked = ask(world, &machine(OWN), about(bo, AID, old)).await;
    assert!(asked.answer.is_yes());
    let log = world.service.access_log(&citizen(anna), None, 1).await.unwrap().items;
    assert_eq!((log[0].id, log[0].person), (asked.id, anna));
    let question = &log[0].decision.as_ref().unwrap().question;
    assert_eq!(question.person(), anna);
    // She asks about herself by either.
    assert!(ask(world, &citizen(anna), about(bo, AID, old)).await.answer.is_yes());
    let search = Searched {
        search: SearchFor::Representatives { grantor: PersonRef::Id(old), privilege: AID.parse().unwrap() },
        purpose: Some(StatedPurpose::Known(Purpose::AutomatedStep)),
        case: Some("27.36.04-G01-12-26".parse().unwrap()),
        valid_at: None,
        after: None,
        limit: 10,
    };
    assert_eq!(world.service.search(&machine(OWN), &search).await.unwrap().persons, [bo]);
    // What is given to the old id is hers.
    let given = world.give(bo, old, &["M14"]).await;
    assert_eq!(given.representative, anna);
    // Whoever is still in as the old one gives nothing.
    let stale = world
        .try_show(&citizen(old), tillid_service::NewPresentation::Mandate(world.mandate_to(bo, &["M14"])))
        .await;
    assert_eq!(told(stale), rule(Reason::PersonMerged));
    // A register that still uses the old id tells of her.
    world.service.register_post(old, true, world.now().local_date()).await.unwrap();
    world.service.register_death(old, world.now().local_date()).await.unwrap();
    let mut tx = world.store.read().await.unwrap();
    let dead = tx.person(anna).await.unwrap().unwrap();
    assert!(dead.life.died_on().is_some() && dead.post_exempt_since.is_some());
}

/// The events whose receipts are in an archive.
fn receipts(files: &BTreeMap<String, Vec<u8>>) -> BTreeSet<String> {
    let signed = files.keys().filter_map(|name| name.strip_suffix(".jws"));
    signed.map(|name| name[name.len() - 36..].to_owned()).collect()
}

/// To whom it was shown what somebody reads.
async fn read_presentation(world: &World, person: PersonId, id: PresentationId) -> PersonId {
    world.service.read_presentation(&citizen(person), id).await.unwrap().presentation.person
}

pub(crate) async fn r40_nothing_of_the_log_is_lost_when_two_are_one(world: &World) {
    for code in ["C15", "M14"] {
        world.import(code).await;
    }
    let (anna, bo, old) = (world.anna().await, world.bo().await, her_other_self(world).await);
    let given = world.consent(old, "C15").await.remove(0).consent;
    let (consent, given): (ConsentId, PresentationId) = (given.id, given.answer.presentation);
    let mandate = world.give(old, bo, &["M14"]).await;
    world.pass(CalendarPeriod::days(1));
    look(world, PersonRef::Id(anna)).await;
    look(world, PersonRef::Id(old)).await;
    world.service.overview(&acting(bo, old)).await.unwrap();
    let (hers, olds) = (logged(world, anna).await, logged(world, old).await);
    world.service.sequence_all().await.unwrap();
    let (files, _) = archive(world, old).await;
    let before = receipts(&files);
    assert!(!before.is_empty());

    world.service.register_merge(anna, old).await.unwrap();
    world.service.sequence_all().await.unwrap();
    assert_eq!(logged(world, anna).await.len(), hers.len() + olds.len());
    // Page by page, in the order of time, as if it had always been one log.
    let (mut below, mut ids) = (None, Vec::new());
    loop {
        let page = world.service.access_log(&citizen(anna), below, 1).await.unwrap();
        ids.extend(page.items.iter().map(|record| record.id));
        below = page.next;
        if below.is_none() {
            break;
        }
    }
    assert_eq!(ids.len(), hers.len() + olds.len());
    assert!(ids.is_sorted_by(|a, b| a > b));
    // What she gave as the other is hers to see, with its receipts, and to take out.
    let read = world.service.read_consent(&citizen(anna), consent).await.unwrap();
    assert_eq!((read.consent.answer.person, read.standing), (anna, ConsentStanding::Lapsed));
    let (read, _) = world.service.read_mandate(&citizen(anna), mandate.id).await.unwrap();
    assert_eq!(read.grantor, anna);
    let shown = read_presentation(world, anna, given).await;
    assert_eq!(shown, old);
    let receipt = world.service.newest_receipt(&citizen(anna), ReceiptOf::Consent(consent)).await.unwrap();
    assert!(world.service.receipt(&citizen(anna), receipt).await.is_ok());
    let (files, _) = archive(world, anna).await;
    assert!(before.is_subset(&receipts(&files)));
    // Staff find it under her.
    let found = world.service.look_up(&caseworker(OWN), &looking(PersonRef::Id(anna))).await.unwrap();
    assert!(found.consents.iter().any(|seen| seen.consent.id == consent));
    assert!(found.mandates.iter().any(|seen| seen.mandate.id == mandate.id));
}

pub(crate) async fn m10_what_forbids_goes_on_to_forbid(world: &World) {
    world.import("X03").await;
    let (anna, old) = (world.anna().await, her_other_self(world).await);
    let no = world.consent(old, "X03").await;
    world.pass(CalendarPeriod::days(1));
    world.service.register_merge(anna, old).await.unwrap();
    let mut tx = world.store.read().await.unwrap();
    let all = tx.consents_of(anna, None, None, 100).await.unwrap();
    let standing: Vec<_> =
        all.iter().filter(|c| c.standing(world.now()) == ConsentStanding::Active).collect();
    assert_eq!(standing.len(), no.len());
    for forbids in standing {
        assert_eq!(forbids.answer.person, anna);
        assert!(no.iter().any(|before| before.consent.answer.item == forbids.answer.item));
    }
    assert!(
        tx.requests_to(anna, None, None, 100)
            .await
            .unwrap()
            .iter()
            .all(|r| r.standing(world.now()) != RequestStanding::Open)
    );
}

pub(crate) async fn m10_what_was_said_of_the_human_is_said_of_who_goes_on(world: &World) {
    for code in ["M13", "M14", "M16", "M18"] {
        world.import(code).await;
    }
    let family = family(world).await;
    let (finn, gitte, bo) = (
        world.person("Finn", "6507640016").await,
        world.person("Gitte", "6505670016").await,
        world.bo().await,
    );
    let source = Source::Register {};
    let new = NewStatutory::Guardianship(charge(Form::Guardianship, &[Area::Personal], &[gitte, bo]));
    let over = world.service.tell_statutory(finn, &new, &source).await.unwrap();
    world.pass(CalendarPeriod::days(1));
    assert_eq!(may(world, gitte, AID, finn).await, ["GUARDIAN_S5"]);
    let contact = async || said(&ask(world, &machine(OWN), about(family.dorte, CONTACT, family.clara)).await);
    assert_eq!(contact().await, ["CUSTODY_JOINT"]);

    // A guardian and a parent turn out to be others whom we know.
    let (guardian, parent) = (world.person("Gitta", "6505670032").await, her_other_self(world).await);
    world.service.register_merge(guardian, gitte).await.unwrap();
    for who in [gitte, guardian, bo] {
        assert_eq!(may(world, who, AID, finn).await, ["GUARDIAN_S5"], "the court meant the human");
    }
    world.service.register_merge(parent, family.dorte).await.unwrap();
    assert_eq!(contact().await, ["CUSTODY_JOINT"]);
    let alone = about(family.erik, SCHOOL, family.clara);
    assert_eq!(
        said(&ask(world, &machine(OWN), alone).await),
        ["power_needs_others"],
        "nobody said that he has it alone"
    );
    let mut tx = world.store.read().await.unwrap();
    let custody = tx.custody_of(family.clara).await.unwrap().unwrap();
    assert_eq!(custody.persons(), [family.erik, parent].into());
    drop(tx);
    // The register tells that the parent has it, by whichever id: it is hers.
    let holders = vec![Holder { person: parent, lives_with: true }];
    let new = NewCustody { child: family.clara, holders, from: None, source: source.clone() };
    world.service.state_custody(&new).await.unwrap();
    world.pass(CalendarPeriod::days(1));
    assert_eq!(contact().await, ["CUSTODY_SOLE"]);

    // The ward turns out to be somebody else, and the child too.
    let (ward, child) =
        (world.person("Finnur", "6507640032").await, world.person("Klara", "6304117000").await);
    world.service.register_merge(ward, finn).await.unwrap();
    let mut tx = world.store.read().await.unwrap();
    let power = tx.statutory(over).await.unwrap().unwrap();
    assert_eq!(power.standing(world.now().local_date()), StatutoryStanding::Ended);
    drop(tx);
    assert_eq!(may(world, bo, AID, ward).await, ["GUARDIAN_S5"], "he is who it was decided about");
    world.service.register_merge(child, family.clara).await.unwrap();
    assert_eq!(contact().await, ["no_power"]);
}

pub(crate) async fn m10_a_chain_leads_to_its_end_and_what_cannot_be_is_refused(world: &World) {
    world.import("M14").await;
    let (anna, bo, old) = (world.anna().await, world.bo().await, her_other_self(world).await);
    let merge = async |kept, gone| told(world.service.register_merge(kept, gone).await);
    assert_eq!(merge(anna, anna).await, rule(Reason::MergeImpossible));
    assert_eq!(merge(anna, PersonId::from_uuid(uuid::Uuid::from_u128(1))).await, "not found");
    let rune = world.service.employee_at_work(&employee(1, "Rune Holt")).await.unwrap().employee;
    assert_eq!(merge(anna, rune).await, rule(Reason::MergeImpossible));
    assert_eq!(merge(rune, anna).await, rule(Reason::MergeImpossible));
    // The oldest, the old, and who she is.
    let oldest = world.person("Annelise", "7405433032").await;
    world.give(bo, oldest, &["M14"]).await;
    world.service.register_merge(old, oldest).await.unwrap();
    assert_eq!(merge(anna, oldest).await, rule(Reason::PersonMerged));
    assert_eq!(merge(oldest, anna).await, rule(Reason::PersonMerged));
    world.service.register_merge(anna, old).await.unwrap();
    for id in [oldest, old] {
        assert_eq!(look(world, PersonRef::Id(id)).await, anna);
        // The same again changes nothing.
        let mut tx = world.store.read().await.unwrap();
        let revision = tx.person(id).await.unwrap().unwrap().revision;
        drop(tx);
        world.service.register_merge(anna, id).await.unwrap();
        let mut tx = world.store.read().await.unwrap();
        assert_eq!(tx.person(id).await.unwrap().unwrap().revision, revision);
    }
    world.service.register_death(bo, world.now().local_date()).await.unwrap();
    assert_eq!(merge(bo, anna).await, rule(Reason::PersonDead));
    assert_eq!(merge(anna, bo).await, rule(Reason::PersonDead));
    let number: Cpr = OLD.parse().unwrap();
    assert_eq!(told(world.service.register_number(bo, &number).await), rule(Reason::NumberTaken));
}

pub(crate) async fn r42_who_is_one_is_erased_as_one(world: &World) {
    world.import("M14").await;
    let (anna, bo, old) = (world.anna().await, world.bo().await, her_other_self(world).await);
    world.give(old, bo, &["M14"]).await;
    look(world, PersonRef::Id(old)).await;
    world.pass(CalendarPeriod::days(1));
    world.service.register_merge(anna, old).await.unwrap();
    world.pass(CalendarPeriod::months(72));
    let wish = NewErasure { person: PersonRef::Id(old), ground: ErasureGround::RetentionOver, case: None };
    let erased = world.service.erase(&officer(OWN), &wish).await.unwrap().value;
    assert!(erased.person && erased.erased.mandates == 1 && erased.kept.is_empty(), "{erased:?}");
    let mut tx = world.store.read().await.unwrap();
    for id in [anna, old] {
        assert!(tx.person(id).await.unwrap().is_none());
    }
    assert!(tx.person_by_number(&OLD.parse().unwrap()).await.unwrap().is_none());
}
