//! Requests that go to Gemini: their words, and what is refused by its exact field.

use dialect::{Outbound, Request, Target};
use serde_json::{Value, json};

use crate::support::*;

fn to(model: &str, request: &Request) -> Outbound {
    request.emit(Upstream::Gemini, &Target::new(model, 4096)).unwrap()
}

fn sent(model: &str, client: Client, body: &Value) -> Value {
    serde_json::from_slice(&to(model, &parse(client, &body.to_string())).body).unwrap()
}

/// A Chat Completions body with these fields, as Gemini 2.5 reads it.
fn chat(fields: Value) -> Value {
    sent("gemini-2.5-pro", Client::OpenAiChat, &body(fields))
}

fn body(fields: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn refusal(client: Client, body: &Value) -> (String, String) {
    let request = parse(client, &body.to_string());
    let refused = emit(&request, Upstream::Gemini).unwrap_err();
    assert_eq!(request.carried_by(Upstream::Gemini, &TARGET).unwrap_err(), refused);
    (refused.param, refused.message)
}

fn refused(fields: Value) -> String {
    refusal(Client::OpenAiChat, &body(fields)).0
}

const WEATHER: &str =
    r#"{"type":"object","properties":{"z":{"type":"number"},"a":{"const":1.10}}}"#;

fn tool() -> Value {
    json!({"type": "function", "function": {
        "name": "weather", "description": "now", "parameters": serde_json::from_str::<Value>(WEATHER).unwrap(),
    }})
}

#[test]
fn a_conversation_has_two_roles_and_its_instructions_apart() {
    let sent = chat(json!({"messages": [
        {"role": "system", "content": "be brief"},
        {"role": "developer", "content": [{"type": "text", "text": "be kind"}]},
        {"role": "user", "content": "hi"},
        {"role": "user", "content": "there"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": [
            {"type": "text", "text": "what is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            {"type": "image_url", "image_url": {"url": "https://h/a.jpg"}},
        ]},
    ]}));
    assert_eq!(
        sent,
        json!({
            "systemInstruction": {"parts": [{"text": "be brief"}, {"text": "be kind"}]},
            "contents": [
                {"role": "user", "parts": [{"text": "hi"}, {"text": "there"}]},
                {"role": "model", "parts": [{"text": "hello"}]},
                {"role": "user", "parts": [
                    {"text": "what is this?"},
                    {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
                    {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://h/a.jpg"}},
                ]},
            ],
            "generationConfig": {},
        })
    );
}

#[test]
fn every_setting_has_its_word_and_numbers_keep_their_text() {
    let outbound = to(
        "gemini-2.5-pro",
        &openai(
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_completion_tokens":9,
               "stop":["a","b"],"temperature":1.50,"top_p":0.90,"seed":7,"presence_penalty":0.10,
               "frequency_penalty":-0.5,"response_format":{"type":"json_schema","json_schema":
               {"name":"n","strict":true,"schema":{"type":"object","z":1.10,"a":2}}},"user":"u"}"#,
        )
        .unwrap(),
    );
    assert_eq!(
        outbound.body,
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":9,"stopSequences":["a","b"],"temperature":1.50,"topP":0.90,"seed":7,"presencePenalty":0.10,"frequencyPenalty":-0.5,"responseMimeType":"application/json","responseJsonSchema":{"type":"object","z":1.10,"a":2}}}"#
    );
    assert_eq!(outbound.dropped, ["user", "strict"]);
    assert!(outbound.headers.is_empty() && !outbound.stream);
    let json_object = chat(json!({"response_format": {"type": "json_object"}}));
    assert_eq!(json_object["generationConfig"], json!({"responseMimeType": "application/json"}));
    let sampled = json!({"model": "m", "max_tokens": 5, "top_k": 40, "stop_sequences": ["x"],
        "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(
        sent("m", Client::AnthropicMessages, &sampled)["generationConfig"],
        json!({"maxOutputTokens": 5, "topK": 40, "stopSequences": ["x"]})
    );
}

#[test]
fn tools_keep_their_schema_and_choices_are_modes() {
    let outbound = to(
        "gemini-2.5-pro",
        &openai(
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function",
               "function":{"name":"f","parameters":{"z":1.10,"a":{"$ref":"x"}}}},{"type":"function",
               "function":{"name":"g","description":"d"}}],"stream":true}"#,
        )
        .unwrap(),
    );
    assert_eq!(
        outbound.body,
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"z":1.10,"a":{"$ref":"x"}}},{"name":"g","description":"d"}]}],"generationConfig":{}}"#
    );
    assert!(outbound.stream);
    let strict = json!({"type": "function", "function": {"name": "s", "strict": true}});
    for (choice, tools, config) in [
        (json!(null), json!([tool()]), Value::Null),
        (json!("auto"), json!([tool()]), json!({"mode": "AUTO"})),
        (json!("none"), json!([tool()]), json!({"mode": "NONE"})),
        (json!("required"), json!([tool()]), json!({"mode": "ANY"})),
        (
            json!({"type": "function", "function": {"name": "weather"}}),
            json!([tool()]),
            json!({"mode": "ANY", "allowedFunctionNames": ["weather"]}),
        ),
        (json!(null), json!([tool(), strict]), json!({"mode": "VALIDATED"})),
        (json!("auto"), json!([strict]), json!({"mode": "VALIDATED"})),
        (json!("required"), json!([strict]), json!({"mode": "ANY"})),
    ] {
        let sent = chat(json!({"tools": tools, "tool_choice": choice}));
        assert_eq!(sent["toolConfig"]["functionCallingConfig"], config, "{choice}");
    }
    assert_eq!(chat(json!({"tool_choice": "auto"})).get("toolConfig"), None);
}

