//! Bedrock: whole answers and binary streams, own samples and recorded ones.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use dialect::{Answer, Finish, answer};
use serde_json::{Value, json};
use vocab::{Failure, FailureKind, Usage};

use crate::{fixtures::files, support::*};

/// Up to this size a stream is cut at every byte; longer ones at every thirty-first.
const CUT_EVERYWHERE_MAX: usize = 2_500;

const CALLERS: [Client; 3] = [Client::OpenAiChat, Client::AnthropicMessages, Client::MistralChat];

fn asked(client: Client) -> dialect::Request {
    let body =
        r#"{"model":"chat-large","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;
    read(client, body).unwrap()
}

fn whole(client: Client, body: &Value) -> Result<Answer, Failure> {
    let body = Bytes::from(body.to_string());
    answer(&asked(client), Upstream::BedrockConverse, "up", id(), &body)
}

fn shown(client: Client, body: &Value) -> Value {
    serde_json::from_slice(&whole(client, body).unwrap().body).unwrap()
}

/// A message as Amazon writes it.
pub(crate) fn message(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap());
        head.extend_from_slice(name.as_bytes());
        head.push(7);
        head.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let length = u32::try_from(head.len() + payload.len() + 16).unwrap();
    let mut out = length.to_be_bytes().to_vec();
    out.extend_from_slice(&u32::try_from(head.len()).unwrap().to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

fn event((name, payload): &(&str, Value)) -> Vec<u8> {
    message(&[(":event-type", name), (":message-type", "event")], &payload.to_string())
}

fn stream(events: &[(&str, Value)]) -> Vec<u8> {
    events.iter().map(event).collect::<Vec<_>>().concat()
}

fn exception(name: &str, message: &str) -> Vec<u8> {
    let payload = json!({"message": message}).to_string();
    self::message(&[(":exception-type", name), (":message-type", "exception")], &payload)
}

fn relayed(client: Client, upstream: Upstream, bytes: &[u8]) -> Relayed {
    run(relay(client, upstream, true), [bytes])
}

fn text(text: &str) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": text}}))
}

fn start() -> (&'static str, Value) {
    ("messageStart", json!({"role": "assistant"}))
}

fn stop(reason: &str) -> (&'static str, Value) {
    ("messageStop", json!({"stopReason": reason}))
}

fn usage() -> Value {
    json!({"inputTokens": 2, "cacheReadInputTokens": 1322, "cacheWriteInputTokens": 7,
        "outputTokens": 5, "totalTokens": 1336})
}

#[test]
fn an_answer_reaches_an_openai_caller() {
    let body = json!({
        "metrics": {"latencyMs": 1},
        "output": {"message": {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "SIGNED"}}},
            {"text": "a"},
            {"toolUse": {"toolUseId": "tooluse_1", "name": "f", "input": {"z": 1.10, "a": 2}}},
        ]}},
        "stopReason": "tool_use",
        "usage": usage(),
    });
    let shown = shown(Client::OpenAiChat, &body);
    let choice = &shown["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], "a");
    assert_eq!(choice["message"]["reasoning_content"], "hm");
    assert!(!choice["message"]["content"].to_string().contains("SIGNED"));
    assert_eq!(
        choice["message"]["tool_calls"],
        json!([{"id": "tooluse_1", "type": "function",
            "function": {"name": "f", "arguments": "{\"z\":1.1,\"a\":2}"}}])
    );
    // What was cached is not in the input here, and is in the prompt there.
    assert_eq!(shown["usage"]["prompt_tokens"], 1331);
    assert_eq!(shown["usage"]["prompt_tokens_details"]["cached_tokens"], 1322);
}

