//! Somebody asks for a mandate, and the person who is asked answers.

use crate::expect::{denied, invalid, rule, told};
use tillid_domain::{
    CalendarPeriod, Instant, Reason,
    access::{Act, Outcome},
    actor::{Actor, Employee, Purpose, Role, Scope, Sensitivity},
    catalogue::{Definition, MandatePackage, RepresentativeKind},
    event::EndCause,
    id::{MandateId, MandateRequestId, PersonId, PresentationId},
    mandate_request::{MandateRequestStanding, MandateRequestState},
    presentation::Presented,
};
use tillid_service::{
    Call, Error, NewErasure, NewLookup, NewMandateRequest, NewPresentation, Overview, PersonRef,
    RequestReader, SeenMandateRequest,
};
use tillid_testkit::{
    World,
    catalogue::package,
    people::{
        OTHER, OWN, acting, caseworker, citizen, employee, expecting, keyed, machine, scoped, staff, under,
        unsure,
    },
};

const ANNAS: &str = "7405433008";

pub(crate) fn wish(grantor: PersonRef, packages: &[&str]) -> NewMandateRequest {
    NewMandateRequest {
        grantor,
        grantor_name: Some("Mor".parse().unwrap()),
        representative: None,
        packages: packages.iter().map(|code| code.parse().unwrap()).collect(),
        privileges: Vec::new(),
        case: None,
        valid_until: None,
        deadline: None,
    }
}

/// What an authority asks for somebody.
pub(crate) fn on_behalf(grantor: PersonId, representative: PersonId, packages: &[&str]) -> NewMandateRequest {
    let representative = Some(PersonRef::Id(representative));
    NewMandateRequest { grantor_name: None, representative, ..wish(PersonRef::Id(grantor), packages) }
}

async fn asked(world: &World, call: &Call, new: &NewMandateRequest) -> Result<SeenMandateRequest, Error> {
    world.service.ask_for_mandate(call, new).await.map(|done| done.value)
}

/// Bo asks Anna for M14.
pub(crate) async fn bo_asks(world: &World, anna: PersonId, bo: PersonId) -> MandateRequestId {
    asked(world, &citizen(bo), &wish(PersonRef::Id(anna), &["M14"])).await.unwrap().request.id
}

async fn show(world: &World, grantor: PersonId, id: MandateRequestId) -> Result<PresentationId, Error> {
    world.try_show(&citizen(grantor), NewPresentation::MandateRequest(id)).await
}

async fn seen_by(world: &World, person: PersonId, id: MandateRequestId) -> SeenMandateRequest {
    world.service.read_mandate_request(&citizen(person), id).await.unwrap()
}

async fn acts(world: &World, person: PersonId) -> Vec<(Act, Outcome)> {
    let log = world.service.access_log(&citizen(person), None, 50).await.unwrap().items;
    log.iter().map(|record| (record.act, record.outcome)).collect()
}

async fn people(world: &World) -> i64 {
    world.database.administrator().await.count("SELECT COUNT(*) FROM person").await
}

