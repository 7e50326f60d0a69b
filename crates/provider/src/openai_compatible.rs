//! OpenAI itself and every server that speaks its Chat Completions API: vLLM, TGI, llama.cpp,
//! Ollama, Groq, DeepSeek …
//!
//! `base_url` includes the version, as in every OpenAI SDK: `https://eu.api.openai.com/v1`.

use dialect::UpstreamDialect;
use http::HeaderName;
use vocab::HttpHead;

use crate::{
    Credential, Endpoint, Observed, Provider, Reach, Room, Setting, Settings, SettingsError,
    base::{Base, Shape},
    observed::{count, request_id, text},
};

const SHAPE: Shape = Shape {
    example: "https://api.openai.com/v1",
    appended: &["/chat/completions", "/completions", "/chat", "/responses", "/embeddings"],
};
const ORGANIZATION: HeaderName = HeaderName::from_static("openai-organization");
const PROJECT: HeaderName = HeaderName::from_static("openai-project");

// Azure names its own id when OpenAI's is missing.
static REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("x-request-id"), HeaderName::from_static("apim-request-id")];
static REGION: HeaderName = HeaderName::from_static("x-ms-region");
static REQUESTS_LEFT: HeaderName = HeaderName::from_static("x-ratelimit-remaining-requests");
static TOKENS_LEFT: HeaderName = HeaderName::from_static("x-ratelimit-remaining-tokens");

/// One API of such a server.
struct Api {
    /// Its name in the setting `apis`.
    name: &'static str,
    is: UpstreamDialect,
    path: &'static str,
}

const APIS: [Api; 3] = [
    Api { name: "chat", is: UpstreamDialect::OpenAiChat, path: "/chat/completions" },
    Api { name: "responses", is: UpstreamDialect::OpenAiResponses, path: "/responses" },
    Api { name: "embeddings", is: UpstreamDialect::OpenAiEmbeddings, path: "/embeddings" },
];
/// What nearly every such server has; `responses` is OpenAI's own and a few others'.
const APIS_DEFAULT: &str = "chat, embeddings";

const API_SETTING: Setting = Setting {
    name: "apis",
    what: "the APIs that the server has, some of `chat`, `responses` and `embeddings`",
    example: "chat, responses, embeddings",
    required: false,
};
static SETTINGS: [Setting; 3] = [
    API_SETTING,
    Setting {
        name: "organization",
        what: "the OpenAI organisation that is billed, when the key belongs to several",
        example: "org-1",
        required: false,
    },
    Setting {
        name: "project",
        what: "the OpenAI project, when the key belongs to several",
        example: "proj_1",
        required: false,
    },
];

/// The words of a list.
fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// An OpenAI-compatible server. The credential is optional, for servers of one's own.
#[derive(Debug)]
pub struct OpenAiCompatible;

impl Provider for OpenAiCompatible {
    fn name(&self) -> &'static str {
        "openai-compatible"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn speaks(&self, settings: &Settings, _model: &str) -> Vec<UpstreamDialect> {
        let named = settings.get("apis").unwrap_or(APIS_DEFAULT);
        APIS.iter().filter(|api| words(named).any(|name| name == api.name)).map(|a| a.is).collect()
    }

    fn reach(&self, settings: &Settings, _model: &str) -> Reach {
        let host = settings.base_url.split("://").nth(1).unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        match host.strip_suffix("api.openai.com") {
            Some("") => Reach::Unstated,
            Some(place) => Reach::Geography(place.trim_end_matches('.').to_owned()),
            // A server of one's own is where one runs it.
            None => Reach::Unstated,
        }
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        if let Some(named) = settings.get("apis")
            && !words(named).all(|name| APIS.iter().any(|api| api.name == name))
        {
            let Setting { name, what, example, .. } = API_SETTING;
            return Err(SettingsError::Wrong { setting: name, what, example });
        }
        let base = Base::parse_shape(&settings.base_url, SHAPE)?;
        let mut endpoint = Endpoint::new(base, &settings.headers)?;
        for api in &APIS {
            endpoint = endpoint.at(api.is, api.path)?;
        }
        for (name, header) in [("organization", ORGANIZATION), ("project", PROJECT)] {
            if let Some(value) = settings.get(name) {
                endpoint = endpoint.header(header, value, name)?;
            }
        }
        match credential {
            None => Ok(endpoint),
            Some(Credential::Secret(key) | Credential::Token(key)) => endpoint.bearer(key),
            Some(Credential::Aws(_)) => {
                Err(SettingsError::CredentialKind { takes: "a key, or a token" })
            }
        }
    }

    fn observe(&self, head: &HttpHead) -> Observed {
        Observed {
            request_id: request_id(head, &REQUEST_IDS),
            region: text(head, &REGION),
            room: Room { requests: count(head, &REQUESTS_LEFT), tokens: count(head, &TOKENS_LEFT) },
        }
    }
}