#[test]
fn numbers_of_arguments_keep_their_text() {
    let body = r#"{"output":{"message":{"content":[{"toolUse":{"toolUseId":"t","name":"f","input":{"n":1.10,"m":12345678901234567890}}}]}},"stopReason":"tool_use"}"#;
    let asked = asked(Client::AnthropicMessages);
    let body = Bytes::from_static(body.as_bytes());
    let answer = answer(&asked, Upstream::BedrockConverse, "up", id(), &body).unwrap();
    let shown = std::str::from_utf8(&answer.body).unwrap();
    assert!(shown.contains(r#"{"n":1.10,"m":12345678901234567890}"#), "{shown}");
}

#[test]
fn every_reason_of_an_end_is_known() {
    for (reason, finish) in [
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::StopSequence),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("tool_use", Finish::ToolCalls),
        ("guardrail_intervened", Finish::ContentFilter),
        ("content_filtered", Finish::ContentFilter),
        ("brand_new", Finish::Other),
    ] {
        let body = json!({"output": {"message": {"content": []}}, "stopReason": reason});
        assert_eq!(whole(Client::OpenAiChat, &body).unwrap().finish, Some(finish), "{reason}");
        let bytes = stream(&[start(), text("x"), stop(reason)]);
        let relayed = relayed(Client::OpenAiChat, Upstream::BedrockConverse, &bytes);
        assert_eq!((relayed.progress.finish, relayed.end), (Some(finish), Ok(())), "{reason}");
    }
    for reason in ["malformed_model_output", "malformed_tool_use"] {
        let body = json!({"output": {"message": {"content": []}}, "stopReason": reason});
        let failure = whole(Client::OpenAiChat, &body).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Broken, "{reason}");
        let bytes = stream(&[start(), text("x"), stop(reason)]);
        let relayed = relayed(Client::OpenAiChat, Upstream::BedrockConverse, &bytes);
        assert_eq!(relayed.end, Err(FailureKind::Broken), "{reason}");
        assert!(relayed.terminal.is_empty());
    }
}

#[test]
fn a_reply_that_is_no_answer_is_broken_and_an_error_keeps_its_name() {
    for body in [json!({}), json!([]), json!({"output": {}}), json!({"output": {"message": 7}})] {
        assert_eq!(whole(Client::OpenAiChat, &body).unwrap_err().kind, FailureKind::Broken);
    }
    let unknown = json!({"output": {"message": {"content": [{"video": {}}]}}});
    assert_eq!(whole(Client::OpenAiChat, &unknown).unwrap_err().kind, FailureKind::Broken);
    let named = json!({"__type": "x#ThrottlingException", "message": "slow"});
    assert_eq!(whole(Client::OpenAiChat, &named).unwrap_err().kind, FailureKind::RateLimited);
}

#[test]
fn a_stream_reaches_an_anthropic_caller_block_by_block() {
    let bytes = stream(&[
        start(),
        text("a"),
        ("contentBlockStop", json!({"contentBlockIndex": 0})),
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t", "name": "f"}}}),
        ),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 1, "delta": {"toolUse": {"input": "{\"a\":"}}}),
        ),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 1, "delta": {"toolUse": {"input": "1}"}}}),
        ),
        ("contentBlockStop", json!({"contentBlockIndex": 1})),
        stop("tool_use"),
        ("metadata", json!({"usage": usage(), "metrics": {"latencyMs": 1}})),
    ]);
    let relayed = relayed(Client::AnthropicMessages, Upstream::BedrockConverse, &bytes);
    assert_eq!(relayed.end, Ok(()));
    let events = data(&format!("{}{}", relayed.out, relayed.terminal));
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
    assert_eq!(events[4]["content_block"]["id"], "t");
    assert_eq!(events[8]["delta"]["stop_reason"], "tool_use");
    assert_eq!(events[8]["usage"]["input_tokens"], 2);
    let known = Usage {
        input: Some(2),
        cache_read: Some(1322),
        cache_write: Some(7),
        output: Some(5),
        reasoning: None,
    };
    assert_eq!(relayed.progress.usage, known);
}

#[test]
fn a_stream_is_whole_only_when_it_said_why_it_ended() {
    let events = [start(), text("a"), stop("end_turn"), ("metadata", json!({"usage": usage()}))];
    for count in 0..=events.len() {
        let bytes = stream(&events[..count]);
        let relayed = relayed(Client::OpenAiChat, Upstream::BedrockConverse, &bytes);
        let expected = if count < 3 { Err(FailureKind::Cut) } else { Ok(()) };
        assert_eq!(relayed.end, expected, "{count} events");
        assert_eq!(relayed.terminal.is_empty(), count < 3);
    }
    let whole = stream(&events);
    let cut = relayed(Client::OpenAiChat, Upstream::BedrockConverse, &whole[..whole.len() - 1]);
    assert_eq!(cut.end, Err(FailureKind::Cut), "cut inside its last message");
}

