//! Blocks one after another.
//!
//! Messages streams its blocks strictly in sequence; Chat Completions may interleave the arguments
//! of parallel tool calls. The open call streams live; what belongs to later blocks waits until the
//! open call's arguments are a whole object, or until the answer ends.

use std::{collections::VecDeque, fmt::Write as _};

use vocab::{Failure, FailureKind};

use crate::{arguments::Completeness, sse::FRAME_MAX, text::quote};

/// A block that waits for its turn.
#[derive(Debug)]
enum Waiting {
    Text(String),
    Call { call: usize, id: String, name: String, arguments: String },
    Sealed { reasoning: String, signature: String },
}

/// The block that is open.
#[derive(Debug, Default)]
enum Open {
    #[default]
    Nothing,
    Text,
    Call(usize, Completeness),
}

/// Writes blocks in sequence.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    open: Open,
    // The number of the block that is open or comes next.
    index: usize,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
}

impl Sequence {
    /// More text.
    pub(super) fn text(&mut self, out: &mut Vec<u8>, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        if self.is_busy() {
            self.hold(text.len())?;
            match self.waiting.back_mut() {
                Some(Waiting::Text(waiting)) => waiting.push_str(text),
                _ => self.waiting.push_back(Waiting::Text(text.to_owned())),
            }
            return Ok(());
        }
        self.write_text(out, text);
        Ok(())
    }

    /// Reasoning as a whole, with its seal.
    pub(super) fn sealed(
        &mut self,
        out: &mut Vec<u8>,
        reasoning: String,
        signature: String,
    ) -> Result<(), Failure> {
        if self.is_busy() {
            self.hold(reasoning.len().saturating_add(signature.len()))?;
            self.waiting.push_back(Waiting::Sealed { reasoning, signature });
            return Ok(());
        }
        self.write_sealed(out, &reasoning, &signature);
        Ok(())
    }

    /// A tool call begins.
    pub(super) fn call(
        &mut self,
        out: &mut Vec<u8>,
        call: usize,
        id: String,
        name: &str,
    ) -> Result<(), Failure> {
        if self.is_busy() {
            self.hold(id.len().saturating_add(name.len()))?;
            let name = name.to_owned();
            self.waiting.push_back(Waiting::Call { call, id, name, arguments: String::new() });
            return Ok(());
        }
        self.open_call(out, call, &id, name);
        Ok(())
    }

    /// More of a call's arguments.
    pub(super) fn arguments(
        &mut self,
        out: &mut Vec<u8>,
        call: usize,
        fragment: &str,
    ) -> Result<(), Failure> {
        if fragment.is_empty() {
            return Ok(());
        }
        if let Open::Call(open, completeness) = &mut self.open
            && *open == call
        {
            completeness.feed(fragment);
            let is_whole = completeness.is_whole();
            self.delta(out, "input_json_delta\",\"partial_json", fragment);
            if is_whole {
                self.drain(out);
            }
            return Ok(());
        }
        self.hold(fragment.len())?;
        let theirs = self.waiting.iter_mut().find_map(|waiting| match waiting {
            Waiting::Call { call: number, arguments, .. } if *number == call => Some(arguments),
            Waiting::Call { .. } | Waiting::Text(_) | Waiting::Sealed { .. } => None,
        });
        match theirs {
            Some(arguments) => {
                arguments.push_str(fragment);
                Ok(())
            }
            None if fragment.trim().is_empty() => Ok(()),
            None => Err(broken("a tool call goes on after its arguments were whole")),
        }
    }

