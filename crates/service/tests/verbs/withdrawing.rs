//! M8, M10: an authority withdraws a package, and what was given under it ends on the day that was said.

use crate::{
    by_law::{AID, CONTACT, about, may, said},
    children::{Family, family},
    clients::registered,
    deciding::ask,
    expect::{denied, invalid, rule, told},
    noticing::{tell, told_to},
    passing_on::{READ, Scene},
};
use std::collections::BTreeSet;
use tillid_domain::{
    CalendarPeriod, Instant, LocalDate, Reason,
    actor::{Assurance, Who},
    catalogue::{Definition, Shelf},
    decision::Verdict,
    event::EndCause,
    id::PersonId,
    mandate::{Mandate, MandateStanding, MandateState, RevocationGround, SuspensionGround},
    upcoming::Expected,
};
use tillid_service::{
    ActsAt, Error, HeldPrivileges, KnownAt, MandateChange, NewPresentation, Overview, Question, Representing,
    Wanted,
};
use tillid_storage::WithdrawalProgress;
use tillid_testkit::{
    World,
    catalogue::{cvr, defined},
    people::{OTHER, OWN, administrator, caseworker, citizen, machine},
};

const SEE: &str = tillid_domain::access::SEE_CONSENTS;
const YEAR: CalendarPeriod = CalendarPeriod::months(24);

async fn withdraw(world: &World, code: &str, from: LocalDate) -> Result<(), Error> {
    let why = "Den er erstattet af en anden.".parse().unwrap();
    let (shelf, code) = (Shelf::MandatePackage, code.parse().unwrap());
    let entry = world.service.entry_version(shelf, &code, 1).await?;
    let mut theirs = administrator(OWN, 2);
    if let Who::Employee(me) = &mut theirs.actor.who {
        me.authority = entry.definition.authority();
    }
    world.service.withdraw_entry(&theirs, &code, 1, from, why).await.map(drop)
}

fn today(world: &World) -> LocalDate {
    world.now().local_date()
}

async fn now_of(world: &World, mandate: &Mandate) -> (Mandate, MandateStanding) {
    let found = world.store.read().await.unwrap().mandate(mandate.id).await.unwrap().unwrap();
    let standing = found.standing(world.now());
    (found, standing)
}

async fn kinds(world: &World, person: PersonId) -> Vec<&'static str> {
    tell(world).await;
    told_to(world, person).await.iter().map(|notice| notice.kind.code()).collect()
}

pub(crate) async fn m10_a_withdrawal_says_its_day_is_announced_and_then_exactly_that_happens(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    world.ambient.set(world.now().plus_seconds(60));
    let day = today(world).plus(CalendarPeriod::days(100));
    withdraw(world, "M14", day).await.unwrap();
    let (found, standing) = now_of(world, &mandate).await;
    assert_eq!((found.valid.to, standing), (day.start(), MandateStanding::Active));
    assert_eq!(kinds(world, anna).await, ["mandate_given", "package_withdrawn"]);
    assert_eq!(kinds(world, bo).await, ["mandate_received", "package_withdrawn"]);
    let last = told_to(world, bo).await.pop().unwrap().message;
    assert!(last.body.da.contains("Fra den 10. juni 2026"), "{}", last.body.da);

    let coming = async || {
        let (coming, _) = world.service.upcoming(&citizen(anna), YEAR).await.unwrap();
        coming.into_iter().find(|c| c.upcoming.what == Expected::MandateEnds(mandate.id)).map(|c| c.upcoming)
    };
    let announced = coming().await.unwrap();
    assert_eq!((announced.at, announced.then), (day.start(), "ended"));
    let days: Vec<LocalDate> = [90, 30, 7, 1, 0].map(|before| day.days_before(before)).to_vec();
    assert_eq!(announced.told_on, days);
    for (heard, day) in days.iter().enumerate() {
        world.ambient.set(Instant::from_micros(day.start().as_micros() - 1));
        assert_eq!(kinds(world, bo).await.len(), 2 + heard, "nothing before {day}");
        assert_eq!(may(world, bo, AID, anna).await, ["MANDATE_DIGITAL"], "until it is so");
        world.ambient.set(day.start());
        let last = if heard == 4 { "mandate_ended" } else { "package_withdrawn" };
        for who in [anna, bo] {
            assert_eq!(kinds(world, who).await[2 + heard..], [last], "{day}");
        }
    }
    assert_eq!(now_of(world, &mandate).await.1, MandateStanding::Ended);
    assert_eq!(found.end_cause(world.now()), Some(EndCause::PackageWithdrawn));
    assert_eq!(coming().await, None);
    assert_eq!(may(world, bo, AID, anna).await, ["package_withdrawn"]);
    let told_system = ask(world, &machine(OWN), about(bo, AID, anna)).await;
    assert_eq!(said(&told_system), ["power_ended"], "how it ended is not for systems");
    assert!(told_system.answer.would_permit.is_empty(), "nothing can be asked for under it");
}

