//! Sealed reasoning: it returns to the model that sealed it, and to none other.

use bytes::Bytes;
use dialect::{Outbound, Request, Target, answer};
use serde_json::{Value, json};

use crate::support::*;

fn json_of(sent: &Outbound) -> Value {
    serde_json::from_slice(&sent.body).unwrap()
}

/// What Claude said: two blocks of reasoning with text between, a hidden one, and a call.
fn said() -> Value {
    json!([
        {"type": "thinking", "thinking": "first, \u{e9}", "signature": "SIG+/1="},
        {"type": "text", "text": "Let me see. "},
        {"type": "redacted_thinking", "data": "HIDDEN"},
        {"type": "thinking", "thinking": "then", "signature": "SIG2"},
        {"type": "text", "text": "Calling."},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
    ])
}

fn asked(client: Client) -> Request {
    parse(client, r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#)
}

/// The message that a caller reads from a whole answer of Claude.
fn read(client: Client, upstream: Upstream, body: &Value) -> Value {
    let body = Bytes::from(body.to_string());
    let answer = answer(&asked(client), upstream, "up", id(), &body).unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

fn chat_turn(message: &Value, effort: Value) -> Request {
    let body = json!({"model": "m", "reasoning_effort": effort,
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "messages": [
        {"role": "user", "content": "x"}, message,
        {"role": "tool", "tool_call_id": "t1", "content": "r"},
    ]});
    openai(&body.to_string()).unwrap()
}

fn claude() -> Value {
    json!({"type": "message", "content": said(), "stop_reason": "tool_use"})
}

#[test]
fn a_chat_caller_gives_claude_its_reasoning_back_where_it_stood() {
    let read = read(Client::OpenAiChat, Upstream::AnthropicMessages, &claude());
    let message = &read["choices"][0]["message"];
    assert_eq!(message["reasoning_content"], "first, \u{e9}then");
    assert_eq!(message["content"], "Let me see. Calling.");
    let request = chat_turn(message, json!("high"));
    let sent = emit(&request, Upstream::AnthropicMessages).unwrap();
    let body = json_of(&sent);
    assert_eq!(body["messages"][1]["content"], said());
    assert_eq!(body["thinking"], json!({"type": "adaptive"}));
    assert!(sent.dropped.is_empty(), "{:?}", sent.dropped);
}

#[test]
fn a_streamed_answer_carries_the_same_seals_as_a_whole_one() {
    let mut events = vec![json!({"type": "message_start", "message": {}})];
    for (index, block) in said().as_array().unwrap().iter().enumerate() {
        let start = |block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
        let delta =
            |delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
        match block["type"].as_str().unwrap() {
            "thinking" => {
                events.push(start(json!({"type": "thinking", "thinking": "", "signature": ""})));
                for letter in block["thinking"].as_str().unwrap().chars() {
                    events.push(delta(json!({"type": "thinking_delta", "thinking": letter})));
                }
                events.push(delta(
                    json!({"type": "signature_delta", "signature": block["signature"]}),
                ));
            }
            "text" => {
                events.push(start(json!({"type": "text", "text": ""})));
                events.push(delta(json!({"type": "text_delta", "text": block["text"]})));
            }
            "tool_use" => {
                events.push(start(
                    json!({"type": "tool_use", "id": block["id"], "name": "f", "input": {}}),
                ));
                let text = block["input"].to_string();
                events.push(delta(json!({"type": "input_json_delta", "partial_json": text})));
            }
            _ => events.push(start(block.clone())),
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}));
    events.push(json!({"type": "message_stop"}));
    let events: Vec<String> = events.iter().map(Value::to_string).collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let relayed = run(
        relay(Client::OpenAiChat, Upstream::AnthropicMessages, false),
        [anthropic_stream(&events).as_bytes()],
    );
    assert_eq!(relayed.end, Ok(()));
    // Put together as the SDKs do: texts are joined, list entries stand at their index.
    let whole = read(Client::OpenAiChat, Upstream::AnthropicMessages, &claude());
    let whole = &whole["choices"][0]["message"];
    let (mut shown, mut details) = (String::new(), Vec::new());
    for chunk in data(&relayed.out) {
        let delta = &chunk["choices"][0]["delta"];
        shown.push_str(delta["reasoning_content"].as_str().unwrap_or_default());
        details.extend(delta["reasoning_details"].as_array().cloned().unwrap_or_default());
    }
    assert_eq!(whole["reasoning_content"], shown);
    assert_eq!(whole["reasoning_details"], json!(details));
}

#[test]
fn a_seal_of_another_model_is_left_out_by_name_and_thinking_is_off_in_its_tool_loop() {
    let read = read(Client::OpenAiChat, Upstream::AnthropicMessages, &claude());
    let message = &read["choices"][0]["message"];
    let target = Target::new("another", 9);
    let request = chat_turn(message, Value::Null);
    let sent = request.emit(Upstream::AnthropicMessages, &target).unwrap();
    assert_eq!(sent.dropped, ["reasoning"]);
    let text = String::from_utf8(sent.body.to_vec()).unwrap();
    assert!(!text.contains("SIG") && !text.contains("HIDDEN") && !text.contains("isobar1"));
    assert!(!text.contains("then"), "{text}");
    assert_eq!(json_of(&sent)["thinking"], Value::Null);
    let sent =
        chat_turn(message, json!("high")).emit(Upstream::AnthropicMessages, &target).unwrap();
    let body = json_of(&sent);
    assert_eq!(
        (&body["thinking"], &body["output_config"]["effort"]),
        (&Value::Null, &json!("high"))
    );
    // To its own dialect it goes without the carriers: they mean nothing there.
    let sent = emit(&request, Upstream::OpenAiChat).unwrap();
    assert_eq!(sent.dropped, ["reasoning"]);
    assert!(!String::from_utf8(sent.body.to_vec()).unwrap().contains("isobar1"));
}

#[test]
fn reasoning_that_was_changed_on_the_way_is_left_out() {
    let read = read(Client::OpenAiChat, Upstream::AnthropicMessages, &claude());
    let mut message = read["choices"][0]["message"].clone();
    message.as_object_mut().unwrap().remove("reasoning_content");
    let sent = emit(&chat_turn(&message, Value::Null), Upstream::AnthropicMessages).unwrap();
    assert_eq!(sent.dropped, ["reasoning"]);
    let mut foreign = read["choices"][0]["message"].clone();
    foreign["reasoning_details"] = json!([{"type": "reasoning.text", "signature": "x"}]);
    let sent = emit(&chat_turn(&foreign, Value::Null), Upstream::AnthropicMessages).unwrap();
    assert_eq!(sent.dropped, ["reasoning"]);
    assert!(!String::from_utf8(sent.body.to_vec()).unwrap().contains("thinking"));
}

#[test]
fn seals_that_overlap_or_have_no_end_are_left_out() {
    let detail = |from: usize, to: usize| json!({"type": "reasoning.seal", "data": "isobar1.anthropic.s.7570.SIG", "from": from, "to": to});
    let thoughts = |details: Vec<Value>| {
        let message = json!({"role": "assistant", "content": null,
            "reasoning_content": "abcdef", "reasoning_details": details,
            "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "f"}}]});
        let sent = emit(&chat_turn(&message, json!("high")), Upstream::AnthropicMessages).unwrap();
        let said = json_of(&sent)["messages"][1]["content"].as_array().unwrap().clone();
        let texts: Vec<String> =
            said.iter().filter_map(|block| Some(block["thinking"].as_str()?.to_owned())).collect();
        (texts, sent.dropped)
    };
    let (texts, dropped) = thoughts(vec![detail(0, 2), detail(2, 6)]);
    assert_eq!((texts, dropped), (vec!["ab".to_owned(), "cdef".to_owned()], vec![]));
    let (texts, dropped) = thoughts(vec![detail(0, 4), detail(0, 4), detail(3, 6), detail(4, 6)]);
    assert_eq!(texts, ["abcd", "ef"]);
    assert_eq!(dropped, ["reasoning"]);
    let (texts, dropped) = thoughts(vec![detail(0, 0); 5_000]);
    assert_eq!((texts.len(), dropped), (1_024, vec!["reasoning"]));
}

/// A Messages body whose last turn gives the result of the call in `said`.
fn messages_turn(said: &Value, thinking: &Value) -> Request {
    let body = json!({"model": "m", "max_tokens": 9, "thinking": thinking,
    "tools": [{"name": "f", "input_schema": {}}],
    "messages": [
        {"role": "user", "content": "x"}, {"role": "assistant", "content": said},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "r"}]},
    ]});
    anthropic("2023-06-01", &body.to_string()).unwrap()
}

