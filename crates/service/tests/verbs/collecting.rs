//! What a person answered on paper, orally or elsewhere, and what staff do on their word.

use crate::expect::{denied, invalid, rule, told};
use tillid_domain::{
    CalendarPeriod, Instant, Language, Reason,
    access::{Act, Outcome},
    actor::{Employee, Purpose, Role, Scope, Sensitivity},
    catalogue::{Channel, Definition, Polarity},
    collected::{AnnulmentGround, Assistance, Collected},
    consent::{ConsentStanding, ConsentState},
    decision::Verdict,
    id::{DocumentId, PersonId, PresentationId},
    presentation::Means,
    text::Prose,
};
use tillid_service::{Answer, Call, NewLookup, NewPresentation, PersonRef, TypedConsent};
use tillid_testkit::{
    World,
    catalogue::{consent_type, cvr},
    people::{OTHER, OWN, acting, caseworker, citizen, employee, keyed, machine, scoped, staff, under},
};

pub(crate) const CASE: &str = "27.36.04-G01-12-26";
pub(crate) const SCAN: &[u8] = b"%PDF-1.7 a signed form";

pub(crate) fn prose(text: &str) -> Prose {
    text.parse().unwrap()
}

/// The caller's call under a look-up of that person.
pub(crate) async fn looked_up(world: &World, call: Call, person: PersonId, purpose: Purpose) -> Call {
    let case = purpose.needs_case().then(|| CASE.parse().unwrap());
    let new = NewLookup { person: PersonRef::Id(person), purpose, case };
    let found = world.service.look_up(&call, &new).await.unwrap();
    under(call, found.record.id)
}

pub(crate) async fn hans(world: &World, person: PersonId) -> Call {
    looked_up(world, caseworker(OWN), person, Purpose::CaseProcessing).await
}

fn everything_of(code: &str) -> NewPresentation {
    let case = Some(CASE.parse().unwrap());
    NewPresentation::Consent {
        consent_type: code.parse().unwrap(),
        items: Vec::new(),
        case,
        proposal: tillid_domain::terms::Proposal::default(),
    }
}

pub(crate) async fn told_to(world: &World, call: &Call, code: &str, means: Means) -> PresentationId {
    let shown = world.service.present_for(call, &everything_of(code), means, Language::Da).await;
    shown.unwrap().value.presentation.id
}

pub(crate) fn said(world: &World) -> Collected {
    Collected::Oral {
        said_at: world.now().plus_seconds(-3600),
        note: prose("Anna sagde ja til det hele i telefonen."),
        why: prose("Hun kan ikke se teksten på en skærm."),
    }
}

pub(crate) fn imported(given_at: Instant) -> Collected {
    let text = |text: &str| text.parse().unwrap();
    Collected::Imported { source: text("Fagsystem"), reference: text("S-17"), given_at, document: None }
}

pub(crate) async fn said_yes(world: &World, call: &Call, code: &str) -> Vec<TypedConsent> {
    let shown = told_to(world, call, code, Means::Told).await;
    let yes = world.all(true, shown).await;
    world.service.register_consents(call, shown, &yes, &said(world)).await.unwrap().value
}

pub(crate) async fn r22_an_oral_consent_is_registered_seen_and_withdrawn(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let hans = hans(world, anna).await;
    let shown = told_to(world, &hans, "C01", Means::Told).await;
    let mut answers = world.all(true, shown).await;
    answers[1].given = false;
    let given = world.service.register_consents(&hans, shown, &answers, &said(world)).await.unwrap().value;
    let seen = world.service.list_consents(&citizen(anna), None, 10).await.unwrap().items;
    assert_eq!(seen.len(), given.len());
    let one = seen.iter().find(|c| c.consent.id == given[0].consent.id).unwrap();
    assert_eq!(one.consent.answer.collected, said(world));
    assert_eq!(one.consent.answered_at, world.now().plus_seconds(-3600), "when it was said");
    assert_eq!(one.consent.recorded_at, world.now(), "when it was noted");
    assert_eq!(one.standing, ConsentStanding::Active);
    assert_eq!(given[1].standing, ConsentStanding::Declined);
    // The exact text is hers to read again.
    let text = world.service.read_presentation(&citizen(anna), shown).await.unwrap();
    assert_eq!(text.presentation.means, Means::Told);
    let log = world.service.access_log(&citizen(anna), None, 10).await.unwrap().items;
    let noted: Vec<_> = log.iter().filter(|r| r.act == Act::RegisterConsent).collect();
    assert_eq!(noted.len(), 2, "the text and the answer");
    assert!(noted.iter().all(|r| r.outcome == Outcome::Found && r.case.is_some()));
    // She takes it back herself, in one step.
    let gone = world.service.withdraw_consent(&citizen(anna), one.consent.id).await.unwrap().value;
    assert!(matches!(gone.consent.state, ConsentState::Withdrawn { channel: Channel::Digital, .. }));
}

