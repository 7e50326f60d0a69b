//! Whole answers.

use bytes::Bytes;
use dialect::{Answer, Finish, answer};
use serde_json::{Value, json};
use vocab::{Failure, FailureKind};

use crate::support::*;

fn asked(client: Client) -> dialect::Request {
    parse(
        client,
        r#"{"model":"chat-large","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#,
    )
}

fn read(client: Client, upstream: Upstream, body: &str) -> Result<Answer, Failure> {
    answer(&asked(client), upstream, "up", id(), &Bytes::from(body.to_owned()))
}

fn translated(client: Client, body: &Value) -> (Value, Answer) {
    let answer = read(client, other(client), &body.to_string()).unwrap();
    (serde_json::from_slice(&answer.body).unwrap(), answer)
}

fn kind(client: Client, upstream: Upstream, body: &str) -> FailureKind {
    read(client, upstream, body).unwrap_err().kind
}

#[test]
fn an_answer_of_the_same_dialect_is_shared_and_read() {
    let body = Bytes::from_static(
        br#"{"x":1,"choices":[{"message":{"content":"hi","tool_calls":[]},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#,
    );
    let same = answer(&asked(Client::OpenAiChat), Upstream::OpenAiChat, "up", id(), &body).unwrap();
    assert_eq!(same.body.as_ptr(), body.as_ptr());
    assert_eq!((same.usage.input, same.finish), (Some(3), Some(Finish::Stop)));
}

#[test]
fn an_anthropic_answer_reaches_an_openai_caller() {
    let (body, answer) = translated(
        Client::OpenAiChat,
        &json!({
            "type": "message", "role": "assistant", "model": "claude", "id": "msg_1",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "SIGNED"},
                {"type": "redacted_thinking", "data": "SEALED"},
                {"type": "text", "text": "a"}, {"type": "text", "text": "b"},
                {"type": "tool_use", "id": "t", "name": "f", "input": {"z": 1, "a": 2}},
            ],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2, "output_tokens": 7},
        }),
    );
    assert_eq!(
        body,
        json!({
            "id": "chatcmpl-0190000000007000800000000000abcd", "object": "chat.completion",
            "created": 0x0190_0000_0000_u64 / 1000, "model": "chat-large",
            "choices": [{"index": 0, "logprobs": null, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "ab", "refusal": null, "reasoning_content": "hm",
                "reasoning_details": [
                    {"index": 0, "type": "reasoning.seal", "data": "isobar1.anthropic.s.7570.SIGNED", "from": 0, "to": 2, "content": 0, "calls": 0},
                    {"index": 1, "type": "reasoning.encrypted", "data": "isobar1.anthropic.r.7570.SEALED", "from": 2, "to": 2, "content": 0, "calls": 0},
                ],
                "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{\"z\":1,\"a\":2}"}}],
            }}],
            "usage": {"prompt_tokens": 16, "completion_tokens": 7, "total_tokens": 23,
                "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2}},
        })
    );
    assert_eq!(answer.finish, Some(Finish::ToolCalls));
}

#[test]
fn an_openai_answer_reaches_an_anthropic_caller() {
    let (body, answer) = translated(
        Client::AnthropicMessages,
        &json!({
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "ab", "reasoning_content": "thought",
                "tool_calls": [
                    {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{\"z\":1.10}"}},
                    {"id": "", "type": "function", "function": {"name": "g", "arguments": ""}},
                ],
            }}],
            "usage": {"prompt_tokens": 16, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 4}},
        }),
    );
    assert_eq!(
        body,
        json!({
            "id": "msg_0190000000007000800000000000abcd", "type": "message", "role": "assistant",
            "model": "chat-large", "stop_reason": "tool_use", "stop_sequence": null,
            "content": [
                {"type": "text", "text": "ab"},
                {"type": "tool_use", "id": "t", "name": "f", "input": {"z": 1.10}},
                {"type": "tool_use", "id": "toolu_800000000000abcd_3", "name": "g", "input": {}},
            ],
            "usage": {"input_tokens": 12, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 4, "output_tokens": 7},
        })
    );
    assert!(std::str::from_utf8(&answer.body).unwrap().contains(r#""input":{"z":1.10}"#));
}

#[test]
fn finish_reasons_have_a_word_on_both_sides() {
    for (reason, word) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("brand_new", "stop"),
    ] {
        let answer = json!({"type": "message", "content": [], "stop_reason": reason});
        let (body, _) = translated(Client::OpenAiChat, &answer);
        assert_eq!(body["choices"][0]["finish_reason"], word, "{reason}");
        assert_eq!(body["choices"][0]["message"]["content"], "");
    }
    for (reason, message, word) in [
        ("stop", json!({"content": "x"}), "end_turn"),
        ("stop", json!({"content": null, "refusal": "no"}), "refusal"),
        ("stop", json!({"tool_calls": [{"id": "a", "function": {"name": "f"}}]}), "tool_use"),
        ("length", json!({"content": ""}), "max_tokens"),
        ("content_filter", Value::Null, "refusal"),
        ("brand_new", json!({"content": "x"}), "end_turn"),
    ] {
        let answer = json!({"choices": [{"message": message, "finish_reason": reason}]});
        let (body, _) = translated(Client::AnthropicMessages, &answer);
        assert_eq!(body["stop_reason"], word, "{reason}");
    }
}

