//! The conversation as Mistral wants it: every call is answered by a message right after it, the
//! person speaks only after the model has, and reasoning is content.

use super::{
    super::ids::fit,
    wire::{Called, Chunk, Content, ImageUrl, Message, Thought, ToolCall},
};
use crate::{
    Unsupported,
    calls::Calls,
    prompt::{Block, BlockKind, Document, DocumentSource, Image, Prompt, Reasoning, Role, Turn},
    reasoning::Issuer,
};

/// A call that waits for its result.
struct Open<'p> {
    name: &'p str,
    call: &'p Block,
}

/// Walks the turns.
struct Writer<'p, 'd> {
    model: &'p str,
    messages: Vec<Message<'p>>,
    open: Calls<'p, Open<'p>>,
    dropped: &'d mut Vec<&'static str>,
}

/// The messages; what was left out is added to `dropped`.
///
/// # Errors
/// [`Unsupported`] naming the turn or block that cannot go.
pub(super) fn messages<'p>(
    prompt: &'p Prompt,
    model: &'p str,
    dropped: &mut Vec<&'static str>,
) -> Result<Vec<Message<'p>>, Unsupported> {
    let messages = Vec::with_capacity(prompt.turns.len());
    let mut writer = Writer { model, messages, open: Calls::default(), dropped };
    for turn in &prompt.turns {
        writer.turn(turn)?;
    }
    writer.all_answered()?;
    let last = prompt.turns.last().filter(|turn| turn.role == Role::Assistant);
    if let (Some(turn), Some(message)) = (last, writer.messages.last_mut()) {
        if !prompt.continues {
            return Err(turn.at.refuse("is an answer, and this provider would continue it"));
        }
        message.prefix = Some(true);
    }
    Ok(writer.messages)
}

