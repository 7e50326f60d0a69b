//! Checks and reads a Messages request, in the words of the vendor.

use serde_json::{Value, json};

use super::messages::Host;
use super::{invalid, rules, thinking, turns};
use crate::ask::{
    Ask, Calls, Choice, Shape, Tool, count_parts, estimate_tokens, kind, last_user_text,
};
use crate::vendor::Complaint;
use crate::wire::Heard;

pub(super) fn read(host: Host, heard: &Heard<'_>) -> Result<Ask, Complaint> {
    let body = heard.body;
    let version = rules::version(host, heard)?;
    let model = rules::model(host, heard)?;
    let output_max = output_max(heard)?;
    let messages = turns::messages(&model, body)?;
    turns::check_blocks(messages)?;
    turns::check_tool_turns(messages)?;
    rules::check_sampling(version, &model, body)?;
    rules::check_new_rules(version, messages)?;
    let thought = thinking::read(host, body, messages)?;
    let geo = rules::geo(host, body)?;
    rules::check_known(host, body)?;
    let images = count_parts(messages, "image");
    let prompt_tokens = estimate_tokens(body, images);
    let tools = tools(body)?;
    let (choice, calls) = choice(body, &tools)?;
    Ok(Ask {
        model,
        stream: rules::stream(host, heard)?,
        include_usage: true,
        choices: 1,
        last_text: last_user_text(messages),
        images,
        tool_results: turns::tool_results(messages),
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

pub(super) fn required(field: &str) -> Complaint {
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
    fn a_field_of_another_vendor_is_refused() {
        let body = json!({"model": "m", "max_tokens": 5, "seed": 1,
            "messages": [{"role": "user", "content": "a"}]});
        assert_eq!(complaint(&body), "seed: Extra inputs are not permitted");
    }

    #[test]
    fn sampling_is_refused_by_the_newer_version_only() {
        let body = json!({"model": "m", "max_tokens": 5, "temperature": 1.0,
            "messages": [{"role": "user", "content": "a"}]});
        assert!(heard("2023-06-01", &body).is_ok());
        assert!(heard("2026-10-21", &body).is_err());
    }
}
