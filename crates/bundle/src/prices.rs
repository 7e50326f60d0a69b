//! What routes cost: the entries of `prices.yaml`, and the one that holds for each route.
//!
//! Of the entries that fit a route, the one that names its endpoint wins, then one that names its
//! region, then one that names its vendor, then one that names its provider kind.

use std::collections::HashMap;

use vocab::{EndpointId, Multiplier, Price, RegionId, RouteId, Timestamp};

/// The prices of a bundle. Amounts are US dollars per million tokens in the file, and whole
/// micro-dollars per million tokens here.
#[derive(Debug, Default)]
pub struct Prices {
    pub(crate) entries: Vec<PriceEntry>,
    pub(crate) by_route: HashMap<RouteId, usize>,
    pub(crate) stated: bool,
}

/// One entry: which routes it is for, and what they cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceEntry {
    /// Which routes it is for.
    pub scope: Scope,
    /// What tokens cost, the multiplier applied.
    pub price: Price,
    /// What the entry says they cost, without its multiplier.
    pub listed: Price,
    /// The factor that was applied, e.g. for a regional surcharge.
    pub multiplier: Option<Multiplier>,
    /// Where the figures are from, for people.
    pub source: String,
    /// The day on which they held.
    pub as_of: Timestamp,
    /// The line of the file on which the entry begins, from 1.
    pub line: u32,
}

/// Which routes an entry is for: those to which everything it names applies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The provider's name for the model.
    pub model: String,
    /// One endpoint.
    pub endpoint: Option<EndpointId>,
    /// One region.
    pub region: Option<RegionId>,
    /// One vendor, as endpoints name it.
    pub vendor: Option<String>,
    /// One provider kind.
    pub provider: Option<String>,
}

impl Prices {
    /// Whether the bundle says anything about prices: whether it has a `prices.yaml`.
    #[must_use]
    pub const fn stated(&self) -> bool {
        self.stated
    }

    /// Every entry, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[PriceEntry] {
        &self.entries
    }

    /// The entry that holds for a route.
    #[must_use]
    pub fn entry(&self, route: &RouteId) -> Option<&PriceEntry> {
        self.by_route.get(route).and_then(|index| self.entries.get(*index))
    }

    /// What a route costs.
    #[must_use]
    pub fn of(&self, route: &RouteId) -> Option<Price> {
        self.entry(route).map(|entry| entry.price)
    }
}
