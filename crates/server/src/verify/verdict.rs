//! What was found, in sentences for people and as one object for programs.

use crate::whole_file;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf, process::ExitCode, sync::LazyLock};
use tillid_domain::{Digest, Language};

/// What a statement means for the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// It is proven.
    Proven,
    /// It limits what is proven, and changes no exit code.
    Note,
    /// Nothing contradicts, and somebody has yet to sign: 3.
    NotYet,
    /// It cannot be told: 2.
    CannotTell,
    /// It contradicts what was signed: 1.
    Contradicts,
}

impl Outcome {
    const fn code(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Note => "note",
            Self::NotYet => "not_yet",
            Self::CannotTell => "cannot_tell",
            Self::Contradicts => "contradicts",
        }
    }

    /// What the program exits with when this is the worst.
    pub(super) const fn exit(self) -> u8 {
        match self {
            Self::Proven | Self::Note => 0,
            Self::Contradicts => 1,
            Self::CannotTell => 2,
            Self::NotYet => 3,
        }
    }

    const fn severity(self) -> u8 {
        match self {
            Self::Proven | Self::Note => 0,
            Self::NotYet => 1,
            Self::CannotTell => 2,
            Self::Contradicts => 3,
        }
    }
}

/// The statements, grouped by what they mean. Their sentences are in `data/verify.toml`.
macro_rules! says {
    ($($outcome:ident { $($says:ident = $code:literal,)* })*) => {
        /// Something that can be said.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum Says { $($($says,)*)* }

        impl Says {
            #[cfg(test)]
            const ALL: &[Self] = &[$($(Self::$says,)*)*];

            /// How programs know it.
            pub(super) const fn code(self) -> &'static str {
                match self { $($(Self::$says => $code,)*)* }
            }

            /// What it means.
            pub(super) const fn outcome(self) -> Outcome {
                match self { $($(Self::$says => Outcome::$outcome,)*)* }
            }
        }
    };
}

says! {
    Proven {
        ReceiptOpens = "receipt_opens",
        ReceiptSigned = "receipt_signed",
        ReceiptInLog = "receipt_in_log",
        ReceiptInTree = "receipt_in_tree",
        CheckpointSigned = "checkpoint_signed",
        Witnessed = "witnessed",
        QuorumMet = "quorum_met",
        SameTree = "same_tree",
        Consistent = "consistent",
        TreeRecomputed = "tree_recomputed",
    }
    Note {
        FirstUse = "first_use",
        KeysOfFile = "keys_of_file",
        ReceiptKeysServed = "receipt_keys_served",
        NobodyVouched = "nobody_vouched",
        NothingRemembered = "nothing_remembered",
        Remembered = "remembered",
        EvidenceKept = "evidence_kept",
    }
    NotYet {
        PromiseOnly = "promise_only",
        NotInTree = "not_in_tree",
        Behind = "behind",
        QuorumMissing = "quorum_missing",
    }
    CannotTell {
        Unreachable = "unreachable",
        Status = "status",
        TooLarge = "too_large",
        NoFile = "no_file",
        NotSafe = "not_safe",
        NoCheckpoint = "no_checkpoint",
        CheckpointUnreadable = "checkpoint_unreadable",
        PolicyUnreadable = "policy_unreadable",
        KeysUnreadable = "keys_unreadable",
        ReceiptUnreadable = "receipt_unreadable",
        RememberedUnreadable = "remembered_unreadable",
        ReceiptKeysMissing = "receipt_keys_missing",
        LogKeysMissing = "log_keys_missing",
        KeyReplaced = "key_replaced",
        NotWritten = "not_written",
    }
    Contradicts {
        ReceiptMalformed = "receipt_malformed",
        ReceiptOtherEvent = "receipt_other_event",
        ReceiptNotSigned = "receipt_not_signed",
        ProofMalformed = "proof_malformed",
        ProofWrong = "proof_wrong",
        UnknownLog = "unknown_log",
        NotSigned = "not_signed",
        BadSignature = "bad_signature",
        KeyGone = "key_gone",
        KeysOther = "keys_other",
        OtherLog = "other_log",
        Older = "older",
        Forked = "forked",
        Rewritten = "rewritten",
        TileLength = "tile_length",
        TileAltered = "tile_altered",
        EdgeAltered = "edge_altered",
        EntriesMalformed = "entries_malformed",
        EntriesAltered = "entries_altered",
        OtherTree = "other_tree",
    }
}

