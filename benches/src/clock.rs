//! The one place where the harness reads the clock.

use std::time::Instant;

/// Now, on the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time; it does so here")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
