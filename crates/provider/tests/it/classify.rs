//! Which failure each reply is (R3).

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;
use provider::{RETRY_HINT_MAX, catalog, find};
use vocab::{FailureKind, HttpHead, HttpReply, OutcomeClass, failure::Limit};

use crate::support::{now, reply, spoken};

/// status, body, kind
type Case = (u16, &'static str, FailureKind);

fn check(provider: &str, cases: &[Case]) {
    let provider = find(provider).unwrap();
    for (status, body, kind) in cases {
        let failure = provider.classify(spoken(provider), &reply(*status, &[], body), now());
        assert_eq!(failure.kind, *kind, "{status} {body}");
        assert_eq!(failure.status, Some(*status));
        assert!(!failure.message.is_empty());
    }
}

#[test]
fn openai_replies_are_classified_by_code_then_status() {
    check(
        "openai-compatible",
        &[
            (
                400,
                r#"{"error":{"message":"bad","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}"#,
                FailureKind::BadRequest,
            ),
            (
                400,
                r#"{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
                FailureKind::ContextTooLong,
            ),
            (
                400,
                r#"{"error":{"message":"filtered","type":null,"param":"prompt","code":"content_filter","status":400}}"#,
                FailureKind::ContentBlocked,
            ),
            (
                401,
                r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
                FailureKind::CredentialRejected,
            ),
            (
                401,
                r#"{"error":{"code":"401","message":"Access denied"}}"#,
                FailureKind::CredentialRejected,
            ),
            (403, "", FailureKind::CredentialRejected),
            (402, "", FailureKind::QuotaSpent),
            (
                404,
                r#"{"error":{"message":"no such model","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
                FailureKind::ModelMissing,
            ),
            (413, "", FailureKind::TooLarge),
            (
                429,
                r#"{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
                FailureKind::RateLimited,
            ),
            (
                429,
                r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
                FailureKind::QuotaSpent,
            ),
            (
                429,
                r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#,
                FailureKind::RateLimited,
            ),
            (
                422,
                r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden"}]},"type":"invalid_request_error","param":null,"code":null}"#,
                FailureKind::BadRequest,
            ),
            (500, r#"{"error":{"message":"oops","type":"server_error"}}"#, FailureKind::Broken),
            (502, "<html><h1>502 Bad Gateway</h1></html>", FailureKind::Broken),
            (503, "<html>upstream connect error</html>", FailureKind::Overloaded),
            (504, "", FailureKind::TimedOut(Limit::Headers)),
            (529, "", FailureKind::Overloaded),
            (302, "", FailureKind::Broken),
        ],
    );
}

#[test]
fn anthropic_replies_are_classified_by_type_then_status() {
    check(
        "anthropic",
        &[
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}"#,
                FailureKind::BadRequest,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits"}}"#,
                FailureKind::QuotaSpent,
            ),
            (
                401,
                r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
                FailureKind::CredentialRejected,
            ),
            (
                403,
                r#"{"type":"error","error":{"type":"permission_error","message":"no"}}"#,
                FailureKind::CredentialRejected,
            ),
            (
                404,
                r#"{"type":"error","error":{"type":"not_found_error","message":"model: x"}}"#,
                FailureKind::ModelMissing,
            ),
            (
                413,
                r#"{"type":"error","error":{"type":"request_too_large","message":"big"}}"#,
                FailureKind::TooLarge,
            ),
            (
                429,
                r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#,
                FailureKind::RateLimited,
            ),
            (
                500,
                r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#,
                FailureKind::Broken,
            ),
            (
                500,
                r#"{"type":"error","error":{"type":"api_error","message":"Overloaded"}}"#,
                FailureKind::Overloaded,
            ),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#,
                FailureKind::Overloaded,
            ),
            (529, "", FailureKind::Overloaded),
            (520, "<html>cloudflare</html>", FailureKind::Broken),
        ],
    );
}

#[test]
fn a_page_of_some_proxy_is_not_passed_on_to_the_caller() {
    for provider in catalog() {
        let page = "<html><body>internal-lb-7 10.0.0.3</body></html>";
        let failure = provider.classify(spoken(*provider), &reply(502, &[], page), now());
        assert!(!failure.message.contains("10.0.0.3"), "{}", failure.message);
    }
}

#[test]
fn a_refused_credential_is_never_the_callers_fault() {
    for provider in catalog() {
        for status in [401, 402, 403] {
            let failure = provider.classify(spoken(*provider), &reply(status, &[], ""), now());
            assert_eq!(failure.class(), OutcomeClass::Faulty);
        }
    }
}

#[test]
fn the_providers_hint_goes_along() {
    for provider in catalog() {
        let hint = |status, headers: &[(&str, &str)]| {
            provider.classify(spoken(*provider), &reply(status, headers, ""), now()).retry_after
        };
        assert_eq!(hint(429, &[("retry-after-ms", "300")]), Some(Duration::from_millis(300)));
        assert_eq!(hint(529, &[("retry-after", "12")]), Some(Duration::from_secs(12)));
        assert_eq!(hint(503, &[("retry-after", "86400")]), Some(RETRY_HINT_MAX));
        assert_eq!(hint(429, &[]), None);
    }
}

#[test]
fn a_code_and_a_param_go_along() {
    let body = r#"{"error":{"message":"m","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#;
    let provider = find("openai-compatible").unwrap();
    let failure = provider.classify(spoken(provider), &reply(400, &[], body), now());
    assert_eq!(failure.code.as_deref(), Some("unsupported_parameter"));
    assert_eq!(failure.param.as_deref(), Some("max_tokens"));
    assert_eq!(failure.message, "m");
}

const NAMES: [&str; 12] = [
    "retry-after",
    "retry-after-ms",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "x-ratelimit-remaining-tokens",
    "anthropic-ratelimit-tokens-reset",
    "anthropic-ratelimit-tokens-remaining",
    "request-id",
    "x-request-id",
    "x-ms-region",
    "content-type",
    "x-should-retry",
];

/// Bodies that look like errors, cut and bent.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let json = prop::collection::vec(
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"error\"",
            "\"message\"",
            "\"type\"",
            "\"code\"",
            "\"param\"",
            "null",
            "429",
            "1e999",
            "\"insufficient_quota\"",
            "\"\\ud800\"",
        ]),
        0..24,
    );
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        json.prop_map(|parts| parts.concat().into_bytes()),
    ]
}

proptest! {
    #[test]
    fn no_reply_panics_and_no_hint_exceeds_the_cap(
        status in 300_u16..1000,
        headers in prop::collection::vec(
            (prop::sample::select(NAMES.to_vec()), prop::collection::vec(any::<u8>(), 0..24)), 0..6),
        body in bodies(),
        micros in any::<i64>(),
    ) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                map.append(HeaderName::from_static(name), value);
            }
        }
        let head = HttpHead { status: StatusCode::from_u16(status).unwrap(), headers: map };
        let reply = HttpReply { head, body: Bytes::from(body) };
        for provider in catalog() {
            let failure = provider.classify(spoken(*provider), &reply, vocab::Timestamp::from_unix_micros(micros));
            prop_assert_eq!(failure.status, Some(status));
            prop_assert!(failure.retry_after.is_none_or(|hint| hint <= RETRY_HINT_MAX));
            prop_assert_ne!(failure.class(), OutcomeClass::Healthy);
            let seen = provider.observe(&reply.head);
            prop_assert!(seen.request_id.is_none_or(|id| id.len() <= 128));
        }
    }
}
