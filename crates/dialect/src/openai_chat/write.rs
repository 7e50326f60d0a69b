//! Writing Chat Completions answers, whole and streamed.

mod stream;

use serde::Serialize;
pub(crate) use stream::{DONE, StreamWriter};

use super::{
    reasoning::{Detail, Places},
    usage,
};
use crate::{Finish, Reply, ReplyBlock, events::Label};

/// The word of the wire for a finish.
const fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::Pause | Finish::Other => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter | Finish::Refusal => "content_filter",
    }
}

/// The id of a call: the provider's own, or one that is the same at every gateway when a
/// compatible server gives none.
fn call_id(id: &str, label: &Label, number: usize) -> String {
    if id.is_empty() { format!("call_{}_{number}", label.tail()) } else { id.to_owned() }
}

/// A whole answer as the caller reads it.
pub(crate) fn write(reply: &Reply, label: &Label) -> Vec<u8> {
    let mut message = Message { role: "assistant", ..Message::default() };
    let mut places = Places::default();
    for block in &reply.blocks {
        match block {
            ReplyBlock::Text(text) => {
                places.content(text);
                message.content.get_or_insert_default().push_str(text);
            }
            ReplyBlock::Reasoning(reasoning) => {
                places.reasoning(&reasoning.text);
                if !reasoning.text.is_empty() {
                    message.reasoning_content.get_or_insert_default().push_str(&reasoning.text);
                }
                let detail = reasoning.seal.as_ref().map(|seal| places.seal(seal));
                message.reasoning_details.extend(detail);
            }
            ReplyBlock::Refusal(text) => message.refusal.get_or_insert_default().push_str(text),
            ReplyBlock::ToolCall { id, name, arguments } => {
                places.call();
                let id = call_id(id, label, message.tool_calls.len());
                let arguments = if arguments.is_empty() { "{}" } else { arguments };
                let function = Function { name, arguments };
                message.tool_calls.push(ToolCall { id, kind: "function", function });
            }
        }
    }
    if message.content.is_none() && message.refusal.is_none() && message.tool_calls.is_empty() {
        message.content = Some(String::new());
    }
    let finish_reason = reason(reply.finish.unwrap_or(Finish::Stop));
    let body = Completion {
        id: label.openai_id(),
        object: "chat.completion",
        created: label.created(),
        model: &label.model,
        choices: [Choice { index: 0, message, logprobs: None, finish_reason }],
        usage: usage::shown(&reply.usage),
    };
    // Serialising plain structs into memory cannot fail.
    serde_json::to_vec(&body).unwrap_or_default()
}

#[derive(Serialize)]
struct Completion<'r> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'r str,
    choices: [Choice<'r>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<usage::Shown>,
}

#[derive(Serialize)]
struct Choice<'r> {
    index: u32,
    message: Message<'r>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize, Default)]
struct Message<'r> {
    role: &'static str,
    content: Option<String>,
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasoning_details: Vec<Detail>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'r>>,
}

#[derive(Serialize)]
struct ToolCall<'r> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'r>,
}

#[derive(Serialize)]
struct Function<'r> {
    name: &'r str,
    arguments: &'r str,
}
