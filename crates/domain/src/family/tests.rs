//! The matrix rule x family, as the law reads it.

use super::*;
use crate::catalogue::ParentalRule::{BothHolders, ChildAndHolders, ChildSelf15, OneHolder, ResidentParent};
use crate::catalogue::{ConsentType, ParentalRule};

const CHILD: u128 = 1;
const DORTE: u128 = 2;
const ERIK: u128 = 3;

fn person(n: u128) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(n))
}

fn day(text: &str) -> LocalDate {
    text.parse().expect("a day")
}

pub(crate) fn a_type(rule: ParentalRule, min_age: u8) -> ConsentType {
    let file = include_str!("../../../../catalogue/consent-types/C15.toml");
    let file = file.replace("authority = \"eksempel-kommune\"", "authority = \"99100001\"");
    let of: ConsentType = toml::from_str(&file).expect("the file");
    ConsentType { parental_rule: rule, min_age, ..of }
}

pub(crate) fn family(born: Option<&str>, holders: &[(u128, bool)]) -> Family {
    let holders =
        holders.iter().map(|&(who, lives_with)| Holder { person: person(who), lives_with }).collect();
    Family { child: person(CHILD), born: born.map(day), holders }
}

/// What is expected of a row.
type Expected = Result<Deciders, Reason>;

#[expect(clippy::unnecessary_wraps, reason = "a row may also expect a refusal")]
fn all(who: &[u128]) -> Expected {
    Ok(Deciders::AllOf(who.iter().copied().map(person).collect()))
}

#[expect(clippy::unnecessary_wraps, reason = "a row may also expect a refusal")]
fn any(who: &[u128]) -> Expected {
    Ok(Deciders::AnyOf(who.iter().copied().map(person).collect()))
}

const ALONE: Expected = Ok(Deciders::Alone);
const UNKNOWN: Expected = Err(Reason::CustodyUnknown);

