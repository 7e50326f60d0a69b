//! What a route was shown to keep (P5).
//!
//! Every statement is an `Option`: `None` is "unknown", and unknown means no, whether or not the
//! workload cares. A certificate that leaves a field open does not cover the route.

use std::collections::BTreeSet;

use vocab::{CertificateId, DataClass, RegionId, RouteId, Timestamp};

/// Where a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertificateState {
    /// In use.
    Active,
    /// Withdrawn for now, e.g. after a mismatch between what it says and what was observed.
    Suspended,
    /// Not approved yet; counts for nothing.
    Draft,
}

impl CertificateState {
    /// The name used in configuration and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Draft => "draft",
        }
    }
}

/// Who else is on the machines a route runs on. Later variants separate more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hosting {
    /// Shared with other customers of the provider.
    Shared,
    /// The provider's, for this customer alone.
    Dedicated,
    /// The organisation's own.
    Own,
}

impl Hosting {
    /// The name used in configuration and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Dedicated => "dedicated",
            Self::Own => "own",
        }
    }
}

/// How long something is kept. Ordered: fewer days first, for ever last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retention {
    /// Days; 0 is "not kept".
    Days(u32),
    /// No end is stated.
    Unlimited,
}

/// One figure for each kind of thing that a provider keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionByKind<T> {
    /// Prompts and answers.
    pub content: T,
    /// The provider's metadata about calls.
    pub metadata: T,
    /// Cached content, e.g. prompt caches.
    pub cached: T,
    /// Outputs of tools the provider ran.
    pub tool_outputs: T,
    /// Events of the provider's moderation.
    pub moderation_events: T,
}

/// Whether requests and responses are logged by the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logging<T> {
    /// Requests.
    pub requests: T,
    /// Responses.
    pub responses: T,
}

/// How much a provider's content moderation does. Later variants do more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModerationLevel {
    /// Nothing.
    None,
    /// The provider's default.
    Standard,
    /// The provider's strictest setting, or an own layer on top of its default.
    Strict,
}

impl ModerationLevel {
    /// The name used in configuration and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Standard => "standard",
            Self::Strict => "strict",
        }
    }
}

/// The moderation of a route, and the test set that showed it to be on a par with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moderation {
    /// How much it does.
    pub level: ModerationLevel,
    /// The name of the test set that parity was measured with.
    pub parity: String,
}

/// Tools, plugins and retrieval: what a route may run, or what a workload lets run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tools {
    /// Tools that the caller runs itself (function calling).
    pub functions: bool,
    /// Tools that the provider runs, by type, e.g. `web_search`.
    pub hosted: BTreeSet<String>,
    /// Plugins or connectors on the provider's side.
    pub plugins: bool,
    /// Retrieval or grounding on the provider's side.
    pub retrieval: bool,
}

/// What the organisation learns of a provider's incidents. Later variants show more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentVisibility {
    /// Nothing.
    None,
    /// A public status page.
    StatusPage,
    /// Notice by contract.
    Notified,
    /// Notice, logs and reports by contract.
    Shared,
}

impl IncidentVisibility {
    /// The name used in configuration and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::StatusPage => "status-page",
            Self::Notified => "notified",
            Self::Shared => "shared",
        }
    }
}

/// The statement of which controls a route was shown to keep, by whom, until when (P5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its name.
    pub id: CertificateId,
    /// The route it speaks of.
    pub route: RouteId,
    /// Where it stands.
    pub state: CertificateState,
    /// Who answers for it.
    pub owner: String,
    /// Who checked it; another person.
    pub reviewer: String,
    /// What it rests on: documents, contracts, tests.
    pub evidence: Vec<String>,
    /// From when it counts.
    pub issued: Timestamp,
    /// Until when; this time is not part of it.
    pub expires: Timestamp,
    /// The classes of data the route may carry.
    pub data_classes: Option<BTreeSet<DataClass>>,
    /// Where it is processed; contains the route's own region.
    pub processing: Option<BTreeSet<RegionId>>,
    /// Where anything is stored, however briefly; empty is "nothing is stored".
    pub storage: Option<BTreeSet<RegionId>>,
    /// Who else is on the machines.
    pub hosting: Option<Hosting>,
    /// How long what is kept.
    pub retention: RetentionByKind<Option<Retention>>,
    /// What is logged.
    pub logging: Logging<Option<bool>>,
    /// Whether requests are used for training.
    pub training: Option<bool>,
    /// Whether what is stored is encrypted with the organisation's own keys.
    pub customer_managed_keys: Option<bool>,
    /// The provider's content moderation.
    pub moderation: Option<Moderation>,
    /// What the route may run.
    pub tools: Option<Tools>,
    /// What is learned of incidents.
    pub incident_visibility: Option<IncidentVisibility>,
}

impl Certificate {
    /// Whether it counts at `now` by its state and its dates.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.state == CertificateState::Active && self.issued <= now && now < self.expires
    }
}

/// The certificate that counts for a route at `now`: of those that are not drafts and whose time
/// has come, the one issued last. Nothing falls back to an older one, so suspending or narrowing
/// the newest certificate takes effect whatever came before it.
///
/// # Errors
/// Why none counts, as a text for people.
pub(crate) fn current<T>(
    newest_first: &[T],
    of: impl Fn(&T) -> &Certificate,
    now: Timestamp,
) -> Result<&T, String> {
    let mut why = "none".to_owned();
    for candidate in newest_first {
        let certificate = of(candidate);
        let id = &certificate.id;
        match certificate.state {
            CertificateState::Draft => why = format!("`{id}`, a draft"),
            CertificateState::Active | CertificateState::Suspended if now < certificate.issued => {
                why = format!("`{id}`, not valid before {}", certificate.issued);
            }
            CertificateState::Suspended => return Err(format!("`{id}`, suspended")),
            CertificateState::Active if certificate.expires <= now => {
                return Err(format!("`{id}`, expired at {}", certificate.expires));
            }
            CertificateState::Active => return Ok(candidate),
        }
    }
    Err(why)
}
