//! Tokens that are bound to whoever they were given to, tokens for acting on somebody's behalf, and how much may be asked.

mod acting;
mod allowances;
mod bound;
mod system;

use crate::door::Door;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::Value;
use std::path::Path;

/// A token of the demo's broker with another head or other claims, signed by the broker.
fn resigned(door: &Door, token: &str, head: Option<Value>, changes: &Value) -> String {
    let pkcs8 = key(door.tillid.folder());
    let key = Ed25519KeyPair::from_pkcs8(&pkcs8).expect("a key");
    let head = head.unwrap_or_else(|| system::part(token, 0));
    let mut claims = system::part(token, 1);
    for (name, value) in changes.as_object().expect("changes") {
        claims[name] = value.clone();
    }
    let message = format!("{}.{}", B64.encode(head.to_string()), B64.encode(claims.to_string()));
    format!("{message}.{}", B64.encode(key.sign(message.as_bytes()).as_ref()))
}

fn key(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("keys/sandbox.key")).expect("the broker's key")
}
