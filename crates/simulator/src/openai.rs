//! Chat Completions, Responses, Embeddings and Models, in the words of OpenAI.

mod chat;
mod embeddings;
mod responses;

pub(crate) use chat::Chat;
pub(crate) use embeddings::Embeddings;
pub(crate) use responses::Responses;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::access::Visitor;
use crate::vendor::{
    Complaint, Facts, InPath, Line, Manners, Operation, bearer, ceil_seconds, put, put_number,
    type_name,
};

pub(crate) const INVALID: &str = "invalid_request_error";

/// Who serves the formats of OpenAI; Azure adds its content filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum House {
    OpenAi,
    Azure,
}

impl House {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Azure => "azure",
        }
    }
}

#[derive(Debug)]
pub(crate) struct OpenAi;

impl Manners for OpenAi {
    fn operation(&self, line: &Line<'_>) -> Operation {
        let path = InPath::default();
        match line.path {
            "/v1/chat/completions" => line.posts(Operation::Complete(&Chat(House::OpenAi), path)),
            "/v1/responses" => line.posts(Operation::Complete(&Responses(House::OpenAi), path)),
            "/v1/embeddings" => line.posts(Operation::Embed(&Embeddings(House::OpenAi), path)),
            _ => line.models("/v1/models"),
        }
    }

