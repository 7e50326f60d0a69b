//! The input of a Responses body into turns.
//!
//! The input is a flat list of items. What the model said is one turn as long as nobody else
//! speaks: its reasoning, its words and its tool calls, in order.

use crate::{
    Unsupported,
    address::is_web,
    arguments,
    fields::{Field, Fields, Path},
    prompt::{Block, BlockKind, Document, DocumentSource, Image, Prompt, Reasoning, Role, Turn},
    reasoning::{Issuer, Seal},
};

/// Reads the input, text or a list of items, into the turns of `prompt`.
pub(super) fn read(field: &Field<'_>, prompt: &mut Prompt) -> Result<(), Unsupported> {
    if field.is_text() {
        let at = field.path();
        let kind = BlockKind::Text(field.text()?.into_owned());
        let blocks = vec![Block { at: at.clone(), kind }];
        prompt.turns.push(Turn { at, role: Role::User, blocks });
        return Ok(());
    }
    for field in field.list()? {
        let Turn { at, role, blocks } = item(&field, &mut prompt.dropped)?;
        match prompt.turns.last_mut() {
            Some(last) if role == Role::Assistant && last.role == role => {
                last.blocks.extend(blocks);
            }
            _ => prompt.turns.push(Turn { at, role, blocks }),
        }
    }
    Ok(())
}

fn item(field: &Field<'_>, dropped: &mut Vec<&'static str>) -> Result<Turn, Unsupported> {
    let mut item = field.object()?;
    // How the item was named and how far it had come when it was an answer.
    item.take("id");
    item.take("status");
    let at = field.path();
    let kind = item.take("type");
    let name = kind.as_ref().map(|kind| kind.text()).transpose()?;
    let turn = |role, kind| {
        let blocks = vec![Block { at: at.clone(), kind }];
        Turn { at: at.clone(), role, blocks }
    };
    let read = match name.as_deref() {
        None | Some("message") => message(&mut item, &at, dropped)?,
        Some("function_call") => turn(Role::Assistant, call(&mut item, dropped)?),
        Some("function_call_output") => turn(Role::User, call_output(&mut item, dropped)?),
        Some("reasoning") => turn(Role::Assistant, reasoning(&mut item)?),
        Some(_) => {
            let why = "names an item that only its own provider has";
            return Err(kind.unwrap_or_else(|| field.clone()).refuse(why));
        }
    };
    item.finish()?;
    Ok(read)
}

fn message(
    message: &mut Fields<'_>,
    at: &Path,
    dropped: &mut Vec<&'static str>,
) -> Result<Turn, Unsupported> {
    message.forgo(&["phase"], dropped);
    let name = message.require("role")?;
    let role = match &*name.text()? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" | "developer" => Role::System,
        _ => return Err(name.refuse("is not a role that can be carried to this provider")),
    };
    let blocks = content(&message.require("content")?, dropped)?;
    Ok(Turn { at: at.clone(), role, blocks })
}

fn call(item: &mut Fields<'_>, dropped: &mut Vec<&'static str>) -> Result<BlockKind, Unsupported> {
    direct(item)?;
    // The arguments once more, as an SDK parsed them.
    item.forgo(&["parsed_arguments"], dropped);
    let id = item.require("call_id")?.text()?.into_owned();
    let name = item.require("name")?.text()?.into_owned();
    let written = item.take("arguments").map(|field| field.text()).transpose()?;
    let arguments = arguments::object(&written.unwrap_or_default()).ok_or_else(|| {
        let at = item.path().key("arguments");
        at.refuse("must be a JSON object in a string, or an empty string")
    })?;
    Ok(BlockKind::ToolCall { id, name, arguments })
}

fn call_output(
    item: &mut Fields<'_>,
    dropped: &mut Vec<&'static str>,
) -> Result<BlockKind, Unsupported> {
    direct(item)?;
    // The name of the tool is known from the call.
    item.take("name");
    let id = item.require("call_id")?.text()?.into_owned();
    let content = content(&item.require("output")?, dropped)?;
    Ok(BlockKind::ToolResult { id, content, is_error: false })
}

