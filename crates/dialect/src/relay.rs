//! A streamed answer: upstream bytes in, caller bytes out (G4, G5, R8).
//!
//! One reader per upstream dialect turns frames into events. When the caller speaks the same
//! dialect the events only tell how far the answer has come and the bytes pass through as slices of
//! what arrived; otherwise a writer of the caller's dialect puts the events into its own words.
//! Any chunking of the same bytes gives the same bytes.
//!
//! RTE-1: the terminal frame is held back until it is taken, an answer without a terminator is
//! [`FailureKind::Cut`], and after a failure no terminator can be taken.

mod pass;

use std::fmt;

use bytes::Bytes;
use vocab::{Failure, FailureKind, RequestId};

use crate::{
    CallerError, ClientDialect, Progress, UpstreamDialect,
    client::{ClientFormat, WriteStream},
    events::{Frame, Label},
    eventstream::Transcoder,
    sse::{Event, Framer, Oversize, event, frame_end},
    upstream::{Framing, ReadStream, Source, UpstreamFormat},
};

/// What a relay needs to know.
#[derive(Debug, Clone)]
pub struct RelayOptions {
    /// The caller's dialect.
    pub client: ClientDialect,
    /// The upstream's dialect.
    pub upstream: UpstreamDialect,
    /// Whether the caller asked for a usage chunk.
    pub include_usage: bool,
    /// The request's id.
    pub request_id: RequestId,
    /// The logical name shown to the caller when translating.
    pub model: String,
    /// The upstream's own name of the model.
    pub upstream_model: String,
    /// What of the request the answer repeats when translating.
    pub echo: Option<String>,
    /// The beginning of the answer that the caller gave, when translating.
    pub prefill: Option<String>,
}

/// A streamed answer on its way.
pub struct Relay {
    client: ClientDialect,
    request_id: RequestId,
    include_usage: bool,
    // Only for streams that are not server-sent events.
    transcoder: Option<Transcoder>,
    framer: Framer,
    reader: Box<dyn ReadStream>,
    // None when the bytes pass through.
    writer: Option<Box<dyn WriteStream>>,
    progress: Progress,
    terminal: Vec<u8>,
    failed: bool,
}

// AUD-4: what is on its way is text of the answer, so `Debug` shows only how far it has come.
impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({} {:?} failed: {})", self.request_id, self.progress, self.failed)
    }
}

impl Relay {
    /// A relay at its beginning; nothing for dialects that have no streams.
    #[must_use]
    pub fn new(options: RelayOptions) -> Option<Self> {
        let RelayOptions { client, upstream, .. } = options;
        let (ClientFormat::Generate(speaks), UpstreamFormat::Generate(format)) =
            (client.format(), upstream.format())
        else {
            return None;
        };
        let RelayOptions {
            include_usage, request_id, model, upstream_model, echo, prefill, ..
        } = options;
        let writer = (!upstream.is_same_as(client))
            .then(|| speaks.stream(Label { request_id, model, echo }, include_usage));
        Some(Self {
            client,
            request_id,
            include_usage,
            transcoder: match format.framing() {
                Framing::Events => None,
                Framing::Binary(payload) => Some(Transcoder::new(payload)),
            },
            framer: Framer::default(),
            reader: format.stream(Source { model: upstream_model, prefill }),
            writer,
            progress: Progress::default(),
            terminal: Vec::new(),
            failed: false,
        })
    }

    /// Takes upstream bytes; what is ready for the caller goes to `out`: when passing through,
    /// slices of `chunk`. What was put there before an error is good and may be sent.
    ///
    /// # Errors
    /// An error event, classified as its provider means it; [`FailureKind::Broken`] for a malformed
    /// event, one longer than 4 MiB, or an answer that begins twice or goes on
    /// after its end.
    pub fn feed(&mut self, chunk: Bytes, out: &mut Vec<Bytes>) -> Result<(), Failure> {
        if self.failed {
            return Err(Failure::new(FailureKind::Broken, "the answer has failed before"));
        }
        let (chunk, transcoded) = match &mut self.transcoder {
            None => (chunk, Ok(())),
            Some(transcoder) => {
                let mut events = Vec::with_capacity(chunk.len());
                let transcoded = transcoder.feed(&chunk, &mut events);
                (Bytes::from(events), transcoded)
            }
        };
        let fed = if self.writer.is_some() {
            let mut written = Vec::new();
            let fed = self.translate(&chunk, &mut written);
            if !written.is_empty() {
                out.push(Bytes::from(written));
            }
            fed
        } else {
            self.pass(&chunk, out)
        };
        let fed = fed.and(transcoded);
        self.failed = fed.is_err();
        fed
    }

