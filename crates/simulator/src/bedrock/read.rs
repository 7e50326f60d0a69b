//! Checks and reads a Converse request, in the words of the vendor.

mod blocks;

use serde_json::{Map, Value};

use super::invalid;
use crate::anthropic::generation;
use crate::ask::{
    Ask, Calls, Choice, Shape, Thought, Tool, estimate_tokens, last_user_text, role, text_of,
};
use crate::vendor::Complaint;
use crate::wire::Heard;
use blocks::{check_messages, members};

const KNOWN: [&str; 12] = [
    "messages",
    "system",
    "inferenceConfig",
    "toolConfig",
    "guardrailConfig",
    "additionalModelRequestFields",
    "promptVariables",
    "additionalModelResponseFieldPaths",
    "requestMetadata",
    "performanceConfig",
    "serviceTier",
    "outputConfig",
];

pub(super) fn read(heard: &Heard<'_>) -> Result<Ask, Complaint> {
    let body = heard.body;
    check_known("#", body, &KNOWN)?;
    let messages = messages(body)?;
    let model = heard.path.model.as_deref().unwrap_or_default();
    check_messages(model, messages)?;
    check_system(body)?;
    let tools = tools(body)?;
    if body.get("toolConfig").is_none() && messages.iter().any(blocks::has_tools) {
        return Err(invalid(
            "The toolConfig field must be defined when using toolUse and toolResult content \
             blocks.",
        ));
    }
    let inference = body.get("inferenceConfig").unwrap_or(&Value::Null);
    check_known(
        "#/inferenceConfig",
        inference,
        &["maxTokens", "temperature", "topP", "stopSequences"],
    )?;
    for name in ["temperature", "topP"] {
        check_share(model, inference, name)?;
    }
    let images = messages.iter().flat_map(|message| members(message, "image")).count();
    let prompt_tokens = estimate_tokens(body, images);
    let extra = body.get("additionalModelRequestFields").unwrap_or(&Value::Null);
    let one = extra.pointer("/tool_choice/disable_parallel_tool_use");
    let cached = messages.iter().any(|message| members(message, "cachePoint").next().is_some())
        || body.get("system").is_some_and(|system| system.to_string().contains("cachePoint"));
    Ok(Ask {
        model: model.to_owned(),
        stream: heard.path.stream.unwrap_or(false),
        include_usage: true,
        choices: 1,
        last_text: last_user_text(messages),
        images,
        tool_results: tool_results(messages),
        choice: choice(body, &tools)?,
        tools,
        calls: match one.and_then(Value::as_bool) {
            Some(true) => Calls::OneAtATime,
            Some(false) | None => Calls::Parallel,
        },
        stops: stops(inference)?,
        output_max: output_max(inference)?,
        shape: shape(body)?,
        prompt_tokens,
        cached_tokens: if cached { prompt_tokens / 2 } else { 0 },
        thought: thought(extra),
        echo: Value::Null,
    })
}

pub(super) fn check_known(place: &str, value: &Value, known: &[&str]) -> Result<(), Complaint> {
    let names = value.as_object().into_iter().flat_map(Map::keys);
    let unknown = names.into_iter().find(|name| !known.contains(&name.as_str()));
    unknown.map_or(Ok(()), |name| {
        Err(invalid(format!(
            "Malformed input request: {place}: extraneous key [{name}] is not permitted, please \
             reformat your input and try again."
        )))
    })
}

fn messages(body: &Value) -> Result<&[Value], Complaint> {
    match body.get("messages") {
        Some(Value::Array(messages)) if !messages.is_empty() => Ok(messages),
        Some(Value::Array(_)) => Err(invalid("The messages field must hold at least one message.")),
        None | Some(Value::Null) => Err(invalid(
            "1 validation error detected: Value at 'messages' \
            failed to satisfy constraint: Member must not be null",
        )),
        Some(_) => Err(invalid("STRING_VALUE can not be converted to a List")),
    }
}

fn check_system(body: &Value) -> Result<(), Complaint> {
    let blocks = match body.get("system") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(blocks)) => blocks,
        Some(_) => return Err(invalid("STRING_VALUE can not be converted to a List")),
    };
    for (place, block) in blocks.iter().enumerate() {
        if block.get("text").and_then(Value::as_str).is_some_and(|text| text.trim().is_empty()) {
            return Err(invalid(format!(
                "The text field in the SystemContentBlock object at system.{place} is blank. Add \
                 text to the text field, and try again."
            )));
        }
    }
    Ok(())
}

fn check_share(model: &str, inference: &Value, name: &str) -> Result<(), Complaint> {
    let Some(value) = inference.get(name).filter(|value| !value.is_null()) else { return Ok(()) };
    if !generation::takes_sampling(model) {
        return Err(invalid(format!(
            "The model returned the following errors: `{name}` is deprecated for this model."
        )));
    }
    match value.as_f64() {
        Some(number) if (0.0..=1.0).contains(&number) => Ok(()),
        _ => Err(invalid(format!(
            "1 validation error detected: Value '{value}' at 'inferenceConfig.{name}' failed to \
             satisfy constraint: Member must have value less than or equal to 1"
        ))),
    }
}

