//! The shape of a Responses body.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
pub(super) struct Body<'p> {
    pub(super) model: &'p str,
    pub(super) input: Vec<Item<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Tool<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<Choice<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Text<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) include: &'static [&'static str],
    pub(super) store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream: Option<bool>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Item<'p> {
    Message { role: &'static str, content: Content<'p> },
    Reasoning { summary: Vec<Summary<'p>>, encrypted_content: &'p str },
    FunctionCall { call_id: &'p str, name: &'p str, arguments: &'p str },
    FunctionCallOutput { call_id: &'p str, output: Content<'p> },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Summary<'p> {
    SummaryText { text: &'p str },
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content<'p> {
    Text(&'p str),
    Parts(Vec<Part<'p>>),
}

#[derive(Serialize)]
#[serde(tag = "type")]
pub(super) enum Part<'p> {
    #[serde(rename = "input_text")]
    Text { text: &'p str },
    // `auto` is what leaving it out means, and yet the API's schema demands the word.
    #[serde(rename = "input_image")]
    Image { image_url: Cow<'p, str>, detail: &'static str },
    #[serde(rename = "input_file")]
    File(File<'p>),
}

#[derive(Serialize)]
pub(super) struct File<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filename: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_url: Option<&'p str>,
}

#[derive(Serialize)]
pub(super) struct Tool<'p> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) name: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'p str>,
    pub(super) parameters: &'p RawValue,
    pub(super) strict: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Choice<'p> {
    Word(&'static str),
    Named {
        #[serde(rename = "type")]
        kind: &'static str,
        name: &'p str,
    },
}

#[derive(Serialize)]
pub(super) struct Text<'p> {
    pub(super) format: Format<'p>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Format<'p> {
    JsonObject,
    JsonSchema { name: &'p str, schema: &'p RawValue, strict: bool },
}

#[derive(Serialize)]
pub(super) struct Reasoning {
    pub(super) effort: &'static str,
}
