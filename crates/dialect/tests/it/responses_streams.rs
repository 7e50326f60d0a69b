//! Streams to callers of Responses, and from it to others.

use std::collections::BTreeMap;

use dialect::{CallerError, Finish};
use serde_json::{Value, json};
use vocab::{Failure, FailureKind, Usage};

use crate::support::*;

/// A stream of Responses events, each named by its type and numbered.
fn responses_stream(events: &[Value]) -> String {
    let frame = |(number, event): (usize, &Value)| {
        let mut event = event.clone();
        event["sequence_number"] = number.into();
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
    };
    events.iter().enumerate().map(frame).collect()
}

/// Checks what every SDK relies on: names, numbers, one beginning and one end of every item and
/// part, deltas that add up, and a last event with everything in it. Gives the last object.
pub(crate) fn checked(stream: &str) -> Value {
    let names: Vec<_> = stream.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let events = data(stream);
    assert_eq!(names.len(), events.len());
    let mut added: BTreeMap<u64, Value> = BTreeMap::new();
    let mut done: BTreeMap<u64, Value> = BTreeMap::new();
    let mut said: BTreeMap<(String, String), String> = BTreeMap::new();
    for (number, (event, name)) in events.iter().zip(names).enumerate() {
        let kind = event["type"].as_str().unwrap();
        assert_eq!((kind, event["sequence_number"].as_u64()), (name, Some(number as u64)));
        let at = event["output_index"].as_u64().unwrap_or_default();
        let part =
            format!("{} {} {}", event["item_id"], event["content_index"], event["summary_index"]);
        let kind = kind.strip_prefix("response.").unwrap();
        match kind {
            "output_item.added" => {
                assert!(added.insert(at, event["item"].clone()).is_none());
            }
            "output_item.done" => {
                assert_eq!(added[&at]["id"], event["item"]["id"]);
                assert!(done.insert(at, event["item"].clone()).is_none());
            }
            "created"
            | "in_progress"
            | "completed"
            | "incomplete"
            | "content_part.added"
            | "content_part.done"
            | "reasoning_summary_part.added"
            | "reasoning_summary_part.done" => {}
            _ => {
                assert_eq!(added[&at]["id"], event["item_id"], "{event}");
                assert!(!done.contains_key(&at), "{event}");
                let (what, step) = kind.rsplit_once('.').unwrap();
                let said = said.entry((part, what.to_owned())).or_default();
                match step {
                    "delta" => said.push_str(event["delta"].as_str().unwrap()),
                    _ => {
                        let whole = ["text", "refusal", "arguments"].map(|key| &event[key]);
                        let whole = whole.into_iter().find_map(|text| text.as_str()).unwrap();
                        assert_eq!(said, whole);
                    }
                }
            }
        }
    }
    let last = events.last().unwrap();
    let response = &last["response"];
    assert_eq!(last["type"], format!("response.{}", response["status"].as_str().unwrap()));
    let output: Vec<&Value> = done.values().collect();
    assert_eq!(response["output"].as_array().unwrap().iter().collect::<Vec<_>>(), output);
    assert_eq!(added.len(), done.len());
    assert_eq!(events[0]["type"], "response.created");
    assert_eq!(events[1]["type"], "response.in_progress");
    assert_eq!(response["id"], events[0]["response"]["id"]);
    response.clone()
}

fn to_responses(upstream: Upstream, stream: &str) -> Relayed {
    run(relay(Client::OpenAiResponses, upstream, false), [stream.as_bytes()])
}

const START: &str = r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

