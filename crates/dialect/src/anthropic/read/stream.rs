//! The events of a streamed Messages answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use vocab::{Failure, FailureKind};

use super::{super::usage, broken, finish, seal};
use crate::{
    ReplyEvent, UpstreamDialect,
    events::{Frame, unexplained},
    read_error,
    sse::Event,
    text::Loose,
    upstream::{ReadStream, Sink, Source},
};

/// Reads a stream event by event.
#[derive(Debug, Default)]
pub(crate) struct StreamReader {
    started: bool,
    ended: bool,
    // The answer has said why it ends.
    explained: bool,
    open: Open,
    calls: usize,
    source: Source,
    // The signature of the thinking that is open.
    signature: String,
}

/// The block that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Open {
    #[default]
    Other,
    /// A tool call, with its number.
    Call(usize),
    /// Of a kind that has no place in a reply.
    Opaque,
}

impl ReadStream for StreamReader {
    fn read(&mut self, event: &Event<'_>, sink: &mut Sink<'_>) -> Result<Frame, Failure> {
        let Some(data) = event.data.as_deref() else { return Ok(Frame::Quiet) };
        if data.is_empty() {
            return Ok(Frame::Quiet);
        }
        let message = parse(data)?;
        let kind = message.kind.as_str().unwrap_or_default();
        if kind == "error" || (kind.is_empty() && event.name == b"error") {
            return Err(read_error(UpstreamDialect::AnthropicMessages, None, data));
        }
        let is_answer = matches!(
            kind,
            "message_start"
                | "content_block_start"
                | "content_block_delta"
                | "content_block_stop"
                | "message_delta"
                | "message_stop"
        );
        if !is_answer {
            return Ok(Frame::Quiet);
        }
        if self.ended {
            return Err(broken("the answer goes on after its end"));
        }
        // RTE-1: a second beginning is another generation spliced into this one.
        if (kind == "message_start") == self.started {
            return self.out_of_order(kind);
        }
        self.step(kind, &message, sink)
    }

    fn is_terminator(&self, event: &Event<'_>) -> bool {
        let data = event.data.as_deref().unwrap_or_default();
        parse(data).is_ok_and(|message| message.kind.as_str() == Some("message_stop"))
    }
}

impl StreamReader {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, ..Self::default() }
    }

    fn out_of_order(&self, kind: &str) -> Result<Frame, Failure> {
        match (self.started, kind) {
            (true, _) => Err(broken("a second answer begins inside the first")),
            // The end of nothing says nothing; SDKs pass over it too.
            (false, "content_block_stop") => Ok(Frame::Quiet),
            (false, _) => Err(broken("the stream does not begin with an answer")),
        }
    }

    fn step(
        &mut self,
        kind: &str,
        message: &Message<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<Frame, Failure> {
        match kind {
            "message_start" => {
                self.started = true;
                sink(ReplyEvent::Start)?;
                if let Some(usage) = message.message.as_ref().and_then(|start| start.usage) {
                    sink(ReplyEvent::Usage(usage.into()))?;
                }
            }
            "content_block_start" => {
                if let Some(block) = &message.content_block {
                    self.block_start(block, sink)?;
                }
            }
            "content_block_delta" => {
                if let Some(delta) = &message.delta {
                    self.block_delta(delta, sink)?;
                }
            }
            "content_block_stop" => {
                self.open = Open::Other;
                let signature = std::mem::take(&mut self.signature);
                if let Some(seal) = seal(&self.source, false, Some(&signature)) {
                    sink(ReplyEvent::Seal(seal))?;
                }
                sink(ReplyEvent::BlockEnd)?;
            }
            "message_delta" => {
                let delta = message.delta.as_ref();
                if let Some(reason) = delta.and_then(|delta| delta.stop_reason.as_str()) {
                    self.explained = true;
                    sink(ReplyEvent::Finish(finish(reason)))?;
                }
                if let Some(usage) = message.usage {
                    sink(ReplyEvent::Usage(usage.into()))?;
                }
            }
            // RTE-1: a server that fails in the middle may end its stream in form all the same.
            _ if !self.explained => return Err(unexplained(FailureKind::Cut)),
            _ => {
                self.ended = true;
                sink(ReplyEvent::End)?;
                return Ok(Frame::Terminal);
            }
        }
        Ok(Frame::Content)
    }

    fn block_start(&mut self, block: &Block<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        self.open = Open::Other;
        match block.kind.as_str().unwrap_or_default() {
            "text" => sink(ReplyEvent::Text(block.text.as_str().unwrap_or_default())),
            "thinking" => {
                block.signature.as_str().unwrap_or_default().clone_into(&mut self.signature);
                sink(ReplyEvent::Reasoning(block.thinking.as_str().unwrap_or_default()))
            }
            // Encrypted: there is nothing to show, and all the same it must come back.
            "redacted_thinking" => match seal(&self.source, true, block.data.as_str()) {
                Some(seal) => sink(ReplyEvent::Seal(seal)),
                None => Ok(()),
            },
            "tool_use" => {
                let call = self.calls;
                self.calls += 1;
                self.open = Open::Call(call);
                let id = block.id.as_str().unwrap_or_default();
                let name = block.name.as_str().unwrap_or_default();
                sink(ReplyEvent::ToolOpen { call, id, name })?;
                match block.input.map(RawValue::get) {
                    None | Some("{}" | "null" | "\"\"") => Ok(()),
                    Some(fragment) => sink(ReplyEvent::ToolArguments { call, fragment }),
                }
            }
            _ => {
                self.open = Open::Opaque;
                sink(ReplyEvent::Opaque)
            }
        }
    }

    fn block_delta(&mut self, delta: &Delta<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        match (delta.kind.as_str().unwrap_or_default(), self.open) {
            ("text_delta", _) => sink(ReplyEvent::Text(delta.text.as_str().unwrap_or_default())),
            ("thinking_delta", _) => {
                sink(ReplyEvent::Reasoning(delta.thinking.as_str().unwrap_or_default()))
            }
            ("input_json_delta", Open::Call(call)) => {
                let fragment = delta.partial_json.as_str().unwrap_or_default();
                sink(ReplyEvent::ToolArguments { call, fragment })
            }
            ("signature_delta", _) => {
                delta.signature.as_str().unwrap_or_default().clone_into(&mut self.signature);
                Ok(())
            }
            ("citations_delta", _) => Ok(()),
            _ => sink(ReplyEvent::Opaque),
        }
    }
}

fn parse(data: &[u8]) -> Result<Message<'_>, Failure> {
    let text = std::str::from_utf8(data).ok();
    text.and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| broken("an event of the answer is malformed"))
}

/// Every event of a stream; each kind uses some of the fields.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
    #[serde(default)]
    message: Option<Start>,
    #[serde(borrow, default)]
    content_block: Option<Block<'a>>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(default)]
    usage: Option<usage::Wire>,
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    usage: Option<usage::Wire>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow, default)]
    text: Loose<'a>,
    #[serde(borrow, default)]
    thinking: Loose<'a>,
    #[serde(borrow, default)]
    signature: Loose<'a>,
    #[serde(borrow, default)]
    data: Loose<'a>,
    #[serde(borrow, default)]
    id: Loose<'a>,
    #[serde(borrow, default)]
    name: Loose<'a>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow, default)]
    text: Loose<'a>,
    #[serde(borrow, default)]
    thinking: Loose<'a>,
    #[serde(borrow, default)]
    signature: Loose<'a>,
    #[serde(borrow, default)]
    partial_json: Loose<'a>,
    #[serde(borrow, default)]
    stop_reason: Loose<'a>,
}
