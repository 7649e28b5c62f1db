//! People are told of what happens to them, and of what ends, once each.

use crate::requesting::{bo_asks, on_behalf};
use tillid_domain::{
    CalendarPeriod, Instant, Language,
    actor::Purpose,
    collected::{AnnulmentGround, Collected},
    id::PersonId,
    presentation::Means,
    request::RequestStanding,
    text::CaseRef,
};
use tillid_service::{Answer, NewLookup, NewPresentation, NewRequest, OutboxNotice, PersonRef, Service};
use tillid_testkit::{
    World,
    catalogue::consent_type,
    log_keys,
    people::{OWN, acting, caseworker, citizen, under},
};

/// What the job does, on one node.
pub(crate) async fn job(service: &Service) {
    service.make_notices().await.unwrap();
    service.tell_of_ends().await.unwrap();
}

/// Everything that happened is in the log, and told.
pub(crate) async fn tell(world: &World) {
    world.service.sequence_all().await.unwrap();
    job(&world.service).await;
}

/// What somebody was told, the oldest first.
pub(crate) async fn told_to(world: &World, person: PersonId) -> Vec<OutboxNotice> {
    let mut told = world.service.notices_to(person).await.unwrap();
    told.reverse();
    told
}

async fn kinds(world: &World, person: PersonId) -> Vec<&'static str> {
    told_to(world, person).await.iter().map(|notice| notice.kind.code()).collect()
}

/// What is new since the last time, to each of them.
async fn news<const N: usize>(
    world: &World,
    people: [PersonId; N],
    known: &mut [usize; N],
) -> [Vec<&'static str>; N] {
    tell(world).await;
    let mut news = [const { Vec::new() }; N];
    for (n, person) in people.into_iter().enumerate() {
        let all = kinds(world, person).await;
        news[n] = all[known[n]..].to_vec();
        known[n] = all.len();
    }
    world.ambient.set(world.now().plus_seconds(60));
    news
}

