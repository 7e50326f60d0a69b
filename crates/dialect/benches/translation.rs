//! What translation costs, beside pass-through: `cargo bench -p dialect`.
//!
//! For each pair of client and upstream dialect: reading a request and writing it for the upstream
//! (a short one, one with a 200 KB prompt, one with a 2 MB image), and each event of a streamed
//! answer. The least of several rounds counts, since noise only adds; the ratio is to pass-through
//! of the same caller in the same run.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise and prints a table"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::Bytes;
use dialect::{Caller, ClientDialect as Client, Request, Target, UpstreamDialect as Upstream};
use serde_json::{Value, json};

const CLIENTS: [Client; 4] =
    [Client::OpenAiChat, Client::OpenAiResponses, Client::AnthropicMessages, Client::MistralChat];
const UPSTREAMS: [Upstream; 8] = [
    Upstream::OpenAiChat,
    Upstream::OpenAiResponses,
    Upstream::AnthropicMessages,
    Upstream::BedrockInvoke,
    Upstream::BedrockConverse,
    Upstream::VertexMessages,
    Upstream::Gemini,
    Upstream::MistralChat,
];
const EVENTS: usize = 400;
const ROUNDS: usize = 7;
const SHORT: usize = 600;
const LONG: usize = 200 << 10;
const IMAGE: usize = 2 << 20;

fn main() {
    // `cargo test --benches` runs this too, and once is enough there.
    let rounds = if std::env::args().any(|word| word == "--bench") { ROUNDS } else { 1 };
    println!("µs per request (× pass-through of the same caller)\n");
    println!("| caller | upstream | short | 200 KB prompt | 2 MB image |");
    println!("|---|---|---|---|---|");
    for client in CLIENTS {
        let bodies = [conversation(client, SHORT), conversation(client, LONG), picture(client)];
        let passed = bodies.each_ref().map(|body| request(client, same(client), body, rounds));
        for upstream in UPSTREAMS {
            let took = bodies.each_ref().map(|body| request(client, upstream, body, rounds));
            let cell = |at: usize| match (took.get(at), passed.get(at)) {
                (Some(Some(took)), Some(Some(passed))) => figure(*took, *passed),
                _ => "refused".to_owned(),
            };
            println!("| {client} | {upstream} | {} | {} | {} |", cell(0), cell(1), cell(2));
        }
    }
    println!("\nµs per streamed event (× pass-through of the same caller)\n");
    println!("| upstream | {} |", CLIENTS.map(|client| client.to_string()).join(" | "));
    println!("|---|{}", "---|".repeat(CLIENTS.len()));
    for upstream in UPSTREAMS {
        let cell = |client: Client| {
            let passed = stream(client, same(client), rounds);
            figure(stream(client, upstream, rounds), passed)
        };
        println!("| {upstream} | {} |", CLIENTS.map(cell).join(" | "));
    }
}

fn figure(took: Duration, passed: Duration) -> String {
    let micros = took.as_secs_f64() * 1e6;
    format!("{micros:.2} ({:.1})", took.as_secs_f64() / passed.as_secs_f64())
}

/// The upstream to which this caller's bytes pass through.
fn same(client: Client) -> Upstream {
    match client {
        Client::OpenAiResponses => Upstream::OpenAiResponses,
        Client::AnthropicMessages => Upstream::AnthropicMessages,
        Client::MistralChat => Upstream::MistralChat,
        _ => Upstream::OpenAiChat,
    }
}

