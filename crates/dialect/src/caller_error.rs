//! What a caller is told when there is no answer, in the caller's own dialect (G7).

use std::time::Duration;

use bytes::Bytes;
use vocab::{Failure, Refusal, RequestId};

use crate::ClientDialect;

/// The class of an error, one per row of the error table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is wrong.
    BadRequest,
    /// The prompt does not fit the model's context.
    ContextTooLong,
    /// The provider's content policy refused the prompt.
    ContentBlocked,
    /// A field cannot be carried.
    Unsupported,
    /// The caller's own key.
    CallerAuth,
    /// The caller may not do this.
    Forbidden,
    /// The gateway's account at the provider.
    UpstreamAuth,
    /// No such path or model.
    NotFound,
    /// No place that policy permits.
    Residency,
    /// Too many bytes.
    TooLarge,
    /// Too many requests for now.
    RateLimited,
    /// The quota is spent.
    QuotaSpent,
    /// A time limit passed.
    TimedOut,
    /// Short of capacity for now.
    Overloaded,
    /// The provider failed.
    UpstreamBroken,
    /// The gateway failed.
    OwnFault,
}

/// Whether the caller's SDK should try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It cannot help: `x-should-retry: false`.
    Never,
    /// After this time, 1 to 60 s.
    After(Duration),
    /// The SDK's own rule is right.
    Unsaid,
}

/// What the caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerError {
    /// The HTTP status; [`ClientDialect::status`] gives the dialect's own.
    pub status: u16,
    /// The class.
    pub kind: ErrorKind,
    /// The stable code.
    pub code: Option<String>,
    /// The field at fault.
    pub param: Option<String>,
    /// The sentence for people.
    pub message: String,
    /// Whether to try again.
    pub retry: Retry,
}

impl CallerError {
    /// From a governed "no".
    #[must_use]
    pub fn from_refusal(refusal: &Refusal) -> Self {
        Self {
            status: refusal.code.status(),
            kind: ErrorKind::OwnFault,
            code: Some(refusal.code.as_str().to_owned()),
            param: refusal.param.clone(),
            message: format!("{} ({})", refusal.message, refusal.remedy),
            retry: Retry::Never,
        }
    }

    /// From the last failed attempt.
    #[must_use]
    pub fn from_failure(failure: &Failure) -> Self {
        Self {
            status: 502,
            kind: ErrorKind::UpstreamBroken,
            code: failure.code.clone(),
            param: failure.param.clone(),
            message: failure.message.clone(),
            retry: Retry::Unsaid,
        }
    }
}

impl ClientDialect {
    /// The HTTP status of this error in this dialect.
    #[must_use]
    pub fn status(self, error: &CallerError) -> u16 {
        error.status
    }

    /// The error body in this dialect.
    #[must_use]
    pub fn error_body(self, error: &CallerError, request_id: Option<RequestId>) -> Bytes {
        let _ = (error, request_id);
        Bytes::new()
    }
}
