//! Google: Gemini and Claude on Vertex AI, and the Gemini API.

mod embeddings;
mod framing;
mod gemini;
mod read;
mod write;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::access::{Cloud, Verdict, Visitor};
use crate::anthropic::{Host, Messages};
use crate::config::EndpointSpec;
use crate::form;
use crate::vendor::{Complaint, Facts, InPath, JSON, Line, Manners, Operation, bearer, put, text};

use embeddings::{Batch, Embed, Predict};
use framing::Framing;
use gemini::Gemini;

const INVALID: &str = "INVALID_ARGUMENT";

#[derive(Debug)]
pub(crate) struct Vertex;

/// Where a path leads: to a model of a publisher, by a project's location or without one.
struct Address<'a> {
    location: Option<&'a str>,
    publisher: &'a str,
    model: String,
    verb: &'a str,
}

impl<'a> Address<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix('/')?;
        let (version, rest) = rest.split_once('/')?;
        if !matches!(version, "v1" | "v1beta" | "v1beta1") {
            return None;
        }
        let (rest, verb) = rest.rsplit_once(':')?;
        let parts: Vec<&str> = rest.split('/').collect();
        let (location, publisher, model) = match parts.as_slice() {
            ["projects", _, "locations", location, "publishers", publisher, "models", model] => {
                (Some(*location), *publisher, *model)
            }
            ["publishers", publisher, "models", model] => (None, *publisher, *model),
            ["models", model] => (None, "google", *model),
            _ => return None,
        };
        Some(Self { location, publisher, model: form::decode(model), verb })
    }
}

