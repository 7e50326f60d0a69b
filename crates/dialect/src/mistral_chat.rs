//! Mistral chat: close to Chat Completions, and strict where that is not.
//!
//! Every field that the schema does not name is refused by Mistral, ids of tool calls have exactly
//! nine letters and digits, results directly follow their calls, and reasoning is content. Answers
//! are read by the readers of Chat Completions, which understand them whole.

mod emit;
mod ids;
mod parse;
mod prefill;
mod write;

use bytes::Bytes;
use vocab::{Failure, Usage};

use crate::{
    Caller, Finish, ParseError, Reply, Target, Unsupported, UpstreamDialect,
    client::{Client, GenerateClient, WriteStream},
    events::Label,
    openai_chat::{peek, read},
    prompt::Prompt,
    scan::Peek,
    text,
    upstream::{Emitted, GenerateUpstream, ReadStream, Source},
};

const SELF: UpstreamDialect = UpstreamDialect::MistralChat;

/// The dialect, on both sides.
pub(crate) struct Chat;

impl Client for Chat {
    fn peek(&self, _caller: &Caller<'_>, body: &[u8]) -> Result<Peek, ParseError> {
        // What is looked for is where Chat Completions has it. Usage comes unasked, and a field
        // that asks for it would be refused.
        Ok(Peek { usage_edit: None, include_usage: true, ..peek::peek(body)? })
    }
}

impl GenerateClient for Chat {
    fn parse(&self, body: &[u8]) -> Result<Prompt, Unsupported> {
        parse::parse(body)
    }

    fn write(&self, reply: &Reply, label: &Label) -> Result<Vec<u8>, Failure> {
        Ok(write::write(reply, label))
    }

    fn stream(&self, label: Label, _include_usage: bool) -> Box<dyn WriteStream> {
        Box::new(write::StreamWriter::new(label))
    }

    /// Mistral's answers begin with the beginning that the caller gave.
    fn echo(&self, body: &[u8]) -> Option<String> {
        parse::parse(body).ok()?.prefill()
    }
}

impl GenerateUpstream for Chat {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        emit::emit(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let (body, dropped) = emit::emit(prompt, target)?;
        Ok(Emitted { body: Bytes::from(text::json(&body)), dropped })
    }

    fn read(&self, body: &[u8], source: &Source) -> Result<Reply, Failure> {
        let mut reply = read::read(SELF, body, source)?;
        if let Some(prefill) = &source.prefill {
            prefill::cut(&mut reply, prefill);
        }
        Ok(reply)
    }

    fn summary(&self, body: &[u8]) -> Result<(Usage, Option<Finish>), Failure> {
        read::summary(SELF, body)
    }

    fn stream(&self, mut source: Source) -> Box<dyn ReadStream> {
        let prefill = source.prefill.take();
        let reader = read::StreamReader::new(SELF, source);
        match prefill {
            Some(prefill) => Box::new(prefill::Cut::new(reader, prefill)),
            None => Box::new(reader),
        }
    }
}
