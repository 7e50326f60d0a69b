//! What a gateway serves from: one bundle, made ready for requests.
//!
//! Requests read a snapshot; one task replaces it as a whole. Health survives the replacement: a
//! route that was open yesterday is not tried afresh because a price changed.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use bundle::{Bundle, CredentialSource, EndpointConfig};
use dialect::{ModelEntry, OutputLimit, Target, UpstreamDialect};
use http::HeaderValue;
use policy::Route;
use provider::{Endpoint, Provider, Settings, SettingsError, auth::Granted};
use routing::RouteHealth;
use transport::Env;
use vocab::{EndpointId, ModelId, Price, RegionId, RouteId, Timestamp};

use crate::{
    credential::Upkeep,
    headers,
    metrics::{Metrics, RouteMetrics},
};

/// The output limit where an upstream requires one and neither caller nor route gives one.
const OUTPUT_MAX_DEFAULT: u64 = 4096;

/// Why a bundle cannot be served from here.
#[derive(Debug, thiserror::Error)]
pub enum ServingError {
    /// This gateway's region is not in the bundle.
    #[error(
        "the bundle has no region `{region}`; it has: {known}. Correct `region` in the gateway's configuration, or add it to regions.yaml"
    )]
    UnknownRegion {
        /// The region asked for.
        region: RegionId,
        /// The bundle's regions.
        known: String,
    },
    /// An endpoint names a provider this version does not have.
    #[error(
        "endpoint `{endpoint}` names the provider `{provider}`, which this version does not have"
    )]
    UnknownProvider {
        /// The endpoint.
        endpoint: EndpointId,
        /// Its provider.
        provider: String,
    },
    /// An endpoint's settings do not work.
    #[error("endpoint `{endpoint}` cannot be set up")]
    Settings {
        /// The endpoint.
        endpoint: EndpointId,
        /// Why.
        #[source]
        source: provider::SettingsError,
    },
}

/// What it takes to make a bundle ready.
#[derive(Clone, Copy)]
pub struct Preparing<'a> {
    /// Where routes are counted.
    pub metrics: &'a Metrics,
    /// Draws the seed of each route's jitter.
    pub env: &'a Env,
}

/// One upstream endpoint, ready to be called.
pub struct Upstream {
    /// Its name.
    pub id: EndpointId,
    /// Its region.
    pub region: RegionId,
    provider: &'static dyn Provider,
    settings: Settings,
    source: Option<CredentialSource>,
    // A credential may rotate while requests run (I3).
    ready: ArcSwapOption<Ready>,
    upkeep: Mutex<Upkeep>,
    /// A credential is being asked for.
    asking: AtomicBool,
}

/// An endpoint with its credential in place.
pub(crate) struct Ready {
    pub(crate) endpoint: Endpoint,
    /// When the credential ends, if it does.
    expires: Option<Timestamp>,
}

/// One route as the pipeline uses it: where it goes, how it is doing.
pub struct Lane {
    /// The route.
    pub route: Arc<Route>,
    /// Where it goes.
    pub upstream: Arc<Upstream>,
    /// The APIs that serve it, preferred first.
    pub speaks: Vec<UpstreamDialect>,
    output_limit: OutputLimit,
    health: Arc<Mutex<RouteHealth>>,
    /// What it costs, if the bundle says.
    pub(crate) price: Option<Price>,
    pub(crate) metrics: RouteMetrics,
    pub(crate) region_header: HeaderValue,
    pub(crate) route_header: HeaderValue,
}

/// A bundle made ready for requests.
pub struct Serving {
    /// The bundle.
    pub bundle: Bundle,
    pub(crate) bundle_digest: Arc<str>,
    // Keys come from the bundle and look-ups never insert, so a fast hash cannot be flooded.
    lanes: HashMap<RouteId, Arc<Lane>, foldhash::fast::RandomState>,
    upstreams: HashMap<EndpointId, Arc<Upstream>>,
    pub(crate) models: Vec<ModelEntry>,
    known_models: HashSet<ModelId, foldhash::fast::RandomState>,
}

impl Serving {
    /// Makes a bundle ready, but for the credentials, which [`crate::Renewer::look`] obtains. Health
    /// is taken over from `before` for routes that still exist, and credentials for endpoints that
    /// still have theirs from the same place.
    ///
    /// # Errors
    /// [`ServingError`] naming the region or endpoint at fault.
    pub fn prepare(
        bundle: Bundle,
        region: &RegionId,
        parts: &Preparing<'_>,
        before: Option<&Self>,
    ) -> Result<Self, ServingError> {
        if !bundle.regions.iter().any(|known| known.id == *region) {
            let known: Vec<_> = bundle.regions.iter().map(|known| known.id.as_str()).collect();
            return Err(ServingError::UnknownRegion {
                region: region.clone(),
                known: known.join(", "),
            });
        }
        let mut upstreams = HashMap::new();
        for config in &bundle.endpoints {
            let kept = before.and_then(|before| before.upstream(&config.id));
            upstreams.insert(config.id.clone(), Arc::new(Upstream::connect(config, kept)?));
        }
        let lane = |route: &Arc<Route>| {
            let upstream = Arc::clone(upstreams.get(&route.endpoint)?);
            let kept = before.and_then(|before| before.lanes.get(&route.id));
            let fresh = || Arc::new(Mutex::new(RouteHealth::new(parts.env.random_u64())));
            let health = kept.map_or_else(fresh, |lane| Arc::clone(&lane.health));
            let metrics = parts.metrics.route(route);
            let lane = Lane {
                route: Arc::clone(route),
                speaks: upstream.speaks(&route.upstream_model),
                output_limit: upstream.provider.output_limit(&upstream.settings),
                upstream,
                health,
                price: bundle.prices.of(&route.id),
                metrics,
                region_header: headers::text(route.region.as_str()),
                route_header: headers::text(route.id.as_str()),
            };
            Some((route.id.clone(), Arc::new(lane)))
        };
        let lanes = bundle.routes.iter().filter_map(lane).collect();
        let models = bundle
            .models
            .iter()
            .map(|id| ModelEntry { id: id.to_string(), created: bundle.issued })
            .collect();
        let bundle_digest = Arc::from(bundle.digest.as_str());
        let known_models = bundle.models.iter().cloned().collect();
        Ok(Self { bundle, bundle_digest, lanes, upstreams, models, known_models })
    }

