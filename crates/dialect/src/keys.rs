//! Keys that two parsers could take for one another.
//!
//! The gateway judges a body by its own parser and the provider serves it by another: one keeps the
//! first of two equal keys, one the last, one looks at `Type` when it wants `type`. A body in which
//! that makes a difference has two meanings, and is refused (RES-1, P4).

use std::borrow::Cow;

use crate::{elsewhere, text::Text};

/// The most keys that an object may have where keys are told apart.
const KEYS_MAX: usize = 128;
/// So many keys are told apart without an allocation.
const FEW: usize = 8;

/// Keys that the gateway reads or writes.
const KNOWN: [&str; 43] = [
    "model",
    "messages",
    "input",
    "instructions",
    "system",
    "tools",
    "tool_choice",
    "functions",
    "stream",
    "stream_options",
    "store",
    "include",
    "background",
    "previous_response_id",
    "conversation",
    "prompt",
    "prompt_cache_retention",
    "prompt_cache_options",
    "inference_geo",
    "speed",
    "service_tier",
    "container",
    "mcp_servers",
    "web_search_options",
    "modalities",
    "audio",
    "anthropic_version",
    "anthropic_beta",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "dimensions",
    "type",
    "role",
    "content",
    "output",
    "result",
    "source",
    "file",
    "file_id",
    "id",
    "name",
    "function",
];

/// What is wrong with an object.
pub(crate) const FAULTS: [&str; 3] = [TWICE, SPELLED, MANY];
const TWICE: &str = "a field appears twice in one object";
const SPELLED: &str =
    "a field differs from one of this API in upper and lower case alone: write it as the API does";
const MANY: &str = "an object has too many fields";

/// The keys of one object so far.
#[derive(Default)]
pub(crate) struct Keys<'de> {
    few: [Cow<'de, str>; FEW],
    count: usize,
    more: Vec<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    /// Adds the next key.
    ///
    /// # Errors
    /// One of [`FAULTS`].
    pub(crate) fn add(&mut self, Text(key): &Text<'de>) -> Result<(), &'static str> {
        if is_misspelt(key) {
            return Err(SPELLED);
        }
        if self.few.iter().take(self.count).chain(&self.more).any(|known| known == key) {
            return Err(TWICE);
        }
        if self.count >= KEYS_MAX {
            return Err(MANY);
        }
        match self.few.get_mut(self.count) {
            Some(slot) => *slot = key.clone(),
            None => self.more.push(key.clone()),
        }
        self.count += 1;
        Ok(())
    }
}

/// Whether a parser that does not mind upper and lower case takes this for a known key.
fn is_misspelt(key: &str) -> bool {
    if key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit()) {
        return false;
    }
    let mut known = KNOWN.into_iter().chain(elsewhere::names());
    known.any(|known| key.chars().map(folded).eq(known.chars()))
}

/// Letters outside ASCII have ASCII letters as their other case, to one parser or another.
fn folded(letter: char) -> char {
    match letter {
        'ſ' => 's',
        '\u{212a}' => 'k',
        'ı' | 'İ' => 'i',
        _ => letter.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(keys: &[&'static str]) -> Result<(), &'static str> {
        let mut seen = Keys::default();
        keys.iter().try_for_each(|key| seen.add(&Text(Cow::Borrowed(*key))))
    }

    #[test]
    fn a_known_key_is_written_as_the_api_writes_it() {
        for key in ["Model", "STORE", "ſtore", "ınference_geo", "\u{212a}", "Type"] {
            let known = key != "\u{212a}";
            assert_eq!(add(&[key]).is_err(), known, "{key}");
        }
        assert_eq!(add(&["model", "myOwn", "MyOwn", "größe"]), Ok(()));
    }

    #[test]
    fn a_key_appears_once_however_many_there_are() {
        let keys: Vec<&'static str> =
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"].to_vec();
        assert_eq!(add(&keys), Ok(()));
        for again in &keys {
            assert_eq!(add(&[&keys[..], &[*again]].concat()), Err(TWICE));
        }
    }
}
