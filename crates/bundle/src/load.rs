//! From a directory to a bundle.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use identity::KeySet;
use policy::{Policy, Region, Route};
use vocab::{EndpointId, ModelId, RegionId, TenantId, Timestamp};

use crate::{credential::CredentialSource, prices::Prices, report::Report};

/// One generation of configuration and policy, checked and compiled.
#[derive(Debug)]
pub struct Bundle {
    /// Its name, for people.
    pub name: String,
    /// The installation it belongs to; the first part of a journal's origin.
    pub deployment: String,
    /// Which one it is; it only rises (REG-1).
    pub generation: u64,
    /// SHA-256 in hexadecimal over the sorted names and digests of its files.
    pub digest: String,
    /// When it was written.
    pub issued: Timestamp,
    /// When it may no longer be used.
    pub expires: Timestamp,
    /// Which routes may serve what.
    pub policy: Policy,
    /// Who may call.
    pub keys: KeySet,
    /// Places, with the entry URLs of their gateways.
    pub regions: Vec<Region>,
    /// Where calls can go.
    pub endpoints: Vec<EndpointConfig>,
    /// The logical models.
    pub models: Vec<ModelId>,
    /// What people say of a model, where they say something.
    pub descriptions: BTreeMap<ModelId, String>,
    /// The routes.
    pub routes: Vec<Arc<Route>>,
    /// What they cost, as far as the bundle says.
    pub prices: Prices,
    /// Who is billed and isolated as one.
    pub tenants: Vec<TenantId>,
    /// What somebody should look at; it holds no errors.
    pub report: Report,
}

/// One deployment of a provider, and how to reach it.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Its name.
    pub id: EndpointId,
    /// The provider kind, a name in [`provider::catalog`].
    pub provider: String,
    /// Whose it is, as shown to people, e.g. `openai`.
    pub vendor: String,
    /// Where it runs.
    pub region: RegionId,
    /// How it is reached.
    pub settings: provider::Settings,
    /// Where its credential comes from; `None` when it needs none.
    pub credential: Option<CredentialSource>,
}

/// Reads the bundle in `dir`, checks it as of `now`, and compiles it.
///
/// # Errors
/// A [`Report`] with every mistake, and every warning besides.
pub fn load(dir: &Path, now: Timestamp) -> Result<Bundle, Report> {
    crate::check::assemble(dir, now)
}
