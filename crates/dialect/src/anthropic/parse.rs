//! A Messages body into a prompt, strictly: what no other dialect has is refused by name.

use crate::{
    Unsupported,
    address::is_web,
    fields::{Field, Fields},
    prompt::{
        Block, BlockKind, Document, DocumentSource, Effort, Format, Image, Prompt, Reasoning, Role,
        Stop, Tool, ToolChoice, Turn,
    },
    reasoning::{Issuer, Seal},
};

/// Reads a whole body, of Messages or of a count.
///
/// # Errors
/// [`Unsupported`] naming the field that is malformed or has no place in a prompt.
pub(crate) fn parse(body: &[u8]) -> Result<Prompt, Unsupported> {
    let mut body = Fields::body(body)?;
    let mut prompt = Prompt::default();
    body.take("model");
    // Not the caller's to choose: it is what the endpoint says, or the request does not get here.
    body.take("inference_geo");
    // The first pass leaves no other than the standard one.
    body.take("speed");
    // Where caches begin changes what a call costs, not what it means.
    body.forgo(&["metadata", "cache_control"], &mut prompt.dropped);
    if let Some(tier) = body.take("service_tier") {
        if !matches!(&*tier.text()?, "auto" | "standard_only") {
            return Err(tier.refuse("cannot be carried to this provider"));
        }
        prompt.dropped.push("service_tier");
    }
    // Not in the body of a count; elsewhere the first pass has found it.
    prompt.output_max = body.take("max_tokens").map(|field| field.count()).transpose()?;
    if let Some(field) = body.take("stream") {
        prompt.stream = field.flag()?;
    }
    for (key, slot) in [
        ("temperature", &mut prompt.sampling.temperature),
        ("top_p", &mut prompt.sampling.top_p),
        ("top_k", &mut prompt.sampling.top_k),
    ] {
        *slot = body.take(key).map(|field| field.number()).transpose()?;
    }
    if let Some(field) = body.take("stop_sequences") {
        let stop =
            |field: Field<'_>| Ok(Stop { at: field.path(), text: field.text()?.into_owned() });
        prompt.stop = field.list()?.map(stop).collect::<Result<_, Unsupported>>()?;
    }
    reasoning_and_form(&mut body, &mut prompt)?;
    if let Some(field) = body.take("tools") {
        for field in field.list()? {
            let tool = tool(&field, &mut prompt.dropped)?;
            prompt.tools.push(tool);
        }
    }
    if let Some(field) = body.take("tool_choice") {
        choice(&field, &mut prompt)?;
    }
    if let Some(field) = body.take("system") {
        let blocks = content(&field, &mut prompt.dropped)?;
        prompt.turns.push(Turn { at: field.path(), role: Role::System, blocks });
    }
    for field in body.require("messages")?.list()? {
        let turn = turn(&field, &mut prompt.dropped)?;
        prompt.turns.push(turn);
    }
    body.finish()?;
    prompt.continues = prompt.turns.last().is_some_and(|turn| turn.role == Role::Assistant);
    Ok(prompt)
}

