//! Arguments of a tool call: JSON text in one dialect, an object in the other.

use serde_json::value::RawValue;

use crate::text::Skip;

/// The arguments as a JSON object in their own words, so that key order and the text of numbers
/// stay; empty means none. Nothing when the text is not an object: never `{}` in its place.
pub(crate) fn object(text: &str) -> Option<Box<RawValue>> {
    let text = text.trim();
    let text = if text.is_empty() { "{}" } else { text };
    // Read twice: once to bound its depth, once to keep its text.
    let bounded = text.starts_with('{') && serde_json::from_str::<Skip>(text).is_ok();
    bounded.then(|| serde_json::from_str(text).ok()).flatten()
}

/// Tells when streamed arguments are a whole object.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Completeness {
    depth: u32,
    in_string: bool,
    escaped: bool,
    begun: bool,
}

impl Completeness {
    pub(crate) fn feed(&mut self, fragment: &str) {
        for byte in fragment.bytes() {
            match (self.in_string, byte) {
                (true, _) if self.escaped => self.escaped = false,
                (true, b'\\') => self.escaped = true,
                (true, b'"') => self.in_string = false,
                (false, b'"') => self.in_string = true,
                (false, b'{' | b'[') => {
                    self.begun = true;
                    self.depth = self.depth.saturating_add(1);
                }
                (false, b'}' | b']') => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    pub(crate) const fn is_whole(self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_keep_their_text_and_must_be_an_object() {
        let text = r#"{"b":1.10,"a":12345678901234567890123}"#;
        assert_eq!(object(text).unwrap().get(), text);
        assert_eq!(object("").unwrap().get(), "{}");
        for bad in ["{", "[]", "null", "\"{}\"", "{}x", &"{\"a\":".repeat(200)] {
            assert!(object(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_object_is_whole_at_its_last_brace_and_not_before() {
        let text = r#" {"a":["}\"{",{"b":1}],"c":"\\"}"#;
        for end in 0..=text.len() {
            let mut completeness = Completeness::default();
            completeness.feed(&text[..end]);
            assert_eq!(completeness.is_whole(), end == text.len(), "{end}");
        }
    }
}
