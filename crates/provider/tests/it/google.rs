//! Vertex and the Gemini API: addresses, models, credentials, reach, errors.

use std::time::Duration;

use bytes::Bytes;
use dialect::{Outbound, UpstreamDialect};
use provider::{CallContext, Credential, RETRY_HINT_MAX, Reach, Settings, SettingsError, find};
use secrecy::SecretString;
use vocab::{FailureKind, HttpCall};

use crate::support::{context, now, reply, secret, settings};
use UpstreamDialect::{Gemini, GeminiCount, VertexEmbeddings, VertexMessages, VertexMessagesCount};

fn vertex(location: &str) -> Settings {
    let values = [("project", "acme"), ("location", location)];
    Settings { values: values.map(|(n, v)| (n.to_owned(), v.to_owned())).into(), ..settings("") }
}

fn with(mut settings: Settings, name: &str, value: &str) -> Settings {
    settings.values.insert(name.to_owned(), value.to_owned());
    settings
}

fn call(
    provider: &str,
    settings: &Settings,
    (dialect, stream): (UpstreamDialect, bool),
    model: &str,
) -> HttpCall {
    let provider = find(provider).unwrap();
    let token = Credential::Token(provider::Issuer::Google, SecretString::from("ya29.hunter2"));
    let endpoint = provider.connect(settings, Some(&token)).unwrap();
    let body = Bytes::from_static(br#"{"contents":[]}"#);
    let outbound = Outbound { dialect, body, headers: Vec::new(), stream, dropped: Vec::new() };
    provider.prepare(&endpoint, outbound, &CallContext { model, ..context() })
}

fn uri(settings: &Settings, kind: (UpstreamDialect, bool), model: &str) -> String {
    call("vertex", settings, kind, model).uri.to_string()
}

#[test]
fn the_location_is_in_host_and_path() {
    for (location, host) in [
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
    ] {
        assert_eq!(
            uri(&vertex(location), (Gemini, false), "gemini-2.5-pro"),
            format!(
                "https://{host}/v1/projects/acme/locations/{location}/publishers/google/models/gemini-2.5-pro:generateContent"
            )
        );
        let call = call("vertex", &vertex(location), (Gemini, false), "gemini-2.5-pro");
        assert_eq!(call.headers["host"], host);
        assert_eq!(call.headers["authorization"], "Bearer ya29.hunter2");
    }
}

#[test]
fn each_api_has_its_method_and_publisher() {
    let models = "https://psc.example/v1/projects/acme/locations/europe-west1/publishers";
    let settings = Settings { base_url: "https://psc.example/".into(), ..vertex("europe-west1") };
    for (kind, model, end) in [
        (
            (Gemini, true),
            "gemini-3-pro",
            "/google/models/gemini-3-pro:streamGenerateContent?alt=sse",
        ),
        ((GeminiCount, false), "gemini-3-pro", "/google/models/gemini-3-pro:countTokens"),
        (
            (VertexEmbeddings, false),
            "text-embedding-005",
            "/google/models/text-embedding-005:predict",
        ),
        ((VertexMessages, false), "claude-x@1", "/anthropic/models/claude-x@1:rawPredict"),
        ((VertexMessages, true), "claude-x@1", "/anthropic/models/claude-x@1:streamRawPredict"),
        ((VertexMessagesCount, false), "claude-x@1", "/anthropic/models/count-tokens:rawPredict"),
    ] {
        assert_eq!(uri(&settings, kind, model), format!("{models}{end}"));
    }
    let accept = call("vertex", &settings, (Gemini, true), "m").headers["accept"].clone();
    assert_eq!(accept, "text/event-stream");
}

#[test]
fn a_models_name_or_a_setting_tells_the_api() {
    let vertex_provider = find("vertex").unwrap();
    let speaks = |settings: &Settings, model| vertex_provider.speaks(settings, model);
    let here = vertex("europe-west4");
    assert_eq!(speaks(&here, "gemini-2.5-pro"), [Gemini, GeminiCount]);
    assert_eq!(speaks(&here, "claude-opus-4@1"), [VertexMessages, VertexMessagesCount]);
    assert_eq!(speaks(&here, "text-multilingual-embedding-002"), [VertexEmbeddings]);
    assert_eq!(speaks(&here, "gemini-embedding-001"), [VertexEmbeddings]);
    assert_eq!(speaks(&here, "gemini-embedding-2"), []);
    let stated = with(here.clone(), "publisher", "anthropic");
    assert_eq!(speaks(&stated, "opus"), [VertexMessages, VertexMessagesCount]);
    for model in ["", "..", "models/x", "x:predict", "x?y", "a/../b", "x%2f"] {
        assert_eq!(speaks(&here, model), [], "{model}");
        assert_eq!(find("gemini").unwrap().speaks(&settings(""), model), [], "{model}");
    }
    assert_eq!(
        find("gemini").unwrap().speaks(&settings(""), "gemini-2.5-pro"),
        [Gemini, GeminiCount]
    );
}

#[test]
fn a_models_name_reaches_no_other_resource() {
    let uri = uri(&vertex("eu"), (Gemini, false), "../../x:predict?a=b#c");
    assert!(
        uri.ends_with(
            "/publishers/google/models/..%2F..%2Fx%3Apredict%3Fa%3Db%23c:generateContent"
        ),
        "{uri}"
    );
}

#[test]
fn the_location_tells_how_far_a_prompt_may_go() {
    let reach = |location| find("vertex").unwrap().reach(&vertex(location), "m");
    assert_eq!(reach("europe-west4"), Reach::Region("europe-west4".to_owned()));
    assert_eq!(reach("eu"), Reach::Geography("eu".to_owned()));
    assert_eq!(reach("global"), Reach::Global);
    assert_eq!(find("gemini").unwrap().reach(&settings(""), "m"), Reach::Global);
}

#[test]
fn settings_that_are_missing_or_no_names_are_refused() {
    let provider = find("vertex").unwrap();
    let error = |settings: &Settings| provider.connect(settings, None).unwrap_err();
    assert!(matches!(error(&settings("")), SettingsError::Missing { setting: "project", .. }));
    let mut without = vertex("eu");
    without.values.remove("location");
    assert!(matches!(error(&without), SettingsError::Missing { setting: "location", .. }));
    for wrong in ["", "EU", "eu.evil.example", "eu/../us", "eu@h", "-eu", "eu:1"] {
        let error = error(&vertex(wrong));
        assert!(matches!(error, SettingsError::Wrong { setting: "location", .. }), "{wrong}");
    }
    for wrong in ["", "a/b", "a?b", "A B", &"a".repeat(64)] {
        let error = error(&with(vertex("eu"), "project", wrong));
        assert!(matches!(error, SettingsError::Wrong { setting: "project", .. }), "{wrong}");
    }
    let error = error(&with(vertex("eu"), "publisher", "meta"));
    assert!(matches!(error, SettingsError::Wrong { setting: "publisher", .. }));
    let gemini = find("gemini").unwrap();
    let error = gemini.connect(&with(settings(""), "version", "v2"), None).unwrap_err();
    assert!(matches!(error, SettingsError::Wrong { setting: "version", .. }));
}

#[test]
fn the_gemini_api_is_called_by_key_in_the_version_that_is_set() {
    let provider = find("gemini").unwrap();
    let endpoint = provider.connect(&settings(""), Some(&secret())).unwrap();
    let outbound = Outbound {
        dialect: Gemini,
        body: Bytes::from_static(b"{}"),
        headers: Vec::new(),
        stream: true,
        dropped: Vec::new(),
    };
    let context = CallContext { model: "gemini-2.5-flash", ..context() };
    let call = provider.prepare(&endpoint, outbound, &context);
    assert_eq!(
        call.uri,
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    );
    assert_eq!(call.headers["x-goog-api-key"], "sk-hunter2");
    assert!(!call.headers.contains_key("authorization"));
}

#[test]
fn the_gemini_api_counts_a_request_that_is_a_field() {
    let stable = with(settings("http://127.0.0.1:9/"), "version", "v1");
    let call = call("gemini", &stable, (GeminiCount, false), "m");
    assert_eq!(call.uri, "http://127.0.0.1:9/v1/models/m:countTokens");
    assert_eq!(call.body, r#"{"generateContentRequest":{"model":"models/m","contents":[]}}"#);
}

#[test]
fn the_hint_in_the_body_counts_where_no_header_has_one_and_is_capped() {
    let provider = find("vertex").unwrap();
    let body = |delay: &str| {
        format!(
            r#"{{"error":{{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{delay}"}}]}}}}"#
        )
    };
    let hint = |headers: &[(&str, &str)], delay: &str| {
        let failure = provider.classify(Gemini, &reply(429, headers, &body(delay)), now());
        assert_eq!(failure.kind, FailureKind::RateLimited);
        failure.retry_after
    };
    assert_eq!(hint(&[], "34.4s"), Some(Duration::from_millis(34_400)));
    assert_eq!(hint(&[("retry-after", "2")], "34.4s"), Some(Duration::from_secs(2)));
    assert_eq!(hint(&[], "86400s"), Some(RETRY_HINT_MAX));
}
