//! A gateway in a test's hand.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use dataplane::{
    Body, Gateway, Limits, Metrics, Parts, Preparing, Serving, Worker,
    port::{Durable, Evidence, EvidenceError, Ticket},
};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use journal::Entry;
use prometheus_client::registry::Registry;
use simulator::{Config, EndpointSpec, FaultKind, FaultSpec, Simulator, Timing, Vendor};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use transport::{Client, ClientOptions, Drain, Env, Source};
use vocab::{RegionId, Timestamp};

/// A moment at which every certificate of the sample is in its time.
pub(crate) const NOW: i64 = 1_800_000_000_000_000;

/// What the evidence log does when somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// Everything is durable at once.
    Good,
    /// Nothing becomes durable until this changes.
    Slow,
    /// Nothing ever will.
    Broken,
}

/// An evidence log in memory.
pub(crate) struct Log {
    pub(crate) entries: Mutex<Vec<Entry>>,
    disk: watch::Sender<Disk>,
    /// From this entry on the disk is broken.
    breaks_at: Mutex<Option<usize>>,
    pub(crate) waited_for: Notify,
}

impl Log {
    pub(crate) fn set(&self, disk: Disk) {
        self.disk.send_replace(disk);
    }

    /// Lets so many more entries become durable, and none after them.
    pub(crate) fn break_after(&self, entries: usize) {
        *self.breaks_at.lock().unwrap() = Some(self.entries.lock().unwrap().len() + entries);
    }

    /// The words of every entry since the bundle was loaded, e.g. `admission`, `outcome served`.
    pub(crate) fn words(&self) -> Vec<String> {
        let word = |entry: &Entry| match entry {
            Entry::Admission(_) => "admission".to_owned(),
            Entry::Outcome(outcome) => format!("outcome {}", outcome.result.as_str()),
            Entry::Refusal(refusal) => format!("refusal {}", refusal.code.as_str()),
            Entry::GatewayStarted(_)
            | Entry::GatewayStopped(_)
            | Entry::BundleLoaded(_)
            | Entry::OrphanClosed(_) => String::new(),
        };
        let words: Vec<_> = self.entries.lock().unwrap().iter().map(word).collect();
        words.into_iter().filter(|word| !word.is_empty()).collect()
    }

    /// The last outcome.
    pub(crate) fn outcome(&self) -> journal::Outcome {
        let entries = self.entries.lock().unwrap();
        let last = entries.iter().rev().find_map(|entry| match entry {
            Entry::Outcome(outcome) => Some(outcome.clone()),
            _ => None,
        });
        last.expect("an outcome")
    }
}

struct Port(Arc<Log>);

impl Evidence for Port {
    fn append(&self, entry: Entry) -> Result<Ticket, EvidenceError> {
        let mut entries = self.0.entries.lock().unwrap();
        entries.push(entry);
        Ok(Ticket(entries.len() as u64 - 1))
    }

    fn durable(&self, ticket: Ticket) -> Durable {
        let log = Arc::clone(&self.0);
        Box::pin(async move {
            log.waited_for.notify_one();
            let breaks_at = *log.breaks_at.lock().unwrap();
            if breaks_at.is_some_and(|at| usize::try_from(ticket.0).unwrap() >= at) {
                return Err(EvidenceError("the disk is gone".to_owned()));
            }
            let mut disk = log.disk.subscribe();
            let settled = *disk.wait_for(|disk| *disk != Disk::Slow).await.unwrap();
            match settled {
                Disk::Good => Ok(()),
                Disk::Slow | Disk::Broken => Err(EvidenceError("the disk is gone".to_owned())),
            }
        })
    }

    fn ready(&self) -> Result<(), EvidenceError> {
        Ok(())
    }
}

/// A wall clock that the test sets; monotonic time is real, because time limits are.
pub(crate) struct Clock {
    micros: AtomicI64,
    real: Env,
}

impl Clock {
    pub(crate) fn set(&self, time: &str) {
        let time: Timestamp = time.parse().unwrap();
        self.micros.store(time.unix_micros(), Ordering::SeqCst);
    }
}

impl Source for Clock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.micros.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        self.real.monotonic()
    }

    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.real.random_u64().to_le_bytes()[0];
        }
    }
}

