//! The control API and the request log.

use serde_json::json;
use simulator::{Config, Outcome, Timing, fault_kinds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{CHAT, MESSAGES, World, chat, messages, request};

#[tokio::test]
async fn ready_and_endpoints_tell_what_is_served() {
    let world = World::start().await;
    assert_eq!(world.get("/_sim/ready").await.status, 200);
    let endpoints = world.get("/_sim/endpoints").await.json();
    let first = &endpoints["endpoints"][0];
    assert_eq!(
        (&first["name"], &first["region"], &first["vendor"]),
        (&json!("openai-eu"), &json!("eu-west"), &json!("openai"))
    );
    assert!(!endpoints.to_string().contains("secret"));
}

#[tokio::test]
async fn an_unknown_endpoint_or_kind_is_refused_with_the_valid_ones() {
    let world = World::start().await;
    let reply = world.post("/_sim/faults", &json!({"endpoint": "nope", "kind": "reset"})).await;
    assert_eq!((reply.status, &reply.json()["endpoints"][1]), (400, &json!("anthropic-us")));
    let reply = world.post("/_sim/faults", &json!({"endpoint": "openai-eu", "kind": "nope"})).await;
    let kinds = reply.json()["kinds"].as_array().unwrap().len();
    assert_eq!((reply.status, kinds), (400, fault_kinds().len()));
    let asked = json!({"endpoint": "openai-eu", "kind": "status", "code": "many"});
    assert_eq!(world.post("/_sim/faults", &asked).await.status, 400);
    assert_eq!(world.post("/_sim/faults", &json!([])).await.status, 400);
}

#[tokio::test]
async fn faults_are_cleared_one_by_one_by_endpoint_and_all_at_once() {
    let world = World::start().await;
    let mut ids = Vec::new();
    for endpoint in ["openai-eu", "openai-eu", "anthropic-us"] {
        let fault = world.fault(json!({"endpoint": endpoint, "kind": "reset"})).await;
        ids.push(fault["id"].as_u64().unwrap());
    }
    let left = |reply: crate::client::Reply| reply.json()["faults"].as_array().unwrap().len();
    assert_eq!(world.delete(&format!("/_sim/faults/{}", ids[0])).await.status, 200);
    assert_eq!(world.delete(&format!("/_sim/faults/{}", ids[0])).await.status, 404);
    assert_eq!(left(world.get("/_sim/faults").await), 2);
    world.delete("/_sim/faults?endpoint=anthropic-us").await;
    assert_eq!(left(world.get("/_sim/faults").await), 1);
    world.delete("/_sim/faults").await;
    assert_eq!(left(world.get("/_sim/faults").await), 0);
}

#[tokio::test]
async fn the_log_tells_what_reached_whom() {
    let world = World::start().await;
    world.post(CHAT, &chat("to openai", json!({"x_unknown": 1}))).await;
    world.post(MESSAGES, &messages("to anthropic", json!({"stream": true}))).await;
    world.post(CHAT, &chat("bad", json!({"model": "nope"}))).await;
    let log = world.log().await;
    assert_eq!(log.iter().map(|one| one.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let first = &log[0];
    assert_eq!((first.endpoint.as_str(), first.region.as_str()), ("openai-eu", "eu-west"));
    assert_eq!((first.path.as_str(), first.model.as_str()), ("/v1/chat/completions", "gpt-large"));
    assert_eq!((first.text.as_str(), first.request_id.as_deref()), ("to openai", Some("caller-7")));
    assert_eq!((first.outcome, first.status, first.stream), (Outcome::Served, 200, false));
    assert_eq!(first.fields, ["model", "messages", "x_unknown"]);
    assert_eq!(first.digest.len(), 16);
    assert_eq!((log[1].outcome, log[1].stream), (Outcome::Served, true));
    assert_eq!((log[2].outcome, log[2].status), (Outcome::Rejected, 404));
}

#[tokio::test]
async fn the_log_is_read_from_a_place_by_endpoint_and_cleared() {
    let world = World::start().await;
    for _ in 0..3 {
        world.post(CHAT, &chat("x", json!({}))).await;
    }
    world.post(MESSAGES, &messages("x", json!({}))).await;
    let page = world.get("/_sim/requests?since=2&endpoint=openai-eu").await.json();
    assert_eq!((page["requests"].as_array().unwrap().len(), &page["next"]), (1, &json!(4)));
    assert_eq!(world.get("/_sim/requests?since=x").await.status, 400);
    assert_eq!(world.get("/_sim/requests?endpoint=nope").await.status, 400);
    assert_eq!(world.delete("/_sim/requests").await.json()["cleared"], 4);
    assert!(world.log().await.is_empty());
}

#[tokio::test]
async fn a_full_log_drops_the_oldest_and_counts() {
    let config = Config { log_entries_max: 2, timing: Timing::instant(), ..Config::default() };
    let world = World::with(config).await;
    for _ in 0..5 {
        world.post(CHAT, &chat("x", json!({}))).await;
    }
    let page = world.get("/_sim/requests").await.json();
    assert_eq!((&page["dropped"], &page["requests"][0]["seq"]), (&json!(3), &json!(4)));
}

#[tokio::test]
async fn a_caller_that_leaves_in_mid_stream_is_logged_as_cancelled() {
    let timing = Timing { first_token_ms: 1, gap_ms: 1000, jitter_percent: 0, scale: 1.0 };
    let world = World::with(Config { timing, ..Config::default() }).await;
    let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let body = chat("bye", json!({"stream": true})).to_string();
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: s\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut beginning = [0; 64];
    stream.read_exact(&mut beginning).await.unwrap();
    drop(stream);
    let logged = world.last_logged(|last| last.outcome == Outcome::Cancelled).await;
    assert_eq!((logged.text.as_str(), logged.status, logged.disconnected), ("bye", 200, true));
}

#[tokio::test]
async fn a_caller_that_leaves_in_mid_request_is_logged_as_cancelled() {
    let world = World::start().await;
    let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: s\r\ncontent-length: 500\r\n\r\n{{\"mod");
    stream.write_all(head.as_bytes()).await.unwrap();
    drop(stream);
    let logged = world.last_logged(|last| last.outcome == Outcome::Cancelled).await;
    assert_eq!(logged.text, "");
}

#[tokio::test]
async fn a_reply_to_head_counts_as_served() {
    let world = World::start().await;
    world.send(request("HEAD", "/openai-eu/v1/models", &json!(null))).await.unwrap();
    let logged = world.last_logged(|last| last.outcome != Outcome::Open).await;
    assert_eq!((logged.outcome, logged.method.as_str()), (Outcome::Served, "HEAD"));
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let world = World::start().await;
    let refused = simulator::Simulator::bind(world.address, Config::default()).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn control_calls_are_not_logged_and_wrong_methods_are_named() {
    let world = World::start().await;
    let reply = world.send(request("PUT", "/_sim/faults", &json!({}))).await.unwrap();
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD, POST, DELETE")));
    assert_eq!(world.get("/_sim/nothing").await.status, 404);
    assert!(world.log().await.is_empty());
}

#[tokio::test]
async fn a_name_declared_twice_cannot_be_bound() {
    let endpoint = simulator::EndpointSpec::new("a", "eu", simulator::Vendor::OpenAi);
    let config = Config { endpoints: vec![endpoint.clone(), endpoint], ..Config::default() };
    let refused = simulator::Simulator::bind("127.0.0.1:0".parse().unwrap(), config).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
}
