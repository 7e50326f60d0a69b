//! A governed "no": a stable reason code, what was refused, and what to do about it.
//!
//! A refusal is an outcome, never a fault. Its code is part of the product's interface: it stands
//! in the caller's error body, in the record, in metrics and in runbooks, and never changes.

use serde::{Deserialize, Serialize};

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// No such path on this gateway.
    UnknownPath,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The body is larger than the gateway takes.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// The body is not valid JSON, or not valid in this dialect.
    MalformedRequest,
    /// A field asks for something that no eligible route can carry.
    UnsupportedField,
    /// No key was presented.
    CredentialMissing,
    /// The key is unknown or its secret is wrong.
    CredentialUnknown,
    /// The key was withdrawn.
    CredentialRevoked,
    /// The key's time is over.
    CredentialExpired,
    /// The key's time has not come.
    CredentialNotYetValid,
    /// No such logical model, or this credential may not use it.
    ModelNotAllowed,
    /// No such workload, or this credential may not act for it.
    WorkloadNotAllowed,
    /// This gateway may not process requests of this origin (P2).
    GatewayOutsideResidency,
    /// No route keeps the workload's controls (P5, P7).
    NoEligibleRoute,
    /// Eligible routes exist and none can take a request now.
    RoutesUnavailable,
    /// Eligible routes exist, and the gateway has no valid credential for any of their endpoints.
    UpstreamAuth,
    /// The caller's deadline cannot be met.
    DeadlineTooShort,
    /// Evidence cannot be made durable, and the workload demands it (A2).
    EvidenceUnavailable,
    /// The gateway is leaving service.
    Draining,
    /// The gateway has as many requests as it takes at once.
    TooBusy,
}

impl RefusalCode {
    /// Every code, for reference pages.
    pub const ALL: [Self; 21] = [
        Self::UnknownPath,
        Self::MethodNotAllowed,
        Self::BodyTooLarge,
        Self::BodyTooSlow,
        Self::MalformedRequest,
        Self::UnsupportedField,
        Self::CredentialMissing,
        Self::CredentialUnknown,
        Self::CredentialRevoked,
        Self::CredentialExpired,
        Self::CredentialNotYetValid,
        Self::ModelNotAllowed,
        Self::WorkloadNotAllowed,
        Self::GatewayOutsideResidency,
        Self::NoEligibleRoute,
        Self::RoutesUnavailable,
        Self::UpstreamAuth,
        Self::DeadlineTooShort,
        Self::EvidenceUnavailable,
        Self::Draining,
        Self::TooBusy,
    ];

    /// The code as it stands in bodies, records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownPath => "unknown_path",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTooSlow => "body_too_slow",
            Self::MalformedRequest => "malformed_request",
            Self::UnsupportedField => "unsupported_field",
            Self::CredentialMissing => "credential_missing",
            Self::CredentialUnknown => "credential_unknown",
            Self::CredentialRevoked => "credential_revoked",
            Self::CredentialExpired => "credential_expired",
            Self::CredentialNotYetValid => "credential_not_yet_valid",
            Self::ModelNotAllowed => "model_not_allowed",
            Self::WorkloadNotAllowed => "workload_not_allowed",
            Self::GatewayOutsideResidency => "gateway_outside_residency",
            Self::NoEligibleRoute => "no_eligible_route",
            Self::RoutesUnavailable => "routes_unavailable",
            Self::UpstreamAuth => "upstream_auth",
            Self::DeadlineTooShort => "deadline_too_short",
            Self::EvidenceUnavailable => "evidence_unavailable",
            Self::Draining => "draining",
            Self::TooBusy => "too_busy",
        }
    }

    /// The HTTP status it is answered with, chosen so that the official SDKs retry exactly the
    /// refusals that a retry can cure.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::MalformedRequest | Self::UnsupportedField => 400,
            Self::CredentialMissing
            | Self::CredentialUnknown
            | Self::CredentialRevoked
            | Self::CredentialExpired
            | Self::CredentialNotYetValid => 401,
            Self::WorkloadNotAllowed | Self::GatewayOutsideResidency | Self::NoEligibleRoute => 403,
            Self::UnknownPath | Self::ModelNotAllowed => 404,
            Self::MethodNotAllowed => 405,
            Self::BodyTooSlow => 408,
            Self::BodyTooLarge => 413,
            // Never 401 or 403, which would be about the caller's own key.
            Self::UpstreamAuth => 502,
            Self::RoutesUnavailable
            | Self::EvidenceUnavailable
            | Self::Draining
            | Self::TooBusy => 503,
            Self::DeadlineTooShort => 504,
        }
    }

    /// Whether the same request may succeed a little later or at another gateway.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        match self {
            Self::BodyTooSlow
            | Self::RoutesUnavailable
            // A credential is asked for again and again, and another gateway may have its own.
            | Self::UpstreamAuth
            | Self::EvidenceUnavailable
            | Self::Draining
            | Self::TooBusy => true,
            Self::UnknownPath
            | Self::MethodNotAllowed
            | Self::BodyTooLarge
            | Self::MalformedRequest
            | Self::UnsupportedField
            | Self::CredentialMissing
            | Self::CredentialUnknown
            | Self::CredentialRevoked
            | Self::CredentialExpired
            | Self::CredentialNotYetValid
            | Self::ModelNotAllowed
            | Self::WorkloadNotAllowed
            | Self::GatewayOutsideResidency
            | Self::NoEligibleRoute
            | Self::DeadlineTooShort => false,
        }
    }
}

/// A refusal: code, sentence, remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable reason.
    pub code: RefusalCode,
    /// What was refused and why: one sentence, no prompt text, no secret.
    pub message: String,
    /// What the caller or operator can do: one sentence.
    pub remedy: String,
    /// The request field at fault, if one is.
    pub param: Option<String>,
}

impl Refusal {
    /// A refusal that is not about one field.
    #[must_use]
    pub fn new(code: RefusalCode, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, message: message.into(), remedy: remedy.into(), param: None }
    }

    /// The same refusal, naming a request field.
    #[must_use]
    pub fn about(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sdk_retries_a_refusal_that_a_retry_cannot_cure() {
        // CLIENTS: every SDK retries 408, 409, 429 and 5xx by default.
        for code in RefusalCode::ALL {
            let retried = matches!(code.status(), 408 | 409 | 429 | 500..);
            let cures = code.is_transient() || code == RefusalCode::DeadlineTooShort;
            assert_eq!(retried, cures, "{}", code.as_str());
        }
    }
}
