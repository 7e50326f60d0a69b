//! Answers of Gemini, whole and streamed, to callers of other dialects.

use bytes::Bytes;
use dialect::{Answer, Finish, answer};
use serde_json::{Value, json};
use vocab::{Failure, FailureKind};

use crate::support::*;

const ASK: &str = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;

fn whole(client: Client, reply: &Value) -> Result<(Value, Answer), Failure> {
    let request = parse(client, ASK);
    let body = Bytes::from(reply.to_string());
    let answer = answer(&request, Upstream::Gemini, "gemini-3-pro", id(), &body)?;
    Ok((serde_json::from_slice(&answer.body).unwrap(), answer))
}

fn reply(parts: Value, reason: &str) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": reason}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 2},
    })
}

fn stream(chunks: &[Value]) -> String {
    chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect()
}

fn relayed(client: Client, chunks: &[Value]) -> Relayed {
    let text = stream(chunks);
    let whole = run(relay(client, Upstream::Gemini, true), [text.as_bytes()]);
    let singly = run(relay(client, Upstream::Gemini, true), text.as_bytes().chunks(1));
    assert_eq!(whole, singly);
    whole
}

fn chunk(parts: Value) -> Value {
    json!({"candidates": [{"content": {"parts": parts}, "index": 0}], "usageMetadata": {"trafficType": "ON_DEMAND"}})
}

#[test]
fn parts_of_text_are_one_text_and_calls_end_an_answer_that_says_stop() {
    let parts = json!([
        {"text": "Let me "},
        {"text": "see."},
        {"functionCall": {"name": "f", "args": {"b": 1, "a": [2]}}, "thoughtSignature": "S"},
        {"functionCall": {"id": "own", "name": "f"}},
    ]);
    let (openai, answer) = whole(Client::OpenAiChat, &reply(parts.clone(), "STOP")).unwrap();
    let message = &openai["choices"][0]["message"];
    assert_eq!(message["content"], "Let me see.");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], r#"{"b":1,"a":[2]}"#);
    assert_eq!(message["tool_calls"][1]["function"]["arguments"], "{}");
    assert_eq!(message["tool_calls"][1]["id"], "own");
    assert_eq!(openai["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(answer.finish, Some(Finish::ToolCalls));
    assert_eq!((answer.usage.output, answer.usage.reasoning), (Some(5), Some(2)));
    let (anthropic, _) = whole(Client::AnthropicMessages, &reply(parts, "STOP")).unwrap();
    assert_eq!(anthropic["stop_reason"], "tool_use");
}

#[test]
fn ids_that_gemini_does_not_give_are_the_same_at_every_gateway_and_differ() {
    let parts = json!([{"functionCall": {"name": "f"}}, {"functionCall": {"name": "f"}}]);
    for client in [Client::OpenAiChat, Client::AnthropicMessages] {
        let ids = || {
            let (body, _) = whole(client, &reply(parts.clone(), "STOP")).unwrap();
            let calls = match client {
                Client::OpenAiChat => body["choices"][0]["message"]["tool_calls"].clone(),
                _ => body["content"].clone(),
            };
            let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
            calls.as_array().unwrap().iter().map(id).collect::<Vec<_>>()
        };
        assert_eq!(ids(), ids());
        assert!(ids()[0] != ids()[1] && !ids()[0].is_empty());
    }
}

#[test]
fn reasons_and_refusals_have_their_words() {
    for (reason, finish) in [
        ("STOP", Finish::Stop),
        ("MAX_TOKENS", Finish::Length),
        ("SAFETY", Finish::ContentFilter),
        ("RECITATION", Finish::ContentFilter),
        ("PROHIBITED_CONTENT", Finish::ContentFilter),
        ("SPII", Finish::ContentFilter),
        ("MODEL_ARMOR", Finish::ContentFilter),
        ("OTHER", Finish::Other),
        ("SOMETHING_NEW", Finish::Other),
    ] {
        let (_, answer) =
            whole(Client::OpenAiChat, &reply(json!([{"text": "x"}]), reason)).unwrap();
        assert_eq!(answer.finish, Some(finish), "{reason}");
    }
    for reason in ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"] {
        let failure = whole(Client::OpenAiChat, &reply(json!([]), reason)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Broken, "{reason}");
        assert_eq!(failure.code.as_deref(), Some(reason));
    }
    let blocked = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": "no"}});
    let failure = whole(Client::OpenAiChat, &blocked).unwrap_err();
    assert_eq!((failure.kind, &*failure.message), (FailureKind::ContentBlocked, "no"));
    assert_eq!(failure.code.as_deref(), Some("PROHIBITED_CONTENT"));
    let relayed = relayed(Client::AnthropicMessages, &[blocked]);
    assert_eq!((relayed.end, &*relayed.out), (Err(FailureKind::ContentBlocked), ""));
}

