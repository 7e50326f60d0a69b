//! What a gateway writes down, as types.
//!
//! An entry says who asked for what, under which policy, why it went where it went, and how it
//! ended (A1). It holds names, figures and closed words; never prompt or answer text and never a
//! credential (AUD-4), which is why no field here takes free text from a request.
//!
//! [`Entry::encode`] turns an entry into its leaf, [`Entry::decode`] reads one back.

use std::{borrow::Cow, sync::Arc};

use serde::Deserialize;
use vocab::{
    CertificateId, CredentialId, EndpointId, EvidenceLevel, FailureKind, JurisdictionId,
    MechanismId, MicroUsd, ModelId, OutcomeClass, RefusalCode, RegionId, RequestId, RouteId,
    TenantId, Timestamp, Usage, WorkloadId,
};

use crate::word;

/// A word from a closed set that another crate owns, e.g. a dialect or a control. Borrowed when
/// written, owned when read back; longer than 256 bytes it is cut when written.
pub type Word = Cow<'static, str>;

/// One entry of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Entry {
    /// A request was let in; written before anything leaves for a provider (AUD-1).
    Admission(Admission),
    /// An admitted request ended; exactly one per admission (AUD-2).
    Outcome(Outcome),
    /// A request was refused before it was admitted.
    Refusal(RefusalEntry),
    /// A gateway began to write, after it recovered what an earlier run left.
    GatewayStarted(GatewayStarted),
    /// A gateway ended in order.
    GatewayStopped(GatewayStopped),
    /// A gateway began to run a bundle.
    BundleLoaded(BundleLoaded),
    /// Recovery closed an admission whose outcome was never written.
    OrphanClosed(OrphanClosed),
}

/// A request that was let in, with the facts the decision rests on, so that it can be replayed
/// from this entry and the bundle of its generation (P1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Admission {
    /// The request.
    pub request: RequestId,
    /// When it was admitted.
    pub at: Timestamp,
    /// The gateway that admitted it.
    pub gateway: Arc<str>,
    /// The region of that gateway.
    pub region: RegionId,
    /// Whose request it is.
    pub tenant: TenantId,
    /// The credential that was presented, by id.
    pub credential: CredentialId,
    /// Which version of that credential, where versions are kept.
    #[serde(default)]
    pub credential_version: Option<u64>,
    /// The workload it acts for.
    pub workload: WorkloadId,
    /// The logical model it asked for.
    pub model: ModelId,
    /// The jurisdiction the credential proves.
    pub origin: JurisdictionId,
    /// The dialect the caller speaks, e.g. `openai-chat`.
    pub dialect: Word,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The bundle generation that decided.
    pub generation: u64,
    /// The digest of that bundle.
    pub bundle_digest: Arc<str>,
    /// The evidence level the terms demand.
    pub evidence: EvidenceLevel,
    /// What the request needs, as far as policy asks.
    pub needs: NeedsRecord,
    /// The routes that may be tried, in order.
    pub planned: Vec<RouteId>,
    /// Eligible routes that were left out, and why.
    pub passed_over: Vec<PassedOver>,
    /// Routes that policy ruled out, and by which control.
    pub rejected: Vec<Rejected>,
}

/// What a request needs, as far as policy asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct NeedsRecord {
    /// It brings functions of its own for the model to call.
    pub function_tools: bool,
    /// Tools it wants the provider to run, by type.
    pub hosted_tools: Vec<Word>,
}

/// An eligible route that was not planned.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PassedOver {
    /// The route.
    pub route: RouteId,
    /// Why, e.g. `breaker_open`.
    pub reason: Word,
}

/// A route that policy ruled out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Rejected {
    /// The route.
    pub route: RouteId,
    /// The control it does not keep, e.g. `retention`.
    pub control: Word,
}

/// How an admitted request ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Outcome {
    /// The request.
    pub request: RequestId,
    /// When it ended.
    pub at: Timestamp,
    /// The gateway that served it.
    pub gateway: Arc<str>,
    /// The region of that gateway.
    pub region: RegionId,
    /// What became of it.
    pub result: Ending,
    /// The HTTP status the caller was given, if a head was sent.
    #[serde(default)]
    pub status: Option<u16>,
    /// The code the caller was given with a refusal or an error.
    #[serde(default)]
    pub code: Option<Word>,
    /// The route that answered.
    #[serde(default)]
    pub route: Option<RouteId>,
    /// The endpoint of that route.
    #[serde(default)]
    pub endpoint: Option<EndpointId>,
    /// Where that endpoint processes.
    #[serde(default)]
    pub served_region: Option<RegionId>,
    /// The tier of that route as seen from the gateway, e.g. `same_region`.
    #[serde(default)]
    pub tier: Option<Word>,
    /// The provider's name for the model.
    #[serde(default)]
    pub upstream_model: Option<Arc<str>>,
    /// The certificate the route was used under (EQV-1).
    #[serde(default)]
    pub certificate: Option<CertificateId>,
    /// The transfer mechanism, if a border was crossed (P3).
    #[serde(default)]
    pub mechanism: Option<MechanismId>,
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
    /// What the answer used, as far as the provider said.
    #[serde(default)]
    pub usage: Usage,
    /// What the route that answered charges for that usage, in micro-dollars, by the prices of the
    /// bundle that decided; absent when the usage or the price is unknown (O3). Failed attempts are
    /// in `attempts` and never in here.
    #[serde(default)]
    pub cost_micro_usd: Option<MicroUsd>,
    /// Why the answer ended, e.g. `stop`.
    #[serde(default)]
    pub finish: Option<Word>,
    /// Harmless request fields that the route could not carry.
    #[serde(default)]
    pub dropped: Vec<Word>,
    /// Bytes of answer sent to the caller.
    pub bytes: u64,
    /// From arrival to end, in milliseconds.
    pub elapsed_ms: u64,
    /// From arrival to the first content token, in milliseconds.
    #[serde(default)]
    pub first_token_ms: Option<u64>,
}

