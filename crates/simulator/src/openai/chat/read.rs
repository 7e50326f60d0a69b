//! Checks and reads a Chat Completions request, in the order and words of the vendor.

use std::collections::HashSet;

use serde_json::Value;

use super::super::{
    House, cached, check_ranges, check_tool_name, flag, invalid, missing, model, present,
    wrong_type,
};
use crate::ask::{
    Ask, Calls, Choice, Shape, Thought, Tool, count_parts, estimate_tokens, kind, last_user_text,
    role, text_of,
};
use crate::vendor::Complaint;
use crate::wire::Heard;

const ROLES: [&str; 6] = ["system", "assistant", "user", "function", "tool", "developer"];

const RANGES: [(&str, f64, f64); 4] = [
    ("temperature", 0.0, 2.0),
    ("top_p", 0.0, 1.0),
    ("presence_penalty", -2.0, 2.0),
    ("frequency_penalty", -2.0, 2.0),
];

pub(super) fn read(house: House, heard: &Heard<'_>) -> Result<Ask, Complaint> {
    let body = heard.body;
    let model = model(heard.path, body)?;
    let messages = messages(body)?;
    for (place, message) in messages.iter().enumerate() {
        check_message(place, message)?;
    }
    check_tool_turns(messages)?;
    let images = count_parts(messages, "image_url");
    let prompt_tokens = estimate_tokens(body, images);
    check_ranges(body, &RANGES)?;
    let last_text = last_user_text(messages);
    if house == House::Azure && last_text.contains(crate::answer::FILTER_PROMPT) {
        return Err(crate::azure::prompt_blocked());
    }
    let tools = tools(body)?;
    Ok(Ask {
        model,
        stream: flag(body, "stream")?.unwrap_or(false),
        include_usage: include_usage(body)?,
        choices: choices(body)?,
        last_text,
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
        cached_tokens: cached(prompt_tokens),
        thought: thought(body)?,
        echo: Value::Bool(flag(body, "logprobs")?.unwrap_or(false)),
    })
}

/// Reasoning is counted and never shown by this format.
fn thought(body: &Value) -> Result<Thought, Complaint> {
    match present(body, "reasoning_effort").map(|effort| (effort, effort.as_str())) {
        None | Some((_, Some("none"))) => Ok(Thought::Absent),
        Some((_, Some("minimal" | "low" | "medium" | "high" | "xhigh" | "max"))) => {
            Ok(Thought::Hidden)
        }
        Some((other, _)) => {
            let text = format!("Invalid value: {other}.");
            Err(invalid("reasoning_effort", text).code("invalid_value"))
        }
    }
}

fn messages(body: &Value) -> Result<&[Value], Complaint> {
    match present(body, "messages") {
        None => Err(missing("messages")),
        Some(Value::Array(messages)) if messages.is_empty() => Err(invalid(
            "messages",
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an \
             empty array instead."
                .to_owned(),
        )
        .code("empty_array")),
        Some(Value::Array(messages)) => Ok(messages),
        Some(other) => Err(wrong_type("messages", "an array of objects", other)),
    }
}

fn check_message(place: usize, message: &Value) -> Result<(), Complaint> {
    let param = format!("messages[{place}]");
    if !message.is_object() {
        return Err(wrong_type(&param, "an object", message));
    }
    match message.get("role") {
        None => return Err(missing(&format!("{param}.role"))),
        Some(Value::String(name)) if ROLES.contains(&name.as_str()) => {}
        Some(other) => {
            let other = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            let known = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'";
            let message = format!("Invalid value: '{other}'. Supported values are: {known}.");
            return Err(invalid(&format!("{param}.role"), message).code("invalid_value"));
        }
    }
    let content = format!("{param}.content");
    match message.get("content") {
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) => parts
            .iter()
            .enumerate()
            .try_for_each(|(place, part)| check_part(&format!("{content}[{place}]"), part)),
        None | Some(Value::Null) if role(message) == "assistant" => Ok(()),
        None | Some(Value::Null) => Err(invalid(
            &content,
            format!("Invalid value for 'content': expected a string, got null. ({content})"),
        )),
        Some(other) => Err(wrong_type(&content, "one of a string or array of objects", other)),
    }
}

fn check_part(param: &str, part: &Value) -> Result<(), Complaint> {
    let field = match kind(part) {
        "" => return Err(missing(&format!("{param}.type"))),
        "text" => "text",
        "image_url" => "image_url",
        "input_audio" => "input_audio",
        "file" => "file",
        "refusal" => "refusal",
        other => {
            let known = "'text', 'image_url', 'input_audio', 'refusal', and 'file'";
            let message = format!("Invalid value: '{other}'. Supported values are: {known}.");
            return Err(invalid(param, message).code("invalid_value"));
        }
    };
    if part.get(field).is_none() {
        return Err(missing(&format!("{param}.{field}")));
    }
    if field == "image_url" && part.pointer("/image_url/url").and_then(Value::as_str).is_none() {
        return Err(missing(&format!("{param}.image_url.url")));
    }
    Ok(())
}

