//! What OpenAI's own API, Azure's and their many imitators have in common.

use dialect::UpstreamDialect;
use http::HeaderName;
use vocab::HttpHead;

use crate::{
    Base, Credential, Endpoint, Observed, Reach, Room, Setting, Settings, SettingsError,
    base::KEY,
    observed::{count, request_id, text},
};

// Azure names its own id when OpenAI's is missing.
static REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("x-request-id"), HeaderName::from_static("apim-request-id")];
static REGION: HeaderName = HeaderName::from_static("x-ms-region");
static REQUESTS_LEFT: HeaderName = HeaderName::from_static("x-ratelimit-remaining-requests");
static TOKENS_LEFT: HeaderName = HeaderName::from_static("x-ratelimit-remaining-tokens");

/// One API.
pub(crate) struct Api {
    /// Its name in the setting `apis`.
    pub(crate) name: &'static str,
    pub(crate) is: UpstreamDialect,
    pub(crate) path: &'static str,
}

pub(crate) const APIS: [Api; 3] = [
    Api { name: "chat", is: UpstreamDialect::OpenAiChat, path: "/chat/completions" },
    Api { name: "responses", is: UpstreamDialect::OpenAiResponses, path: "/responses" },
    Api { name: "embeddings", is: UpstreamDialect::OpenAiEmbeddings, path: "/embeddings" },
];

/// Ends of a base address that are appended by the gateway.
pub(crate) const APPENDED: [&str; 5] =
    ["/chat/completions", "/completions", "/chat", "/responses", "/embeddings"];

/// Every API.
pub(crate) const APIS_ALL: &str = "chat, responses, embeddings";

pub(crate) const APIS_SETTING: Setting = Setting {
    name: "apis",
    what: "the APIs that the server has, some of `chat`, `responses` and `embeddings`",
    example: APIS_ALL,
    required: false,
};

pub(crate) const ORGANIZATION: Setting = Setting {
    name: "organization",
    what: "the OpenAI organisation that is billed, when the key belongs to several",
    example: "org-1",
    required: false,
};
pub(crate) const PROJECT: Setting = Setting {
    name: "project",
    what: "the OpenAI project, when the key belongs to several",
    example: "proj_1",
    required: false,
};

/// The host of OpenAI's own API, which promises no place.
pub(crate) const HOST: &str = "api.openai.com";

/// Where a prompt for this address may be processed: OpenAI's hosts tell, and whatever provider
/// calls them.
pub(crate) fn reach(base_url: &str) -> Reach {
    let base = Base::parse(base_url, HOST).ok();
    let host = base.and_then(|base| base.uri().host().map(str::to_ascii_lowercase));
    match host.as_deref().and_then(|host| host.strip_suffix(HOST)) {
        Some("") => Reach::Global,
        Some(place) => match place.strip_suffix('.') {
            Some(place) => Reach::Geography(place.to_owned()),
            None => Reach::Unstated,
        },
        // A server of one's own is where one runs it; a proxy does not tell which host it calls.
        None => Reach::Unstated,
    }
}

/// The APIs that `settings` name, or else those of `default`, in the order of preference.
pub(crate) fn speaks(settings: &Settings, default: &str) -> Vec<UpstreamDialect> {
    let named = settings.get(APIS_SETTING.name).unwrap_or(default);
    APIS.iter().filter(|api| words(named).any(|name| name == api.name)).map(|a| a.is).collect()
}

/// # Errors
/// [`SettingsError::Wrong`] for the name of an API that there is not.
pub(crate) fn check_apis(settings: &Settings) -> Result<(), SettingsError> {
    let named = settings.get(APIS_SETTING.name).unwrap_or_default();
    if words(named).all(|name| APIS.iter().any(|api| api.name == name)) {
        return Ok(());
    }
    let Setting { name, what, example, .. } = APIS_SETTING;
    Err(SettingsError::Wrong { setting: name, what, example })
}

/// The words of a list.
fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// An endpoint with the headers of organisation and project, if they are set.
///
/// # Errors
/// [`SettingsError::ValueShape`] for one that cannot be sent.
pub(crate) fn billed(
    mut endpoint: Endpoint,
    settings: &Settings,
) -> Result<Endpoint, SettingsError> {
    for (setting, header) in [
        (ORGANIZATION, HeaderName::from_static("openai-organization")),
        (PROJECT, HeaderName::from_static("openai-project")),
    ] {
        if let Some(value) = settings.get(setting.name) {
            endpoint = endpoint.header(header, value, setting.name)?;
        }
    }
    Ok(endpoint)
}

/// A key as a bearer; nothing for servers that want none.
///
/// # Errors
/// Keys that sign and tokens that were granted, which are for other services.
pub(crate) fn bearer(
    endpoint: Endpoint,
    credential: Option<&Credential>,
) -> Result<Endpoint, SettingsError> {
    match credential {
        None => Ok(endpoint),
        Some(Credential::Secret(key)) => endpoint.bearer(key),
        Some(Credential::Token(_, token)) => endpoint.granted_here(token, KEY),
        Some(Credential::Aws(_)) => Err(SettingsError::CredentialKind { takes: KEY }),
    }
}

/// What the head of a reply tells.
pub(crate) fn observe(head: &HttpHead) -> Observed {
    Observed {
        request_id: request_id(head, &REQUEST_IDS),
        region: text(head, &REGION),
        room: Room { requests: count(head, &REQUESTS_LEFT), tokens: count(head, &TOKENS_LEFT) },
        ..Observed::default()
    }
}