impl<'p> Writer<'p, '_> {
    fn turn(&mut self, turn: &'p Turn) -> Result<(), Unsupported> {
        match turn.role {
            Role::System => {
                self.all_answered()?;
                let content = self.content(turn.blocks.iter())?;
                if let Content::Chunks(chunks) = &content
                    && !chunks.iter().all(|chunk| matches!(chunk, Chunk::Text { .. }))
                {
                    let why =
                        "has more than text, which this provider does not take as instructions";
                    return Err(turn.at.key("content").refuse(why));
                }
                self.messages.push(Message::of("system", content));
            }
            Role::User => self.user(turn)?,
            Role::Assistant => {
                self.all_answered()?;
                self.assistant(turn)?;
            }
        }
        Ok(())
    }

    fn user(&mut self, turn: &'p Turn) -> Result<(), Unsupported> {
        let is_result = |block: &&Block| matches!(block.kind, BlockKind::ToolResult { .. });
        for block in turn.blocks.iter().filter(is_result) {
            self.result(block)?;
        }
        let mut said = turn.blocks.iter().filter(|block| !is_result(block)).peekable();
        if said.peek().is_none() && !turn.blocks.is_empty() {
            return Ok(());
        }
        self.all_answered()?;
        if self.messages.last().is_some_and(|message| message.role == "tool") {
            let at = said.peek().map_or_else(|| turn.at.clone(), |block| block.at.clone());
            let why =
                "follows a tool's result, and this provider takes only the model's answer there";
            return Err(at.refuse(why));
        }
        let content = self.content(said)?;
        self.messages.push(Message::of("user", content));
        Ok(())
    }

    fn assistant(&mut self, turn: &'p Turn) -> Result<(), Unsupported> {
        let is_call = |block: &Block| matches!(block.kind, BlockKind::ToolCall { .. });
        let first_call = turn.blocks.iter().position(is_call).unwrap_or(turn.blocks.len());
        let (said, calls) = turn.blocks.split_at_checked(first_call).unwrap_or_default();
        let content = self.content(said.iter())?;
        let mut tool_calls = Vec::with_capacity(calls.len());
        for block in calls {
            match &block.kind {
                BlockKind::ToolCall { id, name, arguments } => {
                    if id.is_empty() {
                        return Err(block.at.refuse("has an empty id"));
                    }
                    self.open.add(id, Open { name, call: block });
                    let function = Called { name, arguments: arguments.get() };
                    tool_calls.push(ToolCall { id: fit(id), kind: "function", function });
                }
                BlockKind::Reasoning(_) => self.drop("reasoning"),
                _ => {
                    let why = "follows a tool call, an order this provider cannot keep";
                    return Err(block.at.refuse(why));
                }
            }
        }
        self.messages.push(Message { tool_calls, ..Message::of("assistant", content) });
        Ok(())
    }

    fn result(&mut self, block: &'p Block) -> Result<(), Unsupported> {
        let BlockKind::ToolResult { id, content, is_error } = &block.kind else {
            return Err(block.at.refuse("is not a tool result"));
        };
        let Some((_, open)) = self.open.answer(id) else {
            let why = "answers no tool call of the message before it, as this provider wants it";
            return Err(block.at.refuse(why));
        };
        if *is_error {
            self.drop("is_error");
        }
        let content = self.content(content.iter())?;
        let message = Message::of("tool", content);
        let (tool_call_id, name) = (Some(fit(id)), Some(open.name));
        self.messages.push(Message { tool_call_id, name, ..message });
        Ok(())
    }

    fn all_answered(&self) -> Result<(), Unsupported> {
        match self.open.first() {
            None => Ok(()),
            Some(open) => {
                let why =
                    "is a tool call without a result right after it, as this provider wants it";
                Err(open.call.at.refuse(why))
            }
        }
    }

    /// Text alone is a string, anything more is a list.
    fn content(
        &mut self,
        blocks: impl Iterator<Item = &'p Block>,
    ) -> Result<Content<'p>, Unsupported> {
        let mut chunks = Vec::new();
        for block in blocks {
            chunks.push(match &block.kind {
                BlockKind::Text(text) => Chunk::Text { text },
                BlockKind::Image(image) => Chunk::ImageUrl { image_url: ImageUrl::of(image) },
                BlockKind::Document(document) => self::document(document, block)?,
                BlockKind::Reasoning(reasoning) => match self.thinking(reasoning) {
                    Some(chunk) => chunk,
                    None => {
                        self.drop("reasoning");
                        continue;
                    }
                },
                BlockKind::ToolCall { .. } | BlockKind::ToolResult { .. } => {
                    return Err(block.at.refuse("cannot stand here for this provider"));
                }
            });
        }
        Ok(match chunks.as_slice() {
            [] => Content::Text(""),
            [Chunk::Text { text }] => Content::Text(text),
            _ => Content::Chunks(chunks),
        })
    }

    fn thinking(&self, reasoning: &'p Reasoning) -> Option<Chunk<'p>> {
        let seal = reasoning.seal.as_ref()?;
        seal.is_valid_for(Issuer::Mistral, self.model).then(|| Chunk::Thinking {
            thinking: [Thought { kind: "text", text: &reasoning.text }],
            signature: Some(&*seal.data).filter(|data| !data.is_empty()),
        })
    }

    fn drop(&mut self, name: &'static str) {
        if !self.dropped.contains(&name) {
            self.dropped.push(name);
        }
    }
}

fn document<'p>(document: &'p Document, block: &Block) -> Result<Chunk<'p>, Unsupported> {
    let document_url = match &document.source {
        DocumentSource::Url(url) => url.as_str().into(),
        DocumentSource::Data { media_type, base64 } => {
            format!("data:{media_type};base64,{base64}").into()
        }
        DocumentSource::Text(_) => {
            return Err(block
                .at
                .refuse("is a document of plain text, which this provider does not take"));
        }
    };
    Ok(Chunk::DocumentUrl { document_url, document_name: document.name.as_deref() })
}

impl<'p> ImageUrl<'p> {
    fn of(image: &'p Image) -> Self {
        match image {
            Image::Url(url) => Self { url: url.as_str().into() },
            Image::Data { media_type, base64 } => {
                Self { url: format!("data:{media_type};base64,{base64}").into() }
            }
        }
    }
}