/// A statement with what it is about.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) says: Says,
    /// The values for the braces in its sentence.
    pub(super) values: Vec<(&'static str, String)>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) statements: Vec<Statement>,
    /// Where contradicting bytes are kept.
    evidence: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    da: String,
    en: String,
}

type Texts = BTreeMap<String, BTreeMap<String, Text>>;

/// Empty where the file cannot be read, which a test rules out.
static TEXTS: LazyLock<Texts> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/verify.toml")).unwrap_or_default());

fn text(group: &str, code: &str, language: Language) -> Option<&'static str> {
    let text = TEXTS.get(group)?.get(code)?;
    Some(match language {
        Language::Da => &text.da,
        Language::En => &text.en,
    })
}

impl Statement {
    fn sentence(&self, language: Language) -> String {
        let code = self.says.code();
        let mut rest = text("says", code, language).unwrap_or(code);
        let mut whole = String::new();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { break };
            whole.push_str(before);
            let value = self.values.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value);
            whole.extend(value.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
            rest = behind;
        }
        whole.push_str(rest);
        whole
    }
}

impl Verdict {
    /// Nothing yet; contradicting bytes go to that folder.
    pub(super) fn new(evidence: Option<PathBuf>) -> Self {
        Self { statements: Vec::new(), evidence }
    }

