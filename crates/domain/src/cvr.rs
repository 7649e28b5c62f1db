//! The Danish business registration number, by which authorities are known.

use crate::instant::serde_as_text;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// A CVR number: eight digits whose weighted sum (2 7 6 5 4 3 2 1) is divisible by eleven.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cvr(u32);

/// A text that is no CVR number.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not a CVR number")]
pub struct NotACvr;

impl FromStr for Cvr {
    type Err = NotACvr;

    fn from_str(text: &str) -> Result<Self, NotACvr> {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotACvr);
        }
        let sum: u32 = text.bytes().zip([2, 7, 6, 5, 4, 3, 2, 1]).map(|(b, w)| u32::from(b - b'0') * w).sum();
        if sum == 0 || !sum.is_multiple_of(11) {
            return Err(NotACvr);
        }
        text.parse().map(Self).map_err(|_| NotACvr)
    }
}

impl fmt::Display for Cvr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

impl fmt::Debug for Cvr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cvr({self})")
    }
}

serde_as_text!(Cvr);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_digit_decides() {
        for good in ["10150817", "64942212", "35209115", "26769388", "34051178"] {
            assert_eq!(good.parse::<Cvr>().map(|cvr| cvr.to_string()).as_deref(), Ok(good));
        }
        for bad in [
            "12345678",
            "11111111",
            "93825592",
            "27384223",
            "00000000",
            "1234567",
            "ab345678",
            "１０１５０８１７",
        ] {
            assert_eq!(bad.parse::<Cvr>(), Err(NotACvr), "{bad}");
        }
    }
}
