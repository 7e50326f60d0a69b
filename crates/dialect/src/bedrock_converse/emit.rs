//! A prompt into a Converse body.

mod messages;
mod wire;

use messages::Conversation;
use wire::{
    Body, Choice, CountBody, CountInput, InferenceConfig, ModelFields, Nova, OutputConfig, Schema,
    Structure, TextFormat, Thinking, Tool, ToolConfig,
};

use crate::{
    Target, Unsupported,
    prompt::{self, Effort, Format, Number, Prompt, ToolChoice},
};

/// The schema of a tool without arguments: here a schema is required.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;
/// The longest name of a tool.
const TOOL_NAME_MAX: usize = 64;

/// The body for `target`, not yet text, and what was left out of it.
///
/// # Errors
/// [`Unsupported`] naming the field that cannot go.
pub(super) fn emit<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<(Body<'p>, Vec<&'static str>), Unsupported> {
    refuse_foreign(prompt)?;
    let (mut body, mut dropped) = conversation(prompt, target)?;
    let text = |number: &'p Option<Number>| number.as_ref().map(|number| &*number.text);
    let inference = InferenceConfig {
        max_tokens: prompt.output_max,
        temperature: text(&prompt.sampling.temperature),
        top_p: text(&prompt.sampling.top_p),
        stop_sequences: prompt.stop.iter().map(|stop| &*stop.text).collect(),
    };
    let says_nothing = inference.max_tokens.is_none()
        && inference.temperature.is_none()
        && inference.top_p.is_none()
        && inference.stop_sequences.is_empty();
    body.inference_config = (!says_nothing).then_some(inference);
    if let Some(top_k) = text(&prompt.sampling.top_k) {
        let fields = body.additional_model_request_fields.get_or_insert_default();
        if target.model.contains("amazon.nova") {
            fields.nova = Some(Nova { top_k });
        } else {
            fields.top_k = Some(top_k);
        }
    }
    body.output_config = output_config(prompt)?;
    dropped.sort_unstable();
    dropped.dedup();
    Ok((body, dropped))
}

/// The body that is counted: the conversation and the tools, without what concerns the answer.
///
/// # Errors
/// [`Unsupported`] naming the field that cannot go.
pub(super) fn count<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<(CountBody<'p>, Vec<&'static str>), Unsupported> {
    let (body, mut dropped) = conversation(prompt, target)?;
    if prompt.format.is_some() {
        dropped.push("output_config");
    }
    Ok((CountBody { input: CountInput::Converse(Box::new(body)) }, dropped))
}

/// What both of them say.
fn conversation<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<(Body<'p>, Vec<&'static str>), Unsupported> {
    let conversation = messages::conversation(prompt, target)?;
    let mut dropped = Vec::new();
    if conversation.left_out_reasoning {
        dropped.push("reasoning");
    }
    let tool_config = tool_config(prompt, &conversation)?;
    let thinking = thinking(prompt, target, &conversation, &mut dropped);
    let body = Body {
        messages: conversation.messages,
        system: conversation.system,
        inference_config: None,
        tool_config,
        additional_model_request_fields: thinking
            .map(|thinking| ModelFields { thinking: Some(thinking), ..ModelFields::default() }),
        output_config: None,
    };
    Ok((body, dropped))
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
    if prompt.parallel_tools == Some(false) && !prompt.tools.is_empty() {
        return cannot("parallel_tool_calls", "cannot be carried to this provider");
    }
    if let Some(Format::JsonObject) = prompt.format {
        let why = "asks for JSON without a schema, which this provider does not have";
        return cannot("response_format.type", why);
    }
    match prompt.stop.iter().find(|stop| stop.text.trim().is_empty()) {
        Some(blank) => Err(blank.at.refuse("is white space, which this provider does not take")),
        None => Ok(()),
    }
}

