//! The isobar binary: command line, process configuration and wiring. No logic of its own: what
//! decides is in the core crates, what performs is in the shells.

mod admin;
mod audit_command;
mod bundle_command;
mod cli;
mod config;
mod evidence;
mod explain;
mod fault;
mod fetch;
mod key;
mod log;
mod prices_command;
mod print;
mod secrets;
mod serve;
mod simulator_command;
mod up;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use cli::{BundleCommand, Cli, Command, KeyCommand, PolicyCommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a command says about its subject, as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything is well: 0.
    Good,
    /// The command worked, and what it looked at is not well: 1.
    Bad,
}

fn main() -> ExitCode {
    // One TLS provider for the whole process, before anything opens a connection.
    let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(Cli::parse()) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        Err(error) => {
            print::error(format_args!("error: {}", sentence(&error)));
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Verdict> {
    let output = cli.output;
    match cli.command {
        Command::Up(args) => up::run(&args).map(|()| Verdict::Good),
        Command::Serve(args) => serve::run(&args).map(|()| Verdict::Good),
        Command::Bundle(BundleCommand::Check { dir, strict }) => {
            bundle_command::check(&dir, strict, output)
        }
        Command::Policy(PolicyCommand::Explain(args)) => explain::run(&args, output),
        Command::Prices(command) => prices_command::run(command, output),
        Command::Audit(command) => audit_command::run(command, output),
        Command::Fault(command) => fault::run(command, output).map(|()| Verdict::Good),
        Command::Key(KeyCommand::New { id, env }) => {
            key::new(&id, &env, output).map(|()| Verdict::Good)
        }
        Command::Simulator(args) => simulator_command::run(&args).map(|()| Verdict::Good),
        Command::Completions { shell } => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "isobar", &mut out);
            print::line(format_args!("{}", String::from_utf8_lossy(&out).trim_end()));
            Ok(Verdict::Good)
        }
    }
}

/// The whole chain of causes on one line, without a cause that its parent already quotes.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let part = cause.to_string();
        if !text.contains(&part) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&part);
        }
    }
    text
}

/// A variable of the environment that is set and not empty. The only place that reads one, besides
/// the command line's own options.
#[expect(clippy::disallowed_methods, reason = "the binary may read the environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
