//! Writing Messages answers, whole and streamed.
//!
//! A thinking block carries a signature. Reasoning that its provider sealed is shown with the
//! carrier of the seal in that place ([`crate::reasoning`]); reasoning without a seal is not shown:
//! none is ever forged, and a block without one would make the conversation's next turn fail.

mod stream;

use serde::Serialize;
use serde_json::value::RawValue;
pub(crate) use stream::StreamWriter;
use vocab::{Failure, FailureKind};

use super::usage;
use crate::{Finish, Reply, ReplyBlock, arguments, events::Label, reasoning::Reasoning};

/// The word of the wire for a finish.
const fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Other => "end_turn",
        Finish::StopSequence => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::ContentFilter | Finish::Refusal => "refusal",
        Finish::Pause => "pause_turn",
    }
}

/// The id of a call: the provider's own, or one that is the same at every gateway when a
/// compatible server gives none.
fn call_id(id: &str, label: &Label, number: usize) -> String {
    if id.is_empty() { format!("toolu_{}_{number}", label.tail()) } else { id.to_owned() }
}

/// A whole answer as the caller reads it.
///
/// # Errors
/// A tool call whose arguments are not a JSON object.
pub(crate) fn write(reply: &Reply, label: &Label) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::with_capacity(reply.blocks.len());
    for (number, block) in reply.blocks.iter().enumerate() {
        match block {
            ReplyBlock::Reasoning(reasoning) => content.extend(self::reasoning(reasoning)),
            ReplyBlock::Text(text) | ReplyBlock::Refusal(text) => {
                content.push(Block::Text { text });
            }
            ReplyBlock::ToolCall { id, name, arguments } => {
                let Some(input) = arguments::object(arguments) else {
                    let message = "the arguments of a tool call in the answer are not an object";
                    return Err(Failure::new(FailureKind::Broken, message));
                };
                content.push(Block::ToolUse { id: call_id(id, label, number), name, input });
            }
        }
    }
    let body = Message {
        id: label.anthropic_id(),
        kind: "message",
        role: "assistant",
        model: &label.model,
        content,
        stop_reason: reason(reply.finish.unwrap_or(Finish::Stop)),
        stop_sequence: reply.stop_sequence.as_deref(),
        usage: usage::shown(&reply.usage),
    };
    // Serialising plain structs into memory cannot fail.
    Ok(serde_json::to_vec(&body).unwrap_or_default())
}

/// Sealed reasoning; what has no text of its own has no other place than a redacted block.
fn reasoning(reasoning: &Reasoning) -> Option<Block<'_>> {
    let signature = reasoning.seal.as_ref()?.carrier();
    Some(match &*reasoning.text {
        "" => Block::RedactedThinking { data: signature },
        thinking => Block::Thinking { thinking, signature },
    })
}

#[derive(Serialize)]
struct Message<'r> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'r str,
    content: Vec<Block<'r>>,
    stop_reason: &'static str,
    stop_sequence: Option<&'r str>,
    usage: usage::Shown,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'r> {
    Text { text: &'r str },
    Thinking { thinking: &'r str, signature: String },
    RedactedThinking { data: String },
    ToolUse { id: String, name: &'r str, input: Box<RawValue> },
}
