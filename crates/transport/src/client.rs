//! Performs [`HttpCall`]s: connection pools, TLS, and a name for every way a call can fail.

use std::{
    collections::HashMap,
    error::Error as _,
    io,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use vocab::{Failure, FailureKind, HttpCall, HttpHead, HttpReply, failure::Limit};

type Pool = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// How connections to upstreams are kept.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// How long an unused connection is kept. Default 55 s, below the idle limit of most servers.
    pub idle: Duration,
    /// Unused connections kept per host. Default 256.
    pub idle_per_host: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { idle: Duration::from_secs(55), idle_per_host: 256 }
    }
}

/// No TLS trust anchors could be loaded.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS for upstream calls")]
pub struct ClientSetupError(#[source] io::Error);

/// Performs calls. One per worker thread; pools are not shared between threads.
///
/// The time limit on connecting belongs to a pool, so there is one pool per distinct limit: as
/// many as the bundle's workloads name.
pub struct Client {
    options: ClientOptions,
    tls: rustls::ClientConfig,
    pools: Mutex<HashMap<Duration, Arc<Pool>>>,
}

/// A reply whose body is still arriving. Dropping it cancels the call upstream.
pub struct Reply {
    /// Status and headers.
    pub head: HttpHead,
    /// The rest.
    pub body: ReplyBody,
}

/// A body that is still arriving.
pub struct ReplyBody {
    incoming: Incoming,
    /// A break that [`ready`](Self::ready) came upon, told by the next [`chunk`](Self::chunk).
    broken: Option<Failure>,
}

impl Client {
    /// A client that trusts the machine's certificate authorities, or the built-in ones if the
    /// machine has none.
    ///
    /// # Errors
    /// [`ClientSetupError`] when no TLS configuration can be built.
    pub fn new(options: ClientOptions) -> Result<Self, ClientSetupError> {
        Ok(Self { options, tls: tls_config()?, pools: Mutex::default() })
    }

    /// Sends a call and returns when the head of the reply is there.
    ///
    /// Dropping the future cancels the call.
    ///
    /// # Errors
    /// A [`Failure`] of kind `Unreachable`, `Reset`, or `TimedOut` with the limit that passed.
    pub async fn open(
        &self,
        call: HttpCall,
        connect: Duration,
        headers: Duration,
    ) -> Result<Reply, Failure> {
        let mut request = http::Request::new(Full::new(call.body));
        *request.method_mut() = call.method;
        *request.uri_mut() = call.uri;
        *request.headers_mut() = call.headers;
        let sent = self.pool(connect).request(request);
        match tokio::time::timeout(headers, sent).await {
            Ok(Ok(reply)) => {
                let (parts, incoming) = reply.into_parts();
                let head = HttpHead { status: parts.status, headers: parts.headers };
                Ok(Reply { head, body: ReplyBody { incoming, broken: None } })
            }
            Ok(Err(error)) => Err(name_failure(&error)),
            Err(_elapsed) => Err(Failure::new(
                FailureKind::TimedOut(Limit::Headers),
                format!("no reply within {} ms", headers.as_millis()),
            )),
        }
    }

    fn pool(&self, connect: Duration) -> Arc<Pool> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pools.entry(connect).or_insert_with(|| Arc::new(self.make_pool(connect))))
    }

    fn make_pool(&self, connect: Duration) -> Pool {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(connect));
        tcp.set_keepalive(Some(Duration::from_secs(30)));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(self.options.idle)
            .pool_max_idle_per_host(self.options.idle_per_host)
            // Without timers the idle limits above do nothing, silently.
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            // A pooled HTTP/2 connection survives a network partition as a black hole otherwise.
            .http2_keep_alive_interval(Duration::from_secs(10))
            .http2_keep_alive_timeout(Duration::from_secs(5))
            .http2_keep_alive_while_idle(true)
            .build(connector)
    }
}

impl Reply {
    /// Reads the whole body, up to `size_max` bytes.
    ///
    /// # Errors
    /// `TimedOut(Gap)` when nothing arrives for `gap`, `TimedOut(Total)` after `limit`, `Broken`
    /// when the body is larger than `size_max`, `Cut` when the connection breaks.
    pub async fn whole(
        mut self,
        size_max: usize,
        gap: Duration,
        limit: Duration,
    ) -> Result<HttpReply, Failure> {
        let body = match tokio::time::timeout(limit, self.body.collect(size_max, gap)).await {
            Ok(body) => body?,
            Err(_elapsed) => {
                let message =
                    format!("the answer was not complete within {} ms", limit.as_millis());
                return Err(Failure::new(FailureKind::TimedOut(Limit::Total), message));
            }
        };
        Ok(HttpReply { head: self.head, body })
    }
}

impl ReplyBody {
    /// The next bytes, or `None` at the end.
    ///
    /// # Errors
    /// `Cut` when the connection breaks before the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        while let Some(frame) = self.incoming.frame().await {
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => return Ok(Some(data)),
                Ok(Err(_trailers)) => {}
                Err(error) => return Err(cut(&error)),
            }
        }
        Ok(None)
    }

    /// Bytes that have already arrived, without waiting; `None` when there are none yet or the
    /// body has ended or broken, which the next [`chunk`](Self::chunk) will tell.
    pub fn ready(&mut self) -> Option<Bytes> {
        if self.broken.is_some() || self.incoming.is_end_stream() {
            return None;
        }
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match pin!(self.incoming.frame()).as_mut().poll(&mut context) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().ok(),
            Poll::Ready(Some(Err(error))) => {
                self.broken = Some(cut(&error));
                None
            }
            Poll::Ready(None) | Poll::Pending => None,
        }
    }

    async fn collect(&mut self, size_max: usize, gap: Duration) -> Result<Bytes, Failure> {
        let Some(first) = self.chunk_within(gap).await? else { return Ok(Bytes::new()) };
        if self.incoming.is_end_stream() && first.len() <= size_max {
            return Ok(first);
        }
        let mut all = BytesMut::from(first.as_ref());
        while let Some(next) = self.chunk_within(gap).await? {
            all.extend_from_slice(&next);
            if all.len() > size_max {
                let message = format!("the answer is larger than {size_max} bytes");
                return Err(Failure::new(FailureKind::Broken, message));
            }
        }
        Ok(all.freeze())
    }

    async fn chunk_within(&mut self, gap: Duration) -> Result<Option<Bytes>, Failure> {
        match tokio::time::timeout(gap, self.chunk()).await {
            Ok(chunk) => chunk,
            Err(_elapsed) => {
                let message = format!("the answer stopped for {} ms", gap.as_millis());
                Err(Failure::new(FailureKind::TimedOut(Limit::Gap), message))
            }
        }
    }
}

fn cut(error: &hyper::Error) -> Failure {
    Failure::new(FailureKind::Cut, format!("the connection broke inside the answer: {error}"))
}

fn name_failure(error: &legacy::Error) -> Failure {
    let reason = root_cause(error);
    if !error.is_connect() {
        return Failure::new(FailureKind::Reset, format!("the connection broke: {reason}"));
    }
    let timed_out = io_cause(error).is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
    let kind =
        if timed_out { FailureKind::TimedOut(Limit::Connect) } else { FailureKind::Unreachable };
    Failure::new(kind, format!("no connection: {reason}"))
}

fn root_cause(error: &legacy::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn io_cause(error: &legacy::Error) -> Option<&io::Error> {
    let mut cause = error.source();
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
