//! Recorded Responses of OpenAI, Azure and others, and recorded answers of others to callers of
//! Responses, where they are present.

use bytes::Bytes;
use dialect::{Finish, answer, read_error};
use serde_json::Value;
use vocab::FailureKind;

use crate::{
    fixtures::{exchanges, files},
    responses_streams::checked,
    support::*,
};

const CLIENTS: [Client; 3] =
    [Client::OpenAiResponses, Client::OpenAiChat, Client::AnthropicMessages];

/// Recorded exchanges of Responses.
fn recorded() -> impl Iterator<Item = crate::fixtures::Exchange> {
    exchanges("openai-responses").into_iter()
}

fn streams() -> Vec<(String, String)> {
    let mut found = files("openai-responses", "sse");
    found.extend(files("azure-openai", "sse"));
    found.extend(recorded().filter_map(|exchange| Some((exchange.name, exchange.stream?))));
    found
}

#[test]
fn recorded_requests_pass_through_with_only_model_and_store_changed() {
    for exchange in recorded() {
        let request = read(Client::OpenAiResponses, &exchange.request.to_string()).unwrap();
        let sent = emit(&request, Upstream::OpenAiResponses).unwrap();
        let mut expected = exchange.request.clone();
        expected["model"] = "up".into();
        expected["store"] = false.into();
        if exchange.name.contains("reasoning_tokens") {
            // It reasons, and what it thought would have been stored.
            expected["include"] = serde_json::json!(["reasoning.encrypted_content"]);
        }
        let sent: Value = serde_json::from_slice(&sent.body).unwrap();
        assert_eq!(sent, expected, "{}", exchange.name);
    }
}

#[test]
fn recorded_requests_cross_or_name_the_field_that_cannot() {
    for exchange in recorded() {
        let request = read(Client::OpenAiResponses, &exchange.request.to_string()).unwrap();
        for upstream in [Upstream::OpenAiChat, Upstream::AnthropicMessages] {
            let crossed = emit(&request, upstream).map_err(|refused| refused.param);
            let expected = match exchange.name.as_str() {
                "openai-responses/logprobs_stream.json#0" => Some("include[0]"),
                _ => None,
            };
            assert_eq!(crossed.err().as_deref(), expected, "{} {upstream}", exchange.name);
        }
    }
}

#[test]
fn client_requests_are_read_and_cross_or_name_the_field() {
    for (name, text) in files("client-requests", "json") {
        let expected = match name.as_str() {
            // Its refusal has another shape than the API's.
            "client-requests/responses_assistant-history.json" => {
                Some("input[0].content[1].refusal")
            }
            "client-requests/responses_input-media.json" => None,
            _ => continue,
        };
        let request = read(Client::OpenAiResponses, &text).unwrap();
        let crossed = emit(&request, Upstream::OpenAiChat).map_err(|refused| refused.param);
        assert_eq!(crossed.err().as_deref(), expected, "{name}");
    }
}

