//! May this person act, and does a consent hold: the answers, their records, and their two times.

use crate::expect::{denied, told};
use tillid_domain::{
    CalendarPeriod, Cvr, Instant, LocalDate, Reason,
    access::{AccessRecord, Act, Outcome},
    actor::{Purpose, Scope},
    decision::{Answer, Missing, Operation, Verdict},
    id::{ConsentId, MandateId, PersonId},
    mandate::Mandate,
};
use tillid_service::{
    AskedAbout, Call, Decided, Error, KnownAt, NewPresentation, PersonRef, Question, SearchFor, Searched,
    StatedPurpose,
};
use tillid_testkit::{
    Engine, World,
    catalogue::{consent_type, cvr},
    people::{OTHER, OWN, acting, caseworker, citizen, machine, scoped},
};

const AID: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle";
const CASE: &str = "27.36.04-G01-12-26";

fn about(representative: PersonId, privilege: &str, grantor: PersonId) -> Question {
    Question {
        about: AskedAbout::Acting {
            representative: PersonRef::Id(representative),
            privilege: privilege.parse().unwrap(),
            grantor: PersonRef::Id(grantor),
        },
        purpose: Some(StatedPurpose::Known(Purpose::AutomatedStep)),
        case: Some(CASE.parse().unwrap()),
        valid_at: None,
        known_at: KnownAt::Now,
    }
}

/// Whether the authority may obtain what the first item of the type is about.
pub(crate) fn data(person: PersonId, authority: Cvr, code: &str) -> Question {
    let of = consent_type(code);
    let item = of.items.first().unwrap();
    Question {
        about: AskedAbout::Consent {
            authority,
            operation: if item.sources.is_empty() { Operation::Use } else { Operation::Obtain },
            person: PersonRef::Id(person),
            category: item.data.first().unwrap().code.clone(),
            consent_type: None,
            source: None,
            recipient: None,
        },
        ..about(person, AID, person)
    }
}

fn for_a_case(question: Question) -> Question {
    Question { purpose: Some(StatedPurpose::Known(Purpose::CaseProcessing)), ..question }
}

pub(crate) async fn ask(world: &World, call: &Call, question: Question) -> Decided {
    let mut answers = world.service.decide(call, vec![question]).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers.pop().unwrap()
}

fn reason(decided: &Decided) -> Option<Reason> {
    match decided.answer.verdict {
        Verdict::No(reason) => Some(reason),
        Verdict::Yes { .. } => None,
    }
}

async fn log(world: &World, person: PersonId) -> Vec<AccessRecord> {
    world.service.access_log(&citizen(person), None, 200).await.unwrap().items
}

pub(crate) async fn d2_a_yes_names_its_basis_and_a_no_its_reason(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let before = ask(world, &machine(OWN), about(bo, AID, anna)).await;
    assert_eq!(reason(&before), Some(Reason::NoPower));
    let mandate = world.give(anna, bo, &["M14"]).await;
    world.pass(CalendarPeriod::days(1));
    let yes = ask(world, &machine(OWN), about(bo, AID, anna)).await;
    let Verdict::Yes { basis, valid_until } = &yes.answer.verdict else { panic!("{yes:?}") };
    assert_eq!(basis[0].id, mandate.id.as_uuid());
    assert_eq!((basis[0].kind.as_str(), basis[0].version), ("MANDATE_DIGITAL", 1));
    assert_eq!(*valid_until, Some(mandate.valid.to));
    assert!(yes.answer.would_permit.is_empty());
    assert_eq!(reason(&ask(world, &machine(OWN), about(anna, AID, bo)).await), Some(Reason::NoPower));
    world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
    let told_to = async |call: &Call, question| reason(&ask(world, call, question).await);
    assert_eq!(told_to(&machine(OWN), about(bo, AID, anna)).await, Some(Reason::PowerEnded));
    assert_eq!(told_to(&caseworker(OWN), for_a_case(about(bo, AID, anna))).await, Some(Reason::PowerRevoked));
    for party in [anna, bo] {
        assert_eq!(told_to(&citizen(party), about(bo, AID, anna)).await, Some(Reason::PowerRevoked));
    }
}