fn reasoning_and_form(body: &mut Fields<'_>, prompt: &mut Prompt) -> Result<(), Unsupported> {
    if let Some(field) = body.take("thinking") {
        let mut thinking = field.object()?;
        let kind = thinking.require("type")?;
        match &*kind.text()? {
            "disabled" => (prompt.thinking, prompt.effort) = (Some(false), Some(Effort::None)),
            "adaptive" => prompt.thinking = Some(true),
            "enabled" => {
                prompt.thinking = Some(true);
                prompt.reasoning_max = Some(thinking.require("budget_tokens")?.count()?);
            }
            _ => return Err(kind.refuse("is a way to reason that this provider does not have")),
        }
        thinking.forgo(&["display"], &mut prompt.dropped);
        thinking.finish()?;
    }
    let mut form = body.take("output_format");
    if let Some(field) = body.take("output_config") {
        let mut config = field.object()?;
        if let Some(effort) = config.take("effort") {
            let read = Effort::parse(&effort.text()?);
            let read = read.ok_or_else(|| effort.refuse("is not a known effort"))?;
            // Reasoning that is switched off has no effort; what else it means is lost elsewhere.
            match prompt.effort {
                Some(_) => prompt.dropped.push("effort"),
                None => prompt.effort = Some(read),
            }
            // An effort alone does not switch reasoning on.
            prompt.thinking.get_or_insert(false);
        }
        form = config.take("format").or(form);
        config.finish()?;
    }
    if let Some(field) = form {
        let mut format = field.object()?;
        let kind = format.require("type")?;
        if kind.text()? != "json_schema" {
            return Err(kind.refuse("is not a known format"));
        }
        let name = format.take("name").map(|name| name.text()).transpose()?;
        let schema = format.require("schema")?.raw_object()?;
        format.finish()?;
        prompt.format = Some(Format::JsonSchema { name: name.map(Into::into), schema });
    }
    Ok(())
}

fn tool(field: &Field<'_>, dropped: &mut Vec<&'static str>) -> Result<Tool, Unsupported> {
    let mut tool = field.object()?;
    if let Some(kind) = tool.take("type")
        && kind.text()? != "custom"
    {
        return Err(kind.refuse("names a tool that only its own provider has"));
    }
    tool.forgo(&["cache_control"], dropped);
    let read = Tool {
        at: field.path(),
        name: tool.require("name")?.text()?.into_owned(),
        description: tool.take("description").map(|d| d.text()).transpose()?.map(Into::into),
        schema: Some(tool.require("input_schema")?.raw_object()?),
        strict: tool.take("strict").map(|field| field.flag()).transpose()?,
    };
    tool.finish()?;
    Ok(read)
}

fn choice(field: &Field<'_>, prompt: &mut Prompt) -> Result<(), Unsupported> {
    let mut choice = field.object()?;
    let kind = choice.require("type")?;
    prompt.tool_choice = Some(match &*kind.text()? {
        "auto" => ToolChoice::Auto,
        "none" => ToolChoice::None,
        "any" => ToolChoice::Required,
        "tool" => ToolChoice::Named(choice.require("name")?.text()?.into_owned()),
        _ => return Err(kind.refuse("is not a known choice")),
    });
    if let Some(single) = choice.take("disable_parallel_tool_use") {
        prompt.parallel_tools = single.flag()?.then_some(false);
    }
    choice.finish()
}

fn turn(field: &Field<'_>, dropped: &mut Vec<&'static str>) -> Result<Turn, Unsupported> {
    let mut message = field.object()?;
    let name = message.require("role")?;
    let role = match &*name.text()? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => return Err(name.refuse("is not a known role")),
    };
    let blocks = content(&message.require("content")?, dropped)?;
    message.finish()?;
    Ok(Turn { at: field.path(), role, blocks })
}

fn content(field: &Field<'_>, dropped: &mut Vec<&'static str>) -> Result<Vec<Block>, Unsupported> {
    if field.is_text() {
        let kind = BlockKind::Text(field.text()?.into_owned());
        return Ok(vec![Block { at: field.path(), kind }]);
    }
    field.list()?.map(|field| block(&field, dropped)).collect()
}

