//! Consent types and packages come into use and go out of it.

use crate::expect::{denied, invalid, rule, told};
use tillid_domain::{
    CalendarPeriod, Reason,
    catalogue::{Channel, ConsentType, Definition, EntryState, MandatePackage, Shelf},
    consent::ConsentStanding,
    text::Code,
};
use tillid_testkit::{
    World,
    catalogue::{consent_type, cvr, defined, package},
    people::{OTHER, OWN, administrator, caseworker, citizen, expecting},
};

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn of(consent_type: ConsentType) -> Definition {
    Definition::ConsentType(Box::new(consent_type))
}

pub(crate) async fn a_draft_is_published_by_somebody_else(world: &World) {
    let (karin, ole) = (administrator(OWN, 1), administrator(OWN, 2));
    let draft = world.service.draft_entry(&karin, defined("C15")).await.unwrap().value;
    assert_eq!((draft.number, draft.revision, &draft.state), (1, 1, &EntryState::Draft));
    let publish = async |by| world.service.publish_entry(by, Shelf::ConsentType, &code("C15"), 1).await;
    assert_eq!(told(publish(&karin).await), rule(Reason::SecondPersonNeeded));
    assert_eq!(told(world.service.published_entry(Shelf::ConsentType, &code("C15")).await), "not found");
    let published = publish(&ole).await.unwrap().value;
    assert_eq!(published.state, EntryState::Published { at: world.now() });
    let in_use = world.service.published_entry(Shelf::ConsentType, &code("C15")).await.unwrap();
    assert_eq!(in_use, published);
}

pub(crate) async fn r05_r08_r15_r27_a_flawed_draft_is_not_published(world: &World) {
    let (karin, ole) = (administrator(OWN, 1), administrator(OWN, 2));
    let (c06, c15) = (consent_type("C06"), consent_type("C15"));
    let no_data = {
        let mut flawed = c15.clone();
        flawed.items[1].data.clear();
        flawed
    };
    let repeated = {
        let mut flawed = c15.clone();
        flawed.items[1].code = flawed.items[0].code.clone();
        flawed
    };
    let spoken = ConsentType { channels: vec![Channel::Digital, Channel::Oral], ..c06.clone() };
    let mut endless = c06.clone();
    endless.duration.legal_cap = Some(CalendarPeriod::days(367));
    let flawed: [(Definition, &str, Reason); 8] = [
        (
            of(ConsentType { voluntariness: None, ..c15.clone() }),
            "/voluntariness",
            Reason::DraftWithoutVoluntariness,
        ),
        (
            of(ConsentType { legal_references: Vec::new(), ..c15.clone() }),
            "/legal_references",
            Reason::DraftWithoutLaw,
        ),
        (of(no_data), "/items/1/data", Reason::DraftTooVague),
        (of(repeated), "/items/1/code", Reason::DraftRepeatsCode),
        (
            of(ConsentType { channels: vec![Channel::Paper], ..c15 }),
            "/channels",
            Reason::DraftWithoutDigitalChannel,
        ),
        (of(spoken), "/channels", Reason::DraftMustBeWritten),
        (of(endless), "/duration/legal_cap", Reason::DraftLastsTooLong),
        (
            Definition::MandatePackage(Box::new(MandatePackage { privileges: Vec::new(), ..package("M14") })),
            "/privileges",
            Reason::DraftTooVague,
        ),
    ];
    for (definition, pointer, reason) in flawed {
        let draft = world.service.draft_entry(&karin, definition.clone()).await.unwrap().value;
        let refused =
            world.service.publish_entry(&ole, definition.shelf(), definition.code(), draft.number).await;
        assert_eq!(told(refused), invalid(pointer, reason));
        assert_eq!(told(world.service.import_entry(definition).await), invalid(pointer, reason));
    }
    assert!(world.service.list_catalogue(Shelf::ConsentType, None, 10).await.unwrap().items.is_empty());
}

