//! Words: in two languages, and as people may write them to us.

use crate::{Cpr, instant::serde_as_text};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// A language that people are spoken to in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Danish, unless something else is asked for.
    #[default]
    Da,
    /// English.
    En,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::Da, Self::En];

    /// The language tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Da => "da",
            Self::En => "en",
        }
    }
}

/// The same text in Danish and in English; neither is empty.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Localized {
    /// Danish.
    pub da: Prose,
    /// English.
    pub en: Prose,
}

impl Localized {
    /// The text in that language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Da => self.da.as_str(),
            Language::En => self.en.as_str(),
        }
    }
}

/// Why a text is not accepted.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotAText {
    /// There is nothing in it.
    #[error("must not be empty")]
    Empty,
    /// It is longer than this many characters.
    #[error("must be at most {0} characters")]
    TooLong(usize),
    /// It holds a control character, or starts or ends with a space.
    #[error("must not hold control characters nor start or end with a space")]
    Control,
    /// It holds characters that this field does not take.
    #[error("holds characters that are not allowed here")]
    Characters,
    /// It holds a CPR number, which would be kept and shown in clear.
    #[error("must not hold a CPR number")]
    PersonNumber,
}

fn line(text: &str, max: usize) -> Result<(), NotAText> {
    if text.is_empty() {
        return Err(NotAText::Empty);
    }
    if text.chars().count() > max {
        return Err(NotAText::TooLong(max));
    }
    // The bidirectional marks can make a text look like another one.
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if text.trim() != text || text.chars().any(hidden) {
        return Err(NotAText::Control);
    }
    Ok(())
}

/// What people write themselves.
fn written(text: &str) -> Result<(), NotAText> {
    if Cpr::stands_in(text) { Err(NotAText::PersonNumber) } else { Ok(()) }
}

/// What another party's system has chosen; ten digits may mean anything there.
#[expect(clippy::unnecessary_wraps, reason = "the other one refuses")]
fn issued(_: &str) -> Result<(), NotAText> {
    Ok(())
}

macro_rules! texts {
    ($($(#[$doc:meta])* $origin:ident $name:ident($max:literal $(, $allowed:expr)?),)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAText;

            fn from_str(text: &str) -> Result<Self, NotAText> {
                line(text, $max)?;
                $origin(text)?;
                $(if !text.chars().all($allowed) {
                    return Err(NotAText::Characters);
                })?
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        serde_as_text!($name);
    )+};
}

texts! {
    /// Sentences that people read, at most 2000 characters.
    written Prose(2000),
    /// The name of a person or an authority, at most 140 characters.
    written Name(140),
    /// An authority's reference to its own case, at most 64 characters.
    written CaseRef(64, |c: char| c.is_alphanumeric() || " -_./:".contains(c)),
    /// A code of the catalogue or of an item in it, at most 40 characters of ASCII.
    written Code(40, |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_'),
    /// An authority's word for a kind of things, at most 64 characters.
    written EntityType(64),
    /// What an authority calls one of its things, at most 256 characters.
    written EntityId(256),
    /// The name of a property of such a thing, at most 64 characters of ASCII.
    written PropertyKey(64, |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c)),
    /// An authority's word for what is done to its things, at most 128 characters.
    written ActionName(128),
    /// A machine client's id, at most 64 characters of ASCII.
    issued ClientId(64, |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c)),
    /// What a client calls a key of its own (`kid` of RFC 7517), at most 128 characters of visible ASCII.
    issued KeyId(128, |c: char| c.is_ascii_graphic()),
    /// Someone's name at an identity provider, at most 255 characters of visible ASCII (OpenID Connect Core 1.0, section 2).
    issued Login(255, |c: char| c.is_ascii_graphic()),
}

/// The name of a privilege: a URN such as `urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrivilegeUri(String);

impl PrivilegeUri {
    /// The URN.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PrivilegeUri {
    type Err = NotAText;

    fn from_str(text: &str) -> Result<Self, NotAText> {
        line(text, 200)?;
        let parts: Vec<&str> = text.split(':').collect();
        let word = |p: &&str| {
            !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if parts.len() < 4 || parts.first() != Some(&"urn") || !parts.iter().all(word) {
            return Err(NotAText::Characters);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for PrivilegeUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PrivilegeUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(PrivilegeUri);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_hidden_marks_never_get_in() {
        for text in ["a\0b", "a\nb", " a", "a ", "a\u{202e}b", "\u{feff}a", "a\u{7f}"] {
            assert_eq!(text.parse::<Prose>(), Err(NotAText::Control), "{text:?}");
        }
        assert_eq!("".parse::<CaseRef>(), Err(NotAText::Empty));
        assert_eq!("æ".repeat(65).parse::<CaseRef>(), Err(NotAText::TooLong(64)));
        assert_eq!("<b>".parse::<CaseRef>(), Err(NotAText::Characters));
        assert!("27.36.04-Ø12/2026".parse::<CaseRef>().is_ok());
    }

    #[test]
    fn a_cpr_number_is_never_kept_as_a_text() {
        for text in ["1405509683", "sag 140550-9683", "140550 9683/2"] {
            assert_eq!(text.parse::<CaseRef>(), Err(NotAText::PersonNumber), "{text}");
            assert_eq!(text.parse::<Name>(), Err(NotAText::PersonNumber), "{text}");
            assert_eq!(text.parse::<Prose>(), Err(NotAText::PersonNumber), "{text}");
        }
        assert_eq!("1405509683".parse::<Code>(), Err(NotAText::PersonNumber));
        assert!("1405509683".parse::<Login>().is_ok());
    }

    #[test]
    fn a_privilege_is_a_lower_case_urn() {
        assert!(
            "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle".parse::<PrivilegeUri>().is_ok()
        );
        for text in ["urn:dk", "http:dk:x:y", "urn:dk::x", "urn:DK:a:b", "urn:dk:ældre:b"] {
            assert!(text.parse::<PrivilegeUri>().is_err(), "{text}");
        }
    }
}
