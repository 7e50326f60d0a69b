//! Requests in the Responses dialect: what passes through, what crosses, what is refused by name.

use serde_json::{Value, json};

use crate::support::*;

const UPSTREAMS: [Upstream; 2] = [Upstream::OpenAiChat, Upstream::AnthropicMessages];

fn responses(body: &str) -> dialect::Request {
    read(Client::OpenAiResponses, body).unwrap()
}

fn crossed(body: &Value, upstream: Upstream) -> Value {
    let outbound = emit(&responses(&body.to_string()), upstream).unwrap();
    serde_json::from_slice(&outbound.body).unwrap()
}

/// A prompt with one more field.
fn with(key: &str, value: Value) -> String {
    let mut body = json!({"model": "m", "input": "hello"});
    body[key] = value;
    body.to_string()
}

#[test]
fn a_body_that_passes_through_changes_in_model_and_store_alone() {
    let body = r#"{ "model":"m", "input" : [ {"type":"custom_tool_call","future":1.10} ],
        "tools":[{"type":"web_search"},{"type":"custom","name":"sql"}],"store": true,"new":{} }"#;
    let request = responses(body);
    let sent = emit(&request, Upstream::OpenAiResponses).unwrap();
    let expected = body.replace(r#""m""#, r#""up""#).replace("\"store\": true", "\"store\": false");
    assert_eq!(sent.body, expected);
    assert_eq!(sent.dropped, ["store"]);
    assert_eq!(request.needs().hosted_tools, ["web_search"]);
    // A model that reasons seals what is not kept.
    let target =
        dialect::Target { has: [vocab::Feature::Reasoning].into_iter().collect(), ..TARGET };
    let sent = responses(r#"{"model":"up","input":"x"}"#)
        .emit(Upstream::OpenAiResponses, &target)
        .unwrap();
    assert_eq!(
        sent.body,
        r#"{"store":false,"include":["reasoning.encrypted_content"],"model":"up","input":"x"}"#
    );
    let said = r#"{"model":"up","input":"x","store":false}"#;
    let sent = emit(&responses(said), Upstream::OpenAiResponses).unwrap();
    assert_eq!((&*sent.body, sent.dropped.len()), (said.as_bytes(), 0));
}

#[test]
fn server_state_is_refused_wherever_the_request_would_go() {
    let file = |kind: &str| json!([{"role": "user", "content": [{"type": kind, "file_id": "f"}]}]);
    for (key, value, param) in [
        ("previous_response_id", json!("resp_1"), "previous_response_id"),
        ("conversation", json!("conv_1"), "conversation"),
        ("prompt", json!({"id": "pmpt_1"}), "prompt"),
        ("background", json!(true), "background"),
        ("input", json!([{"type": "item_reference", "id": "rs_1"}]), "input[0].type"),
        ("input", file("input_image"), "input[0].content[0].file_id"),
        ("input", file("input_file"), "input[0].content[0].file_id"),
    ] {
        let request = responses(&with(key, value));
        for upstream in [Upstream::OpenAiResponses, Upstream::OpenAiChat, Upstream::Gemini] {
            assert_eq!(emit(&request, upstream).unwrap_err().param, param);
            assert_eq!(request.carried_by(upstream, &TARGET).unwrap_err().param, param);
            assert_eq!(request.choose(&[upstream], &TARGET).unwrap_err().param, param);
        }
    }
}

#[test]
fn what_no_other_dialect_has_is_refused_by_its_exact_field() {
    let item = |item: Value| json!([item]);
    let content = |part: Value| json!([{"role": "user", "content": [part]}]);
    for (key, value, param) in [
        ("top_logprobs", json!(2), "top_logprobs"),
        ("truncation", json!("auto"), "truncation"),
        ("service_tier", json!("priority"), "service_tier"),
        (
            "include",
            json!(["reasoning.encrypted_content", "message.output_text.logprobs"]),
            "include[1]",
        ),
        ("text", json!({"verbosity": "low"}), "text.verbosity"),
        ("text", json!({"format": {"type": "grammar"}}), "text.format.type"),
        ("text", json!({"format": {"type": "json_schema"}}), "text.format.schema"),
        ("reasoning", json!({"effort": "some"}), "reasoning.effort"),
        ("reasoning", json!({"mode": "pro"}), "reasoning.mode"),
        ("reasoning", json!({"context": "all_turns"}), "reasoning.context"),
        ("tools", json!([{"type": "web_search"}]), "tools[0].type"),
        ("tools", json!([{"type": "custom", "name": "sql"}]), "tools[0].type"),
        (
            "tools",
            json!([{"type": "function", "name": "f", "defer_loading": true}]),
            "tools[0].defer_loading",
        ),
        ("tool_choice", json!({"type": "allowed_tools", "mode": "auto"}), "tool_choice.type"),
        ("tool_choice", json!("some"), "tool_choice"),
        ("context_management", json!([{"type": "compaction"}]), "context_management"),
        ("moderation", json!({"model": "x"}), "moderation"),
        ("input", item(json!({"type": "custom_tool_call", "call_id": "c"})), "input[0].type"),
        ("input", item(json!({"type": "web_search_call"})), "input[0].type"),
        ("input", item(json!({"type": "compaction"})), "input[0].type"),
        ("input", item(json!({"role": "tool", "content": ""})), "input[0].role"),
        ("input", item(json!({"role": "user", "content": "", "x": 1})), "input[0].x"),
        (
            "input",
            item(json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "["})),
            "input[0].arguments",
        ),
        (
            "input",
            item(json!({"type": "function_call", "call_id": "c", "name": "f", "namespace": "n"})),
            "input[0].namespace",
        ),
        (
            "input",
            item(json!({"type": "function_call_output", "call_id": "c", "output": "",
                "caller": {"type": "program", "caller_id": "p"}})),
            "input[0].caller.type",
        ),
        ("input", content(json!({"type": "input_audio"})), "input[0].content[0].type"),
        ("input", content(json!({"type": "input_image"})), "input[0].content[0].image_url"),
        (
            "input",
            content(json!({"type": "input_image", "image_url": "gs://x"})),
            "input[0].content[0].image_url",
        ),
        (
            "input",
            content(json!({"type": "input_file", "file_data": "JVBERi0="})),
            "input[0].content[0].file_data",
        ),
    ] {
        let request = responses(&with(key, value));
        for upstream in UPSTREAMS {
            assert_eq!(emit(&request, upstream).unwrap_err().param, param);
        }
    }
}

