//! A Mistral chat body into a prompt, strictly: what no other dialect has is refused by name.

use crate::{
    Unsupported,
    address::is_web,
    arguments,
    fields::{Field, Fields, Path},
    openai_chat::parse as chat,
    prompt::{
        Block, BlockKind, Document, DocumentSource, Effort, Prompt, Reasoning, Role, ToolChoice,
        Turn,
    },
    reasoning::{Issuer, Seal},
};

/// Reads a whole body.
///
/// # Errors
/// [`Unsupported`] naming the field that is malformed or has no place in a prompt.
pub(super) fn parse(body: &[u8]) -> Result<Prompt, Unsupported> {
    let mut body = Fields::body(body)?;
    let mut prompt = Prompt::default();
    body.take("model");
    body.forgo(&["metadata", "prompt_cache_key", "service_tier"], &mut prompt.dropped);
    neutral(&mut body)?;
    prompt.output_max = body.take("max_tokens").map(|field| field.count()).transpose()?;
    if let Some(field) = body.take("stream") {
        prompt.stream = field.flag()?;
    }
    if let Some(field) = body.take("stop") {
        prompt.stop = chat::stops(&field)?;
    }
    let sampling = &mut prompt.sampling;
    for (key, slot) in [
        ("temperature", &mut sampling.temperature),
        ("top_p", &mut sampling.top_p),
        ("top_k", &mut sampling.top_k),
        ("presence_penalty", &mut sampling.presence_penalty),
        ("frequency_penalty", &mut sampling.frequency_penalty),
        ("random_seed", &mut sampling.seed),
    ] {
        *slot = body.take(key).map(|field| field.number()).transpose()?;
    }
    if let Some(field) = body.take("response_format") {
        prompt.format = chat::format(&field, &mut prompt.dropped)?;
    }
    if let Some(field) = body.take("reasoning_effort") {
        let effort = Effort::parse(&field.text()?);
        prompt.effort = Some(effort.ok_or_else(|| field.refuse("is not a known effort"))?);
    }
    if let Some(field) = body.take("tools") {
        prompt.tools = field.list()?.map(|field| chat::tool(&field)).collect::<Result<_, _>>()?;
    }
    prompt.tool_choice = body.take("tool_choice").map(|field| choice(&field)).transpose()?;
    prompt.parallel_tools =
        body.take("parallel_tool_calls").map(|field| field.flag()).transpose()?;
    let messages: Vec<Field<'_>> = body.require("messages")?.list()?.collect();
    let last = messages.len().saturating_sub(1);
    for (number, field) in messages.iter().enumerate() {
        let (turn, prefix) = turn(field, &mut prompt.dropped)?;
        if let Some(prefix) = prefix {
            if number != last {
                return Err(prefix.refuse("is for the last message alone"));
            }
            prompt.continues = true;
        }
        prompt.turns.push(turn);
    }
    body.finish()?;
    Ok(prompt)
}

/// Fields whose neutral value changes nothing; any other value is refused.
fn neutral(body: &mut Fields<'_>) -> Result<(), Unsupported> {
    type IsNeutral = fn(&str) -> bool;
    let rules: [(&'static str, IsNeutral); 8] = [
        ("n", |raw| raw == "1"),
        ("safe_prompt", |raw| raw == "false"),
        ("logprobs", |raw| raw == "false"),
        ("top_logprobs", |raw| raw == "0"),
        ("prompt_logprobs", |raw| raw == "false"),
        ("min_tokens", |raw| raw == "0"),
        ("guardrails", |raw| raw.split_whitespace().collect::<String>() == "[]"),
        ("repetition_penalty", |raw| raw.parse::<f64>().is_ok_and(|penalty| penalty == 1.0)),
    ];
    for (key, is_neutral) in rules {
        let Some(field) = body.take(key) else { continue };
        if !is_neutral(field.raw().get()) {
            return Err(field.refuse("cannot be carried to this provider"));
        }
    }
    // What the answer will probably be: without any text it says nothing.
    if let Some(field) = body.take("prediction") {
        let mut prediction = field.object()?;
        prediction.take("type");
        if let Some(content) = prediction.take("content")
            && !content.text()?.is_empty()
        {
            return Err(content.refuse("cannot be carried to this provider"));
        }
        prediction.finish()?;
    }
    Ok(())
}

fn choice(field: &Field<'_>) -> Result<ToolChoice, Unsupported> {
    if field.is_text() && field.text()? == "any" {
        return Ok(ToolChoice::Required);
    }
    chat::choice(field)
}

/// A turn, and the field that says that it is the beginning of the answer.
fn turn<'b>(
    field: &Field<'b>,
    dropped: &mut Vec<&'static str>,
) -> Result<(Turn, Option<Field<'b>>), Unsupported> {
    let mut message = field.object()?;
    let role = message.require("role")?;
    let at = field.path();
    let mut prefix = None;
    let (role, blocks) = match &*role.text()? {
        "system" => (Role::System, content(&mut message, dropped)?),
        "user" => (Role::User, content(&mut message, dropped)?),
        "assistant" => {
            prefix = message.take("prefix");
            let mut blocks = content(&mut message, dropped)?;
            if let Some(calls) = message.take("tool_calls") {
                for call in calls.list()? {
                    blocks.push(tool_call(&call)?);
                }
            }
            (Role::Assistant, blocks)
        }
        "tool" => {
            // The name of the tool is known from the call.
            message.take("name");
            let id = message.require("tool_call_id")?.text()?.into_owned();
            let content = content(&mut message, dropped)?;
            let kind = BlockKind::ToolResult { id, content, is_error: false };
            (Role::User, vec![Block { at: at.clone(), kind }])
        }
        _ => return Err(role.refuse("is not a known role")),
    };
    message.finish()?;
    let prefix = match prefix {
        Some(prefix) => prefix.flag()?.then_some(prefix),
        None => None,
    };
    Ok((Turn { at, role, blocks }, prefix))
}

