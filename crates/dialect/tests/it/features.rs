//! What a route must be able to do for a request, and the field that asks for it.

use dialect::Target;
use vocab::Feature;

use crate::support::*;

/// The only feature that a body asks for, and the field that does.
fn asks(client: Client, body: &str) -> (Feature, String) {
    let request = parse(client, body);
    let mut features = request.features().iter();
    let (Some(feature), None) = (features.next(), features.next()) else {
        panic!("{body} asks for {:?}", request.features())
    };
    (feature, request.place_of(feature))
}

#[test]
fn a_chat_request_says_what_it_needs_and_where() {
    let with = |field: &str| {
        let body =
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{field}}}"#);
        asks(Client::OpenAiChat, &body)
    };
    for (field, feature, place) in [
        (r#""tools":[{"type":"function","function":{"name":"f"}}]"#, Feature::Tools, "tools"),
        (r#""parallel_tool_calls":true"#, Feature::ParallelTools, "parallel_tool_calls"),
        (r#""tool_choice":"required""#, Feature::ForcedTool, "tool_choice"),
        (
            r#""tool_choice":{"function":{"name":"f"},"type":"function"}"#,
            Feature::ForcedTool,
            "tool_choice",
        ),
        (
            r#""response_format":{"type":"json_schema","json_schema":{"schema":{}}}"#,
            Feature::JsonSchema,
            "response_format",
        ),
        (r#""response_format":{"type":"json_object"}"#, Feature::JsonObject, "response_format"),
        (r#""logprobs":true"#, Feature::Logprobs, "logprobs"),
        (r#""n":2"#, Feature::SeveralAnswers, "n"),
        (r#""reasoning_effort":"low""#, Feature::Reasoning, "reasoning_effort"),
        (r#""temperature":0"#, Feature::Sampling, "temperature"),
        (r#""top_p":0.5"#, Feature::Sampling, "top_p"),
        (r#""stream":true"#, Feature::Streaming, "stream"),
    ] {
        assert_eq!(with(field), (feature, place.to_owned()), "{field}");
    }
    for field in [
        r#""reasoning_effort":"none""#,
        r#""tool_choice":"auto""#,
        r#""tool_choice":null"#,
        r#""parallel_tool_calls":false"#,
        r#""temperature":null"#,
        r#""stream":false"#,
    ] {
        let body = format!(r#"{{"model":"m","messages":[],{field}}}"#);
        assert!(openai(&body).unwrap().features().is_empty(), "{field}");
    }
}

#[test]
fn a_messages_request_says_what_it_needs_and_where() {
    let with = |field: &str| {
        let body = format!(
            r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":"x"}}],{field}}}"#
        );
        asks(Client::AnthropicMessages, &body)
    };
    for (field, feature, place) in [
        (r#""tools":[{"name":"f","input_schema":{}}]"#, Feature::Tools, "tools"),
        (
            r#""tool_choice":{"type":"auto","disable_parallel_tool_use":false}"#,
            Feature::ParallelTools,
            "tool_choice.disable_parallel_tool_use",
        ),
        (r#""tool_choice":{"name":"f","type":"tool"}"#, Feature::ForcedTool, "tool_choice"),
        (
            r#""output_config":{"format":{"type":"json_schema","schema":{}}}"#,
            Feature::JsonSchema,
            "output_config.format",
        ),
        (r#""thinking":{"type":"adaptive"}"#, Feature::Reasoning, "thinking"),
        (r#""top_k":5"#, Feature::Sampling, "top_k"),
        (r#""stream":true"#, Feature::Streaming, "stream"),
    ] {
        assert_eq!(with(field), (feature, place.to_owned()), "{field}");
    }
    let off = r#"{"model":"m","max_tokens":1,"messages":[],"thinking":{"type":"disabled"}}"#;
    assert!(anthropic("2023-06-01", off).unwrap().features().is_empty());
}

#[test]
fn what_the_conversation_holds_is_named_by_its_exact_place() {
    let user = r#"{"role":"user","content":"x"}"#;
    let image = r#"{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}"#;
    for (messages, feature, place) in [
        (format!("{user},{image}"), Feature::Images, "messages[1].content[1]"),
        (
            format!(r#"{user},{{"role":"assistant","content":"a"}}"#),
            Feature::Prefill,
            "messages[1]",
        ),
        (
            format!(
                r#"{{"role":"system","content":"s"}},{user},{{"role":"developer","content":"d"}}"#
            ),
            Feature::LateInstructions,
            "messages[2]",
        ),
    ] {
        let body = format!(r#"{{"model":"m","messages":[{messages}]}}"#);
        assert_eq!(asks(Client::OpenAiChat, &body), (feature, place.to_owned()), "{body}");
    }
    let image =
        r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aa"}}"#;
    let body = format!(
        r#"{{"model":"m","max_tokens":1,"messages":[{user},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"a","content":[{image}]}}]}}]}}"#
    );
    let request = anthropic("2023-06-01", &body).unwrap();
    assert_eq!(request.place_of(Feature::Images), "messages[1].content[0].content[0]");
    // What cannot be read is named by its field.
    let body = r#"{"model":"m","brand_new":1,"messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#;
    assert_eq!(openai(body).unwrap().place_of(Feature::Images), "messages");
}

#[test]
fn late_instructions_cross_only_to_a_model_that_is_said_to_take_them() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"system","content":"late"},{"role":"user","content":"y"}]}"#;
    let request = openai(body).unwrap();
    let refused = emit(&request, Upstream::AnthropicMessages).unwrap_err();
    assert_eq!(refused.param, "messages[1].role");
    assert_eq!(request.choose(&[Upstream::AnthropicMessages], &TARGET).unwrap_err(), refused);
    let has = [Feature::LateInstructions].into_iter().collect();
    let target = Target { has, ..TARGET };
    let sent = request.emit(Upstream::AnthropicMessages, &target).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(sent["messages"][1]["role"], "system");
    assert_eq!(sent["messages"][1]["content"][0]["text"], "late");
    assert_eq!(sent["messages"][2]["role"], "user");
}

#[test]
fn a_prompt_is_too_long_only_when_no_tokenizer_could_shorten_it() {
    let long = |text: &str| {
        openai(&format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#))
            .unwrap()
    };
    let words = long(&"word ".repeat(2_000));
    assert!(words.is_longer_than(999));
    assert!(!words.is_longer_than(1_000));
    // White space and images may be many bytes and few tokens.
    assert!(!long(&" -=\\n".repeat(20_000)).is_longer_than(1));
    let image = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{}"}}}}]}}]}}"#,
        "A".repeat(100_000)
    );
    assert!(!openai(&image).unwrap().is_longer_than(100));
}

#[test]
fn the_output_limit_is_named_as_the_caller_wrote_it() {
    let chat = |field: &str| {
        openai(&format!(r#"{{"model":"m","messages":[],"{field}":5}}"#)).unwrap().output_max_place()
    };
    assert_eq!(chat("max_tokens"), "max_tokens");
    assert_eq!(chat("max_completion_tokens"), "max_completion_tokens");
}
