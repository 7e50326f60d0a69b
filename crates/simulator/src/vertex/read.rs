//! Checks and reads a `generateContent` request, in the words of Google.
//!
//! Field names may be written either way, `maxOutputTokens` or `max_output_tokens`, as everywhere
//! in Google's JSON; an unknown one is refused.

mod turns;

use serde_json::{Map, Value};

use super::invalid;
use crate::ask::{Ask, Calls, Choice, Shape, Thought, Tool, estimate_tokens, last_user_text};
use crate::vendor::Complaint;
use crate::wire::Heard;

const KNOWN: [&str; 14] = [
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "safetySettings",
    "generationConfig",
    "cachedContent",
    "labels",
    "modelArmorConfig",
    "model",
    "store",
    "serviceTier",
    "instances",
    "displayName",
];

const CONFIG_KNOWN: [&str; 25] = [
    "temperature",
    "topP",
    "topK",
    "candidateCount",
    "maxOutputTokens",
    "stopSequences",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseFormat",
    "presencePenalty",
    "frequencyPenalty",
    "seed",
    "responseLogprobs",
    "logprobs",
    "thinkingConfig",
    "responseModalities",
    "speechConfig",
    "mediaResolution",
    "audioTimestamp",
    "routingConfig",
    "modelConfig",
    "imageConfig",
    "enableAffectiveDialog",
    "enableEnhancedCivicAnswers",
];

pub(super) fn read(heard: &Heard<'_>) -> Result<Ask, Complaint> {
    let body = heard.body;
    let model = heard.path.model.clone().unwrap_or_default();
    check_known("", body, &KNOWN)?;
    let config = field(body, "generationConfig").unwrap_or(&Value::Null);
    check_known("generation_config", config, &CONFIG_KNOWN)?;
    let contents = contents(body)?;
    turns::check(&model, contents)?;
    for (name, most) in [("temperature", 2.0), ("topP", 1.0)] {
        let value = field(config, name).map(|value| (value, value.as_f64()));
        if let Some((value, number)) = value
            && !number.is_some_and(|number| (0.0..=most).contains(&number))
        {
            return Err(invalid(format!(
                "Unable to submit request because it has a {name} value of {value} but the \
                 supported range is from 0 (inclusive) to {most} (inclusive). Update the value and \
                 try again."
            )));
        }
    }
    let tools = tools(body)?;
    let prompt_tokens = estimate_tokens(body, turns::images(contents));
    let cached = field(body, "cachedContent").is_some();
    Ok(Ask {
        stream: heard.path.stream.unwrap_or(false),
        include_usage: true,
        choices: choices(config)?,
        last_text: last_user_text(contents),
        images: turns::images(contents),
        tool_results: turns::results(contents),
        choice: choice(body, &tools)?,
        tools,
        calls: Calls::Parallel,
        stops: stops(config)?,
        output_max: output_max(config)?,
        shape: shape(config)?,
        prompt_tokens,
        cached_tokens: if cached { prompt_tokens / 2 } else { 0 },
        thought: thought(&model, config),
        echo: Value::Bool(field(config, "responseLogprobs") == Some(&Value::Bool(true))),
        model,
    })
}

/// A field under either of its names.
pub(super) fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let found = value.get(name).or_else(|| value.get(snake(name)));
    found.filter(|value| !value.is_null())
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

pub(super) fn check_known(place: &str, value: &Value, known: &[&str]) -> Result<(), Complaint> {
    let names = value.as_object().into_iter().flat_map(Map::keys);
    let is_known = |name: &str| known.iter().any(|known| *known == name || snake(known) == name);
    let unknown = names.into_iter().find(|name| !is_known(name));
    unknown.map_or(Ok(()), |name| {
        let at = if place.is_empty() { String::new() } else { format!(" at '{place}'") };
        Err(invalid(format!(
            "Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field."
        )))
    })
}

fn contents(body: &Value) -> Result<&[Value], Complaint> {
    match field(body, "contents") {
        Some(Value::Array(contents)) if !contents.is_empty() => Ok(contents),
        _ => Err(invalid(
            "Unable to submit request because at least one contents field is required.",
        )),
    }
}

fn whole(config: &Value, name: &str) -> Result<Option<u64>, Complaint> {
    match field(config, name) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| {
            invalid(format!(
                "Invalid value at 'generation_config.{}' (TYPE_INT32), {value}",
                snake(name)
            ))
        }),
    }
}

fn choices(config: &Value) -> Result<usize, Complaint> {
    match whole(config, "candidateCount")? {
        None => Ok(1),
        Some(count @ 1..=8) => Ok(usize::try_from(count).unwrap_or(1)),
        Some(count) => Err(invalid(format!(
            "Unable to submit request because it has a candidateCount value of {count} but the \
             supported range is from 1 (inclusive) to 9 (exclusive). Update the value and try again."
        ))),
    }
}

