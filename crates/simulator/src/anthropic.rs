//! Messages, `count_tokens` and Models, in the words of Anthropic.

pub(crate) mod generation;
mod messages;
mod read;
mod rules;
mod thinking;
mod turns;
mod write;

pub(crate) use messages::{Host, Messages};

use http::HeaderMap;
use serde_json::{Value, json};

use crate::access::Visitor;
use crate::clock::WallTime;
use crate::config::EndpointSpec;
use crate::vendor::{
    Complaint, Facts, InPath, Line, Manners, Operation, bearer, put, put_number, text,
};

const INVALID: &str = "invalid_request_error";

#[derive(Debug)]
pub(crate) struct Anthropic;

impl Manners for Anthropic {
    fn operation(&self, line: &Line<'_>) -> Operation {
        let path = InPath::default();
        match line.path {
            "/v1/messages" => line.posts(Operation::Complete(&Messages(Host::Own), path)),
            "/v1/messages/count_tokens" => line.posts(Operation::Count(&Messages(Host::Own), path)),
            _ => line.models("/v1/models"),
        }
    }

    fn check_head(
        &self,
        _: &EndpointSpec,
        _: &Line<'_>,
        headers: &HeaderMap,
    ) -> Result<(), Complaint> {
        let version = headers.get("anthropic-version").map(|value| value.to_str().unwrap_or(""));
        match version {
            None => Err(invalid("anthropic-version: header is required")),
            Some(version) if rules::is_date(version) => Ok(()),
            Some(version) => {
                Err(invalid(format!("anthropic-version: \"{version}\" is not a valid version")))
            }
        }
    }

    fn check_caller(&self, visitor: &Visitor<'_>) -> Result<(), Complaint> {
        // Where both are present, `x-api-key` counts.
        let api_key = text(visitor.headers, "x-api-key");
        match (api_key, bearer(visitor.headers)) {
            (Some(presented), _) | (None, Some(presented)) if visitor.is_key(presented) => Ok(()),
            (Some(_), _) => Err(self.status(401)),
            (None, Some(_)) => {
                Err(Complaint::new(401, "authentication_error", "invalid bearer token"))
            }
            (None, None) => {
                Err(Complaint::new(401, "authentication_error", "x-api-key header is required"))
            }
        }
    }

    fn models(&self, facts: &Facts<'_>) -> Value {
        let ids = &facts.endpoint.models;
        let models: Vec<Value> = ids.iter().map(|id| self.model(facts, id)).collect();
        json!({"data": models, "has_more": false, "first_id": ids.first(), "last_id": ids.last()})
    }

    fn model(&self, _: &Facts<'_>, id: &str) -> Value {
        json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z"})
    }

    fn error_body(&self, facts: &Facts<'_>, complaint: &Complaint) -> Value {
        error_body(complaint, &facts.request_id)
    }

    /// What may be tried again says so.
    fn error_headers(&self, complaint: &Complaint, headers: &mut HeaderMap) {
        if complaint.status >= 500 {
            put(headers, "x-should-retry", "true");
        }
    }

    fn not_json(&self) -> Complaint {
        invalid("The request body is not valid JSON: expected value at line 1 column 1")
    }

    fn too_large(&self) -> Complaint {
        Complaint::new(413, "request_too_large", "Request exceeds the maximum size")
    }

    fn no_such_model(&self, _: &Facts<'_>, model: &str) -> Complaint {
        Complaint::new(404, "not_found_error", format!("model: {model}"))
    }

    fn no_such_path(&self, _: &Line<'_>) -> Complaint {
        Complaint::new(404, "not_found_error", "Not Found")
    }

    fn wrong_method(&self, _: &Line<'_>) -> Complaint {
        Complaint::new(405, INVALID, "Method Not Allowed")
    }

    fn status(&self, code: u16) -> Complaint {
        let (kind, message) = match code {
            401 => ("authentication_error", "invalid x-api-key"),
            402 => ("billing_error", "There is an issue with your billing information."),
            403 => (
                "permission_error",
                "Your API key does not have permission to use the specified resource.",
            ),
            404 => ("not_found_error", "Not Found"),
            413 => ("request_too_large", "Request exceeds the maximum size"),
            429 => (
                "rate_limit_error",
                "This request would exceed your organization's rate limit of input tokens per \
                 minute.",
            ),
            504 => ("timeout_error", "Request timed out."),
            503 | 529 => ("overloaded_error", "Overloaded"),
            500..=599 => ("api_error", "Internal server error"),
            _ => (INVALID, "Invalid request."),
        };
        Complaint::new(code, kind, message)
    }

    fn out_of_quota(&self) -> Complaint {
        let message = "Your organization has reached its enforced monthly spend limit. Raise the \
                       limit or wait for the next month.";
        Complaint::new(429, "rate_limit_error", message).code("enforced_spend_limit_reached")
    }

    fn in_stream(&self) -> Complaint {
        self.status(529)
    }

    fn headers(&self, facts: &Facts<'_>, headers: &mut HeaderMap) {
        let room = &facts.room;
        let reset = WallTime((facts.now.seconds() + room.reset_seconds) * 1_000_000);
        let reset = reset.rfc3339_seconds();
        put(headers, "request-id", &facts.request_id);
        put(headers, "anthropic-organization-id", "00000000-0000-4000-8000-000000000001");
        put_number(headers, "anthropic-ratelimit-requests-limit", room.requests_limit);
        put_number(headers, "anthropic-ratelimit-requests-remaining", room.requests_left);
        put(headers, "anthropic-ratelimit-requests-reset", &reset);
        put_number(headers, "anthropic-ratelimit-tokens-limit", room.tokens_limit);
        put_number(headers, "anthropic-ratelimit-tokens-remaining", room.tokens_left);
        put(headers, "anthropic-ratelimit-tokens-reset", &reset);
    }
}

/// A code, where there is one, is a detail.
fn error_body(complaint: &Complaint, request_id: &str) -> Value {
    let mut error = json!({"type": complaint.kind, "message": complaint.message});
    if let (Some(code), Some(error)) = (complaint.code, error.as_object_mut()) {
        error.insert("details".to_owned(), json!({ "error_code": code }));
    }
    json!({"type": "error", "error": error, "request_id": request_id})
}

fn invalid(message: impl Into<String>) -> Complaint {
    Complaint::new(400, INVALID, message)
}
