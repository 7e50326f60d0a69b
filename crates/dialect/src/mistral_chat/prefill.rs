//! The beginning of the answer that the caller gave, cut off again: Mistral repeats it, the callers
//! of other dialects do not expect it.

use vocab::Failure;

use crate::{
    Reply, ReplyBlock, ReplyEvent,
    events::Frame,
    openai_chat::read::StreamReader,
    sse::Event,
    upstream::{ReadStream, Sink},
};

/// Cuts `prefill` off the first text of a whole answer, if it is there.
pub(super) fn cut(reply: &mut Reply, prefill: &str) {
    let text = reply.blocks.iter_mut().find_map(|block| match block {
        ReplyBlock::Text(text) => Some(text),
        _ => None,
    });
    if let Some(text) = text
        && let Some(rest) = text.strip_prefix(prefill)
    {
        *text = rest.to_owned();
    }
}

/// Cuts `prefill` off a stream, if it is there: what may be its beginning waits until that is known.
pub(super) struct Cut {
    reader: StreamReader,
    prefill: String,
    // How much of it has been seen; nothing once the answer has gone past it.
    seen: Option<usize>,
}

impl Cut {
    pub(super) fn new(reader: StreamReader, prefill: String) -> Self {
        Self { reader, prefill, seen: Some(0) }
    }
}

impl ReadStream for Cut {
    fn read(&mut self, event: &Event<'_>, sink: &mut Sink<'_>) -> Result<Frame, Failure> {
        let Self { reader, prefill, seen } = self;
        reader.read(event, &mut |event| pass(prefill, seen, event, sink))
    }

    fn is_terminator(&self, event: &Event<'_>) -> bool {
        self.reader.is_terminator(event)
    }

    fn close(&mut self, sink: &mut Sink<'_>) -> Result<Option<&'static [u8]>, Failure> {
        let Self { reader, prefill, seen } = self;
        reader.close(&mut |event| pass(prefill, seen, event, sink))
    }
}

fn pass(
    prefill: &str,
    seen: &mut Option<usize>,
    event: ReplyEvent<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), Failure> {
    let Some((held, rest)) = seen.and_then(|seen| prefill.split_at_checked(seen)) else {
        return sink(event);
    };
    match event {
        ReplyEvent::Text(text) if rest.starts_with(text) => {
            *seen = Some(held.len().saturating_add(text.len()));
            Ok(())
        }
        ReplyEvent::Text(text) => {
            *seen = None;
            match text.strip_prefix(rest) {
                Some(text) => sink(ReplyEvent::Text(text)),
                // It was not the beginning after all.
                None => {
                    sink(ReplyEvent::Text(held))?;
                    sink(ReplyEvent::Text(text))
                }
            }
        }
        // The answer ends within it.
        ReplyEvent::Finish(_) | ReplyEvent::ToolOpen { .. } => {
            *seen = None;
            if !rest.is_empty() && !held.is_empty() {
                sink(ReplyEvent::Text(held))?;
            }
            sink(event)
        }
        other => sink(other),
    }
}
