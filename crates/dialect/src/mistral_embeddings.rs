//! Mistral embeddings, as an upstream: OpenAI's path and answer, other words in the request.

use bytes::Bytes;
use serde::Serialize;
use vocab::{Failure, Usage};

use crate::{
    Target, Unsupported, UpstreamDialect,
    embedding::{Texts, Vectors},
    openai_embeddings::read,
    text,
    upstream::{EmbedUpstream, Emitted},
};

const SELF: UpstreamDialect = UpstreamDialect::MistralEmbeddings;

/// The dialect.
pub(crate) struct Embeddings;

impl EmbedUpstream for Embeddings {
    fn check(&self, texts: &Texts) -> Result<(), Unsupported> {
        texts.plain().map(drop)
    }

    // The encoding is left at `float`: what the caller wants is made of the numbers here.
    fn emit(&self, texts: &Texts, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let body =
            Body { model: target.model, input: texts.plain()?, output_dimension: texts.dimensions };
        Ok(Emitted { body: Bytes::from(text::json(&body)), dropped: Vec::new() })
    }

    fn read(&self, body: &[u8]) -> Result<Vectors, Failure> {
        read::read(SELF, body)
    }

    fn summary(&self, body: &[u8]) -> Result<Usage, Failure> {
        read::summary(SELF, body)
    }
}

/// Mistral refuses every field that its schema does not name.
#[derive(Serialize)]
struct Body<'t> {
    model: &'t str,
    input: Vec<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<u64>,
}