pub(crate) async fn a_registered_answer_closes_the_request_and_serves_once(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let request = world.ask(anna, "C01").await;
    let hans = hans(world, anna).await;
    let about = NewPresentation::Request(request);
    let shown = world.service.present_for(&hans, &about, Means::Told, Language::En).await.unwrap().value;
    let shown = shown.presentation.id;
    let yes = world.all(true, shown).await;
    let register =
        async |call: &Call| world.service.register_answer(call, request, shown, &yes, &said(world)).await;
    let once = keyed(hans.clone(), "1", "a");
    let given = register(&once).await.unwrap().value;
    assert!(given.iter().all(|c| c.consent.answer.request == Some(request)));
    let again = register(&once).await.unwrap();
    assert!(again.replayed && again.value.len() == given.len());
    assert_eq!(told(register(&hans).await), rule(Reason::RequestAnswered));
    let own = world.service.answer_request(&citizen(anna), request, shown, &yes).await;
    assert_eq!(told(own), rule(Reason::RequestAnswered));
    let other = told_to(world, &hans, "C01", Means::Told).await;
    let unasked = world.service.register_consents(&hans, other, &yes, &said(world)).await;
    assert!(unasked.is_ok(), "another declaration");
    let unasked = world.service.register_consents(&hans, other, &yes, &said(world)).await;
    assert_eq!(told(unasked), rule(Reason::PresentationUsed));
}

pub(crate) async fn r22_a_paper_consent_has_its_document(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C01").await;
    let hans = hans(world, anna).await;
    let printed = told_to(world, &hans, "C01", Means::Paper).await;
    let yes = world.all(true, printed).await;
    // The form is under way for weeks; a text on a screen would be too old by now.
    world.pass(CalendarPeriod::days(30));
    let hans = looked_up(world, caseworker(OWN), anna, Purpose::CaseProcessing).await;
    let document = world.service.keep_document(&hans, SCAN).await.unwrap().value;
    let of_bo = {
        let about_bo = looked_up(world, caseworker(OWN), bo, Purpose::CaseProcessing).await;
        world.service.keep_document(&about_bo, SCAN).await.unwrap().value.id
    };
    let signed_on = world.now().local_date();
    let register = async |signed_on, document| {
        let paper = Collected::Paper { signed_on, document };
        world.service.register_consents(&hans, printed, &yes, &paper).await
    };
    let unknown = DocumentId::from_uuid(uuid::Uuid::from_u128(1));
    for other in [unknown, of_bo] {
        let refused = invalid("/registration/document_id", Reason::DocumentUnknown);
        assert_eq!(told(register(signed_on, other).await), refused);
    }
    let before: tillid_domain::LocalDate = "2026-03-01".parse().unwrap();
    let refused = invalid("/registration/signed_on", Reason::AnsweredBeforeShown);
    assert_eq!(told(register(before, document.id).await), refused);
    let given = register(signed_on, document.id).await.unwrap().value;
    assert_eq!(given[0].consent.answered_at, signed_on.start());
    // Whoever it is about sees the evidence, byte for byte; nobody else does.
    let (found, bytes) = world.service.read_document(&citizen(anna), document.id).await.unwrap();
    assert_eq!((found, bytes.as_slice()), (document.clone(), SCAN));
    assert_eq!(told(world.service.read_document(&citizen(bo), document.id).await), "not found");
    assert!(world.service.read_document(&hans, document.id).await.is_ok());
    let little = Employee { sensitivity: Sensitivity::Ordinary, ..employee(OWN, &[Role::Caseworker], 7) };
    let little = looked_up(world, staff(little), anna, Purpose::CaseProcessing).await;
    assert_eq!(told(world.service.read_document(&little, document.id).await), "not found");
    let other = looked_up(world, caseworker(OTHER), anna, Purpose::CaseProcessing).await;
    assert_eq!(told(world.service.read_document(&other, document.id).await), "not found");
}

