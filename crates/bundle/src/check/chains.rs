//! What a bundle's chains come to: a workload without a route, or with nothing to fail over to
//! (P6).

use std::collections::{BTreeSet, HashMap};

use policy::{CrossBorder, Door, Facts, Mechanism, Policy, PolicyNeeds, Workload};
use vocab::{JurisdictionId, ModelId, RegionId, TenantId, Timestamp, WorkloadId};

use crate::{
    node::Place,
    read::{Notes, quoted},
};

/// More combinations than this are not previewed, so that loading stays quick.
const PREVIEWED_MAX: usize = 50_000;

/// How many names a warning lists.
const LISTED_MAX: usize = 4;

/// The compiled policy and what it was made of.
pub(crate) struct Chains<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) workloads: &'a [Workload],
    pub(crate) mechanisms: &'a [Mechanism],
    pub(crate) models: &'a [ModelId],
    /// Where each workload stands in the file.
    pub(crate) places: &'a HashMap<WorkloadId, Place>,
    pub(crate) now: Timestamp,
}

impl Chains<'_> {
    /// Notes every chain of no route, one endpoint or one region.
    pub(crate) fn review(&self, notes: &Notes) {
        let origins: usize = self.workloads.iter().map(|workload| workload.residency.len()).sum();
        if origins.saturating_mul(self.models.len()) > PREVIEWED_MAX {
            return;
        }
        for workload in self.workloads {
            for origin in workload.residency.keys() {
                self.review_origin(workload, origin, notes);
            }
        }
    }

    fn review_origin(&self, workload: &Workload, origin: &JurisdictionId, notes: &Notes) {
        let place = self.places.get(&workload.id).copied().unwrap_or_default();
        let Some(tenant) = self.tenant(workload) else { return };
        let Some(gateway) = self.gateway(workload, origin, &tenant) else {
            notes.warn(
                place,
                format!(
                    "no gateway may process requests of workload `{}` from origin {origin}",
                    workload.id
                ),
                "give a region in a permitted jurisdiction an `entry`",
            );
            return;
        };
        let (mut none, mut one_endpoint, mut one_region) = (Vec::new(), Vec::new(), Vec::new());
        for model in self.models {
            let facts = facts(workload, origin, &tenant, &gateway, model);
            let permitted = self.policy.preview(&facts, self.now).unwrap_or_default();
            let endpoints: BTreeSet<_> = permitted.iter().map(|p| &p.route.endpoint).collect();
            let regions: BTreeSet<_> = permitted.iter().map(|p| &p.route.region).collect();
            match (endpoints.len(), regions.len()) {
                (0, _) => none.push(model),
                (1, _) => one_endpoint.push(model),
                (_, 1) => one_region.push(model),
                _ => {}
            }
        }
        let about = |what: &str, models: &[&ModelId], remedy: &str| {
            if !models.is_empty() {
                let message = format!(
                    "workload `{}` from origin {origin} has {what} for {}",
                    workload.id,
                    listed(models)
                );
                notes.warn(place, message, remedy);
            }
        };
        let why = "see each route's reason with `isobar policy explain`";
        if none.len() == self.models.len() {
            about("no eligible route now", &none, why);
            return;
        }
        about("no eligible route now", &none, why);
        about("one eligible endpoint, nothing to fail over to,", &one_endpoint, why);
        about("eligible routes in one region only", &one_region, why);
    }

    /// A gateway that such requests would go to: one in their own jurisdiction, if there is one.
    fn gateway(
        &self,
        workload: &Workload,
        origin: &JurisdictionId,
        tenant: &TenantId,
    ) -> Option<RegionId> {
        let gateway = RegionId::parse("any").ok()?;
        let door = Door { gateway: &gateway, tenant, workload: &workload.id, origin };
        let entries: Vec<_> = self.policy.entries(&door, self.now).collect();
        let near = entries.iter().find(|region| region.jurisdiction == *origin);
        near.or_else(|| entries.first()).map(|region| region.id.clone())
    }

    /// A tenant for which every mechanism of the workload holds, if its mechanisms name any.
    fn tenant(&self, workload: &Workload) -> Option<TenantId> {
        let accepted: &[_] = match &workload.cross_border {
            CrossBorder::Reject => &[],
            CrossBorder::Mechanisms(names) => names,
        };
        let mut named = self.mechanisms.iter().filter(|m| accepted.contains(&m.id));
        named
            .find_map(|mechanism| mechanism.tenants.as_ref()?.first().cloned())
            .or_else(|| TenantId::parse("any").ok())
    }
}

fn facts<'a>(
    workload: &'a Workload,
    origin: &'a JurisdictionId,
    tenant: &'a TenantId,
    gateway: &'a RegionId,
    model: &'a ModelId,
) -> Facts<'a> {
    let needs = PolicyNeeds::default();
    Facts { gateway, tenant, workload: &workload.id, model, origin, needs }
}

fn listed(models: &[&ModelId]) -> String {
    let names: Vec<&str> = models.iter().take(LISTED_MAX).map(|model| model.as_str()).collect();
    match models.len().checked_sub(LISTED_MAX) {
        None | Some(0) => quoted(&names),
        Some(more) => format!("{} and {more} more", quoted(&names)),
    }
}
