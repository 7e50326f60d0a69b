//! The breaker of one route: closed, open for a while, half-open with one probe at a time.
//!
//! RTE-3: in half-open at most one probe is out, and only good probes close it. An open breaker
//! always becomes half-open in the end: its wait is bounded, and so is the wait for a probe.

use std::time::Duration;

use vocab::{FailureKind, Timestamp};

use crate::{
    Admit, Defaults, Gate, hold::doubled, mark::Mark, noise::Noise, pause::Pause, window::Tally,
};

/// Why a breaker opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpenCause {
    /// Too many hard failures in a row.
    FailuresInRow,
    /// Too small a part of the window succeeded.
    LowSuccess,
    /// A probe failed, be it by a 429.
    ProbeFailed,
    /// The provider does not accept our credential: somebody must act.
    Credential,
    /// The account's quota or credit is spent: somebody must act.
    Quota,
}

impl OpenCause {
    /// The stable name used in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailuresInRow => "failures_in_row",
            Self::LowSuccess => "low_success",
            Self::ProbeFailed => "probe_failed",
            Self::Credential => "credential",
            Self::Quota => "quota",
        }
    }

    /// Whether time alone does not mend it; an alarm is due.
    #[must_use]
    pub const fn needs_a_person(self) -> bool {
        match self {
            Self::Credential | Self::Quota => true,
            Self::FailuresInRow | Self::LowSuccess | Self::ProbeFailed => false,
        }
    }

    const fn of_account(kind: Option<FailureKind>) -> Option<Self> {
        match kind {
            Some(FailureKind::CredentialRejected) => Some(Self::Credential),
            Some(FailureKind::QuotaSpent) => Some(Self::Quota),
            Some(
                FailureKind::BadRequest
                | FailureKind::ContextTooLong
                | FailureKind::ContentBlocked
                | FailureKind::TooLarge
                | FailureKind::ModelMissing
                | FailureKind::RateLimited
                | FailureKind::Overloaded
                | FailureKind::TimedOut(_)
                | FailureKind::Unreachable
                | FailureKind::Reset
                | FailureKind::Broken
                | FailureKind::Cut
                | FailureKind::Cancelled,
            )
            | None => None,
        }
    }
}

/// What an observation did to a breaker; worth a log line and a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerChange {
    /// It opened, or opened again after a probe.
    Opened {
        /// Why.
        cause: OpenCause,
        /// When the next probe is due.
        until: Timestamp,
    },
    /// Enough probes were good: the route is back, with a slow start.
    Closed,
}

/// The breaker of one route.
#[derive(Debug, Clone)]
pub(crate) struct Breaker {
    state: State,
    /// Times it opened without staying closed for a slow start in between.
    opens: u32,
    /// The slow start after it last closed.
    ramp: Option<Pause>,
    noise: Noise,
}

#[derive(Debug, Clone)]
enum State {
    Closed { failures: u32 },
    Open { pause: Pause, cause: OpenCause },
    HalfOpen { probe: Option<Pause>, good: u32 },
}

/// One outcome, as the breaker counts it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict {
    pub(crate) mark: Mark,
    pub(crate) kind: Option<FailureKind>,
    pub(crate) probe: bool,
    pub(crate) tally: Tally,
}

