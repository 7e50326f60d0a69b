//! A prompt into a Messages body.

mod messages;
mod wire;

use messages::Conversation;
pub(super) use wire::Body;
use wire::{Choice, Format, OutputConfig, Thinking, Tool};

use crate::{
    Target, Unsupported,
    prompt::{self, Effort, Number, Prompt, ToolChoice},
};

/// The schema of a tool without arguments: here a schema is required.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;
/// The least nucleus that the API takes beside thinking.
const TOP_P_THINKING_MIN: f64 = 0.95;
/// Images that the API takes.
const IMAGE_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// The body for `target`, not yet text.
///
/// # Errors
/// [`Unsupported`] naming the field that cannot go.
pub(crate) fn emit<'p>(prompt: &'p Prompt, target: &Target<'p>) -> Result<Body<'p>, Unsupported> {
    refuse_foreign(prompt)?;
    let conversation = messages::conversation(prompt, target)?;
    let sampling = &prompt.sampling;
    let text = |number: &'p Option<Number>| number.as_ref().map(|number| &*number.text);
    let (effort, thinking) = reasoning(prompt, &conversation)?;
    let mut dropped = Vec::new();
    if conversation.is_missing_reasoning || conversation.is_interrupted && asks(prompt) {
        dropped.push("reasoning");
    }
    let format = match &prompt.format {
        Some(prompt::Format::JsonSchema { schema, .. }) => {
            Some(Format { kind: "json_schema", schema })
        }
        Some(prompt::Format::JsonObject) | None => None,
    };
    let output_config =
        (effort.is_some() || format.is_some()).then_some(OutputConfig { effort, format });
    Ok(Body {
        anthropic_version: None,
        model: Some(target.model),
        max_tokens: Some(prompt.output_max.unwrap_or(target.output_max_default)),
        system: conversation.system,
        messages: conversation.messages,
        stop_sequences: prompt.stop.iter().map(|stop| &*stop.text).collect(),
        temperature: text(&sampling.temperature),
        top_p: text(&sampling.top_p),
        top_k: text(&sampling.top_k),
        tools: tools(prompt)?,
        tool_choice: choice(prompt),
        output_config,
        thinking,
        inference_geo: target.inference_geo,
        stream: prompt.stream.then_some(true),
        dropped,
    })
}

/// The body for a count of the prompt at `target`: without what is about the answer alone.
///
/// # Errors
/// [`Unsupported`] naming the field that cannot go.
pub(crate) fn emit_count<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<Body<'p>, Unsupported> {
    Ok(Body {
        max_tokens: None,
        stop_sequences: Vec::new(),
        temperature: None,
        top_p: None,
        top_k: None,
        inference_geo: None,
        stream: None,
        ..emit(prompt, target)?
    })
}

/// What the prompt may hold and this dialect has no word for.
fn refuse_foreign(prompt: &Prompt) -> Result<(), Unsupported> {
    let cannot =
        |param: &str, why: &str| Err(Unsupported::about(param, format!("`{param}` {why}")));
    let sampling = &prompt.sampling;
    for (param, penalty) in [
        ("presence_penalty", &sampling.presence_penalty),
        ("frequency_penalty", &sampling.frequency_penalty),
    ] {
        if penalty.as_ref().is_some_and(|penalty| penalty.value != 0.0) {
            return cannot(param, "cannot be carried to this provider");
        }
    }
    if sampling.seed.is_some() {
        return cannot("seed", "cannot be carried to this provider");
    }
    if sampling.temperature.as_ref().is_some_and(|temperature| temperature.value > 1.0) {
        return cannot("temperature", "is above 1, the most that this provider takes");
    }
    if let Some(prompt::Format::JsonObject) = prompt.format {
        let why = "asks for JSON without a schema, which this provider does not have";
        return cannot("response_format.type", why);
    }
    match prompt.stop.iter().find(|stop| stop.text.trim().is_empty()) {
        Some(blank) => Err(blank.at.refuse("is white space, which this provider does not take")),
        None => Ok(()),
    }
}

/// Whether the caller asks for reasoning in so many words.
fn asks(prompt: &Prompt) -> bool {
    prompt.thinking == Some(true) || prompt.reasoning_max.is_some()
}

