//! A Responses body into a prompt, strictly: what no other dialect has is refused by name.

mod input;

use serde_json::value::RawValue;

use super::ENCRYPTED;
use crate::{
    Unsupported,
    fields::{Field, Fields},
    prompt::{Block, BlockKind, Effort, Format, Prompt, Role, Tool, ToolChoice, Turn},
};

/// Fields that mean nothing to the answer. The limit on calls is one on hosted tools, and those are
/// refused.
const HARMLESS: [&str; 7] = [
    "user",
    "safety_identifier",
    "metadata",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "max_tool_calls",
];

/// Reads a whole body.
///
/// # Errors
/// [`Unsupported`] naming the field that is malformed or has no place in a prompt.
pub(crate) fn parse(body: &[u8]) -> Result<Prompt, Unsupported> {
    let mut body = Fields::body(body)?;
    let mut prompt = Prompt::default();
    body.take("model");
    body.forgo(&HARMLESS, &mut prompt.dropped);
    if body.take("store").is_none_or(|field| field.raw().get() != "false") {
        // It stands for true, and nothing is kept.
        prompt.dropped.push("store");
    }
    neutral(&mut body)?;
    include(&mut body)?;
    prompt.output_max = body.take("max_output_tokens").map(|field| field.count()).transpose()?;
    if let Some(field) = body.take("stream") {
        prompt.stream = field.flag()?;
    }
    if let Some(field) = body.take("stream_options") {
        let mut options = field.object()?;
        options.forgo(&["include_obfuscation"], &mut prompt.dropped);
        options.finish()?;
    }
    let sampling = &mut prompt.sampling;
    for (key, slot) in [("temperature", &mut sampling.temperature), ("top_p", &mut sampling.top_p)]
    {
        *slot = body.take(key).map(|field| field.number()).transpose()?;
    }
    if let Some(field) = body.take("text") {
        let mut text = field.object()?;
        only(&mut text, "verbosity", |raw| raw.get() == r#""medium""#)?;
        prompt.format = match text.take("format") {
            Some(field) => format(&field, &mut prompt.dropped)?,
            None => None,
        };
        text.finish()?;
    }
    if let Some(field) = body.take("reasoning") {
        reasoning(&field, &mut prompt)?;
    }
    if let Some(field) = body.take("tools") {
        prompt.tools = field.list()?.map(|field| tool(&field)).collect::<Result<_, _>>()?;
    }
    prompt.tool_choice = body.take("tool_choice").map(|field| choice(&field)).transpose()?;
    prompt.parallel_tools =
        body.take("parallel_tool_calls").map(|field| field.flag()).transpose()?;
    if let Some(field) = body.take("instructions") {
        let at = field.path();
        let kind = BlockKind::Text(field.text()?.into_owned());
        let blocks = vec![Block { at: at.clone(), kind }];
        prompt.turns.push(Turn { at, role: Role::System, blocks });
    }
    input::read(&body.require("input")?, &mut prompt)?;
    body.finish()?;
    Ok(prompt)
}

type IsNeutral = fn(&RawValue) -> bool;

/// Takes a field whose neutral value changes nothing; any other value is refused.
fn only(
    fields: &mut Fields<'_>,
    key: &'static str,
    is_neutral: IsNeutral,
) -> Result<(), Unsupported> {
    match fields.take(key) {
        Some(field) if !is_neutral(field.raw()) => {
            Err(field.refuse("cannot be carried to this provider"))
        }
        Some(_) | None => Ok(()),
    }
}

fn neutral(body: &mut Fields<'_>) -> Result<(), Unsupported> {
    let rules: [(&'static str, IsNeutral); 4] = [
        ("background", |raw| raw.get() == "false"),
        ("top_logprobs", |raw| raw.get() == "0"),
        ("truncation", |raw| raw.get() == r#""disabled""#),
        ("service_tier", |raw| matches!(raw.get(), r#""auto""# | r#""default""#)),
    ];
    rules.into_iter().try_for_each(|(key, is_neutral)| only(body, key, is_neutral))
}

/// Sealed reasoning is always given, inside a carrier; whatever else may be included is of tools
/// and figures that only this API has.
fn include(body: &mut Fields<'_>) -> Result<(), Unsupported> {
    let Some(field) = body.take("include") else { return Ok(()) };
    for field in field.list()? {
        if field.text()? != ENCRYPTED {
            return Err(field.refuse("asks for what this provider does not give"));
        }
    }
    Ok(())
}

fn format(
    field: &Field<'_>,
    dropped: &mut Vec<&'static str>,
) -> Result<Option<Format>, Unsupported> {
    let mut format = field.object()?;
    let kind = format.require("type")?;
    let read = match &*kind.text()? {
        "text" => None,
        "json_object" => Some(Format::JsonObject),
        "json_schema" => {
            format.forgo(&["description", "strict"], dropped);
            let name = format.take("name").map(|name| name.text()).transpose()?;
            let schema = format.require("schema")?.raw_object()?;
            Some(Format::JsonSchema { name: name.map(Into::into), schema })
        }
        _ => return Err(kind.refuse("is not a known format")),
    };
    format.finish()?;
    Ok(read)
}

fn reasoning(field: &Field<'_>, prompt: &mut Prompt) -> Result<(), Unsupported> {
    let mut reasoning = field.object()?;
    if let Some(field) = reasoning.take("effort") {
        let effort = Effort::parse(&field.text()?);
        prompt.effort = Some(effort.ok_or_else(|| field.refuse("is not a known effort"))?);
    }
    // Reasoning is shown as far as the provider shows it.
    reasoning.forgo(&["summary", "generate_summary"], &mut prompt.dropped);
    only(&mut reasoning, "mode", |raw| raw.get() == r#""standard""#)?;
    only(&mut reasoning, "context", |raw| raw.get() == r#""auto""#)?;
    reasoning.finish()
}

fn tool(field: &Field<'_>) -> Result<Tool, Unsupported> {
    let mut tool = field.object()?;
    let kind = tool.require("type")?;
    if kind.text()? != "function" {
        return Err(kind.refuse("names a tool that only its own provider has"));
    }
    let read = Tool {
        at: field.path(),
        name: tool.require("name")?.text()?.into_owned(),
        description: tool.take("description").map(|d| d.text()).transpose()?.map(Into::into),
        schema: tool.take("parameters").map(|field| field.raw_object()).transpose()?,
        // Not said means "as far as the schema allows", which only this API can do.
        strict: tool.take("strict").map(|field| field.flag()).transpose()?,
    };
    tool.finish()?;
    Ok(read)
}

fn choice(field: &Field<'_>) -> Result<ToolChoice, Unsupported> {
    if field.is_text() {
        return match &*field.text()? {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            _ => Err(field.refuse("is not a known choice")),
        };
    }
    let mut choice = field.object()?;
    let kind = choice.require("type")?;
    if kind.text()? != "function" {
        return Err(kind.refuse("cannot be carried to this provider"));
    }
    let name = choice.require("name")?.text()?.into_owned();
    choice.finish()?;
    Ok(ToolChoice::Named(name))
}
