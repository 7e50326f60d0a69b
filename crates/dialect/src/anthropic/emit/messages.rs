//! The conversation as Messages wants it: instructions apart, turns alternating, all results of
//! one turn's tool calls in one user message and before its text.

use super::{
    image_type,
    wire::{Block, Message, Source},
};
use crate::{
    Target, Unsupported,
    prompt::{self, BlockKind, Document, DocumentSource, Image, Prompt, Role, Turn},
    reasoning::Issuer,
};

/// The only documents that the API takes as data.
const DOCUMENT_TYPE: &str = "application/pdf";

/// Instructions and turns.
pub(super) struct Conversation<'p> {
    pub(super) system: Vec<Block<'p>>,
    pub(super) messages: Vec<Message<'p>>,
    /// Reasoning was left out: it has no seal, or one of another model.
    pub(super) is_missing_reasoning: bool,
    /// The model is in a tool loop, and the reasoning that began it is not there.
    pub(super) is_interrupted: bool,
}

/// Regroups the turns.
///
/// # Errors
/// [`Unsupported`] naming the turn or block that cannot go.
pub(super) fn conversation<'p>(
    prompt: &'p Prompt,
    target: &Target<'_>,
) -> Result<Conversation<'p>, Unsupported> {
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
    let mut pen = Pen { model: target.model, has_tools: false, is_missing_reasoning: false };
    let mut system = Vec::new();
    for block in head.iter().flat_map(|turn| &turn.blocks) {
        instruct(block)?;
        pen.push(block, &mut system)?;
    }
    let mut messages = Vec::new();
    for group in rest.chunk_by(|a, b| a.role == b.role) {
        messages.extend(pen.message(group)?);
    }
    let Pen { has_tools, is_missing_reasoning, .. } = pen;
    if has_tools && prompt.tools.is_empty() {
        let why = "is missing, and this provider needs it when the history has tool calls";
        return Err(Unsupported::about("tools", format!("`tools` {why}")));
    }
    let is_interrupted = is_interrupted(&messages);
    Ok(Conversation { system, messages, is_missing_reasoning, is_interrupted })
}

/// Whether the last answer called tools without the reasoning that must stand before the calls.
fn is_interrupted(messages: &[Message<'_>]) -> bool {
    let mut before = messages.iter().rev().skip_while(|message| message.role == "system");
    let results = before.next().is_some_and(|last| {
        last.content.iter().any(|block| matches!(block, Block::ToolResult { .. }))
    });
    let answer = before.find(|message| message.role == "assistant");
    let reasons = |block: &Block<'_>| {
        matches!(block, Block::Thinking { .. } | Block::RedactedThinking { .. })
    };
    results && !answer.and_then(|answer| answer.content.first()).is_some_and(reasons)
}

/// Instructions are text.
fn instruct(block: &prompt::Block) -> Result<(), Unsupported> {
    match &block.kind {
        BlockKind::Text(_) | BlockKind::Reasoning(_) => Ok(()),
        BlockKind::Image(_)
        | BlockKind::Document(_)
        | BlockKind::ToolCall { .. }
        | BlockKind::ToolResult { .. } => {
            Err(block.at.refuse("is not text, and this provider takes only text as instructions"))
        }
    }
}

/// What is known while the conversation is written.
struct Pen<'t> {
    model: &'t str,
    has_tools: bool,
    is_missing_reasoning: bool,
}

impl Pen<'_> {
    /// One message of neighbouring turns of one role; nothing for an answer that said nothing.
    fn message<'p>(&mut self, group: &'p [Turn]) -> Result<Option<Message<'p>>, Unsupported> {
        let mut results = Vec::new();
        let mut others = Vec::new();
        for block in group.iter().flat_map(|turn| &turn.blocks) {
            match &block.kind {
                BlockKind::ToolResult { .. } => {
                    self.has_tools = true;
                    self.push(block, &mut results)?;
                }
                BlockKind::ToolCall { .. } => {
                    self.has_tools = true;
                    self.push(block, &mut others)?;
                }
                BlockKind::Text(_)
                | BlockKind::Image(_)
                | BlockKind::Document(_)
                | BlockKind::Reasoning(_) => self.push(block, &mut others)?,
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

    fn push<'p>(
        &mut self,
        block: &'p prompt::Block,
        out: &mut Vec<Block<'p>>,
    ) -> Result<(), Unsupported> {
        match &block.kind {
            // Empty text is an error here and says nothing elsewhere.
            BlockKind::Text(text) if text.is_empty() => {}
            BlockKind::Text(text) => out.push(Block::Text { text }),
            BlockKind::Image(Image::Url(url)) => {
                out.push(Block::Image { source: Source::Url { url } })
            }
            BlockKind::Image(Image::Data { media_type, base64 }) => {
                let Some(media_type) = image_type(media_type) else {
                    let why = "is an image of a type that this provider does not take";
                    return Err(block.at.refuse(why));
                };
                out.push(Block::Image { source: Source::Base64 { media_type, data: base64 } });
            }
            BlockKind::Document(document) => out.push(self::document(document, block)?),
            BlockKind::Reasoning(reasoning) => match self.reasoning(reasoning) {
                Some(reasoning) => out.push(reasoning),
                // Left out, and named among what was dropped.
                None => self.is_missing_reasoning = true,
            },
            BlockKind::ToolCall { id, name, arguments } => {
                check_id(id, block)?;
                out.push(Block::ToolUse { id, name, input: arguments });
            }
            BlockKind::ToolResult { id, content: result, is_error } => {
                check_id(id, block)?;
                let mut content = Vec::new();
                for block in result {
                    self.push(block, &mut content)?;
                }
                let is_error = is_error.then_some(true);
                out.push(Block::ToolResult { tool_use_id: id, content, is_error });
            }
        }
        Ok(())
    }

    /// Reasoning goes back only to the model that sealed it, as it was.
    fn reasoning<'p>(&self, reasoning: &'p prompt::Reasoning) -> Option<Block<'p>> {
        let seal = reasoning.seal.as_ref()?;
        if !seal.is_valid_for(Issuer::Anthropic, self.model) {
            return None;
        }
        Some(if seal.redacted {
            Block::RedactedThinking { data: &seal.data }
        } else {
            Block::Thinking { thinking: &reasoning.text, signature: &seal.data }
        })
    }
}

fn document<'p>(document: &'p Document, block: &prompt::Block) -> Result<Block<'p>, Unsupported> {
    let source = match &document.source {
        DocumentSource::Data { media_type, base64 } if media_type == DOCUMENT_TYPE => {
            Source::Base64 { media_type: DOCUMENT_TYPE, data: base64 }
        }
        DocumentSource::Data { .. } => {
            let why = "is a document of a type that this provider does not take";
            return Err(block.at.refuse(why));
        }
        DocumentSource::Text(text) => Source::Text { media_type: "text/plain", data: text },
        DocumentSource::Url(url) => Source::Url { url },
    };
    Ok(Block::Document { source, title: document.name.as_deref() })
}

fn check_id(id: &str, block: &prompt::Block) -> Result<(), Unsupported> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if !id.is_empty() && id.bytes().all(allowed) {
        return Ok(());
    }
    Err(block.at.refuse("has an id with other characters than letters, digits, `_` and `-`"))
}
