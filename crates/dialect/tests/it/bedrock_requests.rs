//! What is sent to Bedrock: against Amazon's own service model, recorded requests, and refusals.

use std::{fs::File, io::Read};

use dialect::{Caller, Outbound, Request, Target, Unsupported};
use serde_json::{Map, Value, json};

use crate::{bedrock::recorded, fixtures::root, support::*};

const NOVA: &str = "eu.amazon.nova-pro-v1:0";
const CLAUDE: &str = "eu.anthropic.claude-sonnet-4-6";

fn send(
    client: Client,
    body: &Value,
    upstream: Upstream,
    model: &str,
) -> Result<Outbound, Unsupported> {
    let request = read(client, &body.to_string()).unwrap();
    request.emit(upstream, &Target::new(model, 4096))
}

fn converse(client: Client, body: &Value, model: &str) -> Value {
    let sent = send(client, body, Upstream::BedrockConverse, model).unwrap();
    serde_json::from_slice(&sent.body).unwrap()
}

/// The service model's shapes, and the check of a value against one of them.
struct Model(Map<String, Value>);

impl Model {
    fn load() -> Option<Self> {
        let file = File::open(root()?.join("specs/aws.bedrock-runtime.service-2.json.gz")).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        let model: Value = serde_json::from_str(&text).unwrap();
        Some(Self(model["shapes"].as_object().unwrap().clone()))
    }

    /// The body of an operation: what its request has besides address and headers.
    fn body(&self, request: &str, value: &Value) -> Result<(), String> {
        self.structure(&self.0[request], value, request)
    }

    fn check(&self, name: &str, value: &Value, at: &str) -> Result<(), String> {
        let shape = self.0.get(name).ok_or_else(|| format!("{at}: no shape {name}"))?;
        if shape["document"] == true {
            return Ok(());
        }
        let ok = match shape["type"].as_str().unwrap() {
            "structure" => return self.structure(shape, value, at),
            "list" => {
                let member = shape["member"]["shape"].as_str().unwrap();
                let list = value.as_array().ok_or_else(|| format!("{at}: no list"))?;
                let one = |(index, item): (usize, &Value)| {
                    self.check(member, item, &format!("{at}[{index}]"))
                };
                return list.iter().enumerate().try_for_each(one);
            }
            "string" | "blob" => value.as_str().is_some_and(|text| fits(shape, text)),
            "integer" | "long" => value.as_i64().is_some_and(|n| within(shape, n as f64)),
            "float" | "double" => value.as_f64().is_some_and(|n| within(shape, n)),
            "boolean" => value.is_boolean(),
            "map" => value.is_object(),
            other => return Err(format!("{at}: shape of type {other}")),
        };
        if ok { Ok(()) } else { Err(format!("{at}: {value} is no {name}")) }
    }

    fn structure(&self, shape: &Value, value: &Value, at: &str) -> Result<(), String> {
        let fields = value.as_object().ok_or_else(|| format!("{at}: no structure"))?;
        let members = shape["members"].as_object().unwrap();
        if shape["union"] == true && fields.len() != 1 {
            return Err(format!("{at}: a union with {} members", fields.len()));
        }
        for required in shape["required"].as_array().into_iter().flatten() {
            let name = required.as_str().unwrap();
            // What is in the address is not in the body.
            if members[name].get("location").is_none() && !fields.contains_key(name) {
                return Err(format!("{at}.{name} is missing"));
            }
        }
        for (name, value) in fields {
            let at = format!("{at}.{name}");
            let member = members.get(name).ok_or_else(|| format!("{at} is not in the model"))?;
            self.check(member["shape"].as_str().unwrap(), value, &at)?;
        }
        Ok(())
    }
}

fn fits(shape: &Value, text: &str) -> bool {
    let plain = |extra: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c));
    let long = text.chars().count() as u64;
    shape["min"].as_u64().is_none_or(|min| long >= min)
        && shape["max"].as_u64().is_none_or(|max| long <= max)
        && shape["enum"].as_array().is_none_or(|all| all.contains(&json!(text)))
        && match shape["pattern"].as_str() {
            Some("[a-zA-Z0-9_-]+") => plain("_-"),
            Some("[a-zA-Z0-9_.:-]+") => plain("_.:-"),
            _ => true,
        }
}

fn within(shape: &Value, number: f64) -> bool {
    shape["min"].as_f64().is_none_or(|min| number >= min)
        && shape["max"].as_f64().is_none_or(|max| number <= max)
}