/// How much the model reasons, and whether it does.
///
/// | asked elsewhere | asked here |
/// |---|---|
/// | a budget | `thinking: enabled` with it |
/// | an effort | `output_config.effort`, and `thinking: adaptive` where the API takes it |
/// | effort `none` | `thinking: disabled` |
/// | effort `minimal` | refused: there is no such level |
///
/// The API takes no thinking beside a forced tool, `top_k`, or a temperature other than 1: then the
/// effort goes alone. In a tool loop it wants the loop's reasoning back and takes no other, so where
/// that cannot go thinking is switched off for this request: nothing is forged.
fn reasoning(
    prompt: &Prompt,
    conversation: &Conversation<'_>,
) -> Result<(Option<&'static str>, Option<Thinking>), Unsupported> {
    let effort = match prompt.effort {
        None => None,
        Some(Effort::None) => return Ok((None, Some(Thinking::DISABLED))),
        Some(Effort::Minimal) => {
            return Err(Unsupported::about(
                "reasoning_effort",
                "`reasoning_effort` is `minimal`, a level that this provider does not have",
            ));
        }
        Some(effort) => Some(effort.as_str()),
    };
    let thinking = match (prompt.thinking, prompt.reasoning_max) {
        (Some(true), _) | (_, Some(_)) if conversation.is_interrupted => Some(Thinking::DISABLED),
        (_, Some(budget_tokens)) => Some(Thinking::enabled(budget_tokens)),
        (Some(true), None) => Some(Thinking::ADAPTIVE),
        (Some(false), None) => None,
        (None, None) => {
            let fit = effort.is_some() && !conversation.is_interrupted && may_think(prompt);
            fit.then_some(Thinking::ADAPTIVE)
        }
    };
    Ok((effort, thinking))
}

/// Whether the rest of the request leaves room for thinking.
fn may_think(prompt: &Prompt) -> bool {
    let forced = matches!(prompt.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    let sampling = &prompt.sampling;
    let drawn = sampling.temperature.as_ref().is_some_and(|temperature| temperature.value != 1.0)
        || sampling.top_p.as_ref().is_some_and(|top_p| top_p.value < TOP_P_THINKING_MIN)
        || sampling.top_k.is_some();
    !drawn && (!forced || prompt.tools.is_empty())
}

fn tools(prompt: &Prompt) -> Result<Vec<Tool<'_>>, Unsupported> {
    let no_arguments = || {
        serde_json::from_str(NO_ARGUMENTS)
            .map_err(|_| Unsupported::about("tools", "`tools` cannot be written"))
    };
    let one = |tool: &'_ prompt::Tool| -> Result<(), Unsupported> {
        if tool.name.is_empty() {
            return Err(tool.at.key("name").refuse("is empty"));
        }
        Ok(())
    };
    prompt.tools.iter().try_for_each(one)?;
    prompt
        .tools
        .iter()
        .map(|tool| {
            Ok(Tool {
                name: &tool.name,
                description: tool.description.as_deref(),
                input_schema: match &tool.schema {
                    Some(schema) => schema,
                    None => no_arguments()?,
                },
                strict: tool.strict,
            })
        })
        .collect()
}

/// A choice means something only when there are tools. One call at a time is said here and not
/// beside it, so `auto` stands in when the caller made no choice.
fn choice(prompt: &Prompt) -> Option<Choice<'_>> {
    if prompt.tools.is_empty() {
        return None;
    }
    let single = prompt.parallel_tools == Some(false);
    let (kind, name) = match &prompt.tool_choice {
        None if single => ("auto", None),
        None => return None,
        Some(ToolChoice::Auto) => ("auto", None),
        Some(ToolChoice::None) => ("none", None),
        Some(ToolChoice::Required) => ("any", None),
        Some(ToolChoice::Named(name)) => ("tool", Some(&**name)),
    };
    let disable_parallel_tool_use = (single && kind != "none").then_some(true);
    Some(Choice { kind, name, disable_parallel_tool_use })
}

/// The type of an image as the API names it, if it takes such images.
fn image_type(media_type: &str) -> Option<&str> {
    // Not a registered type, and yet widely written.
    let named = if media_type == "image/jpg" { "image/jpeg" } else { media_type };
    IMAGE_TYPES.contains(&named).then_some(named)
}
