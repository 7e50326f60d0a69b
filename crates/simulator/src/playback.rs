//! Plays a script as an HTTP body.
//!
//! Moments are absolute, so that a late wake-up does not push the rest of the stream back. One
//! timer serves the whole stream. Dropping the body before its end tells the log that the caller
//! went away.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::log::Tracked;
use crate::script::{Finale, Script, Step};

/// A hang that nobody ends is ended after this; longer than any caller's patience.
pub(crate) const HANG_MAX: Duration = Duration::from_secs(3600);

/// Time for what was written to leave the machine before the connection is broken.
const PARTING: Duration = Duration::from_millis(2);

/// Set when the connection must end with RST rather than FIN.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResetSwitch(Arc<AtomicBool>);

impl ResetSwitch {
    pub(crate) fn throw(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn thrown(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The connection is to be broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("connection broken on purpose")]
pub(crate) struct Severed;

#[derive(Debug)]
pub(crate) struct Playback {
    start: Instant,
    steps: std::iter::Peekable<std::vec::IntoIter<Step>>,
    finale: Finale,
    left: Option<u64>,
    timer: Option<Pin<Box<Sleep>>>,
    /// The last wait, which begins when the last step is out.
    parting: Option<Pin<Box<Sleep>>>,
    tracked: Option<Tracked>,
    reset: ResetSwitch,
}

impl Playback {
    /// A body that is there at once and that nobody follows.
    pub(crate) fn of(bytes: impl Into<Bytes>) -> Self {
        Self::new(Script::whole(bytes, Duration::ZERO), Instant::now(), ResetSwitch::default())
    }

    pub(crate) fn new(script: Script, start: Instant, reset: ResetSwitch) -> Self {
        Self {
            start,
            steps: script.steps.into_iter().peekable(),
            finale: script.finale,
            left: script.length,
            timer: None,
            parting: None,
            tracked: None,
            reset,
        }
    }

    pub(crate) fn tracked(self, tracked: Tracked) -> Self {
        Self { tracked: Some(tracked), ..self }
    }

    fn wait(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = match &mut self.timer {
            Some(timer) => {
                if timer.deadline() != until {
                    timer.as_mut().reset(until);
                }
                timer
            }
            none => none.insert(Box::pin(sleep_until(until))),
        };
        timer.as_mut().poll(cx)
    }

    fn end(&mut self) {
        if let Some(mut tracked) = self.tracked.take() {
            tracked.end();
        }
    }

    fn finale(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Severed>>> {
        let parting = match self.finale {
            Finale::End => {
                self.end();
                return Poll::Ready(None);
            }
            Finale::Hang => HANG_MAX,
            Finale::Drop | Finale::Reset => PARTING,
        };
        let parted =
            self.parting.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + parting)));
        if parted.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        if self.finale == Finale::Reset {
            self.reset.throw();
        }
        self.end();
        Poll::Ready(Some(Err(Severed)))
    }
}

impl Body for Playback {
    type Data = Bytes;
    type Error = Severed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Severed>>> {
        let this = &mut *self;
        let Some(step) = this.steps.peek() else { return this.finale(cx) };
        if !step.at.is_zero() {
            let until = this.start + step.at;
            if this.wait(until, cx).is_pending() {
                return Poll::Pending;
            }
        }
        let Some(step) = this.steps.next() else { return this.finale(cx) };
        if let Some(left) = &mut this.left {
            *left = left.saturating_sub(u64::try_from(step.bytes.len()).unwrap_or(u64::MAX));
        }
        if this.steps.peek().is_none() && this.finale == Finale::End {
            this.end();
        }
        Poll::Ready(Some(Ok(Frame::data(step.bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.steps.len() == 0 && self.finale == Finale::End
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
