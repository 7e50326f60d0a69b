//! Mistral chat: answers and streams, from it and to its callers.

use bytes::Bytes;
use dialect::{Finish, Relay, Request, answer};
use serde_json::{Value, json};
use vocab::FailureKind;

use crate::{
    fixtures::{exchanges, files},
    support::*,
};

const FROM: Upstream = Upstream::MistralChat;
const CALLERS: [Client; 3] = [Client::OpenAiChat, Client::AnthropicMessages, Client::MistralChat];

fn asked(client: Client) -> Request {
    let body =
        r#"{"model":"chat-large","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;
    read(client, body).unwrap()
}

fn shown(client: Client, upstream: Upstream, body: &Value) -> Value {
    let body = Bytes::from(body.to_string());
    let answer = answer(&asked(client), upstream, "up", id(), &body).unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

fn thinking(signature: Option<&str>) -> Value {
    let mut chunk = json!({"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"type": "text", "text": "m"}]});
    if let Some(signature) = signature {
        chunk["signature"] = signature.into();
    }
    chunk
}

fn mistral(content: Value, finish: &str) -> Value {
    json!({
        "id": "x", "object": "chat.completion", "created": 1, "model": "up",
        "choices": [{"index": 0, "finish_reason": finish, "message": {
            "role": "assistant", "content": content, "tool_calls": [
                {"id": "pcZFHqej8", "index": 0, "function": {"name": "f", "arguments": "{\"a\": 1}"}},
                {"id": "qcZFHqej8", "index": 1, "function": {"name": "g", "arguments": {"b": 1.50}}},
            ],
        }}],
        "usage": {"prompt_tokens": 70, "completion_tokens": 12, "total_tokens": 82, "num_cached_tokens": 69},
    })
}

#[test]
fn reasoning_in_content_and_calls_reach_an_openai_caller() {
    let body = mistral(json!([thinking(None), {"type": "text", "text": "yes"}]), "tool_calls");
    let shown = shown(Client::OpenAiChat, FROM, &body);
    let message = &shown["choices"][0]["message"];
    assert_eq!(message["reasoning_content"], "hm");
    assert_eq!(message["content"], "yes");
    assert_eq!(message["tool_calls"][0]["id"], "pcZFHqej8");
    assert_eq!(message["tool_calls"][1]["function"]["arguments"], r#"{"b":1.5}"#);
    assert_eq!(shown["usage"]["prompt_tokens"], 70);
    assert_eq!(shown["usage"]["prompt_tokens_details"]["cached_tokens"], 69);
}

#[test]
fn content_that_only_mistral_has_is_broken_elsewhere_and_passes_through_to_its_own() {
    let body = mistral(json!([{"type": "reference", "reference_ids": [1]}]), "stop");
    let bytes = Bytes::from(body.to_string());
    let failure = answer(&asked(Client::OpenAiChat), FROM, "up", id(), &bytes).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Broken);
    let own = answer(&asked(Client::MistralChat), FROM, "up", id(), &bytes).unwrap();
    assert_eq!(own.body, bytes);
    assert_eq!((own.usage.cache_read, own.finish), (Some(69), Some(Finish::ToolCalls)));
}

#[test]
fn an_answer_that_ends_in_an_error_is_no_answer() {
    let body = Bytes::from(mistral(json!("half"), "error").to_string());
    for client in CALLERS {
        let failure = answer(&asked(client), FROM, "up", id(), &body).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Broken);
    }
}

#[test]
fn an_answer_of_anthropic_reaches_a_caller_of_mistrals_in_its_shape() {
    let body = json!({
        "type": "message", "stop_reason": "tool_use",
        "content": [
            {"type": "text", "text": "calling"},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1.50}},
            {"type": "tool_use", "id": "KikbB849t", "name": "g", "input": {}},
        ],
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 7},
    });
    let shown = shown(Client::MistralChat, Upstream::AnthropicMessages, &body);
    let id = shown["choices"][0]["message"]["tool_calls"][0]["id"].clone();
    assert_eq!(id.as_str().unwrap().len(), 9);
    assert_eq!(
        shown,
        json!({
            "id": "0190000000007000800000000000abcd", "object": "chat.completion",
            "created": 0x0190_0000_0000_u64 / 1000, "model": "chat-large",
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "calling", "tool_calls": [
                    {"id": id, "type": "function", "index": 0, "function": {"name": "f", "arguments": "{\"a\":1.5}"}},
                    {"id": "KikbB849t", "type": "function", "index": 1, "function": {"name": "g", "arguments": "{}"}},
                ],
            }}],
            "usage": {"prompt_tokens": 15, "completion_tokens": 7, "total_tokens": 22, "num_cached_tokens": 5},
        })
    );
    // The next turn may pass through to Mistral: the id is as it wants it, and stays.
    let next = json!({"model": "m", "messages": [
        {"role": "user", "content": "x"}, shown["choices"][0]["message"],
        {"role": "tool", "tool_call_id": id, "content": "r"},
        {"role": "tool", "tool_call_id": "KikbB849t", "content": "r"},
    ]});
    let request = read(Client::MistralChat, &next.to_string()).unwrap();
    let sent = emit(&request, Upstream::AnthropicMessages).unwrap_err();
    assert_eq!(sent.param, "tools", "only because the sample has none");
    assert!(request.passes_through(Upstream::MistralChat));
}

