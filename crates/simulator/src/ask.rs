//! What a caller wants, once a vendor's own request format is read.
//!
//! This is the simulator's private notion, just rich enough to compose an answer. [`Peek`] is what
//! can be said of any body before it is validated: the formats differ in few places there.

use serde_json::Value;

use crate::vendor::InPath;

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
    pub(crate) thought: Thought,
    /// What the wire format wants back in its own answer; nobody else looks at it.
    pub(crate) echo: Value,
}

/// Whether reasoning is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Thought {
    #[default]
    Absent,
    /// Thought, and counted, yet not shown.
    Hidden,
    Shown,
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
    /// `path` wins, where the vendor says model and stream in the path.
    pub(crate) fn of(body: &Value, path: Option<&InPath>) -> Self {
        let in_body = || body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
        let streams = || body.get("stream").and_then(Value::as_bool).unwrap_or_default();
        Self {
            model: path.and_then(|path| path.model.clone()).unwrap_or_else(in_body),
            stream: path.and_then(|path| path.stream).unwrap_or_else(streams),
            text: beginning(&said_last(body)),
            fields: body.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default(),
        }
    }
}

/// The last user text, or the first text to embed, of a body in any format.
fn said_last(body: &Value) -> String {
    // Bedrock's CountTokens has the conversation one level deeper.
    let body = body.pointer("/input/converse").unwrap_or(body);
    let list = |name| body.get(name).and_then(Value::as_array);
    if let Some(turns) = list("messages").or_else(|| list("contents")) {
        return last_user_text(turns);
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let places = [
        "/input",
        "/inputText",
        "/texts/0",
        "/instances/0/content",
        "/content/parts/0/text",
        "/singleEmbeddingParams/text/value",
        "/requests/0/content/parts/0/text",
    ];
    match places.iter().find_map(|place| body.pointer(place)) {
        Some(Value::Array(items)) => match items.first().and_then(text) {
            Some(first) => first,
            None => last_user_text(items),
        },
        Some(value) => text(value).unwrap_or_default(),
        None => String::new(),
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
        .map(|message| text_of(contents(message)))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// What a message holds; Gemini says `parts`.
fn contents(message: &Value) -> &Value {
    message.get("content").or_else(|| message.get("parts")).unwrap_or(&Value::Null)
}

/// Google lets it away where there is one speaker only.
pub(crate) fn role(message: &Value) -> &str {
    let unsaid = if message.get("parts").is_some() { "user" } else { "" };
    message.get("role").and_then(Value::as_str).unwrap_or(unsaid)
}

/// A string, or the text parts of a list joined by a space.
pub(crate) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts
                .iter()
                .filter(|part| matches!(kind(part), "" | "text" | "input_text" | "output_text"))
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

/// The fields that hold a prompt, in any format.
const WEIGHED: [&str; 9] = [
    "messages",
    "system",
    "tools",
    "input",
    "instructions",
    "contents",
    "systemInstruction",
    "system_instruction",
    "toolConfig",
];

/// Prompt tokens by the rule of thumb of four bytes each, and 85 per image.
pub(crate) fn estimate_tokens(body: &Value, images: usize) -> u64 {
    let bytes: usize = WEIGHED.iter().filter_map(|name| body.get(*name)).map(weight).sum();
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
        let peek = Peek::of(&json!({"model": 7, "messages": "no", "stream": "yes"}), None);
        assert_eq!(peek.fields, ["model", "messages", "stream"]);
        assert_eq!((peek.model.as_str(), peek.stream, peek.text.as_str()), ("", false, ""));
    }

    #[test]
    fn a_peek_finds_the_text_of_every_format() {
        for body in [
            json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}),
            json!({"contents": [{"parts": [{"text": "hi"}]}]}),
            json!({"input": "hi"}),
            json!({"input": ["hi", "there"]}),
            json!({"input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]}),
            json!({"inputText": "hi"}),
            json!({"instances": [{"content": "hi"}]}),
        ] {
            assert_eq!(Peek::of(&body, None).text, "hi", "{body}");
        }
    }

    #[test]
    fn the_path_wins_over_the_body() {
        let path = InPath::model("m").streamed(true);
        let peek = Peek::of(&json!({"model": "other", "stream": false}), Some(&path));
        assert_eq!((peek.model.as_str(), peek.stream), ("m", true));
    }

    #[test]
    fn long_text_is_kept_to_its_bound_in_characters() {
        assert_eq!(beginning(&"é".repeat(300)).chars().count(), TEXT_CHARS_MAX);
    }
}
