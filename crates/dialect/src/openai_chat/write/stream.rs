//! A streamed Chat Completions answer, chunk by chunk.

use vocab::{Failure, Usage};

use super::{
    super::{reasoning::Places, usage},
    call_id, reason,
};
use crate::{
    ReplyEvent,
    client::WriteStream,
    events::{Label, opaque},
    reasoning::Seal,
    text::{json, quote},
};

/// The terminator.
pub(crate) const DONE: &[u8] = b"data: [DONE]\n\n";

/// Writes a stream event by event.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    label: Label,
    // Everything of a chunk before and after what it says.
    head: Vec<u8>,
    include_usage: bool,
    usage: Usage,
    // The open tool call, and whether it has had any arguments.
    open: Option<(usize, bool)>,
    places: Places,
}

impl StreamWriter {
    pub(crate) fn new(label: Label, include_usage: bool) -> Self {
        let mut head = Vec::with_capacity(160);
        head.extend_from_slice(br#"data: {"id":"#);
        quote(&mut head, &label.openai_id());
        head.extend_from_slice(br#","object":"chat.completion.chunk","created":"#);
        head.extend_from_slice(label.created().to_string().as_bytes());
        head.extend_from_slice(br#","model":"#);
        quote(&mut head, &label.model);
        Self {
            label,
            head,
            include_usage,
            usage: Usage::default(),
            open: None,
            places: Places::default(),
        }
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
            ReplyEvent::Start => self.delta(out, br#""role":"assistant","content":"""#),
            ReplyEvent::Text(text) => {
                self.places.content(text);
                self.text(out, b"\"content\":", text);
            }
            ReplyEvent::Reasoning(text) => {
                self.places.reasoning(text);
                self.text(out, b"\"reasoning_content\":", text);
            }
            ReplyEvent::Seal(seal) => self.seal(out, &seal),
            ReplyEvent::Refusal(text) => self.text(out, b"\"refusal\":", text),
            ReplyEvent::ToolOpen { call, id, name } => {
                self.places.call();
                self.open(out, call, id, name);
            }
            ReplyEvent::ToolArguments { call, fragment } => self.arguments(out, call, fragment),
            ReplyEvent::BlockEnd => self.close(out),
            ReplyEvent::Finish(finish) => {
                self.close(out);
                self.chunk(out, b"", Some(reason(finish)));
            }
            ReplyEvent::Usage(usage) => self.usage.revise(&usage),
            ReplyEvent::Opaque => return Err(opaque()),
            ReplyEvent::End => {
                self.usage_chunk(out);
                terminal.extend_from_slice(DONE);
            }
        }
        Ok(())
    }
}

impl StreamWriter {
    fn text(&self, out: &mut Vec<u8>, key: &[u8], text: &str) {
        if !text.is_empty() {
            let mut delta = Vec::with_capacity(text.len() + 24);
            delta.extend_from_slice(key);
            quote(&mut delta, text);
            self.delta(out, &delta);
        }
    }

    fn seal(&mut self, out: &mut Vec<u8>, seal: &Seal<'_>) {
        let mut delta = br#""reasoning_details":["#.to_vec();
        delta.extend_from_slice(&json(&self.places.seal(seal)));
        delta.push(b']');
        self.delta(out, &delta);
    }

    fn open(&mut self, out: &mut Vec<u8>, call: usize, id: &str, name: &str) {
        self.close(out);
        self.open = Some((call, false));
        let mut delta = format!(r#""tool_calls":[{{"index":{call},"id":"#).into_bytes();
        quote(&mut delta, &call_id(id, &self.label, call));
        delta.extend_from_slice(br#","type":"function","function":{"name":"#);
        quote(&mut delta, name);
        delta.extend_from_slice(br#","arguments":""}}]"#);
        self.delta(out, &delta);
    }

    fn arguments(&mut self, out: &mut Vec<u8>, call: usize, fragment: &str) {
        if fragment.is_empty() {
            return;
        }
        if let Some((open, had)) = &mut self.open {
            *had |= *open == call;
        }
        let mut delta =
            format!(r#""tool_calls":[{{"index":{call},"function":{{"arguments":"#).into_bytes();
        quote(&mut delta, fragment);
        delta.extend_from_slice(b"}}]");
        self.delta(out, &delta);
    }

    /// A call without arguments ends with `{}`, so that its text is JSON.
    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some((call, false)) = self.open.take() {
            self.arguments(out, call, "{}");
        }
    }

    fn delta(&self, out: &mut Vec<u8>, delta: &[u8]) {
        self.chunk(out, delta, None);
    }

    fn chunk(&self, out: &mut Vec<u8>, delta: &[u8], finish: Option<&str>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(br#","choices":[{"index":0,"delta":{"#);
        out.extend_from_slice(delta);
        out.extend_from_slice(br#"},"logprobs":null,"finish_reason":"#);
        match finish {
            Some(reason) => quote(out, reason),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b"}]");
        if self.include_usage {
            out.extend_from_slice(br#","usage":null"#);
        }
        out.extend_from_slice(b"}\n\n");
    }

    fn usage_chunk(&self, out: &mut Vec<u8>) {
        if let (true, Some(usage)) = (self.include_usage, usage::shown(&self.usage)) {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(br#","choices":[],"usage":"#);
            // Writing to memory cannot fail.
            let _ = serde_json::to_writer(&mut *out, &usage);
            out.extend_from_slice(b"}\n\n");
        }
    }
}