#[test]
fn harmless_fields_are_left_out_and_named() {
    let body = json!({
        "model": "m", "input": [{"role": "user", "content": "hi", "phase": "commentary"}],
        "user": "u", "safety_identifier": "s", "metadata": {"a": "b"}, "prompt_cache_key": "k",
        "prompt_cache_retention": "24h", "prompt_cache_options": {}, "max_tool_calls": 3,
        "stream": true, "stream_options": {"include_obfuscation": false},
        "reasoning": {"summary": "auto"}, "truncation": "disabled", "background": false,
        "previous_response_id": null,
    });
    let sent = emit(&responses(&body.to_string()), Upstream::OpenAiChat).unwrap();
    let named = [
        "user",
        "safety_identifier",
        "metadata",
        "prompt_cache_key",
        "prompt_cache_retention",
        "prompt_cache_options",
        "max_tool_calls",
        "store",
        "include_obfuscation",
        "summary",
        "phase",
    ];
    assert_eq!(sent.dropped, named);
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    let mut names: Vec<_> = body.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["messages", "model", "stream", "stream_options"]);
}

fn conversation() -> Value {
    json!({
        "model": "m", "store": false, "instructions": "be brief", "max_output_tokens": 64,
        "temperature": 0.5, "top_p": 0.9, "parallel_tool_calls": false,
        "tool_choice": {"type": "function", "name": "f"},
        "tools": [{"type": "function", "name": "f", "description": "d", "strict": true,
            "parameters": {"type": "object", "properties": {"z": {}, "a": {}}}}],
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true}},
        "reasoning": {"effort": "high"},
        "input": [
            {"role": "developer", "content": "and kind"},
            {"role": "user", "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "auto"},
            ]},
            {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": "calling", "annotations": [], "logprobs": []}]},
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"z\":1.10}", "status": "completed"},
            {"type": "function_call", "call_id": "c2", "name": "f", "arguments": ""},
            {"type": "function_call_output", "call_id": "c1", "output": "one"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
            {"role": "user", "content": "and?"},
        ],
    })
}

