//! Checkpoints: size and root of a log's tree, as the text of a note (tlog-checkpoint, "Note text").

use crate::{Hash, KeyName, text};
use std::{fmt, str::FromStr};

/// The identity of a log: the first line of its checkpoints. Ours is the name of its key; others may have spaces in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Origin(String);

/// What is empty or more than a line.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("an origin is one line without control characters, and not empty")]
pub struct NotAnOrigin;

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(line: &str) -> Result<Self, NotAnOrigin> {
        let refused = line.is_empty() || line.contains('\n') || text::has_control(line);
        if refused { Err(NotAnOrigin) } else { Ok(Self(line.to_owned())) }
    }
}

impl From<KeyName> for Origin {
    fn from(name: KeyName) -> Self {
        Self(name.to_string())
    }
}

impl From<&KeyName> for Origin {
    fn from(name: &KeyName) -> Self {
        Self(name.to_string())
    }
}

impl PartialEq<KeyName> for Origin {
    fn eq(&self, name: &KeyName) -> bool {
        self.0 == name.as_ref()
    }
}

impl AsRef<str> for Origin {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The head of a log: which log, how many entries, and the root over them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many entries.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

/// Why a text is not a checkpoint.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotACheckpoint {
    /// It is not three or more lines, none of them empty, each with its end.
    #[error("a checkpoint is three or more lines that are not empty")]
    Lines,
    /// The first line cannot be an origin.
    #[error(transparent)]
    Origin(#[from] NotAnOrigin),
    /// The second line is not a decimal number below 2^64 without leading zeros.
    #[error("the size is not a decimal number")]
    Size,
    /// The third line is not a hash.
    #[error("the root is not a hash in base64")]
    Root,
    /// The size is 0, and the root is not that of the empty tree.
    #[error("the root is not that of the empty tree")]
    NotEmpty,
}

impl Checkpoint {
    /// The three lines. No extension line is ever written.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// The checkpoint in the text of a note. Extension lines are allowed, and are for those who know them.
    pub fn from_text(text: &str) -> Result<Self, NotACheckpoint> {
        let checkpoint = Self::read(text)?;
        if checkpoint.is_possible() { Ok(checkpoint) } else { Err(NotACheckpoint::NotEmpty) }
    }

    /// As [`Self::from_text`], without a look at the root of an empty tree.
    pub(crate) fn read(text: &str) -> Result<Self, NotACheckpoint> {
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or(NotACheckpoint::Lines)?.split('\n').collect();
        let [origin, size, root, extensions @ ..] = lines.as_slice() else {
            return Err(NotACheckpoint::Lines);
        };
        if extensions.iter().any(|line| line.is_empty() || text::has_control(line)) {
            return Err(NotACheckpoint::Lines);
        }
        Ok(Self {
            origin: origin.parse()?,
            size: text::decimal(size).ok_or(NotACheckpoint::Size)?,
            root: root.parse().map_err(|_| NotACheckpoint::Root)?,
        })
    }

    /// Whether the root of an empty tree is the one that it has.
    pub(crate) fn is_possible(&self) -> bool {
        self.size > 0 || self.root == Hash::of_nothing()
    }
}
