//! Embeddings by Vertex's `predict`, as an upstream. The model is in the address.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use vocab::{Failure, FailureKind, Usage};

use crate::{
    Target, Unsupported, UpstreamDialect,
    embedding::{Texts, Vectors},
    read_error,
    text::{self, Count},
    upstream::{EmbedUpstream, Emitted},
};

/// The most texts that one call takes.
const INSTANCES_MAX: usize = 250;

/// The dialect.
pub(crate) struct Embeddings;

impl EmbedUpstream for Embeddings {
    fn check(&self, texts: &Texts) -> Result<(), Unsupported> {
        body(texts).map(drop)
    }

    fn emit(&self, texts: &Texts, _target: &Target<'_>) -> Result<Emitted, Unsupported> {
        Ok(Emitted { body: Bytes::from(text::json(&body(texts)?)), dropped: Vec::new() })
    }

    fn read(&self, body: &[u8]) -> Result<Vectors, Failure> {
        let text = std::str::from_utf8(body).ok();
        let answer: Option<Answer<'_>> = text.and_then(|text| serde_json::from_str(text).ok());
        match answer {
            Some(Answer { error: Some(_), .. }) => {
                Err(read_error(UpstreamDialect::VertexEmbeddings, None, body))
            }
            Some(Answer { predictions: Some(predictions), .. }) => Ok(vectors(predictions)),
            _ => Err(Failure::new(FailureKind::Broken, "the provider's reply has no vectors")),
        }
    }
}

fn body(texts: &Texts) -> Result<Body<'_>, Unsupported> {
    if let Some((at, _)) = texts.inputs.get(INSTANCES_MAX) {
        return Err(at.refuse("is one too many: this provider takes 250 texts a call"));
    }
    let instances = texts.plain()?.into_iter().map(|content| Instance { content }).collect();
    // A text that is too long is an error to the caller's API and would be cut in silence here.
    let parameters = Parameters { auto_truncate: false, output_dimensionality: texts.dimensions };
    Ok(Body { instances, parameters })
}

/// The vectors; usage is known when every text's is.
fn vectors(predictions: Vec<Prediction>) -> Vectors {
    let counts =
        predictions.iter().map(|prediction| prediction.embeddings.statistics.token_count.0);
    let input = counts.sum::<Option<u64>>();
    let usage = Usage { input, ..Usage::default() };
    let vectors = predictions.into_iter().map(|prediction| prediction.embeddings.values).collect();
    Vectors { vectors, usage }
}

#[derive(Serialize)]
struct Body<'t> {
    instances: Vec<Instance<'t>>,
    parameters: Parameters,
}

#[derive(Serialize)]
struct Instance<'t> {
    content: &'t str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    auto_truncate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<u64>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    predictions: Option<Vec<Prediction>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Prediction {
    embeddings: Embedding,
}

#[derive(Deserialize)]
struct Embedding {
    values: Vec<f32>,
    #[serde(default)]
    statistics: Statistics,
}

#[derive(Deserialize, Default)]
struct Statistics {
    #[serde(default)]
    token_count: Count,
}
