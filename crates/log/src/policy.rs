//! Which checkpoints are to be believed (tlog-policy).

use crate::{Algorithm, Checkpoint, KeyError, Note, NoteError, VerifierKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

const NONE: &str = "none";

/// A `log` line.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LogLine {
    /// A key of the log; its name is the origin.
    pub key: VerifierKey,
    /// Where the log is.
    pub url: Option<String>,
}

/// A `witness` line.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct WitnessLine {
    /// What the policy calls it.
    pub name: String,
    /// A key for cosignatures.
    pub key: VerifierKey,
    /// Where it takes checkpoints.
    pub url: Option<String>,
}

/// A `group` line: it has witnessed what at least `threshold` of its members have.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

/// The logs that are believed, and how many witnesses must have seen what they say.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Policy {
    logs: Vec<LogLine>,
    witnesses: Vec<WitnessLine>,
    /// Members come before the groups they are in.
    groups: Vec<Group>,
    /// A witness, a group, or `none`.
    quorum: String,
}

/// A witness that cosigned.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cosigned {
    /// What the policy calls it.
    pub name: String,
    /// With which key.
    pub key: VerifierKey,
    /// When, in seconds since 1970; 0 if it does not say.
    pub seconds: u64,
}

/// What a policy says of a checkpoint that the log has signed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Judgement {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The log's key that signed it.
    pub log: VerifierKey,
    /// The witnesses that cosigned it.
    pub witnesses: Vec<Cosigned>,
    /// Whether they are enough. If not, the checkpoint is not to be relied on.
    pub quorum: bool,
}

/// A line that is not as it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[error("line {line}: {fault}")]
pub struct PolicyError {
    /// Which line, from 1; the last one if something is missing.
    pub line: usize,
    /// What is wrong.
    pub fault: PolicyFault,
}

/// What is wrong with a line of a policy.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum PolicyFault {
    /// There is a control character other than a tab.
    #[error("a control character")]
    Control,
    /// It does not begin with `log`, `witness`, `group` or `quorum`.
    #[error("a line of an unknown kind")]
    Kind,
    /// There are too few or too many words.
    #[error("too few or too many words")]
    Words,
    /// The key cannot be read.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// The key of a witness is not for cosignatures.
    #[error("a witness has a key for cosignatures")]
    NotACosigner,
    /// Another line has the same public key.
    #[error("another line has this public key")]
    DuplicateKey,
    /// The name is taken; `none` always is.
    #[error("the name {0} is taken")]
    NameTaken(String),
    /// No line before defines the name.
    #[error("no line before defines {0}")]
    Unknown(String),
    /// The name is already a member of a group.
    #[error("{0} is already a member of a group")]
    MemberTwice(String),
    /// The number is not from 1 to the number of members.
    #[error("not a number from 1 to the number of members")]
    Threshold,
    /// There is a quorum already.
    #[error("a second quorum")]
    SecondQuorum,
    /// There is no quorum.
    #[error("no line says what the quorum is")]
    NoQuorum,
}

impl Policy {
    /// The logs.
    pub fn logs(&self) -> &[LogLine] {
        &self.logs
    }

    /// The witnesses.
    pub fn witnesses(&self) -> &[WitnessLine] {
        &self.witnesses
    }

    /// What the policy says of a checkpoint. The log that its origin names must have signed it, and no signature of a key in the
    /// policy may be bad.
    pub fn judge(&self, note: &Note) -> Result<Judgement, NoteError> {
        let checkpoint = Checkpoint::from_text(note.text())?;
        let of_log = |key: &VerifierKey| {
            checkpoint.origin == *key.name() && self.logs.iter().any(|log| log.key == *key)
        };
        if !self.logs.iter().any(|log| of_log(&log.key)) {
            return Err(NoteError::UnknownOrigin);
        }
        let logs = self.logs.iter().map(|log| &log.key);
        let keys: Vec<VerifierKey> = logs.chain(self.witnesses.iter().map(|w| &w.key)).cloned().collect();
        let verified = note.verify(&keys)?;
        let log = verified.iter().find(|v| of_log(v.key)).ok_or(NoteError::NoKnownSignature)?;
        let witnesses: Vec<Cosigned> =
            verified.iter().filter_map(|v| self.cosigned(v.key, v.seconds?)).collect();
        let quorum = self.quorum_of(&witnesses.iter().map(|w| w.name.as_str()).collect());
        Ok(Judgement { checkpoint, log: log.key.clone(), witnesses, quorum })
    }

    fn cosigned(&self, key: &VerifierKey, seconds: u64) -> Option<Cosigned> {
        let witness = self.witnesses.iter().find(|witness| witness.key == *key)?;
        Some(Cosigned { name: witness.name.clone(), key: key.clone(), seconds })
    }

