//! Recorded bodies and streams of real providers and real clients, where they are present.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use dialect::{answer, read_error};
use serde_json::Value;
use vocab::FailureKind;

use crate::support::*;

/// Up to this size a stream is cut at every byte; longer ones at every thirteenth.
const CUT_EVERYWHERE_MAX: usize = 2_500;

pub(crate) fn root() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let named = option_env!("ISOBAR_FIXTURES").map(PathBuf::from);
    let root = named.unwrap_or(beside);
    if root.is_dir() {
        return Some(root);
    }
    println!("NOT RUN: no fixtures at {}; set ISOBAR_FIXTURES", root.display());
    None
}

pub(crate) fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let Some(root) = root() else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let wanted = paths.into_iter().filter(|path| path.extension().unwrap_or_default() == extension);
    wanted
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (format!("{folder}/{name}"), fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn upstream(folder: &str) -> (Client, Upstream) {
    match folder {
        "anthropic" => (Client::AnthropicMessages, Upstream::AnthropicMessages),
        _ => (Client::OpenAiChat, Upstream::OpenAiChat),
    }
}

/// A published specification.
pub(crate) fn spec(name: &str) -> Option<Value> {
    let text = fs::read_to_string(root()?.join("specs").join(name)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// What one file recorded, as it stands there.
pub(crate) fn interactions(folder: &str, name: &str) -> Vec<Value> {
    let wanted = format!("{folder}/{name}");
    let file = files(folder, "json").into_iter().find(|(name, _)| *name == wanted);
    let file = file.map(|(_, text)| serde_json::from_str::<Value>(&text).unwrap());
    file.and_then(|file| file["interactions"].as_array().cloned()).unwrap_or_default()
}

/// Every recorded exchange: its name, request, status, whole body, stream.
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) request: Value,
    pub(crate) status: u16,
    pub(crate) body: Option<String>,
    pub(crate) stream: Option<String>,
}

pub(crate) fn exchanges(folder: &str) -> Vec<Exchange> {
    let mut found = Vec::new();
    for (name, text) in files(folder, "json") {
        let file: Value = serde_json::from_str(&text).unwrap();
        let Some(interactions) = file["interactions"].as_array() else { continue };
        for (number, interaction) in interactions.iter().enumerate() {
            let url = interaction["request"]["url"].as_str().unwrap();
            if url.contains("count_tokens") {
                continue;
            }
            let response = &interaction["response"];
            let text = response["text"].as_str().map(str::to_owned);
            let is_stream = text
                .as_deref()
                .is_some_and(|text| text.starts_with("data:") || text.starts_with("event:"));
            let (stream, text) = if is_stream { (text, None) } else { (None, text) };
            let json = response.get("json").map(Value::to_string);
            found.push(Exchange {
                name: format!("{name}#{number}"),
                request: interaction["request"]["json"].clone(),
                status: u16::try_from(response["status"].as_u64().unwrap()).unwrap(),
                body: json.or(text),
                stream,
            });
        }
    }
    found
}

const FOLDERS: [&str; 3] = ["openai-chat", "anthropic", "openai-compat"];

#[test]
fn recorded_requests_pass_through_with_only_the_model_changed() {
    for folder in FOLDERS {
        let (client, upstream) = upstream(folder);
        for exchange in exchanges(folder) {
            let request = parse(client, &exchange.request.to_string());
            let sent = emit(&request, upstream).unwrap();
            let mut expected = exchange.request.clone();
            expected["model"] = "up".into();
            if exchange.request["stream"] == true && client == Client::OpenAiChat {
                expected["stream_options"]["include_usage"] = true.into();
            }
            let sent: Value = serde_json::from_slice(&sent.body).unwrap();
            assert_eq!(sent, expected, "{}", exchange.name);
        }
    }
}

#[test]
fn recorded_requests_cross_or_name_the_field_that_cannot() {
    for folder in FOLDERS {
        let (client, _) = upstream(folder);
        for exchange in exchanges(folder) {
            let request = parse(client, &exchange.request.to_string());
            let crossed = emit(&request, other(client)).map_err(|refused| refused.param);
            let expected = match exchange.name.as_str() {
                "openai-chat/err_400_unsupported_parameter.json#0" => Some("messages[0].content"),
                "openai-chat/json_mode.json#0" => Some("response_format.type"),
                "openai-chat/n2.json#0" => Some("n"),
                "openai-chat/seed_service_tier.json#0" => Some("seed"),
                "openai-chat/stream_length_usage.json#0" => Some("messages"),
                "openai-chat/web_search_stream.json#0" => Some("web_search_options"),
                "anthropic/redacted_thinking.json#0"
                | "anthropic/redacted_thinking.json#1"
                | "anthropic/thinking_stream.json#0"
                | "anthropic/thinking_tool_roundtrip.json#0"
                | "anthropic/thinking_tool_roundtrip.json#1" => Some("thinking.budget_tokens"),
                _ => None,
            };
            assert_eq!(crossed.err().as_deref(), expected, "{}", exchange.name);
        }
    }
}

#[test]
fn hand_written_client_requests_are_read_and_cross_or_name_the_field() {
    for (name, text) in files("client-requests", "json") {
        let (client, expected) = match name.as_str() {
            "client-requests/chat_full.json" => (Client::OpenAiChat, Some("n")),
            "client-requests/chat_image-inline.json"
            | "client-requests/chat_multi-turn-tools.json" => (Client::OpenAiChat, None),
            "client-requests/chat_parallel-tool-call.json" => (Client::OpenAiChat, Some("tools")),
            "client-requests/messages_cache_control.json" => {
                (Client::AnthropicMessages, Some("messages[3].content[2].content[0].type"))
            }
            "client-requests/messages_server_tools.json" => {
                (Client::AnthropicMessages, Some("tools[0].type"))
            }
            "client-requests/messages_tool_result_error.json" => (Client::AnthropicMessages, None),
            _ => continue,
        };
        let crossed = emit(&parse(client, &text), other(client)).map_err(|refused| refused.param);
        assert_eq!(crossed.err().as_deref(), expected, "{name}");
    }
}

#[test]
fn recorded_answers_are_read_in_both_client_dialects() {
    for folder in FOLDERS {
        let (client, upstream) = upstream(folder);
        for exchange in exchanges(folder).into_iter().filter(|exchange| exchange.status == 200) {
            let Some(body) = exchange.body.map(Bytes::from) else { continue };
            let request = parse(client, &exchange.request.to_string());
            let same = answer(&request, upstream, "up", id(), &body);
            let foreign = parse(
                if client == Client::OpenAiChat {
                    Client::AnthropicMessages
                } else {
                    Client::OpenAiChat
                },
                r#"{"model":"m","max_tokens":1,"messages":[]}"#,
            );
            let crossed = answer(&foreign, upstream, "up", id(), &body);
            if exchange.name.contains("bad_200") {
                assert_eq!(same.unwrap_err().kind, FailureKind::Broken, "{}", exchange.name);
                assert_eq!(crossed.unwrap_err().kind, FailureKind::Broken, "{}", exchange.name);
                continue;
            }
            let same = same.unwrap();
            assert_eq!(same.body, body);
            assert!(same.usage.output.is_some() && same.finish.is_some(), "{}", exchange.name);
            if exchange.name.contains("n2.json") {
                assert!(crossed.is_err());
                continue;
            }
            let crossed = crossed.unwrap();
            assert_eq!(
                (crossed.usage, crossed.finish),
                (same.usage, same.finish),
                "{}",
                exchange.name
            );
        }
    }
}

#[test]
fn recorded_errors_are_classified() {
    for (folder, file, kind) in [
        ("openai-chat", "err_400_unsupported_parameter", FailureKind::BadRequest),
        ("openai-chat", "err_404_model", FailureKind::ModelMissing),
        ("anthropic", "err_400", FailureKind::BadRequest),
        ("anthropic", "err_404", FailureKind::ModelMissing),
        ("openai-compat", "groq_400_tool_use_failed", FailureKind::BadRequest),
    ] {
        for exchange in exchanges(folder).iter().filter(|exchange| exchange.name.contains(file)) {
            let body = exchange.body.as_deref().unwrap();
            let failure = read_error(upstream(folder).1, Some(exchange.status), body.as_bytes());
            assert_eq!(failure.kind, kind, "{}", exchange.name);
            assert!(!failure.message.is_empty());
        }
    }
}

fn streams() -> Vec<(String, Upstream, String)> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let (_, upstream) = upstream(folder);
        let whole = files(folder, "sse").into_iter();
        found.extend(whole.map(|(name, text)| (name, upstream, text)));
        found.extend(
            exchanges(folder)
                .into_iter()
                .filter_map(|exchange| Some((exchange.name, upstream, exchange.stream?))),
        );
    }
    found
}

