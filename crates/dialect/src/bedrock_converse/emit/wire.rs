//! The Converse body as it is written. A union is an object with one member, as an enum is.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body<'p> {
    pub(super) messages: Vec<Message<'p>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) system: Vec<System<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inference_config: Option<InferenceConfig<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_config: Option<ToolConfig<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) additional_model_request_fields: Option<ModelFields<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_config: Option<OutputConfig<'p>>,
}

/// The body of `count-tokens`.
#[derive(Serialize)]
pub(crate) struct CountBody<'p> {
    pub(super) input: CountInput<'p>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum CountInput<'p> {
    Converse(Box<Body<'p>>),
}

#[derive(Serialize)]
pub(super) struct Message<'p> {
    pub(super) role: &'static str,
    pub(super) content: Vec<Block<'p>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum System<'p> {
    Text(&'p str),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Block<'p> {
    Text(&'p str),
    Image {
        format: &'static str,
        source: Source<'p>,
    },
    Document {
        format: &'static str,
        name: String,
        source: Source<'p>,
    },
    ToolUse {
        tool_use_id: Cow<'p, str>,
        name: &'p str,
        input: &'p RawValue,
    },
    ToolResult {
        tool_use_id: Cow<'p, str>,
        content: Vec<Block<'p>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<&'static str>,
    },
    ReasoningContent(Reasoning<'p>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Source<'p> {
    Bytes(Cow<'p, str>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reasoning<'p> {
    ReasoningText { text: &'p str, signature: &'p str },
    RedactedContent(&'p str),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InferenceConfig<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) stop_sequences: Vec<&'p str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'p> {
    pub(super) tools: Vec<Tool<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<Choice<'p>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Tool<'p> {
    ToolSpec {
        name: &'p str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'p str>,
        input_schema: Schema<'p>,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Schema<'p> {
    Json(&'p RawValue),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Choice<'p> {
    Auto {},
    Any {},
    Tool { name: &'p str },
}

/// What Converse itself has no field for and hands to the model, in the model's own words.
#[derive(Serialize, Default)]
pub(super) struct ModelFields<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_k: Option<&'p RawValue>,
    #[serde(rename = "inferenceConfig", skip_serializing_if = "Option::is_none")]
    pub(super) nova: Option<Nova<'p>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Thinking {
    Enabled { budget_tokens: u64 },
    Adaptive,
    Disabled,
}

#[derive(Serialize)]
pub(super) struct Nova<'p> {
    #[serde(rename = "topK")]
    pub(super) top_k: &'p RawValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutputConfig<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text_format: Option<TextFormat<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effort: Option<&'static str>,
}

#[derive(Serialize)]
pub(super) struct TextFormat<'p> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) structure: Structure<'p>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Structure<'p> {
    JsonSchema {
        /// JSON text within JSON.
        schema: &'p str,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'p str>,
    },
}