#[test]
fn a_conversation_reaches_chat_in_its_words() {
    let tool = json!({"type": "function", "function": {"name": "f", "description": "d",
        "parameters": {"type": "object", "properties": {"z": {}, "a": {}}}, "strict": true}});
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    let expected = json!({
        "model": "up", "max_completion_tokens": 64, "temperature": 0.5, "top_p": 0.9,
        "parallel_tool_calls": false, "reasoning_effort": "high", "tools": [tool],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema":
            {"name": "n", "schema": {"type": "object"}, "strict": true}},
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "system", "content": "and kind"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            ]},
            {"role": "assistant", "content": "calling",
                "tool_calls": [call("c1", "{\"z\":1.10}"), call("c2", "{}")]},
            {"role": "tool", "content": "one", "tool_call_id": "c1"},
            {"role": "tool", "content": "two", "tool_call_id": "c2"},
            {"role": "user", "content": "and?"},
        ],
    });
    assert_eq!(crossed(&conversation(), Upstream::OpenAiChat), expected);
}

#[test]
fn a_conversation_reaches_messages_with_the_models_words_in_one_turn() {
    let mut body = conversation();
    body["input"][0] = json!({"role": "user", "content": "hello"});
    let sent = crossed(&body, Upstream::AnthropicMessages);
    assert_eq!(sent["system"][0]["text"], "be brief");
    let roles: Vec<_> = sent["messages"].as_array().unwrap().iter().map(|m| &m["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    let kinds = |at: usize| -> Vec<&str> {
        let content = sent["messages"][at]["content"].as_array().unwrap();
        content.iter().map(|block| block["type"].as_str().unwrap()).collect()
    };
    assert_eq!(kinds(1), ["text", "tool_use", "tool_use"]);
    assert_eq!(kinds(2), ["tool_result", "tool_result", "text"]);
}

#[test]
fn chat_reaches_responses_without_being_stored() {
    let body = r#"{"model":"m","max_completion_tokens":64,"temperature":0.50,"stream":true,
        "reasoning_effort":"low","parallel_tool_calls":true,"tool_choice":"required",
        "response_format":{"type":"json_object"},
        "tools":[{"type":"function","function":{"name":"f"}}],
        "messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},
          {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"b\":1.0,\"a\":2}"}}]},
          {"role":"tool","tool_call_id":"c","content":"r"}]}"#;
    let sent = emit(&openai(body).unwrap(), Upstream::OpenAiResponses).unwrap();
    assert!(sent.stream && sent.dropped.is_empty());
    let text = std::str::from_utf8(&sent.body).unwrap();
    assert!(text.contains(r#""temperature":0.50"#), "{text}");
    assert_eq!(
        serde_json::from_str::<Value>(text).unwrap(),
        json!({
            "model": "up", "max_output_tokens": 64, "temperature": 0.5, "stream": true,
            "store": false, "include": ["reasoning.encrypted_content"],
            "reasoning": {"effort": "low"}, "parallel_tool_calls": true, "tool_choice": "required",
            "text": {"format": {"type": "json_object"}},
            "tools": [{"type": "function", "name": "f", "strict": false,
                "parameters": {"type": "object", "properties": {}}}],
            "input": [
                {"type": "message", "role": "system", "content": "s"},
                {"type": "message", "role": "user", "content": "u"},
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"b\":1.0,\"a\":2}"},
                {"type": "function_call_output", "call_id": "c", "output": "r"},
            ],
        })
    );
}

#[test]
fn only_models_that_reason_are_asked_for_sealed_reasoning() {
    let sent = |more: &str| -> Value {
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"u"}}]{more}}}"#);
        let sent = emit(&openai(&body).unwrap(), Upstream::OpenAiResponses).unwrap();
        serde_json::from_slice(&sent.body).unwrap()
    };
    // Others answer 400: "Encrypted content is not supported with this model".
    assert!(sent("").get("include").is_none());
    assert!(sent(r#","reasoning_effort":"none""#).get("include").is_none());
    assert!(sent(r#","reasoning_effort":"high""#).get("include").is_some());
}

#[test]
fn what_responses_cannot_carry_is_refused_by_name() {
    for (more, param) in [
        (r#","seed":1"#, "seed"),
        (r#","stop":"x""#, "stop"),
        (r#","presence_penalty":0.1"#, "presence_penalty"),
        (r#","frequency_penalty":0.1"#, "frequency_penalty"),
    ] {
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"u"}}]{more}}}"#);
        let refused = emit(&openai(&body).unwrap(), Upstream::OpenAiResponses).unwrap_err();
        assert_eq!(refused.param, param);
    }
    for (body, param) in [
        (
            r#"{"model":"m","max_tokens":9,"top_k":3,"messages":[{"role":"user","content":"u"}]}"#,
            "top_k",
        ),
        (
            r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"The"}]}"#,
            "messages[1]",
        ),
    ] {
        let request = anthropic("2023-06-01", body).unwrap();
        assert_eq!(emit(&request, Upstream::OpenAiResponses).unwrap_err().param, param);
    }
}

