//! The events of a streamed Responses answer.
//!
//! Items are told apart by `output_index` alone: some servers name one item differently in each of
//! its events.

use serde::{Deserialize, de::IgnoredAny};
use vocab::Failure;

use super::{Item, Response, broken, seal};
use crate::{
    ReplyEvent, UpstreamDialect,
    events::Frame,
    read_error,
    sse::Event,
    text::{Count, Loose},
    upstream::{ReadStream, Sink, Source},
};

/// Ends the streams of some servers, though not of this API's.
const DONE_DATA: &[u8] = b"[DONE]";

/// Reads a stream event by event.
#[derive(Debug)]
pub(crate) struct StreamReader {
    source: Source,
    started: bool,
    ended: bool,
    /// The calls in the order of their beginning.
    calls: Vec<Call>,
    /// Words of the part that is open have come.
    worded: bool,
    /// Words of the reasoning item that is open have come.
    reasoned: bool,
    refused: bool,
    /// The answer calls something that the caller runs.
    calling: bool,
    /// The number of the next event.
    number: u64,
}

#[derive(Debug)]
struct Call {
    output_index: Option<u64>,
    /// Some of its arguments have come.
    argued: bool,
}

impl StreamReader {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            started: false,
            ended: false,
            calls: Vec::new(),
            worded: false,
            reasoned: false,
            refused: false,
            calling: false,
            number: 0,
        }
    }
}

impl ReadStream for StreamReader {
    fn read(&mut self, event: &Event<'_>, sink: &mut Sink<'_>) -> Result<Frame, Failure> {
        let Some(data) = event.data.as_deref() else { return Ok(Frame::Quiet) };
        if data.is_empty() || data == DONE_DATA {
            return Ok(Frame::Quiet);
        }
        let message = parse(data)?;
        self.number = message.sequence_number.0.map_or(self.number, |n| n.saturating_add(1));
        let kind = match &message.kind {
            Loose::Text(kind) => kind,
            Loose::Absent | Loose::Other => std::str::from_utf8(event.name).unwrap_or_default(),
        };
        if kind == "error" || (kind.is_empty() && message.error.is_some()) {
            return Err(read_error(UpstreamDialect::OpenAiResponses, None, data));
        }
        let Some(kind) = kind.strip_prefix("response.") else { return Ok(Frame::Quiet) };
        if self.ended {
            return Err(broken("the answer goes on after its end"));
        }
        // RTE-1: a second beginning is another generation spliced into this one.
        match (kind, self.started) {
            ("created", true) => return Err(broken("a second answer begins inside the first")),
            ("created" | "queued" | "in_progress", false) => {
                self.started = true;
                sink(ReplyEvent::Start)?;
            }
            ("failed", _) | (_, true) => {}
            (_, false) => return Err(broken("the stream does not begin with an answer")),
        }
        self.step(kind, &message, sink)
    }

    fn is_terminator(&self, event: &Event<'_>) -> bool {
        let data = event.data.as_deref().unwrap_or_default();
        let kind = parse(data).ok().map(|message| message.kind);
        // Failures too: they are better known than an answer that breaks off.
        let ends = ["response.completed", "response.incomplete", "response.failed", "error"];
        kind.is_some_and(|kind| kind.as_str().is_some_and(|kind| ends.contains(&kind)))
    }

    fn number(&self) -> u64 {
        self.number
    }
}

