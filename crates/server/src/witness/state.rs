//! What a witness has cosigned, on the disk: for each log the newest checkpoint, as a signed note that proves itself.
//!
//! A note is replaced by a new file: written, flushed, renamed, and the folder flushed, before anybody is told. What a flush did not
//! keep is not tried again: the kernel may then show what the disk does not have.

use super::evidence::{Evidence, Shows};
use aws_lc_rs::digest::{SHA256, digest};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tillid_log::{AddCheckpoint, Checkpoint, Note, NoteSignature, Refusal, VerifierKey, judge};

/// How the name of a log's file ends; it begins with the hash of the origin.
const ENDING: &str = ".checkpoint";

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// There is no such folder.
    #[error(
        "{0} is not there. If this witness has never run, start it once with --init; if it has, its memory is lost, and with --init \
         it could sign a fork: restore nothing old, make new keys"
    )]
    Missing(PathBuf),
    /// The folder knows nothing of a log.
    #[error(
        "{file} is not there. If the log {origin} is new here, start once with --init; if it is not, what was cosigned is lost, and \
         with --init the witness could sign a fork"
    )]
    Unknown {
        /// The log.
        origin: String,
        /// Its file.
        file: PathBuf,
    },
    /// Another process uses the folder.
    #[error("{0} is used by another process")]
    Locked(PathBuf),
    /// A file is of a log that the witness is not told of.
    #[error(
        "{0} is of a log that the policy does not have; a log is given up by moving its file away for good"
    )]
    Foreign(PathBuf),
    /// A file is not a checkpoint that this witness cosigned.
    #[error("{file} does not hold: {why}")]
    Broken {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// The clock is before a time that was signed.
    #[error("the clock is before the time that was signed last ({file}: {signed} seconds since 1970)")]
    Clock {
        /// The file.
        file: PathBuf,
        /// The time in it.
        signed: u64,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A flush failed.
    #[error("{path} could not be flushed to the disk: {source}")]
    Flush {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A flush failed earlier.
    #[error("the disk has failed to keep a file")]
    Failed,
}

/// Why nothing was signed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The request is not one to sign.
    Refused(Refusal),
    /// It could not be done.
    Unable(anyhow::Error),
}

/// The folder of a witness, its own for as long as this lives.
#[derive(Debug)]
pub(crate) struct State {
    logs: BTreeMap<String, Log>,
    failed: Arc<AtomicBool>,
    _lock: File,
}

/// A checkpoint that was cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// With the log's signatures that were verified, and the witness's.
    pub(crate) note: Note,
    /// What it says.
    pub(crate) checkpoint: Checkpoint,
    /// When it was cosigned, in seconds since 1970.
    pub(crate) seconds: u64,
}

/// A request, and the bytes that it was read from.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a AddCheckpoint,
    pub(crate) body: &'a str,
}

/// A log that is watched.
#[derive(Debug)]
pub(crate) struct Log {
    origin: String,
    hash: String,
    keys: Vec<VerifierKey>,
    own: Vec<VerifierKey>,
    folder: Arc<Folder>,
    evidence: Evidence,
    /// One request at a time; what is inside says whether the memory may differ from the disk.
    turn: Mutex<Memory>,
    /// What is durable, for readers.
    shown: Mutex<Option<Arc<Held>>>,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Open all the time: a rename must not stay unflushed because there is no descriptor left.
    handle: File,
    failed: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Memory {
    Current,
    ReadBack,
}

impl State {
    /// Opens the folder for the witness with these keys. `logs` are the keys of the logs to watch, each named after its log; `now` is
    /// in seconds since 1970.
    pub(crate) fn open(
        dir: &Path,
        init: bool,
        own: &[VerifierKey],
        logs: &[VerifierKey],
        now: u64,
    ) -> Result<Self, StateError> {
        if !dir.is_dir() {
            if !init {
                return Err(StateError::Missing(dir.to_owned()));
            }
            make(dir).map_err(at(dir))?;
        }
        let lock = lock(dir)?;
        let failed = Arc::new(AtomicBool::new(false));
        let handle = File::open(dir).map_err(at(dir))?;
        let folder = Arc::new(Folder { path: dir.to_owned(), handle, failed: failed.clone() });
        let mut watched = BTreeMap::new();
        for key in logs {
            let log = watched.entry(key.name().to_string());
            let log = log.or_insert_with_key(|origin| Log::new(origin.clone(), own.to_vec(), folder.clone()));
            log.keys.push(key.clone());
        }
        refuse_foreign(dir, watched.values())?;
        for log in watched.values() {
            log.begin(init)?;
            let held = log.load()?;
            if let Some(held) = held.filter(|held| held.seconds > now) {
                return Err(StateError::Clock { file: log.file(), signed: held.seconds });
            }
        }
        Ok(Self { logs: watched, failed, _lock: lock })
    }

