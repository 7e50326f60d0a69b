//! The conversation as Gemini wants it: instructions apart, `user` and `model` in turns, all results
//! of one turn's calls in the content that follows it, in the order of the calls and named by their
//! functions.

use super::{
    media::{self, Sent},
    wire::{Call, Content, Media, Outcome, Part, Response, Said},
};
use crate::{
    Unsupported,
    calls::Calls,
    gemini::is_older,
    prompt::{Block, BlockKind, Prompt, Reasoning, Role, Turn},
    reasoning::Issuer,
};

/// What Google documents in place of a signature for a call that the model did not make itself, e.g.
/// after a failover in the middle of a tool loop (its guide to thought signatures, for REST): from
/// Gemini 3 on the first call of a turn may not be without one. It claims to be none.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// Instructions and contents.
pub(super) struct Conversation<'p> {
    pub(super) system: Vec<Part<'p>>,
    pub(super) contents: Vec<Content<'p>>,
    pub(super) dropped: Vec<&'static str>,
}

/// Regroups the turns for the model named `model`.
///
/// # Errors
/// [`Unsupported`] naming the turn or block that cannot go.
pub(super) fn conversation<'p>(
    prompt: &'p Prompt,
    model: &str,
) -> Result<Conversation<'p>, Unsupported> {
    let is_system = |turn: &Turn| turn.role == Role::System;
    let begin = prompt.turns.iter().position(|turn| !is_system(turn)).unwrap_or(prompt.turns.len());
    let (head, rest) = prompt.turns.split_at_checked(begin).unwrap_or_default();
    let Some(last) = rest.last() else {
        return Err(Unsupported::about("messages", "`messages` holds nothing but instructions"));
    };
    if let Some(late) = rest.iter().find(|turn| is_system(turn)) {
        let why = "gives instructions after the conversation has begun, which this provider does not take";
        return Err(late.at.key("role").refuse(why));
    }
    if last.role == Role::Assistant {
        return Err(last.at.refuse("is an answer to be continued, which this provider cannot do"));
    }
    let mut writer = Writer { model, asked: Calls::default(), dropped: Vec::new() };
    let mut system = Vec::new();
    for block in head.iter().flat_map(|turn| &turn.blocks) {
        match &block.kind {
            BlockKind::Text(text) => system.extend(said(text)),
            _ => return Err(block.at.refuse("is not text, which instructions are here")),
        }
    }
    let mut contents = Vec::new();
    for group in rest.chunk_by(|a, b| a.role == b.role) {
        contents.extend(writer.content(group)?);
    }
    Ok(Conversation { system, contents, dropped: writer.dropped })
}

/// Text, unless it is empty: empty parts are an error there and mean nothing anywhere.
fn said(text: &str) -> Option<Part<'_>> {
    (!text.is_empty()).then(|| Part::text(text))
}

struct Writer<'p, 'm> {
    model: &'m str,
    /// The functions that the turn before calls, until they are answered.
    asked: Calls<'p, &'p str>,
    dropped: Vec<&'static str>,
}

