//! Who used a mandate and when; and what was done with it after it had ended, before anybody knew.

use crate::{
    by_law::{AID, CONTACT, about, said},
    children::{Family, custody, family},
    clients::registered,
    collecting::{looked_up, prose},
    deciding::ask,
    expect::{denied, told},
    living::{printed, registrar, serving, signed},
    passing_on::{QUIETLY, READ, Scene, change},
};
use tillid_domain::{
    CalendarPeriod, Instant, LocalDate, Reason,
    access::Act,
    actor::{Assurance, Purpose, Role},
    collected::AnnulmentGround,
    decision::Verdict,
    event::EndCause,
    id::{MandateId, PersonId},
    mandate::{LateEnd, MandatePaper, SuspensionGround},
};
use tillid_service::{
    ActsAt, Call, LatePlace, LateUse, MandateChange, MandateService, MandateUse, Overview, Question,
    Representing, Wanted,
};
use tillid_testkit::{
    World,
    catalogue::cvr,
    people::{OTHER, OWN, acting, caseworker, citizen, employee, machine, staff},
};

const DAY: CalendarPeriod = CalendarPeriod::days(1);

/// The representative is let act: a system asks, and the answer is yes.
async fn used(world: &World, question: Question) -> Instant {
    let said = ask(world, &machine(OWN), question).await.answer.verdict;
    assert!(matches!(said, Verdict::Yes { .. }), "{said:?}");
    world.now()
}

async fn uses(world: &World, call: &Call, id: MandateId) -> Vec<MandateUse> {
    let (page, _) = world.service.mandate_uses(call, id, None, 100).await.unwrap();
    assert_eq!(page.next, None);
    page.items
}

fn when(uses: &[MandateUse]) -> Vec<(Instant, bool)> {
    uses.iter().map(|used| (used.record.at, used.after_end)).collect()
}

async fn late(world: &World, call: &Call) -> Vec<LateUse> {
    let (page, _) = world.service.list_late_uses(call, None, 100).await.unwrap();
    assert_eq!(page.next, None);
    page.items
}

/// Anna died on the third day; on the eighth it became known. Bo had acted each of the first five.
struct Died {
    anna: PersonId,
    bo: PersonId,
    mandate: MandateId,
    on: LocalDate,
    known_at: Instant,
    used: Vec<Instant>,
}

async fn died(world: &World) -> Died {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let mandate = world.give(anna, bo, &["M14"]).await.id;
    let (mut used_at, mut days) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        world.pass(DAY);
        used_at.push(used(world, about(bo, AID, anna)).await);
        days.push(world.now().local_date());
    }
    world.pass(CalendarPeriod::days(3));
    world.service.register_death(anna, days[2]).await.unwrap();
    Died { anna, bo, mandate, on: days[2], known_at: world.now(), used: used_at }
}

pub(crate) async fn r32_what_was_done_after_a_death_is_listed_with_both_times(world: &World) {
    let Died { anna, bo, mandate, on, known_at, used } = died(world).await;
    let end = LateEnd { since: on.start(), known_at, cause: Some(EndCause::Death) };
    let all: Vec<_> = used.iter().rev().map(|at| (*at, *at >= on.start())).collect();
    assert_eq!(all.iter().filter(|(_, after_end)| *after_end).count(), 3, "the day itself counts");
    let hans = looked_up(world, caseworker(OWN), anna, Purpose::CaseProcessing).await;
    for reader in [&citizen(anna), &citizen(bo), &hans] {
        assert_eq!(when(&uses(world, reader, mandate).await), all, "{reader:?}");
    }
    let listed = late(world, &caseworker(OWN)).await;
    let expected: Vec<_> = used[2..].iter().rev().map(|at| (*at, end, mandate)).collect();
    let found: Vec<_> = listed.iter().map(|late| (late.record.at, late.end, late.mandate.id)).collect();
    assert_eq!(found, expected, "the uses before it are not on the list");
    assert_eq!(listed[0].record.privilege().unwrap().as_str(), AID);
    assert_eq!(listed[0].name.as_ref().unwrap().as_str(), "Anna");
    // It is a look at her.
    let log = world.service.access_log(&citizen(anna), None, 1).await.unwrap().items;
    assert_eq!((log[0].act, log[0].person), (Act::SeeLateUses, anna));
    // Asked afterwards as of then, nobody uses anything.
    let then = Question { valid_at: Some(used[3]), ..about(bo, AID, anna) };
    let past = Question { known_at: tillid_service::KnownAt::Time(used[3]), ..then };
    assert!(matches!(ask(world, &machine(OWN), past).await.answer.verdict, Verdict::Yes { .. }));
    assert_eq!(when(&uses(world, &citizen(anna), mandate).await)[0], (world.now(), false));
    assert_eq!(late(world, &caseworker(OWN)).await.len(), 3);
    world.pass(CalendarPeriod::days(90));
    assert!(late(world, &caseworker(OWN)).await.is_empty(), "it goes back 90 days");
    world.check().await;
}

