//! What generations of Claude take and refuse, told by their names wherever they are served.
//!
//! Source: the capability flags of litellm's public price list, and recorded traffic. A name that
//! tells nothing is taken for an older model, which takes everything but system turns.

/// Sampling parameters are refused from here on.
const NO_SAMPLING: [&str; 7] =
    ["opus-4-7", "opus-4-8", "opus-5", "sonnet-5", "haiku-5", "fable", "mythos"];

/// These refuse a last turn of the assistant's, besides those above.
const NO_PREFILL: [&str; 2] = ["opus-4-6", "sonnet-4-6"];

/// These take system turns between the others.
const SYSTEM_TURNS: [&str; 4] = ["opus-4-8", "opus-5", "sonnet-5", "fable"];

fn is_any(model: &str, names: &[&str]) -> bool {
    model.contains("claude") && names.iter().any(|name| model.contains(name))
}

pub(crate) fn takes_sampling(model: &str) -> bool {
    !is_any(model, &NO_SAMPLING)
}

pub(crate) fn takes_prefill(model: &str) -> bool {
    !is_any(model, &NO_SAMPLING) && !is_any(model, &NO_PREFILL)
}

pub(super) fn takes_system_turns(model: &str) -> bool {
    is_any(model, &SYSTEM_TURNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_generation_on_every_cloud() {
        for model in ["claude-opus-4-8", "eu.anthropic.claude-opus-4-8", "claude-opus-4-8@default"]
        {
            assert!(!takes_sampling(model) && !takes_prefill(model) && takes_system_turns(model));
        }
        assert!(takes_sampling("claude-sonnet-4-6") && !takes_prefill("claude-sonnet-4-6"));
        assert!(takes_sampling("claude-sonnet-4-5-20250929") && takes_prefill("claude-large"));
        assert!(!takes_system_turns("claude-sonnet-4-5-20250929"));
    }
}