/// Streams that are not whole in every dialect: spliced, or with content only Anthropic has.
fn fails(name: &str, client: Client) -> bool {
    name.contains("spliced_message_start")
        || (name.contains("sdk_server_tool_use") && client == Client::OpenAiChat)
}

#[test]
fn recorded_streams_are_whole_in_both_client_dialects_however_they_are_cut() {
    for (name, upstream, stream) in streams() {
        let bytes = stream.as_bytes();
        for client in [Client::OpenAiChat, Client::AnthropicMessages] {
            let whole = run(relay(client, upstream, true), [bytes]);
            if fails(&name, client) {
                assert_eq!((whole.end, &*whole.terminal), (Err(FailureKind::Broken), ""), "{name}");
            } else {
                assert_eq!(whole.end, Ok(()), "{name}");
                assert!(!whole.terminal.is_empty(), "{name}");
                assert!(whole.progress.finish.is_some(), "{name}");
                if upstream.is_same_as(client) {
                    // A last frame without its empty line gets it if it is the terminator, and is
                    // no frame otherwise; here such frames say nothing.
                    let passed = format!("{}{}", whole.out, whole.terminal);
                    let passed = passed.trim_end();
                    assert!(stream.starts_with(passed), "{name}");
                    assert!(stream.len() - passed.len() < 40, "{name}");
                }
            }
            let singly = run(relay(client, upstream, true), bytes.chunks(1));
            assert_eq!(singly, whole, "{name} byte by byte");
            let step = if bytes.len() > CUT_EVERYWHERE_MAX { 13 } else { 1 };
            for cut in (0..bytes.len()).step_by(step) {
                let (a, b) = bytes.split_at(cut);
                assert_eq!(
                    run(relay(client, upstream, true), [a, b]),
                    whole,
                    "{name} cut at {cut}"
                );
            }
        }
    }
}

#[test]
fn a_truncated_stream_is_never_whole() {
    for (name, upstream, stream) in streams() {
        let bytes = stream.as_bytes();
        let end = match upstream {
            // A server may leave out `[DONE]`: the last finish reason is the end.
            Upstream::OpenAiChat => stream.rfind("\"finish_reason\":\"").unwrap(),
            _ => {
                let last = "\"message_stop\"";
                stream.rfind(last).unwrap() + last.len()
            }
        };
        let step = if bytes.len() > CUT_EVERYWHERE_MAX { 13 } else { 1 };
        for client in [Client::OpenAiChat, Client::AnthropicMessages] {
            for cut in (0..=end).step_by(step) {
                let relayed = run(relay(client, upstream, true), [&bytes[..cut]]);
                assert!(relayed.end.is_err(), "{name} truncated at {cut}");
                assert_eq!(relayed.terminal, "", "{name} truncated at {cut}");
            }
        }
    }
}
