//! Times and days as people write them, in Denmark's civil time.

use crate::texts::{filled, text};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use tillid_domain::{Instant, Language, LocalDate};

static COPENHAGEN: TimeZone = jiff::tz::get!("Europe/Copenhagen");

/// A day: 22. november 2026, or 22 November 2026.
pub(crate) fn day(date: LocalDate, language: Language) -> String {
    let month = text("layout.months", language).split(' ').nth(usize::from(date.month()).saturating_sub(1));
    let (day, year) = (date.day().to_string(), date.year().to_string());
    let values = [("day", day.as_str()), ("month", month.unwrap_or_default()), ("year", year.as_str())];
    filled("layout.day", language, &values)
}

/// A time of the day: 10.15, or 10:15.
pub(crate) fn clock(at: Instant, language: Language) -> String {
    let at = Timestamp::from_microsecond(at.as_micros()).unwrap_or(Timestamp::UNIX_EPOCH);
    let civil = COPENHAGEN.to_datetime(at);
    let (hour, minute) = (format!("{:02}", civil.hour()), format!("{:02}", civil.minute()));
    filled("layout.clock", language, &[("hour", &hour), ("minute", &minute)])
}

/// That time of that day. Of an hour that there is twice, the first; of one that there is not, the one after it.
pub(crate) fn at(date: LocalDate, hour: i8, minute: i8) -> Option<Instant> {
    let year = i16::try_from(date.year()).ok()?;
    let (month, day) = (i8::try_from(date.month()).ok()?, i8::try_from(date.day()).ok()?);
    let civil = DateTime::new(year, month, day, hour, minute, 0, 0).ok()?;
    let at = COPENHAGEN.to_ambiguous_timestamp(civil).compatible().ok()?;
    Some(Instant::from_micros(at.as_microsecond()))
}

/// A moment: 22. november 2026 kl. 10.15, or 22 November 2026 at 10:15.
pub(crate) fn moment(at: Instant, language: Language) -> String {
    let values = [("day", &*day(at.local_date(), language)), ("clock", &*clock(at, language))];
    filled("layout.moment", language, &values)
}

/// The last day of something whose end is the first moment after it.
pub(crate) fn last_day(end: Instant, language: Language) -> String {
    day(Instant::from_micros(end.as_micros().saturating_sub(1)).local_date(), language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("a time")
    }

    #[test]
    fn a_time_that_people_write_is_that_of_their_clock() {
        let on = |day: &str, hour, minute| super::at(day.parse().expect("a day"), hour, minute);
        assert_eq!(on("2026-11-22", 10, 15), Some(at("2026-11-22T09:15:00Z")));
        assert_eq!(on("2026-07-01", 0, 5), Some(at("2026-06-30T22:05:00Z")));
        assert_eq!(on("2026-10-25", 2, 30), Some(at("2026-10-25T00:30:00Z")));
        assert_eq!(on("2026-11-22", 24, 0), None);
    }

    #[test]
    fn a_moment_is_written_as_people_in_denmark_write_it() {
        assert_eq!(moment(at("2026-11-22T09:15:00Z"), Language::Da), "22. november 2026 kl. 10.15");
        assert_eq!(moment(at("2026-07-01T22:05:00Z"), Language::En), "2 July 2026 at 00:05");
        assert_eq!(clock(at("2026-10-25T00:30:00Z"), Language::Da), "02.30");
        assert_eq!(clock(at("2026-10-25T01:30:00Z"), Language::Da), "02.30");
    }

    #[test]
    fn the_last_day_is_the_one_before_the_end() {
        let end: LocalDate = "2026-12-01".parse().expect("a date");
        assert_eq!(last_day(end.start(), Language::Da), "30. november 2026");
    }
}
