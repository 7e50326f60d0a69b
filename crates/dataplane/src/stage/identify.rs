//! Who is calling, and for which workload (I1). Asked before the body is read, so that strangers
//! cannot make the gateway hold bytes.

use std::sync::Arc;

use http::HeaderMap;
use identity::Caller;
use vocab::{Refusal, RefusalCode, WorkloadId};

use crate::{headers, trail::Trail};

/// A request whose caller is known.
pub(crate) struct Identified {
    headers: HeaderMap,
    caller: Arc<Caller>,
    workload: WorkloadId,
}

impl Identified {
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(super) fn workload(&self) -> &WorkloadId {
        &self.workload
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

pub(super) fn identify(trail: &mut Trail, headers: HeaderMap) -> Result<Identified, Refusal> {
    let presented = headers::presented_key(&headers);
    let caller = trail.serving.bundle.keys.verify(presented, trail.at)?;
    trail.caller = Some(Arc::clone(&caller));
    let named = headers.get(headers::WORKLOAD);
    let named = named.map(|value| value.to_str().unwrap_or("(unreadable)"));
    let workload = caller.workload(named).cloned().ok_or_else(|| not_allowed(named, &caller))?;
    trail.workload = Some(workload.clone());
    Ok(Identified { headers, caller, workload })
}

fn not_allowed(named: Option<&str>, caller: &Caller) -> Refusal {
    let shown: String = named.unwrap_or_default().chars().take(64).collect();
    let allowed: Vec<_> = caller.workloads.iter().map(WorkloadId::as_str).collect();
    Refusal::new(
        RefusalCode::WorkloadNotAllowed,
        format!("key `{}` may not act for the workload `{shown}`", caller.credential),
        format!(
            "name one of {} in the header `{}`, or leave it out",
            allowed.join(", "),
            headers::WORKLOAD
        ),
    )
    .about(headers::WORKLOAD.as_str())
}