#[test]
fn unknown_usage_is_not_shown_as_zero_and_yet_there() {
    let body = json!({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]});
    let shown = shown(Client::MistralChat, Upstream::OpenAiChat, &body);
    assert_eq!(shown["usage"], json!({}));
    assert_eq!(shown["choices"][0]["message"]["tool_calls"], Value::Null);
}

#[test]
fn a_beginning_is_cut_off_for_others_and_repeated_for_mistrals_callers() {
    let reply = |text: &str| {
        json!({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}).to_string()
    };
    let begun = |client, tail: Value| {
        let messages = json!([{"role": "user", "content": "x"}, tail]);
        read(client, &json!({"model": "m", "max_tokens": 9, "messages": messages}).to_string())
            .unwrap()
    };
    let to_anthropic =
        begun(Client::AnthropicMessages, json!({"role": "assistant", "content": "Well, "}));
    for (text, left) in [("Well, yes", "yes"), ("yes", "yes"), ("Well, ", "")] {
        let body = Bytes::from(reply(text));
        let shown = answer(&to_anthropic, FROM, "up", id(), &body).unwrap();
        let shown: Value = serde_json::from_slice(&shown.body).unwrap();
        assert_eq!(shown["content"][0]["text"].as_str().unwrap_or_default(), left);
    }
    let to_mistral = begun(
        Client::MistralChat,
        json!({"role": "assistant", "content": "Well, ", "prefix": true}),
    );
    let said = json!({"type": "message", "stop_reason": "end_turn", "content": [{"type": "text", "text": "yes"}]});
    let body = Bytes::from(said.to_string());
    let shown = answer(&to_mistral, Upstream::AnthropicMessages, "up", id(), &body).unwrap();
    let shown: Value = serde_json::from_slice(&shown.body).unwrap();
    assert_eq!(shown["choices"][0]["message"]["content"], "Well, yes");
    let mut relay = to_mistral.relay(Upstream::AnthropicMessages, "up", id()).unwrap();
    let start = Bytes::from_static(
        b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n",
    );
    let mut out = Vec::new();
    relay.feed(start, &mut out).unwrap();
    let begun = data(std::str::from_utf8(&out.concat()).unwrap());
    assert_eq!(begun[0]["choices"][0]["delta"], json!({"role": "assistant", "content": "Well, "}));
}

/// What an Anthropic caller who gave `Well, ` reads of these pieces.
fn continued(pieces: &[&str]) -> String {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "x"}, {"role": "assistant", "content": "Well, "},
    ]});
    let request = read(Client::AnthropicMessages, &body.to_string()).unwrap();
    let relay = request.relay(FROM, "up", id()).unwrap();
    let mut chunks: Vec<String> = pieces
        .iter()
        .map(|text| {
            json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})
                .to_string()
        })
        .collect();
    chunks.push(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#.to_owned());
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    let relayed = run(relay, [openai_stream(&chunks).as_bytes()]);
    assert_eq!(relayed.end, Ok(()));
    let texts = data(&relayed.out);
    texts.iter().filter_map(|event| event["delta"]["text"].as_str()).collect()
}

#[test]
fn a_streamed_beginning_is_cut_off_however_it_is_split() {
    for (pieces, left) in [
        (&["Well, yes"][..], "yes"),
        (&["", "We", "ll,", " ", "yes"], "yes"),
        (&["Well", ", yes", " sir"], "yes sir"),
        (&["yes"], "yes"),
        (&["We", "are"], "Weare"),
        (&["Well, "], ""),
        (&["Well"], "Well"),
        (&["Well, ", "Well, "], "Well, "),
    ] {
        assert_eq!(continued(pieces), left, "{pieces:?}");
    }
}

fn to_mistral(events: &[&str]) -> Relayed {
    let relay = relay(Client::MistralChat, Upstream::OpenAiChat, true);
    run(relay, [openai_stream(events).as_bytes()])
}

#[test]
fn calls_of_a_stream_come_whole_with_finish_and_usage_as_mistral_sends_them() {
    let relayed = to_mistral(&[
        r#"{"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"Hi"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"KikbB849t","function":{"name":"f","arguments":""}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_1","function":{"name":"g","arguments":""}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
    ]);
    assert_eq!((relayed.end, &*relayed.terminal), (Ok(()), "data: [DONE]\n\n"));
    let chunks = data(&relayed.out);
    let deltas: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    assert_eq!(
        deltas,
        [
            &json!({"role": "assistant", "content": ""}),
            &json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
            &json!({"content": "Hi"}),
            &json!({"content": "", "tool_calls": [
                {"id": "KikbB849t", "type": "function", "index": 0, "function": {"name": "f", "arguments": "{\"a\":1}"}},
                {"id": "GmfxVIbmF", "type": "function", "index": 1, "function": {"name": "g", "arguments": "{}"}},
            ]}),
        ]
    );
    assert_eq!(chunks[3]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(
        chunks[3]["usage"],
        json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7})
    );
}

