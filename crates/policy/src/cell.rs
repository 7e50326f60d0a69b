//! The compiled answer for one workload, logical model, origin and gateway.
//!
//! What does not depend on time, tenant or request is worked out once. What the clock decides is
//! worked out once for the span in which no certificate or mechanism begins or ends; a request
//! in that span shares the result and allocates nothing. Outside it (a certificate ran out since
//! the bundle was loaded), and for tenants or tools with rules of their own, the same function
//! answers for the one request, at a cost that grows with the routes of the model.

use std::sync::Arc;

use vocab::{MechanismId, RouteId, TenantId, Timestamp};

use crate::{
    certificate::{Certificate, Tools, current},
    control::{Control, Finding, Text},
    equivalence::{Required, findings},
    model::Route,
    residency::Crossing,
    terms::{Permitted, Rejected, Tier},
    workload::Workload,
};

/// What one request brings that compiled terms cannot know.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) tenant: TenantId,
    pub(crate) functions: bool,
    /// `None` when the request names no tool for the provider to run.
    pub(crate) hosted: Option<Arc<[String]>>,
}

/// The routes of a model, sorted into those that may serve and those that may not.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) permitted: Vec<Permitted>,
    pub(crate) rejected: Vec<Rejected>,
}

/// One workload, logical model, origin and gateway.
#[derive(Debug)]
pub(crate) struct Cell {
    workload: Arc<Workload>,
    /// What it takes that this gateway processes the request.
    entry: Crossing,
    candidates: Vec<Candidate>,
    selection: Selection,
    /// The span in which `selection` holds; the end is not part of it.
    span: (Timestamp, Timestamp),
    /// Whether some mechanism is for certain tenants only, so that nothing can be shared.
    by_tenant: bool,
    /// Whether every permitted route can carry function calls for this workload.
    functions: bool,
}

/// A route of the model, with everything about it that does not change.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) route: Arc<Route>,
    pub(crate) tier: Tier,
    /// Newest first.
    pub(crate) certificates: Vec<Judged>,
}

/// A certificate held against the workload.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) certificate: Arc<Certificate>,
    failed: Option<Rejected>,
    crossing: Crossing,
}

impl Judged {
    /// Holds a certificate against a workload. `crossing` is what serving under it takes.
    pub(crate) fn new(
        required: Required<'_>,
        route: &Route,
        certificate: &Arc<Certificate>,
        crossing: Crossing,
    ) -> Self {
        let failed = findings(required, route, certificate).find(|finding| !finding.met);
        Self {
            certificate: Arc::clone(certificate),
            failed: failed.map(|finding| Rejected::new(&route.id, &finding)),
            crossing,
        }
    }
}

impl Cell {
    /// Sorts the candidates for `asked` at `now` and keeps the result for those who ask the same.
    pub(crate) fn new(
        workload: Arc<Workload>,
        entry: Crossing,
        mut candidates: Vec<Candidate>,
        first: (&TenantId, Timestamp),
    ) -> Self {
        // Stable: inside a tier the bundle's order stays.
        candidates.sort_by_key(|candidate| candidate.tier);
        let (tenant, now) = first;
        let asked = Asked { tenant: tenant.clone(), functions: false, hosted: None };
        let mut cell = Self {
            workload,
            entry,
            candidates,
            selection: Selection::default(),
            span: (now, now),
            by_tenant: false,
            functions: false,
        };
        cell.selection = cell.select(&asked, now);
        cell.span = cell.span_around(now);
        let by_tenant = |c: &Crossing| c.mechanisms().iter().any(|m| m.tenants.is_some());
        let by_tenant = cell.crossings().any(by_tenant);
        cell.by_tenant = by_tenant;
        let with_functions = Asked { functions: true, ..asked };
        cell.functions = cell
            .selection
            .permitted
            .iter()
            .all(|permitted| cell.ask(&permitted.route.id, &with_functions, now).is_ok());
        cell
    }

    pub(crate) fn workload(&self) -> &Workload {
        &self.workload
    }

    /// What it takes that this gateway processes the request.
    pub(crate) fn entry(&self) -> &Crossing {
        &self.entry
    }

    /// The shared selection.
    pub(crate) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Whether the shared selection is the answer to `asked` at `now`.
    pub(crate) fn shares(&self, asked: &Asked, now: Timestamp) -> bool {
        let (from, until) = self.span;
        from <= now
            && now < until
            && !self.by_tenant
            && asked.hosted.is_none()
            && (!asked.functions || self.functions)
    }

    /// Sorts the candidates for one request.
    pub(crate) fn select(&self, asked: &Asked, now: Timestamp) -> Selection {
        let mut selection = Selection::default();
        for candidate in &self.candidates {
            match candidate.ask(self.workload(), asked, now) {
                Ok(permitted) => selection.permitted.push(permitted),
                Err(rejected) => selection.rejected.push(rejected),
            }
        }
        selection
    }

