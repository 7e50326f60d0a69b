//! Usage as Chat Completions counts it: the prompt includes what was cached.

use serde::{Deserialize, Serialize};
use vocab::Usage;

use crate::text::Count;

/// Usage on the wire, with the fields of compatible servers too.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wire {
    prompt_tokens: Count,
    completion_tokens: Count,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek.
    prompt_cache_hit_tokens: Count,
    /// Mistral.
    num_cached_tokens: Count,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Count,
    cache_write_tokens: Count,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Count,
}

impl From<Wire> for Usage {
    fn from(wire: Wire) -> Self {
        let prompt = wire.prompt_tokens_details.unwrap_or_default();
        let cached = prompt.cached_tokens.0;
        let cache_read = cached.or(wire.prompt_cache_hit_tokens.0).or(wire.num_cached_tokens.0);
        let cache_write = prompt.cache_write_tokens.0;
        let known = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
        Self {
            input: wire.prompt_tokens.0.map(|all| all.saturating_sub(known)),
            cache_read,
            cache_write,
            output: wire.completion_tokens.0,
            reasoning: wire
                .completion_tokens_details
                .and_then(|details| details.reasoning_tokens.0),
        }
    }
}

/// Usage as the caller reads it; nothing when nothing is known, for unknown is not zero.
pub(super) fn shown(usage: &Usage) -> Option<Shown> {
    let prompt_tokens = usage.prompt()?;
    let completion_tokens = usage.output?;
    Some(Shown {
        prompt_tokens,
        completion_tokens,
        total_tokens: prompt_tokens.saturating_add(completion_tokens),
        prompt_tokens_details: ShownPrompt {
            cached_tokens: usage.cache_read.unwrap_or(0),
            cache_write_tokens: usage.cache_write.filter(|&count| count > 0),
        },
        completion_tokens_details: usage
            .reasoning
            .map(|reasoning_tokens| ShownCompletion { reasoning_tokens }),
    })
}

#[derive(Serialize)]
pub(super) struct Shown {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: ShownPrompt,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens_details: Option<ShownCompletion>,
}

#[derive(Serialize)]
struct ShownPrompt {
    cached_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_tokens: Option<u64>,
}

#[derive(Serialize)]
struct ShownCompletion {
    reasoning_tokens: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_are_taken_out_of_the_prompt_and_put_back() {
        let wire = r#"{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,
            "prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},
            "completion_tokens_details":{"reasoning_tokens":5}}"#;
        let usage = Usage::from(serde_json::from_str::<Wire>(wire).unwrap());
        assert_eq!(
            (usage.input, usage.cache_read, usage.cache_write),
            (Some(30), Some(60), Some(10))
        );
        let shown = serde_json::to_value(shown(&usage)).unwrap();
        assert_eq!(shown["prompt_tokens"], 100);
        assert_eq!(shown["total_tokens"], 107);
    }

    #[test]
    fn unknown_usage_is_not_shown_as_zero() {
        assert!(shown(&Usage::default()).is_none());
    }
}
