//! Mistral's API, in Europe, in the United States, or wherever Mistral chooses.
//!
//! The host says where a prompt is processed; `residency` names it in a word, `base_url` (the root,
//! as in Mistral's SDKs) in full.

use dialect::UpstreamDialect;
use http::HeaderName;
use vocab::HttpHead;

use crate::{
    Credential, Endpoint, Observed, Provider, Reach, Room, Setting, Settings, SettingsError,
    base::{Base, KEY, Shape},
    observed::{count, request_id},
};

const SHAPE: Shape = Shape {
    example: "https://api.eu.mistral.ai",
    appended: &["/v1/chat/completions", "/v1/embeddings", "/v1"],
};
const RESIDENCY: Setting = Setting {
    name: "residency",
    what: "where Mistral processes prompts, `eu` or `us` (the same as a host of Mistral's in `base_url`)",
    example: "eu",
    required: false,
};
static SETTINGS: [Setting; 1] = [RESIDENCY];

/// Mistral's hosts, and the residency that each stands for.
const HOSTS: [(Option<&str>, &str); 3] = [
    (None, "https://api.mistral.ai"),
    (Some("eu"), "https://api.eu.mistral.ai"),
    (Some("us"), "https://api.us.mistral.ai"),
];

static REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("mistral-correlation-id"), HeaderName::from_static("x-request-id")];
static REQUESTS_LEFT: HeaderName = HeaderName::from_static("x-ratelimit-remaining-req-10-second");
static TOKENS_LEFT: HeaderName = HeaderName::from_static("x-ratelimit-remaining-tokens-minute");

/// The residency that an address stands for, if it is a host of Mistral's that stands for one.
fn residency_of(base_url: &str) -> Option<&'static str> {
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let known = |(_, url): &&(Option<&str>, &'static str)| {
        url.strip_prefix("https://").is_some_and(|known| known.eq_ignore_ascii_case(host))
    };
    HOSTS.iter().find(known).and_then(|(residency, _)| *residency)
}

/// Mistral.
#[derive(Debug)]
pub(crate) struct Mistral;

impl Provider for Mistral {
    fn name(&self) -> &'static str {
        "mistral"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn speaks(&self, _settings: &Settings, model: &str) -> Vec<UpstreamDialect> {
        // Its models either talk or embed, and their names say which.
        if model.contains("embed") {
            vec![UpstreamDialect::MistralEmbeddings]
        } else {
            vec![UpstreamDialect::MistralChat]
        }
    }

    fn reach(&self, settings: &Settings, _model: &str) -> Reach {
        let residency = match settings.base_url.trim() {
            "" => settings.get(RESIDENCY.name),
            base_url => residency_of(base_url),
        };
        residency.map_or(Reach::Unstated, |place| Reach::Geography(place.to_owned()))
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        let residency = settings.get(RESIDENCY.name);
        let Setting { name, what, example, .. } = RESIDENCY;
        let wrong = SettingsError::Wrong { setting: name, what, example };
        let Some((_, host)) = HOSTS.iter().find(|(known, _)| *known == residency) else {
            return Err(wrong);
        };
        let base_url = match settings.base_url.trim() {
            "" => host,
            // P5: two answers to the question where are none.
            base_url if residency.is_some() && residency_of(base_url) != residency => {
                return Err(wrong);
            }
            base_url => base_url,
        };
        let base = Base::parse_shape(base_url, SHAPE)?;
        let endpoint = Endpoint::new(base, &settings.headers)?
            .at(UpstreamDialect::MistralChat, "/v1/chat/completions")?
            .at(UpstreamDialect::MistralEmbeddings, "/v1/embeddings")?;
        match credential {
            None => Ok(endpoint),
            Some(Credential::Secret(key)) => endpoint.bearer(key),
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