/// Whether the model reasons, in Claude's words: other models have no common ones, and reason by
/// the effort alone.
///
/// In a tool loop Claude wants the loop's reasoning back and takes no other, so where that cannot go
/// thinking is switched off for this request: nothing is forged.
fn thinking(
    prompt: &Prompt,
    target: &Target<'_>,
    conversation: &Conversation<'_>,
    dropped: &mut Vec<&'static str>,
) -> Option<Thinking> {
    let asked = prompt.thinking == Some(true) || prompt.reasoning_max.is_some();
    if !target.model.contains("anthropic.") {
        if prompt.effort == Some(Effort::None) {
            dropped.push("reasoning_effort");
        }
        if asked {
            dropped.push(if prompt.reasoning_max.is_some() { "budget_tokens" } else { "thinking" });
        }
        return None;
    }
    let interrupted = conversation.reasoning_is_interrupted();
    match (prompt.effort, prompt.reasoning_max) {
        (Some(Effort::None), _) => Some(Thinking::Disabled),
        _ if asked && interrupted => {
            dropped.push("reasoning");
            Some(Thinking::Disabled)
        }
        (_, Some(budget_tokens)) => Some(Thinking::Enabled { budget_tokens }),
        (_, None) if asked => Some(Thinking::Adaptive),
        // Without thinking no effort above `high` is taken.
        (Some(Effort::ExtraHigh | Effort::Max), None)
            if prompt.thinking.is_none() && !interrupted =>
        {
            Some(Thinking::Adaptive)
        }
        _ => None,
    }
}

fn output_config(prompt: &Prompt) -> Result<Option<OutputConfig<'_>>, Unsupported> {
    let effort = match prompt.effort {
        None | Some(Effort::None) => None,
        Some(Effort::Minimal) => {
            return Err(Unsupported::about(
                "reasoning_effort",
                "`reasoning_effort` is `minimal`, a level that this provider does not have",
            ));
        }
        Some(effort) => Some(effort.as_str()),
    };
    let text_format = match &prompt.format {
        Some(Format::JsonSchema { name, schema }) => Some(TextFormat {
            kind: "json_schema",
            structure: Structure::JsonSchema { schema: schema.get(), name: name.as_deref() },
        }),
        Some(Format::JsonObject) | None => None,
    };
    let says = effort.is_some() || text_format.is_some();
    Ok(says.then_some(OutputConfig { text_format, effort }))
}

fn tool_config<'p>(
    prompt: &'p Prompt,
    conversation: &Conversation<'_>,
) -> Result<Option<ToolConfig<'p>>, Unsupported> {
    if prompt.tools.is_empty() {
        if conversation.has_tools {
            let why = "is missing, and this provider needs it when the history has tool calls";
            return Err(Unsupported::about("tools", format!("`tools` {why}")));
        }
        return Ok(None);
    }
    let tool_choice = match &prompt.tool_choice {
        None => None,
        Some(ToolChoice::Auto) => Some(Choice::Auto {}),
        Some(ToolChoice::Required) => Some(Choice::Any {}),
        Some(ToolChoice::Named(name)) => Some(Choice::Tool { name }),
        Some(ToolChoice::None) if conversation.has_tools => {
            let why = "forbids tools and the history has tool calls, which this provider does not take together";
            return Err(Unsupported::about("tool_choice", format!("`tool_choice` {why}")));
        }
        // Without a word for it, no tool can be called when none is there.
        Some(ToolChoice::None) => return Ok(None),
    };
    let tools = prompt.tools.iter().map(tool).collect::<Result<_, _>>()?;
    Ok(Some(ToolConfig { tools, tool_choice }))
}

fn tool(tool: &prompt::Tool) -> Result<Tool<'_>, Unsupported> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if !(1..=TOOL_NAME_MAX).contains(&tool.name.len()) || !tool.name.bytes().all(plain) {
        let why = "is not 1 to 64 letters, digits, `_` and `-`, as this provider wants it";
        return Err(tool.at.key("name").refuse(why));
    }
    let schema = match &tool.schema {
        Some(schema) => &**schema,
        None => serde_json::from_str(NO_ARGUMENTS)
            .map_err(|_| tool.at.refuse("cannot be written without a schema"))?,
    };
    Ok(Tool::ToolSpec {
        name: &tool.name,
        description: tool.description.as_deref().filter(|text| !text.is_empty()),
        input_schema: Schema::Json(schema),
        strict: tool.strict,
    })
}
