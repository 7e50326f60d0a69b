//! First-token time of a route: a moving average that jumps to each peak and decays from it, so
//! that one slow answer is noticed at once and forgotten slowly.

use std::time::Duration;

use vocab::Timestamp;

use crate::Defaults;

/// Peak-sensitive moving average, in seconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latency {
    peak: Option<(f64, Timestamp)>,
}

impl Latency {
    pub(crate) fn record(&mut self, sample: Duration, now: Timestamp) {
        let sample = sample.as_secs_f64();
        let value = match self.peak {
            Some((peak, since)) if sample < peak => {
                let kept = kept(since, now);
                peak * kept + sample * (1.0 - kept)
            }
            Some(_) | None => sample,
        };
        self.peak = Some((value, now));
    }

    /// The estimate in seconds. Without news it decays, so that an avoided route is tried again.
    pub(crate) fn seconds(&self, now: Timestamp) -> f64 {
        let floor = Defaults::FIRST_TOKEN_FLOOR.as_secs_f64();
        match self.peak {
            Some((peak, since)) => (peak * kept(since, now)).max(floor),
            None => Defaults::FIRST_TOKEN_ASSUMED.as_secs_f64(),
        }
    }
}

fn kept(since: Timestamp, now: Timestamp) -> f64 {
    (-now.since(since).as_secs_f64() / Defaults::LATENCY_DECAY.as_secs_f64()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_micros(0).after(Duration::from_secs(seconds))
    }

    #[test]
    fn a_peak_is_taken_at_once_and_decays_over_ten_seconds() {
        let mut latency = Latency::default();
        latency.record(Duration::from_millis(200), at(0));
        latency.record(Duration::from_secs(5), at(0));
        assert_eq!(latency.seconds(at(0)), 5.0);
        let later = latency.seconds(at(10));
        assert!((1.83..1.85).contains(&later), "5 s ÷ e, but {later}");
    }

    #[test]
    fn good_samples_pull_it_down_by_the_time_between_them() {
        let mut latency = Latency::default();
        latency.record(Duration::from_secs(5), at(0));
        latency.record(Duration::from_millis(100), at(10));
        assert!((1.9..2.0).contains(&latency.seconds(at(10))));
    }

    #[test]
    fn a_clock_set_back_leaves_a_number() {
        let mut latency = Latency::default();
        latency.record(Duration::from_secs(5), at(100));
        latency.record(Duration::from_secs(1), at(0));
        assert_eq!(latency.seconds(at(0)), 5.0);
        assert!(latency.seconds(at(60)) < 0.1);
    }
}