/// Whoever is not concerned learns as much as if there were nothing, and it stands in the log of whom it concerns.
pub(crate) async fn a_stranger_is_answered_as_if_there_were_nothing(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let stranger = world.person("Clara", "6101710025").await;
    let ask = async || {
        let answer = ask(world, &citizen(stranger), about(bo, AID, anna)).await.answer;
        Answer { would_permit: Vec::new(), ..answer }
    };
    let nothing = ask().await;
    world.give(anna, bo, &["M14"]).await;
    assert_eq!(ask().await, nothing);
    assert_eq!(nothing, Answer::no(Reason::NoPower));
    let tried = log(world, anna).await;
    assert_eq!(
        tried.iter().filter(|r| r.outcome == Outcome::Refused).count(),
        2,
        "she sees who tried: {tried:?}"
    );
    assert!(!world.service.decide(&citizen(anna), vec![about(bo, AID, anna)]).await.unwrap().is_empty());
    assert_eq!(log(world, anna).await.len(), 2, "what she asks of her own affairs is no look at them");
}

pub(crate) async fn every_answer_stands_in_the_log_of_whom_it_concerns(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let first = ask(world, &machine(OWN), about(bo, AID, anna)).await;
    world.give(anna, bo, &["M14"]).await;
    let second = ask(world, &machine(OWN), about(bo, AID, anna)).await;
    let third = ask(world, &machine(OTHER), about(bo, AID, anna)).await;
    let unsaid = Question { purpose: Some(StatedPurpose::Unknown), ..about(bo, AID, anna) };
    let fourth = ask(world, &machine(OWN), unsaid).await;
    let log = log(world, anna).await;
    let of = |decided: &Decided| log.iter().find(|record| record.id == decided.id).unwrap();
    for (decided, outcome, reason) in [
        (&first, Outcome::Nothing, Some("no_power")),
        (&second, Outcome::Found, None),
        (&third, Outcome::Nothing, Some("privilege_not_here")),
        (&fourth, Outcome::Refused, Some("purpose_not_allowed")),
    ] {
        let record = of(decided);
        let decision = record.decision.as_ref().unwrap();
        assert_eq!((record.outcome, decision.reason.as_deref()), (outcome, reason));
        assert_eq!(decision.decision, decided.answer.is_yes());
        assert_eq!(record.case.as_ref().unwrap().as_str(), CASE);
    }
    assert_eq!(
        of(&second).decision.as_ref().unwrap().seen.person,
        of(&first).decision.as_ref().unwrap().seen.person + 2
    );
}

pub(crate) async fn r12_what_is_not_said_or_not_allowed_is_a_no_with_a_code(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.give(anna, bo, &["M14"]).await;
    let with = |purpose| Question { purpose, ..about(bo, AID, anna) };
    let told_to = async |call: &Call, question| reason(&ask(world, call, question).await);
    let step = Some(StatedPurpose::Known(Purpose::AutomatedStep));
    let supervision = Some(StatedPurpose::Known(Purpose::Supervision));
    assert_eq!(told_to(&machine(OWN), with(supervision)).await, Some(Reason::PurposeNotAllowed));
    assert_eq!(
        told_to(&machine(OWN), with(Some(StatedPurpose::Unknown))).await,
        Some(Reason::PurposeNotAllowed)
    );
    let no_case = Question { case: None, ..with(step) };
    assert_eq!(told_to(&machine(OWN), no_case).await, Some(Reason::CaseMissing));
    assert_eq!(told_to(&caseworker(OWN), with(None)).await, Some(Reason::PurposeMissing));
    assert_eq!(told_to(&caseworker(OWN), with(step)).await, Some(Reason::PurposeNotAllowed));
    let weak = scoped(machine(OWN), vec![Scope::Search]);
    assert_eq!(told(world.service.decide(&weak, vec![with(step)]).await), denied(Reason::ScopeMissing));
    let other = acting(bo, anna);
    assert_eq!(told(world.service.decide(&other, vec![with(None)]).await), denied(Reason::OnlyInPerson));
}