pub(crate) async fn what_is_handed_over_is_a_pdf_or_a_picture_and_not_too_large(world: &World) {
    let anna = world.anna().await;
    let hans = hans(world, anna).await;
    for (bytes, reason) in [
        (b"".to_vec(), Reason::DocumentTypeUnknown),
        (b"<svg onload='x'/>".to_vec(), Reason::DocumentTypeUnknown),
        ([SCAN, &vec![0; 10 * 1024 * 1024]].concat(), Reason::DocumentTooLarge),
    ] {
        assert_eq!(told(world.service.keep_document(&hans, &bytes).await), invalid("", reason));
    }
    let kept = world.service.keep_document(&keyed(hans.clone(), "1", "a"), SCAN).await.unwrap().value;
    let again = world.service.keep_document(&keyed(hans, "1", "a"), SCAN).await.unwrap();
    assert_eq!((again.replayed, again.value), (true, kept));
    // What is in the database is not what was handed over.
    let mut administrator = world.database.administrator().await;
    let hex = SCAN.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let readable = match world.database.engine {
        tillid_testkit::Engine::Sqlite => format!("instr(lower(hex(sealed)), '{hex}') > 0"),
        tillid_testkit::Engine::Postgres => format!("position('{hex}' in encode(sealed, 'hex')) > 0"),
    };
    let sql = format!("SELECT COUNT(*) FROM document WHERE {readable}");
    assert_eq!(administrator.count(&sql).await, 0);
    assert_eq!(administrator.count("SELECT COUNT(*) FROM document").await, 1);
}

pub(crate) async fn r27_what_the_law_wants_in_writing_is_not_registered_orally(world: &World) {
    let anna = world.anna().await;
    world.import("C06").await;
    let hans = hans(world, anna).await;
    let shown = told_to(world, &hans, "C06", Means::Told).await;
    let yes = world.all(true, shown).await;
    let refused = world.service.register_consents(&hans, shown, &yes, &said(world)).await;
    assert_eq!(told(refused), invalid("/registration/channel", Reason::ChannelNotOffered));
    // Imported and written a year ago: it is history, and the legal year runs from when it was given.
    let elsewhere = told_to(world, &hans, "C06", Means::Elsewhere).await;
    let given = imported("2025-03-01T10:00:00Z".parse().unwrap());
    let old = world.service.register_consents(&hans, elsewhere, &yes, &given).await.unwrap().value;
    assert_eq!(old[0].standing, ConsentStanding::Expired);
    assert_eq!(old[0].consent.answer.valid.to, Some("2026-02-28T23:00:00Z".parse().unwrap()));
}

pub(crate) async fn r22_what_is_registered_has_happened_and_not_long_ago(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let hans = hans(world, anna).await;
    let shown = told_to(world, &hans, "C01", Means::Told).await;
    let yes = world.all(true, shown).await;
    for (seconds, reason) in [(1, Reason::AnsweredInFuture), (-185 * 86_400, Reason::AnsweredTooLongAgo)] {
        let said_at = world.now().plus_seconds(seconds);
        let said = Collected::Oral { said_at, note: prose("Ja"), why: prose("Telefon") };
        let refused = world.service.register_consents(&hans, shown, &yes, &said).await;
        assert_eq!(told(refused), invalid("/registration", reason));
    }
    let mismatch = invalid("/presentation_id", Reason::PresentationMismatch);
    let wrong_means = imported(world.now());
    let refused = world.service.register_consents(&hans, shown, &yes, &wrong_means).await;
    assert_eq!(told(refused), mismatch, "it was read aloud, and is registered as given elsewhere");
    let incomplete: &[Answer] = &yes[1..];
    let refused = world.service.register_consents(&hans, shown, incomplete, &said(world)).await;
    assert_eq!(told(refused), invalid("/answers", Reason::ItemsUnanswered), "R-02 holds in every channel");
    assert!(world.service.list_consents(&citizen(anna), None, 10).await.unwrap().items.is_empty());
}

