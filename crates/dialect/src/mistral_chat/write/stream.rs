//! A streamed Mistral chat answer, chunk by chunk.
//!
//! Mistral's own streams give tool calls whole, together with the finish and the usage, and clients
//! count on it, so calls wait here until the answer ends.

use vocab::{Failure, FailureKind, Usage};

use super::{Function, Shown, ToolCall, call_id, reason};
use crate::{
    Finish, ReplyEvent,
    client::WriteStream,
    events::{Label, opaque},
    reasoning::Seal,
    sse::FRAME_MAX,
    text::quote,
};

const DONE: &[u8] = b"data: [DONE]\n\n";

/// Writes a stream event by event.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    label: Label,
    // Everything of a chunk before its delta.
    head: Vec<u8>,
    calls: Vec<Call>,
    // The bytes that wait in `calls`.
    waiting: usize,
    finish: Option<Finish>,
    usage: Usage,
}

/// A call that waits for the end.
#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl StreamWriter {
    pub(in crate::mistral_chat) fn new(label: Label) -> Self {
        let mut head = Vec::with_capacity(160);
        head.extend_from_slice(br#"data: {"id":"#);
        quote(&mut head, &label.hex());
        head.extend_from_slice(br#","object":"chat.completion.chunk","created":"#);
        head.extend_from_slice(label.created().to_string().as_bytes());
        head.extend_from_slice(br#","model":"#);
        quote(&mut head, &label.model);
        head.extend_from_slice(br#","choices":[{"index":0,"delta":{"#);
        let (calls, usage) = (Vec::new(), Usage::default());
        Self { label, head, calls, waiting: 0, finish: None, usage }
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
            ReplyEvent::Start => {
                let mut delta = br#""role":"assistant","content":"#.to_vec();
                quote(&mut delta, self.label.echo.as_deref().unwrap_or_default());
                self.chunk(out, &delta);
            }
            ReplyEvent::Text(text) | ReplyEvent::Refusal(text) => {
                if !text.is_empty() {
                    let mut delta = br#""content":"#.to_vec();
                    quote(&mut delta, text);
                    self.chunk(out, &delta);
                }
            }
            ReplyEvent::Reasoning(text) => {
                if !text.is_empty() {
                    self.thinking(out, Some(text), None);
                }
            }
            ReplyEvent::Seal(seal) => self.thinking(out, None, Some(&seal)),
            ReplyEvent::ToolOpen { call, id, name } => {
                let id = call_id(id, &self.label, call);
                self.hold(id.len().saturating_add(name.len()))?;
                self.calls.push(Call { id, name: name.to_owned(), arguments: String::new() });
            }
            ReplyEvent::ToolArguments { call, fragment } => {
                self.hold(fragment.len())?;
                if let Some(call) = self.calls.get_mut(call) {
                    call.arguments.push_str(fragment);
                }
            }
            ReplyEvent::BlockEnd => {}
            ReplyEvent::Finish(finish) => self.finish = Some(finish),
            ReplyEvent::Usage(usage) => self.usage.revise(&usage),
            ReplyEvent::Opaque => return Err(opaque()),
            ReplyEvent::End => {
                self.last(out);
                terminal.extend_from_slice(DONE);
            }
        }
        Ok(())
    }
}

impl StreamWriter {
    /// Makes room for what waits, within a bound.
    fn hold(&mut self, bytes: usize) -> Result<(), Failure> {
        self.waiting = self.waiting.saturating_add(bytes);
        if self.waiting > FRAME_MAX {
            let message = "the tool calls of the answer are longer than 4 MiB";
            return Err(Failure::new(FailureKind::Broken, message));
        }
        Ok(())
    }

    fn thinking(&self, out: &mut Vec<u8>, text: Option<&str>, seal: Option<&Seal<'_>>) {
        let mut delta = br#""content":[{"type":"thinking","thinking":["#.to_vec();
        if let Some(text) = text {
            delta.extend_from_slice(br#"{"type":"text","text":"#);
            quote(&mut delta, text);
            delta.push(b'}');
        }
        delta.push(b']');
        if let Some(seal) = seal {
            delta.extend_from_slice(br#","signature":"#);
            quote(&mut delta, &seal.carrier());
        }
        delta.extend_from_slice(b"}]");
        self.chunk(out, &delta);
    }

    fn chunk(&self, out: &mut Vec<u8>, delta: &[u8]) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(delta);
        out.extend_from_slice(b"},\"finish_reason\":null}]}\n\n");
    }

    /// The chunk with everything that waited.
    fn last(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(br#""content":"""#);
        if !self.calls.is_empty() {
            let call = |(index, call): (usize, &'_ Call)| -> Vec<u8> {
                let arguments = if call.arguments.is_empty() { "{}" } else { &call.arguments };
                crate::text::json(&ToolCall {
                    id: call.id.clone(),
                    kind: "function",
                    function: Function { name: &call.name, arguments },
                    index,
                })
            };
            let calls: Vec<Vec<u8>> = self.calls.iter().enumerate().map(call).collect();
            out.extend_from_slice(br#","tool_calls":["#);
            out.extend_from_slice(&calls.join(&b','));
            out.push(b']');
        }
        out.extend_from_slice(br#"},"finish_reason":"#);
        quote(out, reason(self.finish.unwrap_or(Finish::Stop)));
        out.extend_from_slice(br#"}],"usage":"#);
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut *out, &Shown::of(&self.usage));
        out.extend_from_slice(b"}\n\n");
    }
}
