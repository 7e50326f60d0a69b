//! `isobar serve`: one gateway process. Wiring only.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use audit::Journal;
use dataplane::{Gateway, Metrics, Parts, Preparing, Renewer, Serving, Worker};
use prometheus_client::registry::Registry;
use tokio::signal::unix::{SignalKind, signal};
use transport::{Client, ClientOptions, Drain, Draining, Env};

use crate::{
    admin::Admin,
    cli::ServeArgs,
    config::ServeConfig,
    evidence::{self, JournalEvidence},
    log, print,
    secrets::ProcessSecrets,
};

const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Runs a gateway until Ctrl-C, SIGTERM, or its parent's end.
///
/// # Errors
/// When it cannot start; the message says what to do.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let config = ServeConfig::load(&args.config)?;
    log::start(config.log);
    let workers = config.workers.unwrap_or_else(cores).max(1);
    // Addresses first: a second start of the same gateway must not touch the journal.
    let listeners = transport::bind(config.listen, workers)?;
    let admin_listener = transport::bind(config.admin_listen, 1)?;
    let env = Env::real();
    let bundle = load_bundle(&config.bundle, &env)?;
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let preparing = Preparing { metrics: &metrics, env: &env };
    let serving = Serving::prepare(bundle, &config.region, &preparing, None)?;
    let journal = open_journal(&config, &serving, &env)?;
    let (drain, draining) = Drain::new();
    let gateway = Gateway::start(Parts {
        name: Arc::from(name(&config)),
        region: config.region.clone(),
        env: env.clone(),
        evidence: Arc::new(JournalEvidence(journal.clone())),
        metrics: metrics.clone(),
        limits: config.limits(),
        draining: draining.clone(),
        serving,
    })?;
    let admin = Admin::new(Arc::clone(&gateway), journal.clone(), registry);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = Client::new(ClientOptions::default())?;
    let renewer = Renewer::new(Arc::clone(&gateway), Arc::new(ProcessSecrets), client);
    // Bounded; an endpoint that gets none is out, and the others serve.
    runtime.block_on(renewer.look(&gateway.serving()));
    let threads = start_workers(listeners, &config, &gateway, &draining)?;
    runtime.block_on(async {
        // The admin listener outlives the drain: `/ready` says no, and why, until the end.
        let (_admin_drain, admin_draining) = Drain::new();
        for listener in admin_listener {
            tokio::spawn(admin.clone().serve(listener, admin_draining.clone()));
        }
        let renewer = Arc::new(renewer);
        let watch = Watch {
            dir: config.bundle.clone(),
            gateway,
            metrics,
            env,
            renewer: Arc::clone(&renewer),
        };
        let watching = tokio::spawn(watch.run());
        let renewing = tokio::spawn(async move { renewer.run().await });
        tracing::info!(region = %config.region, listen = %config.listen, admin = %config.admin_listen, "ready");
        print::line(format_args!("gateway {} ready on http://{}", name(&config), config.listen));
        asked_to_leave(args.exit_with_parent).await;
        tracing::info!("draining");
        drain.start();
        watching.abort();
        if tokio::task::spawn_blocking(move || join(threads)).await.is_err() {
            tracing::error!("the workers could not be waited for");
        }
        // Requests under way may take longer than a token lasts.
        renewing.abort();
    });
    runtime.block_on(journal.close()).context("the journal could not be closed in order")?;
    tracing::info!("left service");
    Ok(())
}

/// Resolves on Ctrl-C, SIGTERM, or when the parent is gone.
pub(crate) async fn asked_to_leave(exit_with_parent: bool) {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::error!("signals cannot be received; leaving");
        return;
    };
    let parent_gone = async {
        if exit_with_parent {
            closed_stdin().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = parent_gone => {}
    }
}

