//! Everything known about one route's health, and the reading of it that a plan takes.

use std::time::Duration;

use vocab::{FailureKind, OutcomeClass, Timestamp};

use crate::{
    BreakerChange, Defaults, OpenCause,
    breaker::{Breaker, Verdict},
    hold::Hold,
    latency::Latency,
    mark::Mark,
    window::Window,
};

/// Whether a route may take a request now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Yes.
    Open,
    /// One request, as a probe.
    ProbeDue,
    /// A probe is out, so nobody else.
    Probing,
    /// The provider asked for less.
    Held {
        /// Until when.
        until: Timestamp,
    },
    /// The breaker is open.
    Shut {
        /// Why.
        cause: OpenCause,
        /// When a probe is due.
        until: Timestamp,
    },
}

impl Gate {
    /// The stable name used in metrics and in the console.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open_to_traffic",
            Self::ProbeDue => "probe_due",
            Self::Probing => "probing",
            Self::Held { .. } => "held",
            Self::Shut { .. } => "breaker_open",
        }
    }
}

/// A route's health at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HealthView {
    /// Whether it may take a request.
    pub gate: Gate,
    /// Expected first-token time, in seconds; `None` while nothing is known.
    pub first_token_seconds: Option<f64>,
    /// Calls under way.
    pub in_flight: u32,
    /// Part of its recent calls that went well, from 0 to 1.
    pub success: f64,
    /// Share of its traffic that it may take, 1 unless it is coming back.
    pub share: f64,
}

impl HealthView {
    /// How a route looks that was never used.
    #[must_use]
    pub const fn fresh() -> Self {
        Self { gate: Gate::Open, first_token_seconds: None, in_flight: 0, success: 1.0, share: 1.0 }
    }
}

/// What one attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// How it counts.
    pub class: OutcomeClass,
    /// What went wrong, if anything did.
    pub kind: Option<FailureKind>,
    /// Whether a rejected credential is perhaps a matter of this call alone: it then counts as any
    /// hard failure, so that no caller closes the route for all.
    pub perhaps_of_call: bool,
    /// Time to the first token, or to the whole answer if it was not streamed.
    pub first_token: Option<Duration>,
    /// The provider's hint of when to come back.
    pub retry_after: Option<Duration>,
    /// Whether [`RouteHealth::begin`] said [`Admit::Probe`].
    pub probe: bool,
}

/// Whether an attempt may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admit {
    /// Yes.
    Open,
    /// Yes, and its observation says `probe: true`.
    Probe,
    /// No: what the plan saw has changed. Nothing was counted and no observation is due.
    Refused,
}

/// The health of one route. One per route for as long as the route exists; behind a lock.
#[derive(Debug, Clone)]
pub struct RouteHealth {
    window: Window,
    breaker: Breaker,
    hold: Hold,
    latency: Latency,
    in_flight: u32,
}

