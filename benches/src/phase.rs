//! The kinds of load, each giving figures that the others cannot.

use std::time::Duration;

use clap::ValueEnum;

use crate::load::{Load, Pace};
use crate::options::Options;
use crate::request::Kind;
use crate::row::{Row, RowName};
use crate::upstream::StreamShape;

/// One kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Phase {
    /// Whole answers, closed loop: CPU time per request, throughput.
    Work,
    /// Whole answers at a fixed rate: latency.
    Latency,
    /// Streams with a pause between events, closed loop: CPU time per event as it is in life.
    Paced,
    /// Streams sent as fast as they are taken, closed loop: CPU time per event at its least.
    Burst,
    /// Short streams at a fixed rate: time to the first chunk.
    First,
}

impl Phase {
    /// In the order in which they are run.
    pub(crate) const ALL: [Self; 5] =
        [Self::Work, Self::Latency, Self::Paced, Self::Burst, Self::First];

    /// As it is called on the command line and in the JSON report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Latency => "latency",
            Self::Paced => "paced",
            Self::Burst => "burst",
            Self::First => "first",
        }
    }

    /// How the mock upstream streams meanwhile.
    pub(crate) fn shape(self) -> StreamShape {
        let (content_events, gap_ms) = match self {
            Self::Work | Self::Latency => (1, 0),
            Self::Paced => (100, 4),
            Self::Burst => (400, 0),
            Self::First => (16, 2),
        };
        StreamShape { content_events, gap: Duration::from_millis(gap_ms) }
    }

    /// Whether it is of interest for a row. What does not wait for the disk differs in latency.
    pub(crate) fn concerns(self, row: RowName) -> bool {
        match row {
            RowName::Direct | RowName::Nginx | RowName::Gateway => true,
            RowName::Buffered => matches!(self, Self::Latency | Self::First),
        }
    }

    /// The load on one row.
    pub(crate) fn load(self, options: &Options, row: &Row) -> Load {
        let (kind, pace) = match self {
            Self::Work => (Kind::Whole, Pace::Closed),
            Self::Latency => (Kind::Whole, Pace::Open { rate: options.rate }),
            Self::Paced | Self::Burst => (Kind::Stream, Pace::Closed),
            Self::First => (Kind::Stream, Pace::Open { rate: stream_rate(options) }),
        };
        let events = match kind {
            Kind::Whole => 0,
            Kind::Stream => self.shape().events(),
        };
        let connections = usize::from(options.connections);
        Load { target: row.address, request: row.request(kind), connections, pace, events }
    }
}

/// Streams started per second: a tenth of the rate of whole requests, as each has 20 events.
pub(crate) fn stream_rate(options: &Options) -> u32 {
    (options.rate / 10).max(2)
}
