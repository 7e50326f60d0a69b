//! Streams that cross from one dialect to the other.

use dialect::Finish;
use serde_json::{Value, json};
use vocab::FailureKind;

use crate::support::*;

fn to_openai(events: &[&str], include_usage: bool) -> Relayed {
    let relay = relay(Client::OpenAiChat, Upstream::AnthropicMessages, include_usage);
    run(relay, [anthropic_stream(events).as_bytes()])
}

fn to_anthropic(chunks: &[&str]) -> Relayed {
    let relay = relay(Client::AnthropicMessages, Upstream::OpenAiChat, false);
    run(relay, [openai_stream(chunks).as_bytes()])
}

const START: &str = r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

#[test]
fn thinking_text_and_tools_reach_an_openai_caller() {
    let relayed = to_openai(
        &[
            START,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"SIGNED"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi \"you\""}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
            r#"{"type":"content_block_stop","index":2}"#,
            r#"{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t2","name":"g","input":{}}}"#,
            r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}"#,
            r#"{"type":"content_block_stop","index":3}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":20}}"#,
            STOP,
        ],
        true,
    );
    assert_eq!(relayed.end, Ok(()));
    assert_eq!(relayed.terminal, "data: [DONE]\n\n");
    let chunks = data(&relayed.out);
    for chunk in &chunks {
        assert_eq!(chunk["id"], "chatcmpl-0190000000007000800000000000abcd");
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["model"], "chat-large");
        assert_eq!(chunk["created"], 0x0190_0000_0000_u64 / 1000);
    }
    let deltas: Vec<Value> =
        chunks.iter().map(|chunk| chunk["choices"][0]["delta"].clone()).collect();
    let call = |index: u8, id: &str, name: &str| json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}]});
    let more = |index: u8, text: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]});
    assert_eq!(
        deltas,
        [
            json!({"role": "assistant", "content": ""}),
            json!({"reasoning_content": "hm"}),
            json!({"reasoning_details": [{"index": 0, "type": "reasoning.seal", "data": "isobar1.anthropic.s.7570.SIGNED", "from": 0, "to": 2, "content": 0, "calls": 0}]}),
            json!({"content": "Hi \"you\""}),
            call(0, "t1", "f"),
            more(0, "{\"a\":1}"),
            call(1, "t2", "g"),
            more(1, "{}"),
            json!({}),
            Value::Null,
        ]
    );
    assert_eq!(chunks[8]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(
        chunks[9]["usage"],
        json!({"prompt_tokens": 15, "completion_tokens": 20, "total_tokens": 35, "prompt_tokens_details": {"cached_tokens": 5}})
    );
    assert_eq!(chunks[9]["choices"], json!([]));
    assert_eq!(relayed.progress.finish, Some(Finish::ToolCalls));
}

#[test]
fn an_openai_caller_who_did_not_ask_gets_no_usage_chunk() {
    let relayed = to_openai(
        &[
            START,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":2}}"#,
            STOP,
        ],
        false,
    );
    let chunks = data(&relayed.out);
    assert_eq!(chunks.len(), 3);
    assert_eq!(chunks[2]["choices"][0]["finish_reason"], "length");
    assert!(!relayed.out.contains("usage"));
    assert_eq!(relayed.progress.usage.prompt(), Some(15));
}

#[test]
fn interleaved_calls_become_blocks_in_sequence() {
    let delta = |calls: &str| {
        format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{calls}]}}}}]}}"#)
    };
    let open = |index: u8, name: &str| {
        delta(&format!(
            r#"{{"index":{index},"id":"call_{name}","function":{{"name":"{name}","arguments":""}}}}"#
        ))
    };
    let more = |index: u8, text: &str| {
        let text = Value::from(text);
        delta(&format!(r#"{{"index":{index},"function":{{"arguments":{text}}}}}"#))
    };
    let chunks = [
        r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"Let me see"}}]}"#.to_owned(),
        open(0, "f"),
        more(0, "{\"a\":"),
        open(1, "g"),
        more(1, "{\"b\":"),
        more(0, "1}"),
        more(1, "2}"),
        open(2, "h"),
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#.to_owned(),
        r#"{"choices":[],"usage":{"prompt_tokens":30,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":20}}}"#.to_owned(),
    ];
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    let relayed = to_anthropic(&chunks);
    assert_eq!(relayed.end, Ok(()));
    assert_eq!(relayed.terminal, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    let events = data(&relayed.out);
    let start = |index: u8, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let part = |index: u8, text: &str| json!({"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": text}});
    let stop = |index: u8| json!({"type": "content_block_stop", "index": index});
    let tool = |name: &str| json!({"type": "tool_use", "id": format!("call_{name}"), "name": name, "input": {}});
    assert_eq!(
        events,
        [
            json!({"type": "message_start", "message": {
                "id": "msg_0190000000007000800000000000abcd", "type": "message", "role": "assistant",
                "model": "chat-large", "content": [], "stop_reason": null, "stop_sequence": null,
                "usage": {"input_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 0},
            }}),
            start(0, json!({"type": "text", "text": ""})),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Let me see"}}),
            stop(0),
            start(1, tool("f")),
            part(1, "{\"a\":"),
            part(1, "1}"),
            stop(1),
            start(2, tool("g")),
            part(2, "{\"b\":"),
            part(2, "2}"),
            stop(2),
            start(3, tool("h")),
            stop(3),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null},
                "usage": {"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 20, "output_tokens": 7}}),
        ]
    );
    let names: Vec<&str> =
        relayed.out.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(names, types);
}

