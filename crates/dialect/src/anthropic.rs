//! Anthropic Messages.
//!
//! Four functions, as every dialect has them: parse a request, emit a request, read an answer,
//! write an answer; and the cheap pass over a body that passes through.

mod cloud;
mod count;
mod emit;
mod parse;
mod peek;
mod read;
mod sequence;
mod usage;
mod version;
mod write;

use bytes::Bytes;
pub(crate) use cloud::Cloud;
pub(crate) use count::Count;
pub(crate) use version::Version;
use vocab::{Failure, Usage};

use crate::{
    Caller, Finish, ParseError, Reply, Target, Unsupported,
    client::{Client, GenerateClient, WriteStream},
    events::Label,
    prompt::Prompt,
    scan::Peek,
    text,
    upstream::{Emitted, GenerateUpstream, ReadStream, Source},
};

/// The dialect, on both sides.
pub(crate) struct Messages;

impl Client for Messages {
    fn peek(&self, caller: &Caller<'_>, body: &[u8]) -> Result<Peek, ParseError> {
        peek::peek(Version::parse(caller.anthropic_version)?, body)
    }

    fn heartbeat(&self) -> &'static [u8] {
        b"event: ping\ndata: {\"type\": \"ping\"}\n\n"
    }
}

impl GenerateClient for Messages {
    fn parse(&self, body: &[u8]) -> Result<Prompt, Unsupported> {
        parse::parse(body)
    }

    fn write(&self, reply: &Reply, label: &Label) -> Result<Vec<u8>, Failure> {
        write::write(reply, label)
    }

    fn stream(&self, label: Label, _include_usage: bool) -> Box<dyn WriteStream> {
        Box::new(write::StreamWriter::new(label))
    }
}

impl GenerateUpstream for Messages {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        emit::emit(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let body = emit::emit(prompt, target)?;
        Ok(Emitted { body: Bytes::from(text::json(&body)), dropped: body.dropped })
    }

    fn read(&self, body: &[u8], source: &Source) -> Result<Reply, Failure> {
        read::read(body, source)
    }

    fn summary(&self, body: &[u8]) -> Result<(Usage, Option<Finish>), Failure> {
        read::summary(body)
    }

    fn stream(&self, source: Source) -> Box<dyn ReadStream> {
        Box::new(read::StreamReader::new(source))
    }
}
