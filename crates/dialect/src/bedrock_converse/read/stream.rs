//! The events of a streamed Converse answer, each named by the message that brought it.
//!
//! Blocks come one after another. Text and reasoning have no beginning of their own, a signature or
//! a blob may come in pieces, and usage comes after the reason of the end, so the answer ends where
//! its bytes end.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use vocab::{Failure, FailureKind};

use super::{super::usage, broken, finish};
use crate::{
    ReplyEvent, UpstreamDialect,
    errors::read_named_error,
    events::{Frame, unexplained},
    eventstream::exception,
    reasoning::{Issuer, Seal},
    sse::{Event, FRAME_MAX},
    text::{Count, Loose},
    upstream::{ReadStream, Sink, Source},
};

/// Reads a stream event by event.
#[derive(Debug)]
pub(crate) struct StreamReader {
    model: String,
    stage: Stage,
    // The number of the block that is open.
    block: Option<u64>,
    call: Option<usize>,
    calls: usize,
    signature: String,
    redacted: Vec<u8>,
}

/// How far the answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Blocks,
    /// The reason of the end is known; usage may follow.
    Stopped,
    Ended,
}

impl ReadStream for StreamReader {
    fn read(&mut self, event: &Event<'_>, sink: &mut Sink<'_>) -> Result<Frame, Failure> {
        let Some(data) = event.data.as_deref() else { return Ok(Frame::Quiet) };
        if let Some(name) = exception(event) {
            let upstream = UpstreamDialect::BedrockConverse;
            return Err(read_named_error(upstream, None, Some(name), data));
        }
        match (event.name, self.stage) {
            (b"messageStart", Stage::Before) => {
                self.stage = Stage::Blocks;
                sink(ReplyEvent::Start)?;
            }
            // RTE-1: a second beginning is another generation spliced into this one.
            (b"messageStart", _) => return Err(broken("a second answer begins inside the first")),
            (b"contentBlockStart", Stage::Blocks) => self.block_start(&parse(data)?, sink)?,
            (b"contentBlockDelta", Stage::Blocks) => self.block_delta(&parse(data)?, sink)?,
            (b"contentBlockStop", Stage::Blocks) => self.block_end(sink)?,
            (b"messageStop", Stage::Blocks) => {
                self.block_end(sink)?;
                self.stage = Stage::Stopped;
                let stop: Stop<'_> = parse(data)?;
                let reason = stop.stop_reason.as_str();
                let reason = reason.ok_or_else(|| unexplained(FailureKind::Cut))?;
                sink(ReplyEvent::Finish(finish(reason)?))?;
            }
            (b"metadata", Stage::Blocks | Stage::Stopped) => {
                let metadata: Metadata = parse(data)?;
                if let Some(usage) = metadata.usage {
                    sink(ReplyEvent::Usage(usage.into()))?;
                }
            }
            (
                b"contentBlockStart" | b"contentBlockDelta" | b"contentBlockStop" | b"messageStop"
                | b"metadata",
                stage,
            ) => {
                return Err(broken(match stage {
                    Stage::Before => "the stream does not begin with an answer",
                    _ => "the answer goes on after its end",
                }));
            }
            _ => return Ok(Frame::Quiet),
        }
        Ok(Frame::Content)
    }

    fn is_terminator(&self, _event: &Event<'_>) -> bool {
        false
    }

