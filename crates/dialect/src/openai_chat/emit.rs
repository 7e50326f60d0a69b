//! A prompt into a Chat Completions body.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    OutputLimit, Target, Unsupported,
    prompt::{
        Block, BlockKind, Document, DocumentSource, Effort, Format, Image, Number, Prompt, Role,
        ToolChoice, Turn,
    },
};

/// The most stop sequences that the API takes.
const STOPS_MAX: usize = 4;
/// The longest name of a tool.
const TOOL_NAME_MAX: usize = 64;

/// The body for `target`, not yet text.
///
/// # Errors
/// [`Unsupported`] naming the field that cannot go.
pub(crate) fn emit<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<impl Serialize + use<'p>, Unsupported> {
    refuse_foreign(prompt)?;
    let mut messages = Vec::with_capacity(prompt.turns.len());
    for turn in &prompt.turns {
        push_turn(turn, &mut messages)?;
    }
    if let Some(last) = prompt.turns.last()
        && last.role == Role::Assistant
    {
        return Err(last.at.refuse("is an answer to be continued, which this provider cannot do"));
    }
    let sampling = &prompt.sampling;
    let text = |number: &'p Option<Number>| number.as_ref().map(|number| &*number.text);
    let has_tools = !prompt.tools.is_empty();
    let limit = |name| prompt.output_max.filter(|_| target.output_limit == name);
    Ok(Body {
        model: target.model,
        messages,
        max_completion_tokens: limit(OutputLimit::MaxCompletionTokens),
        max_tokens: limit(OutputLimit::MaxTokens),
        stop: prompt.stop.iter().map(|stop| &*stop.text).collect(),
        temperature: text(&sampling.temperature),
        top_p: text(&sampling.top_p),
        presence_penalty: text(&sampling.presence_penalty),
        frequency_penalty: text(&sampling.frequency_penalty),
        seed: text(&sampling.seed),
        tools: tools(prompt)?,
        tool_choice: prompt.tool_choice.as_ref().filter(|_| has_tools).map(choice),
        parallel_tool_calls: prompt.parallel_tools.filter(|_| has_tools),
        response_format: prompt.format.as_ref().map(format),
        reasoning_effort: effort(prompt),
        stream: prompt.stream.then_some(true),
        stream_options: prompt.stream.then_some(StreamOptions { include_usage: true }),
    })
}

/// What is left out because this dialect has no word for it and the answer does not hang on it.
pub(crate) fn dropped(prompt: &Prompt) -> Vec<&'static str> {
    let any = |wanted: fn(&BlockKind) -> bool| {
        prompt.turns.iter().flat_map(|turn| &turn.blocks).any(|block| wanted(&block.kind))
    };
    let said = [
        // The text of the result says it too.
        ("is_error", any(|kind| matches!(kind, BlockKind::ToolResult { is_error: true, .. }))),
        // No seal is of this dialect, and without one reasoning is not replayed.
        ("reasoning", any(|kind| matches!(kind, BlockKind::Reasoning(_)))),
        // Said by a word for an effort, or not at all.
        ("thinking", prompt.thinking.is_some() && effort(prompt).is_none()),
    ];
    said.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
}

/// `none` of a Messages caller says what is so unless another is said; many compatible servers do
/// not know the word, so it goes only when a caller wrote it in this dialect's own way.
fn effort(prompt: &Prompt) -> Option<&'static str> {
    let switched_off = prompt.effort == Some(Effort::None) && prompt.thinking.is_some();
    prompt.effort.filter(|_| !switched_off).map(Effort::as_str)
}

/// What the prompt may hold and this dialect has no word for.
fn refuse_foreign(prompt: &Prompt) -> Result<(), Unsupported> {
    if prompt.sampling.top_k.is_some() {
        return Err(Unsupported::about("top_k", "`top_k` cannot be carried to this provider"));
    }
    if prompt.reasoning_max.is_some() {
        let why = "bounds the reasoning in tokens, which this provider cannot promise";
        let param = "thinking.budget_tokens";
        return Err(Unsupported::about(param, format!("`{param}` {why}")));
    }
    if let Some(stop) = prompt.stop.get(STOPS_MAX) {
        return Err(stop.at.refuse("is one too many: this provider takes four"));
    }
    Ok(())
}