pub(crate) async fn m08_a_withdrawal_of_today_ends_what_was_given_at_once(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    let before = world.now().plus_seconds(60);
    world.ambient.set(before);
    let asked = || Question { valid_at: None, ..about(bo, AID, anna) };
    let first = ask(world, &machine(OWN), asked()).await;
    assert!(first.answer.is_yes());
    world.ambient.set(before.plus_seconds(60));
    withdraw(world, "M14", today(world)).await.unwrap();
    let at = world.now();
    let state = MandateState::Ended { at, effective_at: at, cause: EndCause::PackageWithdrawn };
    assert_eq!(now_of(world, &mandate).await.0.state, state);
    assert_eq!(may(world, bo, AID, anna).await, ["package_withdrawn"]);
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PackageWithdrawn));
    // On a node whose clock is behind, too.
    world.ambient.set(at.plus_seconds(-1));
    assert_eq!(may(world, bo, AID, anna).await, ["package_withdrawn"]);
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PackageWithdrawn));
    world.ambient.set(at);
    assert_eq!(kinds(world, bo).await, ["mandate_received", "mandate_ended"]);
    // What was answered is answered again, and of a moment before it was so it is still yes.
    let again = Question { known_at: KnownAt::Decision(first.id), ..asked() };
    assert_eq!(ask(world, &machine(OWN), again).await.answer, first.answer);
    let then = Question { valid_at: Some(before), ..asked() };
    assert!(ask(world, &machine(OWN), then).await.answer.is_yes());
    let new = NewPresentation::Mandate(world.mandate_to(bo, &["M14"]));
    let refused = told(world.try_show(&citizen(anna), new).await);
    assert_eq!(refused, invalid("/about/mandate/packages/0", Reason::EntryNotPublished));
}

pub(crate) async fn m08_a_mandate_of_several_packages_keeps_what_the_others_give(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["M14", "M18"] {
        world.import(code).await;
    }
    let mandate = world.give(anna, bo, &["M14", "M18"]).await;
    world.ambient.set(world.now().plus_seconds(60));
    let day = today(world).plus(CalendarPeriod::days(10));
    withdraw(world, "M14", day).await.unwrap();
    let (found, _) = now_of(world, &mandate).await;
    assert_eq!((found.valid, found.withdrawn.len()), (mandate.valid, 1), "the rest goes on");
    // It rests over the day, and comes back with what is left of it.
    let suspend = MandateChange::Suspend(SuspensionGround::Unsure);
    world.service.change_mandate(&citizen(anna), mandate.id, suspend).await.unwrap();
    world.ambient.set(day.days_before(1).start());
    world.service.change_mandate(&citizen(anna), mandate.id, MandateChange::Resume).await.unwrap();
    world.ambient.set(world.now().plus_seconds(60));
    assert_eq!(may(world, bo, AID, anna).await, ["MANDATE_DIGITAL"]);
    world.ambient.set(day.start());
    assert_eq!(may(world, bo, AID, anna).await, ["package_withdrawn"]);
    assert_eq!(may(world, bo, SEE, anna).await, ["MANDATE_DIGITAL"]);
    assert!(world.may_act(bo, anna).await.is_ok());
    let (found, standing) = now_of(world, &mandate).await;
    assert_eq!((found.end_cause(world.now()), standing), (None, MandateStanding::Active));
    // A rest after the day is not why the package gives nothing, and neither is its end.
    world.ambient.set(world.now().plus_seconds(60));
    for change in [MandateChange::Suspend(SuspensionGround::Unsure), MandateChange::Resume] {
        world.service.change_mandate(&citizen(anna), mandate.id, change).await.unwrap();
        world.ambient.set(world.now().plus_seconds(60));
        assert_eq!(may(world, bo, AID, anna).await, ["package_withdrawn"]);
    }
    // Then the other one too, from the next day on: now the whole of it ends.
    let next = day.plus(CalendarPeriod::days(1));
    withdraw(world, "M18", next).await.unwrap();
    assert_eq!(now_of(world, &mandate).await.0.valid.to, next.start());
    world.ambient.set(next.start());
    assert_eq!(now_of(world, &mandate).await.1, MandateStanding::Ended);
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PackageWithdrawn));
}

