//! Turns into items.
//!
//! A reasoning item must be followed by what it led to: one without is an error of the whole
//! request. So reasoning waits until something of the same turn follows, and is left out otherwise.

use std::borrow::Cow;

use super::wire::{Content, File, Item, Part, Summary};
use crate::{
    Unsupported,
    prompt::{Block, BlockKind, Document, DocumentSource, Image, Prompt, Reasoning, Role, Turn},
    reasoning::Issuer,
};

/// All turns as items for `model`; what is left out goes to `dropped`, by name.
pub(super) fn items<'p>(
    prompt: &'p Prompt,
    model: &str,
    dropped: &mut Vec<&'static str>,
) -> Result<Vec<Item<'p>>, Unsupported> {
    let mut items = Vec::with_capacity(prompt.turns.len());
    for turn in &prompt.turns {
        match turn.role {
            Role::System => {
                let content = content(turn.blocks.iter())?;
                items.push(Item::Message { role: "system", content });
            }
            Role::User => user(turn, &mut items, dropped)?,
            Role::Assistant => assistant(turn, model, &mut items, dropped)?,
        }
    }
    Ok(items)
}

fn user<'p>(
    turn: &'p Turn,
    items: &mut Vec<Item<'p>>,
    dropped: &mut Vec<&'static str>,
) -> Result<(), Unsupported> {
    let is_result = |block: &Block| matches!(block.kind, BlockKind::ToolResult { .. });
    // Results and words in turn, each run of words as one message.
    for run in turn.blocks.chunk_by(|a, b| !is_result(a) && !is_result(b)) {
        match run {
            [Block { kind: BlockKind::ToolResult { id, content: result, is_error }, .. }] => {
                if *is_error && !dropped.contains(&"is_error") {
                    // The text says it too.
                    dropped.push("is_error");
                }
                let output = content(result.iter())?;
                items.push(Item::FunctionCallOutput { call_id: id, output });
            }
            words => {
                let content = content(words.iter())?;
                items.push(Item::Message { role: "user", content });
            }
        }
    }
    Ok(())
}

fn assistant<'p>(
    turn: &'p Turn,
    model: &str,
    items: &mut Vec<Item<'p>>,
    dropped: &mut Vec<&'static str>,
) -> Result<(), Unsupported> {
    let mut waiting: Vec<Item<'p>> = Vec::new();
    let mut left_out = false;
    for block in &turn.blocks {
        let item = match &block.kind {
            BlockKind::Reasoning(reasoning) => {
                let sealed = sealed(reasoning, model);
                left_out |= sealed.is_none();
                waiting.extend(sealed);
                continue;
            }
            // Nothing was said, so nothing follows the reasoning either.
            BlockKind::Text(text) if text.is_empty() => continue,
            BlockKind::Text(text) => {
                Item::Message { role: "assistant", content: Content::Text(text) }
            }
            BlockKind::ToolCall { id, name, arguments } => {
                Item::FunctionCall { call_id: id, name, arguments: arguments.get() }
            }
            BlockKind::Image(_) | BlockKind::Document(_) | BlockKind::ToolResult { .. } => {
                return Err(block.at.refuse("cannot stand here for this provider"));
            }
        };
        items.append(&mut waiting);
        items.push(item);
    }
    left_out |= !waiting.is_empty();
    if left_out && !dropped.contains(&"reasoning") {
        dropped.push("reasoning");
    }
    Ok(())
}

fn sealed<'p>(reasoning: &'p Reasoning, model: &str) -> Option<Item<'p>> {
    let seal = reasoning.seal.as_ref().filter(|seal| seal.is_valid_for(Issuer::OpenAi, model))?;
    let text = (!reasoning.text.is_empty()).then_some(&*reasoning.text);
    let summary = text.map(|text| Summary::SummaryText { text }).into_iter().collect();
    Some(Item::Reasoning { summary, encrypted_content: &seal.data })
}

/// Text alone is a string, anything more a list.
fn content<'p>(blocks: impl Iterator<Item = &'p Block>) -> Result<Content<'p>, Unsupported> {
    let mut parts = Vec::new();
    for block in blocks {
        parts.push(match &block.kind {
            BlockKind::Text(text) => Part::Text { text },
            BlockKind::Image(image) => Part::Image { image_url: url(image), detail: "auto" },
            BlockKind::Document(document) => Part::File(file(document, block)?),
            BlockKind::Reasoning(_) | BlockKind::ToolCall { .. } | BlockKind::ToolResult { .. } => {
                return Err(block.at.refuse("cannot stand here for this provider"));
            }
        });
    }
    Ok(match parts.as_slice() {
        [] => Content::Text(""),
        [Part::Text { text }] => Content::Text(text),
        _ => Content::Parts(parts),
    })
}

fn url(image: &Image) -> Cow<'_, str> {
    match image {
        Image::Url(url) => Cow::Borrowed(url),
        Image::Data { media_type, base64 } => {
            Cow::Owned(format!("data:{media_type};base64,{base64}"))
        }
    }
}

fn file<'p>(document: &'p Document, block: &Block) -> Result<File<'p>, Unsupported> {
    let filename = document.name.as_deref();
    let (file_data, file_url) = match &document.source {
        DocumentSource::Data { media_type, base64 } => {
            (Some(format!("data:{media_type};base64,{base64}")), None)
        }
        DocumentSource::Url(url) => (None, Some(&**url)),
        DocumentSource::Text(_) => {
            return Err(block
                .at
                .refuse("is a document of plain text, which this provider takes only as text"));
        }
    };
    // A name is required beside the bytes, and only there.
    let filename = filename.or(file_data.as_ref().map(|_| "document"));
    Ok(File { filename: filename.filter(|_| file_data.is_some()), file_data, file_url })
}
