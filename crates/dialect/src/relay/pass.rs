//! Passing through: frames are read for progress and leave as they came.
//!
//! Neighbouring frames of one chunk leave as one slice of it, so that a chunk costs one write.

use bytes::Bytes;
use vocab::{Failure, FailureKind};

use super::{Relay, oversize};
use crate::{
    events::Frame,
    sse::{FRAME_MAX, event, frame_end},
};

impl Relay {
    pub(super) fn pass(&mut self, chunk: &Bytes, out: &mut Vec<Bytes>) -> Result<(), Failure> {
        let mut at = 0;
        if self.framer.is_partial() {
            let Some((frame, taken)) = self.framer.complete(chunk).map_err(oversize)? else {
                return Ok(());
            };
            if self.passes(&frame)? {
                out.push(Bytes::from(frame));
            }
            at = taken;
        }
        // The frames that leave together begin here.
        let mut run = at;
        let passed = loop {
            let rest = chunk.get(at..).unwrap_or_default();
            let Some(end) = frame_end(rest) else { break Ok(rest) };
            match self.passes(rest.get(..end).unwrap_or_default()) {
                Ok(true) => at += end,
                Ok(false) => {
                    push(chunk, run, at, out);
                    at += end;
                    run = at;
                }
                Err(failure) => break Err(failure),
            }
        };
        push(chunk, run, at, out);
        self.framer.keep(passed?).map_err(oversize)
    }

    /// Whether a frame leaves now. The terminator waits, and with it whatever follows; usage that
    /// the caller did not ask for is withheld.
    fn passes(&mut self, frame: &[u8]) -> Result<bool, Failure> {
        let kind = self.read(&event(frame), &mut Vec::new())?;
        match kind {
            Frame::UsageOnly => Ok(self.include_usage),
            Frame::Content | Frame::Quiet if !self.progress.ended => Ok(true),
            Frame::Content | Frame::Quiet | Frame::Terminal => {
                if self.terminal.len().saturating_add(frame.len()) > FRAME_MAX {
                    let message = "the answer goes on after its end";
                    return Err(Failure::new(FailureKind::Broken, message));
                }
                self.terminal.extend_from_slice(frame);
                Ok(false)
            }
        }
    }
}

fn push(chunk: &Bytes, from: usize, to: usize, out: &mut Vec<Bytes>) {
    if from < to && to <= chunk.len() {
        out.push(chunk.slice(from..to));
    }
}