    /// The answer ends: everything that waits is written, whole or not.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        while !self.waiting.is_empty() {
            self.drain(out);
            self.close(out);
        }
    }

    /// An open call that is not whole, or blocks that already wait, make later ones wait too.
    fn is_busy(&self) -> bool {
        let whole = match &self.open {
            Open::Call(_, completeness) => completeness.is_whole(),
            Open::Nothing | Open::Text => true,
        };
        !whole || !self.waiting.is_empty()
    }

    fn hold(&mut self, bytes: usize) -> Result<(), Failure> {
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
        if self.waiting_bytes > FRAME_MAX {
            return Err(broken("parallel tool calls are too long to be put in sequence"));
        }
        Ok(())
    }

    /// Writes what waits, up to a call that is not whole.
    fn drain(&mut self, out: &mut Vec<u8>) {
        while let Some(waiting) = self.waiting.pop_front() {
            match waiting {
                Waiting::Text(text) => self.write_text(out, &text),
                Waiting::Sealed { reasoning, signature } => {
                    self.write_sealed(out, &reasoning, &signature);
                }
                Waiting::Call { call, id, name, arguments } => {
                    self.open_call(out, call, &id, &name);
                    let mut completeness = Completeness::default();
                    completeness.feed(&arguments);
                    self.open = Open::Call(call, completeness);
                    if !arguments.is_empty() {
                        self.delta(out, "input_json_delta\",\"partial_json", &arguments);
                    }
                    if !completeness.is_whole() {
                        break;
                    }
                }
            }
        }
        if self.waiting.is_empty() {
            self.waiting_bytes = 0;
        }
    }

    fn write_text(&mut self, out: &mut Vec<u8>, text: &str) {
        if !matches!(self.open, Open::Text) {
            self.close(out);
            self.open = Open::Text;
            self.start(out, br#"{"type":"text","text":""}"#);
        }
        self.delta(out, "text_delta\",\"text", text);
    }

    fn write_sealed(&mut self, out: &mut Vec<u8>, reasoning: &str, signature: &str) {
        self.close(out);
        // Any block without arguments closes as text does.
        self.open = Open::Text;
        if reasoning.is_empty() {
            let mut block = br#"{"type":"redacted_thinking","data":"#.to_vec();
            quote(&mut block, signature);
            block.push(b'}');
            self.start(out, &block);
        } else {
            self.start(out, br#"{"type":"thinking","thinking":"","signature":""}"#);
            self.delta(out, "thinking_delta\",\"thinking", reasoning);
            self.delta(out, "signature_delta\",\"signature", signature);
        }
        self.close(out);
    }

    fn open_call(&mut self, out: &mut Vec<u8>, call: usize, id: &str, name: &str) {
        self.close(out);
        self.open = Open::Call(call, Completeness::default());
        let mut block = br#"{"type":"tool_use","id":"#.to_vec();
        quote(&mut block, id);
        block.extend_from_slice(br#","name":"#);
        quote(&mut block, name);
        block.extend_from_slice(br#","input":{}}"#);
        self.start(out, &block);
    }

    fn start(&self, out: &mut Vec<u8>, block: &[u8]) {
        self.head(out, "content_block_start");
        out.extend_from_slice(br#","content_block":"#);
        out.extend_from_slice(block);
        out.extend_from_slice(b"}\n\n");
    }

    fn delta(&self, out: &mut Vec<u8>, kind_and_key: &str, text: &str) {
        self.head(out, "content_block_delta");
        out.extend_from_slice(br#","delta":{"type":""#);
        out.extend_from_slice(kind_and_key.as_bytes());
        out.extend_from_slice(b"\":");
        quote(out, text);
        out.extend_from_slice(b"}}\n\n");
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if !matches!(self.open, Open::Nothing) {
            self.head(out, "content_block_stop");
            out.extend_from_slice(b"}\n\n");
            self.open = Open::Nothing;
            self.index = self.index.saturating_add(1);
        }
    }

    fn head(&self, out: &mut Vec<u8>, name: &str) {
        let index = self.index;
        let mut head = String::with_capacity(96);
        // Writing to memory cannot fail.
        let _ = write!(head, "event: {name}\ndata: {{\"type\":\"{name}\",\"index\":{index}");
        out.extend_from_slice(head.as_bytes());
    }
}

fn broken(message: &str) -> Failure {
    Failure::new(FailureKind::Broken, message)
}