pub(crate) async fn a_list_of_late_uses_is_for_those_who_do_the_work_and_comes_in_parts(world: &World) {
    let Died { anna, bo, mandate, .. } = died(world).await;
    let all = late(world, &caseworker(OWN)).await;
    let (mut after, mut parts): (Option<LatePlace>, Vec<LateUse>) = (None, Vec::new());
    loop {
        let (page, _) = world.service.list_late_uses(&caseworker(OWN), after, 1).await.unwrap();
        parts.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(parts, all);
    assert!(late(world, &caseworker(OTHER)).await.is_empty(), "it was not used there");
    assert_eq!(late(world, &machine(OWN)).await, all);
    let refused = async |call: &Call| told(world.service.list_late_uses(call, None, 1).await);
    assert_eq!(refused(&staff(employee(OWN, &[Role::Registrar], 5))).await, denied(Reason::RoleMissing));
    assert_eq!(refused(&citizen(anna)).await, denied(Reason::StaffOnly));
    // nobody goes over what they did themselves, or what was done for them.
    for person in [anna, bo] {
        let mut me = employee(OWN, &[Role::Caseworker], 6);
        me.person = Some(person);
        assert!(late(world, &staff(me)).await.is_empty());
    }
    let mut limited = employee(OWN, &[Role::Caseworker], 7);
    limited.sensitivity = tillid_domain::actor::Sensitivity::Ordinary;
    assert!(late(world, &staff(limited)).await.is_empty(), "M14 is more than that");
    // A look-up at another authority finds no mandate and so no uses.
    let mona = looked_up(world, caseworker(OTHER), anna, Purpose::CaseProcessing).await;
    assert_eq!(told(world.service.mandate_uses(&mona, mandate, None, 1).await), "not found");
}

pub(crate) async fn what_was_done_on_a_wrong_registration_is_listed_too(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let inge = serving(world, registrar(8, None), anna).await;
    let form = printed(world, &inge, bo, "M14").await;
    let entry = signed(world, &inge, MandatePaper::Form).await;
    let mandate = world.service.register_mandate(&inge, form, entry).await.unwrap().value;
    world.pass(DAY);
    let at = used(world, about(bo, AID, anna)).await;
    assert_eq!(when(&uses(world, &citizen(anna), mandate.id).await), [(at, false)]);
    world.pass(DAY);
    let inge = serving(world, registrar(8, None), anna).await;
    let annul = MandateService::Annul(AnnulmentGround::WrongPerson, prose("Det var en anden Anna."));
    world.service.serve_mandate(&inge, mandate.id, annul).await.unwrap();
    for reader in [&citizen(anna), &citizen(bo), &inge] {
        assert_eq!(when(&uses(world, reader, mandate.id).await), [(at, true)], "it never counted");
    }
    let listed = late(world, &caseworker(OWN)).await;
    let never = LateEnd { since: mandate.valid.from, known_at: world.now(), cause: None };
    assert_eq!(listed.iter().map(|late| (late.record.at, late.end)).collect::<Vec<_>>(), [(at, never)]);
}

pub(crate) async fn r37_what_was_done_with_a_part_ends_with_what_it_rested_on(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, clara, dorte, .. } = scene;
    let part = scene.passed_on(world, clara).await;
    world.pass(DAY);
    let before = used(world, about(clara, READ, anna)).await;
    world.pass(DAY);
    let on = world.now().local_date();
    world.pass(DAY);
    let after = used(world, about(clara, READ, anna)).await;
    let bos = used(world, about(bo, READ, anna)).await;
    world.pass(DAY);
    world.service.register_death(bo, on).await.unwrap();
    for reader in [anna, clara] {
        let seen = uses(world, &citizen(reader), part.id).await;
        assert_eq!(when(&seen), [(after, true), (before, false)]);
        assert!(seen.iter().all(|used| used.representative == clara));
    }
    assert_eq!(when(&uses(world, &citizen(anna), scene.given.id).await), [(bos, true)]);
    // Who passed it on did not do it, and whose log it is they are not.
    for reader in [bo, dorte] {
        assert_eq!(told(world.service.mandate_uses(&citizen(reader), part.id, None, 1).await), "not found");
    }
    let causes = late(world, &caseworker(OWN)).await;
    let causes: Vec<_> = causes.iter().map(|late| (late.mandate.id, late.end.cause)).collect();
    let expected =
        [(part.id, Some(EndCause::ParentEnded)), (scene.given.id, Some(EndCause::RepresentativeDeath))];
    assert_eq!(causes, expected);
}

