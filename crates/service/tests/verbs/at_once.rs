//! Two things at once: one order, and a clear answer to whoever came second.

use crate::expect::{denied, rule, told};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tillid_domain::{
    Reason,
    catalogue::Shelf,
    consent::ConsentState,
    id::{ConsentId, PersonId, PresentationId},
    mandate::MandateStanding,
};
use tillid_service::{Error, NewPresentation, NewRequest, PersonRef, Service};
use tillid_testkit::{
    Engine, World,
    catalogue::defined,
    people::{OWN, acting, administrator, caseworker, citizen, keyed},
};
use tokio::task::JoinSet;

const ROUNDS: u32 = 30;

/// A new pair of people each time.
async fn pair(world: &World, round: u32) -> (PersonId, PersonId) {
    let name = |n: u32| format!("Nr{n}");
    let number = |n: u32| format!("61017100{n:02}");
    let (one, other) = (2 * round + 10, 2 * round + 11);
    (world.person(&name(one), &number(one)).await, world.person(&name(other), &number(other)).await)
}

pub(crate) async fn a_death_and_a_new_mandate_have_one_order(world: &World) {
    world.import("M14").await;
    let today = world.now().local_date();
    for round in 0..ROUNDS {
        let (grantor, representative) = pair(world, round).await;
        let shown = world.show_mandate(grantor, representative, &["M14"]).await;
        let dies = if round % 2 == 0 { grantor } else { representative };
        let (service, call) = (&world.service, citizen(grantor));
        let (death, mandate) = if round % 4 < 2 {
            tokio::join!(service.register_death(dies, today), service.give_mandate(&call, shown))
        } else {
            let (mandate, death) =
                tokio::join!(service.give_mandate(&call, shown), service.register_death(dies, today));
            (death, mandate)
        };
        death.unwrap();
        match mandate {
            Ok(given) => {
                let mut tx = world.store.read().await.unwrap();
                let found = tx.mandate(given.value.id).await.unwrap().unwrap();
                assert_eq!(found.standing(world.now()), MandateStanding::Ended, "round {round}");
            }
            refused => assert_eq!(told(refused), rule(Reason::PersonDead)),
        }
        assert!(world.may_act(representative, grantor).await.is_err(), "round {round}");
    }
}

pub(crate) async fn two_answers_to_one_request_have_one_winner(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    for round in 0..ROUNDS {
        let request = world.ask(anna, "C15").await;
        let shown = world.show(&citizen(anna), request).await;
        let (yes, no) = (world.all(true, shown).await, world.all(false, shown).await);
        let call = citizen(anna);
        let (a, b) = tokio::join!(
            world.service.answer_request(&call, request, shown, &yes),
            world.service.answer_request(&call, request, shown, &no)
        );
        let (winner, loser) = if a.is_ok() { (a, b) } else { (b, a) };
        assert_eq!(told(loser), rule(Reason::RequestAnswered), "round {round}");
        let declaration = winner.unwrap().value[0].consent.answer.declaration;
        let mut tx = world.store.read().await.unwrap();
        assert_eq!(tx.consents_of_declaration(declaration).await.unwrap().len(), yes.len());
    }
    let all = world.service.list_consents(&citizen(anna), None, 1000).await.unwrap().items;
    assert_eq!(all.len(), 3 * ROUNDS as usize);
}

pub(crate) async fn two_revocations_of_one_mandate_have_one_winner(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    for round in 0..ROUNDS {
        let mandate = world.give(anna, bo, &["M14"]).await.id;
        let (by_anna, by_bo) = (citizen(anna), citizen(bo));
        let (a, b) = if round % 2 == 0 {
            tokio::join!(
                world.service.revoke_mandate(&by_anna, mandate),
                world.service.revoke_mandate(&by_anna, mandate)
            )
        } else {
            tokio::join!(
                world.service.revoke_mandate(&by_anna, mandate),
                world.service.renounce_mandate(&by_bo, mandate)
            )
        };
        let (winner, loser) = if a.is_ok() { (a, b) } else { (b, a) };
        let standing = winner.unwrap().value.standing(world.now());
        let reason = match standing {
            MandateStanding::Revoked => Reason::MandateRevoked,
            _ => Reason::MandateRenounced,
        };
        assert_eq!(told(loser), rule(reason), "round {round}");
    }
}

