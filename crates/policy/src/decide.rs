//! The decision: may this gateway process the request, and which routes may serve it.

use std::sync::Arc;

use vocab::{JurisdictionId, ModelId, Refusal, RegionId, TenantId, Timestamp, WorkloadId};

use crate::{
    cell::Asked,
    compile::{Entry, Policy},
    model::Region,
    refuse::{no_route, no_workload},
    terms::{Permitted, Terms},
    workload::Workload,
};

/// What policy is asked about. Nothing here comes from prompt text.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The region of the gateway that received the request.
    pub gateway: &'a RegionId,
    /// On whose account.
    pub tenant: &'a TenantId,
    /// The class of use.
    pub workload: &'a WorkloadId,
    /// The logical model asked for.
    pub model: &'a ModelId,
    /// Where the request comes from, as the credential proves it.
    pub origin: &'a JurisdictionId,
    /// What the request asks to be run.
    pub needs: PolicyNeeds<'a>,
}

/// A caller at the door of a gateway: what is known before a byte of content is read.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    /// The region of the gateway.
    pub gateway: &'a RegionId,
    /// On whose account.
    pub tenant: &'a TenantId,
    /// The class of use.
    pub workload: &'a WorkloadId,
    /// Where the request comes from, as the credential proves it.
    pub origin: &'a JurisdictionId,
}

/// What a request asks to be run for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct PolicyNeeds<'a> {
    /// It offers functions that the caller runs.
    pub function_tools: bool,
    /// The tools it asks the provider to run, by type.
    pub hosted_tools: &'a [String],
}

/// What policy says.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Yes, by these routes and no others.
    Permit(Terms),
    /// No.
    Refuse(Refusal),
}

impl Policy {
    /// Whether this gateway may process the request, and which routes may serve it (P1).
    #[must_use]
    pub fn decide(&self, facts: &Facts<'_>, now: Timestamp) -> Decision {
        let cell = match self.cell(facts, now) {
            Ok(cell) => cell,
            Err(refusal) => return Decision::Refuse(refusal),
        };
        if cell.entry().crosses() && cell.entry().ground(facts.tenant, now).is_none() {
            return Decision::Refuse(self.outside(&facts.door(), now));
        }
        let asked = facts.asked();
        let own = (!cell.shares(&asked, now)).then(|| Arc::new(cell.select(&asked, now)));
        let terms = Terms::new(Arc::clone(cell), asked, own);
        if terms.routes().is_empty() {
            return Decision::Refuse(no_route(facts, &terms));
        }
        Decision::Permit(terms)
    }

    /// Whether this gateway may process requests that come through `door` at all (P2). It needs no
    /// model, so it is asked before content is read; [`Self::decide`] asks it again.
    ///
    /// # Errors
    /// The refusal, which names the entries of the gateways that may.
    pub fn may_process(&self, door: &Door<'_>, now: Timestamp) -> Result<(), Refusal> {
        let workload = self.workloads.get(door.workload).map(|(_, workload)| workload);
        let workload = workload.ok_or_else(|| no_workload(door.workload))?;
        let gateway = self.gateway(door.gateway);
        let inside = gateway.is_some_and(|gateway| self.admits(door, workload, gateway, now));
        if inside { Ok(()) } else { Err(self.outside(door, now)) }
    }

    fn admits(
        &self,
        door: &Door<'_>,
        workload: &Workload,
        gateway: &Region,
        now: Timestamp,
    ) -> bool {
        match self.entry(workload, door.origin, gateway) {
            Entry::Outside => false,
            Entry::Inside(_, crossing) => {
                !crossing.crosses() || crossing.ground(door.tenant, now).is_some()
            }
        }
    }

    /// The routes that [`Self::decide`] would permit, without keeping the compiled answer: for
    /// reports that go through a whole bundle. `None` when a name is unknown or the gateway may
    /// not process the request.
    #[must_use]
    pub fn preview(&self, facts: &Facts<'_>, now: Timestamp) -> Option<Vec<Permitted>> {
        let (_, workload) = self.workloads.get(facts.workload)?;
        let (_, routes) = self.models.get(facts.model)?;
        let gateway = self.gateway(facts.gateway)?;
        let cell = self.build(facts, (workload, gateway, routes), now)?;
        let admitted = self.admits(&facts.door(), workload, gateway, now);
        admitted.then(|| cell.select(&facts.asked(), now).permitted)
    }

    /// The gateways that may process requests that come through `door`, in the bundle's order:
    /// where callers should go instead (P2).
    pub fn entries<'a>(
        &'a self,
        door: &'a Door<'a>,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Region> + use<'a> {
        let workload = self.workloads.get(door.workload).map(|(_, workload)| workload);
        self.gateways.values.iter().filter(move |gateway| {
            let workload = workload.filter(|_| gateway.entry.is_some());
            workload.is_some_and(|workload| self.admits(door, workload, gateway, now))
        })
    }
}

impl<'a> Facts<'a> {
    /// The part that is known before content is read.
    #[must_use]
    pub const fn door(&self) -> Door<'a> {
        Door {
            gateway: self.gateway,
            tenant: self.tenant,
            workload: self.workload,
            origin: self.origin,
        }
    }

    pub(crate) fn asked(&self) -> Asked {
        let hosted = self.needs.hosted_tools;
        Asked {
            tenant: self.tenant.clone(),
            functions: self.needs.function_tools,
            hosted: (!hosted.is_empty()).then(|| Arc::from(hosted)),
        }
    }
}
