//! How much the model reasons: a level for the generations from Gemini 3 on, a budget in tokens for
//! those before.
//!
//! The budgets are those that Google's own Chat Completions endpoint puts in place of efforts
//! (ai.google.dev/gemini-api/docs/openai). A budget that the caller gives goes as it is, to any
//! model, and both together are an error there.

use super::wire::ThinkingConfig;
use crate::{
    Unsupported,
    gemini::is_older,
    prompt::{Effort, Prompt},
};

/// What is asked of the model named `model`.
///
/// # Errors
/// A level between the two highest, which this provider does not have.
pub(super) fn config(prompt: &Prompt, model: &str) -> Result<Option<ThinkingConfig>, Unsupported> {
    let budget = |tokens: u64| ThinkingConfig {
        thinking_budget: Some(tokens),
        thinking_level: None,
        include_thoughts: (tokens > 0).then_some(true),
    };
    if let Some(tokens) = prompt.reasoning_max {
        return Ok(Some(budget(tokens)));
    }
    let Some(effort) = prompt.effort else { return Ok(None) };
    let (tokens, level) = match effort {
        // Models that cannot but reason say so themselves.
        Effort::None => return Ok(Some(budget(0))),
        Effort::Minimal => (1_024, "MINIMAL"),
        Effort::Low => (1_024, "LOW"),
        Effort::Medium => (8_192, "MEDIUM"),
        Effort::High | Effort::Max => (24_576, "HIGH"),
        Effort::ExtraHigh => {
            let why = "is `xhigh`, a level that this provider does not have";
            let message = format!("`reasoning_effort` {why}");
            return Err(Unsupported::about("reasoning_effort", message));
        }
    };
    if is_older(model) {
        return Ok(Some(budget(tokens)));
    }
    Ok(Some(ThinkingConfig {
        thinking_budget: None,
        thinking_level: Some(level),
        include_thoughts: Some(true),
    }))
}

/// An effort beside a budget: the budget is the stricter of the two.
pub(super) fn dropped(prompt: &Prompt) -> Option<&'static str> {
    (prompt.reasoning_max.is_some() && prompt.effort.is_some()).then_some("effort")
}
