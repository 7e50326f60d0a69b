//! The admission entry, durable before any byte leaves for a provider (A2, AUD-1).

use std::sync::Arc;

use journal::Admission;
use vocab::{EvidenceLevel, Refusal, RefusalCode};

use super::plan::Planned;
use crate::{port::EvidenceError, trail::Trail};

/// A request whose admission is on record, as durable as its workload demands.
pub(crate) struct Attested {
    planned: Planned,
}

impl Attested {
    pub(super) fn planned(&self) -> &Planned {
        &self.planned
    }
}

pub(super) async fn attest(trail: &mut Trail, planned: Planned) -> Result<Attested, Refusal> {
    let Some(admission) = admission(trail, &planned) else {
        return Err(evidence_unavailable(&EvidenceError("the trail is incomplete".to_owned())));
    };
    let appended = trail.admit(admission);
    let ticket = appended.map_err(|error| evidence_unavailable(&error))?;
    // AUD-1: the wait is here, before the first upstream byte, and nowhere else.
    if trail.evidence >= EvidenceLevel::Local {
        trail.durable(ticket).await.map_err(|error| evidence_unavailable(&error))?;
    }
    Ok(Attested { planned })
}

fn admission(trail: &mut Trail, planned: &Planned) -> Option<Admission> {
    let caller = trail.caller.clone()?;
    let route = |index: &usize| Some(planned.choice(*index)?.lane().route.id.clone());
    Some(Admission {
        request: trail.request,
        at: trail.now(),
        gateway: Arc::clone(&trail.gateway.name),
        region: trail.gateway.region.clone(),
        tenant: caller.tenant.clone(),
        credential: caller.credential.clone(),
        credential_version: None,
        workload: trail.workload.clone()?,
        model: trail.model.clone()?,
        origin: caller.origin.clone(),
        dialect: trail.dialect.as_str().into(),
        stream: planned.request().stream(),
        generation: trail.serving.bundle.generation,
        bundle_digest: Arc::clone(&trail.serving.bundle_digest),
        evidence: trail.evidence,
        needs: trail.needs.clone(),
        planned: planned.plan().attempts.iter().filter_map(route).collect(),
        passed_over: std::mem::take(&mut trail.passed_over),
        rejected: std::mem::take(&mut trail.rejected),
    })
}

/// The refusal of a request whose evidence cannot be kept.
pub(super) fn evidence_unavailable(error: &EvidenceError) -> Refusal {
    tracing::error!(%error, "evidence cannot be kept");
    Refusal::new(
        RefusalCode::EvidenceUnavailable,
        "this gateway cannot keep the evidence that the workload demands",
        "try another gateway; operators: see the gateway's log and its disk",
    )
}
