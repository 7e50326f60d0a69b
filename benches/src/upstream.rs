//! The mock upstream: an OpenAI-compatible chat server that does nothing but answer.
//!
//! It runs in a process of its own on one single-threaded runtime, so that its CPU time is in no
//! other row. Every request gets the same bytes; only whether they stream depends on it. How
//! many events a stream has, and how far apart, is set beforehand with
//! `POST /_bench/stream?events=N&gap_us=N`, because the requests themselves should look like
//! ordinary ones to whatever stands between.

mod answers;
mod stream;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use self::answers::Answers;
use self::stream::EventStream;

const BODY_MAX: usize = 1 << 20;

/// How streams are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamShape {
    /// Events with content.
    pub content_events: u32,
    /// Pause before each event with content but the first; zero: as fast as they are taken.
    pub gap: Duration,
}

impl StreamShape {
    /// All events: the role, the content, the finish, the usage, `[DONE]`.
    pub(crate) fn events(self) -> u64 {
        u64::from(self.content_events) + 4
    }

    /// The request target that sets this shape.
    pub(crate) fn target(self) -> String {
        format!("/_bench/stream?events={}&gap_us={}", self.content_events, self.gap.as_micros())
    }

    fn parse(query: &str) -> Option<Self> {
        let mut shape = Self { content_events: 0, gap: Duration::ZERO };
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=')?;
            match name {
                "events" => shape.content_events = value.parse().ok()?,
                "gap_us" => shape.gap = Duration::from_micros(value.parse().ok()?),
                _ => return None,
            }
        }
        Some(shape)
    }
}

struct Mock {
    answers: Answers,
    shape: Mutex<StreamShape>,
}

/// Serves at `port` of the loopback interface until the process is ended.
pub(crate) fn serve(port: u16) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(accept(SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
}

async fn accept(address: SocketAddr) -> Result<()> {
    let listener =
        TcpListener::bind(address).with_context(|| format!("cannot listen on `{address}`"))?;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let shape = Mutex::new(StreamShape { content_events: 16, gap: Duration::ZERO });
    let mock = Arc::new(Mock { answers: Answers::new()?, shape });
    loop {
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // A connection that was reset before it was taken, or no descriptor left: the
                // others go on.
                crate::note(&format!("mock upstream: cannot accept: {error}"));
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        // Fails only for a connection that is gone already.
        drop(stream.set_nodelay(true));
        let mock = mock.clone();
        let service = service_fn(move |request| {
            let mock = mock.clone();
            async move { Ok::<_, Infallible>(mock.answer(request).await) }
        });
        tokio::spawn(async move {
            // Idle connections are kept for ever: no row should pay for reconnecting.
            let connection = http1::Builder::new()
                .header_read_timeout(None)
                .serve_connection(TokioIo::new(stream), service);
            // A caller that goes away is its own affair.
            drop(connection.await);
        });
    }
}

type Answer = Response<Either<Full<Bytes>, EventStream>>;

impl Mock {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
            return plain(StatusCode::BAD_REQUEST, "the body was cut or is too large");
        };
        match head.uri.path() {
            "/v1/chat/completions" if wants_stream(&body.to_bytes()) => {
                let shape = *self.shape.lock().unwrap_or_else(PoisonError::into_inner);
                let stream = EventStream::new(self.answers.events.clone(), shape);
                self.head("text/event-stream; charset=utf-8", Either::Right(stream))
            }
            "/v1/chat/completions" => {
                let body = Full::new(self.answers.whole.clone());
                self.head("application/json", Either::Left(body))
            }
            "/_bench/stream" => match StreamShape::parse(head.uri.query().unwrap_or_default()) {
                Some(shape) => {
                    *self.shape.lock().unwrap_or_else(PoisonError::into_inner) = shape;
                    plain(StatusCode::OK, "set")
                }
                None => plain(StatusCode::BAD_REQUEST, "expected `events=N&gap_us=N`"),
            },
            _ => plain(StatusCode::NOT_FOUND, "not found"),
        }
    }

    fn head(&self, content_type: &'static str, body: Either<Full<Bytes>, EventStream>) -> Answer {
        let mut answer = Response::new(body);
        let headers = answer.headers_mut();
        headers.insert("content-type", http::HeaderValue::from_static(content_type));
        headers.extend(self.answers.headers.iter().map(|(n, v)| (n.clone(), v.clone())));
        answer
    }
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(Bytes::from_static(text.as_bytes()))));
    *answer.status_mut() = status;
    answer
}

/// A look at the bytes: this server is told nothing else, and parsing would only cost time.
fn wants_stream(body: &[u8]) -> bool {
    const MARK: &[u8] = b"\"stream\":true";
    body.windows(MARK.len()).any(|window| window == MARK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Evidence, Kind, chat};

    #[test]
    fn a_shape_reads_what_it_wrote() {
        let shape = StreamShape { content_events: 100, gap: Duration::from_millis(4) };
        let target = shape.target();
        let (_, query) = target.split_once('?').unwrap();
        assert_eq!(StreamShape::parse(query), Some(shape));
        assert_eq!(StreamShape::parse("events=x"), None);
    }

    #[test]
    fn the_requests_of_the_harness_are_told_apart() {
        let stream = chat(Kind::Stream, Evidence::Local);
        let whole = chat(Kind::Whole, Evidence::Local);
        assert!(wants_stream(&stream) && !wants_stream(&whole));
    }
}
