//! Messages and their blocks: whole, in turns, and every call answered in the next one.

use std::collections::HashSet;

use serde_json::Value;

use super::read::required;
use super::{generation, invalid};
use crate::ask::{kind, role, text_of};
use crate::vendor::Complaint;

pub(super) fn messages<'a>(model: &str, body: &'a Value) -> Result<&'a [Value], Complaint> {
    let messages = match body.get("messages") {
        None | Some(Value::Null) => return Err(required("messages")),
        Some(Value::Array(messages)) => messages,
        Some(_) => return Err(invalid("messages: Input should be a valid list")),
    };
    if messages.is_empty() {
        return Err(invalid("messages: at least one message is required"));
    }
    for (place, message) in messages.iter().enumerate() {
        match role(message) {
            "user" | "assistant" => {}
            "system" if generation::takes_system_turns(model) => {}
            "system" => {
                return Err(invalid(
                    "messages: Unexpected role \"system\". The Messages API accepts a top-level \
                     `system` parameter, not \"system\" as an input message role.",
                ));
            }
            "" => return Err(required(&format!("messages.{place}.role"))),
            _ => {
                let text = "Input should be 'user' or 'assistant'";
                return Err(invalid(format!("messages.{place}.role: {text}")));
            }
        }
    }
    if messages.first().map(role) != Some("user") {
        return Err(invalid("messages: first message must use the \"user\" role"));
    }
    let prefilled = messages.last().map(role) == Some("assistant");
    if prefilled && !generation::takes_prefill(model) {
        return Err(invalid(
            "This model does not support assistant message prefill. The conversation must end \
             with a user message.",
        ));
    }
    Ok(messages)
}

pub(super) fn check_blocks(messages: &[Value]) -> Result<(), Complaint> {
    for (place, message) in messages.iter().enumerate() {
        let last_assistant = place + 1 == messages.len() && role(message) == "assistant";
        match message.get("content") {
            None | Some(Value::Null) => return Err(required(&format!("messages.{place}.content"))),
            Some(Value::String(text)) if text.is_empty() && !last_assistant => {
                return Err(invalid(format!(
                    "messages.{place}: all messages must have non-empty content except for the \
                     optional final assistant message"
                )));
            }
            Some(Value::String(_)) => {}
            Some(Value::Array(blocks)) => {
                for (index, block) in blocks.iter().enumerate() {
                    check_block(&format!("messages.{place}.content.{index}"), block)?;
                }
            }
            Some(_) => {
                let text = "Input should be a valid string or list";
                return Err(invalid(format!("messages.{place}.content: {text}")));
            }
        }
    }
    Ok(())
}

fn check_block(param: &str, block: &Value) -> Result<(), Complaint> {
    let fields: &[&str] = match kind(block) {
        "" => return Err(required(&format!("{param}.type"))),
        "text" => &["text"],
        "image" => &["source"],
        "document" => &["source"],
        "tool_use" => &["id", "name", "input"],
        "tool_result" => &["tool_use_id"],
        "thinking" => &["thinking", "signature"],
        "redacted_thinking" => &["data"],
        _ => &[],
    };
    for field in fields {
        if block.get(field).is_none() {
            return Err(required(&format!("{param}.{}.{field}", kind(block))));
        }
    }
    if kind(block) == "text" && block.get("text").and_then(Value::as_str) == Some("") {
        return Err(invalid("messages: text content blocks must be non-empty"));
    }
    if kind(block) == "tool_use" && !block.get("input").is_some_and(Value::is_object) {
        return Err(invalid(format!("{param}.tool_use.input: Input should be a valid dictionary")));
    }
    Ok(())
}

pub(super) fn blocks<'a>(message: &'a Value, wanted: &'a str) -> impl Iterator<Item = &'a Value> {
    let blocks = message.get("content").and_then(Value::as_array);
    blocks.into_iter().flatten().filter(move |block| kind(block) == wanted)
}

fn ids<'a>(message: &'a Value, wanted: &'a str, field: &'static str) -> Vec<&'a str> {
    blocks(message, wanted).filter_map(|block| block.get(field).and_then(Value::as_str)).collect()
}

/// All results of one turn of calls stand in the very next user message.
pub(super) fn check_tool_turns(messages: &[Value]) -> Result<(), Complaint> {
    let mut open: Vec<&str> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let results = ids(message, "tool_result", "tool_use_id");
        if let Some(stray) = results.iter().find(|id| !open.contains(id)) {
            return Err(invalid(format!(
                "messages.{place}.content.0: unexpected `tool_use_id` found in `tool_result` \
                 blocks: {stray}. Each `tool_result` block must have a corresponding `tool_use` \
                 block in the previous message."
            )));
        }
        let answered: HashSet<&str> = results.into_iter().collect();
        open.retain(|id| !answered.contains(id));
        if !open.is_empty() {
            return Err(unanswered(place.saturating_sub(1), &open));
        }
        open =
            if role(message) == "assistant" { ids(message, "tool_use", "id") } else { Vec::new() };
    }
    if open.is_empty() { Ok(()) } else { Err(unanswered(messages.len() - 1, &open)) }
}

fn unanswered(place: usize, open: &[&str]) -> Complaint {
    invalid(format!(
        "messages.{place}: `tool_use` ids were found without `tool_result` blocks immediately \
         after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the \
         next message.",
        open.join(", ")
    ))
}

pub(super) fn tool_results(messages: &[Value]) -> Vec<String> {
    let last = messages.last().into_iter();
    last.flat_map(|message| blocks(message, "tool_result"))
        .map(|block| text_of(block.get("content").unwrap_or(&Value::Null)))
        .collect()
}
