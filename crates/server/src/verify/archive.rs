//! A log that was written to a folder, checked without its server.

use super::{
    Outside,
    online::{all, shown},
    source::{Source, TEXT},
    trust::{Basis, Published, Signed, Trust},
    verdict::{Says, Verdict},
    whole::Progress,
};
use std::path::Path;

/// Verifies the whole folder, and receipts against it.
pub(super) async fn verify(args: &Outside, folder: &Path, progress: Progress<'_>, verdict: &mut Verdict) {
    let source = Source::Folder(folder.to_owned());
    let Some((keys, trust)) = believed(args, &source, verdict).await else { return };
    let receipts = args.receipts(Some(&keys), verdict);
    let proven: Vec<Signed> = receipts.iter().filter_map(|held| held.prove(Some(&trust), verdict)).collect();
    let checkpoint = folder.join("checkpoint").display().to_string();
    let Some(now) = shown(&source, &checkpoint, &trust, verdict).await else { return };
    let before: Vec<&Signed> = proven.iter().collect();
    all(&source, &now, &before, &receipts, progress, verdict).await;
}

/// Whose signatures count. The keys in the folder have to be readable and the ones that the policy knows, whatever is believed.
async fn believed(args: &Outside, source: &Source, verdict: &mut Verdict) -> Option<(Published, Trust)> {
    let bytes = source.get("keys", TEXT).await.map_err(|unread| unread.tell(verdict)).ok()?;
    let Some(beside) = Published::read(&bytes) else {
        verdict.say(Says::KeysUnreadable, &[("what", "keys")]);
        return None;
    };
    let given = args.keys(verdict)?;
    let trust = args.trust(given.as_ref().or(Some(&beside)), Basis::Keys, verdict)?;
    if !beside.log.iter().any(|key| trust.knows(key)) {
        verdict.say(Says::KeysOther, &[]);
        return None;
    }
    Some((given.unwrap_or(beside), trust))
}
