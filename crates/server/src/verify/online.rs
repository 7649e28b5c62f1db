//! The log of a running service, as anybody can fetch it.

use super::{
    Outside,
    climb::compare,
    receipt::{self, Held},
    source::{Source, TEXT, Unread},
    trust::{Basis, Published, Signed, Trust},
    verdict::{Outcome, Says, Verdict},
    whole::{Found, Progress, recompute},
};
use crate::whole_file;
use std::{fs, io, path::Path};
use tillid_log::{Hash, Note};

/// Verifies what a server shows, and remembers it.
pub(super) async fn verify(args: &Outside, address: &str, progress: Progress<'_>, verdict: &mut Verdict) {
    let source = match Source::server(address) {
        Ok(source) => source,
        Err(error) => {
            return verdict.say(Says::NotSafe, &[("from", address), ("error", &error.to_string())]);
        }
    };
    let Some((keys, trust)) = believed(args, &source, verdict).await else { return };
    let mut receipts = args.receipts(keys.as_ref(), verdict);
    if !args.all {
        for held in receipts.iter_mut().filter(|held| !held.has_proof()) {
            ask_proof(&source, held, verdict).await;
        }
    }
    let proven: Vec<Signed> = receipts.iter().filter_map(|held| held.prove(Some(&trust), verdict)).collect();
    let remembered = match &args.remember {
        Some(file) => match recall(file, &trust, verdict) {
            Ok(remembered) => remembered,
            Err(()) => return,
        },
        None => None,
    };
    let Some(now) = shown(&source, address, &trust, verdict).await else { return };
    if let Some(before) = &remembered
        && !same_keys(&trust, &now, before, verdict)
    {
        return;
    }
    for before in proven.iter().chain(&remembered) {
        compare(&source, &now, before, verdict).await;
    }
    if args.all {
        let before: Vec<&Signed> = proven.iter().chain(&remembered).collect();
        all(&source, &now, &before, &receipts, progress, verdict).await;
    }
    if let Some(file) = &args.remember
        && matches!(verdict.worst(), Outcome::Proven | Outcome::Note | Outcome::NotYet)
    {
        remember(file, &now, remembered.as_ref(), verdict);
    }
}

/// Recomputes the whole tree, and finds the receipts in it.
pub(super) async fn all(
    source: &Source,
    now: &Signed,
    before: &[&Signed],
    receipts: &[Held],
    progress: Progress<'_>,
    verdict: &mut Verdict,
) {
    let wanted: Vec<Hash> = receipts.iter().map(|held| held.leaf).collect();
    let Found { whole, places } = recompute(source, now, before, &wanted, progress, verdict).await;
    for held in receipts.iter().filter(|_| whole) {
        held.say_place(places.get(&held.leaf).copied(), now.checkpoint.size, verdict);
    }
}

/// Whose signatures count: those of the policy, else those of the list of keys, else those that the server names.
async fn believed(
    args: &Outside,
    source: &Source,
    verdict: &mut Verdict,
) -> Option<(Option<Published>, Trust)> {
    let mut keys = args.keys(verdict)?;
    let mut basis = Basis::Keys;
    if keys.is_none() && (args.policy.is_none() || !args.receipt.is_empty()) {
        let bytes = source.get("keys", TEXT).await.map_err(|unread| unread.tell(verdict)).ok()?;
        let Some(served) = Published::read(&bytes) else {
            verdict.say(Says::KeysUnreadable, &[("what", "keys")]);
            return None;
        };
        keys = Some(served);
        basis = Basis::FirstUse;
    }
    let trust = args.trust(keys.as_ref(), basis, verdict)?;
    Some((keys, trust))
}

/// The checkpoint that is shown now, if its log has signed it.
pub(super) async fn shown(
    source: &Source,
    from: &str,
    trust: &Trust,
    verdict: &mut Verdict,
) -> Option<Signed> {
    let bytes = match source.get("checkpoint", TEXT).await {
        Ok(bytes) => bytes,
        Err(Unread::Status(_, status)) if status.as_u16() == 404 => {
            verdict.say(Says::NoCheckpoint, &[("what", from)]);
            return None;
        }
        Err(unread) => {
            unread.tell(verdict);
            return None;
        }
    };
    let note = note(&bytes).map_err(|error| {
        verdict.say(Says::CheckpointUnreadable, &[("what", from), ("error", &error)]);
    });
    let (signed, judgement) = trust.judge(from, note.ok()?, verdict)?;
    trust.tell(&signed, &judgement, verdict);
    Some(signed)
}

