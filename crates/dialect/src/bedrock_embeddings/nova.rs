//! Amazon Nova embeddings, for texts.

use serde::{Deserialize, Serialize};
use vocab::{Failure, Usage};

use super::{answer, one};
use crate::{
    Target, Unsupported, UpstreamDialect,
    embedding::{Texts, Vectors},
    text,
    upstream::{EmbedUpstream, Emitted},
};

/// The dialect.
pub(crate) struct Nova;

impl EmbedUpstream for Nova {
    fn check(&self, texts: &Texts) -> Result<(), Unsupported> {
        one(texts).map(drop)
    }

    fn emit(&self, texts: &Texts, _target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let body = Body {
            schema_version: "nova-multimodal-embed-v1",
            task_type: "SINGLE_EMBEDDING",
            single_embedding_params: Params {
                embedding_purpose: "GENERIC_INDEX",
                embedding_dimension: texts.dimensions,
                // A text that is too long is an error, as elsewhere, and never cut in silence.
                text: Whole { truncation_mode: "NONE", value: one(texts)? },
            },
        };
        Ok(Emitted { body: text::json(&body).into(), dropped: Vec::new() })
    }

    fn read(&self, body: &[u8]) -> Result<Vectors, Failure> {
        let has = |answer: &Answer| answer.embeddings.is_some();
        let answer = answer(UpstreamDialect::NovaEmbeddings, body, has)?;
        let embeddings = answer.embeddings.into_iter().flatten();
        let vectors = embeddings.map(|embedding| embedding.embedding).collect();
        Ok(Vectors { vectors, usage: Usage::default() })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'t> {
    schema_version: &'static str,
    task_type: &'static str,
    single_embedding_params: Params<'t>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Params<'t> {
    embedding_purpose: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding_dimension: Option<u64>,
    text: Whole<'t>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'t> {
    truncation_mode: &'static str,
    value: &'t str,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    embeddings: Option<Vec<Embedding>>,
}

#[derive(Deserialize)]
struct Embedding {
    embedding: Vec<f32>,
}
