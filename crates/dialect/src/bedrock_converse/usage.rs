//! Usage as Converse counts it: the input excludes what was cached, and totals are not trusted.

use serde::Deserialize;
use vocab::Usage;

use crate::text::Count;

/// Usage on the wire.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Wire {
    input_tokens: Count,
    cache_read_input_tokens: Count,
    cache_write_input_tokens: Count,
    output_tokens: Count,
}

impl From<Wire> for Usage {
    fn from(wire: Wire) -> Self {
        Self {
            input: wire.input_tokens.0,
            cache_read: wire.cache_read_input_tokens.0,
            cache_write: wire.cache_write_input_tokens.0,
            output: wire.output_tokens.0,
            reasoning: None,
        }
    }
}
