//! A Chat Completions body into a prompt, strictly: what no other dialect has is refused by name.

mod ids;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::value::RawValue;

use super::reasoning;
use crate::{
    Unsupported,
    address::is_web,
    arguments,
    fields::{Field, Fields, Path},
    prompt::{
        Block, BlockKind, Document, DocumentSource, Effort, Format, Image, Prompt, Role, Stop,
        Tool, ToolChoice, Turn,
    },
};

/// Fields that mean nothing to the answer.
const HARMLESS: [&str; 6] = [
    "user",
    "safety_identifier",
    "metadata",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
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
    neutral(&mut body)?;
    let older = body.take("max_tokens").map(|field| field.count()).transpose()?;
    let newer = body.take("max_completion_tokens").map(|field| field.count()).transpose()?;
    prompt.output_max = newer.or(older);
    if let Some(field) = body.take("stream") {
        prompt.stream = field.flag()?;
    }
    if let Some(field) = body.take("stream_options") {
        let mut options = field.object()?;
        options.forgo(&["include_obfuscation"], &mut prompt.dropped);
        options.take("include_usage");
        options.finish()?;
    }
    if let Some(field) = body.take("stop") {
        prompt.stop = stops(&field)?;
    }
    sampling(&mut body, &mut prompt)?;
    prompt.format = match body.take("response_format") {
        Some(field) => format(&field, &mut prompt.dropped)?,
        None => None,
    };
    if let Some(field) = body.take("reasoning_effort") {
        let effort = Effort::parse(&field.text()?);
        prompt.effort = Some(effort.ok_or_else(|| field.refuse("is not a known effort"))?);
    }
    if let Some(field) = body.take("tools") {
        prompt.tools = field.list()?.map(|field| tool(&field)).collect::<Result<_, _>>()?;
    }
    prompt.tool_choice = body.take("tool_choice").map(|field| choice(&field)).transpose()?;
    prompt.parallel_tools =
        body.take("parallel_tool_calls").map(|field| field.flag()).transpose()?;
    for field in body.require("messages")?.list()? {
        let turn = turn(&field, &mut prompt.dropped)?;
        prompt.turns.push(turn);
    }
    body.finish()?;
    ids::name(&mut prompt.turns);
    Ok(prompt)
}

