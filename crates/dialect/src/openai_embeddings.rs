//! OpenAI Embeddings: of OpenAI, Azure and every compatible server.

pub(crate) mod base64;
mod emit;
pub(crate) mod parse;
pub(crate) mod peek;
pub(crate) mod read;
pub(crate) mod write;

use bytes::Bytes;
use vocab::{Failure, Usage};

use crate::{
    Caller, ParseError, Target, Unsupported, UpstreamDialect,
    client::{Client, EmbedClient},
    embedding::{Texts, Vectors},
    events::Label,
    scan::Peek,
    text,
    upstream::{EmbedUpstream, Emitted},
};

/// The most inputs of one request.
pub(crate) const INPUTS_MAX: usize = 2_048;

/// The dialect, on both sides.
pub(crate) struct Embeddings;

impl Client for Embeddings {
    fn peek(&self, _caller: &Caller<'_>, body: &[u8]) -> Result<Peek, ParseError> {
        peek::peek(body, "dimensions")
    }
}

impl EmbedClient for Embeddings {
    fn parse(&self, body: &[u8]) -> Result<Texts, Unsupported> {
        parse::parse(body)
    }

    fn write(&self, texts: &Texts, vectors: &Vectors, label: &Label) -> Vec<u8> {
        write::write(texts, vectors, label)
    }
}

impl EmbedUpstream for Embeddings {
    // Everything that a caller of this dialect can say, this dialect can carry.
    fn check(&self, _texts: &Texts) -> Result<(), Unsupported> {
        Ok(())
    }

    fn emit(&self, texts: &Texts, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        Ok(Emitted {
            body: Bytes::from(text::json(&emit::emit(texts, target))),
            dropped: Vec::new(),
        })
    }

    fn read(&self, body: &[u8]) -> Result<Vectors, Failure> {
        read::read(UpstreamDialect::OpenAiEmbeddings, body)
    }

    fn summary(&self, body: &[u8]) -> Result<Usage, Failure> {
        read::summary(UpstreamDialect::OpenAiEmbeddings, body)
    }
}