impl<'p> Writer<'p, '_> {
    /// One content of neighbouring turns of one role; nothing for an answer that said nothing.
    fn content(&mut self, group: &'p [Turn]) -> Result<Option<Content<'p>>, Unsupported> {
        let Some(first) = group.first() else { return Ok(None) };
        let blocks = group.iter().flat_map(|turn| &turn.blocks);
        if first.role == Role::Assistant {
            let parts = self.model_parts(blocks)?;
            return Ok((!parts.is_empty()).then_some(Content { role: "model", parts }));
        }
        let parts = self.user_parts(blocks)?;
        if parts.is_empty() {
            let why = "is empty, which this provider does not take";
            return Err(first.at.key("content").refuse(why));
        }
        Ok(Some(Content { role: "user", parts }))
    }

    fn model_parts(
        &mut self,
        blocks: impl Iterator<Item = &'p Block>,
    ) -> Result<Vec<Part<'p>>, Unsupported> {
        self.asked.clear();
        let mut parts: Vec<Part<'p>> = Vec::new();
        // A signature waits for the part that follows it.
        let mut signature: Option<&'p str> = None;
        for block in blocks {
            let part = match &block.kind {
                BlockKind::Text(text) if text.is_empty() && signature.is_none() => continue,
                BlockKind::Text(text) => Part::text(text),
                BlockKind::Reasoning(reasoning) => {
                    self.thought(reasoning, &mut parts, &mut signature);
                    continue;
                }
                BlockKind::ToolCall { id, name, arguments } => {
                    self.asked.add(id, name);
                    let call = Call { id, name, args: arguments };
                    Part { function_call: Some(call), ..Part::default() }
                }
                BlockKind::Image(image) => Part::media(media::image(image, block)?),
                BlockKind::Document(_) | BlockKind::ToolResult { .. } => {
                    return Err(block.at.refuse("cannot stand here for this provider"));
                }
            };
            parts.push(Part { thought_signature: signature.take(), ..part });
        }
        if let Some(signature) = signature {
            parts.push(Part { thought_signature: Some(signature), ..Part::text("") });
        }
        if !is_older(self.model)
            && let Some(call) = parts.iter_mut().find(|part| part.function_call.is_some())
        {
            call.thought_signature.get_or_insert(NO_SIGNATURE);
        }
        Ok(parts)
    }

    /// Reasoning goes back to the model that sealed it, and to no other.
    fn thought(
        &mut self,
        reasoning: &'p Reasoning,
        parts: &mut Vec<Part<'p>>,
        signature: &mut Option<&'p str>,
    ) {
        let seal = reasoning.seal.as_ref();
        let Some(seal) = seal.filter(|seal| seal.is_valid_for(Issuer::Gemini, self.model)) else {
            self.drops("reasoning");
            return;
        };
        // Two signatures in a row: the first was of what is before it.
        if let Some(signature) = signature.take() {
            match parts.last_mut() {
                Some(part) if part.thought_signature.is_none() => {
                    part.thought_signature = Some(signature);
                }
                _ => parts.push(Part { thought_signature: Some(signature), ..Part::text("") }),
            }
        }
        if let Some(thought) = said(&reasoning.text) {
            parts.push(Part { thought: Some(true), ..thought });
        }
        *signature = Some(&seal.data);
    }

    fn user_parts(
        &mut self,
        blocks: impl Iterator<Item = &'p Block>,
    ) -> Result<Vec<Part<'p>>, Unsupported> {
        let mut results = Vec::new();
        let mut others = Vec::new();
        for block in blocks {
            match &block.kind {
                BlockKind::Text(text) => others.extend(said(text)),
                BlockKind::Image(image) => others.push(Part::media(media::image(image, block)?)),
                BlockKind::Document(document) => {
                    if document.name.is_some() {
                        self.drops("name");
                    }
                    match media::document(document, block)? {
                        Sent::Media(media) => others.push(Part::media(media)),
                        Sent::Text(text) => others.extend(said(text)),
                    }
                }
                BlockKind::ToolResult { id, content, is_error } => {
                    results.push(self.result(block, id, content, *is_error)?);
                }
                BlockKind::Reasoning(_) | BlockKind::ToolCall { .. } => {
                    return Err(block.at.refuse("cannot stand here for this provider"));
                }
            }
        }
        // Calls and results are matched by their order, whatever becomes of the ids.
        results.sort_by_key(|(place, _)| *place);
        Ok(results.into_iter().map(|(_, part)| part).chain(others).collect())
    }

    /// A result, named by the call that it answers, and the place of that call.
    fn result(
        &mut self,
        block: &'p Block,
        id: &'p str,
        content: &'p [Block],
        is_error: bool,
    ) -> Result<(usize, Part<'p>), Unsupported> {
        let Some((place, name)) = self.asked.answer(id) else {
            return Err(block.at.refuse("answers no call of the answer before it"));
        };
        let mut texts = Vec::new();
        let mut parts: Vec<Media<'p>> = Vec::new();
        for block in content {
            match &block.kind {
                BlockKind::Text(text) => texts.push(&**text),
                BlockKind::Image(image) => parts.push(media::image(image, block)?),
                BlockKind::Document(document) => match media::document(document, block)? {
                    Sent::Media(media) => parts.push(media),
                    Sent::Text(text) => texts.push(text),
                },
                BlockKind::Reasoning(_)
                | BlockKind::ToolCall { .. }
                | BlockKind::ToolResult { .. } => {
                    return Err(block.at.refuse("cannot stand in a tool's result"));
                }
            }
        }
        let said = match texts.as_slice() {
            [] => Said::One(""),
            [text] => Said::One(text),
            _ => Said::Several(texts),
        };
        let response = if is_error { Outcome::Error(said) } else { Outcome::Output(said) };
        let response = Response { id, name, response, parts };
        Ok((place, Part { function_response: Some(response), ..Part::default() }))
    }

    fn drops(&mut self, name: &'static str) {
        if !self.dropped.contains(&name) {
            self.dropped.push(name);
        }
    }
}

#[cfg(test)]
mod tests;