    fn check_caller(&self, visitor: &Visitor<'_>) -> Result<(), Complaint> {
        match bearer(visitor.headers) {
            Some(presented) if visitor.is_key(presented) => Ok(()),
            Some(_) => Err(self.status(401)),
            None => Err(Complaint::new(
                401,
                INVALID,
                "You didn't provide an API key. You need to provide your API key in an \
                 Authorization \
                 header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            )),
        }
    }

    fn models(&self, facts: &Facts<'_>) -> Value {
        let models: Vec<Value> =
            facts.endpoint.models.iter().map(|id| self.model(facts, id)).collect();
        json!({"object": "list", "data": models})
    }

    fn model(&self, _: &Facts<'_>, id: &str) -> Value {
        json!({"id": id, "object": "model", "created": 1_767_225_600, "owned_by": "simulator"})
    }

    fn error_body(&self, _: &Facts<'_>, complaint: &Complaint) -> Value {
        error_body(complaint)
    }

    fn not_json(&self) -> Complaint {
        Complaint::new(
            400,
            INVALID,
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't \
             using your HTTP library correctly. The OpenAI API expects a JSON payload.)",
        )
    }

    fn too_large(&self) -> Complaint {
        Complaint::new(413, INVALID, "Request body too large.").code("request_too_large")
    }

    fn no_such_model(&self, facts: &Facts<'_>, model: &str) -> Complaint {
        if facts.path.ends_with("/responses") {
            // The newer API says 400 where the older one says 404.
            let message = format!("The requested model '{model}' does not exist.");
            return Complaint::new(400, INVALID, message).code("model_not_found").param("model");
        }
        no_such_model(model)
    }

    fn no_such_path(&self, line: &Line<'_>) -> Complaint {
        Complaint::new(404, INVALID, format!("Invalid URL ({} {})", line.method, line.path))
    }

    fn wrong_method(&self, line: &Line<'_>) -> Complaint {
        let message = format!("Not allowed to {} on {}.", line.method, line.path);
        Complaint::new(405, INVALID, message).code("method_not_supported")
    }

    fn status(&self, code: u16) -> Complaint {
        status(code)
    }

    fn out_of_quota(&self) -> Complaint {
        out_of_quota()
    }

    fn headers(&self, facts: &Facts<'_>, headers: &mut HeaderMap) {
        let room = &facts.room;
        let reset = format!("{}s", room.reset_seconds);
        put(headers, "x-request-id", &facts.request_id);
        put(headers, "openai-version", "2020-10-01");
        put_number(headers, "x-ratelimit-limit-requests", room.requests_limit);
        put_number(headers, "x-ratelimit-limit-tokens", room.tokens_limit);
        put_number(headers, "x-ratelimit-remaining-requests", room.requests_left);
        put_number(headers, "x-ratelimit-remaining-tokens", room.tokens_left);
        put(headers, "x-ratelimit-reset-requests", &reset);
        put(headers, "x-ratelimit-reset-tokens", &reset);
    }

    fn retry_after(&self, seconds: f64, headers: &mut HeaderMap) {
        put(headers, "retry-after", &ceil_seconds(seconds));
        put(headers, "retry-after-ms", &ceil_seconds(seconds * 1000.0));
    }
}

pub(crate) fn error_body(complaint: &Complaint) -> Value {
    json!({"error": {
        "message": complaint.message, "type": complaint.kind,
        "param": complaint.param, "code": complaint.code,
    }})
}

fn no_such_model(model: &str) -> Complaint {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    Complaint::new(404, INVALID, message).code("model_not_found")
}

/// The usual words of a status.
pub(crate) fn status(code: u16) -> Complaint {
    let new = |kind, message: &str| Complaint::new(code, kind, message);
    match code {
        400 => new(INVALID, "Invalid request."),
        401 => new(INVALID, "Incorrect API key provided.").code("invalid_api_key"),
        403 => new(INVALID, "Country, region, or territory not supported.")
            .code("unsupported_country_region_territory"),
        404 => no_such_model("simulated"),
        429 => {
            new("requests", "Rate limit reached for requests per min (RPM). Please retry later.")
                .code("rate_limit_exceeded")
        }
        503 | 529 => new(
            "service_unavailable_error",
            "The server is currently overloaded with other requests. Sorry about that! You can \
             retry your request, or contact us if the error persists.",
        ),
        500..=599 => new(
            "server_error",
            "The server had an error while processing your request. Sorry about that!",
        ),
        _ => new(INVALID, "The request was refused."),
    }
}

pub(crate) fn out_of_quota() -> Complaint {
    Complaint::new(
        429,
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    )
    .code("insufficient_quota")
}

fn invalid(param: &str, message: impl Into<String>) -> Complaint {
    Complaint::new(400, INVALID, message).param(param)
}

fn wrong_type(param: &str, expected: &str, found: &Value) -> Complaint {
    let found = type_name(found);
    invalid(
        param,
        format!("Invalid type for '{param}': expected {expected}, but got {found} instead."),
    )
    .code("invalid_type")
}

fn missing(param: &str) -> Complaint {
    invalid(param, format!("Missing required parameter: '{param}'."))
        .code("missing_required_parameter")
}

fn present<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

/// The model, from the path where the vendor has it there.
fn model(path: &InPath, body: &Value) -> Result<String, Complaint> {
    if let Some(model) = &path.model {
        return Ok(model.clone());
    }
    match present(body, "model") {
        Some(Value::String(model)) if !model.is_empty() => Ok(model.clone()),
        None | Some(Value::String(_)) => {
            Err(Complaint::new(400, INVALID, "you must provide a model parameter"))
        }
        Some(other) => Err(wrong_type("model", "a string", other)),
    }
}

fn flag(body: &Value, name: &str) -> Result<Option<bool>, Complaint> {
    match present(body, name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => Err(wrong_type(name, "a boolean", other)),
    }
}

fn check_ranges(body: &Value, ranges: &[(&str, f64, f64)]) -> Result<(), Complaint> {
    for (name, least, most) in ranges {
        let Some(value) = present(body, name) else { continue };
        let number = value.as_f64().ok_or_else(|| wrong_type(name, "a decimal", value))?;
        if !(*least..=*most).contains(&number) {
            let (bound, code) = if number > *most {
                ("maximum", "decimal_above_max_value")
            } else {
                ("minimum", "decimal_below_min_value")
            };
            let text = format!("Invalid '{name}': {bound} value exceeded: {least} to {most}.");
            return Err(invalid(name, text).code(code));
        }
    }
    Ok(())
}

fn check_tool_name(param: &str, name: &str) -> Result<(), Complaint> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(plain) {
        return Ok(());
    }
    let text = format!(
        "Invalid '{param}': string does not match pattern. Expected a string that matches the \
         pattern '^[a-zA-Z0-9_-]+$'."
    );
    Err(invalid(param, text).code("invalid_value"))
}

/// Below this many prompt tokens nothing is cached; above, whole steps of 128 are.
const CACHE_FROM_TOKENS: u64 = 1024;

fn cached(prompt_tokens: u64) -> u64 {
    if prompt_tokens < CACHE_FROM_TOKENS { 0 } else { prompt_tokens / 128 * 128 }
}
