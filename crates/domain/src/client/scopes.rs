//! Scopes in the form of RFC 6749, section 3.3.

use crate::{actor::Scope, instant::serde_as_text};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// One scope or more, written as words with a space between them; in what order does not count.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Scopes(BTreeSet<Scope>);

/// A text that is no list of scopes that are known here.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not scopes that are known here, with one space between them")]
pub struct NotScopes;

impl Scopes {
    /// These scopes; `None` when there is none.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Option<Self> {
        let scopes: BTreeSet<Scope> = scopes.into_iter().collect();
        (!scopes.is_empty()).then_some(Self(scopes))
    }

    /// Whether this is one of them.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether all of them are among the others.
    pub fn are_within(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// Each of them, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromStr for Scopes {
    type Err = NotScopes;

    fn from_str(text: &str) -> Result<Self, NotScopes> {
        let scopes = text.split(' ').map(|word| Scope::from_code(word).ok_or(NotScopes));
        scopes.collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.code())?;
        }
        Ok(())
    }
}

serde_as_text!(Scopes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_words_with_one_space_between_them() {
        let scopes: Scopes = "look_up decide look_up".parse().expect("scopes");
        assert_eq!(scopes.to_string(), "decide look_up");
        assert!(scopes.has(Scope::LookUp) && !scopes.has(Scope::Ask));
        for text in ["", " ", "decide ", " decide", "decide  look_up", "decide,look_up", "Decide", "admin"] {
            assert_eq!(text.parse::<Scopes>(), Err(NotScopes), "{text:?}");
        }
        let all = Scopes::new(Scope::ALL).expect("scopes");
        assert!(scopes.are_within(&all) && !all.are_within(&scopes));
        assert_eq!(Scopes::new([]), None);
    }
}
