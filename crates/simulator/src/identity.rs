//! Where the clouds hand out credentials: AWS STS, instance and container services, Google's token
//! and metadata endpoints, Azure AD.
//!
//! What is issued here is remembered by the site, so that a simulated vendor can be told to accept
//! nothing else (`issued_only`). The endpoint's `key`, where there is one, is the secret that the
//! container service and Azure AD ask for.

mod aws;
mod azure;
mod google;
mod jwt;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::access::{Cloud, Ticket, Visitor};
use crate::vendor::{Complaint, Facts, JSON, Line, Manners, Operation, put};

/// One way of handing out credentials.
pub(crate) trait Surface: Sync + std::fmt::Debug {
    /// `identity.name`, for the log.
    fn name(&self) -> &'static str;
    fn issue(&self, facts: &Facts<'_>, visitor: &Visitor<'_>) -> Result<Page, Complaint>;
}

/// What is handed out.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) kind: &'static str,
    pub(crate) body: Bytes,
}

impl Page {
    fn json(body: &Value) -> Self {
        Self { kind: JSON, body: body.to_string().into() }
    }
}

/// How long credentials live where the configuration does not say, in seconds.
const LIFETIME_SECONDS: u64 = 3600;

#[derive(Debug)]
pub(crate) struct Identity;

fn lifetime(visitor: &Visitor<'_>) -> u64 {
    visitor.spec.lifetime_seconds.unwrap_or(LIFETIME_SECONDS)
}

/// Issues a bearer token and remembers it.
fn bearer_token(visitor: &Visitor<'_>, cloud: Cloud, token: String) -> String {
    let expires_at = visitor.now.seconds() + lifetime(visitor);
    let (secret, session) = (String::new(), String::new());
    visitor.issued.put(token.clone(), Ticket { cloud, expires_at, secret, session });
    token
}

impl Manners for Identity {
    fn operation(&self, line: &Line<'_>) -> Operation {
        match line.path {
            "" | "/" if *line.method == Method::GET => Operation::Identity(&aws::Sts),
            "" | "/" => line.posts(Operation::Identity(&aws::Sts)),
            "/token" => line.posts(Operation::Identity(&google::Account)),
            "/latest/api/token" if *line.method == Method::PUT => {
                Operation::Identity(&aws::InstanceToken)
            }
            "/latest/api/token" => Operation::WrongMethod("PUT"),
            path if path.starts_with(aws::ROLES) => line.gets(Operation::Identity(&aws::Instance)),
            // EKS has the first, ECS the second with an id.
            path if path == "/v1/credentials" || path.starts_with("/v2/credentials/") => {
                line.gets(Operation::Identity(&aws::Container))
            }
            "/container" => line.gets(Operation::Identity(&aws::Container)),
            path if path.starts_with(google::ACCOUNTS) && path.ends_with("/token") => {
                line.gets(Operation::Identity(&google::Metadata))
            }
            path if path.ends_with("/oauth2/v2.0/token") => {
                line.posts(Operation::Identity(&azure::Directory))
            }
            _ => Operation::Unknown,
        }
    }

    /// Each surface asks for what it needs.
    fn check_caller(&self, _: &Visitor<'_>) -> Result<(), Complaint> {
        Ok(())
    }

    fn models(&self, _: &Facts<'_>) -> Value {
        json!({})
    }

    fn model(&self, _: &Facts<'_>, _: &str) -> Value {
        json!({})
    }

    fn error_body(&self, _: &Facts<'_>, complaint: &Complaint) -> Value {
        json!({"error": complaint.kind, "error_description": complaint.message})
    }

    /// STS speaks XML, the AWS services around it plain text, the others JSON.
    fn error_page(&self, facts: &Facts<'_>, complaint: &Complaint) -> (&'static str, Bytes) {
        match facts.path {
            "" | "/" => (aws::XML, aws::error_xml(facts, complaint).into()),
            path if path.starts_with("/latest/") => {
                ("text/plain", complaint.message.clone().into())
            }
            _ => (JSON, self.error_body(facts, complaint).to_string().into()),
        }
    }

    fn not_json(&self) -> Complaint {
        self.status(400)
    }

    fn too_large(&self) -> Complaint {
        self.status(413)
    }

    fn no_such_model(&self, _: &Facts<'_>, _: &str) -> Complaint {
        self.status(404)
    }

    fn no_such_path(&self, _: &Line<'_>) -> Complaint {
        self.status(404)
    }

    fn wrong_method(&self, _: &Line<'_>) -> Complaint {
        self.status(405)
    }

    fn status(&self, code: u16) -> Complaint {
        let (kind, message) = match code {
            401 => ("invalid_client", "The client could not be authenticated."),
            403 => ("access_denied", "Access is denied."),
            404 => ("not_found", "Not Found"),
            429 => ("slow_down", "Too many requests."),
            503 => ("temporarily_unavailable", "The service is temporarily unavailable."),
            500..=599 => ("server_error", "Internal error."),
            _ => ("invalid_request", "The request is malformed."),
        };
        Complaint::new(code, kind, message)
    }

    fn out_of_quota(&self) -> Complaint {
        self.status(429)
    }

    fn headers(&self, facts: &Facts<'_>, headers: &mut HeaderMap) {
        put(headers, "x-amzn-requestid", &facts.random.clone().uuid());
        put(headers, "cache-control", "no-store");
        if facts.path.starts_with("/computeMetadata/") {
            put(headers, "metadata-flavor", "Google");
        }
    }
}
