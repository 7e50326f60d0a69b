//! The Messages body as it is written.

use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
pub(crate) struct Body<'p> {
    /// Said in the body on clouds only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::anthropic) anthropic_version: Option<&'static str>,
    /// Said in the address on clouds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::anthropic) model: Option<&'p str>,
    /// Required, except for a count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) system: Vec<Block<'p>>,
    pub(super) messages: Vec<Message<'p>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) stop_sequences: Vec<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_k: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Tool<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<Choice<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_config: Option<OutputConfig<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::anthropic) inference_geo: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::anthropic) stream: Option<bool>,
    /// What was left out, which is not written.
    #[serde(skip)]
    pub(in crate::anthropic) dropped: Vec<&'static str>,
}

#[derive(Serialize)]
pub(super) struct Message<'p> {
    pub(super) role: &'static str,
    pub(super) content: Vec<Block<'p>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'p> {
    Text {
        text: &'p str,
    },
    Image {
        source: Source<'p>,
    },
    Document {
        source: Source<'p>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'p str>,
    },
    Thinking {
        thinking: &'p str,
        signature: &'p str,
    },
    RedactedThinking {
        data: &'p str,
    },
    ToolUse {
        id: &'p str,
        name: &'p str,
        input: &'p RawValue,
    },
    ToolResult {
        tool_use_id: &'p str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Block<'p>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        is_error: Option<bool>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'p> {
    Base64 { media_type: &'p str, data: &'p str },
    Url { url: &'p str },
    Text { media_type: &'static str, data: &'p str },
}

#[derive(Serialize)]
pub(super) struct Tool<'p> {
    pub(super) name: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'p str>,
    pub(super) input_schema: &'p RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strict: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct Choice<'p> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disable_parallel_tool_use: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct OutputConfig<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<Format<'p>>,
}

#[derive(Serialize)]
pub(super) struct Format<'p> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) schema: &'p RawValue,
}

#[derive(Serialize)]
pub(super) struct Thinking {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_tokens: Option<u64>,
}

impl Thinking {
    pub(super) const DISABLED: Self = Self { kind: "disabled", budget_tokens: None };
    pub(super) const ADAPTIVE: Self = Self { kind: "adaptive", budget_tokens: None };

    pub(super) const fn enabled(budget_tokens: u64) -> Self {
        Self { kind: "enabled", budget_tokens: Some(budget_tokens) }
    }
}