pub(crate) async fn m12_a_quiet_revocation_does_not_show_in_the_uses(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, clara, ref given, .. } = scene;
    let part = scene.passed_on(world, clara).await;
    world.pass(DAY);
    used(world, about(bo, READ, anna)).await;
    used(world, about(clara, READ, anna)).await;
    let seen = async || {
        let theirs = async |who, id| format!("{:?}", uses(world, &citizen(who), id).await);
        (theirs(bo, given.id).await, theirs(clara, part.id).await)
    };
    let before = seen().await;
    world.pass(DAY);
    change(world, anna, given.id, QUIETLY).await.unwrap();
    world.pass(DAY);
    assert!(matches!(ask(world, &machine(OWN), about(bo, READ, anna)).await.answer.verdict, Verdict::No(_)));
    assert_eq!(seen().await, before, "as before, to the last byte");
    assert!(late(world, &caseworker(OWN)).await.is_empty());
    for id in [given.id, part.id] {
        assert!(uses(world, &citizen(anna), id).await.iter().all(|used| !used.after_end));
    }
}

pub(crate) async fn what_a_representative_does_here_is_a_use_of_what_gives_it(world: &World) {
    for code in ["M14", "M18", "C15"] {
        world.import(code).await;
    }
    let (anna, bo) = (world.anna().await, world.bo().await);
    let (aid, consents) = (world.give(anna, bo, &["M14"]).await.id, world.give(anna, bo, &["M18"]).await.id);
    let last = async || {
        let Overview::Own(own) = world.service.overview(&citizen(anna)).await.unwrap().0 else {
            panic!("own")
        };
        [aid, consents].map(|id| own.last_uses.get(&id).map(|record| (record.at, record.act)))
    };
    assert_eq!(last().await, [None, None]);
    world.pass(DAY);
    let asked = world.ask(anna, "C15").await;
    let shown = world.show(&acting(bo, anna), asked).await;
    let yes = world.all(true, shown).await;
    world.service.answer_request(&acting(bo, anna), asked, shown, &yes).await.unwrap();
    let answered = world.now();
    assert_eq!(last().await[0].map(|(_, act)| act), None, "M14 answers no request");
    assert_eq!(last().await[1], Some((answered, Act::AnswerRequest)));
    // While one of the two rests, it is the other that carries the look.
    let rest = MandateChange::Suspend(SuspensionGround::Unsure);
    world.pass(DAY);
    world.service.change_mandate(&citizen(anna), consents, rest).await.unwrap();
    world.pass(DAY);
    world.may_act(bo, anna).await.unwrap();
    let looked = world.now();
    world.pass(DAY);
    world.service.change_mandate(&citizen(anna), consents, MandateChange::Resume).await.unwrap();
    assert_eq!(last().await, [Some((looked, Act::SeeOverview)), Some((answered, Act::AnswerRequest))]);
    let of_consents = uses(world, &citizen(anna), consents).await;
    assert!(of_consents.iter().all(|used| used.record.at <= answered && !used.after_end));
    // Bo, for her, sees what he did; her log is hers alone. Staff see nothing of what was not done with them.
    assert_eq!(uses(world, &acting(bo, anna), consents).await, of_consents);
    let hans = looked_up(world, caseworker(OWN), anna, Purpose::CaseProcessing).await;
    assert_eq!(uses(world, &hans, aid).await, []);
    // A no is no use, and neither is what was refused.
    let no = ask(world, &machine(OWN), about(anna, AID, bo)).await;
    assert!(matches!(no.answer.verdict, Verdict::No(_)));
    let refused = world.service.list_consents(&acting(bo, anna), None, 1).await;
    assert!(refused.is_ok());
}