fn moment(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) async fn r22_what_happens_to_somebody_is_told_to_them_and_what_they_do_is_not(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14", "M18"] {
        world.import(code).await;
    }
    let (both, mut known) = ([anna, bo], [0, 0]);
    let none: Vec<&str> = Vec::new();
    assert_eq!(news(world, both, &mut known).await, [none.clone(), none.clone()]);
    let asked = world.ask(anna, "C15").await;
    assert_eq!(news(world, both, &mut known).await, [vec!["consent_asked"], none.clone()]);
    let shown = world.show(&citizen(anna), asked).await;
    let yes = world.all(true, shown).await;
    let given = world.service.answer_request(&citizen(anna), asked, shown, &yes).await.unwrap().value;
    world.service.withdraw_consent(&citizen(anna), given[0].consent.id).await.unwrap();
    assert_eq!(news(world, both, &mut known).await, [none.clone(), none.clone()], "her own doing");
    let cancelled = world.ask(anna, "C15").await;
    world.service.cancel_request(&caseworker(OWN), cancelled).await.unwrap();
    let told = news(world, both, &mut known).await;
    assert_eq!(told, [vec!["consent_asked", "consent_request_cancelled"], none.clone()]);
    world.give(anna, bo, &["M18"]).await;
    assert_eq!(news(world, both, &mut known).await, [vec!["mandate_given"], vec!["mandate_received"]]);
    // Bo acts for her: some yes, some no, in one message; then he takes a yes back.
    let asked = world.ask(anna, "C15").await;
    let shown = world.show(&acting(bo, anna), asked).await;
    let mut answers = world.all(true, shown).await;
    answers.iter_mut().skip(1).for_each(|answer: &mut Answer| answer.given = false);
    let given = world.service.answer_request(&acting(bo, anna), asked, shown, &answers).await.unwrap().value;
    let told = news(world, both, &mut known).await;
    assert_eq!(told, [vec!["consent_asked", "consent_answered_for_you", "mandate_used"], none.clone()]);
    world.service.withdraw_consent(&acting(bo, anna), given[0].consent.id).await.unwrap();
    assert_eq!(news(world, both, &mut known).await, [vec!["consent_withdrawn_for_you"], none.clone()]);
    // A mandate is ended by either side, and the other is told.
    let revoked = world.give(anna, bo, &["M14"]).await;
    let renounced = world.give(anna, bo, &["M14"]).await;
    assert_eq!(news(world, both, &mut known).await, [vec!["mandate_given"; 2], vec!["mandate_received"; 2]]);
    world.service.revoke_mandate(&citizen(anna), revoked.id).await.unwrap();
    assert_eq!(news(world, both, &mut known).await, [none.clone(), vec!["mandate_ended"]]);
    world.service.renounce_mandate(&citizen(bo), renounced.id).await.unwrap();
    assert_eq!(news(world, both, &mut known).await, [vec!["mandate_ended"], none.clone()]);
    // Bo asks her; she says no, and the next time yes.
    let asked = bo_asks(world, anna, bo).await;
    assert_eq!(news(world, both, &mut known).await, [vec!["mandate_asked"], none.clone()]);
    world.service.decline_mandate_request(&citizen(anna), asked).await.unwrap();
    assert_eq!(news(world, both, &mut known).await, [none.clone(), vec!["mandate_request_declined"]]);
    let asked = bo_asks(world, anna, bo).await;
    let shown = world.try_show(&citizen(anna), NewPresentation::MandateRequest(asked)).await.unwrap();
    world.service.approve_mandate_request(&citizen(anna), asked, shown).await.unwrap();
    let told = news(world, both, &mut known).await;
    assert_eq!(told, [vec!["mandate_asked", "mandate_given"], vec!["mandate_received"]]);
    // An authority asks for him; he did not, and is told nothing of the answer.
    let new = on_behalf(anna, bo, &["M14"]);
    let asked = world.service.ask_for_mandate(&caseworker(OWN), &new).await.unwrap().value.request.id;
    world.service.decline_mandate_request(&citizen(anna), asked).await.unwrap();
    assert_eq!(news(world, both, &mut known).await, [vec!["mandate_asked"], none]);
}

pub(crate) async fn r22_what_staff_registered_or_took_back_is_confirmed_to_the_person(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    tell(world).await;
    let case: CaseRef = "27.36.04-G01-12-26".parse().unwrap();
    let new =
        NewLookup { person: PersonRef::Id(anna), purpose: Purpose::CaseProcessing, case: Some(case.clone()) };
    let found = world.service.look_up(&caseworker(OWN), &new).await.unwrap();
    let hans = under(caseworker(OWN), found.record.id);
    let about = NewPresentation::Consent {
        consent_type: "C15".parse().unwrap(),
        items: Vec::new(),
        case: Some(case),
        proposal: tillid_domain::terms::Proposal::default(),
    };
    let shown = world.service.present_for(&hans, &about, Means::Told, Language::Da).await.unwrap();
    let shown = shown.value.presentation.id;
    let said = Collected::Oral {
        said_at: world.now(),
        note: "Hun sagde ja.".parse().unwrap(),
        why: "Hun kan ikke logge på.".parse().unwrap(),
    };
    let yes = world.all(true, shown).await;
    let given = world.service.register_consents(&hans, shown, &yes, &said).await.unwrap().value;
    tell(world).await;
    assert_eq!(kinds(world, anna).await, ["consent_registered"], "one message for all of it");
    world.ambient.set(world.now().plus_seconds(60));
    let note = "Hun mente en anden.".parse().unwrap();
    let id = given[0].consent.id;
    world.service.annul_consent(&hans, id, AnnulmentGround::WrongContent, &note).await.unwrap();
    tell(world).await;
    assert_eq!(kinds(world, anna).await[1..], ["consent_annulled"]);
    world.pass(CalendarPeriod::months(36));
    tell(world).await;
    let ends = kinds(world, anna).await;
    assert_eq!(ends[2..], ["consent_expired"], "of what was not annulled");
}