/// That the model itself made the call, which is the only way elsewhere.
fn direct(item: &mut Fields<'_>) -> Result<(), Unsupported> {
    let Some(caller) = item.take("caller") else { return Ok(()) };
    let mut caller = caller.object()?;
    let kind = caller.require("type")?;
    if kind.text()? != "direct" {
        return Err(kind.refuse("cannot be carried to this provider"));
    }
    caller.finish()
}

/// Without a carrier the seal came from a model of this API, which model is not said.
fn reasoning(item: &mut Fields<'_>) -> Result<BlockKind, Unsupported> {
    let mut text = String::new();
    for key in ["summary", "content"] {
        let Some(parts) = item.take(key) else { continue };
        // The content is what the summary sums up.
        let wanted = text.is_empty();
        for part in parts.list()? {
            let mut part = part.object()?;
            part.take("type");
            let words = part.require("text")?.text()?;
            part.finish()?;
            if wanted {
                if !text.is_empty() {
                    text.push_str("\n\n");
                }
                text.push_str(&words);
            }
        }
    }
    let sealed = item.take("encrypted_content").map(|field| field.text()).transpose()?;
    let seal = sealed.map(|data| match Seal::from_carrier(&data) {
        Some(seal) => seal.into_owned(),
        None => {
            let redacted = text.is_empty();
            let own = Seal { issuer: Issuer::OpenAi, model: "".into(), redacted, data };
            own.into_owned()
        }
    });
    Ok(BlockKind::Reasoning(Reasoning { text, seal }))
}

fn content(field: &Field<'_>, dropped: &mut Vec<&'static str>) -> Result<Vec<Block>, Unsupported> {
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
        "input_text" => BlockKind::Text(part.require("text")?.text()?.into_owned()),
        "output_text" => {
            part.take("logprobs");
            // The text once more, as an SDK parsed it.
            part.forgo(&["parsed"], dropped);
            if let Some(notes) = part.take("annotations")
                && notes.list()?.next().is_some()
                && !dropped.contains(&"annotations")
            {
                dropped.push("annotations");
            }
            BlockKind::Text(part.require("text")?.text()?.into_owned())
        }
        "refusal" => BlockKind::Text(part.require("refusal")?.text()?.into_owned()),
        "input_image" => {
            detail(&mut part, dropped)?;
            BlockKind::Image(image(&part.require("image_url")?)?)
        }
        "input_file" => {
            detail(&mut part, dropped)?;
            BlockKind::Document(file(&mut part)?)
        }
        _ => return Err(kind.refuse("names content that cannot be carried to this provider")),
    };
    part.forgo(&["prompt_cache_breakpoint"], dropped);
    part.finish()?;
    Ok(Block { at: field.path(), kind: block })
}

fn detail(part: &mut Fields<'_>, dropped: &mut Vec<&'static str>) -> Result<(), Unsupported> {
    if let Some(detail) = part.take("detail")
        && detail.text()? != "auto"
        && !dropped.contains(&"detail")
    {
        dropped.push("detail");
    }
    Ok(())
}

fn image(field: &Field<'_>) -> Result<Image, Unsupported> {
    let url = field.text()?;
    if is_web(&url) {
        return Ok(Image::Url(url.into_owned()));
    }
    match data(&url) {
        Some((media_type, base64)) => {
            Ok(Image::Data { media_type: media_type.to_owned(), base64: base64.to_owned() })
        }
        None => Err(field.refuse("must be an http, https or base64 data address")),
    }
}

fn file(part: &mut Fields<'_>) -> Result<Document, Unsupported> {
    let name = part.take("filename").map(|name| name.text()).transpose()?.map(Into::into);
    let field = match part.take("file_data") {
        Some(field) => field,
        None => part.require("file_url")?,
    };
    let text = field.text()?;
    let source = match data(&text) {
        Some((media_type, base64)) => {
            DocumentSource::Data { media_type: media_type.to_owned(), base64: base64.to_owned() }
        }
        None if is_web(&text) => DocumentSource::Url(text.into_owned()),
        None => return Err(field.refuse("must be a base64 data address, or a web address")),
    };
    Ok(Document { name, source })
}

/// The type and the bytes of a `data:` address.
fn data(url: &str) -> Option<(&str, &str)> {
    url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"))
}