pub(crate) async fn whoever_is_asked_approves_what_they_were_shown_and_that_gives_it(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let id = bo_asks(world, anna, bo).await;
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::NoPower), "a question gives nothing");
    let Overview::Own(hers) = world.service.overview(&citizen(anna)).await.unwrap().0 else { panic!() };
    let waiting = &hers.mandate_requests[0];
    assert_eq!((waiting.request.id, waiting.reader), (id, RequestReader::Grantor));
    assert_eq!(waiting.representative_name.as_ref().map(ToString::to_string), Some("Bo".to_owned()));
    assert_eq!(
        (waiting.grantor_name(), hers.asked_mandates.len()),
        (None, 0),
        "what he calls her is his own"
    );

    let shown = show(world, anna, id).await.unwrap();
    let request = seen_by(world, anna, id).await.request;
    let read = world.service.read_presentation(&citizen(anna), shown).await.unwrap().presentation;
    let Presented::Mandate { representative, representative_name, request: of, privileges, until, .. } =
        read.presented
    else {
        panic!("a mandate")
    };
    assert_eq!((representative, representative_name, of), (bo, Some("Bo".parse().unwrap()), Some(id)));
    assert_eq!((privileges, until), (request.privileges.clone(), request.until()));
    let call = keyed(citizen(anna), "approve", "x");
    let given = world.service.approve_mandate_request(&call, id, shown).await.unwrap();
    let again = world.service.approve_mandate_request(&call, id, shown).await.unwrap();
    assert!(!given.replayed && again.replayed && given.value == again.value);
    let mandate = given.value;
    assert_eq!((mandate.grantor, mandate.representative, mandate.presentation), (anna, bo, shown));
    assert_eq!((&mandate.privileges, mandate.valid.to), (&request.privileges, request.until()));
    assert!(world.may_act(bo, anna).await.is_ok());
    let ended = seen_by(world, bo, id).await;
    let state = MandateRequestState::Approved { mandate: mandate.id, presentation: shown, at: world.now() };
    assert_eq!((ended.request.state, ended.grantor()), (state, Some(anna)));
    let Overview::Own(hers) = world.service.overview(&citizen(anna)).await.unwrap().0 else { panic!() };
    assert!(hers.mandate_requests.is_empty(), "it waits no longer");
    assert_eq!(
        acts(world, anna).await,
        [(Act::SeeOverview, Outcome::Found), (Act::SeeOverview, Outcome::Refused)]
    );
}

pub(crate) async fn r02_silence_and_a_no_give_nobody_anything(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let (silent, refused) = (bo_asks(world, anna, bo).await, bo_asks(world, anna, bo).await);
    let (before, other) =
        (show(world, anna, silent).await.unwrap(), show(world, anna, refused).await.unwrap());
    let declined = world.service.decline_mandate_request(&citizen(anna), refused).await.unwrap().value;
    assert_eq!(declined.standing, MandateRequestStanding::Declined);
    assert_eq!(seen_by(world, bo, refused).await.standing, MandateRequestStanding::Declined);
    let late = world.service.approve_mandate_request(&citizen(anna), refused, other).await;
    assert_eq!(told(late), rule(Reason::RequestAnswered), "a no stays one");
    for (wait, standing) in [
        (30, MandateRequestStanding::Open),
        (1, MandateRequestStanding::ExpiredUnanswered),
        (4000, MandateRequestStanding::ExpiredUnanswered),
    ] {
        world.pass(CalendarPeriod::days(wait));
        assert_eq!(seen_by(world, bo, silent).await.standing, standing, "after {wait} days");
        assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::NoPower));
    }
    let late = world.service.approve_mandate_request(&citizen(anna), silent, before).await;
    assert_eq!(told(late), rule(Reason::RequestExpired), "the state is told before the age of the text");
    assert_eq!(told(show(world, anna, silent).await), rule(Reason::RequestExpired));
    let late = world.service.decline_mandate_request(&citizen(anna), silent).await;
    assert_eq!(told(late), rule(Reason::RequestExpired));
    let mandates = world.service.list_mandates(&citizen(anna), None, 10).await.unwrap().0;
    assert!(mandates.items.is_empty());
}

/// Everything that the asker is told, without what is new each time.
fn face(seen: &SeenMandateRequest) -> String {
    let r = &seen.request;
    format!(
        "{:?} {:?} {:?} {:?} {} {:?} {:?} {:?} {:?} {:?}",
        seen.standing,
        seen.grantor(),
        seen.representative(),
        seen.grantor_name(),
        r.revision,
        r.packages,
        r.privileges,
        r.valid_until,
        r.deadline,
        seen.representative_name
    )
}

