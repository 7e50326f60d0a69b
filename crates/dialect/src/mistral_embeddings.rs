//! Mistral embeddings: OpenAI's path and vectors, other words around them.
//!
//! Callers find an `id` and three figures of usage in each answer; its SDK insists on them, so
//! OpenAI's own body does not do for them.

use bytes::Bytes;
use serde::Serialize;
use vocab::{Failure, Usage};

use crate::{
    Caller, ParseError, Target, Unsupported, UpstreamDialect,
    client::{Client, EmbedClient},
    embedding::{Texts, Vectors},
    events::Label,
    fields::Fields,
    openai_embeddings::{parse, peek, read, write},
    scan::Peek,
    text,
    upstream::{EmbedUpstream, Emitted},
};

const SELF: UpstreamDialect = UpstreamDialect::MistralEmbeddings;
/// The field that chooses the size of the vectors.
const SIZE: &str = "output_dimension";

/// The dialect, on both sides.
pub(crate) struct Embeddings;

impl Client for Embeddings {
    fn peek(&self, _caller: &Caller<'_>, body: &[u8]) -> Result<Peek, ParseError> {
        peek::peek(body, SIZE)
    }
}

impl EmbedClient for Embeddings {
    fn parse(&self, body: &[u8]) -> Result<Texts, Unsupported> {
        let mut body = Fields::body(body)?;
        let mut texts = Texts::default();
        body.take("model");
        body.forgo(&["metadata"], &mut texts.dropped);
        texts.dimensions = parse::size(&mut body, SIZE)?;
        if let Some(field) = body.take("output_dtype")
            && field.text()? != "float"
        {
            return Err(
                field.refuse("asks for numbers other than `float`, which cannot be carried")
            );
        }
        texts.base64 = parse::is_packed(&mut body)?;
        let input = body.require("input")?;
        body.finish()?;
        texts.inputs = parse::inputs(&input)?;
        Ok(texts)
    }

    fn write(&self, texts: &Texts, vectors: &Vectors, label: &Label) -> Vec<u8> {
        let tokens = write::told(vectors);
        text::json(&Answer {
            id: label.hex(),
            object: "list",
            data: write::items(texts, vectors),
            model: &label.model,
            usage: Shown { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens },
        })
    }
}

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

#[derive(Serialize)]
struct Answer<'r> {
    id: String,
    object: &'static str,
    data: Vec<write::Item<'r>>,
    model: &'r str,
    usage: Shown,
}

#[derive(Serialize)]
struct Shown {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}