#[test]
fn recorded_answers_are_read_in_each_client_dialect() {
    for exchange in recorded().filter(|exchange| exchange.status == 200) {
        let Some(body) = exchange.body.map(Bytes::from) else { continue };
        let same = read(Client::OpenAiResponses, &exchange.request.to_string()).unwrap();
        let same = answer(&same, Upstream::OpenAiResponses, "up", id(), &body).unwrap();
        assert_eq!(same.body, body);
        assert!(same.usage.output.is_some() && same.finish.is_some(), "{}", exchange.name);
        for client in [Client::OpenAiChat, Client::AnthropicMessages] {
            let asked = parse(client, r#"{"model":"m","max_tokens":1,"messages":[]}"#);
            let crossed = answer(&asked, Upstream::OpenAiResponses, "up", id(), &body).unwrap();
            assert_eq!((crossed.usage, crossed.finish), (same.usage, same.finish));
            serde_json::from_slice::<Value>(&crossed.body).unwrap();
        }
    }
}

#[test]
fn recorded_answers_of_others_reach_a_caller_of_responses() {
    let asked =
        r#"{"model":"m","input":"x","store":false,"tools":[{"type":"function","name":"f"}]}"#;
    let asked = read(Client::OpenAiResponses, asked).unwrap();
    for (folder, upstream) in [
        ("openai-chat", Upstream::OpenAiChat),
        ("openai-compat", Upstream::OpenAiChat),
        ("azure-openai", Upstream::OpenAiChat),
        ("anthropic", Upstream::AnthropicMessages),
    ] {
        for exchange in exchanges(folder).into_iter().filter(|exchange| exchange.status == 200) {
            let Some(body) = exchange.body.map(Bytes::from) else { continue };
            if exchange.name.contains("n2.json") || exchange.name.contains("bad_200") {
                continue;
            }
            let crossed = answer(&asked, upstream, "up", id(), &body).unwrap();
            let response: Value = serde_json::from_slice(&crossed.body).unwrap();
            assert_eq!(response["object"], "response", "{}", exchange.name);
            assert_eq!(response["tools"][0]["strict"], false);
            let limited = matches!(crossed.finish, Some(Finish::Length | Finish::ContentFilter));
            let status = if limited { "incomplete" } else { "completed" };
            assert_eq!(response["status"], status, "{}", exchange.name);
        }
    }
}

#[test]
fn recorded_errors_are_classified() {
    for (name, kind) in [
        ("err_400_reasoning_item_orphan", FailureKind::BadRequest),
        ("err_400_temperature", FailureKind::BadRequest),
    ] {
        for exchange in recorded().filter(|exchange| exchange.name.contains(name)) {
            let body = exchange.body.unwrap();
            let failure =
                read_error(Upstream::OpenAiResponses, Some(exchange.status), body.as_bytes());
            assert_eq!(failure.kind, kind, "{}", exchange.name);
        }
    }
    for (name, text) in files("openai-responses", "json") {
        if name.ends_with("error_quota.json") {
            let failure = read_error(Upstream::OpenAiResponses, None, text.as_bytes());
            assert_eq!(failure.kind, FailureKind::QuotaSpent);
        }
    }
}

/// What a recorded stream comes to for this caller.
fn expected_end(name: &str, client: Client) -> Result<(), FailureKind> {
    let same = client == Client::OpenAiResponses;
    match name {
        name if name.contains("instream_error_quota") => Err(FailureKind::QuotaSpent),
        name if name.contains("custom_tool") && !same => Err(FailureKind::Broken),
        _ => Ok(()),
    }
}

#[test]
fn recorded_streams_are_whole_in_each_client_dialect_however_they_are_cut() {
    for (name, stream) in streams() {
        let bytes = stream.as_bytes();
        for client in CLIENTS {
            let relayed =
                |chunks: Vec<&[u8]>| run(relay(client, Upstream::OpenAiResponses, true), chunks);
            let whole = relayed(vec![bytes]);
            assert_eq!(whole.end, expected_end(&name, client), "{name} to {client}");
            assert_eq!(whole.terminal.is_empty(), whole.end.is_err(), "{name} to {client}");
            if whole.end.is_ok() {
                assert!(whole.progress.finish.is_some(), "{name}");
                assert!(whole.progress.usage.output.is_some(), "{name}");
                if client == Client::OpenAiResponses {
                    let passed = format!("{}{}", whole.out, whole.terminal);
                    assert!(stream.starts_with(passed.trim_end()), "{name}");
                    assert!(stream.len() - passed.trim_end().len() < 40, "{name}");
                }
            }
            assert_eq!(relayed(bytes.chunks(1).collect()), whole, "{name} byte by byte");
            let step = (bytes.len() / 200).max(1);
            for cut in (0..bytes.len()).step_by(step) {
                let (a, b) = bytes.split_at(cut);
                assert_eq!(relayed(vec![a, b]), whole, "{name} cut at {cut}");
            }
        }
    }
}

#[test]
fn a_truncated_stream_is_never_whole() {
    for (name, stream) in streams() {
        let last = "\"type\":\"response.completed\"";
        let Some(end) = stream.rfind(last) else { continue };
        for client in CLIENTS {
            for cut in (0..=end).step_by((end / 100).max(1)) {
                let truncated = &stream.as_bytes()[..cut];
                let relayed = run(relay(client, Upstream::OpenAiResponses, true), [truncated]);
                assert!(relayed.end.is_err(), "{name} truncated at {cut}");
                assert_eq!(relayed.terminal, "", "{name} truncated at {cut}");
            }
        }
    }
}

#[test]
fn recorded_streams_of_others_reach_a_caller_of_responses() {
    let mut found = Vec::new();
    for (folder, upstream) in [
        ("openai-chat", Upstream::OpenAiChat),
        ("openai-compat", Upstream::OpenAiChat),
        ("azure-openai", Upstream::OpenAiChat),
        ("anthropic", Upstream::AnthropicMessages),
    ] {
        if folder != "azure-openai" {
            found.extend(
                files(folder, "sse").into_iter().map(|(name, text)| (name, upstream, text)),
            );
        }
        found.extend(
            exchanges(folder)
                .into_iter()
                .filter_map(|exchange| Some((exchange.name, upstream, exchange.stream?))),
        );
    }
    for (name, upstream, stream) in found {
        let relayed =
            |chunks: Vec<&[u8]>| run(relay(Client::OpenAiResponses, upstream, false), chunks);
        let whole = relayed(vec![stream.as_bytes()]);
        if name.contains("spliced_message_start") || name.contains("sdk_server_tool_use") {
            assert_eq!((whole.end, &*whole.terminal), (Err(FailureKind::Broken), ""), "{name}");
            continue;
        }
        assert_eq!(whole.end, Ok(()), "{name}");
        checked(&format!("{}{}", whole.out, whole.terminal));
        assert_eq!(relayed(stream.as_bytes().chunks(1).collect()), whole, "{name} byte by byte");
    }
}