fn output_max(config: &Value) -> Result<Option<u64>, Complaint> {
    match whole(config, "maxOutputTokens")? {
        Some(0) => Err(invalid("max_output_tokens must be positive.")),
        most => Ok(most),
    }
}

fn stops(config: &Value) -> Result<Vec<String>, Complaint> {
    let Some(stops) = field(config, "stopSequences") else { return Ok(Vec::new()) };
    let all = stops.as_array().filter(|all| all.len() <= 5);
    let all = all.map(|all| all.iter().map(|one| one.as_str().map(str::to_owned)));
    all.and_then(Iterator::collect)
        .ok_or_else(|| invalid("stop_sequences must be at most 5 strings."))
}

fn shape(config: &Value) -> Result<Shape, Complaint> {
    let json =
        field(config, "responseMimeType").and_then(Value::as_str) == Some("application/json");
    let schema = field(config, "responseJsonSchema").or_else(|| field(config, "responseSchema"));
    match (json, schema) {
        (true, Some(schema)) => Ok(Shape::Schema(plain(schema))),
        (true, None) => Ok(Shape::Object),
        (false, Some(_)) => Err(invalid(
            "Unable to submit request because response_mime_type must be application/json when a \
             response schema is given.",
        )),
        (false, None) => Ok(Shape::Text),
    }
}

/// Google's own schemas write types in capitals.
fn plain(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| match value.as_str() {
                    Some(kind) if name == "type" => (name.clone(), kind.to_lowercase().into()),
                    _ => (name.clone(), plain(value)),
                })
                .collect(),
        ),
        Value::Array(all) => all.iter().map(plain).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

/// The third generation always thinks; the others when told to.
fn thought(model: &str, config: &Value) -> Thought {
    let Some(thinking) = field(config, "thinkingConfig") else {
        return if turns::must_sign(model) { Thought::Hidden } else { Thought::Absent };
    };
    if field(thinking, "thinkingBudget").and_then(Value::as_i64) == Some(0) {
        return Thought::Absent;
    }
    match field(thinking, "includeThoughts") {
        Some(Value::Bool(true)) => Thought::Shown,
        _ => Thought::Hidden,
    }
}

fn tools(body: &Value) -> Result<Vec<Tool>, Complaint> {
    let tools = field(body, "tools").and_then(Value::as_array);
    let declared = tools
        .into_iter()
        .flatten()
        .filter_map(|tool| field(tool, "functionDeclarations").and_then(Value::as_array))
        .flatten();
    declared
        .map(|function| {
            let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
            let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            let plain_name = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
            if !starts || name.len() > 128 || !name.chars().all(plain_name) {
                return Err(invalid(format!(
                    "Invalid function name `{name}`. Must start with a letter or an underscore. \
                     Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:) or \
                     dashes (-), with a maximum length of 128."
                )));
            }
            let own = field(function, "parameters");
            let schema = field(function, "parametersJsonSchema");
            if own.is_some() && schema.is_some() {
                return Err(invalid(
                    "Only one of parameters and parameters_json_schema can be set.",
                ));
            }
            let schema = own.or(schema).map_or(Value::Null, plain);
            Ok(Tool { name: name.to_owned(), schema })
        })
        .collect()
}

fn choice(body: &Value, tools: &[Tool]) -> Result<Choice, Complaint> {
    let config = field(body, "toolConfig");
    let Some(config) = config.and_then(|config| field(config, "functionCallingConfig")) else {
        return Ok(Choice::Auto);
    };
    let allowed = field(config, "allowedFunctionNames").and_then(Value::as_array);
    let mode = field(config, "mode").and_then(Value::as_str).unwrap_or("AUTO");
    match (mode, allowed) {
        ("NONE", _) => Ok(Choice::Never),
        ("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED", _) => Ok(Choice::Auto),
        ("ANY", None) => Ok(Choice::Any),
        ("ANY", Some(names)) => {
            let known = |name: &&Value| tools.iter().any(|tool| *name == tool.name.as_str());
            if let Some(unknown) = names.iter().find(|name| !known(name)) {
                return Err(invalid(format!(
                    "allowed_function_names has {unknown}, which is not a declared function."
                )));
            }
            Ok(match names.as_slice() {
                [Value::String(only)] => Choice::Named(only.clone()),
                _ => Choice::Any,
            })
        }
        (other, _) => Err(invalid(format!(
            "Invalid value at 'tool_config.function_calling_config.mode' (TYPE_ENUM), \"{other}\""
        ))),
    }
}
