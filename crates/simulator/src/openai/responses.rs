//! Responses, without server state: what is stored is forgotten at once.

mod items;
mod read;
mod stream;
mod write;

use bytes::Bytes;
use serde_json::{Value, json};

use super::House;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::vendor::{Complaint, Facts};
use crate::wire::{Heard, Moment, Wire};

#[derive(Debug)]
pub(crate) struct Responses(pub(crate) House);

impl Wire for Responses {
    fn name(&self) -> &'static str {
        match self.0 {
            House::OpenAi => "openai.responses",
            House::Azure => "azure.responses",
        }
    }

    fn read(&self, heard: &Heard<'_>) -> Result<Ask, Complaint> {
        read::read(self.0, heard)
    }

    fn whole(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
        let output = write::output(self.0, facts, ask, answer);
        write::response(facts, ask, &write::State::Ended { answer, output: &output })
            .to_string()
            .into_bytes()
    }

    fn stream(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
        stream::stream(self.0, facts, (ask, answer), out);
    }

    /// Two events: what went wrong, and the response as it is then.
    fn error_event(&self, moment: &Moment<'_>, complaint: &Complaint) -> Bytes {
        let code = complaint.code.unwrap_or("server_error");
        let error = json!({"type": "error", "sequence_number": moment.frames, "code": code,
            "message": complaint.message, "param": null});
        let state = write::State::Failed { code, message: &complaint.message };
        let failed = json!({"type": "response.failed", "sequence_number": moment.frames + 1,
            "response": write::response(moment.facts, moment.ask, &state)});
        format!("{}{}", event("error", &error), event("response.failed", &failed)).into()
    }

    fn malformed_event(&self) -> Bytes {
        Bytes::from_static(
            b"event: response.output_text.delta\n\
              data: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_br\n\n",
        )
    }
}

fn event(name: &str, body: &Value) -> String {
    format!("event: {name}\ndata: {body}\n\n")
}
