//! From files to a bundle, or to everything that is wrong with them.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use identity::{KeyRecord, KeySet};
use policy::{Model, Policy, Region, Route};
use vocab::{JurisdictionId, ModelId, TenantId, Timestamp, WorkloadId};

use super::{
    certificates,
    chains::Chains,
    known::{Names, field},
    prices, reach, tenants,
    when::{self, End, date},
    wiring, workloads,
};
use crate::{
    load::{Bundle, EndpointConfig},
    node::{self, Node, Place},
    prices::Prices,
    read::{At, Notes},
    report::Report,
    schema::{self, Head},
    source::{self, FileId, Source},
};

/// The most compiled answers a bundle may ask for: workloads × models × jurisdictions × regions.
const ANSWERS_MAX: usize = 4_000_000;

/// Reads, checks and compiles the bundle in `dir`.
pub(crate) fn assemble(dir: &Path, now: Timestamp) -> Result<Bundle, Report> {
    let (sources, mut report) = source::read(dir);
    if sources.is_empty() {
        return Err(report);
    }
    let files: Vec<Parsed> = sources.iter().map(Parsed::new).collect();
    let parts = Parts::read(&files, dir, now);
    let ready = parts.and_then(|parts| {
        let clean = files.iter().all(|file| file.notes.clean()) && !report.has_errors();
        clean.then_some(parts)
    });
    let bundle = ready.and_then(|parts| parts.compile(&files, now));
    report.problems.extend(files.into_iter().flat_map(|file| file.notes.into_problems()));
    report.problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    match bundle {
        Some(bundle) if !report.has_errors() => {
            Ok(Bundle { digest: source::digest(&sources), report, ..bundle })
        }
        Some(_) | None => Err(report),
    }
}

/// One file as a tree, and the notes taken on it.
struct Parsed {
    tree: Option<Node>,
    notes: Notes,
}

impl Parsed {
    fn new(source: &Source) -> Self {
        let notes = Notes::new(source.file, source.shown.clone());
        let tree = match node::parse(&source.text) {
            Ok(tree) => Some(tree),
            Err(error) => {
                notes.error(
                    error.place,
                    format!("not valid YAML: {}", error.message),
                    "correct the line; indent with spaces, and put texts with `: ` or `#` in quotes",
                );
                None
            }
        };
        Self { tree, notes }
    }
}

/// The trees by file.
struct Trees<'a>(&'a [Parsed]);

impl<'a> Trees<'a> {
    fn tree(&self, file: FileId) -> Option<&'a Node> {
        self.0.iter().find(|parsed| parsed.notes.file() == file)?.tree.as_ref()
    }

    fn read<T>(
        &self,
        file: FileId,
        read: impl FnOnce(&'a Node, &'a Notes) -> Option<T>,
    ) -> Option<(T, &'a Notes)> {
        let parsed = self.0.iter().find(|parsed| parsed.notes.file() == file)?;
        Some((read(parsed.tree.as_ref()?, &parsed.notes)?, &parsed.notes))
    }

    fn names(&self, file: FileId) -> Names {
        Names::of_entries(file, self.tree(file))
    }
}

/// Everything a bundle is made of, checked.
struct Parts {
    head: Head,
    jurisdictions: Vec<JurisdictionId>,
    regions: Vec<Region>,
    endpoints: Vec<EndpointConfig>,
    models: Vec<ModelId>,
    descriptions: BTreeMap<ModelId, String>,
    routes: Vec<Arc<Route>>,
    prices: Prices,
    certificates: Vec<policy::Certificate>,
    workloads: Vec<policy::Workload>,
    workload_places: HashMap<WorkloadId, Place>,
    mechanisms: Vec<policy::Mechanism>,
    tenants: Vec<TenantId>,
    keys: Vec<KeyRecord>,
}