/// Requests that say everything that Converse can carry.
fn full() -> Vec<(Client, Value)> {
    let pixel = "iVBORw0KGgo=";
    let schema = json!({"type": "object", "properties": {"a": {"type": "number"}}});
    let chat = json!({
        "model": "chat-large",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "developer", "content": ""},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": format!("data:image/jpg;base64,{pixel}")}},
            ]},
            {"role": "assistant", "content": "hm", "tool_calls": [
                {"id": "call|1.x", "type": "function", "function": {"name": "f", "arguments": "{\"z\":1.10}"}},
                {"id": "i".repeat(80), "type": "function", "function": {"name": "g-2", "arguments": ""}},
            ]},
            {"role": "tool", "tool_call_id": "i".repeat(80), "content": "two"},
            {"role": "tool", "tool_call_id": "call|1.x", "content": ""},
            {"role": "assistant", "content": ""},
            {"role": "user", "content": "go on"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "f", "description": "", "parameters": schema, "strict": true}},
            {"type": "function", "function": {"name": "g-2", "description": "does"}},
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "max_completion_tokens": 100, "temperature": 0.5, "top_p": 0.9, "stop": ["a", "b"],
        "reasoning_effort": "high", "presence_penalty": 0, "stream": true,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
    });
    let messages = json!({
        "model": "chat-large", "max_tokens": 10, "top_k": 5,
        "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [
                {"type": "text", "text": "after"},
                {"type": "tool_result", "tool_use_id": "t", "is_error": true, "content": [
                    {"type": "text", "text": "failed"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": pixel}},
                ]},
            ]},
        ],
        "tools": [{"name": "f", "input_schema": schema}],
        "tool_choice": {"type": "any"},
    });
    vec![(Client::OpenAiChat, chat), (Client::AnthropicMessages, messages)]
}