pub(crate) async fn a_withdrawal_and_a_death_have_one_order(world: &World) {
    world.import("C15").await;
    let today = world.now().local_date();
    for round in 0..ROUNDS {
        let (person, _) = pair(world, round).await;
        let consent = world.one_consent(person, "C15").await;
        let call = citizen(person);
        let (death, withdrawal) = tokio::join!(
            world.service.register_death(person, today),
            world.service.withdraw_consent(&call, consent)
        );
        death.unwrap();
        let mut tx = world.store.read().await.unwrap();
        let found = tx.consent(consent).await.unwrap().unwrap();
        assert_eq!(found.revision, 2, "it ended once");
        match withdrawal {
            Ok(_) => assert!(matches!(found.state, ConsentState::Withdrawn { .. })),
            refused => {
                assert_eq!(told(refused), rule(Reason::ConsentLapsed));
                assert!(matches!(found.state, ConsentState::Lapsed { .. }));
            }
        }
    }
}

/// What fifty callers want of one person.
enum Wish {
    Ask,
    Withdraw(ConsentId),
    Give(PresentationId),
    Show(NewPresentation),
}

async fn grant(service: &Service, anna: PersonId, wish: Wish) -> Result<(), Error> {
    let call = citizen(anna);
    match wish {
        Wish::Ask => {
            let question = World::question(anna, "C15");
            service.ask_for_consent(&caseworker(OWN), &question).await.map(|_| ())
        }
        Wish::Withdraw(id) => service.withdraw_consent(&call, id).await.map(|_| ()),
        Wish::Give(shown) => service.give_mandate(&call, shown).await.map(|_| ()),
        Wish::Show(new) => service.present(&call, &new, tillid_domain::Language::Da).await.map(|_| ()),
    }
}

pub(crate) async fn fifty_verbs_about_one_person_leave_no_gap(world: &World) {
    let world = World::running(world.database.engine).await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    let mut wishes = Vec::new();
    for n in 0..12 {
        let request = world.ask(anna, "C15").await;
        wishes.push(Wish::Show(NewPresentation::Request(request)));
        wishes.push(Wish::Withdraw(world.one_consent(anna, "C15").await));
        wishes.push(Wish::Ask);
        let shown = world.show_mandate(anna, bo, &["M14"]).await;
        wishes.push(if n == 0 { Wish::Ask } else { Wish::Give(shown) });
    }
    wishes.extend([Wish::Ask, Wish::Ask]);
    assert_eq!(wishes.len(), 50);
    let versions = "SELECT CAST(version AS TEXT) FROM event_subject WHERE person_id = (SELECT person_id FROM person_login \
         WHERE login = 'anna') ORDER BY event_subject.version";
    let mut administrator = world.database.administrator().await;
    let before = administrator.column(versions).await.len();
    let mut tasks = JoinSet::new();
    for wish in wishes {
        let service = world.service.clone();
        tasks.spawn(async move { grant(&service, anna, wish).await });
    }
    for done in tasks.join_all().await {
        done.unwrap();
    }
    let after: Vec<usize> = administrator.column(versions).await.iter().map(|v| v.parse().unwrap()).collect();
    // Each of the twelve withdrawals makes a task, which is an event of hers too.
    assert_eq!(after, (1..=before + 50 + 12).collect::<Vec<_>>());
    world.check().await;
}

pub(crate) async fn one_number_makes_one_person_however_many_ask(world: &World) {
    world.import("C15").await;
    let mut tasks = JoinSet::new();
    let anybody = PersonId::from_uuid(uuid::Uuid::from_u128(1));
    for _ in 0..20 {
        let service = world.service.clone();
        tasks.spawn(async move {
            let person = PersonRef::Number("7405433008".parse().unwrap());
            let question = NewRequest { person, ..World::question(anybody, "C15") };
            service.ask_for_consent(&caseworker(OWN), &question).await.unwrap().value.person
        });
    }
    let people = tasks.join_all().await;
    assert!(people.iter().all(|person| *person == people[0]));
    let mut administrator = world.database.administrator().await;
    assert_eq!(administrator.count("SELECT COUNT(*) FROM person").await, 1);
    assert_eq!(administrator.count("SELECT COUNT(*) FROM consent_request").await, 20);
}

pub(crate) async fn twenty_equal_requests_have_one_effect(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let service = world.service.clone();
        tasks.spawn(async move {
            let question = World::question(anna, "C15");
            service.ask_for_consent(&keyed(caseworker(OWN), "1", "a"), &question).await.unwrap()
        });
    }
    let done = tasks.join_all().await;
    assert_eq!(done.iter().filter(|d| !d.replayed).count(), 1);
    assert!(done.iter().all(|d| d.value == done[0].value));
    let mut administrator = world.database.administrator().await;
    assert_eq!(administrator.count("SELECT COUNT(*) FROM consent_request").await, 1);
}

/// What is published comes into use, unless a newer version did first.
fn come_through<T>(number: u32, outcome: Result<T, Error>) {
    match outcome {
        Ok(_) => {}
        Err(Error::Rule(Reason::DraftOvertaken)) => assert_eq!(number, 1, "only the older one is overtaken"),
        Err(error) => panic!("{error:?}"),
    }
}