/// The privileges of a list, without for whom.
fn privileges(held: HeldPrivileges) -> BTreeSet<String> {
    let all = held.groups.into_iter().flat_map(|group| group.privileges);
    all.map(|privilege| privilege.as_str().to_owned()).collect()
}

pub(crate) async fn m08_what_is_left_of_a_mandate_is_told_and_exchanged_as_it_is(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["M13", "M14"] {
        world.import(code).await;
    }
    let mandate = world.give(anna, bo, &["M13", "M14"]).await;
    registered(world, "fagsystem").await;
    world.ambient.set(world.now().plus_seconds(60));
    let day = today(world).plus(CalendarPeriod::days(10));
    withdraw(world, "M13", day).await.unwrap();
    let who = |privileges| Representing {
        representative: bo,
        at_work: None,
        assurance: Assurance::Substantial,
        authenticated_at: None,
        client: "fagsystem".parse().unwrap(),
        authority: cvr(OWN),
        mandate: mandate.id,
        privileges,
        place: ActsAt::There,
    };
    for (at, left) in [(day.days_before(1).start(), true), (day.start(), false)] {
        world.ambient.set(at);
        let service = &world.service;
        let own = service.mandate_privileges(&citizen(bo), mandate.id, &[]).await.unwrap();
        let held = service.held_privileges(&citizen(bo), &[]).await.unwrap();
        let (Overview::Own(overview), _) = service.overview(&citizen(bo)).await.unwrap() else {
            panic!("his own")
        };
        let may_act = overview.may_act_for[0].privileges.iter().map(|p| p.as_str().to_owned()).collect();
        let exchanged = service.represent(&who(Wanted::All)).await.unwrap().privileges;
        let exchanged = exchanged.iter().map(|p| p.as_str().to_owned()).collect();
        for told in [privileges(own), privileges(held), may_act, exchanged] {
            assert_eq!((told.contains(AID), told.contains(READ)), (true, left), "{told:?}");
        }
        let asked = service.represent(&who(Wanted::These(vec![READ.parse().unwrap()]))).await;
        match asked {
            Ok(_) => assert!(left),
            refused => assert_eq!((left, told(refused)), (false, denied(Reason::PowerDoesNotCover))),
        }
    }
}

/// A package that gives the same as another one.
async fn import_twin(world: &World, code: &str, twin: &str) {
    let Definition::MandatePackage(mut package) = defined(code) else { panic!("a package") };
    package.code = twin.parse().unwrap();
    assert!(world.service.import_entry(Definition::MandatePackage(package)).await.unwrap());
}

pub(crate) async fn m08_what_two_packages_give_goes_with_the_last_of_them(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for (code, twin) in [("M13", "M13B"), ("M14", "M14B")] {
        world.import(code).await;
        import_twin(world, code, twin).await;
    }
    let given = [world.give(anna, bo, &["M13", "M13B"]).await, world.give(anna, bo, &["M14", "M14B"]).await];
    world.ambient.set(world.now().plus_seconds(60));
    let [sooner, later] = [10, 100].map(|days| today(world).plus(CalendarPeriod::days(days)));
    for (code, day) in [("M13", later), ("M13B", sooner), ("M14", sooner), ("M14B", later)] {
        withdraw(world, code, day).await.unwrap();
    }
    for mandate in &given {
        assert_eq!(now_of(world, mandate).await.0.valid.to, later.start());
    }
    for (day, said) in [(sooner, "MANDATE_DIGITAL"), (later, "package_withdrawn")] {
        world.ambient.set(day.start());
        for privilege in [READ, AID] {
            assert_eq!(may(world, bo, privilege, anna).await, [said], "{privilege}");
        }
    }
}