impl Breaker {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: State::Closed { failures: 0 }, opens: 0, ramp: None, noise: Noise::new(seed) }
    }

    pub(crate) fn gate(&self, now: Timestamp) -> Gate {
        match &self.state {
            State::Closed { .. } => Gate::Open,
            State::Open { pause, .. } if pause.over(now) => Gate::ProbeDue,
            State::Open { pause, cause } => Gate::Shut { cause: *cause, until: pause.until() },
            State::HalfOpen { probe, .. } => match probe {
                Some(lease) if !lease.over(now) => Gate::Probing,
                Some(_) | None => Gate::ProbeDue,
            },
        }
    }

    /// The share of its traffic that a route may take, from the first step of a slow start to 1.
    pub(crate) fn share(&self, now: Timestamp) -> f64 {
        let first = Defaults::SLOW_START_FIRST;
        self.ramp.map_or(1.0, |ramp| first + (1.0 - first) * ramp.passed(now))
    }

    pub(crate) fn begin(&mut self, now: Timestamp) -> Admit {
        match self.gate(now) {
            Gate::Open => Admit::Open,
            Gate::ProbeDue => {
                let good = match self.state {
                    State::HalfOpen { good, .. } => good,
                    State::Closed { .. } | State::Open { .. } => 0,
                };
                let lease = Pause::new(now, Defaults::PROBE_LEASE);
                self.state = State::HalfOpen { probe: Some(lease), good };
                Admit::Probe
            }
            Gate::Probing | Gate::Shut { .. } | Gate::Held { .. } => Admit::Refused,
        }
    }

    pub(crate) fn observe(&mut self, verdict: Verdict, now: Timestamp) -> Option<BreakerChange> {
        match self.state {
            State::Closed { failures } => self.observe_closed(failures, verdict, now),
            // Results of calls that left before it opened say nothing new.
            State::Open { .. } => None,
            State::HalfOpen { probe, good } if verdict.probe && probe.is_some() => {
                self.observe_probe(good, verdict, now)
            }
            State::HalfOpen { .. } => None,
        }
    }

    fn observe_closed(
        &mut self,
        failures: u32,
        verdict: Verdict,
        now: Timestamp,
    ) -> Option<BreakerChange> {
        let failures = match verdict.mark {
            Mark::Good => 0,
            Mark::Bad => failures.saturating_add(1),
            // A 429 or a caller's error neither adds to the row nor breaks it.
            Mark::Half | Mark::Neutral => failures,
        };
        self.state = State::Closed { failures };
        if verdict.mark != Mark::Bad {
            return None;
        }
        let tally = verdict.tally;
        let low = tally.samples >= Defaults::SAMPLES_MIN && tally.success() < Defaults::SUCCESS_MIN;
        let cause = match OpenCause::of_account(verdict.kind) {
            Some(cause) => cause,
            None if failures >= Defaults::FAILURES_IN_ROW => OpenCause::FailuresInRow,
            None if low => OpenCause::LowSuccess,
            None => return None,
        };
        // Hysteresis: what opens again within its slow start stays open for longer.
        if self.ramp.is_none_or(|ramp| ramp.over(now)) {
            self.opens = 0;
        }
        Some(self.open(cause, now))
    }

    fn observe_probe(
        &mut self,
        good: u32,
        verdict: Verdict,
        now: Timestamp,
    ) -> Option<BreakerChange> {
        match verdict.mark {
            Mark::Good if good + 1 >= Defaults::PROBES_TO_CLOSE => {
                self.state = State::Closed { failures: 0 };
                self.ramp = Some(Pause::new(now, Defaults::SLOW_START));
                Some(BreakerChange::Closed)
            }
            Mark::Good => {
                self.state = State::HalfOpen { probe: None, good: good + 1 };
                None
            }
            // The caller's own error, or it left: no verdict, so the next request probes again.
            Mark::Neutral => {
                self.state = State::HalfOpen { probe: None, good };
                None
            }
            // RTE-3: a 429 fails a probe.
            Mark::Half | Mark::Bad => {
                let account = OpenCause::of_account(verdict.kind);
                Some(self.open(account.unwrap_or(OpenCause::ProbeFailed), now))
            }
        }
    }

    fn open(&mut self, cause: OpenCause, now: Timestamp) -> BreakerChange {
        let (first, max) = if cause.needs_a_person() {
            (Defaults::ACCOUNT_FIRST, Defaults::ACCOUNT_MAX)
        } else {
            (Defaults::OPEN_FIRST, Defaults::OPEN_MAX)
        };
        let length = self.jittered(doubled(first, self.opens, max));
        self.opens = self.opens.saturating_add(1);
        let pause = Pause::new(now, length);
        self.state = State::Open { pause, cause };
        BreakerChange::Opened { cause, until: pause.until() }
    }

    /// `length` × (1 ± jitter), evenly spread.
    fn jittered(&mut self, length: Duration) -> Duration {
        let milli = self.noise.draw() % (2 * Defaults::JITTER_MILLI + 1);
        let milli = u32::try_from(1_000 - Defaults::JITTER_MILLI + milli).unwrap_or(1_000);
        length * milli / 1_000
    }
}
