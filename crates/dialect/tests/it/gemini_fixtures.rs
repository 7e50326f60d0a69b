//! Recorded exchanges of Gemini in both directions, and what is sent against Google's own
//! description of its API.

use std::{collections::BTreeSet, fs};

use bytes::Bytes;
use dialect::{answer, read_error};
use serde_json::{Map, Value};
use vocab::FailureKind;

use crate::{
    fixtures::{exchanges, files, root},
    support::*,
};

const ASK: &str = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
const CLIENTS: [Client; 2] = [Client::OpenAiChat, Client::AnthropicMessages];

#[test]
fn recorded_answers_reach_callers_of_other_dialects() {
    let mut read = 0;
    for exchange in exchanges("vertex-gemini").into_iter().filter(|one| one.status == 200) {
        let Some(body) = exchange.body.map(Bytes::from) else { continue };
        let wire: Value = serde_json::from_slice(&body).unwrap();
        let usage = &wire["usageMetadata"];
        let count = |name: &str| usage[name].as_u64().unwrap_or(0);
        for client in CLIENTS {
            let name = &exchange.name;
            let answer = answer(&parse(client, ASK), Upstream::Gemini, "m", id(), &body).unwrap();
            assert_eq!(answer.usage.prompt(), Some(count("promptTokenCount")), "{name}");
            let output = count("candidatesTokenCount") + count("thoughtsTokenCount");
            assert_eq!(answer.usage.output, Some(output), "{name}");
            let expected = if name.contains("safety") {
                "content_filter"
            } else if name.contains("max_tokens") {
                "length"
            } else if name.contains("function_call") {
                "tool_calls"
            } else {
                "stop"
            };
            assert_eq!(answer.finish.unwrap().as_str(), expected, "{name}");
            let shown = String::from_utf8(answer.body.to_vec()).unwrap();
            for part in wire["candidates"][0]["content"]["parts"].as_array().into_iter().flatten() {
                if let Some(text) = part["text"].as_str() {
                    assert!(shown.contains(&Value::from(text).to_string()), "{name}");
                }
            }
            read += 1;
        }
    }
    assert!(read >= 14 || root().is_none(), "{read}");
}

#[test]
fn a_recorded_refusal_of_the_prompt_is_no_fault() {
    for (name, text) in files("vertex-gemini", "json") {
        if name.contains("prompt_blocked") {
            let body = Bytes::from(text);
            let failure = answer(&parse(CLIENTS[0], ASK), Upstream::Gemini, "m", id(), &body);
            assert_eq!(failure.unwrap_err().kind, FailureKind::ContentBlocked, "{name}");
        } else if name.contains("429") {
            let failure = read_error(Upstream::Gemini, Some(429), text.as_bytes());
            assert_eq!(failure.kind, FailureKind::RateLimited);
            assert_eq!(failure.retry_after.unwrap().as_millis(), 34_400);
        } else if name.contains("embedding") {
            let asked = r#"{"model":"m","input":["a","b"]}"#;
            let request = read(Client::OpenAiEmbeddings, asked).unwrap();
            let body = Bytes::from(text);
            let answer = answer(&request, Upstream::VertexEmbeddings, "m", id(), &body).unwrap();
            assert_eq!(answer.usage.input, Some(11));
        }
    }
}

#[test]
fn recorded_errors_are_classified_by_their_names() {
    for exchange in exchanges("vertex-gemini").iter().filter(|one| one.status != 200) {
        let body = exchange.body.as_deref().unwrap();
        let failure = read_error(Upstream::Gemini, Some(exchange.status), body.as_bytes());
        let (kind, code) = match exchange.status {
            404 => (FailureKind::ModelMissing, "NOT_FOUND"),
            _ => (FailureKind::BadRequest, "INVALID_ARGUMENT"),
        };
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(code)));
    }
}

fn streams() -> Vec<(String, String)> {
    let recorded = exchanges("vertex-gemini").into_iter();
    let recorded = recorded.filter_map(|exchange| Some((exchange.name, exchange.stream?)));
    files("vertex-gemini", "sse").into_iter().chain(recorded).collect()
}