pub(crate) async fn m10_each_withdrawal_is_told_by_its_own_authority(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["M14", "M18"] {
        world.import(code).await;
    }
    world.give(anna, bo, &["M18", "M14"]).await;
    world.ambient.set(world.now().plus_seconds(60));
    let day = today(world).plus(CalendarPeriod::days(100));
    for code in ["M14", "M18"] {
        withdraw(world, code, day).await.unwrap();
    }
    assert_eq!(kinds(world, bo).await, ["mandate_received", "package_withdrawn", "package_withdrawn"]);
    let senders: BTreeSet<String> =
        told_to(world, bo).await.iter().skip(1).map(|n| n.sender.to_string()).collect();
    let of = |code| match defined(code) {
        Definition::MandatePackage(package) => package.authority.to_string(),
        Definition::ConsentType(_) => panic!("a package"),
    };
    assert_eq!(senders, ["M14", "M18"].map(of).into());
}

pub(crate) async fn m12_a_quiet_revocation_is_no_withdrawal_to_the_representative(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    world.ambient.set(world.now().plus_seconds(60));
    withdraw(world, "M14", today(world).plus(CalendarPeriod::days(100))).await.unwrap();
    world.ambient.set(world.now().plus_seconds(60));
    let quietly = MandateChange::Revoke { ground: RevocationGround::Pressured, quiet: true };
    world.service.change_mandate(&citizen(anna), mandate.id, quietly).await.unwrap();
    let seen = world.service.read_mandate(&citizen(bo), mandate.id).await.unwrap().0;
    assert_eq!((seen.standing(world.now()), seen.end_cause(world.now())), (MandateStanding::Expired, None));
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerExpired));
}

pub(crate) async fn r37_what_was_passed_on_is_withdrawn_with_what_it_rests_on(world: &World) {
    let scene = Scene::new(world).await;
    let lower = scene.passed_on(world, scene.clara).await;
    let other = world.give(scene.anna, scene.dorte, &["M14"]).await;
    world.ambient.set(world.now().plus_seconds(60));
    let day = today(world).plus(CalendarPeriod::days(10));
    withdraw(world, "M13", day).await.unwrap();
    for mandate in [&scene.given, &lower] {
        assert_eq!(now_of(world, mandate).await.0.valid.to, day.start());
    }
    world.ambient.set(day.start());
    for who in [scene.bo, scene.clara] {
        assert_eq!(may(world, who, READ, scene.anna).await, ["package_withdrawn"]);
    }
    assert_eq!(
        now_of(world, &other).await,
        (other, MandateStanding::Active),
        "another package's is left alone"
    );
}

pub(crate) async fn m10_what_the_law_gives_by_a_package_ends_with_it(world: &World) {
    world.import("M16").await;
    let Family { clara, dorte, .. } = family(world).await;
    world.pass(CalendarPeriod::days(1));
    let asked = || about(dorte, CONTACT, clara);
    let before = ask(world, &machine(OWN), asked()).await.answer;
    assert!(before.is_yes());
    let day = today(world).plus(CalendarPeriod::days(10));
    withdraw(world, "M16", day).await.unwrap();
    let Verdict::Yes { basis, valid_until } = ask(world, &machine(OWN), asked()).await.answer.verdict else {
        panic!("she has it until then")
    };
    assert_eq!((basis[0].kind.as_str(), valid_until), ("CUSTODY_JOINT", Some(day.start())));
    world.ambient.set(day.start());
    assert!(!ask(world, &machine(OWN), asked()).await.answer.is_yes(), "nobody has it any more");
}