pub(crate) async fn r32_the_dead_are_told_nothing_and_whoever_asked_them_learns_nothing(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14"] {
        world.import(code).await;
    }
    world.consent(anna, "C15").await;
    world.give(anna, bo, &["M14"]).await;
    bo_asks(world, anna, bo).await;
    world.ask(anna, "C15").await;
    tell(world).await;
    let before = kinds(world, anna).await;
    world.service.register_death(anna, world.now().local_date()).await.unwrap();
    tell(world).await;
    assert_eq!(kinds(world, anna).await, before, "the dead are told nothing");
    assert_eq!(kinds(world, bo).await, ["mandate_received", "mandate_ended"], "nothing of the question");
    world.pass(CalendarPeriod::months(24));
    tell(world).await;
    assert_eq!(kinds(world, anna).await, before);
    let last = kinds(world, bo).await.pop();
    assert_eq!(last, Some("mandate_request_unanswered"), "as if she had not answered");
}

pub(crate) async fn r32_a_question_of_the_dead_is_told_to_have_lapsed(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    bo_asks(world, anna, bo).await;
    world.give(anna, bo, &["M14"]).await;
    world.service.register_death(bo, world.now().local_date()).await.unwrap();
    tell(world).await;
    let mut told = kinds(world, anna).await;
    told.sort_unstable();
    assert_eq!(told, ["mandate_asked", "mandate_ended", "mandate_given", "mandate_request_ended"]);
    assert_eq!(kinds(world, bo).await, [""; 0], "he died before the post came");
}

/// A request whose last day is 31 March, across the beginning of summer time.
async fn until_end_of_march(world: &World, person: PersonId) {
    let new = NewRequest { deadline: Some("2026-03-31".parse().unwrap()), ..World::question(person, "C15") };
    world.service.ask_for_consent(&caseworker(OWN), &new).await.unwrap();
}

pub(crate) async fn a_question_is_recalled_at_local_midnight_and_its_end_is_told(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    tell(world).await;
    until_end_of_march(world, anna).await;
    for (at, expected) in [
        // Seven days before 1 April, still winter time.
        ("2026-03-24T22:59:59.999999Z", vec!["consent_asked"]),
        ("2026-03-24T23:00:00Z", vec!["consent_asked", "consent_request_waits"]),
        ("2026-03-30T21:59:59.999999Z", vec!["consent_asked", "consent_request_waits"]),
        ("2026-03-30T22:00:00Z", vec!["consent_asked", "consent_request_waits", "consent_request_waits"]),
    ] {
        world.ambient.set(moment(at));
        for _ in 0..3 {
            tell(world).await;
        }
        assert_eq!(kinds(world, anna).await, expected, "{at}");
    }
    world.ambient.set(moment("2026-03-31T22:00:00Z"));
    tell(world).await;
    let last = told_to(world, anna).await.pop().unwrap();
    assert_eq!(last.kind.code(), "consent_request_expired");
    assert!(last.message.body.da.contains("ikke aftalt noget"), "{}", last.message.body.da);
    world.pass(CalendarPeriod::months(120));
    tell(world).await;
    assert_eq!(kinds(world, anna).await.len(), 4, "nothing more");
}

pub(crate) async fn whoever_was_down_over_midnight_tells_once_of_where_it_stands(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    tell(world).await;
    until_end_of_march(world, anna).await;
    world.give(anna, bo, &["M14"]).await;
    tell(world).await;
    // Down for weeks, over both days of the question.
    world.ambient.set(moment("2026-03-31T12:00:00Z"));
    tell(world).await;
    assert_eq!(kinds(world, anna).await, ["consent_asked", "mandate_given", "consent_request_waits"]);
    let said = told_to(world, anna).await.pop().unwrap().message.body.da;
    assert!(said.contains("til og med den 31. marts 2026"), "{said}");
    // Down for a year, over every day of the mandate and its end: of that alone people are told.
    world.ambient.set(moment("2027-03-10T12:00:00Z"));
    tell(world).await;
    tell(world).await;
    assert_eq!(kinds(world, anna).await[3..], ["consent_request_expired", "mandate_expired"]);
    assert_eq!(kinds(world, bo).await, ["mandate_received", "mandate_expired"]);
}