/// The least time that one run took, of enough runs to be measured.
fn least(rounds: usize, mut run: impl FnMut()) -> Duration {
    run();
    let begun = now();
    run();
    let once = begun.elapsed().max(Duration::from_nanos(200));
    let runs = u32::try_from(20_000_000 / once.as_nanos()).unwrap_or(1).clamp(1, 20_000);
    let round = || {
        let begun = now();
        (0..runs).for_each(|_| run());
        begun.elapsed() / runs
    };
    std::iter::repeat_with(round).take(rounds).min().unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the real time")]
fn now() -> Instant {
    Instant::now()
}

fn request(client: Client, upstream: Upstream, body: &Bytes, rounds: usize) -> Option<Duration> {
    let target = Target::new("upstream-model", 4096);
    let once = || {
        let request = Request::parse(client, Caller::default(), body.clone()).unwrap();
        request.emit(upstream, &target).map(|outbound| outbound.body.len())
    };
    once().ok()?;
    Some(least(rounds, || {
        black_box(once().ok());
    }))
}

fn stream(client: Client, upstream: Upstream, rounds: usize) -> Duration {
    let asked = Request::parse(client, Caller::default(), streamed(client)).unwrap();
    let id = "req_0190000000007000800000000000abcd".parse().unwrap();
    // As a socket would give them: some events at once.
    let chunks: Vec<Bytes> = answer(upstream).chunks(1400).map(Bytes::copy_from_slice).collect();
    let took = least(rounds, || {
        let mut relay = asked.relay(upstream, "upstream-model", id).unwrap();
        let mut out = Vec::new();
        for chunk in &chunks {
            relay.feed(chunk.clone(), &mut out).unwrap();
        }
        relay.end().unwrap();
        black_box((out, relay.take_terminal()));
    });
    took / u32::try_from(EVENTS).unwrap()
}

fn text(size: usize) -> String {
    "The quick brown fox jumps over the lazy dog; \"quoted\" and plain.\n".repeat(size / 66 + 1)
}

fn bytes(body: &Value) -> Bytes {
    Bytes::from(body.to_string())
}

/// A conversation with a tool call, most of it in the question.
fn conversation(client: Client, size: usize) -> Bytes {
    let question = text(size);
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    bytes(&match client {
        Client::OpenAiResponses => json!({"model": "m", "max_output_tokens": 400, "input": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": question}]},
            {"type": "function_call", "call_id": "call00001", "name": "weather",
             "arguments": "{\"city\":\"Oslo\"}"},
            {"type": "function_call_output", "call_id": "call00001", "output": "rain"},
            {"role": "user", "content": "And now?"}],
            "tools": [{"type": "function", "name": "weather", "parameters": schema, "strict": false}]}),
        Client::AnthropicMessages => json!({"model": "m", "max_tokens": 400, "system": "Be brief.",
            "messages": [{"role": "user", "content": question},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "call00001",
             "name": "weather", "input": {"city": "Oslo"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call00001",
             "content": "rain"}, {"type": "text", "text": "And now?"}]}],
            "tools": [{"name": "weather", "input_schema": schema}]}),
        _ => json!({"model": "m", "max_tokens": 400, "messages": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": question},
            {"role": "assistant", "content": "", "tool_calls": [{"id": "call00001",
             "type": "function",
             "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]},
            {"role": "tool", "tool_call_id": "call00001", "content": "rain"},
            {"role": "assistant", "content": "Rain."},
            {"role": "user", "content": "And now?"}],
            "tools": [{"type": "function", "function": {"name": "weather", "parameters": schema}}]}),
    })
}