pub(crate) async fn d3_giving_what_would_permit_makes_the_no_a_yes(world: &World) {
    world.import("M14").await;
    world.import("C02").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let no = ask(world, &machine(OWN), about(bo, AID, anna)).await;
    let [Missing::MandateRequest { packages, privileges, case, .. }] = no.answer.would_permit.as_slice()
    else {
        panic!("{no:?}")
    };
    let new = tillid_service::NewMandate {
        packages: packages.clone(),
        privileges: privileges.clone(),
        case: case.clone(),
        ..world.mandate_to(bo, &[])
    };
    let shown = world.try_show(&citizen(anna), NewPresentation::Mandate(new)).await.unwrap();
    world.service.give_mandate(&citizen(anna), shown).await.unwrap();
    assert!(ask(world, &machine(OWN), about(bo, AID, anna)).await.answer.is_yes());
    let no = ask(world, &machine(OWN), data(anna, cvr(OWN), "C02")).await;
    assert_eq!(reason(&no), Some(Reason::NoConsent));
    let [Missing::ConsentRequest { consent_type, items, case, person }] = no.answer.would_permit.as_slice()
    else {
        panic!("{no:?}")
    };
    let new = tillid_service::NewRequest {
        person: PersonRef::Id(person.id),
        consent_type: consent_type.clone(),
        items: items.clone(),
        case: case.clone(),
        deadline: None,
        proposal: tillid_domain::terms::Proposal::default(),
    };
    let request = world.service.ask_for_consent(&machine(OWN), &new).await.unwrap().value.id;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(true, shown).await;
    world.service.answer_request(&citizen(anna), request, shown, &answers).await.unwrap();
    let yes = ask(world, &machine(OWN), data(anna, cvr(OWN), "C02")).await;
    assert!(yes.answer.is_yes(), "{yes:?}");
}

/// A thousand questions with some about nobody among them; each gets its own answer.
pub(crate) async fn d7_a_batch_of_a_thousand_is_answered_in_its_order(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.give(anna, bo, &["M14"]).await;
    let nobody = PersonId::from_uuid(uuid::Uuid::from_u128(77));
    let question = |n: usize| match n % 4 {
        0 => about(bo, AID, anna),
        1 => about(anna, AID, bo),
        2 => about(nobody, AID, anna),
        _ => about(bo, "urn:dk:eksempelkommune:fuldmagt:findes:ikke", anna),
    };
    let answers = world.service.decide(&machine(OWN), (0..1000).map(question).collect()).await.unwrap();
    assert_eq!(answers.len(), 1000);
    for (n, answer) in answers.iter().enumerate() {
        let expected = match n % 4 {
            0 => None,
            3 => Some(Reason::PrivilegeNotHere),
            _ => Some(Reason::NoPower),
        };
        assert_eq!(reason(answer), expected, "{n}");
        assert_eq!(answer.missed, n % 4 == 2, "{n}: only somebody who is not known is a miss");
    }
    let ids: std::collections::BTreeSet<_> = answers.iter().map(|a| a.id).collect();
    assert_eq!(ids.len(), 1000);
    // What is not the asker's to ask about is answered alike about everybody, so it tells nobody who is known.
    for (representative, grantor) in [(bo, anna), (nobody, anna), (bo, nobody), (nobody, nobody)] {
        let foreign = about(representative, "urn:dk:eksempelkommune:fuldmagt:findes:ikke", grantor);
        let answer = ask(world, &machine(OWN), foreign).await.answer;
        assert_eq!(answer, Answer::no(Reason::PrivilegeNotHere));
    }
}

/// Where the clock was turned, whatever moment is asked about, and as known whenever.
pub(crate) async fn a_question_is_recorded_at_business_time(world: &World) {
    let turned = World::turnable(world.database.engine).await;
    let (anna, bo) = (turned.anna().await, turned.bo().await);
    turned.import("M14").await;
    let start = turned.service.business_now().await.unwrap();
    let later = start.plus_seconds(40 * 24 * 3600);
    turned.service.turn_clock(later).await.unwrap();
    let question = about(bo, AID, anna);
    for question in [
        question.clone(),
        Question { valid_at: Some(start), ..question.clone() },
        Question { known_at: KnownAt::Time(later), ..question.clone() },
        Question { known_at: KnownAt::Time(later), valid_at: Some(start), ..question },
    ] {
        ask(&turned, &machine(OWN), question).await;
    }
    let asked: Vec<Instant> =
        log(&turned, anna).await.iter().filter(|r| r.act == Act::Decide).map(|r| r.at).collect();
    assert_eq!(asked, [later; 4]);
    turned.check().await;
}

