//! The body as it is written.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
pub(crate) struct Body<'p> {
    pub(super) model: &'p str,
    pub(super) messages: Vec<Message<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) stop: Vec<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) presence_penalty: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) frequency_penalty: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) random_seed: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Tool<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<Choice<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_format: Option<Format<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct Message<'p> {
    pub(super) role: &'static str,
    pub(super) content: Content<'p>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCall<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_call_id: Option<Cow<'p, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prefix: Option<bool>,
}

impl<'p> Message<'p> {
    pub(super) const fn of(role: &'static str, content: Content<'p>) -> Self {
        let tool_calls = Vec::new();
        Self { role, content, tool_calls, tool_call_id: None, name: None, prefix: None }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content<'p> {
    Text(&'p str),
    Chunks(Vec<Chunk<'p>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Chunk<'p> {
    Text {
        text: &'p str,
    },
    ImageUrl {
        image_url: ImageUrl<'p>,
    },
    DocumentUrl {
        document_url: Cow<'p, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        document_name: Option<&'p str>,
    },
    Thinking {
        thinking: [Thought<'p>; 1],
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<&'p str>,
    },
}

#[derive(Serialize)]
pub(super) struct ImageUrl<'p> {
    pub(super) url: Cow<'p, str>,
}

#[derive(Serialize)]
pub(super) struct Thought<'p> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) text: &'p str,
}

#[derive(Serialize)]
pub(super) struct ToolCall<'p> {
    pub(super) id: Cow<'p, str>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) function: Called<'p>,
}

#[derive(Serialize)]
pub(super) struct Called<'p> {
    pub(super) name: &'p str,
    pub(super) arguments: &'p str,
}

#[derive(Serialize)]
pub(super) struct Tool<'p> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) function: Function<'p>,
}

#[derive(Serialize)]
pub(super) struct Function<'p> {
    pub(super) name: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'p str>,
    pub(super) parameters: &'p RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strict: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Choice<'p> {
    Word(&'static str),
    Named {
        #[serde(rename = "type")]
        kind: &'static str,
        function: Name<'p>,
    },
}

#[derive(Serialize)]
pub(super) struct Name<'p> {
    pub(super) name: &'p str,
}

#[derive(Serialize)]
pub(super) struct Format<'p> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) json_schema: Option<Schema<'p>>,
}

#[derive(Serialize)]
pub(super) struct Schema<'p> {
    pub(super) name: &'p str,
    pub(super) schema: &'p RawValue,
    pub(super) strict: bool,
}