/// Every call must be answered right after it, and every answer must have its call.
fn check_tool_turns(messages: &[Value]) -> Result<(), Complaint> {
    let mut open: HashSet<&str> = HashSet::new();
    let mut in_turn = false;
    for (place, message) in messages.iter().enumerate() {
        if role(message) == "tool" {
            let id = message.get("tool_call_id").and_then(Value::as_str);
            let id = id.ok_or_else(|| missing(&format!("messages[{place}].tool_call_id")))?;
            if !in_turn || !open.remove(id) {
                let text = "Invalid parameter: messages with role 'tool' must be a response to a \
                            preceeding message with 'tool_calls'.";
                return Err(invalid(&format!("messages.[{place}].role"), text.to_owned()));
            }
            continue;
        }
        check_answered(&open, place)?;
        let calls = message.get("tool_calls").and_then(Value::as_array);
        in_turn = calls.is_some();
        open = calls
            .into_iter()
            .flatten()
            .filter_map(|call| call.get("id").and_then(Value::as_str))
            .collect();
    }
    check_answered(&open, messages.len())
}

fn check_answered(open: &HashSet<&str>, place: usize) -> Result<(), Complaint> {
    if open.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<&str> = open.iter().copied().collect();
    ids.sort_unstable();
    let text = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to \
         each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
        ids.join(", ")
    );
    Err(invalid(&format!("messages.[{place}].role"), text))
}

fn include_usage(body: &Value) -> Result<bool, Complaint> {
    let Some(options) = present(body, "stream_options") else { return Ok(false) };
    if flag(body, "stream")? != Some(true) {
        let text = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(invalid("stream_options", text.to_owned()));
    }
    Ok(flag(options, "include_usage")?.unwrap_or(false))
}

fn choices(body: &Value) -> Result<usize, Complaint> {
    let Some(n) = present(body, "n") else { return Ok(1) };
    let choices = n.as_u64().and_then(|n| usize::try_from(n).ok());
    choices.filter(|n| (1..=8).contains(n)).ok_or_else(|| {
        invalid("n", format!("Invalid value for 'n': {n}. Expected an integer from 1 to 8."))
    })
}

fn output_max(body: &Value) -> Result<Option<u64>, Complaint> {
    for name in ["max_completion_tokens", "max_tokens"] {
        let Some(value) = present(body, name) else { continue };
        let Some(most) = value.as_u64() else {
            return Err(wrong_type(name, "an integer", value));
        };
        if most == 0 {
            let text = format!("Invalid '{name}': integer below minimum value. Expected >= 1.");
            return Err(invalid(name, text).code("integer_below_min_value"));
        }
        return Ok(Some(most));
    }
    Ok(None)
}

fn stops(body: &Value) -> Result<Vec<String>, Complaint> {
    match present(body, "stop") {
        None => Ok(Vec::new()),
        Some(Value::String(stop)) => Ok(vec![stop.clone()]),
        Some(Value::Array(stops)) if stops.len() <= 4 => stops
            .iter()
            .map(|stop| stop.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| invalid("stop", "Invalid 'stop': expected strings.".to_owned())),
        Some(Value::Array(_)) => {
            let text = "Invalid 'stop': array too long. Expected an array with maximum length 4.";
            Err(invalid("stop", text.to_owned()).code("array_above_max_length"))
        }
        Some(other) => Err(wrong_type("stop", "a string or an array of strings", other)),
    }
}

fn shape(body: &Value) -> Result<Shape, Complaint> {
    let Some(format) = present(body, "response_format") else { return Ok(Shape::Text) };
    match kind(format) {
        "text" => Ok(Shape::Text),
        "json_object" => Ok(Shape::Object),
        "json_schema" => {
            let schema = format.pointer("/json_schema/schema").cloned();
            if format.pointer("/json_schema/name").and_then(Value::as_str).is_none() {
                return Err(missing("response_format.json_schema.name"));
            }
            Ok(schema.map_or(Shape::Object, Shape::Schema))
        }
        other => {
            let text = format!(
                "Invalid value: '{other}'. Supported values are: 'json_object', 'json_schema', and \
                 'text'."
            );
            Err(invalid("response_format.type", text).code("invalid_value"))
        }
    }
}

