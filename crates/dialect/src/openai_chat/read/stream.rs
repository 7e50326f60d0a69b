//! The events of a streamed Chat Completions answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use vocab::{Failure, FailureKind};

use super::{
    super::{DONE_DATA, usage, write::DONE},
    broken,
    content::{Content, Said, arguments, one_or_many},
    finish,
};
use crate::{
    ReplyEvent, UpstreamDialect,
    events::{Frame, unexplained},
    read_error,
    reasoning::{Issuer, Seal},
    sse::Event,
    text::{Count, Loose},
    upstream::{ReadStream, Sink, Source},
};

/// The most answers that one request may ask for.
const CHOICES_MAX: u64 = 128;

/// Reads a stream event by event.
#[derive(Debug)]
pub(crate) struct StreamReader {
    upstream: UpstreamDialect,
    model: String,
    started: bool,
    ended: bool,
    // One bit per choice: seen, and finished.
    seen: u128,
    finished: u128,
    // The calls of the first choice, in the order of their beginning.
    calls: Vec<Call>,
    refused: bool,
}

/// A call as the wire names it.
#[derive(Debug)]
struct Call {
    number: u64,
    id: String,
}

impl ReadStream for StreamReader {
    fn read(&mut self, event: &Event<'_>, sink: &mut Sink<'_>) -> Result<Frame, Failure> {
        let Some(data) = event.data.as_deref() else { return Ok(Frame::Quiet) };
        if data.is_empty() {
            return Ok(Frame::Quiet);
        }
        if self.ended {
            return Err(broken("the answer goes on after its end"));
        }
        if self.is_terminator(event) {
            self.end(sink)?;
            return Ok(Frame::Terminal);
        }
        let chunk = parse(data)?;
        if chunk.error.is_some() || chunk.object.as_str() == Some("error") {
            return Err(read_error(self.upstream, None, data));
        }
        if chunk.choices.is_none() && chunk.usage.is_none() {
            return Ok(Frame::Quiet);
        }
        let choices = chunk.choices.unwrap_or_default();
        if !self.started {
            self.started = true;
            sink(ReplyEvent::Start)?;
        }
        for choice in &choices {
            self.choice(choice, sink)?;
        }
        let Some(usage) = chunk.usage else { return Ok(Frame::Content) };
        sink(ReplyEvent::Usage(usage.into()))?;
        Ok(if choices.is_empty() { Frame::UsageOnly } else { Frame::Content })
    }

    fn is_terminator(&self, event: &Event<'_>) -> bool {
        event.data.as_deref() == Some(DONE_DATA)
    }

    /// Some compatible servers leave out `[DONE]`: the answer is complete all the same when every
    /// choice has said why it ended.
    fn close(&mut self, sink: &mut Sink<'_>) -> Result<Option<&'static [u8]>, Failure> {
        if self.seen == 0 || self.seen != self.finished {
            return Ok(None);
        }
        self.end(sink)?;
        Ok(Some(DONE))
    }
}

impl StreamReader {
    /// A reader at the beginning of an answer.
    pub(crate) fn new(upstream: UpstreamDialect, source: Source) -> Self {
        Self {
            upstream,
            model: source.model,
            started: false,
            ended: false,
            seen: 0,
            finished: 0,
            calls: Vec::new(),
            refused: false,
        }
    }

    fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), Failure> {
        if self.seen == 0 {
            return Err(broken("the stream ended without an answer"));
        }
        // RTE-1: a server that fails in the middle may write its `[DONE]` all the same.
        if self.seen != self.finished {
            return Err(unexplained(FailureKind::Cut));
        }
        self.ended = true;
        sink(ReplyEvent::End)
    }

    fn choice(&mut self, choice: &Choice<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let index = choice.index.0.unwrap_or(0);
        if index >= CHOICES_MAX {
            return Err(broken("the answer has too many choices"));
        }
        let bit = 1_u128 << index;
        self.seen |= bit;
        if let Some(delta) = &choice.delta {
            if index == 0 {
                self.delta(delta, sink)?;
            } else if !delta.is_empty() {
                // Only a caller of the same dialect can have asked for more than one answer.
                sink(ReplyEvent::Opaque)?;
            }
        }
        // Some servers write an empty reason until there is one.
        if let Some(reason) = choice.finish_reason.as_str().filter(|reason| !reason.is_empty()) {
            self.finished |= bit;
            let has_calls = !self.calls.is_empty();
            sink(ReplyEvent::Finish(finish(reason, has_calls, self.refused)?))?;
        }
        Ok(())
    }