#[test]
fn a_second_beginning_and_content_after_the_end_are_broken() {
    for events in [
        vec![text("a")],
        vec![start(), text("a"), start()],
        vec![start(), text("a"), stop("end_turn"), text("b")],
        vec![start(), text("a"), stop("end_turn"), stop("end_turn")],
        vec![start(), ("contentBlockDelta", json!("not an object"))],
    ] {
        let bytes = stream(&events);
        let relayed = relayed(Client::OpenAiChat, Upstream::BedrockConverse, &bytes);
        assert_eq!(relayed.end, Err(FailureKind::Broken), "RTE-1: {events:?}");
        assert!(relayed.terminal.is_empty());
    }
}

#[test]
fn events_of_the_future_say_nothing_and_content_of_other_kinds_never_vanishes() {
    let future = ("somethingNew", json!({"x": 1}));
    let bytes = stream(&[future.clone(), start(), future, text("a"), stop("end_turn")]);
    let known = relayed(Client::OpenAiChat, Upstream::BedrockConverse, &bytes);
    assert_eq!(known.end, Ok(()));
    for delta in [json!({"image": {}}), json!({"citation": {}}), json!({"toolUse": {"input": "x"}})]
    {
        let delta = ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": delta}));
        let bytes = stream(&[start(), delta, stop("end_turn")]);
        let unknown = relayed(Client::OpenAiChat, Upstream::BedrockConverse, &bytes);
        assert_eq!(unknown.end, Err(FailureKind::Broken));
    }
}

#[test]
fn exceptions_in_a_stream_are_classified_in_both_ways_of_asking() {
    for (name, message, kind) in [
        ("throttlingException", "slow", FailureKind::RateLimited),
        ("serviceUnavailableException", "full", FailureKind::Overloaded),
        ("internalServerException", "oops", FailureKind::Broken),
        ("modelStreamErrorException", "oops", FailureKind::Broken),
        ("validationException", "Input is too long", FailureKind::ContextTooLong),
        ("validationException", "bad", FailureKind::BadRequest),
    ] {
        let bytes = [stream(&[start(), text("a")]), exception(name, message)].concat();
        let converse = relayed(Client::OpenAiChat, Upstream::BedrockConverse, &bytes);
        assert_eq!(converse.end, Err(kind), "{name}");
        assert!(converse.progress.content && converse.terminal.is_empty());
        for client in CALLERS {
            let bytes = exception(name, message);
            let invoke = relayed(client, Upstream::BedrockInvoke, &bytes);
            assert_eq!((invoke.out.as_str(), invoke.end), ("", Err(kind)), "{name}");
        }
    }
}

fn chunk(event: &Value) -> Vec<u8> {
    let bytes = STANDARD.encode(event.to_string());
    self::event(&("chunk", json!({"bytes": bytes, "p": "abcdefgh"})))
}

#[test]
fn claude_by_invoke_passes_through_to_an_anthropic_caller() {
    let events = [
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}, "new": 1}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
        json!({"type": "message_stop"}),
    ];
    let bytes = events.iter().map(chunk).collect::<Vec<_>>().concat();
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let passed = relayed(Client::AnthropicMessages, Upstream::BedrockInvoke, &bytes);
    assert_eq!(format!("{}{}", passed.out, passed.terminal), anthropic_stream(&texts));
    assert!(passed.terminal.starts_with("event: message_stop"));
    let translated = relayed(Client::OpenAiChat, Upstream::BedrockInvoke, &bytes);
    assert_eq!(translated.end, Ok(()));
    assert!(translated.out.contains(r#""content":"hi""#));
}

/// Every recorded exchange and the file it is from.
pub(crate) fn recorded() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, text) in files("bedrock", "json") {
        let file: Value = serde_json::from_str(&text).unwrap();
        let Some(interactions) = file["interactions"].as_array() else { continue };
        found.extend(interactions.iter().map(|exchange| (name.clone(), exchange.clone())));
    }
    found
}

