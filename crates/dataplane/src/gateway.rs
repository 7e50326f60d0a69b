//! One gateway: what its workers share, and the way in.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use dialect::ClientDialect;
use http::{HeaderValue, Request, Response};
use journal::{BundleLoaded, Entry};
use routing::RetryBudget;
use transport::{Client, Draining, Env};
use vocab::{Refusal, RefusalCode, RegionId, RequestId, Timestamp};

use crate::{
    body::Body,
    headers,
    limits::Limits,
    metrics::Metrics,
    port::{Evidence, EvidenceError},
    reply,
    serving::Serving,
    stage,
    surface::{self, Surface},
    trail::Trail,
};

/// What a gateway is made of.
pub struct Parts {
    /// Its name among those of its region.
    pub name: Arc<str>,
    /// Where it stands.
    pub region: RegionId,
    /// Time and randomness.
    pub env: Env,
    /// Its journal.
    pub evidence: Arc<dyn Evidence>,
    /// What it counts.
    pub metrics: Metrics,
    /// Its bounds on callers.
    pub limits: Limits,
    /// Whether it is leaving service.
    pub draining: Draining,
    /// The bundle it starts with.
    pub serving: Serving,
}

/// What all workers of a gateway share.
pub struct Gateway {
    pub(crate) name: Arc<str>,
    pub(crate) region: RegionId,
    pub(crate) region_header: HeaderValue,
    pub(crate) env: Env,
    pub(crate) evidence: Arc<dyn Evidence>,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    pub(crate) budget: RetryBudget,
    draining: Draining,
    serving: ArcSwap<Serving>,
    requests: AtomicUsize,
}

/// Whether callers should be sent here, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Yes.
    Ready,
    /// No, for this reason.
    NotReady(String),
}

/// One worker thread's way into the gateway: the shared state and its own connections.
#[derive(Clone)]
pub struct Worker {
    gateway: Arc<Gateway>,
    client: Arc<Client>,
}

impl Gateway {
    /// A gateway that runs its first bundle, which it records.
    ///
    /// # Errors
    /// [`EvidenceError`] when the journal cannot take the entry.
    pub fn start(parts: Parts) -> Result<Arc<Self>, EvidenceError> {
        let gateway = Arc::new(Self {
            name: parts.name,
            region_header: headers::text(parts.region.as_str()),
            region: parts.region,
            env: parts.env,
            evidence: parts.evidence,
            metrics: parts.metrics,
            limits: parts.limits,
            budget: RetryBudget::new(),
            draining: parts.draining,
            serving: ArcSwap::from_pointee(parts.serving),
            requests: AtomicUsize::new(0),
        });
        gateway.record_bundle(None)?;
        Ok(gateway)
    }

    /// The bundle in force.
    #[must_use]
    pub fn serving(&self) -> Arc<Serving> {
        self.serving.load_full()
    }

    /// Puts a newer bundle in force; requests under way finish under the old one (G6).
    ///
    /// # Errors
    /// [`EvidenceError`] when the journal cannot take the entry; the bundle is in force even so.
    pub fn replace(&self, serving: Serving) -> Result<(), EvidenceError> {
        let before = self.serving.swap(Arc::new(serving));
        self.record_bundle(Some(before.bundle.generation))
    }

    fn record_bundle(&self, previous_generation: Option<u64>) -> Result<(), EvidenceError> {
        let serving = self.serving();
        self.metrics.generation(serving.bundle.generation);
        let loaded = BundleLoaded {
            at: self.env.now(),
            gateway: Arc::clone(&self.name),
            region: self.region.clone(),
            generation: serving.bundle.generation,
            digest: Arc::clone(&serving.bundle_digest),
            previous_generation,
        };
        self.evidence.append(Entry::BundleLoaded(loaded)).map(|_ticket| ())
    }

    /// Whether callers should be sent here.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        if self.draining.started() {
            return Readiness::NotReady("draining".to_owned());
        }
        if let Err(error) = self.evidence.ready() {
            return Readiness::NotReady(error.to_string());
        }
        let serving = self.serving();
        if serving.bundle.expires <= self.env.now() {
            return Readiness::NotReady(format!(
                "the bundle expired at {}",
                serving.bundle.expires
            ));
        }
        Readiness::Ready
    }

    /// Where it stands.
    #[must_use]
    pub const fn region(&self) -> &RegionId {
        &self.region
    }

    /// Its clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// Requests in the pipeline now.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Counts a request in, unless there are as many as the gateway takes, or it is leaving.
    pub(crate) fn enter(&self) -> Result<(), Refusal> {
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        // D6: what began before finishes; what comes now could be cut at the end of the drain.
        if self.draining.started() {
            return Err(Refusal::new(
                RefusalCode::Draining,
                "this gateway is leaving service",
                "send it again on a new connection; it lands on another gateway",
            ));
        }
        if before < self.limits.requests_max {
            return Ok(());
        }
        Err(Refusal::new(
            RefusalCode::TooBusy,
            format!("this gateway has {} requests under way, as many as it takes", before),
            "try again shortly; operators can raise `limits.requests_max`",
        ))
    }

    pub(crate) fn leave(&self) {
        self.requests.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn random_u128(&self) -> u128 {
        u128::from_le_bytes(self.env.random_bytes())
    }
}

impl Worker {
    /// A worker with connections of its own.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>, client: Client) -> Self {
        Self { gateway, client: Arc::new(client) }
    }

    /// Answers one request. Dropping the future, or the body it returns, cancels the upstream call
    /// and records the request as cancelled.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin,
        B::Error: Send,
    {
        let (head, body) = request.into_parts();
        let surface = match surface::find(&head.method, head.uri.path(), &head.headers) {
            Ok(surface) => surface,
            Err(astray) => {
                self.gateway.metrics.refused(astray.refusal.code);
                let mut response = reply::plain_refusal(astray.dialect, &astray.refusal);
                if let Some(allow) = astray.allow {
                    let allow = headers::text(allow.as_str());
                    response.headers_mut().insert(http::header::ALLOW, allow);
                }
                return self.named(response, astray.dialect);
            }
        };
        match surface {
            Surface::Call(dialect) => {
                let trail = Trail::begin(Arc::clone(&self.gateway), dialect);
                // On the heap at once: the future holds a whole request, and hyper would move it.
                Box::pin(stage::generate(trail, &self.client, head.headers, body)).await
            }
            Surface::Models(dialect) => {
                self.named(stage::models(&self.gateway, dialect, &head.headers, None), dialect)
            }
            Surface::Model(dialect, name) => {
                let models = stage::models(&self.gateway, dialect, &head.headers, Some(&name));
                self.named(models, dialect)
            }
            Surface::Live => reply::status(http::StatusCode::OK, "alive"),
            Surface::Ready => reply::readiness(&self.gateway.readiness()),
        }
    }

    /// A response outside the pipeline, with an id to find it by (G7).
    fn named(&self, mut response: Response<Body>, dialect: ClientDialect) -> Response<Body> {
        let request = RequestId::new(self.gateway.env.now(), self.gateway.random_u128());
        headers::put_request_id(response.headers_mut(), request, dialect);
        response
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("name", &self.name)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.gateway.fmt(f)
    }
}
