//! Each kind of fault, as a caller sees it, and as the log tells it.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::Outcome;

use crate::client::{CHAT, End, MESSAGES, Reply, SILENCE, SOON, World, chat, messages, request};

const ENDPOINT: &str = "openai-eu";

async fn struck(fault: Value, stream: bool) -> (World, Result<Reply, End>) {
    let world = World::start().await;
    let mut spec = json!({"endpoint": ENDPOINT});
    spec.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
    world.fault(spec).await;
    let asked = chat("struck", json!({"stream": stream}));
    let hangs = fault["kind"].as_str().is_some_and(|kind| kind.starts_with("hang"));
    let patience = if hangs { SILENCE } else { SOON };
    let reply = world.send_patiently(request("POST", CHAT, &asked), patience).await;
    (world, reply)
}

fn tokens(reply: &Reply) -> usize {
    let text = |event: &Value| event["choices"][0]["delta"]["content"].as_str().map(str::len);
    reply.events().iter().filter(|event| text(event).is_some_and(|size| size > 0)).count()
}

#[tokio::test]
async fn refuse_resets_without_having_read_the_prompt() {
    let (world, reply) = struck(json!({"kind": "refuse"}), false).await;
    assert_eq!(reply.unwrap_err(), End::Reset);
    let logged = world.last_logged(|last| last.outcome == Outcome::Faulted).await;
    assert_eq!((logged.fault.as_deref(), logged.text.as_str()), (Some("refuse"), ""));
}

#[tokio::test]
async fn reset_resets_after_the_prompt_was_read() {
    let (world, reply) = struck(json!({"kind": "reset"}), true).await;
    assert_eq!(reply.unwrap_err(), End::Reset);
    let logged = world.last_logged(|last| last.outcome == Outcome::Faulted).await;
    assert_eq!((logged.fault.as_deref(), logged.text.as_str()), (Some("reset"), "struck"));
}

#[tokio::test]
async fn hang_before_headers_is_silent_and_sees_the_caller_leave() {
    let (world, reply) = struck(json!({"kind": "hang_before_headers"}), true).await;
    assert_eq!(reply.unwrap_err(), End::Silent);
    let logged = world.last_logged(|last| last.disconnected).await;
    assert_eq!((logged.outcome, logged.status), (Outcome::Faulted, 0));
}

#[tokio::test]
async fn hang_after_tokens_sends_them_and_falls_silent() {
    let (world, reply) = struck(json!({"kind": "hang_after_tokens", "n": 4}), true).await;
    let reply = reply.unwrap();
    assert_eq!((reply.end, tokens(&reply)), (End::Silent, 4));
    world.last_logged(|last| last.disconnected && last.outcome == Outcome::Faulted).await;
    let (_, whole) = struck(json!({"kind": "hang_after_tokens"}), false).await;
    let whole = whole.unwrap();
    assert_eq!((whole.status, whole.end), (200, End::Silent));
}

#[tokio::test]
async fn cut_after_tokens_ends_in_each_of_its_ways() {
    for (ending, expected) in [("drop", End::Cut), ("reset", End::Reset), ("clean", End::Whole)] {
        let fault = json!({"kind": "cut_after_tokens", "n": 5, "ending": ending});
        let (world, reply) = struck(fault.clone(), true).await;
        let reply = reply.unwrap();
        assert_eq!((reply.end, tokens(&reply)), (expected, 5), "{ending}");
        assert!(!reply.text().contains("[DONE]") && !reply.text().contains("\"stop\""));
        let logged = world.last_logged(|last| last.outcome == Outcome::Faulted).await;
        assert!(!logged.disconnected, "{ending}");
        let (_, whole) = struck(fault, false).await;
        let whole = whole.unwrap();
        assert_eq!(whole.end, expected, "{ending}");
        assert!(serde_json::from_slice::<Value>(&whole.body).is_err());
    }
}

#[tokio::test]
async fn status_answers_in_the_words_of_the_vendor() {
    let world = World::start().await;
    for code in [400, 401, 403, 404, 429, 500, 503, 529] {
        for (endpoint, path) in [("openai-eu", CHAT), ("anthropic-us", MESSAGES)] {
            let fault = json!({"endpoint": endpoint, "kind": "status", "code": code, "count": 1});
            world.fault(fault).await;
            let reply = world.post(path, &messages("x", json!({"model": "any"}))).await;
            let body = reply.json();
            assert_eq!(reply.status, code);
            assert!(body["error"]["type"].is_string() && body["error"]["message"].is_string());
            assert_eq!(body["type"] == "error", endpoint == "anthropic-us");
        }
    }
}