    fn close(&mut self, sink: &mut Sink<'_>) -> Result<Option<&'static [u8]>, Failure> {
        if self.stage != Stage::Stopped {
            return Ok(None);
        }
        self.stage = Stage::Ended;
        sink(ReplyEvent::End)?;
        Ok(Some(b""))
    }
}

impl StreamReader {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            model: source.model,
            stage: Stage::Before,
            block: None,
            call: None,
            calls: 0,
            signature: String::new(),
            redacted: Vec::new(),
        }
    }

    /// Some models leave out the end of a block, so the beginning of the next one is an end too.
    fn enter(&mut self, index: Count, sink: &mut Sink<'_>) -> Result<(), Failure> {
        if self.block.is_some() && self.block != index.0 {
            self.block_end(sink)?;
        }
        self.block = Some(index.0.unwrap_or(0));
        Ok(())
    }

    fn block_start(&mut self, event: &BlockStart<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        self.enter(event.content_block_index, sink)?;
        let Some(start) = &event.start else { return Ok(()) };
        let Some(tool) = &start.tool_use else { return sink(ReplyEvent::Opaque) };
        let call = self.calls;
        self.calls += 1;
        self.call = Some(call);
        let id = tool.tool_use_id.as_str().unwrap_or_default();
        let name = tool.name.as_str().unwrap_or_default();
        sink(ReplyEvent::ToolOpen { call, id, name })
    }

    fn block_delta(&mut self, event: &BlockDelta<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        self.enter(event.content_block_index, sink)?;
        let Some(delta) = &event.delta else { return Ok(()) };
        if let Some(text) = delta.text.as_str() {
            return sink(ReplyEvent::Text(text));
        }
        match (&delta.tool_use, self.call, &delta.reasoning_content) {
            (Some(tool), Some(call), _) => {
                let fragment = tool.input.as_str().unwrap_or_default();
                sink(ReplyEvent::ToolArguments { call, fragment })
            }
            (_, _, Some(reasoning)) => self.reasoning(reasoning, sink),
            _ => sink(ReplyEvent::Opaque),
        }
    }

    fn reasoning(
        &mut self,
        delta: &ReasoningDelta<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        if let Some(text) = delta.text.as_str() {
            return sink(ReplyEvent::Reasoning(text));
        }
        if let Some(signature) = delta.signature.as_str() {
            self.signature.push_str(signature);
        }
        if let Some(blob) = delta.redacted_content.as_str() {
            let blob = STANDARD.decode(blob);
            let blob = blob.map_err(|_| broken("an event of the answer is malformed"))?;
            self.redacted.extend_from_slice(&blob);
        }
        if self.signature.len().saturating_add(self.redacted.len()) > FRAME_MAX {
            return Err(broken("the seal of the answer's reasoning is too long"));
        }
        Ok(())
    }

    fn block_end(&mut self, sink: &mut Sink<'_>) -> Result<(), Failure> {
        self.call = None;
        if self.block.take().is_none() {
            return Ok(());
        }
        let model = &*self.model;
        let seal = |redacted, data: &str, sink: &mut Sink<'_>| {
            let issuer = Issuer::Bedrock;
            sink(ReplyEvent::Seal(Seal {
                issuer,
                model: model.into(),
                redacted,
                data: data.into(),
            }))
        };
        if !self.signature.is_empty() {
            seal(false, &self.signature, sink)?;
            self.signature.clear();
        }
        if !self.redacted.is_empty() {
            seal(true, &STANDARD.encode(&self.redacted), sink)?;
            self.redacted.clear();
        }
        sink(ReplyEvent::BlockEnd)
    }
}

fn parse<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, Failure> {
    let text = std::str::from_utf8(data).ok();
    text.and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| broken("an event of the answer is malformed"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStart<'a> {
    #[serde(default)]
    content_block_index: Count,
    #[serde(borrow, default)]
    start: Option<Start<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    #[serde(borrow, default)]
    tool_use: Option<ToolStart<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolStart<'a> {
    #[serde(borrow, default)]
    tool_use_id: Loose<'a>,
    #[serde(borrow, default)]
    name: Loose<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta<'a> {
    #[serde(default)]
    content_block_index: Count,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
}

/// A union: one of the members is there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta<'a> {
    #[serde(borrow, default)]
    text: Loose<'a>,
    #[serde(borrow, default)]
    tool_use: Option<ToolDelta<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<ReasoningDelta<'a>>,
}

#[derive(Deserialize)]
struct ToolDelta<'a> {
    #[serde(borrow, default)]
    input: Loose<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReasoningDelta<'a> {
    #[serde(borrow, default)]
    text: Loose<'a>,
    #[serde(borrow, default)]
    signature: Loose<'a>,
    #[serde(borrow, default)]
    redacted_content: Loose<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop<'a> {
    #[serde(borrow, default)]
    stop_reason: Loose<'a>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    usage: Option<usage::Wire>,
}