fn block(field: &Field<'_>, dropped: &mut Vec<&'static str>) -> Result<Block, Unsupported> {
    let mut block = field.object()?;
    block.forgo(&["cache_control"], dropped);
    let name = block.require("type")?;
    let kind = match &*name.text()? {
        "text" => {
            if let Some(citations) = block.take("citations")
                && citations.list()?.next().is_some()
            {
                return Err(citations.refuse("cannot be carried to this provider"));
            }
            BlockKind::Text(block.require("text")?.text()?.into_owned())
        }
        "image" => BlockKind::Image(image(&block.require("source")?)?),
        "document" => BlockKind::Document(document(&mut block)?),
        "thinking" => {
            let text = block.require("thinking")?.text()?.into_owned();
            let signature = block.take("signature").map(|field| field.text()).transpose()?;
            let seal = signature.filter(|data| !data.is_empty()).map(|data| seal(&data, false));
            BlockKind::Reasoning(Reasoning { text, seal })
        }
        "redacted_thinking" => {
            let seal = seal(&block.require("data")?.text()?, true);
            BlockKind::Reasoning(Reasoning { text: String::new(), seal: Some(seal) })
        }
        "tool_use" => {
            // Says that the model itself made the call, which is the only way elsewhere.
            if let Some(caller) = block.take("caller") {
                let mut caller = caller.object()?;
                let kind = caller.require("type")?;
                if kind.text()? != "direct" {
                    return Err(kind.refuse("cannot be carried to this provider"));
                }
                caller.finish()?;
            }
            BlockKind::ToolCall {
                id: block.require("id")?.text()?.into_owned(),
                name: block.require("name")?.text()?.into_owned(),
                arguments: block.require("input")?.raw_object()?,
            }
        }
        "tool_result" => {
            let is_error = block.take("is_error").map(|field| field.flag()).transpose()?;
            BlockKind::ToolResult {
                id: block.require("tool_use_id")?.text()?.into_owned(),
                content: match block.take("content") {
                    Some(field) => content(&field, dropped)?,
                    None => Vec::new(),
                },
                is_error: is_error.unwrap_or(false),
            }
        }
        _ => return Err(name.refuse("names content that cannot be carried to this provider")),
    };
    block.finish()?;
    Ok(Block { at: field.path(), kind })
}

/// A seal as it came to the caller: in a carrier, or by passing through from Anthropic itself.
fn seal(data: &str, redacted: bool) -> Seal<'static> {
    let own = || Seal { issuer: Issuer::Anthropic, model: "".into(), redacted, data: data.into() };
    Seal::from_carrier(data).unwrap_or_else(own).into_owned()
}

fn document(block: &mut Fields<'_>) -> Result<Document, Unsupported> {
    if let Some(citations) = block.take("citations") {
        let mut asked = citations.object()?;
        if asked.take("enabled").map(|field| field.flag()).transpose()? == Some(true) {
            return Err(citations.refuse("cannot be carried to this provider"));
        }
        asked.finish()?;
    }
    let name = block.take("title").map(|title| title.text()).transpose()?.map(Into::into);
    let mut source = block.require("source")?.object()?;
    let kind = source.require("type")?;
    let read = match &*kind.text()? {
        "base64" => DocumentSource::Data {
            media_type: source.require("media_type")?.text()?.into_owned(),
            base64: source.require("data")?.text()?.into_owned(),
        },
        "text" => {
            source.take("media_type");
            DocumentSource::Text(source.require("data")?.text()?.into_owned())
        }
        "url" => DocumentSource::Url(web(&source.require("url")?)?),
        "file" => return Err(kept(&source.require("file_id")?)),
        _ => return Err(kind.refuse("names a source that cannot be carried to this provider")),
    };
    source.finish()?;
    Ok(Document { name, source: read })
}

/// An address that anybody may read.
fn web(url: &Field<'_>) -> Result<String, Unsupported> {
    let text = url.text()?;
    if !is_web(&text) {
        return Err(url.refuse("must be an http or https address"));
    }
    Ok(text.into_owned())
}

/// Files are state of one provider.
fn kept(id: &Field<'_>) -> Unsupported {
    id.refuse("names a file that only its own provider has")
}

fn image(field: &Field<'_>) -> Result<Image, Unsupported> {
    let mut source = field.object()?;
    let kind = source.require("type")?;
    let image = match &*kind.text()? {
        "base64" => Image::Data {
            media_type: source.require("media_type")?.text()?.into_owned(),
            base64: source.require("data")?.text()?.into_owned(),
        },
        "url" => Image::Url(web(&source.require("url")?)?),
        "file" => return Err(kept(&source.require("file_id")?)),
        _ => return Err(kind.refuse("names a source that cannot be carried to this provider")),
    };
    source.finish()?;
    Ok(image)
}
