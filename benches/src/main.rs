//! Side-by-side measurements of the gateway, a plain proxy and no proxy.
//!
//! The harness starts a mock upstream, nginx and the gateway as processes of their own, sends
//! the same load to each in turns, and reads from the kernel what it cost them. `README.md` says
//! what the figures mean. Everything it starts it stops, however it ends.

mod campaign;
mod children;
mod clock;
mod context;
mod figures;
mod gateway;
mod http1;
mod load;
mod nginx;
mod options;
mod phase;
mod procfs;
mod report;
mod request;
mod results;
mod row;
mod stop;
mod table;
mod upstream;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use self::options::{CommandLine, Options, Part};
use self::stop::Stop;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let done = match line.part {
        Some(Part::Upstream { port }) => upstream::serve(port).map(|()| ExitCode::SUCCESS),
        Some(Part::Leashed { program, args }) => {
            children::become_leashed(&program, &args).map(|()| ExitCode::SUCCESS)
        }
        None => measure(&line.options),
    };
    done.unwrap_or_else(|error| {
        note(&format!("benches: {error:#}"));
        ExitCode::from(2)
    })
}

/// Exit code 0 when all was measured and no request failed, whether or not the limits were met:
/// on a busy or slow machine they may not be, and the table says so.
fn measure(options: &Options) -> Result<ExitCode> {
    let stop = Stop::on_signals()?;
    let results = campaign::run(options, &stop)?;
    let text = if options.json { report::json(&results)? } else { table::render(&results) };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if results.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// A line for the person who waits; the table goes to standard output, this does not.
fn note(text: &str) {
    // Nobody to tell if standard error is gone.
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}