pub(crate) async fn asking_tells_nothing_of_whose_number_it_is(world: &World) {
    let (bo, dead) = (world.bo().await, world.person("Gitte", "6101710025").await);
    world.person("Clara", "6304115007").await;
    let anna = world.anna().await;
    world.import("M14").await;
    world.service.register_death(dead, world.now().local_date()).await.unwrap();
    let before = people(world).await;
    let (mut answers, mut later, mut faces) = (Vec::new(), Vec::new(), Vec::new());
    // Somebody who is known, a child, somebody who has died, and nobody that anybody knew.
    for number in [ANNAS, "6304115007", "6101710025", "6101710033"] {
        let number = || PersonRef::Number(number.parse().unwrap());
        for by in [citizen(bo), caseworker(OWN), machine(OWN)] {
            let mut new = wish(number(), &["M14"]);
            if by.actor != citizen(bo).actor {
                new.representative = Some(PersonRef::Id(bo));
            }
            answers.push((faces.len() % 3, asked(world, &by, &new).await.unwrap()));
            faces.push(face(&answers.last().unwrap().1));
        }
        let own = &answers[answers.len() - 3].1;
        later.push(face(&seen_by(world, bo, own.request.id).await));
    }
    for kind in 0..3 {
        let told: Vec<&String> = faces.iter().skip(kind).step_by(3).collect();
        assert!(told.windows(2).all(|w| w[0] == w[1]), "{told:#?}");
    }
    assert!(later.windows(2).all(|w| w[0] == w[1]), "{later:#?}");
    assert!(later[0].contains("Open None") && later[0].contains("Mor"), "{}", later[0]);
    assert_eq!(people(world).await, before + 1, "whoever was not known is, so that it stands in their log");
    // The death becomes known afterwards, or the time passes: what the asker reads is the same.
    world.service.register_death(anna, world.now().local_date()).await.unwrap();
    for wait in [0, 31] {
        world.pass(CalendarPeriod::days(wait));
        let mut now = Vec::new();
        for (_, answer) in answers.iter().step_by(3) {
            now.push(face(&seen_by(world, bo, answer.request.id).await));
        }
        assert!(now.windows(2).all(|w| w[0] == w[1]), "{now:#?}");
    }
    let (page, listed) = (world.service.list_mandate_requests(&citizen(bo), None, 50).await.unwrap(), 12);
    assert_eq!(page.items.len(), listed);
    assert!(page.items.iter().all(|seen| seen.standing == MandateRequestStanding::ExpiredUnanswered));
}

pub(crate) async fn a_citizen_asks_for_themselves_alone(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let erik = world.person("Erik", "6101710025").await;
    world.import("M14").await;
    world.import("M18").await;
    let before = people(world).await;
    let unknown = PersonRef::Number("6101710033".parse().unwrap());
    for other in [PersonRef::Id(erik), unknown, PersonRef::Id(PersonId::from_uuid(uuid::Uuid::from_u128(1)))]
    {
        let new = NewMandateRequest { representative: Some(other), ..wish(PersonRef::Id(anna), &["M14"]) };
        assert_eq!(told(asked(world, &citizen(bo), &new).await), denied(Reason::OnlyInPerson));
    }
    assert_eq!(people(world).await, before, "naming somebody else makes nobody known");
    let myself = PersonRef::Number("6101710017".parse().unwrap());
    let new = NewMandateRequest { representative: Some(myself), ..wish(PersonRef::Id(anna), &["M14"]) };
    assert_eq!(asked(world, &citizen(bo), &new).await.unwrap().representative(), Some(bo));
    //
    for herself in [PersonRef::Id(anna), PersonRef::Number(ANNAS.parse().unwrap())] {
        let refused = asked(world, &citizen(anna), &wish(herself, &["M14"])).await;
        assert_eq!(told(refused), invalid("/grantor", Reason::SelfMandate));
    }
    // Nobody passes on what they have, or answers for another.
    world.give(anna, bo, &["M18"]).await;
    let new = wish(PersonRef::Id(anna), &["M14"]);
    assert_eq!(told(asked(world, &acting(bo, anna), &new).await), denied(Reason::OnlyInPerson));
    let id = asked(world, &citizen(erik), &new).await.unwrap().request.id;
    let shown = show(world, anna, id).await.unwrap();
    let for_anna = acting(bo, anna);
    for refused in [
        told(world.service.read_mandate_request(&for_anna, id).await),
        told(world.service.list_mandate_requests(&for_anna, None, 5).await),
        told(world.try_show(&for_anna, NewPresentation::MandateRequest(id)).await),
        told(world.service.approve_mandate_request(&for_anna, id, shown).await),
        told(world.service.decline_mandate_request(&for_anna, id).await),
    ] {
        assert_eq!(refused, denied(Reason::OnlyInPerson));
    }
    // each of the six tries stands in her log.
    let tried = acts(world, anna).await;
    assert_eq!(tried.iter().filter(|(_, outcome)| *outcome == Outcome::Refused).count(), 6, "{tried:?}");
}

