//! Checks and reads a Mistral chat request: every field it does not have is refused by name.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{INVALID, check_known, missing, mistyped, model, present, unprocessable, wrong};
use crate::ask::{
    Ask, Calls, Choice, Shape, Thought, Tool, count_parts, estimate_tokens, kind, last_user_text,
    role, text_of,
};
use crate::vendor::Complaint;
use crate::wire::Heard;

const KNOWN: [&str; 22] = [
    "frequency_penalty",
    "guardrails",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_mode",
    "random_seed",
    "reasoning_effort",
    "response_format",
    "safe_prompt",
    "stop",
    "stream",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
];

/// Below this many prompt tokens nothing is cached; above, whole steps of 32 are.
const CACHE_FROM_TOKENS: u64 = 1024;

pub(super) fn read(heard: &Heard<'_>) -> Result<Ask, Complaint> {
    let body = heard.body;
    check_known(body, &KNOWN)?;
    let model = model(body)?;
    let messages = messages(body)?;
    check_order(messages)?;
    check_calls(messages)?;
    check_figures(body)?;
    let images = count_parts(messages, "image_url");
    let prompt_tokens = estimate_tokens(body, images);
    let tools = tools(body)?;
    Ok(Ask {
        model,
        stream: flag(body, "stream")?.unwrap_or(false),
        include_usage: true,
        choices: choices(body)?,
        last_text: last_user_text(messages),
        images,
        tool_results: tool_results(messages),
        choice: choice(body, &tools)?,
        tools,
        calls: match flag(body, "parallel_tool_calls")? {
            Some(false) => Calls::OneAtATime,
            Some(true) | None => Calls::Parallel,
        },
        stops: stops(body)?,
        output_max: output_max(body)?,
        shape: shape(body)?,
        prompt_tokens,
        cached_tokens: if prompt_tokens < CACHE_FROM_TOKENS { 0 } else { prompt_tokens / 64 * 32 },
        thought: thought(body)?,
        echo: Value::Null,
    })
}

fn messages(body: &Value) -> Result<&[Value], Complaint> {
    let messages = match present(body, "messages") {
        None => return Err(missing(&[json!("messages")], body)),
        Some(Value::Array(messages)) => messages,
        Some(other) => return Err(mistyped(&[json!("messages")], "list", other)),
    };
    if messages.is_empty() {
        return Err(invalid("Conversation must have at least one message", "1200"));
    }
    for (place, message) in messages.iter().enumerate() {
        let at = [json!("messages"), json!(place)];
        let known: &[&str] = match role(message) {
            "system" | "user" => &["role", "content"],
            "assistant" => &["role", "content", "tool_calls", "prefix"],
            "tool" => &["role", "content", "tool_call_id", "name"],
            _ => {
                let text = "Input tag does not match any of the expected tags: 'assistant', \
                            'system', 'tool', 'user'";
                return Err(unprocessable(&[wrong("union_tag_invalid", &at, text, message)]));
            }
        };
        let fields = message.as_object().into_iter().flatten();
        if let Some((name, value)) = fields.into_iter().find(|(name, _)| !known.contains(&&***name))
        {
            let at = [json!("messages"), json!(place), json!(role(message)), json!(name)];
            let text = "Extra inputs are not permitted";
            return Err(unprocessable(&[wrong("extra_forbidden", &at, text, value)]));
        }
    }
    Ok(messages)
}

fn invalid(message: &str, code: &'static str) -> Complaint {
    Complaint::new(400, "invalid_request_message_order", message).code(code)
}

/// The last turn is the user's, a tool's, or the beginning of an answer.
fn check_order(messages: &[Value]) -> Result<(), Complaint> {
    let Some(last) = messages.last() else { return Ok(()) };
    let prefix = last.get("prefix").and_then(Value::as_bool).unwrap_or(false);
    if role(last) == "assistant" && !prefix {
        let text = "Expected last role User or Tool (or Assistant with prefix True) for serving \
                    but got assistant";
        return Err(invalid(text, "3230"));
    }
    let after_tool = messages.iter().zip(messages.iter().skip(1));
    for (before, after) in after_tool {
        if role(before) == "tool" && role(after) == "user" {
            let text = "Unexpected role 'user' after role 'tool'";
            return Err(invalid(text, "3230"));
        }
    }
    Ok(())
}

