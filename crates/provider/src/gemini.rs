//! The Gemini API, `generativelanguage.googleapis.com`: Gemini by key, anywhere in the world.
//!
//! It has Vertex's `generateContent`, and a count of its own: there the request to be counted is a
//! field of the body.

use bytes::Bytes;
use dialect::{Outbound, UpstreamDialect};
use http::HeaderName;
use secrecy::ExposeSecret;
use vocab::{HttpCall, HttpHead};

use crate::{
    CallContext, Credential, Endpoint, Issuer, Observed, Provider, Reach, Setting, Settings,
    SettingsError,
    base::{Base, Shape},
    google::{address, is_plain, method},
};

const SHAPE: Shape = Shape {
    example: "https://generativelanguage.googleapis.com",
    appended: &["/v1beta", "/v1", "/models"],
};
const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
const VERSION_DEFAULT: &str = "v1beta";

const VERSION: Setting = Setting {
    name: "version",
    what: "the version of the API, `v1beta` (which has all its features) or `v1`",
    example: "v1beta",
    required: false,
};
static SETTINGS: [Setting; 1] = [VERSION];

/// The Gemini API. It says nothing about where a prompt is processed.
#[derive(Debug)]
pub(crate) struct Gemini;

impl Provider for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn speaks(&self, _settings: &Settings, model: &str) -> Vec<UpstreamDialect> {
        // Embeddings have a method of their own here, which is not spoken.
        if !is_plain(model) || model.contains("embedding") {
            return Vec::new();
        }
        vec![UpstreamDialect::Gemini, UpstreamDialect::GeminiCount]
    }

    fn reach(&self, _settings: &Settings, _model: &str) -> Reach {
        Reach::Global
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        let version = settings.get(VERSION.name).unwrap_or(VERSION_DEFAULT);
        if !matches!(version, "v1" | "v1beta") {
            let Setting { name, what, example, .. } = VERSION;
            return Err(SettingsError::Wrong { setting: name, what, example });
        }
        let host = match settings.base_url.trim() {
            "" => SHAPE.example,
            stated => stated,
        };
        let host = Base::parse_shape(host, SHAPE)?;
        let base = Base::parse(&host.join(&format!("/{version}"))?.to_string(), SHAPE.example)?;
        let endpoint = Endpoint::new(base, &settings.headers)?;
        match credential {
            None => Ok(endpoint),
            Some(Credential::Secret(key)) => endpoint.credential(API_KEY, key.expose_secret()),
            Some(Credential::Token(Issuer::Google, token)) => endpoint.granted(token),
            Some(Credential::Token(Issuer::Entra, _) | Credential::Aws(_)) => {
                Err(SettingsError::CredentialKind {
                    takes: "write a key, or a Google service account",
                })
            }
        }
    }

    fn prepare(
        &self,
        endpoint: &Endpoint,
        mut outbound: Outbound,
        context: &CallContext<'_>,
    ) -> HttpCall {
        if outbound.dialect == UpstreamDialect::GeminiCount {
            outbound.body = counted(context.model, &outbound.body);
        }
        // Only APIs that `speaks` names are asked for, and those have methods.
        let method = method(&outbound).unwrap_or_default();
        let uri = address(endpoint.base(), "/models", context.model, method);
        endpoint.call_at(uri, outbound, context)
    }

    fn observe(&self, _head: &HttpHead) -> Observed {
        Observed::default()
    }
}

/// The request to be counted, `{…}`, as a field of the body and with its model's name.
fn counted(model: &str, request: &Bytes) -> Bytes {
    let name = serde_json::Value::from(format!("models/{model}")).to_string();
    let fields = request.strip_prefix(b"{").unwrap_or_default();
    let comma: &[u8] = if fields == b"}" { b"" } else { b"," };
    let head = br#"{"generateContentRequest":{"model":"#;
    Bytes::from([&head[..], name.as_bytes(), comma, fields, b"}"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_that_is_counted_names_its_model() {
        assert_eq!(
            counted("m", &Bytes::from_static(br#"{"contents":[]}"#)),
            r#"{"generateContentRequest":{"model":"models/m","contents":[]}}"#
        );
        assert_eq!(
            counted("m", &Bytes::from_static(b"{}")),
            r#"{"generateContentRequest":{"model":"models/m"}}"#
        );
    }
}
