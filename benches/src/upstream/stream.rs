//! The body of a streamed answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep_until};

use super::StreamShape;
use super::answers::Events;

/// One frame per event: the role and the first content at once, each further content after a
/// gap, and what ends the stream at once after the last.
pub(super) struct EventStream {
    events: Arc<Events>,
    shape: StreamShape,
    sent: u32,
    timer: Option<Pin<Box<Sleep>>>,
}

impl EventStream {
    /// From the start.
    pub(super) fn new(events: Arc<Events>, shape: StreamShape) -> Self {
        Self { events, shape, sent: 0, timer: None }
    }

    fn event(&self) -> Option<&Bytes> {
        let content_last = self.shape.content_events;
        match self.sent {
            0 => Some(&self.events.role),
            sent if sent <= content_last => Some(&self.events.content),
            sent => self.events.last.get(usize::try_from(sent - content_last - 1).ok()?),
        }
    }

    /// Waits before the next event if that is due later.
    fn poll_gap(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let paced =
            !self.shape.gap.is_zero() && (2..=self.shape.content_events).contains(&self.sent);
        if !paced {
            return Poll::Ready(());
        }
        let gap = self.shape.gap;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(tokio_now() + gap)));
        std::task::ready!(timer.as_mut().poll(context));
        let next = timer.deadline() + gap;
        timer.as_mut().reset(next);
        Poll::Ready(())
    }
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        std::task::ready!(this.poll_gap(context));
        let event = this.event().cloned();
        this.sent += u32::from(event.is_some());
        Poll::Ready(event.map(|event| Ok(Frame::data(event))))
    }
}

fn tokio_now() -> Instant {
    Instant::from_std(crate::clock::now())
}
