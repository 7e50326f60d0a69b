//! Processes that the harness starts, each on a leash: it ends when its guard is dropped, and the
//! kernel ends it should the harness be killed.
//!
//! The second half needs a step between `fork` and `exec` in the child. Instead of unsafe code,
//! the harness starts itself as `benches leashed PROGRAM ARGS…`, which asks the kernel for the
//! signal and then becomes the program.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

use crate::clock;
use crate::procfs;
use crate::stop::Stop;

const READY_MAX: Duration = Duration::from_secs(20);
const END_MAX: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running child process.
pub(crate) struct Leashed {
    name: &'static str,
    child: Child,
    stop: Stop,
}

impl Leashed {
    /// Starts `program`; what it writes goes to `log`.
    pub(crate) fn start(
        name: &'static str,
        program: &Path,
        args: &[&str],
        log: &Path,
        stop: &Stop,
    ) -> Result<Self> {
        stop.check()?;
        let log = std::fs::File::create(log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("leashed").arg(program).args(args);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start `{name}`"))?;
        Ok(Self { name, child, stop: stop.clone() })
    }

    /// Waits until `ready` says so.
    ///
    /// # Errors
    /// When the process ends first, when it takes longer than 20 s, or on a signal.
    pub(crate) fn wait_until(&mut self, mut ready: impl FnMut() -> bool) -> Result<()> {
        let limit = clock::now() + READY_MAX;
        while !ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!("`{}` ended before it was ready: {status}", self.name);
            }
            if clock::now() > limit {
                bail!("`{}` was not ready within {} s", self.name, READY_MAX.as_secs());
            }
            self.stop.pause(LOOK_EVERY)?;
        }
        Ok(())
    }

    /// This process and its descendants.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        procfs::tree(self.child.id())
    }

    fn end(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let limit = clock::now() + END_MAX;
        while self.child.try_wait()?.is_none() {
            if clock::now() > limit {
                self.child.kill()?;
                self.child.wait()?;
                bail!("`{}` did not end within {} s and was killed", self.name, END_MAX.as_secs());
            }
            // A stop of its own: the one from outside may be raised already, and then waits for
            // nothing.
            Stop::default().pause(LOOK_EVERY)?;
        }
        Ok(())
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            crate::note(&format!("{error:#}"));
        }
    }
}

/// Becomes `program`, having asked the kernel to end it when its parent ends.
///
/// # Errors
/// Only if it could not become the program.
pub(crate) fn become_leashed(program: &Path, args: &[String]) -> Result<()> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    let error = Command::new(program).args(args).exec();
    Err(error).with_context(|| format!("cannot run `{}`", program.display()))
}

/// An address of the loopback interface that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Whether something accepts connections at `address`.
pub(crate) fn accepts(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}
