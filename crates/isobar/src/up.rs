//! `isobar up`: a complete installation on one machine, supervised.
//!
//! Three gateways and the provider simulator run as processes of their own, so that killing one is the
//! real thing. Each child leaves when its standard input closes, so none outlives this process, however
//! it ends.

mod child;
mod layout;
mod real;
mod welcome;

use std::{path::Path, time::Duration};

use anyhow::{Context as _, bail};
use child::{Child, Exit};
use layout::Layout;
use tokio::signal::unix::{SignalKind, signal};
use transport::{Client, Env};

use crate::{cli::UpArgs, fetch, print};

const READY_TIME_MAX: Duration = Duration::from_secs(60);
const LEAVE_TIME_MAX: Duration = Duration::from_secs(15);
const POLL_EVERY: Duration = Duration::from_millis(50);

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// When the installation cannot be laid out or started; everything started is stopped again.
pub(crate) fn run(args: &UpArgs) -> anyhow::Result<()> {
    layout::check_ports(args.port)?;
    let layout = Layout::prepare(args, &Env::real())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(supervise(&layout, args))
}

async fn supervise(layout: &Layout, args: &UpArgs) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut children = Vec::new();
    for plan in layout.children()? {
        children.push(Child::start(plan)?);
    }
    print::line(format_args!("starting {} processes …", children.len()));
    let client = Client::new(transport::ClientOptions::default())?;
    let ready = tokio::select! {
        ready = until_ready(&mut children, &client) => ready,
        _ = interrupt.recv() => Err(anyhow::anyhow!("stopped before everything was ready")),
        _ = terminate.recv() => Err(anyhow::anyhow!("stopped before everything was ready")),
    };
    if let Err(error) = ready {
        leave(&mut children).await;
        return Err(error);
    }
    if let Some(file) = &args.ready_file {
        layout.write_ready_file(file)?;
    }
    welcome::print(layout);
    let ended = tokio::select! {
        never = keep_alive(&mut children) => never,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    print::line(format_args!(
        "\nstopping: requests in flight may finish (Ctrl-C again cuts them) …"
    ));
    tokio::select! {
        () = leave(&mut children) => {}
        _ = interrupt.recv() => for child in &mut children { child.kill().await },
    }
    if let Some(file) = &args.ready_file {
        remove_quietly(file);
    }
    print::line(format_args!("stopped. The evidence is in {}", layout.data_dir().display()));
    ended
}

async fn until_ready(children: &mut [Child], client: &Client) -> anyhow::Result<()> {
    let all = async {
        for child in children.iter_mut() {
            loop {
                if let Some(exit) = child.exited() {
                    bail!(
                        "{} ended before it was ready ({exit}):\n{}",
                        child.name(),
                        child.log_tail()
                    );
                }
                if fetch::is_ready(client, child.ready_uri()).await {
                    break;
                }
                tokio::time::sleep(POLL_EVERY).await;
            }
        }
        Ok(())
    };
    match tokio::time::timeout(READY_TIME_MAX, all).await {
        Ok(ready) => ready,
        Err(_elapsed) => bail!("not ready within {} s; see the logs", READY_TIME_MAX.as_secs()),
    }
}

/// Watches the children and starts again what dies. Never returns while that works.
async fn keep_alive(children: &mut [Child]) -> anyhow::Result<()> {
    loop {
        for child in children.iter_mut() {
            let Some(exit) = child.exited() else { continue };
            let wait = child.backoff();
            print::line(format_args!(
                "{} ended ({exit}); starting it again in {} ms. Its log: {}",
                child.name(),
                wait.as_millis(),
                child.log_file().display()
            ));
            tokio::time::sleep(wait).await;
            child.restart().with_context(|| format!("cannot start {} again", child.name()))?;
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
}

/// Gateways first: what they have in flight needs the simulator, which started before them.
async fn leave(children: &mut [Child]) {
    let (simulator, gateways) = children.split_at_mut(children.len().min(1));
    for group in [gateways, simulator] {
        for child in group.iter_mut() {
            child.ask_to_leave();
        }
        for child in group.iter_mut() {
            if child.wait(LEAVE_TIME_MAX).await == Exit::Killed {
                print::line(format_args!("{} did not leave in time and was killed", child.name()));
            }
        }
    }
}

fn remove_quietly(file: &Path) {
    // Somebody may have removed it already; a stale ready file is the only harm.
    let _gone = std::fs::remove_file(file);
}