#[test]
fn an_answer_that_was_all_thought_is_an_empty_answer() {
    let reply = json!({
        "candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}],
        "usageMetadata": {"promptTokenCount": 15, "thoughtsTokenCount": 2},
    });
    let (openai, answer) = whole(Client::OpenAiChat, &reply).unwrap();
    assert_eq!(openai["choices"][0]["message"]["content"], "");
    assert_eq!(openai["choices"][0]["finish_reason"], "length");
    assert_eq!((answer.usage.input, answer.usage.output), (Some(15), Some(2)));
}

#[test]
fn what_is_no_answer_is_broken() {
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "<html>",
        r#"{"candidates":7}"#,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"args":{}}}]}}]}"#,
    ] {
        let request = parse(Client::OpenAiChat, ASK);
        let failure =
            answer(&request, Upstream::Gemini, "m", id(), &Bytes::from(body)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Broken, "{body}");
    }
    for parts in [
        json!([{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]),
        json!([{"executableCode": {"code": "1"}}]),
        json!([{"functionCall": {"name": "f", "args": [1]}}]),
    ] {
        assert!(whole(Client::OpenAiChat, &reply(parts.clone(), "STOP")).is_err(), "{parts}");
    }
    let mut two = reply(json!([{"text": "x"}]), "STOP");
    let second = json!({"index": 1, "content": {"parts": [{"text": "y"}]}});
    two["candidates"].as_array_mut().unwrap().push(second);
    assert!(whole(Client::OpenAiChat, &two).is_err());
}

#[test]
fn a_stream_ends_where_its_bytes_do_once_a_reason_was_given() {
    let last = reply(json!([{"text": "lo"}]), "STOP");
    let said = relayed(Client::OpenAiChat, &[chunk(json!([{"text": "hel"}])), last.clone()]);
    assert_eq!(said.end, Ok(()));
    assert!(said.terminal.ends_with("data: [DONE]\n\n"), "{}", said.terminal);
    let chunks = data(&format!("{}{}", said.out, said.terminal));
    let text: String =
        chunks.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "hello");
    assert_eq!(chunks.last().unwrap()["usage"]["completion_tokens"], 5);
    assert_eq!(said.progress.finish, Some(Finish::Stop));
    let cut = relayed(Client::OpenAiChat, &[chunk(json!([{"text": "hel"}]))]);
    assert_eq!((cut.end, &*cut.terminal), (Err(FailureKind::Cut), ""));
    assert_eq!(relayed(Client::OpenAiChat, &[]).end, Err(FailureKind::Cut));
    let text = stream(&[last]);
    let torn = run(
        relay(Client::OpenAiChat, Upstream::Gemini, false),
        [&text.as_bytes()[..text.len() - 3]],
    );
    assert_eq!((torn.end, &*torn.terminal), (Err(FailureKind::Cut), ""));
}

#[test]
fn a_model_that_gives_a_reason_with_every_body_is_read_to_its_end() {
    let chunks =
        [reply(json!([{"text": "a"}]), "STOP"), reply(json!([{"text": "b"}]), "MAX_TOKENS")];
    let said = relayed(Client::AnthropicMessages, &chunks);
    assert_eq!((said.end, said.progress.finish), (Ok(()), Some(Finish::Length)));
    assert!(said.out.contains(r#""text":"a""#) && said.out.contains(r#""text":"b""#));
}

#[test]
fn an_error_inside_a_stream_is_read_as_google_means_it() {
    let error = json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}});
    let chunks = [chunk(json!([{"text": "a"}])), error];
    let failed = relayed(Client::OpenAiChat, &chunks);
    assert_eq!((failed.end, &*failed.terminal), (Err(FailureKind::Overloaded), ""));
}

#[test]
fn thoughts_are_reasoning_and_a_signature_stays_out_of_the_text() {
    let chunks = [
        chunk(json!([{"text": "hm", "thought": true}])),
        chunk(json!([{"text": "so", "thoughtSignature": "SIGNED"}])),
        reply(json!([{"text": "", "thoughtSignature": "SIGNED2"}]), "STOP"),
    ];
    let said = relayed(Client::OpenAiChat, &chunks);
    let deltas: Vec<Value> =
        data(&said.out).iter().map(|c| c["choices"][0]["delta"].clone()).collect();
    let of = |key: &str| deltas.iter().filter_map(|d| d[key].as_str()).collect::<String>();
    assert_eq!((of("reasoning_content"), of("content")), ("hm".to_owned(), "so".to_owned()));
}

