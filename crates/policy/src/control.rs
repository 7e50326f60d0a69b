//! The controls that a route is held against, by name, and what was found.

use std::{collections::BTreeSet, fmt};

use vocab::{DataClass, JurisdictionId, RegionId};

use crate::{certificate::Retention, residency::Places};

/// One control. The order is the order in which failures are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Control {
    /// A certificate is in force: active, begun, not over (P5).
    Certificate,
    /// The route may carry the workload's classes of data.
    DataClasses,
    /// It is processed where the origin allows (P2).
    Processing,
    /// It is stored where the origin allows (P2).
    Storage,
    /// Separation from other customers.
    Hosting,
    /// How long prompts and answers are kept.
    RetentionContent,
    /// How long the provider's metadata is kept.
    RetentionMetadata,
    /// How long cached content is kept.
    RetentionCached,
    /// How long outputs of tools are kept.
    RetentionToolOutputs,
    /// How long moderation events are kept.
    RetentionModerationEvents,
    /// Logging of requests.
    RequestLogging,
    /// Logging of responses.
    ResponseLogging,
    /// Use for training.
    Training,
    /// Encryption with the organisation's own keys.
    CustomerManagedKeys,
    /// Content moderation and its parity.
    Moderation,
    /// Tools the provider can run.
    HostedTools,
    /// Plugins on the provider's side.
    Plugins,
    /// Retrieval on the provider's side.
    Retrieval,
    /// What is learned of incidents.
    IncidentVisibility,
    /// A border is crossed only under a mechanism (P3).
    CrossBorder,
    /// The request's own functions, which the caller runs.
    FunctionTools,
    /// The tools that the request asks the provider to run.
    RequestedTools,
}

impl Control {
    /// Every control, for reference pages.
    pub const ALL: [Self; 22] = [
        Self::Certificate,
        Self::DataClasses,
        Self::Processing,
        Self::Storage,
        Self::Hosting,
        Self::RetentionContent,
        Self::RetentionMetadata,
        Self::RetentionCached,
        Self::RetentionToolOutputs,
        Self::RetentionModerationEvents,
        Self::RequestLogging,
        Self::ResponseLogging,
        Self::Training,
        Self::CustomerManagedKeys,
        Self::Moderation,
        Self::HostedTools,
        Self::Plugins,
        Self::Retrieval,
        Self::IncidentVisibility,
        Self::CrossBorder,
        Self::FunctionTools,
        Self::RequestedTools,
    ];

    /// The stable name used in records and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::DataClasses => "data_classes",
            Self::Processing => "processing",
            Self::Storage => "storage",
            Self::Hosting => "hosting",
            Self::RetentionContent => "retention_content",
            Self::RetentionMetadata => "retention_metadata",
            Self::RetentionCached => "retention_cached",
            Self::RetentionToolOutputs => "retention_tool_outputs",
            Self::RetentionModerationEvents => "retention_moderation_events",
            Self::RequestLogging => "request_logging",
            Self::ResponseLogging => "response_logging",
            Self::Training => "training",
            Self::CustomerManagedKeys => "customer_managed_keys",
            Self::Moderation => "moderation",
            Self::HostedTools => "hosted_tools",
            Self::Plugins => "plugins",
            Self::Retrieval => "retrieval",
            Self::IncidentVisibility => "incident_visibility",
            Self::CrossBorder => "cross_border",
            Self::FunctionTools => "function_tools",
            Self::RequestedTools => "requested_tools",
        }
    }
}

/// One control held against one route: met or not, what was required and what was found.
#[derive(Debug)]
pub(crate) struct Finding<'a> {
    pub(crate) control: Control,
    pub(crate) met: bool,
    pub(crate) required: Text<'a>,
    pub(crate) found: Text<'a>,
}

/// What a finding says. Written out only for reports and records: most findings are met and
/// nobody reads them.
#[derive(Debug)]
pub(crate) enum Text<'a> {
    Unknown,
    Nothing,
    Word(&'static str),
    AtLeast(&'static str),
    Kept(Retention),
    KeptAtMost(Retention),
    Classes(&'a BTreeSet<DataClass>),
    Jurisdictions(&'a BTreeSet<JurisdictionId>),
    Regions(&'a Places, &'a BTreeSet<RegionId>),
    Names(&'a BTreeSet<String>),
    Owned(String),
}

impl Text<'_> {
    /// The text of a statement that a certificate may leave open.
    pub(crate) fn or_unknown<T>(stated: Option<T>, text: impl FnOnce(T) -> Self) -> Self {
        stated.map_or(Self::Unknown, text)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Nothing => f.write_str("none"),
            Self::Word(word) => f.write_str(word),
            Self::AtLeast(word) => write!(f, "at least {word}"),
            Self::Kept(retention) => write!(f, "{retention}"),
            Self::KeptAtMost(Retention::Unlimited) => f.write_str("any, if stated"),
            Self::KeptAtMost(retention) => write!(f, "at most {retention}"),
            Self::Classes(classes) => list(f, classes.iter().map(|class| class.as_str())),
            Self::Jurisdictions(names) => list(f, names.iter().map(|name| name.as_str())),
            Self::Regions(places, regions) => f.write_str(&places.describe(regions)),
            Self::Names(names) => list(f, names.iter().map(String::as_str)),
            Self::Owned(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(1) => f.write_str("1 day"),
            Self::Days(days) => write!(f, "{days} days"),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}

/// Writes names with commas between them; `none` when there are none.
pub(crate) fn list<'a>(
    f: &mut impl fmt::Write,
    names: impl IntoIterator<Item = &'a str>,
) -> fmt::Result {
    let mut first = true;
    for name in names {
        if !first {
            f.write_str(", ")?;
        }
        first = false;
        f.write_str(name)?;
    }
    if first { f.write_str("none") } else { Ok(()) }
}