#[test]
fn thinking_text_and_tools_become_items_with_their_whole_sequence() {
    let relayed = to_responses(
        Upstream::AnthropicMessages,
        &anthropic_stream(&[
            START,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" \"you\""}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":20}}"#,
            STOP,
        ]),
    );
    assert_eq!(relayed.end, Ok(()));
    let whole = format!("{}{}", relayed.out, relayed.terminal);
    let kinds: Vec<Value> = data(&whole).into_iter().map(|event| event["type"].clone()).collect();
    assert_eq!(
        kinds,
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    let response = checked(&whole);
    let hex = "0190000000007000800000000000abcd";
    assert_eq!(
        response["output"],
        json!([
            {"type": "message", "id": format!("msg_{hex}_0"), "status": "completed", "role": "assistant",
             "content": [{"type": "output_text", "text": "Hi \"you\"", "annotations": [], "logprobs": []}]},
            {"type": "function_call", "id": format!("fc_{hex}_1"), "status": "completed",
             "call_id": "t1", "name": "f", "arguments": "{\"a\":1}"},
        ])
    );
    assert_eq!(response["id"], format!("resp_{hex}"));
    assert_eq!(response["model"], "chat-large");
    assert_eq!(response["store"], false);
    assert_eq!(
        response["usage"],
        json!({"input_tokens": 15, "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 0},
            "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 35})
    );
    assert!(data(&relayed.terminal).len() == 1, "only the last event waits");
}

#[test]
fn interleaved_calls_keep_their_places_and_a_call_without_arguments_has_an_object() {
    let relayed = to_responses(
        Upstream::OpenAiChat,
        &openai_stream(&[
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"hm"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"name":"g"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        ]),
    );
    let response = checked(&format!("{}{}", relayed.out, relayed.terminal));
    let output = response["output"].as_array().unwrap();
    assert_eq!(output[0]["summary"], json!([{"type": "summary_text", "text": "hm"}]));
    assert_eq!(output[1]["arguments"], "{\"x\":1}");
    assert_eq!(
        (&output[2]["arguments"], &output[2]["call_id"]),
        (&"{}".into(), &"call_800000000000abcd_1".into())
    );
    assert_eq!(response["usage"], Value::Null);
}

#[test]
fn an_answer_that_met_a_limit_is_incomplete() {
    for (reason, why) in [("length", "max_output_tokens"), ("content_filter", "content_filter")] {
        let last =
            format!(r#"{{"choices":[{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        let first = r#"{"choices":[{"index":0,"delta":{"content":"The"}}]}"#;
        let relayed = to_responses(Upstream::OpenAiChat, &openai_stream(&[first, &last]));
        let response = checked(&format!("{}{}", relayed.out, relayed.terminal));
        assert_eq!(response["status"], "incomplete");
        assert_eq!(response["incomplete_details"]["reason"], why);
        assert_eq!(response["output"][0]["status"], "incomplete");
    }
}

#[test]
fn a_refusal_is_a_part_of_its_own() {
    let relayed = to_responses(
        Upstream::OpenAiChat,
        &openai_stream(&[
            r#"{"choices":[{"index":0,"delta":{"content":"Well."}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"refusal":"I will "}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"refusal":"not."}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        ]),
    );
    let response = checked(&format!("{}{}", relayed.out, relayed.terminal));
    assert_eq!(response["status"], "completed");
    let parts = &response["output"][0]["content"];
    assert_eq!((&parts[0]["text"], &parts[1]["refusal"]), (&"Well.".into(), &"I will not.".into()));
}

#[test]
fn an_error_after_content_has_the_next_number_and_the_key_that_sdks_raise_on() {
    let error = CallerError::from_failure(&Failure::new(FailureKind::Overloaded, "m"));
    let chat = openai_stream(&[r#"{"choices":[{"index":0,"delta":{"content":"The"}}]}"#]);
    let chat = chat.replace("data: [DONE]\n\n", "");
    let own = responses_stream(&[created(), json!({"type": "response.in_progress"})]);
    for (upstream, stream, number) in
        [(Upstream::OpenAiChat, chat, 5), (Upstream::OpenAiResponses, own, 2)]
    {
        let mut relay = relay(Client::OpenAiResponses, upstream, false);
        relay.feed(stream.into(), &mut Vec::new()).unwrap();
        let frame = String::from_utf8(relay.error_event(&error).to_vec()).unwrap();
        assert!(frame.starts_with("event: error\ndata: "), "{frame}");
        let event = &data(&frame)[0];
        assert_eq!((&event["type"], &event["sequence_number"]), (&"error".into(), &number.into()));
        assert_eq!(event["error"]["type"], "server_error");
        assert_eq!(event["error"]["code"], event["code"]);
        assert_eq!(event["error"]["message"], event["message"]);
        assert_eq!(relay.take_terminal().len(), 0);
    }
}

fn created() -> Value {
    json!({"type": "response.created", "response": {"id": "resp_1", "output": []}})
}

fn ended(status: &str, more: Value) -> Value {
    let mut response = json!({"id": "resp_1", "status": status, "output": []});
    response.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"type": format!("response.{status}"), "response": response})
}

/// A stream in which one item is named differently in each of its events.
fn reasoned_call() -> Vec<Value> {
    let item = |kind: &str, id: &str, more: Value| {
        let mut item = json!({"type": kind, "id": id});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item
    };
    vec![
        created(),
        json!({"type": "response.output_item.added", "output_index": 0, "item": item("reasoning", "rs_a", json!({"summary": []}))}),
        json!({"type": "response.reasoning_summary_part.added", "output_index": 0, "item_id": "rs_b", "summary_index": 0}),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "item_id": "rs_b", "delta": "why"}),
        json!({"type": "response.reasoning_summary_part.added", "output_index": 0, "item_id": "rs_b", "summary_index": 1}),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "item_id": "rs_c", "delta": "so"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item("reasoning", "rs_d", json!({"encrypted_content": "BLOB"}))}),
        json!({"type": "response.output_item.added", "output_index": 1, "item": item("function_call", "fc_a", json!({"call_id": "c", "name": "f", "arguments": ""}))}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 1, "item_id": "fc_b", "delta": "{}"}),
        json!({"type": "response.function_call_arguments.done", "output_index": 1, "item_id": "fc_c", "arguments": "{}"}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": item("function_call", "fc_d", json!({"call_id": "c", "name": "f", "arguments": "{}"}))}),
        ended("completed", json!({"usage": {"input_tokens": 7, "output_tokens": 3}})),
    ]
}

#[test]
fn items_are_told_apart_by_their_place_and_not_by_their_names() {
    let stream = responses_stream(&reasoned_call());
    let relayed =
        run(relay(Client::OpenAiChat, Upstream::OpenAiResponses, true), [stream.as_bytes()]);
    assert_eq!((relayed.end, relayed.progress.finish), (Ok(()), Some(Finish::ToolCalls)));
    assert_eq!(
        relayed.progress.usage,
        Usage { input: Some(7), output: Some(3), ..Usage::default() }
    );
    let chunks = data(&relayed.out);
    let all = |pick: fn(&Value) -> &Value| -> String {
        chunks.iter().filter_map(|chunk| pick(&chunk["choices"][0]["delta"]).as_str()).collect()
    };
    assert_eq!(all(|delta| &delta["reasoning_content"]), "why\n\nso");
    assert_eq!(all(|delta| &delta["tool_calls"][0]["function"]["arguments"]), "{}");
    assert_eq!(all(|delta| &delta["tool_calls"][0]["id"]), "c");
}

#[test]
fn parts_that_come_only_when_they_are_whole_are_read() {
    let message = json!({"type": "message", "content": []});
    let stream = responses_stream(&[
        created(),
        json!({"type": "response.output_item.added", "output_index": 0, "item": message}),
        json!({"type": "response.output_text.done", "output_index": 0, "text": "Hi"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": message}),
        json!({"type": "response.output_item.done", "output_index": 1,
            "item": {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\":1}"}}),
        ended("completed", json!({})),
    ]);
    let relayed =
        run(relay(Client::OpenAiChat, Upstream::OpenAiResponses, true), [stream.as_bytes()]);
    assert_eq!(relayed.end, Ok(()));
    assert!(relayed.out.contains(r#""content":"Hi""#));
    assert!(relayed.out.contains(r#"{\"a\":1}"#));
}

#[test]
fn each_end_of_a_stream_is_what_it_is() {
    for (last, finish) in [
        (ended("completed", json!({})), Ok(Some(Finish::Stop))),
        (
            ended("incomplete", json!({"incomplete_details": {"reason": "max_output_tokens"}})),
            Ok(Some(Finish::Length)),
        ),
        (
            ended("incomplete", json!({"incomplete_details": {"reason": "content_filter"}})),
            Ok(Some(Finish::ContentFilter)),
        ),
        (ended("incomplete", json!({})), Ok(Some(Finish::Length))),
        (
            ended("incomplete", json!({"incomplete_details": {"reason": "brand_new"}})),
            Ok(Some(Finish::Length)),
        ),
        (
            ended("failed", json!({"error": {"code": "rate_limit_exceeded", "message": "m"}})),
            Err(FailureKind::RateLimited),
        ),
        (ended("failed", json!({})), Err(FailureKind::Broken)),
        (
            ended("failed", json!({"error": {"code": "invalid_prompt", "message": "m"}})),
            Err(FailureKind::ContentBlocked),
        ),
        (
            ended("failed", json!({"error": {"code": "invalid_image_url", "message": "m"}})),
            Err(FailureKind::BadRequest),
        ),
        (
            json!({"type": "error", "code": "server_error", "message": "m", "param": null}),
            Err(FailureKind::Broken),
        ),
        (
            json!({"type": "error", "error": {"code": "insufficient_quota", "message": "m"}}),
            Err(FailureKind::QuotaSpent),
        ),
        (created(), Err(FailureKind::Broken)),
        (json!({"type": "response.output_item.added", "output_index": 0}), Err(FailureKind::Cut)),
    ] {
        for client in [Client::OpenAiResponses, Client::OpenAiChat] {
            let stream = responses_stream(&[created(), last.clone()]);
            // With and without the empty line after the last event.
            for stream in [stream.as_str(), stream.trim_end()] {
                let relayed =
                    run(relay(client, Upstream::OpenAiResponses, true), [stream.as_bytes()]);
                let end = relayed.end.map(|()| relayed.progress.finish);
                let cut = finish == Err(FailureKind::Broken) && end == Err(FailureKind::Cut);
                assert!(end == finish || cut, "{last}: {end:?}");
                assert_eq!(relayed.terminal.is_empty(), finish.is_err(), "{last}");
            }
        }
    }
}

#[test]
fn what_a_hosted_tool_says_passes_through_and_crosses_nowhere() {
    let stream = responses_stream(&[
        created(),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "web_search_call"}}),
        json!({"type": "response.web_search_call.searching", "output_index": 0}),
        json!({"type": "response.new_thing", "x": 1}),
        json!({"type": "keepalive"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": {"type": "web_search_call"}}),
        ended("completed", json!({})),
    ]);
    let same =
        run(relay(Client::OpenAiResponses, Upstream::OpenAiResponses, true), [stream.as_bytes()]);
    assert_eq!((same.end, format!("{}{}", same.out, same.terminal)), (Ok(()), stream.clone()));
    assert!(same.progress.content);
    let crossed =
        run(relay(Client::OpenAiChat, Upstream::OpenAiResponses, true), [stream.as_bytes()]);
    assert_eq!(crossed.end, Err(FailureKind::Broken));
}

#[test]
fn azures_first_chunk_and_its_filters_are_no_content() {
    let mut relay = relay(Client::OpenAiResponses, Upstream::OpenAiChat, false);
    let mut out = Vec::new();
    for chunk in [
        r#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}"#,
        r#"{"choices":[{"content_filter_results":{},"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0}]}"#,
        r#"{"choices":[{"content_filter_offsets":{"start_offset":0},"content_filter_results":{},"finish_reason":null,"index":0}]}"#,
    ] {
        relay.feed(format!("data: {chunk}\n\n").into(), &mut out).unwrap();
    }
    assert!(!relay.progress().content, "the commit point is the first word");
    relay
        .feed(
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n".into(),
            &mut out,
        )
        .unwrap();
    assert!(relay.progress().content);
}