pub(crate) async fn a_newer_version_takes_the_place_and_what_was_given_lives_on(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let consent = world.one_consent(anna, "C15").await;
    let request = world.ask(anna, "C15").await;
    let mut newer = consent_type("C15");
    newer.duration.default = CalendarPeriod::months(1);
    assert!(world.service.import_entry(of(newer.clone())).await.unwrap());
    let version = async |n| world.service.entry_version(Shelf::ConsentType, &code("C15"), n).await.unwrap();
    assert!(matches!(version(1).await.state, EntryState::Retired { .. }));
    assert!(matches!(version(2).await.state, EntryState::Published { .. }));
    let kept = world.service.read_consent(&citizen(anna), consent).await.unwrap();
    assert_eq!(kept.standing, ConsentStanding::Active);
    assert_eq!(kept.of, consent_type("C15"), "with the words that it was given under");
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    let answered = world.service.answer_request(&citizen(anna), request, shown, &answers).await.unwrap();
    assert_eq!(answered.value[0].consent.answer.entry.number, 1, "what was asked is what is answered");
    let under_the_new = world.consent(anna, "C15").await;
    assert_eq!(under_the_new[0].of, newer);
}

pub(crate) async fn only_a_draft_is_published(world: &World) {
    let (karin, ole) = (administrator(OWN, 1), administrator(OWN, 2));
    world.service.draft_entry(&karin, defined("C15")).await.unwrap();
    let publish = async |n| world.service.publish_entry(&ole, Shelf::ConsentType, &code("C15"), n).await;
    assert_eq!(told(publish(2).await), "not found");
    publish(1).await.unwrap();
    assert_eq!(told(publish(1).await), rule(Reason::NotADraft));
    let draft = world.service.draft_entry(&karin, defined("C15")).await.unwrap().value;
    let stale = expecting(ole.clone(), draft.revision + 1);
    let refused = world.service.publish_entry(&stale, Shelf::ConsentType, &code("C15"), 2).await;
    assert_eq!(told(refused), "revision changed");
}

fn shorter(consent_type: &ConsentType, months: u16) -> Definition {
    let mut newer = consent_type.clone();
    newer.duration.default = CalendarPeriod::months(months);
    of(newer)
}

pub(crate) async fn a_draft_is_changed_returned_and_published_by_who_did_not_write_it_last(world: &World) {
    let (karin, ole) = (administrator(OWN, 1), administrator(OWN, 2));
    let (shelf, c15) = (Shelf::ConsentType, code("C15"));
    let service = &world.service;
    service.draft_entry(&karin, defined("C15")).await.unwrap();
    let comment = || "Skriv kortere.".parse().unwrap();
    let refused = service.return_entry(&ole, shelf, &c15, 1, comment()).await;
    assert_eq!(told(refused), rule(Reason::NotInReview));
    let changed = service.change_entry(&ole, 1, shorter(&consent_type("C15"), 2)).await.unwrap().value;
    assert_eq!((changed.revision, changed.edited_by == ole.actor.trace()), (2, true));
    let meanwhile =
        service.change_entry(&expecting(karin.clone(), 1), 1, shorter(&consent_type("C15"), 4)).await;
    assert_eq!(told(meanwhile), "revision changed", "what a colleague wrote is not written over");
    let same = service.change_entry(&karin, 1, shorter(&consent_type("C15"), 2)).await.unwrap().value;
    assert_eq!((same.revision, same.edited_by == ole.actor.trace()), (2, true), "nothing was written");
    assert_eq!(told(service.publish_entry(&ole, shelf, &c15, 1).await), rule(Reason::SecondPersonNeeded));
    let in_review = service.submit_entry(&ole, shelf, &c15, 1).await.unwrap().value;
    assert_eq!(in_review.state, EntryState::InReview { at: world.now() });
    let refused = service.change_entry(&karin, 1, shorter(&consent_type("C15"), 3)).await;
    assert_eq!(told(refused), rule(Reason::DraftInReview), "what is looked at stays as it is");
    assert_eq!(told(service.submit_entry(&ole, shelf, &c15, 1).await), rule(Reason::DraftInReview));
    service.return_entry(&karin, shelf, &c15, 1, comment()).await.unwrap();
    service.change_entry(&karin, 1, shorter(&consent_type("C15"), 3)).await.unwrap();
    service.submit_entry(&karin, shelf, &c15, 1).await.unwrap();
    assert_eq!(told(service.publish_entry(&karin, shelf, &c15, 1).await), rule(Reason::SecondPersonNeeded));
    let published = service.publish_entry(&ole, shelf, &c15, 1).await.unwrap().value;
    assert_eq!(published.definition, shorter(&consent_type("C15"), 3));
    let refused = service.change_entry(&karin, 1, defined("C15")).await;
    assert_eq!(told(refused), rule(Reason::NotADraft), "what was published never changes");
    let history = service.entry_history(&karin, shelf, &c15, 1).await.unwrap();
    let facts: Vec<_> = history.iter().map(|e| e.fact.code().trim_start_matches("entry_")).collect();
    let steps = ["drafted", "changed", "submitted", "returned", "changed", "submitted", "published"];
    assert_eq!(facts, steps);
}

