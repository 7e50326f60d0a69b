//! Whole answers, models, and refusals by the vendor's own rules.

use serde_json::json;

use crate::client::{CHAT, MESSAGES, World, chat, messages, request};

#[tokio::test]
async fn a_chat_completion_has_every_field_and_says_who_answered() {
    let world = World::start().await;
    let reply = world.post(CHAT, &chat("ping-42", json!({}))).await;
    let body = reply.json();
    assert_eq!((reply.status, body["object"].as_str()), (200, Some("chat.completion")));
    assert!(body["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert!(body["created"].as_u64().unwrap() > 1_700_000_000);
    let said = body["choices"][0]["message"]["content"].as_str().unwrap();
    for part in ["openai-eu", "eu-west", "gpt-large", "ping-42"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    let usage = &body["usage"];
    let sum =
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], sum);
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 0);
    assert!(reply.header("x-request-id").unwrap().starts_with("req_"));
    assert_eq!(reply.header("x-ratelimit-limit-requests"), Some("6000000"));
    assert!(reply.header("content-length").is_some());
}

#[tokio::test]
async fn a_message_has_every_field_and_says_who_answered() {
    let world = World::start().await;
    let reply = world.post(MESSAGES, &messages("ping-43", json!({}))).await;
    let body = reply.json();
    assert_eq!(
        (body["type"].as_str(), body["role"].as_str()),
        (Some("message"), Some("assistant"))
    );
    let said = body["content"][0]["text"].as_str().unwrap();
    for part in ["anthropic-us", "us-east", "claude-large", "ping-43"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(body["stop_reason"], "end_turn");
    assert!(body["usage"]["input_tokens"].as_u64().unwrap() > 0);
    assert!(reply.header("request-id").unwrap().starts_with("req_"));
    assert!(reply.header("anthropic-ratelimit-tokens-reset").unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_limit_and_a_stop_sequence_end_the_answer() {
    let world = World::start().await;
    let short = world.post(CHAT, &chat("hello", json!({"max_tokens": 4}))).await.json();
    assert_eq!(short["choices"][0]["finish_reason"], "length");
    assert_eq!(short["usage"]["completion_tokens"], 4);
    let stopped =
        world.post(MESSAGES, &messages("hello", json!({"stop_sequences": ["You"]}))).await;
    let body = stopped.json();
    assert_eq!(
        (&body["stop_reason"], &body["stop_sequence"]),
        (&json!("stop_sequence"), &json!("You"))
    );
}

#[tokio::test]
async fn a_large_prompt_is_partly_read_from_the_cache() {
    let world = World::start().await;
    let long = "lorem ipsum ".repeat(1000);
    let usage = world.post(CHAT, &chat(&long, json!({}))).await.json()["usage"].clone();
    assert!(usage["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap() >= 1024);
    let mark = json!([{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]);
    let marked = world.post(MESSAGES, &messages(&long, json!({"system": mark}))).await.json();
    assert!(marked["usage"]["cache_read_input_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn tools_are_called_in_both_dialects() {
    let world = World::start().await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tools = json!({"tools": [{"type": "function",
        "function": {"name": "get_weather", "parameters": schema}}]});
    let body = world.post(CHAT, &chat("weather in both cities", tools)).await.json();
    let calls = body["choices"][0]["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["function"]["arguments"], r#"{"city":"Paris"}"#);
    assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");

    let tools = json!({"tools": [{"name": "get_weather", "input_schema": schema}]});
    let body = world.post(MESSAGES, &messages("weather?", tools)).await.json();
    assert_eq!(body["stop_reason"], "tool_use");
    assert_eq!(body["content"][1]["input"], json!({"city": "Paris"}));
}

#[tokio::test]
async fn tool_results_and_images_are_acknowledged() {
    let world = World::start().await;
    let call = json!({"type": "tool_use", "id": "t", "name": "w", "input": {}});
    let result = json!({"type": "tool_result", "tool_use_id": "t", "content": "sunny"});
    let turns = json!({"messages": [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]}]});
    let body = world.post(MESSAGES, &messages("", turns)).await.json();
    assert!(body["content"][0]["text"].as_str().unwrap().contains("\"sunny\""), "{body}");
    let turns = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]});
    let body = world.post(CHAT, &chat("", turns)).await.json();
    let said = body["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(said.contains("saw 1 image"), "{said}");
}

#[tokio::test]
async fn a_schema_is_answered_with_json_that_fits() {
    let world = World::start().await;
    let schema = json!({"type": "object", "properties": {"population": {"type": "integer"}}});
    let format = json!({"response_format": {"type": "json_schema",
        "json_schema": {"name": "city", "schema": schema}}});
    let body = world.post(CHAT, &chat("about Paris", format)).await.json();
    let said = body["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(said, r#"{"population":1}"#);
}

#[tokio::test]
async fn bad_requests_are_refused_in_the_shape_of_the_vendor() {
    let world = World::start().await;
    let unknown = world.post(CHAT, &chat("x", json!({"model": "gpt-nope"}))).await;
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["code"]),
        (404, &json!("model_not_found"))
    );
    let unknown = world.post(MESSAGES, &messages("x", json!({"model": "nope"}))).await;
    let body = unknown.json();
    assert_eq!((unknown.status, body["type"].as_str()), (404, Some("error")));
    assert_eq!(body["error"]["type"], "not_found_error");
    assert!(body["request_id"].as_str().unwrap().starts_with("req_"));
    let limitless =
        json!({"model": "claude-large", "messages": [{"role": "user", "content": "x"}]});
    let refused = world.post(MESSAGES, &limitless).await;
    assert_eq!(refused.json()["error"]["message"], "max_tokens: Field required");
    let mut nonsense = request("POST", CHAT, &json!("x"));
    *nonsense.body_mut() = http_body_util::Full::new("{".into());
    assert_eq!(world.send(nonsense).await.unwrap().status, 400);
    let mut versionless = request("POST", MESSAGES, &messages("x", json!({})));
    versionless.headers_mut().remove("anthropic-version");
    assert_eq!(world.send(versionless).await.unwrap().status, 400);
}

#[tokio::test]
async fn a_key_is_asked_for_only_where_one_is_declared() {
    let world = World::start().await;
    for path in ["/locked-openai/v1/chat/completions", "/locked-anthropic/v1/messages"] {
        let body = messages("x", json!({}));
        assert_eq!(world.post(path, &body).await.status, 401);
        for (key, status) in [("Bearer wrong", 401), ("Bearer secret", 200)] {
            let mut keyed = request("POST", path, &body);
            keyed.headers_mut().insert("authorization", key.parse().unwrap());
            assert_eq!(world.send(keyed).await.unwrap().status, status, "{path} {key}");
        }
    }
}

#[tokio::test]
async fn models_are_listed_and_tokens_counted() {
    let world = World::start().await;
    let list = world.get("/openai-eu/v1/models").await.json();
    assert_eq!(list["data"][1]["id"], "gpt-small");
    let list = world.get("/anthropic-us/v1/models").await.json();
    assert_eq!((&list["has_more"], &list["last_id"]), (&json!(false), &json!("claude-large")));
    assert_eq!(world.get("/openai-eu/v1/models/gpt-large").await.json()["object"], "model");
    assert_eq!(world.get("/openai-eu/v1/models/nope").await.status, 404);
    let body = json!({"model": "claude-large", "messages": [{"role": "user", "content": "x"}]});
    let counted = world.post("/anthropic-us/v1/messages/count_tokens", &body).await.json();
    assert!(counted["input_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn head_wrong_methods_and_unknown_paths_are_answered_properly() {
    let world = World::start().await;
    let head = world.send(request("HEAD", "/openai-eu/v1/models", &json!(null))).await.unwrap();
    assert_eq!((head.status, head.body.len()), (200, 0));
    let wrong = world.get(CHAT).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    let wrong = world.delete("/anthropic-us/v1/models").await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(world.get("/openai-eu/v1/nothing").await.status, 404);
    let stranger = world.get("/nobody/v1/models").await;
    assert_eq!((stranger.status, &stranger.json()["endpoints"][0]), (404, &json!("openai-eu")));
}

#[tokio::test]
async fn a_body_over_the_bound_is_refused() {
    let config = simulator::Config { body_bytes_max: 1000, ..simulator::Config::default() };
    let world = World::with(config).await;
    let refused = world.post(CHAT, &chat(&"x".repeat(2000), json!({}))).await;
    assert_eq!(refused.status, 413);
}

#[tokio::test]
async fn logprobs_are_given_for_every_token_when_asked_for() {
    let world = World::start().await;
    let body = world.post(CHAT, &chat("tokens=5", json!({"logprobs": true}))).await.json();
    assert_eq!(body["choices"][0]["logprobs"]["content"].as_array().unwrap().len(), 5);
    let asked = json!({"model": "gpt-large", "input": "tokens=5",
        "include": ["message.output_text.logprobs"]});
    let body = world.post("/openai-eu/v1/responses", &asked).await.json();
    let told = body["output"][0]["content"][0]["logprobs"].as_array().unwrap();
    assert_eq!((told.len(), &told[0]["token"]), (5, &json!("openai-eu")));
}

#[tokio::test]
async fn a_spent_limit_of_anthropic_is_told_by_its_code() {
    let world = World::start().await;
    world.fault(json!({"endpoint": "anthropic-us", "kind": "insufficient_quota"})).await;
    let body = world.post(MESSAGES, &messages("x", json!({}))).await.json();
    assert_eq!(body["error"]["details"]["error_code"], "enforced_spend_limit_reached");
}