#[test]
fn recorded_streams_are_whole_however_they_are_cut() {
    for (name, stream) in streams() {
        let bytes = stream.as_bytes();
        for client in CLIENTS {
            let whole = run(relay(client, Upstream::Gemini, true), [bytes]);
            assert_eq!(whole.end, Ok(()), "{name}");
            assert!(!whole.terminal.is_empty() && whole.progress.finish.is_some(), "{name}");
            assert!(whole.progress.usage.output.is_some(), "{name}");
            let singly = run(relay(client, Upstream::Gemini, true), bytes.chunks(1));
            assert_eq!(singly, whole, "{name} byte by byte");
            let step = if client == Client::OpenAiChat { 1 } else { 7 };
            for cut in (0..bytes.len()).step_by(step) {
                let (a, b) = bytes.split_at(cut);
                let halves = run(relay(client, Upstream::Gemini, true), [a, b]);
                assert_eq!(halves, whole, "{name} cut at {cut}");
            }
        }
    }
}

#[test]
fn a_truncated_recorded_stream_is_never_whole() {
    for (name, stream) in streams() {
        for cut in 0..stream.trim_end().len() {
            let relayed =
                run(relay(Client::OpenAiChat, Upstream::Gemini, true), [&stream.as_bytes()[..cut]]);
            assert!(relayed.end.is_err(), "{name} truncated at {cut}");
            assert_eq!(relayed.terminal, "", "{name} truncated at {cut}");
        }
    }
}

/// Google's description of the API.
fn schemas() -> Option<Map<String, Value>> {
    let text = fs::read_to_string(root()?.join("specs/google.aiplatform.v1.trimmed.json")).unwrap();
    let description: Value = serde_json::from_str(&text).unwrap();
    description["schemas"].as_object().cloned()
}

/// Checks names and types of `value` against the schema called `name`.
fn check(schemas: &Map<String, Value>, name: &str, value: &Value, at: &str) {
    let properties = &schemas[name]["properties"];
    for (key, value) in value.as_object().unwrap_or_else(|| panic!("{at} is no object")) {
        let at = format!("{at}.{key}");
        let property = properties.get(key).unwrap_or_else(|| panic!("{at} is unknown to {name}"));
        check_value(schemas, property, value, &at);
    }
}

fn check_value(schemas: &Map<String, Value>, property: &Value, value: &Value, at: &str) {
    if let Some(name) = property["$ref"].as_str() {
        return check(schemas, name, value, at);
    }
    let fits = match property["type"].as_str().unwrap() {
        "array" => {
            for item in value.as_array().unwrap() {
                check_value(schemas, &property["items"], item, at);
            }
            true
        }
        "string" => match property["enum"].as_array() {
            Some(known) => known.contains(value),
            None => value.is_string(),
        },
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        _ => true,
    };
    assert!(fits, "{at} is not as described: {property}");
}

#[test]
fn what_is_sent_is_as_google_describes_it() {
    let Some(schemas) = schemas() else { return };
    let mut sent = BTreeSet::new();
    for folder in ["openai-chat", "anthropic", "openai-compat", "client-requests"] {
        let asked = exchanges(folder).into_iter().map(|one| (one.name, one.request.to_string()));
        let asked =
            asked.chain(files(folder, "json").into_iter().filter(|_| folder == "client-requests"));
        for (name, body) in asked {
            let client = if name.contains("openai") || name.contains("chat_") {
                Client::OpenAiChat
            } else if name.contains("anthropic") || name.contains("messages_") {
                Client::AnthropicMessages
            } else {
                continue;
            };
            let Ok(outbound) = emit(&parse(client, &body), Upstream::Gemini) else { continue };
            let body: Value = serde_json::from_slice(&outbound.body).unwrap();
            check(&schemas, "GoogleCloudAiplatformV1GenerateContentRequest", &body, &name);
            sent.insert(name);
        }
    }
    assert!(sent.len() >= 30, "{sent:?}");
}

#[test]
fn a_count_and_an_embedding_are_as_google_describes_them() {
    let Some(schemas) = schemas() else { return };
    let counted = r#"{"model":"m","system":"s","tools":[{"name":"f","input_schema":{}}],
        "messages":[{"role":"user","content":"hi"}]}"#;
    let embedded = r#"{"model":"m","input":"a","dimensions":5}"#;
    for (client, body, upstream, name) in [
        (Client::AnthropicCount, counted, Upstream::GeminiCount, "CountTokensRequest"),
        (Client::OpenAiEmbeddings, embedded, Upstream::VertexEmbeddings, "PredictRequest"),
    ] {
        let sent = emit(&read(client, body).unwrap(), upstream).unwrap();
        let sent: Value = serde_json::from_slice(&sent.body).unwrap();
        check(&schemas, &format!("GoogleCloudAiplatformV1{name}"), &sent, name);
    }
}
