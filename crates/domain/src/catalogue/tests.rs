use super::*;
use crate::instant::{LocalDate, Period};
use proptest::prelude::*;

/// Health data for other purposes: a year by law.
fn of_a_year() -> ConsentType {
    let file = include_str!("../../../../catalogue/consent-types/C06.toml");
    toml::from_str(&file.replace("eksempel-kommune", "99100001")).expect("a type")
}

fn at(text: &str) -> Instant {
    text.parse().expect("a time")
}

#[test]
fn r27_a_year_ends_when_the_anniversary_begins_in_denmark() {
    let of = of_a_year();
    for (given, end) in [
        // On an ordinary day, in winter and in summer.
        ("2026-03-02T09:00:00Z", "2027-03-01T23:00:00Z"),
        ("2026-07-14T12:00:00Z", "2027-07-13T22:00:00Z"),
        // Right before and right at a local midnight.
        ("2026-07-14T21:59:59.999999Z", "2027-07-13T22:00:00Z"),
        ("2026-07-14T22:00:00Z", "2027-07-14T22:00:00Z"),
        ("2026-12-31T22:59:59.999999Z", "2027-12-30T23:00:00Z"),
        ("2026-12-31T23:00:00Z", "2027-12-31T23:00:00Z"),
        // On 29 February: the year after has none. On the days beside it.
        ("2028-02-29T11:00:00Z", "2029-02-27T23:00:00Z"),
        ("2028-02-28T23:00:00Z", "2029-02-27T23:00:00Z"),
        ("2028-02-29T23:00:00Z", "2029-02-28T23:00:00Z"),
        ("2027-02-28T22:59:59.999999Z", "2028-02-27T23:00:00Z"),
        ("2027-02-28T23:00:00Z", "2028-02-29T23:00:00Z"),
        // The clock is put forward on the last Sunday of March: on the day of the answer, and on that of the end.
        ("2026-03-29T00:59:59Z", "2027-03-28T22:00:00Z"),
        ("2026-03-29T01:00:00Z", "2027-03-28T22:00:00Z"),
        ("2026-03-28T12:00:00Z", "2027-03-27T23:00:00Z"),
        ("2027-03-28T12:00:00Z", "2028-03-27T22:00:00Z"),
        // It is put back on the last Sunday of October: half past two comes twice, and both have the same end.
        ("2026-10-25T00:30:00Z", "2027-10-24T22:00:00Z"),
        ("2026-10-25T01:30:00Z", "2027-10-24T22:00:00Z"),
        ("2026-10-31T12:00:00Z", "2027-10-30T22:00:00Z"),
        ("2026-11-01T12:00:00Z", "2027-10-31T23:00:00Z"),
    ] {
        let (given, end) = (at(given), at(end));
        assert_eq!(of.ends(given), end, "given {given}");
        // At the end it is over; right before it is not.
        let valid = Period { from: given, to: Some(of.ends(given)) };
        assert!(
            valid.contains(given) && valid.contains(Instant::from_micros(end.as_micros() - 1)),
            "{given}"
        );
        assert!(
            !valid.contains(end) && !valid.contains(Instant::from_micros(end.as_micros() + 1)),
            "{given}"
        );
    }
}

#[test]
fn r27_whatever_the_authority_wrote_the_law_ends_it_first() {
    let mut of = of_a_year();
    let given = at("2026-03-02T09:00:00Z");
    let by_law = of.ends(given);
    for (default, policy, end) in [
        ("P24M", None, by_law),
        ("P24M", Some("P18M"), by_law),
        ("P1Y", Some("P6M"), at("2026-09-01T22:00:00Z")),
        ("P30D", None, at("2026-03-31T22:00:00Z")),
        // By days, a leap year has one more.
        ("P366D", None, by_law),
    ] {
        of.duration.default = default.parse().expect("a period");
        of.duration.policy_cap = policy.map(|text| text.parse().expect("a period"));
        assert_eq!(of.ends(given), end, "{default} {policy:?}");
    }
}

proptest! {
    /// On the 366th day after the answer it is a no, whenever it was given, and never for want of an hour before.
    #[test]
    fn r27_a_year_is_a_year_whenever_it_begins(seconds in 0_i64..4_000_000_000) {
        let of = of_a_year();
        let given = Instant::from_micros(seconds * 1_000_000);
        let (day, end) = (given.local_date(), of.ends(given));
        prop_assert_eq!(end, end.local_date().start(), "a midnight");
        let anniversary = LocalDate::new(day.year() + 1, day.month(), day.day());
        let expected = anniversary.or_else(|| LocalDate::new(day.year() + 1, 2, 28)).expect("a day");
        prop_assert_eq!(end.local_date(), expected);
        prop_assert!(given.local_date().plus(CalendarPeriod::days(366)).start() >= end);
        prop_assert!(given.local_date().plus(CalendarPeriod::days(364)).start() < end);
    }
}