#[test]
fn what_is_sent_is_in_amazons_service_model() {
    let Some(model) = Model::load() else { return };
    for (name, exchange) in recorded() {
        let request = match &exchange["request"]["url"].as_str().unwrap() {
            url if url.ends_with("/converse") => "ConverseRequest",
            url if url.ends_with("/converse-stream") => "ConverseStreamRequest",
            url if url.ends_with("/count-tokens") => "CountTokensRequest",
            _ => continue,
        };
        // The check itself is checked: what was recorded was accepted.
        model
            .body(request, &exchange["request"]["json"])
            .unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    assert!(model.body("ConverseRequest", &json!({"messages": [{"role": "x"}]})).is_err());
    for (client, body) in full() {
        for target in [NOVA, CLAUDE] {
            let sent = converse(client, &body, target);
            model.body("ConverseRequest", &sent).unwrap();
            model.body("ConverseStreamRequest", &sent).unwrap();
        }
    }
    let mut counted = full()[1].1.clone();
    let fields = counted.as_object_mut().unwrap();
    fields.retain(|name, _| !matches!(name.as_str(), "max_tokens" | "top_k"));
    let sent = send(Client::AnthropicCount, &counted, Upstream::BedrockCount, CLAUDE).unwrap();
    model.body("CountTokensRequest", &serde_json::from_slice(&sent.body).unwrap()).unwrap();
}

#[test]
fn a_full_chat_request_becomes_this_converse_body() {
    let (client, body) = full().swap_remove(0);
    let id = "call_";
    let sent = converse(client, &body, NOVA);
    let calls = sent["messages"][1]["content"].as_array().unwrap();
    let ids: Vec<&str> =
        calls.iter().filter_map(|block| block["toolUse"]["toolUseId"].as_str()).collect();
    assert!(ids.len() == 2 && ids.iter().all(|found| found.starts_with(id)), "{ids:?}");
    assert_eq!(
        sent,
        json!({
            "system": [{"text": "be brief"}],
            "messages": [
                {"role": "user", "content": [
                    {"text": "look"},
                    {"image": {"format": "jpeg", "source": {"bytes": "iVBORw0KGgo="}}},
                ]},
                {"role": "assistant", "content": [
                    {"text": "hm"},
                    {"toolUse": {"toolUseId": ids[0], "name": "f", "input": {"z": 1.1}}},
                    {"toolUse": {"toolUseId": ids[1], "name": "g-2", "input": {}}},
                ]},
                // The answer between them said nothing.
                {"role": "user", "content": [
                    {"toolResult": {"toolUseId": ids[1], "content": [{"text": "two"}]}},
                    {"toolResult": {"toolUseId": ids[0], "content": []}},
                    {"text": "go on"},
                ]},
            ],
            "inferenceConfig": {"maxTokens": 100, "temperature": 0.5, "topP": 0.9, "stopSequences": ["a", "b"]},
            "toolConfig": {
                "tools": [
                    {"toolSpec": {"name": "f", "strict": true, "inputSchema": {"json":
                        {"type": "object", "properties": {"a": {"type": "number"}}}}}},
                    {"toolSpec": {"name": "g-2", "description": "does", "inputSchema": {"json":
                        {"type": "object", "properties": {}}}}},
                ],
                "toolChoice": {"tool": {"name": "f"}},
            },
            "outputConfig": {
                "effort": "high",
                "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"name": "n",
                    "schema": r#"{"type":"object","properties":{"a":{"type":"number"}}}"#}}},
            },
        })
    );
}

#[test]
fn a_messages_request_becomes_this_converse_body() {
    let (client, body) = full().swap_remove(1);
    let sent = converse(client, &body, CLAUDE);
    assert_eq!(
        sent["messages"][2],
        json!({"role": "user", "content": [
            {"toolResult": {"toolUseId": "t", "status": "error", "content": [
                {"text": "failed"},
                {"image": {"format": "webp", "source": {"bytes": "iVBORw0KGgo="}}},
            ]}},
            {"text": "after"},
        ]})
    );
    assert_eq!(sent["toolConfig"]["toolChoice"], json!({"any": {}}));
    assert_eq!(sent["additionalModelRequestFields"], json!({"top_k": 5}));
    let nova = converse(client, &body, NOVA);
    assert_eq!(nova["additionalModelRequestFields"], json!({"inferenceConfig": {"topK": 5}}));
}

#[test]
fn a_recorded_conversation_is_sent_as_it_was() {
    let Some((_, exchange)) =
        recorded().into_iter().filter(|(name, _)| name.contains("converse_parallel_tools")).nth(1)
    else {
        return;
    };
    let expected = &exchange["request"]["json"];
    let call = |block: &Value| {
        let call = &block["toolUse"];
        let arguments = call["input"].to_string();
        json!({"id": call["toolUseId"], "type": "function",
            "function": {"name": call["name"], "arguments": arguments}})
    };
    let answer = expected["messages"][1]["content"].as_array().unwrap();
    let mut messages = vec![
        json!({"role": "user", "content": expected["messages"][0]["content"][0]["text"]}),
        json!({"role": "assistant", "content": answer[0]["text"],
            "tool_calls": answer[1..].iter().map(call).collect::<Vec<_>>()}),
    ];
    let results = expected["messages"][2]["content"].as_array().unwrap();
    // Recorded as JSON content where a caller has text.
    messages.extend(results.iter().map(|block| {
        let result = &block["toolResult"];
        json!({"role": "tool", "tool_call_id": result["toolUseId"],
            "content": result["content"][0].to_string()})
    }));
    let tool = &expected["toolConfig"]["tools"][0]["toolSpec"];
    let tool = json!({"type": "function", "function": {"name": tool["name"],
        "description": tool["description"], "parameters": tool["inputSchema"]["json"]}});
    let body = json!({"model": "m", "messages": messages, "tools": [tool]});
    let mut sent = converse(Client::OpenAiChat, &body, NOVA);
    for (index, block) in results.iter().enumerate() {
        let text = block["toolResult"]["content"][0].to_string();
        let content = &mut sent["messages"][2]["content"][index]["toolResult"]["content"];
        assert_eq!(*content, json!([{"text": text}]));
        *content = block["toolResult"]["content"].clone();
    }
    assert_eq!(sent, *expected);
}

#[test]
fn a_recorded_schema_goes_as_text_within_json() {
    let Some((_, exchange)) = recorded().into_iter().find(|(name, _)| name.contains("json_schema"))
    else {
        return;
    };
    let expected = &exchange["request"]["json"]["outputConfig"]["textFormat"]["structure"];
    let schema: Value =
        serde_json::from_str(expected["jsonSchema"]["schema"].as_str().unwrap()).unwrap();
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "CityInfo", "schema": schema}}});
    let sent = converse(Client::OpenAiChat, &body, CLAUDE);
    let sent = &sent["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    assert_eq!(sent["name"], expected["jsonSchema"]["name"]);
    let text = sent["schema"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), schema);
}

