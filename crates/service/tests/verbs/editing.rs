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
        (of(no_data), "/items", Reason::DraftTooVague),
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
