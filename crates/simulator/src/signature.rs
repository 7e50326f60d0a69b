//! Signatures on reasoning: opaque to callers, and worthless anywhere but where they were made.
//!
//! Each is bound to the vendor that made it and to what it signs, so that a gateway which alters
//! reasoning, moves it, or takes it to another vendor is found out as it would be in reality.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::random::{Random, digest};

const LENGTH: usize = 48;

/// Signs `text` for `house`.
pub(crate) fn sign(house: &str, text: &str) -> String {
    let mut random = Random::new(digest(house.as_bytes()), digest(text.as_bytes()));
    let mut bytes = Vec::with_capacity(LENGTH);
    while bytes.len() < LENGTH {
        bytes.extend_from_slice(&random.next().to_be_bytes());
    }
    STANDARD.encode(bytes)
}

/// Whether `signature` is what `house` gave for `text`.
pub(crate) fn is_valid(house: &str, text: &str, signature: &str) -> bool {
    sign(house, text) == signature
}

/// Reasoning that only `house` can read again: its text and its signature in one blob.
pub(crate) fn encrypt(house: &str, text: &str) -> String {
    let body = STANDARD.encode(text);
    format!("gAAAAA{body}.{}", sign(house, &body))
}

/// Whether `house` can read the blob.
pub(crate) fn is_readable(house: &str, blob: &str) -> bool {
    blob.strip_prefix("gAAAAA")
        .and_then(|blob| blob.split_once('.'))
        .is_some_and(|(body, signature)| is_valid(house, body, signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_house_and_its_text_only() {
        let signature = sign("anthropic", "hm");
        assert!(is_valid("anthropic", "hm", &signature));
        assert!(!is_valid("bedrock", "hm", &signature));
        assert!(!is_valid("anthropic", "hmm", &signature));
    }

    #[test]
    fn a_blob_is_read_by_its_house_only() {
        let blob = encrypt("openai", "hm");
        assert!(is_readable("openai", &blob) && !is_readable("azure", &blob));
        assert!(!is_readable("openai", "gAAAAA") && !is_readable("openai", ""));
    }
}
