//! Amazon Titan text embeddings.

use serde::{Deserialize, Serialize};
use vocab::{Failure, Usage};

use super::{answer, one};
use crate::{
    Target, Unsupported, UpstreamDialect,
    embedding::{Texts, Vectors},
    text::{self, Count},
    upstream::{EmbedUpstream, Emitted},
};

/// The dialect.
pub(crate) struct Titan;

impl EmbedUpstream for Titan {
    fn check(&self, texts: &Texts) -> Result<(), Unsupported> {
        one(texts).map(drop)
    }

    // Vectors have length 1 unless it is said otherwise, as OpenAI's do.
    fn emit(&self, texts: &Texts, _target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let body = Body { input_text: one(texts)?, dimensions: texts.dimensions };
        Ok(Emitted { body: text::json(&body).into(), dropped: Vec::new() })
    }

    fn read(&self, body: &[u8]) -> Result<Vectors, Failure> {
        let has = |answer: &Answer| answer.embedding.is_some();
        let answer = answer(UpstreamDialect::TitanEmbeddings, body, has)?;
        Ok(Vectors {
            vectors: answer.embedding.into_iter().collect(),
            usage: Usage { input: answer.input_text_token_count.0, ..Usage::default() },
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'t> {
    input_text: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    embedding: Option<Vec<f32>>,
    #[serde(default)]
    input_text_token_count: Count,
}
