//! A prompt into a Mistral chat body. Only what the schema names is ever written: Mistral refuses
//! any other field.

mod messages;
mod wire;

use wire::{Body, Choice, Format, Function, Name, Schema, Tool};

use crate::{
    Target, Unsupported,
    prompt::{self, Effort, Number, Prompt, ToolChoice},
};

/// The parameters of a tool without arguments: here they are required.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;
/// The longest name of a tool.
const TOOL_NAME_MAX: usize = 64;
/// The highest temperature.
const TEMPERATURE_MAX: f64 = 1.5;

/// The body for `target`, not yet text, and what was left out.
///
/// # Errors
/// [`Unsupported`] naming the field that cannot go.
pub(super) fn emit<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<(Body<'p>, Vec<&'static str>), Unsupported> {
    refuse_foreign(prompt)?;
    let mut dropped = Vec::new();
    let messages = messages::messages(prompt, target.model, &mut dropped)?;
    let sampling = &prompt.sampling;
    let text = |number: &'p Option<Number>| number.as_ref().map(|number| &*number.text);
    let has_tools = !prompt.tools.is_empty();
    let body = Body {
        model: target.model,
        messages,
        max_tokens: prompt.output_max,
        stop: prompt.stop.iter().map(|stop| &*stop.text).collect(),
        temperature: text(&sampling.temperature),
        top_p: text(&sampling.top_p),
        presence_penalty: text(&sampling.presence_penalty),
        frequency_penalty: text(&sampling.frequency_penalty),
        random_seed: text(&sampling.seed),
        tools: tools(prompt)?,
        tool_choice: prompt.tool_choice.as_ref().filter(|_| has_tools).map(choice),
        parallel_tool_calls: prompt.parallel_tools.filter(|_| has_tools),
        response_format: prompt.format.as_ref().map(format),
        reasoning_effort: effort(prompt)?,
        stream: prompt.stream.then_some(true),
    };
    Ok((body, dropped))
}

/// What the prompt may hold and this dialect has no word for.
fn refuse_foreign(prompt: &Prompt) -> Result<(), Unsupported> {
    let cannot =
        |param: &str, why: &str| Err(Unsupported::about(param, format!("`{param}` {why}")));
    let sampling = &prompt.sampling;
    if sampling.top_k.is_some() {
        return cannot("top_k", "cannot be carried to this provider");
    }
    if prompt.reasoning_max.is_some() {
        let why = "bounds the reasoning, which this provider cannot do";
        return cannot("thinking.budget_tokens", why);
    }
    let hot = |temperature: &Number| temperature.value > TEMPERATURE_MAX;
    if sampling.temperature.as_ref().is_some_and(hot) {
        return cannot("temperature", "is above 1.5, the most that this provider takes");
    }
    let whole = |seed: &Number| seed.text.get().parse::<u64>().is_ok();
    if !sampling.seed.as_ref().is_none_or(whole) {
        return cannot("seed", "must be a whole number that is not negative for this provider");
    }
    Ok(())
}

/// There are two levels, and none stands for another.
fn effort(prompt: &Prompt) -> Result<Option<&'static str>, Unsupported> {
    match prompt.effort {
        None => Ok(None),
        Some(effort @ (Effort::None | Effort::High)) => Ok(Some(effort.as_str())),
        Some(_) => Err(Unsupported::about(
            "reasoning_effort",
            "`reasoning_effort` is a level that this provider does not have: it has `high` and `none`",
        )),
    }
}

fn tools(prompt: &Prompt) -> Result<Vec<Tool<'_>>, Unsupported> {
    let no_arguments = || {
        serde_json::from_str(NO_ARGUMENTS)
            .map_err(|_| Unsupported::about("tools", "`tools` cannot be written"))
    };
    let one = |tool: &'_ prompt::Tool| -> Result<(), Unsupported> {
        if tool.name.len() > TOOL_NAME_MAX {
            return Err(tool.at.key("name").refuse("is longer than this provider takes"));
        }
        Ok(())
    };
    prompt.tools.iter().try_for_each(one)?;
    let tools = prompt.tools.iter().map(|tool| {
        let parameters = match &tool.schema {
            Some(schema) => &**schema,
            None => no_arguments()?,
        };
        let function = Function {
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters,
            strict: tool.strict,
        };
        Ok(Tool { kind: "function", function })
    });
    tools.collect()
}

fn choice(choice: &ToolChoice) -> Choice<'_> {
    match choice {
        ToolChoice::Auto => Choice::Word("auto"),
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Required => Choice::Word("any"),
        ToolChoice::Named(name) => Choice::Named { kind: "function", function: Name { name } },
    }
}

fn format(format: &prompt::Format) -> Format<'_> {
    match format {
        prompt::Format::JsonObject => Format { kind: "json_object", json_schema: None },
        prompt::Format::JsonSchema { name, schema } => Format {
            kind: "json_schema",
            json_schema: Some(Schema {
                name: name.as_deref().unwrap_or("answer"),
                schema,
                strict: true,
            }),
        },
    }
}
