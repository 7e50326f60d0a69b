//! The load generator: one thread, one epoll, prebuilt request bytes.
//!
//! *Closed loop*: each connection sends its next request as soon as the last answer has ended;
//! what is measured is how much work is done. *Open loop*: requests are due at fixed moments,
//! whatever the answers do, and latency counts from the moment a request was due, not from when
//! a connection was free for it; so a stall is charged to every request that it delayed
//! (no coordinated omission).

mod connection;
mod tally;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use self::connection::Connection;
pub(crate) use self::tally::Tally;
use crate::clock;
use crate::stop::Stop;

/// Requests that may wait for a connection before the run is given up.
const BACKLOG_MAX: usize = 20_000;
/// How long answers under way may take to end once the load stops.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// The longest wait for something to happen, so that the end of a window is seen in time.
const WAIT_MAX: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
/// Readiness reports taken at once.
const REPORTS_MAX: usize = 64;
/// The epoll token of the timer; connections are numbered from 0.
const TIMER: u64 = u64::MAX;

/// What to send, where, and when.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// The server under test.
    pub target: SocketAddr,
    /// A whole request, head and body.
    pub request: Vec<u8>,
    /// Connections, all kept alive.
    pub connections: usize,
    /// When requests are sent.
    pub pace: Pace,
    /// Events that each answer must hold; 0 when answers are no streams.
    pub events: u64,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// The next one when the last one is answered.
    Closed,
    /// This many per second, evenly spaced.
    Open {
        /// Requests per second.
        rate: u32,
    },
}

/// A load under way. Dropping it cuts its connections; `drain` lets the answers end first.
pub(crate) struct Generator {
    load: Load,
    stop: Stop,
    epoll: OwnedFd,
    timer: OwnedFd,
    reports: Vec<epoll::Event>,
    connections: Vec<Connection>,
    idle: VecDeque<usize>,
    backlog: VecDeque<Instant>,
    started: Option<Instant>,
    sent: u32,
    draining: bool,
    tally: Tally,
    buffer: Vec<u8>,
}

