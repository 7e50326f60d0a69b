//! A route that asked for less is left alone for a while.

use std::time::Duration;

use vocab::Timestamp;

use crate::{Defaults, pause::Pause};

/// The hold of one route.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hold {
    pause: Option<Pause>,
    /// Holds without a hint since the last good answer.
    unhinted: u32,
}

impl Hold {
    /// Until when the route is held, if it is.
    pub(crate) fn until(&self, now: Timestamp) -> Option<Timestamp> {
        self.pause.filter(|pause| !pause.over(now)).map(Pause::until)
    }

    /// The provider asked for less, with or without a hint.
    pub(crate) fn throttled(&mut self, hint: Option<Duration>, now: Timestamp) {
        let held = self.until(now).is_some();
        let length = match hint {
            // So short that the request waits on the route; a hold would send others away for it.
            Some(hint) if hint <= Defaults::WAIT_ON_ROUTE => return,
            Some(hint) => hint.min(Defaults::HINT_MAX),
            // Requests that were in flight together tell the same news; it counts once.
            None if held => return,
            None => {
                let length = doubled(Defaults::HOLD_FIRST, self.unhinted, Defaults::HOLD_MAX);
                self.unhinted = self.unhinted.saturating_add(1);
                length
            }
        };
        let pause = Pause::new(now, length);
        let current = self.pause.filter(|pause| !pause.over(now));
        self.pause = Some(current.map_or(pause, |current| current.later(pause)));
    }

    /// A good answer: the next hold starts small again.
    pub(crate) fn served(&mut self) {
        self.unhinted = 0;
    }
}

/// `first` doubled `times` times, at most `max`.
pub(crate) fn doubled(first: Duration, times: u32, max: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times)).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_micros(0).after(Duration::from_millis(millis))
    }

    #[test]
    fn a_hint_up_to_half_a_second_is_no_hold() {
        let mut hold = Hold::default();
        hold.throttled(Some(Duration::from_millis(500)), at(0));
        assert_eq!(hold.until(at(0)), None);
    }

    #[test]
    fn a_longer_hint_holds_the_route_until_then() {
        let mut hold = Hold::default();
        hold.throttled(Some(Duration::from_secs(7)), at(0));
        hold.throttled(Some(Duration::from_secs(2)), at(100));
        assert_eq!(hold.until(at(6_999)), Some(at(7_000)), "a shorter one does not shorten it");
        assert_eq!(hold.until(at(7_000)), None);
    }

    #[test]
    fn an_absurd_hint_holds_for_five_minutes() {
        let mut hold = Hold::default();
        hold.throttled(Some(Duration::MAX), at(0));
        assert_eq!(hold.until(at(0)), Some(at(300_000)));
    }

    #[test]
    fn without_a_hint_holds_double_from_one_second_to_thirty() {
        let mut hold = Hold::default();
        let mut now = at(0);
        let mut lengths = Vec::new();
        for _ in 0..7 {
            hold.throttled(None, now);
            let until = hold.until(now).unwrap();
            lengths.push(until.since(now).as_secs());
            now = until;
        }
        assert_eq!(lengths, [1, 2, 4, 8, 16, 30, 30]);
        hold.served();
        hold.throttled(None, now);
        assert_eq!(hold.until(now).unwrap().since(now), Duration::from_secs(1));
    }

    #[test]
    fn news_of_requests_in_flight_together_counts_once() {
        let mut hold = Hold::default();
        (0..20).for_each(|_| hold.throttled(None, at(0)));
        assert_eq!(hold.until(at(0)), Some(at(1_000)));
    }
}