#[test]
fn what_cannot_go_is_refused_by_its_field() {
    let refused = |client: Client, changes: Value| {
        let mut body =
            json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]});
        let fields = body.as_object_mut().unwrap();
        fields.extend(changes.as_object().unwrap().clone());
        let request = read(client, &body.to_string()).unwrap();
        let refused = request.carried_by(Upstream::BedrockConverse, &TARGET).unwrap_err();
        let target = Target::new(NOVA, 1);
        assert_eq!(request.emit(Upstream::BedrockConverse, &target).unwrap_err(), refused);
        refused.param
    };
    let tool = |name: &str| json!({"type": "function", "function": {"name": name}});
    let called = json!([
        {"role": "user", "content": "x"},
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "y"},
    ]);
    let url = json!([{"role": "user", "content": [
        {"type": "text", "text": "x"},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
    ]}]);
    let bmp = json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/bmp;base64,AA=="}},
    ]}]);
    for (changes, param) in [
        (json!({"seed": 1}), "seed"),
        (json!({"temperature": 1.5}), "temperature"),
        (json!({"presence_penalty": 0.5}), "presence_penalty"),
        (json!({"frequency_penalty": -1}), "frequency_penalty"),
        (json!({"n": 2}), "n"),
        (json!({"response_format": {"type": "json_object"}}), "response_format.type"),
        (json!({"reasoning_effort": "minimal"}), "reasoning_effort"),
        (json!({"tools": [tool("f")], "parallel_tool_calls": false}), "parallel_tool_calls"),
        (json!({"tools": [tool("no spaces")]}), "tools[0].function.name"),
        (json!({"tools": [tool(&"f".repeat(65))]}), "tools[0].function.name"),
        (json!({"messages": called, "tools": [tool("f")], "tool_choice": "none"}), "tool_choice"),
        (json!({"messages": called}), "tools"),
        (json!({"messages": url}), "messages[0].content[1]"),
        (json!({"messages": bmp}), "messages[0].content[0]"),
        (json!({"messages": [{"role": "user", "content": ""}]}), "messages[0].content"),
        (json!({"messages": [{"role": "system", "content": "x"}]}), "messages"),
        (json!({"messages": [{"role": "assistant", "content": "x"}]}), "messages[0].role"),
        (
            json!({"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "y"}, {"role": "user", "content": "z"}]}),
            "messages[1].role",
        ),
        (
            json!({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}),
            "messages[1]",
        ),
    ] {
        assert_eq!(refused(Client::OpenAiChat, changes.clone()), param, "{changes}");
    }
    assert_eq!(
        refused(Client::AnthropicMessages, json!({"stop_sequences": ["a", " "]})),
        "stop_sequences[1]"
    );
}

#[test]
fn no_tool_can_be_called_where_none_is_said() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "tool_choice": "none",
        "tools": [{"type": "function", "function": {"name": "f"}}]});
    let sent = converse(Client::OpenAiChat, &body, NOVA);
    assert_eq!(sent, json!({"messages": [{"role": "user", "content": [{"text": "x"}]}]}));
}

#[test]
fn reasoning_can_be_switched_off_where_the_model_has_a_word_for_it() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "reasoning_effort": "none"});
    let sent = converse(Client::OpenAiChat, &body, CLAUDE);
    assert_eq!(sent["additionalModelRequestFields"], json!({"thinking": {"type": "disabled"}}));
    let sent = send(Client::OpenAiChat, &body, Upstream::BedrockConverse, NOVA).unwrap();
    assert_eq!(sent.dropped, ["reasoning_effort"]);
}

#[test]
fn a_budget_of_reasoning_goes_to_claude_in_its_words_and_elsewhere_is_left_out_by_name() {
    let body = json!({"model": "m", "max_tokens": 2000, "messages": [{"role": "user", "content": "x"}],
        "thinking": {"type": "enabled", "budget_tokens": 1024}});
    let sent = converse(Client::AnthropicMessages, &body, CLAUDE);
    let expected = json!({"thinking": {"type": "enabled", "budget_tokens": 1024}});
    assert_eq!(sent["additionalModelRequestFields"], expected);
    let sent = send(Client::AnthropicMessages, &body, Upstream::BedrockConverse, NOVA).unwrap();
    assert_eq!(sent.dropped, ["budget_tokens"]);
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "reasoning_effort": "max"});
    let sent = converse(Client::OpenAiChat, &body, CLAUDE);
    assert_eq!(sent["additionalModelRequestFields"], json!({"thinking": {"type": "adaptive"}}));
    assert_eq!(sent["outputConfig"], json!({"effort": "max"}));
}