#[test]
fn a_reply_that_is_no_answer_is_broken_in_every_direction() {
    for client in [Client::OpenAiChat, Client::AnthropicMessages] {
        for upstream in [Upstream::OpenAiChat, Upstream::AnthropicMessages] {
            for body in
                ["", "method=POST", "{}", "[]", r#"{"contentType":"x"}"#, r#"{"choices":7}"#]
            {
                assert_eq!(kind(client, upstream, body), FailureKind::Broken, "{body}");
            }
        }
    }
}

#[test]
fn an_error_with_status_200_is_classified() {
    let limited = r#"{"error":{"message":"m","code":"rate_limit_exceeded"}}"#;
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#;
    for client in [Client::OpenAiChat, Client::AnthropicMessages] {
        assert_eq!(kind(client, Upstream::OpenAiChat, limited), FailureKind::RateLimited);
        let found = kind(client, Upstream::AnthropicMessages, overloaded);
        assert_eq!(found, FailureKind::Overloaded);
    }
}

#[test]
fn content_that_cannot_be_carried_fails_instead_of_vanishing() {
    let hosted = r#"{"type":"message","content":[{"type":"server_tool_use","id":"s","name":"x","input":{}}]}"#;
    assert_eq!(kind(Client::OpenAiChat, Upstream::AnthropicMessages, hosted), FailureKind::Broken);
    let cut = r#"{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"a\":"}}]},"finish_reason":"length"}]}"#;
    assert_eq!(kind(Client::AnthropicMessages, Upstream::OpenAiChat, cut), FailureKind::Broken);
}

#[test]
fn debug_shows_no_text() {
    let body = r#"{"choices":[{"message":{"content":"secret"}}]}"#;
    let answer = read(Client::OpenAiChat, Upstream::OpenAiChat, body).unwrap();
    assert!(!format!("{answer:?}").contains("secret"));
    let request = openai(r#"{"model":"m","messages":["secret"]}"#);
    assert!(!format!("{request:?}").contains("secret"));
}

#[test]
fn an_answer_that_does_not_say_why_it_ended_is_not_given_a_reason() {
    let chat = r#"{"choices":[{"message":{"content":"half"},"finish_reason":null}]}"#;
    let message =
        r#"{"type":"message","content":[{"type":"text","text":"half"}],"stop_reason":null}"#;
    for (upstream, body) in [
        (Upstream::OpenAiChat, chat),
        (Upstream::MistralChat, chat),
        (Upstream::AnthropicMessages, message),
        (
            Upstream::BedrockConverse,
            r#"{"output":{"message":{"role":"assistant","content":[{"text":"half"}]}}}"#,
        ),
        (Upstream::Gemini, r#"{"candidates":[{"content":{"parts":[{"text":"half"}]}}]}"#),
        (Upstream::Gemini, r#"{"candidates":[],"usageMetadata":{"promptTokenCount":5}}"#),
        (Upstream::Gemini, r#"{"usageMetadata":{"promptTokenCount":5}}"#),
    ] {
        for client in [Client::OpenAiChat, Client::AnthropicMessages] {
            if !upstream.is_same_as(client) {
                assert_eq!(kind(client, upstream, body), FailureKind::Broken, "{upstream} {body}");
            }
        }
    }
    // What passes through says itself that the reason is missing.
    assert_eq!(read(Client::OpenAiChat, Upstream::OpenAiChat, chat).unwrap().finish, None);
}
