//! Moments and days. A moment is UTC in whole microseconds; a day is a day in Denmark.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};
use time::{
    Date, Month, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339,
    macros::format_description,
};

/// Denmark's civil time. Built in, so that the domain needs no files; a change of law comes with the library's zone data.
static COPENHAGEN: jiff::tz::TimeZone = jiff::tz::get!("Europe/Copenhagen");

/// A text that is not a moment, a day or a period in the form asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotATime {
    /// RFC 3339 is asked for.
    #[error("not a time as RFC 3339 writes it")]
    Instant,
    /// YYYY-MM-DD is asked for.
    #[error("not a date as YYYY-MM-DD")]
    Date,
    /// ISO 8601 years, months or days are asked for.
    #[error("not a period such as P12M, P1Y or P30D")]
    Period,
}

/// A moment, in whole microseconds since 1970 UTC; between the years 1 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The moment this many microseconds after 1970, or the nearest one that can be written.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since 1970, for storage.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This moment so many seconds later (or earlier, when negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole seconds from `earlier` to this moment.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0) / 1_000_000
    }

    /// The day it is in Denmark at this moment.
    pub fn local_date(self) -> LocalDate {
        let at = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let offset = COPENHAGEN.to_offset(at).seconds();
        let offset = UtcOffset::from_whole_seconds(offset).unwrap_or(UtcOffset::UTC);
        LocalDate(self.utc().to_offset(offset).date())
    }

    /// The time that clocks in Denmark show at this moment, as `10:15`.
    pub fn local_time(self) -> String {
        let at = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let shown = COPENHAGEN.to_datetime(at);
        format!("{:02}:{:02}", shown.hour(), shown.minute())
    }

    /// The moment when clocks in Denmark show that date and time (`2026-01-01T12:00:00`, with or without a fraction). In the hour that
    /// comes twice it is the first one, in the one that is left out the one after.
    pub fn from_danish_time(text: &str) -> Option<Self> {
        let is_one = text.as_bytes().get(10) == Some(&b'T') && text.len() >= 19;
        let shown: jiff::civil::DateTime = text.parse().ok().filter(|_| is_one)?;
        let at = COPENHAGEN.to_ambiguous_timestamp(shown).compatible().ok()?;
        Some(Self::from_micros(at.as_microsecond()))
    }

    fn utc(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
        f.write_str(&self.utc().format(form).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Instant {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let read = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NotATime::Instant)?;
        let micros =
            i64::try_from(read.unix_timestamp_nanos().div_euclid(1000)).map_err(|_| NotATime::Instant)?;
        if (Self::MIN.0..=Self::MAX.0).contains(&micros) { Ok(Self(micros)) } else { Err(NotATime::Instant) }
    }
}

/// A day in Denmark, between the years 1 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDate(Date);

