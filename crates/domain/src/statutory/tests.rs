//! Lines of time, and what they give: as tables, and as properties of whatever is stated in whatever order.

use super::*;
use crate::{
    actor::ActorTrace,
    catalogue::ParentalRule,
    event::{Event, SubjectVersion, replay},
    family::{Custody, Holder},
    id::{CustodyId, EventId},
};
use proptest::prelude::*;

const WARD: u128 = 1;
const GITTE: u128 = 2;
const HENRIK: u128 = 3;

fn person(n: u128) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(n))
}

fn day(n: u8) -> LocalDate {
    format!("2026-03-{n:02}").parse().expect("a day")
}

fn now() -> Instant {
    day(20).start()
}

fn charge(form: Form, holders: &[u128]) -> Charge {
    Charge { form, areas: [Area::Economic].into(), holders: holders.iter().copied().map(person).collect() }
}

fn days(from: u8, until: Option<u8>) -> Days {
    Days { from: day(from), until: until.map(day) }
}

const SOURCE: Source = Source::Register {};

fn id(n: u128) -> StatutoryId {
    StatutoryId::from_uuid(Uuid::from_u128(n))
}

fn guardianship(form: Form, from: u8, until: Option<u8>) -> StatutoryPower {
    let charge = charge(form, &[GITTE]);
    StatutoryPower::guardianship(id(9), person(WARD), charge, days(from, until), SOURCE, now())
        .expect("one")
        .0
}

fn lasting(n: u128) -> StatutoryPower {
    let dormant = Dormant { attorneys: [person(GITTE)].into(), areas: Area::ALL.into() };
    StatutoryPower::lasting(id(n), person(WARD), dormant, SOURCE, now()).expect("one").0
}

fn carrying(guardian: bool, custody_until: Option<u8>, parental_rule: ParentalRule) -> Carrying {
    Carrying {
        statutory: Some(Statutory { area: Area::Economic, guardian, custody_until, for_children: false }),
        parental_rule,
    }
}

const ANY: ParentalRule = ParentalRule::OneHolder;

/// What somebody has on a day of the privilege that guardians carry.
fn gives(power: &StatutoryPower, who: u128, at: u8) -> Result<Option<Instant>, Reason> {
    let relations = by_statute(person(who), [power]);
    let carried = relations.iter().map(|r| carrying(true, None, ANY).carried_by(r, None, day(at).start()));
    carried.reduce(|a, b| if a.is_ok() { a } else { b }).unwrap_or(Err(Reason::NoPower))
}

#[test]
fn r33_a_guardian_acts_from_the_first_day_to_the_last_one_and_on_no_other() {
    let power = guardianship(Form::Guardianship, 5, Some(10));
    assert_eq!(gives(&power, GITTE, 4), Err(Reason::PowerNotStarted));
    assert_eq!(gives(&power, GITTE, 5), Ok(Some(day(11).start())));
    assert_eq!(gives(&power, GITTE, 10), Ok(Some(day(11).start())));
    assert_eq!(gives(&power, GITTE, 11), Err(Reason::PowerEnded));
    assert_eq!(gives(&power, HENRIK, 7), Err(Reason::NoPower));
    assert_eq!(power.standing(day(4)), StatutoryStanding::Planned);
    assert_eq!(power.standing(day(11)), StatutoryStanding::Ended);
}

#[test]
fn r33_under_section_7_the_guardian_never_acts_alone() {
    let power = guardianship(Form::CoGuardianship, 5, None);
    assert_eq!(gives(&power, GITTE, 7), Err(Reason::PowerNeedsWard));
}

#[test]
fn r33_an_area_that_is_not_covered_gives_nothing_and_section_6_takes_capacity_in_its_own_alone() {
    let power = guardianship(Form::WithoutCapacity, 5, Some(10));
    let relations = by_statute(person(GITTE), [&power]);
    let personal = Carrying {
        statutory: Some(Statutory {
            area: Area::Personal,
            guardian: true,
            custody_until: None,
            for_children: false,
        }),
        parental_rule: ANY,
    };
    assert_eq!(personal.carried_by(&relations[0], None, day(7).start()), Err(Reason::PowerDoesNotCover));
    let removed = capacity_removed([&power]);
    let covers = |area, at: u8| removed.iter().any(|r| r.covers(area, day(at).start()));
    assert!(covers(Some(Area::Economic), 5) && covers(None, 10), "what has no area lies in every one");
    assert!(!covers(Some(Area::Personal), 7) && !covers(Some(Area::Economic), 4));
    assert!(!covers(Some(Area::Economic), 11));
    assert_eq!(capacity_removed([&guardianship(Form::Guardianship, 5, None)]), Vec::new());
}

