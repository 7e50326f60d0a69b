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
        match (&self.state, self.ramp) {
            (State::Closed { .. }, Some(ramp)) => first + (1.0 - first) * ramp.passed(now),
            (State::Closed { .. }, None) | (State::Open { .. } | State::HalfOpen { .. }, _) => 1.0,
        }
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

    /// Another credential is in use: what opened for the last one may be probed at once. How often
    /// it opened is not forgotten.
    pub(crate) fn credential_changed(&mut self) {
        if let State::Open { cause: OpenCause::Credential, .. } = self.state {
            self.state = State::HalfOpen { probe: None, good: 0 };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        let start = Timestamp::from_unix_micros(1_800_000_000_000_000);
        start.after(Duration::from_secs_f64(seconds))
    }

    fn verdict(mark: Mark, probe: bool) -> Verdict {
        Verdict { mark, kind: None, probe, tally: Tally::default() }
    }

    fn opened(change: Option<BreakerChange>) -> (OpenCause, Timestamp) {
        match change {
            Some(BreakerChange::Opened { cause, until }) => (cause, until),
            other => panic!("{other:?}"),
        }
    }

    /// A breaker that five failures opened at 0, and when its probe is due.
    fn broken(seed: u64) -> (Breaker, Timestamp) {
        let mut breaker = Breaker::new(seed);
        for _ in 0..4 {
            assert_eq!(breaker.observe(verdict(Mark::Bad, false), at(0.0)), None);
        }
        let (cause, until) = opened(breaker.observe(verdict(Mark::Bad, false), at(0.0)));
        assert_eq!(cause, OpenCause::FailuresInRow);
        (breaker, until)
    }

    fn probe(breaker: &mut Breaker, mark: Mark, now: Timestamp) -> Option<BreakerChange> {
        assert_eq!(breaker.begin(now), Admit::Probe);
        breaker.observe(verdict(mark, true), now)
    }

    fn account(cause: FailureKind) -> Verdict {
        Verdict { kind: Some(cause), ..verdict(Mark::Bad, false) }
    }

    #[test]
    fn another_credential_is_probed_at_once_and_other_troubles_wait() {
        for (kind, gate) in [
            (FailureKind::CredentialRejected, Some(Gate::ProbeDue)),
            (FailureKind::QuotaSpent, None),
        ] {
            let mut breaker = Breaker::new(1);
            let rejected = Verdict { kind: Some(kind), ..verdict(Mark::Bad, false) };
            breaker.observe(rejected, at(0.0));
            let shut = breaker.gate(at(1.0));
            breaker.credential_changed();
            assert_eq!(breaker.gate(at(1.0)), gate.unwrap_or(shut));
        }
    }

    #[test]
    fn five_hard_failures_in_a_row_open_it_for_five_seconds_give_or_take_a_fifth() {
        let mut lengths = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let (breaker, until) = broken(seed);
            let length = until.since(at(0.0));
            assert!((4_000..=6_000).contains(&length.as_millis()), "{length:?}");
            lengths.insert(length);
            assert!(matches!(breaker.gate(at(3.9)), Gate::Shut { .. }));
            assert_eq!(breaker.gate(until), Gate::ProbeDue);
        }
        assert!(lengths.len() > 100, "gateways must not probe in step");
    }

    #[test]
    fn a_success_breaks_the_row_and_a_429_does_not() {
        let mut breaker = Breaker::new(1);
        for mark in [Mark::Bad, Mark::Bad, Mark::Bad, Mark::Bad, Mark::Good] {
            assert_eq!(breaker.observe(verdict(mark, false), at(0.0)), None);
        }
        for mark in [Mark::Bad, Mark::Bad, Mark::Half, Mark::Neutral, Mark::Bad, Mark::Bad] {
            assert_eq!(breaker.observe(verdict(mark, false), at(0.0)), None);
        }
        let change = breaker.observe(verdict(Mark::Bad, false), at(0.0));
        assert_eq!(opened(change).0, OpenCause::FailuresInRow);
    }

    #[test]
    fn success_under_one_half_of_ten_opens_it() {
        let low = |samples, halves| Verdict {
            tally: Tally { samples, halves },
            ..verdict(Mark::Bad, false)
        };
        assert_eq!(Breaker::new(1).observe(low(9, 18), at(0.0)), None, "nine say nothing");
        assert_eq!(Breaker::new(1).observe(low(10, 10), at(0.0)), None, "half is enough");
        let change = Breaker::new(1).observe(low(10, 11), at(0.0));
        assert_eq!(opened(change).0, OpenCause::LowSuccess);
    }

    #[test]
    fn open_times_double_to_a_minute() {
        let (mut breaker, mut until) = broken(7);
        let mut lengths = Vec::new();
        for _ in 0..6 {
            let start = until;
            until = opened(probe(&mut breaker, Mark::Bad, start)).1;
            lengths.push(until.since(start).as_secs_f64());
        }
        for (length, nominal) in lengths.iter().zip([10.0, 20.0, 40.0, 60.0, 60.0, 60.0]) {
            assert!((length / nominal - 1.0).abs() <= 0.2, "{lengths:?}");
        }
    }

    #[test]
    fn one_probe_at_a_time_and_three_good_ones_close_it() {
        let (mut breaker, due) = broken(1);
        assert_eq!(breaker.begin(due), Admit::Probe);
        assert_eq!(breaker.begin(due), Admit::Refused);
        assert_eq!(breaker.gate(due), Gate::Probing);
        assert_eq!(breaker.observe(verdict(Mark::Good, true), due), None);
        assert_eq!(probe(&mut breaker, Mark::Good, due), None);
        assert_eq!(probe(&mut breaker, Mark::Good, due), Some(BreakerChange::Closed));
        assert_eq!(breaker.gate(due), Gate::Open);
    }

    #[test]
    fn a_429_fails_a_probe() {
        let (mut breaker, due) = broken(1);
        probe(&mut breaker, Mark::Good, due);
        probe(&mut breaker, Mark::Good, due);
        assert_eq!(opened(probe(&mut breaker, Mark::Half, due)).0, OpenCause::ProbeFailed);
    }

    #[test]
    fn a_probe_without_a_verdict_gives_its_place_to_the_next() {
        let (mut breaker, due) = broken(1);
        assert_eq!(probe(&mut breaker, Mark::Neutral, due), None);
        assert_eq!(breaker.gate(due), Gate::ProbeDue);
    }

    #[test]
    fn a_lost_probe_is_given_up_after_the_longest_request() {
        let (mut breaker, due) = broken(1);
        assert_eq!(breaker.begin(due), Admit::Probe);
        assert_eq!(
            breaker.begin(due.after(Defaults::TOTAL - Duration::from_secs(1))),
            Admit::Refused
        );
        assert_eq!(breaker.begin(due.after(Defaults::TOTAL)), Admit::Probe);
    }

    #[test]
    fn late_results_of_ordinary_calls_move_neither_open_nor_half_open() {
        let (mut breaker, due) = broken(1);
        assert_eq!(breaker.observe(verdict(Mark::Good, false), at(1.0)), None);
        assert_eq!(breaker.begin(due), Admit::Probe);
        for mark in [Mark::Good, Mark::Bad, Mark::Good, Mark::Good] {
            assert_eq!(breaker.observe(verdict(mark, false), due), None);
        }
        assert_eq!(breaker.gate(due), Gate::Probing);
    }

    #[test]
    fn a_rejected_credential_or_spent_account_rests_from_a_minute_to_an_hour() {
        for (kind, cause) in [
            (FailureKind::CredentialRejected, OpenCause::Credential),
            (FailureKind::QuotaSpent, OpenCause::Quota),
        ] {
            let mut breaker = Breaker::new(3);
            let (seen, mut until) = opened(breaker.observe(account(kind), at(0.0)));
            assert_eq!(seen, cause);
            assert!(cause.needs_a_person());
            assert!((48_000..=72_000).contains(&until.since(at(0.0)).as_millis()));
            for _ in 0..8 {
                let start = until;
                assert_eq!(breaker.begin(start), Admit::Probe);
                let failed = Verdict { probe: true, ..account(kind) };
                until = opened(breaker.observe(failed, start)).1;
                assert!(until.since(start).as_secs() <= 4_320, "an hour and a fifth");
            }
        }
    }

    #[test]
    fn a_route_returns_from_a_tenth_to_all_in_a_minute() {
        let (mut breaker, due) = broken(1);
        (0..3).for_each(|_| _ = probe(&mut breaker, Mark::Good, due));
        let share = |s| breaker.share(due.after(Duration::from_secs(s)));
        assert_eq!(share(0), 0.1);
        assert!((share(30) - 0.55).abs() < 1e-9);
        assert_eq!(share(60), 1.0);
    }

    #[test]
    fn what_opens_again_in_its_slow_start_stays_open_for_longer() {
        let reopened = |wait: f64| {
            let (mut breaker, due) = broken(1);
            (0..3).for_each(|_| _ = probe(&mut breaker, Mark::Good, due));
            let now = due.after(Duration::from_secs_f64(wait));
            let mut change = None;
            (0..5).for_each(|_| change = breaker.observe(verdict(Mark::Bad, false), now));
            opened(change).1.since(now).as_secs_f64()
        };
        assert!(reopened(59.0) >= 8.0);
        assert!(reopened(61.0) <= 6.0);
    }

    #[test]
    fn a_clock_set_back_does_not_keep_it_open() {
        let (mut breaker, _) = broken(1);
        assert_eq!(breaker.begin(Timestamp::from_unix_micros(0)), Admit::Probe);
    }
}
