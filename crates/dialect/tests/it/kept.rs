//! What a body names and only its provider has is refused in every dialect, its own included: such
//! things lie where nobody decided. And what decides who may serve is found wherever it stands.

use serde_json::{Value, json};

use crate::support::{Client, TARGET, Upstream, read};

fn chat(message: &Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "x"}, message]})
}

fn messages(block: &Value) -> Value {
    json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [block]}]})
}

#[test]
fn a_reference_to_what_a_provider_keeps_is_refused_by_its_place() {
    let part = |part: Value| chat(&json!({"role": "user", "content": [part]}));
    let file = json!({"type": "file", "file_id": "f"});
    let image = json!({"type": "image", "source": file});
    let own = [
        (Client::OpenAiChat, Upstream::OpenAiChat),
        (Client::MistralChat, Upstream::MistralChat),
        (Client::AnthropicMessages, Upstream::AnthropicMessages),
        (Client::AnthropicCount, Upstream::AnthropicCount),
    ];
    for (anthropic, body, place) in [
        (
            false,
            part(json!({"type": "file", "file": {"file_id": "f"}})),
            "messages[1].content[0].file.file_id",
        ),
        (false, part(json!({"type": "file", "file_id": "f"})), "messages[1].content[0].file_id"),
        (
            false,
            chat(&json!({"role": "assistant", "audio": {"id": "audio_1"}})),
            "messages[1].audio.id",
        ),
        (true, messages(&image), "messages[0].content[0].source.file_id"),
        (
            true,
            messages(&json!({"type": "document", "source": file})),
            "messages[0].content[0].source.file_id",
        ),
        (
            true,
            messages(
                &json!({"type": "document", "source": {"type": "content", "content": [image]}}),
            ),
            "messages[0].content[0].source.content[0].source.file_id",
        ),
        (
            true,
            messages(&json!({"type": "tool_result", "tool_use_id": "t", "content": [image]})),
            "messages[0].content[0].content[0].source.file_id",
        ),
        (
            true,
            messages(&json!({"type": "container_upload", "file_id": "f"})),
            "messages[0].content[0].file_id",
        ),
    ] {
        for (client, upstream) in own {
            if (upstream.as_str().starts_with("anthropic")) != anthropic {
                continue;
            }
            let request = read(client, &body.to_string()).unwrap();
            assert_eq!(request.emit(upstream, &TARGET).unwrap_err().param, place, "{client}");
        }
    }
    let sent = json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:,x", "file_id": null}});
    let request = read(Client::OpenAiChat, &part(sent).to_string()).unwrap();
    assert!(request.emit(Upstream::OpenAiChat, &TARGET).is_ok());
    let result = json!({"type": "search_result", "source": "https://a.example", "title": "a",
        "content": [{"type": "text", "text": "b"}]});
    let request = read(Client::AnthropicMessages, &messages(&result).to_string()).unwrap();
    assert!(request.emit(Upstream::AnthropicMessages, &TARGET).is_ok());
}

#[test]
fn a_speed_that_may_be_served_from_elsewhere_is_refused_by_name() {
    for (speed, refused) in
        [(json!("fast"), true), (json!(1), true), (json!("standard"), false), (json!(null), false)]
    {
        let mut body = messages(&json!({"type": "text", "text": "x"}));
        body["speed"] = speed.clone();
        let request = read(Client::AnthropicMessages, &body.to_string()).unwrap();
        for upstream in [Upstream::AnthropicMessages, Upstream::OpenAiChat] {
            let refusal = request.emit(upstream, &TARGET).map_err(|refused| refused.param);
            assert_eq!(refusal.err().as_deref(), refused.then_some("speed"), "{speed}");
        }
    }
}

#[test]
fn a_tool_with_two_types_is_refused() {
    for (client, tail) in [
        (Client::OpenAiChat, r#""messages":[]"#),
        (Client::MistralChat, r#""messages":[]"#),
        (Client::OpenAiResponses, r#""input":"x""#),
        (Client::AnthropicMessages, r#""max_tokens":1,"messages":[]"#),
    ] {
        for tool in [
            r#"{"type":"web_search","type":"function","name":"f"}"#,
            r#"{"type":"web_search","typ\u0065":"custom","name":"f"}"#,
            r#"{"Type":"web_search","type":"function","name":"f"}"#,
            r#"{"TYPE":"web_search","name":"f"}"#,
        ] {
            let body = format!(r#"{{"model":"m","tools":[{tool}],{tail}}}"#);
            let refused = read(client, &body).unwrap_err();
            assert_eq!(refused.param.as_deref(), Some("tools"), "{client}: {tool}");
            assert!(refused.message.contains("a field"), "{}", refused.message);
        }
    }
}

#[test]
fn audio_is_found_however_it_is_asked_for() {
    for (more, audio) in [
        (json!({"modalities": ["text", "audio"]}), true),
        (json!({"modalities": ["text"]}), false),
        (json!({"modalities": null}), false),
        (json!({"messages": [{"role": "assistant", "audio": {"id": "a"}}]}), true),
        (json!({"messages": [{"role": "assistant", "audio": null}]}), false),
    ] {
        let mut body = chat(&json!({"role": "user", "content": "x"}));
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let request = read(Client::OpenAiChat, &body.to_string()).unwrap();
        assert_eq!(request.needs().audio, audio, "{body}");
    }
}
