//! There and back: a request that crosses into the other dialect and returns means the same.
//!
//! The generated bodies are in the form that this crate's own emitters give, so equality is exact; over
//! more than one border it is equality of meaning: ids join the same calls, whatever they are.

use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use crate::support::*;

fn there_and_back(client: Client, body: &Value) -> Value {
    let foreign = match client {
        Client::OpenAiChat => Client::AnthropicMessages,
        _ => Client::OpenAiChat,
    };
    translated(foreign, &translated(client, &body.to_string()).to_string())
}

fn text() -> impl Strategy<Value = String> {
    "[a-zé\"\\\\\n 😀]{1,12}"
}

/// One piece of what a user says.
#[derive(Debug, Clone)]
enum Said {
    Text(String),
    Image(String),
    Url(String),
    Pdf(String),
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        text().prop_map(Said::Text),
        "[A-Za-z0-9]{4}".prop_map(Said::Image),
        "[a-z]{1,8}".prop_map(Said::Url),
        "[A-Za-z0-9]{4}".prop_map(Said::Pdf),
    ]
}

/// One round: what the user says, what the model says, the calls it makes and their results.
#[derive(Debug, Clone)]
struct Round {
    user: Vec<Said>,
    answer: Option<String>,
    calls: Vec<(i64, Option<String>)>,
}

fn round() -> impl Strategy<Value = Round> {
    let calls = vec((any::<i64>(), option::of(text())), 1..3);
    (vec(said(), 1..3), option::of(text()), calls).prop_map(|(user, answer, calls)| Round {
        user,
        answer,
        calls,
    })
}

fn chat_said(said: &[Said]) -> Value {
    let part = |said: &Said| match said {
        Said::Text(text) => json!({"type": "text", "text": text}),
        Said::Image(data) => {
            json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}})
        }
        Said::Url(path) => {
            json!({"type": "image_url", "image_url": {"url": format!("https://x/{path}")}})
        }
        Said::Pdf(data) => {
            json!({"type": "file", "file": {"filename": "a.pdf", "file_data": format!("data:application/pdf;base64,{data}")}})
        }
    };
    match said {
        [Said::Text(text)] => json!(text),
        said => said.iter().map(part).collect(),
    }
}

fn chat(system: &Option<String>, rounds: &[Round], last: &[Said], stream: bool) -> Value {
    let mut messages: Vec<Value> = Vec::new();
    messages.extend(system.iter().map(|text| json!({"role": "system", "content": text})));
    for (at, round) in rounds.iter().enumerate() {
        messages.push(json!({"role": "user", "content": chat_said(&round.user)}));
        let calls: Vec<Value> = round.calls.iter().enumerate().map(|(n, (argument, _))| {
            let arguments = json!({"z": argument, "a": [argument]}).to_string();
            json!({"id": format!("c{at}-{n}"), "type": "function", "function": {"name": "f", "arguments": arguments}})
        }).collect();
        messages.push(json!({"role": "assistant", "content": round.answer, "tool_calls": calls}));
        for (n, (_, result)) in round.calls.iter().enumerate() {
            let content = result.clone().unwrap_or_default();
            messages.push(
                json!({"role": "tool", "content": content, "tool_call_id": format!("c{at}-{n}")}),
            );
        }
    }
    messages.push(json!({"role": "user", "content": chat_said(last)}));
    let mut body = json!({
        "model": "up", "messages": messages, "max_completion_tokens": 7, "stop": ["END"],
        "temperature": 0.25,
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}],
        "tool_choice": "auto",
    });
    if stream {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

fn message_said(said: &[Said]) -> Vec<Value> {
    let block = |said: &Said| match said {
        Said::Text(text) => json!({"type": "text", "text": text}),
        Said::Image(data) => {
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}})
        }
        Said::Url(path) => {
            json!({"type": "image", "source": {"type": "url", "url": format!("https://x/{path}")}})
        }
        Said::Pdf(data) => {
            json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}, "title": "a.pdf"})
        }
    };
    said.iter().map(block).collect()
}

fn message(system: &Option<String>, rounds: &[Round], last: &[Said], stream: bool) -> Value {
    let mut messages: Vec<Value> = Vec::new();
    let mut results: Vec<Value> = Vec::new();
    for (at, round) in rounds.iter().enumerate() {
        results.extend(message_said(&round.user));
        messages.push(json!({"role": "user", "content": std::mem::take(&mut results)}));
        let mut content: Vec<Value> =
            round.answer.iter().map(|text| json!({"type": "text", "text": text})).collect();
        for (n, (argument, result)) in round.calls.iter().enumerate() {
            let id = format!("c{at}-{n}");
            content.push(json!({"type": "tool_use", "id": id, "name": "f", "input": {"z": argument, "a": [argument]}}));
            let mut block = json!({"type": "tool_result", "tool_use_id": id});
            if let Some(text) = result {
                block["content"] = json!([{"type": "text", "text": text}]);
            }
            results.push(block);
        }
        messages.push(json!({"role": "assistant", "content": content}));
    }
    results.extend(message_said(last));
    messages.push(json!({"role": "user", "content": results}));
    let mut body = json!({
        "model": "up", "max_tokens": 7, "messages": messages, "stop_sequences": ["END"],
        "temperature": 0.25, "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}}],
    });
    if let Some(text) = system {
        body["system"] = json!([{"type": "text", "text": text}]);
    }
    if stream {
        body["stream"] = json!(true);
    }
    body
}

