//! The Anthropic Messages API.
//!
//! `base_url` is the root, as in Anthropic's SDKs: `https://api.anthropic.com`. The region is a
//! field of the request (`inference_geo`) and of its usage, so no header reports it. It is the
//! endpoint that says it, never the caller: `dialect` puts it into every body for this endpoint.
//! Counting has no such field: a prompt that is only counted would go where the workspace's own
//! default leads. So an endpoint that keeps to a geography is asked for no counts (RES-1).

use dialect::UpstreamDialect;
use http::HeaderName;
use secrecy::ExposeSecret;
use vocab::HttpHead;

use crate::{
    Credential, Endpoint, Observed, Provider, Reach, Room, Setting, Settings, SettingsError,
    base::{Base, KEY, Shape},
    observed::{count, request_id},
};

/// Sent as `anthropic-version` unless the body was written for another: the version under which
/// sampling parameters are still accepted.
pub const VERSION_DEFAULT: &str = "2023-06-01";

const SHAPE: Shape =
    Shape { example: "https://api.anthropic.com", appended: &["/v1/messages", "/messages", "/v1"] };
/// What the setting is called, and the field of the body that says it.
const INFERENCE_GEO: Setting = Setting {
    name: "inference_geo",
    what: "`us` or `global`: where Anthropic processes what this endpoint is sent; with `us` it counts no \
           tokens, for counting knows no place",
    example: "us",
    required: false,
};
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");

static REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("request-id"), HeaderName::from_static("x-request-id")];
static REQUESTS_LEFT: HeaderName =
    HeaderName::from_static("anthropic-ratelimit-requests-remaining");
static TOKENS_LEFT: HeaderName = HeaderName::from_static("anthropic-ratelimit-tokens-remaining");

/// Anthropic, or a server that speaks its Messages API.
#[derive(Debug)]
pub(crate) struct Anthropic;

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn settings(&self) -> &'static [Setting] {
        &[INFERENCE_GEO]
    }

    fn speaks(&self, settings: &Settings, _model: &str) -> Vec<UpstreamDialect> {
        let mut speaks = vec![UpstreamDialect::AnthropicMessages];
        if let None | Some("global") = settings.get(INFERENCE_GEO.name) {
            speaks.push(UpstreamDialect::AnthropicCount);
        }
        speaks
    }

    fn reach(&self, settings: &Settings, _model: &str) -> Reach {
        match settings.get(INFERENCE_GEO.name) {
            Some("global") => Reach::Global,
            Some(geography) => Reach::Geography(geography.to_owned()),
            None => Reach::Unstated,
        }
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        if !matches!(settings.get(INFERENCE_GEO.name), None | Some("us" | "global")) {
            let Setting { name: setting, what, example, .. } = INFERENCE_GEO;
            return Err(SettingsError::Wrong { setting, what, example });
        }
        let base = Base::parse_shape(&settings.base_url, SHAPE)?;
        let mut endpoint = Endpoint::new(base, &settings.headers)?
            .at(UpstreamDialect::AnthropicMessages, "/v1/messages")?
            .at(UpstreamDialect::AnthropicCount, "/v1/messages/count_tokens")?;
        // An operator may pin another version in `headers`; a request's own wins over both.
        if !settings.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(VERSION.as_str())) {
            endpoint = endpoint.header(VERSION, VERSION_DEFAULT, "anthropic-version")?;
        }
        match credential {
            None => Ok(endpoint),
            // Exactly one of `x-api-key` and `authorization`: with both, Anthropic takes the first.
            Some(Credential::Secret(key)) => endpoint.credential(API_KEY, key.expose_secret()),
            Some(Credential::Token(_, token)) => endpoint.granted_here(token, KEY),
            Some(Credential::Aws(_)) => Err(SettingsError::CredentialKind { takes: KEY }),
        }
    }

    fn observe(&self, head: &HttpHead) -> Observed {
        Observed {
            request_id: request_id(head, &REQUEST_IDS),
            room: Room { requests: count(head, &REQUESTS_LEFT), tokens: count(head, &TOKENS_LEFT) },
            ..Observed::default()
        }
    }
}
