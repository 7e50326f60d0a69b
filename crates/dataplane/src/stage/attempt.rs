//! Upstream calls, one route after the other, until one answers or the plan ends (R1, R3–R5).
//!
//! Up to the first content token nothing has been sent to the caller, so a failure here is invisible
//! to it. The first content token is the commit point (R8).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use dialect::{Answer, Relay, Target};
use policy::Permitted;
use provider::CallContext;
use routing::{Admit, BreakerChange, Commit, Cursor, GiveUp, Next, Observation, Outcome, Timeouts};
use transport::{Client, Reply, ReplyBody};
use vocab::{Failure, FailureKind, OutcomeClass, failure::Limit};

use super::{Failed, NoAnswer, attest::Attested, plan::{Choice, Planned}};
use crate::{
    serving::Lane,
    trail::{Trail, millis},
};

/// Output limit where an upstream demands one and the caller gave none.
const OUTPUT_MAX_DEFAULT: u64 = 4096;
/// Bytes held back before the first content token.
const HELD_MAX: usize = 8 * 1024 * 1024;

/// An answer, or the beginning of one.
pub(crate) enum Answered {
    /// All of it.
    Whole(Box<Whole>),
    /// Up to the first content token.
    Stream(Box<Begun>),
}

/// A whole answer.
pub(crate) struct Whole {
    pub(super) lane: Arc<Lane>,
    pub(super) answer: Answer,
}

/// A stream that has reached its commit point.
pub(crate) struct Begun {
    pub(super) lane: Arc<Lane>,
    pub(super) call: Call,
    pub(super) body: ReplyBody,
    pub(super) relay: Relay,
    /// What the caller gets first.
    pub(super) held: Vec<Bytes>,
    pub(super) timeouts: Timeouts,
}

pub(super) async fn attempt(
    trail: &mut Trail,
    attested: Attested,
    client: &Client,
) -> Result<Answered, NoAnswer> {
    let planned = attested.planned();
    let mut cursor = Cursor::new();
    let mut last: Option<Failure> = None;
    let mut step = advance(trail, planned, &mut cursor, &Outcome::Start);
    loop {
        let (place, wait) = match step {
            Next::Try { attempt, wait } => (attempt, wait),
            // `Deliver` follows only an answer, which returns below.
            Next::Deliver => return Err(gave_up(last, GiveUp::RoutesTried)),
            Next::GiveUp(why) => return Err(gave_up(last, why)),
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let Some((choice, call)) = begin(trail, planned, place) else {
            step = advance(trail, planned, &mut cursor, &Outcome::Skipped);
            continue;
        };
        let failure = match perform(trail, planned, choice, call, client).await {
            Ok(answered) => {
                advance(trail, planned, &mut cursor, &Outcome::Answered);
                note_route(trail, choice.permitted(), choice.lane());
                return Ok(answered);
            }
            Err(failure) => failure,
        };
        let outcome = Outcome::Failed { failure: &failure, commit: Commit::Before };
        step = advance(trail, planned, &mut cursor, &outcome);
        last = Some(failure);
    }
}

fn advance(trail: &Trail, planned: &Planned, cursor: &mut Cursor, outcome: &Outcome<'_>) -> Next {
    routing::next(planned.plan(), cursor, outcome, &trail.gateway.budget, trail.now())
}

fn gave_up(last: Option<Failure>, why: GiveUp) -> NoAnswer {
    let failure = last.unwrap_or_else(|| match why {
        GiveUp::Deadline => Failure::new(
            FailureKind::TimedOut(Limit::Total),
            "the request's deadline passed before a route could be tried",
        ),
        GiveUp::NoRoute
        | GiveUp::Committed
        | GiveUp::ClientError
        | GiveUp::ContentRejected
        | GiveUp::Cancelled
        | GiveUp::RoutesTried
        | GiveUp::AttemptsSpent
        | GiveUp::BudgetSpent => {
            Failure::new(FailureKind::Overloaded, "no permitted route could take the request")
        }
    });
    NoAnswer::Failed(Box::new(Failed { failure, why }))
}

/// Starts an attempt if policy still permits the route and its health still admits it.
fn begin<'a>(trail: &mut Trail, planned: &'a Planned, place: usize) -> Option<(&'a Choice, Call)> {
    let choice = planned.choice(place)?;
    let route = &choice.lane().route.id;
    let now = trail.now();
    // P1, EQV-1: asked again for every attempt; a certificate may have expired since admission.
    if let Err(rejected) = planned.terms().permits(route, now) {
        tracing::warn!(request = %trail.request, %rejected, "a planned route is no longer permitted");
        return None;
    }
    let admit = {
        let mut health = choice.lane().health();
        if planned.plan().trickle { health.begin_trickle(now) } else { health.begin(now) }
    };
    let probe = match admit {
        Admit::Open => false,
        Admit::Probe => true,
        Admit::Refused => return None,
    };
    Some((choice, Call::begin(trail, choice.lane(), probe)))
}