impl Generator {
    /// Connects all connections and sends nothing yet.
    pub(crate) fn open(load: Load, stop: &Stop) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN)?;
        let connections = (0..load.connections)
            .map(|index| connect(&epoll, load.target, index))
            .collect::<Result<_>>()?;
        Ok(Self {
            stop: stop.clone(),
            epoll,
            timer,
            reports: Vec::with_capacity(REPORTS_MAX),
            connections,
            idle: (0..load.connections).collect(),
            backlog: VecDeque::new(),
            started: None,
            sent: 0,
            draining: false,
            tally: Tally::new()?,
            buffer: vec![0; 64 * 1024],
            load,
        })
    }

    /// Keeps the load up for `window` and tells what was answered within it.
    ///
    /// # Errors
    /// When the server cannot be reached, when it cannot keep up with an open loop at all, or
    /// when somebody asked to stop.
    pub(crate) fn run(&mut self, window: Duration) -> Result<Tally> {
        let end = clock::now() + window;
        if self.started.is_none() {
            self.begin()?;
        }
        while clock::now() < end {
            self.turn()?;
        }
        Ok(std::mem::replace(&mut self.tally, Tally::new()?))
    }

    /// Sends nothing more and waits until all answers under way have ended.
    pub(crate) fn drain(mut self) -> Result<()> {
        self.draining = true;
        self.backlog.clear();
        let limit = clock::now() + DRAIN_MAX;
        while self.idle.len() < self.connections.len() {
            if clock::now() > limit {
                bail!("answers did not end within {} s", DRAIN_MAX.as_secs());
            }
            self.turn()?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        let now = clock::now();
        self.started = Some(now);
        match self.load.pace {
            Pace::Closed => {
                while let Some(index) = self.idle.pop_front() {
                    self.send(index, now)?;
                }
            }
            Pace::Open { rate } => {
                let gap = Timespec { tv_sec: 0, tv_nsec: gap(rate).subsec_nanos().into() };
                let timing = Itimerspec { it_interval: gap, it_value: gap };
                timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &timing)?;
            }
        }
        Ok(())
    }

    /// Waits for something to happen and does what is to be done about it.
    fn turn(&mut self) -> Result<()> {
        self.stop.check()?;
        let mut reports = std::mem::take(&mut self.reports);
        reports.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut reports), Some(&WAIT_MAX)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot wait for answers"),
        }
        for report in &reports {
            let token = report.data;
            match token.u64() {
                TIMER => self.tick()?,
                index => self.receive(usize::try_from(index)?)?,
            }
        }
        self.reports = reports;
        self.send_due()
    }

    /// The kernel arms a periodic timer again when it is read.
    fn tick(&self) -> Result<()> {
        match rustix::io::read(&self.timer, &mut [0_u8; 8]) {
            Ok(_) | Err(Errno::AGAIN) => Ok(()),
            Err(error) => Err(error).context("cannot read the timer"),
        }
    }

    fn send_due(&mut self) -> Result<()> {
        let (Pace::Open { rate }, Some(started), false) =
            (self.load.pace, self.started, self.draining)
        else {
            return Ok(());
        };
        let now = clock::now();
        loop {
            let due = started + gap(rate) * (self.sent + 1);
            if due > now {
                return Ok(());
            }
            self.sent += 1;
            match self.idle.pop_front() {
                Some(index) => self.send(index, due)?,
                None if self.backlog.len() < BACKLOG_MAX => self.backlog.push_back(due),
                None => bail!("{rate} requests per second are more than the server can answer"),
            }
        }
    }

    /// Sends on a connection; on a fresh one should the server have closed it meanwhile.
    fn send(&mut self, index: usize, due: Instant) -> Result<()> {
        let slot = self.connections.get_mut(index).context("no such connection")?;
        if slot.send(&self.load.request, due).is_err() {
            *slot = connect(&self.epoll, self.load.target, index)?;
            slot.send(&self.load.request, due).context("cannot send a request")?;
        }
        Ok(())
    }

    fn receive(&mut self, index: usize) -> Result<()> {
        let slot = self.connections.get_mut(index).context("no such connection")?;
        let waiting = slot.is_waiting();
        let seen = match slot.receive(&mut self.buffer) {
            Ok(seen) => seen,
            Err(error) => {
                *slot = connect(&self.epoll, self.load.target, index)?;
                if !waiting {
                    // It was idle and in the queue of idle ones: there it stays.
                    return Ok(());
                }
                self.tally.fail(&format!("{error:#}"))?;
                return self.next(index);
            }
        };
        self.tally.saw(&seen);
        let Some(answer) = seen.end else { return Ok(()) };
        if answer.closes {
            *slot = connect(&self.epoll, self.load.target, index)?;
        }
        if answer.status != 200 {
            let read = self.buffer.get(..seen.read).unwrap_or_default();
            let text = String::from_utf8_lossy(read);
            self.tally.fail(&format!("status {} in `{}`", answer.status, text.escape_debug()))?;
        } else if answer.events != self.load.events {
            self.tally.fail(&format!("an answer ended after {} events", answer.events))?;
        } else {
            self.tally.answered(seen.since_due);
        }
        self.next(index)
    }

    /// What a connection does once its answer has ended.
    fn next(&mut self, index: usize) -> Result<()> {
        match self.load.pace {
            Pace::Closed if !self.draining => self.send(index, clock::now()),
            Pace::Closed | Pace::Open { .. } => match self.backlog.pop_front() {
                Some(due) => self.send(index, due),
                None => {
                    self.idle.push_back(index);
                    Ok(())
                }
            },
        }
    }
}

fn gap(rate: u32) -> Duration {
    Duration::from_secs(1) / rate.max(2)
}

fn connect(epoll: &OwnedFd, target: SocketAddr, index: usize) -> Result<Connection> {
    let connection = Connection::open(target)?;
    epoll::add(epoll, &connection, EventData::new_u64(index as u64), EventFlags::IN)?;
    Ok(connection)
}
