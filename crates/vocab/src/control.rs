//! Closed sets that policy, routing and evidence share.

use serde::{Deserialize, Serialize};

/// How sensitive a text is. Certificates list the classes a route may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataClass {
    /// Already public.
    Public,
    /// Internal to the organisation.
    Internal,
    /// Confidential to the organisation.
    Confidential,
    /// Relates to an identifiable person.
    Personal,
    /// Health data (GDPR Art. 9, HIPAA PHI).
    Health,
    /// Cardholder or account data.
    Payment,
}

impl DataClass {
    /// Every class, for help texts and reports.
    pub const ALL: [Self; 6] = [
        Self::Public,
        Self::Internal,
        Self::Confidential,
        Self::Personal,
        Self::Health,
        Self::Payment,
    ];

    /// The name used in configuration, e.g. `personal`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Personal => "personal",
            Self::Health => "health",
            Self::Payment => "payment",
        }
    }
}

/// When evidence must be durable (A2). Later variants promise more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceLevel {
    /// Written soon; a crash may lose the last moments.
    Buffered,
    /// On this gateway's disk: the admission before the request leaves, the outcome before the
    /// first byte of an answer, or before the end of a stream.
    Local,
}

impl EvidenceLevel {
    /// The name used in configuration and headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buffered => "buffered",
            Self::Local => "local",
        }
    }
}
