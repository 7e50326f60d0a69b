//! What went wrong upstream, classified once (R3).
//!
//! A provider adapter reads status, headers, body or stream event and names a [`FailureKind`].
//! Everything that follows (retry, breaker weight, what the caller is told) asks the kind.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one attempt came to, as routing counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeClass {
    /// A whole, well-formed answer.
    Healthy,
    /// The provider asked for less (429).
    Throttled,
    /// The provider is short of capacity (503, 529).
    Overloaded,
    /// Broken: 5xx, connection trouble, malformed or cut answers, our credential rejected.
    Faulty,
    /// A time limit passed.
    Slow,
    /// The provider's content policy said no; an outcome, never a fault.
    ContentRejected,
    /// The caller's request was wrong; an outcome, never a fault.
    ClientError,
    /// The caller went away.
    Cancelled,
}

impl OutcomeClass {
    /// The name used in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Throttled => "throttled",
            Self::Overloaded => "overloaded",
            Self::Faulty => "faulty",
            Self::Slow => "slow",
            Self::ContentRejected => "content_rejected",
            Self::ClientError => "client_error",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Which of the five time limits passed (R4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Opening the connection.
    Connect,
    /// The head of the reply.
    Headers,
    /// The first token of content.
    FirstToken,
    /// The gap between two tokens.
    Gap,
    /// The whole request.
    Total,
}

/// What went wrong in one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The request is malformed or asks what the model cannot do.
    BadRequest,
    /// The prompt does not fit the model's context window.
    ContextTooLong,
    /// The provider's content policy refused prompt or answer.
    ContentBlocked,
    /// The body is larger than the provider takes.
    TooLarge,
    /// The provider does not accept the gateway's credential; never the caller's fault.
    CredentialRejected,
    /// The account's quota or credit is spent; the same account will not serve again soon.
    QuotaSpent,
    /// The upstream model or deployment does not exist there.
    ModelMissing,
    /// Too many requests or tokens for now.
    RateLimited,
    /// Short of capacity for now.
    Overloaded,
    /// A time limit passed.
    TimedOut(Limit),
    /// No connection: refused, unresolved, TLS failure.
    Unreachable,
    /// The connection broke before the head of the reply.
    Reset,
    /// A server error, or a reply that is not what the API promises.
    Broken,
    /// The answer ended before its terminator.
    Cut,
    /// The caller went away.
    Cancelled,
}

impl FailureKind {
    /// How routing counts this failure (R3). This is the only place that says so.
    #[must_use]
    pub const fn class(self) -> OutcomeClass {
        match self {
            Self::BadRequest | Self::ContextTooLong | Self::TooLarge => OutcomeClass::ClientError,
            Self::ContentBlocked => OutcomeClass::ContentRejected,
            Self::RateLimited => OutcomeClass::Throttled,
            Self::Overloaded => OutcomeClass::Overloaded,
            Self::TimedOut(_) => OutcomeClass::Slow,
            Self::CredentialRejected
            | Self::QuotaSpent
            | Self::ModelMissing
            | Self::Unreachable
            | Self::Reset
            | Self::Broken
            | Self::Cut => OutcomeClass::Faulty,
            Self::Cancelled => OutcomeClass::Cancelled,
        }
    }

    /// The stable name used in records, metrics and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::ContextTooLong => "context_too_long",
            Self::ContentBlocked => "content_blocked",
            Self::TooLarge => "too_large",
            Self::CredentialRejected => "credential_rejected",
            Self::QuotaSpent => "quota_spent",
            Self::ModelMissing => "model_missing",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::TimedOut(Limit::Connect) => "timed_out_connect",
            Self::TimedOut(Limit::Headers) => "timed_out_headers",
            Self::TimedOut(Limit::FirstToken) => "timed_out_first_token",
            Self::TimedOut(Limit::Gap) => "timed_out_gap",
            Self::TimedOut(Limit::Total) => "timed_out_total",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::Broken => "broken",
            Self::Cut => "cut",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One failed attempt, as the provider adapter or the transport described it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// The HTTP status, if a head arrived.
    pub status: Option<u16>,
    /// The provider's own hint of when to come back.
    pub retry_after: Option<Duration>,
    /// The provider's error code, e.g. `context_length_exceeded`.
    pub code: Option<String>,
    /// The request field the provider names.
    pub param: Option<String>,
    /// The provider's message. It may quote the prompt, so it goes to the caller and never into
    /// a record or a log (AUD-4).
    pub message: String,
}

impl Failure {
    /// A failure with only a kind and a message.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            retry_after: None,
            code: None,
            param: None,
            message: message.into(),
        }
    }

    /// How routing counts it.
    #[must_use]
    pub const fn class(&self) -> OutcomeClass {
        self.kind.class()
    }
}