#[test]
fn calls_and_results_are_joined_by_id_name_and_order() {
    let call = |id: &str, place: &str| json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": format!("{{\"in\":\"{place}\"}}")}});
    let joined = chat(json!({"tools": [tool()], "messages": [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": null, "tool_calls": [call("a", "Oslo"), call("b", "Rome")]},
        {"role": "tool", "tool_call_id": "b", "content": "sun"},
        {"role": "tool", "tool_call_id": "a", "content": "rain"},
    ]}));
    let called = |id: &str, place: &str| json!({"functionCall": {"id": id, "name": "weather", "args": {"in": place}}});
    let result = |id: &str, output: &str| json!({"functionResponse": {"id": id, "name": "weather", "response": {"output": output}}});
    assert_eq!(joined["contents"][1]["parts"], json!([called("a", "Oslo"), called("b", "Rome")]));
    assert_eq!(
        joined["contents"][2],
        json!({"role": "user", "parts": [result("a", "rain"), result("b", "sun")]})
    );
    let failed = json!({"model": "m", "max_tokens": 5, "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "is_error": true, "content": "no"},
            {"type": "text", "text": "and?"},
        ]},
    ]});
    let parts = &sent("m", Client::AnthropicMessages, &failed)["contents"][2]["parts"];
    assert_eq!(parts[0]["functionResponse"]["response"], json!({"error": "no"}));
    assert_eq!(parts[1], json!({"text": "and?"}));
}

#[test]
fn effort_is_a_budget_for_older_models_and_a_level_for_newer() {
    let thinking = |model: &str, effort: &str| {
        sent(model, Client::OpenAiChat, &body(json!({"reasoning_effort": effort})))
            ["generationConfig"]["thinkingConfig"]
            .clone()
    };
    let budget = |tokens: u64| json!({"thinkingBudget": tokens, "includeThoughts": true});
    assert_eq!(thinking("gemini-2.5-flash", "low"), budget(1_024));
    assert_eq!(thinking("gemini-2.5-flash", "medium"), budget(8_192));
    assert_eq!(thinking("gemini-2.5-flash", "high"), budget(24_576));
    for (effort, level) in [("minimal", "MINIMAL"), ("low", "LOW"), ("max", "HIGH")] {
        let level = json!({"thinkingLevel": level, "includeThoughts": true});
        assert_eq!(thinking("gemini-3-pro", effort), level);
    }
    for model in ["gemini-2.5-flash", "gemini-3-pro"] {
        assert_eq!(thinking(model, "none"), json!({"thinkingBudget": 0}));
    }
}

