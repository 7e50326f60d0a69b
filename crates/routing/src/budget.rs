//! How many retries a pool may make: a bucket that successes fill slowly (R5, RTE-2).

use std::sync::atomic::{AtomicU32, Ordering};

use crate::Defaults;

/// Retries left, counted in the successes that earn one. Shared between requests without a lock.
#[derive(Debug)]
pub struct RetryBudget {
    earned: AtomicU32,
}

const PRICE: u32 = Defaults::SUCCESSES_PER_RETRY;
const FULL: u32 = Defaults::RETRIES_MAX * PRICE;

impl RetryBudget {
    /// A full budget.
    #[must_use]
    pub const fn new() -> Self {
        Self { earned: AtomicU32::new(FULL) }
    }

    /// A request was served.
    pub fn earn(&self) {
        // Relaxed throughout: the count guards nothing but itself.
        let more = |earned: u32| (earned < FULL).then(|| earned + 1);
        let _ = self.earned.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Takes one retry; `false` when none is left.
    #[must_use]
    pub fn spend(&self) -> bool {
        let less = |earned: u32| earned.checked_sub(PRICE);
        self.earned.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    /// Gives back a retry that was taken and not made.
    pub(crate) fn refund(&self) {
        let more = |earned: u32| Some(earned.saturating_add(PRICE).min(FULL));
        let _ = self.earned.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Whole retries left, for metrics.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.earned.load(Ordering::Relaxed) / PRICE
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_holds_fifty_retries_and_ten_successes_earn_one() {
        let budget = RetryBudget::new();
        budget.earn();
        assert_eq!((0..60).filter(|_| budget.spend()).count(), 50, "a full bucket takes no more");
        (0..9).for_each(|_| budget.earn());
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend());
        assert!(!budget.spend());
    }
}
