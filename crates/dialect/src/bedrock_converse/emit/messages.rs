//! The conversation as Converse wants it: instructions apart, turns alternating and beginning with
//! the user's, all results of one turn's tool calls in one message and before its text.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    super::{
        documents::{Names, format},
        ids,
    },
    wire::{Block, Message, Reasoning, Source, System},
};
use crate::{
    Target, Unsupported,
    prompt::{self, BlockKind, Document, DocumentSource, Image, Prompt, Role, Turn},
    reasoning::Issuer,
};

/// Images that the API takes.
const IMAGE_FORMATS: [(&str, &str); 5] = [
    ("image/png", "png"),
    ("image/jpeg", "jpeg"),
    // Not a registered type, and yet widely written.
    ("image/jpg", "jpeg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
];

/// Instructions and turns.
pub(super) struct Conversation<'p> {
    pub(super) system: Vec<System<'p>>,
    pub(super) messages: Vec<Message<'p>>,
    /// Calls or results of tools are in it.
    pub(super) has_tools: bool,
    /// Reasoning was left out: it has no seal, or one of another model.
    pub(super) left_out_reasoning: bool,
}

impl Conversation<'_> {
    /// Whether the model is amid a series of tool calls and its reasoning before them is missing.
    /// It cannot go on reasoning then: Claude wants what it reasoned first.
    pub(super) fn reasoning_is_interrupted(&self) -> bool {
        let is_result = |block: &Block<'_>| matches!(block, Block::ToolResult { .. });
        let is_reasoning = |block: &Block<'_>| matches!(block, Block::ReasoningContent(_));
        match self.messages.as_slice() {
            [.., before, last] => {
                last.content.iter().any(is_result) && !before.content.iter().any(is_reasoning)
            }
            _ => false,
        }
    }
}

/// Regroups the turns.
///
/// # Errors
/// [`Unsupported`] naming the turn or block that cannot go.
pub(super) fn conversation<'p>(
    prompt: &'p Prompt,
    target: &Target<'p>,
) -> Result<Conversation<'p>, Unsupported> {
    let is_system = |turn: &Turn| turn.role == Role::System;
    let begin = prompt.turns.iter().position(|turn| !is_system(turn)).unwrap_or(prompt.turns.len());
    let (head, rest) = prompt.turns.split_at_checked(begin).unwrap_or_default();
    let (Some(first), Some(last)) = (rest.first(), rest.last()) else {
        return Err(Unsupported::about("messages", "`messages` holds nothing but instructions"));
    };
    if let Some(late) = rest.iter().find(|turn| is_system(turn)) {
        let why = "gives instructions after the conversation has begun, which this provider does not take";
        return Err(late.at.key("role").refuse(why));
    }
    if first.role == Role::Assistant {
        return Err(first.at.key("role").refuse("must be a user's in the first message"));
    }
    if last.role == Role::Assistant {
        return Err(last.at.refuse("is an answer, and this provider would continue it"));
    }
    let mut writer = Writer {
        model: target.model,
        names: Names::default(),
        conversation: Conversation {
            system: system(head)?,
            messages: Vec::new(),
            has_tools: false,
            left_out_reasoning: false,
        },
    };
    for group in rest.chunk_by(|a, b| a.role == b.role) {
        writer.message(group)?;
    }
    Ok(writer.conversation)
}

fn system(turns: &[Turn]) -> Result<Vec<System<'_>>, Unsupported> {
    let mut system = Vec::new();
    for block in turns.iter().flat_map(|turn| &turn.blocks) {
        match &block.kind {
            // Empty text is an error here and says nothing elsewhere.
            BlockKind::Text(text) if text.is_empty() => {}
            BlockKind::Text(text) => system.push(System::Text(text)),
            _ => return Err(block.at.refuse("is not text, and instructions must be")),
        }
    }
    Ok(system)
}

struct Writer<'p> {
    model: &'p str,
    names: Names,
    conversation: Conversation<'p>,
}

