//! OpenAI Chat Completions.
//!
//! Four functions, as every dialect has them: parse a request, emit a request, read an answer,
//! write an answer; and the cheap pass over a body that passes through.

mod emit;
pub(crate) mod parse;
pub(crate) mod peek;
pub(crate) mod read;
mod reasoning;
mod usage;
mod write;

use bytes::Bytes;
use vocab::{Failure, Usage};

use crate::{
    Caller, Finish, ParseError, Reply, Target, Unsupported, UpstreamDialect,
    client::{Client, GenerateClient, WriteStream},
    events::Label,
    prompt::Prompt,
    scan::Peek,
    text,
    upstream::{Emitted, GenerateUpstream, ReadStream, Source},
};

/// The data of the terminator.
const DONE_DATA: &[u8] = b"[DONE]";

const SELF: UpstreamDialect = UpstreamDialect::OpenAiChat;

/// The dialect, on both sides.
pub(crate) struct Chat;

impl Client for Chat {
    fn peek(&self, _caller: &Caller<'_>, body: &[u8]) -> Result<Peek, ParseError> {
        peek::peek(body)
    }
}

impl GenerateClient for Chat {
    fn parse(&self, body: &[u8]) -> Result<Prompt, Unsupported> {
        parse::parse(body)
    }

    fn write(&self, reply: &Reply, label: &Label) -> Result<Vec<u8>, Failure> {
        Ok(write::write(reply, label))
    }

    fn stream(&self, label: Label, include_usage: bool) -> Box<dyn WriteStream> {
        Box::new(write::StreamWriter::new(label, include_usage))
    }
}

impl GenerateUpstream for Chat {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        emit::emit(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let body = Bytes::from(text::json(&emit::emit(prompt, target)?));
        Ok(Emitted { body, dropped: emit::dropped(prompt) })
    }

    fn read(&self, body: &[u8], source: &Source) -> Result<Reply, Failure> {
        read::read(SELF, body, source)
    }

    fn summary(&self, body: &[u8]) -> Result<(Usage, Option<Finish>), Failure> {
        read::summary(SELF, body)
    }

    fn stream(&self, source: Source) -> Box<dyn ReadStream> {
        Box::new(read::StreamReader::new(SELF, source))
    }
}
