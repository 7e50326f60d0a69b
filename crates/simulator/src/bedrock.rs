//! Amazon Bedrock's runtime: Converse, Invoke for Claude and for embeddings, `CountTokens`.

mod converse;
mod embeddings;
pub(crate) mod frame;
mod read;
mod sigv4;
mod write;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::access::Visitor;
use crate::anthropic::{Host, Messages};
use crate::form;
use crate::vendor::{Complaint, Facts, InPath, Line, Manners, Operation, bearer, put, text};

use converse::Converse;
use embeddings::{Cohere, Nova, Titan};

const VALIDATION: &str = "ValidationException";

#[derive(Debug)]
pub(crate) struct Bedrock;

impl Manners for Bedrock {
    /// `/model/ID/OPERATION`, where the id is one label and an ARN in it may be encoded or not.
    fn operation(&self, line: &Line<'_>) -> Operation {
        let Some((id, operation)) =
            line.path.strip_prefix("/model/").and_then(|rest| rest.rsplit_once('/'))
        else {
            return Operation::Unknown;
        };
        let id = form::decode(id);
        let path = InPath::model(id.as_str());
        match operation {
            "converse" => line.posts(Operation::Complete(&Converse, path.streamed(false))),
            "converse-stream" => line.posts(Operation::Complete(&Converse, path.streamed(true))),
            "count-tokens" => line.posts(Operation::Count(&Converse, path)),
            "invoke" => line.posts(invoked(&id, path.streamed(false))),
            "invoke-with-response-stream" => line.posts(invoked(&id, path.streamed(true))),
            _ => Operation::Unknown,
        }
    }

    fn check_caller(&self, visitor: &Visitor<'_>) -> Result<(), Complaint> {
        let signed = text(visitor.headers, "authorization")
            .is_some_and(|value| value.starts_with(sigv4::ALGORITHM));
        if signed {
            return sigv4::check(visitor);
        }
        match bearer(visitor.headers) {
            Some(key) if visitor.is_key(key) && !visitor.spec.issued_only => Ok(()),
            Some(_) => Err(denied(
                "AccessDeniedException",
                "Authentication failed: Please make sure your API Key is valid.",
            )),
            None => {
                Err(denied("MissingAuthenticationTokenException", "Missing Authentication Token"))
            }
        }
    }

    fn models(&self, facts: &Facts<'_>) -> Value {
        let models: Vec<Value> =
            facts.endpoint.models.iter().map(|id| self.model(facts, id)).collect();
        json!({ "modelSummaries": models })
    }

    fn model(&self, _: &Facts<'_>, id: &str) -> Value {
        json!({"modelId": id, "modelName": id, "responseStreamingSupported": true})
    }

    fn error_body(&self, _: &Facts<'_>, complaint: &Complaint) -> Value {
        match complaint.kind {
            "ModelErrorException" => {
                json!({"message": complaint.message, "originalStatusCode": 500,
                    "resourceName": ""})
            }
            _ => json!({ "message": complaint.message }),
        }
    }

    /// Only this header tells what kind of failure it is.
    fn error_headers(&self, complaint: &Complaint, headers: &mut HeaderMap) {
        let home = "http://internal.amazon.com/coral/com.amazon.bedrock/";
        put(headers, "x-amzn-errortype", &format!("{}:{home}", complaint.kind));
    }

    fn not_json(&self) -> Complaint {
        Complaint::new(400, "SerializationException", "STRING_VALUE cannot be converted to Map")
    }

    fn too_large(&self) -> Complaint {
        Complaint::new(413, "RequestEntityTooLargeException", "Request body is too large")
    }

    fn no_such_model(&self, _: &Facts<'_>, _: &str) -> Complaint {
        invalid("The provided model identifier is invalid.")
    }

    fn no_such_path(&self, _: &Line<'_>) -> Complaint {
        let kind = "UnknownOperationException";
        Complaint::new(404, kind, kind).body(
            json!({"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"},
                "Version": "1.0"}),
        )
    }

    fn wrong_method(&self, line: &Line<'_>) -> Complaint {
        Complaint { status: 405, ..self.no_such_path(line) }
    }

    fn status(&self, code: u16) -> Complaint {
        let new = |kind, message: &str| Complaint::new(code, kind, message);
        match code {
            401 | 403 => new(
                "AccessDeniedException",
                "You don't have access to the model with the specified model ID.",
            ),
            404 => new("ResourceNotFoundException", "Could not resolve the foundation model."),
            408 => new("ModelTimeoutException", "Model has timed out in processing the request."),
            424 => new("ModelErrorException", "The system encountered an unexpected error."),
            429 => {
                new("ThrottlingException", "Too many requests, please wait before trying again.")
            }
            503 | 529 => {
                new("ServiceUnavailableException", "Bedrock is unable to process your request.")
            }
            500..=599 => new(
                "InternalServerException",
                "The system encountered an unexpected error during processing. Try your request \
                 again.",
            ),
            _ => new(
                VALIDATION,
                "Malformed input request, please reformat your input and try again.",
            ),
        }
    }

    /// Not a throttle: it says 400 and stays until the quota is raised.
    fn out_of_quota(&self) -> Complaint {
        let message = "Your request exceeds the service quota for your account.";
        Complaint::new(400, "ServiceQuotaExceededException", message)
    }

    fn in_stream(&self) -> Complaint {
        Complaint::new(
            424,
            "ModelStreamErrorException",
            "The system encountered an unexpected error during processing. Try your request again.",
        )
    }

    fn headers(&self, facts: &Facts<'_>, headers: &mut HeaderMap) {
        put(headers, "x-amzn-requestid", &facts.random.clone().uuid());
    }

    /// Bedrock says nothing of when to come back.
    fn retry_after(&self, _: f64, _: &mut HeaderMap) {}
}

/// What `InvokeModel` does depends on whose model it is.
fn invoked(id: &str, path: InPath) -> Operation {
    if id.contains("titan-embed") {
        Operation::Embed(&Titan, path)
    } else if id.contains("cohere.embed") {
        Operation::Embed(&Cohere, path)
    } else if id.contains("nova") && id.contains("embed") {
        Operation::Embed(&Nova, path)
    } else {
        Operation::Complete(&Messages(Host::Bedrock), path)
    }
}

fn invalid(message: impl Into<String>) -> Complaint {
    Complaint::new(400, VALIDATION, message)
}

fn denied(kind: &'static str, message: impl Into<String>) -> Complaint {
    Complaint::new(403, kind, message)
}
