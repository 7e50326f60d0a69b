//! Prices: which entry holds for which route, and what nobody has priced.
//!
//! A bundle without `prices.yaml` says nothing about prices and is asked nothing. One with it is
//! told of every route that it forgot, because a cost that is unknown is on record as unknown.

use std::{collections::HashMap, sync::Arc, time::Duration};

use policy::Route;
use vocab::{EndpointId, Multiplier, Timestamp};

use super::{known::Names, when::date};
use crate::{
    load::EndpointConfig,
    node::Place,
    prices::{PriceEntry, Prices, Scope},
    read::{At, Notes, quoted},
    schema::RawPrice,
    suggest::nearest,
};

/// A price is looked at again after this long.
const AGE_MAX: Duration = Duration::from_secs(365 * 86_400);

/// How many names a warning lists.
const LISTED_MAX: usize = 4;

/// What prices are checked against.
pub(crate) struct Around<'a> {
    pub(crate) endpoint_names: &'a Names,
    pub(crate) regions: &'a Names,
    pub(crate) endpoints: &'a [EndpointConfig],
    pub(crate) routes: &'a [Arc<Route>],
    pub(crate) now: Timestamp,
}

/// Prices, each checked, and for each route the one that holds.
pub(crate) fn prices(raw: Vec<RawPrice>, around: &Around<'_>, notes: &Notes) -> Prices {
    let places: Vec<Place> = raw.iter().map(|price| price.model.place).collect();
    let entries: Vec<PriceEntry> =
        raw.into_iter().map(|price| entry(price, around, notes)).collect();
    once(&entries, &places, notes);
    dated(&entries, &places, around.now, notes);
    let by_route = assign(&entries, around);
    unpriced(&by_route, around, notes);
    Prices { entries, by_route, stated: true }
}

fn entry(raw: RawPrice, around: &Around<'_>, notes: &Notes) -> PriceEntry {
    let place = raw.model.place;
    if let Some(endpoint) = &raw.endpoint {
        around.endpoint_names.expect(endpoint, notes);
    }
    if let Some(region) = &raw.region {
        around.regions.expect(region, notes);
    }
    let vendors = around.endpoints.iter().map(|endpoint| endpoint.vendor.as_str());
    expect_word("vendor", raw.vendor.as_ref(), vendors, notes);
    let kinds = around.endpoints.iter().map(|endpoint| endpoint.provider.as_str());
    expect_word("provider kind", raw.provider.as_ref(), kinds, notes);
    if raw.endpoint.is_none() && raw.vendor.is_none() && raw.provider.is_none() {
        notes.error(
            place,
            format!("the price of `{}` does not say whose it is", raw.model.value),
            "add `endpoint`, `vendor` or `provider`",
        );
    }
    PriceEntry {
        price: multiplied(&raw, notes),
        listed: raw.price,
        multiplier: raw.multiplier.map(|at| at.value),
        source: raw.source.value,
        as_of: raw.as_of.value,
        line: place.line,
        scope: Scope {
            model: raw.model.value,
            endpoint: raw.endpoint.map(|at| at.value),
            region: raw.region.map(|at| at.value),
            vendor: raw.vendor.map(|at| at.value),
            provider: raw.provider.map(|at| at.value),
        },
    }
}

fn multiplied(raw: &RawPrice, notes: &Notes) -> vocab::Price {
    let Some(by) = &raw.multiplier else { return raw.price };
    raw.price.times(by.value).unwrap_or_else(|| {
        notes.error(
            by.place,
            format!("times {} the price is more than a dollar per token", by.value),
            format!("correct the price, or the multiplier; {} changes nothing", Multiplier::ONE),
        );
        raw.price
    })
}

/// Notes a name that no endpoint carries.
fn expect_word<'a>(
    noun: &str,
    name: Option<&At<String>>,
    known: impl Iterator<Item = &'a str> + Clone,
    notes: &Notes,
) {
    let Some(name) = name else { return };
    if known.clone().any(|word| word == name.value) {
        return;
    }
    // Nothing rests on it: the entry is for no route, which is said of the routes too.
    let remedy = match nearest(&name.value, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name one that endpoints.yaml names, or remove the price".to_owned(),
    };
    notes.warn(name.place, format!("no endpoint has the {noun} `{}`", name.value), remedy);
}

