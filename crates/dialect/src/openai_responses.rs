//! OpenAI Responses, without server state.
//!
//! The same functions as every dialect has: parse a request, emit a request, read an answer, write
//! an answer; and the cheap pass over a body that passes through.
//!
//! This API offers to keep what was said on the server and to go on from there by reference. What
//! is kept in one place cannot be gone on with from another, and retention is policy, so nothing
//! here refers to anything kept: such fields are refused by name, and every request that goes
//! upstream says `store: false`, the ones that pass through too.

mod echo;
mod emit;
mod parse;
mod peek;
mod read;
mod usage;
mod write;

use bytes::Bytes;
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

/// What an encrypted reasoning item is asked for with.
const ENCRYPTED: &str = "reasoning.encrypted_content";

/// The dialect, on both sides.
pub(crate) struct Responses;

impl Client for Responses {
    fn peek(&self, _caller: &Caller<'_>, body: &[u8]) -> Result<Peek, ParseError> {
        peek::peek(body)
    }
}

impl GenerateClient for Responses {
    fn parse(&self, body: &[u8]) -> Result<Prompt, Unsupported> {
        parse::parse(body)
    }

    fn write(&self, reply: &Reply, label: &Label) -> Result<Vec<u8>, Failure> {
        Ok(write::write(reply, label))
    }

    fn stream(&self, label: Label, _include_usage: bool) -> Box<dyn WriteStream> {
        Box::new(write::StreamWriter::new(label))
    }

    fn echo(&self, body: &[u8]) -> Option<String> {
        Some(echo::echo(body))
    }
}

impl GenerateUpstream for Responses {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        emit::emit(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let (body, dropped) = emit::emit(prompt, target)?;
        Ok(Emitted { body: Bytes::from(text::json(&body)), dropped })
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
