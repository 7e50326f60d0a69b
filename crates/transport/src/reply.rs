//! A reply: its head, and a body that is still arriving.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use hyper::body::Incoming;
use vocab::{Failure, FailureKind, HttpHead, HttpReply, failure::Limit};

use crate::pool::Loan;

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
    /// The connection, given back once the body has ended; dropped before, it is closed.
    loan: Option<Loan>,
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
        // A short answer is there as soon as its head is, and then needs no timers.
        let first = match self.body.ready() {
            Some(body) if self.body.incoming.is_end_stream() && body.len() <= size_max => {
                return Ok(HttpReply { head: self.head, body });
            }
            first => first,
        };
        let body = match tokio::time::timeout(limit, self.body.collect(first, size_max, gap)).await
        {
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
    /// A body that arrives over a connection.
    pub(crate) fn new(incoming: Incoming, loan: Loan) -> Self {
        let mut body = Self { incoming, broken: None, loan: Some(loan) };
        body.end_if_over();
        body
    }

    fn end_if_over(&mut self) {
        if self.incoming.is_end_stream() {
            self.end();
        }
    }

    fn end(&mut self) {
        if let Some(loan) = self.loan.take() {
            loan.give_back();
        }
    }

    /// The next bytes, or `None` at the end.
    ///
    /// # Errors
    /// `Cut` when the connection breaks before the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        std::future::poll_fn(|context| self.poll_chunk(context)).await
    }

    /// Bytes that have already arrived, without waiting; `None` when there are none yet or the
    /// body has ended or broken, which the next [`chunk`](Self::chunk) will tell.
    pub fn ready(&mut self) -> Option<Bytes> {
        if self.broken.is_some() || self.incoming.is_end_stream() {
            return None;
        }
        // Nobody is woken by this look: whoever goes on waits in `chunk`, which looks again first.
        match self.poll_chunk(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(chunk)) => chunk,
            Poll::Ready(Err(failure)) => {
                self.broken = Some(failure);
                None
            }
            Poll::Pending => None,
        }
    }

    /// What has been read, and when that is nothing, what the connection has to read now.
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failure>> {
        if let Poll::Ready(read) = self.poll_read(context) {
            return Poll::Ready(read);
        }
        let Some(loan) = &mut self.loan else { return Poll::Pending };
        loan.link.drive(context);
        self.poll_read(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failure>> {
        loop {
            match ready!(Pin::new(&mut self.incoming).poll_frame(context)) {
                Some(Ok(frame)) => {
                    // Trailers say nothing to anybody here.
                    let Ok(data) = frame.into_data() else { continue };
                    self.end_if_over();
                    return Poll::Ready(Ok(Some(data)));
                }
                Some(Err(error)) => return Poll::Ready(Err(cut(&error))),
                None => {
                    self.end();
                    return Poll::Ready(Ok(None));
                }
            }
        }
    }

    async fn collect(
        &mut self,
        first: Option<Bytes>,
        size_max: usize,
        gap: Duration,
    ) -> Result<Bytes, Failure> {
        let first = match first {
            Some(first) => first,
            None => self.chunk_within(gap).await?.unwrap_or_default(),
        };
        if self.incoming.is_end_stream() && first.len() <= size_max {
            return Ok(first);
        }
        let mut all = BytesMut::new();
        let mut next = Some(first);
        while let Some(chunk) = next {
            if all.len() + chunk.len() > size_max {
                let message = format!("the answer is larger than {size_max} bytes");
                return Err(Failure::new(FailureKind::Broken, message));
            }
            all.extend_from_slice(&chunk);
            next = self.chunk_within(gap).await?;
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
