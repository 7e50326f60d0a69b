//! Messages, at home and as two clouds serve it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{error_body, read, write};
use crate::answer::Answer;
use crate::ask::Ask;
use crate::bedrock::frame;
use crate::script::ScriptWriter;
use crate::vendor::{Complaint, Facts, put_number};
use crate::wire::{EVENTS, Heard, Moment, Wire};

/// Who serves the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    Own,
    Bedrock,
    Vertex,
}

impl Host {
    /// The house that signs the thoughts.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Own => "anthropic",
            Self::Bedrock => "bedrock",
            Self::Vertex => "vertex",
        }
    }

    pub(super) const fn version(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::Bedrock => "bedrock-2023-05-31",
            Self::Vertex => "vertex-2023-10-16",
        }
    }

    pub(super) const fn message_prefix(self) -> &'static str {
        match self {
            Self::Own => "msg_01",
            Self::Bedrock => "msg_bdrk_01",
            Self::Vertex => "msg_vrtx_01",
        }
    }

    /// Server-sent events everywhere but on Bedrock, which wraps each into a binary frame.
    pub(super) fn event(self, out: &mut Vec<u8>, name: &str, body: &Value) {
        match self {
            Self::Own | Self::Vertex => {
                out.extend_from_slice(format!("event: {name}\ndata: {body}\n\n").as_bytes());
            }
            Self::Bedrock => {
                let packed = STANDARD.encode(body.to_string());
                frame::event(out, "chunk", &json!({"bytes": packed, "p": "abcdefghijk"}));
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct Messages(pub(crate) Host);

impl Wire for Messages {
    fn name(&self) -> &'static str {
        match self.0 {
            Host::Own => "anthropic.messages",
            Host::Bedrock => "bedrock.invoke.anthropic",
            Host::Vertex => "vertex.anthropic",
        }
    }

    fn read(&self, heard: &Heard<'_>) -> Result<Ask, Complaint> {
        read::read(self.0, heard).map_err(|complaint| match self.0 {
            Host::Own => complaint,
            Host::Bedrock => Complaint { kind: "ValidationException", ..complaint },
            // Google passes on what Anthropic says of a request.
            Host::Vertex => {
                let body = error_body(&complaint, "req_vrtx_01");
                complaint.body(body)
            }
        })
    }

    fn whole(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
        write::whole(self.0, facts, ask, answer)
    }

    fn stream(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
        write::stream(self.0, facts, (ask, answer), out);
    }

    fn stream_kind(&self) -> &'static str {
        if self.0 == Host::Bedrock { frame::KIND } else { EVENTS }
    }

    fn headers(&self, ask: &Ask, answer: &Answer, headers: &mut HeaderMap) {
        if self.0 == Host::Bedrock && !ask.stream {
            put_number(headers, "x-amzn-bedrock-input-token-count", ask.prompt_tokens);
            put_number(headers, "x-amzn-bedrock-output-token-count", answer.all_tokens());
            put_number(headers, "x-amzn-bedrock-invocation-latency", 100);
        }
    }

    fn error_event(&self, moment: &Moment<'_>, complaint: &Complaint) -> Bytes {
        match self.0 {
            Host::Own => {
                let body = error_body(complaint, &moment.facts.request_id);
                format!("event: error\ndata: {body}\n\n").into()
            }
            Host::Vertex => {
                let overloaded = Complaint { kind: "overloaded_error", ..complaint.clone() };
                let body = error_body(&overloaded, &moment.facts.request_id);
                format!("event: error\ndata: {body}\n\n").into()
            }
            Host::Bedrock => frame::exception(complaint),
        }
    }

    fn malformed_event(&self) -> Bytes {
        match self.0 {
            Host::Own | Host::Vertex => Bytes::from_static(
                b"event: content_block_delta\n\
                  data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"ty\n\n",
            ),
            Host::Bedrock => frame::malformed("chunk"),
        }
    }
}
