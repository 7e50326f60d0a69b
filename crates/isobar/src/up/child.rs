//! One supervised process.

use std::{
    fmt,
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use tokio::process::{Child as Process, Command};

/// How long a process must have lived for its next death to count as the first.
const STEADY_AFTER: u32 = 5;

/// What to run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Shown to people, e.g. `gateway eu-west`.
    pub(crate) name: String,
    /// Arguments to this same program.
    pub(crate) args: Vec<String>,
    /// Where its output goes.
    pub(crate) log_file: PathBuf,
    /// Answers 200 once the process is ready.
    pub(crate) ready_uri: String,
}

/// A running child.
pub(crate) struct Child {
    plan: Plan,
    process: Process,
    deaths: u32,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// By itself.
    Ended(ExitStatus),
    /// It had to be killed, or how it ended is not known.
    Killed,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(status) => write!(f, "{status}"),
            Self::Killed => f.write_str("killed"),
        }
    }
}

impl Child {
    /// Starts a process.
    pub(crate) fn start(plan: Plan) -> anyhow::Result<Self> {
        let process = spawn(&plan)?;
        Ok(Self { plan, process, deaths: 0 })
    }

    /// Starts it again.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        self.process = spawn(&self.plan)?;
        Ok(())
    }

    pub(crate) fn name(&self) -> &str {
        &self.plan.name
    }

    pub(crate) fn log_file(&self) -> &Path {
        &self.plan.log_file
    }

    pub(crate) fn ready_uri(&self) -> &str {
        &self.plan.ready_uri
    }

    /// How it ended, if it has.
    pub(crate) fn exited(&mut self) -> Option<Exit> {
        match self.process.try_wait() {
            Ok(status) => status.map(Exit::Ended),
            Err(_) => Some(Exit::Killed),
        }
    }

    /// Time to wait before the next start: 100 ms, doubled with each death, 5 s at most.
    pub(crate) fn backoff(&mut self) -> Duration {
        let wait = Duration::from_millis(100 << self.deaths.min(STEADY_AFTER + 1));
        self.deaths = self.deaths.saturating_add(1);
        wait.min(Duration::from_secs(5))
    }

    /// Sends SIGTERM.
    pub(crate) fn ask_to_leave(&mut self) {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = id.and_then(rustix::process::Pid::from_raw) {
            // It may be gone already, which is what was wanted.
            let _sent = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }

    /// Waits for the end; kills after `limit`.
    pub(crate) async fn wait(&mut self, limit: Duration) -> Exit {
        match tokio::time::timeout(limit, self.process.wait()).await {
            Ok(Ok(status)) => Exit::Ended(status),
            Ok(Err(_)) => Exit::Killed,
            Err(_elapsed) => {
                self.kill().await;
                Exit::Killed
            }
        }
    }

    /// Kills it now.
    pub(crate) async fn kill(&mut self) {
        if let Err(error) = self.process.kill().await {
            tracing::debug!(%error, "the process had ended");
        }
    }

    /// The last lines it wrote.
    pub(crate) fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.plan.log_file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(12).collect();
        lines.into_iter().rev().map(|line| format!("  {line}\n")).collect()
    }
}

fn spawn(plan: &Plan) -> anyhow::Result<Process> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let log = open_log(&plan.log_file)?;
    let log_too = log.try_clone().context("cannot share the log file")?;
    Command::new(program)
        .args(&plan.args)
        // Held open for as long as this process lives: its end tells the child to leave.
        .stdin(Stdio::piped())
        .stdout(log)
        .stderr(log_too)
        // Ctrl-C reaches only this process, which then asks each child to leave.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", plan.name))
}

fn open_log(file: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .with_context(|| format!("cannot write the log `{}`", file.display()))
}
