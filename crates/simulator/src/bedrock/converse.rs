//! Converse, whole and streamed, and the counting of its tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{frame, invalid, read, write};
use crate::answer::Answer;
use crate::anthropic::{Host, Messages};
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::vendor::{Complaint, Facts};
use crate::wire::{Heard, Moment, Wire};

#[derive(Debug)]
pub(super) struct Converse;

impl Wire for Converse {
    fn name(&self) -> &'static str {
        "bedrock.converse"
    }

    fn read(&self, heard: &Heard<'_>) -> Result<Ask, Complaint> {
        if !heard.counting {
            return read::read(heard);
        }
        // What is to be counted is wrapped, as one request or the other.
        let input = heard.body.get("input");
        if let Some(body) = input.and_then(|input| input.get("converse")) {
            return read::read(&Heard { body, ..*heard });
        }
        let body = input.and_then(|input| input.pointer("/invokeModel/body"));
        let body = body.and_then(Value::as_str).and_then(|body| STANDARD.decode(body).ok());
        let body: Option<Value> = body.and_then(|body| serde_json::from_slice(&body).ok());
        match body {
            Some(body) => Messages(Host::Bedrock).read(&Heard { body: &body, ..*heard }),
            None => Err(invalid("The input must hold either converse or invokeModel.")),
        }
    }

    fn whole(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
        write::whole(facts, ask, answer)
    }

    fn stream(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
        write::stream(facts, ask, answer, out);
    }

    fn stream_kind(&self) -> &'static str {
        frame::KIND
    }

    fn count(&self, ask: &Ask) -> Value {
        json!({ "inputTokens": ask.prompt_tokens })
    }

    fn error_event(&self, _: &Moment<'_>, complaint: &Complaint) -> Bytes {
        frame::exception(complaint)
    }

    fn malformed_event(&self) -> Bytes {
        frame::malformed("contentBlockDelta")
    }
}
