//! `generateContent` and its stream.

use bytes::Bytes;
use serde_json::{Value, json};

use super::framing::Framing;
use super::{error_body, read, write};
use crate::answer::Answer;
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::vendor::{Complaint, Facts};
use crate::wire::{Heard, Moment, Wire};

#[derive(Debug)]
pub(super) struct Gemini(pub(super) Framing);

impl Wire for Gemini {
    fn name(&self) -> &'static str {
        "vertex.gemini"
    }

    fn read(&self, heard: &Heard<'_>) -> Result<Ask, Complaint> {
        // The Gemini API counts a whole request in a wrapper.
        let wrapped = heard.body.get("generateContentRequest").filter(|_| heard.counting);
        read::read(&Heard { body: wrapped.unwrap_or(heard.body), ..*heard })
    }

    fn whole(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
        write::whole(facts, ask, answer)
    }

    fn stream(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
        write::stream(self.0, facts, (ask, answer), out);
    }

    fn stream_kind(&self) -> &'static str {
        self.0.kind()
    }

    fn count(&self, ask: &Ask) -> Value {
        json!({"totalTokens": ask.prompt_tokens, "totalBillableCharacters": ask.prompt_tokens * 4,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": ask.prompt_tokens}]})
    }

    fn error_event(&self, moment: &Moment<'_>, complaint: &Complaint) -> Bytes {
        let mut out = Vec::new();
        self.0.chunk(&mut out, moment.frames, &error_body(complaint));
        self.0.end(&mut out);
        out.into()
    }

    fn malformed_event(&self) -> Bytes {
        Bytes::from_static(self.0.malformed().as_bytes())
    }
}
