//! The Danish civil registration number.

use crate::instant::LocalDate;
use std::{fmt, str::FromStr};
use zeroize::ZeroizeOnDrop;

/// A CPR number: ten digits, the first six a date in the century that the seventh tells.
///
/// Modulus 11 is not a criterion: numbers without it have been issued since 2007. A replacement number (day plus 60)
/// is accepted and can be told apart. Neither `Display` nor `Serialize` exists; [`Cpr::reveal`] is the only way out.
#[derive(Clone, PartialEq, Eq, Hash, ZeroizeOnDrop)]
pub struct Cpr([u8; 10]);

/// Why a text is no CPR number. Says nothing of the text.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotACpr {
    /// Ten digits are asked for, with or without a hyphen after the sixth.
    #[error("ten digits are needed")]
    Form,
    /// The six digits are no day in their century.
    #[error("the first six digits are not a date")]
    Date,
}

impl Cpr {
    /// The ten digits. Whoever calls this decides where they may go.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether a CPR number stands anywhere in the text: ten digits, or six and four with a hyphen or a space between them, that
    /// are one.
    pub fn stands_in(text: &str) -> bool {
        let digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        (0..text.len()).filter(|at| *at == 0 || !digit(at - 1)).any(|at| {
            [10, 11].into_iter().filter(|length| !digit(at + length)).any(|length| {
                let candidate = text.get(at..at + length).map(|part| part.replace(' ', "-"));
                candidate.is_some_and(|candidate| candidate.parse::<Self>().is_ok())
            })
        })
    }

    /// The day of birth that the number states.
    pub fn born(&self) -> Option<LocalDate> {
        let d: [i32; 10] = self.0.map(|b| i32::from(b - b'0'));
        let [d1, d2, m1, m2, y1, y2, century, ..] = d;
        let (day, month, year) = (d1 * 10 + d2, m1 * 10 + m2, y1 * 10 + y2);
        let day = if day > 60 { day - 60 } else { day };
        let century = match (century, year) {
            (0..=3, _) | (4 | 9, 37..) => 1900,
            (4 | 9, _) | (5..=8, ..=57) => 2000,
            _ => 1800,
        };
        LocalDate::new(century + year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

    /// Whether this is a replacement number: given to someone without a real one, or made for a test.
    pub const fn is_replacement(&self) -> bool {
        self.0[0] >= b'6'
    }

    /// Whether the old control holds. A hint at a typing error for a person to look at, never a reason to refuse.
    pub fn has_control_digit(&self) -> bool {
        let weights = [4, 3, 2, 7, 6, 5, 4, 3, 2, 1];
        self.0.iter().zip(weights).map(|(b, w)| u32::from(b - b'0') * w).sum::<u32>() % 11 == 0
    }
}

impl FromStr for Cpr {
    type Err = NotACpr;

    fn from_str(text: &str) -> Result<Self, NotACpr> {
        let bytes = text.as_bytes();
        let digits: Vec<u8> = match (bytes.len(), bytes.get(6)) {
            (11, Some(b'-')) => bytes.iter().enumerate().filter(|(i, _)| *i != 6).map(|(_, b)| *b).collect(),
            _ => bytes.to_vec(),
        };
        let digits: [u8; 10] = digits.try_into().map_err(|_| NotACpr::Form)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(NotACpr::Form);
        }
        let cpr = Self(digits);
        if cpr.born().is_some() { Ok(cpr) } else { Err(NotACpr::Date) }
    }
}

impl fmt::Debug for Cpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cpr(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_known_vectors_are_read_as_the_register_reads_them() {
        for (number, born, control, replacement) in [
            ("1405509683", "1950-05-14", true, false),
            ("0801105610", "2010-01-08", true, false),
            ("0101651234", "1965-01-01", false, false),
            ("290200-4004", "2000-02-29", false, false),
            ("010165-5555", "1865-01-01", false, false),
            ("6702451236", "1945-02-07", false, true),
        ] {
            let cpr: Cpr = number.parse().expect(number);
            assert_eq!(cpr.born().map(|b| b.to_string()).as_deref(), Some(born), "{number}");
            assert_eq!(cpr.is_replacement(), replacement, "{number}");
            if control {
                assert!(cpr.has_control_digit(), "{number}");
            }
        }
        assert!(!"0101651234".parse::<Cpr>().expect("a number").has_control_digit());
    }

    #[test]
    fn what_has_no_date_or_other_digits_is_refused() {
        for number in ["290200-1004", "310299-1234", "0000000000", "9912991234"] {
            assert_eq!(number.parse::<Cpr>(), Err(NotACpr::Date), "{number}");
        }
        for number in [
            "",
            "140550968",
            "14055096833",
            "14-05509683",
            "140550 9683",
            "１４０５５０９６８３",
            "140550-968\0",
        ] {
            assert_eq!(number.parse::<Cpr>(), Err(NotACpr::Form), "{number}");
        }
    }

    #[test]
    fn a_number_is_found_in_a_text_and_nothing_else_is() {
        for text in [
            "1405509683",
            "140550-9683",
            "140550 9683",
            "sag 140550-9683/2",
            "Ø1405509683Å",
            "67024512360-6702451236",
        ] {
            assert!(Cpr::stands_in(text), "{text}");
        }
        for text in [
            "",
            "æ",
            "27.36.04-2026-17",
            "14055096833",
            "140550--9683",
            "310299-1234",
            "99173009",
            "a140550b9683",
            "１４０５５０９６８３",
        ] {
            assert!(!Cpr::stands_in(text), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", "1405509683".parse::<Cpr>()), "Ok(Cpr(..))");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_accepted_is_revealed_unchanged(text in "[0-9-]{8,12}|\\PC{0,14}") {
            if let Ok(cpr) = text.parse::<Cpr>() {
                prop_assert_eq!(cpr.reveal(), text.replace('-', ""));
                prop_assert!(cpr.born().is_some());
            }
        }
    }
}
