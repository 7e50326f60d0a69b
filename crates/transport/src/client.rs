//! Performs [`HttpCall`]s, and has a name for every way a call can fail.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header::HOST, uri::Scheme};
use http_body_util::Full;
use tokio::time::Instant;
use vocab::{Failure, FailureKind, HttpCall, HttpHead, failure::Limit};

use crate::{
    connect::{ClientSetupError, Connector, root_cause},
    pool::{Loan, Place, Pool},
    reply::{Reply, ReplyBody},
};

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

/// Performs calls over HTTP/1.1. One per worker thread; pools are not shared between threads.
pub struct Client {
    connector: Connector,
    pool: Pool,
}

impl Client {
    /// A client that trusts the machine's certificate authorities, or the built-in ones if the
    /// machine has none.
    ///
    /// # Errors
    /// [`ClientSetupError`] when no TLS configuration can be built.
    pub fn new(options: ClientOptions) -> Result<Self, ClientSetupError> {
        Ok(Self { connector: Connector::new()?, pool: Pool::new(options) })
    }

    /// Sends a call and returns when the head of the reply is there. `connect` is the limit for a
    /// new connection, where one is needed; `headers` the limit for all of it.
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
        match tokio::time::timeout(headers, self.send(call, connect)).await {
            Ok(result) => result,
            Err(_elapsed) => Err(Failure::new(
                FailureKind::TimedOut(Limit::Headers),
                format!("no reply within {} ms", headers.as_millis()),
            )),
        }
    }

    async fn send(&self, call: HttpCall, connect: Duration) -> Result<Reply, Failure> {
        let (mut request, place) = written(call)?;
        let host = self.pool.host(&place);
        let now = Instant::now();
        if let Some(mut link) = host.take(now) {
            match link.exchange(request).await {
                Ok(reply) => return Ok(taken(reply, Loan::new(link, host))),
                // The request comes back only if nothing of it was written: the server closed the
                // connection in the meantime, which says nothing about the server.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(reset(&error.into_error())),
                },
            }
        }
        self.pool.sweep(now);
        // On the heap, because it is large and rarely needed.
        let mut link = Box::pin(self.connector.connect(&place, connect)).await?;
        let reply = link.exchange(request).await.map_err(|error| reset(&error.into_error()))?;
        Ok(taken(reply, Loan::new(link, host)))
    }
}

/// A call as HTTP/1.1 writes it: the path as target, and the host as a header (RFC 9112, section
/// 3.2).
fn written(call: HttpCall) -> Result<(Request<Full<Bytes>>, Place), Failure> {
    let parts = call.uri.into_parts();
    let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
        return Err(no_address("it names no host"));
    };
    if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
        return Err(no_address("it is not http or https"));
    }
    let mut request = Request::new(Full::new(call.body));
    *request.method_mut() = call.method;
    *request.uri_mut() = parts.path_and_query.map_or_else(Uri::default, Uri::from);
    *request.headers_mut() = call.headers;
    let place = Place { scheme, authority };
    if !request.headers().contains_key(HOST) {
        let host = host(&place).ok_or_else(|| no_address("its host cannot be sent"))?;
        request.headers_mut().insert(HOST, host);
    }
    Ok((request, place))
}

/// The `host` header: neither user nor a port that the scheme implies.
fn host(place: &Place) -> Option<HeaderValue> {
    let implied = if place.scheme == Scheme::HTTPS { 443 } else { 80 };
    let host = place.authority.host();
    match place.authority.port_u16().filter(|port| *port != implied) {
        Some(port) => HeaderValue::from_str(&format!("{host}:{port}")).ok(),
        None => HeaderValue::from_str(host).ok(),
    }
}

fn taken(reply: http::Response<hyper::body::Incoming>, loan: Loan) -> Reply {
    let (parts, incoming) = reply.into_parts();
    let head = HttpHead { status: parts.status, headers: parts.headers };
    Reply { head, body: ReplyBody::new(incoming, loan) }
}

fn no_address(why: &str) -> Failure {
    Failure::new(FailureKind::Unreachable, format!("no connection: the address is wrong, {why}"))
}

fn reset(error: &hyper::Error) -> Failure {
    Failure::new(FailureKind::Reset, format!("the connection broke: {}", root_cause(error)))
}
