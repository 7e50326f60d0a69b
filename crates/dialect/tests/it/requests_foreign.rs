//! Requests that cross from one dialect to the other.

use serde_json::{Value, json};

use crate::support::*;

fn to_anthropic(body: &Value) -> Value {
    translated(Client::OpenAiChat, &body.to_string())
}

fn to_openai(body: &Value) -> Value {
    translated(Client::AnthropicMessages, &body.to_string())
}

#[test]
fn a_chat_with_everything_reaches_anthropic_whole() {
    let tool = json!({"type": "function", "function": {
        "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true,
    }});
    let body = json!({
        "model": "m", "stream": true, "max_completion_tokens": 9, "temperature": 0.7, "top_p": 0.9,
        "stop": "END", "n": 1, "user": "u", "presence_penalty": 0,
        "tools": [tool], "tool_choice": "required", "parallel_tool_calls": false,
        "reasoning_effort": "high",
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"b": 1, "a": 2}}},
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "developer", "content": [{"type": "text", "text": "be kind"}]},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
            ]},
            {"role": "assistant", "content": "calling", "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"z\":1,\"a\":2}"}},
                {"id": "b", "type": "function", "function": {"name": "f", "arguments": ""}},
            ]},
            {"role": "tool", "tool_call_id": "a", "content": "one"},
            {"role": "user", "content": "go on"},
            {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "two"}]},
        ],
    });
    assert_eq!(
        to_anthropic(&body),
        json!({
            "model": "up", "max_tokens": 9, "stream": true, "temperature": 0.7, "top_p": 0.9,
            "stop_sequences": ["END"],
            "system": [{"type": "text", "text": "be brief"}, {"type": "text", "text": "be kind"}],
            "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": true}],
            "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
            "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"b": 1, "a": 2}}},
            "messages": [
                {"role": "user", "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
                    {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
                ]},
                {"role": "assistant", "content": [
                    {"type": "text", "text": "calling"},
                    {"type": "tool_use", "id": "a", "name": "f", "input": {"z": 1, "a": 2}},
                    {"type": "tool_use", "id": "b", "name": "f", "input": {}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "one"}]},
                    {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "two"}]},
                    {"type": "text", "text": "go on"},
                ]},
            ],
        })
    );
    let sent = emit(&openai(&body.to_string()).unwrap(), Upstream::AnthropicMessages).unwrap();
    assert_eq!(sent.headers, [("anthropic-version", "2023-06-01".to_owned())]);
    assert_eq!(sent.dropped, ["user", "detail"]);
}

#[test]
fn a_message_with_everything_reaches_openai_whole() {
    let body = json!({
        "model": "m", "max_tokens": 9, "stream": true, "temperature": 0.7, "top_p": 0.9,
        "stop_sequences": ["END"], "metadata": {"user_id": "u"}, "thinking": {"type": "disabled"},
        "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
        "tools": [{"type": "custom", "name": "f", "description": "d", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": true},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"b": 1}}},
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
                {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            ]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "calling"},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"z": 1, "a": 2}},
                {"type": "tool_use", "id": "b", "name": "f", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "one"},
                {"type": "tool_result", "tool_use_id": "b", "is_error": true, "content": [{"type": "text", "text": "two"}]},
                {"type": "text", "text": "go on"},
            ]},
        ],
    });
    assert_eq!(
        to_openai(&body),
        json!({
            "model": "up", "max_completion_tokens": 9, "temperature": 0.7, "top_p": 0.9,
            "stop": ["END"], "stream": true, "stream_options": {"include_usage": true},
            "parallel_tool_calls": false,
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"b": 1}, "strict": true}},
            "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}],
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                    {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                ]},
                {"role": "assistant", "content": "calling", "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"z\":1,\"a\":2}"}},
                    {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                ]},
                {"role": "tool", "content": "one", "tool_call_id": "a"},
                {"role": "tool", "content": "two", "tool_call_id": "b"},
                {"role": "user", "content": "go on"},
            ],
        })
    );
    let sent = emit(&parse(Client::AnthropicMessages, &body.to_string()), Upstream::OpenAiChat);
    assert_eq!(
        sent.unwrap().dropped,
        ["metadata", "effort", "cache_control", "is_error", "thinking"]
    );
}

