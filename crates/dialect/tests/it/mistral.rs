//! Mistral chat: requests to and from it, held against its published schema.

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use crate::{
    fixtures::{exchanges, files, spec},
    schema::faults,
    support::*,
};

const TO: Upstream = Upstream::MistralChat;

fn sent(client: Client, body: &Value) -> (Value, Vec<&'static str>) {
    let outbound = emit(&parse(client, &body.to_string()), TO).unwrap();
    let sent: Value = serde_json::from_slice(&outbound.body).unwrap();
    is_valid(&sent, "own sample");
    (sent, outbound.dropped)
}

fn refused(client: Client, upstream: Upstream, body: &Value) -> String {
    let request = read(client, &body.to_string()).unwrap();
    emit(&request, upstream).map(drop).unwrap_err().param
}

/// What is sent must be what the schema allows; Mistral refuses anything else.
fn is_valid(sent: &Value, name: &str) {
    let Some(spec) = spec("mistral.openapi.trimmed.json") else { return };
    let schema = &spec["components"]["schemas"]["ChatCompletionRequest"];
    assert_eq!(faults(&spec, schema, sent), Vec::<String>::new(), "{name}: {sent}");
}

fn chat() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[test]
fn a_chat_with_everything_reaches_mistral_in_its_words() {
    let body = json!({
        "model": "m", "stream": true, "max_completion_tokens": 9, "temperature": 0.7, "top_p": 0.9,
        "presence_penalty": 0.5, "frequency_penalty": -0.5, "seed": 7, "stop": "END", "n": 1,
        "user": "u", "store": false, "stream_options": {"include_usage": true},
        "reasoning_effort": "high", "parallel_tool_calls": false, "tool_choice": "required",
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"b": 1, "a": 2}}},
        "messages": [
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "KikbB849t", "type": "function", "function": {"name": "f", "arguments": "{\"z\":1,\"a\":1.50}"}},
                {"id": "call_1", "type": "function", "function": {"name": "g", "arguments": ""}},
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "two"},
            {"role": "tool", "tool_call_id": "KikbB849t", "content": "one"},
        ],
    });
    let (sent, dropped) = sent(Client::OpenAiChat, &body);
    assert_eq!(
        sent,
        json!({
            "model": "up", "stream": true, "max_tokens": 9, "temperature": 0.7, "top_p": 0.9,
            "presence_penalty": 0.5, "frequency_penalty": -0.5, "random_seed": 7, "stop": ["END"],
            "reasoning_effort": "high", "parallel_tool_calls": false, "tool_choice": "any",
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"b": 1, "a": 2}, "strict": true}},
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                    {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                ]},
                {"role": "assistant", "content": "", "tool_calls": [
                    {"id": "KikbB849t", "type": "function", "function": {"name": "f", "arguments": "{\"z\":1,\"a\":1.50}"}},
                    {"id": "GmfxVIbmF", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ]},
                {"role": "tool", "tool_call_id": "GmfxVIbmF", "name": "g", "content": "two"},
                {"role": "tool", "tool_call_id": "KikbB849t", "name": "f", "content": "one"},
            ],
        })
    );
    assert_eq!(dropped, ["user", "detail"]);
}

#[test]
fn a_message_of_anthropic_reaches_mistral_and_a_beginning_is_gone_on_with() {
    let body = json!({
        "model": "m", "max_tokens": 9, "system": "be brief",
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "messages": [
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": "no"}]},
            {"role": "assistant", "content": "Well, "},
        ],
    });
    let (sent, dropped) = sent(Client::AnthropicMessages, &body);
    assert_eq!(
        sent["messages"][4],
        json!({"role": "assistant", "content": "Well, ", "prefix": true})
    );
    assert_eq!(sent["messages"][2]["tool_calls"][0]["id"], sent["messages"][3]["tool_call_id"]);
    assert_eq!(dropped, ["is_error"]);
}

