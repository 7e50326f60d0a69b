//! Headers the gateway reads from callers, and those it answers with (G7).

use std::time::Duration;

use dialect::{ClientDialect, Family};
use http::{HeaderMap, HeaderValue, header::HeaderName};
use vocab::RequestId;

/// The request id, as the OpenAI SDKs show it.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The request id, as the Anthropic SDKs show it.
pub(crate) const REQUEST_ID_ANTHROPIC: HeaderName = HeaderName::from_static("request-id");
/// The region whose route served the answer.
pub(crate) const REGION: HeaderName = HeaderName::from_static("isobar-region");
/// The region of the gateway that was asked.
pub(crate) const GATEWAY: HeaderName = HeaderName::from_static("isobar-gateway");
/// The route that served the answer.
pub(crate) const ROUTE: HeaderName = HeaderName::from_static("isobar-route");
/// The bundle generation that decided.
pub(crate) const GENERATION: HeaderName = HeaderName::from_static("isobar-generation");
/// How many upstream calls were made.
pub(crate) const ATTEMPTS: HeaderName = HeaderName::from_static("isobar-attempts");
/// The evidence level kept for this request, or `none`.
pub(crate) const EVIDENCE: HeaderName = HeaderName::from_static("isobar-evidence");
/// The stable code of a refusal.
pub(crate) const REFUSAL: HeaderName = HeaderName::from_static("isobar-refusal");
/// What of the request the provider was not told, because the answer does not hang on it.
pub(crate) const DROPPED: HeaderName = HeaderName::from_static("isobar-dropped");
/// Which workload a caller acts for, when its key may act for several.
pub(crate) const WORKLOAD: HeaderName = HeaderName::from_static("isobar-workload");
/// The caller's own deadline for the whole request, in milliseconds.
pub(crate) const DEADLINE: HeaderName = HeaderName::from_static("isobar-deadline-ms");
/// Tells the official SDKs whether to retry.
pub(crate) const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// When to retry, in milliseconds.
pub(crate) const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// Which Anthropic semantics a caller speaks.
pub(crate) const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// Which Anthropic previews a caller uses.
pub(crate) const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");
/// What the JavaScript SDKs say of their time-out, in seconds.
const SDK_TIMEOUT: HeaderName = HeaderName::from_static("x-stainless-timeout");
const API_KEY_ANTHROPIC: HeaderName = HeaderName::from_static("x-api-key");
const API_KEY_AZURE: HeaderName = HeaderName::from_static("api-key");

/// The key as each SDK family presents it (WIRE: accept any of the four places).
pub(crate) fn presented_key(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
    });
    bearer.or_else(|| read(headers, &API_KEY_ANTHROPIC)).or_else(|| read(headers, &API_KEY_AZURE))
}

/// The caller's deadline for the whole request: the gateway's own header, or, for an answer that
/// is not streamed, what an SDK says of its time-out. For a stream the SDKs' time-out ends with the
/// head, so it is no deadline.
pub(crate) fn deadline(headers: &HeaderMap, stream: bool) -> Option<Duration> {
    let number = |name: &HeaderName| read(headers, name)?.trim().parse::<u64>().ok();
    number(&DEADLINE)
        .map(Duration::from_millis)
        .or_else(|| number(&SDK_TIMEOUT).filter(|_| !stream).map(Duration::from_secs))
        .filter(|limit| !limit.is_zero())
}

/// A caller's header as text.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A header value made of text that the gateway wrote.
pub(crate) fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(const { HeaderValue::from_static("") })
}

/// The request id, under the names that the SDKs of a dialect look for.
pub(crate) fn put_request_id(headers: &mut HeaderMap, request: RequestId, dialect: ClientDialect) {
    let value = text(request.text().as_str());
    if dialect.family() == Family::Anthropic {
        headers.insert(REQUEST_ID_ANTHROPIC, value.clone());
    }
    headers.insert(REQUEST_ID, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_wherever_an_sdk_puts_it() {
        for (name, value) in [
            ("authorization", "Bearer k"),
            ("authorization", "bearer k"),
            ("x-api-key", "k"),
            ("api-key", "k"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(presented_key(&headers), Some("k"), "{name}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Basic k".parse().unwrap());
        assert_eq!(presented_key(&headers), None);
    }

    #[test]
    fn the_callers_deadline_is_read_and_nonsense_is_not() {
        let with = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            deadline(&headers, false)
        };
        assert_eq!(with("isobar-deadline-ms", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(with("x-stainless-timeout", "600"), Some(Duration::from_secs(600)));
        let mut sdk = HeaderMap::new();
        sdk.insert("x-stainless-timeout", "20".parse().unwrap());
        assert_eq!(deadline(&sdk, true), None, "a stream may take longer than its head");
        assert_eq!(with("isobar-deadline-ms", "soon"), None);
        assert_eq!(with("isobar-deadline-ms", "0"), None);
    }
}
