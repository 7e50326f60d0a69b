//! Where Chat Completions carries sealed reasoning: it has no place of its own for that.
//!
//! The text goes into `reasoning_content`, as compatible servers have it. Beside it stands
//! `reasoning_details`, a list with one entry for each seal: the carrier ([`crate::reasoning`]), and
//! where its reasoning stood in the answer, so that the next turn puts every block where it was.
//! SDKs keep fields they do not know; a caller that drops these loses the reasoning and nothing else.

use serde::Serialize;

use crate::{
    Unsupported,
    fields::Fields,
    prompt::{Block, BlockKind},
    reasoning::{Reasoning, Seal},
};

/// The most entries of one message that are read.
const DETAILS_MAX: usize = 1_024;

/// One entry of `reasoning_details`. Places are counted in bytes of UTF-8, in the order of the
/// answer.
#[derive(Debug, Serialize)]
pub(super) struct Detail {
    /// Its number; SDKs put streamed lists together by it.
    index: usize,
    #[serde(rename = "type")]
    kind: &'static str,
    /// The carrier.
    data: String,
    /// The part of `reasoning_content` that it seals.
    from: usize,
    to: usize,
    /// How much of `content` stands before it.
    content: usize,
    /// How many tool calls stand before it.
    calls: usize,
}

/// Keeps count of what an answer has said so far.
#[derive(Debug, Default)]
pub(super) struct Places {
    index: usize,
    // Where the open block of reasoning began.
    from: usize,
    reasoning: usize,
    content: usize,
    calls: usize,
}

impl Places {
    /// More reasoning.
    pub(super) fn reasoning(&mut self, text: &str) {
        self.reasoning = self.reasoning.saturating_add(text.len());
    }

    /// More content; reasoning before it is over.
    pub(super) fn content(&mut self, text: &str) {
        self.content = self.content.saturating_add(text.len());
        self.from = self.reasoning;
    }

    /// A tool call; reasoning before it is over.
    pub(super) fn call(&mut self) {
        self.calls = self.calls.saturating_add(1);
        self.from = self.reasoning;
    }

    /// The entry of a seal, which ends the open block of reasoning.
    pub(super) fn seal(&mut self, seal: &Seal<'_>) -> Detail {
        let kind = if seal.redacted { "reasoning.encrypted" } else { "reasoning.seal" };
        let detail = Detail {
            index: self.index,
            kind,
            data: seal.carrier(),
            from: self.from,
            to: self.reasoning,
            content: self.content,
            calls: self.calls,
        };
        self.index = self.index.saturating_add(1);
        self.from = self.reasoning;
        detail
    }
}

/// Reasoning that a caller gave back, and where it stood.
#[derive(Debug)]
pub(super) struct Placed {
    block: Block,
    content: usize,
    calls: usize,
}

/// Takes the reasoning of an assistant's message. What was changed on the way, or came from another
/// gateway, has no valid seal and is left out by name. So is an entry that goes back behind one
/// before it: no answer has such, and without that a body could name the same text without end.
///
/// # Errors
/// [`Unsupported`] naming a field of the wrong type.
pub(super) fn take(
    message: &mut Fields<'_>,
    dropped: &mut Vec<&'static str>,
) -> Result<Vec<Placed>, Unsupported> {
    let shown = message.take("reasoning_content");
    let other = message.take("reasoning");
    let shown = shown.or(other).filter(crate::fields::Field::is_text);
    let text = shown.as_ref().map(|field| field.text()).transpose()?.unwrap_or_default();
    let Some(details) = message.take("reasoning_details") else {
        let unsealed = shown.filter(|_| !text.is_empty()).map(|field| Placed {
            block: Block {
                at: field.path(),
                kind: BlockKind::Reasoning(Reasoning::unsealed(text.into_owned())),
            },
            content: 0,
            calls: 0,
        });
        return Ok(unsealed.into_iter().collect());
    };
    let mut placed = Vec::new();
    let mut lost = false;
    let mut taken = 0;
    for (number, field) in details.list()?.enumerate() {
        if number >= DETAILS_MAX {
            lost = true;
            break;
        }
        let mut detail = field.object()?;
        let data = detail.take("data").filter(crate::fields::Field::is_text);
        let data = data.map(|data| data.text()).transpose()?.unwrap_or_default();
        let mut place = |key| detail.take(key).and_then(|field| field.count().ok());
        let (from, to) = (place("from"), place("to"));
        let (content, calls) = (place("content"), place("calls"));
        let number = |place: Option<u64>| place.and_then(|place| usize::try_from(place).ok());
        let span = number(from).zip(number(to)).filter(|(from, _)| *from >= taken);
        let sealed = span.and_then(|(from, to)| Some((to, text.get(from..to)?)));
        match (Seal::from_carrier(&data), sealed) {
            (Some(seal), Some((to, sealed))) => {
                taken = to;
                let seal = Some(seal.into_owned());
                let reasoning = Reasoning { text: sealed.to_owned(), seal };
                placed.push(Placed {
                    block: Block { at: field.path(), kind: BlockKind::Reasoning(reasoning) },
                    content: number(content).unwrap_or(0),
                    calls: number(calls).unwrap_or(0),
                });
            }
            _ => lost = true,
        }
    }
    if lost && !dropped.contains(&"reasoning") {
        dropped.push("reasoning");
    }
    Ok(placed)
}

/// Puts everything where it stood: content, then calls, with the reasoning between.
pub(super) fn interleave(
    said: Vec<Block>,
    calls: Vec<Block>,
    reasoning: Vec<Placed>,
) -> Vec<Block> {
    let mut out = Vec::with_capacity(said.len() + calls.len() + reasoning.len());
    let (mut said, mut calls) = (Pieces::of(said), calls.into_iter());
    let mut called = 0;
    for placed in reasoning {
        if placed.calls > called {
            said.rest(&mut out);
            out.extend(calls.by_ref().take(placed.calls - called));
            called = placed.calls;
        } else {
            said.up_to(placed.content, &mut out);
        }
        out.push(placed.block);
    }
    said.rest(&mut out);
    out.extend(calls);
    out
}

/// Content that is taken piece by piece: one text can be cut, a list of parts cannot.
struct Pieces {
    blocks: Vec<Block>,
    done: usize,
}

impl Pieces {
    fn of(blocks: Vec<Block>) -> Self {
        Self { blocks, done: 0 }
    }

    fn up_to(&mut self, end: usize, out: &mut Vec<Block>) {
        if let [Block { at, kind: BlockKind::Text(text) }] = self.blocks.as_slice()
            && let Some(piece) = text.get(self.done..end).filter(|piece| !piece.is_empty())
        {
            out.push(Block { at: at.clone(), kind: BlockKind::Text(piece.to_owned()) });
            self.done = end;
        }
    }

    fn rest(&mut self, out: &mut Vec<Block>) {
        let done = std::mem::take(&mut self.done);
        for block in self.blocks.drain(..) {
            match block.kind {
                BlockKind::Text(text) if done > 0 => {
                    let rest = text.get(done..).unwrap_or_default();
                    if !rest.is_empty() {
                        let kind = BlockKind::Text(rest.to_owned());
                        out.push(Block { at: block.at, kind });
                    }
                }
                _ => out.push(block),
            }
        }
    }
}
