//! Messages and content blocks of Converse: each block has one member, and turns alternate.

use serde_json::Value;

use super::super::invalid;
use super::super::write::HOUSE;
use crate::anthropic::generation;
use crate::ask::role;
use crate::signature;
use crate::vendor::Complaint;

const MEMBERS: [&str; 13] = [
    "text",
    "image",
    "document",
    "video",
    "audio",
    "toolUse",
    "toolResult",
    "guardContent",
    "cachePoint",
    "reasoningContent",
    "citationsContent",
    "searchResult",
    "systemContent",
];

/// The members called `name` of all blocks of a message.
pub(super) fn members<'a>(message: &'a Value, name: &'a str) -> impl Iterator<Item = &'a Value> {
    let blocks = message.get("content").and_then(Value::as_array);
    blocks.into_iter().flatten().filter_map(move |block| block.get(name))
}

pub(super) fn has_tools(message: &Value) -> bool {
    members(message, "toolUse").chain(members(message, "toolResult")).next().is_some()
}

/// Names of tools.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=64).contains(&name.len()) && name.chars().all(plain)
}

fn is_tool_use_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    (1..=64).contains(&id.len()) && id.chars().all(plain)
}

pub(super) fn check_messages(model: &str, messages: &[Value]) -> Result<(), Complaint> {
    if messages.first().map(role) != Some("user") {
        return Err(invalid(
            "A conversation must start with a user message. Try again with a conversation that \
             starts with a user message.",
        ));
    }
    for (place, message) in messages.iter().enumerate() {
        if !matches!(role(message), "user" | "assistant") {
            return Err(invalid(format!(
                "1 validation error detected: Value '{}' at 'messages.{}.member.role' failed to \
                 satisfy constraint: Member must satisfy enum value set: [user, assistant]",
                role(message),
                place + 1
            )));
        }
        let blocks = message.get("content").and_then(Value::as_array);
        let Some(blocks) = blocks.filter(|blocks| !blocks.is_empty()) else {
            return Err(invalid(format!(
                "The content field in the Message object at messages.{place} is empty. Add a \
                 ContentBlock object to the content field and try again."
            )));
        };
        for (index, block) in blocks.iter().enumerate() {
            let at = format!("messages.{place}.content.{index}");
            // Blanks are taken beside other blocks, as recorded; nothing at all never is.
            let text = block.get("text").and_then(Value::as_str);
            let blank =
                |text: &str| text.is_empty() || (blocks.len() == 1 && text.trim().is_empty());
            if text.is_some_and(blank) {
                return Err(invalid(format!(
                    "The text field in the ContentBlock object at {at} is blank. Add text to the \
                     text field, and try again."
                )));
            }
            check_block(&at, block)?;
        }
    }
    // The early Titan models take any order, as recorded.
    let ordered = !model.contains("titan");
    for (before, after) in messages.iter().zip(messages.iter().skip(1)) {
        if ordered && role(before) == role(after) {
            return Err(invalid(
                "A conversation must alternate between user and assistant roles. Make sure the \
                 conversation alternates between user and assistant roles and try again.",
            ));
        }
    }
    if messages.last().map(role) == Some("assistant") && !generation::takes_prefill(model) {
        return Err(invalid(
            "This model does not support assistant message prefill. The conversation must end \
             with a user message.",
        ));
    }
    check_tool_turns(messages)
}

fn check_block(place: &str, block: &Value) -> Result<(), Complaint> {
    let one = block.as_object().filter(|block| block.len() == 1).and_then(|all| all.iter().next());
    let Some((name, value)) = one.filter(|(name, _)| MEMBERS.contains(&name.as_str())) else {
        return Err(invalid(format!(
            "The ContentBlock object at {place} must set one of the following keys: {}.",
            MEMBERS.join(", ")
        )));
    };
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    match name.as_str() {
        "text" if !value.is_string() => {
            Err(invalid(format!("The text field at {place} must be a string.")))
        }
        "image" if !matches!(text("format"), "png" | "jpeg" | "gif" | "webp") => Err(invalid(
            format!("The format field at {place}.image must be one of png, jpeg, gif, webp."),
        )),
        "image" | "document" => check_source(place, name, value),
        "toolUse" => check_tool_use(place, value),
        "toolResult" if !is_tool_use_id(text("toolUseId")) => Err(bad_id(place, value)),
        "toolResult" if !value.get("content").is_some_and(Value::is_array) => Err(invalid(
            format!("The content field in the ToolResultBlock object at {place} is missing."),
        )),
        "reasoningContent" => check_reasoning(place, value),
        _ => Ok(()),
    }
}

