//! Counting a prompt's tokens.

use bytes::Bytes;
use dialect::{Caller, Request, answer};
use serde_json::{Value, json};
use vocab::{FailureKind, Usage};

use crate::{
    fixtures::{interactions, spec},
    schema::faults,
    support::*,
};

fn body() -> Value {
    json!({
        "model": "m",
        "system": "be brief",
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": "hi"}],
        "future": {"b": 1, "a": 1.50},
    })
}

fn ask(version: &str, body: &Value) -> Result<Request, dialect::ParseError> {
    let caller = Caller { anthropic_version: Some(version), ..Caller::default() };
    Request::parse(Client::AnthropicCount, caller, Bytes::from(body.to_string()))
}

#[test]
fn a_count_passes_through_with_only_the_model_changed() {
    let request = ask("2023-06-01", &body()).unwrap();
    let sent = emit(&request, Upstream::AnthropicCount).unwrap();
    let mut expected = body();
    expected["model"] = "up".into();
    assert_eq!(sent.body, expected.to_string());
    assert_eq!(sent.headers, [("anthropic-version", "2023-06-01".to_owned())]);
    assert!(!sent.stream);
}

#[test]
fn a_count_has_no_output_limit_and_both_versions_keep_their_rules() {
    assert_eq!(ask("2023-06-01", &body()).unwrap().output_max(), None);
    let mut sampled = body();
    sampled["temperature"] = json!(1);
    ask("2023-06-01", &sampled).unwrap();
    let refused = ask("2026-10-21", &sampled).unwrap_err();
    assert_eq!(refused.param.as_deref(), Some("temperature"));
    let refused = ask("2025-01-01", &body()).unwrap_err();
    assert_eq!(refused.param.as_deref(), Some("anthropic-version"));
    let refused = ask("2023-06-01", &json!({"model": "m"})).unwrap_err();
    assert_eq!(refused.param.as_deref(), Some("messages"));
}

#[test]
fn a_route_that_cannot_count_is_refused_and_says_so() {
    let request = ask("2023-06-01", &body()).unwrap();
    let refused =
        request.choose(&[Upstream::OpenAiChat, Upstream::AnthropicMessages], &TARGET).unwrap_err();
    assert_eq!(refused.param, "model");
    assert!(refused.message.contains("anthropic-count"), "{refused}");
    let routes = [Upstream::AnthropicMessages, Upstream::AnthropicCount];
    assert_eq!(request.choose(&routes, &TARGET), Ok(Upstream::AnthropicCount));
}

#[test]
fn a_body_with_reasoning_of_another_dialect_is_put_into_words_of_its_own() {
    let mut with_carrier = body();
    with_carrier.as_object_mut().unwrap().remove("future");
    with_carrier["messages"][0]["content"] = "isobar1. is only a word here".into();
    with_carrier["max_tokens"] = json!(9);
    let request = ask("2023-06-01", &with_carrier).unwrap();
    let sent = emit(&request, Upstream::AnthropicCount).unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(sent.get("max_tokens"), None);
    assert_eq!(sent["model"], "up");
    assert_eq!(sent["messages"][0]["content"][0]["text"], "isobar1. is only a word here");
}

#[test]
fn the_count_is_the_answer_and_uses_nothing() {
    let request = ask("2023-06-01", &body()).unwrap();
    let read = |text: &'static str| {
        answer(&request, Upstream::AnthropicCount, "up", id(), &Bytes::from_static(text.as_bytes()))
    };
    let counted = read(r#"{"input_tokens":19,"future":1}"#).unwrap();
    assert_eq!(counted.body, r#"{"input_tokens":19,"future":1}"#);
    assert_eq!((counted.usage, counted.finish), (Usage::default(), None));
    for bad in ["", "{}", "[]", r#"{"input_tokens":-1}"#, r#"{"input_tokens":"9"}"#, "<html>"] {
        assert_eq!(read(bad).unwrap_err().kind, FailureKind::Broken, "{bad}");
    }
    let overloaded =
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    assert_eq!(read(overloaded).unwrap_err().kind, FailureKind::Overloaded);
}

#[test]
fn the_recorded_count_is_read() {
    for interaction in interactions("anthropic", "count_tokens.json").into_iter().take(1) {
        let request = ask("2023-06-01", &interaction["request"]["json"]).unwrap();
        emit(&request, Upstream::AnthropicCount).unwrap();
        let body = Bytes::from(interaction["response"]["json"].to_string());
        let counted = answer(&request, Upstream::AnthropicCount, "up", id(), &body).unwrap();
        assert_eq!(counted.body, r#"{"input_tokens":19}"#);
    }
}

#[test]
fn what_is_sent_is_as_the_published_schema_wants_it() {
    let Some(spec) = spec("anthropic.sdk-2.11.0.json-schemas.json") else { return };
    let schema = &spec["schemas"]["MessageCountTokensParams"];
    let mut translated = body();
    translated.as_object_mut().unwrap().remove("future");
    translated["messages"][0]["content"] = "isobar1. makes it be read".into();
    let sent = emit(&ask("2023-06-01", &translated).unwrap(), Upstream::AnthropicCount).unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(faults(schema, schema, &sent), Vec::<String>::new(), "{sent}");
}