    /// The upstream's bytes are over. A complete answer of a server that sends no `[DONE]` gets its
    /// terminator here.
    ///
    /// # Errors
    /// [`FailureKind::Cut`] when the answer is not complete.
    pub fn end(&mut self) -> Result<(), Failure> {
        let ended = self.end_reading();
        self.failed = ended.is_err();
        ended
    }

    /// How far the answer has come.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The terminal frames, once; empty while the answer is not complete, and after a failure.
    pub fn take_terminal(&mut self) -> Bytes {
        if self.failed || !self.progress.ended {
            return Bytes::new();
        }
        Bytes::from(std::mem::take(&mut self.terminal))
    }

    /// The error that ends the stream in the caller's dialect. From now on there is no terminator.
    pub fn error_event(&mut self, error: &CallerError) -> Bytes {
        self.failed = true;
        self.terminal.clear();
        let number = match &self.writer {
            Some(writer) => writer.number(),
            None => self.reader.number(),
        };
        self.client.error_frame(error, self.request_id, number)
    }

    /// A sign of life that means nothing to the answer. It may be sent between any two outputs.
    #[must_use]
    pub fn heartbeat(&self) -> Bytes {
        Bytes::from_static(self.client.format().common().heartbeat())
    }

    fn translate(&mut self, chunk: &[u8], written: &mut Vec<u8>) -> Result<(), Failure> {
        let mut rest = chunk;
        if self.framer.is_partial() {
            let Some((frame, taken)) = self.framer.complete(rest).map_err(oversize)? else {
                return Ok(());
            };
            self.read(&event(&frame), written)?;
            rest = rest.get(taken..).unwrap_or_default();
        }
        while let Some(end) = frame_end(rest)
            && let Some((frame, later)) = rest.split_at_checked(end)
        {
            self.read(&event(frame), written)?;
            rest = later;
        }
        self.framer.keep(rest).map_err(oversize)
    }

    /// Reads one frame; a writer's words go to `written`.
    fn read(&mut self, event: &Event<'_>, written: &mut Vec<u8>) -> Result<Frame, Failure> {
        let Self { reader, writer, progress, terminal, .. } = self;
        reader.read(event, &mut |event| {
            progress.observe(&event);
            match writer {
                Some(writer) => writer.write(event, written, terminal),
                None => Ok(()),
            }
        })
    }

    fn end_reading(&mut self) -> Result<(), Failure> {
        if self.failed {
            return Err(Failure::new(FailureKind::Broken, "the answer has failed before"));
        }
        if self.progress.ended {
            return Ok(());
        }
        if self.transcoder.as_ref().is_some_and(Transcoder::is_partial) {
            return Err(Failure::new(FailureKind::Cut, "the answer ended inside a message"));
        }
        // Some servers leave out the empty line after the last frame, some the terminator.
        let partial = self.framer.partial().trim_ascii_end().to_vec();
        let last = event(&partial);
        if self.reader.is_terminator(&last) {
            return self.terminate(&last, &[&*partial, b"\n\n"].concat());
        }
        if partial.is_empty() && self.close()? {
            return Ok(());
        }
        Err(Failure::new(FailureKind::Cut, "the answer ended before its terminator"))
    }

    /// Reads the terminator; what it makes a writer say waits with it.
    fn terminate(&mut self, last: &Event<'_>, frame: &[u8]) -> Result<(), Failure> {
        let mut written = Vec::new();
        self.read(last, &mut written)?;
        self.hold(written, frame);
        Ok(())
    }

    /// Ends an answer that is complete without a terminator.
    fn close(&mut self) -> Result<bool, Failure> {
        let mut written = Vec::new();
        let Self { reader, writer, progress, terminal, .. } = self;
        let closed = reader.close(&mut |event| {
            progress.observe(&event);
            match writer {
                Some(writer) => writer.write(event, &mut written, terminal),
                None => Ok(()),
            }
        })?;
        let Some(frame) = closed else { return Ok(false) };
        self.hold(written, frame);
        Ok(true)
    }

    fn hold(&mut self, mut written: Vec<u8>, frame: &[u8]) {
        match self.writer {
            Some(_) => {
                written.append(&mut self.terminal);
                self.terminal = written;
            }
            None => self.terminal.extend_from_slice(frame),
        }
    }
}

fn oversize(error: Oversize) -> Failure {
    Failure::new(FailureKind::Broken, error.to_string())
}
