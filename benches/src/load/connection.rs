//! One kept-alive connection: at most one request under way.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::clock;
use crate::http1::{Answer, AnswerReader};

/// A connection to the server under test.
pub(super) struct Connection {
    stream: TcpStream,
    reader: AnswerReader,
    /// When the request under way was due.
    due: Option<Instant>,
    before: Answer,
}

/// What one read brought.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Time since the request was due.
    pub since_due: Duration,
    /// The first byte of the body was among it.
    pub first: bool,
    /// Events that ended with it.
    pub events: u64,
    /// Bytes read.
    pub read: usize,
    /// The whole answer, if it ended.
    pub end: Option<Answer>,
}

impl Connection {
    /// Connects and gives up waiting on reads and writes.
    pub(super) fn open(target: SocketAddr) -> Result<Self> {
        let stream =
            TcpStream::connect(target).with_context(|| format!("cannot connect to `{target}`"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, reader: AnswerReader::new(), due: None, before: Answer::default() })
    }

    /// A request is under way.
    pub(super) fn is_waiting(&self) -> bool {
        self.due.is_some()
    }

    /// Sends a request that was due at `due`. The buffer of an idle connection holds it whole.
    pub(super) fn send(&mut self, request: &[u8], due: Instant) -> Result<()> {
        self.stream.write_all(request)?;
        self.due = Some(due);
        self.before = Answer::default();
        Ok(())
    }

    /// Reads once, into the front of `buffer`.
    ///
    /// # Errors
    /// When the connection ended, or brought what is no answer: it is of no further use.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Result<Seen> {
        let read = match self.stream.read(buffer) {
            Ok(0) => bail!("the server closed the connection"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error).context("cannot read an answer"),
        };
        let due = self.due.context("bytes that nobody asked for")?;
        let bytes = buffer.get(..read).unwrap_or_default();
        let answer = self.reader.feed(bytes)?;
        let seen = Seen {
            since_due: clock::now().saturating_duration_since(due),
            first: self.before.body == 0 && answer.body > 0,
            events: answer.events - self.before.events,
            read,
            end: answer.done.then_some(answer),
        };
        self.before = answer;
        if answer.done {
            self.due = None;
        }
        Ok(seen)
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
