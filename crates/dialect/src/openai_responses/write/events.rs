//! The words of the events that say how an item and its parts come about.

use super::items::{Part, Summary};
use crate::text::{json, quote};

/// An item's name and place.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) id: String,
    pub(super) place: usize,
}

/// What a part of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Refusal,
}

impl Slot {
    /// The members that name an item.
    pub(super) fn write_item(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#","item_id":"#);
        quote(out, &self.id);
        out.extend_from_slice(br#","output_index":"#);
        out.extend_from_slice(self.place.to_string().as_bytes());
    }

    /// The members that name a part of an item.
    pub(super) fn write(&self, out: &mut Vec<u8>, part: &str, at: usize) {
        self.write_item(out);
        out.extend_from_slice(format!(r#","{part}":{at}"#).as_bytes());
    }
}

impl Kind {
    /// The name of an event with more words of this kind.
    pub(super) const fn delta(self) -> &'static str {
        match self {
            Self::Text => "response.output_text.delta",
            Self::Refusal => "response.refusal.delta",
        }
    }

    /// What ends an event with words of this kind.
    pub(super) const fn rest(self) -> &'static [u8] {
        match self {
            Self::Text => b",\"logprobs\":[]}\n\n",
            Self::Refusal => b"}\n\n",
        }
    }

    /// A part with these words.
    pub(super) const fn part(self, text: &str) -> Part<'_> {
        match self {
            Self::Text => Part::text(text),
            Self::Refusal => Part::Refusal { refusal: text },
        }
    }
}

/// The last of `parts`, if there is one, is done.
pub(super) fn part_done(
    out: &mut Vec<u8>,
    number: &mut u64,
    slot: &Slot,
    parts: &[(Kind, String)],
) {
    let Some((kind, said)) = parts.last() else { return };
    let at = parts.len().saturating_sub(1);
    let (name, key): (_, &[u8]) = match kind {
        Kind::Text => ("response.output_text.done", br#","text":"#),
        Kind::Refusal => ("response.refusal.done", br#","refusal":"#),
    };
    event(out, number, name);
    slot.write(out, "content_index", at);
    out.extend_from_slice(key);
    quote(out, said);
    out.extend_from_slice(kind.rest());
    event(out, number, "response.content_part.done");
    slot.write(out, "content_index", at);
    part(out, *kind, said);
}

pub(super) fn part(out: &mut Vec<u8>, kind: Kind, text: &str) {
    out.extend_from_slice(br#","part":"#);
    out.extend_from_slice(&json(&kind.part(text)));
    out.extend_from_slice(b"}\n\n");
}

pub(super) fn summary(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(br#","part":"#);
    out.extend_from_slice(&json(&Summary { kind: "summary_text", text }));
    out.extend_from_slice(b"}\n\n");
}

/// Begins an event; its members follow.
pub(super) fn event(out: &mut Vec<u8>, number: &mut u64, name: &str) {
    for piece in ["event: ", name, "\ndata: {\"type\":\"", name, "\",\"sequence_number\":"] {
        out.extend_from_slice(piece.as_bytes());
    }
    out.extend_from_slice(number.to_string().as_bytes());
    *number = number.saturating_add(1);
}
