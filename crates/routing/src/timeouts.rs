//! The five time limits of one request (R4).

use std::time::Duration;

use crate::Defaults;

/// How the answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Token by token: the head comes early.
    Streamed,
    /// At once: the head comes when the answer is made.
    Whole,
}

/// What a workload says instead of the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Opening a connection.
    pub connect: Option<Duration>,
    /// The head of the reply.
    pub headers: Option<Duration>,
    /// The first token; 60 s suits reasoning models.
    pub first_token: Option<Duration>,
    /// The gap between two tokens.
    pub gap: Option<Duration>,
    /// The whole request, all attempts together.
    pub total: Option<Duration>,
}

/// The limits in force. None is longer than `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Opening a connection.
    pub connect: Duration,
    /// The head of the reply, from the moment the call is sent.
    pub headers: Duration,
    /// The first token of content, from the moment the call is sent.
    pub first_token: Duration,
    /// The gap between two tokens.
    pub gap: Duration,
    /// The whole request, all attempts together.
    pub total: Duration,
}

impl Timeouts {
    /// Defaults, then the workload's values, then the caller's own deadline as time left from now,
    /// which only ever shortens.
    #[must_use]
    pub fn resolve(delivery: Delivery, workload: &Overrides, caller: Option<Duration>) -> Self {
        let first = match delivery {
            Delivery::Streamed => Defaults::FIRST_TOKEN,
            Delivery::Whole => Defaults::WHOLE_ANSWER,
        };
        let first_token = workload.first_token.unwrap_or(first);
        let total = workload.total.unwrap_or(Defaults::TOTAL);
        Self {
            connect: workload.connect.unwrap_or(Defaults::CONNECT),
            // The head is never later than the first token, so it needs no default of its own.
            headers: workload.headers.unwrap_or(first_token),
            first_token,
            gap: workload.gap.unwrap_or(Defaults::GAP),
            total,
        }
        .within(caller.unwrap_or(total))
    }

    /// The same limits for an attempt that starts with `left` of the total.
    #[must_use]
    pub fn within(self, left: Duration) -> Self {
        let total = self.total.min(left);
        Self {
            connect: self.connect.min(total),
            headers: self.headers.min(total),
            first_token: self.first_token.min(total),
            gap: self.gap.min(total),
            total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn timeouts_have_the_defaults_of_the_design() {
        let limits = Timeouts::resolve(Delivery::Streamed, &Overrides::default(), None);
        let expected = Timeouts {
            connect: seconds(2),
            headers: seconds(10),
            first_token: seconds(10),
            gap: seconds(10),
            total: seconds(600),
        };
        assert_eq!(limits, expected);
    }

    #[test]
    fn a_whole_answer_has_a_minute_to_its_head() {
        let limits = Timeouts::resolve(Delivery::Whole, &Overrides::default(), None);
        assert_eq!((limits.headers, limits.first_token), (seconds(60), seconds(60)));
    }

    #[test]
    fn a_workload_overrides_each_limit() {
        let workload = Overrides {
            connect: Some(seconds(1)),
            headers: Some(seconds(3)),
            first_token: Some(seconds(4)),
            gap: Some(seconds(5)),
            total: Some(seconds(900)),
        };
        let limits = Timeouts::resolve(Delivery::Whole, &workload, None);
        assert_eq!((limits.connect, limits.headers), (seconds(1), seconds(3)));
        assert_eq!((limits.first_token, limits.gap), (seconds(4), seconds(5)));
        assert_eq!(limits.total, seconds(900));
    }

    #[test]
    fn the_callers_deadline_shortens_and_never_lengthens() {
        let none = Overrides::default();
        let short = Timeouts::resolve(Delivery::Streamed, &none, Some(seconds(1)));
        assert_eq!(short.total, seconds(1));
        assert_eq!((short.connect, short.first_token), (seconds(1), seconds(1)));
        let long = Timeouts::resolve(Delivery::Streamed, &none, Some(seconds(9_999)));
        assert_eq!(long.total, seconds(600));
    }
}