impl StreamReader {
    fn step(
        &mut self,
        kind: &str,
        message: &Message<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<Frame, Failure> {
        let delta = message.delta.as_str().unwrap_or_default();
        match kind {
            "completed" | "incomplete" | "failed" => return self.end(message, sink),
            "output_item.added" => self.item_added(message, sink)?,
            "output_item.done" => self.item_done(message, sink)?,
            "content_part.added" => self.worded = false,
            "output_text.delta" => {
                self.worded |= !delta.is_empty();
                sink(ReplyEvent::Text(delta))?;
            }
            "refusal.delta" => {
                self.worded |= !delta.is_empty();
                self.refused = true;
                sink(ReplyEvent::Refusal(delta))?;
            }
            // Some servers send a part only when it is whole.
            "output_text.done" if !self.worded => {
                sink(ReplyEvent::Text(message.text.as_str().unwrap_or_default()))?;
            }
            "refusal.done" if !self.worded => {
                self.refused = true;
                sink(ReplyEvent::Refusal(message.refusal.as_str().unwrap_or_default()))?;
            }
            "reasoning_summary_part.added" => {
                if self.reasoned {
                    sink(ReplyEvent::Reasoning("\n\n"))?;
                }
            }
            "reasoning_summary_text.delta" | "reasoning_text.delta" => {
                self.reasoned |= !delta.is_empty();
                sink(ReplyEvent::Reasoning(delta))?;
            }
            "function_call_arguments.delta" => self.arguments(message, delta, sink)?,
            "function_call_arguments.done" => {
                let whole = message.arguments.as_str().unwrap_or_default();
                self.arguments_done(message.output_index.0, whole, sink)?;
            }
            // What hosted and free-form tools say on their way; only a caller of the same dialect
            // can have asked for them.
            _ if kind.ends_with(".delta") || kind.contains("_call.") => {
                sink(ReplyEvent::Opaque)?;
            }
            _ => return Ok(Frame::Quiet),
        }
        Ok(Frame::Content)
    }

    fn item_added(&mut self, message: &Message<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        self.worded = false;
        self.reasoned = false;
        let Some(item) = &message.item else { return Ok(()) };
        self.calling |= item.is_call();
        match item.kind.as_str().unwrap_or_default() {
            "message" | "reasoning" => Ok(()),
            "function_call" => self.open(message.output_index.0, item, sink).map(drop),
            _ => sink(ReplyEvent::Opaque),
        }
    }

    fn open(
        &mut self,
        output_index: Option<u64>,
        item: &Item<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<usize, Failure> {
        self.calling = true;
        let call = self.calls.len();
        let fragment = item.arguments.as_str().unwrap_or_default();
        self.calls.push(Call { output_index, argued: !fragment.is_empty() });
        let id = item.call_id.as_str().unwrap_or_default();
        let name = item.name.as_str().unwrap_or_default();
        sink(ReplyEvent::ToolOpen { call, id, name })?;
        if !fragment.is_empty() {
            sink(ReplyEvent::ToolArguments { call, fragment })?;
        }
        Ok(call)
    }

    /// The call at this place of the output; without a place the last one.
    fn call(&mut self, output_index: Option<u64>) -> Option<(usize, &mut Call)> {
        let mut calls = self.calls.iter_mut().enumerate();
        match output_index {
            Some(_) => calls.rfind(|(_, call)| call.output_index == output_index),
            None => calls.next_back(),
        }
    }

    fn arguments(
        &mut self,
        message: &Message<'_>,
        fragment: &str,
        sink: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let Some((number, call)) = self.call(message.output_index.0) else {
            return Err(broken("a tool call goes on that has not begun"));
        };
        call.argued |= !fragment.is_empty();
        sink(ReplyEvent::ToolArguments { call: number, fragment })
    }

    fn arguments_done(
        &mut self,
        output_index: Option<u64>,
        whole: &str,
        sink: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        match self.call(output_index) {
            Some((number, call)) if !call.argued => {
                call.argued = !whole.is_empty();
                sink(ReplyEvent::ToolArguments { call: number, fragment: whole })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn item_done(&mut self, message: &Message<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let Some(item) = &message.item else { return Ok(()) };
        match item.kind.as_str().unwrap_or_default() {
            "function_call" => {
                let index = message.output_index.0;
                if self.call(index).is_none() {
                    self.open(index, item, sink)?;
                }
                self.arguments_done(index, item.arguments.as_str().unwrap_or_default(), sink)?;
            }
            "reasoning" => {
                let data = item.encrypted_content.as_str().filter(|data| !data.is_empty());
                if let Some(data) = data {
                    sink(ReplyEvent::Seal(seal(data, &self.source, self.reasoned)))?;
                }
            }
            _ => {}
        }
        self.worded = false;
        self.reasoned = false;
        sink(ReplyEvent::BlockEnd)
    }

    fn end(&mut self, message: &Message<'_>, sink: &mut Sink<'_>) -> Result<Frame, Failure> {
        let Some(response) = &message.response else {
            return Err(broken("the last event of the answer is malformed"));
        };
        let finish = response.finish(self.calling, self.refused)?;
        self.ended = true;
        sink(ReplyEvent::Usage(response.usage()))?;
        sink(ReplyEvent::Finish(finish))?;
        sink(ReplyEvent::End)?;
        Ok(Frame::Terminal)
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
    sequence_number: Count,
    #[serde(default)]
    output_index: Count,
    #[serde(borrow, default)]
    delta: Loose<'a>,
    #[serde(borrow, default)]
    text: Loose<'a>,
    #[serde(borrow, default)]
    refusal: Loose<'a>,
    #[serde(borrow, default)]
    arguments: Loose<'a>,
    #[serde(borrow, default)]
    item: Option<Item<'a>>,
    #[serde(borrow, default)]
    response: Option<Response<'a, IgnoredAny>>,
    #[serde(default)]
    error: Option<IgnoredAny>,
}
