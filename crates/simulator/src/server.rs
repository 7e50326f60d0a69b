//! The listener and its connections.
//!
//! One task per connection, owned by [`Simulator::run`]. A connection that a fault breaks ends with
//! RST (a linger of zero) or with FIN inside a body; HTTP itself is hyper's.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::fault::{Fault, FaultError, FaultSpec};
use crate::playback::ResetSwitch;
use crate::site::Site;

const BACKLOG: i32 = 4096;

/// Also the longest idle keep-alive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(300);

/// Pause after a failed accept, so that a lack of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A bound listener with its simulated endpoints; serves once [`run`](Self::run) is called.
#[derive(Debug)]
pub struct Simulator {
    listener: std::net::TcpListener,
    address: SocketAddr,
    site: Arc<Site>,
}

impl Simulator {
    /// Binds `address` (port 0 picks one). Callers can connect from now on; they wait for `run`.
    ///
    /// # Errors
    /// `InvalidInput` when the configuration names an endpoint twice or badly; else what the
    /// operating system says about the address.
    pub fn bind(address: SocketAddr, config: Config) -> io::Result<Self> {
        let site = Site::new(config)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let listener: std::net::TcpListener = socket.into();
        let address = listener.local_addr()?;
        Ok(Self { listener, address, site: Arc::new(site) })
    }

    /// The address in use.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Puts a fault on the board without going through HTTP.
    ///
    /// # Errors
    /// [`FaultError`] for an unknown endpoint, a figure out of range, or a full board.
    pub fn set_fault(&self, spec: FaultSpec) -> Result<Fault, FaultError> {
        self.site.set_fault(spec)
    }

    /// Serves until `shutdown` resolves, then closes every connection at once, as a vendor that
    /// dies would. Dropping the future does the same.
    ///
    /// # Errors
    /// Only when the listener cannot be handed to the runtime. Failed accepts are logged and
    /// survived.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener)?;
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                Some(_ended) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _peer)) => {
                        connections.spawn(converse(stream, Arc::clone(&self.site)));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "simulator could not accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }
}

/// Serves one connection to its end.
async fn converse(stream: TcpStream, site: Arc<Site>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "simulator could not set TCP_NODELAY");
    }
    let reset = ResetSwitch::default();
    let switch = reset.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let site = Arc::clone(&site);
        let reset = switch.clone();
        let served: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(async move { site.serve(request, reset).await });
        served
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let ended = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let mut stream = connection.into_parts().io.into_inner();
    if reset.thrown() {
        // With a linger of zero, close sends RST and discards what is unsent.
        if let Err(error) = SockRef::from(&stream).set_linger(Some(Duration::ZERO)) {
            tracing::debug!(%error, "simulator could not set SO_LINGER");
        }
        return;
    }
    if let Err(error) = ended {
        tracing::debug!(%error, "simulated connection ended early");
    }
    if let Err(error) = stream.shutdown().await {
        tracing::debug!(%error, "simulated connection could not be closed in order");
    }
}