#[tokio::test]
async fn status_takes_body_headers_and_retry_after() {
    let fault = json!({"kind": "status", "code": 429, "body": "slow down", "retry_after": 1.5,
        "headers": {"x-should-retry": "false"}});
    let (_, reply) = struck(fault, true).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, reply.text().as_str()), (429, "slow down"));
    assert_eq!(reply.header("retry-after"), Some("2"));
    assert_eq!(reply.header("retry-after-ms"), Some("1500"));
    assert_eq!(reply.header("x-should-retry"), Some("false"));
}

#[tokio::test]
async fn slow_first_token_delays_the_token_and_not_the_headers() {
    let world = World::start().await;
    world.fault(json!({"endpoint": ENDPOINT, "kind": "slow_first_token", "ms": 60})).await;
    let start = tokio::time::Instant::now();
    let reply = world.post(CHAT, &chat("x", json!({"stream": true}))).await;
    assert_eq!((reply.end, reply.data().last().unwrap().as_str()), (End::Whole, "[DONE]"));
    assert!(start.elapsed() >= Duration::from_millis(60));
    world.delete("/_sim/faults").await;
    world.fault(json!({"endpoint": ENDPOINT, "kind": "slow_first_token", "ms": 60_000})).await;
    let asked = request("POST", CHAT, &chat("x", json!({"stream": true})));
    let reply = world.send_patiently(asked, SILENCE).await.unwrap();
    assert_eq!((reply.status, reply.end, tokens(&reply)), (200, End::Silent, 0));
}

#[tokio::test]
async fn a_malformed_event_stands_in_an_otherwise_whole_stream() {
    let (_, reply) = struck(json!({"kind": "malformed_event", "n": 2}), true).await;
    let reply = reply.unwrap();
    let broken = reply.data().len() - reply.events().len() - 1;
    assert_eq!((broken, reply.end, tokens(&reply)), (1, End::Whole, 40));
    let (_, whole) = struck(json!({"kind": "malformed_event"}), false).await;
    let whole = whole.unwrap();
    assert_eq!((whole.status, whole.end), (200, End::Whole));
    assert!(serde_json::from_slice::<Value>(&whole.body).is_err());
}

#[tokio::test]
async fn an_in_stream_error_is_the_last_event() {
    let (_, reply) = struck(json!({"kind": "in_stream_error", "n": 2}), true).await;
    let reply = reply.unwrap();
    assert_eq!((tokens(&reply), reply.end), (2, End::Whole));
    assert_eq!(reply.events().last().unwrap()["error"]["type"], "server_error");
    let world = World::start().await;
    world.fault(json!({"endpoint": "anthropic-us", "kind": "in_stream_error"})).await;
    let reply = world.post(MESSAGES, &messages("x", json!({"stream": true}))).await;
    assert!(reply.text().contains("event: error\n"));
    assert_eq!(reply.events().last().unwrap()["error"]["type"], "overloaded_error");
}

#[tokio::test]
async fn bad_json_and_spent_quota_look_like_the_real_ones() {
    let (_, reply) = struck(json!({"kind": "bad_json"}), false).await;
    let reply = reply.unwrap();
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let (_, reply) = struck(json!({"kind": "insufficient_quota"}), false).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (429, &json!("insufficient_quota")));
    assert_eq!(reply.header("retry-after"), None);
}

#[tokio::test]
async fn a_fault_strikes_its_model_and_its_count_only() {
    let world = World::start().await;
    world
        .fault(json!({"endpoint": ENDPOINT, "model": "gpt-small", "kind": "status", "count": 1}))
        .await;
    assert_eq!(world.post(CHAT, &chat("x", json!({}))).await.status, 200);
    let small = chat("x", json!({"model": "gpt-small"}));
    assert_eq!(world.post(CHAT, &small).await.status, 503);
    assert_eq!(world.post(CHAT, &small).await.status, 200);
    let listed = world.get("/_sim/faults").await.json();
    assert_eq!(
        (&listed["faults"][0]["hits"], &listed["faults"][0]["remaining"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn a_sick_endpoint_leaves_its_neighbours_well() {
    let (world, _) = struck(json!({"kind": "refuse"}), false).await;
    assert_eq!(world.post(MESSAGES, &messages("x", json!({}))).await.status, 200);
}