fn binary(exchange: &Value) -> Option<Vec<u8>> {
    Some(STANDARD.decode(exchange["response"]["base64"].as_str()?).unwrap())
}

fn upstream_of(exchange: &Value) -> Upstream {
    let url = exchange["request"]["url"].as_str().unwrap();
    if url.contains("/invoke") { Upstream::BedrockInvoke } else { Upstream::BedrockConverse }
}

#[test]
fn recorded_streams_are_whole_in_every_client_dialect_however_they_are_cut() {
    for (name, exchange) in recorded() {
        let Some(bytes) = binary(&exchange) else { continue };
        for client in CALLERS {
            let upstream = upstream_of(&exchange);
            let whole = relayed(client, upstream, &bytes);
            if name.contains("guardrail_stream") {
                assert_eq!(whole.progress.finish, Some(Finish::ContentFilter));
            }
            assert_eq!(whole.end, Ok(()), "{name} {client}");
            assert!(!whole.terminal.is_empty() && whole.progress.usage.output.is_some(), "{name}");
            let step = if bytes.len() > CUT_EVERYWHERE_MAX { 31 } else { 1 };
            for at in (0..bytes.len()).step_by(step) {
                let (head, tail) = bytes.split_at(at);
                assert_eq!(run(relay(client, upstream, true), [head, tail]), whole, "{name} {at}");
                let cut = run(relay(client, upstream, true), [head]);
                assert!(cut.end.is_ok() == cut.progress.ended, "RTE-1: {name} {at}");
                assert_eq!(cut.terminal.is_empty(), cut.end.is_err(), "RTE-1: {name} {at}");
            }
            assert_eq!(run(relay(client, upstream, true), bytes.chunks(1)), whole, "{name}");
        }
    }
}

/// What an OpenAI caller reads in the stream, put together.
fn heard(name: &str) -> Option<(String, String, Relayed)> {
    let exchanges = recorded();
    let (_, exchange) = exchanges.iter().find(|(found, _)| found.contains(name))?;
    let relayed = relayed(Client::OpenAiChat, upstream_of(exchange), &binary(exchange)?);
    let chunks = data(&relayed.out);
    let joined = |field: &str| -> String {
        let delta = |chunk: &Value| {
            chunk["choices"][0]["delta"][field].as_str().unwrap_or_default().to_owned()
        };
        chunks.iter().map(delta).collect()
    };
    Some((joined("content"), joined("reasoning_content"), relayed))
}

#[test]
fn recorded_streams_say_what_was_said() {
    if let Some((content, reasoning, relayed)) = heard("converse_stream_text") {
        assert_eq!((content.as_str(), reasoning.as_str()), ("This is a test", ""));
        assert_eq!(relayed.progress.finish, Some(Finish::Stop));
    }
    if let Some((content, reasoning, _)) = heard("empty_text_delta_stream") {
        assert_eq!(content, "Hello! How can I help you today?");
        assert!(reasoning.starts_with("The user just says \"Hi\"."));
    }
    if let Some((content, reasoning, relayed)) = heard("reasoning_stream") {
        assert!(content.ends_with("How can I help you today?"), "{content}");
        assert!(reasoning.starts_with("The user has greeted me with a simple \"Hello\"."));
        assert_eq!(relayed.progress.usage.input, Some(36));
    }
    if let Some((content, _, relayed)) = heard("invoke_stream_claude") {
        assert!(content.starts_with("Okay, "), "{content}");
        assert_eq!(relayed.progress.usage.output, Some(10));
    }
    if let Some((_, _, relayed)) = heard("converse_stream_tools") {
        let deltas: Vec<Value> = data(&relayed.out)
            .iter()
            .flat_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].as_array().cloned())
            .flatten()
            .collect();
        let arguments = |call: u64| -> String {
            let own = deltas.iter().filter(|delta| delta["index"] == call);
            own.map(|delta| delta["function"]["arguments"].as_str().unwrap_or_default()).collect()
        };
        assert_eq!(arguments(0), r#"{"location":"Seattle"}"#);
        assert_eq!(arguments(1), r#"{"location":"San Francisco"}"#);
        assert_eq!(relayed.progress.finish, Some(Finish::ToolCalls));
    }
}

