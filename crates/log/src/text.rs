//! What the text formats share.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A decimal number as all these formats write it: digits alone, no leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// Standard base64 (RFC 4648, section 4), padded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The inverse of [`encode`]; there is one text for each sequence of bytes.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Whether there is a control character that a note may not have (signed-note, "Format").
pub(crate) fn has_control(text: &str) -> bool {
    text.bytes().any(|b| b < 0x20 && b != b'\n')
}
