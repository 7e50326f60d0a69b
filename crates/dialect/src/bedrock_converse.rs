//! Bedrock Converse: one API for all models that Amazon hosts.
//!
//! Upstream only, so requests are emitted and answers read. The address says which model and whether
//! the answer is a stream; Amazon's own shapes say the rest (`bedrock-runtime`, service-2). Counting
//! takes the same body without what concerns the answer.

mod count;
mod documents;
mod emit;
mod ids;
mod read;
mod usage;

pub(crate) use count::Count;
use vocab::{Failure, Usage};

use crate::{
    Finish, Reply, Target, Unsupported,
    eventstream::Payload,
    prompt::Prompt,
    text,
    upstream::{Emitted, Framing, GenerateUpstream, ReadStream, Source},
};

/// The dialect.
pub(crate) struct Converse;

impl GenerateUpstream for Converse {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        emit::emit(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let (body, dropped) = emit::emit(prompt, target)?;
        Ok(Emitted { body: text::json(&body).into(), dropped })
    }

    fn read(&self, body: &[u8], source: &Source) -> Result<Reply, Failure> {
        read::read(body, source)
    }

    fn summary(&self, body: &[u8]) -> Result<(Usage, Option<Finish>), Failure> {
        read::read(body, &Source::default()).map(|reply| (reply.usage, reply.finish))
    }

    fn stream(&self, source: Source) -> Box<dyn ReadStream> {
        Box::new(read::StreamReader::new(source))
    }

    fn framing(&self) -> Framing {
        Framing::Binary(Payload::Event)
    }
}
