//! One upstream connection, driven by the request that uses it (docs/adr/0007).
//!
//! hyper splits a connection into a sender, a body and a future that does the reading and writing.
//! That future is usually a task of its own, and each frame then costs two wake-ups. Here whoever
//! waits for the connection drives it: a request's own task reads the socket, takes every frame
//! that was in what it read, and sleeps only when the socket is empty.

use std::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1::SendRequest},
};

/// The sending side.
pub(crate) type Sender = SendRequest<Full<Bytes>>;
/// What reads and writes; ready when the connection is over.
pub(crate) type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// One connection.
pub(crate) struct Link {
    sender: Sender,
    /// `None` once the connection is over.
    driver: Option<Driver>,
}

impl Link {
    pub(crate) fn new(sender: Sender, driver: Driver) -> Self {
        Self { sender, driver: Some(driver) }
    }

    /// Whether it can take a request now, after hearing what its server has said meanwhile.
    pub(crate) fn is_ready(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Reads and writes what can be, and has `context` woken when there is more to do.
    pub(crate) fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(driver) = &mut self.driver
            // What broke the connection is told to the request that it carries.
            && driver.as_mut().poll(context).is_ready()
        {
            self.driver = None;
        }
    }

    /// Sends a request and waits for the head of its reply.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        let mut reply = pin!(self.sender.try_send_request(request));
        let driver = &mut self.driver;
        std::future::poll_fn(|context| {
            if let Some(running) = driver
                && running.as_mut().poll(context).is_ready()
            {
                *driver = None;
            }
            reply.as_mut().poll(context)
        })
        .await
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("over", &self.driver.is_none()).finish_non_exhaustive()
    }
}
