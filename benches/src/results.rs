//! What a run brings home.

use crate::context::Context;
use crate::options::Options;
use crate::phase::Phase;
use crate::procfs::CpuUs;
use crate::row::RowName;

/// One row under one kind of load in one round.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// The row.
    pub row: RowName,
    /// The kind of load.
    pub phase: Phase,
    /// The round, from 1.
    pub round: u32,
    /// How long it was measured.
    pub seconds: f64,
    /// Whole answers.
    pub answers: u64,
    /// Events of streams.
    pub events: u64,
    /// Requests that were not answered as they should be.
    pub failed: u64,
    /// The first of these.
    pub fault: Option<String>,
    /// CPU time of the processes between load generator and mock upstream.
    pub cpu_us: CpuUs,
    /// CPU time of the load generator.
    pub generator_us: CpuUs,
    /// CPU time of the mock upstream.
    pub upstream_us: CpuUs,
    /// Part of the machine's CPU time that went to anybody else, 0 to 1.
    pub others: f64,
    /// Microseconds from due to the last byte: median and 99th percentile.
    pub whole_us: [f64; 2],
    /// Microseconds from due to the first byte of the body: median and 99th percentile.
    pub first_us: [f64; 2],
}

/// Resident memory of a row in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// The row.
    pub row: RowName,
    /// Ready, and no request served yet.
    pub idle: u64,
    /// After all load.
    pub after: u64,
}

/// All that a run brought.
pub(crate) struct Results {
    /// How it was asked to measure.
    pub options: Options,
    /// Where it was measured.
    pub context: Context,
    /// Every single measurement.
    pub measured: Vec<Measured>,
    /// Memory of the rows that have processes.
    pub memory: Vec<Memory>,
}

impl Results {
    /// Requests that failed, over all rows.
    pub(crate) fn failed(&self) -> u64 {
        self.measured.iter().map(|measured| measured.failed).sum()
    }
}

impl Measured {
    /// Nothing measured yet.
    pub(crate) fn blank(row: RowName, phase: Phase, round: u32, seconds: f64) -> Self {
        Self {
            row,
            phase,
            round,
            seconds,
            answers: 0,
            events: 0,
            failed: 0,
            fault: None,
            cpu_us: 0,
            generator_us: 0,
            upstream_us: 0,
            others: 0.0,
            whole_us: [0.0; 2],
            first_us: [0.0; 2],
        }
    }
}