impl Parts {
    /// Reads and checks every file; `None` when one of them did not yield anything.
    fn read(files: &[Parsed], dir: &Path, now: Timestamp) -> Option<Self> {
        let trees = Trees(files);
        let places = trees.tree(FileId::Regions);
        let jurisdictions =
            Names::of_texts(FileId::Regions, places.and_then(|p| field(p, "jurisdictions")));
        let regions = Names::of_entries(FileId::Regions, places.and_then(|p| field(p, "regions")));
        let endpoint_names = trees.names(FileId::Endpoints);
        let model_names = trees.names(FileId::Models);
        let route_names = trees.names(FileId::Routes);
        let workload_names = trees.names(FileId::Workloads);
        let tenant_names = trees.names(FileId::Tenants);
        let mechanism_names = trees.names(FileId::Transfers);

        let head = trees.read(FileId::Bundle, schema::head);
        let head = head.map(|(head, notes)| {
            check_head(&head, now, notes);
            head
        });
        let places = trees
            .read(FileId::Regions, schema::places)
            .map(|(raw, notes)| wiring::places(raw, &jurisdictions, notes));
        let endpoints = trees
            .read(FileId::Endpoints, schema::endpoints)
            .map(|(raw, notes)| from_directory(wiring::endpoints(raw, &regions, notes), dir));
        let models = trees
            .read(FileId::Models, schema::models)
            .map(|(raw, notes)| wiring::models(raw, notes));
        let routes = trees.read(FileId::Routes, schema::routes).map(|(raw, notes)| {
            let names = (&model_names, &endpoint_names);
            wiring::routes(raw, names, endpoints.as_deref().unwrap_or_default(), notes)
        });
        let prices = trees.read(FileId::Prices, schema::prices).map(|(raw, notes)| {
            let around = prices::Around {
                endpoint_names: &endpoint_names,
                regions: &regions,
                endpoints: endpoints.as_deref().unwrap_or_default(),
                routes: routes.as_deref().unwrap_or_default(),
                now,
            };
            prices::prices(raw, &around, notes)
        });
        let certificates =
            trees.read(FileId::Certificates, schema::certificates).map(|(raw, notes)| {
                let around = certificates::Around {
                    route_names: &route_names,
                    regions: &regions,
                    routes: routes.as_deref().unwrap_or_default(),
                    reach: reach::Around {
                        endpoints: endpoints.as_deref().unwrap_or_default(),
                        regions: places.as_ref().map_or(&[], |(_, regions)| regions.as_slice()),
                    },
                    now,
                };
                certificates::certificates(raw, &around, notes)
            });
        let workloads = trees.read(FileId::Workloads, schema::workloads).map(|(raw, notes)| {
            let places = raw.iter().map(|w| (w.id.value.clone(), w.id.place)).collect();
            (workloads::workloads(raw, &jurisdictions, &mechanism_names, notes), places)
        });
        let mechanisms = trees.read(FileId::Transfers, schema::transfers).map(|(raw, notes)| {
            let around = workloads::Around {
                jurisdictions: &jurisdictions,
                workloads: &workload_names,
                tenants: &tenant_names,
                now,
            };
            workloads::mechanisms(raw, &around, notes)
        });
        let tenants = trees.read(FileId::Tenants, schema::tenants).map(|(raw, notes)| {
            let around = tenants::Around {
                jurisdictions: &jurisdictions,
                models: &model_names,
                workload_names: &workload_names,
                workloads: workloads.as_ref().map_or(&[], |(workloads, _)| workloads.as_slice()),
            };
            tenants::tenants(raw, &around, notes)
        });

        let (jurisdictions, regions) = places?;
        let (models, descriptions) = models?;
        let (workloads, workload_places) = workloads?;
        let (tenants, keys) = tenants?;
        Some(Self {
            head: head?,
            jurisdictions,
            regions,
            endpoints: endpoints?,
            models,
            descriptions,
            routes: routes?,
            prices: prices.unwrap_or_default(),
            certificates: certificates?,
            workloads,
            workload_places,
            mechanisms: mechanisms?,
            tenants,
            keys,
        })
    }

