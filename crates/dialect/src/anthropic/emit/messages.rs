//! The conversation as Messages wants it: instructions apart, turns alternating, all results of
//! one turn's tool calls in one user message and before its text.

use super::{
    image_type,
    wire::{Block, Message, Source},
};
use crate::{
    Unsupported,
    prompt::{self, BlockKind, Image, Prompt, Role, Turn},
};

/// Instructions and turns.
pub(super) struct Conversation<'p> {
    pub(super) system: Vec<Block<'p>>,
    pub(super) messages: Vec<Message<'p>>,
}

/// Regroups the turns.
///
/// # Errors
/// [`Unsupported`] naming the turn or block that cannot go.
pub(super) fn conversation(prompt: &Prompt) -> Result<Conversation<'_>, Unsupported> {
    let is_system = |turn: &Turn| turn.role == Role::System;
    let begin = prompt.turns.iter().position(|turn| !is_system(turn)).unwrap_or(prompt.turns.len());
    let (head, rest) = prompt.turns.split_at_checked(begin).unwrap_or_default();
    let (Some(first), Some(last)) = (rest.first(), rest.last()) else {
        return Err(Unsupported::about("messages", "`messages` holds nothing but instructions"));
    };
    if first.role == Role::Assistant {
        return Err(first.at.key("role").refuse("must be a user's in the first message"));
    }
    if last.role == Role::Assistant && !prompt.continues {
        return Err(last.at.refuse("is an answer, and this provider would continue it"));
    }
    let mut system = Vec::new();
    for block in head.iter().flat_map(|turn| &turn.blocks) {
        push(block, &mut system)?;
    }
    let mut messages = Vec::new();
    let mut has_tools = false;
    for group in rest.chunk_by(|a, b| a.role == b.role) {
        if let Some(message) = message(group, &mut has_tools)? {
            messages.push(message);
        }
    }
    if has_tools && prompt.tools.is_empty() {
        let why = "is missing, and this provider needs it when the history has tool calls";
        return Err(Unsupported::about("tools", format!("`tools` {why}")));
    }
    Ok(Conversation { system, messages })
}

/// One message of neighbouring turns of one role; nothing for an answer that said nothing.
fn message<'p>(
    group: &'p [Turn],
    has_tools: &mut bool,
) -> Result<Option<Message<'p>>, Unsupported> {
    let mut results = Vec::new();
    let mut others = Vec::new();
    for block in group.iter().flat_map(|turn| &turn.blocks) {
        match &block.kind {
            BlockKind::ToolResult { .. } => {
                *has_tools = true;
                push(block, &mut results)?;
            }
            BlockKind::ToolCall { .. } => {
                *has_tools = true;
                push(block, &mut others)?;
            }
            BlockKind::Text(_)
            | BlockKind::Image(_)
            | BlockKind::Document(_)
            | BlockKind::Reasoning(_) => push(block, &mut others)?,
        }
    }
    results.append(&mut others);
    let Some(first) = group.first() else { return Ok(None) };
    match (first.role, results.is_empty()) {
        (Role::Assistant, true) => Ok(None),
        (_, true) => {
            Err(first.at.key("content").refuse("is empty, which this provider does not take"))
        }
        (Role::Assistant, false) => Ok(Some(Message { role: "assistant", content: results })),
        // Only for a model of which the route says so: `UpstreamDialect::takes_by_model`.
        (Role::System, false) => Ok(Some(Message { role: "system", content: results })),
        (Role::User, false) => Ok(Some(Message { role: "user", content: results })),
    }
}

fn push<'p>(block: &'p prompt::Block, out: &mut Vec<Block<'p>>) -> Result<(), Unsupported> {
    match &block.kind {
        // Empty text is an error here and says nothing elsewhere.
        BlockKind::Text(text) if text.is_empty() => {}
        BlockKind::Text(text) => out.push(Block::Text { text }),
        BlockKind::Image(Image::Url(url)) => out.push(Block::Image { source: Source::Url { url } }),
        BlockKind::Image(Image::Data { media_type, base64 }) => {
            let Some(media_type) = image_type(media_type) else {
                let why = "is an image of a type that this provider does not take";
                return Err(block.at.refuse(why));
            };
            out.push(Block::Image { source: Source::Base64 { media_type, data: base64 } });
        }
        BlockKind::Document(_) => {
            return Err(block.at.refuse("is a document, which cannot be carried to this provider"));
        }
        // Left out, and named among what was dropped.
        BlockKind::Reasoning(_) => {}
        BlockKind::ToolCall { id, name, arguments } => {
            check_id(id, block)?;
            out.push(Block::ToolUse { id, name, input: arguments });
        }
        BlockKind::ToolResult { id, content: result, is_error } => {
            check_id(id, block)?;
            let mut content = Vec::new();
            for block in result {
                push(block, &mut content)?;
            }
            let is_error = is_error.then_some(true);
            out.push(Block::ToolResult { tool_use_id: id, content, is_error });
        }
    }
    Ok(())
}

fn check_id(id: &str, block: &prompt::Block) -> Result<(), Unsupported> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if !id.is_empty() && id.bytes().all(allowed) {
        return Ok(());
    }
    Err(block.at.refuse("has an id with other characters than letters, digits, `_` and `-`"))
}
