//! Chat Completions.

mod read;
mod write;

pub(crate) use write::REFUSAL;

use bytes::Bytes;

use super::{House, error_body};
use crate::answer::Answer;
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::vendor::{Complaint, Facts};
use crate::wire::{Heard, Moment, Wire};

#[derive(Debug)]
pub(crate) struct Chat(pub(crate) House);

impl Wire for Chat {
    fn name(&self) -> &'static str {
        match self.0 {
            House::OpenAi => "openai.chat",
            House::Azure => "azure.chat",
        }
    }

    fn read(&self, heard: &Heard<'_>) -> Result<Ask, Complaint> {
        read::read(self.0, heard)
    }

    fn whole(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
        write::whole(self.0, facts, ask, answer)
    }

    fn stream(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
        write::stream(self.0, facts, (ask, answer), out);
    }

    fn error_event(&self, _: &Moment<'_>, complaint: &Complaint) -> Bytes {
        format!("data: {}\n\n", error_body(complaint)).into()
    }

    fn malformed_event(&self) -> Bytes {
        Bytes::from_static(
            b"data: {\"id\":\"chatcmpl-broken\",\"object\":\"chat.completion.chunk\",\
              \"choices\":[{\"ind\n\n",
        )
    }
}