pub(crate) async fn an_authority_asks_for_its_own_packages_and_both_sides_see_it(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    world.import("M18").await;
    let new = on_behalf(anna, bo, &["M14"]);
    let with_role = |role| staff(employee(OWN, &[role], 1));
    let others = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Ask).collect();
    let party = |person| staff(Employee { person: Some(person), ..employee(OWN, &[Role::Caseworker], 1) });
    let low = Employee { sensitivity: Sensitivity::Ordinary, ..employee(OWN, &[Role::Caseworker], 1) };
    for (call, reason) in [
        (caseworker(OTHER), Reason::OtherAuthority),
        (machine(OTHER), Reason::OtherAuthority),
        (with_role(Role::Reader), Reason::RoleMissing),
        (with_role(Role::DataProtectionOfficer), Reason::RoleMissing),
        (scoped(machine(OWN), others), Reason::ScopeMissing),
        (party(anna), Reason::OwnCase),
        (party(bo), Reason::OwnCase),
        (staff(low), Reason::OutsideFieldOfWork),
    ] {
        assert_eq!(told(asked(world, &call, &new).await), denied(reason), "{call:?}");
    }
    // M18 is the operator's own: no municipality asks for it, not even with one of its own beside.
    let mixed = on_behalf(anna, bo, &["M14", "M18"]);
    assert_eq!(told(asked(world, &caseworker(OWN), &mixed).await), denied(Reason::OtherAuthority));
    let nobody = NewMandateRequest { representative: None, ..new.clone() };
    let refused = asked(world, &caseworker(OWN), &nobody).await;
    assert_eq!(told(refused), invalid("/representative", Reason::PersonUnknown));
    for person in [anna, bo] {
        let tried = acts(world, person).await;
        assert!(tried.iter().all(|one| *one == (Act::AskForMandate, Outcome::Refused)), "{tried:?}");
        assert!(tried.len() >= 9, "each try stands in both logs: {tried:?}");
    }
    for (call, case) in
        [(caseworker(OWN), "27.36.04-1"), (with_role(Role::Registrar), "2"), (machine(OWN), "3")]
    {
        let new = NewMandateRequest { case: Some(case.parse().unwrap()), ..new.clone() };
        let call = keyed(call, case, "x");
        let seen = asked(world, &call, &new).await.unwrap();
        assert_eq!((seen.grantor(), seen.representative(), seen.reader), (None, None, RequestReader::Asker));
        assert!(world.service.ask_for_mandate(&call, &new).await.unwrap().replayed);
        for person in [anna, bo] {
            let log = world.service.access_log(&citizen(person), None, 2).await.unwrap().items;
            // Told again, it is looked at again.
            assert_eq!((log[0].act, log[0].outcome), (Act::AskForMandate, Outcome::Found));
            assert_eq!((log[1].target, &log[1].case), (Some(seen.request.id.as_uuid()), &new.case));
        }
        let hers = seen_by(world, anna, seen.request.id).await;
        assert!(hers.request.authority.is_some() && hers.representative_name.is_some());
        assert_eq!(seen_by(world, bo, seen.request.id).await.grantor(), None);
    }
}