/// A system lets the representative act by a token: it is a use at the authority whose system it is.
pub(crate) async fn what_is_exchanged_is_a_use_at_the_systems_authority(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let mandate = world.give(anna, bo, &["M14"]).await;
    registered(world, "fagsystem").await;
    world.pass(DAY);
    let who = Representing {
        representative: bo,
        at_work: None,
        assurance: Assurance::Substantial,
        authenticated_at: None,
        client: "fagsystem".parse().unwrap(),
        authority: cvr(OWN),
        mandate: mandate.id,
        privileges: Wanted::These(vec![AID.parse().unwrap()]),
        place: ActsAt::There,
    };
    world.service.represent(&who).await.unwrap();
    let at = world.now();
    let hans = looked_up(world, caseworker(OWN), anna, Purpose::CaseProcessing).await;
    for reader in [&citizen(anna), &citizen(bo), &hans] {
        let seen = uses(world, reader, mandate.id).await;
        assert_eq!(when(&seen), [(at, false)]);
        assert_eq!(seen[0].record.act, Act::Represent);
    }
    world.pass(DAY);
    world.service.register_death(anna, at.local_date()).await.unwrap();
    let listed = late(world, &caseworker(OWN)).await;
    assert_eq!(listed.iter().map(|late| late.record.at).collect::<Vec<_>>(), [at]);
    assert!(late(world, &caseworker(OTHER)).await.is_empty());
}

pub(crate) async fn uses_come_in_pages_the_newest_first(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let mandate = world.give(anna, bo, &["M14"]).await.id;
    let mut at = Vec::new();
    for _ in 0..5 {
        world.pass(DAY);
        at.insert(0, used(world, about(bo, AID, anna)).await);
    }
    let (mut below, mut found) = (None, Vec::new());
    loop {
        let (page, _) = world.service.mandate_uses(&citizen(anna), mandate, below, 2).await.unwrap();
        assert!(page.items.len() <= 2);
        found.extend(page.items.iter().map(|used| used.record.at));
        below = page.next;
        if below.is_none() {
            break;
        }
    }
    assert_eq!(found, at);
}

/// Who has custody acts for the child by the law, here and where anybody asks.
pub(crate) async fn r35_who_has_custody_acts_for_the_child(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    world.import("M16").await;
    world.pass(DAY);
    for parent in [dorte, erik] {
        assert_eq!(said(&ask(world, &machine(OWN), about(parent, CONTACT, clara)).await), ["CUSTODY_JOINT"]);
        world.may_act(parent, clara).await.unwrap();
    }
    custody(world, clara, &[(erik, true)]).await;
    world.pass(DAY);
    assert_eq!(said(&ask(world, &machine(OWN), about(erik, CONTACT, clara)).await), ["CUSTODY_SOLE"]);
    assert_eq!(
        said(&ask(world, &machine(OWN), about(dorte, CONTACT, clara)).await),
        [Reason::PowerEnded.code()]
    );
}