pub(crate) async fn a_flawed_draft_is_not_submitted(world: &World) {
    let karin = administrator(OWN, 1);
    let flawed = of(ConsentType { voluntariness: None, ..consent_type("C15") });
    world.service.draft_entry(&karin, flawed).await.unwrap();
    let refused = world.service.submit_entry(&karin, Shelf::ConsentType, &code("C15"), 1).await;
    assert_eq!(told(refused), invalid("/voluntariness", Reason::DraftWithoutVoluntariness));
}

pub(crate) async fn a_draft_that_is_given_up_never_comes_into_use(world: &World) {
    let (karin, ole) = (administrator(OWN, 1), administrator(OWN, 2));
    let (shelf, c15) = (Shelf::ConsentType, code("C15"));
    world.service.draft_entry(&karin, defined("C15")).await.unwrap();
    world.service.submit_entry(&karin, shelf, &c15, 1).await.unwrap();
    world.service.discard_entry(&ole, shelf, &c15, 1).await.unwrap();
    for refused in [
        world.service.publish_entry(&ole, shelf, &c15, 1).await,
        world.service.submit_entry(&karin, shelf, &c15, 1).await,
        world.service.discard_entry(&karin, shelf, &c15, 1).await,
    ] {
        assert_eq!(told(refused), rule(Reason::NotADraft));
    }
    let next = world.service.draft_entry(&karin, defined("C15")).await.unwrap().value;
    assert_eq!(next.number, 2, "its number is not used again");
    world.service.publish_entry(&ole, shelf, &c15, 2).await.unwrap();
    let older = world.service.draft_entry(&karin, shorter(&consent_type("C15"), 1)).await.unwrap().value;
    world.service.draft_entry(&karin, shorter(&consent_type("C15"), 2)).await.unwrap();
    world.service.publish_entry(&ole, shelf, &c15, 4).await.unwrap();
    let refused = world.service.publish_entry(&ole, shelf, &c15, older.number).await;
    assert_eq!(told(refused), rule(Reason::DraftOvertaken));
}

pub(crate) async fn r43_what_is_retired_is_asked_no_more_and_what_was_given_keeps_its_words(world: &World) {
    let anna = world.anna().await;
    let ole = administrator(OWN, 2);
    let (shelf, c15) = (Shelf::ConsentType, code("C15"));
    world.import("C15").await;
    let consent = world.one_consent(anna, "C15").await;
    let request = world.ask(anna, "C15").await;
    let retired = world.service.retire_entry(&ole, shelf, &c15, 1).await.unwrap().value;
    assert!(matches!(retired.state, EntryState::Retired { .. }));
    assert_eq!(told(world.service.retire_entry(&ole, shelf, &c15, 1).await), rule(Reason::EntryNotPublished));
    assert_eq!(told(world.service.published_entry(shelf, &c15).await), "not found");
    let kept = world.service.read_consent(&citizen(anna), consent).await.unwrap();
    assert_eq!((kept.standing, kept.of), (ConsentStanding::Active, consent_type("C15")));
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    world.service.answer_request(&citizen(anna), request, shown, &answers).await.unwrap();
}

