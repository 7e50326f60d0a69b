//! Google's embeddings: `predict` for batches on Vertex, `embedContent` for one text, and
//! `batchEmbedContents` of the Gemini API.

use serde_json::{Value, json};

use super::invalid;
use super::read::{check_known, field};
use crate::ask::text_of;
use crate::embedding::{floats, tokens, vector};
use crate::vendor::{Complaint, Facts};
use crate::wire::{Embedded, Embedder, Heard};

const DIMENSIONS_MAX: u64 = 3072;

#[derive(Debug)]
pub(super) struct Predict;

#[derive(Debug)]
pub(super) struct Embed;

#[derive(Debug)]
pub(super) struct Batch;

fn model(heard: &Heard<'_>) -> String {
    heard.path.model.clone().unwrap_or_default()
}

fn dimensions(model: &str, asked: Option<&Value>) -> Result<usize, Complaint> {
    let usual = if model.contains("gemini") { 3072 } else { 768 };
    let Some(asked) = asked else { return Ok(usual) };
    let fits = asked.as_u64().filter(|asked| (1..=DIMENSIONS_MAX).contains(asked));
    fits.and_then(|asked| usize::try_from(asked).ok())
        .ok_or_else(|| invalid(format!("output_dimensionality {asked} is out of range.")))
}

fn embedded(model: String, tokens: u64, body: Value) -> Embedded {
    Embedded { model, tokens, body, token_header: None }
}

/// The text of `content`, which must not be empty.
fn content(request: &Value) -> Result<String, Complaint> {
    let text = text_of(request.pointer("/content/parts").unwrap_or(&Value::Null));
    if text.is_empty() {
        Err(invalid("content is required and must not be empty."))
    } else {
        Ok(text)
    }
}

impl Embedder for Predict {
    fn name(&self) -> &'static str {
        "vertex.predict"
    }

    fn embed(&self, _: &mut Facts<'_>, heard: &Heard<'_>) -> Result<Embedded, Complaint> {
        let (model, body) = (model(heard), heard.body);
        check_known("", body, &["instances", "parameters", "labels"])?;
        let instances = body.get("instances").and_then(Value::as_array);
        let instances = instances.filter(|all| (1..=250).contains(&all.len()));
        let instances = instances.ok_or_else(|| invalid("1 to 250 instances are allowed."))?;
        let parameters = body.get("parameters").unwrap_or(&Value::Null);
        let size = dimensions(&model, field(parameters, "outputDimensionality"))?;
        let mut all = Vec::with_capacity(instances.len());
        let (mut spent, mut characters) = (0, 0);
        for instance in instances {
            let text = instance.get("content").and_then(Value::as_str);
            let text = text.filter(|text| !text.is_empty());
            let text = text.ok_or_else(|| invalid("The text content is empty."))?;
            spent += tokens(text);
            characters += text.chars().filter(|c| !c.is_whitespace()).count();
            all.push(json!({"embeddings": {"values": floats(&vector(text, size)),
                "statistics": {"token_count": tokens(text), "truncated": false}}}));
        }
        let body = json!({"predictions": all, "metadata": {"billableCharacterCount": characters}});
        Ok(embedded(model, spent, body))
    }
}

impl Embedder for Embed {
    fn name(&self) -> &'static str {
        "vertex.embed"
    }

    fn embed(&self, _: &mut Facts<'_>, heard: &Heard<'_>) -> Result<Embedded, Complaint> {
        let (model, body) = (model(heard), heard.body);
        let known = [
            "content",
            "taskType",
            "title",
            "outputDimensionality",
            "autoTruncate",
            "model",
            "embedContentConfig",
        ];
        check_known("", body, &known)?;
        let text = content(body)?;
        let config = field(body, "embedContentConfig").unwrap_or(body);
        let size = dimensions(&model, field(config, "outputDimensionality"))?;
        let spent = tokens(&text);
        let body = json!({"embedding": {"values": floats(&vector(&text, size))},
            "truncated": false, "usageMetadata": {"promptTokenCount": spent}});
        Ok(embedded(model, spent, body))
    }
}

impl Embedder for Batch {
    fn name(&self) -> &'static str {
        "gemini.embed"
    }

    fn embed(&self, _: &mut Facts<'_>, heard: &Heard<'_>) -> Result<Embedded, Complaint> {
        let (model, body) = (model(heard), heard.body);
        check_known("", body, &["requests"])?;
        let requests = body.get("requests").and_then(Value::as_array);
        let requests = requests.ok_or_else(|| invalid("at least one request is required."))?;
        let mut all = Vec::with_capacity(requests.len());
        let mut spent = 0;
        for request in requests {
            let text = content(request)?;
            let config = field(request, "embedContentConfig").unwrap_or(request);
            let size = dimensions(&model, field(config, "outputDimensionality"))?;
            spent += tokens(&text);
            all.push(json!({"values": floats(&vector(&text, size))}));
        }
        Ok(embedded(model, spent, json!({ "embeddings": all })))
    }
}
