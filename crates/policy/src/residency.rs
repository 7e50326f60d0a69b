//! Where things are, and what crossing a border takes (P2, P3).

use std::{collections::BTreeSet, sync::Arc};

use vocab::{JurisdictionId, RegionId, TenantId, Timestamp, WorkloadId};

use crate::{
    compile::Named,
    control::list,
    model::{Mechanism, Region},
    workload::CrossBorder,
};

/// Regions by name.
#[derive(Debug, Default)]
pub(crate) struct Places {
    regions: Named<RegionId, Region>,
}

impl Places {
    pub(crate) fn new(regions: Vec<Region>) -> Self {
        Self { regions: regions.into_iter().map(|r| (r.id.clone(), r)).collect() }
    }

    /// The legal area of a region; `None` for a region the bundle does not know, which then lies
    /// nowhere that is allowed.
    pub(crate) fn jurisdiction(&self, region: &RegionId) -> Option<&JurisdictionId> {
        self.regions.get(region).map(|region| &region.jurisdiction)
    }

    /// Regions with their jurisdictions, e.g. `eu-west (EU), us-east (US)`.
    pub(crate) fn describe(&self, regions: &BTreeSet<RegionId>) -> String {
        let names: Vec<String> = regions
            .iter()
            .map(|region| match self.jurisdiction(region) {
                Some(jurisdiction) => format!("{region} ({jurisdiction})"),
                None => format!("{region} (unknown)"),
            })
            .collect();
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = list(&mut text, names.iter().map(String::as_str));
        text
    }
}

/// The jurisdictions outside the origin that a request would touch, and the mechanisms that
/// cover all of them for its workload. Validity and tenant are asked per request.
#[derive(Debug, Default)]
pub(crate) struct Crossing {
    foreign: BTreeSet<JurisdictionId>,
    mechanisms: Vec<Arc<Mechanism>>,
}

impl Crossing {
    /// What it takes to bring requests from `origin` to all of `touched`.
    pub(crate) fn new<'a>(
        origin: &JurisdictionId,
        touched: impl IntoIterator<Item = &'a JurisdictionId>,
        grounds: &Grounds<'_>,
    ) -> Self {
        let foreign: BTreeSet<_> = touched.into_iter().filter(|j| *j != origin).cloned().collect();
        let mechanisms = if foreign.is_empty() {
            Vec::new()
        } else {
            grounds.covering(origin, &foreign).cloned().collect()
        };
        Self { foreign, mechanisms }
    }

    /// Whether anything outside the origin is touched.
    pub(crate) fn crosses(&self) -> bool {
        !self.foreign.is_empty()
    }

    /// The jurisdictions outside the origin.
    pub(crate) fn foreign(&self) -> &BTreeSet<JurisdictionId> {
        &self.foreign
    }

    /// The first mechanism that holds for `tenant` at `now`; one must cover every border.
    pub(crate) fn ground(&self, tenant: &TenantId, now: Timestamp) -> Option<&Mechanism> {
        let covers = |m: &Mechanism| m.tenants.as_ref().is_none_or(|t| t.contains(tenant));
        self.mechanisms.iter().map(Arc::as_ref).find(|m| m.in_force(now) && covers(m))
    }

    /// Why no mechanism holds, for people.
    pub(crate) fn describe(&self, now: Timestamp) -> String {
        let mut why = "none that the workload accepts".to_owned();
        for mechanism in &self.mechanisms {
            let id = &mechanism.id;
            if now < mechanism.valid_from {
                return format!("`{id}`, not valid before {}", mechanism.valid_from);
            }
            if mechanism.valid_until <= now {
                return format!("`{id}`, over since {}", mechanism.valid_until);
            }
            why = format!("`{id}`, which does not cover the tenant");
        }
        why
    }

    /// The mechanisms that would do if their time and the tenant were right.
    pub(crate) fn mechanisms(&self) -> &[Arc<Mechanism>] {
        &self.mechanisms
    }
}

/// The mechanisms that one workload accepts, in its order of preference.
#[derive(Debug)]
pub(crate) struct Grounds<'a> {
    workload: &'a WorkloadId,
    accepted: Vec<&'a Arc<Mechanism>>,
}

impl<'a> Grounds<'a> {
    pub(crate) fn new(
        workload: &'a WorkloadId,
        rule: &'a CrossBorder,
        mechanisms: &'a [Arc<Mechanism>],
    ) -> Self {
        let accepted = match rule {
            CrossBorder::Reject => Vec::new(),
            CrossBorder::Mechanisms(names) => names
                .iter()
                .filter_map(|name| mechanisms.iter().find(|mechanism| mechanism.id == *name))
                .collect(),
        };
        Self { workload, accepted }
    }

    fn covering<'b>(
        &'b self,
        origin: &'b JurisdictionId,
        foreign: &'b BTreeSet<JurisdictionId>,
    ) -> impl Iterator<Item = &'a Arc<Mechanism>> + use<'a, 'b> {
        self.accepted.iter().copied().filter(move |mechanism| {
            mechanism.from == *origin
                && foreign.is_subset(&mechanism.to)
                && mechanism.workloads.as_ref().is_none_or(|w| w.contains(self.workload))
        })
    }
}
