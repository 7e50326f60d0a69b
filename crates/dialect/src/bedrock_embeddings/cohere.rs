//! Cohere embeddings on Bedrock.

use serde::{Deserialize, Serialize};
use vocab::{Failure, Usage};

use super::answer;
use crate::{
    Target, Unsupported, UpstreamDialect,
    embedding::{Texts, Vectors},
    text,
    upstream::{EmbedUpstream, Emitted},
};

/// The most texts of one call.
const TEXTS_MAX: usize = 96;

/// The dialect.
pub(crate) struct Cohere;

impl EmbedUpstream for Cohere {
    fn check(&self, texts: &Texts) -> Result<(), Unsupported> {
        plain(texts).map(drop)
    }

    fn emit(&self, texts: &Texts, _target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let body = Body {
            texts: plain(texts)?,
            input_type: "search_document",
            output_dimension: texts.dimensions,
        };
        Ok(Emitted { body: text::json(&body).into(), dropped: Vec::new() })
    }

    fn read(&self, body: &[u8]) -> Result<Vectors, Failure> {
        let has = |answer: &Answer| answer.embeddings.is_some();
        let answer = answer(UpstreamDialect::CohereEmbeddings, body, has)?;
        let vectors = match answer.embeddings {
            Some(Embeddings::Floats(vectors) | Embeddings::ByType { float: vectors }) => vectors,
            None => Vec::new(),
        };
        Ok(Vectors { vectors, usage: Usage::default() })
    }
}

fn plain(texts: &Texts) -> Result<Vec<&str>, Unsupported> {
    match texts.inputs.get(TEXTS_MAX) {
        Some((at, _)) => Err(at.refuse("is more than the 96 texts that this provider takes")),
        None => texts.plain(),
    }
}

#[derive(Serialize)]
struct Body<'t> {
    texts: Vec<&'t str>,
    input_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<u64>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    embeddings: Option<Embeddings>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Embeddings {
    Floats(Vec<Vec<f32>>),
    ByType { float: Vec<Vec<f32>> },
}
