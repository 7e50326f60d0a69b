//! Requests that pass through, and what is found in them.

use bytes::Bytes;
use dialect::{Caller, Needs, Target};
use proptest::prelude::*;

use crate::support::*;

const MINIMAL: &str = r#"{"messages":[],"model":"chat-large","future":{"a":[1.50,"é"]}}"#;

fn passed(request: &dialect::Request, upstream: Upstream) -> String {
    String::from_utf8(emit(request, upstream).unwrap().body.to_vec()).unwrap()
}

#[test]
fn only_the_model_changes_on_the_way_through() {
    let request = openai(MINIMAL).unwrap();
    assert_eq!(passed(&request, Upstream::OpenAiChat), MINIMAL.replace("chat-large", "up"));
    assert_eq!(request.model(), "chat-large");
    assert!(!request.stream());
}

#[test]
fn a_body_that_needs_no_change_is_shared_and_not_copied() {
    let body = Bytes::from_static(br#"{"model":"up","messages":[]}"#);
    let request =
        dialect::Request::parse(Client::OpenAiChat, Caller::default(), body.clone()).unwrap();
    let sent = emit(&request, Upstream::OpenAiChat).unwrap().body;
    assert_eq!(sent.as_ptr(), body.as_ptr());
}

#[test]
fn a_model_with_escapes_is_replaced_whole() {
    let request = openai(r#"{"model" : "a\"bé" , "messages":[]}"#).unwrap();
    assert_eq!(request.model(), "a\"bé");
    assert_eq!(passed(&request, Upstream::OpenAiChat), r#"{"model" : "up" , "messages":[]}"#);
}

#[test]
fn a_stream_asks_for_usage_whatever_the_caller_said() {
    for (options, expected) in [
        (
            "",
            r#"{"stream_options":{"include_usage":true},"model":"up","messages":[],"stream":true}"#,
        ),
        (
            r#","stream_options":null"#,
            r#"{"model":"up","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#","stream_options":{ }"#,
            r#"{"model":"up","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#","stream_options":{"x":1}"#,
            r#"{"model":"up","messages":[],"stream":true,"stream_options":{"include_usage":true,"x":1}}"#,
        ),
        (
            r#","stream_options":{"include_usage":false,"x":1}"#,
            r#"{"model":"up","messages":[],"stream":true,"stream_options":{"include_usage":true,"x":1}}"#,
        ),
        (
            r#","stream_options":{"include_usage":null}"#,
            r#"{"model":"up","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#","stream_options":{"include_usage":true}"#,
            r#"{"model":"up","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
    ] {
        let body = format!(r#"{{"model":"m","messages":[],"stream":true{options}}}"#);
        let request = openai(&body).unwrap();
        assert_eq!(passed(&request, Upstream::OpenAiChat), expected);
    }
}

#[test]
fn a_call_that_does_not_stream_is_not_asked_for_stream_usage() {
    let body = r#"{"model":"up","messages":[],"stream":false}"#;
    assert_eq!(passed(&openai(body).unwrap(), Upstream::OpenAiChat), body);
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    let deep =
        format!(r#"{{"model":"m","messages":[],"x":{}{}}}"#, "[".repeat(300), "]".repeat(300));
    for (body, param) in [
        (r#"{"model":"a","model":"b","messages":[]}"#, Some("model")),
        (r#"{"model":"a","mod\u0065l":"b","messages":[]}"#, Some("model")),
        (r#"{"model":"a","messages":[],"x":1,"x":2}"#, Some("x")),
        (r#"{"model":7,"messages":[]}"#, Some("model")),
        (r#"{"messages":[]}"#, Some("model")),
        (r#"{"model":"m"}"#, Some("messages")),
        (r#"{"model":"m","messages":{}}"#, Some("messages")),
        (r#"{"model":"m","messages":[],"stream":"yes"}"#, Some("stream")),
        (r#"{"model":"m","messages":[],"stream_options":[]}"#, Some("stream_options")),
        (r#"{"model":"m","messages":[]} {}"#, None),
        (r#"{"model":"m","messages":["#, None),
        (r#"[]"#, None),
        (&deep, None),
    ] {
        let error = openai(body).unwrap_err();
        assert_eq!(error.param.as_deref(), param, "{body}");
    }
}

#[test]
fn a_parse_error_quotes_nothing_from_the_body() {
    for body in [r#"{"model":"secret","stream":"secret"}"#, r#"{"model":"secret" secret}"#] {
        let error = openai(body).unwrap_err();
        assert!(!error.message.contains("secret"), "{}", error.message);
    }
}

#[test]
fn needs_of_a_chat_request_are_found() {
    let needs = |body: &str| openai(body).unwrap().needs().clone();
    let with = |field: &str| needs(&format!(r#"{{"model":"m","messages":[],{field}}}"#));
    let said = |message: &str| needs(&format!(r#"{{"model":"m","messages":[{message}]}}"#));
    assert_eq!(said(r#"{"role":"user","content":"hi"}"#), Needs::default());
    assert!(with(r#""tools":[{"type":"function","function":{"name":"f"}}]"#).function_tools);
    assert!(said(r#"{"role":"tool","tool_call_id":"1","content":"x"}"#).function_tools);
    assert!(said(r#"{"role":"assistant","content":null,"tool_calls":[{}]}"#).function_tools);
    assert!(!said(r#"{"role":"assistant","content":"","tool_calls":null}"#).function_tools);
    assert_eq!(with(r#""web_search_options":{}"#).hosted_tools, ["web_search"]);
    assert_eq!(with(r#""tools":[{"type":"mcp"},{"type":"mcp"}]"#).hosted_tools, ["mcp"]);
    assert!(said(r#"{"content":[{"image_url":{},"type":"image_url"}],"role":"user"}"#).images);
    assert!(said(r#"{"role":"user","content":[{"type":"file","file":{}}]}"#).documents);
    assert!(said(r#"{"role":"user","content":[{"type":"input_audio"}]}"#).audio);
    assert!(with(r#""response_format":{"json_schema":{},"type":"json_schema"}"#).json_schema);
    assert!(with(r#""logprobs":true"#).logprobs);
    assert!(with(r#""n":2"#).several_answers);
    assert!(with(r#""reasoning_effort":"low""#).reasoning);
}

#[test]
fn needs_of_a_messages_request_are_found() {
    let needs = |body: &str| anthropic("2023-06-01", body).unwrap().needs().clone();
    let with =
        |field: &str| needs(&format!(r#"{{"model":"m","max_tokens":1,"messages":[],{field}}}"#));
    let said = |blocks: &str| {
        needs(&format!(
            r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":[{blocks}]}}]}}"#
        ))
    };
    assert_eq!(said(r#"{"type":"text","text":"hi"}"#), Needs::default());
    assert!(with(r#""tools":[{"name":"f","input_schema":{}}]"#).function_tools);
    assert!(with(r#""tools":[{"type":"bash_20250124","name":"bash"}]"#).function_tools);
    let hosted = with(r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#);
    assert_eq!(hosted.hosted_tools, ["web_search"]);
    assert!(!hosted.function_tools);
    assert_eq!(with(r#""mcp_servers":[{"url":"https://x"}]"#).hosted_tools, ["mcp"]);
    assert_eq!(with(r#""mcp_servers":[]"#), Needs::default());
    let result =
        r#"{"type":"tool_result","tool_use_id":"1","content":[{"type":"image","source":{}}]}"#;
    assert!(said(result).images && said(result).function_tools);
    assert!(said(r#"{"type":"document","source":{}}"#).documents);
    assert!(said(r#"{"type":"thinking","thinking":"x","signature":"y"}"#).reasoning);
    let used = said(r#"{"type":"server_tool_use","id":"1","name":"web_fetch","input":{}}"#);
    assert_eq!(used.hosted_tools, ["web_fetch"]);
    assert!(with(r#""output_config":{"format":{"type":"json_schema","schema":{}}}"#).json_schema);
}

#[test]
fn the_newer_version_refuses_what_anthropic_refuses() {
    let body = |rest: &str| format!(r#"{{"model":"m","max_tokens":1,"messages":[]{rest}}}"#);
    for (field, param) in [
        (r#","temperature":1.0"#, "temperature"),
        (r#","top_p":0.9"#, "top_p"),
        (r#","top_k":5"#, "top_k"),
    ] {
        assert!(anthropic("2023-06-01", &body(field)).is_ok());
        let error = anthropic("2026-10-21", &body(field)).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param));
    }
    let said = |role: &str, block: &str| {
        format!(
            r#"{{"model":"m","max_tokens":1,"messages":[{{"content":[{{"type":"text","text":"a"}},{block}],"role":"{role}"}}]}}"#
        )
    };
    let document = r#"{"type":"document","source":{}}"#;
    let cited = r#"{"type":"text","text":"b","citations":[{"type":"x"}]}"#;
    for (role, block) in [("assistant", document), ("user", cited)] {
        let error = anthropic("2026-10-21", &said(role, block)).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("messages[0].content[1]"));
        assert!(anthropic("2023-06-01", &said(role, block)).is_ok());
    }
    assert!(anthropic("2026-10-21", &said("user", document)).is_ok());
    let error = anthropic("2031-01-01", &body("")).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("anthropic-version"));
}

#[test]
fn a_body_cannot_move_processing_to_another_place() {
    let body = r#"{"model":"m","max_tokens":1,"messages":[],"inference_geo":"us"}"#;
    let request = anthropic("2026-10-21", body).unwrap();
    for geo in [None, Some("global")] {
        let target = Target { inference_geo: geo, ..TARGET };
        for upstream in [Upstream::AnthropicMessages, Upstream::OpenAiChat] {
            let refused = request.carried_by(upstream, &target).unwrap_err();
            assert_eq!(refused.param, "inference_geo");
            assert_eq!(request.emit(upstream, &target).unwrap_err(), refused);
            assert_eq!(request.choose(&[upstream], &target).unwrap_err(), refused);
        }
    }
    let agreed = Target { model: "m", inference_geo: Some("us"), ..TARGET };
    let sent = request.emit(Upstream::AnthropicMessages, &agreed).unwrap();
    assert_eq!(sent.body, body);
}

#[test]
fn the_endpoint_says_where_anthropic_processes_whoever_asks() {
    let target = Target { inference_geo: Some("us"), ..TARGET };
    let own = r#"{"model":"m","max_tokens":1,"messages":[]}"#;
    let own = anthropic("2026-10-21", own).unwrap();
    let sent = own.emit(Upstream::AnthropicMessages, &target).unwrap();
    assert_eq!(sent.body, r#"{"inference_geo":"us","model":"up","max_tokens":1,"messages":[]}"#);
    // A null is not left behind it, where it would be the one that counts.
    let null = r#"{"model":"m","inference\u005fgeo" : null,"max_tokens":1,"messages":[]}"#;
    let sent = anthropic("2023-06-01", null).unwrap();
    let sent = sent.emit(Upstream::AnthropicMessages, &target).unwrap();
    let expected = r#"{"model":"up","inference\u005fgeo" : "us","max_tokens":1,"messages":[]}"#;
    assert_eq!(sent.body, expected);
    let foreign = r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#;
    let sent = openai(foreign).unwrap().emit(Upstream::AnthropicMessages, &target).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(body["inference_geo"], "us");
}

#[test]
fn version_and_betas_go_to_the_same_dialect_alone() {
    let body = r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}"#;
    let caller = Caller { anthropic_version: Some("2026-10-21"), anthropic_beta: Some("b-1") };
    let request =
        dialect::Request::parse(Client::AnthropicMessages, caller, Bytes::from(body)).unwrap();
    let same = emit(&request, Upstream::AnthropicMessages).unwrap();
    assert_eq!(
        same.headers,
        [("anthropic-version", "2026-10-21".to_owned()), ("anthropic-beta", "b-1".to_owned())]
    );
    let foreign = emit(&request, Upstream::OpenAiChat).unwrap();
    assert!(foreign.headers.is_empty());
    assert_eq!(foreign.dropped, ["anthropic-beta"]);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for client in [Client::OpenAiChat, Client::AnthropicMessages] {
            let body = Bytes::from(bytes.clone());
            let _ = dialect::Request::parse(client, Caller::default(), body);
        }
    }

    #[test]
    fn no_broken_request_panics(cut in 0_usize..400, insert in any::<u8>()) {
        const BODIES: [(Client, &str); 2] = [
            (Client::OpenAiChat, r#"{"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"1","content":[{"type":"text","text":"x"}]}],"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"stop":["a"],"response_format":{"type":"text"}}"#),
            (Client::AnthropicMessages, r#"{"model":"m","max_tokens":5,"system":"s","messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aa"}}]},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"}]}]}"#),
        ];
        for (client, body) in BODIES {
            let mut bytes = body.as_bytes().to_vec();
            let at = cut % bytes.len();
            bytes[at] = insert;
            if let Ok(request) = dialect::Request::parse(client, Caller::default(), bytes.into()) {
                let _ = emit(&request, Upstream::OpenAiChat);
                let _ = emit(&request, Upstream::AnthropicMessages);
            }
        }
    }
}

#[test]
fn a_body_cannot_name_another_model_vendor_or_address() {
    // Wherever it stands.
    let chat = |field: &str| format!(r#"{{"model":"m","messages":[],{field}}}"#);
    let first = r#"{"models":["a/b"],"model":"m","messages":[]}"#;
    let refused = emit(&openai(first).unwrap(), Upstream::OpenAiChat).unwrap_err();
    assert_eq!(refused.param, "models");
    let responses = |field: &str| format!(r#"{{"model":"m","input":"x",{field}}}"#);
    for (name, value) in [
        ("models", r#"["a/b"]"#),
        ("provider", r#"{"order":["x"]}"#),
        ("route", r#""fallback""#),
        ("fallbacks", r#"[{"model":"x"}]"#),
        ("api_base", r#""https://elsewhere.example""#),
        ("base_url", r#""https://elsewhere.example""#),
        ("kv_transfer_params", r#"{"remote_host":"elsewhere"}"#),
    ] {
        let field = format!(r#""{name}":{value}"#);
        for (client, upstream, body) in [
            (Client::OpenAiChat, Upstream::OpenAiChat, chat(&field)),
            (Client::MistralChat, Upstream::MistralChat, chat(&field)),
            (Client::OpenAiResponses, Upstream::OpenAiResponses, responses(&field)),
            (Client::OpenAiEmbeddings, Upstream::OpenAiEmbeddings, responses(&field)),
        ] {
            let refused = emit(&read(client, &body).unwrap(), upstream).unwrap_err();
            assert_eq!(refused.param, name, "{client}");
            assert!(refused.message.contains("policy"), "{}", refused.message);
        }
        let none = format!(r#""{name}":null"#);
        assert!(emit(&openai(&chat(&none)).unwrap(), Upstream::OpenAiChat).is_ok());
    }
}

#[test]
fn fields_that_have_the_provider_search_count_as_tools_of_the_provider() {
    for (name, value) in [
        ("data_sources", r#"[{"type":"elasticsearch"}]"#),
        ("search_parameters", r#"{"mode":"on"}"#),
        ("enable_search", "true"),
        ("search_options", "{}"),
        ("search", "true"),
        ("plugins", r#"[{"id":"web"}]"#),
    ] {
        let chat = format!(r#"{{"model":"m","messages":[],"{name}":{value}}}"#);
        assert_eq!(openai(&chat).unwrap().needs().hosted_tools, [name]);
        let responses = format!(r#"{{"model":"m","input":"x","{name}":{value}}}"#);
        let request = read(Client::OpenAiResponses, &responses).unwrap();
        assert_eq!(request.needs().hosted_tools, [name]);
        for off in ["null", "false", "[]"] {
            let chat = format!(r#"{{"model":"m","messages":[],"{name}":{off}}}"#);
            assert_eq!(*openai(&chat).unwrap().needs(), Needs::default(), "{off}");
        }
    }
}

#[test]
fn a_field_that_moves_a_prompt_cannot_hide_behind_capitals() {
    for name in ["Models", "API_BASE", "data_\u{17f}ources", r"\u0052oute"] {
        let body = format!(r#"{{"model":"m","messages":[],"{name}":"x"}}"#);
        assert!(openai(&body).is_err(), "{name}");
    }
}

#[test]
fn nothing_is_kept_by_the_provider_because_a_caller_asked_for_it() {
    let body = r#"{"model":"m","store":true,"prompt_cache_retention":"24h","messages":[]}"#;
    let sent = emit(&openai(body).unwrap(), Upstream::OpenAiChat).unwrap();
    assert_eq!(sent.body, r#"{"model":"up","store":false,"messages":[]}"#);
    assert_eq!(sent.dropped, ["store", "prompt_cache_retention"]);
    let body = r#"{"prompt_cache_options":{"ttl":"24h"},"prompt_cache_retention":1,"model":"m","store":null,"messages":[], "service_tier":"flex"}"#;
    let sent = emit(&openai(body).unwrap(), Upstream::OpenAiChat).unwrap();
    assert_eq!(sent.body, r#"{"model":"up","store":null,"messages":[]}"#);
    let taken_out = ["prompt_cache_options", "prompt_cache_retention", "service_tier"];
    assert_eq!(sent.dropped, taken_out);
    let body = r#"{"model":"up","store":false,"prompt_cache_retention":"in_memory","prompt_cache_options":{"mode":"explicit"},"service_tier":"default","messages":[]}"#;
    let sent = emit(&openai(body).unwrap(), Upstream::OpenAiChat).unwrap();
    assert_eq!((&sent.body[..], sent.dropped.len()), (body.as_bytes(), 0));
    for store in ["1", "\"true\"", "{}"] {
        let body = format!(r#"{{"model":"m","messages":[],"store":{store}}}"#);
        assert_eq!(openai(&body).unwrap_err().param.as_deref(), Some("store"));
    }
}

#[test]
fn a_responses_caller_decides_as_little_what_is_kept() {
    let body = r#"{"prompt_cache_retention":"24h","model":"m","input":"x","service_tier":"priority","prompt_cache_options":{"ttl":"1h"}}"#;
    let request = read(Client::OpenAiResponses, body).unwrap();
    let sent = emit(&request, Upstream::OpenAiResponses).unwrap();
    assert_eq!(sent.body, r#"{"store":false,"model":"up","input":"x"}"#);
    let taken_out = ["store", "prompt_cache_retention", "service_tier", "prompt_cache_options"];
    assert_eq!(sent.dropped, taken_out);
}