#[test]
fn what_gemini_cannot_do_is_refused_by_its_field() {
    for (fields, param) in [
        (json!({"n": 2}), "n"),
        (json!({"logprobs": true}), "logprobs"),
        (json!({"logit_bias": {"1": 1}}), "logit_bias"),
        (json!({"seed": 2_147_483_648_u64}), "seed"),
        (json!({"seed": 1.5}), "seed"),
        (json!({"reasoning_effort": "xhigh"}), "reasoning_effort"),
        (json!({"tools": [tool()], "parallel_tool_calls": false}), "parallel_tool_calls"),
        (
            json!({"tools": [{"type": "function", "function": {"name": "1st"}}]}),
            "tools[0].function.name",
        ),
        (json!({"messages": [{"role": "system", "content": "x"}]}), "messages"),
        (
            json!({"messages": [
                {"role": "user", "content": "x"},
                {"role": "system", "content": "y"},
                {"role": "user", "content": "z"},
            ]}),
            "messages[1].role",
        ),
        (
            json!({"messages": [
                {"role": "user", "content": "x"},
                {"role": "assistant", "content": "y"},
            ]}),
            "messages[1]",
        ),
        (json!({"messages": [{"role": "user", "content": ""}]}), "messages[0].content"),
        (
            json!({"messages": [{"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "https://h/image"}},
            ]}]}),
            "messages[0].content[0]",
        ),
        (
            json!({"messages": [{"role": "tool", "tool_call_id": "a", "content": "x"}]}),
            "messages[0]",
        ),
    ] {
        assert_eq!(refused(fields.clone()), param, "{fields}");
    }
    let stops = json!({"model": "m", "max_tokens": 1, "stop_sequences": ["1", "2", "3", "4", "5", "6"],
        "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(refusal(Client::AnthropicMessages, &stops).0, "stop_sequences[5]");
}

#[test]
fn a_refusal_names_the_field_as_the_caller_wrote_it() {
    let anthropic = |fields: Value| {
        let mut fields = body(fields);
        fields["max_tokens"] = json!(9);
        refusal(Client::AnthropicMessages, &fields)
    };
    let (param, message) = anthropic(json!({
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
    }));
    assert_eq!(param, "tool_choice.disable_parallel_tool_use");
    assert!(message.starts_with("`tool_choice.disable_parallel_tool_use` "), "{message}");
    let (param, _) = anthropic(json!({"output_config": {"effort": "xhigh"}}));
    assert_eq!(param, "output_config.effort");
    let responses =
        json!({"model": "m", "store": false, "input": "x", "reasoning": {"effort": "xhigh"}});
    let request = read(Client::OpenAiResponses, &responses.to_string()).unwrap();
    assert_eq!(emit(&request, Upstream::Gemini).unwrap_err().param, "reasoning.effort");
}

#[test]
fn one_call_at_a_time_is_no_matter_where_no_call_can_be() {
    chat(json!({"parallel_tool_calls": false}));
    chat(json!({"parallel_tool_calls": true, "tools": [tool()]}));
    chat(json!({"parallel_tool_calls": false, "tools": [tool()], "tool_choice": "none"}));
}

#[test]
fn a_count_has_the_prompt_and_no_choice_of_tools() {
    let body = json!({
        "model": "m", "system": "s",
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any"},
        "messages": [{"role": "user", "content": "hi"}],
    });
    let request = read(Client::AnthropicCount, &body.to_string()).unwrap();
    let sent = emit(&request, Upstream::GeminiCount).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        json!({
            "systemInstruction": {"parts": [{"text": "s"}]},
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
            "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
            "generationConfig": {},
        })
    );
    let read = |text: &'static str| {
        let body = bytes::Bytes::from_static(text.as_bytes());
        dialect::answer(&request, Upstream::GeminiCount, "up", id(), &body)
    };
    let counted = read(r#"{"totalTokens":31,"promptTokensDetails":[]}"#).unwrap();
    assert_eq!(counted.body, r#"{"input_tokens":31}"#);
    for bad in ["", "{}", "[]", r#"{"totalTokens":"x"}"#] {
        assert_eq!(read(bad).unwrap_err().kind, vocab::FailureKind::Broken, "{bad}");
    }
    let busy = r#"{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}"#;
    assert_eq!(read(busy).unwrap_err().kind, vocab::FailureKind::Overloaded);
}

#[test]
fn claude_on_vertex_is_counted_in_its_own_words() {
    let body = r#"{"model":"m", "messages":[{"role":"user","content":"hi"}],"future":1.50}"#;
    let caller =
        dialect::Caller { anthropic_version: Some("2026-10-21"), anthropic_beta: Some("b-1") };
    let read = |client, body: &'static str| {
        Request::parse(client, caller, bytes::Bytes::from_static(body.as_bytes())).unwrap()
    };
    let request = read(Client::AnthropicCount, body);
    let sent = emit(&request, Upstream::VertexMessagesCount).unwrap();
    assert_eq!(
        sent.body,
        r#"{"anthropic_version":"vertex-2023-10-16","model":"up", "messages":[{"role":"user","content":"hi"}],"future":1.50}"#
    );
    assert_eq!(sent.headers, [("anthropic-beta", "b-1".to_owned())]);
    let whole = bytes::Bytes::from_static(br#"{"input_tokens":7}"#);
    let counted = dialect::answer(&request, Upstream::VertexMessagesCount, "up", id(), &whole);
    assert_eq!(counted.unwrap().body, whole);
    let messages =
        r#"{"model":"m","max_tokens":1,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let sent = emit(&read(Client::AnthropicMessages, messages), Upstream::VertexMessages).unwrap();
    assert_eq!(
        sent.body,
        r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":1,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#
    );
    assert_eq!(sent.headers, [("anthropic-beta", "b-1".to_owned())]);
}

#[test]
fn a_chat_reaches_claude_on_vertex() {
    let request = openai(&body(json!({"stream": true})).to_string()).unwrap();
    let sent = emit(&request, Upstream::VertexMessages).unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(sent["anthropic_version"], "vertex-2023-10-16");
    assert_eq!((sent.get("model"), &sent["stream"]), (None, &json!(true)));
}

#[test]
fn embeddings_by_predict_are_texts_and_are_not_cut() {
    let request = |body: &Value| read(Client::OpenAiEmbeddings, &body.to_string()).unwrap();
    let asked = json!({"model": "m", "input": ["a", "b"], "dimensions": 5});
    let sent = emit(&request(&asked), Upstream::VertexEmbeddings).unwrap();
    assert_eq!(
        sent.body,
        r#"{"instances":[{"content":"a"},{"content":"b"}],"parameters":{"autoTruncate":false,"outputDimensionality":5}}"#
    );
    let many = json!({"model": "m", "input": vec!["a"; 251]});
    for (body, param) in
        [(many, "input[250]"), (json!({"model": "m", "input": [[1, 2]]}), "input[0]")]
    {
        let refused = emit(&request(&body), Upstream::VertexEmbeddings).unwrap_err();
        assert_eq!(refused.param, param);
    }
    let reply = r#"{"predictions":[{"embeddings":{"statistics":{"token_count":5},"values":[0.5,-1]}},
        {"embeddings":{"statistics":{"token_count":6},"values":[0.25,2]}}]}"#;
    let read = |text: &'static str| {
        let body = bytes::Bytes::from_static(text.as_bytes());
        dialect::answer(&request(&asked), Upstream::VertexEmbeddings, "up", id(), &body)
    };
    let answer = read(reply).unwrap();
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["data"][0]["embedding"], json!([0.5, -1.0]));
    assert_eq!(body["data"][1]["embedding"], json!([0.25, 2.0]));
    assert_eq!((answer.usage.input, &body["usage"]["prompt_tokens"]), (Some(11), &json!(11)));
    assert!(read(r#"{"predictions":[]}"#).is_err());
    assert!(read("{}").is_err());
}
