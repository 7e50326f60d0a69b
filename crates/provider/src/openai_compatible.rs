//! OpenAI itself and every server that speaks its Chat Completions API: vLLM, TGI, llama.cpp,
//! Ollama, Groq, DeepSeek …
//!
//! `base_url` includes the version, as in every OpenAI SDK: `https://eu.api.openai.com/v1`.

use dialect::{Outbound, UpstreamDialect, read_error};
use http::{HeaderName, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use vocab::{Failure, HttpCall, HttpHead, HttpReply, Timestamp};

use crate::{
    CallContext, Endpoint, Observed, Provider, Room, Settings, SettingsError,
    base::{Base, Shape},
    observed::{count, request_id, text},
    retry_hint,
};

const SHAPE: Shape = Shape {
    example: "https://api.openai.com/v1",
    appended: &["/chat/completions", "/completions", "/chat"],
};
const ORGANIZATION: HeaderName = HeaderName::from_static("openai-organization");
const PROJECT: HeaderName = HeaderName::from_static("openai-project");

// Azure names its own id when OpenAI's is missing.
static REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("x-request-id"), HeaderName::from_static("apim-request-id")];
static REGION: HeaderName = HeaderName::from_static("x-ms-region");
static REQUESTS_LEFT: HeaderName = HeaderName::from_static("x-ratelimit-remaining-requests");
static TOKENS_LEFT: HeaderName = HeaderName::from_static("x-ratelimit-remaining-tokens");

/// An OpenAI-compatible server. The credential is optional, for servers of one's own.
#[derive(Debug)]
pub struct OpenAiCompatible;

impl Provider for OpenAiCompatible {
    fn name(&self) -> &'static str {
        "openai-compatible"
    }

    fn dialect(&self) -> UpstreamDialect {
        UpstreamDialect::OpenAiChat
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&SecretString>,
    ) -> Result<Endpoint, SettingsError> {
        let uri = Base::parse_shape(&settings.base_url, SHAPE)?.join("/chat/completions")?;
        let mut endpoint = Endpoint::new(uri, &settings.headers)?;
        if let Some(organization) = &settings.organization {
            endpoint = endpoint.header(ORGANIZATION, organization, "organization")?;
        }
        if let Some(project) = &settings.project {
            endpoint = endpoint.header(PROJECT, project, "project")?;
        }
        let Some(credential) = credential else { return Ok(endpoint) };
        if credential.expose_secret().is_empty() {
            return Err(SettingsError::ValueShape { setting: "credential" });
        }
        endpoint.credential(AUTHORIZATION, &format!("Bearer {}", credential.expose_secret()))
    }

    fn prepare(&self, endpoint: &Endpoint, outbound: Outbound, context: &CallContext) -> HttpCall {
        endpoint.call(outbound, context)
    }

    fn classify(&self, reply: &HttpReply, now: Timestamp) -> Failure {
        let status = reply.head.status.as_u16();
        let mut failure = read_error(self.dialect(), Some(status), &reply.body);
        failure.status = Some(status);
        failure.retry_after = retry_hint(&reply.head, now).or(failure.retry_after);
        failure
    }

    fn observe(&self, head: &HttpHead) -> Observed {
        Observed {
            request_id: request_id(head, &REQUEST_IDS),
            region: text(head, &REGION),
            room: Room { requests: count(head, &REQUESTS_LEFT), tokens: count(head, &TOKENS_LEFT) },
        }
    }
}
