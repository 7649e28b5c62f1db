//! Reads of another time.

use crate::expect::told;
use tillid_domain::{
    CalendarPeriod, Instant, actor::Purpose, consent::ConsentStanding, id::PersonId, mandate::MandateStanding,
};
use tillid_service::{AsOf, FoundMandate, KnownAt, NewLookup, NewPerson, PersonRef, Times, TypedConsent};
use tillid_testkit::{
    World,
    people::{OWN, caseworker, citizen, under},
};

/// What somebody was answered, and when.
struct Answered {
    at: Instant,
    /// How many entries the log had.
    size: u64,
    lists: Vec<Lists>,
}

#[derive(Debug, PartialEq)]
struct Lists {
    consents: Vec<TypedConsent>,
    mandates: Vec<FoundMandate>,
}

/// Chance that is the same each time (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let sides = u64::try_from(of.len()).unwrap();
        if sides == 0 { None } else { Some(of[usize::try_from(self.roll(sides)).unwrap()]) }
    }
}

async fn lists(world: &World, person: PersonId, times: Times) -> Lists {
    let call = citizen(person);
    let consents = world.service.list_consents_at(&call, times, None, 200).await.unwrap();
    let mandates = world.service.list_mandates_at(&call, times, None, 200).await.unwrap();
    let expected = times != Times::NOW;
    assert_eq!((consents.1.is_some(), mandates.1.is_some()), (expected, expected), "the past says so");
    Lists { consents: consents.0.items, mandates: mandates.0.items }
}

async fn log_size(world: &World) -> u64 {
    world.service.sequence_all().await.unwrap();
    let rows = world.database.administrator().await.count("SELECT COUNT(*) FROM log_entry").await;
    u64::try_from(rows).unwrap()
}

/// One thing that happens to one of the two, if it can.
async fn something_happens(world: &World, dice: &mut Dice, two: [PersonId; 2]) {
    let [one, other] = if dice.roll(2) == 0 { two } else { [two[1], two[0]] };
    let call = citizen(one);
    let now = lists(world, one, Times::NOW).await;
    let consents: Vec<_> = now.consents.iter().map(|typed| typed.consent.id).collect();
    let mandates: Vec<_> = now.mandates.iter().map(|found| found.mandate.id).collect();
    // What is refused changes nothing, and is a part of the history all the same.
    match dice.roll(9) {
        0 | 1 => drop(world.consent(one, "C15").await),
        2 => {
            let asked = world.ask(one, "C15").await;
            let shown = world.show(&call, asked).await;
            let no = world.all(false, shown).await;
            world.service.answer_request(&call, asked, shown, &no).await.unwrap();
        }
        3 => {
            if let Some(id) = dice.pick(&consents) {
                drop(world.service.withdraw_consent(&call, id).await);
            }
        }
        4 | 5 => drop(world.give(one, other, &["M14"]).await),
        6 => {
            if let Some(id) = dice.pick(&mandates) {
                drop(world.service.revoke_mandate(&call, id).await);
            }
        }
        7 => {
            if let Some(id) = dice.pick(&mandates) {
                drop(world.service.renounce_mandate(&call, id).await);
            }
        }
        _ => world.pass(CalendarPeriod::days(200)),
    }
}

pub(crate) async fn every_list_can_be_answered_again_as_it_was(world: &World) {
    world.import("C15").await;
    world.import("M14").await;
    let (mut compared, mut different) = (0, 0);
    for seed in 1..=3_u64 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut two = Vec::new();
        for _ in 0..2 {
            two.push(world.service.register_person(&NewPerson::default()).await.unwrap());
        }
        let two: [PersonId; 2] = two.try_into().unwrap();
        let mut history = Vec::new();
        for step in 0..14 {
            world.ambient.set(world.now().plus_seconds(i64::try_from(1 + dice.roll(400_000)).unwrap()));
            match step {
                0..9 => something_happens(world, &mut dice, two).await,
                9 => {
                    // A death that becomes known twenty days late.
                    let on = world.now().local_date();
                    world.pass(CalendarPeriod::days(20));
                    world.service.register_death(two[0], on).await.unwrap();
                }
                // The other one goes on.
                _ => drop(world.consent(two[1], "C15").await),
            }
            let size = log_size(world).await;
            let mut answers = Vec::new();
            for person in two {
                answers.push(lists(world, person, Times::NOW).await);
            }
            history.push(Answered { at: world.now(), size, lists: answers });
        }
        world.pass(CalendarPeriod::months(7));
        for Answered { at, size, lists: answers } in &history {
            for (person, answer) in two.iter().zip(answers) {
                let then = Times { valid_at: None, known_at: KnownAt::Time(*at) };
                assert_eq!(lists(world, *person, then).await, *answer, "seed {seed}, {at}");
                let then = Times { valid_at: Some(*at), known_at: KnownAt::Position(*size) };
                assert_eq!(lists(world, *person, then).await, *answer, "seed {seed}, position {size}");
                different += usize::from(lists(world, *person, Times::NOW).await != *answer);
                compared += 1;
            }
        }
    }
    assert!(compared >= 80 && different * 2 > compared, "{different} of {compared} are no longer so");
}