pub(crate) async fn two_versions_never_come_into_use_together(world: &World) {
    let (karin, ole) = (administrator(OWN, 1), administrator(OWN, 2));
    for n in 1..=15 {
        let code = format!("C{n:02}");
        world.service.draft_entry(&karin, defined(&code)).await.unwrap();
        world.service.draft_entry(&karin, defined(&code)).await.unwrap();
        let code = code.parse().unwrap();
        let publish = |number| world.service.publish_entry(&ole, Shelf::ConsentType, &code, number);
        let (a, b) = tokio::join!(publish(1), publish(2));
        // Whoever met the other is busy, and comes through when asked again.
        for (number, outcome) in [(1, a), (2, b)] {
            match outcome {
                Err(Error::Busy(_)) => come_through(number, publish(number).await),
                outcome => come_through(number, outcome),
            }
        }
        world.service.published_entry(Shelf::ConsentType, &code).await.unwrap();
    }
    let mut administrator = world.database.administrator().await;
    let in_use = "SELECT COUNT(*) FROM catalogue_entry WHERE state = 'published'";
    assert_eq!(administrator.count(in_use).await, 15);
}

pub(crate) async fn many_refusals_at_once_are_all_told(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await.id;
    world.service.revoke_mandate(&citizen(anna), mandate).await.unwrap();
    let mut tasks = JoinSet::new();
    for n in 0..60 {
        let service = world.service.clone();
        tasks.spawn(async move {
            let call = acting(bo, anna);
            match n % 3 {
                0 => told(service.list_consents(&call, None, 10).await),
                1 => told(service.overview(&call).await),
                _ => told(service.list_mandates(&call, None, 10).await),
            }
        });
    }
    for refusal in tasks.join_all().await {
        assert_eq!(refusal, denied(Reason::PowerRevoked));
    }
    let log = world.service.access_log(&citizen(anna), None, 100).await.unwrap().items;
    assert_eq!(log.len(), 60, "each stands in the log");
}

/// Waits until somebody waits for a lock. On SQLite nobody can be seen to wait: the one writer is taken, and that is enough.
async fn somebody_waits(world: &World) {
    if world.database.engine == Engine::Postgres {
        let mut administrator = world.database.administrator().await;
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let seen = async {
            while administrator.count(waiting).await == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), seen).await.expect("nobody waited for the lock");
    }
}

pub(crate) async fn an_answer_that_waited_is_judged_by_the_time_it_is_its_turn(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    let far = 400 * 24 * 3600;
    for verb in 0..3 {
        let request = world.ask(anna, "C15").await;
        let shown = world.show(&citizen(anna), request).await;
        let answers = world.all(true, shown).await;
        let shown_mandate = world.show_mandate(anna, bo, &["M14"]).await;
        let mut ahead = world.store.write().await.unwrap();
        ahead.lock(&[anna]).await.unwrap();
        let service = world.service.clone();
        let waiting = tokio::spawn(async move {
            let call = citizen(anna);
            match verb {
                0 => told(service.answer_request(&call, request, shown, &answers).await),
                1 => told(service.cancel_request(&caseworker(OWN), request).await),
                _ => told(service.give_mandate(&call, shown_mandate).await),
            }
        });
        somebody_waits(world).await;
        world.ambient.set(world.now().plus_seconds(far));
        drop(ahead);
        let refused = waiting.await.unwrap();
        if verb == 2 {
            assert!(
                refused.starts_with("rule end_date_past") || refused.contains("presentation_too_old"),
                "{refused}"
            );
        } else {
            assert_eq!(refused, rule(Reason::RequestExpired));
        }
    }
}

pub(crate) async fn no_question_after_a_revocation_gets_a_yes(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    for _ in 0..5 {
        let mandate = world.give(anna, bo, &["M14"]).await.id;
        let acknowledged = Arc::new(AtomicBool::new(false));
        let mut askers = JoinSet::new();
        for _ in 0..3 {
            let (service, acknowledged) = (world.service.clone(), Arc::clone(&acknowledged));
            askers.spawn(async move {
                let mut after = 0;
                while after < 3 {
                    let late = acknowledged.load(Ordering::SeqCst);
                    let answer = service.overview(&acting(bo, anna)).await;
                    if late {
                        assert_eq!(told(answer), denied(Reason::PowerRevoked));
                        after += 1;
                    }
                }
            });
        }
        world.ambient.set(world.now().plus_seconds(1));
        world.service.revoke_mandate(&citizen(anna), mandate).await.unwrap();
        acknowledged.store(true, Ordering::SeqCst);
        askers.join_all().await;
    }
}
