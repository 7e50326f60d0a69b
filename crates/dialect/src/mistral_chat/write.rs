//! Writing Mistral chat answers, whole and streamed.
//!
//! Ids of calls are made fit for Mistral, whoever made them: the next turn may pass through to it,
//! and call and result both have the id that the caller was shown.

mod stream;

use serde::Serialize;
pub(super) use stream::StreamWriter;
use vocab::Usage;

use super::ids::fit;
use crate::{Finish, Reply, ReplyBlock, events::Label, reasoning::Seal, text};

/// The word of the wire for a finish. Mistral has none for a withheld answer; its SDKs take any.
const fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::Pause | Finish::Other => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter | Finish::Refusal => "content_filter",
    }
}

/// The id of a call; one that is the same at every gateway when the provider gives none.
fn call_id(id: &str, label: &Label, number: usize) -> String {
    if id.is_empty() {
        fit(&format!("call_{}_{number}", label.hex())).into_owned()
    } else {
        fit(id).into_owned()
    }
}

/// A whole answer as the caller reads it.
pub(super) fn write(reply: &Reply, label: &Label) -> Vec<u8> {
    let mut text = label.echo.clone().unwrap_or_default();
    let mut chunks = Vec::new();
    let mut tool_calls = Vec::new();
    for block in &reply.blocks {
        match block {
            ReplyBlock::Text(more) | ReplyBlock::Refusal(more) => text.push_str(more),
            ReplyBlock::Reasoning(reasoning) => {
                let thinking = (!reasoning.text.is_empty())
                    .then(|| Thought { kind: "text", text: &reasoning.text });
                chunks.push(Chunk::Thinking {
                    thinking: thinking.into_iter().collect(),
                    signature: reasoning.seal.as_ref().map(Seal::carrier),
                });
            }
            ReplyBlock::ToolCall { id, name, arguments } => {
                let arguments = if arguments.is_empty() { "{}" } else { arguments };
                tool_calls.push(ToolCall {
                    id: call_id(id, label, tool_calls.len()),
                    kind: "function",
                    function: Function { name, arguments },
                    index: tool_calls.len(),
                });
            }
        }
    }
    let content = if chunks.is_empty() {
        Content::Text(&text)
    } else {
        if !text.is_empty() {
            chunks.push(Chunk::Text { text: &text });
        }
        Content::Chunks(chunks)
    };
    let tool_calls = Some(tool_calls).filter(|calls| !calls.is_empty());
    let finish_reason = reason(reply.finish.unwrap_or(Finish::Stop));
    let message = Message { role: "assistant", tool_calls, content };
    text::json(&Completion {
        id: label.hex(),
        object: "chat.completion",
        created: label.created(),
        model: &label.model,
        choices: [Choice { index: 0, message, finish_reason }],
        usage: Shown::of(&reply.usage),
    })
}

#[derive(Serialize)]
struct Completion<'r> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'r str,
    choices: [Choice<'r>; 1],
    usage: Shown,
}

#[derive(Serialize)]
struct Choice<'r> {
    index: u32,
    finish_reason: &'static str,
    message: Message<'r>,
}

#[derive(Serialize)]
struct Message<'r> {
    role: &'static str,
    tool_calls: Option<Vec<ToolCall<'r>>>,
    content: Content<'r>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'r> {
    Text(&'r str),
    Chunks(Vec<Chunk<'r>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Chunk<'r> {
    Text {
        text: &'r str,
    },
    Thinking {
        thinking: Vec<Thought<'r>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
}

#[derive(Serialize)]
struct Thought<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'r str,
}

#[derive(Serialize)]
struct ToolCall<'r> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'r>,
    index: usize,
}

#[derive(Serialize)]
struct Function<'r> {
    name: &'r str,
    arguments: &'r str,
}

/// Usage as Mistral counts it: the prompt includes what was cached. The object must be there; what
/// is unknown is not, for unknown is not zero.
#[derive(Serialize, Default)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_cached_tokens: Option<u64>,
}

impl Shown {
    fn of(usage: &Usage) -> Self {
        let (prompt, completion) = (usage.prompt(), usage.output);
        let total = prompt.zip(completion).map(|(prompt, more)| prompt.saturating_add(more));
        Self {
            prompt_tokens: prompt,
            completion_tokens: completion,
            total_tokens: total,
            num_cached_tokens: usage.cache_read,
        }
    }
}
