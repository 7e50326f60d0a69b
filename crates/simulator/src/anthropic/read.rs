//! Checks and reads a Messages request, in the words of the vendor.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::messages::Host;
use super::{invalid, thinking};
use crate::ask::{
    Ask, Calls, Choice, Shape, Tool, count_parts, estimate_tokens, kind, last_user_text, role,
    text_of,
};
use crate::vendor::{Complaint, text};
use crate::wire::Heard;

/// From this version on, sampling parameters are refused even at their defaults.
const NEW_RULES_FROM: &str = "2026-10-21";

pub(super) fn read(host: Host, heard: &Heard<'_>) -> Result<Ask, Complaint> {
    let body = heard.body;
    let version = version(host, heard)?;
    let model = model(host, heard)?;
    let output_max = output_max(heard)?;
    let messages = messages(body)?;
    check_blocks(messages)?;
    check_tool_turns(messages)?;
    check_sampling(version, body)?;
    check_new_rules(version, messages)?;
    let thought = thinking::read(host, body, messages)?;
    let geo = geo(host, body)?;
    let images = count_parts(messages, "image");
    let prompt_tokens = estimate_tokens(body, images);
    let tools = tools(body)?;
    let (choice, calls) = choice(body, &tools)?;
    Ok(Ask {
        model,
        stream: stream(host, heard)?,
        include_usage: true,
        choices: 1,
        last_text: last_user_text(messages),
        images,
        tool_results: tool_results(messages),
        tools,
        choice,
        calls,
        stops: stops(body)?,
        output_max,
        shape: shape(body),
        prompt_tokens,
        cached_tokens: if asks_for_cache(body, 0) { prompt_tokens / 2 } else { 0 },
        thought,
        echo: json!({ "geo": geo }),
    })
}

/// In a header at home, in the body elsewhere. Every date is valid, and so are the clouds' own.
fn version<'a>(host: Host, heard: &Heard<'a>) -> Result<&'a str, Complaint> {
    if host == Host::Own {
        return Ok(text(heard.headers, "anthropic-version").unwrap_or_default());
    }
    match heard.body.get("anthropic_version") {
        None | Some(Value::Null) => Err(required("anthropic_version")),
        Some(Value::String(version)) if version == host.version() || is_date(version) => {
            Ok(version)
        }
        Some(other) => {
            Err(invalid(format!("anthropic_version: \"{other}\" is not a valid version")))
        }
    }
}

fn model(host: Host, heard: &Heard<'_>) -> Result<String, Complaint> {
    match (&heard.path.model, heard.body.get("model")) {
        (Some(_), Some(_)) => Err(extra("model")),
        (Some(model), None) => Ok(model.clone()),
        (None, None | Some(Value::Null)) => Err(required("model")),
        (None, Some(Value::String(model))) if !model.is_empty() => Ok(model.clone()),
        (None, Some(_)) if host == Host::Bedrock => Err(extra("model")),
        (None, Some(_)) => Err(invalid("model: Input should be a valid string")),
    }
}

fn stream(host: Host, heard: &Heard<'_>) -> Result<bool, Complaint> {
    let asked = match heard.body.get("stream") {
        None | Some(Value::Null) => false,
        Some(_) if host == Host::Bedrock => return Err(extra("stream")),
        Some(Value::Bool(stream)) => *stream,
        Some(_) => return Err(invalid("stream: Input should be a valid boolean")),
    };
    Ok(heard.path.stream.unwrap_or(asked))
}

/// Where the answer may be computed; the clouds decide that by their hosts.
fn geo(host: Host, body: &Value) -> Result<Option<&str>, Complaint> {
    match body.get("inference_geo") {
        None | Some(Value::Null) => Ok(None),
        Some(_) if host != Host::Own => Err(extra("inference_geo")),
        Some(geo) => match geo.as_str() {
            Some(geo @ ("us" | "global")) => Ok(Some(geo)),
            _ => Err(invalid("inference_geo: Input should be 'us' or 'global'")),
        },
    }
}

fn extra(field: &str) -> Complaint {
    invalid(format!("{field}: Extra inputs are not permitted"))
}

/// `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    let shape = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}