pub(crate) async fn what_is_asked_for_could_be_given(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["M14", "M04", "C15"] {
        world.import(code).await;
    }
    let import = async |package: MandatePackage| {
        let definition = Definition::MandatePackage(Box::new(package));
        assert!(world.service.import_entry(definition).await.unwrap());
    };
    let staff = vec![RepresentativeKind::Employee];
    import(MandatePackage { representative_kinds: staff, ..package("M02") }).await;
    let (by, to) = (citizen(bo), || PersonRef::Id(anna));
    for (packages, wrong, reason) in [
        (vec![], "/packages", Reason::EntryNotPublished),
        (vec!["M14", "M03"], "/packages/1", Reason::EntryNotPublished),
        (vec!["C15"], "/packages/0", Reason::EntryNotPublished),
        (vec!["M14", "M02"], "/packages/1", Reason::RepresentativeKindWrong),
    ] {
        assert_eq!(told(asked(world, &by, &wish(to(), &packages)).await), invalid(wrong, reason));
    }
    let uri = vec!["urn:dk:tillid:fuldmagt:samtykke:samtykke:laes".parse().unwrap()];
    let new = NewMandateRequest { privileges: uri, ..wish(to(), &["M14"]) };
    assert_eq!(told(asked(world, &by, &new).await), invalid("/privileges/0", Reason::PrivilegeUnknown));
    let nobody = PersonRef::Id(PersonId::from_uuid(uuid::Uuid::from_u128(1)));
    let refused = asked(world, &by, &wish(nobody, &["M14"])).await;
    assert_eq!(told(refused), invalid("/grantor", Reason::PersonUnknown));

    let (today, yesterday) = (world.now().local_date(), "2026-03-01".parse().unwrap());
    let on = |days| today.plus(CalendarPeriod::days(days));
    let until = async |packages: &[&str], valid_until, deadline| {
        let new = NewMandateRequest { valid_until, deadline, ..wish(to(), packages) };
        asked(world, &by, &new).await
    };
    let usual = until(&["M14", "M04"], None, None).await.unwrap().request;
    let shortest = [package("M14"), package("M04")].map(|p| today.plus(p.duration.default));
    assert_eq!(Some(usual.valid_until), shortest.into_iter().min(), "the shortest of what they propose");
    assert_eq!(usual.deadline, on(30).next().start(), "the last day is within it");
    let brief = until(&["M14"], Some(on(3)), Some(on(20))).await.unwrap().request;
    assert_eq!((brief.valid_until, brief.deadline), (on(3), on(3).next().start()), "never after its end");
    assert!(until(&["M14"], Some(today.plus(CalendarPeriod::months(60))), None).await.is_ok());
    for (valid_until, deadline, wrong, reason) in [
        (Some(today.plus(CalendarPeriod::months(60)).next()), None, "/valid_until", Reason::EndDateTooLate),
        (Some(yesterday), None, "/valid_until", Reason::EndDatePast),
        (None, Some(today.plus(CalendarPeriod::months(6)).next()), "/deadline", Reason::EndDateTooLate),
        (None, Some(yesterday), "/deadline", Reason::EndDatePast),
    ] {
        assert_eq!(told(until(&["M14"], valid_until, deadline).await), invalid(wrong, reason));
    }
}

