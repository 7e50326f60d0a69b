//! Google's Vertex AI: Gemini, Claude and text embeddings in a location of Google Cloud.
//!
//! The location is in the host and in the path, and both are made from the one setting, so they
//! always agree. `base_url` stands in place of the host alone, for Private Service Connect.

use dialect::{Outbound, UpstreamDialect};
use http::HeaderName;
use secrecy::ExposeSecret;
use vocab::{HttpCall, HttpHead};

use crate::{
    CallContext, Credential, Endpoint, Issuer, Observed, Provider, Reach, Setting, Settings,
    SettingsError,
    base::{Base, Shape, is_loopback},
    google::{address, is_plain, method},
};

const SHAPE: Shape = Shape {
    example: "https://europe-west4-aiplatform.googleapis.com",
    appended: &["/v1", "/v1beta1", "/publishers"],
};
const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
/// The longest name of a project or a location.
const NAME_MAX: usize = 63;

const PROJECT: Setting = Setting {
    name: "project",
    what: "the id of the Google Cloud project that is billed",
    example: "my-project",
    required: true,
};
const LOCATION: Setting = Setting {
    name: "location",
    what: "where the model runs: a region, `eu` or `us` for anywhere in them, or `global`",
    example: "europe-west4",
    required: true,
};
const PUBLISHER: Setting = Setting {
    name: "publisher",
    what: "whose models these are, `google` or `anthropic`, when their names do not tell",
    example: "anthropic",
    required: false,
};
static SETTINGS: [Setting; 3] = [PROJECT, LOCATION, PUBLISHER];

/// Whose model it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Publisher {
    Google,
    Anthropic,
}

fn publisher(settings: &Settings, model: &str) -> Publisher {
    match settings.get(PUBLISHER.name) {
        Some("anthropic") => Publisher::Anthropic,
        Some("google") => Publisher::Google,
        _ if model.starts_with("claude") => Publisher::Anthropic,
        _ => Publisher::Google,
    }
}

/// Text embeddings that `predict` serves; later generations have a method of their own.
fn is_embedding(model: &str) -> Option<bool> {
    if !model.contains("embedding") {
        return Some(false);
    }
    let is_served = !model.starts_with("gemini-") || model.starts_with("gemini-embedding-001");
    is_served.then_some(true)
}

/// Vertex AI.
#[derive(Debug)]
pub(crate) struct Vertex;

impl Provider for Vertex {
    fn name(&self) -> &'static str {
        "vertex"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn speaks(&self, settings: &Settings, model: &str) -> Vec<UpstreamDialect> {
        if !is_plain(model) {
            return Vec::new();
        }
        match (publisher(settings, model), is_embedding(model)) {
            (Publisher::Anthropic, _) => {
                vec![UpstreamDialect::VertexMessages, UpstreamDialect::VertexMessagesCount]
            }
            (Publisher::Google, Some(true)) => vec![UpstreamDialect::VertexEmbeddings],
            (Publisher::Google, Some(false)) => {
                vec![UpstreamDialect::Gemini, UpstreamDialect::GeminiCount]
            }
            (Publisher::Google, None) => Vec::new(),
        }
    }

    fn reach(&self, settings: &Settings, _model: &str) -> Reach {
        match settings.get(LOCATION.name) {
            None => Reach::Unstated,
            Some("global") => Reach::Global,
            Some(geography @ ("eu" | "us")) => Reach::Geography(geography.to_owned()),
            Some(region) if tells(&settings.base_url) => Reach::Region(region.to_owned()),
            Some(_) => Reach::Unstated,
        }
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        let project = named(settings, PROJECT, |b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b':')
        })?;
        let location = named(settings, LOCATION, |b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
        })?;
        if !matches!(settings.get(PUBLISHER.name), None | Some("google" | "anthropic")) {
            return Err(wrong(PUBLISHER));
        }
        let host = match settings.base_url.trim() {
            "" => host(location),
            stated => stated.to_owned(),
        };
        let host = Base::parse_shape(&host, SHAPE)?;
        // P5: two answers to the question where are none.
        if location_of(&host).is_some_and(|called| called != location) {
            return Err(wrong(LOCATION));
        }
        let path = format!("/v1/projects/{project}/locations/{location}/publishers");
        let base = Base::parse(&host.join(&path)?.to_string(), SHAPE.example)?;
        let endpoint = Endpoint::new(base, &settings.headers)?;
        match credential {
            None => Ok(endpoint),
            Some(Credential::Token(Issuer::Google, token)) => endpoint.granted(token),
            // Keys of Google Cloud that are bound to a service account.
            Some(Credential::Secret(key)) => endpoint.credential(API_KEY, key.expose_secret()),
            Some(Credential::Token(Issuer::Entra, _) | Credential::Aws(_)) => {
                Err(SettingsError::CredentialKind {
                    takes: "write a Google service account, or a key bound to one",
                })
            }
        }
    }

    fn prepare(
        &self,
        endpoint: &Endpoint,
        outbound: Outbound,
        context: &CallContext<'_>,
    ) -> HttpCall {
        let (models, model) = match outbound.dialect {
            UpstreamDialect::VertexMessages => ("/anthropic/models", context.model),
            // One address for all models: which one is in the body.
            UpstreamDialect::VertexMessagesCount => ("/anthropic/models", "count-tokens"),
            _ => ("/google/models", context.model),
        };
        // Only APIs that `speaks` names are asked for, and those have methods.
        let method = method(&outbound).unwrap_or_default();
        endpoint.call_at(address(endpoint.base(), models, model, method), outbound, context)
    }

    fn observe(&self, _head: &HttpHead) -> Observed {
        Observed::default()
    }
}

/// Google's own host for a location.
fn host(location: &str) -> String {
    match location {
        "global" => "https://aiplatform.googleapis.com".to_owned(),
        "eu" | "us" => format!("https://aiplatform.{location}.rep.googleapis.com"),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    }
}

/// The location that an address calls, if it is a public host of Google's.
fn location_of(base: &Base) -> Option<String> {
    let host = base.host().trim_end_matches('.').to_ascii_lowercase();
    let name = host.strip_suffix(".googleapis.com")?;
    let name = name.strip_suffix(".mtls").unwrap_or(name);
    if name == "aiplatform" {
        return Some("global".to_owned());
    }
    let geography = || name.strip_prefix("aiplatform.")?.strip_suffix(".rep");
    name.strip_suffix("-aiplatform").or_else(geography).map(str::to_owned)
}

/// Whether an address tells the region: made from the setting, Google's own, or on this machine,
/// where a simulator stands for it. A proxy does not tell which host it calls.
fn tells(base_url: &str) -> bool {
    let stated = base_url.trim();
    stated.is_empty()
        || Base::parse_shape(stated, SHAPE)
            .is_ok_and(|base| location_of(&base).is_some() || is_loopback(base.host()))
}

/// A setting that becomes part of host and path, and so must be nothing but a name.
fn named(
    settings: &Settings,
    setting: Setting,
    plain: fn(u8) -> bool,
) -> Result<&str, SettingsError> {
    let Setting { name, what, example, .. } = setting;
    let Some(value) = settings.get(name) else {
        return Err(SettingsError::Missing { setting: name, what, example });
    };
    let is_fit = (1..=NAME_MAX).contains(&value.len())
        && value.starts_with(|first: char| first.is_ascii_lowercase())
        && value.bytes().all(plain);
    if is_fit { Ok(value) } else { Err(wrong(setting)) }
}

const fn wrong(Setting { name, what, example, .. }: Setting) -> SettingsError {
    SettingsError::Wrong { setting: name, what, example }
}
