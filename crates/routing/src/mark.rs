//! What counts as a failure, and how much (R3).

use vocab::OutcomeClass;

/// How an outcome counts towards a route's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Served.
    Good,
    /// Half a failure: the provider is well and asks for less.
    Half,
    /// A hard failure.
    Bad,
    /// Says nothing about the route: neither a failure nor a proof of health.
    Neutral,
}

impl Mark {
    /// The only place that says what counts.
    pub(crate) const fn of(class: OutcomeClass) -> Self {
        match class {
            OutcomeClass::Healthy => Self::Good,
            OutcomeClass::Throttled | OutcomeClass::Overloaded => Self::Half,
            OutcomeClass::Faulty | OutcomeClass::Slow => Self::Bad,
            // A refusal is an outcome. It is no sample at all, so that one caller's flood of bad
            // requests, or of cancelled ones, cannot make a failing route look well.
            OutcomeClass::ContentRejected | OutcomeClass::ClientError | OutcomeClass::Cancelled => {
                Self::Neutral
            }
        }
    }
}
