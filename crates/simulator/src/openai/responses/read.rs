//! Checks and reads a Responses request, in the order and words of the vendor.

use serde_json::{Map, Value};

use super::super::{
    House, INVALID, cached, check_ranges, check_tool_name, flag, invalid, missing, model, present,
    wrong_type,
};
use super::items;
use crate::ask::{Ask, Calls, Choice, Shape, Thought, Tool, estimate_tokens, kind};
use crate::vendor::Complaint;
use crate::wire::Heard;

/// Fewer tokens than this cannot be asked for.
const OUTPUT_LEAST: u64 = 16;

const RANGES: [(&str, f64, f64); 2] = [("temperature", 0.0, 2.0), ("top_p", 0.0, 1.0)];

/// Fields of the format; any other is refused.
const KNOWN: [&str; 29] = [
    "background",
    "context_management",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "conversation",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
];

/// Fields that the reply repeats.
const ECHOED: [&str; 12] = [
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "reasoning",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "include",
];

pub(super) fn read(house: House, heard: &Heard<'_>) -> Result<Ask, Complaint> {
    let body = heard.body;
    check_known(body)?;
    let model = model(heard.path, body)?;
    check_state(body)?;
    let input = items::read(house, body)?;
    check_ranges(body, &RANGES)?;
    if house == House::Azure && input.last_text.contains(crate::answer::FILTER_PROMPT) {
        return Err(crate::azure::prompt_blocked());
    }
    let tools = tools(body)?;
    let prompt_tokens = estimate_tokens(body, input.images);
    Ok(Ask {
        model,
        stream: flag(body, "stream")?.unwrap_or(false),
        include_usage: true,
        choices: 1,
        last_text: input.last_text,
        images: input.images,
        tool_results: input.tool_results,
        choice: choice(body, &tools)?,
        tools,
        calls: match flag(body, "parallel_tool_calls")? {
            Some(false) => Calls::OneAtATime,
            Some(true) | None => Calls::Parallel,
        },
        stops: Vec::new(),
        output_max: output_max(body)?,
        shape: shape(body)?,
        prompt_tokens,
        cached_tokens: cached(prompt_tokens).min(prompt_tokens),
        thought: thought(body),
        echo: echo(body),
    })
}

fn check_known(body: &Value) -> Result<(), Complaint> {
    let mut names = body.as_object().into_iter().flat_map(Map::keys);
    // `truncation` and `prompt` are known as well; the latter is refused by name below.
    let unknown = |name: &&String| {
        !KNOWN.contains(&name.as_str()) && !matches!(name.as_str(), "truncation" | "prompt")
    };
    let unknown = names.find(unknown);
    unknown.map_or(Ok(()), |name| {
        Err(invalid(name, format!("Unknown parameter: '{name}'.")).code("unknown_parameter"))
    })
}

/// Nothing is stored, so nothing stored can be referred to.
fn check_state(body: &Value) -> Result<(), Complaint> {
    if let Some(id) = present(body, "previous_response_id") {
        let id = id.as_str().unwrap_or_default();
        let text = format!("Previous response with id '{id}' not found.");
        return Err(invalid("previous_response_id", text).code("previous_response_not_found"));
    }
    for name in ["conversation", "prompt"] {
        if present(body, name).is_some() {
            let text = format!("The {name} given was not found.");
            return Err(Complaint::new(404, INVALID, text).param(name));
        }
    }
    if flag(body, "background")? == Some(true) {
        let text = "Background mode is not available for this model.";
        return Err(invalid("background", text).code("unsupported_parameter"));
    }
    Ok(())
}

fn output_max(body: &Value) -> Result<Option<u64>, Complaint> {
    let Some(value) = present(body, "max_output_tokens") else { return Ok(None) };
    match value.as_u64() {
        Some(most) if most >= OUTPUT_LEAST => Ok(Some(most)),
        Some(most) => {
            let text = format!(
                "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= \
                 {OUTPUT_LEAST}, but got {most} instead."
            );
            Err(invalid("max_output_tokens", text).code("integer_below_min_value"))
        }
        None => Err(wrong_type("max_output_tokens", "an integer", value)),
    }
}

fn shape(body: &Value) -> Result<Shape, Complaint> {
    let Some(format) = body.pointer("/text/format").filter(|format| !format.is_null()) else {
        return Ok(Shape::Text);
    };
    match kind(format) {
        "text" => Ok(Shape::Text),
        "json_object" => Ok(Shape::Object),
        "json_schema" => {
            if format.get("name").and_then(Value::as_str).is_none() {
                return Err(missing("text.format.name"));
            }
            let schema = format.get("schema").cloned();
            schema.map(Shape::Schema).ok_or_else(|| missing("text.format.schema"))
        }
        other => {
            let text = format!(
                "Invalid value: '{other}'. Supported values are: 'json_object', 'json_schema', and \
                 'text'."
            );
            Err(invalid("text.format.type", text).code("invalid_value"))
        }
    }
}

/// Reasoning is shown as a summary, if one is asked for, and always as an item.
fn thought(body: &Value) -> Thought {
    let Some(reasoning) = present(body, "reasoning") else { return Thought::Absent };
    if reasoning.get("effort").and_then(Value::as_str) == Some("none") {
        return Thought::Absent;
    }
    match present(reasoning, "summary") {
        Some(_) => Thought::Shown,
        None if present(reasoning, "effort").is_some() => Thought::Hidden,
        None => Thought::Absent,
    }
}

fn tools(body: &Value) -> Result<Vec<Tool>, Complaint> {
    let Some(tools) = present(body, "tools") else { return Ok(Vec::new()) };
    let tools =
        tools.as_array().ok_or_else(|| wrong_type("tools", "an array of objects", tools))?;
    let mut read = Vec::with_capacity(tools.len());
    for (place, tool) in tools.iter().enumerate() {
        match kind(tool) {
            "" => return Err(missing(&format!("tools[{place}].type"))),
            "function" => {}
            // Tools with another type are run by the vendor itself; it is no stand-in for those.
            _ => continue,
        }
        let param = format!("tools[{place}].name");
        let name = tool.get("name").and_then(Value::as_str).ok_or_else(|| missing(&param))?;
        check_tool_name(&param, name)?;
        let schema = tool.get("parameters").cloned().unwrap_or(Value::Null);
        read.push(Tool { name: name.to_owned(), schema });
    }
    Ok(read)
}

fn choice(body: &Value, tools: &[Tool]) -> Result<Choice, Complaint> {
    let Some(choice) = present(body, "tool_choice") else { return Ok(Choice::Auto) };
    match choice.as_str() {
        Some("auto") => return Ok(Choice::Auto),
        Some("none") => return Ok(Choice::Never),
        Some("required") if !tools.is_empty() => return Ok(Choice::Any),
        Some(_) | None => {}
    }
    if kind(choice) == "allowed_tools" {
        let required = choice.get("mode").and_then(Value::as_str) == Some("required");
        return Ok(if required { Choice::Any } else { Choice::Auto });
    }
    let named = choice.get("name").and_then(Value::as_str);
    match named.filter(|name| tools.iter().any(|tool| tool.name == *name)) {
        Some(name) => Ok(Choice::Named(name.to_owned())),
        None => {
            let text = "Tool choice must be 'auto', 'none', 'required' or name a tool of 'tools'.";
            Err(invalid("tool_choice", text))
        }
    }
}

fn echo(body: &Value) -> Value {
    let of = |name: &&str| Some(((*name).to_owned(), present(body, name)?.clone()));
    Value::Object(ECHOED.iter().filter_map(of).collect())
}