/// What became of an admitted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// A whole answer was delivered.
    Served,
    /// Policy or capacity said no after admission.
    Refused,
    /// No route answered.
    Failed,
    /// The answer broke after its first token and was ended with an error.
    Interrupted,
    /// The caller went away.
    Cancelled,
}

impl Ending {
    /// The word in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One attempt on one route.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attempt {
    /// The route.
    pub route: RouteId,
    /// How routing counted it.
    pub class: OutcomeClass,
    /// What went wrong, if something did.
    #[serde(default, deserialize_with = "word::failure_kind")]
    pub kind: Option<FailureKind>,
    /// The provider's status, if a head arrived.
    #[serde(default)]
    pub status: Option<u16>,
    /// The provider's own id for the call.
    #[serde(default)]
    pub provider_request_id: Option<Arc<str>>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// A request that was refused before it was admitted. It is its own outcome.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RefusalEntry {
    /// The request.
    pub request: RequestId,
    /// When it was refused.
    pub at: Timestamp,
    /// The gateway that refused it.
    pub gateway: Arc<str>,
    /// The region of that gateway.
    pub region: RegionId,
    /// The stable reason.
    pub code: RefusalCode,
    /// The bundle generation that decided.
    pub generation: u64,
    /// The digest of that bundle.
    pub bundle_digest: Arc<str>,
    /// Whose request it was, if that was known by then; so for all that follows.
    #[serde(default)]
    pub tenant: Option<TenantId>,
    /// The credential.
    #[serde(default)]
    pub credential: Option<CredentialId>,
    /// The workload.
    #[serde(default)]
    pub workload: Option<WorkloadId>,
    /// The logical model.
    #[serde(default)]
    pub model: Option<ModelId>,
    /// The jurisdiction the credential proves.
    #[serde(default)]
    pub origin: Option<JurisdictionId>,
    /// The caller's dialect.
    #[serde(default)]
    pub dialect: Option<Word>,
    /// What the request needs.
    #[serde(default)]
    pub needs: Option<NeedsRecord>,
    /// Eligible routes that could not be used, and why.
    pub passed_over: Vec<PassedOver>,
    /// Routes that policy ruled out, and by which control.
    pub rejected: Vec<Rejected>,
}

/// A gateway began to write.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GatewayStarted {
    /// When.
    pub at: Timestamp,
    /// The gateway.
    pub gateway: Arc<str>,
    /// Its region.
    pub region: RegionId,
    /// The software version.
    pub version: Arc<str>,
    /// What recovery found.
    pub recovered: Recovered,
}

/// What recovery found when a journal was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Recovered {
    /// Entries that were there and whole.
    pub entries: u64,
    /// Admissions without an outcome, closed just before.
    pub orphans: u64,
    /// Bytes of a torn last write that were cut off.
    pub torn_bytes: u64,
}

/// A gateway ended in order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GatewayStopped {
    /// When.
    pub at: Timestamp,
    /// The gateway.
    pub gateway: Arc<str>,
    /// Its region.
    pub region: RegionId,
}

/// A gateway began to run a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BundleLoaded {
    /// When.
    pub at: Timestamp,
    /// The gateway.
    pub gateway: Arc<str>,
    /// Its region.
    pub region: RegionId,
    /// The generation it runs from now on.
    pub generation: u64,
    /// The digest of that bundle.
    pub digest: Arc<str>,
    /// The generation it ran before, if it ran one.
    #[serde(default)]
    pub previous_generation: Option<u64>,
}

/// An admission whose outcome was never written, closed by recovery.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OrphanClosed {
    /// The request.
    pub request: RequestId,
    /// When it was closed.
    pub at: Timestamp,
    /// The gateway.
    pub gateway: Arc<str>,
    /// Its region.
    pub region: RegionId,
    /// When the request had been admitted.
    pub admitted_at: Timestamp,
    /// How the earlier run had ended.
    pub reason: OrphanReason,
}

/// How a run ended that left an admission open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanReason {
    /// It ended without a word: a crash, a kill, a power cut.
    Crash,
    /// It stopped in order and still left the request open.
    Shutdown,
}

impl OrphanReason {
    /// The word in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Shutdown => "shutdown",
        }
    }
}

impl Entry {
    /// The word that names this kind of entry, e.g. `admission`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Admission(_) => "admission",
            Self::Outcome(_) => "outcome",
            Self::Refusal(_) => "refusal",
            Self::GatewayStarted(_) => "gateway_started",
            Self::GatewayStopped(_) => "gateway_stopped",
            Self::BundleLoaded(_) => "bundle_loaded",
            Self::OrphanClosed(_) => "orphan_closed",
        }
    }

    /// When it happened, by the clock of the gateway that wrote it.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Admission(e) => e.at,
            Self::Outcome(e) => e.at,
            Self::Refusal(e) => e.at,
            Self::GatewayStarted(e) => e.at,
            Self::GatewayStopped(e) => e.at,
            Self::BundleLoaded(e) => e.at,
            Self::OrphanClosed(e) => e.at,
        }
    }

    /// The request it is about, if it is about one.
    #[must_use]
    pub const fn request(&self) -> Option<RequestId> {
        match self {
            Self::Admission(e) => Some(e.request),
            Self::Outcome(e) => Some(e.request),
            Self::Refusal(e) => Some(e.request),
            Self::OrphanClosed(e) => Some(e.request),
            Self::GatewayStarted(_) | Self::GatewayStopped(_) | Self::BundleLoaded(_) => None,
        }
    }
}