#[test]
fn a_messages_caller_of_another_upstream_gets_carriers_and_gives_them_back() {
    let converse = json!({"output": {"message": {"role": "assistant", "content": [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "BEDROCK"}}},
        {"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}},
    ]}}, "stopReason": "tool_use", "usage": {"inputTokens": 1, "outputTokens": 1}});
    let read = read(Client::AnthropicMessages, Upstream::BedrockConverse, &converse);
    let content = &read["content"];
    assert_eq!(content[0]["type"], "thinking");
    assert_eq!(content[0]["thinking"], "hm");
    let signature = content[0]["signature"].as_str().unwrap();
    assert!(signature.starts_with("isobar1.bedrock.s."), "{signature}");
    let request = messages_turn(content, &json!({"type": "adaptive"}));
    // Back to Bedrock with the signature; to Anthropic without, and without thinking.
    let sent = emit(&request, Upstream::BedrockConverse).unwrap();
    assert!(String::from_utf8(sent.body.to_vec()).unwrap().contains("BEDROCK"));
    assert!(!request.passes_through(Upstream::AnthropicMessages));
    let sent = emit(&request, Upstream::AnthropicMessages).unwrap();
    let body = json_of(&sent);
    assert_eq!(sent.dropped, ["reasoning"]);
    assert_eq!(body["thinking"], json!({"type": "disabled"}));
    assert_eq!(body["messages"][1]["content"][0]["type"], "tool_use");
}