#[test]
fn arguments_and_schemas_keep_key_order_and_the_text_of_numbers() {
    let odd = r#"{"z":1.10,"a":12345678901234567890123,"m":1E2}"#;
    let body = format!(
        r#"{{"model":"m","max_tokens":1,"tools":[{{"name":"f","input_schema":{odd}}}],"messages":[{{"role":"user","content":"x"}},{{"role":"assistant","content":[{{"type":"tool_use","id":"1","name":"f","input":{odd}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"1"}}]}}]}}"#
    );
    let out = emit(&parse(Client::AnthropicMessages, &body), Upstream::OpenAiChat).unwrap().body;
    let out = std::str::from_utf8(&out).unwrap();
    assert!(out.contains(&format!(r#""parameters":{odd}"#)), "{out}");
    assert!(out.contains(&Value::from(odd).to_string()), "{out}");
    let back = emit(&openai(out).unwrap(), Upstream::AnthropicMessages).unwrap().body;
    let back = std::str::from_utf8(&back).unwrap();
    assert!(back.contains(&format!(r#""input":{odd}"#)), "{back}");
    assert!(back.contains(&format!(r#""input_schema":{odd}"#)), "{back}");
}

#[test]
fn the_default_limit_stands_in_where_anthropic_needs_one() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    assert_eq!(to_anthropic(&body)["max_tokens"], 4096);
}

#[test]
fn tool_choice_and_parallel_use_have_a_word_on_both_sides() {
    let chat = |choice: Value, parallel: Value| {
        let body = json!({
            "model": "m", "messages": [{"role": "user", "content": "x"}],
            "tools": [{"type": "function", "function": {"name": "f"}}],
            "tool_choice": choice, "parallel_tool_calls": parallel,
        });
        let out = to_anthropic(&body);
        assert_eq!(out["tools"][0]["input_schema"], json!({"type": "object", "properties": {}}));
        out["tool_choice"].clone()
    };
    assert_eq!(chat(json!("auto"), Value::Null), json!({"type": "auto"}));
    assert_eq!(chat(json!("none"), json!(false)), json!({"type": "none"}));
    assert_eq!(
        chat(Value::Null, json!(false)),
        json!({"type": "auto", "disable_parallel_tool_use": true})
    );
    let named = json!({"type": "function", "function": {"name": "f"}});
    assert_eq!(chat(named, json!(true)), json!({"type": "tool", "name": "f"}));
    assert_eq!(chat(Value::Null, Value::Null), Value::Null);
    for (kind, word) in [("auto", "auto"), ("none", "none"), ("any", "required")] {
        let body = json!({
            "model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}],
            "tools": [{"name": "f", "input_schema": {}}], "tool_choice": {"type": kind},
        });
        assert_eq!(to_openai(&body)["tool_choice"], word);
    }
}

#[test]
fn what_anthropic_cannot_carry_is_refused_by_the_exact_field() {
    let refused = |field: &str| {
        let body =
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{field}}}"#);
        refused(Client::OpenAiChat, &body)
    };
    for (field, param) in [
        (r#""n":2"#, "n"),
        (r#""logprobs":true"#, "logprobs"),
        (r#""top_logprobs":3"#, "top_logprobs"),
        (r#""logit_bias":{"1":2}"#, "logit_bias"),
        (r#""seed":1"#, "seed"),
        (r#""presence_penalty":0.5"#, "presence_penalty"),
        (r#""frequency_penalty":-1"#, "frequency_penalty"),
        (r#""temperature":1.5"#, "temperature"),
        (r#""stop":["a","\n\n"]"#, "stop[1]"),
        (r#""response_format":{"type":"json_object"}"#, "response_format.type"),
        (
            r#""response_format":{"type":"json_schema","json_schema":{"schema":{},"x":1}}"#,
            "response_format.json_schema.x",
        ),
        (r#""reasoning_effort":"minimal""#, "reasoning_effort"),
        (r#""prediction":{}"#, "prediction"),
        (r#""modalities":["text","audio"]"#, "modalities"),
        (r#""audio":{}"#, "audio"),
        (r#""web_search_options":{}"#, "web_search_options"),
        (r#""functions":[]"#, "functions"),
        (r#""store":true"#, "store"),
        (r#""service_tier":"flex""#, "service_tier"),
        (r#""tools":[{"type":"custom","custom":{"name":"f"}}]"#, "tools[0].type"),
        (r#""tools":[{"type":"function","function":{"name":"f","x":1}}]"#, "tools[0].function.x"),
        (r#""tool_choice":{"type":"allowed_tools"}"#, "tool_choice.type"),
        (r#""brand_new":1"#, "brand_new"),
    ] {
        assert_eq!(refused(field), param, "{field}");
    }
}

#[test]
fn what_anthropic_cannot_be_told_is_refused_by_the_exact_place() {
    let user = r#"{"role":"user","content":"x"}"#;
    let call = |arguments: &str| {
        let arguments = Value::from(arguments);
        format!(
            r#"{{"role":"assistant","tool_calls":[{{"id":"a","type":"function","function":{{"name":"f","arguments":{arguments}}}}}]}}"#
        )
    };
    let result = r#"{"role":"tool","tool_call_id":"a","content":"r"}"#;
    let tools = r#","tools":[{"type":"function","function":{"name":"f"}}]"#;
    for (messages, rest, param) in [
        (format!(r#"{user},{{"role":"system","content":"late"}},{user}"#), "", "messages[1].role"),
        (format!(r#"{{"role":"assistant","content":"hi"}},{user}"#), "", "messages[0].role"),
        (format!(r#"{user},{{"role":"assistant","content":"pre"}}"#), "", "messages[1]"),
        (r#"{"role":"system","content":"only"}"#.to_owned(), "", "messages"),
        (r#"{"role":"user","content":""}"#.to_owned(), "", "messages[0].content"),
        (r#"{"role":"user","content":"x","name":"ann"}"#.to_owned(), "", "messages[0].name"),
        (format!(r#"{user},{}"#, r#"{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}"#), "", "messages[1].content[0].type"),
        (r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"ftp://x"}}]}"#.to_owned(), "", "messages[0].content[0].image_url.url"),
        (r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/tiff;base64,aa"}}]}"#.to_owned(), "", "messages[0].content[0]"),
        (format!("{user},{},{result}", call("{}")), "", "tools"),
        (format!("{user},{},{result}", call("{\"a\":")), tools, "messages[1].tool_calls[0].function.arguments"),
        (format!("{user},{},{result}", call("[1]")), tools, "messages[1].tool_calls[0].function.arguments"),
        (r#"{"role":"function","name":"f","content":"x"}"#.to_owned(), "", "messages[0].role"),
    ] {
        let body = format!(r#"{{"model":"m","messages":[{messages}]{rest}}}"#);
        assert_eq!(refused(Client::OpenAiChat, &body), param, "{body}");
    }
}

#[test]
fn what_openai_cannot_carry_is_refused_by_the_exact_field() {
    let refused = |field: &str| {
        let body = format!(
            r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":"x"}}],{field}}}"#
        );
        refused(Client::AnthropicMessages, &body)
    };
    for (field, param) in [
        (r#""top_k":5"#, "top_k"),
        (r#""stop_sequences":["a","b","c","d","e"]"#, "stop_sequences[4]"),
        (r#""thinking":{"type":"enabled","budget_tokens":1024}"#, "thinking.budget_tokens"),
        (r#""thinking":{"type":"between_tools"}"#, "thinking.type"),
        (r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#, "tools[0].type"),
        (r#""mcp_servers":[{}]"#, "mcp_servers"),
        (r#""container":"c""#, "container"),
        (r#""context_management":{}"#, "context_management"),
        (r#""speed":"fast""#, "speed"),
        (r#""output_config":{"task_budget":{}}"#, "output_config.task_budget"),
    ] {
        assert_eq!(refused(field), param, "{field}");
    }
}

#[test]
fn what_openai_cannot_be_told_is_refused_by_the_exact_place() {
    let result = |content: &str| {
        format!(
            r#"{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"a","content":{content}}}]}}"#
        )
    };
    let user = r#"{"role":"user","content":"x"}"#;
    let said = |role: &str, block: &str| format!(r#"{{"role":"{role}","content":[{block}]}}"#);
    let call = r#"{"type":"tool_use","id":"a","name":"f","input":{}}"#;
    for (messages, param) in [
        (said("user", r#"{"type":"document","source":{}}"#), "messages[0].content[0].source.type"),
        (said("user", r#"{"type":"search_result"}"#), "messages[0].content[0].type"),
        (
            said("user", r#"{"type":"text","text":"a","citations":[{}]}"#),
            "messages[0].content[0].citations",
        ),
        (
            said("user", r#"{"type":"image","source":{"type":"file","file_id":"f"}}"#),
            "messages[0].content[0].source.file_id",
        ),
        (
            result(
                r#"[{"type":"text","text":"a"},{"type":"image","source":{"type":"url","url":"https://x"}}]"#,
            ),
            "messages[0].content[0].content[1].type",
        ),
        (
            format!(
                r#"{user},{},{user}"#,
                said("assistant", &format!(r#"{call},{{"type":"text","text":"late"}}"#))
            ),
            "messages[1].content[1]",
        ),
        (format!("{user},{}", r#"{"role":"assistant","content":"pre"}"#), "messages[1]"),
        (
            said("assistant", r#"{"type":"tool_use","id":"a","name":"f","input":[]}"#),
            "messages[0].content[0].input",
        ),
    ] {
        let body = format!(r#"{{"model":"m","max_tokens":1,"messages":[{messages}]}}"#);
        assert_eq!(refused(Client::AnthropicMessages, &body), param, "{body}");
    }
}

#[test]
fn an_instruction_in_the_middle_reaches_openai_in_its_place() {
    let body = json!({"model": "m", "max_tokens": 1, "messages": [
        {"role": "user", "content": "a"},
        {"role": "system", "content": "now in French"},
        {"role": "user", "content": "b"},
    ]});
    let roles: Vec<_> = to_openai(&body)["messages"].as_array().unwrap().clone();
    assert_eq!(roles[1], json!({"role": "system", "content": "now in French"}));
}

#[test]
fn reasoning_in_plain_text_is_never_replayed_as_signed() {
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_content": "thought"},
        {"role": "user", "content": "c"},
    ]});
    let request = openai(&body.to_string()).unwrap();
    let sent = emit(&request, Upstream::AnthropicMessages).unwrap();
    assert!(!std::str::from_utf8(&sent.body).unwrap().contains("thought"));
    assert_eq!(sent.dropped, ["reasoning"]);
}

#[test]
fn what_an_sdk_parsed_of_an_answer_and_gives_back_beside_it_is_left_out_by_name() {
    let body = json!({
        "model": "m", "max_tokens": 9,
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "{\"a\":1}", "parsed": {"a": 1}, "tool_calls": [
                {"id": "c", "type": "function", "function":
                    {"name": "f", "arguments": "{\"b\":2}", "parsed_arguments": {"b": 2}}},
            ]},
            {"role": "tool", "tool_call_id": "c", "content": "r"},
        ],
    });
    let request = openai(&body.to_string()).unwrap();
    let sent = emit(&request, Upstream::AnthropicMessages).unwrap();
    assert_eq!(sent.dropped, ["parsed", "parsed_arguments"]);
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(
        sent["messages"][1]["content"],
        json!([
            {"type": "text", "text": "{\"a\":1}"},
            {"type": "tool_use", "id": "c", "name": "f", "input": {"b": 2}},
        ])
    );
    let own = emit(&request, Upstream::OpenAiChat).unwrap();
    let own: Value = serde_json::from_slice(&own.body).unwrap();
    assert_eq!(own["messages"], body["messages"], "OpenAI may judge it itself");
    let elsewhere = json!({
        "model": "m", "messages": [{"role": "user", "content": "q", "parsed": {}}],
    });
    assert_eq!(refused(Client::OpenAiChat, &elsewhere.to_string()), "messages[0].parsed");
}
