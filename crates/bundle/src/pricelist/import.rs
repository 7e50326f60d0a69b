//! What a public list says about the models that a bundle's routes use, and what that would change.
//!
//! Every pair of endpoint and upstream model is looked up on its own, because the same model costs
//! differently elsewhere: an entry never holds for an endpoint that nobody looked up.

use std::collections::BTreeMap;

use vocab::{EndpointId, Multiplier, Price, RouteId, Timestamp};

use super::{PriceList, Unusable, place::Place, write::hand_written_until};
use crate::{
    load::{Bundle, EndpointConfig},
    prices::{PriceEntry, Scope},
};

/// What is asked of a list.
#[derive(Debug)]
pub struct Wish<'a> {
    /// The bundle whose routes are to be priced.
    pub bundle: &'a Bundle,
    /// Its `prices.yaml` as it stands; empty when there is none.
    pub text: &'a str,
    /// What the list is called.
    pub list_name: &'a str,
    /// The day on which the list held.
    pub as_of: Timestamp,
    /// Keys that people named for a route, where its own names are not the list's.
    pub keys: &'a BTreeMap<RouteId, String>,
}

/// What a list has for a bundle.
#[derive(Debug, Default)]
pub struct Import {
    /// Prices that were found, in the order of endpoint and model.
    pub found: Vec<Found>,
    /// What the list does not have.
    pub missing: Vec<Missing>,
    /// What has a price that people wrote, which stays.
    pub kept: Vec<Kept>,
    /// Imported entries that no route uses any more.
    pub removed: Vec<PriceEntry>,
}

/// One price that was found.
#[derive(Debug)]
pub struct Found {
    /// The routes it is for.
    pub routes: Vec<RouteId>,
    /// The key under which the list has it.
    pub key: String,
    /// The entry as it would be written.
    pub entry: PriceEntry,
    /// What it would change.
    pub change: Change,
}

/// What an import would change of one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There was none.
    New,
    /// It is the same, with a later date.
    Same,
    /// It was this.
    Was(Price),
}

/// Something that a list does not have.
#[derive(Debug)]
pub struct Missing {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The provider's name for the model.
    pub model: String,
    /// The routes without a price.
    pub routes: Vec<RouteId>,
    /// What was tried, and why it was of no use if it was there.
    pub tried: Vec<(String, Option<String>)>,
    /// An imported entry of an earlier list, which stays.
    pub earlier: Option<PriceEntry>,
}

/// Something whose price people wrote.
#[derive(Debug)]
pub struct Kept {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The provider's name for the model.
    pub model: String,
    /// The line of the entry that holds.
    pub line: u32,
}

/// Looks up every model that the bundle's routes use.
#[must_use]
pub fn look_up(wish: &Wish<'_>, list: &PriceList<'_>) -> Import {
    let hand_until = hand_written_until(wish.text);
    let endpoints: BTreeMap<&EndpointId, &EndpointConfig> =
        wish.bundle.endpoints.iter().map(|endpoint| (&endpoint.id, endpoint)).collect();
    let mut pairs: BTreeMap<(&EndpointId, &str), Vec<RouteId>> = BTreeMap::new();
    for route in &wish.bundle.routes {
        let pair = (&route.endpoint, route.upstream_model.as_str());
        pairs.entry(pair).or_default().push(route.id.clone());
    }
    let mut import = Import::default();
    for ((id, model), routes) in &pairs {
        let Some(endpoint) = endpoints.get(id) else { continue };
        let now = routes.first().and_then(|route| wish.bundle.prices.entry(route));
        if let Some(written) = now.filter(|entry| entry.line < hand_until) {
            let (endpoint, model) = ((*id).clone(), (*model).to_owned());
            import.kept.push(Kept { endpoint, model, line: written.line });
            continue;
        }
        match search(wish, list, endpoint, model, routes) {
            Ok(found) => {
                let change = match now {
                    None => Change::New,
                    Some(now) if now.price == found.entry.price => Change::Same,
                    Some(now) => Change::Was(now.price),
                };
                import.found.push(Found { change, routes: routes.clone(), ..found });
            }
            Err(tried) => import.missing.push(Missing {
                endpoint: (*id).clone(),
                model: (*model).to_owned(),
                routes: routes.clone(),
                tried,
                earlier: now.cloned(),
            }),
        }
    }
    let used = |scope: &Scope| {
        let endpoint = scope.endpoint.as_ref();
        endpoint.is_some_and(|endpoint| pairs.contains_key(&(endpoint, scope.model.as_str())))
    };
    let entries = wish.bundle.prices.entries().iter();
    let gone = entries.filter(|entry| entry.line >= hand_until && !used(&entry.scope));
    import.removed = gone.cloned().collect();
    import
}

type Tried = Vec<(String, Option<String>)>;

fn search(
    wish: &Wish<'_>,
    list: &PriceList<'_>,
    endpoint: &EndpointConfig,
    model: &str,
    routes: &[RouteId],
) -> Result<Found, Tried> {
    let place = Place::of(endpoint, model);
    let named = routes.iter().find_map(|route| wish.keys.get(route));
    let keys = named.map_or_else(|| place.keys(), |key| vec![key.clone()]);
    let mut tried = Tried::new();
    for key in keys {
        match priced(list, &place, &key, named.is_some()) {
            Some(Ok(Priced { listed, price, multiplier, source })) => {
                let source = match source {
                    Some(source) => format!("{}: {key} ({source})", wish.list_name),
                    None => format!("{}: {key}", wish.list_name),
                };
                let entry = PriceEntry {
                    scope: Scope {
                        model: model.to_owned(),
                        endpoint: Some(endpoint.id.clone()),
                        region: None,
                        vendor: None,
                        provider: None,
                    },
                    listed,
                    price,
                    multiplier,
                    source,
                    as_of: wish.as_of,
                    line: 0,
                };
                return Ok(Found { routes: Vec::new(), key, entry, change: Change::New });
            }
            Some(Err(why)) => tried.push((key, Some(why))),
            None => tried.push((key, None)),
        }
    }
    Err(tried)
}

struct Priced {
    listed: Price,
    price: Price,
    multiplier: Option<Multiplier>,
    source: Option<String>,
}

/// The price under a key, its uplift applied; `None` when the list does not have the key.
fn priced(
    list: &PriceList<'_>,
    place: &Place<'_>,
    key: &str,
    named: bool,
) -> Option<Result<Priced, String>> {
    let listed = match list.entry(key)? {
        Ok(listed) => listed,
        Err(unusable) => return Some(Err(unusable.to_string())),
    };
    if !named && !place.sells(&listed) {
        let seller = listed.text("litellm_provider").unwrap_or_default();
        return Some(Err(format!("that is the price at `{seller}`")));
    }
    let uplift = place.uplift(&listed).filter(|uplift| *uplift != Multiplier::ONE);
    let plain = listed.price().map_err(|unusable: Unusable| unusable.to_string());
    Some(plain.and_then(|plain| {
        let price = match uplift {
            Some(by) => plain.times(by).ok_or("with its surcharge it is too large")?,
            None => plain,
        };
        let source = listed.text("source");
        Ok(Priced { listed: plain, price, multiplier: uplift, source })
    }))
}