#[test]
fn what_mistral_cannot_carry_is_refused_by_its_exact_name() {
    for (field, value) in [
        ("temperature", json!(1.6)),
        ("seed", json!(-1)),
        ("seed", json!(1.5)),
        ("n", json!(2)),
        ("logprobs", json!(true)),
        ("logit_bias", json!({"1": 1})),
        ("prediction", json!({"type": "content", "content": "x"})),
        ("audio", json!({})),
        ("reasoning_effort", json!("low")),
        ("top_k", json!(1)),
    ] {
        assert_eq!(refused(Client::OpenAiChat, TO, &with(chat(), field, value)), field);
    }
    let messages = |messages: Value| with(chat(), "messages", messages);
    let user = json!({"role": "user", "content": "x"});
    let call = json!({"role": "assistant", "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    ]});
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "r"});
    for (list, param) in [
        (json!([user, {"role": "assistant", "content": "x"}]), "messages[1]"),
        (json!([user, call, result("a")]), "messages[1].tool_calls[1]"),
        (json!([user, call]), "messages[1].tool_calls[0]"),
        (json!([user, call, result("a"), user, result("b")]), "messages[1].tool_calls[1]"),
        (json!([user, call, result("a"), result("b"), user]), "messages[4].content"),
        (json!([user, call, result("a"), result("a")]), "messages[3]"),
        (json!([user, result("a")]), "messages[1]"),
        (
            json!([user, {"role": "assistant", "tool_calls": [{"id": "", "function": {"name": "f", "arguments": ""}}]}]),
            "messages[1].tool_calls[0]",
        ),
        (
            json!([{"role": "system", "content": [
                {"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "https://x"}}]}]),
            "messages[0].content",
        ),
    ] {
        assert_eq!(refused(Client::OpenAiChat, TO, &messages(list)), param);
    }
}

#[test]
fn what_mistrals_sdk_sends_passes_through_and_nothing_is_added_to_a_stream() {
    let body = json!({
        "model": "m", "stream": true, "random_seed": 1, "safe_prompt": true, "prompt_mode": "reasoning",
        "guardrails": [{"x": 1}], "future": 1, "messages": [
            {"role": "user", "content": [{"type": "document_url", "document_url": "https://x/y.pdf"}]},
            {"role": "assistant", "content": "Well", "prefix": true},
        ],
    });
    let request = read(Client::MistralChat, &body.to_string()).unwrap();
    assert!(request.stream() && request.needs().documents);
    let sent = emit(&request, TO).unwrap();
    assert_eq!(sent.body, with(body, "model", "up".into()).to_string());
}

#[test]
fn what_mistrals_sdk_sends_reaches_openai_in_its_words() {
    let body = json!({
        "model": "m", "stream": true, "max_tokens": 9, "random_seed": 7, "safe_prompt": false, "n": 1,
        "temperature": null, "stop": null, "metadata": {"a": 1}, "prompt_cache_key": "k",
        "tool_choice": "any", "prediction": {"type": "content", "content": ""}, "guardrails": [],
        "tools": [{"type": "function", "function": {"name": "f", "description": "", "strict": false, "parameters": {"type": "object"}}}],
        "response_format": {"type": "text"},
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "be brief"}]},
            {"role": "user", "content": [
                {"type": "image_url", "image_url": "https://x/y.png"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk=", "detail": "low"}},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": true},
                {"type": "text", "text": "calling"},
            ], "prefix": false, "tool_calls": [
                {"id": "KikbB849t", "type": "function", "index": 0, "function": {"name": "f", "arguments": {"z": 1, "a": 1.5}}},
            ]},
            {"role": "tool", "tool_call_id": "KikbB849t", "name": "f", "content": "one"},
        ],
    });
    let request = read(Client::MistralChat, &body.to_string()).unwrap();
    let outbound = emit(&request, Upstream::OpenAiChat).unwrap();
    let sent: Value = serde_json::from_slice(&outbound.body).unwrap();
    assert_eq!(sent["seed"], 7);
    assert_eq!(sent["tool_choice"], "required");
    assert_eq!(sent["max_completion_tokens"], 9);
    assert_eq!(sent["messages"][1]["content"][0]["image_url"]["url"], "https://x/y.png");
    assert_eq!(sent["messages"][2]["content"], "calling");
    let call = &sent["messages"][2]["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], r#"{"z":1,"a":1.5}"#);
    assert_eq!(sent["messages"][3]["tool_call_id"], "KikbB849t");
    for name in ["metadata", "prompt_cache_key", "detail"] {
        assert!(outbound.dropped.contains(&name), "{name}");
    }
}

#[test]
fn what_only_mistral_has_is_refused_elsewhere_by_its_exact_name() {
    let to = Upstream::OpenAiChat;
    for (field, value) in [
        ("safe_prompt", json!(true)),
        ("prompt_mode", json!("reasoning")),
        ("guardrails", json!([{"x": 1}])),
        ("n", json!(2)),
        ("min_tokens", json!(1)),
        ("repetition_penalty", json!(1.1)),
        ("top_k", json!(5)),
        ("future", json!(1)),
        ("tool_choice", json!("maybe")),
        ("reasoning_effort", json!("most")),
    ] {
        assert_eq!(refused(Client::MistralChat, to, &with(chat(), field, value)), field);
    }
    let prediction = with(chat(), "prediction", json!({"type": "content", "content": "x"}));
    assert_eq!(refused(Client::MistralChat, to, &prediction), "prediction.content");
    let web = with(chat(), "tools", json!([{"type": "web_search"}]));
    assert_eq!(refused(Client::MistralChat, to, &web), "tools[0].type");
    let content =
        |chunk: Value| with(chat(), "messages", json!([{"role": "user", "content": [chunk]}]));
    for (chunk, param) in [
        (json!({"type": "file", "file_id": "x"}), "messages[0].content[0].file_id"),
        (json!({"type": "reference", "reference_ids": [1]}), "messages[0].content[0].type"),
        (json!({"type": "input_audio", "input_audio": "x"}), "messages[0].content[0].type"),
        (
            json!({"type": "document_url", "document_url": "ftp://x"}),
            "messages[0].content[0].document_url",
        ),
        (json!({"type": "image_url", "image_url": "ftp://x"}), "messages[0].content[0].image_url"),
        (json!({"type": "text", "text": "x", "future": 1}), "messages[0].content[0].future"),
    ] {
        assert_eq!(refused(Client::MistralChat, to, &content(chunk)), param);
    }
    let begun = |second: Value| {
        with(
            chat(),
            "messages",
            json!([
                {"role": "assistant", "content": "x", "prefix": true}, second,
            ]),
        )
    };
    let user = json!({"role": "user", "content": "x"});
    assert_eq!(refused(Client::MistralChat, to, &begun(user)), "messages[0].prefix");
    let last =
        with(chat(), "messages", json!([{"role": "assistant", "content": "x", "prefix": true}]));
    assert_eq!(refused(Client::MistralChat, to, &last), "messages[0]");
}

#[test]
fn a_beginning_by_mistrals_sdk_reaches_anthropic() {
    let body = with(
        chat(),
        "messages",
        json!([
            {"role": "user", "content": "hi"}, {"role": "assistant", "content": "Well", "prefix": true},
        ]),
    );
    let request = read(Client::MistralChat, &body.to_string()).unwrap();
    let sent = emit(&request, Upstream::AnthropicMessages).unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(sent["messages"][1]["role"], "assistant");
}

#[test]
fn a_carrier_goes_back_to_its_issuer_alone_and_mistrals_own_reasoning_to_mistral() {
    // Made by `up` at Anthropic, shown to a caller of Mistral's dialect.
    let carrier = "isobar1.anthropic.s.7570.SIGNED";
    let thinking = |signature: Value| json!({"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": signature});
    let body = with(
        chat(),
        "messages",
        json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [
                thinking(json!(carrier)), thinking(json!("OWN")), thinking(Value::Null),
                {"type": "text", "text": "yes"},
            ]},
            {"role": "user", "content": "go on"},
        ]),
    );
    let request = read(Client::MistralChat, &body.to_string()).unwrap();
    assert!(!request.passes_through(TO), "the carrier must be taken out");
    let outbound = emit(&request, TO).unwrap();
    let sent: Value = serde_json::from_slice(&outbound.body).unwrap();
    assert_eq!(
        sent["messages"][1]["content"],
        json!([
            {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "OWN"},
            {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
            {"type": "text", "text": "yes"},
        ])
    );
    assert_eq!(outbound.dropped, ["reasoning"]);
    let elsewhere = emit(&request, Upstream::OpenAiChat).unwrap();
    assert!(!elsewhere.body.windows(6).any(|part| part == b"SIGNED"));
}