/// One call under way. Tells the route's health exactly once how it ended; a call that is dropped
/// was cancelled by the caller.
pub(crate) struct Call {
    gateway: Arc<crate::gateway::Gateway>,
    request: vocab::RequestId,
    lane: Arc<Lane>,
    probe: bool,
    started: Duration,
    first_token: Option<Duration>,
    status: Option<u16>,
    provider_request_id: Option<Arc<str>>,
    told: bool,
}

impl Call {
    fn begin(trail: &Trail, lane: &Arc<Lane>, probe: bool) -> Self {
        Self {
            gateway: Arc::clone(&trail.gateway),
            request: trail.request,
            lane: Arc::clone(lane),
            probe,
            started: trail.gateway.env.monotonic(),
            first_token: None,
            status: None,
            provider_request_id: None,
            told: false,
        }
    }

    fn elapsed(&self) -> Duration {
        self.gateway.env.monotonic().saturating_sub(self.started)
    }

    pub(super) fn first_token(&self) -> Option<Duration> {
        self.first_token
    }

    /// Ends well.
    pub(super) fn served(mut self, trail: &mut Trail) {
        self.tell(OutcomeClass::Healthy, None);
        self.record(trail, OutcomeClass::Healthy, None);
    }

    /// Ends badly.
    pub(super) fn failed(mut self, trail: &mut Trail, failure: &Failure) {
        let class = failure.class();
        // AUD-4: the provider's message may quote the prompt, so it stays out of the log.
        tracing::warn!(
            request = %self.request, route = %self.lane.route.id, class = class.as_str(),
            kind = failure.kind.as_str(), status = failure.status, "an attempt failed"
        );
        self.gateway.metrics.attempt_failed(&self.lane.route.id, class);
        self.tell(class, Some(failure));
        self.record(trail, class, Some(failure));
    }

    fn tell(&mut self, class: OutcomeClass, failure: Option<&Failure>) {
        self.told = true;
        let seen = Observation {
            class,
            kind: failure.map(|failure| failure.kind),
            first_token: self.first_token,
            retry_after: failure.and_then(|failure| failure.retry_after),
            probe: self.probe,
        };
        let change = self.lane.health().observe(&seen, self.gateway.env.now());
        let route = &self.lane.route.id;
        match change {
            Some(BreakerChange::Opened { cause, until }) => {
                tracing::warn!(%route, cause = cause.as_str(), %until, "a breaker opened");
                self.gateway.metrics.breaker(route, true);
            }
            Some(BreakerChange::Closed) => {
                tracing::info!(%route, "a breaker closed");
                self.gateway.metrics.breaker(route, false);
            }
            None => {}
        }
    }