    /// The whole question about one route (P1, EQV-1).
    pub(crate) fn ask(
        &self,
        route: &RouteId,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Permitted, Rejected> {
        let candidate = self.candidates.iter().find(|candidate| candidate.route.id == *route);
        match candidate {
            Some(candidate) => candidate.ask(self.workload(), asked, now),
            None => Err(rejected(route, "a route of this model", "another")),
        }
    }

    fn crossings(&self) -> impl Iterator<Item = &Crossing> {
        let judged = self.candidates.iter().flat_map(|candidate| &candidate.certificates);
        judged.map(|judged| &judged.crossing).chain([&self.entry])
    }

    /// The span around `now` in which nothing begins or ends.
    fn span_around(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let judged = self.candidates.iter().flat_map(|candidate| &candidate.certificates);
        let certificates = judged.flat_map(|j| [j.certificate.issued, j.certificate.expires]);
        let mechanisms = self.crossings().flat_map(Crossing::mechanisms);
        let mechanisms = mechanisms.flat_map(|m| [m.valid_from, m.valid_until]);
        let first = Timestamp::from_unix_micros(i64::MIN);
        let last = Timestamp::from_unix_micros(i64::MAX);
        certificates.chain(mechanisms).fold((first, last), |(from, until), edge| {
            if edge <= now { (from.max(edge), until) } else { (from, until.min(edge)) }
        })
    }
}

impl Candidate {
    fn ask(
        &self,
        workload: &Workload,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Permitted, Rejected> {
        let id = &self.route.id;
        let judged = current(&self.certificates, |judged| &judged.certificate, now)
            .map_err(|why| rejected(id, "an active certificate in its time", &why))?;
        if let Some(failed) = &judged.failed {
            return Err(failed.clone());
        }
        // RES-1: no border is crossed without a ground that holds for this tenant now.
        let mechanism = ground(&judged.crossing, &asked.tenant, now)
            .map_err(|finding| Rejected::new(id, &finding))?;
        let stated = judged.certificate.tools.as_ref();
        if let Some(finding) = needs(&workload.tools_allowed, stated, asked).find(|f| !f.met) {
            return Err(Rejected::new(id, &finding));
        }
        Ok(Permitted {
            route: Arc::clone(&self.route),
            tier: self.tier,
            certificate: judged.certificate.id.clone(),
            mechanism,
        })
    }
}

fn rejected(route: &RouteId, required: &str, found: &str) -> Rejected {
    Rejected {
        route: route.clone(),
        control: Control::Certificate,
        required: required.to_owned(),
        found: found.to_owned(),
    }
}

/// The mechanism under which a crossing is made, or `None` where none is needed.
pub(crate) fn ground<'a>(
    crossing: &'a Crossing,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<Option<MechanismId>, Finding<'a>> {
    if !crossing.crosses() {
        return Ok(None);
    }
    match crossing.ground(tenant, now) {
        Some(mechanism) => Ok(Some(mechanism.id.clone())),
        None => Err(Finding {
            control: Control::CrossBorder,
            met: false,
            required: Text::Owned(format!(
                "under a transfer mechanism to {}",
                Text::Jurisdictions(crossing.foreign())
            )),
            found: Text::Owned(crossing.describe(now)),
        }),
    }
}

/// The controls that depend on what the request asks for: a tool runs only where the workload
/// lets it and the route was shown to keep its controls with it.
pub(crate) fn needs<'a>(
    allowed: &'a Tools,
    stated: Option<&'a Tools>,
    asked: &'a Asked,
) -> impl Iterator<Item = Finding<'a>> {
    let functions = asked.functions.then(|| Finding {
        control: Control::FunctionTools,
        met: allowed.functions && stated.is_some_and(|tools| tools.functions),
        required: Text::Word("allowed by workload and route"),
        found: Text::Word(match (allowed.functions, stated.map(|tools| tools.functions)) {
            (false, _) => "not allowed by the workload",
            (true, Some(true)) => "allowed",
            (true, Some(false)) => "not covered by the route's certificate",
            (true, None) => "unknown",
        }),
    });
    let hosted = asked.hosted.iter().flat_map(|hosted| hosted.iter()).map(move |tool| Finding {
        control: Control::RequestedTools,
        met: allowed.hosted.contains(tool) && stated.is_some_and(|s| s.hosted.contains(tool)),
        required: Text::Owned(format!("`{tool}` allowed by workload and route")),
        found: Text::Word(if !allowed.hosted.contains(tool) {
            "not allowed by the workload"
        } else if stated.is_some_and(|stated| stated.hosted.contains(tool)) {
            "allowed"
        } else {
            "not covered by the route's certificate"
        }),
    });
    functions.into_iter().chain(hosted)
}
