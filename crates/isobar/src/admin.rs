//! The admin listener: liveness, readiness, metrics, status. Never on the public network.

use std::{fmt::Write as _, net::TcpListener, sync::Arc, time::Duration};

use audit::Journal;
use bytes::Bytes;
use dataplane::{Gateway, Readiness};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use prometheus_client::registry::Registry;
use serde_json::json;
use transport::{Draining, ListenOptions};

const DRAIN_TIME_MAX: Duration = Duration::from_secs(1);

/// What the admin listener answers from.
#[derive(Clone)]
pub(crate) struct Admin {
    gateway: Arc<Gateway>,
    journal: Journal,
    registry: Arc<Registry>,
}

impl Admin {
    pub(crate) fn new(gateway: Arc<Gateway>, journal: Journal, registry: Registry) -> Self {
        Self { gateway, journal, registry: Arc::new(registry) }
    }

    /// Serves until draining.
    pub(crate) async fn serve(self, listener: TcpListener, draining: Draining) {
        let options = ListenOptions { connections_max: 256, ..ListenOptions::default() };
        let service = move |request: Request<hyper::body::Incoming>| {
            let response = self.answer(request.uri().path());
            async move { response }
        };
        if let Err(error) =
            transport::serve(listener, options, draining, DRAIN_TIME_MAX, service).await
        {
            tracing::error!(%error, "the admin listener cannot serve");
        }
    }

    fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        match path {
            "/live" => text(StatusCode::OK, "alive\n".to_owned()),
            "/ready" => match self.gateway.readiness() {
                Readiness::Ready => text(StatusCode::OK, "ready\n".to_owned()),
                Readiness::NotReady(reason) => {
                    text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n"))
                }
            },
            "/metrics" => self.metrics(),
            "/status" => self.status(),
            _ => text(
                StatusCode::NOT_FOUND,
                "this admin listener serves /live, /ready, /metrics and /status\n".to_owned(),
            ),
        }
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let mut out = String::new();
        let health = self.journal.health();
        let queued = u64::try_from(health.queued_bytes).unwrap_or(u64::MAX);
        let own = [
            ("isobar_journal_entries", "Entries appended", health.appended),
            ("isobar_journal_durable", "Entries known durable", health.durable),
            ("isobar_journal_sealed", "Entries covered by a signed checkpoint", health.sealed),
            ("isobar_journal_commits", "Commits to disk", health.commits),
            ("isobar_journal_queued_bytes", "Bytes waiting to be written", queued),
            ("isobar_journal_ready", "1 while evidence can be kept", u64::from(health.ready())),
        ];
        for (name, help, value) in own {
            // Writing to a string does not fail.
            let _ = writeln!(out, "# HELP {name} {help}.\n# TYPE {name} gauge\n{name} {value}");
        }
        if prometheus_client::encoding::text::encode(&mut out, &self.registry).is_err() {
            return text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "metrics cannot be written\n".to_owned(),
            );
        }
        let mut response = text(StatusCode::OK, out);
        let kind =
            HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    fn status(&self) -> Response<Full<Bytes>> {
        let serving = self.gateway.serving();
        let now = self.gateway.now();
        let mut routes: Vec<_> = serving
            .lanes()
            .map(|lane| {
                let view = lane.health().view(now);
                json!({
                    "route": lane.route.id,
                    "endpoint": lane.route.endpoint,
                    "region": lane.route.region,
                    "gate": view.gate.as_str(),
                    "credential": lane.upstream.has_credential(now),
                    "in_flight": view.in_flight,
                    "success": view.success,
                    "first_token_ms": view.first_token_seconds.map(|seconds| seconds * 1000.0),
                    "share": view.share,
                })
            })
            .collect();
        routes.sort_by_key(|route| route.get("route").map(ToString::to_string));
        let health = self.journal.health();
        let status = json!({
            "region": self.gateway.region(),
            "version": env!("CARGO_PKG_VERSION"),
            "readiness": match self.gateway.readiness() {
                Readiness::Ready => "ready".to_owned(),
                Readiness::NotReady(reason) => reason,
            },
            "generation": serving.bundle.generation,
            "bundle_sha256": serving.bundle.digest,
            "requests": self.gateway.requests(),
            "journal": {
                "appended": health.appended,
                "durable": health.durable,
                "sealed": health.sealed,
                "stopped": health.stopped,
            },
            "routes": routes,
        });
        let mut response = text(StatusCode::OK, format!("{status:#}\n"));
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

fn text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
