//! A provider's error reply, classified once (R3).

use vocab::{Failure, FailureKind};

use crate::UpstreamDialect;

/// Reads an error body of `upstream`; `status` is `None` for an error inside a stream.
#[must_use]
pub fn read_error(upstream: UpstreamDialect, status: Option<u16>, body: &[u8]) -> Failure {
    let _ = (upstream, body);
    Failure { status, ..Failure::new(FailureKind::Broken, "the provider failed") }
}
