//! The facts that policy is compiled from: places, routes, certificates, workloads, mechanisms.

use std::{collections::BTreeSet, sync::Arc};

use vocab::{
    Capability, EndpointId, JurisdictionId, MechanismId, ModelId, RegionId, RouteId, TenantId,
    Timestamp, WorkloadId,
};

use crate::{certificate::Certificate, workload::Workload};

/// Everything policy knows. The bundle checks that its parts fit together; where they do not,
/// policy answers no.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Legal areas.
    pub jurisdictions: Vec<JurisdictionId>,
    /// Places, each in one jurisdiction.
    pub regions: Vec<Region>,
    /// Logical models.
    pub models: Vec<ModelId>,
    /// Routes, in the order in which a tier tries them when nothing else decides.
    pub routes: Vec<Arc<Route>>,
    /// What routes were shown to keep.
    pub certificates: Vec<Certificate>,
    /// What classes of use require.
    pub workloads: Vec<Workload>,
    /// Recorded grounds for crossing a border (P3).
    pub mechanisms: Vec<Mechanism>,
}

/// A place: one with a gateway of its own, or one where only endpoints or storage are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its name.
    pub id: RegionId,
    /// The legal area it lies in.
    pub jurisdiction: JurisdictionId,
    /// The URL where callers reach its gateway; `None` where there is no gateway.
    pub entry: Option<String>,
}

/// A logical model served by one endpoint under one upstream model name: the unit of
/// certification, health and failover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub id: RouteId,
    /// The logical model it serves.
    pub model: ModelId,
    /// The endpoint that serves it.
    pub endpoint: EndpointId,
    /// The region of that endpoint.
    pub region: RegionId,
    /// What the endpoint calls the model.
    pub upstream_model: String,
    /// Its share inside a tier, relative to the others; 0 to 1000.
    pub weight: u32,
    /// What the model behind it can do. Policy does not look at it: a route that cannot carry a
    /// request is passed over later, among those that policy permits (G4).
    pub capability: Capability,
}

/// What kind of legal ground a transfer mechanism is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MechanismKind {
    /// An adequacy decision, e.g. GDPR Art. 45.
    Adequacy,
    /// Standard contractual clauses, e.g. GDPR Art. 46(2)(c).
    StandardContractualClauses,
    /// Binding corporate rules, GDPR Art. 47.
    BindingCorporateRules,
}

impl MechanismKind {
    /// The name used in configuration and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adequacy => "adequacy",
            Self::StandardContractualClauses => "scc",
            Self::BindingCorporateRules => "bcr",
        }
    }
}

/// A recorded ground for moving data across a border (P3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mechanism {
    /// Its name, which every use records.
    pub id: MechanismId,
    /// What kind of ground it is.
    pub kind: MechanismKind,
    /// The jurisdiction that requests come from.
    pub from: JurisdictionId,
    /// The jurisdictions they may go to.
    pub to: BTreeSet<JurisdictionId>,
    /// The workloads it covers; `None` is all that name it.
    pub workloads: Option<BTreeSet<WorkloadId>>,
    /// The tenants it covers; `None` is all.
    pub tenants: Option<BTreeSet<TenantId>>,
    /// Holds from this time on.
    pub valid_from: Timestamp,
    /// Holds until this time, which is not part of it.
    pub valid_until: Timestamp,
    /// Where the ground is documented.
    pub evidence: Vec<String>,
}

impl Mechanism {
    /// Whether its time has come and is not over.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.valid_from <= now && now < self.valid_until
    }
}