/// Notes every entry whose scope stands twice.
fn once(entries: &[PriceEntry], places: &[Place], notes: &Notes) {
    let mut seen: HashMap<&Scope, Place> = HashMap::new();
    for (entry, place) in entries.iter().zip(places) {
        if let Some(first) = seen.insert(&entry.scope, *place) {
            notes.error(
                *place,
                format!("there are two prices of `{}` for the same routes", entry.scope.model),
                format!("remove one; the other is on line {}", first.line),
            );
        }
    }
}

/// Warns of prices that are old, or that claim to be of a day to come.
fn dated(entries: &[PriceEntry], places: &[Place], now: Timestamp, notes: &Notes) {
    let old = |entry: &PriceEntry| entry.as_of.after(AGE_MAX) < now;
    let early = |entry: &PriceEntry| entry.as_of > now;
    warn_of(entries, places, old, notes, |models, first| {
        (
            format!("the price of {models} is of {}, more than a year ago", date(first.as_of)),
            "look it up again, e.g. with `isobar prices import`, and correct `as_of`",
        )
    });
    warn_of(entries, places, early, notes, |models, first| {
        (
            format!("the price of {models} is of {}, which has not come", date(first.as_of)),
            "check `as_of`, and the clock of this machine",
        )
    });
}

fn warn_of(
    entries: &[PriceEntry],
    places: &[Place],
    chosen: impl Fn(&PriceEntry) -> bool,
    notes: &Notes,
    say: impl Fn(&str, &PriceEntry) -> (String, &'static str),
) {
    let found: Vec<_> = entries.iter().zip(places).filter(|(entry, _)| chosen(entry)).collect();
    if let Some((first, place)) = found.first() {
        let models: Vec<&str> = found.iter().map(|(entry, _)| entry.scope.model.as_str()).collect();
        let (message, remedy) = say(&listed(&models), first);
        notes.warn(**place, message, remedy);
    }
}

/// For each route the entry that fits it most narrowly.
fn assign(entries: &[PriceEntry], around: &Around<'_>) -> HashMap<vocab::RouteId, usize> {
    let mut by_model: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        by_model.entry(entry.scope.model.as_str()).or_default().push(index);
    }
    let endpoints: HashMap<&EndpointId, &EndpointConfig> =
        around.endpoints.iter().map(|endpoint| (&endpoint.id, endpoint)).collect();
    let holds = |route: &Arc<Route>| {
        let endpoint = endpoints.get(&route.endpoint)?;
        let candidates = by_model.get(route.upstream_model.as_str())?.iter().copied();
        let fitting = candidates.filter_map(|index| {
            let scope = &entries.get(index)?.scope;
            scope.fits(endpoint).then(|| (scope.narrowness(), index))
        });
        let (_, index) = fitting.max()?;
        Some((route.id.clone(), index))
    };
    around.routes.iter().filter_map(holds).collect()
}

impl Scope {
    fn fits(&self, endpoint: &EndpointConfig) -> bool {
        self.endpoint.as_ref().is_none_or(|id| *id == endpoint.id)
            && self.region.as_ref().is_none_or(|region| *region == endpoint.region)
            && self.vendor.as_ref().is_none_or(|vendor| *vendor == endpoint.vendor)
            && self.provider.as_ref().is_none_or(|provider| *provider == endpoint.provider)
    }

    /// The first difference decides, so that no two scopes that fit one route are equally narrow.
    const fn narrowness(&self) -> [bool; 4] {
        [
            self.endpoint.is_some(),
            self.region.is_some(),
            self.vendor.is_some(),
            self.provider.is_some(),
        ]
    }
}

fn unpriced(priced: &HashMap<vocab::RouteId, usize>, around: &Around<'_>, notes: &Notes) {
    let without = around.routes.iter().filter(|route| !priced.contains_key(&route.id));
    let names: Vec<&str> = without.map(|route| route.id.as_str()).collect();
    if !names.is_empty() {
        notes.warn(
            Place::default(),
            format!("there is no price for {}, so its cost is not on record", listed(&names)),
            "look it up with `isobar prices import`, or write it; what costs nothing has the price 0",
        );
    }
}

/// Names without repetition, the first few of them.
fn listed(names: &[&str]) -> String {
    let mut once: Vec<&str> = Vec::new();
    for name in names {
        if !once.contains(name) {
            once.push(name);
        }
    }
    let shown = quoted(once.get(..LISTED_MAX.min(once.len())).unwrap_or_default());
    match once.len().checked_sub(LISTED_MAX) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}