pub(crate) async fn drafts_are_seen_by_the_administrators_of_their_authority_alone(world: &World) {
    let (karin, mona) = (administrator(OWN, 1), administrator(OTHER, 3));
    let (shelf, c15) = (Shelf::ConsentType, code("C15"));
    world.service.draft_entry(&karin, defined("C15")).await.unwrap();
    assert_eq!(told(world.service.entry_version(shelf, &c15, 1).await), "not found");
    let versions = world.service.versions_of_entry(&karin, shelf, &c15).await.unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(world.service.own_entries(&karin, shelf).await.unwrap(), versions);
    assert!(world.service.own_entries(&mona, shelf).await.unwrap().is_empty());
    let anna = world.anna().await;
    for (by, why) in [
        (&mona, Reason::OtherAuthority),
        (&caseworker(OWN), Reason::RoleMissing),
        (&citizen(anna), Reason::StaffOnly),
    ] {
        let service = &world.service;
        assert_eq!(told(service.versions_of_entry(by, shelf, &c15).await), denied(why));
        assert_eq!(told(service.entry_history(by, shelf, &c15, 1).await), denied(why));
        assert_eq!(told(service.change_entry(by, 1, defined("C15")).await), denied(why));
        assert_eq!(told(service.submit_entry(by, shelf, &c15, 1).await), denied(why));
        let comment = "Nej.".parse().unwrap();
        assert_eq!(told(service.return_entry(by, shelf, &c15, 1, comment).await), denied(why));
        assert_eq!(told(service.discard_entry(by, shelf, &c15, 1).await), denied(why));
        assert_eq!(told(service.publish_entry(by, shelf, &c15, 1).await), denied(why));
        assert_eq!(told(service.retire_entry(by, shelf, &c15, 1).await), denied(why));
    }
    let unknown = world.service.versions_of_entry(&karin, shelf, &code("C99")).await;
    assert_eq!(told(unknown), "not found");
}

pub(crate) async fn an_authority_edits_its_own_definitions_only(world: &World) {
    let (karin, mona) = (administrator(OWN, 1), administrator(OTHER, 3));
    world.service.draft_entry(&karin, defined("C15")).await.unwrap();
    let other = Reason::OtherAuthority;
    assert_eq!(told(world.service.draft_entry(&mona, defined("C15")).await), denied(other));
    let theirs = of(ConsentType { authority: cvr(OTHER), ..consent_type("C15") });
    let refused = world.service.draft_entry(&mona, theirs).await;
    assert_eq!(told(refused), denied(other), "the code is taken");
    let refused = world.service.publish_entry(&mona, Shelf::ConsentType, &code("C15"), 1).await;
    assert_eq!(told(refused), denied(other));
    let refused = world.service.draft_entry(&caseworker(OWN), defined("C15")).await;
    assert_eq!(told(refused), denied(Reason::RoleMissing));
    let anna = world.anna().await;
    let refused = world.service.draft_entry(&citizen(anna), defined("C15")).await;
    assert_eq!(told(refused), denied(Reason::StaffOnly));
}

pub(crate) async fn an_import_of_the_same_changes_nothing(world: &World) {
    world.import("C15").await;
    let mut administrator = world.database.administrator().await;
    let before = administrator.count("SELECT COUNT(*) FROM event").await;
    for _ in 0..3 {
        assert!(!world.service.import_entry(defined("C15")).await.unwrap());
    }
    assert_eq!(administrator.count("SELECT COUNT(*) FROM event").await, before);
}

pub(crate) async fn a_privilege_belongs_to_the_authority_that_published_it_first(world: &World) {
    let (mona, other) = (administrator(OTHER, 3), administrator(OTHER, 4));
    world.import("M14").await;
    let taken = package("M14").privileges;
    let own = package("M18").privileges;
    for privileges in [taken, own] {
        let theirs = MandatePackage { code: code("N1"), authority: cvr(OTHER), privileges, ..package("M14") };
        let definition = Definition::MandatePackage(Box::new(theirs));
        let draft = world.service.draft_entry(&mona, definition).await.unwrap().value;
        let refused =
            world.service.publish_entry(&other, Shelf::MandatePackage, &code("N1"), draft.number).await;
        assert_eq!(told(refused), invalid("/privileges/0/uri", Reason::DraftPrivilegeOfAnother));
    }
}
