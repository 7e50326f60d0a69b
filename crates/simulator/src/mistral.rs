//! Mistral: chat, embeddings and models, with its strict reading and its own words.

mod chat;
mod embeddings;
mod read;
mod write;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::access::Visitor;
use crate::vendor::{Complaint, Facts, InPath, Line, Manners, Operation, bearer, put, put_number};

use chat::Chat;
use embeddings::Embeddings;

const INVALID: &str = "invalid_request_error";

#[derive(Debug)]
pub(crate) struct Mistral;

impl Manners for Mistral {
    fn operation(&self, line: &Line<'_>) -> Operation {
        let path = InPath::default();
        match line.path {
            "/v1/chat/completions" => line.posts(Operation::Complete(&Chat, path)),
            "/v1/embeddings" => line.posts(Operation::Embed(&Embeddings, path)),
            _ => line.models("/v1/models"),
        }
    }

    fn check_caller(&self, visitor: &Visitor<'_>) -> Result<(), Complaint> {
        match bearer(visitor.headers) {
            Some(presented) if visitor.is_key(presented) => Ok(()),
            Some(_) | None => Err(self.status(401)),
        }
    }

    fn models(&self, facts: &Facts<'_>) -> Value {
        let models: Vec<Value> =
            facts.endpoint.models.iter().map(|id| self.model(facts, id)).collect();
        json!({"object": "list", "data": models})
    }

    fn model(&self, _: &Facts<'_>, id: &str) -> Value {
        json!({"id": id, "object": "model", "created": 1_767_225_600, "owned_by": "mistralai",
            "name": id, "description": id, "max_context_length": 131_072, "aliases": [],
            "type": "base",
            "capabilities": {"completion_chat": true, "completion_fim": false,
                "function_calling": true, "fine_tuning": false, "vision": true}})
    }

    fn error_body(&self, _: &Facts<'_>, complaint: &Complaint) -> Value {
        json!({"object": "error", "message": complaint.message, "type": complaint.kind,
            "param": complaint.param, "code": complaint.code, "raw_status_code": complaint.status})
    }

    fn not_json(&self) -> Complaint {
        unprocessable(&[json!({"type": "json_invalid", "loc": ["body", 0],
            "msg": "JSON decode error", "input": {}, "ctx": {"error": "Expecting value"}})])
    }

    fn too_large(&self) -> Complaint {
        Complaint::new(413, INVALID, "Request body too large")
    }

    fn no_such_model(&self, _: &Facts<'_>, model: &str) -> Complaint {
        Complaint::new(400, "invalid_model", format!("Invalid model: {model}")).code("1500")
    }

    fn no_such_path(&self, _: &Line<'_>) -> Complaint {
        let message = "no Route matched with those values";
        Complaint::new(404, INVALID, message).body(json!({ "message": message }))
    }

    fn wrong_method(&self, _: &Line<'_>) -> Complaint {
        let message = "Method Not Allowed";
        Complaint::new(405, INVALID, message).body(json!({ "detail": message }))
    }

    /// The gateway in front says less than the service behind it.
    fn status(&self, code: u16) -> Complaint {
        let new = |kind, message: &str| Complaint::new(code, kind, message);
        match code {
            401 => new(INVALID, "Unauthorized").body(json!({"detail": "Unauthorized"})),
            403 => new(INVALID, "You are not authorized to use this model.").code("1503"),
            404 => new(INVALID, "Not Found").body(json!({"detail": "Not Found"})),
            429 => new("rate_limited", "Rate limit exceeded").code("1300"),
            503 | 529 => new("service_tier_capacity_exceeded", "Service tier capacity exceeded.")
                .code("3505"),
            500..=599 => new("internal_server_error", "Internal server error").code("3000"),
            _ => new("invalid_request_error", "Invalid request").code("1000"),
        }
    }

    fn out_of_quota(&self) -> Complaint {
        Complaint::new(429, "insufficient_quota", "Monthly spending limit reached").code("1301")
    }

    fn headers(&self, facts: &Facts<'_>, headers: &mut HeaderMap) {
        let room = &facts.room;
        put(headers, "mistral-correlation-id", &facts.request_id);
        put(headers, "x-kong-request-id", &facts.request_id);
        put_number(headers, "x-ratelimit-limit-tokens-minute", room.tokens_limit);
        put_number(headers, "x-ratelimit-remaining-tokens-minute", room.tokens_left);
        put_number(headers, "x-ratelimit-limit-req-10-second", room.requests_limit / 6);
        put_number(headers, "x-ratelimit-remaining-req-10-second", room.requests_left / 6);
    }
}

/// 422, with one entry for each thing that is wrong.
fn unprocessable(details: &[Value]) -> Complaint {
    let body = json!({"object": "error", "message": {"detail": details}, "type": INVALID,
        "param": null, "code": null, "raw_status_code": 422});
    Complaint::new(422, INVALID, "Unprocessable").body(body)
}

fn wrong(kind: &str, place: &[Value], message: &str, input: &Value) -> Value {
    let place: Vec<Value> = std::iter::once(json!("body")).chain(place.iter().cloned()).collect();
    json!({"type": kind, "loc": place, "msg": message, "input": input})
}

/// Fields that the format does not have.
fn check_known(body: &Value, known: &[&str]) -> Result<(), Complaint> {
    let fields = body.as_object().into_iter().flatten();
    let extra: Vec<Value> = fields
        .filter(|(name, _)| !known.contains(&name.as_str()))
        .map(|(name, value)| {
            wrong("extra_forbidden", &[json!(name)], "Extra inputs are not permitted", value)
        })
        .collect();
    if extra.is_empty() { Ok(()) } else { Err(unprocessable(&extra)) }
}

fn missing(place: &[Value], body: &Value) -> Complaint {
    unprocessable(&[wrong("missing", place, "Field required", body)])
}

fn mistyped(place: &[Value], expected: &str, found: &Value) -> Complaint {
    let message = format!("Input should be a valid {expected}");
    unprocessable(&[wrong(&format!("{expected}_type"), place, &message, found)])
}

fn present<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

fn model(body: &Value) -> Result<String, Complaint> {
    match present(body, "model") {
        None => Err(missing(&[json!("model")], body)),
        Some(Value::String(model)) => Ok(model.clone()),
        Some(other) => Err(mistyped(&[json!("model")], "string", other)),
    }
}