fn tool_call(field: &Field<'_>) -> Result<Block, Unsupported> {
    let mut call = field.object()?;
    if let Some(kind) = call.take("type")
        && kind.text()? != "function"
    {
        return Err(kind.refuse("names a tool that only its own provider has"));
    }
    // The number of a call in a streamed answer, which the SDK sends along.
    call.take("index");
    let id = call.require("id")?.text()?.into_owned();
    let mut function = call.require("function")?.object()?;
    call.finish()?;
    let name = function.require("name")?.text()?.into_owned();
    let arguments = match function.take("arguments") {
        None => arguments::object(""),
        Some(field) if field.is_text() => arguments::object(&field.text()?),
        Some(field) => arguments::object(field.raw().get()),
    };
    let arguments = arguments.ok_or_else(|| {
        let at = function.path().key("arguments");
        at.refuse("must be a JSON object, as it is or in a string")
    })?;
    function.finish()?;
    Ok(Block { at: field.path(), kind: BlockKind::ToolCall { id, name, arguments } })
}

fn content(
    message: &mut Fields<'_>,
    dropped: &mut Vec<&'static str>,
) -> Result<Vec<Block>, Unsupported> {
    let Some(field) = message.take("content") else { return Ok(Vec::new()) };
    if field.is_text() {
        let kind = BlockKind::Text(field.text()?.into_owned());
        return Ok(vec![Block { at: field.path(), kind }]);
    }
    field.list()?.map(|field| chunk(&field, dropped)).collect()
}

fn chunk(field: &Field<'_>, dropped: &mut Vec<&'static str>) -> Result<Block, Unsupported> {
    let mut chunk = field.object()?;
    let kind = chunk.require("type")?;
    let block = match &*kind.text()? {
        "text" => BlockKind::Text(chunk.require("text")?.text()?.into_owned()),
        "image_url" => {
            let image = chunk.require("image_url")?;
            let url = if image.is_text() {
                image
            } else {
                let mut image = image.object()?;
                image.forgo(&["detail"], dropped);
                let url = image.require("url")?;
                image.finish()?;
                url
            };
            BlockKind::Image(chat::image(&url.text()?, &url.path())?)
        }
        "document_url" => {
            let url = chunk.require("document_url")?;
            let name = chunk.take("document_name").map(|name| name.text()).transpose()?;
            let source = document(&url.text()?, &url.path())?;
            BlockKind::Document(Document { name: name.map(Into::into), source })
        }
        "thinking" => BlockKind::Reasoning(thinking(&mut chunk)?),
        _ => return Err(kind.refuse("names content that cannot be carried to this provider")),
    };
    chunk.finish()?;
    Ok(Block { at: field.path(), kind: block })
}

fn document(url: &str, at: &Path) -> Result<DocumentSource, Unsupported> {
    if is_web(url) {
        return Ok(DocumentSource::Url(url.to_owned()));
    }
    match url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
        Some((media_type, base64)) => Ok(DocumentSource::Data {
            media_type: media_type.to_owned(),
            base64: base64.to_owned(),
        }),
        None => Err(at.refuse("must be an http, https or base64 data address")),
    }
}

/// Reasoning that came from Mistral needs no seal, so an empty one says whose it is.
fn thinking(chunk: &mut Fields<'_>) -> Result<Reasoning, Unsupported> {
    let mut text = String::new();
    for field in chunk.require("thinking")?.list()? {
        let mut thought = field.object()?;
        let kind = thought.take("type");
        if let Some(kind) = kind
            && kind.text()? != "text"
        {
            return Err(kind.refuse("names content that cannot be carried to this provider"));
        }
        text.push_str(&thought.require("text")?.text()?);
        thought.finish()?;
    }
    // Whether it was whole: said for a beginning of the answer alone.
    chunk.take("closed");
    let signature = chunk.take("signature").map(|field| field.text()).transpose()?;
    let signature = signature.unwrap_or_default();
    let own = || Seal {
        issuer: Issuer::Mistral,
        model: "".into(),
        redacted: false,
        data: (&*signature).into(),
    };
    let seal = Seal::from_carrier(&signature).unwrap_or_else(own).into_owned();
    Ok(Reasoning { text, seal: Some(seal) })
}