/// The dialects that callers and upstreams both speak, besides Chat Completions.
const SPOKEN: [(Client, Upstream); 3] = [
    (Client::OpenAiResponses, Upstream::OpenAiResponses),
    (Client::AnthropicMessages, Upstream::AnthropicMessages),
    (Client::MistralChat, Upstream::MistralChat),
];

/// Lets the model speak before the user goes on: Mistral wants its answer to a tool's result.
fn answered(chat: &mut Value) {
    let messages = chat["messages"].as_array_mut().unwrap();
    let mut said = Vec::with_capacity(messages.len() * 2);
    for message in messages.drain(..) {
        let after_result = said.last().is_some_and(|last: &Value| last["role"] == "tool");
        if after_result && message["role"] == "user" {
            said.push(json!({"role": "assistant", "content": "so"}));
        }
        said.push(message);
    }
    *messages = said;
}

/// A body as another upstream gets it.
fn cross(client: Client, body: &Value, upstream: Upstream) -> Value {
    let body = bytes::Bytes::from(body.to_string());
    let request = dialect::Request::parse(client, dialect::Caller::default(), body).unwrap();
    let sent = emit(&request, upstream).unwrap();
    serde_json::from_slice(&sent.body).unwrap()
}

/// What a chat means: without what no one said, and with ids counted in their order.
fn meaning(mut chat: Value) -> Value {
    let mut ids: Vec<Value> = Vec::new();
    let mut number = |id: &mut Value| {
        let at = ids.iter().position(|known| known == id).unwrap_or_else(|| {
            ids.push(id.clone());
            ids.len() - 1
        });
        *id = json!(at);
    };
    for message in chat["messages"].as_array_mut().unwrap() {
        for call in message["tool_calls"].as_array_mut().into_iter().flatten() {
            number(&mut call["id"]);
        }
        if let Some(id) = message.get_mut("tool_call_id") {
            number(id);
        }
        let message = message.as_object_mut().unwrap();
        message.retain(|_, value| !value.is_null());
        if message.get("content") == Some(&json!("")) {
            message.remove("content");
        }
    }
    for tool in chat["tools"].as_array_mut().into_iter().flatten() {
        let function = tool["function"].as_object_mut().unwrap();
        function.retain(|key, value| key != "strict" || *value == true);
    }
    chat
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_conversation_means_the_same_after_any_two_borders(
        system in option::of(text()),
        rounds in vec(round(), 0..3),
        last in vec(said(), 1..3),
        stream in any::<bool>(),
    ) {
        let mut body = chat(&system, &rounds, &last, stream);
        // Responses has no word for it.
        body.as_object_mut().unwrap().remove("stop");
        body["max_completion_tokens"] = json!(64);
        answered(&mut body);
        for (first, to_first) in SPOKEN {
            let there = cross(Client::OpenAiChat, &body, to_first);
            let back = cross(first, &there, Upstream::OpenAiChat);
            prop_assert_eq!(meaning(back), meaning(body.clone()), "by {}", first);
            for (second, to_second) in SPOKEN.into_iter().filter(|(second, _)| *second != first) {
                let farther = cross(first, &there, to_second);
                let back = cross(second, &farther, Upstream::OpenAiChat);
                prop_assert_eq!(meaning(back), meaning(body.clone()), "by {} and {}", first, second);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_chat_request_returns_from_anthropic_unchanged(
        system in option::of(text()),
        rounds in vec(round(), 0..3),
        last in vec(said(), 1..3),
        stream in any::<bool>(),
    ) {
        let body = chat(&system, &rounds, &last, stream);
        prop_assert_eq!(there_and_back(Client::OpenAiChat, &body), body);
    }

    #[test]
    fn a_messages_request_returns_from_openai_unchanged(
        system in option::of(text()),
        rounds in vec(round(), 0..3),
        last in vec(said(), 1..3),
        stream in any::<bool>(),
    ) {
        let body = message(&system, &rounds, &last, stream);
        prop_assert_eq!(there_and_back(Client::AnthropicMessages, &body), body);
    }
}