#[test]
fn r34_a_lasting_power_gives_nothing_before_it_is_in_force_and_no_more_than_was_registered() {
    let dormant = lasting(9);
    assert_eq!(dormant.standing(day(7)), StatutoryStanding::Dormant);
    assert_eq!(gives(&dormant, GITTE, 7), Err(Reason::NoPower));
    assert_eq!(dormant.subjects(), [person(WARD)], "nobody but its grantor gets to know of it");
    let other = dormant.clone().change(charge(Form::LastingPower, &[HENRIK]), days(5, None), SOURCE, now());
    assert_eq!(other.expect_err("nobody is added"), Reason::StatutoryImpossible);
    let form = dormant.clone().change(charge(Form::Guardianship, &[GITTE]), days(5, None), SOURCE, now());
    assert_eq!(form.expect_err("it is no guardianship"), Reason::StatutoryImpossible);
    let (in_force, _) =
        dormant.change(charge(Form::LastingPower, &[GITTE]), days(5, None), SOURCE, now()).expect("in force");
    assert_eq!(gives(&in_force, GITTE, 5), Ok(None));
    assert_eq!(in_force.subjects(), [person(WARD), person(GITTE)]);
}

#[test]
fn r34_two_lasting_powers_meet_where_a_day_is_in_both() {
    let in_force = |n, from, until| {
        let charge = charge(Form::LastingPower, &[GITTE]);
        lasting(n).change(charge, days(from, until), SOURCE, now()).expect("in force").0
    };
    assert!(in_force(1, 5, None).meets(&in_force(2, 9, None)));
    assert!(in_force(1, 5, Some(9)).meets(&in_force(2, 9, None)));
    assert!(!in_force(1, 5, Some(8)).meets(&in_force(2, 9, None)));
    assert!(!in_force(1, 5, None).meets(&lasting(2)));
}

#[test]
fn nobody_guards_themselves_and_somebody_guards_something() {
    let state =
        |charge| StatutoryPower::guardianship(id(9), person(WARD), charge, days(5, None), SOURCE, now());
    for impossible in [
        charge(Form::Guardianship, &[WARD]),
        charge(Form::Guardianship, &[]),
        Charge { areas: BTreeSet::new(), ..charge(Form::Guardianship, &[GITTE]) },
        charge(Form::LastingPower, &[GITTE]),
    ] {
        assert_eq!(state(impossible).expect_err("impossible"), Reason::StatutoryImpossible);
    }
    let backwards = StatutoryPower::guardianship(
        id(9),
        person(WARD),
        charge(Form::Guardianship, &[GITTE]),
        days(5, Some(4)),
        SOURCE,
        now(),
    );
    assert_eq!(backwards.expect_err("it ends before it begins"), Reason::EndDatePast);
    let (over, _) = guardianship(Form::Guardianship, 5, None).end(day(8), SOURCE, now()).expect("over");
    assert_eq!(over.clone().end(day(9), SOURCE, now()).expect_err("it is over"), Reason::StatutoryOver);
    assert_eq!(
        over.end(day(7), SOURCE, now()).expect("a correction").0.standing(day(7)),
        StatutoryStanding::Ended
    );
}

fn custody(n: u128, from: u8, holders: &[(u128, bool)]) -> Custody {
    Custody {
        id: CustodyId::from_uuid(Uuid::from_u128(n)),
        child: person(WARD),
        holders: holders
            .iter()
            .map(|&(who, lives_with)| Holder { person: person(who), lives_with })
            .collect(),
        former: BTreeSet::new(),
        from: day(from),
        source: SOURCE,
        known_at: day(from).start(),
    }
}

#[test]
fn r35_who_shares_custody_acts_alone_but_not_where_all_must_agree() {
    use ParentalRule::{BothHolders, ChildAndHolders, OneHolder, ResidentParent};
    let joint = by_custody(person(HENRIK), &[custody(1, 1, &[(GITTE, true), (HENRIK, false)])]);
    let sole = by_custody(person(GITTE), &[custody(1, 1, &[(GITTE, true)])]);
    let born = Some("2015-01-01".parse().expect("a day"));
    let asks = |rule, relation| carrying(false, Some(15), rule).carried_by(relation, born, now()).map(drop);
    let rows = [
        (OneHolder, Ok(()), Ok(())),
        (BothHolders, Err(Reason::PowerNeedsOthers), Ok(())),
        (ResidentParent, Err(Reason::PowerDoesNotCover), Ok(())),
        (ChildAndHolders, Err(Reason::PowerNeedsOthers), Err(Reason::PowerNeedsOthers)),
    ];
    for (rule, apart, alone) in rows {
        assert_eq!((asks(rule, &joint[0]), asks(rule, &sole[0])), (apart, alone), "{rule:?}");
    }
    assert_eq!((joint[0].basis, sole[0].basis), (Basis::CustodyJoint, Basis::CustodySole));
}