    /// The log of that origin, if it is watched.
    pub(crate) fn log(&self, origin: &str) -> Option<&Log> {
        self.logs.get(origin)
    }

    /// Every log that is watched, in the order of their origins.
    pub(crate) fn logs(&self) -> impl Iterator<Item = &Log> {
        self.logs.values()
    }

    /// Fails after a flush has failed: nothing is signed any more.
    pub(crate) fn sound(&self) -> Result<(), StateError> {
        if self.failed.load(Ordering::SeqCst) { Err(StateError::Failed) } else { Ok(()) }
    }
}

impl Log {
    fn new(origin: String, own: Vec<VerifierKey>, folder: Arc<Folder>) -> Self {
        let hash = origin_hash(&origin);
        let evidence = Evidence::new(&folder.path, &hash);
        let (turn, shown) = (Mutex::new(Memory::ReadBack), Mutex::new(None));
        Self { origin, hash, keys: Vec::new(), own, folder, evidence, turn, shown }
    }

    /// What the log calls itself.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// SHA-256 of the origin in lower-case hexadecimal.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// The keys of the log that are trusted.
    pub(crate) fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// What was cosigned last and is durable.
    pub(crate) fn held(&self) -> Option<Arc<Held>> {
        unpoisoned(&self.shown).clone()
    }

    /// The evidence that is kept against it.
    pub(crate) fn evidence(&self) -> Vec<PathBuf> {
        self.evidence.files()
    }

    /// Judges a request, signs it and makes it durable, as one step: nobody else's request for this log comes between. `sign` is told
    /// the time that was signed last.
    pub(crate) fn cosign(
        &self,
        asked: &Asked<'_>,
        sign: impl FnOnce(Option<u64>) -> anyhow::Result<Vec<NoteSignature>>,
    ) -> Result<String, Error> {
        let unable = |error: StateError| Error::Unable(error.into());
        let mut memory = unpoisoned(&self.turn);
        if self.folder.failed.load(Ordering::SeqCst) {
            return Err(unable(StateError::Failed));
        }
        if *memory == Memory::ReadBack {
            self.load_into(&mut memory).map_err(unable)?;
        }
        let held = self.held();
        let known = held.as_ref().map(|held| (held.checkpoint.size, held.checkpoint.root));
        let checkpoint = judge(asked.request, &self.keys, known).map_err(|refusal| {
            self.look(refusal, asked, held.as_deref());
            Error::Refused(refusal)
        })?;
        let own = sign(held.map(|held| held.seconds)).map_err(Error::Unable)?;
        let lines: String = own.iter().map(ToString::to_string).collect();
        let note = self.to_hold(&asked.request.checkpoint, own).map_err(|e| Error::Unable(e.into()))?;
        let seconds = self.signed_at(&note).ok_or_else(|| unable(self.broken("its own signature is bad")))?;
        *memory = Memory::ReadBack;
        self.folder.replace(&self.name(), &note.to_string()).map_err(unable)?;
        *unpoisoned(&self.shown) = Some(Arc::new(Held { note, checkpoint, seconds }));
        *memory = Memory::Current;
        Ok(lines)
    }

    /// The note with the log's signatures that were verified, and the witness's. Those of others are not vouched for.
    fn to_hold(&self, sent: &Note, own: Vec<NoteSignature>) -> Result<Note, tillid_log::NotANote> {
        let mut note = Note::new(sent.text())?;
        let of_log = |s: &&NoteSignature| self.keys.iter().any(|k| *k.name() == s.name && k.id() == s.key_id);
        let mut kept: Vec<&NoteSignature> = Vec::new();
        for signature in sent.signatures().iter().filter(of_log) {
            if !kept.iter().any(|other| other.name == signature.name && other.key_id == signature.key_id) {
                kept.push(signature);
            }
        }
        for signature in kept.into_iter().cloned().chain(own) {
            note.push(signature);
        }
        Ok(note)
    }

    /// Keeps what the log signed if it does not fit what it signed before.
    fn look(&self, refusal: Refusal, asked: &Asked<'_>, held: Option<&Held>) {
        if !matches!(refusal, Refusal::Inconsistent | Refusal::Conflict { .. } | Refusal::Behind) {
            return;
        }
        let sent = Checkpoint::from_text(asked.request.checkpoint.text());
        let fork = match (&sent, held) {
            (Ok(sent), Some(held)) => sent.size == held.checkpoint.size && sent.root != held.checkpoint.root,
            // A root of the empty tree that cannot be one.
            (Err(_), _) => true,
            (Ok(_), None) => false,
        };
        let shows = match (fork, refusal) {
            (true, _) => Shows::Fork,
            (false, Refusal::Inconsistent) => Shows::Unproved,
            (false, _) => return,
        };
        let held = held.map(|held| held.note.to_string());
        match self.evidence.keep(shows, asked.body, held.as_deref()) {
            Ok(Some(file)) => {
                tracing::warn!(origin = self.origin, ?shows, file = %file.display(), "a log signed what does not fit");
            }
            Ok(None) => tracing::warn!(origin = self.origin, ?shows, "a log signed what does not fit"),
            Err(error) => tracing::error!(origin = self.origin, %error, "evidence could not be kept"),
        }
    }

