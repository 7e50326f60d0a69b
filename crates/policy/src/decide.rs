//! The decision: may this gateway process the request, and which routes may serve it.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, OnceLock},
};

use vocab::{
    Id, JurisdictionId, ModelId, Refusal, RefusalCode, RegionId, RouteId, TenantId, Timestamp,
    WorkloadId,
};

use crate::{
    cell::{Asked, Candidate, Cell, Judged},
    certificate::Certificate,
    equivalence::Required,
    model::{Mechanism, Model, Region, Route},
    residency::{Crossing, Grounds, Places},
    terms::{Terms, Tier},
    workload::{Residency, Workload},
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

/// A bundle's policy, ready to answer.
///
/// A request costs four look-ups of names and one of the compiled answer. An answer is compiled
/// when it is first asked for and then kept, so start-up and memory do not grow with workloads ×
/// models × origins × regions that nobody uses.
#[derive(Debug)]
pub struct Policy {
    pub(crate) places: Places,
    pub(crate) workloads: Index<WorkloadId, Arc<Workload>>,
    pub(crate) models: Index<ModelId, Vec<Arc<Route>>>,
    origins: Index<JurisdictionId, ()>,
    gateways: Index<RegionId, Region>,
    certificates: HashMap<RouteId, Vec<Arc<Certificate>>>,
    pub(crate) mechanisms: Vec<Arc<Mechanism>>,
    cells: Vec<OnceLock<Arc<Cell>>>,
}

/// Values by name and by number.
#[derive(Debug)]
pub(crate) struct Index<K, V> {
    numbers: HashMap<K, usize>,
    pub(crate) values: Vec<V>,
}

impl<K: Eq + Hash, V> Index<K, V> {
    fn new(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut index = Self { numbers: HashMap::new(), values: Vec::new() };
        for (key, value) in entries {
            index.numbers.entry(key).or_insert(index.values.len());
            index.values.push(value);
        }
        index
    }

    pub(crate) fn get(&self, key: &K) -> Option<(usize, &V)> {
        let number = *self.numbers.get(key)?;
        self.values.get(number).map(|value| (number, value))
    }
}

/// How a gateway stands to requests of one workload and origin.
pub(crate) enum Entry<'a> {
    /// It may process them if the crossing has a ground.
    Inside(&'a Residency, Crossing),
    /// It may not, whatever the time and the tenant.
    Outside,
}

impl Policy {
    /// Takes the facts of a bundle. Parts that do not fit together answer no.
    #[must_use]
    pub fn compile(model: Model) -> Self {
        let mut routes: HashMap<ModelId, Vec<Arc<Route>>> = HashMap::new();
        for route in model.routes {
            routes.entry(route.model.clone()).or_default().push(route);
        }
        let mut certificates: HashMap<RouteId, Vec<Arc<Certificate>>> = HashMap::new();
        for certificate in model.certificates {
            let route = certificate.route.clone();
            certificates.entry(route).or_default().push(Arc::new(certificate));
        }
        for of_route in certificates.values_mut() {
            of_route.sort_by(|a, b| b.issued.cmp(&a.issued).then_with(|| a.id.cmp(&b.id)));
        }
        let models = Index::new(model.models.into_iter().map(|id| {
            let routes = routes.remove(&id).unwrap_or_default();
            (id, routes)
        }));
        let workloads =
            Index::new(model.workloads.into_iter().map(|w| (w.id.clone(), Arc::new(w))));
        let origins = Index::new(model.jurisdictions.into_iter().map(|id| (id, ())));
        let gateways = Index::new(model.regions.iter().map(|r| (r.id.clone(), r.clone())));
        let cells = [&workloads.values.len(), &models.values.len(), &origins.values.len()]
            .into_iter()
            .fold(gateways.values.len(), |product, n| product.saturating_mul(*n));
        Self {
            places: Places::new(model.regions),
            workloads,
            models,
            origins,
            gateways,
            certificates,
            mechanisms: model.mechanisms.into_iter().map(Arc::new).collect(),
            cells: std::iter::repeat_with(OnceLock::new).take(cells).collect(),
        }
    }

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

    fn cell(&self, facts: &Facts<'_>, now: Timestamp) -> Result<&Arc<Cell>, Refusal> {
        let (w, workload) =
            self.workloads.get(facts.workload).ok_or_else(|| no_workload(facts.workload))?;
        // P2 comes first: a gateway that may not process the request says nothing else about it.
        let (Some((o, ())), Some((g, gateway))) =
            (self.origins.get(facts.origin), self.gateways.get(facts.gateway))
        else {
            return Err(self.outside(&facts.door(), now));
        };
        let Some((m, routes)) = self.models.get(facts.model) else {
            let inside = matches!(self.entry(workload, facts.origin, gateway), Entry::Inside(..));
            return Err(if inside { no_model(facts.model) } else { self.outside(&facts.door(), now) });
        };
        let number = (w * self.models.values.len() + m) * self.origins.values.len() + o;
        let number = number * self.gateways.values.len() + g;
        let place = self.cells.get(number).ok_or_else(|| self.outside(&facts.door(), now))?;
        if let Some(cell) = place.get() {
            return Ok(cell);
        }
        match self.entry(workload, facts.origin, gateway) {
            Entry::Outside => Err(self.outside(&facts.door(), now)),
            Entry::Inside(residency, entry) => Ok(place.get_or_init(|| {
                let required = Required { workload, residency, places: &self.places };
                let candidates = self.candidates(required, facts.origin, gateway, routes);
                Arc::new(Cell::new(Arc::clone(workload), entry, candidates, (facts.tenant, now)))
            })),
        }
    }

    /// Whether a gateway may process requests of a workload from an origin (P2).
    pub(crate) fn entry<'a>(
        &self,
        workload: &'a Workload,
        origin: &JurisdictionId,
        gateway: &Region,
    ) -> Entry<'a> {
        let residency = workload.residency.get(origin);
        match residency.filter(|r| r.processing.contains(&gateway.jurisdiction)) {
            None => Entry::Outside,
            Some(residency) => {
                let grounds = self.grounds(workload);
                Entry::Inside(residency, Crossing::new(origin, [&gateway.jurisdiction], &grounds))
            }
        }
    }

    pub(crate) fn grounds<'a>(&'a self, workload: &'a Workload) -> Grounds<'a> {
        Grounds::new(&workload.id, &workload.cross_border, &self.mechanisms)
    }

    /// The certificates of a route, newest first.
    pub(crate) fn certificates(&self, route: &RouteId) -> &[Arc<Certificate>] {
        self.certificates.get(route).map_or(&[], Vec::as_slice)
    }

    fn candidates(
        &self,
        required: Required<'_>,
        origin: &JurisdictionId,
        gateway: &Region,
        routes: &[Arc<Route>],
    ) -> Vec<Candidate> {
        let grounds = self.grounds(required.workload);
        let judge = |route: &Route, certificate: &Arc<Certificate>| {
            let touched = self.touched(route, certificate).chain([&gateway.jurisdiction]);
            let crossing = Crossing::new(origin, touched, &grounds);
            Judged::new(required, route, certificate, crossing)
        };
        routes
            .iter()
            .map(|route| Candidate {
                route: Arc::clone(route),
                tier: self.tier(route, gateway),
                certificates: self
                    .certificates(&route.id)
                    .iter()
                    .map(|certificate| judge(route, certificate))
                    .collect(),
            })
            .collect()
    }

    /// Every jurisdiction that a request served under a certificate touches.
    pub(crate) fn touched<'a>(
        &'a self,
        route: &'a Route,
        certificate: &'a Certificate,
    ) -> impl Iterator<Item = &'a JurisdictionId> {
        let stated = certificate.processing.iter().chain(&certificate.storage).flatten();
        stated.chain([&route.region]).filter_map(|region| self.places.jurisdiction(region))
    }

    pub(crate) fn tier(&self, route: &Route, gateway: &Region) -> Tier {
        if route.region == gateway.id {
            Tier::SameRegion
        } else if self.places.jurisdiction(&route.region) == Some(&gateway.jurisdiction) {
            Tier::SameJurisdiction
        } else {
            Tier::CrossBorder
        }
    }

    pub(crate) fn gateway(&self, id: &RegionId) -> Option<&Region> {
        self.gateways.get(id).map(|(_, region)| region)
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

    fn outside(&self, door: &Door<'_>, now: Timestamp) -> Refusal {
        let area = self.gateway(door.gateway).map_or("unknown", |g| g.jurisdiction.as_str());
        let message = format!(
            "gateway `{}` (jurisdiction {area}) may not process requests of workload `{}` from \
             origin {}",
            door.gateway, door.workload, door.origin
        );
        let entries: Vec<String> = self
            .entries(door, now)
            .filter_map(|region| Some(format!("{} ({})", region.entry.as_deref()?, region.id)))
            .collect();
        let remedy = if entries.is_empty() {
            "no gateway of this installation may; ask the owner of the workload".to_owned()
        } else {
            format!("send it to {}", entries.join(" or "))
        };
        Refusal::new(RefusalCode::GatewayOutsideResidency, message, remedy)
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

fn no_route(facts: &Facts<'_>, terms: &Terms) -> Refusal {
    let Facts { workload, model, origin, .. } = facts;
    let why = match terms.rejected() {
        [] => "the bundle has none for this model".to_owned(),
        [only] => only.to_string(),
        [first, others @ ..] => format!("{first}; and {} more", others.len()),
    };
    let refusal = Refusal::new(
        RefusalCode::NoEligibleRoute,
        format!(
            "no route for model `{model}` keeps the controls of workload `{workload}` from origin \
             {origin}: {why}"
        ),
        "ask the owner of the workload, who sees each route's reason with `isobar policy explain`",
    );
    let about_tools = |rejected: &crate::Rejected| {
        use crate::Control::{FunctionTools, RequestedTools};
        matches!(rejected.control, FunctionTools | RequestedTools)
    };
    let asks = facts.needs.function_tools || !facts.needs.hosted_tools.is_empty();
    if asks && terms.rejected().iter().any(about_tools) { refusal.about("tools") } else { refusal }
}

fn no_workload(workload: &WorkloadId) -> Refusal {
    Refusal::new(
        RefusalCode::WorkloadNotAllowed,
        format!("there is no workload `{workload}`"),
        "name a workload that your key may act for",
    )
}

fn no_model(model: &Id<vocab::id::kind::Model>) -> Refusal {
    Refusal::new(
        RefusalCode::ModelNotAllowed,
        format!("there is no model `{model}`"),
        "list the models with `GET /v1/models`",
    )
    .about("model")
}
