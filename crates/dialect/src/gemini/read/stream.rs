//! The events of a streamed answer.

use vocab::Failure;

use super::answer::Answer;
use crate::{
    ReplyEvent,
    events::Frame,
    sse::Event,
    upstream::{ReadStream, Sink, Source},
};

/// Reads a stream event by event.
#[derive(Debug)]
pub(crate) struct StreamReader {
    answer: Answer,
}

impl StreamReader {
    pub(crate) fn new(source: Source) -> Self {
        Self { answer: Answer::new(source) }
    }
}

impl ReadStream for StreamReader {
    fn read(&mut self, event: &Event<'_>, sink: &mut Sink<'_>) -> Result<Frame, Failure> {
        match event.data.as_deref() {
            None | Some([]) => Ok(Frame::Quiet),
            Some(data) => {
                let said = self.answer.body(data, sink)?;
                Ok(if said { Frame::Content } else { Frame::Quiet })
            }
        }
    }

    fn is_terminator(&self, _event: &Event<'_>) -> bool {
        false
    }

    /// There is no terminator: an answer that gave its reason is complete (RTE-1).
    fn close(&mut self, sink: &mut Sink<'_>) -> Result<Option<&'static [u8]>, Failure> {
        if self.answer.close(sink)?.is_none() {
            return Ok(None);
        }
        sink(ReplyEvent::End)?;
        Ok(Some(b""))
    }
}