fn output_max(inference: &Value) -> Result<Option<u64>, Complaint> {
    let Some(value) = inference.get("maxTokens").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    match value.as_u64() {
        Some(most) if most >= 1 => Ok(Some(most)),
        _ => Err(invalid(format!(
            "1 validation error detected: Value '{value}' at 'inferenceConfig.maxTokens' failed to \
             satisfy constraint: Member must have value greater than or equal to 1"
        ))),
    }
}

fn stops(inference: &Value) -> Result<Vec<String>, Complaint> {
    let Some(stops) = inference.get("stopSequences").filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let all = stops.as_array().map(|all| all.iter().map(|one| one.as_str().map(str::to_owned)));
    all.and_then(Iterator::collect)
        .ok_or_else(|| invalid("inferenceConfig.stopSequences must be a list of strings"))
}

/// The schema is a JSON text of its own.
fn shape(body: &Value) -> Result<Shape, Complaint> {
    let Some(schema) = body.pointer("/outputConfig/textFormat/structure/jsonSchema/schema") else {
        return Ok(Shape::Text);
    };
    let schema = schema.as_str().and_then(|text| serde_json::from_str(text).ok());
    schema.map(Shape::Schema).ok_or_else(|| {
        invalid("The schema at outputConfig.textFormat.structure.jsonSchema is not valid JSON.")
    })
}

/// Claude's own switch, passed through.
fn thought(extra: &Value) -> Thought {
    match extra.pointer("/thinking/type").and_then(Value::as_str) {
        Some("enabled" | "adaptive") => Thought::Shown,
        _ => Thought::Absent,
    }
}

fn tools(body: &Value) -> Result<Vec<Tool>, Complaint> {
    let Some(config) = body.get("toolConfig").filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    check_known("#/toolConfig", config, &["tools", "toolChoice"])?;
    let tools = config.get("tools").and_then(Value::as_array).filter(|tools| !tools.is_empty());
    let Some(tools) = tools else {
        return Err(invalid(
            "1 validation error detected: Value at 'toolConfig.tools' failed to satisfy \
             constraint: Member must have length greater than or equal to 1",
        ));
    };
    let mut read = Vec::with_capacity(tools.len());
    for (place, tool) in tools.iter().enumerate() {
        let Some(spec) = tool.get("toolSpec") else { continue };
        let name = spec.get("name").and_then(Value::as_str).unwrap_or_default();
        if !blocks::is_name(name) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{name}' at \
                 'toolConfig.tools.{place}.member.toolSpec.name' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+"
            )));
        }
        if spec.get("description").and_then(Value::as_str) == Some("") {
            return Err(invalid(format!(
                "1 validation error detected: Value '' at \
                 'toolConfig.tools.{place}.member.toolSpec.description' failed to satisfy \
                 constraint: Member must have length greater than or equal to 1"
            )));
        }
        let schema = spec.pointer("/inputSchema/json").filter(|schema| schema.is_object());
        let Some(schema) = schema else {
            return Err(invalid(format!(
                "The value at toolConfig.tools.{place}.toolSpec.inputSchema.json.type must be one \
                 of the following: object."
            )));
        };
        read.push(Tool { name: name.to_owned(), schema: schema.clone() });
    }
    Ok(read)
}

fn choice(body: &Value, tools: &[Tool]) -> Result<Choice, Complaint> {
    let Some(choice) = body.pointer("/toolConfig/toolChoice").filter(|value| !value.is_null())
    else {
        return Ok(Choice::Auto);
    };
    if choice.get("auto").is_some() {
        return Ok(Choice::Auto);
    }
    if choice.get("any").is_some() {
        return Ok(Choice::Any);
    }
    let named = choice.pointer("/tool/name").and_then(Value::as_str);
    match named.filter(|name| tools.iter().any(|tool| tool.name == *name)) {
        Some(name) => Ok(Choice::Named(name.to_owned())),
        None => Err(invalid("The toolChoice must be auto, any, or a tool of toolConfig.tools.")),
    }
}

/// Results of the last message, as text whatever their kind.
fn tool_results(messages: &[Value]) -> Vec<String> {
    let last = messages.last().filter(|message| role(message) == "user");
    let results = last.into_iter().flat_map(|message| members(message, "toolResult"));
    results
        .map(|result| {
            let content = result.get("content").unwrap_or(&Value::Null);
            let text = text_of(content);
            let json = content.pointer("/0/json").filter(|_| text.is_empty());
            json.map_or(text, Value::to_string)
        })
        .collect()
}