/// Resolves when standard input, a pipe that the parent holds and never writes to, is closed.
async fn closed_stdin() {
    let stdin = std::os::fd::AsFd::as_fd(&std::io::stdin()).try_clone_to_owned();
    let pipe = stdin.and_then(tokio::net::unix::pipe::Receiver::from_owned_fd);
    match pipe {
        Ok(mut pipe) => {
            let mut nothing = [0; 64];
            while tokio::io::AsyncReadExt::read(&mut pipe, &mut nothing)
                .await
                .is_ok_and(|read| read > 0)
            {}
        }
        Err(error) => {
            tracing::warn!(%error, "standard input is no pipe, so the parent's end will not be noticed");
            std::future::pending::<()>().await;
        }
    }
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    for worker in threads {
        if worker.join().is_err() {
            tracing::error!("a worker ended abnormally");
        }
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn name(config: &ServeConfig) -> &str {
    config.name.as_ref().unwrap_or(&config.region).as_str()
}

fn load_bundle(dir: &Path, env: &Env) -> anyhow::Result<bundle::Bundle> {
    bundle::load(dir, env.now()).map_err(|report| {
        anyhow::anyhow!("the bundle `{}` cannot be used\n{}", dir.display(), report)
    })
}

fn open_journal(config: &ServeConfig, serving: &Serving, env: &Env) -> anyhow::Result<Journal> {
    let dir = config.data_dir.join("journal").join(name(config));
    let deployment = serving.bundle.deployment.as_str();
    let version = env!("CARGO_PKG_VERSION");
    let mut options = audit::Options::new(deployment, config.region.clone(), name(config), version);
    options.queue_max = evidence::QUEUE_MAX;
    options.linger_max = config.journal.linger_max.unwrap_or(options.linger_max);
    options.segment_size = config.journal.segment_size.unwrap_or(options.segment_size);
    options.free_min = config.journal.free_min.unwrap_or(options.free_min);
    let (journal, recovery) = Journal::open(&dir, options, env.clone())
        .with_context(|| format!("cannot open the journal `{}`", dir.display()))?;
    tracing::info!(
        entries = recovery.entries,
        orphans = recovery.orphans.len(),
        torn_bytes = recovery.torn_bytes,
        "journal open"
    );
    Ok(journal)
}

fn start_workers(
    listeners: Vec<TcpListener>,
    config: &ServeConfig,
    gateway: &Arc<Gateway>,
    draining: &Draining,
) -> anyhow::Result<Vec<thread::JoinHandle<()>>> {
    let mut threads = Vec::with_capacity(listeners.len());
    for (number, listener) in listeners.into_iter().enumerate() {
        let worker = Worker::new(Arc::clone(gateway), Client::new(ClientOptions::default())?);
        let (options, draining) = (config.listen_options(), draining.clone());
        let drain_time_max = config.drain_time_max;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let run = move || {
            let service = move |request| {
                let worker = worker.clone();
                async move { worker.handle(request).await }
            };
            let served = transport::serve(listener, options, draining, drain_time_max, service);
            if let Err(error) = runtime.block_on(served) {
                tracing::error!(%error, "a worker cannot serve");
            }
        };
        let thread = thread::Builder::new().name(format!("worker-{number}")).spawn(run);
        threads.push(thread.context("cannot start a worker thread")?);
    }
    Ok(threads)
}

/// Watches the bundle directory and puts newer generations in force without a restart (G6).
struct Watch {
    dir: PathBuf,
    gateway: Arc<Gateway>,
    metrics: Metrics,
    env: Env,
    renewer: Arc<Renewer>,
}

/// Size and time of each file: changes when a file does.
type Fingerprint = Vec<(PathBuf, u64, Option<SystemTime>)>;

impl Watch {
    async fn run(self) {
        let mut loaded = self.fingerprint();
        let mut before = loaded.clone();
        loop {
            tokio::time::sleep(WATCH_EVERY).await;
            let now = self.fingerprint();
            // Somebody may be in the middle of writing: two looks alike mean that they are done.
            if now != loaded && now == before {
                loaded.clone_from(&now);
                self.reload().await;
            }
            before = now;
        }
    }

    fn fingerprint(&self) -> Fingerprint {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut files: Fingerprint = entries
            .filter_map(|entry| {
                let about = entry.metadata().ok()?;
                Some((entry.path(), about.len(), about.modified().ok()))
            })
            .collect();
        files.sort();
        files
    }

    async fn reload(&self) {
        let current = self.gateway.serving();
        let bundle = match bundle::load(&self.dir, self.env.now()) {
            Ok(bundle) => bundle,
            Err(report) => {
                self.metrics.bundle_refused();
                tracing::error!(problems = %report, "the changed bundle has mistakes; the last good one stays in force");
                return;
            }
        };
        // REG-1: generations only rise.
        if bundle.generation <= current.bundle.generation {
            if bundle.digest != current.bundle.digest {
                self.metrics.bundle_refused();
                tracing::error!(
                    generation = bundle.generation,
                    in_force = current.bundle.generation,
                    "the bundle changed without a higher generation; raise `generation` in bundle.yaml"
                );
            }
            return;
        }
        let region = self.gateway.region();
        let preparing = Preparing { metrics: &self.metrics, env: &self.env };
        match Serving::prepare(bundle, region, &preparing, Some(&current)) {
            Ok(serving) => {
                let generation = serving.bundle.generation;
                self.renewer.look(&serving).await;
                match self.gateway.replace(serving) {
                    Ok(()) => tracing::info!(generation, "a newer bundle is in force"),
                    Err(error) => {
                        tracing::error!(generation, %error, "a newer bundle is in force, but not on record");
                    }
                }
            }
            Err(error) => {
                self.metrics.bundle_refused();
                let error = anyhow::Error::new(error);
                tracing::error!(
                    error = format!("{error:#}"),
                    "the changed bundle cannot be served; the last good one stays in force"
                );
            }
        }
    }
}