    fn record(&mut self, trail: &mut Trail, class: OutcomeClass, failure: Option<&Failure>) {
        let attempt = journal::Attempt {
            route: self.lane.route.id.clone(),
            class,
            kind: failure.map(|failure| failure.kind),
            status: failure.map_or(self.status, |failure| failure.status.or(self.status)),
            provider_request_id: self.provider_request_id.take(),
            elapsed_ms: millis(self.elapsed()),
        };
        if let Some(outcome) = trail.outcome() {
            outcome.attempts.push(attempt);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.told {
            self.tell(OutcomeClass::Cancelled, None);
        }
    }
}

/// One attempt, recorded however it ends.
async fn perform(
    trail: &mut Trail,
    planned: &Planned,
    choice: &Choice,
    mut call: Call,
    client: &Client,
) -> Result<Answered, Failure> {
    match exchange(trail, planned, choice, &mut call, client).await {
        Ok(Exchanged::Whole(answer)) => {
            call.first_token = Some(call.elapsed());
            choice.lane().metrics.served(call.first_token, &answer.usage);
            call.served(trail);
            Ok(Answered::Whole(Box::new(Whole { lane: Arc::clone(choice.lane()), answer })))
        }
        Ok(Exchanged::Stream { body, relay, held, timeouts }) => {
            call.first_token = Some(call.elapsed());
            let lane = Arc::clone(choice.lane());
            Ok(Answered::Stream(Box::new(Begun { lane, call, body, relay, held, timeouts })))
        }
        Err(failure) => {
            call.failed(trail, &failure);
            Err(failure)
        }
    }
}

enum Exchanged {
    Whole(Answer),
    Stream { body: ReplyBody, relay: Relay, held: Vec<Bytes>, timeouts: Timeouts },
}

async fn exchange(
    trail: &mut Trail,
    planned: &Planned,
    choice: &Choice,
    call: &mut Call,
    client: &Client,
) -> Result<Exchanged, Failure> {
    let upstream = &choice.lane().upstream;
    let provider = upstream.provider();
    let left = planned.timeouts().total.saturating_sub(trail.elapsed());
    let timeouts = planned.timeouts().within(left);
    let request = planned.request();
    let target = Target {
        model: &choice.lane().route.upstream_model,
        output_max_default: OUTPUT_MAX_DEFAULT,
    };
    let outbound = request.emit(upstream.dialect(), &target).map_err(|unsupported| {
        // `carried_by` said yes at planning, so this is a fault of ours and not of the route.
        Failure::new(FailureKind::BadRequest, unsupported.message)
    })?;
    if let Some(outcome) = trail.outcome() {
        outcome.dropped = outbound.dropped.iter().map(|field| (*field).into()).collect();
    }
    let context = CallContext { request_id: trail.request, remaining: left };
    let prepared = provider.prepare(&upstream.endpoint(), outbound, &context);
    let reply = client.open(prepared, timeouts.connect, timeouts.headers).await?;
    call.status = Some(reply.head.status.as_u16());
    call.provider_request_id = provider.observe(&reply.head).request_id.map(Arc::from);
    if !reply.head.status.is_success() {
        return Err(refused_upstream(trail, choice, reply).await);
    }
    if request.stream() {
        return open_stream(trail, planned, choice, call, reply, timeouts).await;
    }
    let left = timeouts.total.saturating_sub(call.elapsed());
    let whole = reply.whole(trail.gateway.limits.answer_size_max, left).await?;
    dialect::answer(request, upstream.dialect(), trail.request, &whole.body).map(Exchanged::Whole)
}

/// Reads an error reply and names it.
async fn refused_upstream(trail: &Trail, choice: &Choice, reply: Reply) -> Failure {
    let limits = &trail.gateway.limits;
    let head = reply.head.clone();
    let whole = reply.whole(limits.error_size_max, limits.error_time_max).await;
    // A body that does not come is no reason to lose the status.
    let whole = whole.unwrap_or(vocab::HttpReply { head, body: Bytes::new() });
    choice.lane().upstream.provider().classify(&whole, trail.now())
}

/// Reads a stream up to its first content token, the commit point.
async fn open_stream(
    trail: &Trail,
    planned: &Planned,
    choice: &Choice,
    call: &Call,
    mut reply: Reply,
    timeouts: Timeouts,
) -> Result<Exchanged, Failure> {
    let dialect = choice.lane().upstream.dialect();
    let mut relay = planned.request().relay(dialect, trail.request);
    let mut held = Vec::new();
    loop {
        let left = timeouts.first_token.saturating_sub(call.elapsed());
        let chunk = match tokio::time::timeout(left, reply.body.chunk()).await {
            Ok(chunk) => chunk?,
            Err(_elapsed) => return Err(no_first_token(timeouts.first_token)),
        };
        match chunk {
            Some(chunk) => relay.feed(chunk, &mut held)?,
            None => relay.end()?,
        }
        if relay.progress().content || relay.progress().ended {
            return Ok(Exchanged::Stream { body: reply.body, relay, held, timeouts });
        }
        if held.iter().map(Bytes::len).sum::<usize>() > HELD_MAX {
            let message = "the stream sent too much before its first content";
            return Err(Failure::new(FailureKind::Broken, message));
        }
    }
}

fn no_first_token(limit: Duration) -> Failure {
    let message = format!("no content within {} ms", limit.as_millis());
    Failure::new(FailureKind::TimedOut(Limit::FirstToken), message)
}

/// Puts on record which route answered, and on what ground.
fn note_route(trail: &mut Trail, permitted: &Permitted, lane: &Lane) {
    let Some(outcome) = trail.outcome() else { return };
    outcome.route = Some(lane.route.id.clone());
    outcome.endpoint = Some(lane.upstream.id.clone());
    outcome.served_region = Some(lane.route.region.clone());
    outcome.tier = Some(permitted.tier.as_str().into());
    outcome.upstream_model = Some(Arc::from(lane.route.upstream_model.as_str()));
    outcome.certificate = Some(permitted.certificate.clone());
    outcome.mechanism.clone_from(&permitted.mechanism);
}