pub(crate) async fn where_something_stood_is_asked_of_a_moment_and_of_what_was_known(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("M14").await;
    let before = world.now();
    world.pass(CalendarPeriod::days(1));
    let consent = world.one_consent(anna, "C15").await;
    let mandate = world.give(anna, bo, &["M14"]).await.id;
    let given = world.now();
    world.pass(CalendarPeriod::days(10));
    let (on, day) = (world.now(), world.now().local_date());
    world.pass(CalendarPeriod::days(10));
    world.service.withdraw_consent(&citizen(anna), consent).await.unwrap();
    let withdrawn = world.now();
    world.pass(CalendarPeriod::days(10));
    world.service.register_death(bo, day).await.unwrap();
    let known = world.now();
    world.pass(CalendarPeriod::months(80));
    let her = citizen(anna);
    let stood = async |valid_at, known_at| {
        let times = Times { valid_at, known_at };
        let consent = world.service.read_consent_at(&her, consent, times).await;
        let mandate = world.service.read_mandate_at(&her, mandate, times).await;
        let (consent, mandate) = (consent.map(|(c, _)| c.standing), mandate.map(|(m, ..)| m.standing));
        match (consent, mandate) {
            (Ok(consent), Ok(mandate)) => Some((consent, mandate)),
            (consent, mandate) => {
                assert_eq!((told(consent), told(mandate)), ("not found".to_owned(), "not found".to_owned()));
                None
            }
        }
    };
    let time = |at| KnownAt::Time(at);
    use {ConsentStanding as C, MandateStanding as M};
    for (valid_at, known_at, expected) in [
        (None, KnownAt::Now, Some((C::Withdrawn, M::Ended))),
        (None, time(before), None),
        (Some(given), time(before), None),
        (None, KnownAt::Position(0), None),
        (None, time(given), Some((C::Active, M::Active))),
        // What was so then, as is known now, and as was known before the death was.
        (Some(given), KnownAt::Now, Some((C::Active, M::Active))),
        (Some(on.plus_seconds(86_400)), KnownAt::Now, Some((C::Active, M::Ended))),
        (Some(on.plus_seconds(86_400)), time(withdrawn), Some((C::Active, M::Active))),
        (None, time(withdrawn), Some((C::Withdrawn, M::Active))),
        (None, time(known), Some((C::Withdrawn, M::Ended))),
        // As was known then, of a moment after: it would have expired by now.
        (Some(world.now()), time(given), Some((C::Expired, M::Expired))),
        (Some(before), KnownAt::Now, Some((C::Planned, M::Planned))),
        (None, time(world.now().plus_seconds(1_000_000)), Some((C::Withdrawn, M::Ended))),
    ] {
        assert_eq!(stood(valid_at, known_at).await, expected, "{valid_at:?} {known_at:?}");
    }
    let times = Times { valid_at: None, known_at: time(given) };
    let (_, as_of) = world.service.list_consents_at(&her, times, None, 1).await.unwrap();
    assert_eq!(as_of, Some(AsOf { valid_at: given, known_at: time(given) }));
    let (_, none) = world.service.list_consents_at(&her, Times::NOW, None, 1).await.unwrap();
    assert_eq!(none, None);
    // A look-up of the past is a look of today.
    let case = Some("27.36.04-1".parse().unwrap());
    let new = NewLookup { person: PersonRef::Id(anna), purpose: Purpose::CaseProcessing, case };
    let found = world.service.look_up_at(&caseworker(OWN), &new, times).await.unwrap();
    assert_eq!((found.as_of, found.consents[0].standing), (as_of, C::Active));
    assert_eq!(found.mandates[0].standing, M::Active);
    assert_eq!(world.service.access_log(&her, None, 1).await.unwrap().items[0].at, world.now());
    let early = Times { valid_at: None, known_at: time(before) };
    let nothing = world.service.look_up_at(&caseworker(OWN), &new, early).await.unwrap();
    assert!(nothing.consents.is_empty() && nothing.mandates.is_empty());
    let call = under(caseworker(OWN), found.record.id);
    let (page, ..) = world.service.list_mandates_at(&call, times, None, 5).await.unwrap();
    assert_eq!(page.items[0].standing, M::Active);
}
