//! A streamed Messages answer, event by event.

use vocab::{Failure, FailureKind, Usage};

use super::{
    super::{sequence::Sequence, usage},
    call_id, reason,
};
use crate::{
    Finish, ReplyEvent,
    client::WriteStream,
    events::{Label, opaque},
    sse::FRAME_MAX,
    text::quote,
};

const STOP: &[u8] = b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// Writes a stream event by event.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    label: Label,
    sequence: Sequence,
    usage: Usage,
    finish: Option<Finish>,
    // Reasoning waits for its seal: without one it is not shown.
    reasoning: String,
}

impl StreamWriter {
    pub(crate) fn new(label: Label) -> Self {
        let sequence = Sequence::default();
        let reasoning = String::new();
        Self { label, sequence, usage: Usage::default(), finish: None, reasoning }
    }
}

impl WriteStream for StreamWriter {
    fn write(
        &mut self,
        event: ReplyEvent<'_>,
        out: &mut Vec<u8>,
        terminal: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        match event {
            ReplyEvent::Start => self.start(out),
            ReplyEvent::Text(text) | ReplyEvent::Refusal(text) => {
                self.reasoning.clear();
                self.sequence.text(out, text)?;
            }
            ReplyEvent::Reasoning(text) => {
                if self.reasoning.len().saturating_add(text.len()) > FRAME_MAX {
                    let message = "the answer's reasoning is too long";
                    return Err(Failure::new(FailureKind::Broken, message));
                }
                self.reasoning.push_str(text);
            }
            ReplyEvent::Seal(seal) => {
                let reasoning = std::mem::take(&mut self.reasoning);
                self.sequence.sealed(out, reasoning, seal.carrier())?;
            }
            ReplyEvent::BlockEnd => self.reasoning.clear(),
            ReplyEvent::ToolOpen { name: "", .. } => {
                let message = "a tool call of the answer has no name";
                return Err(Failure::new(FailureKind::Broken, message));
            }
            ReplyEvent::ToolOpen { call, id, name } => {
                self.reasoning.clear();
                self.sequence.call(out, call, call_id(id, &self.label, call), name)?;
            }
            ReplyEvent::ToolArguments { call, fragment } => {
                self.sequence.arguments(out, call, fragment)?;
            }
            ReplyEvent::Finish(finish) => {
                self.sequence.finish(out);
                self.finish = Some(finish);
            }
            ReplyEvent::Usage(usage) => self.usage.revise(&usage),
            ReplyEvent::Opaque => return Err(opaque()),
            ReplyEvent::End => {
                self.sequence.finish(out);
                self.delta(out);
                terminal.extend_from_slice(STOP);
            }
        }
        Ok(())
    }
}

impl StreamWriter {
    /// The input is not known yet; the true figures come in `message_delta`.
    fn start(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(
            b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":",
        );
        quote(out, &self.label.anthropic_id());
        out.extend_from_slice(br#","type":"message","role":"assistant","model":"#);
        quote(out, &self.label.model);
        out.extend_from_slice(br#","content":[],"stop_reason":null,"stop_sequence":null,"usage":"#);
        self.usage(out, &Usage::default());
        out.extend_from_slice(b"}}\n\n");
    }

    fn delta(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(
            b"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":",
        );
        quote(out, reason(self.finish.unwrap_or(Finish::Stop)));
        out.extend_from_slice(br#","stop_sequence":null},"usage":"#);
        self.usage(out, &self.usage);
        out.extend_from_slice(b"}\n\n");
    }

    fn usage(&self, out: &mut Vec<u8>, usage: &Usage) {
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(out, &usage::shown(usage));
    }
}
