//! What was answered within a window.

use std::time::Duration;

use anyhow::{Result, bail};
use hdrhistogram::Histogram;

use super::connection::Seen;

/// Failed requests before a run is given up.
const FAILED_MAX: u64 = 500;
/// The longest latency told apart from longer ones.
const LATENCY_MAX_NS: u64 = 60_000_000_000;

/// Counts and latencies of one window.
pub(crate) struct Tally {
    /// Answers that ended and were as they should be.
    pub answers: u64,
    /// Events that ended, of answers that ended or not.
    pub events: u64,
    /// Requests that were not answered as they should be.
    pub failed: u64,
    /// What went wrong with the first of them.
    pub fault: Option<String>,
    whole: Histogram<u64>,
    first: Histogram<u64>,
}

impl Tally {
    /// Nothing yet. Latencies are kept to three digits.
    pub(super) fn new() -> Result<Self> {
        let latencies = Histogram::new_with_bounds(1, LATENCY_MAX_NS, 3)?;
        Ok(Self {
            answers: 0,
            events: 0,
            failed: 0,
            fault: None,
            first: latencies.clone(),
            whole: latencies,
        })
    }

    pub(super) fn saw(&mut self, seen: &Seen) {
        self.events += seen.events;
        if seen.first {
            self.first.saturating_record(nanoseconds(seen.since_due));
        }
    }

    pub(super) fn answered(&mut self, since_due: Duration) {
        self.answers += 1;
        self.whole.saturating_record(nanoseconds(since_due));
    }

    pub(super) fn fail(&mut self, fault: &str) -> Result<()> {
        self.failed += 1;
        if self.fault.is_none() {
            self.fault = Some(fault.to_owned());
        }
        if self.failed > FAILED_MAX {
            let fault = self.fault.as_deref().unwrap_or_default();
            bail!("{} requests failed, the first with: {fault}", self.failed);
        }
        Ok(())
    }

    /// Microseconds from when a request was due to the last byte of its answer.
    pub(crate) fn whole_us(&self, quantile: f64) -> f64 {
        microseconds(&self.whole, quantile)
    }

    /// Microseconds from when a request was due to the first byte of its answer's body.
    pub(crate) fn first_us(&self, quantile: f64) -> f64 {
        microseconds(&self.first, quantile)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).max(1)
}

#[expect(clippy::cast_precision_loss, reason = "a minute in nanoseconds is exact in an f64")]
fn microseconds(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}