    /// Compiles what was found to be sound; what can be said only of the whole is noted.
    fn compile(self, files: &[Parsed], now: Timestamp) -> Option<Bundle> {
        let notes = |file| files.iter().map(|f| &f.notes).find(|notes| notes.file() == file);
        let answers =
            [self.workloads.len(), self.models.len(), self.jurisdictions.len(), self.regions.len()]
                .into_iter()
                .fold(1_usize, usize::saturating_mul);
        if answers > ANSWERS_MAX {
            notes(FileId::Workloads)?.error(
                Place::default(),
                format!(
                    "workloads × models × jurisdictions × regions come to {answers}, more than \
                     {ANSWERS_MAX}"
                ),
                "split the installation into several deployments",
            );
            return None;
        }
        let policy = Policy::compile(Model {
            jurisdictions: self.jurisdictions,
            regions: self.regions.clone(),
            models: self.models.clone(),
            routes: self.routes.clone(),
            certificates: self.certificates,
            workloads: self.workloads.clone(),
            mechanisms: self.mechanisms.clone(),
        });
        let chains = Chains {
            policy: &policy,
            workloads: &self.workloads,
            mechanisms: &self.mechanisms,
            models: &self.models,
            places: &self.workload_places,
            now,
        };
        chains.review(notes(FileId::Workloads)?);
        let keys = match KeySet::new(self.keys) {
            Ok(keys) => keys,
            Err(error) => {
                let message = error.to_string();
                notes(FileId::Tenants)?.error(Place::default(), message, "correct the key");
                return None;
            }
        };
        Some(Bundle {
            name: self.head.name.value,
            deployment: self.head.deployment.value,
            generation: self.head.generation.value,
            digest: String::new(),
            issued: self.head.issued.value,
            expires: self.head.expires.value,
            policy,
            keys,
            regions: self.regions,
            endpoints: self.endpoints,
            models: self.models,
            descriptions: self.descriptions,
            routes: self.routes,
            prices: self.prices,
            tenants: self.tenants,
            report: Report::default(),
        })
    }
}

fn check_head(head: &Head, now: Timestamp, notes: &Notes) {
    if head.generation.value == 0 {
        notes.error(
            head.generation.place,
            "generations start at 1",
            "write 1, and a larger number with each change",
        );
    }
    check_deployment(&head.deployment, notes);
    when::ordered(("issued", &head.issued), ("expires", &head.expires), notes);
    if head.issued.value > now {
        notes.warn(
            head.issued.place,
            format!("the bundle is issued on {}, which has not come", date(head.issued.value)),
            "check the date, and the clock of this machine",
        );
    }
    let (place, day) = (head.expires.place, date(head.expires.value));
    match when::end(head.expires.value, now) {
        End::Over => notes.error(
            place,
            format!("the bundle expired on {day}"),
            "review it, then give it a later `expires` and a larger `generation`",
        ),
        End::Near => notes.warn(
            place,
            format!("the bundle expires on {day}"),
            "review it, then give it a later `expires` and a larger `generation`",
        ),
        End::Far => {}
    }
}

/// The deployment is part of a journal's origin, where `/` divides.
fn check_deployment(name: &At<String>, notes: &Notes) {
    if TenantId::parse(&name.value).is_err() {
        notes.error(
            name.place,
            format!("`{}` is not a name for a deployment", name.value),
            "use 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit",
        );
    }
}

/// Paths of credentials are taken from the bundle's directory.
fn from_directory(mut endpoints: Vec<EndpointConfig>, dir: &Path) -> Vec<EndpointConfig> {
    for endpoint in &mut endpoints {
        if let Some(credential) = &mut endpoint.credential {
            credential.take_from(dir);
        }
    }
    endpoints
}