impl LocalDate {
    /// The day, if the calendar has it.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let month = Month::try_from(month).ok()?;
        Date::from_calendar_date(year, month, day).ok().filter(|d| (1..=9999).contains(&d.year())).map(Self)
    }

    /// The year.
    pub const fn year(self) -> i32 {
        self.0.year()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.0.month().into()
    }

    /// The day of the month.
    pub const fn day(self) -> u8 {
        self.0.day()
    }

    /// The first moment of this day in Denmark.
    pub fn start(self) -> Instant {
        let (Ok(year), Ok(month), Ok(day)) =
            (i16::try_from(self.year()), i8::try_from(self.month()), i8::try_from(self.day()))
        else {
            return Instant::MAX;
        };
        let midnight = jiff::civil::date(year, month, day).at(0, 0, 0, 0);
        let at = COPENHAGEN.to_ambiguous_timestamp(midnight).compatible();
        at.map_or(Instant::MAX, |at| Instant::from_micros(at.as_microsecond()))
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.next_day().unwrap_or(self.0))
    }

    /// So many days before this day; the first day of the year 1 at the earliest.
    #[must_use]
    pub fn days_before(self, days: u16) -> Self {
        let earlier = self.0.checked_sub(time::Duration::days(i64::from(days)));
        earlier.filter(|day| day.year() >= 1).map_or_else(|| Self::new(1, 1, 1).unwrap_or(self), Self)
    }

    /// This day so much later. The 29 February becomes the 28th where the year has none, the 31st the last of the month.
    #[must_use]
    pub fn plus(self, period: CalendarPeriod) -> Self {
        let months = i64::from(self.year()) * 12 + i64::from(self.month()) - 1 + i64::from(period.months);
        let year = i32::try_from(months.div_euclid(12)).unwrap_or(9999).min(9999);
        let month = u8::try_from(months.rem_euclid(12) + 1).unwrap_or(12);
        let moved =
            (28..=31).rev().find_map(|last| Self::new(year, month, self.day().min(last))).unwrap_or(self);
        Self(moved.0.checked_add(time::Duration::days(i64::from(period.days))).unwrap_or(Date::MAX))
    }

    /// The day on which somebody born on this day completes that many years: 1 March in a common year for who was born on 29 February.
    #[must_use]
    pub fn birthday(self, years: u8) -> Self {
        let day = self.plus(CalendarPeriod::months(u16::from(years) * 12));
        if day.years_since(self) < i32::from(years) { day.next() } else { day }
    }

    /// Whole years completed from `born` to this day. In a common year, someone born on 29 February completes theirs on 1 March.
    pub fn years_since(self, born: Self) -> i32 {
        let had = (self.month(), self.day()) >= (born.month(), born.day());
        self.year() - born.year() - i32::from(!had)
    }
}

impl fmt::Display for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

impl fmt::Debug for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for LocalDate {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let read =
            Date::parse(text, format_description!("[year]-[month]-[day]")).map_err(|_| NotATime::Date)?;
        Self::new(read.year(), read.month().into(), read.day())
            .filter(|d| d.to_string() == text)
            .ok_or(NotATime::Date)
    }
}

/// A length in the calendar: months (a year is twelve) or days. Never both, never nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CalendarPeriod {
    months: u16,
    days: u16,
}

impl CalendarPeriod {
    /// So many months.
    pub const fn months(months: u16) -> Self {
        Self { months, days: 0 }
    }

    /// So many days.
    pub const fn days(days: u16) -> Self {
        Self { months: 0, days }
    }

    /// Its months; none of one in days.
    pub const fn in_months(self) -> u16 {
        self.months
    }

    /// Its days; none of one in months.
    pub const fn in_days(self) -> u16 {
        self.days
    }
}

impl fmt::Display for CalendarPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.months, self.days) {
            (0, days) => write!(f, "P{days}D"),
            (months, _) if months % 12 == 0 => write!(f, "P{}Y", months / 12),
            (months, _) => write!(f, "P{months}M"),
        }
    }
}

impl fmt::Debug for CalendarPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CalendarPeriod {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let body = text.strip_prefix('P').ok_or(NotATime::Period)?;
        let unit = body.chars().next_back().ok_or(NotATime::Period)?;
        let digits = body.strip_suffix(unit).unwrap_or_default();
        if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotATime::Period);
        }
        let count: u16 = digits.parse().map_err(|_| NotATime::Period)?;
        match unit {
            _ if count == 0 => Err(NotATime::Period),
            'Y' => count.checked_mul(12).map(Self::months).ok_or(NotATime::Period),
            'M' => Ok(Self::months(count)),
            'D' => Ok(Self::days(count)),
            _ => Err(NotATime::Period),
        }
    }
}

/// A mandate always has an end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MandatePeriod {
    /// The first moment when it can be used.
    pub from: Instant,
    /// The first moment when it no longer can.
    pub to: Instant,
}

/// From a moment (inclusive) to a moment (exclusive), or without end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Period {
    /// The first moment inside.
    pub from: Instant,
    /// The first moment after, if there is an end.
    pub to: Option<Instant>,
}

