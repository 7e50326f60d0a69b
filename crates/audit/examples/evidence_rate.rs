//! Measures what evidence costs: entries per second, entries per commit, CPU time and waiting time
//! per entry, for a number of callers that each append and wait.
//!
//! `cargo run --release -p audit --example evidence_rate [DIR]`; the directory decides which disk.

#![expect(clippy::print_stdout, reason = "an example that reports to a terminal")]

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use audit::{Journal, Options};
use journal::{Admission, Entry, NeedsRecord, Rejected};
use tokio::{runtime, task::LocalSet};
use transport::Env;
use vocab::{EvidenceLevel, RequestId};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const TIME: Duration = Duration::from_secs(3);
const THREADS: usize = 2;

fn main() -> Outcome<()> {
    let dir = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    println!("callers  entries/s  entries/commit  cpu µs/entry  wait µs");
    for callers in [1, 2, 8, 64, 256] {
        measure(&dir.join(format!("evidence-rate-{}", std::process::id())), callers)?;
    }
    Ok(())
}

fn measure(dir: &Path, callers: usize) -> Outcome<()> {
    let env = Env::real();
    let options = Options::new("bench", "eu-west".parse()?, "gw-1", "0");
    let (journal, _) = Journal::open(dir, options, env.clone())?;
    let before = (journal.health(), cpu_ms()?, env.monotonic());
    let threads: Vec<_> = (0..callers.min(THREADS))
        .map(|_| {
            let (journal, env) = (journal.clone(), env.clone());
            thread::spawn(move || load(&journal, &env, callers.div_ceil(THREADS)))
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a load thread panicked")??;
    }
    let (after, cpu) = (journal.health(), cpu_ms()? - before.1);
    let elapsed_us = env.monotonic().saturating_sub(before.2).as_micros();
    let entries = after.durable - before.0.durable;
    let commits = after.commits - before.0.commits;
    println!(
        "{callers:7}  {:9}  {:14}  {:12}  {:7}",
        u128::from(entries) * 1_000_000 / elapsed_us,
        entries / commits.max(1),
        cpu * 1_000 / entries.max(1),
        elapsed_us * callers as u128 / u128::from(entries.max(1)),
    );
    runtime::Builder::new_current_thread().build()?.block_on(journal.close())?;
    fs::remove_dir_all(dir)?;
    Ok(())
}

fn load(journal: &Journal, env: &Env, callers: usize) -> Outcome<()> {
    let runtime = runtime::Builder::new_current_thread().build()?;
    let end = env.monotonic() + TIME;
    let template = admission(env)?;
    let local = LocalSet::new();
    for _ in 0..callers {
        let (journal, env, template) = (journal.clone(), env.clone(), template.clone());
        local.spawn_local(async move {
            while env.monotonic() < end {
                let mut entry = template.clone();
                entry.at = env.now();
                let Ok(ticket) = journal.append(Entry::Admission(entry)) else { return };
                if journal.durable(ticket).await.is_err() {
                    return;
                }
            }
        });
    }
    runtime.block_on(local);
    Ok(())
}

fn admission(env: &Env) -> Outcome<Admission> {
    let rejected = |route: &str| -> Outcome<_> {
        Ok(Rejected { route: route.parse()?, control: "processing_region".into() })
    };
    Ok(Admission {
        request: RequestId::new(env.now(), 1),
        at: env.now(),
        gateway: "gw-1".into(),
        region: "eu-west".parse()?,
        tenant: "acme".parse()?,
        credential: "key-7".parse()?,
        credential_version: None,
        workload: "support-assistant".parse()?,
        model: "chat-large".parse()?,
        origin: "EU".parse()?,
        dialect: "openai-chat".into(),
        stream: false,
        generation: 1,
        bundle_digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        evidence: EvidenceLevel::Local,
        needs: NeedsRecord::default(),
        planned: vec!["openai-eu-west-large".parse()?, "anthropic-eu-west-large".parse()?],
        passed_over: Vec::new(),
        rejected: vec![rejected("openai-us-east-large")?, rejected("anthropic-us-east-large")?],
    })
}

/// CPU time of this process so far, from the kernel's own account in ticks of 10 ms.
fn cpu_ms() -> Outcome<u64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(ticks * 10)
}