fn picture(client: Client) -> Bytes {
    let data = "iVBORw0KGgoAAAANSUhEUgAA".repeat(IMAGE / 24);
    let url = format!("data:image/png;base64,{data}");
    bytes(&match client {
        Client::OpenAiResponses => json!({"model": "m", "input": [{"role": "user", "content": [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": url, "detail": "auto"}]}]}),
        Client::AnthropicMessages => json!({"model": "m", "max_tokens": 400, "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is this?"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png",
             "data": data}}]}]}),
        _ => json!({"model": "m", "messages": [{"role": "user", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": url}}]}]}),
    })
}

fn streamed(client: Client) -> Bytes {
    let mut body: Value = serde_json::from_slice(&conversation(client, SHORT)).unwrap();
    body.as_object_mut().unwrap().insert("stream".into(), true.into());
    bytes(&body)
}

/// A streamed answer of [`EVENTS`] pieces of text.
fn answer(upstream: Upstream) -> Vec<u8> {
    let piece = " quick brown";
    let frame = |event: &Value| format!("data: {event}\n\n").into_bytes();
    let named = |event: &Value| {
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        format!("event: {kind}\ndata: {event}\n\n").into_bytes()
    };
    let messages = |put: &dyn Fn(&Value) -> Vec<u8>| {
        let mut all = put(&json!({"type": "message_start", "message": {"id": "msg_1",
            "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": 9, "output_tokens": 1}}}));
        all.extend(put(&json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": ""}})));
        for _ in 0..EVENTS {
            all.extend(put(&json!({"type": "content_block_delta", "index": 0,
                "delta": {"type": "text_delta", "text": piece}})));
        }
        all.extend(put(&json!({"type": "content_block_stop", "index": 0})));
        all.extend(put(&json!({"type": "message_delta", "delta": {"stop_reason": "end_turn",
            "stop_sequence": null}, "usage": {"output_tokens": 400}})));
        all.extend(put(&json!({"type": "message_stop"})));
        all
    };
    match upstream {
        Upstream::AnthropicMessages | Upstream::VertexMessages => messages(&named),
        Upstream::BedrockInvoke => messages(&|event| {
            use base64::Engine as _;
            let bytes = base64::engine::general_purpose::STANDARD.encode(event.to_string());
            amazon("chunk", &json!({"bytes": bytes, "p": "abcdefgh"}))
        }),
        Upstream::BedrockConverse => {
            let mut all = amazon("messageStart", &json!({"role": "assistant", "p": "abc"}));
            for _ in 0..EVENTS {
                let delta = json!({"contentBlockIndex": 0, "delta": {"text": piece}, "p": "abcd"});
                all.extend(amazon("contentBlockDelta", &delta));
            }
            all.extend(amazon("contentBlockStop", &json!({"contentBlockIndex": 0})));
            all.extend(amazon("messageStop", &json!({"stopReason": "end_turn"})));
            all.extend(amazon(
                "metadata",
                &json!({"usage": {"inputTokens": 9,
                "outputTokens": 400, "totalTokens": 409}, "metrics": {"latencyMs": 9}}),
            ));
            all
        }
        Upstream::Gemini => {
            let mut all = Vec::new();
            for number in 0..EVENTS {
                let mut chunk = json!({"candidates": [{"content": {"role": "model",
                    "parts": [{"text": piece}]}}], "usageMetadata": {"promptTokenCount": 9,
                    "candidatesTokenCount": number, "totalTokenCount": 9 + number}});
                if number + 1 == EVENTS {
                    let first = chunk.pointer_mut("/candidates/0").unwrap();
                    first.as_object_mut().unwrap().insert("finishReason".into(), "STOP".into());
                }
                all.extend(format!("data: {chunk}\r\n\r\n").into_bytes());
            }
            all
        }
        Upstream::OpenAiResponses => responses(piece, &named),
        _ => {
            let chunk = |delta: Value, finish: Value| {
                frame(&json!({"id": "chatcmpl-1", "object": "chat.completion.chunk",
                    "created": 1, "model": "m",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
            };
            let mut all = chunk(json!({"role": "assistant", "content": ""}), Value::Null);
            for _ in 0..EVENTS {
                all.extend(chunk(json!({"content": piece}), Value::Null));
            }
            all.extend(chunk(json!({}), "stop".into()));
            all.extend(b"data: [DONE]\n\n");
            all
        }
    }
}

fn responses(piece: &str, named: &dyn Fn(&Value) -> Vec<u8>) -> Vec<u8> {
    let whole = |status: &str, output: Value, usage: Value| {
        json!({"id": "resp_1", "object": "response", "created_at": 1, "status": status,
            "model": "m", "output": output, "usage": usage, "error": null,
            "incomplete_details": null, "instructions": null, "metadata": {}, "tools": [],
            "tool_choice": "auto", "parallel_tool_calls": true, "temperature": 1.0, "top_p": 1.0})
    };
    let item = |status: &str, content: Value| {
        json!({"id": "msg_1", "type": "message", "role": "assistant", "status": status,
            "content": content})
    };
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
    let text = piece.repeat(EVENTS);
    let mut events = vec![
        json!({"type": "response.created", "response": whole("in_progress", json!([]), Value::Null)}),
        json!({"type": "response.output_item.added", "output_index": 0,
            "item": item("in_progress", json!([]))}),
        json!({"type": "response.content_part.added", "item_id": "msg_1", "output_index": 0,
            "content_index": 0, "part": part("")}),
    ];
    let delta = json!({"type": "response.output_text.delta", "item_id": "msg_1",
        "output_index": 0, "content_index": 0, "delta": piece, "logprobs": []});
    events.extend(std::iter::repeat_n(delta, EVENTS));
    let done = item("completed", json!([part(&text)]));
    events.extend([
        json!({"type": "response.output_text.done", "item_id": "msg_1", "output_index": 0,
            "content_index": 0, "text": text, "logprobs": []}),
        json!({"type": "response.content_part.done", "item_id": "msg_1", "output_index": 0,
            "content_index": 0, "part": part(&text)}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": done}),
        json!({"type": "response.completed", "response": whole("completed", json!([done]), json!({
            "input_tokens": 9, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 400,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 409}))}),
    ]);
    let number = |(number, mut event): (usize, Value)| {
        event.as_object_mut().unwrap().insert("sequence_number".into(), number.into());
        named(&event)
    };
    events.into_iter().enumerate().flat_map(number).collect()
}

/// One message of `application/vnd.amazon.eventstream`.
fn amazon(kind: &str, payload: &Value) -> Vec<u8> {
    let payload = payload.to_string();
    let mut headers = Vec::new();
    for (name, value) in
        [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")]
    {
        headers.push(u8::try_from(name.len()).unwrap());
        headers.extend(name.as_bytes());
        headers.push(7);
        headers.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend(value.as_bytes());
    }
    let total = u32::try_from(16 + headers.len() + payload.len()).unwrap();
    let mut message = total.to_be_bytes().to_vec();
    message.extend(u32::try_from(headers.len()).unwrap().to_be_bytes());
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message.extend(headers);
    message.extend(payload.as_bytes());
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message
}
