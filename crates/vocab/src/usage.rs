//! What a call used.

use std::ops::Add;

use serde::{Deserialize, Serialize};

/// Tokens of one call, by kind. `None` means unknown, which is not zero.
///
/// The kinds do not overlap except `reasoning`, which is a part of `output`: the whole prompt is
/// `input + cache_read + cache_write`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Prompt tokens that were neither read from nor written to a provider's cache.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input: Option<u64>,
    /// Prompt tokens read from a provider's cache.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cache_read: Option<u64>,
    /// Prompt tokens written to a provider's cache.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cache_write: Option<u64>,
    /// Answer tokens, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output: Option<u64>,
    /// The part of `output` that was reasoning.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reasoning: Option<u64>,
}

impl Usage {
    /// The whole prompt, if its uncached part is known.
    #[must_use]
    pub fn prompt(&self) -> Option<u64> {
        let cached = self.cache_read.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0));
        self.input.map(|input| input.saturating_add(cached))
    }

    /// Takes each figure that `newer` knows, and keeps the others: providers revise usage while
    /// a stream runs.
    pub fn revise(&mut self, newer: &Self) {
        for (mine, theirs) in [
            (&mut self.input, newer.input),
            (&mut self.cache_read, newer.cache_read),
            (&mut self.cache_write, newer.cache_write),
            (&mut self.output, newer.output),
            (&mut self.reasoning, newer.reasoning),
        ] {
            *mine = theirs.or(*mine);
        }
    }
}

impl Add for Usage {
    type Output = Self;
    /// Adds figure by figure; unknown plus known is known.
    fn add(self, other: Self) -> Self {
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        Self {
            input: sum(self.input, other.input),
            cache_read: sum(self.cache_read, other.cache_read),
            cache_write: sum(self.cache_write, other.cache_write),
            output: sum(self.output, other.output),
            reasoning: sum(self.reasoning, other.reasoning),
        }
    }
}