pub(crate) async fn m08_what_waits_or_begins_later_ends_too(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M17").await;
    // What could do great harm begins only after three days.
    let mandate = world.give(anna, bo, &["M17"]).await;
    assert!(mandate.valid.from > world.now());
    withdraw(world, "M17", today(world).plus(CalendarPeriod::days(1))).await.unwrap();
    let (found, standing) = now_of(world, &mandate).await;
    assert_eq!(standing, MandateStanding::Ended, "it would never begin");
    assert_eq!(found.end_cause(world.now()), Some(EndCause::PackageWithdrawn));
}

pub(crate) async fn m08_a_withdrawal_is_the_authoritys_and_never_gets_later(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    for code in ["C15", "M14"] {
        world.import(code).await;
    }
    let mandate = world.give(anna, bo, &["M14"]).await;
    let (day, m14) = (today(world).plus(CalendarPeriod::days(30)), "M14".parse().unwrap());
    let service = &world.service;
    for (by, why) in [
        (administrator(OTHER, 3), Reason::OtherAuthority),
        (caseworker(OWN), Reason::RoleMissing),
        (citizen(anna), Reason::StaffOnly),
    ] {
        let reason = "Nej.".parse().unwrap();
        assert_eq!(told(service.withdraw_entry(&by, &m14, 1, day, reason).await), denied(why));
        assert_eq!(told(service.withdrawing(&by, &m14, 1).await), denied(why));
    }
    let ole = administrator(OWN, 2);
    assert_eq!(told(service.withdrawing(&ole, &m14, 1).await), "not found");
    assert_eq!(
        told(withdraw(world, "M14", today(world).days_before(1)).await),
        invalid("/from", Reason::EndDatePast)
    );
    assert_eq!(told(withdraw(world, "C15", day).await), "not found", "a consent is its giver's alone");
    withdraw(world, "M14", day).await.unwrap();
    for day in [day, day.plus(CalendarPeriod::days(1))] {
        assert_eq!(told(withdraw(world, "M14", day).await), rule(Reason::PackageWithdrawn));
    }
    // Sooner is possible, and is told again.
    let sooner = day.days_before(20);
    world.ambient.set(world.now().plus_seconds(60));
    withdraw(world, "M14", sooner).await.unwrap();
    assert_eq!(now_of(world, &mandate).await.0.valid.to, sooner.start());
    assert_eq!(kinds(world, bo).await, ["mandate_received", "package_withdrawn", "package_withdrawn"]);
    world.ambient.set(sooner.start());
    assert_eq!(may(world, bo, AID, anna).await, ["package_withdrawn"]);
}

pub(crate) async fn m08_all_mandates_are_gone_through_and_no_late_one_is_missed(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    for _ in 0..3 {
        world.give(anna, bo, &["M14"]).await;
    }
    world.ambient.set(world.now().plus_seconds(60));
    withdraw(world, "M14", today(world)).await.unwrap();
    let (ole, m14) = (administrator(OWN, 2), "M14".parse().unwrap());
    let progress = async || {
        let withdrawing = world.service.withdrawing(&ole, &m14, 1).await.unwrap();
        (withdrawing.concerned, withdrawing.done)
    };
    assert_eq!(progress().await, (3, false), "somebody may still be giving one");
    // Whoever is still on with an earlier withdrawal of it does not undo what this one has done.
    let entry = world.service.entry_version(Shelf::MandatePackage, &m14, 1).await.unwrap().id;
    let done = world.store.read().await.unwrap().withdrawal_progress(entry).await.unwrap().unwrap();
    let mut tx = world.store.upkeep().await.unwrap();
    let late = WithdrawalProgress { revision: done.revision - 1, concerned: 1, ..done };
    tx.keep_withdrawal_progress(&late).await.unwrap();
    tx.finish().await.unwrap();
    let kept = world.store.read().await.unwrap().withdrawal_progress(entry).await.unwrap();
    assert_eq!(kept, Some(done));
    assert_eq!(world.service.end_withdrawn().await.unwrap(), 0, "nothing is done twice");
    assert_eq!(progress().await, (3, false));
    world.ambient.set(world.now().plus_seconds(61));
    world.service.end_withdrawn().await.unwrap();
    assert!(!progress().await.1, "this way began before the minute was over");
    world.service.end_withdrawn().await.unwrap();
    assert_eq!(progress().await, (3, true));
}