#[test]
fn recorded_requests_pass_through_and_cross_or_name_the_field_that_cannot() {
    for exchange in exchanges("mistral") {
        if exchange.request.get("messages").is_none() {
            continue;
        }
        let request = read(Client::MistralChat, &exchange.request.to_string()).unwrap();
        let sent = emit(&request, TO).unwrap();
        assert_eq!(sent.body, with(exchange.request.clone(), "model", "up".into()).to_string());
        for upstream in [Upstream::OpenAiChat, Upstream::AnthropicMessages] {
            emit(&request, upstream)
                .unwrap_or_else(|refused| panic!("{}: {refused}", exchange.name));
        }
    }
}

#[test]
fn recorded_requests_of_others_reach_mistral_as_its_schema_wants_them_or_name_the_field() {
    let mut crossed = 0;
    let mut refused = Vec::new();
    let recorded = ["openai-chat", "openai-compat", "anthropic"].into_iter().flat_map(|folder| {
        let client =
            if folder == "anthropic" { Client::AnthropicMessages } else { Client::OpenAiChat };
        let bodies = exchanges(folder).into_iter();
        bodies.map(move |exchange| (exchange.name, client, exchange.request.to_string()))
    });
    let written = files("client-requests", "json").into_iter().filter_map(|(name, text)| {
        let client = match name.strip_prefix("client-requests/")?.split('_').next()? {
            "chat" => Client::OpenAiChat,
            "messages" => Client::AnthropicMessages,
            _ => return None,
        };
        Some((name, client, text))
    });
    for (name, client, body) in recorded.chain(written) {
        // Wrong in every dialect, on purpose: the provider's to refuse.
        if name.contains("err_400") {
            continue;
        }
        match emit(&parse(client, &body), TO) {
            Ok(outbound) => {
                is_valid(&serde_json::from_slice(&outbound.body).unwrap(), &name);
                crossed += 1;
            }
            Err(unsupported) => refused.push((name, unsupported.param)),
        }
    }
    println!("{crossed} crossed; {refused:?}");
    assert!(refused.iter().all(|(_, param)| !param.is_empty()));
    assert!(crossed > refused.len() || crossed + refused.len() == 0);
}