    /// Says something.
    pub(super) fn say(&mut self, says: Says, values: &[(&'static str, &str)]) {
        let values = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.statements.push(Statement { says, values });
    }

    /// The worst of what was said.
    pub(super) fn worst(&self) -> Outcome {
        let outcomes = self.statements.iter().map(|statement| statement.says.outcome());
        outcomes.max_by_key(|outcome| outcome.severity()).unwrap_or(Outcome::CannotTell)
    }

    /// What the program exits with.
    pub(super) fn exit(&self) -> ExitCode {
        ExitCode::from(self.worst().exit())
    }

    /// Keeps bytes that contradict something, if they are to be kept. The name of the file tells what they are and their hash.
    pub(super) fn keep(&mut self, kind: &str, bytes: &[u8]) {
        let Some(folder) = self.evidence.clone() else { return };
        let hash = Digest::of(bytes).to_string();
        let file = folder.join(format!("{kind}-{}.txt", hash.get(..16).unwrap_or_default()));
        let shown = file.display().to_string();
        match fs::create_dir_all(&folder).and_then(|()| whole_file::write(&file, bytes)) {
            Ok(()) => self.say(Says::EvidenceKept, &[("file", &shown)]),
            Err(error) => self.say(Says::NotWritten, &[("file", &shown), ("error", &error.to_string())]),
        }
    }

    /// As lines for people: each sentence after what it means, and what all of them mean together.
    pub(super) fn lines(&self, language: Language) -> String {
        let mut lines = String::new();
        for statement in &self.statements {
            let outcome = statement.says.outcome().code();
            let label = text("outcome", outcome, language).unwrap_or(outcome);
            let _ = writeln!(lines, "{label}: {}", statement.sentence(language));
        }
        let _ = writeln!(lines, "{}", self.whole(language));
        lines
    }

    fn whole(&self, language: Language) -> &'static str {
        let worst = match self.worst() {
            Outcome::Note => Outcome::Proven,
            worst => worst,
        };
        text("verdict", worst.code(), language).unwrap_or(worst.code())
    }

    /// As one object for programs.
    pub(super) fn json(&self, language: Language) -> Value {
        let statements = self.statements.iter().map(|statement| {
            let values: BTreeMap<&str, &str> =
                statement.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            json!({
                "code": statement.says.code(),
                "outcome": statement.says.outcome().code(),
                "values": values,
                "text": statement.sentence(language),
            })
        });
        let worst = self.worst();
        json!({
            "verdict": if worst == Outcome::Note { Outcome::Proven.code() } else { worst.code() },
            "exit": worst.exit(),
            "text": self.whole(language),
            "statements": statements.collect::<Vec<_>>(),
        })
    }
}

/// How far a long run is.
pub(super) fn progress(done: u64, each_second: u64, language: Language) -> String {
    let text = text("progress", "entries", language).unwrap_or("{done}");
    text.replace("{done}", &done.to_string()).replace("{each_second}", &each_second.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn braces(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).map(|rest| rest.split_once('}').expect("a closing brace").0).collect()
    }

    #[test]
    fn every_statement_has_its_sentence_in_both_languages_and_no_sentence_is_left_over() {
        let texts: Texts = toml::from_str(include_str!("../../data/verify.toml")).expect("the texts");
        let said: BTreeSet<&str> = Says::ALL.iter().map(|says| says.code()).collect();
        assert_eq!(texts["says"].keys().map(String::as_str).collect::<BTreeSet<_>>(), said);
        assert_eq!(said.len(), Says::ALL.len(), "no two have one code");
        for text in texts.values().flat_map(BTreeMap::values) {
            assert!(!text.da.is_empty() && !text.en.is_empty());
            assert_eq!(braces(&text.da), braces(&text.en), "{}", text.en);
        }
        for outcome in
            [Outcome::Proven, Outcome::Note, Outcome::NotYet, Outcome::CannotTell, Outcome::Contradicts]
        {
            assert!(texts["outcome"].contains_key(outcome.code()), "{outcome:?}");
        }
    }

    #[test]
    fn the_worst_statement_gives_the_exit_code() {
        let exit = |all: &[Says]| {
            let mut verdict = Verdict::default();
            for says in all {
                verdict.say(*says, &[]);
            }
            verdict.worst().exit()
        };
        assert_eq!(exit(&[Says::SameTree, Says::FirstUse]), 0);
        assert_eq!(exit(&[Says::SameTree, Says::PromiseOnly]), 3);
        assert_eq!(exit(&[Says::QuorumMissing, Says::Unreachable, Says::SameTree]), 2);
        assert_eq!(exit(&[Says::Forked, Says::Unreachable, Says::PromiseOnly]), 1);
        assert_eq!(exit(&[]), 2, "who has looked at nothing cannot tell");
    }

    #[test]
    fn values_stand_in_the_sentence_and_write_nothing_else_on_a_terminal() {
        let mut verdict = Verdict::default();
        verdict.say(Says::Status, &[("from", "a\u{1b}[2J\n{status}"), ("status", "302")]);
        let lines = verdict.lines(Language::En);
        assert_eq!(lines, "cannot tell: a\u{fffd}[2J\u{fffd}{status} answers 302.\nIt cannot be told.\n");
        let json = verdict.json(Language::Da);
        assert_eq!((&json["verdict"], &json["exit"]), (&json!("cannot_tell"), &json!(2)));
        assert_eq!(json["statements"][0]["code"], "status");
    }

    #[test]
    fn evidence_is_kept_to_the_byte() {
        let home = tempfile::tempdir().expect("a folder");
        let mut verdict = Verdict::new(Some(home.path().join("evidence")));
        verdict.keep("checkpoint", b"a note");
        let file = &verdict.statements[0].values[0].1;
        assert_eq!(fs::read(file).expect("it is there"), b"a note");
        let mut silent = Verdict::default();
        silent.keep("checkpoint", b"a note");
        assert!(silent.statements.is_empty());
    }
}
