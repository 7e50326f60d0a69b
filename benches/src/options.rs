//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::phase::Phase;

/// Measures the gateway beside nginx and beside no proxy, over loopback, and prints one table.
#[derive(Debug, Parser)]
#[command(name = "benches", version, args_conflicts_with_subcommands = true)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub part: Option<Part>,
}

/// What is measured and for how long.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Seconds that each figure is measured in each round, after 0.3 s of warming up
    #[arg(long, default_value_t = 2.5, value_parser = seconds)]
    pub seconds: f64,
    /// Rounds; medians over them are reported, with the smallest and the largest
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Requests per second at which latency is measured
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    pub rate: u32,
    /// Connections of the load generator
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub connections: u16,
    /// Measure under this kind of load only; may be repeated
    #[arg(long, value_name = "LOAD", value_enum)]
    pub only: Vec<Phase>,
    /// Print everything that was measured as JSON instead of the table
    #[arg(long)]
    pub json: bool,
    /// The gateway's binary [default: `isobar` beside this program]
    #[arg(long, value_name = "PATH")]
    pub gateway: Option<PathBuf>,
    /// Measure no proxy and nginx only
    #[arg(long, conflicts_with = "gateway")]
    pub without_gateway: bool,
    /// The plain proxy's binary
    #[arg(long, value_name = "PATH", default_value = "nginx")]
    pub nginx: PathBuf,
    /// Where the temporary directory with the gateway's journal is made; a real disk, because
    /// the journal is synced to it [default: the system's]
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
}

impl Options {
    /// The kinds of load to measure under, in order.
    pub(crate) fn phases(&self) -> impl Iterator<Item = Phase> {
        Phase::ALL.into_iter().filter(|phase| self.only.is_empty() || self.only.contains(phase))
    }
}

/// What the harness starts itself as.
#[derive(Debug, Subcommand)]
pub(crate) enum Part {
    /// The mock upstream
    #[command(hide = true)]
    Upstream {
        /// Port on the loopback interface
        port: u16,
    },
    /// A program that ends when its parent does
    #[command(hide = true)]
    Leashed {
        /// The program
        program: PathBuf,
        /// Its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.2..=600.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("expected 0.2 to 600".to_owned())
    }
}