#[test]
fn a_signature_without_a_carrier_is_anthropics_own_and_goes_back_beside_foreign_ones() {
    let content = json!([
        {"type": "thinking", "thinking": "own", "signature": "OWN"},
        {"type": "redacted_thinking", "data": "isobar1.openai.r.78.BLOB"},
        {"type": "thinking", "thinking": "unsigned", "signature": ""},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
    ]);
    let budget = json!({"type": "enabled", "budget_tokens": 5});
    let sent = emit(&messages_turn(&content, &budget), Upstream::AnthropicMessages).unwrap();
    let body = json_of(&sent);
    assert_eq!(body["messages"][1]["content"], json!([content[0], content[3]]));
    assert_eq!(body["thinking"], budget);
    assert_eq!(sent.dropped, ["reasoning"]);
}

#[test]
fn sealed_reasoning_of_openai_reaches_a_messages_caller() {
    // Responses seals a summary with an encrypted blob.
    let item = json!({"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "BLOB"});
    let body = json!({"id": "resp_1", "object": "response", "status": "completed", "output": [item,
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}]});
    let read = read(Client::AnthropicMessages, Upstream::OpenAiResponses, &body);
    let block = &read["content"][0];
    assert_eq!((&block["type"], &block["thinking"]), (&json!("thinking"), &json!("hm")));
    assert!(block["signature"].as_str().unwrap().starts_with("isobar1.openai."));
}

#[test]
fn sealed_reasoning_streams_to_a_messages_caller_as_one_block() {
    let events = [
        json!({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"id": "rs_1", "type": "reasoning", "summary": []}}),
        json!({"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": 0, "summary_index": 0, "delta": "h"}),
        json!({"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": 0, "summary_index": 0, "delta": "m"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "BLOB"}}),
        json!({"type": "response.output_item.added", "output_index": 1, "item": {"id": "msg_1", "type": "message", "role": "assistant", "content": []}}),
        json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 1, "content_index": 0, "delta": "Hi"}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}}),
        json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": [], "usage": {"input_tokens": 1, "output_tokens": 2}}}),
    ];
    let events: Vec<String> = events.iter().map(Value::to_string).collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let relayed = run(
        relay(Client::AnthropicMessages, Upstream::OpenAiResponses, false),
        [anthropic_stream(&events).as_bytes()],
    );
    assert_eq!(relayed.end, Ok(()));
    let events = data(&relayed.out);
    assert_eq!(events[1]["content_block"]["type"], "thinking");
    assert_eq!(events[2]["delta"], json!({"type": "thinking_delta", "thinking": "hm"}));
    assert_eq!(events[3]["delta"]["type"], "signature_delta");
    let signature = events[3]["delta"]["signature"].as_str().unwrap();
    assert!(signature.starts_with("isobar1.openai.s."), "{signature}");
    assert_eq!(events[4], json!({"type": "content_block_stop", "index": 0}));
    assert_eq!(
        (&events[5]["index"], &events[5]["content_block"]["type"]),
        (&json!(1), &json!("text"))
    );
}

#[test]
fn how_much_the_model_reasons_has_a_word_on_both_sides() {
    let chat = |fields: &str| {
        let body =
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}]{fields}}}"#);
        let body = translated(Client::OpenAiChat, &body);
        (body["output_config"]["effort"].clone(), body["thinking"].clone())
    };
    let adaptive = json!({"type": "adaptive"});
    for level in ["low", "medium", "high", "xhigh", "max"] {
        let fields = format!(r#","reasoning_effort":"{level}""#);
        assert_eq!(chat(&fields), (json!(level), adaptive.clone()));
    }
    assert_eq!(chat(r#","reasoning_effort":"none""#), (Value::Null, json!({"type": "disabled"})));
    assert_eq!(chat(""), (Value::Null, Value::Null));
    // The API takes no thinking beside these.
    let tools = r#","tools":[{"type":"function","function":{"name":"f"}}]"#;
    for beside in [
        r#","temperature":0.2"#.to_owned(),
        r#","top_p":0.5"#.to_owned(),
        format!(r#"{tools},"tool_choice":"required""#),
    ] {
        let fields = format!(r#","reasoning_effort":"low"{beside}"#);
        assert_eq!(chat(&fields), (json!("low"), Value::Null), "{beside}");
    }
    let messages = |fields: &str| {
        let body = format!(
            r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"x"}}]{fields}}}"#
        );
        let request = anthropic("2023-06-01", &body).unwrap();
        let sent = emit(&request, Upstream::OpenAiChat).unwrap();
        (json_of(&sent)["reasoning_effort"].clone(), sent.dropped)
    };
    for (fields, effort, dropped) in [
        (r#","output_config":{"effort":"low"}"#, json!("low"), vec![]),
        (
            r#","thinking":{"type":"adaptive"},"output_config":{"effort":"max"}"#,
            json!("max"),
            vec![],
        ),
        (r#","thinking":{"type":"adaptive"}"#, Value::Null, vec!["thinking"]),
        (r#","thinking":{"type":"disabled"}"#, Value::Null, vec!["thinking"]),
    ] {
        assert_eq!(messages(fields), (effort, dropped), "{fields}");
    }
}