impl<'p> Writer<'p> {
    /// One message of neighbouring turns of one role; nothing for an answer that said nothing.
    fn message(&mut self, group: &'p [Turn]) -> Result<(), Unsupported> {
        let mut content = Vec::new();
        let mut others = Vec::new();
        for block in group.iter().flat_map(|turn| &turn.blocks) {
            let is_result = matches!(block.kind, BlockKind::ToolResult { .. });
            self.push(block, if is_result { &mut content } else { &mut others })?;
        }
        content.append(&mut others);
        let Some(first) = group.first() else { return Ok(()) };
        let role = if first.role == Role::Assistant { "assistant" } else { "user" };
        if content.is_empty() {
            if role == "assistant" {
                return Ok(());
            }
            let why = "is empty, which this provider does not take";
            return Err(first.at.key("content").refuse(why));
        }
        match self.conversation.messages.last_mut() {
            // The answer between them said nothing.
            Some(before) if before.role == role => before.content.append(&mut content),
            _ => self.conversation.messages.push(Message { role, content }),
        }
        Ok(())
    }

    fn push(
        &mut self,
        block: &'p prompt::Block,
        out: &mut Vec<Block<'p>>,
    ) -> Result<(), Unsupported> {
        match &block.kind {
            // Empty text is an error here and says nothing elsewhere.
            BlockKind::Text(text) if text.is_empty() => {}
            BlockKind::Text(text) => out.push(Block::Text(text)),
            BlockKind::Image(image) => out.push(self::image(image, block)?),
            BlockKind::Document(document) => out.push(self.document(document, block)?),
            BlockKind::Reasoning(reasoning) => match self.reasoning(reasoning) {
                Some(reasoning) => out.push(Block::ReasoningContent(reasoning)),
                None => self.conversation.left_out_reasoning = true,
            },
            BlockKind::ToolCall { id, name, arguments } => {
                self.conversation.has_tools = true;
                out.push(Block::ToolUse {
                    tool_use_id: self::id(id, block)?,
                    name,
                    input: arguments,
                });
            }
            BlockKind::ToolResult { id, content: result, is_error } => {
                self.conversation.has_tools = true;
                let mut content = Vec::new();
                for block in result {
                    self.push(block, &mut content)?;
                }
                // Only some models know the field, so it is there only when it says something.
                let status = is_error.then_some("error");
                out.push(Block::ToolResult { tool_use_id: self::id(id, block)?, content, status });
            }
        }
        Ok(())
    }

    fn document(
        &mut self,
        document: &'p Document,
        block: &prompt::Block,
    ) -> Result<Block<'p>, Unsupported> {
        let (format, bytes) = match &document.source {
            DocumentSource::Data { media_type, base64 } => {
                let Some(format) = format(media_type) else {
                    let why = "is a document of a type that this provider does not take";
                    return Err(block.at.refuse(why));
                };
                (format, Cow::Borrowed(&**base64))
            }
            DocumentSource::Text(text) => ("txt", Cow::Owned(STANDARD.encode(text))),
            DocumentSource::Url(_) => {
                let why = "is the address of a document, and this provider reads none";
                return Err(block.at.refuse(why));
            }
        };
        let name = self.names.next(document.name.as_deref());
        Ok(Block::Document { format, name, source: Source::Bytes(bytes) })
    }

    /// Reasoning goes back only to the model that sealed it.
    fn reasoning(&self, reasoning: &'p prompt::Reasoning) -> Option<Reasoning<'p>> {
        let seal = reasoning.seal.as_ref()?;
        if !seal.is_valid_for(Issuer::Bedrock, self.model) {
            return None;
        }
        Some(if seal.redacted {
            Reasoning::RedactedContent(&seal.data)
        } else {
            Reasoning::ReasoningText { text: &reasoning.text, signature: &seal.data }
        })
    }
}

fn image<'p>(image: &'p Image, block: &prompt::Block) -> Result<Block<'p>, Unsupported> {
    match image {
        Image::Url(_) => {
            Err(block.at.refuse("is the address of an image, and this provider reads none"))
        }
        Image::Data { media_type, base64 } => {
            let Some((_, format)) = IMAGE_FORMATS.iter().find(|(name, _)| name == media_type)
            else {
                let why = "is an image of a type that this provider does not take";
                return Err(block.at.refuse(why));
            };
            Ok(Block::Image { format, source: Source::Bytes(Cow::Borrowed(base64)) })
        }
    }
}

fn id<'p>(id: &'p str, block: &prompt::Block) -> Result<Cow<'p, str>, Unsupported> {
    ids::fitting(id).ok_or_else(|| block.at.refuse("has no id"))
}
