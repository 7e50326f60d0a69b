//! Writing Responses answers, whole and streamed.
//!
//! Everything is named after the request's id and its place in the output, so that any gateway of
//! any region gives the same names. Reasoning is shown as a summary, which is what clients of this
//! API show, and its seal travels in a carrier as `encrypted_content`.

mod events;
mod items;
mod stream;

use items::{Call, Item, Part, Status};
pub(crate) use stream::StreamWriter;

use super::{echo, usage};
use crate::{Finish, Reply, ReplyBlock, events::Label, text::quote};

/// A whole answer as the caller reads it.
pub(crate) fn write(reply: &Reply, label: &Label) -> Vec<u8> {
    let frame = Frame::new(label);
    let finish = reply.finish.unwrap_or(Finish::Stop);
    let mut output: Vec<Vec<u8>> = Vec::new();
    let mut calls = 0;
    let mut blocks = reply.blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        let place = output.len();
        output.push(match block {
            ReplyBlock::Reasoning(reasoning) => {
                let seal = reasoning.seal.as_ref().map(|seal| seal.carrier());
                Item::Reasoning { text: &reasoning.text, seal: seal.as_deref() }.json(
                    label,
                    place,
                    Status::Completed,
                )
            }
            ReplyBlock::Text(_) | ReplyBlock::Refusal(_) => {
                let mut parts: Vec<Part<'_>> = part(block).into_iter().collect();
                // A refusal goes with the words before it.
                while let Some(more) = blocks.next_if(|next| matches!(next, ReplyBlock::Refusal(_)))
                {
                    parts.extend(part(more));
                }
                Item::Message(&parts).json(label, place, Status::Completed)
            }
            ReplyBlock::ToolCall { id, name, arguments } => {
                let arguments = if arguments.is_empty() { "{}" } else { arguments };
                let id = items::call_id(id, label, calls);
                calls += 1;
                Item::Call(Call { id: &id, name, arguments }).json(label, place, Status::Completed)
            }
        });
    }
    let refuses = reply.blocks.iter().any(|block| matches!(block, ReplyBlock::Refusal(_)));
    let mut out = Vec::with_capacity(1024);
    frame.response(&mut out, Ending::of(finish, refuses), &output, usage::shown(&reply.usage));
    out
}

fn part(block: &ReplyBlock) -> Option<Part<'_>> {
    match block {
        ReplyBlock::Text(text) => Some(Part::text(text)),
        ReplyBlock::Refusal(text) => Some(Part::Refusal { refusal: text }),
        ReplyBlock::Reasoning(_) | ReplyBlock::ToolCall { .. } => None,
    }
}

/// How far an answer is, as its object says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Not there yet.
    InProgress,
    /// At its end.
    Completed,
    /// At a limit.
    Length,
    /// At a filter.
    ContentFilter,
}

impl Ending {
    /// A refusal without words of refusal looks like a filter to this API.
    const fn of(finish: Finish, refuses: bool) -> Self {
        match finish {
            Finish::Length => Self::Length,
            Finish::ContentFilter => Self::ContentFilter,
            Finish::Refusal if !refuses => Self::ContentFilter,
            Finish::Refusal
            | Finish::Stop
            | Finish::StopSequence
            | Finish::ToolCalls
            | Finish::Pause
            | Finish::Other => Self::Completed,
        }
    }

    const fn status(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Length | Self::ContentFilter => "incomplete",
        }
    }

    const fn details(self) -> &'static str {
        match self {
            Self::InProgress | Self::Completed => "null",
            Self::Length => r#"{"reason":"max_output_tokens"}"#,
            Self::ContentFilter => r#"{"reason":"content_filter"}"#,
        }
    }
}

/// What of the answer's object is the same from beginning to end.
#[derive(Debug)]
struct Frame {
    head: Vec<u8>,
    /// What of the request is repeated.
    echo: String,
}

impl Frame {
    fn new(label: &Label) -> Self {
        let mut head = br#"{"id":"#.to_vec();
        quote(&mut head, &format!("resp_{}", label.hex()));
        head.extend_from_slice(br#","object":"response","created_at":"#);
        head.extend_from_slice(label.created().to_string().as_bytes());
        head.extend_from_slice(br#","model":"#);
        quote(&mut head, &label.model);
        head.extend_from_slice(br#","error":null"#);
        Self { head, echo: label.echo.clone().unwrap_or_else(echo::unsaid) }
    }

    /// The whole object.
    fn response(
        &self,
        out: &mut Vec<u8>,
        ending: Ending,
        output: &[Vec<u8>],
        usage: Option<usage::Shown>,
    ) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(br#","status":""#);
        out.extend_from_slice(ending.status().as_bytes());
        out.extend_from_slice(br#"","incomplete_details":"#);
        out.extend_from_slice(ending.details().as_bytes());
        out.extend_from_slice(br#","output":["#);
        for (place, item) in output.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(item);
        }
        out.extend_from_slice(b"],");
        out.extend_from_slice(self.echo.as_bytes());
        out.extend_from_slice(br#","usage":"#);
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut *out, &usage);
        out.push(b'}');
    }
}