#[test]
fn thinking_is_off_in_a_tool_loop_whose_reasoning_cannot_go() {
    let turn = |thought: Value| {
        json!({"model": "m", "max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1024},
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": [thought, {"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "y"}]},
        ]})
    };
    // Sealed by Anthropic itself, as a body that came to it directly would be.
    let foreign = turn(json!({"type": "thinking", "thinking": "hm", "signature": "SIGNED"}));
    let sent =
        send(Client::AnthropicMessages, &foreign, Upstream::BedrockConverse, CLAUDE).unwrap();
    assert_eq!(sent.dropped, ["reasoning"]);
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(body["additionalModelRequestFields"], json!({"thinking": {"type": "disabled"}}));
    assert!(!body.to_string().contains("SIGNED"));
}

#[test]
fn claude_by_invoke_gets_the_callers_own_body_in_another_envelope() {
    let body = r#"{"model":"m", "max_tokens":5,"messages":[{"role":"user","content":"x"}],"new":1.0,"stream":true}"#;
    let caller = Caller { anthropic_beta: Some("a-1,b-2"), ..Caller::default() };
    let request =
        Request::parse(Client::AnthropicMessages, caller, body.to_owned().into()).unwrap();
    let upstreams = [Upstream::BedrockInvoke, Upstream::BedrockConverse];
    assert_eq!(request.choose(&upstreams, &TARGET), Ok(Upstream::BedrockInvoke));
    let target = Target::new(CLAUDE, 1);
    let sent = request.emit(Upstream::BedrockInvoke, &target).unwrap();
    assert_eq!(
        sent.body,
        r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a-1","b-2"], "max_tokens":5,"messages":[{"role":"user","content":"x"}],"new":1.0}"#
    );
    assert!(sent.stream && sent.headers.is_empty() && sent.dropped.is_empty());
}

#[test]
fn another_callers_request_reaches_claude_by_invoke_in_the_same_envelope() {
    let body = json!({"model": "m", "max_tokens": 10, "temperature": 0.8, "top_p": 1, "stop": "|",
        "messages": [{"role": "user", "content": "Say this is a test"}], "stream": true});
    let sent = send(Client::OpenAiChat, &body, Upstream::BedrockInvoke, CLAUDE).unwrap();
    let expected = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 10, "temperature": 0.8, "top_p": 1,
        "stop_sequences": ["|"],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Say this is a test"}]}],
    });
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), expected);
    for (_, exchange) in recorded().iter().filter(|(name, _)| name.contains("/invoke_")) {
        assert_eq!(exchange["request"]["json"], expected);
    }
    let url = json!({"model": "m", "messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}]}]});
    let refused = send(Client::OpenAiChat, &url, Upstream::BedrockInvoke, CLAUDE).unwrap_err();
    assert_eq!(refused.param, "messages[0].content[0]");
}

#[test]
fn headers_of_the_first_party_api_are_no_fields_of_a_body() {
    for field in ["anthropic_version", "anthropic_beta"] {
        for said in [json!("x"), json!(null)] {
            let body = json!({"model": "m", "max_tokens": 5, "messages": [], field: said});
            let refused = read(Client::AnthropicMessages, &body.to_string()).unwrap_err();
            assert_eq!(refused.param.as_deref(), Some(field));
        }
    }
}

#[test]
fn a_recorded_count_is_asked_and_answered() {
    let Some((_, exchange)) =
        recorded().into_iter().find(|(name, _)| name.contains("count_tokens"))
    else {
        return;
    };
    let mut expected = exchange["request"]["json"].clone();
    expected["input"]["converse"].as_object_mut().unwrap().remove("system");
    let tool = &expected["input"]["converse"]["toolConfig"]["tools"][0]["toolSpec"];
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "What is the weather in Paris?"}],
        "tools": [{"name": tool["name"], "description": tool["description"], "input_schema": tool["inputSchema"]["json"]}],
        "tool_choice": {"type": "auto"}});
    let sent = send(Client::AnthropicCount, &body, Upstream::BedrockCount, CLAUDE).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), expected);
    let request = read(Client::AnthropicCount, &body.to_string()).unwrap();
    let reply = exchange["response"]["json"].to_string().into();
    let answer = dialect::answer(&request, Upstream::BedrockCount, "up", id(), &reply).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&answer.body).unwrap(),
        json!({"input_tokens": 375})
    );
}

