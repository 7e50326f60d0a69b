//! Usage as Responses counts it: the input includes what was cached.

use serde::{Deserialize, Serialize};
use vocab::Usage;

use crate::text::Count;

/// Usage on the wire.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wire {
    input_tokens: Count,
    output_tokens: Count,
    input_tokens_details: Option<InputDetails>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct InputDetails {
    cached_tokens: Count,
    cache_write_tokens: Count,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Count,
}

impl From<Wire> for Usage {
    fn from(wire: Wire) -> Self {
        let input = wire.input_tokens_details.unwrap_or_default();
        let (cache_read, cache_write) = (input.cached_tokens.0, input.cache_write_tokens.0);
        let known = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
        Self {
            input: wire.input_tokens.0.map(|all| all.saturating_sub(known)),
            cache_read,
            cache_write,
            output: wire.output_tokens.0,
            reasoning: wire.output_tokens_details.and_then(|details| details.reasoning_tokens.0),
        }
    }
}

/// Usage as the caller reads it; nothing when nothing is known, for unknown is not zero. The
/// details are required here, so unknown ones are zero.
pub(super) fn shown(usage: &Usage) -> Option<Shown> {
    let input_tokens = usage.prompt()?;
    let output_tokens = usage.output?;
    Some(Shown {
        input_tokens,
        input_tokens_details: ShownInput {
            cached_tokens: usage.cache_read.unwrap_or(0),
            cache_write_tokens: usage.cache_write.unwrap_or(0),
        },
        output_tokens,
        output_tokens_details: ShownOutput { reasoning_tokens: usage.reasoning.unwrap_or(0) },
        total_tokens: input_tokens.saturating_add(output_tokens),
    })
}

#[derive(Serialize)]
pub(super) struct Shown {
    input_tokens: u64,
    input_tokens_details: ShownInput,
    output_tokens: u64,
    output_tokens_details: ShownOutput,
    total_tokens: u64,
}

#[derive(Serialize)]
struct ShownInput {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Serialize)]
struct ShownOutput {
    reasoning_tokens: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_are_taken_out_of_the_input_and_put_back() {
        let wire = r#"{"input_tokens":100,"output_tokens":7,"total_tokens":107,
            "input_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},
            "output_tokens_details":{"reasoning_tokens":5}}"#;
        let usage = Usage::from(serde_json::from_str::<Wire>(wire).unwrap());
        assert_eq!((usage.input, usage.reasoning), (Some(30), Some(5)));
        let shown = serde_json::to_value(shown(&usage)).unwrap();
        assert_eq!((&shown["input_tokens"], &shown["total_tokens"]), (&100.into(), &107.into()));
        assert_eq!(shown["input_tokens_details"]["cache_write_tokens"], 10);
    }

    #[test]
    fn unknown_usage_is_not_shown_as_zero() {
        assert!(shown(&Usage::default()).is_none());
    }
}
