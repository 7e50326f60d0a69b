//! Streams: order of events, terminators, pace.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Config, Timing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{CHAT, End, MESSAGES, World, chat, messages};

fn chat_text(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect()
}

#[tokio::test]
async fn a_chat_stream_has_role_text_finish_usage_and_done() {
    let world = World::start().await;
    let asked = json!({"stream": true, "stream_options": {"include_usage": true}});
    let reply = world.post(CHAT, &chat("ping-44", asked)).await;
    assert_eq!(reply.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!((reply.end, reply.data().last().map(String::as_str)), (End::Whole, Some("[DONE]")));
    let events = reply.events();
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    assert!(chat_text(&events).contains("ping-44"));
    let usage = events.last().unwrap();
    assert_eq!(
        (&usage["choices"], &usage["object"]),
        (&json!([]), &json!("chat.completion.chunk"))
    );
    assert_eq!(usage["usage"]["completion_tokens"], 40);
    let finish = &events[events.len() - 2];
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert!(finish["usage"].is_null() && finish.get("usage").is_some());
}

#[tokio::test]
async fn usage_is_absent_unless_asked_for() {
    let world = World::start().await;
    let reply = world.post(CHAT, &chat("x", json!({"stream": true}))).await;
    assert!(reply.events().iter().all(|event| event.get("usage").is_none()));
}

#[tokio::test]
async fn a_streamed_answer_is_the_whole_answer() {
    let world = World::start().await;
    let whole = world.post(CHAT, &chat("same", json!({}))).await.json();
    let events = world.post(CHAT, &chat("same", json!({"stream": true}))).await.events();
    assert_eq!(whole["choices"][0]["message"]["content"], chat_text(&events));
}

#[tokio::test]
async fn a_message_stream_has_its_named_events_in_order() {
    let world = World::start().await;
    let reply =
        world.post(MESSAGES, &messages("hi", json!({"stream": true, "max_tokens": 2}))).await;
    let text = reply.text();
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let delta = "content_block_delta";
    let expected = [
        "message_start",
        "content_block_start",
        "ping",
        delta,
        delta,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names, expected);
    for (name, event) in names.iter().zip(reply.events()) {
        assert_eq!(event["type"], *name);
    }
    let end = &reply.events()[6];
    assert_eq!(
        (&end["delta"]["stop_reason"], &end["usage"]["output_tokens"]),
        (&json!("max_tokens"), &json!(2))
    );
}

#[tokio::test]
async fn tool_arguments_are_streamed_in_fragments() {
    let world = World::start().await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tools = json!({"stream": true, "tools": [{"type": "function",
        "function": {"name": "get_weather", "parameters": schema}}]});
    let events = world.post(CHAT, &chat("weather in both", tools)).await.events();
    for index in 0..2 {
        let calls: Vec<&Value> = events
            .iter()
            .map(|event| &event["choices"][0]["delta"]["tool_calls"][0])
            .filter(|call| call["index"] == index)
            .collect();
        assert!(calls.len() > 3 && calls[0]["id"].as_str().unwrap().starts_with("call_"));
        let arguments: String =
            calls.iter().filter_map(|call| call["function"]["arguments"].as_str()).collect();
        assert!(serde_json::from_str::<Value>(&arguments).unwrap()["city"].is_string());
    }
    let tools = json!({"stream": true, "tools": [{"name": "get_weather", "input_schema": schema}]});
    let events = world.post(MESSAGES, &messages("weather in both", tools)).await.events();
    let part = |index: u64| -> String {
        let of = events.iter().filter(|event| event["index"] == index);
        of.filter_map(|event| event["delta"]["partial_json"].as_str()).collect()
    };
    assert_eq!((part(1).as_str(), part(2).as_str()), (r#"{"city":"Paris"}"#, r#"{"city":"Oslo"}"#));
}

#[tokio::test]
async fn tokens_come_one_by_one_at_the_pace_of_the_config() {
    let timing = Timing { first_token_ms: 40, gap_ms: 4, jitter_percent: 10, scale: 1.0 };
    let world = World::with(Config { timing, ..Config::default() }).await;
    let start = tokio::time::Instant::now();
    let reply = world.post(CHAT, &chat("tokens=20", json!({"stream": true}))).await;
    assert_eq!((reply.end, reply.events().len()), (End::Whole, 22));
    // 36 ms to the first token at least, then nineteen gaps of 3.6 ms at least.
    assert!(start.elapsed() >= Duration::from_millis(36 + 68), "{:?}", start.elapsed());
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_on_one_connection() {
    let world = World::start().await;
    let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let mut sent = String::new();
    for (text, connection) in [("first", "keep-alive"), ("second", "close")] {
        let body = chat(text, json!({})).to_string();
        let length = body.len();
        sent += &format!(
            "POST {CHAT} HTTP/1.1\r\nhost: s\r\nconnection: {connection}\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
    }
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).await.unwrap();
    let (first, second) = (received.find("said: first"), received.find("said: second"));
    assert!(first.is_some() && first < second, "{received}");
}

#[tokio::test]
async fn shutdown_ends_open_streams_at_once() {
    let timing = Timing { first_token_ms: 60_000, ..Timing::default() };
    let world = World::with(Config { timing, ..Config::default() }).await;
    let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let body = chat("long", json!({"stream": true})).to_string();
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: s\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    world.last_logged(|last| last.text == "long").await;
    let address = world.address;
    world.stop().await;
    // Whether it ends with FIN or RST, it ends, and nobody listens any more.
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(crate::client::SOON, stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok() && rest.is_empty());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
