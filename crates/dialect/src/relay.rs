//! A streamed answer: upstream bytes in, caller bytes out.

use bytes::Bytes;
use vocab::{Failure, RequestId};

use crate::{CallerError, ClientDialect, Progress, UpstreamDialect};

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
}

/// A streamed answer on its way.
#[derive(Debug)]
pub struct Relay {
    options: RelayOptions,
    progress: Progress,
}

impl Relay {
    /// A relay at its beginning.
    #[must_use]
    pub fn new(options: RelayOptions) -> Self {
        Self { options, progress: Progress::default() }
    }

    /// Takes upstream bytes; what is ready for the caller goes to `out`.
    ///
    /// # Errors
    /// [`Failure`] for an error event, a malformed event, or one that is too large.
    pub fn feed(&mut self, chunk: Bytes, out: &mut Vec<Bytes>) -> Result<(), Failure> {
        out.push(chunk);
        Ok(())
    }

    /// The upstream's bytes are over.
    ///
    /// # Errors
    /// `FailureKind::Cut` when there was no terminator.
    pub fn end(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// How far the answer has come.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The terminal frames, once.
    pub fn take_terminal(&mut self) -> Bytes {
        Bytes::new()
    }

    /// The error that ends the stream in the caller's dialect.
    pub fn error_event(&mut self, error: &CallerError) -> Bytes {
        self.options.client.error_body(error, Some(self.options.request_id))
    }

    /// A sign of life.
    #[must_use]
    pub fn heartbeat(&self) -> Bytes {
        Bytes::new()
    }
}