#[test]
fn a_refusal_keeps_its_meaning() {
    let relayed = to_anthropic(&[
        r#"{"choices":[{"index":0,"delta":{"refusal":"I cannot"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    ]);
    let events = data(&relayed.out);
    assert_eq!(events[2]["delta"]["text"], "I cannot");
    assert_eq!(events.last().unwrap()["delta"]["stop_reason"], "refusal");
    let relayed = to_openai(
        &[
            START,
            r#"{"type":"message_delta","delta":{"stop_reason":"refusal"},"usage":{"output_tokens":5}}"#,
            STOP,
        ],
        false,
    );
    let chunks = data(&relayed.out);
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "content_filter");
}

#[test]
fn reasoning_without_a_signature_is_not_shown_to_an_anthropic_caller() {
    let relayed = to_anthropic(&[
        r#"{"choices":[{"index":0,"delta":{"reasoning_content":"thought"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"said"},"finish_reason":"stop"}]}"#,
    ]);
    assert!(!relayed.out.contains("thought") && !relayed.out.contains("thinking"));
    assert!(relayed.progress.content);
}

#[test]
fn calls_without_ids_get_stable_ones_and_calls_without_numbers_are_told_apart() {
    let call = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"","function":{"name":"f","arguments":"{}"}}]}}]}"#;
    let finish = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let relayed = to_anthropic(&[call, call, finish]);
    let events = data(&relayed.out);
    let ids: Vec<&Value> =
        events.iter().filter_map(|event| event["content_block"].get("id")).collect();
    assert_eq!(ids, ["toolu_800000000000abcd_0", "toolu_800000000000abcd_1"]);
    // Some servers say `stop` after tool calls.
    assert_eq!(events.last().unwrap()["delta"]["stop_reason"], "tool_use");
}

#[test]
fn a_server_without_done_still_ends_the_callers_stream() {
    let chunk = r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#;
    let stream = openai_stream(&[chunk]).replace("data: [DONE]\n\n", "");
    let relay = relay(Client::AnthropicMessages, Upstream::OpenAiChat, false);
    let relayed = run(relay, [stream.as_bytes()]);
    assert_eq!(relayed.end, Ok(()));
    assert!(relayed.terminal.starts_with("event: message_delta\n"));
    assert!(relayed.terminal.ends_with("{\"type\":\"message_stop\"}\n\n"));
}

#[test]
fn content_that_cannot_be_carried_fails_instead_of_vanishing() {
    let relayed = to_openai(
        &[
            START,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#,
        ],
        false,
    );
    assert_eq!((relayed.end, &*relayed.terminal), (Err(FailureKind::Broken), ""));
    let relayed =
        to_anthropic(&[r#"{"choices":[{"index":1,"delta":{"content":"second answer"}}]}"#]);
    assert_eq!(relayed.end, Err(FailureKind::Broken));
}

#[test]
fn a_call_that_goes_on_after_it_was_whole_is_broken() {
    let call = |index: u8, rest: &str| {
        format!(
            r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":{index},{rest}}}]}}}}]}}"#
        )
    };
    let relayed = to_anthropic(&[
        &call(0, r#""id":"a","function":{"name":"f","arguments":"{}"}"#),
        &call(1, r#""id":"b","function":{"name":"g","arguments":"{"}"#),
        &call(0, r#""function":{"arguments":"more"}"#),
    ]);
    assert_eq!(relayed.end, Err(FailureKind::Broken));
}
