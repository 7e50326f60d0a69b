//! Usage as Messages counts it: the input excludes what was cached.

use serde::{Deserialize, Serialize};
use vocab::Usage;

use crate::text::Count;

/// Usage on the wire.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wire {
    input_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    output_tokens: Count,
    output_tokens_details: Option<Details>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Details {
    thinking_tokens: Count,
    reasoning_tokens: Count,
}

impl From<Wire> for Usage {
    fn from(wire: Wire) -> Self {
        let details = wire.output_tokens_details.unwrap_or_default();
        Self {
            input: wire.input_tokens.0,
            cache_read: wire.cache_read_input_tokens.0,
            cache_write: wire.cache_creation_input_tokens.0,
            output: wire.output_tokens.0,
            reasoning: details.thinking_tokens.0.or(details.reasoning_tokens.0),
        }
    }
}

/// Usage as the caller reads it. The figures are required here, so unknown ones are zero.
pub(super) fn shown(usage: &Usage) -> Shown {
    Shown {
        input_tokens: usage.input.unwrap_or(0),
        cache_creation_input_tokens: usage.cache_write.unwrap_or(0),
        cache_read_input_tokens: usage.cache_read.unwrap_or(0),
        output_tokens: usage.output.unwrap_or(0),
    }
}

#[derive(Serialize)]
pub(super) struct Shown {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
}
