//! The body on the wire.

use serde::Serialize;
use serde_json::value::RawValue;

/// A request for an answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'p> {
    #[serde(flatten)]
    pub(super) prompt: Count<'p>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_config: Option<ToolConfig<'p>>,
}

/// A request for a count: all but the choice of tools, which is no part of the prompt.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Count<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system_instruction: Option<SystemInstruction<'p>>,
    pub(super) contents: Vec<Content<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tools: Option<[Tools<'p>; 1]>,
    pub(super) generation_config: GenerationConfig<'p>,
}

#[derive(Serialize)]
pub(super) struct SystemInstruction<'p> {
    pub(super) parts: Vec<Part<'p>>,
}

#[derive(Serialize)]
pub(super) struct Content<'p> {
    pub(super) role: &'static str,
    pub(super) parts: Vec<Part<'p>>,
}

/// One part; exactly one of text, media, call and response is there.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought: Option<bool>,
    #[serde(flatten)]
    pub(super) media: Option<Media<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<Call<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_response: Option<Response<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<&'p str>,
}

impl<'p> Part<'p> {
    pub(super) fn text(text: &'p str) -> Self {
        Self { text: Some(text), ..Self::default() }
    }

    pub(super) fn media(media: Media<'p>) -> Self {
        Self { media: Some(media), ..Self::default() }
    }
}

/// Bytes or an address; one of the two.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Media<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<Blob<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<File<'p>>,
}

impl<'p> Media<'p> {
    pub(super) const fn inline(blob: Blob<'p>) -> Self {
        Self { inline_data: Some(blob), file_data: None }
    }

    pub(super) const fn file(file: File<'p>) -> Self {
        Self { inline_data: None, file_data: Some(file) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'p> {
    pub(super) mime_type: &'p str,
    pub(super) data: &'p str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct File<'p> {
    pub(super) mime_type: &'p str,
    pub(super) file_uri: &'p str,
}

#[derive(Serialize)]
pub(super) struct Call<'p> {
    pub(super) id: &'p str,
    pub(super) name: &'p str,
    pub(super) args: &'p RawValue,
}

#[derive(Serialize)]
pub(super) struct Response<'p> {
    pub(super) id: &'p str,
    pub(super) name: &'p str,
    pub(super) response: Outcome<'p>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<Media<'p>>,
}

/// The two keys that the API knows in a response.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome<'p> {
    Output(Said<'p>),
    Error(Said<'p>),
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Said<'p> {
    One(&'p str),
    Several(Vec<&'p str>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tools<'p> {
    pub(super) function_declarations: Vec<Declaration<'p>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Declaration<'p> {
    pub(super) name: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parameters_json_schema: Option<&'p RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'p> {
    pub(super) function_calling_config: CallingConfig<'p>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallingConfig<'p> {
    pub(super) mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allowed_function_names: Option<[&'p str; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerationConfig<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) stop_sequences: Vec<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_k: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) presence_penalty: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) frequency_penalty: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_json_schema: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking_config: Option<ThinkingConfig>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThinkingConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking_budget: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) include_thoughts: Option<bool>,
}