#[test]
fn recorded_answers_reach_every_client_dialect() {
    for (name, exchange) in recorded() {
        let body = &exchange["response"]["json"];
        let is_answer = exchange["response"]["status"] == 200
            && (body.get("output").is_some() || body.get("content").is_some());
        if !is_answer {
            continue;
        }
        let upstream = upstream_of(&exchange);
        for client in CALLERS {
            let bytes = Bytes::from(body.to_string());
            let answer = answer(&asked(client), upstream, "up", id(), &bytes).unwrap();
            assert!(answer.finish.is_some() && answer.usage.output.is_some(), "{name} {client}");
            let shown: Value = serde_json::from_slice(&answer.body).unwrap();
            assert!(shown.is_object(), "{name} {client}");
        }
    }
}

/// A header's value of each type, as the vectors state it.
fn header(header: &Value) -> Vec<u8> {
    let (name, kind) = (header["name"].as_str().unwrap(), header["type"].as_u64().unwrap());
    let number = || header["value"].as_i64().unwrap().to_be_bytes();
    let bytes = || STANDARD.decode(header["value"].as_str().unwrap()).unwrap();
    let value = match kind {
        0 | 1 => Vec::new(),
        2 => number()[7..].to_vec(),
        3 => number()[6..].to_vec(),
        4 => number()[4..].to_vec(),
        5 | 8 => number().to_vec(),
        6 | 7 => {
            let bytes = bytes();
            [u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec(), bytes].concat()
        }
        _ => bytes(),
    };
    let kind = u8::try_from(kind).unwrap();
    let size = u8::try_from(name.len()).unwrap();
    [&[size], name.as_bytes(), &[kind], &value].concat()
}

#[test]
fn amazons_own_vectors_are_read_and_wrong_ones_are_not() {
    let files_of = |name: &str, extension: &str| {
        let found = files("bedrock", extension).into_iter().find(|(found, _)| found.contains(name));
        found.map(|(_, text)| text)
    };
    let Some(text) = files_of("eventstream_vectors", "json") else { return };
    let file: Value = serde_json::from_str(&text).unwrap();
    // The file's bytes went through a text encoding and are lost; what they decode to is not.
    for vector in file["vectors"].as_array().unwrap() {
        let decoded = &vector["decoded"];
        let Some(headers) = decoded["headers"].as_array() else { continue };
        let sum = |name: &str| {
            let sum = i32::try_from(decoded[name].as_i64().unwrap()).unwrap();
            sum.to_be_bytes()
        };
        let size =
            |name: &str| u32::try_from(decoded[name].as_u64().unwrap()).unwrap().to_be_bytes();
        let headers: Vec<u8> = headers.iter().flat_map(header).collect();
        let payload = STANDARD.decode(decoded["payload"].as_str().unwrap()).unwrap();
        let parts: [&[u8]; 6] = [
            &size("total_length"),
            &size("headers_length"),
            &sum("prelude_crc"),
            &headers,
            &payload,
            &sum("message_crc"),
        ];
        let bytes = parts.concat();
        let name = &vector["name"];
        let end = |bytes: &[u8]| relayed(Client::OpenAiChat, Upstream::BedrockConverse, bytes).end;
        // Well framed, and no answer.
        assert_eq!(end(&bytes), Err(FailureKind::Cut), "{name}");
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] = !wrong[at];
            assert_eq!(end(&wrong), Err(FailureKind::Broken), "{name} at {at}");
        }
    }
    let Some(broken) = files_of("detect_broken", "bin") else { return };
    let relayed = relayed(Client::OpenAiChat, Upstream::BedrockConverse, broken.as_bytes());
    assert_eq!(relayed.end, Err(FailureKind::Broken));
}