/// What makes a database refuse rows of a table, and what makes it take them again.
fn refusal(engine: Engine) -> (Vec<&'static str>, Vec<&'static str>) {
    match engine {
        Engine::Sqlite => (
            vec![
                "CREATE TRIGGER no_records BEFORE INSERT ON access_record BEGIN SELECT RAISE(ABORT, 'no'); END",
            ],
            vec!["DROP TRIGGER no_records"],
        ),
        Engine::Postgres => (
            vec![
                "CREATE FUNCTION no_records() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
                "CREATE TRIGGER no_records BEFORE INSERT ON access_record FOR EACH ROW EXECUTE FUNCTION no_records()",
            ],
            vec!["DROP TRIGGER no_records ON access_record", "DROP FUNCTION no_records"],
        ),
    }
}

pub(crate) async fn d6_an_answer_that_cannot_be_recorded_is_not_given(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.give(anna, bo, &["M14"]).await;
    let (refuse, allow) = refusal(world.database.engine);
    let mut administrator = world.database.administrator().await;
    for sql in refuse {
        administrator.execute(sql).await.unwrap();
    }
    for known_at in [KnownAt::Now, KnownAt::Time(world.now())] {
        let question = Question { known_at, ..about(bo, AID, anna) };
        let outcome = world.service.decide(&machine(OWN), vec![question]).await;
        assert!(matches!(outcome, Err(Error::Busy(_))), "{outcome:?}");
    }
    let outcome = world.service.search(&machine(OWN), &who_may(anna)).await;
    assert!(matches!(outcome, Err(Error::Busy(_))), "{outcome:?}");
    for sql in allow {
        administrator.execute(sql).await.unwrap();
    }
    assert!(ask(world, &machine(OWN), about(bo, AID, anna)).await.answer.is_yes());
}

fn searched(search: SearchFor) -> Searched {
    Searched {
        search,
        purpose: Some(StatedPurpose::Known(Purpose::AutomatedStep)),
        case: Some(CASE.parse().unwrap()),
        valid_at: None,
        after: None,
        limit: 50,
    }
}

fn who_may(grantor: PersonId) -> Searched {
    searched(SearchFor::Representatives { grantor: PersonRef::Id(grantor), privilege: AID.parse().unwrap() })
}

