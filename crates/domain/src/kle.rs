//! KL's subject classification (KL Emnesystematik) as far as access depends on it.

use crate::instant::serde_as_text;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// A subject such as `15.17.06`, a branch such as `27.*`, or everything: `*`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Kle(Vec<u8>);

/// A text that is no subject and no branch.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not a KLE subject such as 27.36.04 or 27.*")]
pub struct NotAKle;

impl Kle {
    /// Whether the other subject or branch lies wholly within this one. A type for every subject (`*`) lies within any limit.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.is_empty() || other.0.starts_with(&self.0)
    }
}

impl FromStr for Kle {
    type Err = NotAKle;

    fn from_str(text: &str) -> Result<Self, NotAKle> {
        if text == "*" {
            return Ok(Self(Vec::new()));
        }
        let (body, branch) = text.strip_suffix(".*").map_or((text, false), |body| (body, true));
        let numbers: Option<Vec<u8>> = body
            .split('.')
            .map(
                |p| if p.len() == 2 && p.bytes().all(|b| b.is_ascii_digit()) { p.parse().ok() } else { None },
            )
            .collect();
        match numbers {
            Some(numbers) if numbers.len() == 3 && !branch || numbers.len() < 3 && branch => {
                Ok(Self(numbers))
            }
            _ => Err(NotAKle),
        }
    }
}

impl fmt::Display for Kle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.0.iter().map(|number| format!("{number:02}")).collect();
        if parts.len() < 3 {
            parts.push("*".to_owned());
        }
        f.write_str(&parts.join("."))
    }
}

impl fmt::Debug for Kle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(Kle);

#[cfg(test)]
mod tests {
    use super::*;

    fn kle(text: &str) -> Kle {
        text.parse().expect("a subject")
    }

    #[test]
    fn a_branch_covers_what_is_below_it_and_nothing_beside() {
        assert!(kle("27.*").covers(&kle("27.36.04")) && kle("27.*").covers(&kle("27.36.*")));
        assert!(kle("*").covers(&kle("15.17.06")) && kle("15.*").covers(&kle("*")));
        assert!(!kle("27.*").covers(&kle("28.00.00")) && !kle("27.36.04").covers(&kle("27.36.*")));
    }

    #[test]
    fn subjects_read_back_as_written() {
        for text in ["*", "27.*", "27.36.*", "15.17.06", "00.*", "27.27.27"] {
            assert_eq!(kle(text).to_string(), text);
        }
        for text in ["", "27", "27.36", "27.36.04.*", "7.*", "27.**", "aa.*", ".*", "27.36.04.01"] {
            assert!(text.parse::<Kle>().is_err(), "{text}");
        }
    }
}