impl Manners for Vertex {
    fn operation(&self, line: &Line<'_>) -> Operation {
        let Some(address) = Address::of(line.path) else {
            let list = if line.path.starts_with("/v1beta/") { "/v1beta" } else { "/v1" };
            return line.models(&format!("{list}/models"));
        };
        let path = InPath::model(address.model.as_str());
        let operation = match (address.publisher, address.verb) {
            ("anthropic", "rawPredict") if address.model == "count-tokens" => {
                Operation::Count(&Messages(Host::Vertex), InPath::default())
            }
            ("anthropic", "rawPredict") => {
                Operation::Complete(&Messages(Host::Vertex), path.streamed(false))
            }
            ("anthropic", "streamRawPredict") => {
                Operation::Complete(&Messages(Host::Vertex), path.streamed(true))
            }
            ("google", "generateContent") => {
                Operation::Complete(&Gemini(Framing::Events), path.streamed(false))
            }
            ("google", "streamGenerateContent") => {
                let wire: &'static Gemini = match Framing::of(line.query) {
                    Framing::Events => &Gemini(Framing::Events),
                    Framing::Array => &Gemini(Framing::Array),
                };
                Operation::Complete(wire, path.streamed(true))
            }
            ("google", "countTokens") => Operation::Count(&Gemini(Framing::Events), path),
            ("google", "predict") => Operation::Embed(&Predict, path),
            ("google", "embedContent") => Operation::Embed(&Embed, path),
            ("google", "batchEmbedContents") => Operation::Embed(&Batch, path),
            _ => return Operation::Unknown,
        };
        line.posts(operation)
    }

    /// The location in the path must be that of the host.
    fn check_head(
        &self,
        spec: &EndpointSpec,
        line: &Line<'_>,
        _: &HeaderMap,
    ) -> Result<(), Complaint> {
        let said = Address::of(line.path).and_then(|address| address.location);
        match (said, spec.location.as_deref()) {
            (Some(said), Some(own)) if said != own => Err(invalid(format!(
                "Location `{said}` in the resource name does not match the location `{own}` of \
                 this endpoint."
            ))),
            _ => Ok(()),
        }
    }

    fn check_caller(&self, visitor: &Visitor<'_>) -> Result<(), Complaint> {
        let in_project = visitor.full_path.contains("/projects/");
        let key = text(visitor.headers, "x-goog-api-key").map(str::to_owned);
        let key = key.or_else(|| form::field(visitor.query, "key"));
        match (bearer(visitor.headers), key) {
            (Some(token), _) => match visitor.token(token, Cloud::Google) {
                Verdict::Good => Ok(()),
                Verdict::Expired => Err(unauthenticated("ACCESS_TOKEN_EXPIRED")),
                Verdict::Unknown => Err(unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED")),
            },
            (None, Some(key)) if !in_project => {
                if visitor.is_key(&key) && !visitor.spec.issued_only {
                    return Ok(());
                }
                let reason = details("API_KEY_INVALID");
                Err(invalid("API key not valid. Please pass a valid API key.").body(error(
                    400,
                    "API key not valid. Please pass a valid API key.",
                    INVALID,
                    &reason,
                )))
            }
            (None, Some(_)) => Err(unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED")),
            (None, None) if in_project => Err(unauthenticated("CREDENTIALS_MISSING")),
            (None, None) => Err(Complaint::new(
                403,
                "PERMISSION_DENIED",
                "Method doesn't allow unregistered callers (callers without established \
                 identity). Please use API Key or other form of API consumer identity to call \
                 this API.",
            )),
        }
    }

    fn models(&self, facts: &Facts<'_>) -> Value {
        let models: Vec<Value> =
            facts.endpoint.models.iter().map(|id| self.model(facts, id)).collect();
        json!({ "models": models })
    }

    fn model(&self, _: &Facts<'_>, id: &str) -> Value {
        json!({"name": format!("models/{id}"), "version": "001", "displayName": id,
            "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens"]})
    }

    fn error_body(&self, _: &Facts<'_>, complaint: &Complaint) -> Value {
        error_body(complaint)
    }

    /// A stream without `alt=sse` is an array, and so is its failure.
    fn error_page(&self, facts: &Facts<'_>, complaint: &Complaint) -> (&'static str, Bytes) {
        let body = error_body(complaint);
        let streams = facts.path.ends_with(":streamGenerateContent");
        if streams && Framing::of(facts.query) == Framing::Array {
            return (JSON, json!([body]).to_string().into());
        }
        (JSON, body.to_string().into())
    }

    fn not_json(&self) -> Complaint {
        invalid("Invalid JSON payload received. Unexpected end of string.")
    }

    fn too_large(&self) -> Complaint {
        Complaint::new(413, INVALID, "Request payload size exceeds the limit.")
    }

    fn no_such_model(&self, facts: &Facts<'_>, model: &str) -> Complaint {
        let named = facts.path.split_once("/projects/").and_then(|(_, rest)| rest.split_once(':'));
        let message = match named {
            Some((name, _)) => format!("Publisher Model `projects/{name}` not found."),
            None => format!(
                "models/{model} is not found for API version v1beta, or is not supported for \
                 generateContent. Call ListModels to see the list of available models and their \
                 supported methods."
            ),
        };
        Complaint::new(404, "NOT_FOUND", message)
    }

    fn no_such_path(&self, line: &Line<'_>) -> Complaint {
        let text = format!("The requested URL {} was not found on this server.", line.path);
        Complaint::new(404, "NOT_FOUND", text)
    }

    fn wrong_method(&self, line: &Line<'_>) -> Complaint {
        Complaint { status: 405, ..self.no_such_path(line) }
    }

    fn status(&self, code: u16) -> Complaint {
        let new = |kind, message: &str| Complaint::new(code, kind, message);
        match code {
            401 => unauthenticated("ACCESS_TOKEN_EXPIRED"),
            403 => new(
                "PERMISSION_DENIED",
                "Permission 'aiplatform.endpoints.predict' denied on resource (or it may not \
                 exist).",
            ),
            404 => new("NOT_FOUND", "Publisher Model was not found."),
            429 => new("RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later."),
            503 | 529 => new("UNAVAILABLE", "The model is overloaded. Please try again later."),
            504 => new("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
            500..=599 => new("INTERNAL", "Internal error encountered."),
            _ => new(INVALID, "Request contains an invalid argument."),
        }
    }

    fn out_of_quota(&self) -> Complaint {
        let message =
            "You exceeded your current quota, please check your plan and billing details.";
        Complaint::new(429, "RESOURCE_EXHAUSTED", message)
    }

    fn in_stream(&self) -> Complaint {
        self.status(503)
    }

    fn headers(&self, facts: &Facts<'_>, headers: &mut HeaderMap) {
        put(headers, "server", "scaffolding on HTTPServer2");
        put(headers, "x-vertex-ai-internal-prediction-backend", &facts.endpoint.region);
        put(headers, "vary", "Origin, X-Origin, Referer");
    }

    /// The body says when to come back, not a header.
    fn retry_after(&self, _: f64, _: &mut HeaderMap) {}
}

fn invalid(message: impl Into<String>) -> Complaint {
    Complaint::new(400, INVALID, message)
}

fn details(reason: &str) -> Value {
    json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason,
        "domain": "googleapis.com", "metadata": {"service": "aiplatform.googleapis.com"}}])
}

fn unauthenticated(reason: &str) -> Complaint {
    let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, \
                   login cookie or other valid authentication credential. See \
                   https://developers.google.com/identity/sign-in/web/devconsole-project.";
    let body = error(401, message, "UNAUTHENTICATED", &details(reason));
    Complaint::new(401, "UNAUTHENTICATED", message).body(body)
}

fn error(code: u16, message: &str, status: &str, details: &Value) -> Value {
    json!({"error": {"code": code, "message": message, "status": status, "details": details}})
}

fn error_body(complaint: &Complaint) -> Value {
    let details = complaint.retry_after.map_or_else(
        || json!([]),
        |seconds| {
            json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": format!("{seconds}s")}])
        },
    );
    error(complaint.status, &complaint.message, complaint.kind, &details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_a_model_and_says_where() {
        let path = "/v1/projects/p/locations/eu/publishers/anthropic/models/claude@1:rawPredict";
        let address = Address::of(path).unwrap();
        assert_eq!((address.location, address.publisher), (Some("eu"), "anthropic"));
        assert_eq!((address.model.as_str(), address.verb), ("claude@1", "rawPredict"));
        let short = Address::of("/v1beta/models/gemini:countTokens").unwrap();
        assert_eq!((short.location, short.publisher, short.verb), (None, "google", "countTokens"));
        assert!(Address::of("/v9/models/gemini:countTokens").is_none());
    }
}