fn note(bytes: &[u8]) -> Result<Note, String> {
    let text = str::from_utf8(bytes).map_err(|error| error.to_string())?;
    text.parse().map_err(|error: tillid_log::NotANote| error.to_string())
}

/// Asks the log for the proof of a receipt that has but the promise.
async fn ask_proof(source: &Source, held: &mut Held, verdict: &mut Verdict) {
    match source.get(&format!("proof/{}", held.event), TEXT).await {
        Ok(proof) => held.take_proof(String::from_utf8_lossy(&proof).into_owned()),
        // It waits, or files alone are served.
        Err(Unread::Status(_, status)) if matches!(status.as_u16(), 404 | 503) => {
            held.say_promise_only(verdict);
        }
        Err(unread) => unread.tell(verdict),
    }
}

/// The checkpoint that was remembered; `None` if there is none yet.
fn recall(file: &Path, trust: &Trust, verdict: &mut Verdict) -> Result<Option<Signed>, ()> {
    let shown = file.display().to_string();
    let bytes = match fs::read(file) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            verdict.say(Says::NothingRemembered, &[("file", &shown)]);
            return Ok(None);
        }
        Err(error) => Err(error.to_string()),
    };
    let read = bytes.and_then(|bytes| note(&bytes)).and_then(|note| {
        let checkpoint = tillid_log::Checkpoint::from_text(note.text()).map_err(|error| error.to_string())?;
        // What was altered here, on this machine, says nothing of the log.
        match note.verify(&trust.keys_of(&checkpoint)) {
            Err(error @ tillid_log::NoteError::BadSignature) => Err(error.to_string()),
            _ => Ok(Signed { what: shown.clone(), note, checkpoint }),
        }
    });
    match read {
        Ok(signed) => Ok(Some(signed)),
        Err(error) => {
            verdict.say(Says::RememberedUnreadable, &[("file", &shown), ("error", &error)]);
            Err(())
        }
    }
}

/// Whether the keys that signed what is remembered are still the log's, and one of them has signed what is shown.
fn same_keys(trust: &Trust, now: &Signed, before: &Signed, verdict: &mut Verdict) -> bool {
    if now.checkpoint.origin != before.checkpoint.origin {
        // Said with the comparison.
        return true;
    }
    let keys = trust.keys_of(&before.checkpoint);
    let signers = |signed: &Signed| {
        let verified = signed.note.verify(&keys).unwrap_or_default();
        verified.iter().map(|verified| verified.key.clone()).collect::<Vec<_>>()
    };
    let (then, is) = (signers(before), signers(now));
    let values = [("what", before.what.as_str()), ("origin", now.checkpoint.origin.as_ref())];
    if then.is_empty() {
        verdict.say(Says::KeyGone, &values);
        verdict.keep("checkpoint-before", before.note.to_string().as_bytes());
        verdict.keep("checkpoint-now", now.note.to_string().as_bytes());
        return false;
    }
    // A policy names the new key; a server that names its own may have been taken over.
    if trust.basis == Basis::FirstUse && !is.iter().any(|key| then.contains(key)) {
        verdict.say(Says::KeyReplaced, &values);
        return false;
    }
    true
}

/// Keeps what was shown for the next time, unless something larger is remembered.
fn remember(file: &Path, now: &Signed, before: Option<&Signed>, verdict: &mut Verdict) {
    if before.is_some_and(|before| before.checkpoint.size > now.checkpoint.size) {
        return;
    }
    let (shown, size) = (file.display().to_string(), now.checkpoint.size.to_string());
    match whole_file::write(file, now.note.to_string().as_bytes()) {
        Ok(()) => verdict.say(Says::Remembered, &[("file", &shown), ("size", &size)]),
        Err(error) => verdict.say(Says::NotWritten, &[("file", &shown), ("error", &error.to_string())]),
    }
}

/// Receipts alone, offline.
pub(super) fn receipts_alone(args: &Outside, verdict: &mut Verdict) {
    let Some(keys) = args.keys(verdict) else { return };
    let trust = if args.policy.is_none() && keys.is_none() {
        None
    } else {
        let Some(trust) = args.trust(keys.as_ref(), Basis::Keys, verdict) else { return };
        Some(trust)
    };
    for file in &args.receipt {
        let Some(held) = receipt::read(file, keys.as_ref(), verdict) else { continue };
        if held.has_proof() {
            held.prove(trust.as_ref(), verdict);
        } else {
            held.say_promise_only(verdict);
        }
    }
}
