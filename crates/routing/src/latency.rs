//! First-token time of a route: a moving average, and above it the last peak, which is taken at
//! once and decays, so that one slow answer is noticed at once and forgotten within half a minute.
//!
//! The average itself is forgotten much more slowly. Were it to decay as fast as a peak, whichever
//! route was not used lately would look quickest, and at low rates weights would mean nothing.

use std::time::Duration;

use vocab::Timestamp;

use crate::Defaults;

/// All in seconds, as of `since`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latency {
    average: Option<f64>,
    /// How far the last peak is above the average.
    excess: f64,
    since: Timestamp,
}

impl Latency {
    /// A call was served in this time.
    pub(crate) fn served(&mut self, sample: Duration, now: Timestamp) {
        let sample = sample.as_secs_f64();
        let kept = self.kept(Defaults::LATENCY_DECAY, now);
        let average = self.average.map_or(sample, |past| past * kept + sample * (1.0 - kept));
        self.average = Some(average);
        self.peak(sample, kept, now);
    }

    /// A call failed and counts as this time. It says nothing about the average.
    pub(crate) fn failed(&mut self, penalty: Duration, now: Timestamp) {
        let kept = self.kept(Defaults::LATENCY_DECAY, now);
        self.peak(penalty.as_secs_f64(), kept, now);
    }

    /// The estimate in seconds; `None` while nothing is known, or only failures long ago.
    pub(crate) fn seconds(&self, now: Timestamp) -> Option<f64> {
        let excess = self.excess * self.kept(Defaults::LATENCY_DECAY, now);
        match self.average {
            Some(average) => Some(average * self.kept(Defaults::LATENCY_FORGOTTEN, now) + excess),
            None if excess < ASSUMED => None,
            None => Some(ASSUMED + excess),
        }
    }

    fn peak(&mut self, value: f64, kept: f64, now: Timestamp) {
        let above = value - self.average.unwrap_or(ASSUMED);
        self.excess = (self.excess * kept).max(above);
        self.since = now;
    }

    fn kept(&self, decay: Duration, now: Timestamp) -> f64 {
        (-now.since(self.since).as_secs_f64() / decay.as_secs_f64()).exp()
    }
}

const ASSUMED: f64 = Defaults::FIRST_TOKEN_ASSUMED.as_secs_f64();

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_micros(0).after(Duration::from_secs(seconds))
    }

    fn served(millis: u64) -> Latency {
        let mut latency = Latency::default();
        latency.served(Duration::from_millis(millis), at(0));
        latency
    }

    fn about(seconds: Option<f64>, expected: f64) {
        let seconds = seconds.unwrap();
        assert!((seconds / expected - 1.0).abs() < 0.05, "{seconds}, not {expected}");
    }

    #[test]
    fn a_peak_is_taken_at_once_and_decays_over_ten_seconds() {
        let mut latency = served(200);
        latency.served(Duration::from_secs(5), at(0));
        assert_eq!(latency.seconds(at(0)), Some(5.0));
        about(latency.seconds(at(10)), 0.2 + 4.8 * (-1.0_f64).exp());
        about(latency.seconds(at(60)), 0.193);
    }

    #[test]
    fn the_average_follows_lasting_change() {
        let mut latency = served(200);
        (1..60).for_each(|second| latency.served(Duration::from_secs(2), at(second)));
        about(latency.seconds(at(59)), 2.0);
        (60..120).for_each(|second| latency.served(Duration::from_millis(100), at(second)));
        about(latency.seconds(at(119)), 0.105);
    }

    #[test]
    fn a_failure_leaves_the_average_alone() {
        let mut latency = served(200);
        latency.failed(Duration::from_secs(5), at(1));
        about(latency.seconds(at(1)), 5.0);
        about(latency.seconds(at(61)), 0.193);
    }

    #[test]
    fn an_avoided_route_looks_better_with_time_so_that_it_is_tried_again() {
        assert!(served(2_000).seconds(at(3_600)).unwrap() < 0.01);
    }

    #[test]
    fn only_failures_long_ago_are_no_knowledge() {
        let mut latency = Latency::default();
        assert_eq!(latency.seconds(at(0)), None);
        latency.failed(Duration::from_secs(5), at(0));
        assert_eq!(latency.seconds(at(0)), Some(5.0));
        assert_eq!(latency.seconds(at(60)), None);
    }

    #[test]
    fn a_clock_set_back_leaves_a_number_that_decays_on() {
        let mut latency = Latency::default();
        latency.failed(Duration::from_secs(5), at(100));
        latency.served(Duration::from_secs(1), at(0));
        assert!(latency.seconds(at(0)).unwrap() <= 5.5);
        assert!(latency.seconds(at(60)).unwrap() < 1.0);
    }
}
