//! How Google frames a stream: server-sent events with CRLF, or one JSON array.

use serde_json::Value;

use crate::form;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// `?alt=sse`.
    Events,
    /// Anything else.
    Array,
}

impl Framing {
    pub(super) fn of(query: &str) -> Self {
        if form::field(query, "alt").as_deref() == Some("sse") { Self::Events } else { Self::Array }
    }

    /// Writes a chunk; `frames` went before it.
    pub(super) fn chunk(self, out: &mut Vec<u8>, frames: usize, chunk: &Value) {
        let text = match (self, frames) {
            (Self::Events, _) => format!("data: {chunk}\r\n\r\n"),
            (Self::Array, 0) => format!("[{chunk}\r\n"),
            (Self::Array, _) => format!(",\r\n{chunk}"),
        };
        out.extend_from_slice(text.as_bytes());
    }

    /// Writes what closes a stream.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        if self == Self::Array {
            out.extend_from_slice(b"]");
        }
    }

    pub(super) const fn malformed(self) -> &'static str {
        match self {
            Self::Events => "data: {\"candidates\": [{\"content\": {\"ro\r\n\r\n",
            Self::Array => ",\r\n{\"candidates\": [{\"content\": {\"ro",
        }
    }

    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream",
            Self::Array => "application/json; charset=UTF-8",
        }
    }
}
