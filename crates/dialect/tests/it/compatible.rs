//! Habits of servers that are compatible with Chat Completions, more or less.

use bytes::Bytes;
use dialect::{Answer, Finish, OutputLimit, Target, answer, read_error};
use serde_json::{Value, json};
use vocab::{Failure, FailureKind};

use crate::support::*;

fn answered(client: Client, body: &Value) -> Result<Answer, Failure> {
    let asked =
        r#"{"model":"chat-large","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;
    let body = Bytes::from(body.to_string());
    answer(&parse(client, asked), Upstream::OpenAiChat, "up", id(), &body)
}

fn to_anthropic(message: Value) -> Value {
    let body = json!({"choices": [{"message": message, "finish_reason": "stop"}], "usage": null});
    let answer = answered(Client::AnthropicMessages, &body).unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

fn streamed(client: Client, deltas: &[Value]) -> Relayed {
    let chunk = |delta: &Value| {
        json!({"choices": [{"index": 0, "delta": delta, "finish_reason": ""}], "usage": null})
            .to_string()
    };
    let mut chunks: Vec<String> = deltas.iter().map(chunk).collect();
    chunks.push(
        json!({"choices": [{"index": 0, "delta": null, "finish_reason": "tool_calls"}]})
            .to_string(),
    );
    chunks.push(json!({"usage": {"prompt_tokens": 3, "completion_tokens": 4}}).to_string());
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    run(relay(client, Upstream::OpenAiChat, true), [openai_stream(&chunks).as_bytes()])
}

/// What an Anthropic caller reads of the calls: id, name, arguments.
fn calls(relayed: &Relayed) -> Vec<(String, String, String)> {
    let mut calls: Vec<(String, String, String)> = Vec::new();
    for event in data(&relayed.out) {
        let block = &event["content_block"];
        if block["type"] == "tool_use" {
            let text = |key: &str| block[key].as_str().unwrap().to_owned();
            calls.push((text("id"), text("name"), String::new()));
        }
        if let Some(more) = event["delta"]["partial_json"].as_str() {
            calls.last_mut().unwrap().2.push_str(more);
        }
    }
    calls
}

#[test]
fn arguments_may_be_the_object_itself() {
    let call = json!({"id": "a", "function": {"name": "f", "arguments": {"z": 1, "a": 1.50}}});
    let shown = to_anthropic(json!({"content": null, "tool_calls": [call]}));
    assert_eq!(shown["content"][0]["input"], json!({"z": 1, "a": 1.5}));
    let relayed = streamed(
        Client::AnthropicMessages,
        &[
            json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": {"z": 1}}}]}),
        ],
    );
    assert_eq!(relayed.end, Ok(()));
    assert_eq!(calls(&relayed), [("a".to_owned(), "f".to_owned(), r#"{"z":1}"#.to_owned())]);
    for bad in [json!(1), json!([]), json!(true)] {
        let call = json!({"id": "a", "function": {"name": "f", "arguments": bad}});
        let body = json!({"choices": [{"message": {"tool_calls": [call]}}]});
        let failure = answered(Client::AnthropicMessages, &body).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Broken, "never `{{}}` in its place");
    }
}

#[test]
fn one_call_may_stand_where_a_list_belongs() {
    let call = json!({"index": 0, "id": "", "function": {"name": "f", "arguments": "{}"}});
    let relayed = streamed(Client::AnthropicMessages, &[json!({"tool_calls": call})]);
    assert_eq!(relayed.end, Ok(()));
    assert_eq!(calls(&relayed).len(), 1);
    assert_eq!(streamed(Client::OpenAiChat, &[json!({"tool_calls": call})]).end, Ok(()));
    let shown = to_anthropic(json!({"content": null, "tool_calls": call}));
    assert_eq!(shown["stop_reason"], "tool_use");
}

#[test]
fn calls_that_all_have_the_number_0_are_told_apart_by_their_ids() {
    let call = |id: &str, name: &str, arguments: &str| json!({"tool_calls": [{"index": 0, "id": id, "function": {"name": name, "arguments": arguments}}]});
    let relayed = streamed(
        Client::AnthropicMessages,
        &[call("a", "f", "{\"x\":1}"), call("b", "f", "{\"x\""), call("", "", ":2}")],
    );
    assert_eq!(relayed.end, Ok(()));
    let arguments: Vec<String> = calls(&relayed).into_iter().map(|call| call.2).collect();
    assert_eq!(arguments, [r#"{"x":1}"#, r#"{"x":2}"#]);
    // An id that is repeated with each piece is no other call.
    let relayed =
        streamed(Client::AnthropicMessages, &[call("a", "f", "{\"x\""), call("a", "f", ":1}")]);
    assert_eq!(calls(&relayed).len(), 1);
}

#[test]
fn reasoning_is_found_under_either_name_even_beside_an_empty_one() {
    for delta in [
        json!({"reasoning": "hm"}),
        json!({"reasoning_content": "hm"}),
        json!({"reasoning_content": "", "reasoning": "hm"}),
        json!({"reasoning_content": null, "reasoning": "hm"}),
    ] {
        let body = json!({"choices": [{"message": delta, "finish_reason": "stop"}]});
        let asked = read(Client::MistralChat, r#"{"model":"m","messages":[]}"#).unwrap();
        let body = Bytes::from(body.to_string());
        let shown = answer(&asked, Upstream::OpenAiChat, "up", id(), &body).unwrap();
        assert!(String::from_utf8_lossy(&shown.body).contains("hm"), "{delta}");
        let relayed = streamed(Client::MistralChat, &[delta]);
        assert!(relayed.out.contains("hm"));
    }
}

#[test]
fn an_empty_finish_is_none_and_usage_may_come_alone() {
    let relayed = streamed(Client::OpenAiChat, &[json!({"content": "x"})]);
    assert_eq!(relayed.end, Ok(()));
    assert_eq!(relayed.progress.finish, Some(Finish::ToolCalls));
    assert_eq!(relayed.progress.usage.output, Some(4));
}

#[test]
fn answers_that_are_none_are_broken_in_every_direction() {
    for body in [
        json!({"choices": []}),
        json!({"choices": null}),
        json!({"choices": [{"message": {"content": "half"}, "finish_reason": "error"}]}),
        json!({"choices": [{"message": {"content": "half"}, "finish_reason": "abort"}]}),
        json!({"ok": true}),
    ] {
        for client in [Client::OpenAiChat, Client::AnthropicMessages] {
            let failure = answered(client, &body).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Broken, "{body}");
        }
    }
}

#[test]
fn calls_without_ids_reach_other_providers_with_the_same_ones_in_every_turn() {
    let call = |name: &str| json!({"id": "", "type": "function", "function": {"name": name, "arguments": "{}"}});
    let result = |text: &str| json!({"role": "tool", "tool_call_id": "", "content": text});
    let body = json!({"model": "m", "max_tokens": 9,
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": null, "tool_calls": [call("f"), call("g")]},
            result("of f"), result("of g"),
        ],
    });
    let sent = translated(Client::OpenAiChat, &body.to_string());
    let (calls, results) = (&sent["messages"][1]["content"], &sent["messages"][2]["content"]);
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    assert_eq!(calls[0]["id"], results[0]["tool_use_id"]);
    assert_eq!(calls[1]["id"], results[1]["tool_use_id"]);
    let mut longer = body.clone();
    longer["messages"].as_array_mut().unwrap().push(json!({"role": "user", "content": "go on"}));
    let again = translated(Client::OpenAiChat, &longer.to_string());
    assert_eq!(again["messages"][1], sent["messages"][1]);
}

#[test]
fn errors_of_servers_of_ones_own_are_classified() {
    for (status, body, kind) in [
        (
            400,
            json!({"object": "error", "message": "This model's maximum context length is 8", "type": "BadRequestError", "param": null, "code": 400}),
            FailureKind::ContextTooLong,
        ),
        (
            400,
            json!({"error": {"code": 400, "message": "the request is larger than there is room", "type": "exceed_context_size_error", "n_ctx": 8}}),
            FailureKind::ContextTooLong,
        ),
        (
            422,
            json!({"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096", "error_type": "validation"}),
            FailureKind::ContextTooLong,
        ),
        (
            429,
            json!({"error": "Model is overloaded", "error_type": "overloaded"}),
            FailureKind::RateLimited,
        ),
        (
            424,
            json!({"error": "Request failed during generation", "error_type": "generation"}),
            FailureKind::Broken,
        ),
        (
            503,
            json!({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}),
            FailureKind::Overloaded,
        ),
        (
            404,
            json!({"error": {"message": "model 'x' not found", "type": "not_found_error", "param": null, "code": null}}),
            FailureKind::ModelMissing,
        ),
    ] {
        let failure = read_error(Upstream::OpenAiChat, Some(status), body.to_string().as_bytes());
        assert_eq!(failure.kind, kind, "{body}");
    }
}

#[test]
fn the_output_limit_has_the_name_that_the_server_knows() {
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;
    let request = parse(Client::AnthropicMessages, body);
    let sent = |output_limit| {
        let outbound = request.emit(Upstream::OpenAiChat, &Target { output_limit, ..TARGET });
        serde_json::from_slice::<Value>(&outbound.unwrap().body).unwrap()
    };
    let newer = sent(OutputLimit::MaxCompletionTokens);
    assert_eq!((newer["max_completion_tokens"].as_u64(), newer.get("max_tokens")), (Some(9), None));
    let older = sent(OutputLimit::MaxTokens);
    assert_eq!((older["max_tokens"].as_u64(), older.get("max_completion_tokens")), (Some(9), None));
}