fn text() -> impl Strategy<Value = String> {
    "[a-zé\"\\\\\n 😀]{1,12}"
}

/// One round: what the person says, what the model thinks and says, its calls and their results.
fn round(thought: impl Strategy<Value = Option<String>>) -> impl Strategy<Value = Vec<Value>> {
    let call = (any::<i64>(), text());
    (text(), thought, text(), vec(call, 0..3)).prop_map(
        |(user, thought, said, calls)| {
            let content = match thought {
                Some(thought) => json!([
                    {"type": "thinking", "thinking": [{"type": "text", "text": thought}]},
                    {"type": "text", "text": said},
                ]),
                None => json!(said),
            };
            let mut answer = json!({"role": "assistant", "content": content});
            let ids: Vec<String> = (0..calls.len()).map(|number| format!("callnum0{number}")).collect();
            if !calls.is_empty() {
                let call = |(id, (number, _)): (&String, &(i64, String))| {
                    json!({"id": id, "type": "function", "function": {"name": "f", "arguments": format!("{{\"n\":{number}}}")}})
                };
                answer["tool_calls"] = ids.iter().zip(&calls).map(call).collect();
            }
            let result = |(id, (_, text)): (&String, &(i64, String))| {
                json!({"role": "tool", "content": text, "tool_call_id": id, "name": "f"})
            };
            let mut messages = vec![json!({"role": "user", "content": user}), answer];
            messages.extend(ids.iter().zip(&calls).map(result));
            if !calls.is_empty() {
                messages.push(json!({"role": "assistant", "content": "done"}));
            }
            messages
        },
    )
}

proptest! {
    /// What this dialect's parser makes of this dialect's body, its emitter writes again.
    #[test]
    fn a_conversation_that_is_read_and_written_again_stays_as_it_is(
        rounds in vec(round(proptest::option::of(text())), 0..3),
        temperature in 0..15_u32,
    ) {
        let mut messages: Vec<Value> = rounds.into_iter().flatten().collect();
        messages.push(json!({"role": "user", "content": "isobar1. makes it be read"}));
        let body = json!({
            "model": "up", "messages": messages,
            "temperature": f64::from(temperature) / 10.0, "random_seed": 3,
        });
        let request = read(Client::MistralChat, &body.to_string()).unwrap();
        let sent = emit(&request, TO).unwrap();
        prop_assert!(sent.dropped.is_empty());
        let sent: Value = serde_json::from_slice(&sent.body).unwrap();
        is_valid(&sent, "generated");
        prop_assert_eq!(sent, body);
    }

    /// Without reasoning, which Chat Completions has no slot for.
    #[test]
    fn a_conversation_returns_from_openai_unchanged(
        rounds in vec(round(Just(None)), 0..3),
    ) {
        let mut messages: Vec<Value> = rounds.into_iter().flatten().collect();
        messages.push(json!({"role": "user", "content": "last"}));
        let body = json!({"model": "up", "messages": messages});
        let there = emit(&read(Client::MistralChat, &body.to_string()).unwrap(), Upstream::OpenAiChat);
        let there = String::from_utf8(there.unwrap().body.to_vec()).unwrap();
        let back = emit(&openai(&there).unwrap(), TO).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Value>(&back.body).unwrap(), body);
    }
}

#[test]
fn a_refusal_names_the_callers_own_word_for_a_field() {
    let seeded = with(chat(), "random_seed", json!(7));
    let request = read(Client::MistralChat, &seeded.to_string()).unwrap();
    let refused = emit(&request, Upstream::AnthropicMessages).unwrap_err();
    assert_eq!(refused.param, "random_seed");
    assert!(refused.message.starts_with("`random_seed`"), "{refused}");
    let asked = json!({
        "model": "m", "max_tokens": 9, "output_config": {"effort": "low"},
        "messages": [{"role": "user", "content": "x"}],
    });
    assert_eq!(refused_by_mistral(&asked), "output_config.effort");
}

fn refused_by_mistral(body: &Value) -> String {
    emit(&parse(Client::AnthropicMessages, &body.to_string()), TO).map(drop).unwrap_err().param
}