impl Period {
    /// Whether the moment is inside.
    pub fn contains(&self, at: Instant) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

macro_rules! serde_as_text {
    ($($name:ty),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )+};
}
pub(crate) use serde_as_text;

serde_as_text!(Instant, LocalDate, CalendarPeriod);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> LocalDate {
        text.parse().expect("a date")
    }

    #[test]
    fn a_day_in_denmark_starts_at_local_midnight_also_when_the_clock_changes() {
        assert_eq!(date("2026-01-15").start().to_string(), "2026-01-14T23:00:00.000000Z");
        assert_eq!(date("2026-07-15").start().to_string(), "2026-07-14T22:00:00.000000Z");
        let spring = date("2026-03-29");
        assert_eq!(spring.next().start().seconds_since(spring.start()), 23 * 3600);
        let autumn = date("2026-10-25");
        assert_eq!(autumn.next().start().seconds_since(autumn.start()), 25 * 3600);
        let before: Instant = "2026-07-14T21:59:59.999999Z".parse().expect("a time");
        assert_eq!(before.local_date(), date("2026-07-14"));
    }

    #[test]
    fn a_time_without_an_offset_is_what_danish_clocks_show() {
        let at = |text| Instant::from_danish_time(text).map(|at| at.to_string());
        assert_eq!(at("2026-01-15T12:00:00").as_deref(), Some("2026-01-15T11:00:00.000000Z"));
        assert_eq!(at("2026-07-15T12:00:00.5").as_deref(), Some("2026-07-15T10:00:00.500000Z"));
        assert_eq!(
            at("2026-10-25T02:30:00").as_deref(),
            Some("2026-10-25T00:30:00.000000Z"),
            "the first of two"
        );
        assert_eq!(at("2026-03-29T02:30:00").as_deref(), Some("2026-03-29T01:30:00.000000Z"), "left out");
        for other in ["2026-01-15", "2026-01-15T12", "2026-01-15 12:00:00", "2026-13-01T12:00:00", "now", ""]
        {
            assert_eq!(at(other), None, "{other}");
        }
    }

    #[test]
    fn a_year_from_29_february_ends_on_the_28th() {
        assert_eq!(date("2028-02-29").plus(CalendarPeriod::months(12)), date("2029-02-28"));
        assert_eq!(date("2026-01-31").plus(CalendarPeriod::months(1)), date("2026-02-28"));
        assert_eq!(date("2026-12-31").plus(CalendarPeriod::days(1)), date("2027-01-01"));
    }

    #[test]
    fn someone_born_on_29_february_completes_the_year_on_1_march() {
        let born = date("2012-02-29");
        assert_eq!(date("2027-02-28").years_since(born), 14);
        assert_eq!(date("2027-03-01").years_since(born), 15);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["P", "P0D", "P1W", "1Y", "P1Y2M", "P-1D", "P99999D"] {
            assert!(text.parse::<CalendarPeriod>().is_err(), "{text}");
        }
        for text in ["2026-2-1", "2026-02-30", "+2026-02-01", "26-02-01", "2026-02-01T00:00:00Z"] {
            assert!(text.parse::<LocalDate>().is_err(), "{text}");
        }
        for text in ["2026-02-01", "2026-02-01T00:00:00", "yesterday", ""] {
            assert!(text.parse::<Instant>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_moment_reads_back_as_it_was_written(micros in Instant::MIN.0..=Instant::MAX.0) {
            let at = Instant::from_micros(micros);
            prop_assert_eq!(at.to_string().parse(), Ok(at));
        }

        #[test]
        fn texts_of_moments_sort_as_the_moments_do(a in 0..Instant::MAX.0, b in 0..Instant::MAX.0) {
            let (a, b) = (Instant::from_micros(a), Instant::from_micros(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn the_start_of_a_day_is_on_that_day(days in 0..40_000_i64) {
            let day = Instant::from_micros(days * 86_400_000_000).local_date();
            prop_assert_eq!(day.start().local_date(), day);
            prop_assert!(day.start() < day.next().start());
        }
    }
}
