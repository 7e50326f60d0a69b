//! A reply as a script: which bytes at which moment, and how it ends.
//!
//! The script is written in full before the first byte leaves, so playing it needs no lock and no
//! thought; a completion fault is an edit of the script. All bytes sit in one buffer; steps are
//! slices of it.

use std::time::Duration;

use bytes::Bytes;

use crate::config::Timing;
use crate::fault::{Ending, FaultKind};
use crate::random::Random;

/// How the body ends after its last step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finale {
    /// As HTTP wants it.
    End,
    /// Silence on an open connection.
    Hang,
    /// The connection is closed inside the body.
    Drop,
    /// The connection is reset inside the body.
    Reset,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// Moment, counted from the arrival of the request.
    pub(crate) at: Duration,
    pub(crate) bytes: Bytes,
    /// Whether it carries a token of content.
    pub(crate) token: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    /// Moment of status and headers.
    pub(crate) head_at: Duration,
    pub(crate) steps: Vec<Step>,
    pub(crate) finale: Finale,
    /// The length announced in the head; absent for a chunked body.
    pub(crate) length: Option<u64>,
}

impl Script {
    /// A body sent at once at `at`.
    pub(crate) fn whole(bytes: impl Into<Bytes>, at: Duration) -> Self {
        let bytes = bytes.into();
        let length = u64::try_from(bytes.len()).ok();
        let steps = vec![Step { at, bytes, token: true }];
        Self { head_at: at, steps, finale: Finale::End, length }
    }

    /// The script with a completion fault in it. `frames` are the vendor's own words for it.
    pub(crate) fn struck(self, kind: &FaultKind, frames: &FaultFrames<'_>) -> Self {
        match kind {
            FaultKind::HangAfterTokens { n } => self.cut(*n, Finale::Hang),
            FaultKind::CutAfterTokens { n, ending: Ending::Drop } => self.cut(*n, Finale::Drop),
            FaultKind::CutAfterTokens { n, ending: Ending::Reset } => self.cut(*n, Finale::Reset),
            FaultKind::CutAfterTokens { n, ending: Ending::Clean } => {
                Self { length: None, ..self.cut(*n, Finale::End) }
            }
            FaultKind::SlowFirstToken { ms } => self.late(Duration::from_millis(*ms)),
            FaultKind::MalformedEvent { n } => self.malformed(*n, &frames.malformed_event),
            FaultKind::InStreamError { n } => self.in_stream_error(*n, frames),
            FaultKind::Refuse
            | FaultKind::Reset
            | FaultKind::HangBeforeHeaders
            | FaultKind::Status { .. }
            | FaultKind::BadJson
            | FaultKind::InsufficientQuota => self,
        }
    }

    /// Steps up to the `n`-th token, never with the frames that close the stream.
    fn place(&self, n: u32) -> usize {
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        let tokens = self.steps.iter().filter(|step| step.token).count();
        let mut left = n.min(tokens);
        if left == 0 {
            return self.steps.iter().position(|step| step.token).unwrap_or(0);
        }
        let last = self.steps.iter().position(|step| {
            left -= usize::from(step.token);
            left == 0
        });
        last.map_or(self.steps.len(), |last| last + 1)
    }

    fn cut(mut self, n: u32, finale: Finale) -> Self {
        if self.length.is_some() {
            self.halve();
        } else {
            self.steps.truncate(self.place(n));
        }
        Self { finale, ..self }
    }

    fn halve(&mut self) {
        for step in &mut self.steps {
            step.bytes.truncate(step.bytes.len() / 2);
        }
    }

    fn late(mut self, more: Duration) -> Self {
        if self.length.is_some() {
            self.head_at += more;
        }
        let first = self.steps.iter().position(|step| step.token).unwrap_or(0);
        for step in self.steps.iter_mut().skip(first) {
            step.at += more;
        }
        self
    }

    fn malformed(mut self, n: u32, event: &Bytes) -> Self {
        if self.length.is_some() {
            self.halve();
            self.length = self.steps.first().and_then(|step| u64::try_from(step.bytes.len()).ok());
            return self;
        }
        let place = self.place(n);
        let at = self.moment(place);
        self.steps.insert(place, Step { at, bytes: event.clone(), token: false });
        self
    }

    fn in_stream_error(mut self, n: u32, frames: &FaultFrames<'_>) -> Self {
        if self.length.is_some() {
            return Self::whole(frames.error_body.clone(), self.head_at);
        }
        let place = self.place(n);
        let at = self.moment(place);
        self.steps.truncate(place);
        self.steps.push(Step { at, bytes: (frames.error_event)(place), token: false });
        self
    }

    fn moment(&self, place: usize) -> Duration {
        let before = place.checked_sub(1).and_then(|last| self.steps.get(last));
        before.map_or(self.head_at, |step| step.at)
    }
}

/// What the vendor says when a stream goes wrong.
pub(crate) struct FaultFrames<'a> {
    pub(crate) malformed_event: Bytes,
    /// By the number of frames sent before it.
    pub(crate) error_event: &'a dyn Fn(usize) -> Bytes,
    pub(crate) error_body: Bytes,
}

/// The rhythm of one reply: seeded jitter around the figures of [`Timing`].
#[derive(Debug)]
pub(crate) struct Pace {
    timing: Timing,
    random: Random,
}