    fn delta(&mut self, delta: &Delta<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        // vLLM has renamed the field, and some servers write both, one of them empty.
        let reasoning = [&delta.reasoning_content, &delta.reasoning].map(Loose::as_str);
        let reasoning = reasoning.into_iter().flatten().find(|text| !text.is_empty());
        if let Some(text) = reasoning {
            sink(ReplyEvent::Reasoning(text))?;
        }
        match &delta.content {
            Content::Text(text) => sink(ReplyEvent::Text(text))?,
            Content::Parts(parts) => {
                parts.iter().try_for_each(|part| self.part(&part.said(), sink))?;
            }
            Content::Other => sink(ReplyEvent::Opaque)?,
            Content::Absent => {}
        }
        if let Loose::Text(text) = &delta.refusal {
            self.refused |= !text.is_empty();
            sink(ReplyEvent::Refusal(text))?;
        }
        if delta.function_call.is_some() {
            sink(ReplyEvent::Opaque)?;
        }
        delta.tool_calls.iter().try_for_each(|call| self.tool_call(call, sink))
    }

    fn part(&self, said: &Said<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        match said {
            Said::Text(text) => sink(ReplyEvent::Text(text)),
            Said::Opaque => sink(ReplyEvent::Opaque),
            Said::Reasoning(text, sealed) => {
                sink(ReplyEvent::Reasoning(text))?;
                match sealed.and_then(|data| seal(self.upstream, &self.model, data)) {
                    Some(seal) => sink(ReplyEvent::Seal(seal)),
                    None => Ok(()),
                }
            }
        }
    }

    fn tool_call(&mut self, call: &ToolDelta<'_>, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let id = call.id.as_str().unwrap_or_default();
        let function = call.function.as_ref();
        let name = function.and_then(|function| function.name.as_str()).unwrap_or_default();
        let known = match call.index.0 {
            Some(index) => self.calls.iter().rposition(|call| call.number == index),
            // Without a number a name begins a call, anything else goes on with the last one.
            None if name.is_empty() => self.calls.len().checked_sub(1),
            None => None,
        };
        // Some servers give every call the number 0: another id with a name is another call.
        let known = known.filter(|&known| {
            let before = self.calls.get(known).map_or("", |call| &call.id);
            name.is_empty() || id.is_empty() || before.is_empty() || before == id
        });
        let number = match known {
            Some(number) => number,
            None => {
                let number = self.calls.len();
                let next = self.calls.last().map_or(0, |last| last.number.saturating_add(1));
                let wire = call.index.0.unwrap_or(next);
                self.calls.push(Call { number: wire, id: id.to_owned() });
                sink(ReplyEvent::ToolOpen { call: number, id, name })?;
                number
            }
        };
        let fragment = arguments(function.and_then(|function| function.arguments))?;
        if fragment.is_empty() {
            return Ok(());
        }
        sink(ReplyEvent::ToolArguments { call: number, fragment: &fragment })
    }
}

/// The seal of a thinking part: only Mistral's own API makes any.
pub(super) fn seal<'a>(
    upstream: UpstreamDialect,
    model: &'a str,
    data: &'a str,
) -> Option<Seal<'a>> {
    (upstream == UpstreamDialect::MistralChat).then(|| Seal {
        issuer: Issuer::Mistral,
        model: model.into(),
        redacted: false,
        data: data.into(),
    })
}

fn parse(data: &[u8]) -> Result<Chunk<'_>, Failure> {
    let text = std::str::from_utf8(data).ok();
    text.and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| broken("an event of the answer is malformed"))
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    object: Loose<'a>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    usage: Option<usage::Wire>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Count,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Loose<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Content<'a>,
    #[serde(borrow, default)]
    reasoning_content: Loose<'a>,
    #[serde(borrow, default)]
    reasoning: Loose<'a>,
    #[serde(borrow, default)]
    refusal: Loose<'a>,
    // TGI writes one call where a list belongs.
    #[serde(borrow, default, deserialize_with = "one_or_many")]
    tool_calls: Vec<ToolDelta<'a>>,
    #[serde(borrow, default)]
    function_call: Option<&'a RawValue>,
}

impl Delta<'_> {
    fn is_empty(&self) -> bool {
        let blank = |text: &str| text.is_empty();
        let content = match &self.content {
            Content::Absent => true,
            Content::Text(text) => blank(text),
            Content::Parts(parts) => parts.is_empty(),
            Content::Other => false,
        };
        content && self.refusal.as_str().is_none_or(blank) && self.tool_calls.is_empty()
    }
}

#[derive(Deserialize)]
struct ToolDelta<'a> {
    #[serde(default)]
    index: Count,
    #[serde(borrow, default)]
    id: Loose<'a>,
    #[serde(borrow, default)]
    function: Option<FunctionDelta<'a>>,
}

#[derive(Deserialize)]
struct FunctionDelta<'a> {
    #[serde(borrow, default)]
    name: Loose<'a>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}