fn tools(prompt: &Prompt) -> Result<Vec<Tool<'_>>, Unsupported> {
    let one = |tool: &'_ crate::prompt::Tool| {
        if tool.name.len() > TOOL_NAME_MAX {
            return Err(tool.at.key("name").refuse("is longer than this provider takes"));
        }
        Ok(())
    };
    prompt.tools.iter().try_for_each(one)?;
    Ok(prompt
        .tools
        .iter()
        .map(|tool| Tool {
            kind: "function",
            function: Function {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: tool.schema.as_deref(),
                strict: tool.strict,
            },
        })
        .collect())
}

fn choice(choice: &ToolChoice) -> Choice<'_> {
    match choice {
        ToolChoice::Auto => Choice::Word("auto"),
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Required => Choice::Word("required"),
        ToolChoice::Named(name) => Choice::Named { kind: "function", function: Name { name } },
    }
}

fn format(format: &Format) -> ResponseFormat<'_> {
    match format {
        Format::JsonObject => ResponseFormat { kind: "json_object", json_schema: None },
        Format::JsonSchema { name, schema } => ResponseFormat {
            kind: "json_schema",
            json_schema: Some(Schema {
                name: name.as_deref().unwrap_or("answer"),
                schema,
                strict: true,
            }),
        },
    }
}

fn push_turn<'p>(turn: &'p Turn, messages: &mut Vec<Message<'p>>) -> Result<(), Unsupported> {
    match turn.role {
        Role::System => {
            let content = content(turn.blocks.iter())?;
            messages.push(Message { content, ..Message::of("system") });
        }
        Role::User => {
            let is_result = |block: &&Block| matches!(block.kind, BlockKind::ToolResult { .. });
            for block in turn.blocks.iter().filter(is_result) {
                messages.push(tool_result(block)?);
            }
            let mut said = turn.blocks.iter().filter(|block| !is_result(block)).peekable();
            if said.peek().is_some() || turn.blocks.is_empty() {
                let content = content(said)?;
                messages.push(Message { content, ..Message::of("user") });
            }
        }
        Role::Assistant => messages.push(assistant(turn)?),
    }
    Ok(())
}

fn assistant(turn: &Turn) -> Result<Message<'_>, Unsupported> {
    let is_call = |block: &&Block| matches!(block.kind, BlockKind::ToolCall { .. });
    // Reasoning is left out, and named among what was dropped.
    let is_reasoning = |block: &&Block| matches!(block.kind, BlockKind::Reasoning(_));
    let blocks: Vec<&Block> = turn.blocks.iter().filter(|block| !is_reasoning(block)).collect();
    if let Some(media) = blocks
        .iter()
        .find(|block| matches!(block.kind, BlockKind::Image(_) | BlockKind::Document(_)))
    {
        return Err(media.at.refuse("is said by the model, and this provider takes only its text"));
    }
    let first_call = blocks.iter().position(&is_call).unwrap_or(blocks.len());
    let (said, calls) = blocks.split_at_checked(first_call).unwrap_or_default();
    if let Some(late) = calls.iter().find(|block| !is_call(block)) {
        return Err(late.at.refuse("follows a tool call, an order this provider cannot keep"));
    }
    let tool_calls = calls.iter().filter_map(|block| match &block.kind {
        BlockKind::ToolCall { id, name, arguments } => Some(ToolCall {
            id,
            kind: "function",
            function: Called { name, arguments: arguments.get() },
        }),
        _ => None,
    });
    let content = if said.is_empty() && !calls.is_empty() {
        Some(Content::Null)
    } else {
        content(said.iter().copied())?
    };
    Ok(Message { content, tool_calls: tool_calls.collect(), ..Message::of("assistant") })
}