/// The mandate to Bo that can be used for the last time on that day: when was told what of its end.
async fn days_told_of(world: &World, last_day: &str, months: u16) -> Vec<(String, &'static str)> {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    tell(world).await;
    let last_day = last_day.parse().unwrap();
    let new = tillid_service::NewMandate { valid_until: last_day, ..world.mandate_to(bo, &["M14"]) };
    let shown = world.try_show(&citizen(anna), NewPresentation::Mandate(new)).await.unwrap();
    world.service.give_mandate(&citizen(anna), shown).await.unwrap();
    let past = world.now().local_date().plus(CalendarPeriod::months(months));
    let mut day = world.now().local_date().next();
    world.service.sequence_all().await.unwrap();
    while day < past {
        // Just before local midnight, and then.
        for at in [Instant::from_micros(day.start().as_micros() - 1), day.start()] {
            world.ambient.set(at);
            job(&world.service).await;
        }
        day = day.next();
    }
    let ends = told_to(world, bo).await;
    ends.iter().skip(1).map(|n| (n.made_at.to_string()[..16].to_owned(), n.kind.code())).collect()
}

pub(crate) async fn days_before_an_end_are_counted_over_29_february_and_summer_time(world: &World) {
    let engine = world.database.engine;
    let soon = |at: &str| (at.to_owned(), "mandate_ends_soon");
    let over = |at: &str| (at.to_owned(), "mandate_expired");
    // Ends when 27 October begins: summer time until the 25th.
    let autumn = days_told_of(world, "2026-10-26", 8).await;
    let expected = [
        soon("2026-09-26T22:00"),
        soon("2026-10-19T22:00"),
        soon("2026-10-25T23:00"),
        over("2026-10-26T23:00"),
    ];
    assert_eq!(autumn, expected);
    // From December 2027 over a leap day: ends when 15 March 2028 begins.
    let leap = World::new(engine).await;
    leap.ambient.set(moment("2027-12-01T09:00:00Z"));
    let told = days_told_of(&leap, "2028-03-14", 4).await;
    let expected = [
        soon("2028-02-13T23:00"),
        soon("2028-03-07T23:00"),
        soon("2028-03-13T23:00"),
        over("2028-03-14T23:00"),
    ];
    assert_eq!(told, expected);
    leap.check().await;
}

pub(crate) async fn what_ends_before_its_day_is_not_recalled(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    tell(world).await;
    let asked = world.ask(anna, "C15").await;
    let given = world.consent(anna, "C15").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    world.pass(CalendarPeriod::days(1));
    tell(world).await;
    for consent in &given {
        world.service.withdraw_consent(&citizen(anna), consent.consent.id).await.unwrap();
    }
    world.service.cancel_request(&caseworker(OWN), asked).await.unwrap();
    world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
    tell(world).await;
    let before = (kinds(world, anna).await, kinds(world, bo).await);
    world.pass(CalendarPeriod::months(36));
    tell(world).await;
    assert_eq!((kinds(world, anna).await, kinds(world, bo).await), before);
}

pub(crate) async fn consents_of_one_answer_are_recalled_in_one_message(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    assert!(consent_type("C15").items.len() > 1);
    tell(world).await;
    let given = world.consent(anna, "C15").await;
    tell(world).await;
    let end = given[0].consent.answer.valid.to.unwrap();
    world.ambient.set(end.local_date().days_before(30).start());
    tell(world).await;
    tell(world).await;
    assert_eq!(kinds(world, anna).await, ["consent_asked", "consent_ends_soon"]);
    // One of them is withdrawn; the others still end.
    world.service.withdraw_consent(&citizen(anna), given[0].consent.id).await.unwrap();
    world.ambient.set(end);
    tell(world).await;
    assert_eq!(kinds(world, anna).await[2..], ["consent_expired"]);
}

