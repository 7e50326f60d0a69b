//! Usage as Gemini counts it: the prompt includes what was cached, and the answer's figure leaves
//! out what was thought.

use serde::Deserialize;
use vocab::Usage;

use crate::text::Count;

/// Usage on the wire. In a stream the figures are cumulative and the last ones count.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Wire {
    prompt_token_count: Count,
    tool_use_prompt_token_count: Count,
    cached_content_token_count: Count,
    candidates_token_count: Count,
    thoughts_token_count: Count,
}

impl From<Wire> for Usage {
    fn from(wire: Wire) -> Self {
        // A figure of zero is left out on the wire. Vertex's first chunks leave out all of them,
        // which says nothing; with the prompt's figure there, the missing ones are zero.
        let Some(prompt) = wire.prompt_token_count.0 else { return Self::default() };
        let prompt = prompt.saturating_add(wire.tool_use_prompt_token_count.0.unwrap_or(0));
        let cached = wire.cached_content_token_count.0;
        let thoughts = wire.thoughts_token_count.0;
        let said = wire.candidates_token_count.0.unwrap_or(0);
        Self {
            input: Some(prompt.saturating_sub(cached.unwrap_or(0))),
            cache_read: cached,
            cache_write: None,
            output: Some(said.saturating_add(thoughts.unwrap_or(0))),
            reasoning: thoughts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wire: &str) -> Usage {
        serde_json::from_str::<Wire>(wire).unwrap().into()
    }

    #[test]
    fn thoughts_are_part_of_the_output_and_the_cache_of_the_prompt() {
        let usage = read(
            r#"{"promptTokenCount":3520,"cachedContentTokenCount":3512,"candidatesTokenCount":2,
                "thoughtsTokenCount":42,"totalTokenCount":3564}"#,
        );
        assert_eq!(usage.prompt(), Some(3520));
        assert_eq!((usage.input, usage.cache_read), (Some(8), Some(3512)));
        assert_eq!((usage.output, usage.reasoning), (Some(44), Some(42)));
    }

    #[test]
    fn figures_that_are_missing_beside_the_prompts_are_zero_and_otherwise_unknown() {
        assert_eq!(read(r#"{"promptTokenCount":14}"#).output, Some(0));
        assert_eq!(read(r#"{"trafficType":"ON_DEMAND"}"#), Usage::default());
    }
}
