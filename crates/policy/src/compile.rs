//! A bundle's policy, compiled so that a request does look-ups and no evaluation.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, OnceLock},
};

use vocab::{JurisdictionId, ModelId, Refusal, RegionId, RouteId, Timestamp, WorkloadId};

use crate::{
    cell::{Candidate, Cell, Judged},
    certificate::Certificate,
    decide::Facts,
    equivalence::Required,
    model::{Mechanism, Model, Region, Route},
    refuse::{no_model, no_workload},
    residency::{Crossing, Grounds, Places},
    terms::Tier,
    workload::{Residency, Workload},
};

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
    pub(crate) gateways: Index<RegionId, Region>,
    certificates: Named<RouteId, Vec<Arc<Certificate>>>,
    pub(crate) mechanisms: Vec<Arc<Mechanism>>,
    cells: Vec<OnceLock<Arc<Cell>>>,
}

/// Values by name. The keys are a bundle's and a look-up never inserts, so that no caller can fill
/// the map with names that collide: the standard library's hash, which withstands that, would cost
/// four times as much for nothing.
pub(crate) type Named<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Values by name and by number.
#[derive(Debug)]
pub(crate) struct Index<K, V> {
    numbers: Named<K, usize>,
    pub(crate) values: Vec<V>,
}

impl<K: Eq + Hash, V> Index<K, V> {
    fn new(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut index = Self { numbers: Named::default(), values: Vec::new() };
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
        let mut routes: Named<ModelId, Vec<Arc<Route>>> = Named::default();
        for route in model.routes {
            routes.entry(route.model.clone()).or_default().push(route);
        }
        let mut certificates: Named<RouteId, Vec<Arc<Certificate>>> = Named::default();
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

    /// The compiled answer, compiled now if nobody asked before.
    pub(crate) fn cell(&self, facts: &Facts<'_>, now: Timestamp) -> Result<&Arc<Cell>, Refusal> {
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
            return Err(if inside {
                no_model(facts.model)
            } else {
                self.outside(&facts.door(), now)
            });
        };
        let number = (w * self.models.values.len() + m) * self.origins.values.len() + o;
        let number = number * self.gateways.values.len() + g;
        let place = self.cells.get(number).ok_or_else(|| self.outside(&facts.door(), now))?;
        if let Some(cell) = place.get() {
            return Ok(cell);
        }
        let cell = self.build(facts, (workload, gateway, routes), now);
        let cell = cell.ok_or_else(|| self.outside(&facts.door(), now))?;
        Ok(place.get_or_init(|| Arc::new(cell)))
    }

    /// Compiles an answer; `None` when the gateway is outside whatever the time and the tenant.
    pub(crate) fn build(
        &self,
        facts: &Facts<'_>,
        parts: (&Arc<Workload>, &Region, &[Arc<Route>]),
        now: Timestamp,
    ) -> Option<Cell> {
        let (workload, gateway, routes) = parts;
        let Entry::Inside(residency, entry) = self.entry(workload, facts.origin, gateway) else {
            return None;
        };
        let required = Required { workload, residency, places: &self.places };
        let candidates = self.candidates(required, facts.origin, gateway, routes);
        Some(Cell::new(Arc::clone(workload), entry, candidates, (facts.tenant, now)))
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
}
