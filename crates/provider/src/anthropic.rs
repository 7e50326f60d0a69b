//! The Anthropic Messages API.
//!
//! `base_url` is the root, as in Anthropic's SDKs: `https://api.anthropic.com`. The region is a
//! field of the request (`inference_geo`) and of its usage, so no header reports it.

use dialect::{Outbound, UpstreamDialect, read_error};
use http::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use vocab::{Failure, HttpCall, HttpHead, HttpReply, Timestamp};

use crate::{
    CallContext, Endpoint, Observed, Provider, Room, Settings, SettingsError,
    base::{Base, Shape},
    observed::{count, request_id},
    retry_hint,
};

/// Sent as `anthropic-version` unless the body was written for another: the version under which
/// sampling parameters are still accepted.
pub const VERSION_DEFAULT: &str = "2023-06-01";

const SHAPE: Shape =
    Shape { example: "https://api.anthropic.com", appended: &["/v1/messages", "/messages", "/v1"] };
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");

static REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("request-id"), HeaderName::from_static("x-request-id")];
static REQUESTS_LEFT: HeaderName =
    HeaderName::from_static("anthropic-ratelimit-requests-remaining");
static TOKENS_LEFT: HeaderName = HeaderName::from_static("anthropic-ratelimit-tokens-remaining");

/// Anthropic, or a server that speaks its Messages API.
#[derive(Debug)]
pub struct Anthropic;

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn dialect(&self) -> UpstreamDialect {
        UpstreamDialect::AnthropicMessages
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&SecretString>,
    ) -> Result<Endpoint, SettingsError> {
        let uri = Base::parse_shape(&settings.base_url, SHAPE)?.join("/v1/messages")?;
        let mut endpoint = Endpoint::new(uri, &settings.headers)?;
        // An operator may pin another version in `headers`; a request's own wins over both.
        if !settings.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(VERSION.as_str())) {
            endpoint = endpoint.header(VERSION, VERSION_DEFAULT, "anthropic-version")?;
        }
        match credential {
            // Exactly one of `x-api-key` and `authorization`: with both, Anthropic takes the first.
            Some(credential) => endpoint.credential(API_KEY, credential.expose_secret()),
            None => Ok(endpoint),
        }
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
            region: None,
            room: Room { requests: count(head, &REQUESTS_LEFT), tokens: count(head, &TOKENS_LEFT) },
        }
    }
}
