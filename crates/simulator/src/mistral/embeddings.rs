//! Mistral's embeddings: floats or base64, with a dimension of its own name.

use serde_json::{Value, json};

use super::{check_known, missing, mistyped, model, present, unprocessable, wrong};
use crate::embedding::{floats, packed, tokens, vector};
use crate::vendor::{Complaint, Facts};
use crate::wire::{Embedded, Embedder, Heard};

const KNOWN: [&str; 6] =
    ["encoding_format", "input", "metadata", "model", "output_dimension", "output_dtype"];

const DIMENSIONS: usize = 1024;
const DIMENSIONS_MAX: u64 = 3072;

#[derive(Debug)]
pub(crate) struct Embeddings;

impl Embedder for Embeddings {
    fn name(&self) -> &'static str {
        "mistral.embeddings"
    }

    fn embed(&self, facts: &mut Facts<'_>, heard: &Heard<'_>) -> Result<Embedded, Complaint> {
        let body = heard.body;
        check_known(body, &KNOWN)?;
        let model = model(body)?;
        let texts = texts(body)?;
        let dimensions = dimensions(body)?;
        let base64 = present(body, "encoding_format").and_then(Value::as_str) == Some("base64");
        let write = if base64 { packed } else { floats };
        let vectors = texts.iter().enumerate().map(|(index, text)| {
            let vector = write(&vector(text, dimensions));
            json!({"object": "embedding", "embedding": vector, "index": index})
        });
        let data: Vec<Value> = vectors.collect();
        let tokens = texts.iter().map(|text| tokens(text)).sum();
        let body = json!({
            "id": facts.random.id("", 32).to_ascii_lowercase(), "object": "list", "data": data,
            "model": model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0},
        });
        Ok(Embedded { model, tokens, body, token_header: None })
    }
}

fn texts(body: &Value) -> Result<Vec<&str>, Complaint> {
    let at = json!("input");
    match present(body, "input") {
        None => Err(missing(&[at], body)),
        Some(Value::String(text)) => Ok(vec![text]),
        Some(Value::Array(all)) => {
            let text = |(place, one): (usize, &'_ Value)| {
                mistyped(&[json!("input"), json!(place)], "string", one)
            };
            all.iter()
                .enumerate()
                .map(|(place, one)| one.as_str().ok_or_else(|| text((place, one))))
                .collect()
        }
        Some(other) => Err(mistyped(&[at], "string", other)),
    }
}

fn dimensions(body: &Value) -> Result<usize, Complaint> {
    let Some(asked) = present(body, "output_dimension") else { return Ok(DIMENSIONS) };
    let fits = asked.as_u64().filter(|asked| (1..=DIMENSIONS_MAX).contains(asked));
    fits.and_then(|asked| usize::try_from(asked).ok()).ok_or_else(|| {
        let text = format!("Input should be from 1 to {DIMENSIONS_MAX}");
        unprocessable(&[wrong("range", &[json!("output_dimension")], &text, asked)])
    })
}
