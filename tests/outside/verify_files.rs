//! `tillid verify` of what lies in files: receipts and archives, each altered in every place.

use super::verify_outside::{fetch, flipped, grown, look, path_of, receipt, run, verify};
use crate::support::Tillid;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};
use tillid_testkit::Engine;

/// Every value in a document that has no others in it, by its pointer.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(n, v)| leaves(v, &format!("{at}/{n}"), found)),
        Value::Array(items) => {
            for (n, v) in (0_u32..).zip(items) {
                leaves(v, &format!("{at}/{n}"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

fn another(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            // A digit becomes another digit, so that a time or an id stays one.
            let at = text.rfind(|c: char| c.is_ascii_digit());
            let digit = |at: usize| if &text[at..=at] == "1" { "2" } else { "1" };
            at.map_or_else(
                || format!("{text}x"),
                |at| format!("{}{}{}", &text[..at], digit(at), &text[at + 1..]),
            )
            .into()
        }
        Value::Number(number) => (number.as_u64().expect("a number") + 1).into(),
        Value::Bool(is) => (!is).into(),
        _ => "x".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_altered_field_of_a_receipt_and_of_its_proof_is_noticed() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let home = tempfile::tempdir().expect("a folder");
    let before = grown(&tillid.base, 1).await.size;
    let (location, _) = receipt(&tillid).await;
    grown(&tillid.base, before + 3).await;
    let anna = tillid.token("anna").await;
    let whole = tillid.get(&location).by(&anna).send().await.expect(200).json();
    let keys = home.path().join("keys");
    fs::write(&keys, fetch(&tillid.base, "keys").await).expect("written");
    let file = home.path().join("receipt.json");
    let said = |receipt: &str, proof: &Value| {
        let json = serde_json::json!({"receipt": receipt, "proof": proof});
        fs::write(&file, json.to_string()).expect("written");
        verify(&["--receipt", path_of(&file), "--keys", path_of(&keys)])
    };
    let (jws, proof) = (whole["receipt"].as_str().expect("a receipt"), &whole["proof"]);
    said(jws, proof).is(0, "receipt_in_log");
    said(jws, &Value::Null).is(3, "promise_only");

    let parts: Vec<&str> = jws.split('.').collect();
    let mut tried = 0;
    for part in 0..2 {
        let value: Value = serde_json::from_slice(&B64.decode(parts[part]).expect("base64")).expect("json");
        let mut pointers = Vec::new();
        leaves(&value, "", &mut pointers);
        for pointer in pointers {
            let mut altered = value.clone();
            let field = altered.pointer_mut(&pointer).expect("there");
            *field = another(field);
            let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            parts[part] = B64.encode(serde_json::to_vec(&altered).expect("json"));
            assert_eq!(said(&parts.join("."), proof).exit, 1, "{pointer}");
            tried += 1;
        }
    }
    assert!(tried > 12, "{tried}");
    let signature = B64.decode(parts[2]).expect("base64");
    let other = [parts[0], parts[1], &B64.encode(flipped(signature, 9))].join(".");
    said(&other, proof).is(1, "receipt_not_signed");

    let text = proof.as_str().expect("a proof");
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let altered: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(m, l)| if n == m { altered_line(l) } else { l.to_owned() })
            .collect();
        let altered = altered.join("\n") + "\n";
        assert_eq!(said(jws, &altered.into()).exit, 1, "{line}");
    }
    let index = text.lines().find(|line| line.starts_with("index ")).expect("a line");
    said(jws, &text.replacen(index, "index 0", 1).into()).is(1, "proof_wrong");
    fs::write(&file, "{}").expect("written");
    verify(&["--receipt", path_of(&file), "--keys", path_of(&keys)]).is(2, "receipt_unreadable");
    fs::write(&keys, "{}").expect("written");
    verify(&["--receipt", path_of(&file), "--keys", path_of(&keys)]).is(2, "keys_unreadable");
}

/// A line with one character in its middle changed to one that may stand there too.
fn altered_line(line: &str) -> String {
    let at = line.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).map(|(at, _)| at);
    let at: Vec<usize> = at.collect();
    let at = if line.starts_with("index") { at[at.len() - 1] } else { at[at.len() / 2] };
    let other = if &line[at..=at] == "1" { "2" } else { "1" };
    format!("{}{other}{}", &line[..at], &line[at + 1..])
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_altered_or_missing_file_of_an_archive_is_named_and_an_export_goes_on() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let home = tempfile::tempdir().expect("a folder");
    let archive = home.path().join("archive");
    let export = || run(&["export", "--log-to", path_of(&archive), "--data", path_of(tillid.folder())]);
    let first = grown(&tillid.base, 1).await;
    look(&tillid, usize::try_from(270 - first.size).expect("few")).await;
    let small = grown(&tillid.base, 270).await;
    assert!(export().status.success());
    let inode = |path: &str| fs::metadata(archive.join(path)).expect(path).ino();
    let full = ["tile/0/000", "tile/entries/000"].map(inode);
    look(&tillid, 5).await;
    let large = grown(&tillid.base, small.size + 5).await;
    assert!(export().status.success());
    assert_eq!(["tile/0/000", "tile/entries/000"].map(inode), full, "complete tiles are not written again");

    let said = || verify(&["--archive", path_of(&archive)]);
    said().is(0, "tree_recomputed");
    let mut all = Vec::new();
    files(&archive, &mut all);
    assert!(
        all.iter().any(|path| path.ends_with(format!("001.p/{}", small.size - 256))),
        "the older end too"
    );
    assert_eq!(all.len(), 2 + 2 + 2 + 2 + 1, "two full ones, two ends each, one above, keys and checkpoint");
    for path in &all {
        let name = path.strip_prefix(&archive).expect("below").to_str().expect("text").to_owned();
        let bytes = fs::read(path).expect("it");
        let text = String::from_utf8_lossy(&bytes);
        // Of the keys, the log's: nothing here is signed by one of receipts.
        let at = text.find("\"vkey\":\"").filter(|_| name == "keys").map_or(bytes.len() / 2, |at| at + 20);
        fs::write(path, flipped(bytes.clone(), at)).expect("written");
        let altered = said();
        let unreadable = ["keys", "checkpoint"].contains(&name.as_str());
        assert!(altered.exit == 1 || altered.exit == 2 && unreadable, "{name}: {}", altered.json);
        assert!(altered.text().contains(&name), "{name}: {}", altered.json);
        fs::write(path, &bytes[..bytes.len() - 1]).expect("written");
        let cut = said();
        assert!(cut.exit != 0 && cut.text().contains(&name), "{name}: {}", cut.json);
        fs::remove_file(path).expect("removed");
        let gone = said();
        let old = name.ends_with(&format!("001.p/{}", small.size - 256));
        assert_eq!(gone.exit, if old { 0 } else { 2 }, "{name}: {}", gone.json);
        assert!(old || gone.text().contains(&name), "{name}");
        fs::write(path, &bytes).expect("written");
    }
    said().is(0, "tree_recomputed");

    let other = Tillid::demo(Engine::Sqlite).await;
    grown(&other.base, 1).await;
    let refused = run(&["export", "--log-to", path_of(&archive), "--data", path_of(other.folder())]);
    assert_eq!(refused.status.code(), Some(2), "a folder holds one log");
    assert!(large.size > small.size);
}