impl Pace {
    pub(crate) fn new(timing: Timing, random: Random) -> Self {
        Self { timing, random }
    }

    pub(crate) fn first_token(&mut self) -> Duration {
        self.wait(self.timing.first_token_ms)
    }

    pub(crate) fn gap(&mut self) -> Duration {
        self.wait(self.timing.gap_ms)
    }

    fn wait(&mut self, ms: u32) -> Duration {
        if self.timing.scale <= 0.0 {
            return Duration::ZERO;
        }
        let micros = u64::from(ms) * 1000;
        let swing = micros / 100 * u64::from(self.timing.jitter_percent.min(100));
        let drawn = self.random.between(micros - swing, micros + swing);
        self.timing.scaled(Duration::from_micros(drawn))
    }
}

/// Writes the script of a stream.
#[derive(Debug)]
pub(crate) struct ScriptWriter {
    pace: Pace,
    head_at: Duration,
    at: Duration,
    first_token_at: Option<Duration>,
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

#[derive(Debug)]
struct Mark {
    at: Duration,
    end: usize,
    token: bool,
}

impl ScriptWriter {
    /// Headers leave after a fifth of the time to the first token, as vendors send them early.
    pub(crate) fn new(mut pace: Pace, bytes_expected: usize) -> Self {
        let first_token_at = pace.first_token();
        let head_at = first_token_at / 5;
        Self {
            pace,
            head_at,
            at: head_at,
            first_token_at: Some(first_token_at),
            bytes: Vec::with_capacity(bytes_expected),
            marks: Vec::with_capacity(64),
        }
    }

    /// A frame that follows at once.
    pub(crate) fn frame(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.mark(write, false);
    }

    /// A frame with a token, after the gap of a token.
    pub(crate) fn token(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.at = match self.first_token_at.take() {
            Some(first) => first,
            None => self.at + self.pace.gap(),
        };
        self.mark(write, true);
    }

    fn mark(&mut self, write: impl FnOnce(&mut Vec<u8>), token: bool) {
        write(&mut self.bytes);
        self.marks.push(Mark { at: self.at, end: self.bytes.len(), token });
    }

    pub(crate) fn finish(self) -> Script {
        let mut bytes = Bytes::from(self.bytes);
        let mut start = 0;
        let mut steps = Vec::with_capacity(self.marks.len());
        for mark in self.marks {
            let size = mark.end.saturating_sub(start).min(bytes.len());
            steps.push(Step { at: mark.at, bytes: bytes.split_to(size), token: mark.token });
            start = mark.end;
        }
        Script { head_at: self.head_at, steps, finale: Finale::End, length: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> FaultFrames<'static> {
        FaultFrames {
            malformed_event: Bytes::from_static(b"!"),
            error_event: &|_frames| Bytes::from_static(b"E"),
            error_body: Bytes::from_static(b"{}"),
        }
    }

    /// `(` opens, digits are tokens, `)` closes.
    fn stream() -> Script {
        let mut writer = ScriptWriter::new(Pace::new(Timing::default(), Random::new(1, 1)), 16);
        writer.frame(|out| out.push(b'('));
        for token in b"123" {
            writer.token(|out| out.push(*token));
        }
        writer.frame(|out| out.push(b')'));
        writer.finish()
    }

    fn text(script: &Script) -> String {
        let bytes: Vec<u8> = script.steps.iter().flat_map(|step| step.bytes.to_vec()).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn time_never_runs_backwards() {
        let script = stream();
        assert_eq!(text(&script), "(123)");
        assert!(script.steps.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(script.head_at <= script.steps[0].at);
    }

    #[test]
    fn a_cut_stream_has_its_tokens_and_never_its_terminator() {
        for (n, expected) in [(0, "("), (1, "(1"), (3, "(123"), (99, "(123")] {
            let kind = FaultKind::CutAfterTokens { n, ending: Ending::Drop };
            let script = stream().struck(&kind, &frames());
            assert_eq!((text(&script).as_str(), script.finale), (expected, Finale::Drop));
        }
    }

    #[test]
    fn a_malformed_event_comes_between_the_others() {
        let script = stream().struck(&FaultKind::MalformedEvent { n: 2 }, &frames());
        assert_eq!((text(&script).as_str(), script.finale), ("(12!3)", Finale::End));
    }

    #[test]
    fn an_error_event_is_the_last_of_its_stream() {
        let script = stream().struck(&FaultKind::InStreamError { n: 1 }, &frames());
        assert_eq!(text(&script), "(1E");
    }

    #[test]
    fn a_slow_first_token_leaves_the_headers_in_time() {
        let before = stream();
        let script = stream().struck(&FaultKind::SlowFirstToken { ms: 5000 }, &frames());
        assert_eq!(script.head_at, before.head_at);
        assert_eq!(script.steps[0].at, before.steps[0].at);
        assert_eq!(script.steps[1].at, before.steps[1].at + Duration::from_secs(5));
    }

    #[test]
    fn a_whole_answer_is_cut_at_half_with_its_length_announced() {
        let kind = FaultKind::CutAfterTokens { n: 3, ending: Ending::Drop };
        let script = Script::whole("12345678", Duration::ZERO).struck(&kind, &frames());
        assert_eq!((text(&script).as_str(), script.length), ("1234", Some(8)));
    }
}