/// What is searched for is what the same question is answered yes; whoever is found has it in their log.
pub(crate) async fn d1_a_search_finds_what_a_decision_says_yes_to(world: &World) {
    world.import("M14").await;
    world.import("C02").await;
    let anna = world.anna().await;
    let mut helpers = Vec::new();
    for n in 0..7 {
        let helper = world.person(&format!("Helper-{n}"), &format!("61017101{n:02}")).await;
        let mandate = world.give(anna, helper, &["M14"]).await;
        if n % 3 == 0 {
            world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
        }
        helpers.push(helper);
    }
    let mut expected = Vec::new();
    for helper in &helpers {
        if ask(world, &machine(OWN), about(*helper, AID, anna)).await.answer.is_yes() {
            expected.push(*helper);
        }
    }
    expected.sort();
    assert_eq!(expected.len(), 4);
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..10 {
        let part = Searched { after: after.clone(), limit: 2, ..who_may(anna) };
        let part = world.service.search(&machine(OWN), &part).await.unwrap();
        found.extend(part.persons);
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
    let grantors = |who| {
        let representative = PersonRef::Id(who);
        searched(SearchFor::Grantors { representative, privilege: AID.parse().unwrap() })
    };
    let of = async |search: Searched| world.service.search(&machine(OWN), &search).await.unwrap();
    assert_eq!(of(grantors(expected[0])).await.persons, [anna]);
    assert_eq!(of(grantors(anna)).await.persons, []);
    let privileges = |who| {
        searched(SearchFor::Privileges { representative: PersonRef::Id(who), grantor: PersonRef::Id(anna) })
    };
    assert_eq!(of(privileges(expected[0])).await.privileges.len(), 5);
    assert_eq!(of(privileges(helpers[0])).await.privileges, []);
    let elsewhere = world.service.search(&machine(OTHER), &privileges(expected[0])).await.unwrap();
    assert_eq!(elsewhere.privileges, [], "another authority's privileges are not told");
    let seen: Vec<_> = log(world, expected[0]).await.into_iter().map(|r| r.act.code()).collect();
    assert!(seen.iter().filter(|act| **act == "search").count() >= 2, "{seen:?}");

    world.consent(anna, "C02").await;
    let item = consent_type("C02").items[0].clone();
    let consenting = searched(SearchFor::Consenting {
        authority: cvr(OWN),
        operation: Operation::Use,
        category: item.data[0].code.clone(),
        consent_type: None,
        source: None,
        recipient: None,
    });
    assert_eq!(of(consenting.clone()).await.persons, [anna]);
    assert_eq!(world.service.search(&machine(OTHER), &consenting).await.unwrap().persons, []);
    let weak = scoped(machine(OWN), vec![Scope::Decide]);
    assert_eq!(told(world.service.search(&weak, &consenting).await), denied(Reason::ScopeMissing));
}

/// What one asks, how it was answered, and by which record.
struct Given {
    question: Question,
    by: Call,
    answer: Decided,
    at: Instant,
}

/// A number that repeats: the history of a seed is always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Whatever became known since, an answer is given again as it was: by its decision exactly, and by its time where nothing else
/// happened in the same microsecond.
pub(crate) async fn d4_every_answer_ever_given_is_given_again(world: &World) {
    world.import("M14").await;
    world.import("C02").await;
    for seed in 0..2_u64 {
        let numbers = (seed * 2, seed * 2 + 1);
        let anna = world.person(&format!("Anna-{seed}"), &format!("7405430{:03}", numbers.0)).await;
        let bo = world.person(&format!("Bo-{seed}"), &format!("6101711{:03}", numbers.1)).await;
        let mut dice = Dice(seed + 1);
        let given = history(world, anna, bo, &mut dice).await;
        assert!(
            given.iter().any(|g| g.answer.answer.is_yes()) && given.iter().any(|g| !g.answer.answer.is_yes())
        );
        for (n, past) in given.iter().enumerate() {
            for known_at in [KnownAt::Decision(past.answer.id), KnownAt::Time(past.at)] {
                let again = Question { known_at, ..past.question.clone() };
                let answer = ask(world, &past.by, again).await.answer;
                assert_eq!(
                    answer, past.answer.answer,
                    "seed {seed}, answer {n}, {known_at:?}: {:?}",
                    past.question
                );
            }
        }
        let others = Question { known_at: KnownAt::Decision(given[0].answer.id), ..about(bo, AID, anna) };
        let refused = ask(world, &machine(OTHER), others).await;
        assert_eq!(reason(&refused), Some(Reason::DecisionUnknown));
    }
}

async fn history(world: &World, anna: PersonId, bo: PersonId, dice: &mut Dice) -> Vec<Given> {
    let (mut mandates, mut consents): (Vec<MandateId>, Vec<ConsentId>) = (Vec::new(), Vec::new());
    let mut given = Vec::new();
    let mut alive = true;
    for _ in 0..16 {
        world.ambient.set(world.now().plus_seconds(i64::try_from(dice.roll(200_000)).unwrap() + 1));
        match dice.roll(8) {
            0 | 1 if alive => mandates.push(give(world, anna, bo, dice).await.id),
            2 if !mandates.is_empty() => {
                let id = mandates.swap_remove(usize::try_from(dice.roll(mandates.len() as u64)).unwrap());
                let by = if dice.roll(2) == 0 { citizen(anna) } else { citizen(bo) };
                let _ = world.service.revoke_mandate(&by, id).await;
                let _ = world.service.renounce_mandate(&citizen(bo), id).await;
            }
            3 if alive && consents.len() < 4 => consents.push(world.one_consent(anna, "C02").await),
            4 if !consents.is_empty() => {
                let _ = world.service.withdraw_consent(&citizen(anna), consents.swap_remove(0)).await;
            }
            5 if alive && dice.roll(4) == 0 => {
                // It became known five days later.
                let days = world.now().local_date();
                let on = (0..5).fold(days, |day, _| day_before(day));
                world.service.register_death(anna, on).await.unwrap();
                alive = false;
            }
            _ => {}
        }
        world.ambient.set(world.now().plus_seconds(1));
        for question in questions(world, anna, bo, dice) {
            let by = if dice.roll(3) == 0 { caseworker(OWN) } else { machine(OWN) };
            let question = if matches!(by.actor.who, tillid_domain::actor::Who::Employee(_)) {
                for_a_case(question)
            } else {
                question
            };
            let answer = ask(world, &by, question.clone()).await;
            given.push(Given { question, by, answer, at: world.now() });
        }
    }
    given
}

fn day_before(day: LocalDate) -> LocalDate {
    day.start().plus_seconds(-3600).local_date()
}

async fn give(world: &World, anna: PersonId, bo: PersonId, dice: &mut Dice) -> Mandate {
    let case = (dice.roll(2) == 0).then(|| CASE.parse().unwrap());
    let until =
        world.now().local_date().plus(CalendarPeriod::days(u16::try_from(dice.roll(20)).unwrap() + 1));
    let new = tillid_service::NewMandate { case, valid_until: until, ..world.mandate_to(bo, &["M14"]) };
    let shown = world.try_show(&citizen(anna), NewPresentation::Mandate(new)).await.unwrap();
    world.service.give_mandate(&citizen(anna), shown).await.unwrap().value
}

fn questions(world: &World, anna: PersonId, bo: PersonId, dice: &mut Dice) -> Vec<Question> {
    let earlier = world.now().plus_seconds(-i64::try_from(dice.roll(500_000)).unwrap());
    let later = world.now().plus_seconds(i64::try_from(dice.roll(500_000)).unwrap());
    let mut questions = vec![about(bo, AID, anna), data(anna, cvr(OWN), "C02")];
    questions.push(Question { valid_at: Some(earlier), ..about(bo, AID, anna) });
    questions.push(Question { valid_at: Some(later), ..data(anna, cvr(OWN), "C02") });
    questions
}

/// What a system learns does not depend on what is not its business: how a power ended, what the person has with others, what they
/// once said no to.
pub(crate) async fn d2_protected_facts_change_nothing_that_a_system_is_told(world: &World) {
    let other = World::new(world.database.engine).await;
    let mut told: Vec<Vec<String>> = Vec::new();
    for (world, is_other) in [(world, false), (&other, true)] {
        for code in ["M14", "M04", "C02", "C05"] {
            world.import(code).await;
        }
        let (anna, bo) = (world.anna().await, world.bo().await);
        let clara = world.person("Clara", "6101710025").await;
        let kept = world.give(anna, bo, &["M14"]).await;
        let ended = world.give(anna, clara, &["M14"]).await;
        world.pass(CalendarPeriod::months(1));
        if is_other {
            // Gave up instead of revoked; health with the hospital; a no to a question; somebody else's affairs.
            world.service.renounce_mandate(&citizen(clara), ended.id).await.unwrap();
            world.give(anna, bo, &["M04"]).await;
            let request = world.ask(anna, "C02").await;
            let shown = world.show(&citizen(anna), request).await;
            let answers = world.all(false, shown).await;
            world.service.answer_request(&citizen(anna), request, shown, &answers).await.unwrap();
            world.consent(bo, "C05").await;
        } else {
            world.service.revoke_mandate(&citizen(anna), ended.id).await.unwrap();
        }
        world.pass(CalendarPeriod::days(1));
        let mut answers = Vec::new();
        for question in [
            about(bo, AID, anna),
            about(clara, AID, anna),
            about(bo, "urn:dk:sundheddk:fuldmagt:journal:ejournal:laes", anna),
            data(anna, cvr(OWN), "C02"),
            data(anna, cvr(OTHER), "C02"),
        ] {
            let Decided { answer, missed: _, id: _ } = ask(world, &machine(OWN), question).await;
            answers.push(format!("{answer:?}"));
        }
        for search in [
            who_may(anna),
            searched(SearchFor::Privileges {
                representative: PersonRef::Id(bo),
                grantor: PersonRef::Id(anna),
            }),
            searched(SearchFor::Grantors {
                representative: PersonRef::Id(clara),
                privilege: AID.parse().unwrap(),
            }),
        ] {
            answers.push(format!("{:?}", world.service.search(&machine(OWN), &search).await.unwrap()));
        }
        assert!(answers[0].contains(&kept.id.as_uuid().to_string()), "the yes is a yes in both");
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    other.check().await;
}
