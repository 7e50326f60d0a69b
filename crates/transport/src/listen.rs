//! The accept loop of every listener: bind, serve, drain.
//!
//! Draining (D6): stop accepting, tell each connection to finish (`Connection: close`, GOAWAY), wait
//! for what is in flight until a deadline, then cut what is left.

use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::watch;

/// Shorter than every time limit that requests set.
const TICK: Duration = Duration::from_millis(250);

/// The header fields that hyper takes in a request head unless told otherwise.
const FIELDS_MAX_OF_HYPER: usize = 100;

/// Limits on a listener. Each is a defence; the defaults suit a gateway.
#[derive(Debug, Clone)]
pub struct ListenOptions {
    /// Time for a connection to send a whole request head. Default 10 s.
    pub head_time_max: Duration,
    /// Bytes of a request head, and header fields in it. Default 32 KiB and 100.
    pub head_size_max: usize,
    /// Header fields in a request head.
    pub head_fields_max: usize,
    /// Time for which a peer may take nothing of what is sent to it. Default 30 s.
    pub stall_time_max: Duration,
    /// Connections served at once by one worker; more wait in the kernel's queue. Default 10,000.
    pub connections_max: usize,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            head_time_max: Duration::from_secs(10),
            head_size_max: 32 * 1024,
            head_fields_max: FIELDS_MAX_OF_HYPER,
            stall_time_max: Duration::from_secs(30),
            connections_max: 10_000,
        }
    }
}

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody else listens there.
    #[error(
        "cannot listen on `{address}`: the address is in use; stop the other process or choose another port"
    )]
    InUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Any other reason.
    #[error("cannot listen on `{address}`")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
}

/// Opens `count` listeners on one address; the kernel spreads connections over them.
///
/// # Errors
/// [`ListenError`] naming the address. An address that another process uses is refused even if
/// that process would share it.
pub fn bind(address: SocketAddr, count: usize) -> Result<Vec<TcpListener>, ListenError> {
    let fail = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { address },
        _ => ListenError::Bind { address, source },
    };
    // `SO_REUSEPORT` would silently share the port with another process of the same user, so the
    // address is first claimed without it.
    let claim = open(address, Sharing::Alone).map_err(fail)?;
    let address_bound = claim.local_addr().map_err(fail)?;
    if count <= 1 {
        return Ok(vec![claim]);
    }
    drop(claim);
    (0..count).map(|_| open(address_bound, Sharing::Workers).map_err(fail)).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Alone,
    Workers,
}

fn open(address: SocketAddr, sharing: Sharing) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(sharing == Sharing::Workers)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    Ok(socket.into())
}

/// Tells listeners to leave service.
#[derive(Debug, Clone)]
pub struct Drain {
    sender: Arc<watch::Sender<bool>>,
}

/// The listeners' side of a [`Drain`].
#[derive(Debug, Clone)]
pub struct Draining {
    receiver: watch::Receiver<bool>,
}

impl Drain {
    /// A switch, off.
    #[must_use]
    pub fn new() -> (Self, Draining) {
        let (sender, receiver) = watch::channel(false);
        (Self { sender: Arc::new(sender) }, Draining { receiver })
    }

    /// Starts draining; there is no way back.
    pub fn start(&self) {
        self.sender.send_replace(true);
    }
}

impl Draining {
    /// Whether draining has started.
    #[must_use]
    pub fn started(&self) -> bool {
        *self.receiver.borrow()
    }

    /// Waits until draining starts, or until its switch is gone.
    pub async fn begun(&mut self) {
        // An error means the switch was dropped, which is also a reason to leave.
        let _gone = self.receiver.wait_for(|draining| *draining).await;
    }
}

/// Serves a listener until draining starts and its connections are done, or `drain_time_max` after
/// that. Must run inside a runtime; connections are tasks of that runtime.
///
/// # Errors
/// When the listener cannot be handed to the runtime.
pub async fn serve<S, F, B>(
    listener: TcpListener,
    options: ListenOptions,
    mut draining: Draining,
    drain_time_max: Duration,
    service: S,
) -> io::Result<()>
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let room = Arc::new(tokio::sync::Semaphore::new(options.connections_max));
    // Each request sets timers. One that is due before all others makes the runtime wake itself,
    // a system call; a regular tick is always due before them.
    let ticking = tokio::spawn(async {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
        }
    });
    let builder = connection_builder(&options);
    loop {
        let place = tokio::select! {
            () = draining.begun() => break,
            place = Arc::clone(&room).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let stream = tokio::select! {
            () = draining.begun() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _peer)) => stream,
                Err(error) => {
                    // Out of descriptors, most likely: wait for a connection to close.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Without this, a stream's small writes wait for the peer's delayed acknowledgement.
        let _kept = stream.set_nodelay(true);
        // A peer that takes nothing for this long holds a request, its upstream and its memory: the
        // kernel then breaks the connection, also when the peer's window is shut.
        let socket = socket2::SockRef::from(&stream);
        let _limited = socket.set_tcp_user_timeout(Some(options.stall_time_max));
        let connection = Connection { builder: builder.clone(), draining: draining.clone() };
        let service = service.clone();
        tokio::spawn(async move {
            connection.run(stream, service).await;
            drop(place);
        });
    }
    drop(listener);
    ticking.abort();
    let all = u32::try_from(options.connections_max).unwrap_or(u32::MAX);
    let idle = room.acquire_many(all);
    if tokio::time::timeout(drain_time_max, idle).await.is_err() {
        tracing::warn!("connections were cut at the end of the drain time");
    }
    Ok(())
}

fn connection_builder(options: &ListenOptions) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_time_max)
        .max_buf_size(options.head_size_max.max(8 * 1024));
    // hyper's own limit costs nothing, while one that is set fills two arrays per request.
    if options.head_fields_max != FIELDS_MAX_OF_HYPER {
        builder.max_headers(options.head_fields_max);
    }
    builder
}

struct Connection {
    builder: http1::Builder,
    draining: Draining,
}

impl Connection {
    async fn run<S, F, B>(mut self, stream: tokio::net::TcpStream, service: S)
    where
        S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let service = service_fn(move |request| {
            let answer = service(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.draining.begun() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