fn tool_result(block: &Block) -> Result<Message<'_>, Unsupported> {
    let BlockKind::ToolResult { id, content: result, .. } = &block.kind else {
        return Err(block.at.refuse("is not a tool result"));
    };
    if let Some(foreign) = result.iter().find(|b| !matches!(b.kind, BlockKind::Text(_))) {
        let why = "is not text, and this provider takes only text as a tool's result";
        return Err(foreign.at.key("type").refuse(why));
    }
    let content = content(result.iter())?;
    Ok(Message { content, tool_call_id: Some(id), ..Message::of("tool") })
}

/// Text alone is a string, which every compatible server understands; anything more is a list.
fn content<'p>(
    blocks: impl Iterator<Item = &'p Block>,
) -> Result<Option<Content<'p>>, Unsupported> {
    let mut parts = Vec::new();
    for block in blocks {
        parts.push(match &block.kind {
            BlockKind::Text(text) => Part::Text { text },
            BlockKind::Image(image) => Part::ImageUrl { image_url: ImageUrl { url: url(image) } },
            BlockKind::Document(document) => Part::File { file: file(document, block)? },
            // Left out, and named among what was dropped.
            BlockKind::Reasoning(_) => continue,
            BlockKind::ToolCall { .. } | BlockKind::ToolResult { .. } => {
                return Err(block.at.refuse("cannot stand here for this provider"));
            }
        });
    }
    Ok(Some(match parts.as_slice() {
        [] => Content::Text(""),
        [Part::Text { text }] => Content::Text(text),
        _ => Content::Parts(parts),
    }))
}

/// The API asks for a name with the data.
fn file<'p>(document: &'p Document, block: &Block) -> Result<File<'p>, Unsupported> {
    let (file_data, unnamed) = match &document.source {
        DocumentSource::Data { media_type, base64 } => {
            (format!("data:{media_type};base64,{base64}"), "document.pdf")
        }
        DocumentSource::Text(text) => {
            (format!("data:text/plain;base64,{}", STANDARD.encode(text)), "document.txt")
        }
        DocumentSource::Url(_) => {
            let why = "is a document at an address, and this provider takes only documents that are sent along";
            return Err(block.at.refuse(why));
        }
    };
    Ok(File { filename: document.name.as_deref().unwrap_or(unnamed), file_data })
}

fn url(image: &Image) -> Cow<'_, str> {
    match image {
        Image::Url(url) => Cow::Borrowed(url),
        Image::Data { media_type, base64 } => {
            Cow::Owned(format!("data:{media_type};base64,{base64}"))
        }
    }
}

#[derive(Serialize)]
struct Body<'p> {
    model: &'p str,
    messages: Vec<Message<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'p> {
    role: &'static str,
    content: Option<Content<'p>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'p str>,
}

impl Message<'_> {
    const fn of(role: &'static str) -> Self {
        Self { role, content: None, tool_calls: Vec::new(), tool_call_id: None }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'p> {
    Null,
    Text(&'p str),
    Parts(Vec<Part<'p>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'p> {
    Text { text: &'p str },
    ImageUrl { image_url: ImageUrl<'p> },
    File { file: File<'p> },
}

#[derive(Serialize)]
struct ImageUrl<'p> {
    url: Cow<'p, str>,
}

#[derive(Serialize)]
struct File<'p> {
    filename: &'p str,
    file_data: String,
}

#[derive(Serialize)]
struct ToolCall<'p> {
    id: &'p str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Called<'p>,
}

#[derive(Serialize)]
struct Called<'p> {
    name: &'p str,
    arguments: &'p str,
}

#[derive(Serialize)]
struct Tool<'p> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'p>,
}

#[derive(Serialize)]
struct Function<'p> {
    name: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Choice<'p> {
    Word(&'static str),
    Named {
        #[serde(rename = "type")]
        kind: &'static str,
        function: Name<'p>,
    },
}

#[derive(Serialize)]
struct Name<'p> {
    name: &'p str,
}

#[derive(Serialize)]
struct ResponseFormat<'p> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<Schema<'p>>,
}

#[derive(Serialize)]
struct Schema<'p> {
    name: &'p str,
    schema: &'p RawValue,
    strict: bool,
}
