//! What a caller wants, once a vendor's own request format is read.
//!
//! This is the simulator's private notion, just rich enough to compose an answer. [`Peek`] is what
//! can be said of any body before it is validated: both formats agree on these few fields.

use serde_json::Value;

/// Characters of the last user text that the log keeps and an answer echoes.
pub(crate) const TEXT_CHARS_MAX: usize = 200;

#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    pub(crate) choices: usize,
    pub(crate) last_text: String,
    pub(crate) images: usize,
    /// Texts of the tool results that end the conversation.
    pub(crate) tool_results: Vec<String>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    /// Whether several calls at once are welcome.
    pub(crate) calls: Calls,
    pub(crate) stops: Vec<String>,
    pub(crate) output_max: Option<u64>,
    pub(crate) shape: Shape,
    pub(crate) prompt_tokens: u64,
    /// Part of `prompt_tokens` read from the prompt cache.
    pub(crate) cached_tokens: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) schema: Value,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Auto,
    Never,
    Any,
    Named(String),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Calls {
    #[default]
    Parallel,
    OneAtATime,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Shape {
    #[default]
    Text,
    /// Any JSON object.
    Object,
    /// JSON that fits a schema.
    Schema(Value),
}

/// What any body says before it is validated; missing or mistyped fields are empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Peek {
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) text: String,
    pub(crate) fields: Vec<String>,
}

impl Peek {
    pub(crate) fn of(body: &Value) -> Self {
        let messages = body.get("messages").and_then(Value::as_array);
        Self {
            model: body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned(),
            stream: body.get("stream").and_then(Value::as_bool).unwrap_or_default(),
            text: beginning(&last_user_text(messages.map_or(&[], Vec::as_slice))),
            fields: body.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default(),
        }
    }
}

pub(crate) fn beginning(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// Text of the last user message that has any, so that a turn of tool results does not hide it.
pub(crate) fn last_user_text(messages: &[Value]) -> String {
    messages
        .iter()
        .rev()
        .filter(|message| role(message) == "user")
        .map(|message| text_of(message.get("content").unwrap_or(&Value::Null)))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

pub(crate) fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

/// A string, or the text parts of a list joined by a space.
pub(crate) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts
                .iter()
                .filter(|part| kind(part) == "text")
                .filter_map(|part| part.get("text").and_then(Value::as_str))
                .collect();
            texts.join(" ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

pub(crate) fn kind(part: &Value) -> &str {
    part.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// Parts of the given type in all messages.
pub(crate) fn count_parts(messages: &[Value], wanted: &str) -> usize {
    messages
        .iter()
        .filter_map(|message| message.get("content").and_then(Value::as_array))
        .flatten()
        .filter(|part| kind(part) == wanted)
        .count()
}

/// Prompt tokens by the rule of thumb of four bytes each, and 85 per image.
pub(crate) fn estimate_tokens(body: &Value, images: usize) -> u64 {
    let weigh = |name: &str| body.get(name).map_or(0, weight);
    let bytes = weigh("messages") + weigh("system") + weigh("tools");
    u64::try_from(bytes.div_ceil(4) + images * 85 + 3).unwrap_or(u64::MAX)
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        // Pictures travel as long strings; they are weighed by their number instead.
        Value::String(text) if text.len() > 65_536 => 0,
        Value::String(text) => text.len(),
        Value::Array(all) => all.iter().map(weight).sum::<usize>(),
        Value::Object(all) => all.values().map(|value| 2 + weight(value)).sum::<usize>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_user_text_is_found_behind_tool_results() {
        let messages = [
            json!({"role": "user", "content": [{"type": "text", "text": "weather?"}]}),
            json!({"role": "assistant", "content": [{"type": "tool_use", "id": "t"}]}),
            json!({"role": "user", "content": [{"type": "tool_result", "content": "sunny"}]}),
        ];
        assert_eq!(last_user_text(&messages), "weather?");
    }

    #[test]
    fn a_peek_survives_nonsense() {
        let peek = Peek::of(&json!({"model": 7, "messages": "no", "stream": "yes"}));
        assert_eq!(peek.fields, ["model", "messages", "stream"]);
        assert_eq!((peek.model.as_str(), peek.stream, peek.text.as_str()), ("", false, ""));
    }

    #[test]
    fn long_text_is_kept_to_its_bound_in_characters() {
        assert_eq!(beginning(&"é".repeat(300)).chars().count(), TEXT_CHARS_MAX);
    }
}
