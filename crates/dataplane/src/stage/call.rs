//! One upstream call under way, and its exactly-once word to the route's health and to the record.

use std::{sync::Arc, time::Duration};

use dialect::names_credential;
use provider::Observed;
use routing::{BreakerChange, Observation};
use vocab::{Failure, FailureKind, OutcomeClass, RequestId, failure::Limit};

use crate::{
    gateway::Gateway,
    serving::Lane,
    trail::{Trail, millis},
};

/// One call under way. Tells the route's health exactly once how it ended; a call that is dropped
/// was cancelled by the caller.
pub(crate) struct Call {
    gateway: Arc<Gateway>,
    request: RequestId,
    lane: Arc<Lane>,
    probe: bool,
    started: Duration,
    first_token: Option<Duration>,
    status: Option<u16>,
    provider_request_id: Option<Arc<str>>,
    input_tokens: Option<u64>,
    told: bool,
}

impl Call {
    /// Puts the attempt on record as cancelled, which is what it is if nothing else follows: the
    /// prompt may be on its way when the caller leaves, and the record must say where to.
    pub(super) fn begin(trail: &mut Trail, lane: &Arc<Lane>, probe: bool) -> Self {
        if let Some(outcome) = trail.outcome() {
            outcome.attempts.push(journal::Attempt {
                route: lane.route.id.clone(),
                class: OutcomeClass::Cancelled,
                kind: None,
                status: None,
                provider_request_id: None,
                elapsed_ms: 0,
            });
        }
        Self {
            gateway: Arc::clone(&trail.gateway),
            request: trail.request,
            lane: Arc::clone(lane),
            probe,
            started: trail.gateway.env.monotonic(),
            first_token: None,
            status: None,
            provider_request_id: None,
            input_tokens: None,
            told: false,
        }
    }

    /// Time since the call was sent.
    pub(super) fn elapsed(&self) -> Duration {
        self.gateway.env.monotonic().saturating_sub(self.started)
    }

    /// Takes note of the head of the reply.
    pub(super) fn answered(&mut self, status: u16, observed: Observed) {
        self.status = Some(status);
        self.provider_request_id = observed.request_id.map(Arc::from);
        self.input_tokens = observed.input_tokens;
    }

    /// The tokens of the input, where the head of the reply told them.
    pub(super) fn input_tokens(&self) -> Option<u64> {
        self.input_tokens
    }

    /// Takes note of the first content.
    pub(super) fn content(&mut self) {
        self.first_token = Some(self.elapsed());
    }

    /// Time from sending to the first content.
    pub(super) fn first_token(&self) -> Option<Duration> {
        self.first_token
    }

    /// Ends well.
    pub(super) fn served(mut self, trail: &mut Trail) {
        self.tell(OutcomeClass::Healthy, None);
        self.record(trail, OutcomeClass::Healthy, None);
    }

    /// Ends badly.
    pub(super) fn failed(mut self, trail: &mut Trail, failure: Failure) -> Failure {
        let class = failure.class();
        // AUD-4: the provider's message may quote the prompt, so it stays out of the log.
        tracing::warn!(
            request = %self.request, route = %self.lane.route.id, class = class.as_str(),
            kind = failure.kind.as_str(), status = failure.status, "an attempt failed"
        );
        if failure.kind == FailureKind::CredentialRejected {
            self.lane.upstream.upkeep().rejected();
        }
        self.gateway.metrics.attempt_failed(&self.lane.route.id, class);
        // The request's own deadline is no verdict on the route.
        let verdict = match failure.kind {
            FailureKind::TimedOut(Limit::Total) => OutcomeClass::Cancelled,
            _ => class,
        };
        self.tell(verdict, Some(&failure));
        self.record(trail, class, Some(&failure));
        failure
    }

    fn tell(&mut self, class: OutcomeClass, failure: Option<&Failure>) {
        self.told = true;
        let seen = Observation {
            class,
            kind: failure.map(|failure| failure.kind),
            perhaps_of_call: failure.is_some_and(|failure| {
                failure.kind == FailureKind::CredentialRejected && !names_credential(failure)
            }),
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
        // Attempts follow one another, so the last one on record is this one.
        if let Some(last) = trail.outcome().and_then(|outcome| outcome.attempts.last_mut()) {
            *last = attempt;
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
