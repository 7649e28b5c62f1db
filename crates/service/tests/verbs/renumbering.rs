//! M10: another CPR number leads to the same person, with everything that is theirs; and another day of birth counts at once.

use crate::{
    by_law::{CONTACT, about, said},
    children::{Family, family, says},
    deciding::ask,
    expect::{invalid, rule, told},
    noticing::{tell, told_to},
};
use tillid_domain::{
    CalendarPeriod, Cpr, Reason,
    actor::Purpose,
    consent::{ConsentStanding, ConsentState},
    event::EndCause,
    request::RequestStanding,
};
use tillid_service::{NewLookup, PersonRef};
use tillid_testkit::{
    World,
    people::{OWN, acting, caseworker, citizen, machine},
};

pub(crate) async fn m10_a_person_with_another_number_is_the_same_person(world: &World) {
    world.import("M14").await;
    let (anna, bo) = (world.anna().await, world.bo().await);
    let mandate = world.give(anna, bo, &["M14"]).await;
    world.pass(CalendarPeriod::days(1));
    let [old, new]: [Cpr; 2] = ["7405433008", "7505433014"].map(|text| text.parse().unwrap());
    let taken: Cpr = "6101710017".parse().unwrap();
    assert_eq!(told(world.service.register_number(anna, &taken).await), rule(Reason::NumberTaken));
    for _ in 0..2 {
        world.service.register_number(anna, &new).await.unwrap();
    }
    // By either number, with what she gave; and nobody new becomes known.
    for number in [old, new.clone()] {
        let lookup = NewLookup {
            person: PersonRef::Number(number.clone()),
            purpose: Purpose::CaseProcessing,
            case: Some("27.36.04-G01-12-26".parse().unwrap()),
        };
        let found = world.service.look_up(&caseworker(OWN), &lookup).await.unwrap();
        assert_eq!(found.person.id, anna);
        assert_eq!(found.mandates[0].mandate.id, mandate.id);
        // A form that somebody fills in with the one or the other is for her.
        assert_eq!(world.service.person_by_number(&number).await.unwrap(), Some(anna));
    }
    assert!(world.may_act(bo, anna).await.is_ok());
    // Post goes to the new one.
    world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
    tell(world).await;
    assert!(!told_to(world, anna).await.is_empty());
    let mut tx = world.store.read().await.unwrap();
    assert_eq!(
        tx.number_of(anna).await.unwrap().map(|number| number.reveal().to_string()),
        Some(new.reveal().to_string())
    );
}

pub(crate) async fn m10_r36_a_corrected_birthday_counts_at_once(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    for code in ["C15", "M16"] {
        world.import(code).await;
    }
    let request = world.ask(clara, "C15").await;
    for parent in [dorte, erik] {
        says(world, &acting(parent, clara), request, true).await.unwrap();
    }
    world.pass(CalendarPeriod::days(1));
    let tomorrow = world.now().local_date().next();
    let refused = world.service.register_birthday(clara, tomorrow).await;
    assert_eq!(told(refused), invalid("/born", Reason::EndDateTooLate));
    // The day that is known: nothing happens.
    world.service.register_birthday(clara, "2011-04-03".parse().unwrap()).await.unwrap();
    let given = async || {
        let mut tx = world.store.read().await.unwrap();
        tx.consents_of(clara, None, None, 100).await.unwrap()
    };
    assert!(
        given().await.iter().all(|c| c.revision == 1 && c.standing(world.now()) == ConsentStanding::Active)
    );
    // A later one: what was given keeps its earlier end.
    world.service.register_birthday(clara, "2011-05-03".parse().unwrap()).await.unwrap();
    assert!(given().await.iter().all(|c| c.standing(world.now()) == ConsentStanding::Active));
    // An earlier one, though she is not 15 yet: what would have outlived her birthday is asked anew of her parents.
    world.service.register_birthday(clara, "2011-03-10".parse().unwrap()).await.unwrap();
    let now = world.now();
    for consent in given().await {
        assert_eq!(consent.state, ConsentState::Lapsed { at: now, effective_at: now, cause: EndCause::Age });
    }
    let mut tx = world.store.read().await.unwrap();
    let open = tx.requests_to(clara, None, None, 100).await.unwrap();
    let open: Vec<_> = open.iter().filter(|r| r.standing(now) == RequestStanding::Open).collect();
    assert_eq!(open.len(), 1);
    drop(tx);
    let (anew, birthday) = (open[0].id, "2026-03-09T23:00:00Z".parse().unwrap());
    for parent in [dorte, erik] {
        says(world, &acting(parent, clara), anew, true).await.unwrap();
    }
    let active = given().await.into_iter().filter(|c| c.standing(now) == ConsentStanding::Active);
    assert!(active.map(|c| c.answer.valid.to).all(|to| to == Some(birthday)));
    // Of age since yesterday: nobody acts for her by custody.
    let contact = async || said(&ask(world, &machine(OWN), about(dorte, CONTACT, clara)).await);
    assert_eq!(contact().await, ["CUSTODY_JOINT"]);
    let yesterday = world.now().local_date().days_before(1).plus(CalendarPeriod::months(0));
    let born =
        tillid_domain::LocalDate::new(yesterday.year() - 18, yesterday.month(), yesterday.day()).unwrap();
    world.service.register_birthday(clara, born).await.unwrap();
    assert_eq!(contact().await, ["power_ended"]);
    assert!(given().await.iter().all(|c| c.standing(world.now()) != ConsentStanding::Active));
    // What was known before is answered as before.
    world.service.register_death(clara, world.now().local_date()).await.unwrap();
    assert_eq!(told(world.service.register_birthday(clara, yesterday).await), rule(Reason::PersonDead));
}