#[test]
fn arguments_in_pieces_reach_the_caller_as_one_object() {
    let chunks = [
        chunk(json!([{"functionCall": {"name": "f", "willContinue": true}}])),
        chunk(
            json!([{"functionCall": {"partialArgs": [{"jsonPath": "$.in", "stringValue": "Bos", "willContinue": true}], "willContinue": true}}]),
        ),
        chunk(
            json!([{"functionCall": {"partialArgs": [{"jsonPath": "$.in", "stringValue": "ton"}, {"jsonPath": "$.days", "numberValue": 3}]}}]),
        ),
        chunk(json!([{"functionCall": {"name": "g", "willContinue": true}}])),
        reply(json!([{"functionCall": {}}]), "STOP"),
    ];
    for client in [Client::OpenAiChat, Client::AnthropicMessages] {
        let said = relayed(client, &chunks);
        assert_eq!((said.end, said.progress.finish), (Ok(()), Some(Finish::ToolCalls)));
        assert!(said.out.contains(r#"{\"in\":\"Boston\",\"days\":3}"#), "{}", said.out);
    }
}

/// The caller's next request: what was answered, and a result for each call.
fn next(client: Client, answer: &Value) -> Value {
    match client {
        Client::OpenAiResponses => {
            let output = answer["output"].as_array().unwrap();
            let mut input = vec![json!({"role": "user", "content": "hi"})];
            input.extend(output.clone());
            let calls = output.iter().filter_map(|item| item["call_id"].as_str());
            input.extend(calls.map(
                |call| json!({"type": "function_call_output", "call_id": call, "output": "ok"}),
            ));
            json!({"model": "m", "store": false, "input": input})
        }
        Client::OpenAiChat => {
            let message = &answer["choices"][0]["message"];
            let mut messages = vec![json!({"role": "user", "content": "hi"}), message.clone()];
            let calls = message["tool_calls"].as_array().unwrap().iter();
            messages.extend(
                calls.map(
                    |call| json!({"role": "tool", "tool_call_id": call["id"], "content": "ok"}),
                ),
            );
            json!({"model": "m", "messages": messages})
        }
        _ => {
            let content = &answer["content"];
            let calls =
                content.as_array().unwrap().iter().filter(|block| block["type"] == "tool_use");
            let results: Vec<Value> = calls
                .map(|call| json!({"type": "tool_result", "tool_use_id": call["id"], "content": "ok"}))
                .collect();
            json!({"model": "m", "max_tokens": 9, "messages": [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": content},
                {"role": "user", "content": results},
            ]})
        }
    }
}

#[test]
fn signatures_come_back_to_their_parts_through_every_caller() {
    let parts = json!([
        {"text": "I see", "thought": true},
        {"text": "Let me look.", "thoughtSignature": "Zmlyc3Q="},
        {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2lnbmVk"},
        {"functionCall": {"name": "g", "args": {}}},
    ]);
    for client in [Client::OpenAiChat, Client::OpenAiResponses, Client::AnthropicMessages] {
        let ask = match client {
            Client::OpenAiResponses => r#"{"model":"m","store":false,"input":"hi"}"#,
            _ => ASK,
        };
        let read = |body: &str| match client {
            Client::OpenAiResponses => read(client, body).unwrap(),
            _ => parse(client, body),
        };
        let body = Bytes::from(reply(parts.clone(), "STOP").to_string());
        let answer = answer(&read(ask), Upstream::Gemini, "gemini-3-pro", id(), &body).unwrap();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let next = read(&next(client, &answer).to_string());
        let back = |model| {
            let sent = next.emit(Upstream::Gemini, &dialect::Target::new(model, 1)).unwrap();
            let mut body: Value = serde_json::from_slice(&sent.body).unwrap();
            let parts = body["contents"][1]["parts"].as_array_mut().unwrap();
            for part in parts.iter_mut().filter_map(|part| part.get_mut("functionCall")) {
                part.as_object_mut().unwrap().remove("id").unwrap();
            }
            assert_eq!(body["contents"][2]["parts"][1]["functionResponse"]["name"], "g");
            (body["contents"][1]["parts"].clone(), sent.dropped)
        };
        let (same, dropped) = back("gemini-3-pro");
        assert_eq!(same, parts, "{client}");
        assert!(!dropped.contains(&"reasoning"), "{client}");
        let (other, dropped) = back("gemini-2.5-pro");
        let unsigned = json!([
            {"text": "Let me look."},
            {"functionCall": {"name": "f", "args": {"a": 1}}},
            parts[3],
        ]);
        assert_eq!(other, unsigned, "{client}");
        assert!(dropped.contains(&"reasoning"), "{client}");
    }
}
