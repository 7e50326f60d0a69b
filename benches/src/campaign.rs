//! A whole run: start everything, measure in turns, stop everything.
//!
//! Rows alternate within each kind of load within each round, so that what is compared was
//! measured seconds apart and a machine that slows down does so for all of them.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::children::{Leashed, accepts, free_address};
use crate::context::Context;
use crate::load::{Generator, Tally};
use crate::options::Options;
use crate::phase::Phase;
use crate::procfs::{self, CpuUs, Machine};
use crate::request::Kind;
use crate::results::{Measured, Memory, Results};
use crate::row::{Row, RowName};
use crate::stop::Stop;
use crate::{gateway, nginx, note, request};

const WARM_UP: Duration = Duration::from_millis(300);
/// From readiness to the reading of idle memory.
const SETTLE: Duration = Duration::from_millis(500);

/// Runs everything as `options` say.
///
/// # Errors
/// When something cannot be started, when a row does not answer, or when somebody asked to stop.
pub(crate) fn run(options: &Options, stop: &Stop) -> Result<Results> {
    // Declared first, so that it is removed last: the processes write into it until they end.
    let scratch = match &options.scratch {
        Some(dir) => TempDir::with_prefix_in("isobar-benches-", dir),
        None => TempDir::with_prefix("isobar-benches-"),
    }
    .context("cannot make a temporary directory")?;
    let context = Context::look(&options.nginx, scratch.path())?;
    let stage = Stage::set(options, &scratch, stop)?;
    let idle = stage.memory()?;
    stage.try_out()?;
    let mut measured = Vec::new();
    for round in 1..=options.rounds {
        note(&format!("round {round} of {}", options.rounds));
        for phase in options.phases() {
            stage.set_shape(phase)?;
            for row in stage.rows.iter().filter(|row| phase.concerns(row.name)) {
                measured.push(stage.measure(options, phase, row, round)?);
            }
        }
    }
    let after = stage.memory()?;
    let memory = idle
        .into_iter()
        .zip(after)
        .map(|((row, idle), (_, after))| Memory { row, idle, after })
        .collect();
    Ok(Results { options: options.clone(), context, measured, memory })
}

/// Everything that runs. Dropping it ends it, the rows before the upstream.
struct Stage {
    rows: Vec<Row>,
    upstream: Leashed,
    upstream_address: std::net::SocketAddr,
    stop: Stop,
}

impl Stage {
    fn set(options: &Options, scratch: &TempDir, stop: &Stop) -> Result<Self> {
        let address = free_address()?;
        let port = address.port().to_string();
        let own: PathBuf = std::env::current_exe()?;
        let log = scratch.path().join("upstream.log");
        let mut upstream = Leashed::start("mock upstream", &own, &["upstream", &port], &log, stop)?;
        upstream.wait_until(|| accepts(address))?;
        let mut rows = vec![Row { name: RowName::Direct, address, between: None }];
        rows.push(nginx::start(options, address, scratch.path(), stop)?);
        if options.without_gateway {
            note("the gateway is left out, as asked");
        } else {
            let gateway = gateway::start(options, address, scratch.path(), stop)?;
            let address = gateway.address;
            rows.push(gateway);
            rows.push(Row { name: RowName::Buffered, address, between: None });
        }
        stop.pause(SETTLE)?;
        Ok(Self { rows, upstream, upstream_address: address, stop: stop.clone() })
    }

    fn memory(&self) -> Result<Vec<(RowName, u64)>> {
        let mut memory = Vec::new();
        for row in &self.rows {
            memory.extend(row.resident()?.map(|bytes| (row.name, bytes)));
        }
        Ok(memory)
    }

    /// One request to each row, so that a row that does not work is told at once.
    fn try_out(&self) -> Result<()> {
        for row in &self.rows {
            let answer = request::exchange(row.address, &row.request(Kind::Whole))?;
            if answer.status != 200 {
                bail!("{} answers with status {}", row.name.as_str(), answer.status);
            }
        }
        Ok(())
    }

    fn set_shape(&self, phase: Phase) -> Result<()> {
        let request = request::post(&phase.shape().target(), "none", "");
        let answer = request::exchange(self.upstream_address, &request)?;
        if answer.status != 200 {
            bail!("the mock upstream answered with status {}", answer.status);
        }
        Ok(())
    }

    fn measure(&self, options: &Options, phase: Phase, row: &Row, round: u32) -> Result<Measured> {
        let name = row.name.as_str();
        let load = phase.load(options, row);
        let mut generator = Generator::open(load, &self.stop)?;
        let what = || format!("{} through {name}", phase.name());
        generator.run(WARM_UP).with_context(what)?;
        let before = Spent::read(self, row)?;
        let start = crate::clock::now();
        let tally = generator.run(Duration::from_secs_f64(options.seconds)).with_context(what)?;
        let seconds = start.elapsed().as_secs_f64();
        let spent = Spent::read(self, row)?.since(&before);
        generator.drain().with_context(what)?;
        if tally.answers + tally.events == 0 {
            bail!("nothing was answered: {}", what());
        }
        Ok(spent.measured(&tally, Measured::blank(row.name, phase, round, seconds)))
    }
}

/// CPU time spent, by whom.
struct Spent {
    between: CpuUs,
    generator: CpuUs,
    upstream: CpuUs,
    /// By all that the harness started, and by itself.
    ours: CpuUs,
    machine: Machine,
}

impl Spent {
    fn read(stage: &Stage, row: &Row) -> Result<Self> {
        let generator = procfs::cpu(&[std::process::id()])?;
        let upstream = procfs::cpu(&stage.upstream.processes()?)?;
        let mut ours = generator + upstream;
        for row in &stage.rows {
            ours += procfs::cpu(&row.processes()?)?;
        }
        Ok(Self {
            between: procfs::cpu(&row.processes()?)?,
            generator,
            upstream,
            ours,
            machine: Machine::read()?,
        })
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            between: self.between.saturating_sub(before.between),
            generator: self.generator.saturating_sub(before.generator),
            upstream: self.upstream.saturating_sub(before.upstream),
            ours: self.ours.saturating_sub(before.ours),
            machine: self.machine.since(before.machine),
        }
    }

    fn measured(&self, tally: &Tally, blank: Measured) -> Measured {
        Measured {
            answers: tally.answers,
            events: tally.events,
            failed: tally.failed,
            fault: tally.fault.clone(),
            cpu_us: self.between,
            generator_us: self.generator,
            upstream_us: self.upstream,
            others: self.machine.others(self.ours),
            whole_us: [tally.whole_us(0.5), tally.whole_us(0.99)],
            first_us: [tally.first_us(0.5), tally.first_us(0.99)],
            ..blank
        }
    }
}
