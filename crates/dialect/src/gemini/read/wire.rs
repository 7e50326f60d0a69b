//! The answer on the wire.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::super::usage;
use crate::text::{Count, Loose};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    #[serde(borrow, default)]
    pub(super) candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow, default)]
    pub(super) prompt_feedback: Option<Feedback<'a>>,
    #[serde(default)]
    pub(super) usage_metadata: Option<usage::Wire>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Feedback<'a> {
    #[serde(borrow, default)]
    pub(super) block_reason: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) block_reason_message: Loose<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    #[serde(default)]
    pub(super) index: Count,
    #[serde(borrow, default)]
    pub(super) content: Option<Content<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Content<'a> {
    #[serde(borrow, default)]
    pub(super) parts: Option<Vec<Part<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(borrow, default)]
    pub(super) text: Loose<'a>,
    #[serde(default)]
    pub(super) thought: Option<bool>,
    #[serde(borrow, default)]
    pub(super) thought_signature: Loose<'a>,
    #[serde(borrow, default)]
    pub(super) function_call: Option<Call<'a>>,
    // What only a request in this dialect can have asked for.
    #[serde(default)]
    inline_data: Option<IgnoredAny>,
    #[serde(default)]
    file_data: Option<IgnoredAny>,
    #[serde(default)]
    executable_code: Option<IgnoredAny>,
    #[serde(default)]
    code_execution_result: Option<IgnoredAny>,
    #[serde(default)]
    function_response: Option<IgnoredAny>,
}

impl Part<'_> {
    /// Of a kind that has no place in a reply.
    pub(super) const fn is_foreign(&self) -> bool {
        self.inline_data.is_some()
            || self.file_data.is_some()
            || self.executable_code.is_some()
            || self.code_execution_result.is_some()
            || self.function_response.is_some()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call<'a> {
    #[serde(borrow, default)]
    pub(super) id: Loose<'a>,
    #[serde(borrow, default)]
    pub(super) name: Loose<'a>,
    #[serde(borrow, default)]
    pub(super) args: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) partial_args: Option<Vec<Piece<'a>>>,
    #[serde(default)]
    pub(super) will_continue: Option<bool>,
}

/// A piece of streamed arguments: more of the value at a path.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Piece<'a> {
    #[serde(borrow, default)]
    pub(super) json_path: Loose<'a>,
    #[serde(borrow, default)]
    pub(super) string_value: Loose<'a>,
    #[serde(default)]
    pub(super) number_value: Option<serde_json::Number>,
    #[serde(default)]
    pub(super) bool_value: Option<bool>,
}
