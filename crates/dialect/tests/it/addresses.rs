//! Addresses in a prompt: what a provider is not to fetch is refused, wherever it would go.

use bytes::Bytes;
use dialect::{Caller, Request, Target};
use serde_json::{Value, json};

use crate::support::*;

/// Where the body is refused, in the caller's dialect itself and by any other.
fn refused(client: Client, same: Upstream, body: &Value) -> String {
    let request = Request::parse(client, Caller::default(), Bytes::from(body.to_string())).unwrap();
    let refused = emit(&request, same).unwrap_err();
    assert!(!refused.message.contains("secret"), "{}", refused.message);
    assert!(refused.message.ends_with("base64 data address"), "{}", refused.message);
    assert_eq!(request.choose(&[same, Upstream::Gemini], &TARGET), Err(refused.clone()));
    refused.param
}

fn message(content: &Value) -> Value {
    json!({"model": "m", "max_tokens": 1, "messages": [
        {"role": "user", "content": "x"},
        {"role": "user", "content": [{"type": "text", "text": "x"}, content]},
    ]})
}

#[test]
fn no_address_in_a_store_or_on_a_disk_passes_through() {
    let place = |end: &str| format!("messages[1].content[1].{end}");
    for address in ["gs://secret/a.png", "s3://secret/a.png", "file:///secret", "/secret.png"] {
        let chat = |key: &str, value: Value| message(&json!({"type": key, key: value}));
        for (client, same) in [
            (Client::OpenAiChat, Upstream::OpenAiChat),
            (Client::MistralChat, Upstream::MistralChat),
        ] {
            let body = chat("image_url", json!({"url": address, "detail": "low"}));
            assert_eq!(refused(client, same, &body), place("image_url.url"));
            for key in ["image_url", "document_url", "video_url"] {
                assert_eq!(refused(client, same, &chat(key, json!(address))), place(key));
            }
        }
        let source = json!({"type": "url", "url": address});
        let image = json!({"type": "image", "source": source});
        for (block, at) in [
            (image.clone(), "source.url"),
            (json!({"type": "document", "source": source}), "source.url"),
            (
                json!({"type": "document", "source": {"type": "content", "content": [image]}}),
                "source.content[0].source.url",
            ),
            (
                json!({"type": "tool_result", "tool_use_id": "t", "content": [image]}),
                "content[0].source.url",
            ),
        ] {
            let body = message(&block);
            let messages = refused(Client::AnthropicMessages, Upstream::AnthropicMessages, &body);
            assert_eq!(messages, place(at));
            let count = refused(Client::AnthropicCount, Upstream::AnthropicCount, &body);
            assert_eq!(count, place(at));
        }
        let (client, same) = (Client::OpenAiResponses, Upstream::OpenAiResponses);
        for (item, at) in [
            (
                json!({"role": "user", "content": [{"type": "input_image", "image_url": address}]}),
                "content[0].image_url",
            ),
            (
                json!({"role": "user", "content": [{"type": "input_file", "file_url": address}]}),
                "content[0].file_url",
            ),
            (
                json!({"type": "computer_call_output", "call_id": "c",
                    "output": {"type": "computer_screenshot", "image_url": address}}),
                "output.image_url",
            ),
        ] {
            let body = json!({"model": "m", "input": [{"role": "user", "content": "x"}, item]});
            assert_eq!(refused(client, same, &body), format!("input[1].{at}"));
        }
    }
}

#[test]
fn an_address_that_nobody_fetches_is_text() {
    let uri = "gs://bucket/object";
    let call = json!({"type": "tool_use", "id": "t", "name": "f", "input": {"url": uri, "source": {"url": uri}}});
    let found = json!({"type": "search_result", "source": uri, "title": "t", "content": [{"type": "text", "text": uri}]});
    for block in [call, found, json!({"type": "text", "text": uri})] {
        let request = parse(Client::AnthropicMessages, &message(&block).to_string());
        assert!(emit(&request, Upstream::AnthropicMessages).is_ok(), "{block}");
    }
}

#[test]
fn a_file_that_google_keeps_for_another_caller_is_not_read() {
    let kept = "https://generativelanguage.googleapis.com/v1beta/files/abc.png";
    for kind in ["image", "document"] {
        let body = message(&json!({"type": kind, "source": {"type": "url", "url": kept}}));
        let request = parse(Client::AnthropicMessages, &body.to_string());
        let refused = request.emit(Upstream::Gemini, &Target::new("gemini-2.5-flash", 9));
        assert_eq!(refused.unwrap_err().param, "messages[1].content[1]", "{kind}");
    }
}