/// A reasoning item sealed by `issuer` for the model that [`emit`] sends to.
fn sealed(carrier: &str) -> Value {
    json!({"type": "reasoning", "id": "rs_1", "encrypted_content": carrier,
        "summary": [{"type": "summary_text", "text": "why"}]})
}

#[test]
fn reasoning_goes_back_to_the_model_that_sealed_it_and_nowhere_else() {
    let up = hex::encode("up");
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let result = json!({"type": "function_call_output", "call_id": "c", "output": "r"});
    for (carrier, goes) in [
        (format!("isobar1.openai.s.{up}.blob"), true),
        (format!("isobar1.openai.s.{}.blob", hex::encode("else")), false),
        (format!("isobar1.anthropic.s.{up}.blob"), false),
    ] {
        let body = json!({"model": "m", "store": false, "input": [
            {"role": "user", "content": "u"}, sealed(&carrier), call, result]});
        let request = responses(&body.to_string());
        // The body carries what no upstream but the gateway understands, so it does not pass through.
        assert!(!request.passes_through(Upstream::OpenAiResponses));
        let sent = emit(&request, Upstream::OpenAiResponses).unwrap();
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        let expected = json!({"type": "reasoning", "encrypted_content": "blob",
            "summary": [{"type": "summary_text", "text": "why"}]});
        assert_eq!(body["input"][1] == expected, goes, "{carrier}");
        assert_eq!(sent.dropped.contains(&"reasoning"), !goes, "{carrier}");
        assert!(!body.to_string().contains("isobar1."));
    }
}

#[test]
fn reasoning_that_led_to_nothing_is_not_sent() {
    let carrier = format!("isobar1.openai.s.{}.blob", hex::encode("up"));
    let body = json!({"model": "m", "store": false, "input": [
        {"role": "user", "content": "u"}, sealed(&carrier), {"role": "user", "content": "u"}]});
    let sent = emit(&responses(&body.to_string()), Upstream::OpenAiResponses).unwrap();
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(body["input"].as_array().unwrap().len(), 2);
    assert_eq!(sent.dropped, ["reasoning"]);
}

#[test]
fn what_an_sdk_parsed_of_an_answer_and_gives_back_beside_it_is_left_out_by_name() {
    let input = json!([
        {"role": "user", "content": "q"},
        {"type": "message", "role": "assistant", "id": "m1", "status": "completed", "content": [
            {"type": "output_text", "text": "{\"a\":1}", "annotations": [], "parsed": {"a": 1}},
        ]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"b\":2}",
            "parsed_arguments": {"b": 2}},
        {"type": "function_call_output", "call_id": "c", "output": "r"},
    ]);
    let tools = json!([{"type": "function", "name": "f"}]);
    let body = json!({"model": "m", "store": false, "input": input, "tools": tools});
    let request = responses(&body.to_string());
    for upstream in UPSTREAMS {
        let sent = emit(&request, upstream).unwrap();
        assert_eq!(sent.dropped, ["parsed", "parsed_arguments"], "{upstream}");
        assert!(!String::from_utf8_lossy(&sent.body).contains("parsed"), "{upstream}");
    }
    let own = emit(&request, Upstream::OpenAiResponses).unwrap();
    let own: Value = serde_json::from_slice(&own.body).unwrap();
    assert_eq!(own["input"], input, "OpenAI may judge it itself");
    let elsewhere = with("input", json!([{"role": "user", "content": "q", "parsed": {}}]));
    let refused = emit(&responses(&elsewhere), UPSTREAMS[0]).unwrap_err();
    assert_eq!(refused.param, "input[0].parsed");
}