fn required(field: &str) -> Complaint {
    invalid(format!("{field}: Field required"))
}

fn output_max(heard: &Heard<'_>) -> Result<Option<u64>, Complaint> {
    match heard.body.get("max_tokens") {
        None | Some(Value::Null) if heard.counting => Ok(None),
        None | Some(Value::Null) => Err(required("max_tokens")),
        Some(value) => match value.as_i64() {
            Some(most) if most >= 1 => Ok(u64::try_from(most).ok()),
            Some(_) => Err(invalid("max_tokens: Input should be greater than or equal to 1")),
            None => Err(invalid("max_tokens: Input should be a valid integer")),
        },
    }
}

fn messages(body: &Value) -> Result<&[Value], Complaint> {
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
    Ok(messages)
}

fn check_blocks(messages: &[Value]) -> Result<(), Complaint> {
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
fn check_tool_turns(messages: &[Value]) -> Result<(), Complaint> {
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

fn check_sampling(version: &str, body: &Value) -> Result<(), Complaint> {
    for name in ["temperature", "top_p", "top_k"] {
        let Some(value) = body.get(name).filter(|value| !value.is_null()) else { continue };
        // Dates in this form compare as text.
        if is_date(version) && version >= NEW_RULES_FROM {
            return Err(invalid(format!(
                "{name}: sampling parameters are not supported from anthropic-version \
                 {NEW_RULES_FROM} on"
            )));
        }
        let Some(number) = value.as_f64() else {
            return Err(invalid(format!("{name}: Input should be a valid number")));
        };
        if number < 0.0 || (name != "top_k" && number > 1.0) {
            return Err(invalid(format!("{name}: range: 0..1")));
        }
    }
    Ok(())
}

/// What the newer version refuses besides.
fn check_new_rules(version: &str, messages: &[Value]) -> Result<(), Complaint> {
    if version < NEW_RULES_FROM || !is_date(version) {
        return Ok(());
    }
    for (place, message) in messages.iter().enumerate() {
        if role(message) == "assistant" && blocks(message, "document").next().is_some() {
            return Err(invalid(format!(
                "messages.{place}: `document` blocks are not supported in assistant messages"
            )));
        }
        let cites = |block: &Value| {
            block.get("citations").and_then(Value::as_array).is_some_and(|all| !all.is_empty())
        };
        if role(message) == "user" && blocks(message, "text").any(cites) {
            return Err(invalid(format!(
                "messages.{place}: `citations` are not supported on user text blocks"
            )));
        }
    }
    Ok(())
}

fn stops(body: &Value) -> Result<Vec<String>, Complaint> {
    let strings = |stops: &Vec<Value>| {
        stops.iter().map(|stop| stop.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    };
    match body.get("stop_sequences") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(value) => value
            .as_array()
            .and_then(strings)
            .ok_or_else(|| invalid("stop_sequences: Input should be a valid list of strings")),
    }
}

fn shape(body: &Value) -> Shape {
    let format = body.pointer("/output_config/format").or_else(|| body.get("output_format"));
    match format {
        Some(format) if kind(format) == "json_schema" => {
            Shape::Schema(format.get("schema").cloned().unwrap_or(Value::Null))
        }
        _ => Shape::Text,
    }
}

fn tools(body: &Value) -> Result<Vec<Tool>, Complaint> {
    let tools = match body.get("tools") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(tools)) => tools,
        Some(_) => return Err(invalid("tools: Input should be a valid list")),
    };
    let mut read = Vec::with_capacity(tools.len());
    for (place, tool) in tools.iter().enumerate() {
        // Tools with another type are run by the vendor itself; it is no stand-in for those.
        if !matches!(kind(tool), "" | "custom") {
            continue;
        }
        let name = tool.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| required(&format!("tools.{place}.custom.name")))?;
        let schema = tool.get("input_schema");
        let schema =
            schema.ok_or_else(|| required(&format!("tools.{place}.custom.input_schema")))?;
        read.push(Tool { name: name.to_owned(), schema: schema.clone() });
    }
    Ok(read)
}