/// Ids have nine letters and digits, and calls and results fit together.
fn check_calls(messages: &[Value]) -> Result<(), Complaint> {
    let mut open: HashSet<&str> = HashSet::new();
    for message in messages {
        if role(message) == "tool" {
            let id = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
            if !open.remove(id) {
                let text = format!("Unexpected tool call id {id} in tool results");
                return Err(invalid(&text, "3230"));
            }
            continue;
        }
        if !open.is_empty() {
            return Err(invalid("Not the same number of function calls and responses", "3230"));
        }
        let calls = message.get("tool_calls").and_then(Value::as_array);
        for call in calls.into_iter().flatten() {
            let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
            if id.len() != 9 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                let text =
                    format!("Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9.");
                return Err(Complaint::new(400, "invalid_function_call", text).code("3280"));
            }
            open.insert(id);
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    Err(invalid("Not the same number of function calls and responses", "3230"))
}

fn check_figures(body: &Value) -> Result<(), Complaint> {
    for (name, least, most) in [
        ("temperature", 0.0, 1.5),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
    ] {
        let Some(value) = present(body, name) else { continue };
        let at = [json!(name)];
        let number = value.as_f64().ok_or_else(|| mistyped(&at, "number", value))?;
        if number > most {
            let text = format!("Input should be less than or equal to {most}");
            return Err(unprocessable(&[wrong("less_than_equal", &at, &text, value)]));
        }
        if number < least {
            let text = format!("Input should be greater than or equal to {least}");
            return Err(unprocessable(&[wrong("greater_than_equal", &at, &text, value)]));
        }
    }
    Ok(())
}

fn flag(body: &Value, name: &str) -> Result<Option<bool>, Complaint> {
    match present(body, name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => Err(mistyped(&[json!(name)], "bool", other)),
    }
}

fn whole(body: &Value, name: &str) -> Result<Option<u64>, Complaint> {
    match present(body, name) {
        None => Ok(None),
        Some(value) => {
            value.as_u64().map(Some).ok_or_else(|| mistyped(&[json!(name)], "int", value))
        }
    }
}

fn choices(body: &Value) -> Result<usize, Complaint> {
    let choices = whole(body, "n")?.unwrap_or(1).clamp(1, 8);
    Ok(usize::try_from(choices).unwrap_or(1))
}

fn output_max(body: &Value) -> Result<Option<u64>, Complaint> {
    whole(body, "max_tokens")
}

/// Two efforts exist.
fn thought(body: &Value) -> Result<Thought, Complaint> {
    let reasons = present(body, "prompt_mode").and_then(Value::as_str) == Some("reasoning");
    match present(body, "reasoning_effort").map(|effort| (effort, effort.as_str())) {
        Some((_, Some("high"))) => Ok(Thought::Shown),
        None if reasons => Ok(Thought::Shown),
        None | Some((_, Some("none"))) => Ok(Thought::Absent),
        Some((other, _)) => {
            let text = "Input should be 'high' or 'none'";
            Err(unprocessable(&[wrong("enum", &[json!("reasoning_effort")], text, other)]))
        }
    }
}

fn stops(body: &Value) -> Result<Vec<String>, Complaint> {
    match present(body, "stop") {
        None => Ok(Vec::new()),
        Some(Value::String(stop)) => Ok(vec![stop.clone()]),
        Some(Value::Array(all)) => {
            Ok(all.iter().filter_map(|stop| stop.as_str().map(str::to_owned)).collect())
        }
        Some(other) => Err(mistyped(&[json!("stop")], "string", other)),
    }
}

fn shape(body: &Value) -> Result<Shape, Complaint> {
    let Some(format) = present(body, "response_format") else { return Ok(Shape::Text) };
    match kind(format) {
        "text" => Ok(Shape::Text),
        "json_object" => Ok(Shape::Object),
        "json_schema" => {
            let schema = format
                .pointer("/json_schema/schema")
                .or_else(|| format.pointer("/json_schema/schema_definition"));
            Ok(schema.cloned().map_or(Shape::Object, Shape::Schema))
        }
        _ => {
            let text = "Input should be 'text', 'json_object' or 'json_schema'";
            let at = [json!("response_format"), json!("type")];
            Err(unprocessable(&[wrong("enum", &at, text, format)]))
        }
    }
}

fn tools(body: &Value) -> Result<Vec<Tool>, Complaint> {
    let Some(tools) = present(body, "tools") else { return Ok(Vec::new()) };
    let tools = tools.as_array().ok_or_else(|| mistyped(&[json!("tools")], "list", tools))?;
    let read = |(place, tool): (usize, &Value)| {
        let at = [json!("tools"), json!(place), json!("function"), json!("name")];
        let function = tool.get("function").unwrap_or(&Value::Null);
        let name = function.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| missing(&at, tool))?;
        let schema = function.get("parameters").cloned().unwrap_or(Value::Null);
        Ok(Tool { name: name.to_owned(), schema })
    };
    tools.iter().enumerate().map(read).collect()
}

fn choice(body: &Value, tools: &[Tool]) -> Result<Choice, Complaint> {
    let Some(choice) = present(body, "tool_choice") else { return Ok(Choice::Auto) };
    match choice.as_str() {
        Some("auto") => return Ok(Choice::Auto),
        Some("none") => return Ok(Choice::Never),
        Some("any" | "required") => return Ok(Choice::Any),
        Some(_) | None => {}
    }
    let named = choice.pointer("/function/name").and_then(Value::as_str);
    match named.filter(|name| tools.iter().any(|tool| tool.name == *name)) {
        Some(name) => Ok(Choice::Named(name.to_owned())),
        None => {
            let text = "Tool choice does not name a tool of the request";
            Err(Complaint::new(400, INVALID, text).code("3230"))
        }
    }
}

fn tool_results(messages: &[Value]) -> Vec<String> {
    let trailing = messages.iter().rev().take_while(|message| role(message) == "tool");
    let mut results: Vec<String> =
        trailing.map(|message| text_of(message.get("content").unwrap_or(&Value::Null))).collect();
    results.reverse();
    results
}