pub(crate) async fn a_request_is_approved_by_whom_it_is_to_after_it_was_shown(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let erik = world.person("Erik", "6101710025").await;
    world.import("M14").await;
    let (id, twin) = (bo_asks(world, anna, bo).await, bo_asks(world, anna, bo).await);
    for stranger in [bo, erik] {
        assert_eq!(told(show(world, stranger, id).await), "not found");
    }
    let (shown, of_twin) = (show(world, anna, id).await.unwrap(), show(world, anna, twin).await.unwrap());
    let unasked = world.show_mandate(anna, bo, &["M14"]).await;
    let unknown = PresentationId::from_uuid(uuid::Uuid::from_u128(1));
    let mismatch = invalid("/presentation_id", Reason::PresentationMismatch);
    for other in [of_twin, unasked, unknown] {
        let refused = world.service.approve_mandate_request(&citizen(anna), id, other).await;
        assert_eq!(told(refused), mismatch);
    }
    let refused = world.service.give_mandate(&citizen(anna), shown).await;
    assert_eq!(told(refused), mismatch, "given beside the request, it would stay open");
    for stranger in [bo, erik] {
        let refused = world.service.approve_mandate_request(&citizen(stranger), id, shown).await;
        assert_eq!(told(refused), "not found");
        assert_eq!(told(world.service.decline_mandate_request(&citizen(stranger), id).await), "not found");
    }
    assert_eq!(told(world.service.read_mandate_request(&citizen(erik), id).await), "not found");
    for by in [caseworker(OWN), machine(OWN)] {
        let refused = world.service.approve_mandate_request(&by, id, shown).await;
        assert_eq!(told(refused), denied(Reason::CitizensOnly));
        assert_eq!(told(world.service.decline_mandate_request(&by, id).await), denied(Reason::CitizensOnly));
    }
    let weak = unsure(citizen(anna));
    assert_eq!(told(world.service.approve_mandate_request(&weak, id, shown).await), "step up");
    let login = |seconds_ago: i64| {
        let at = Instant::from_micros(world.now().as_micros() - seconds_ago * 1_000_000);
        let call = citizen(anna);
        Call { actor: Actor { authenticated_at: Some(at), ..call.actor }, ..call }
    };
    let refused = world.service.approve_mandate_request(&login(301), id, shown).await;
    assert_eq!(told(refused), "log in again", "approving is giving");
    let refused = world.service.approve_mandate_request(&expecting(citizen(anna), 2), id, shown).await;
    assert_eq!(told(refused), "revision changed");
    world.service.decline_mandate_request(&login(100_000), twin).await.unwrap();
    world.ambient.set(world.now().plus_seconds(24 * 3600 + 1));
    let refused = world.service.approve_mandate_request(&citizen(anna), id, shown).await;
    assert_eq!(told(refused), invalid("/presentation_id", Reason::PresentationTooOld));
    let shown = show(world, anna, id).await.unwrap();
    world.service.approve_mandate_request(&citizen(anna), id, shown).await.unwrap();
    let again = world.service.approve_mandate_request(&citizen(anna), id, shown).await;
    assert_eq!(told(again), rule(Reason::RequestAnswered));
}

pub(crate) async fn what_giving_asks_for_approving_asks_for_too(world: &World) {
    let (clara, bo) = (world.person("Clara", "6304115007").await, world.bo().await);
    let anna = world.anna().await;
    world.import("M14").await;
    let by_a_child = bo_asks(world, clara, bo).await;
    let shown = show(world, clara, by_a_child).await.unwrap();
    let refused = world.service.approve_mandate_request(&citizen(clara), by_a_child, shown).await;
    assert_eq!(told(refused), rule(Reason::TooYoung));
    let id = bo_asks(world, anna, bo).await;
    let shown = show(world, anna, id).await.unwrap();
    let newer = MandatePackage { grantor_min_age: 18, ..package("M14") };
    let definition = Definition::MandatePackage(Box::new(newer));
    assert!(world.service.import_entry(definition).await.unwrap());
    let refused = world.service.approve_mandate_request(&citizen(anna), id, shown).await;
    assert_eq!(told(refused), rule(Reason::EntryNotPublished));
    assert_eq!(told(show(world, anna, id).await), rule(Reason::EntryNotPublished));
    assert_eq!(seen_by(world, anna, id).await.standing, MandateRequestStanding::Open, "nothing was done");
    world.service.decline_mandate_request(&citizen(anna), id).await.unwrap();
}

