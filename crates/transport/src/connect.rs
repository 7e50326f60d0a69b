//! Opens connections: names to addresses, TCP, TLS.

use std::{io, sync::Arc, time::Duration};

use http::Uri;
use hyper::{client::conn::http1, service::Service as _};
use hyper_rustls::HttpsConnector;
use hyper_util::{client::legacy::connect::HttpConnector, service::TowerToHyperService};
use vocab::{Failure, FailureKind, failure::Limit};

use crate::{link::Link, pool::Place};

/// No TLS trust anchors could be loaded.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS for upstream calls")]
pub struct ClientSetupError(#[source] io::Error);

/// Opens connections.
pub(crate) struct Connector {
    tcp: HttpConnector,
    tls: Arc<rustls::ClientConfig>,
}

impl Connector {
    /// A connector that trusts the machine's certificate authorities, or the built-in ones if the
    /// machine has none.
    pub(crate) fn new() -> Result<Self, ClientSetupError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        tcp.set_keepalive(Some(Duration::from_secs(30)));
        // No ALPN is offered, so that a server speaks HTTP/1.1 (docs/adr/0007).
        Ok(Self { tcp, tls: Arc::new(tls_config()?) })
    }

    /// Opens a connection within `limit`, which covers the look-up of the name, TCP and TLS.
    ///
    /// Dropping the future closes what was opened.
    pub(crate) async fn connect(&self, place: &Place, limit: Duration) -> Result<Link, Failure> {
        let mut tcp = self.tcp.clone();
        // Of several addresses each gets its share, so that a dead first one leaves time.
        tcp.set_connect_timeout(Some(limit));
        let connector =
            TowerToHyperService::new(HttpsConnector::from((tcp, Arc::clone(&self.tls))));
        let uri = Uri::builder()
            .scheme(place.scheme.clone())
            .authority(place.authority.clone())
            .path_and_query("/")
            .build()
            .map_err(|error| no_connection(&error))?;
        let stream = match tokio::time::timeout(limit, connector.call(uri)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(no_connection(error.as_ref())),
            Err(_elapsed) => {
                let message = format!("no connection within {} ms", limit.as_millis());
                return Err(Failure::new(FailureKind::TimedOut(Limit::Connect), message));
            }
        };
        let (sender, connection) =
            http1::handshake(stream).await.map_err(|error| no_connection(&error))?;
        Ok(Link::new(sender, Box::pin(connection)))
    }
}

fn no_connection(error: &(dyn std::error::Error + 'static)) -> Failure {
    let timed_out = io_cause(error).is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
    let kind =
        if timed_out { FailureKind::TimedOut(Limit::Connect) } else { FailureKind::Unreachable };
    Failure::new(kind, format!("no connection: {}", root_cause(error)))
}

/// The innermost reason, which says most in one line.
pub(crate) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn io_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io);
        }
        cause = error.source();
    }
    None
}

fn tls_config() -> Result<rustls::ClientConfig, ClientSetupError> {
    use hyper_rustls::ConfigBuilderExt as _;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = || {
        rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| ClientSetupError(io::Error::other(error)))
    };
    match builder()?.with_native_roots() {
        Ok(config) => Ok(config.with_no_client_auth()),
        Err(error) => {
            tracing::warn!(%error, "no certificate authorities on this machine; using the built-in ones");
            Ok(builder()?.with_webpki_roots().with_no_client_auth())
        }
    }
}
