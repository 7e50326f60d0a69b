//! Mistral: hosts, residency, heads and errors.

use dialect::UpstreamDialect;
use provider::{Observed, Provider, Reach, Room, Settings, SettingsError, find};
use vocab::FailureKind;

use crate::support::{context, head, now, outbound, reply, secret};

fn mistral() -> &'static dyn Provider {
    find("mistral").unwrap()
}

fn settings(base_url: &str, residency: Option<&str>) -> Settings {
    let values = residency.map(|place| ("residency".to_owned(), place.to_owned()));
    Settings {
        base_url: base_url.to_owned(),
        values: values.into_iter().collect(),
        ..Settings::default()
    }
}

#[test]
fn residency_names_the_host_and_the_host_the_reach() {
    let geography = |place: &str| Reach::Geography(place.to_owned());
    for (base_url, residency, host, reach) in [
        ("", None, "api.mistral.ai", Reach::Unstated),
        ("", Some("eu"), "api.eu.mistral.ai", geography("eu")),
        ("", Some("us"), "api.us.mistral.ai", geography("us")),
        ("https://api.eu.mistral.ai", None, "api.eu.mistral.ai", geography("eu")),
        ("https://api.eu.mistral.ai/", Some("eu"), "api.eu.mistral.ai", geography("eu")),
        ("https://API.us.mistral.ai:443", None, "API.us.mistral.ai", geography("us")),
        ("https://api.mistral.ai", None, "api.mistral.ai", Reach::Unstated),
        ("https://api.eu.mistral.ai.example", None, "api.eu.mistral.ai.example", Reach::Unstated),
        ("http://10.0.0.1:8080/eu", None, "10.0.0.1", Reach::Unstated),
    ] {
        let settings = settings(base_url, residency);
        assert_eq!(mistral().reach(&settings, "m"), reach, "{base_url}");
        let endpoint = mistral().connect(&settings, Some(&secret())).unwrap();
        let call = mistral().prepare(&endpoint, outbound(mistral(), Vec::new()), &context());
        assert_eq!(call.uri.host(), Some(host), "{base_url}");
        assert!(call.uri.path().ends_with("/v1/chat/completions"));
        assert_eq!(call.headers["authorization"], "Bearer sk-hunter2");
    }
}

#[test]
fn two_answers_to_the_question_where_are_refused() {
    for (base_url, residency) in [
        ("", "asia"),
        ("", ""),
        ("https://api.us.mistral.ai", "eu"),
        ("https://api.mistral.ai", "eu"),
        ("https://proxy.example", "eu"),
    ] {
        let error = mistral().connect(&settings(base_url, Some(residency)), None).unwrap_err();
        assert!(matches!(error, SettingsError::Wrong { setting: "residency", .. }), "{error}");
    }
}

#[test]
fn a_model_talks_or_embeds_by_its_name() {
    let speaks = |model: &str| mistral().speaks(&settings("", None), model);
    assert_eq!(speaks("mistral-large-latest"), [UpstreamDialect::MistralChat]);
    for model in ["mistral-embed", "codestral-embed-2505"] {
        assert_eq!(speaks(model), [UpstreamDialect::MistralEmbeddings]);
    }
}

#[test]
fn embeddings_have_their_own_path() {
    let endpoint = mistral().connect(&settings("", Some("eu")), Some(&secret())).unwrap();
    let mut outbound = outbound(mistral(), Vec::new());
    outbound.dialect = UpstreamDialect::MistralEmbeddings;
    let call = mistral().prepare(&endpoint, outbound, &context());
    assert_eq!(call.uri, "https://api.eu.mistral.ai/v1/embeddings");
}

#[test]
fn heads_tell_id_and_room() {
    let head = head(
        200,
        &[
            ("mistral-correlation-id", "0193-a"),
            ("x-ratelimit-limit-req-10-second", "60"),
            ("x-ratelimit-remaining-req-10-second", "58"),
            ("x-ratelimit-remaining-tokens-minute", "1999829"),
            ("x-ratelimit-remaining-tokens-month", "9999999829"),
        ],
    );
    let expected = Observed {
        request_id: Some("0193-a".to_owned()),
        room: Room { requests: Some(58), tokens: Some(1_999_829) },
        ..Observed::default()
    };
    assert_eq!(mistral().observe(&head), expected);
}

#[test]
fn errors_are_classified() {
    let extra = r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted","input":1}]},"type":"invalid_request_error","param":null,"code":null,"raw_status_code":422}"#;
    for (status, body, kind) in [
        (
            429,
            r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#,
            FailureKind::RateLimited,
        ),
        (422, extra, FailureKind::BadRequest),
        (422, r#"{"detail":[{"loc":["body"],"msg":"m","type":"t"}]}"#, FailureKind::BadRequest),
        (401, r#"{"detail":"Unauthorized"}"#, FailureKind::CredentialRejected),
        (
            400,
            r#"{"object":"error","message":"Unexpected role 'user' after role 'tool'","type":"invalid_request_message_order","param":null,"code":"3230"}"#,
            FailureKind::BadRequest,
        ),
        (
            400,
            r#"{"object":"error","message":"Prompt contains 9 tokens, too large for model with 8 maximum context length","type":"invalid_request_error","code":"3051"}"#,
            FailureKind::ContextTooLong,
        ),
        (
            400,
            r#"{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}"#,
            FailureKind::ModelMissing,
        ),
        (500, r#"{"message":"Internal server error"}"#, FailureKind::Broken),
        (503, "", FailureKind::Overloaded),
    ] {
        let failure =
            mistral().classify(UpstreamDialect::MistralChat, &reply(status, &[], body), now());
        assert_eq!(failure.kind, kind, "{status} {body}");
    }
    let failure = mistral().classify(UpstreamDialect::MistralChat, &reply(422, &[], extra), now());
    assert_eq!(failure.param.as_deref(), Some("seed"));
    assert_eq!(failure.message, "`seed`: Extra inputs are not permitted");
}
