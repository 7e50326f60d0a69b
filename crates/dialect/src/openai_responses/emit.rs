//! A prompt into a Responses body.

mod input;
mod wire;

use serde::Serialize;
use vocab::Feature;
use wire::{Body, Choice, Format, Reasoning, Text, Tool};

use super::ENCRYPTED;
use crate::{
    Target, Unsupported,
    prompt::{self, BlockKind, Effort, Number, Prompt, Role, ToolChoice},
    reasoning::Issuer,
};

/// The longest name of a tool.
const TOOL_NAME_MAX: usize = 64;
/// The schema of a tool without arguments: here a schema is required.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// The body for `target`, not yet text, and what was left out.
///
/// # Errors
/// [`Unsupported`] naming the field that cannot go.
pub(crate) fn emit<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<(impl Serialize + use<'p>, Vec<&'static str>), Unsupported> {
    refuse_foreign(prompt)?;
    let mut dropped = Vec::new();
    let input = input::items(prompt, target.model, &mut dropped)?;
    let text = |number: &'p Option<Number>| number.as_ref().map(|number| &*number.text);
    let has_tools = !prompt.tools.is_empty();
    let body = Body {
        model: target.model,
        input,
        max_output_tokens: prompt.output_max,
        temperature: text(&prompt.sampling.temperature),
        top_p: text(&prompt.sampling.top_p),
        tools: prompt.tools.iter().map(tool).collect::<Result<_, _>>()?,
        tool_choice: prompt.tool_choice.as_ref().filter(|_| has_tools).map(choice),
        parallel_tool_calls: prompt.parallel_tools.filter(|_| has_tools),
        text: prompt.format.as_ref().map(|form| Text { format: format(form) }),
        reasoning: prompt.effort.map(|effort| Reasoning { effort: effort.as_str() }),
        include: if reasons(prompt, target) { &[ENCRYPTED] } else { &[] },
        // Retention is policy, and this API stores unless told otherwise.
        store: false,
        stream: prompt.stream.then_some(true),
    };
    Ok((body, dropped))
}

/// Whether the model is known to reason: nothing is stored, so its reasoning can go on in the next
/// turn only if it is sealed and sent along. Models that do not reason refuse to be asked for it.
fn reasons(prompt: &Prompt, target: &Target<'_>) -> bool {
    let is_sealed = |block: &prompt::Block| match &block.kind {
        BlockKind::Reasoning(reasoning) => reasoning
            .seal
            .as_ref()
            .is_some_and(|seal| seal.is_valid_for(Issuer::OpenAi, target.model)),
        _ => false,
    };
    target.has.contains(Feature::Reasoning)
        || prompt.effort.is_some_and(|effort| effort != Effort::None)
        || prompt.turns.iter().flat_map(|turn| &turn.blocks).any(is_sealed)
}

/// What the prompt may hold and this dialect has no word for.
fn refuse_foreign(prompt: &Prompt) -> Result<(), Unsupported> {
    if prompt.reasoning_max.is_some() {
        let why = "bounds the reasoning in tokens, which this provider cannot promise";
        let param = "thinking.budget_tokens";
        return Err(Unsupported::about(param, format!("`{param}` {why}")));
    }
    let cannot = |param: &str| {
        Unsupported::about(param, format!("`{param}` cannot be carried to this provider"))
    };
    let sampling = &prompt.sampling;
    for (param, penalty) in [
        ("presence_penalty", &sampling.presence_penalty),
        ("frequency_penalty", &sampling.frequency_penalty),
    ] {
        if penalty.as_ref().is_some_and(|penalty| penalty.value != 0.0) {
            return Err(cannot(param));
        }
    }
    if sampling.seed.is_some() {
        return Err(cannot("seed"));
    }
    if sampling.top_k.is_some() {
        return Err(cannot("top_k"));
    }
    if let Some(stop) = prompt.stop.first() {
        return Err(stop.at.refuse("ends the answer, which this provider cannot be told"));
    }
    match prompt.turns.last() {
        Some(last) if last.role == Role::Assistant => {
            Err(last.at.refuse("is an answer to be continued, which this provider cannot do"))
        }
        Some(_) | None => Ok(()),
    }
}

fn tool(tool: &prompt::Tool) -> Result<Tool<'_>, Unsupported> {
    if tool.name.len() > TOOL_NAME_MAX {
        return Err(tool.at.key("name").refuse("is longer than this provider takes"));
    }
    let parameters = match &tool.schema {
        Some(schema) => &**schema,
        None => serde_json::from_str(NO_ARGUMENTS)
            .map_err(|_| Unsupported::about("tools", "`tools` cannot be written"))?,
    };
    Ok(Tool {
        kind: "function",
        name: &tool.name,
        description: tool.description.as_deref(),
        parameters,
        // Here the word's absence would mean strict, elsewhere it means the opposite.
        strict: tool.strict.unwrap_or(false),
    })
}

fn choice(choice: &ToolChoice) -> Choice<'_> {
    match choice {
        ToolChoice::Auto => Choice::Word("auto"),
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Required => Choice::Word("required"),
        ToolChoice::Named(name) => Choice::Named { kind: "function", name },
    }
}

fn format(format: &prompt::Format) -> Format<'_> {
    match format {
        prompt::Format::JsonObject => Format::JsonObject,
        prompt::Format::JsonSchema { name, schema } => {
            Format::JsonSchema { name: name.as_deref().unwrap_or("answer"), schema, strict: true }
        }
    }
}
