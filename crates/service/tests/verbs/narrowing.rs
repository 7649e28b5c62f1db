//! What is asked for and given within less than its type allows.

use crate::{
    collecting::{CASE, hans},
    deciding::ask,
    expect::{denied, invalid, rule, told},
};
use serde_json::Value;
use tillid_domain::{
    Instant, Language, Reason,
    actor::Purpose,
    catalogue::{ConsentType, Definition, Named},
    collected::Collected,
    consent::ConsentStanding,
    decision::{Operation, Verdict},
    id::PersonId,
    presentation::Means,
    request::RequestStanding,
    terms::Proposal,
};
use tillid_service::{AskedAbout, KnownAt, NewPresentation, NewRequest, PersonRef, Question, StatedPurpose};
use tillid_testkit::{
    World,
    catalogue::{consent_type, cvr},
    people::{OWN, citizen, machine},
};

fn moment(text: &str) -> Instant {
    text.parse().unwrap()
}

/// C06, whose first specific consent has a second recipient, in use.
async fn imported(world: &World) -> ConsentType {
    let mut of = consent_type("C06");
    let other = Named { code: "pension-fund".parse().unwrap(), name: of.items[1].recipients[0].name.clone() };
    of.items[0].recipients.push(other);
    world.service.import_entry(Definition::ConsentType(Box::new(of.clone()))).await.unwrap();
    of
}

/// The first specific consent alone, within these terms.
fn request(person: PersonId, of: &ConsentType, proposal: Proposal) -> NewRequest {
    let items = vec![of.items[0].code.clone()];
    NewRequest { items, case: Some(CASE.parse().unwrap()), proposal, ..World::question(person, "C06") }
}

fn one_recipient(of: &ConsentType) -> Proposal {
    Proposal { recipients: vec![of.items[0].recipients[0].code.clone()], ..Proposal::default() }
}

/// Whether the authority may disclose that to the recipient.
fn disclose(person: PersonId, of: &ConsentType, recipient: &str) -> Question {
    let item = &of.items[0];
    Question {
        about: AskedAbout::Consent {
            authority: cvr(OWN),
            operation: Operation::Disclose,
            person: PersonRef::Id(person),
            category: item.data[0].code.clone(),
            consent_type: None,
            source: None,
            recipient: Some(recipient.parse().unwrap()),
        },
        purpose: Some(StatedPurpose::Known(Purpose::AutomatedStep)),
        case: Some(CASE.parse().unwrap()),
        valid_at: None,
        known_at: KnownAt::Now,
    }
}

async fn verdict(world: &World, question: Question) -> Result<Option<Instant>, Reason> {
    match ask(world, &machine(OWN), question).await.answer.verdict {
        Verdict::Yes { valid_until, .. } => Ok(valid_until),
        Verdict::No(reason) => Err(reason),
    }
}

pub(crate) async fn c7_c8_what_was_asked_for_is_what_is_given_and_no_more(world: &World) {
    let anna = world.anna().await;
    let of = imported(world).await;
    let proposal = Proposal { valid_for: Some("P3M".parse().unwrap()), ..one_recipient(&of) };
    let asked = world.service.ask_for_consent(&hans(world, anna).await, &request(anna, &of, proposal)).await;
    let asked = asked.unwrap().value;
    assert!(!asked.terms.is_whole());
    let shown =
        world.service.present(&citizen(anna), &NewPresentation::Request(asked.id), Language::Da).await;
    let shown = shown.unwrap().value;
    let document: Value = serde_json::from_slice(&shown.document).unwrap();
    assert_eq!(document["items"][0]["recipients"].as_array().unwrap().len(), 1, "{document}");
    assert!(document["duration"].as_str().unwrap().contains("3 måneder"), "{document}");
    let shown = shown.presentation.id;
    let answers = world.all(true, shown).await;
    let given = world.service.answer_request(&citizen(anna), asked.id, shown, &answers).await.unwrap().value;
    let end = moment("2026-06-01T22:00:00Z");
    assert_eq!(given[0].consent.answer.valid.to, Some(end));
    assert_eq!(given[0].of.items[0].recipients.len(), 1, "nobody is told of another recipient");
    let id = given[0].consent.id;
    let read = world.service.read_consent(&citizen(anna), id).await.unwrap();
    assert_eq!(read.consent, given[0].consent);

    let (within, beyond) = (of.items[0].recipients[0].code.as_str(), "pension-fund");
    assert_eq!(verdict(world, disclose(anna, &of, within)).await, Ok(Some(end)));
    assert_eq!(verdict(world, disclose(anna, &of, beyond)).await, Err(Reason::ConsentDoesNotCover));
    let now = world.now();
    let known = |question: Question| Question { known_at: KnownAt::Time(now), ..question };
    world.ambient.set(end.plus_seconds(-1));
    assert_eq!(verdict(world, disclose(anna, &of, within)).await, Ok(Some(end)));
    assert_eq!(
        verdict(world, known(disclose(anna, &of, beyond))).await,
        Err(Reason::ConsentDoesNotCover),
        "from the journal, too"
    );
    world.ambient.set(end);
    assert_eq!(
        verdict(world, disclose(anna, &of, within)).await,
        Err(Reason::ConsentEnded),
        "as a system is told"
    );
}

