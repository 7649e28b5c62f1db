//! What people write in the fields of forms, read as values; what cannot be read has a text that says how to write it.

use crate::page::Page;
use std::str::FromStr;
use tillid_domain::{
    Cpr, Cvr, LocalDate, NotACpr,
    text::{CaseRef, Name, NotAText, Prose},
};
use tillid_edge::Fields;

/// A CPR number, also with spaces in it.
pub(crate) fn cpr(text: &str) -> Result<Cpr, &'static str> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.is_empty() {
        return Err("form.cpr_missing");
    }
    digits.parse().map_err(|flaw| match flaw {
        NotACpr::Form => "form.cpr_form",
        NotACpr::Date => "form.cpr_date",
    })
}

/// A CVR number, also with spaces in it; nothing where it is none.
pub(crate) fn cvr(text: &str) -> Option<Cvr> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits.parse().ok()
}

/// A case, or none.
pub(crate) fn case(text: &str) -> Result<Option<CaseRef>, &'static str> {
    if text.is_empty() { Ok(None) } else { written(text, "form.case_form").map(Some) }
}

/// Sentences, which may have been written on several lines.
pub(crate) fn prose(text: &str, missing: &'static str) -> Result<Prose, &'static str> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { Err(missing) } else { written(&line, "form.prose_form") }
}

/// A name or the like, on one line.
pub(crate) fn name(text: &str, missing: &'static str) -> Result<Name, &'static str> {
    if text.is_empty() { Err(missing) } else { written(text, "form.name_form") }
}

/// A time of the day, as 9.05, 14:30 or 1430: hour and minute.
pub(crate) fn clock(text: &str) -> Result<(i8, i8), &'static str> {
    if text.is_empty() {
        return Err("form.clock_missing");
    }
    let parts = match text.split_once(['.', ':']) {
        Some(parts) => Some(parts),
        None => text.len().checked_sub(2).and_then(|at| text.split_at_checked(at)),
    };
    let read = |part: &str, below: i8| part.parse().ok().filter(|number| (0..below).contains(number));
    let time = parts.filter(|(_, minute)| minute.len() == 2);
    let time = time.and_then(|(hour, minute)| Some((read(hour, 24)?, read(minute, 60)?)));
    time.ok_or("form.clock_form")
}

/// One of several things of which one is chosen.
pub(crate) struct Radio {
    pub(crate) code: &'static str,
    pub(crate) words: String,
    pub(crate) hint: Option<&'static str>,
    pub(crate) chosen: bool,
}

/// A text that must not hold a CPR number; `flawed` says what else may be wrong.
pub(crate) fn written<T: FromStr<Err = NotAText>>(
    text: &str,
    flawed: &'static str,
) -> Result<T, &'static str> {
    text.parse().map_err(|flaw| match flaw {
        NotAText::PersonNumber => "form.cpr_in_text",
        _ => flawed,
    })
}

/// A date in three fields, as it was written.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct WrittenDate {
    pub(crate) day: String,
    pub(crate) month: String,
    pub(crate) year: String,
}

impl WrittenDate {
    pub(crate) fn of(date: LocalDate) -> Self {
        Self { day: date.day().to_string(), month: date.month().to_string(), year: date.year().to_string() }
    }

    /// The three fields of that name.
    pub(crate) fn sent(fields: &Fields, name: &str) -> Self {
        let part = |part: &str| fields.get(&format!("{name}_{part}")).unwrap_or_default().to_owned();
        Self { day: part("day"), month: part("month"), year: part("year") }
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The three fields, as a page shows them.
    pub(crate) fn parts(&self, field: &str) -> [Part; 3] {
        let part = |name, label, length, value: &String| Part {
            id: format!("{field}_{name}"),
            name,
            label,
            length,
            value: value.clone(),
        };
        [
            part("day", "form.day", 2, &self.day),
            part("month", "form.month", 2, &self.month),
            part("year", "form.year", 4, &self.year),
        ]
    }

    /// What is wrong with any of the three.
    pub(crate) fn wrong<'p>(&self, page: &'p Page, field: &str) -> Option<&'p str> {
        self.parts(field).iter().find_map(|part| page.error(&part.id))
    }

    /// The date, or which of the three fields is wrong and how.
    pub(crate) fn date(&self) -> Result<LocalDate, (&'static str, &'static str)> {
        if self.is_empty() {
            return Err(("day", "form.day_missing"));
        }
        let day: u8 = self.day.parse().map_err(|_| ("day", "form.day_form"))?;
        let month: u8 = self.month.parse().map_err(|_| ("month", "form.day_form"))?;
        let year: i32 = self.year.parse().map_err(|_| ("year", "form.day_form"))?;
        if !(1000..=9999).contains(&year) {
            return Err(("year", "form.day_form"));
        }
        LocalDate::new(year, month, day).ok_or(("day", "form.day_none"))
    }
}

/// One of the three fields of a day.
pub(crate) struct Part {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) length: u8,
    pub(crate) value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_write_it() {
        for text in ["6702451236", "670245-1236", " 670245 1236 "] {
            assert!(cpr(text).is_ok(), "{text}");
        }
        for (text, flaw) in
            [("", "form.cpr_missing"), ("670245", "form.cpr_form"), ("310299-1234", "form.cpr_date")]
        {
            assert_eq!(cpr(text).err(), Some(flaw), "{text}");
        }
    }

    #[test]
    fn a_case_never_holds_a_number() {
        assert_eq!(case(""), Ok(None));
        assert!(case("27.36.04-G01-12-26").is_ok_and(|case| case.is_some()));
        assert_eq!(case("sag 670245-1236"), Err("form.cpr_in_text"));
        assert_eq!(case("a <b>"), Err("form.case_form"));
    }

    #[test]
    fn what_was_said_may_be_written_on_several_lines() {
        let said = prose(" Hun sagde ja.\r\n\r\nTil det hele. ", "form.day_missing").map(|p| p.to_string());
        assert_eq!(said, Ok("Hun sagde ja. Til det hele.".to_owned()));
        assert_eq!(prose(" \n ", "form.day_missing"), Err("form.day_missing"));
        assert_eq!(prose("670245-1236", "form.day_missing"), Err("form.cpr_in_text"));
        assert_eq!(prose(&"æ".repeat(2001), "form.day_missing"), Err("form.prose_form"));
    }

    #[test]
    fn a_time_is_read_as_people_write_it() {
        for (text, time) in [("9.05", (9, 5)), ("14:30", (14, 30)), ("0000", (0, 0)), ("905", (9, 5))] {
            assert_eq!(clock(text), Ok(time), "{text}");
        }
        for text in ["24.00", "9.60", "9", "9.5", "-1.00", "noon", "æ5"] {
            assert_eq!(clock(text), Err("form.clock_form"), "{text}");
        }
        assert_eq!(clock(""), Err("form.clock_missing"));
    }

    #[test]
    fn the_field_that_is_wrong_is_told() {
        let day = |day: &str, month: &str, year: &str| {
            WrittenDate { day: day.into(), month: month.into(), year: year.into() }.date()
        };
        assert_eq!(day("1", "02", "2027").map(|d| d.to_string()), Ok("2027-02-01".to_owned()));
        assert_eq!(day("", "", ""), Err(("day", "form.day_missing")));
        assert_eq!(day("1", "", "2027"), Err(("month", "form.day_form")));
        assert_eq!(day("1", "2", "27"), Err(("year", "form.day_form")));
        assert_eq!(day("30", "2", "2027"), Err(("day", "form.day_none")));
    }
}