/// One family, the same child at 14, 15, 17 and 18 years, and who answers then.
type Row = (ParentalRule, u8, &'static [(u128, bool)], [Expected; 4]);

fn rows() -> Vec<Row> {
    const SOLE: &[(u128, bool)] = &[(DORTE, true)];
    const TOGETHER: &[(u128, bool)] = &[(DORTE, true), (ERIK, true)];
    const APART: &[(u128, bool)] = &[(DORTE, true), (ERIK, false)];
    const NOWHERE: &[(u128, bool)] = &[(DORTE, false), (ERIK, false)];
    const NOBODY: &[(u128, bool)] = &[];
    let same = |until_15: Expected| [until_15.clone(), until_15.clone(), until_15, ALONE];
    let young = |until_15: Expected| [until_15, ALONE, ALONE, ALONE];
    let with_child = |who: &[u128]| {
        let both: Vec<u128> = who.iter().copied().chain([CHILD]).collect();
        [all(who), all(&both), all(&both), ALONE]
    };
    let unknown = || [UNKNOWN, UNKNOWN, UNKNOWN, ALONE];
    vec![
        (OneHolder, 18, SOLE, same(any(&[DORTE]))),
        (OneHolder, 18, TOGETHER, same(any(&[DORTE, ERIK]))),
        (OneHolder, 18, APART, same(any(&[DORTE, ERIK]))),
        (OneHolder, 18, NOBODY, unknown()),
        (OneHolder, 15, APART, young(any(&[DORTE, ERIK]))),
        (BothHolders, 18, SOLE, same(all(&[DORTE]))),
        (BothHolders, 18, TOGETHER, same(all(&[DORTE, ERIK]))),
        (BothHolders, 18, APART, same(all(&[DORTE, ERIK]))),
        (BothHolders, 18, NOBODY, unknown()),
        (ResidentParent, 18, SOLE, same(any(&[DORTE]))),
        (ResidentParent, 18, TOGETHER, same(any(&[DORTE, ERIK]))),
        (ResidentParent, 18, APART, same(any(&[DORTE]))),
        (ResidentParent, 18, NOWHERE, unknown()),
        (ResidentParent, 18, NOBODY, unknown()),
        (ChildSelf15, 15, SOLE, young(all(&[DORTE]))),
        (ChildSelf15, 15, TOGETHER, young(all(&[DORTE, ERIK]))),
        (ChildSelf15, 15, APART, young(all(&[DORTE, ERIK]))),
        (ChildSelf15, 15, NOBODY, [UNKNOWN, ALONE, ALONE, ALONE]),
        (ChildAndHolders, 15, SOLE, with_child(&[DORTE])),
        (ChildAndHolders, 15, APART, with_child(&[DORTE, ERIK])),
        (ChildAndHolders, 15, NOBODY, unknown()),
    ]
}

#[test]
fn r35_r36_who_answers_follows_from_the_rule_the_age_and_custody() {
    let days = ["2026-03-01", "2027-03-01", "2029-03-01", "2030-03-01"];
    for (rule, min_age, holders, expected) in rows() {
        // Born on 1 March 2012: 14, 15, 17 and 18 years on those days.
        let family = family(Some("2012-03-01"), holders);
        for (on, expected) in days.into_iter().zip(expected) {
            let of = a_type(rule, min_age);
            assert_eq!(who_answers(&of, &family, day(on)), expected, "{rule:?} {min_age} {holders:?} {on}");
        }
    }
}

#[test]
fn whose_age_nobody_knows_is_nobodys_child() {
    let family = family(None, &[(DORTE, true)]);
    assert_eq!(who_answers(&a_type(BothHolders, 18), &family, day("2026-03-01")), ALONE);
    assert!(!family.is_minor(day("2026-03-01")));
    assert_eq!(changes_after(&a_type(BothHolders, 18), &family, day("2026-03-01")), None);
}

#[test]
fn r36_somebody_else_decides_from_the_birthday_itself() {
    let cases = [
        (ChildSelf15, 15, "2012-03-01", "2026-03-01", Some("2027-03-01")),
        (ChildSelf15, 15, "2012-02-29", "2026-03-01", Some("2027-03-01")),
        (OneHolder, 18, "2012-02-29", "2026-03-01", Some("2030-03-01")),
        (BothHolders, 18, "2012-02-28", "2030-02-27", Some("2030-02-28")),
        (ChildAndHolders, 15, "2012-06-30", "2026-03-01", Some("2027-06-30")),
        (ChildAndHolders, 15, "2012-06-30", "2027-06-30", Some("2030-06-30")),
        (ChildSelf15, 15, "2012-06-30", "2027-06-30", None),
    ];
    for (rule, min_age, born, on, expected) in cases {
        let (of, family) = (a_type(rule, min_age), family(Some(born), &[(DORTE, true)]));
        let changes = changes_after(&of, &family, day(on));
        assert_eq!(changes, expected.map(day), "{rule:?} {born} {on}");
        if let Some(changes) = changes {
            let eve = changes.start().plus_seconds(-1).local_date();
            let before = who_answers(&of, &family, eve);
            assert_ne!(who_answers(&of, &family, changes), before, "{rule:?} {born}");
            assert_eq!(before, who_answers(&of, &family, day(on)));
        }
    }
}

#[test]
fn custody_of_oneself_of_the_same_person_twice_or_from_tomorrow_is_not_stated() {
    let now = day("2026-03-01").start();
    let stated = |holders: &[(u128, bool)], before: Option<&Custody>, from: &str| {
        let holders = family(None, holders).holders;
        let id = CustodyId::from_uuid(Uuid::from_u128(9));
        Custody::state(id, person(CHILD), holders, before, day(from), Source::Register {}, now)
    };
    for holders in [&[(CHILD, true)][..], &[(DORTE, true), (DORTE, false)]] {
        assert_eq!(stated(holders, None, "2026-03-01").map(|_| ()), Err(Reason::CustodyImpossible));
    }
    assert_eq!(stated(&[(DORTE, true)], None, "2026-03-02").map(|_| ()), Err(Reason::EndDateTooLate));
    let (first, _) = stated(&[(DORTE, true), (ERIK, false)], None, "2026-02-01").expect("custody");
    assert_eq!(
        stated(&[(DORTE, true)], Some(&first), "2026-01-31").map(|_| ()),
        Err(Reason::CustodyKnownLater)
    );
    let (next, _) = stated(&[(DORTE, true)], Some(&first), "2026-02-01").expect("custody");
    assert_eq!(next.former, [person(ERIK)].into());
    assert_eq!(next.subjects().len(), 3, "who has custody no longer gets to know one more thing too");
}