impl RouteHealth {
    /// A route that was never used. `seed` drives the jitter of its open times: draw it at random,
    /// so that gateways do not probe in step.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            window: Window::default(),
            breaker: Breaker::new(seed),
            hold: Hold::default(),
            latency: Latency::default(),
            in_flight: 0,
        }
    }

    /// Its health now.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> HealthView {
        HealthView {
            gate: self.gate(now),
            first_token_seconds: self.latency.seconds(now),
            in_flight: self.in_flight,
            success: self.window.tally(now).success(),
            share: self.breaker.share(now),
        }
    }

    /// Starts an attempt. Unless refused, exactly one [`Self::observe`] must follow, also when the
    /// caller goes away.
    pub fn begin(&mut self, now: Timestamp) -> Admit {
        let admit = match self.gate(now) {
            Gate::Held { .. } => Admit::Refused,
            Gate::Open | Gate::ProbeDue | Gate::Probing | Gate::Shut { .. } => {
                self.breaker.begin(now)
            }
        };
        match admit {
            Admit::Open | Admit::Probe => self.in_flight = self.in_flight.saturating_add(1),
            Admit::Refused => {}
        }
        admit
    }

    /// Starts an attempt of a plan that is a [`crate::Plan::trickle`]: an open breaker lets it
    /// pass, as no probe, so its result does not close the breaker. A half-open one decides as
    /// ever (RTE-3), and a hold holds.
    pub fn begin_trickle(&mut self, now: Timestamp) -> Admit {
        match self.gate(now) {
            Gate::Shut { .. } => {
                self.in_flight = self.in_flight.saturating_add(1);
                Admit::Open
            }
            Gate::Open | Gate::ProbeDue | Gate::Probing | Gate::Held { .. } => self.begin(now),
        }
    }

    /// Ends an attempt. Says so when the breaker changed.
    pub fn observe(&mut self, seen: &Observation, now: Timestamp) -> Option<BreakerChange> {
        self.in_flight = self.in_flight.saturating_sub(1);
        let mark = Mark::of(seen.class);
        self.learn_latency(mark, seen, now);
        match seen.class {
            OutcomeClass::Healthy => self.hold.served(),
            // A route short of capacity gets the same rest as one that says "less".
            OutcomeClass::Throttled | OutcomeClass::Overloaded => {
                self.hold.throttled(seen.retry_after, now);
            }
            OutcomeClass::Faulty
            | OutcomeClass::Slow
            | OutcomeClass::ContentRejected
            | OutcomeClass::ClientError
            | OutcomeClass::Cancelled => {}
        }
        self.window.record(mark, now);
        let tally = self.window.tally(now);
        let kind = seen.kind.filter(|_| !seen.perhaps_of_call);
        let verdict = Verdict { mark, kind, probe: seen.probe, tally };
        let change = self.breaker.observe(verdict, now);
        if change == Some(BreakerChange::Closed) {
            // What happened before the outage's end must not open it again.
            self.window.clear();
        }
        change
    }

    /// Another credential is in use: a route that the provider closed to the last one may be probed
    /// at once.
    pub fn credential_changed(&mut self) {
        self.breaker.credential_changed();
    }

    fn gate(&self, now: Timestamp) -> Gate {
        match (self.breaker.gate(now), self.hold.until(now)) {
            (Gate::Open | Gate::ProbeDue, Some(until)) => Gate::Held { until },
            (gate, _) => gate,
        }
    }

    fn learn_latency(&mut self, mark: Mark, seen: &Observation, now: Timestamp) {
        match (mark, seen.first_token) {
            (Mark::Good | Mark::Neutral, Some(sample)) => self.latency.served(sample, now),
            (Mark::Good | Mark::Neutral, None) => {}
            (Mark::Half | Mark::Bad, _) => {
                let hint = seen.retry_after.unwrap_or_default().min(Defaults::HINT_MAX);
                self.latency.failed(hint.max(Defaults::FAILURE_PENALTY), now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vocab::failure::Limit;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_micros(1_800_000_000_000_000).after(Duration::from_secs(seconds))
    }

    fn seen(class: OutcomeClass) -> Observation {
        Observation {
            class,
            kind: None,
            perhaps_of_call: false,
            first_token: None,
            retry_after: None,
            probe: false,
        }
    }

    fn failed(kind: FailureKind) -> Observation {
        Observation { kind: Some(kind), ..seen(kind.class()) }
    }

    fn call(
        route: &mut RouteHealth,
        outcome: Observation,
        now: Timestamp,
    ) -> Option<BreakerChange> {
        let probe = match route.begin(now) {
            Admit::Open => false,
            Admit::Probe => true,
            Admit::Refused => panic!("refused: {:?}", route.view(now)),
        };
        route.observe(&Observation { probe, ..outcome }, now)
    }

    #[test]
    fn a_fresh_route_looks_as_it_says() {
        assert_eq!(RouteHealth::new(1).view(at(0)), HealthView::fresh());
    }

    #[test]
    fn refusals_and_departed_callers_are_outcomes_and_never_count() {
        let mut route = RouteHealth::new(1);
        for kind in [
            FailureKind::BadRequest,
            FailureKind::ContextTooLong,
            FailureKind::TooLarge,
            FailureKind::ContentBlocked,
            FailureKind::Cancelled,
        ] {
            (0..20).for_each(|_| assert_eq!(call(&mut route, failed(kind), at(0)), None));
        }
        assert_eq!(route.view(at(0)), HealthView::fresh());
    }

    #[test]
    fn a_rejection_that_is_perhaps_of_the_call_counts_as_any_hard_failure() {
        let rejected = failed(FailureKind::CredentialRejected);
        let perhaps = Observation { perhaps_of_call: true, ..rejected };
        let cause = |change| match change {
            Some(BreakerChange::Opened { cause, .. }) => Some(cause),
            _ => None,
        };
        let mut route = RouteHealth::new(1);
        for round in 1..=5 {
            let change = call(&mut route, perhaps, at(0));
            assert_eq!(cause(change), (round == 5).then_some(OpenCause::FailuresInRow));
        }
        let mut route = RouteHealth::new(1);
        assert_eq!(cause(call(&mut route, rejected, at(0))), Some(OpenCause::Credential));
    }

    #[test]
    fn a_callers_flood_of_bad_requests_does_not_hide_failures() {
        let mut route = RouteHealth::new(1);
        for round in 0..5 {
            call(&mut route, failed(FailureKind::BadRequest), at(0));
            let change = call(&mut route, failed(FailureKind::Broken), at(0));
            assert_eq!(change.is_some(), round == 4);
        }
    }

    #[test]
    fn throttled_without_a_hint_is_held_for_a_second_and_not_broken() {
        let mut route = RouteHealth::new(1);
        call(&mut route, failed(FailureKind::RateLimited), at(0));
        assert_eq!(route.view(at(0)).gate, Gate::Held { until: at(1) });
        assert_eq!(route.begin(at(0)), Admit::Refused);
        assert_eq!(route.view(at(0)).in_flight, 0, "a refusal counts nothing");
        assert_eq!(route.begin(at(1)), Admit::Open);
    }

    #[test]
    fn throttling_alone_never_opens_a_breaker() {
        let mut route = RouteHealth::new(1);
        (0..100).for_each(|_| {
            let _ = route.begin(at(0));
            assert_eq!(route.observe(&failed(FailureKind::RateLimited), at(0)), None);
        });
        assert_eq!(route.view(at(0)).success, 0.5);
    }

    #[test]
    fn a_failed_reply_costs_five_seconds_or_its_hint_up_to_five_minutes() {
        let latency = |outcome: Observation| {
            let mut route = RouteHealth::new(1);
            call(&mut route, outcome, at(0));
            route.view(at(0)).first_token_seconds.unwrap()
        };
        let failed = failed(FailureKind::TimedOut(Limit::FirstToken));
        let hinted = |s| Observation { retry_after: Some(Duration::from_secs(s)), ..failed };
        assert_eq!(latency(failed), 5.0);
        assert_eq!(latency(hinted(2)), 5.0);
        assert_eq!(latency(hinted(20)), 20.0);
        assert_eq!(latency(hinted(9_999)), 300.0);
        let quick = Observation {
            first_token: Some(Duration::from_millis(120)),
            ..seen(OutcomeClass::Healthy)
        };
        assert_eq!(latency(quick), 0.12);
    }

    #[test]
    fn a_trickle_passes_an_open_breaker_and_leaves_it_open() {
        let mut route = RouteHealth::new(1);
        (0..5).for_each(|_| _ = call(&mut route, failed(FailureKind::Broken), at(0)));
        assert_eq!(route.begin(at(1)), Admit::Refused);
        assert_eq!(route.begin_trickle(at(1)), Admit::Open);
        assert_eq!(route.observe(&seen(OutcomeClass::Healthy), at(1)), None);
        assert!(matches!(route.view(at(1)).gate, Gate::Shut { .. }));
    }

    #[test]
    fn a_trickle_never_adds_a_second_probe_and_respects_a_hold() {
        let mut route = RouteHealth::new(1);
        (0..5).for_each(|_| _ = call(&mut route, failed(FailureKind::Broken), at(0)));
        assert_eq!(route.begin(at(10)), Admit::Probe);
        assert_eq!(route.begin_trickle(at(10)), Admit::Refused);
        let mut held = RouteHealth::new(1);
        call(&mut held, failed(FailureKind::Overloaded), at(0));
        assert_eq!(held.begin_trickle(at(0)), Admit::Refused);
    }

    #[test]
    fn calls_under_way_are_counted() {
        let mut route = RouteHealth::new(1);
        (0..3).for_each(|_| assert_eq!(route.begin(at(0)), Admit::Open));
        route.observe(&seen(OutcomeClass::Cancelled), at(0));
        assert_eq!(route.view(at(0)).in_flight, 2);
    }
}
