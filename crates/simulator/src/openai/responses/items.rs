//! The input of a Responses request: a string, or a list of items that must fit together.

use std::collections::HashSet;

use serde_json::Value;

use super::super::{House, INVALID, invalid, missing, present, wrong_type};
use crate::ask::{kind, role, text_of};
use crate::signature;
use crate::vendor::Complaint;

/// What an answer needs to know of the input.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub(super) last_text: String,
    pub(super) images: usize,
    pub(super) tool_results: Vec<String>,
}

pub(super) fn read(house: House, body: &Value) -> Result<Input, Complaint> {
    let items = match present(body, "input") {
        None => return Err(missing("input")),
        Some(Value::String(text)) => {
            return Ok(Input { last_text: text.clone(), ..Input::default() });
        }
        Some(Value::Array(items)) => items,
        Some(other) => return Err(wrong_type("input", "one of a string or an array", other)),
    };
    for (place, item) in items.iter().enumerate() {
        check(house, &format!("input[{place}]"), item)?;
    }
    check_reasoning(items)?;
    check_calls(items)?;
    Ok(Input {
        last_text: crate::ask::last_user_text(items),
        images: crate::ask::count_parts(items, "input_image"),
        tool_results: tool_results(items),
    })
}

/// The type of an item; a bare message may leave it out.
fn item_kind(item: &Value) -> &str {
    match kind(item) {
        "" if item.get("role").is_some() => "message",
        other => other,
    }
}

fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Value::as_str)
}

fn check(house: House, param: &str, item: &Value) -> Result<(), Complaint> {
    let needed: &[&str] = match item_kind(item) {
        "message" => return check_message(param, item),
        "function_call" => &["call_id", "name", "arguments"],
        "function_call_output" => {
            if item.get("output").is_none() {
                return Err(missing(&format!("{param}.output")));
            }
            &["call_id"]
        }
        "reasoning" => return check_reasoning_item(house, param, item),
        "item_reference" => {
            let id = text(item, "id").unwrap_or_default();
            let text = format!("Item with id '{id}' not found.");
            return Err(Complaint::new(404, INVALID, text).param("input"));
        }
        other => {
            let text = format!(
                "Invalid value: '{other}'. Supported values are: 'message', 'function_call', \
                 'function_call_output', 'reasoning', and 'item_reference'."
            );
            return Err(invalid(param, text).code("invalid_value"));
        }
    };
    let absent = needed.iter().find(|name| text(item, name).is_none());
    absent.map_or(Ok(()), |name| Err(missing(&format!("{param}.{name}"))))
}

fn check_message(param: &str, item: &Value) -> Result<(), Complaint> {
    let role = role(item);
    if !matches!(role, "user" | "assistant" | "system" | "developer") {
        let text = format!(
            "Invalid value: '{role}'. Supported values are: 'assistant', 'system', 'developer', \
             and 'user'."
        );
        return Err(invalid(&format!("{param}.role"), text).code("invalid_value"));
    }
    let parts = match item.get("content") {
        Some(Value::String(_)) => return Ok(()),
        Some(Value::Array(parts)) => parts,
        None | Some(Value::Null) => return Err(missing(&format!("{param}.content"))),
        Some(other) => {
            let expected = "one of a string or array of objects";
            return Err(wrong_type(&format!("{param}.content"), expected, other));
        }
    };
    let known: &[&str] = if role == "assistant" {
        &["output_text", "refusal"]
    } else {
        &["input_text", "input_image", "input_file"]
    };
    for (place, part) in parts.iter().enumerate() {
        let param = format!("{param}.content[{place}]");
        if !known.contains(&kind(part)) {
            let text = format!(
                "Invalid value: '{}'. Supported values are: '{}'.",
                kind(part),
                known.join("', '")
            );
            return Err(invalid(&param, text).code("invalid_value"));
        }
        let lacks_text = kind(part).ends_with("_text") && text(part, "text").is_none();
        if lacks_text {
            return Err(missing(&format!("{param}.text")));
        }
        let image = text(part, "image_url").or_else(|| text(part, "file_id"));
        if kind(part) == "input_image" && image.is_none() {
            return Err(missing(&format!("{param}.image_url")));
        }
    }
    Ok(())
}

fn check_reasoning_item(house: House, param: &str, item: &Value) -> Result<(), Complaint> {
    let id = text(item, "id").ok_or_else(|| missing(&format!("{param}.id")))?;
    if item.get("summary").is_none() {
        return Err(missing(&format!("{param}.summary")));
    }
    match text(item, "encrypted_content") {
        Some(blob) if signature::is_readable(house.name(), blob) => Ok(()),
        Some(_) => {
            let text = format!(
                "The encrypted content for item {id} could not be verified. Reason: Encrypted \
                 content could not be decrypted or parsed."
            );
            Err(Complaint::new(400, INVALID, text).code("invalid_encrypted_content"))
        }
        // Nothing is stored here, so an item without its content cannot be found again.
        None => {
            let text = format!(
                "Item with id '{id}' not found. Items are not persisted when `store` is set to \
                 false. Try again with `store` set to true, or remove this item from your input."
            );
            Err(Complaint::new(404, INVALID, text).param("input"))
        }
    }
}

/// Reasoning stands before the message or call that it led to.
fn check_reasoning(items: &[Value]) -> Result<(), Complaint> {
    for (place, item) in items.iter().enumerate() {
        if item_kind(item) != "reasoning" {
            continue;
        }
        let next = items.get(place + 1);
        let follows = next.is_some_and(|next| match item_kind(next) {
            "function_call" | "reasoning" => true,
            "message" => role(next) == "assistant",
            _ => false,
        });
        if !follows {
            let id = text(item, "id").unwrap_or_default();
            let text = format!(
                "Item '{id}' of type 'reasoning' was provided without its required following item."
            );
            return Err(invalid("input", text));
        }
    }
    Ok(())
}

/// Every output has its call before it, and every call its output after it.
fn check_calls(items: &[Value]) -> Result<(), Complaint> {
    let mut open: Vec<&str> = Vec::new();
    let mut called: HashSet<&str> = HashSet::new();
    for item in items {
        let Some(id) = text(item, "call_id") else { continue };
        if item_kind(item) == "function_call" {
            called.insert(id);
            open.push(id);
        } else if !called.contains(id) {
            let text = format!("No tool call found for function call output with call_id {id}.");
            return Err(invalid("input", text));
        } else {
            open.retain(|one| *one != id);
        }
    }
    open.first().map_or(Ok(()), |id| {
        Err(invalid("input", format!("No tool output found for function call {id}.")))
    })
}

/// Outputs that end the conversation.
fn tool_results(items: &[Value]) -> Vec<String> {
    let trailing = items.iter().rev().take_while(|item| item_kind(item) == "function_call_output");
    let mut results: Vec<String> =
        trailing.map(|item| text_of(item.get("output").unwrap_or(&Value::Null))).collect();
    results.reverse();
    results
}