#[test]
fn r28_r36_custody_gives_until_the_age_that_the_package_says_and_never_beyond_18() {
    let relation = &by_custody(person(GITTE), &[custody(1, 1, &[(GITTE, true)])])[0];
    let at = |years: u8| {
        let born: LocalDate = "2010-01-01".parse().expect("a day");
        (Some(born), born.birthday(years).start())
    };
    let relation = &Relation { from: at(0).1, ..relation.clone() };
    let asks = |until, (born, at): (Option<LocalDate>, Instant)| {
        carrying(false, until, ANY).carried_by(relation, born, at)
    };
    assert_eq!(asks(Some(15), at(14)), Ok(Some(at(15).1)));
    assert_eq!(asks(Some(15), at(15)), Err(Reason::PowerEndedByAge));
    assert_eq!(asks(Some(99), at(18)), Err(Reason::PowerEndedByAge));
    assert_eq!(asks(Some(18), (None, at(5).1)), Err(Reason::NoPower), "nobody knows that it is a child");
    assert_eq!(asks(None, at(5)), Err(Reason::PowerDoesNotCover));
}

#[test]
fn r35_a_later_statement_of_custody_ends_the_earlier_one() {
    let statements = [custody(1, 1, &[(GITTE, true), (HENRIK, false)]), custody(2, 9, &[(GITTE, true)])];
    let henrik = by_custody(person(HENRIK), &statements);
    assert_eq!((henrik.len(), henrik[0].to, henrik[0].closed), (1, Some(day(9).start()), true));
    let gitte = by_custody(person(GITTE), &statements);
    assert_eq!(gitte.iter().map(|r| r.basis).collect::<Vec<_>>(), [Basis::CustodyJoint, Basis::CustodySole]);
    assert_eq!(gitte[1].to, None);
}

/// What is stated: a form with a holder or that it is over, a first day, and a last one.
type Step = (Option<usize>, u8, Option<u8>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (proptest::option::of(0..3_usize), 1..29_u8, proptest::option::of(0..9_u8));
    proptest::collection::vec(step, 0..8)
}

proptest! {
    #[test]
    fn what_was_stated_last_of_a_day_is_what_holds_and_the_journal_tells_all_of_it(steps in steps()) {
        let mut events = Vec::new();
        let mut record = |after: &StatutoryPower, fact: Fact| {
            let event = Event {
                id: EventId::from_uuid(Uuid::from_u128(after.revision.into())),
                kind: Kind::StatutoryPower,
                aggregate: after.id.as_uuid(),
                revision: after.revision,
                at: now(),
                actor: ActorTrace::Service,
                subjects: after.subjects(),
                fact,
            };
            let subjects = event.subjects.iter().copied().map(SubjectVersion::from).collect();
            let bytes = Recorded::new(event, subjects).to_bytes();
            events.push(Recorded::from_bytes(&bytes).expect("an event"));
        };
        let first = charge(Form::Guardianship, &[GITTE]);
        let made = StatutoryPower::guardianship(id(9), person(WARD), first, days(5, None), SOURCE, now());
        let (mut power, fact) = made.expect("a guardianship");
        record(&power, fact);
        // For each day, what was said of it last.
        let mut said: Vec<Option<Form>> = (1..=31).map(|n| (n >= 5).then_some(Form::Guardianship)).collect();
        for (form, from, more) in steps {
            let form = form.map(|n| Form::ALL[n]);
            let until = more.filter(|_| form.is_some()).map(|more| (from + more).min(31));
            let next = match form {
                Some(form) => power.clone().change(charge(form, &[GITTE]), days(from, until), SOURCE, now()),
                None => power.clone().end(day(from), SOURCE, now()),
            };
            let Ok((after, fact)) = next else { continue };
            record(&after, fact);
            power = after;
            for n in from..=31 {
                said[usize::from(n) - 1] = form.filter(|_| until.is_none_or(|until| n <= until));
            }
        }
        for n in 1..=31_u8 {
            let expected = said[usize::from(n) - 1];
            prop_assert_eq!(power.on(day(n)).map(|(charge, ..)| charge.form), expected);
            let alone = gives(&power, GITTE, n).is_ok();
            prop_assert_eq!(alone, expected.is_some_and(|form| form != Form::CoGuardianship), "{}", n);
        }
        prop_assert_eq!(replay::<StatutoryPower>(&events), Some(power));
    }
}
