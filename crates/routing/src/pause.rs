//! A span of waiting that ends, whatever the clock does.

use std::time::Duration;

use vocab::Timestamp;

use crate::Defaults;

/// From one time until another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    from: Timestamp,
    until: Timestamp,
}

impl Pause {
    pub(crate) fn new(now: Timestamp, length: Duration) -> Self {
        Self { from: now, until: now.after(length) }
    }

    pub(crate) const fn until(self) -> Timestamp {
        self.until
    }

    /// Whether it has ended. A clock set back ends it too: see [`Defaults::CLOCK_SLACK`].
    pub(crate) fn over(self, now: Timestamp) -> bool {
        now >= self.until || self.from.since(now) > Defaults::CLOCK_SLACK
    }

    /// How much of it has passed, from 0 to 1.
    pub(crate) fn passed(self, now: Timestamp) -> f64 {
        if self.over(now) {
            return 1.0;
        }
        // Not over, so `until` is after `from` and the length is not zero.
        now.since(self.from).as_secs_f64() / self.until.since(self.from).as_secs_f64()
    }

    /// The one that ends later.
    pub(crate) fn later(self, other: Self) -> Self {
        if other.until > self.until { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_ends_the_wait() {
        let start = Timestamp::from_unix_micros(1_000_000_000);
        let pause = Pause::new(start, Duration::from_secs(10));
        assert!(!pause.over(start.after(Duration::from_secs(9))));
        assert!(pause.over(start.after(Duration::from_secs(10))));
        assert!(!pause.over(Timestamp::from_unix_micros(999_500_000)), "half a second is disorder");
        assert!(pause.over(Timestamp::from_unix_micros(0)), "more is a clock set back");
    }

    #[test]
    fn the_passed_part_runs_from_zero_to_one() {
        let start = Timestamp::from_unix_micros(0);
        let pause = Pause::new(start, Duration::from_secs(10));
        let passed = [0, 5, 10, 99].map(|s| pause.passed(start.after(Duration::from_secs(s))));
        assert_eq!(passed, [0.0, 0.5, 1.0, 1.0]);
        assert_eq!(Pause::new(start, Duration::ZERO).passed(start), 1.0);
    }
}
