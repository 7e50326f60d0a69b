//! What happened on a route lately: exact counts in a ring of slots.

use vocab::Timestamp;

use crate::{Defaults, mark::Mark};

/// Slots of the ring: the wide window.
const SLOTS: usize = 30;
const _: () = assert!(SLOTS == 30 && Defaults::SLOTS_WIDE == 30);

/// Samples that one slot counts at most, so that no sum overflows.
const SLOT_SAMPLES_MAX: u32 = u32::MAX / 64;

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Which slot of time this is; slots of other times are stale and count for nothing.
    number: i64,
    samples: u32,
    /// Failures in halves: a hard one is two, a throttled one is one.
    halves: u32,
}

/// The window of one route.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    slots: [Slot; SLOTS],
}

/// Counts of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) samples: u32,
    pub(crate) halves: u32,
}

impl Tally {
    /// The part that went well, from 0 to 1; 1 without samples.
    pub(crate) fn success(self) -> f64 {
        if self.samples == 0 {
            return 1.0;
        }
        (1.0 - f64::from(self.halves) / (2.0 * f64::from(self.samples))).max(0.0)
    }
}

impl Window {
    pub(crate) fn record(&mut self, mark: Mark, now: Timestamp) {
        let halves = match mark {
            Mark::Neutral => return,
            Mark::Good => 0,
            Mark::Half => 1,
            Mark::Bad => 2,
        };
        let number = number(now);
        let place = usize::try_from(number.rem_euclid(Defaults::SLOTS_WIDE)).unwrap_or(0);
        let Some(slot) = self.slots.get_mut(place) else { return };
        if slot.number != number {
            *slot = Slot { number, ..Slot::default() };
        }
        if slot.samples < SLOT_SAMPLES_MAX {
            slot.samples += 1;
            slot.halves += halves;
        }
    }

    /// The narrow window, or the wide one if that has too few samples.
    pub(crate) fn tally(&self, now: Timestamp) -> Tally {
        let number = number(now);
        let (mut narrow, mut wide) = (Tally::default(), Tally::default());
        // Without branches, because each request reads the windows of all its routes.
        for slot in &self.slots {
            // A slot of the future has a huge age, so it is in neither window.
            let age = number.wrapping_sub(slot.number).cast_unsigned();
            wide.add(slot, u32::from(age < Defaults::SLOTS_WIDE.cast_unsigned()));
            narrow.add(slot, u32::from(age < Defaults::SLOTS_NARROW.cast_unsigned()));
        }
        if narrow.samples >= Defaults::SAMPLES_MIN { narrow } else { wide }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Tally {
    /// Adds the slot `times` times: once or not at all.
    fn add(&mut self, slot: &Slot, times: u32) {
        self.samples += slot.samples * times;
        self.halves += slot.halves * times;
    }
}

fn number(now: Timestamp) -> i64 {
    const SLOT_MICROS: i64 = 2_000_000;
    const _: () = assert!(Defaults::SLOT.as_micros() == 2_000_000);
    now.unix_micros().div_euclid(SLOT_MICROS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_micros(1_800_000_000_000_000).after(Duration::from_secs(seconds))
    }

    #[test]
    fn what_counts_is_one_half_or_nothing() {
        let mut window = Window::default();
        for mark in [Mark::Good, Mark::Half, Mark::Bad, Mark::Neutral] {
            window.record(mark, at(0));
        }
        let tally = window.tally(at(0));
        assert_eq!(tally, Tally { samples: 3, halves: 3 });
        assert_eq!(tally.success(), 0.5);
    }

    #[test]
    fn the_window_is_twenty_seconds_when_it_has_ten_samples() {
        let mut window = Window::default();
        (0..20).for_each(|_| window.record(Mark::Bad, at(0)));
        (0..10).for_each(|_| window.record(Mark::Good, at(20)));
        assert_eq!(window.tally(at(20)).success(), 1.0, "the failures have left the narrow window");
    }

    #[test]
    fn under_ten_samples_the_window_widens_to_a_minute() {
        let mut window = Window::default();
        (0..5).for_each(|_| window.record(Mark::Bad, at(0)));
        (0..5).for_each(|_| window.record(Mark::Good, at(30)));
        assert_eq!(window.tally(at(58)), Tally { samples: 10, halves: 10 });
        assert_eq!(window.tally(at(60)).samples, 5, "after a minute they are forgotten");
    }

    #[test]
    fn a_clock_set_back_hides_the_future_and_counts_on() {
        let mut window = Window::default();
        window.record(Mark::Bad, at(3_600));
        assert_eq!(window.tally(at(0)).samples, 0);
        window.record(Mark::Good, at(0));
        assert_eq!(window.tally(at(0)).samples, 1);
        window.record(Mark::Good, Timestamp::from_unix_micros(i64::MIN));
        window.record(Mark::Good, Timestamp::from_unix_micros(i64::MAX));
    }
}