#[test]
fn calls_that_wait_are_bounded() {
    let mut relay = relay(Client::MistralChat, Upstream::OpenAiChat, true);
    let open = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]}"#;
    let long = "x".repeat(1 << 20);
    let more = format!(
        r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,"function":{{"arguments":"{long}"}}}}]}}}}]}}"#
    );
    let frame = |chunk: &str| Bytes::from(format!("data: {chunk}\n\n"));
    relay.feed(frame(open), &mut Vec::new()).unwrap();
    let fed = (0..5).find_map(|_| relay.feed(frame(&more), &mut Vec::new()).err());
    assert_eq!(fed.unwrap().kind, FailureKind::Broken);
}

#[test]
fn a_failed_stream_ends_with_mistrals_error_and_no_terminator() {
    let relay = |client| relay(client, FROM, true);
    let stream = openai_stream(&[
        r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}"#,
        r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}"#,
    ]);
    for client in CALLERS {
        let relayed = run(relay(client), [stream.as_bytes()]);
        assert_eq!(relayed.end, Err(FailureKind::RateLimited), "{client}");
        assert_eq!(relayed.terminal, "");
    }
    let mut relay: Relay = relay(Client::MistralChat);
    let failure = vocab::Failure::new(FailureKind::Cut, "m");
    let event = relay.error_event(&dialect::CallerError::from_failure(&failure));
    let event: Value = serde_json::from_slice(event.strip_prefix(b"data: ").unwrap()).unwrap();
    assert_eq!(event["object"], "error");
    assert_eq!(event["raw_status_code"], 502);
}

fn recorded() -> Vec<(String, Upstream, String)> {
    let mut found = Vec::new();
    for (folder, upstream) in [
        ("mistral", FROM),
        ("openai-compat", Upstream::OpenAiChat),
        ("openai-chat", Upstream::OpenAiChat),
        ("anthropic", Upstream::AnthropicMessages),
    ] {
        let whole = files(folder, "sse").into_iter();
        found.extend(whole.map(|(name, text)| (name, upstream, text)));
        let streamed = exchanges(folder).into_iter();
        let streamed = streamed.filter_map(|exchange| Some((exchange.name, exchange.stream?)));
        found.extend(streamed.map(|(name, text)| (name, upstream, text)));
    }
    found
}

#[test]
fn recorded_streams_give_the_same_however_they_are_cut_and_fail_when_cut_short() {
    for (name, upstream, stream) in recorded() {
        let bytes = stream.trim_end().as_bytes();
        for client in CALLERS {
            if client != Client::MistralChat && upstream != FROM {
                // The other suites hold these.
                continue;
            }
            let whole = run(relay(client, upstream, true), [stream.as_bytes()]);
            if name.contains("spliced") || name.contains("server_tool_use") {
                assert_eq!(whole.end, Err(FailureKind::Broken), "{name}");
                continue;
            }
            assert_eq!(whole.end, Ok(()), "{name}");
            assert!(whole.progress.finish.is_some(), "{name}");
            let single = run(relay(client, upstream, true), stream.as_bytes().chunks(1));
            assert_eq!(single, whole, "{name}");
            let step = if bytes.len() > 2_500 { 29 } else { 1 };
            for cut in (1..bytes.len()).step_by(step) {
                let (a, b) = stream.as_bytes().split_at(cut);
                let cut_once = run(relay(client, upstream, true), [a, b]);
                assert_eq!(cut_once, whole, "{name} cut at {cut}");
            }
        }
    }
}

#[test]
fn recorded_answers_reach_every_caller() {
    for exchange in exchanges("mistral") {
        if exchange.request.get("messages").is_none() || exchange.stream.is_some() {
            continue;
        }
        let body = Bytes::from(exchange.body.unwrap());
        for client in CALLERS {
            let shown = answer(&asked(client), FROM, "up", id(), &body).unwrap();
            assert!(shown.usage.output.is_some() && shown.finish.is_some(), "{}", exchange.name);
        }
    }
    for (_, text) in
        files("mistral", "json").into_iter().filter(|(name, _)| name.contains("reasoning"))
    {
        let body: Value = serde_json::from_str(&text).unwrap();
        let shown = shown(Client::OpenAiChat, FROM, &body);
        assert_eq!(shown["choices"][0]["message"]["content"], "2 + 2 = 4");
        assert!(shown["choices"][0]["message"]["reasoning_content"].is_string());
    }
}
