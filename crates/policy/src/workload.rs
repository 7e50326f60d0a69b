//! What a class of use requires (P4).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use vocab::{DataClass, EvidenceLevel, JurisdictionId, MechanismId, WorkloadId};

use crate::certificate::{
    Hosting, IncidentVisibility, Logging, ModerationLevel, Retention, RetentionByKind, Tools,
};

/// A class of use with its non-negotiable controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Its name.
    pub id: WorkloadId,
    /// The classes of data its requests hold.
    pub data_classes: BTreeSet<DataClass>,
    /// Per origin: where requests from there may be processed and stored (P2). An origin that is
    /// not listed may be served nowhere.
    pub residency: BTreeMap<JurisdictionId, Residency>,
    /// What crossing a border takes (P3), on top of `residency`.
    pub cross_border: CrossBorder,
    /// The longest that each kind of thing may be kept.
    pub retention_max: RetentionByKind<Retention>,
    /// Whether the provider may log.
    pub logging_allowed: Logging<bool>,
    /// Whether the provider may train on it.
    pub training_allowed: bool,
    /// Whether what is stored must be encrypted with the organisation's own keys.
    pub customer_managed_keys_required: bool,
    /// The least separation from other customers.
    pub hosting_min: Hosting,
    /// The least moderation.
    pub moderation_min: ModerationMin,
    /// What may be run for its requests.
    pub tools_allowed: Tools,
    /// The least that must be learned of incidents.
    pub incident_visibility_min: IncidentVisibility,
    /// When evidence must be durable (A2).
    pub evidence: EvidenceLevel,
    /// Who is shed last (R9).
    pub priority: Priority,
    /// Its own time limits (R4).
    pub limits: Limits,
    /// Whether a rejection by one provider's content policy may be tried elsewhere (R3).
    pub fail_over_on_content_rejection: bool,
}

/// Where requests of one origin may be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Residency {
    /// Where they may be processed, by routes and by gateways.
    pub processing: BTreeSet<JurisdictionId>,
    /// Where anything of them may be stored.
    pub storage: BTreeSet<JurisdictionId>,
}

/// What crossing a border takes (P3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrossBorder {
    /// Never.
    Reject,
    /// One of these transfer mechanisms, in force; the first that fits is recorded.
    Mechanisms(Vec<MechanismId>),
}

/// The least moderation a workload takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModerationMin {
    /// How much.
    pub level: ModerationLevel,
    /// The test set that parity must have been measured with; `None` takes any.
    pub parity: Option<String>,
}

/// The order in which work is shed when there is too much: the last variant goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Shed last.
    Critical,
    /// Somebody waits for the answer.
    High,
    /// The default.
    Normal,
    /// Can be run again later.
    Low,
}

impl Priority {
    /// The name used in configuration and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

/// A workload's own time limits; `None` takes the gateway's default (R4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Opening a connection.
    pub connect: Option<Duration>,
    /// The head of the reply.
    pub headers: Option<Duration>,
    /// The first token of content.
    pub first_token: Option<Duration>,
    /// Between two tokens.
    pub gap: Option<Duration>,
    /// The whole request.
    pub total: Option<Duration>,
}
