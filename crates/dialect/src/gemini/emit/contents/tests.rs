use serde_json::{Value, json};

use super::*;
use crate::{
    prompt::{Document, DocumentSource, Image, Path},
    reasoning::Seal,
};

fn block(kind: BlockKind) -> Block {
    Block { at: Path::default().key("content"), kind }
}

fn text(text: &str) -> Block {
    block(BlockKind::Text(text.to_owned()))
}

fn call(id: &str, name: &str) -> Block {
    let arguments = serde_json::from_str("{}").unwrap();
    block(BlockKind::ToolCall { id: id.to_owned(), name: name.to_owned(), arguments })
}

fn result(id: &str, content: Vec<Block>) -> Block {
    block(BlockKind::ToolResult { id: id.to_owned(), content, is_error: false })
}

fn reasoning(text: &str, issuer: Issuer, model: &'static str, data: &'static str) -> Block {
    let seal = Seal { issuer, model: model.into(), redacted: false, data: data.into() };
    block(BlockKind::Reasoning(Reasoning { text: text.to_owned(), seal: Some(seal) }))
}

fn sealed(data: &'static str) -> Block {
    reasoning("", Issuer::Gemini, "gemini-3-pro", data)
}

fn document(source: DocumentSource) -> Block {
    block(BlockKind::Document(Document { name: None, source }))
}

fn turn(role: Role, blocks: Vec<Block>) -> Turn {
    Turn { at: Path::default().key("messages"), role, blocks }
}

fn prompt(turns: Vec<Turn>) -> Prompt {
    Prompt { turns, ..Prompt::default() }
}

/// The parts of the model's first content, and what was left out.
fn answered(model: &str, blocks: Vec<Block>) -> (Value, Vec<&'static str>) {
    let results = blocks.iter().filter_map(|block| match &block.kind {
        BlockKind::ToolCall { id, .. } => Some(result(id, vec![text("r")])),
        _ => None,
    });
    let results = turn(Role::User, results.chain([text("go on")]).collect());
    let turns = vec![turn(Role::User, vec![text("q")]), turn(Role::Assistant, blocks), results];
    let prompt = prompt(turns);
    let conversation = conversation(&prompt, model).unwrap();
    let contents = serde_json::to_value(&conversation.contents).unwrap();
    (contents[1]["parts"].clone(), conversation.dropped)
}

fn asked(blocks: Vec<Block>) -> Value {
    let prompt = prompt(vec![turn(Role::User, blocks)]);
    serde_json::to_value(conversation(&prompt, "m").unwrap().contents).unwrap()[0]["parts"].clone()
}

fn called(id: &str) -> Value {
    json!({"functionCall": {"id": id, "name": "f", "args": {}}})
}

fn signed(mut part: Value, signature: &str) -> Value {
    part["thoughtSignature"] = signature.into();
    part
}

#[test]
fn a_signature_goes_back_into_the_part_that_follows_its_seal() {
    let (parts, dropped) = answered(
        "gemini-3-pro",
        vec![
            reasoning("hm", Issuer::Gemini, "gemini-3-pro", "S1"),
            call("a", "f"),
            call("b", "f"),
            text("and"),
            sealed("S2"),
        ],
    );
    assert_eq!(
        parts,
        json!([
            {"text": "hm", "thought": true},
            signed(called("a"), "S1"),
            called("b"),
            {"text": "and"},
            {"text": "", "thoughtSignature": "S2"},
        ])
    );
    assert!(dropped.is_empty());
}

#[test]
fn of_two_signatures_in_a_row_the_first_is_of_the_part_before() {
    let thought = reasoning("hm", Issuer::Gemini, "gemini-3-pro", "S1");
    let (parts, _) = answered("gemini-3-pro", vec![thought, sealed("S2"), text("x")]);
    assert_eq!(
        parts,
        json!([
            {"text": "hm", "thought": true, "thoughtSignature": "S1"},
            {"text": "x", "thoughtSignature": "S2"},
        ])
    );
    let (parts, _) = answered("gemini-3-pro", vec![sealed("S1"), sealed("S2"), text("x")]);
    assert_eq!(parts[0], json!({"text": "", "thoughtSignature": "S1"}));
}

#[test]
fn reasoning_of_others_is_left_out_and_named_once() {
    for (issuer, model) in [
        (Issuer::Anthropic, "gemini-2.5-pro"),
        (Issuer::OpenAi, ""),
        (Issuer::Gemini, "gemini-2.5-flash"),
    ] {
        let foreign = || reasoning("hm", issuer, model, "S");
        let plain = block(BlockKind::Reasoning(Reasoning::unsealed("hm".to_owned())));
        let blocks = vec![foreign(), text("x"), foreign(), plain, call("a", "f")];
        let (parts, dropped) = answered("gemini-2.5-pro", blocks);
        assert_eq!(parts, json!([{"text": "x"}, called("a")]));
        assert_eq!(dropped, ["reasoning"]);
    }
}

#[test]
fn a_call_of_another_model_says_that_it_has_no_signature_where_one_is_wanted() {
    let calls = || vec![text("x"), call("a", "f"), call("b", "f")];
    for model in ["gemini-3-pro", "gemini-flash-latest"] {
        let (parts, _) = answered(model, calls());
        assert_eq!(parts[1], signed(called("a"), NO_SIGNATURE));
        assert_eq!(parts[2], called("b"));
    }
    for model in ["gemini-2.5-pro", "gemini-1.5-flash-002"] {
        assert_eq!(answered(model, calls()).0[1], called("a"));
    }
}

