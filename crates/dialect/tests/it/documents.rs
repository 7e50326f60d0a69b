//! Documents between Chat Completions and Messages.

use serde_json::{Value, json};

use crate::support::*;

fn said(part: &Value) -> String {
    json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [part]}]})
        .to_string()
}

#[test]
fn a_document_that_is_sent_along_has_a_place_on_both_sides() {
    let file = |name: &str, data: &str| json!({"type": "file", "file": {"filename": name, "file_data": data}});
    let document =
        |title: &str, source: Value| json!({"type": "document", "title": title, "source": source});
    for (file, document) in [
        (
            file("a.pdf", "data:application/pdf;base64,aGk="),
            document(
                "a.pdf",
                json!({"type": "base64", "media_type": "application/pdf", "data": "aGk="}),
            ),
        ),
        (
            file("n.txt", "data:text/plain;base64,w6nDoQ=="),
            document(
                "n.txt",
                json!({"type": "text", "media_type": "text/plain", "data": "\u{e9}\u{e1}"}),
            ),
        ),
    ] {
        let there = translated(Client::OpenAiChat, &said(&file));
        assert_eq!(there["messages"][0]["content"][0], document);
        let back = translated(Client::AnthropicMessages, &said(&document));
        assert_eq!(back["messages"][0]["content"][0], file);
    }
}

#[test]
fn a_document_that_cannot_go_is_refused_by_its_exact_place() {
    let at = |rest: &str| format!("messages[0].content[0]{rest}");
    for (part, place) in [
        (json!({"type": "file", "file": {"file_id": "f"}}), ".file.file_id"),
        (json!({"type": "file", "file": {"file_data": "aGk="}}), ".file.file_data"),
        (json!({"type": "file", "file": {"file_data": "data:application/zip;base64,aGk="}}), ""),
    ] {
        assert_eq!(refused(Client::OpenAiChat, &said(&part)), at(place));
    }
    let document = |source: Value| json!({"type": "document", "source": source});
    let text = json!({"type": "text", "data": "x"});
    for (part, place) in [
        (document(json!({"type": "file", "file_id": "f"})), ".source.file_id"),
        (document(json!({"type": "content", "content": []})), ".source.type"),
        (document(json!({"type": "url", "url": "https://x/a.pdf"})), ""),
        (json!({"type": "document", "source": text, "context": "c"}), ".context"),
        (json!({"type": "document", "source": text, "citations": {"enabled": true}}), ".citations"),
        (json!({"type": "image", "source": {"type": "file", "file_id": "f"}}), ".source.file_id"),
    ] {
        let body = said(&part);
        assert_eq!(refused(Client::AnthropicMessages, &body), at(place), "{part}");
    }
    let part = json!({"type": "document", "source": text, "citations": {"enabled": false}});
    translated(Client::AnthropicMessages, &said(&part));
}

#[test]
fn an_image_of_a_tool_is_refused_where_a_result_is_text_and_never_put_into_the_users_mouth() {
    let image = json!({"type": "image", "source": {"type": "url", "url": "https://x/y.png"}});
    let body = json!({"model": "m", "max_tokens": 1,
    "tools": [{"name": "f", "input_schema": {}}],
    "messages": [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [image]}]},
    ]});
    let place = refused(Client::AnthropicMessages, &body.to_string());
    assert_eq!(place, "messages[2].content[0].content[0].type");
}