fn tools(body: &Value) -> Result<Vec<Tool>, Complaint> {
    let Some(tools) = present(body, "tools") else { return Ok(Vec::new()) };
    let tools =
        tools.as_array().ok_or_else(|| wrong_type("tools", "an array of objects", tools))?;
    let read = |(place, tool): (usize, &Value)| {
        let function = match kind(tool) {
            "function" => "function",
            "custom" => "custom",
            _ => return Err(missing(&format!("tools[{place}].type"))),
        };
        let param = format!("tools[{place}].{function}.name");
        let function = tool.get(function).unwrap_or(&Value::Null);
        let name = function.get("name").and_then(Value::as_str).ok_or_else(|| missing(&param))?;
        check_tool_name(&param, name)?;
        let schema = function.get("parameters").cloned().unwrap_or(Value::Null);
        Ok(Tool { name: name.to_owned(), schema })
    };
    tools.iter().enumerate().map(read).collect()
}

fn choice(body: &Value, tools: &[Tool]) -> Result<Choice, Complaint> {
    let Some(choice) = present(body, "tool_choice") else { return Ok(Choice::Auto) };
    if tools.is_empty() {
        let text = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' \
                    are specified.";
        return Err(invalid("tool_choice", text.to_owned()));
    }
    match choice.as_str() {
        Some("auto") => return Ok(Choice::Auto),
        Some("none") => return Ok(Choice::Never),
        Some("required") => return Ok(Choice::Any),
        Some(_) | None => {}
    }
    if kind(choice) == "allowed_tools" {
        let mode = choice.pointer("/allowed_tools/mode").and_then(Value::as_str);
        return Ok(if mode == Some("required") { Choice::Any } else { Choice::Auto });
    }
    let named = choice.pointer("/function/name").or_else(|| choice.pointer("/custom/name"));
    match named.and_then(Value::as_str) {
        Some(name) if tools.iter().any(|tool| tool.name == name) => {
            Ok(Choice::Named(name.to_owned()))
        }
        _ => {
            let text = "Invalid value for 'tool_choice': not 'none', 'auto', 'required' or a tool \
                        in the 'tools' parameter.";
            Err(invalid("tool_choice", text.to_owned()))
        }
    }
}

fn tool_results(messages: &[Value]) -> Vec<String> {
    let mut results: Vec<String> = messages
        .iter()
        .rev()
        .take_while(|message| role(message) == "tool")
        .map(|message| text_of(message.get("content").unwrap_or(&Value::Null)))
        .collect();
    results.reverse();
    results
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::InPath;
    use http::HeaderMap;
    use serde_json::json;

    fn heard(body: &Value) -> Result<Ask, Complaint> {
        let (path, headers) = (InPath::default(), HeaderMap::new());
        let heard = Heard { path: &path, headers: &headers, body, counting: false };
        read(House::OpenAi, &heard)
    }

    fn complaint(body: &Value) -> Complaint {
        heard(body).unwrap_err()
    }

    #[test]
    fn what_is_missing_is_named() {
        let no_model = complaint(&json!({"messages": []}));
        assert_eq!(no_model.message, "you must provide a model parameter");
        let no_messages = complaint(&json!({"model": "m"}));
        assert_eq!(no_messages.param.as_deref(), Some("messages"));
        let no_role = complaint(&json!({"model": "m", "messages": [{"content": "x"}]}));
        assert_eq!(no_role.param.as_deref(), Some("messages[0].role"));
    }

    #[test]
    fn a_wrong_type_is_named() {
        let asked = json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
            "max_tokens": "many"});
        let wrong = complaint(&asked);
        assert_eq!(
            (wrong.param.as_deref(), wrong.code),
            (Some("max_tokens"), Some("invalid_type"))
        );
    }

    #[test]
    fn a_tool_message_without_its_call_is_refused() {
        let orphan = complaint(&json!({"model": "m", "messages": [
            {"role": "user", "content": "x"},
            {"role": "tool", "tool_call_id": "c", "content": "y"}]}));
        assert_eq!(orphan.param.as_deref(), Some("messages.[1].role"));
        let unanswered = complaint(&json!({"model": "m", "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "c1"}]},
            {"role": "user", "content": "y"}]}));
        assert!(unanswered.message.contains("c1"), "{}", unanswered.message);
    }

    #[test]
    fn a_round_of_parallel_tools_is_read() {
        let ask = heard(&json!({"model": "m", "messages": [
            {"role": "user", "content": "weather"},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "a"}, {"id": "b"}]},
            {"role": "tool", "tool_call_id": "b", "content": "two"},
            {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "one"}]}]}))
        .unwrap();
        assert_eq!(ask.tool_results, ["two", "one"]);
        assert_eq!(ask.last_text, "weather");
    }
}