#[test]
fn results_stand_in_the_order_of_their_calls_and_bear_their_names() {
    let prompt = prompt(vec![
        turn(Role::User, vec![text("q")]),
        turn(Role::Assistant, vec![call("a", "f"), call("b", "g")]),
        turn(Role::Assistant, vec![call("c", "f")]),
        turn(Role::User, vec![text("so"), result("c", vec![text("3")])]),
        turn(Role::User, vec![result("b", vec![]), result("a", vec![text("1"), text("2")])]),
    ]);
    let contents = conversation(&prompt, "gemini-2.5-pro").unwrap().contents;
    let contents = serde_json::to_value(contents).unwrap();
    assert_eq!(contents.as_array().unwrap().len(), 3);
    let responded = |id: &str, name: &str, output: Value| json!({"functionResponse": {"id": id, "name": name, "response": {"output": output}}});
    assert_eq!(
        contents[2],
        json!({"role": "user", "parts": [
            responded("a", "f", json!(["1", "2"])),
            responded("b", "g", json!("")),
            responded("c", "f", json!("3")),
            {"text": "so"},
        ]})
    );
}

#[test]
fn calls_with_one_id_are_answered_in_order() {
    let prompt = prompt(vec![
        turn(Role::User, vec![text("q")]),
        turn(Role::Assistant, vec![call("x", "f"), call("x", "g")]),
        turn(Role::User, vec![result("x", vec![text("1")]), result("x", vec![text("2")])]),
        turn(Role::Assistant, vec![call("x", "h")]),
        turn(Role::User, vec![result("x", vec![text("3")])]),
    ]);
    let contents = conversation(&prompt, "gemini-2.5-pro").unwrap().contents;
    let contents = serde_json::to_value(contents).unwrap();
    let named =
        |at: usize, part: usize| contents[at]["parts"][part]["functionResponse"]["name"].clone();
    assert_eq!([named(2, 0), named(2, 1), named(4, 0)], ["f", "g", "h"]);
}

#[test]
fn a_result_without_its_call_is_refused() {
    for turns in [
        vec![turn(Role::User, vec![result("a", vec![text("1")])])],
        vec![
            turn(Role::User, vec![text("q")]),
            turn(Role::Assistant, vec![call("a", "f")]),
            turn(Role::User, vec![result("a", vec![]), result("a", vec![])]),
        ],
        vec![
            turn(Role::User, vec![text("q")]),
            turn(Role::Assistant, vec![call("a", "f")]),
            turn(Role::User, vec![text("later")]),
            turn(Role::Assistant, vec![text("ok")]),
            turn(Role::User, vec![result("a", vec![])]),
        ],
    ] {
        let refused = conversation(&prompt(turns), "m").err().unwrap();
        assert_eq!(refused.message, "`content` answers no call of the answer before it");
    }
}

#[test]
fn media_are_bytes_or_addresses_with_their_types() {
    let data = || DocumentSource::Data {
        media_type: "application/pdf".to_owned(),
        base64: "AA==".to_owned(),
    };
    let jpeg = Image::Data { media_type: "image/jpg".to_owned(), base64: "AQ==".to_owned() };
    assert_eq!(
        asked(vec![
            block(BlockKind::Image(jpeg.clone())),
            block(BlockKind::Image(Image::Url("https://h/a.webp?x".to_owned()))),
            document(data()),
            document(DocumentSource::Url("https://h/paper".to_owned())),
            document(DocumentSource::Text("plain".to_owned())),
            document(DocumentSource::Text(String::new())),
        ]),
        json!([
            {"inlineData": {"mimeType": "image/jpeg", "data": "AQ=="}},
            {"fileData": {"mimeType": "image/webp", "fileUri": "https://h/a.webp?x"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "AA=="}},
            {"fileData": {"mimeType": "application/pdf", "fileUri": "https://h/paper"}},
            {"text": "plain"},
        ])
    );
    let prompt = prompt(vec![
        turn(Role::User, vec![text("q")]),
        turn(Role::Assistant, vec![call("a", "f")]),
        turn(Role::User, vec![result("a", vec![block(BlockKind::Image(jpeg)), document(data())])]),
    ]);
    let contents = conversation(&prompt, "gemini-2.5-pro").unwrap().contents;
    let response = &serde_json::to_value(contents).unwrap()[2]["parts"][0]["functionResponse"];
    assert_eq!(
        *response,
        json!({"id": "a", "name": "f", "response": {"output": ""}, "parts": [
            {"inlineData": {"mimeType": "image/jpeg", "data": "AQ=="}},
            {"inlineData": {"mimeType": "application/pdf", "data": "AA=="}},
        ]})
    );
}

#[test]
fn a_documents_name_is_left_out_and_said_so() {
    let source = DocumentSource::Text("plain".to_owned());
    let named = Document { name: Some("a.txt".to_owned()), source };
    let prompt = prompt(vec![turn(Role::User, vec![block(BlockKind::Document(named))])]);
    assert_eq!(conversation(&prompt, "m").unwrap().dropped, ["name"]);
}
