//! Embeddings: texts or token ids, as floats or packed in base64.

use serde_json::{Value, json};

use super::{House, INVALID, invalid, missing, model, present, wrong_type};
use crate::embedding::{floats, packed, tokens, vector};
use crate::vendor::{Complaint, Facts};
use crate::wire::{Embedded, Embedder, Heard};

const BATCH_MAX: usize = 2048;

#[derive(Debug)]
pub(crate) struct Embeddings(pub(crate) House);

impl Embedder for Embeddings {
    fn name(&self) -> &'static str {
        match self.0 {
            House::OpenAi => "openai.embeddings",
            House::Azure => "azure.embeddings",
        }
    }

    fn embed(&self, _: &mut Facts<'_>, heard: &Heard<'_>) -> Result<Embedded, Complaint> {
        let body = heard.body;
        let model = model(heard.path, body)?;
        let texts = texts(body)?;
        let dimensions = dimensions(body, &model)?;
        let write = match present(body, "encoding_format").map(Value::as_str) {
            None | Some(Some("float")) => floats,
            Some(Some("base64")) => packed,
            Some(_) => {
                let text = "Invalid value for 'encoding_format'. Supported values: float, base64.";
                return Err(invalid("encoding_format", text));
            }
        };
        let vectors = texts.iter().enumerate().map(|(index, text)| {
            let vector = write(&vector(&text.words, dimensions));
            json!({"object": "embedding", "index": index, "embedding": vector})
        });
        let data: Vec<Value> = vectors.collect();
        let tokens = texts.iter().map(|text| text.tokens).sum();
        let body = json!({
            "object": "list", "data": data, "model": model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        });
        Ok(Embedded { model, tokens, body, token_header: None })
    }
}

struct Text {
    words: String,
    tokens: u64,
}

impl Text {
    fn words(text: &str) -> Result<Self, Complaint> {
        if text.is_empty() {
            let text = "Invalid 'input': input cannot be an empty string.";
            return Err(invalid("input", text));
        }
        Ok(Self { words: text.to_owned(), tokens: tokens(text) })
    }

    fn token_ids(ids: &[Value]) -> Result<Self, Complaint> {
        if ids.is_empty() || ids.iter().any(|id| id.as_u64().is_none()) {
            return Err(invalid("input", "Invalid 'input': expected non-empty token arrays."));
        }
        let words = Value::from(ids.to_vec()).to_string();
        Ok(Self { words, tokens: u64::try_from(ids.len()).unwrap_or(u64::MAX) })
    }
}

fn texts(body: &Value) -> Result<Vec<Text>, Complaint> {
    let all = match present(body, "input") {
        None => return Err(missing("input")),
        Some(Value::String(text)) => return Ok(vec![Text::words(text)?]),
        Some(Value::Array(all)) => all,
        Some(other) => return Err(wrong_type("input", "a string or an array", other)),
    };
    if all.is_empty() || all.len() > BATCH_MAX {
        let text = format!("Invalid 'input': expected an array of 1 to {BATCH_MAX} items.");
        return Err(invalid("input", text));
    }
    if all.iter().all(Value::is_number) {
        return Ok(vec![Text::token_ids(all)?]);
    }
    all.iter()
        .map(|one| match one {
            Value::String(text) => Text::words(text),
            Value::Array(ids) => Text::token_ids(ids),
            other => Err(wrong_type("input", "strings or arrays of integers", other)),
        })
        .collect()
}

fn dimensions(body: &Value, model: &str) -> Result<usize, Complaint> {
    let most = if model.contains("large") { 3072 } else { 1536 };
    let Some(asked) = present(body, "dimensions") else { return Ok(most) };
    if model.contains("ada") {
        let text = "This model does not support specifying dimensions.";
        return Err(Complaint::new(400, INVALID, text));
    }
    match asked.as_i64() {
        Some(few) if few < 1 => {
            let text = format!("{few} is less than the minimum of 1 - 'dimensions'");
            Err(Complaint::new(400, INVALID, text))
        }
        Some(asked) => {
            usize::try_from(asked).ok().filter(|asked| *asked <= most).ok_or_else(|| {
                let text =
                    format!("Invalid value for 'dimensions' = {asked}. Must be at most {most}.");
                Complaint::new(400, INVALID, text)
            })
        }
        None => Err(wrong_type("dimensions", "an integer", asked)),
    }
}
