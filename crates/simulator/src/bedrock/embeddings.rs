//! Embeddings through `InvokeModel`: each family of models has a format of its own.

use serde_json::{Value, json};

use super::invalid;
use crate::embedding::{floats, tokens, vector};
use crate::vendor::{Complaint, Facts};
use crate::wire::{Embedded, Embedder, Heard};

const TOKEN_HEADER: Option<&str> = Some("x-amzn-bedrock-input-token-count");

const COHERE_TEXTS_MAX: usize = 96;

/// Amazon Titan: one text per call.
#[derive(Debug)]
pub(super) struct Titan;

/// Cohere: up to 96 texts, and what they are for.
#[derive(Debug)]
pub(super) struct Cohere;

/// Amazon Nova: a task with its parameters.
#[derive(Debug)]
pub(super) struct Nova;

fn malformed(what: &str) -> Complaint {
    invalid(format!("Malformed input request: {what}, please reformat your input and try again."))
}

fn check_known(body: &Value, known: &[&str]) -> Result<(), Complaint> {
    let names = body.as_object().into_iter().flat_map(serde_json::Map::keys);
    let unknown = names.into_iter().find(|name| !known.contains(&name.as_str()));
    unknown.map_or(Ok(()), |name| {
        Err(malformed(&format!("#: extraneous key [{name}] is not permitted")))
    })
}

fn required(name: &str) -> Complaint {
    malformed(&format!("#: required key [{name}] not found"))
}

fn model(heard: &Heard<'_>) -> String {
    heard.path.model.clone().unwrap_or_default()
}

/// One of the sizes that the model has.
fn dimensions(asked: Option<&Value>, sizes: &[u64], usual: usize) -> Result<usize, Complaint> {
    let Some(asked) = asked.filter(|asked| !asked.is_null()) else { return Ok(usual) };
    let fits = asked.as_u64().filter(|asked| sizes.contains(asked));
    fits.and_then(|asked| usize::try_from(asked).ok()).ok_or_else(|| {
        malformed(&format!("{asked} is not a valid dimension, use one of {sizes:?}"))
    })
}

impl Embedder for Titan {
    fn name(&self) -> &'static str {
        "bedrock.invoke.titan"
    }

    fn embed(&self, _: &mut Facts<'_>, heard: &Heard<'_>) -> Result<Embedded, Complaint> {
        let (model, body) = (model(heard), heard.body);
        let old = model.contains("text-v1");
        let known: &[&str] = if old {
            &["inputText"]
        } else {
            &["inputText", "dimensions", "normalize", "embeddingTypes"]
        };
        check_known(body, known)?;
        let text = body.get("inputText").and_then(Value::as_str);
        let text = text.ok_or_else(|| required("inputText"))?;
        if text.is_empty() {
            return Err(malformed("expected minLength: 1, actual: 0"));
        }
        let usual = if old { 1536 } else { 1024 };
        let size = dimensions(body.get("dimensions"), &[256, 512, 1024], usual)?;
        let (vector, tokens) = (floats(&vector(text, size)), tokens(text));
        let mut body = json!({"embedding": vector, "inputTextTokenCount": tokens});
        if let (false, Some(body)) = (old, body.as_object_mut()) {
            body.insert("embeddingsByType".to_owned(), json!({ "float": vector }));
        }
        Ok(Embedded { model, tokens, body, token_header: TOKEN_HEADER })
    }
}

impl Embedder for Cohere {
    fn name(&self) -> &'static str {
        "bedrock.invoke.cohere"
    }

    fn embed(&self, facts: &mut Facts<'_>, heard: &Heard<'_>) -> Result<Embedded, Complaint> {
        let (model, body) = (model(heard), heard.body);
        let known = [
            "texts",
            "input_type",
            "truncate",
            "embedding_types",
            "images",
            "inputs",
            "output_dimension",
            "max_tokens",
        ];
        check_known(body, &known)?;
        let texts = body.get("texts").and_then(Value::as_array).ok_or_else(|| required("texts"))?;
        let texts: Option<Vec<&str>> = texts.iter().map(Value::as_str).collect();
        let texts = texts.ok_or_else(|| malformed("#/texts: expected type: String"))?;
        if texts.is_empty() || texts.len() > COHERE_TEXTS_MAX {
            return Err(malformed(&format!("#/texts: expected 1 to {COHERE_TEXTS_MAX} items")));
        }
        match body.get("input_type").and_then(Value::as_str) {
            None => return Err(required("input_type")),
            Some(
                "search_document" | "search_query" | "classification" | "clustering" | "image",
            ) => {}
            Some(other) => {
                return Err(malformed(&format!("#/input_type: {other} is not a valid enum value")));
            }
        }
        let newer = model.contains("v4");
        let usual = if newer { 1536 } else { 1024 };
        if !newer && body.get("output_dimension").is_some() {
            return Err(malformed("#: extraneous key [output_dimension] is not permitted"));
        }
        let size = dimensions(body.get("output_dimension"), &[256, 512, 1024, 1536], usual)?;
        let vectors: Vec<Value> = texts.iter().map(|text| floats(&vector(text, size))).collect();
        let tokens = texts.iter().map(|text| tokens(text)).sum();
        let (kind, vectors) = if body.get("embedding_types").is_some() {
            ("embeddings_by_type", json!({ "float": vectors }))
        } else {
            ("embeddings_floats", json!(vectors))
        };
        let body = json!({"id": facts.random.uuid(), "texts": texts, "response_type": kind,
            "embeddings": vectors});
        Ok(Embedded { model, tokens, body, token_header: TOKEN_HEADER })
    }
}

impl Embedder for Nova {
    fn name(&self) -> &'static str {
        "bedrock.invoke.nova"
    }

    fn embed(&self, _: &mut Facts<'_>, heard: &Heard<'_>) -> Result<Embedded, Complaint> {
        let (model, body) = (model(heard), heard.body);
        check_known(body, &["schemaVersion", "taskType", "singleEmbeddingParams"])?;
        if body.get("taskType").and_then(Value::as_str) != Some("SINGLE_EMBEDDING") {
            return Err(malformed("#/taskType: only SINGLE_EMBEDDING can be invoked"));
        }
        let parameters =
            body.get("singleEmbeddingParams").ok_or_else(|| required("singleEmbeddingParams"))?;
        if parameters.get("embeddingPurpose").and_then(Value::as_str).is_none() {
            return Err(required("embeddingPurpose"));
        }
        let text = parameters.pointer("/text/value").and_then(Value::as_str);
        let text = text.ok_or_else(|| required("text"))?;
        if parameters.pointer("/text/truncationMode").and_then(Value::as_str).is_none() {
            return Err(required("truncationMode"));
        }
        let asked = parameters.get("embeddingDimension");
        let size = dimensions(asked, &[256, 384, 1024, 3072], 3072)?;
        let vector = floats(&vector(text, size));
        let body = json!({"embeddings": [{"embeddingType": "TEXT", "embedding": vector}]});
        Ok(Embedded { model, tokens: tokens(text), body, token_header: TOKEN_HEADER })
    }
}