pub(crate) async fn r38_nobody_registers_what_is_not_theirs_to_register(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C01").await;
    let case = hans(world, anna).await;
    let shown = told_to(world, &case, "C01", Means::Told).await;
    let yes = world.all(true, shown).await;
    let register = async |call: &Call| world.service.register_consents(call, shown, &yes, &said(world)).await;
    for call in [citizen(anna), citizen(bo), acting(bo, anna)] {
        assert_eq!(told(register(&call).await), denied(Reason::StaffOnly));
    }
    assert_eq!(told(register(&caseworker(OWN)).await), denied(Reason::LookupMissing));
    let other = looked_up(world, caseworker(OTHER), anna, Purpose::CaseProcessing).await;
    let mismatch = invalid("/presentation_id", Reason::PresentationMismatch);
    assert_eq!(told(register(&other).await), mismatch, "another authority's text is like none");
    let reader = staff(employee(OWN, &[Role::Reader], 5));
    let reader = looked_up(world, reader, anna, Purpose::CaseProcessing).await;
    assert_eq!(told(register(&reader).await), denied(Reason::RoleMissing));
    let field = Employee { kle: vec!["15.*".parse().unwrap()], ..employee(OWN, &[Role::Caseworker], 6) };
    let field = looked_up(world, staff(field), anna, Purpose::CaseProcessing).await;
    assert_eq!(told(register(&field).await), mismatch, "and so is one outside the field of work");
    let new = everything_of("C01");
    let shows = async |call: &Call| world.service.present_for(call, &new, Means::Told, Language::Da).await;
    assert_eq!(told(shows(&field).await), denied(Reason::OutsideFieldOfWork));
    assert_eq!(told(shows(&other).await), denied(Reason::OtherAuthority));
    // Not for oneself: who is asked about is who asks.
    let me = Employee { person: Some(anna), ..employee(OWN, &[Role::Caseworker], 100) };
    let me = under(staff(me), case.lookup.unwrap());
    assert_eq!(told(register(&me).await), denied(Reason::OwnCase));
    let system = looked_up(world, machine(OWN), anna, Purpose::AutomatedStep).await;
    let elsewhere = scoped(system.clone(), vec![Scope::LookUp, Scope::Ask]);
    assert_eq!(told(register(&elsewhere).await), denied(Reason::ScopeMissing));
    let about_bo = hans(world, bo).await;
    assert_eq!(told(register(&about_bo).await), mismatch, "it was told to somebody else");
    let brought = told_to(world, &system, "C01", Means::Elsewhere).await;
    let given = world.service.register_consents(&system, brought, &yes, &imported(world.now())).await;
    assert_eq!(given.unwrap().value[0].consent.answer.collected.channel(), Channel::Imported);
}

pub(crate) async fn r04_staff_withdraw_on_the_persons_word(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let consent = world.one_consent(anna, "C15").await;
    let word = Assistance::Oral { note: prose("Anna bad om det i telefonen.") };
    let reader = staff(employee(OWN, &[Role::Reader], 5));
    let reader = looked_up(world, reader, anna, Purpose::CaseProcessing).await;
    let refused = world.service.withdraw_consent_for(&reader, consent, &word).await;
    assert_eq!(told(refused), denied(Reason::RoleMissing));
    let other = looked_up(world, caseworker(OTHER), anna, Purpose::CaseProcessing).await;
    assert_eq!(told(world.service.withdraw_consent_for(&other, consent, &word).await), "not found");
    let inge = staff(employee(OWN, &[Role::Registrar], 8));
    let inge = looked_up(world, inge, anna, Purpose::CitizenService).await;
    let gone = world.service.withdraw_consent_for(&inge, consent, &word).await.unwrap().value;
    assert!(matches!(gone.consent.state, ConsentState::Withdrawn { channel: Channel::Oral, .. }));
    assert_eq!(gone.standing, ConsentStanding::Withdrawn);
    let seen = world.service.read_consent(&citizen(anna), consent).await.unwrap();
    assert_eq!(seen.consent, gone.consent, "marked as done for her");
    let again = world.service.withdraw_consent_for(&inge, consent, &word).await;
    assert_eq!(told(again), rule(Reason::ConsentWithdrawn));
}

pub(crate) async fn a_wrong_registration_never_counted(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let hans = hans(world, anna).await;
    let given = said_yes(world, &hans, "C01").await;
    let own = world.consent(anna, "C01").await;
    let annul = async |id| {
        let note = prose("Det var en anden borger.");
        world.service.annul_consent(&hans, id, AnnulmentGround::WrongPerson, &note).await
    };
    assert_eq!(told(annul(own[0].consent.id).await), rule(Reason::NotRegisteredByStaff));
    let wrong = annul(given[0].consent.id).await.unwrap().value;
    assert_eq!(wrong.standing, ConsentStanding::Annulled);
    assert_eq!(told(annul(given[0].consent.id).await), rule(Reason::ConsentAnnulled));
    let gone = world.service.withdraw_consent(&citizen(anna), given[0].consent.id).await;
    assert_eq!(told(gone), rule(Reason::ConsentAnnulled));
    // It did not hold an hour ago either, as far as is known now.
    let times = tillid_service::Times {
        valid_at: Some(world.now().plus_seconds(-1)),
        known_at: tillid_service::KnownAt::Now,
    };
    let then = world.service.read_consent_at(&citizen(anna), given[0].consent.id, times).await.unwrap().0;
    assert_eq!(then.standing, ConsentStanding::Annulled);
}