    /// A logical model by its name.
    pub(crate) fn model(&self, name: &str) -> Option<&ModelId> {
        self.known_models.get(name)
    }

    /// The lane of a route.
    #[must_use]
    pub fn lane(&self, route: &RouteId) -> Option<&Arc<Lane>> {
        self.lanes.get(route)
    }

    /// Every endpoint, in no order.
    pub fn upstreams(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        self.upstreams.values()
    }

    fn upstream(&self, id: &EndpointId) -> Option<&Upstream> {
        self.upstreams.get(id).map(Arc::as_ref)
    }

    /// Every lane, in no order.
    pub fn lanes(&self) -> impl Iterator<Item = &Arc<Lane>> {
        self.lanes.values()
    }
}

impl Upstream {
    fn connect(config: &EndpointConfig, before: Option<&Self>) -> Result<Self, ServingError> {
        let id = &config.id;
        let provider =
            provider::find(&config.provider).ok_or_else(|| ServingError::UnknownProvider {
                endpoint: id.clone(),
                provider: config.provider.clone(),
            })?;
        let wrong = |source| ServingError::Settings { endpoint: id.clone(), source };
        let bare = provider.connect(&config.settings, None).map_err(wrong)?;
        let source = config.credential.clone();
        let kept = before.filter(|before| before.source == source);
        let kept = kept.map_or_else(Upkeep::new, |before| before.upkeep().clone());
        let granted = kept.granted().cloned();
        let upstream = Self {
            id: id.clone(),
            region: config.region.clone(),
            provider,
            settings: config.settings.clone(),
            ready: ArcSwapOption::empty(),
            upkeep: Mutex::new(kept),
            asking: AtomicBool::new(false),
            source,
        };
        if upstream.source.is_none() {
            upstream.ready.store(Some(Arc::new(Ready { endpoint: bare, expires: None })));
        } else if let Some(granted) = granted {
            upstream.install(&granted).map_err(wrong)?;
        }
        Ok(upstream)
    }

    /// Puts a credential in use; calls under way keep theirs.
    pub(crate) fn install(&self, granted: &Granted) -> Result<(), SettingsError> {
        let endpoint = self.provider.connect(&self.settings, Some(&granted.credential))?;
        self.ready.store(Some(Arc::new(Ready { endpoint, expires: granted.expires })));
        Ok(())
    }

    pub(crate) fn provider(&self) -> &'static dyn Provider {
        self.provider
    }

    /// The endpoint, unless it has no valid credential and so must not be called.
    pub(crate) fn ready(&self, now: Timestamp) -> Option<Arc<Ready>> {
        self.ready.load_full().filter(|ready| ready.is_valid(now))
    }

    /// Whether it can be called: its credential is valid, or it needs none.
    #[must_use]
    pub fn has_credential(&self, now: Timestamp) -> bool {
        self.ready.load().as_ref().is_some_and(|ready| ready.is_valid(now))
    }

    /// How long its credential is still good: zero without a valid one, `None` for one that does
    /// not end.
    pub(crate) fn credential_left(&self, now: Timestamp) -> Option<Duration> {
        match self.ready.load().as_ref() {
            Some(ready) => ready.expires.map(|expires| expires.since(now)),
            None => Some(Duration::ZERO),
        }
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where its credential comes from.
    pub(crate) const fn source(&self) -> Option<&CredentialSource> {
        self.source.as_ref()
    }

    /// Claims the asking for a credential; `false` when it is claimed.
    pub(crate) fn ask(&self) -> bool {
        !self.asking.swap(true, Ordering::AcqRel)
    }

    /// Gives the claim up.
    pub(crate) fn asked(&self) {
        self.asking.store(false, Ordering::Release);
    }

    /// When its credential is renewed. Hold the guard for a moment and never across an await.
    pub(crate) fn upkeep(&self) -> MutexGuard<'_, Upkeep> {
        self.upkeep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it speaks for a model, preferred first.
    #[must_use]
    pub fn speaks(&self, model: &str) -> Vec<UpstreamDialect> {
        self.provider.speaks(&self.settings, model)
    }
}

impl Ready {
    fn is_valid(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}

impl Lane {
    /// What a request that goes here must be made for.
    #[must_use]
    pub fn target(&self) -> Target<'_> {
        let capability = &self.route.capability;
        Target {
            model: &self.route.upstream_model,
            output_max_default: capability.output_max.unwrap_or(u64::MAX).min(OUTPUT_MAX_DEFAULT),
            has: capability.has,
            inference_geo: self.upstream.settings.get("inference_geo"),
            output_limit: self.output_limit,
        }
    }

    /// The health of this route. Hold the guard for a moment and never across an await.
    pub fn health(&self) -> MutexGuard<'_, RouteHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("id", &self.id)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("route", &self.route.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving")
            .field("generation", &self.bundle.generation)
            .finish_non_exhaustive()
    }
}
