//! The running stream: upstream bytes to caller bytes, with limits on silence (R4, R8, RTE-1).
//!
//! After the commit point there is no other route. The stream ends with its terminator, after the
//! outcome is durable, or with an error event in the caller's dialect, and never otherwise.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialect::{CallerError, Progress};
use futures_util::stream;
use journal::Ending;
use vocab::{EvidenceLevel, Failure, FailureKind, Refusal, Usage, failure::Limit};

use super::{attempt::Begun, attest::evidence_unavailable};
use crate::{
    body::{Aborted, Body},
    trail::{Trail, millis},
};

/// A stream under way. Dropping it cancels the upstream call and settles the request as cancelled.
struct Running {
    trail: Trail,
    begun: Box<Begun>,
    /// Monotonic time of the last content.
    progressed: Duration,
    content_events: u64,
    /// Monotonic time at which the request must have ended.
    deadline: Duration,
}

enum State {
    First(Running),
    Running(Running),
    Ended,
}

/// The body of a streamed answer.
pub(super) fn body(trail: Trail, begun: Box<Begun>) -> Body {
    let now = trail.gateway.env.monotonic();
    let left = begun.timeouts.total.saturating_sub(begun.call.first_token().unwrap_or_default());
    let content_events = begun.relay.progress().content_events;
    let running = Running { trail, begun, progressed: now, content_events, deadline: now + left };
    let frames = stream::unfold(State::First(running), |state| async {
        match state {
            State::First(mut running) => {
                let held = std::mem::take(&mut running.begun.held);
                let bytes = running.sent(join(held));
                Some(if bytes.is_empty() {
                    running.next().await
                } else {
                    (Ok(bytes), State::Running(running))
                })
            }
            State::Running(running) => Some(running.next().await),
            State::Ended => None,
        }
    });
    Body::Stream(Box::pin(frames))
}

type Step = (Result<Bytes, Aborted>, State);

impl Running {
    /// The next bytes for the caller.
    async fn next(mut self) -> Step {
        loop {
            if self.begun.relay.progress().ended {
                return self.finish().await;
            }
            match self.wait().await {
                Ok(Some(bytes)) => return (Ok(bytes), State::Running(self)),
                Ok(None) => {}
                Err(failure) => return self.break_off(failure).await,
            }
        }
    }

    /// Waits for upstream bytes, a heartbeat's time, or a limit. `None` when there is nothing to
    /// send yet.
    async fn wait(&mut self) -> Result<Option<Bytes>, Failure> {
        let now = self.trail.gateway.env.monotonic();
        let gap = self.begun.timeouts.gap;
        // A ping is liveness, not progress: the gap counts from the last content.
        let silent_until = self.progressed + gap;
        let until = silent_until.min(self.deadline);
        let heartbeat = self.trail.gateway.limits.heartbeat_every;
        let patience = until.saturating_sub(now).min(heartbeat);
        match tokio::time::timeout(patience, self.begun.body.chunk()).await {
            Ok(chunk) => self.take(chunk?),
            Err(_elapsed) => {
                let now = self.trail.gateway.env.monotonic();
                if now >= self.deadline {
                    return Err(timed_out(Limit::Total, "the request's deadline passed"));
                }
                if now >= silent_until {
                    let message = format!("no content for {} ms", gap.as_millis());
                    return Err(timed_out(Limit::Gap, &message));
                }
                Ok(Some(self.begun.relay.heartbeat()))
            }
        }
    }

