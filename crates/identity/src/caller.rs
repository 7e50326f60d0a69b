//! Who is calling, as the credential proves it.

use std::collections::BTreeSet;

use vocab::{CredentialId, JurisdictionId, ModelId, TenantId, WorkloadId};

/// A caller: everything here comes from the key's record (IDN-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The public part of the key, for records.
    pub credential: CredentialId,
    /// On whose account.
    pub tenant: TenantId,
    /// The workloads the key may act for; the first is meant when the request names none.
    pub workloads: Vec<WorkloadId>,
    /// The logical models it may use.
    pub models: ModelGrant,
    /// Where its requests come from, legally: the origin of P2, never taken from an address.
    pub origin: JurisdictionId,
}

impl Caller {
    /// The workload that a request acts for: the one it names if the key may act for it, the
    /// key's first if it names none. `None` when the key may not.
    #[must_use]
    pub fn workload(&self, named: Option<&str>) -> Option<&WorkloadId> {
        match named {
            None => self.workloads.first(),
            Some(name) => self.workloads.iter().find(|workload| workload.as_str() == name),
        }
    }
}

/// Which logical models a key may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelGrant {
    /// Every model of the bundle.
    All,
    /// These and no others.
    Only(BTreeSet<ModelId>),
}

impl ModelGrant {
    /// Whether the model called `name` may be used.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(models) => models.contains(name),
        }
    }
}