pub(crate) async fn r02_whatever_the_clock_does_no_answer_is_no_consent(world: &World) {
    let turnable = World::turnable(world.database.engine).await;
    let anna = turnable.anna().await;
    let bo = turnable.bo().await;
    turnable.import("C15").await;
    turnable.import("M14").await;
    tell(&turnable).await;
    let asked = turnable.ask(anna, "C15").await;
    let wished = bo_asks(&turnable, anna, bo).await;
    let start = turnable.service.business_now().await.unwrap();
    for years in [0, 1, 5, 40] {
        turnable.service.turn_clock(start.plus_seconds(years * 366 * 86_400)).await.unwrap();
        tell(&turnable).await;
        assert!(turnable.service.turn_clock(start.plus_seconds(-86_400)).await.is_err(), "never back");
        tell(&turnable).await;
        let seen = turnable.service.read_request(&citizen(anna), asked).await.unwrap();
        let standing = seen.0.standing(turnable.service.business_now().await.unwrap());
        let expected = if years == 0 { RequestStanding::Open } else { RequestStanding::ExpiredUnanswered };
        assert_eq!(standing, expected);
        assert!(turnable.service.list_consents(&citizen(anna), None, 10).await.unwrap().items.is_empty());
        assert!(turnable.service.list_mandates(&citizen(anna), None, 10).await.unwrap().0.items.is_empty());
        assert!(turnable.service.read_mandate_request(&citizen(bo), wished).await.is_ok());
    }
    let told = kinds(&turnable, anna).await;
    assert_eq!(
        told,
        ["consent_asked", "mandate_asked", "consent_request_expired", "mandate_request_expired"]
    );
    turnable.check().await;
}

pub(crate) async fn however_many_nodes_tell_everybody_is_told_once(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    tell(world).await;
    for _ in 0..20 {
        until_end_of_march(world, anna).await;
        world.give(anna, bo, &["M14"]).await;
    }
    world.service.sequence_all().await.unwrap();
    at_once(world).await;
    assert_eq!(kinds(world, anna).await.len(), 40);
    for (at, count) in
        [("2026-03-25T12:00:00Z", 20), ("2026-04-01T12:00:00Z", 40), ("2027-03-02T12:00:00Z", 80)]
    {
        world.ambient.set(moment(at));
        at_once(world).await;
        let late = kinds(world, anna).await.len() - 40;
        assert_eq!(late, if count == 80 { 60 } else { count }, "{at}");
    }
    let mut tx = world.store.read().await.unwrap();
    let (cursor, log) = (tx.notice_cursor().await.unwrap(), tx.log_head().await.unwrap().unwrap());
    assert_eq!(cursor.next_entry, log.size, "everything has been looked at");
}

/// Three nodes at the same time.
async fn at_once(world: &World) {
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let node = World::service_on(&world.store, &world.ambient, false, log_keys());
        nodes.spawn(async move {
            for _ in 0..3 {
                // Whoever finds the database busy comes again.
                let _ = node.make_notices().await;
                let _ = node.tell_of_ends().await;
            }
        });
    }
    while let Some(done) = nodes.join_next().await {
        done.unwrap();
    }
    job(&world.service).await;
}

pub(crate) async fn what_was_there_before_there_were_notices_is_not_told(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    world.ask(anna, "C15").await;
    world.service.sequence_all().await.unwrap();
    // As after an upgrade: the cursor begins where the log is.
    let skip = "UPDATE notice_cursor SET next_entry = (SELECT size FROM log_head)";
    world.database.administrator().await.execute(skip).await.unwrap();
    tell(world).await;
    assert_eq!(kinds(world, anna).await, [""; 0]);
}
