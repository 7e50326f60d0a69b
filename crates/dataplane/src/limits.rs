//! The bounds a gateway puts on its callers. Every one is configurable and stated in the reference.

use std::time::Duration;

/// Bounds on callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body, in bytes. Default 20 MiB, room for a few images; larger ones get 413.
    pub body_size_max: usize,
    /// Time for a body to arrive once its head is there. Default 30 s; slower ones get 408.
    pub body_time_max: Duration,
    /// Requests in the pipeline at once. Default 10,000; more get 503 with a retry hint.
    pub requests_max: usize,
    /// Largest whole answer taken from an upstream, in bytes. Default 64 MiB.
    pub answer_size_max: usize,
    /// Largest error body read from an upstream, in bytes, and the time it may take.
    pub error_size_max: usize,
    /// Time an upstream's error body may take.
    pub error_time_max: Duration,
    /// Silence on an open stream after which a heartbeat is sent. Default 5 s.
    pub heartbeat_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_size_max: 20 * 1024 * 1024,
            body_time_max: Duration::from_secs(30),
            requests_max: 10_000,
            answer_size_max: 64 * 1024 * 1024,
            error_size_max: 256 * 1024,
            error_time_max: Duration::from_secs(5),
            heartbeat_every: Duration::from_secs(5),
        }
    }
}
