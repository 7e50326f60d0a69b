//! Where a route's prompts may go, by its address and the name of its model, beside where its
//! certificate says they are processed (P5).
//!
//! Vendors sell one model under names that keep a prompt in a region, in a geography, or nowhere in
//! particular. A certificate is a person's word and the name is what happens, so a contradiction is
//! a mistake; a name that promises no place at all is told to whoever reads the report.

use std::collections::HashMap;

use policy::{Region, Route};
use provider::Reach;
use vocab::RegionId;

use crate::{
    load::EndpointConfig,
    read::{At, Notes},
};

/// Legal areas under the names that vendors and bundles give them.
const AREAS: [(&str, &[&str]); 6] = [
    ("EU", &["eu", "eea", "europe", "european-union"]),
    ("US", &["us", "usa", "us-gov", "united-states"]),
    ("UK", &["uk", "gb", "united-kingdom"]),
    ("JP", &["jp", "japan"]),
    ("AU", &["au", "australia"]),
    ("IN", &["in", "india"]),
];
/// What vendors' own names of regions begin with, where that tells the legal area for certain.
const REGIONS: [(&str, &str); 10] = [
    // London and Zurich lie in `eu-` and `europe-` regions, and not in the EU.
    ("eu-west-2", "UK"),
    ("europe-west2", "UK"),
    ("eu-central-2", ""),
    ("europe-west6", ""),
    ("eu-", "EU"),
    ("europe-", "EU"),
    ("us-", "US"),
    ("ap-northeast-1", "JP"),
    ("ap-southeast-2", "AU"),
    ("ap-south-1", "IN"),
];

/// What is known of routes and places.
pub(super) struct Around<'a> {
    pub(super) endpoints: &'a [EndpointConfig],
    pub(super) regions: &'a [Region],
}

impl Around<'_> {
    /// Compares one route with the places that its certificate names.
    pub(super) fn check(
        &self,
        route: &At<vocab::RouteId>,
        is: &Route,
        processing: &[At<RegionId>],
        notes: &Notes,
    ) {
        let Some(endpoint) = self.endpoints.iter().find(|one| one.id == is.endpoint) else {
            return;
        };
        let Some(kind) = provider::find(&endpoint.provider) else { return };
        let reach = kind.reach(&endpoint.settings, &is.upstream_model);
        let area = match &reach {
            Reach::Unstated => return,
            Reach::Global => {
                notes.warn(
                    route.place,
                    format!(
                        "prompts of route `{}` may be processed anywhere in the world: its address \
                         and model name promise no place",
                        route.value
                    ),
                    "use a name or an address that stays in one place, or be sure that the \
                     certificate has other grounds",
                );
                return;
            }
            Reach::Geography(name) => area(name),
            Reach::Region(name) => area_of_region(name),
        };
        let certified = self.areas(processing);
        let Some(area) = area else { return };
        if certified.is_empty() || certified.contains(&area) {
            return;
        }
        notes.error(
            route.place,
            format!(
                "prompts of route `{}` may be processed {reach}, which is {area}, and the \
                 certificate says {}",
                route.value,
                certified.join(" and ")
            ),
            "correct the endpoint or the model name, or certify where they really go",
        );
    }

    /// The legal areas of these places, as far as they are known by name.
    fn areas(&self, places: &[At<RegionId>]) -> Vec<&'static str> {
        let jurisdictions: HashMap<&RegionId, &str> =
            self.regions.iter().map(|region| (&region.id, region.jurisdiction.as_str())).collect();
        let mut areas: Vec<_> =
            places.iter().filter_map(|place| area(jurisdictions.get(&place.value)?)).collect();
        areas.sort_unstable();
        areas.dedup();
        areas
    }
}

fn area(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    AREAS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(area, _)| *area)
}

/// Azure's regions are words (`westeurope`) and tell nothing here.
fn area_of_region(name: &str) -> Option<&'static str> {
    let found = REGIONS.iter().find(|(start, _)| name.starts_with(start));
    found.map(|(_, area)| *area).filter(|area| !area.is_empty())
}
