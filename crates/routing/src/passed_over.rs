//! Why a permitted route is not tried.

use crate::{Candidate, Gate, OpenCause};

/// Why a permitted route is not among the attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PassedOver {
    /// Its breaker is open.
    BreakerOpen,
    /// Its breaker is half-open and a probe is out.
    ProbeUnderWay,
    /// A probe is due, but this request probes a better route already.
    ProbeSpared,
    /// The provider rejects our credential.
    CredentialRejected,
    /// The account's quota or credit is spent.
    QuotaSpent,
    /// The provider asked for less, and the time has not come.
    Held,
    /// Its configured weight is 0.
    WeightZero,
    /// The attempts were used up by better routes.
    BeyondAttempts,
    /// The regions were used up by better routes.
    BeyondRegions,
}

impl PassedOver {
    /// The stable name used in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BreakerOpen => "breaker_open",
            Self::ProbeUnderWay => "probe_under_way",
            Self::ProbeSpared => "probe_spared",
            Self::CredentialRejected => "credential_rejected",
            Self::QuotaSpent => "quota_spent",
            Self::Held => "held",
            Self::WeightZero => "weight_zero",
            Self::BeyondAttempts => "beyond_attempts",
            Self::BeyondRegions => "beyond_regions",
        }
    }

    /// Why the candidate cannot take a request now, if it cannot.
    pub(crate) fn unfit(candidate: &Candidate) -> Option<Self> {
        if candidate.weight == 0 {
            return Some(Self::WeightZero);
        }
        match candidate.view.gate {
            Gate::Open | Gate::ProbeDue => None,
            Gate::Probing => Some(Self::ProbeUnderWay),
            Gate::Held { .. } => Some(Self::Held),
            Gate::Shut { cause, .. } => Some(match cause {
                OpenCause::Credential => Self::CredentialRejected,
                OpenCause::Quota => Self::QuotaSpent,
                OpenCause::FailuresInRow | OpenCause::LowSuccess | OpenCause::ProbeFailed => {
                    Self::BreakerOpen
                }
            }),
        }
    }
}
