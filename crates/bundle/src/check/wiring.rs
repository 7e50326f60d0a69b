//! Places, endpoints, models and routes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use policy::{Region, Route};
use provider::{Settings, SettingsError};
use url::Url;
use vocab::{EndpointId, JurisdictionId, ModelId, RegionId};

use super::known::{Names, unique};
use crate::{
    load::EndpointConfig,
    read::{At, Notes, quoted},
    schema::{RawEndpoint, RawModel, RawPlaces, RawRoute},
    suggest::nearest,
};

/// Legal areas and places.
pub(crate) fn places(
    raw: RawPlaces,
    jurisdictions: &Names,
    notes: &Notes,
) -> (Vec<JurisdictionId>, Vec<Region>) {
    unique(&raw.jurisdictions, notes);
    unique(raw.regions.iter().map(|region| &region.id), notes);
    let mut entries: HashMap<String, RegionId> = HashMap::new();
    let regions = raw.regions.into_iter().map(|region| {
        jurisdictions.expect(&region.jurisdiction, notes);
        let entry = region.entry.map(|entry| {
            let address = check_entry(&entry, notes);
            if let Some(other) = entries.insert(address.clone(), region.id.value.clone()) {
                notes.error(
                    entry.place,
                    format!("regions `{other}` and `{}` have the same entry", region.id.value),
                    "give each gateway an address of its own",
                );
            }
            address
        });
        Region { id: region.id.value, jurisdiction: region.jurisdiction.value, entry }
    });
    let regions = regions.collect();
    (raw.jurisdictions.into_iter().map(|name| name.value).collect(), regions)
}

/// An entry is shown to callers as the place to go, so it must be a plain address.
fn check_entry(entry: &At<String>, notes: &Notes) -> String {
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    };
    if !Url::parse(&entry.value).is_ok_and(|url| plain(&url)) {
        notes.error(
            entry.place,
            "the entry is not the address of a gateway",
            "write scheme, host and port and nothing more, e.g. `https://eu-west.ai.example.com`",
        );
    }
    entry.value.trim_end_matches('/').to_owned()
}

/// Endpoints, each checked by its provider.
pub(crate) fn endpoints(
    raw: Vec<RawEndpoint>,
    regions: &Names,
    notes: &Notes,
) -> Vec<EndpointConfig> {
    unique(raw.iter().map(|endpoint| &endpoint.id), notes);
    raw.into_iter().map(|endpoint| check_endpoint(endpoint, regions, notes)).collect()
}

fn check_endpoint(raw: RawEndpoint, regions: &Names, notes: &Notes) -> EndpointConfig {
    regions.expect(&raw.region, notes);
    let secret_free = raw.id.place;
    let place = raw.base_url.as_ref().map_or(secret_free, |url| url.place);
    let said = |name: &str| raw.values.iter().find(|(known, _)| *known == name);
    let settings = Settings {
        base_url: raw.base_url.as_ref().map(|url| url.value.clone()).unwrap_or_default(),
        headers: raw.headers,
        values: raw
            .values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.value.clone()))
            .collect(),
    };
    match provider::find(&raw.provider.value) {
        Some(provider) => {
            let placeholder = raw.credential.as_ref().map(|source| source.value.placeholder());
            if let Err(error) = provider.connect(&settings, placeholder.as_ref()) {
                // AUD-4: a report shows the line it points at, so not the one with the secret.
                let place = match error {
                    SettingsError::BaseUrlCredential | SettingsError::BaseUrlQuery => secret_free,
                    SettingsError::Missing { .. } => secret_free,
                    SettingsError::CredentialKind { .. } | SettingsError::TokenInTheOpen => {
                        raw.credential.as_ref().map_or(secret_free, |source| source.place)
                    }
                    SettingsError::Wrong { setting, .. }
                    | SettingsError::ValueShape { setting } => {
                        said(setting).map_or(secret_free, |(_, value)| value.place)
                    }
                    _ => place,
                };
                let error = error.to_string();
                let (message, remedy) =
                    error.split_once(": ").unwrap_or((&error, "correct the endpoint's settings"));
                notes.error(place, message, remedy);
            }
        }
        None => unknown_provider(&raw.provider, notes),
    }
    EndpointConfig {
        id: raw.id.value,
        provider: raw.provider.value,
        vendor: raw.vendor.value,
        region: raw.region.value,
        settings,
        credential: raw.credential.map(|source| source.value),
    }
}

fn unknown_provider(name: &At<String>, notes: &Notes) {
    let kinds: Vec<&str> = provider::catalog().iter().map(|provider| provider.name()).collect();
    let remedy = match nearest(&name.value, kinds.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", quoted(&kinds)),
    };
    notes.error(name.place, format!("there is no provider kind `{}`", name.value), remedy);
}

/// Logical models.
pub(crate) fn models(
    raw: Vec<RawModel>,
    notes: &Notes,
) -> (Vec<ModelId>, BTreeMap<ModelId, String>) {
    unique(raw.iter().map(|model| &model.id), notes);
    let ids = raw.iter().map(|model| model.id.value.clone()).collect();
    let described = raw.into_iter().filter_map(|m| Some((m.id.value, m.description?.value)));
    (ids, described.collect())
}

/// Routes; the region of each is that of its endpoint.
pub(crate) fn routes(
    raw: Vec<RawRoute>,
    names: (&Names, &Names),
    endpoints: &[EndpointConfig],
    notes: &Notes,
) -> Vec<Arc<Route>> {
    let (models, endpoint_names) = names;
    unique(raw.iter().map(|route| &route.id), notes);
    let regions: HashMap<&EndpointId, &RegionId> =
        endpoints.iter().map(|endpoint| (&endpoint.id, &endpoint.region)).collect();
    let route = |raw: RawRoute| {
        models.expect(&raw.model, notes);
        endpoint_names.expect(&raw.endpoint, notes);
        let region = (*regions.get(&raw.endpoint.value)?).clone();
        Some(Arc::new(Route {
            id: raw.id.value,
            model: raw.model.value,
            endpoint: raw.endpoint.value,
            region,
            upstream_model: raw.upstream_model.value,
            weight: u32::try_from(raw.weight).unwrap_or(u32::MAX),
            capability: raw.capability,
        }))
    };
    raw.into_iter().filter_map(route).collect()
}
