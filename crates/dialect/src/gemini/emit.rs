//! A prompt into a `generateContent` body.

mod contents;
mod media;
mod thinking;
mod wire;

use serde::Serialize;
use wire::{
    Body, CallingConfig, Count, Declaration, GenerationConfig, SystemInstruction, ToolConfig, Tools,
};

use crate::{
    Target, Unsupported,
    prompt::{Format, Number, Prompt, Tool, ToolChoice},
};

/// The most stop sequences that the API takes.
const STOPS_MAX: usize = 5;
/// The longest name of a tool.
const TOOL_NAME_MAX: usize = 128;
/// The largest seed, which is a 32-bit number here.
const SEED_MAX: f64 = 2_147_483_647.0;

/// The body for `target`, not yet text, and what was left out.
///
/// # Errors
/// [`Unsupported`] naming the field that cannot go.
pub(crate) fn emit<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<(impl Serialize + use<'p>, Vec<&'static str>), Unsupported> {
    let (count, mut dropped) = count_body(prompt, target)?;
    let has_tools = !prompt.tools.is_empty();
    if has_tools && prompt.parallel_tools == Some(false) && is_callable(prompt) {
        let why = "allows one tool call at a time, which this provider cannot be held to";
        let message = format!("`parallel_tool_calls` {why}");
        return Err(Unsupported::about("parallel_tool_calls", message));
    }
    dropped.extend(thinking::dropped(prompt));
    let tool_config = has_tools.then(|| choice(prompt)).flatten();
    Ok((Body { prompt: count, tool_config }, dropped))
}

/// The body for a count of the prompt's tokens, and what was left out.
///
/// # Errors
/// [`Unsupported`] naming the field that cannot go.
pub(crate) fn count<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<(impl Serialize + use<'p>, Vec<&'static str>), Unsupported> {
    count_body(prompt, target)
}

fn count_body<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<(Count<'p>, Vec<&'static str>), Unsupported> {
    let conversation = contents::conversation(prompt, target.model)?;
    let system = conversation.system;
    let declarations = prompt.tools.iter().map(declaration).collect::<Result<Vec<_>, _>>()?;
    let body = Count {
        system_instruction: (!system.is_empty()).then_some(SystemInstruction { parts: system }),
        contents: conversation.contents,
        tools: (!declarations.is_empty())
            .then_some([Tools { function_declarations: declarations }]),
        generation_config: config(prompt, target)?,
    };
    Ok((body, conversation.dropped))
}

fn config<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<GenerationConfig<'p>, Unsupported> {
    if let Some(stop) = prompt.stop.get(STOPS_MAX) {
        return Err(stop.at.refuse("is one too many: this provider takes five"));
    }
    let sampling = &prompt.sampling;
    let fits = |seed: &Number| seed.value.fract() == 0.0 && seed.value.abs() <= SEED_MAX;
    if sampling.seed.as_ref().is_some_and(|seed| !fits(seed)) {
        let why = "is not a whole number of 32 bits, the most that this provider takes";
        return Err(Unsupported::about("seed", format!("`seed` {why}")));
    }
    let text = |number: &'p Option<Number>| number.as_ref().map(|number| &*number.text);
    let schema = match &prompt.format {
        Some(Format::JsonSchema { schema, .. }) => Some(&**schema),
        Some(Format::JsonObject) | None => None,
    };
    Ok(GenerationConfig {
        max_output_tokens: prompt.output_max,
        stop_sequences: prompt.stop.iter().map(|stop| &*stop.text).collect(),
        temperature: text(&sampling.temperature),
        top_p: text(&sampling.top_p),
        top_k: text(&sampling.top_k),
        seed: text(&sampling.seed),
        presence_penalty: text(&sampling.presence_penalty),
        frequency_penalty: text(&sampling.frequency_penalty),
        response_mime_type: prompt.format.as_ref().map(|_| "application/json"),
        response_json_schema: schema,
        thinking_config: thinking::config(prompt, target.model)?,
    })
}

fn declaration(tool: &Tool) -> Result<Declaration<'_>, Unsupported> {
    let begins = |b: &u8| b.is_ascii_alphabetic() || *b == b'_';
    let goes_on = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-');
    let name = tool.name.as_bytes();
    let fit = name.len() <= TOOL_NAME_MAX
        && name.first().is_some_and(begins)
        && name.iter().copied().all(goes_on);
    if !fit {
        let why = "is not a name that this provider takes: up to 128 letters, digits, `_`, `.`, `:` and `-`, a letter or `_` first";
        return Err(tool.at.key("name").refuse(why));
    }
    Ok(Declaration {
        name: &tool.name,
        description: tool.description.as_deref(),
        parameters_json_schema: tool.schema.as_deref(),
    })
}

fn is_callable(prompt: &Prompt) -> bool {
    prompt.tool_choice != Some(ToolChoice::None)
}

/// The choice, where it is not the default. A call that is forced follows its schema always; one
/// that is free does so only in the mode that validates.
fn choice(prompt: &Prompt) -> Option<ToolConfig<'_>> {
    let is_strict = prompt.tools.iter().any(|tool| tool.strict == Some(true));
    let (mode, name) = match &prompt.tool_choice {
        None | Some(ToolChoice::Auto) if is_strict => ("VALIDATED", None),
        None => return None,
        Some(ToolChoice::Auto) => ("AUTO", None),
        Some(ToolChoice::None) => ("NONE", None),
        Some(ToolChoice::Required) => ("ANY", None),
        Some(ToolChoice::Named(name)) => ("ANY", Some([&**name])),
    };
    let config = CallingConfig { mode, allowed_function_names: name };
    Some(ToolConfig { function_calling_config: config })
}