fn check_source(place: &str, name: &str, value: &Value) -> Result<(), Complaint> {
    let source = value.get("source");
    let known = ["bytes", "s3Location", "text", "content"];
    if !known.iter().any(|kind| source.is_some_and(|source| source.get(kind).is_some())) {
        return Err(invalid(format!(
            "The source field at {place}.{name} must hold bytes or an \
            S3 location."
        )));
    }
    let title = value.get("name").and_then(Value::as_str).unwrap_or_default();
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '(' | ')' | '[' | ']');
    let good = !title.is_empty() && title.chars().all(plain) && !title.contains("  ");
    if name == "document" && !good {
        return Err(invalid(
            "The file name provided contains unsupported characters. File names can only contain \
             alphanumeric characters, whitespace characters, hyphens, parentheses, and square \
             brackets. The name can't contain more than one consecutive whitespace character.",
        ));
    }
    Ok(())
}

fn check_tool_use(place: &str, value: &Value) -> Result<(), Complaint> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    if !is_tool_use_id(text("toolUseId")) {
        return Err(bad_id(place, value));
    }
    if !is_name(text("name")) {
        return Err(invalid(format!(
            "The name field in the ToolUseBlock object at {place} must \
            satisfy [a-zA-Z0-9_-]+."
        )));
    }
    if !value.get("input").is_some_and(Value::is_object) {
        return Err(invalid(format!(
            "The format of the value at {place}.toolUse.input is invalid. Provide a json object \
             for the field and try again."
        )));
    }
    Ok(())
}

fn bad_id(place: &str, value: &Value) -> Complaint {
    let id = value.get("toolUseId").and_then(Value::as_str).unwrap_or_default();
    invalid(format!(
        "1 validation error detected: Value '{id}' at '{place}.toolUseId' failed to satisfy \
         constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.:-]+"
    ))
}

/// Redacted reasoning is opaque; shown reasoning must bear the signature it was given.
fn check_reasoning(place: &str, value: &Value) -> Result<(), Complaint> {
    let Some(reasoning) = value.get("reasoningText") else { return Ok(()) };
    let text = |name: &str| reasoning.get(name).and_then(Value::as_str).unwrap_or_default();
    if signature::is_valid(HOUSE, text("text"), text("signature")) {
        return Ok(());
    }
    Err(invalid(format!(
        "The model returned the following errors: {place}: Invalid `signature` in `thinking` block"
    )))
}

fn check_tool_turns(messages: &[Value]) -> Result<(), Complaint> {
    let id = |value: &Value| {
        value.get("toolUseId").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut open: Vec<String> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let results: Vec<String> = members(message, "toolResult").map(id).collect();
        if results.len() > open.len() || results.iter().any(|one| !open.contains(one)) {
            return Err(invalid(format!(
                "The number of toolResult blocks at messages.{place}.content exceeds the number \
                 of toolUse blocks of previous turn."
            )));
        }
        open.retain(|one| !results.contains(one));
        if !open.is_empty() {
            return Err(invalid(format!(
                "Expected toolResult blocks at messages.{place}.content for the following Ids: {}",
                open.join(", ")
            )));
        }
        open = members(message, "toolUse").map(id).collect();
    }
    if open.is_empty() {
        return Ok(());
    }
    Err(invalid(format!(
        "Expected toolResult blocks at messages.{}.content for the following Ids: {}",
        messages.len(),
        open.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn complaint(messages: &Value) -> String {
        check_messages("claude", messages.as_array().unwrap()).unwrap_err().message
    }

    #[test]
    fn turns_alternate_and_begin_with_the_user() {
        let user = json!({"role": "user", "content": [{"text": "a"}]});
        let assistant = json!({"role": "assistant", "content": [{"text": "a"}]});
        assert!(complaint(&json!([assistant])).contains("start with a user"));
        assert!(complaint(&json!([user, user])).contains("alternate"));
        assert!(check_messages("claude", &[user.clone(), assistant, user]).is_ok());
    }

    #[test]
    fn blank_text_is_named() {
        let blank = json!([{"role": "user", "content": [{"text": " "}]}]);
        assert!(complaint(&blank).contains("messages.0.content.0 is blank"));
    }

    #[test]
    fn every_call_is_answered_in_the_next_turn() {
        let user = json!({"role": "user", "content": [{"text": "a"}]});
        let call = json!({"role": "assistant", "content": [
            {"toolUse": {"toolUseId": "t1", "name": "w", "input": {}}},
            {"toolUse": {"toolUseId": "t2", "name": "w", "input": {}}}]});
        let result = |id: &str| json!({"toolResult": {"toolUseId": id, "content": []}});
        let one = json!({"role": "user", "content": [result("t1")]});
        assert!(complaint(&json!([user, call, one])).contains("t2"));
        let both = json!({"role": "user", "content": [result("t2"), result("t1")]});
        assert!(check_messages("claude", &[user.clone(), call, both]).is_ok());
        let stray = json!([{"role": "user", "content": [result("t9")]}]);
        assert!(complaint(&stray).contains("exceeds"));
    }
}