    /// Feeds what has arrived, and everything else that is there already, so that one write carries
    /// it all.
    fn take(&mut self, chunk: Option<Bytes>) -> Result<Option<Bytes>, Failure> {
        let Some(chunk) = chunk else { return self.begun.relay.end().map(|()| None) };
        let mut out = Vec::new();
        let begun = &mut *self.begun;
        let mut fed = begun.relay.feed(chunk, &mut out);
        while fed.is_ok() && !begun.relay.progress().ended {
            let Some(more) = begun.body.ready() else { break };
            fed = begun.relay.feed(more, &mut out);
        }
        let events = begun.relay.progress().content_events;
        if events != self.content_events {
            self.content_events = events;
            self.progressed = self.trail.gateway.env.monotonic();
        }
        if let Err(failure) = fed {
            // What came before the failure is the caller's; it goes out with the error.
            self.begun.held = out;
            return Err(failure);
        }
        let bytes = self.sent(join(out));
        Ok((!bytes.is_empty()).then_some(bytes))
    }

    /// The end of a whole answer: outcome first, then the terminator.
    async fn finish(mut self) -> Step {
        let terminal = self.begun.relay.take_terminal();
        let terminal = self.sent(terminal);
        self.begun.lane.metrics.served(self.begun.call.first_token());
        let Begun { call, mut relay, .. } = *self.begun;
        call.served(&mut self.trail);
        // AUD-1: the terminator is what tells the caller that the answer is whole, so it waits.
        match settled(&mut self.trail, Ending::Served).await {
            Ok(()) => (Ok(terminal), State::Ended),
            Err(refusal) => {
                (Ok(relay.error_event(&CallerError::from_refusal(&refusal))), State::Ended)
            }
        }
    }

    /// The end of a broken answer: an error event, never a terminator (RTE-1).
    async fn break_off(mut self, failure: Failure) -> Step {
        let held = std::mem::take(&mut self.begun.held);
        let error = CallerError::from_failure(&failure);
        let event = self.begun.relay.error_event(&error);
        let bytes = self.sent(join(held.into_iter().chain([event]).collect()));
        let Begun { call, .. } = *self.begun;
        let failure = call.failed(&mut self.trail, failure);
        if let Some(outcome) = self.trail.outcome() {
            outcome.code = Some(failure.kind.as_str().into());
        }
        if settled(&mut self.trail, Ending::Interrupted).await.is_err() {
            tracing::error!(request = %self.trail.request, "the outcome of a broken stream was lost");
        }
        (Ok(bytes), State::Ended)
    }

    /// Takes note of bytes that go to the caller, so that a cancelled request is settled with what
    /// it got.
    fn sent(&mut self, bytes: Bytes) -> Bytes {
        let progress = *self.begun.relay.progress();
        let first_token = self.begun.call.first_token();
        if let Some(outcome) = self.trail.outcome() {
            outcome.bytes = outcome.bytes.saturating_add(bytes.len() as u64);
            outcome.usage = counted(&progress);
            outcome.finish = progress.finish.map(|finish| finish.as_str().into());
            outcome.first_token_ms = first_token.map(millis);
        }
        bytes
    }
}

/// What is known for certain of an answer under way. Providers count output as it comes, so until
/// the answer has said why it ended its count is a beginning, and the whole is unknown.
fn counted(progress: &Progress) -> Usage {
    let usage = progress.usage;
    if progress.finish.is_some() || progress.ended {
        return usage;
    }
    Usage { output: None, reasoning: None, ..usage }
}

async fn settled(trail: &mut Trail, ending: Ending) -> Result<(), Refusal> {
    let Some(appended) = trail.settle(ending) else { return Ok(()) };
    let ticket = appended.map_err(|error| evidence_unavailable(&error))?;
    if trail.evidence >= EvidenceLevel::Local {
        trail.durable(ticket).await.map_err(|error| evidence_unavailable(&error))?;
    }
    Ok(())
}

fn timed_out(limit: Limit, message: &str) -> Failure {
    Failure::new(FailureKind::TimedOut(limit), message)
}

fn join(mut parts: Vec<Bytes>) -> Bytes {
    if parts.len() <= 1 {
        return parts.pop().unwrap_or_default();
    }
    let mut joined = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
    for part in &parts {
        joined.extend_from_slice(part);
    }
    joined.freeze()
}
