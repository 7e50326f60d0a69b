//! Which routes may serve the request (P1, P2, P5, P7). From here on nothing widens the terms.

use dialect::Request;
use policy::{Decision, Facts, PolicyNeeds, Terms};
use vocab::Refusal;

use super::parse::Parsed;
use crate::trail::Trail;

/// A request that policy lets in, on terms.
pub(crate) struct Admitted {
    parsed: Parsed,
    terms: Terms,
}

impl Admitted {
    pub(super) fn parsed(&self) -> &Parsed {
        &self.parsed
    }

    pub(super) fn into_parts(self) -> (Request, Terms) {
        (self.parsed.into_request(), self.terms)
    }
}

pub(super) fn admit(trail: &mut Trail, parsed: Parsed) -> Result<Admitted, Refusal> {
    let caller = parsed.caller();
    let needs = parsed.request().needs();
    let facts = Facts {
        gateway: &trail.gateway.region,
        tenant: &caller.tenant,
        workload: parsed.workload(),
        model: parsed.model(),
        origin: &caller.origin,
        needs: PolicyNeeds {
            function_tools: needs.function_tools,
            hosted_tools: &needs.hosted_tools,
        },
    };
    let policy = &trail.serving.bundle.policy;
    match policy.decide(&facts, trail.gateway.env.now()) {
        Decision::Permit(terms) => {
            trail.evidence = terms.evidence();
            trail.rejected = terms.rejected().iter().map(record).collect();
            Ok(Admitted { parsed, terms })
        }
        Decision::Refuse(refusal) => {
            let explained = policy.explain(&facts, trail.gateway.env.now());
            let rejected = explained.routes.iter().filter_map(|route| {
                let control = route.failed().next()?.control.as_str().into();
                Some(journal::Rejected { route: route.route.id.clone(), control })
            });
            trail.rejected = rejected.collect();
            Err(refusal)
        }
    }
}

fn record(rejected: &policy::Rejected) -> journal::Rejected {
    journal::Rejected { route: rejected.route.clone(), control: rejected.control.as_str().into() }
}