/// A gateway, its upstreams, its evidence and its clock.
pub(crate) struct Lab {
    pub(crate) log: Arc<Log>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) strict: String,
    pub(crate) lenient: String,
    pub(crate) gateway: Arc<Gateway>,
    /// The bundle's files.
    pub(crate) dir: TempDir,
    registry: Registry,
    worker: Worker,
    pub(crate) simulator: String,
    client: Client,
}

/// What is unusual about a lab.
#[derive(Default)]
pub(crate) struct Setup {
    /// Changes `routes.yaml`.
    pub(crate) routes: Option<Box<dyn Fn(String) -> String>>,
    pub(crate) faults: Vec<FaultSpec>,
    /// The key that every upstream asks for.
    pub(crate) key: Option<&'static str>,
    /// What stands under every `base_url` of `endpoints.yaml`; `@SIMULATOR@` is its address.
    pub(crate) credential: &'static str,
    /// Every upstream is this vendor's instead, and takes only credentials that were issued.
    pub(crate) vendor: Option<VendorSetup>,
}

/// A vendor in place of the sample's.
#[derive(Clone, Copy)]
pub(crate) struct VendorSetup {
    pub(crate) vendor: Vendor,
    /// Stands for `provider: …` in `endpoints.yaml`.
    pub(crate) provider: &'static str,
    /// The vendor's name of the region.
    pub(crate) location: &'static str,
}

impl Lab {
    /// The sample bundle's gateway of a region, with these faults upstream.
    pub(crate) async fn gateway(region: &str, faults: Vec<FaultSpec>) -> Self {
        Self::with(region, Setup { faults, ..Setup::default() }).await
    }

    pub(crate) async fn with(region: &str, setup: Setup) -> Self {
        let names = ["openai", "anthropic"].into_iter().flat_map(|vendor| {
            ["eu-west", "eu-central", "us-east"]
                .map(|region| (format!("{vendor}-{region}"), region))
        });
        let endpoints = names.map(|(name, region)| {
            let vendor =
                if name.starts_with("openai") { Vendor::OpenAi } else { Vendor::Anthropic };
            let vendor = setup.vendor.map_or(vendor, |other| other.vendor);
            EndpointSpec {
                key: setup.key.map(str::to_owned),
                issued_only: setup.vendor.is_some(),
                location: setup.vendor.map(|other| other.location.to_owned()),
                ..EndpointSpec::new(name, region, vendor)
            }
        });
        let tokens = EndpointSpec::new("tokens", "eu-west", Vendor::Identity);
        let config = Config {
            endpoints: endpoints.chain([tokens]).collect(),
            timing: Timing::instant(),
            ..Config::default()
        };
        let simulator = Simulator::bind("127.0.0.1:0".parse().unwrap(), config).unwrap();
        for fault in setup.faults {
            simulator.set_fault(fault).unwrap();
        }
        let address = simulator.local_addr();
        tokio::spawn(simulator.run(std::future::pending()));
        let (strict, strict_hash) = identity::mint("test", "acme-strict", [1; 32]);
        let (lenient, lenient_hash) = identity::mint("test", "acme-lenient", [2; 32]);
        let dir = tempfile::tempdir().unwrap();
        write_sample(dir.path(), |name, text| {
            let text = match (name, &setup.routes) {
                ("routes.yaml", Some(change)) => change(text),
                _ => text,
            };
            let under = |line: &str| match (line.split_once(": "), setup.vendor) {
                (Some(("  base_url", url)), Some(_)) => {
                    format!("  base_url: {}\n{}", url.trim_end_matches("/v1"), setup.credential)
                }
                (Some(("  base_url", _)), None) => format!("{line}\n{}", setup.credential),
                (Some(("  provider", _)), Some(other)) => format!("  provider: {}", other.provider),
                _ => line.to_owned(),
            };
            let lines: Vec<String> = text.lines().map(under).collect();
            lines
                .join("\n")
                .replace("127.0.0.1:8090", &address.to_string())
                .replace("@SIMULATOR@", &address.to_string())
                .replace("@STRICT_KEY_SHA256@", &strict_hash)
                .replace("@LENIENT_KEY_SHA256@", &lenient_hash)
        });
        let clock = Arc::new(Clock { micros: AtomicI64::new(NOW), real: Env::real() });
        let env = Env::of(Arc::clone(&clock) as Arc<dyn Source>);
        let bundle = bundle::load(dir.path(), env.now()).unwrap();
        let region: RegionId = region.parse().unwrap();
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let preparing = Preparing { metrics: &metrics, env: &env };
        let serving = Serving::prepare(bundle, &region, &preparing, None).unwrap();
        let log = Arc::new(Log {
            entries: Mutex::default(),
            disk: watch::Sender::new(Disk::Good),
            breaks_at: Mutex::default(),
            waited_for: Notify::new(),
        });
        let (drain, draining) = Drain::new();
        // The switch stays on for the test's life: a dropped one would mean draining.
        std::mem::forget(drain);
        let gateway = Gateway::start(Parts {
            name: "lab".into(),
            region,
            env,
            evidence: Arc::new(Port(Arc::clone(&log))),
            metrics,
            limits: Limits { body_size_max: 64 * 1024, ..Limits::default() },
            draining,
            serving,
        });
        let gateway = gateway.unwrap();
        let client = || Client::new(ClientOptions::default()).unwrap();
        let worker = Worker::new(Arc::clone(&gateway), client());
        let simulator = format!("http://{address}");
        let client = client();
        Self { log, clock, strict, lenient, gateway, dir, registry, worker, simulator, client }
    }

