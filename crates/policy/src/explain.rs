//! Why: every route of a model with every control, for a hypothetical or a past request (P11).

use std::sync::Arc;

use vocab::{CertificateId, MechanismId, Refusal, Timestamp};

use crate::{
    cell::{ground, needs},
    certificate::current,
    compile::{Entry, Policy},
    control::{Control, Finding},
    decide::{Decision, Facts},
    equivalence::{Required, findings},
    model::{Region, Route},
    residency::Crossing,
    terms::Tier,
    workload::{Residency, Workload},
};

/// The answer to "why".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The refusal, if the request would be refused.
    pub refusal: Option<Refusal>,
    /// The routes of the model: the permitted ones first, in the order in which they stand in the
    /// terms. Empty when the gateway may not process the request: then no route was looked at.
    pub routes: Vec<RouteExplanation>,
}

/// One route, held against the workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteExplanation {
    /// The route.
    pub route: Arc<Route>,
    /// How far it is from the gateway.
    pub tier: Tier,
    /// The certificate that counts, if one does.
    pub certificate: Option<CertificateId>,
    /// The mechanism it would be served under, if a border is crossed.
    pub mechanism: Option<MechanismId>,
    /// Every control, met or not, in the order of reports.
    pub checks: Vec<Check>,
}

impl RouteExplanation {
    /// Whether the route may serve.
    #[must_use]
    pub fn permitted(&self) -> bool {
        self.checks.iter().all(|check| check.met)
    }

    /// The controls it does not keep.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.met)
    }
}

/// One control, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The control.
    pub control: Control,
    /// Whether it is met.
    pub met: bool,
    /// What the workload requires.
    pub required: String,
    /// What was found; `unknown` where nothing is stated.
    pub found: String,
}

impl From<Finding<'_>> for Check {
    fn from(finding: Finding<'_>) -> Self {
        Self {
            control: finding.control,
            met: finding.met,
            required: finding.required.to_string(),
            found: finding.found.to_string(),
        }
    }
}

impl Policy {
    /// Every route of the model with every control: what [`Policy::decide`] says, and why.
    #[must_use]
    pub fn explain(&self, facts: &Facts<'_>, now: Timestamp) -> Explanation {
        let refusal = match self.decide(facts, now) {
            Decision::Permit(_) => None,
            Decision::Refuse(refusal) => Some(refusal),
        };
        let mut routes = self.explain_routes(facts, now).unwrap_or_default();
        routes.sort_by_key(|route| (!route.permitted(), route.tier));
        Explanation { refusal, routes }
    }

    fn explain_routes(&self, facts: &Facts<'_>, now: Timestamp) -> Option<Vec<RouteExplanation>> {
        let (_, workload) = self.workloads.get(facts.workload)?;
        let gateway = self.gateway(facts.gateway)?;
        let (_, routes) = self.models.get(facts.model)?;
        let Entry::Inside(residency, entry) = self.entry(workload, facts.origin, gateway) else {
            return None;
        };
        ground(&entry, facts.tenant, now).ok()?;
        let question = Question { policy: self, facts, workload, residency, gateway, now };
        Some(routes.iter().map(|route| question.ask(route)).collect())
    }
}

struct Question<'a> {
    policy: &'a Policy,
    facts: &'a Facts<'a>,
    workload: &'a Workload,
    residency: &'a Residency,
    gateway: &'a Region,
    now: Timestamp,
}

impl Question<'_> {
    fn ask(&self, route: &Arc<Route>) -> RouteExplanation {
        let (policy, facts) = (self.policy, self.facts);
        let mut explanation = RouteExplanation {
            route: Arc::clone(route),
            tier: policy.tier(route, self.gateway),
            certificate: None,
            mechanism: None,
            checks: Vec::new(),
        };
        let standing = current(policy.certificates(&route.id), |c| c.as_ref(), self.now);
        explanation.checks.push(Check {
            control: Control::Certificate,
            met: standing.is_ok(),
            required: "an active certificate in its time".to_owned(),
            found: standing.map_or_else(|why| why, |c| format!("`{}`", c.id)),
        });
        let Ok(certificate) = current(policy.certificates(&route.id), |c| c.as_ref(), self.now)
        else {
            return explanation;
        };
        explanation.certificate = Some(certificate.id.clone());
        let required =
            Required { workload: self.workload, residency: self.residency, places: &policy.places };
        explanation.checks.extend(findings(required, route, certificate).map(Check::from));
        let grounds = policy.grounds(self.workload);
        let touched = policy.touched(route, certificate).chain([&self.gateway.jurisdiction]);
        let crossing = Crossing::new(facts.origin, touched, &grounds);
        match ground(&crossing, facts.tenant, self.now) {
            Ok(None) => {}
            Ok(Some(mechanism)) => {
                explanation.checks.push(Check {
                    control: Control::CrossBorder,
                    met: true,
                    required: "under a transfer mechanism".to_owned(),
                    found: format!("`{mechanism}`"),
                });
                explanation.mechanism = Some(mechanism);
            }
            Err(finding) => explanation.checks.push(Check::from(finding)),
        }
        let asked = facts.asked();
        let tools = certificate.tools.as_ref();
        let needed = needs(&self.workload.tools_allowed, tools, &asked);
        explanation.checks.extend(needed.map(Check::from));
        explanation
    }
}