pub(crate) async fn r32_a_request_lapses_with_the_death_of_either(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let erik = world.person("Erik", "6101710025").await;
    world.import("M14").await;
    let (to_anna, to_erik) = (bo_asks(world, anna, bo).await, bo_asks(world, erik, bo).await);
    let by_erik = bo_asks(world, anna, erik).await;
    let declined = bo_asks(world, anna, bo).await;
    world.service.decline_mandate_request(&citizen(anna), declined).await.unwrap();
    let shown = show(world, erik, to_erik).await.unwrap();
    world.pass(CalendarPeriod::days(10));
    let on = world.now().local_date();
    world.pass(CalendarPeriod::days(5));
    let now = world.now();
    world.service.register_death(anna, on).await.unwrap();
    let state = async |id| {
        let mut tx = world.store.read().await.unwrap();
        tx.mandate_request(id).await.unwrap().unwrap().state
    };
    let lapsed = |cause| MandateRequestState::Lapsed { at: now, effective_at: on.start(), cause };
    assert_eq!(state(to_anna).await, lapsed(EndCause::Death));
    assert_eq!(state(by_erik).await, lapsed(EndCause::Death));
    assert_eq!(state(to_erik).await, MandateRequestState::Open, "the living are still asked");
    assert!(
        matches!(state(declined).await, MandateRequestState::Declined { .. }),
        "what had ended keeps its end"
    );
    assert_eq!(seen_by(world, bo, to_anna).await.standing, MandateRequestStanding::Open, "not his to know");
    let refused = world.service.decline_mandate_request(&citizen(anna), to_anna).await;
    assert_eq!(told(refused), rule(Reason::RequestLapsed));
    world.service.register_death(bo, world.now().local_date()).await.unwrap();
    let hers = seen_by(world, erik, to_erik).await;
    assert_eq!(hers.standing, MandateRequestStanding::Lapsed);
    let MandateRequestState::Lapsed { cause, .. } = hers.request.state else { panic!("{hers:?}") };
    assert_eq!(cause, EndCause::RepresentativeDeath);
    let refused = world.service.approve_mandate_request(&citizen(erik), to_erik, shown).await;
    assert_eq!(told(refused), rule(Reason::RequestLapsed));
    let refused = asked(world, &citizen(bo), &wish(PersonRef::Id(erik), &["M14"])).await;
    assert_eq!(told(refused), rule(Reason::PersonDead), "of himself he may know");
}

pub(crate) async fn staff_see_of_a_request_what_is_their_authoritys(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    world.import("M18").await;
    let both = asked(world, &citizen(bo), &wish(PersonRef::Id(anna), &["M14", "M18"])).await.unwrap();
    let id = both.request.id;
    let looking = async |call: Call, person| {
        let case = Some("27.36.04-1".parse().unwrap());
        let new = NewLookup { person: PersonRef::Id(person), purpose: Purpose::CaseProcessing, case };
        let found = world.service.look_up(&call, &new).await.unwrap();
        under(call, found.record.id)
    };
    assert_eq!(
        told(world.service.read_mandate_request(&caseworker(OWN), id).await),
        denied(Reason::LookupMissing)
    );
    for person in [anna, bo] {
        let call = looking(caseworker(OWN), person).await;
        let seen = world.service.read_mandate_request(&call, id).await.unwrap();
        assert_eq!((seen.grantor(), seen.representative()), (Some(anna), Some(bo)));
        assert_eq!((seen.grantor_name(), seen.representative_name.as_ref()), (None, None));
        let codes: Vec<&str> = seen.request.packages.iter().map(|p| p.code.as_str()).collect();
        assert_eq!(codes, ["M14"]);
        assert!(seen.request.privileges.len() < both.request.privileges.len());
        let listed = world.service.list_mandate_requests(&call, None, 10).await.unwrap();
        assert_eq!(listed.items, [seen]);
        for side in [anna, bo] {
            let log = acts(world, side).await;
            assert_eq!(log[..2], [(Act::SeeMandateRequest, Outcome::Found); 2], "it stands in both logs");
        }
        let other = looking(caseworker(OTHER), person).await;
        assert_eq!(told(world.service.read_mandate_request(&other, id).await), "not found");
        let unknown = MandateRequestId::from_uuid(uuid::Uuid::from_u128(1));
        assert_eq!(told(world.service.read_mandate_request(&other, unknown).await), "not found");
        let none = world.service.list_mandate_requests(&other, None, 10).await.unwrap();
        assert!(none.items.is_empty());
        assert_eq!(acts(world, person).await[0], (Act::SeeMandateRequest, Outcome::Nothing));
    }
    // nothing of what they are a party to, from whichever side it is looked at.
    let herself = Employee { person: Some(bo), ..employee(OWN, &[Role::Caseworker], 7) };
    let call = looking(staff(herself), anna).await;
    assert_eq!(told(world.service.read_mandate_request(&call, id).await), "not found");
}