pub(crate) async fn r15_r27_more_than_the_type_or_the_law_allows_is_not_asked_for(world: &World) {
    let anna = world.anna().await;
    let of = imported(world).await;
    let hans = hans(world, anna).await;
    let day = |text: &str| Some(text.parse().unwrap());
    let until = |text: &str| Proposal { valid_until: day(text), ..Proposal::default() };
    let codes = |text: &str| vec![text.parse().unwrap()];
    for (proposal, at, reason) in [
        (until("2027-03-02"), "/valid_until", Reason::LegalCap),
        (until("2026-03-01"), "/valid_until", Reason::EndDatePast),
        (
            Proposal { valid_for: Some("P2Y".parse().unwrap()), ..Proposal::default() },
            "/valid_for",
            Reason::LegalCap,
        ),
        (Proposal { sources: codes("bank"), ..Proposal::default() }, "/sources/0", Reason::WiderThanType),
        (
            Proposal { recipients: codes("employer"), ..Proposal::default() },
            "/recipients/0",
            Reason::WiderThanType,
        ),
    ] {
        let refused = world.service.ask_for_consent(&hans, &request(anna, &of, proposal.clone())).await;
        assert_eq!(told(refused), invalid(at, reason), "{proposal:?}");
        let unasked = NewPresentation::Consent {
            consent_type: of.code.clone(),
            items: vec![of.items[0].code.clone()],
            case: Some(CASE.parse().unwrap()),
            proposal: proposal.clone(),
        };
        let refused = world.service.present_for(&hans, &unasked, Means::Paper, Language::Da).await;
        assert_eq!(told(refused), invalid(at, reason), "{proposal:?}");
    }
    let late = NewRequest { deadline: day("2026-03-12"), ..request(anna, &of, until("2026-03-11")) };
    let refused = world.service.ask_for_consent(&hans, &late).await;
    assert_eq!(told(refused), invalid("/deadline", Reason::DeadlineAfterEnd));
    let stranger = world.service.ask_for_consent(&citizen(anna), &late).await;
    assert_eq!(told(stranger), denied(Reason::StaffOnly));
}

pub(crate) async fn what_is_asked_for_until_a_day_is_answered_by_then_or_never(world: &World) {
    let anna = world.anna().await;
    let of = imported(world).await;
    let proposal = Proposal { valid_until: Some("2026-03-29".parse().unwrap()), ..Proposal::default() };
    let asked = world.service.ask_for_consent(&hans(world, anna).await, &request(anna, &of, proposal)).await;
    let asked = asked.unwrap().value;
    // Summer time begins that day, which is an hour shorter.
    let over = moment("2026-03-29T22:00:00Z");
    assert_eq!(asked.deadline, over);
    world.ambient.set(over.plus_seconds(-3600));
    let shown = world.show(&citizen(anna), asked.id).await;
    let yes = world.all(true, shown).await;
    for (clock, standing) in [
        (over, RequestStanding::ExpiredUnanswered),
        (over.plus_seconds(40 * 366 * 86_400), RequestStanding::ExpiredUnanswered),
        // A clock that goes back, and one that is at the last moment.
        (over.plus_seconds(-86_400), RequestStanding::Open),
        (over, RequestStanding::ExpiredUnanswered),
    ] {
        world.ambient.set(clock);
        let (request, _, now) = world.service.read_request(&citizen(anna), asked.id).await.unwrap();
        assert_eq!(request.standing(now), standing, "{clock}");
        assert!(world.service.list_consents(&citizen(anna), None, 10).await.unwrap().items.is_empty());
        if standing == RequestStanding::ExpiredUnanswered {
            let late = world.service.answer_request(&citizen(anna), asked.id, shown, &yes).await;
            assert_eq!(told(late), rule(Reason::RequestExpired));
        }
    }
    world.ambient.set(over.plus_seconds(-1));
    let given = world.service.answer_request(&citizen(anna), asked.id, shown, &yes).await.unwrap().value;
    assert_eq!((given[0].standing, given[0].consent.answer.valid.to), (ConsentStanding::Active, Some(over)));
    world.ambient.set(over);
    let read = world.service.read_consent(&citizen(anna), given[0].consent.id).await.unwrap();
    assert_eq!(read.standing, ConsentStanding::Expired);
}

pub(crate) async fn c8_what_is_registered_on_paper_or_for_one_time_has_its_terms(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let of = consent_type("C01");
    let hans = hans(world, anna).await;
    let about = NewPresentation::Consent {
        consent_type: of.code.clone(),
        items: vec![of.items[0].code.clone()],
        case: Some(CASE.parse().unwrap()),
        proposal: Proposal {
            valid_until: Some("2026-04-30".parse().unwrap()),
            once: Some(true),
            ..Proposal::default()
        },
    };
    let shown = world.service.present_for(&hans, &about, Means::Told, Language::Da).await.unwrap().value;
    let shown = shown.presentation.id;
    let yes = world.all(true, shown).await;
    let text = |text: &str| text.parse().unwrap();
    let said = Collected::Oral { said_at: world.now(), note: text("Hun sagde ja."), why: text("Telefon.") };
    let given = world.service.register_consents(&hans, shown, &yes, &said).await.unwrap().value;
    assert_eq!(given[0].consent.answer.valid.to, Some(moment("2026-04-30T22:00:00Z")));
    assert!(given[0].of.duration.once && !of.duration.once);
    let used = world.service.use_up_consent(&hans, given[0].consent.id).await.unwrap().value;
    assert_eq!(used.standing, ConsentStanding::Lapsed);
}