fn choice(body: &Value, tools: &[Tool]) -> Result<(Choice, Calls), Complaint> {
    let Some(choice) = body.get("tool_choice").filter(|value| !value.is_null()) else {
        return Ok((Choice::Auto, Calls::Parallel));
    };
    if tools.is_empty() && body.get("tools").is_none() {
        return Err(invalid(
            "tool_choice: tool_choice may only be specified while providing tools.",
        ));
    }
    let read = match kind(choice) {
        "auto" => Choice::Auto,
        "none" => Choice::Never,
        "any" => Choice::Any,
        "tool" => match choice.get("name").and_then(Value::as_str) {
            Some(name) if tools.iter().any(|tool| tool.name == name) => {
                Choice::Named(name.to_owned())
            }
            Some(name) => {
                return Err(invalid(format!(
                    "tool_choice: Tool '{name}' not found in provided tools"
                )));
            }
            None => return Err(required("tool_choice.tool.name")),
        },
        _ => return Err(invalid("tool_choice: Input should be 'auto', 'any', 'tool' or 'none'")),
    };
    let one = choice.get("disable_parallel_tool_use").and_then(Value::as_bool).unwrap_or(false);
    Ok((read, if one { Calls::OneAtATime } else { Calls::Parallel }))
}

fn tool_results(messages: &[Value]) -> Vec<String> {
    let last = messages.last().into_iter();
    last.flat_map(|message| blocks(message, "tool_result"))
        .map(|block| text_of(block.get("content").unwrap_or(&Value::Null)))
        .collect()
}

/// A cache mark anywhere; the simulator then claims half of the prompt was read from the cache.
fn asks_for_cache(value: &Value, depth: usize) -> bool {
    depth < 8
        && match value {
            Value::Object(all) => {
                all.contains_key("cache_control")
                    || all.values().any(|inner| asks_for_cache(inner, depth + 1))
            }
            Value::Array(all) => all.iter().any(|inner| asks_for_cache(inner, depth + 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::InPath;
    use http::{HeaderMap, HeaderValue};

    fn heard(version: &'static str, body: &Value) -> Result<Ask, Complaint> {
        let (path, mut headers) = (InPath::default(), HeaderMap::new());
        headers.insert("anthropic-version", HeaderValue::from_static(version));
        read(Host::Own, &Heard { path: &path, headers: &headers, body, counting: false })
    }

    fn complaint(body: &Value) -> String {
        heard("2023-06-01", body).unwrap_err().message
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(complaint(&json!({})), "model: Field required");
        assert_eq!(complaint(&json!({"model": "m"})), "max_tokens: Field required");
        assert_eq!(complaint(&json!({"model": "m", "max_tokens": 5})), "messages: Field required");
        let empty = json!({"model": "m", "max_tokens": 5, "messages": []});
        assert_eq!(complaint(&empty), "messages: at least one message is required");
    }

    #[test]
    fn a_result_without_its_call_is_refused() {
        let stray = complaint(&json!({"model": "m", "max_tokens": 5, "messages": [
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t9"}]}]}));
        assert!(stray.contains("t9"), "{stray}");
    }

    #[test]
    fn a_call_without_its_result_is_refused() {
        let call = json!({"type": "tool_use", "id": "t1", "name": "a", "input": {}});
        let open = complaint(&json!({"model": "m", "max_tokens": 5, "messages": [
            {"role": "user", "content": "x"}, {"role": "assistant", "content": [call]},
            {"role": "user", "content": "y"}]}));
        assert!(open.starts_with("messages.1: `tool_use` ids"), "{open}");
    }

    #[test]
    fn turns_of_the_same_role_are_tolerated() {
        let body = json!({"model": "m", "max_tokens": 5, "messages": [
            {"role": "user", "content": "a"}, {"role": "user", "content": "b"}]});
        assert_eq!(heard("2023-06-01", &body).unwrap().last_text, "b");
    }

    #[test]
    fn sampling_is_refused_by_the_newer_version_only() {
        let body = json!({"model": "m", "max_tokens": 5, "temperature": 1.0,
            "messages": [{"role": "user", "content": "a"}]});
        assert!(heard("2023-06-01", &body).is_ok());
        assert!(heard("2026-10-21", &body).is_err());
    }
}