pub(crate) async fn two_answers_to_one_mandate_request_have_one_winner(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    for round in 0..8 {
        let id = bo_asks(world, anna, bo).await;
        let (first, second) = (show(world, anna, id).await.unwrap(), show(world, anna, id).await.unwrap());
        let her = citizen(anna);
        let (yes, yes_too, no) = tokio::join!(
            world.service.approve_mandate_request(&her, id, first),
            world.service.approve_mandate_request(&her, id, second),
            world.service.decline_mandate_request(&her, id),
        );
        let given: Vec<MandateId> = [&yes, &yes_too]
            .into_iter()
            .filter_map(|done| done.as_ref().ok())
            .map(|done| done.value.id)
            .collect();
        assert_eq!(given.len() + usize::from(no.is_ok()), 1, "round {round}: {yes:?} {yes_too:?} {no:?}");
        let mandates = world.service.list_mandates(&her, None, 50).await.unwrap().0.items;
        let active: Vec<MandateId> = mandates.iter().map(|m| m.id).collect();
        assert!(given.iter().all(|id| active.contains(id)));
        for mandate in given {
            world.service.revoke_mandate(&her, mandate).await.unwrap();
        }
        let sql = "SELECT COUNT(*) FROM mandate";
        let in_all = world.database.administrator().await.count(sql).await;
        assert_eq!(in_all, i64::try_from(mandates.len()).unwrap(), "and no other was given");
    }
}

pub(crate) async fn r42_a_request_goes_when_it_is_over_and_with_it_what_it_says(world: &World) {
    use tillid_domain::{erasure::ErasureGround, event::Kind};
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let open = bo_asks(world, anna, bo).await;
    let approved = bo_asks(world, anna, bo).await;
    let shown = show(world, anna, approved).await.unwrap();
    world.service.approve_mandate_request(&citizen(anna), approved, shown).await.unwrap();
    let theirs = asked(world, &caseworker(OWN), &on_behalf(anna, bo, &["M14"])).await.unwrap().request.id;
    let officer = staff(employee(OWN, &[Role::DataProtectionOfficer], 300));
    let neighbour = staff(employee(OTHER, &[Role::DataProtectionOfficer], 301));
    let new = NewErasure { person: PersonRef::Id(bo), ground: ErasureGround::RetentionOver, case: None };
    let planned = world.service.preview_erasure(&officer, &new).await.unwrap();
    assert_eq!((planned.erased.mandate_requests, planned.person), (0, false));
    let kept: Vec<_> = planned.kept.iter().filter(|k| k.kind == Kind::MandateRequest).collect();
    let why = |id: MandateRequestId| kept.iter().find(|k| k.id == id.as_uuid()).map(|k| k.reason);
    assert_eq!(why(open), Some(Reason::StillInForce));
    assert_eq!(why(theirs), Some(Reason::StillInForce));
    assert_eq!(why(approved), Some(Reason::RetentionRuns));
    world.pass(CalendarPeriod::months(150));
    let planned = world.service.preview_erasure(&neighbour, &new).await.unwrap();
    assert_eq!(
        (planned.erased.mandate_requests, planned.person),
        (2, false),
        "theirs is not a neighbour's to erase"
    );
    let done = world.service.erase(&officer, &new).await.unwrap().value;
    assert_eq!((done.erased.mandate_requests, done.erased.mandates, done.person), (3, 1, true));
    let mut administrator = world.database.administrator().await;
    for table in ["mandate_request", "mandate", "power"] {
        assert_eq!(administrator.count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    let hers = world.service.list_mandate_requests(&citizen(anna), None, 10).await.unwrap();
    assert!(hers.items.is_empty());
    assert!(acts(world, anna).await.contains(&(Act::Erase, Outcome::Found)), "it concerned her too");
}

pub(crate) async fn mandate_requests_come_in_pages_the_newest_first(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mut made = Vec::new();
    for (grantor, representative) in [(anna, bo), (bo, anna), (anna, bo), (anna, bo), (bo, anna)] {
        made.push(bo_asks(world, grantor, representative).await);
    }
    made.reverse();
    for person in [anna, bo] {
        let (mut seen, mut below) = (Vec::new(), None);
        loop {
            let page = world.service.list_mandate_requests(&citizen(person), below, 2).await.unwrap();
            seen.extend(page.items.iter().map(|seen| seen.request.id));
            below = page.next;
            if below.is_none() {
                break;
            }
        }
        assert_eq!(seen, made);
    }
}
