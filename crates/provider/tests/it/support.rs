//! Builders for the suites.

use std::time::Duration;

use bytes::Bytes;
use dialect::{Outbound, UpstreamDialect};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use provider::{CallContext, Credential, Endpoint, Provider, Settings};
use secrecy::SecretString;
use vocab::{HttpHead, HttpReply, RequestId, Timestamp};

/// Looked for wherever it must not be.
pub(crate) const SECRET: &str = "sk-hunter2";

pub(crate) fn now() -> Timestamp {
    "2026-11-20T16:00:00Z".parse().unwrap()
}

pub(crate) fn base_url(provider: &dyn Provider) -> &'static str {
    match provider.name() {
        "openai-compatible" | "openai" => "https://api.example/v1",
        _ => "https://api.example",
    }
}

/// The API that an endpoint is asked for first.
pub(crate) fn spoken(provider: &dyn Provider) -> UpstreamDialect {
    provider.speaks(&settings_of(provider, base_url(provider)), "m").first().copied().unwrap()
}

/// Settings with an example of everything that the provider requires.
pub(crate) fn settings_of(provider: &dyn Provider, base_url: &str) -> Settings {
    let required = provider.settings().iter().filter(|setting| setting.required);
    let values = required.map(|setting| (setting.name.to_owned(), setting.example.to_owned()));
    Settings { values: values.collect(), ..settings(base_url) }
}

pub(crate) fn settings(base_url: &str) -> Settings {
    Settings { base_url: base_url.to_owned(), ..Settings::default() }
}

pub(crate) fn secret() -> Credential {
    Credential::Secret(SecretString::from(SECRET))
}

pub(crate) fn endpoint(provider: &dyn Provider) -> Endpoint {
    provider.connect(&settings_of(provider, base_url(provider)), Some(&secret())).unwrap()
}

pub(crate) fn outbound(provider: &dyn Provider, headers: Vec<(&'static str, String)>) -> Outbound {
    Outbound {
        dialect: spoken(provider),
        body: Bytes::from_static(b"{}"),
        headers,
        stream: false,
        dropped: Vec::new(),
    }
}

pub(crate) fn context() -> CallContext<'static> {
    CallContext {
        request_id: RequestId::new(now(), 7),
        model: "m",
        now: now(),
        remaining: Duration::from_secs(60),
    }
}

pub(crate) fn head(status: u16, headers: &[(&str, &str)]) -> HttpHead {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    HttpHead { status: StatusCode::from_u16(status).unwrap(), headers: map }
}

pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> HttpReply {
    HttpReply { head: head(status, headers), body: Bytes::copy_from_slice(body.as_bytes()) }
}