/// Fields whose neutral value changes nothing; any other value is refused.
fn neutral(body: &mut Fields<'_>) -> Result<(), Unsupported> {
    type IsNeutral = fn(&RawValue) -> bool;
    let rules: [(&'static str, IsNeutral); 8] = [
        ("n", |raw| raw.get() == "1"),
        ("logprobs", |raw| raw.get() == "false"),
        ("top_logprobs", |raw| raw.get() == "0"),
        ("store", |raw| raw.get() == "false"),
        ("logit_bias", |raw| is_empty_object(raw.get())),
        ("service_tier", |raw| matches!(raw.get(), r#""auto""# | r#""default""#)),
        ("verbosity", |raw| raw.get() == r#""medium""#),
        ("modalities", |raw| raw.get().split_whitespace().collect::<String>() == r#"["text"]"#),
    ];
    for (key, is_neutral) in rules {
        let Some(field) = body.take(key) else { continue };
        if !is_neutral(field.raw()) {
            return Err(field.refuse("cannot be carried to this provider"));
        }
    }
    Ok(())
}

fn is_empty_object(raw: &str) -> bool {
    raw.strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_whitespace()))
}

pub(crate) fn stops(field: &Field<'_>) -> Result<Vec<Stop>, Unsupported> {
    let one = |field: &Field<'_>| Ok(Stop { at: field.path(), text: field.text()?.into_owned() });
    if field.is_text() {
        return Ok(vec![one(field)?]);
    }
    field.list()?.map(|field| one(&field)).collect()
}

fn sampling(body: &mut Fields<'_>, prompt: &mut Prompt) -> Result<(), Unsupported> {
    let sampling = &mut prompt.sampling;
    for (key, slot) in [
        ("temperature", &mut sampling.temperature),
        ("top_p", &mut sampling.top_p),
        ("presence_penalty", &mut sampling.presence_penalty),
        ("frequency_penalty", &mut sampling.frequency_penalty),
        ("seed", &mut sampling.seed),
    ] {
        *slot = body.take(key).map(|field| field.number()).transpose()?;
    }
    Ok(())
}

pub(crate) fn format(
    field: &Field<'_>,
    dropped: &mut Vec<&'static str>,
) -> Result<Option<Format>, Unsupported> {
    let mut format = field.object()?;
    let kind = format.require("type")?;
    let read = match &*kind.text()? {
        "text" => None,
        "json_object" => Some(Format::JsonObject),
        "json_schema" => {
            let mut inner = format.require("json_schema")?.object()?;
            inner.forgo(&["description", "strict"], dropped);
            let name = inner.take("name").map(|name| name.text()).transpose()?;
            let schema = inner.require("schema")?.raw_object()?;
            inner.finish()?;
            Some(Format::JsonSchema { name: name.map(Into::into), schema })
        }
        _ => return Err(kind.refuse("is not a known format")),
    };
    format.finish()?;
    Ok(read)
}

pub(crate) fn tool(field: &Field<'_>) -> Result<Tool, Unsupported> {
    let mut outer = field.object()?;
    if let Some(kind) = outer.take("type")
        && kind.text()? != "function"
    {
        return Err(kind.refuse("names a tool that only its own provider has"));
    }
    let mut inner = outer.require("function")?.object()?;
    outer.finish()?;
    let tool = Tool {
        at: inner.path().clone(),
        name: inner.require("name")?.text()?.into_owned(),
        description: inner.take("description").map(|d| d.text()).transpose()?.map(Into::into),
        schema: inner.take("parameters").map(|field| field.raw_object()).transpose()?,
        strict: inner.take("strict").map(|field| field.flag()).transpose()?,
    };
    inner.finish()?;
    Ok(tool)
}

pub(crate) fn choice(field: &Field<'_>) -> Result<ToolChoice, Unsupported> {
    if field.is_text() {
        return match &*field.text()? {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            _ => Err(field.refuse("is not a known choice")),
        };
    }
    let mut outer = field.object()?;
    let kind = outer.require("type")?;
    if kind.text()? != "function" {
        return Err(kind.refuse("cannot be carried to this provider"));
    }
    let mut inner = outer.require("function")?.object()?;
    outer.finish()?;
    let name = inner.require("name")?.text()?.into_owned();
    inner.finish()?;
    Ok(ToolChoice::Named(name))
}

fn turn(field: &Field<'_>, dropped: &mut Vec<&'static str>) -> Result<Turn, Unsupported> {
    let mut message = field.object()?;
    let role = message.require("role")?;
    let at = field.path();
    let (role, blocks) = match &*role.text()? {
        "system" | "developer" => (Role::System, content(&mut message, dropped)?),
        "user" => (Role::User, content(&mut message, dropped)?),
        "assistant" => (Role::Assistant, assistant(&mut message, dropped)?),
        "tool" => {
            // The name of the tool is known from the call.
            message.take("name");
            let id = message.require("tool_call_id")?.text()?.into_owned();
            let content = content(&mut message, dropped)?;
            let kind = BlockKind::ToolResult { id, content, is_error: false };
            (Role::User, vec![Block { at: at.clone(), kind }])
        }
        _ => return Err(role.refuse("is not a role that can be carried to this provider")),
    };
    message.finish()?;
    Ok(Turn { at, role, blocks })
}

fn assistant(
    message: &mut Fields<'_>,
    dropped: &mut Vec<&'static str>,
) -> Result<Vec<Block>, Unsupported> {
    // `parsed` repeats the text: SDKs that parsed an answer give it back so.
    message.forgo(&["annotations", "parsed"], dropped);
    let reasoning = reasoning::take(message, dropped)?;
    let mut said = content(message, dropped)?;
    if let Some(field) = message.take("refusal") {
        let kind = BlockKind::Text(field.text()?.into_owned());
        said.push(Block { at: field.path(), kind });
    }
    let calls = match message.take("tool_calls") {
        Some(calls) => calls
            .list()?
            .map(|call| tool_call(&call, dropped))
            .collect::<Result<_, Unsupported>>()?,
        None => Vec::new(),
    };
    // SDKs fill absent content with empty text, which would come between a seal and the call that it
    // belongs to.
    if !calls.is_empty() {
        said.retain(|block| !matches!(&block.kind, BlockKind::Text(text) if text.is_empty()));
    }
    Ok(reasoning::interleave(said, calls, reasoning))
}

fn tool_call(field: &Field<'_>, dropped: &mut Vec<&'static str>) -> Result<Block, Unsupported> {
    let mut call = field.object()?;
    if let Some(kind) = call.take("type")
        && kind.text()? != "function"
    {
        return Err(kind.refuse("names a tool that only its own provider has"));
    }
    // The number of a call in a streamed answer, replayed by some clients.
    call.take("index");
    let id = call.require("id")?.text()?.into_owned();
    let mut function = call.require("function")?.object()?;
    call.finish()?;
    let name = function.require("name")?.text()?.into_owned();
    // The arguments once more, as an SDK parsed them.
    function.forgo(&["parsed_arguments"], dropped);
    let written = function.take("arguments").map(|field| field.text()).transpose()?;
    let arguments = arguments::object(&written.unwrap_or_default()).ok_or_else(|| {
        let at = function.path().key("arguments");
        at.refuse("must be a JSON object in a string, or an empty string")
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
    field.list()?.map(|field| part(&field, dropped)).collect()
}

fn part(field: &Field<'_>, dropped: &mut Vec<&'static str>) -> Result<Block, Unsupported> {
    let mut part = field.object()?;
    let kind = part.require("type")?;
    let block = match &*kind.text()? {
        "text" => BlockKind::Text(part.require("text")?.text()?.into_owned()),
        "refusal" => BlockKind::Text(part.require("refusal")?.text()?.into_owned()),
        "image_url" => {
            let mut image = part.require("image_url")?.object()?;
            image.forgo(&["detail"], dropped);
            let url = image.require("url")?;
            image.finish()?;
            BlockKind::Image(self::image(&url.text()?, &url.path())?)
        }
        "file" => BlockKind::Document(document(&part.require("file")?)?),
        _ => return Err(kind.refuse("names content that cannot be carried to this provider")),
    };
    part.forgo(&["cache_control"], dropped);
    part.finish()?;
    Ok(Block { at: field.path(), kind: block })
}

/// A file that stands in the body; one that its provider keeps is nowhere else.
fn document(field: &Field<'_>) -> Result<Document, Unsupported> {
    let mut file = field.object()?;
    if let Some(id) = file.take("file_id") {
        return Err(id.refuse("names a file that only its own provider has"));
    }
    let data = file.require("file_data")?;
    let name = file.take("filename").map(|name| name.text()).transpose()?.map(Into::into);
    file.finish()?;
    let text = data.text()?;
    let Some((media_type, base64)) =
        text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"))
    else {
        return Err(data.refuse("must be a base64 data address"));
    };
    let plain = || String::from_utf8(STANDARD.decode(base64).ok()?).ok();
    let source = match (media_type == "text/plain").then(plain).flatten() {
        Some(text) => DocumentSource::Text(text),
        None => {
            DocumentSource::Data { media_type: media_type.to_owned(), base64: base64.to_owned() }
        }
    };
    Ok(Document { name, source })
}

pub(crate) fn image(url: &str, at: &Path) -> Result<Image, Unsupported> {
    if is_web(url) {
        return Ok(Image::Url(url.to_owned()));
    }
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match data {
        Some((media_type, base64)) => {
            Ok(Image::Data { media_type: media_type.to_owned(), base64: base64.to_owned() })
        }
        None => Err(at.refuse("must be an http, https or base64 data address")),
    }
}
