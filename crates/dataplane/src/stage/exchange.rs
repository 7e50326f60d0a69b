//! One exchange with an upstream: a call sent, and a whole answer or the beginning of a stream read.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use dialect::{Outbound, WholeReply};
use provider::CallContext;
use routing::Timeouts;
use transport::{Client, Reply};
use vocab::{Failure, FailureKind, HttpReply, failure::Limit};

use super::{
    attempt::{Answered, Begun, Whole},
    call::Call,
    plan::{Choice, Planned},
};
use crate::trail::Trail;

/// Bytes held back before the first content token.
const HELD_MAX: usize = 8 * 1024 * 1024;

/// What one exchange works with.
pub(super) struct Exchange<'a> {
    planned: &'a Planned,
    choice: &'a Choice,
    timeouts: Timeouts,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(trail: &Trail, planned: &'a Planned, choice: &'a Choice) -> Self {
        let left = planned.timeouts().total.saturating_sub(trail.elapsed());
        Self { planned, choice, timeouts: planned.timeouts().within(left) }
    }

    /// Performs it, and accounts for it however it ends.
    pub(super) async fn perform(
        &self,
        trail: &mut Trail,
        mut call: Call,
        client: &Client,
    ) -> Result<Answered, Failure> {
        match self.send(trail, &mut call, client).await {
            Ok(reply) => self.read(trail, call, reply).await,
            Err(failure) => Err(self.failed(trail, call, failure)),
        }
    }

    /// Accounts for a failure. A time limit that passed because the request as a whole ran out of
    /// time says nothing about the route: a caller in a hurry must not open everybody's breakers.
    fn failed(&self, trail: &mut Trail, call: Call, failure: Failure) -> Failure {
        let timed_out = matches!(failure.kind, FailureKind::TimedOut(_));
        let failure = if timed_out && call.elapsed() >= self.timeouts.total {
            let message = "the request's deadline passed before the route answered";
            Failure::new(FailureKind::TimedOut(Limit::Total), message)
        } else {
            failure
        };
        call.failed(trail, failure)
    }

    async fn send(
        &self,
        trail: &mut Trail,
        call: &mut Call,
        client: &Client,
    ) -> Result<Reply, Failure> {
        let upstream = &self.choice.lane().upstream;
        let provider = upstream.provider();
        let outbound = self.outbound(trail)?;
        let context = CallContext {
            request_id: trail.request,
            model: &self.choice.lane().route.upstream_model,
            now: trail.now(),
            remaining: self.timeouts.total,
        };
        let Some(ready) = upstream.ready(context.now) else {
            let message = "the gateway has no valid credential for the endpoint";
            return Err(Failure::new(FailureKind::CredentialRejected, message));
        };
        let prepared = provider.prepare(&ready.endpoint, outbound, &context);
        let reply = client.open(prepared, self.timeouts.connect, self.timeouts.headers).await?;
        let observed = provider.observe(&reply.head);
        call.answered(reply.head.status.as_u16(), observed);
        if reply.head.status.is_success() {
            return Ok(reply);
        }
        let limits = &trail.gateway.limits;
        let head = reply.head.clone();
        let whole =
            reply.whole(limits.error_size_max, limits.error_time_max, limits.error_time_max).await;
        // A body that does not come is no reason to lose the status.
        let whole = whole.unwrap_or(HttpReply { head, body: Bytes::new() });
        Err(provider.classify(self.choice.dialect(), &whole, trail.now()))
    }

    fn outbound(&self, trail: &mut Trail) -> Result<Outbound, Failure> {
        let lane = self.choice.lane();
        let emitted = self.planned.request().emit(self.choice.dialect(), &lane.target());
        // `carried_by` said yes at planning, so a no here concerns this request and no route.
        let outbound = emitted
            .map_err(|unsupported| Failure::new(FailureKind::BadRequest, unsupported.message))?;
        if let Some(outcome) = trail.outcome() {
            outcome.dropped = outbound.dropped.iter().map(|field| (*field).into()).collect();
        }
        trail.dropped.clone_from(&outbound.dropped);
        Ok(outbound)
    }

    async fn read(
        &self,
        trail: &mut Trail,
        mut call: Call,
        reply: Reply,
    ) -> Result<Answered, Failure> {
        if self.planned.request().stream() {
            return self.read_stream(trail, call, reply).await;
        }
        let upstream = self.choice.dialect();
        let input_tokens = call.input_tokens();
        let model = &self.choice.lane().route.upstream_model;
        let left = self.timeouts.total.saturating_sub(call.elapsed());
        let size_max = trail.gateway.limits.answer_size_max;
        let whole = reply.whole(size_max, self.timeouts.gap, left).await;
        let answer = whole.and_then(|whole| {
            let reply = WholeReply { upstream, model, body: &whole.body, input_tokens };
            reply.answer(self.planned.request(), trail.request)
        });
        match answer {
            Ok(answer) => {
                call.content();
                let lane = Arc::clone(self.choice.lane());
                lane.metrics.served(call.first_token());
                call.served(trail);
                Ok(Answered::Whole(Box::new(Whole { lane, answer })))
            }
            Err(failure) => Err(self.failed(trail, call, failure)),
        }
    }

    /// Reads a stream up to its first content token, the commit point.
    async fn read_stream(
        &self,
        trail: &mut Trail,
        call: Call,
        reply: Reply,
    ) -> Result<Answered, Failure> {
        let lane = Arc::clone(self.choice.lane());
        let model = &lane.route.upstream_model;
        let relay = self.planned.request().relay(self.choice.dialect(), model, trail.request);
        let Some(relay) = relay else {
            let message = "this kind of request has no streams";
            return Err(self.failed(trail, call, Failure::new(FailureKind::BadRequest, message)));
        };
        let mut begun = Box::new(Begun {
            lane,
            call,
            body: reply.body,
            relay,
            held: Vec::new(),
            timeouts: self.timeouts,
        });
        match until_content(&mut begun, self.timeouts.first_token).await {
            Ok(()) => {
                begun.call.content();
                Ok(Answered::Stream(begun))
            }
            Err(failure) => {
                let Begun { call, .. } = *begun;
                Err(self.failed(trail, call, failure))
            }
        }
    }
}

async fn until_content(begun: &mut Begun, limit: Duration) -> Result<(), Failure> {
    loop {
        let left = limit.saturating_sub(begun.call.elapsed());
        match tokio::time::timeout(left, begun.body.chunk()).await {
            Ok(chunk) => match chunk? {
                Some(chunk) => begun.relay.feed(chunk, &mut begun.held)?,
                None => begun.relay.end()?,
            },
            Err(_elapsed) => {
                let message = format!("no content within {} ms", limit.as_millis());
                return Err(Failure::new(FailureKind::TimedOut(Limit::FirstToken), message));
            }
        }
        if begun.relay.progress().content || begun.relay.progress().ended {
            return Ok(());
        }
        if begun.held.iter().map(Bytes::len).sum::<usize>() > HELD_MAX {
            let message = "the stream sent too much before its first content";
            return Err(Failure::new(FailureKind::Broken, message));
        }
    }
}