    fn name(&self) -> String {
        format!("{}{ENDING}", self.hash)
    }

    fn file(&self) -> PathBuf {
        self.folder.path.join(self.name())
    }

    /// Makes the file of a log of which nothing is cosigned: its origin alone. So a file that is gone is missed.
    fn begin(&self, init: bool) -> Result<(), StateError> {
        let file = self.file();
        if file.exists() {
            return Ok(());
        }
        if !init {
            return Err(StateError::Unknown { origin: self.origin.clone(), file });
        }
        self.folder.replace(&self.name(), &format!("{}\n", self.origin))
    }

    /// Reads what the disk has, and makes it durable: after a crash the file may be there and its name not yet flushed.
    fn load(&self) -> Result<Option<Arc<Held>>, StateError> {
        self.load_into(&mut unpoisoned(&self.turn))?;
        Ok(self.held())
    }

    fn load_into(&self, memory: &mut Memory) -> Result<(), StateError> {
        let file = self.file();
        let text = fs::read_to_string(&file).map_err(at(&file))?;
        let held =
            if text == format!("{}\n", self.origin) { None } else { Some(Arc::new(self.read(&text)?)) };
        self.folder.replace(&self.name(), &text)?;
        *unpoisoned(&self.shown) = held;
        *memory = Memory::Current;
        Ok(())
    }

    fn read(&self, text: &str) -> Result<Held, StateError> {
        let note: Note = text.parse().map_err(|_| self.broken("it is not a signed note"))?;
        let checkpoint =
            Checkpoint::from_text(note.text()).map_err(|_| self.broken("it is not a checkpoint"))?;
        if checkpoint.origin.as_ref() != self.origin {
            return Err(self.broken("it is of another log"));
        }
        if note.verify(&self.keys).is_err() {
            return Err(self.broken("no key of the log in the policy has signed it"));
        }
        let seconds = self.signed_at(&note);
        let seconds = seconds.ok_or_else(|| self.broken("no key of this witness has signed it"))?;
        Ok(Held { note, checkpoint, seconds })
    }

    /// When this witness signed a note; `None` if it did not, or one of its signatures is bad.
    fn signed_at(&self, note: &Note) -> Option<u64> {
        note.verify(&self.own).ok()?.iter().filter_map(|verified| verified.seconds).max()
    }

    fn broken(&self, why: &'static str) -> StateError {
        StateError::Broken { file: self.file(), why }
    }
}

impl Folder {
    /// Gives a file another content, durably.
    fn replace(&self, name: &str, text: &str) -> Result<(), StateError> {
        let (path, temporary) = (self.path.join(name), self.path.join(format!("{name}.new")));
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary);
        let mut file = file.map_err(at(&temporary))?;
        file.write_all(text.as_bytes()).map_err(at(&temporary))?;
        self.flush(&file, &temporary)?;
        fs::rename(&temporary, &path).map_err(at(&path))?;
        self.flush(&self.handle, &self.path)
    }

    fn flush(&self, file: &File, path: &Path) -> Result<(), StateError> {
        file.sync_all().map_err(|source| {
            self.failed.store(true, Ordering::SeqCst);
            StateError::Flush { path: path.to_owned(), source }
        })
    }
}

/// SHA-256 of an origin in lower-case hexadecimal (tlog-witness, "Monitor Retrieval Mechanism").
pub(crate) fn origin_hash(origin: &str) -> String {
    let hash = digest(&SHA256, origin.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn make(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(above)?.sync_all()
}

fn lock(dir: &Path) -> Result<File, StateError> {
    let path = dir.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::Locked(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(StateError::Io { path, source }),
    }
}

fn refuse_foreign<'a>(dir: &Path, logs: impl Iterator<Item = &'a Log>) -> Result<(), StateError> {
    let known: Vec<String> = logs.map(Log::name).collect();
    for entry in fs::read_dir(dir).map_err(at(dir))? {
        let name = entry.map_err(at(dir))?.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(ENDING) && !known.iter().any(|known| *known == name) {
            return Err(StateError::Foreign(dir.join(&*name)));
        }
    }
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> StateError {
    let path = path.to_owned();
    move |source| StateError::Io { path, source }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