    /// Asks for a chat completion with a key.
    pub(crate) async fn chat(&self, key: &str, stream: bool) -> Response<Body> {
        self.send(request(key, stream)).await
    }

    pub(crate) async fn send<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin,
        B::Error: Send,
    {
        self.worker.handle(request).await
    }

    /// The value of a series, as it is scraped.
    pub(crate) fn metric(&self, series: &str) -> Option<String> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{series} ")))?;
        line.rsplit_once(' ').map(|(_, value)| value.to_owned())
    }

    /// Sets a fault from now on.
    pub(crate) async fn fault(&self, fault: &FaultSpec) {
        let body = serde_json::to_string(fault).unwrap();
        self.control(Method::POST, "/_sim/faults", body).await;
    }

    /// Ends every fault.
    pub(crate) async fn heal(&self) {
        self.control(Method::DELETE, "/_sim/faults", String::new()).await;
    }

    async fn control(&self, method: Method, path: &str, body: String) -> serde_json::Value {
        let uri = format!("{}{path}", self.simulator).parse().unwrap();
        let call =
            vocab::HttpCall { method, uri, headers: HeaderMap::new(), body: Bytes::from(body) };
        let limit = Duration::from_secs(10);
        let reply = self.client.open(call, limit, limit).await.unwrap();
        assert!(reply.head.status.is_success(), "{:?}", reply.head);
        let body = reply.whole(1 << 24, limit, limit).await.unwrap().body;
        serde_json::from_slice(&body).unwrap()
    }

    /// The endpoints that received a request, in order, from the simulator's own log.
    pub(crate) async fn reached(&self) -> Vec<String> {
        let log = self.control(Method::GET, "/_sim/requests", String::new()).await;
        let requests = log["requests"].as_array().unwrap().iter();
        requests.map(|request| request["endpoint"].as_str().unwrap().to_owned()).collect()
    }
}

/// A chat completion request.
pub(crate) fn request(key: &str, stream: bool) -> Request<Full<Bytes>> {
    let body = format!(
        r#"{{"model":"chat-large","stream":{stream},"messages":[{{"role":"user","content":"Hello"}}]}}"#
    );
    Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {key}"))
        .body(Full::new(Bytes::from(body)))
        .unwrap()
}

/// A fault on each of these endpoints.
pub(crate) fn broken(endpoints: &[&str], kind: &FaultKind) -> Vec<FaultSpec> {
    endpoints.iter().map(|endpoint| FaultSpec::new(*endpoint, kind.clone())).collect()
}

/// A plain 500.
pub(crate) fn error_500() -> FaultKind {
    error(500)
}

/// A plain error with this status.
pub(crate) fn error(code: u16) -> FaultKind {
    FaultKind::Status { code, body: None, headers: Default::default(), retry_after: None }
}

/// Reads the rest of an answer as text; an aborted one is an error.
pub(crate) async fn text(response: Response<Body>) -> Result<String, String> {
    let body = response.into_body().collect().await.map_err(|error| error.to_string())?;
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

fn write_sample(dir: &Path, change: impl Fn(&str, String) -> String) {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../isobar/sample-bundle");
    for file in std::fs::read_dir(&sample).expect("the sample bundle").flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap();
        let name = file.file_name();
        std::fs::write(dir.join(&name), change(&name.to_string_lossy(), text)).unwrap();
    }
}
