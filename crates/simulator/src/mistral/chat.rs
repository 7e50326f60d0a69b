//! Mistral's chat completions.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{read, write};
use crate::answer::Answer;
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::vendor::{Complaint, Facts, put_number};
use crate::wire::{Heard, Moment, Wire};

#[derive(Debug)]
pub(crate) struct Chat;

impl Wire for Chat {
    fn name(&self) -> &'static str {
        "mistral.chat"
    }

    fn read(&self, heard: &Heard<'_>) -> Result<Ask, Complaint> {
        read::read(heard)
    }

    fn whole(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
        write::whole(facts, ask, answer)
    }

    fn stream(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
        write::stream(facts, ask, answer, out);
    }

    fn headers(&self, ask: &Ask, answer: &Answer, headers: &mut HeaderMap) {
        let cost = ask.prompt_tokens.saturating_add(answer.all_tokens());
        put_number(headers, "x-ratelimit-tokens-query-cost", cost);
    }

    fn error_event(&self, _: &Moment<'_>, complaint: &Complaint) -> Bytes {
        let body: Value = json!({"object": "error", "message": complaint.message,
            "type": complaint.kind, "param": null, "code": complaint.code,
            "raw_status_code": complaint.status});
        format!("data: {body}\n\n").into()
    }

    fn malformed_event(&self) -> Bytes {
        Bytes::from_static(
            b"data: {\"id\":\"broken\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"ind\n\n",
        )
    }
}
