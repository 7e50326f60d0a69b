//! Upstream calls, one route after the other, until one answers or the plan ends (R1, R3–R5).
//!
//! Up to the first content token nothing has been sent to the caller, so a failure here is invisible
//! to it. The first content token is the commit point (R8).

use std::sync::Arc;

use bytes::Bytes;
use dialect::{Answer, Relay};
use policy::Permitted;
use routing::{Admit, Commit, Cursor, GiveUp, Next, Outcome, PassedOver, Timeouts};
use transport::{Client, ReplyBody};
use vocab::{Failure, FailureKind, failure::Limit};

use super::{
    Failed, NoAnswer,
    attest::Attested,
    call::Call,
    exchange::Exchange,
    plan::{Choice, Planned},
};
use crate::{serving::Lane, trail::Trail};

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
            Next::Deliver => return Err(gave_up(trail, planned, last, GiveUp::RoutesTried)),
            Next::GiveUp(why) => return Err(gave_up(trail, planned, last, why)),
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let Some((choice, call)) = begin(trail, planned, place) else {
            step = advance(trail, planned, &mut cursor, &Outcome::Skipped);
            continue;
        };
        let exchange = Exchange::new(trail, planned, choice);
        let failure = match exchange.perform(trail, call, client).await {
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

fn gave_up(trail: &Trail, planned: &Planned, last: Option<Failure>, why: GiveUp) -> NoAnswer {
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
    let left = |(_, reason): &(usize, PassedOver)| {
        matches!(reason, PassedOver::BeyondAttempts | PassedOver::BeyondRegions)
    };
    let untried = planned.plan().passed_over.iter().any(left);
    let outlook = planned.outlook(trail.now());
    NoAnswer::Failed(Box::new(Failed { failure, why, untried, outlook }))
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
    // It may have ended since the plan was made. That is no verdict on the route, so its health is
    // not told.
    if !choice.lane().upstream.has_credential(now) {
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

/// Puts on record which route answered, and on what ground.
fn note_route(trail: &mut Trail, permitted: &Permitted, lane: &Arc<Lane>) {
    trail.answered_by(lane);
    let Some(outcome) = trail.outcome() else { return };
    outcome.route = Some(lane.route.id.clone());
    outcome.endpoint = Some(lane.upstream.id.clone());
    outcome.served_region = Some(lane.route.region.clone());
    outcome.tier = Some(permitted.tier.as_str().into());
    outcome.upstream_model = Some(Arc::from(lane.route.upstream_model.as_str()));
    outcome.certificate = Some(permitted.certificate.clone());
    outcome.mechanism.clone_from(&permitted.mechanism);
}