    /// Whether these witnesses are enough. Names of others count for nothing.
    pub fn quorum_of(&self, names: &BTreeSet<&str>) -> bool {
        let witnesses = self.witnesses.iter().map(|witness| witness.name.as_str());
        let mut witnessed: BTreeSet<&str> = witnesses.filter(|name| names.contains(name)).collect();
        for group in &self.groups {
            let count = group.members.iter().filter(|member| witnessed.contains(member.as_str())).count();
            if count >= group.threshold {
                witnessed.insert(&group.name);
            }
        }
        self.quorum == NONE || witnessed.contains(self.quorum.as_str())
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = |url: &Option<String>| url.as_ref().map(|url| format!(" {url}")).unwrap_or_default();
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, url(&log.url))?;
        }
        for witness in &self.witnesses {
            writeln!(f, "witness {} {}{}", witness.name, witness.key, url(&witness.url))?;
        }
        for group in &self.groups {
            writeln!(f, "group {} {} {}", group.name, group.threshold, group.members.join(" "))?;
        }
        writeln!(f, "quorum {}", self.quorum)
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(file: &str) -> Result<Self, PolicyError> {
        let mut reader = Reader::default();
        let mut last = 0;
        for (line, number) in file.split_terminator('\n').zip(1..) {
            reader.line(line).map_err(|fault| PolicyError { line: number, fault })?;
            last = number;
        }
        let quorum = reader.quorum.ok_or(PolicyError { line: last, fault: PolicyFault::NoQuorum })?;
        Ok(Self { logs: reader.logs, witnesses: reader.witnesses, groups: reader.groups, quorum })
    }
}

/// A policy of which some lines are read.
#[derive(Default)]
struct Reader {
    logs: Vec<LogLine>,
    witnesses: Vec<WitnessLine>,
    groups: Vec<Group>,
    quorum: Option<String>,
    /// Each name that is defined, and whether it is a member of a group.
    names: BTreeMap<String, bool>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), PolicyFault> {
        if line.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
            return Err(PolicyFault::Control);
        }
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key, url @ ..] => self.log(key, url),
            ["witness", name, key, url @ ..] => self.witness(name, key, url),
            ["group", name, threshold, members @ ..] => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            ["log" | "witness" | "group" | "quorum", ..] => Err(PolicyFault::Words),
            _ => Err(PolicyFault::Kind),
        }
    }

    fn log(&mut self, key: &str, url: &[&str]) -> Result<(), PolicyFault> {
        let log = LogLine { key: key.parse()?, url: optional(url)? };
        if self.logs.iter().any(|other| other.key.public() == log.key.public()) {
            return Err(PolicyFault::DuplicateKey);
        }
        self.logs.push(log);
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: &[&str]) -> Result<(), PolicyFault> {
        let witness = WitnessLine { name: name.to_owned(), key: key.parse()?, url: optional(url)? };
        if witness.key.algorithm() == Algorithm::Ed25519 {
            return Err(PolicyFault::NotACosigner);
        }
        if self.witnesses.iter().any(|other| other.key.public() == witness.key.public()) {
            return Err(PolicyFault::DuplicateKey);
        }
        self.define(name)?;
        self.witnesses.push(witness);
        Ok(())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), PolicyFault> {
        if members.is_empty() {
            return Err(PolicyFault::Words);
        }
        let threshold = match threshold {
            "any" => 1,
            "all" => members.len(),
            number => number_of(number, members.len()).ok_or(PolicyFault::Threshold)?,
        };
        for member in members {
            match self.names.get_mut(*member) {
                None => return Err(PolicyFault::Unknown((*member).to_owned())),
                Some(true) => return Err(PolicyFault::MemberTwice((*member).to_owned())),
                Some(is_member) => *is_member = true,
            }
        }
        self.define(name)?;
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.groups.push(Group { name: name.to_owned(), threshold, members });
        Ok(())
    }

    fn quorum(&mut self, name: &str) -> Result<(), PolicyFault> {
        if self.quorum.is_some() {
            return Err(PolicyFault::SecondQuorum);
        }
        if name != NONE && !self.names.contains_key(name) {
            return Err(PolicyFault::Unknown(name.to_owned()));
        }
        self.quorum = Some(name.to_owned());
        Ok(())
    }

    fn define(&mut self, name: &str) -> Result<(), PolicyFault> {
        if name == NONE || self.names.contains_key(name) {
            return Err(PolicyFault::NameTaken(name.to_owned()));
        }
        self.names.insert(name.to_owned(), false);
        Ok(())
    }
}

fn optional(url: &[&str]) -> Result<Option<String>, PolicyFault> {
    match url {
        [] => Ok(None),
        [url] => Ok(Some((*url).to_owned())),
        _ => Err(PolicyFault::Words),
    }
}

/// A decimal number from 1 to `most`.
fn number_of(text: &str, most: usize) -> Option<usize> {
    let number = usize::try_from(crate::text::decimal(text)?).ok()?;
    (1..=most).contains(&number).then_some(number)
}