#[test]
fn a_recorded_vector_reaches_an_openai_caller() {
    let Some((_, exchange)) = recorded().into_iter().find(|(name, _)| name.contains("embed_titan"))
    else {
        return;
    };
    let asked = &exchange["request"]["json"];
    let body =
        json!({"model": "m", "input": asked["inputText"], "dimensions": asked["dimensions"]});
    let sent = send(Client::OpenAiEmbeddings, &body, Upstream::TitanEmbeddings, "t").unwrap();
    let mut expected = asked.clone();
    // It is so unless it is said otherwise.
    assert_eq!(expected.as_object_mut().unwrap().remove("normalize"), Some(json!(true)));
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), expected);
    let request = read(Client::OpenAiEmbeddings, &body.to_string()).unwrap();
    let reply = exchange["response"]["json"].to_string().into();
    let answer = dialect::answer(&request, Upstream::TitanEmbeddings, "up", id(), &reply).unwrap();
    let shown: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(shown["data"][0]["embedding"].as_array().unwrap().len(), 256);
    assert_eq!(shown["usage"]["prompt_tokens"], 4);
}

/// What a caller sends after this answer, to a model on Bedrock.
fn next_turn(client: Client, answered: &Value, by: &str, to: &str) -> Outbound {
    let ask = json!({"role": "user", "content": "x"});
    let name = "get_user_country";
    let is_messages = client == Client::AnthropicMessages;
    let tool = if is_messages {
        json!({"name": name, "input_schema": {"type": "object"}})
    } else {
        json!({"type": "function", "function": {"name": name, "parameters": {}}})
    };
    let mut body = json!({"model": "m", "max_tokens": 9, "messages": [ask], "tools": [tool]});
    let request = read(client, &body.to_string()).unwrap();
    let reply = answered.to_string().into();
    let answer = dialect::answer(&request, Upstream::BedrockConverse, by, id(), &reply).unwrap();
    let shown: Value = serde_json::from_slice(&answer.body).unwrap();
    let messages = body["messages"].as_array_mut().unwrap();
    if is_messages {
        let content = &shown["content"];
        let calls = content.as_array().unwrap().iter().filter_map(|block| block["id"].as_str());
        let result = |id| json!({"type": "tool_result", "tool_use_id": id, "content": "y"});
        let mut next: Vec<Value> = calls.map(result).collect();
        next.push(json!({"type": "text", "text": "z"}));
        messages.push(json!({"role": "assistant", "content": content}));
        messages.push(json!({"role": "user", "content": next}));
    } else {
        let message = &shown["choices"][0]["message"];
        messages.push(message.clone());
        match message["tool_calls"][0]["id"].as_str() {
            Some(id) => messages.push(json!({"role": "tool", "tool_call_id": id, "content": "y"})),
            None => messages.push(json!({"role": "user", "content": "y"})),
        }
    }
    send(client, &body, Upstream::BedrockConverse, to).unwrap()
}

#[test]
fn recorded_reasoning_goes_back_sealed_to_the_model_that_sealed_it_and_to_no_other() {
    for (name, exchange) in recorded() {
        let answered = &exchange["response"]["json"];
        let blocks = answered["output"]["message"]["content"].as_array();
        let Some(first) = blocks.and_then(|blocks| blocks.first()) else { continue };
        if first.get("reasoningContent").is_none() {
            continue;
        }
        for client in [Client::OpenAiChat, Client::AnthropicMessages, Client::MistralChat] {
            let back = next_turn(client, answered, CLAUDE, CLAUDE);
            let sent: Value = serde_json::from_slice(&back.body).unwrap();
            assert_eq!(sent["messages"][1]["content"][0], *first, "{name} {client}");
            assert!(back.dropped.is_empty(), "{name} {client}: {:?}", back.dropped);
            let elsewhere = next_turn(client, answered, CLAUDE, NOVA);
            let sent = String::from_utf8(elsewhere.body.to_vec()).unwrap();
            assert!(!sent.contains("reasoningContent") && !sent.contains("isobar1."), "{name}");
            assert_eq!(elsewhere.dropped, ["reasoning"], "{name} {client}");
        }
    }
}