pub(crate) async fn c12_an_opt_out_is_a_no_that_wins_however_it_was_given(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let mut no = consent_type("X03");
    no.code = "X15".parse().unwrap();
    no.items = consent_type("C15").items;
    assert_eq!(no.polarity, Polarity::OptOut);
    let items = no.items.len();
    world.service.import_entry(Definition::ConsentType(Box::new(no))).await.unwrap();
    world.consent(anna, "C15").await;
    let question = || crate::deciding::data(anna, cvr(OWN), "C15");
    let ask = async || crate::deciding::ask(world, &machine(OWN), question()).await.answer.verdict;
    assert!(matches!(ask().await, Verdict::Yes { .. }));
    let hans = hans(world, anna).await;
    let opted_out = said_yes(world, &hans, "X15").await;
    assert_eq!(opted_out.len(), items);
    assert_eq!(ask().await, Verdict::No(Reason::OptedOut));
    for one in &opted_out {
        world.service.withdraw_consent(&citizen(anna), one.consent.id).await.unwrap();
    }
    assert!(matches!(ask().await, Verdict::Yes { .. }), "the consent was there all the time");
    let tasks = world.service.list_tasks(&caseworker(OWN), None, 10).await.unwrap().0.items;
    assert!(tasks.is_empty(), "an opt-out that is taken back asks nothing of anybody");
}

pub(crate) async fn a_printed_form_is_found_again_until_it_is_answered_or_too_old(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let printer = hans(world, anna).await;
    let printed = told_to(world, &printer, "C01", Means::Paper).await;
    let other = told_to(world, &printer, "C01", Means::Paper).await;
    told_to(world, &printer, "C01", Means::Told).await;
    let own = world.service.present(&citizen(anna), &everything_of("C01"), Language::Da).await.unwrap().value;
    let waiting = async |call: &Call| -> Vec<PresentationId> {
        let found = world.service.read_lookup(call).await.unwrap();
        found.forms.iter().map(|(form, _)| form.id).collect()
    };
    // Weeks later, and somebody else.
    world.ambient.set(world.now().plus_seconds(21 * 24 * 3600));
    let inge = staff(employee(OWN, &[Role::Registrar], 7));
    let inge = looked_up(world, inge, anna, Purpose::CitizenService).await;
    assert_eq!(waiting(&inge).await, [other, printed], "the newest first, and nothing but paper");
    let again = world.service.read_presentation_for(&inge, printed).await.unwrap();
    assert!(again.answers.is_empty());
    let hers = world.service.read_presentation(&citizen(anna), printed).await.unwrap();
    assert_eq!(again.shown, hers, "byte for byte");
    let newest = world.service.access_log(&citizen(anna), None, 1).await.unwrap().items.remove(0);
    assert_eq!((newest.act, newest.target), (Act::SeeConsent, Some(printed.as_uuid())));
    // What she saw on her own screen is nothing for staff, and another authority has no such form.
    let read = async |call: &Call, id| told(world.service.read_presentation_for(call, id).await);
    assert_eq!(read(&inge, own.presentation.id).await, "not found");
    let mona = looked_up(world, caseworker(OTHER), anna, Purpose::CaseProcessing).await;
    assert_eq!(read(&mona, printed).await, "not found");
    assert!(waiting(&mona).await.is_empty());
    assert_eq!(read(&citizen(anna), printed).await, denied(Reason::StaffOnly));

    let document = world.service.keep_document(&inge, SCAN).await.unwrap().value.id;
    let signed = Collected::Paper { signed_on: world.now().local_date(), document };
    let yes = world.all(true, printed).await;
    world.service.register_consents(&inge, printed, &yes, &signed).await.unwrap();
    assert_eq!(waiting(&inge).await, [other]);
    assert_eq!(world.service.read_presentation_for(&inge, printed).await.unwrap().answers.len(), yes.len());
    world.ambient.set(world.now().plus_seconds(Means::Paper.answer_within()));
    let late = hans(world, anna).await;
    assert!(waiting(&late).await.is_empty(), "it can no longer be answered");
}
