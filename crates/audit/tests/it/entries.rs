//! Entries and journals to test with.

use std::{fs, path::Path};

use audit::{Journal, Options};
use journal::{
    Admission, Attempt, Ending, Entry, NeedsRecord, Outcome, PassedOver, RefusalEntry, Rejected,
};
use tempfile::TempDir;
use transport::Env;
use vocab::{
    EvidenceLevel, FailureKind, MicroUsd, OutcomeClass, RefusalCode, RequestId, Timestamp, Usage,
};

pub(crate) const SEGMENT: u32 = 64 << 10;

pub(crate) fn at(n: u64) -> Timestamp {
    Timestamp::from_unix_micros(1_800_000_000_000_000 + i64::try_from(n).unwrap() * 1_000)
}

pub(crate) fn request(n: u64) -> RequestId {
    RequestId::new(at(n), u128::from(n))
}

pub(crate) fn admission(n: u64) -> Entry {
    Entry::Admission(Admission {
        request: request(n),
        at: at(n),
        gateway: "gw-1".into(),
        region: "eu-west".parse().unwrap(),
        tenant: "acme".parse().unwrap(),
        credential: "key-7".parse().unwrap(),
        credential_version: Some(2),
        workload: "support".parse().unwrap(),
        model: "chat-large".parse().unwrap(),
        origin: "EU".parse().unwrap(),
        dialect: "openai-chat".into(),
        stream: true,
        generation: 4,
        bundle_digest: "ab12".into(),
        evidence: EvidenceLevel::Local,
        needs: NeedsRecord { function_tools: true, hosted_tools: vec!["web_search".into()] },
        planned: vec!["openai-eu-west".parse().unwrap()],
        passed_over: vec![PassedOver {
            route: "mistral-eu".parse().unwrap(),
            reason: "breaker_open".into(),
        }],
        rejected: vec![Rejected { route: "openai-us".parse().unwrap(), control: "region".into() }],
    })
}

pub(crate) fn outcome(n: u64) -> Entry {
    Entry::Outcome(Outcome {
        request: request(n),
        at: at(n + 1),
        gateway: "gw-1".into(),
        region: "eu-west".parse().unwrap(),
        result: Ending::Served,
        status: Some(200),
        code: None,
        route: Some("openai-eu-west".parse().unwrap()),
        endpoint: Some("openai-eu".parse().unwrap()),
        served_region: Some("eu-west".parse().unwrap()),
        tier: Some("same_region".into()),
        upstream_model: Some("gpt-x".into()),
        certificate: Some("cert-1".parse().unwrap()),
        mechanism: None,
        attempts: vec![Attempt {
            route: "openai-eu-west".parse().unwrap(),
            class: OutcomeClass::Throttled,
            kind: Some(FailureKind::RateLimited),
            status: Some(429),
            provider_request_id: Some("up-\"1\"".into()),
            elapsed_ms: 12,
        }],
        usage: Usage { input: Some(10), output: Some(3), ..Usage::default() },
        cost_micro_usd: Some(MicroUsd(42)),
        finish: Some("stop".into()),
        dropped: vec!["seed".into()],
        bytes: 512,
        elapsed_ms: 40,
        first_token_ms: Some(20),
    })
}

pub(crate) fn refusal(n: u64) -> Entry {
    Entry::Refusal(RefusalEntry {
        request: request(n),
        at: at(n),
        gateway: "gw-1".into(),
        region: "eu-west".parse().unwrap(),
        code: RefusalCode::NoEligibleRoute,
        generation: 4,
        bundle_digest: "ab12".into(),
        tenant: Some("acme".parse().unwrap()),
        credential: None,
        workload: None,
        model: None,
        origin: None,
        dialect: Some("anthropic-messages".into()),
        needs: None,
        passed_over: Vec::new(),
        rejected: Vec::new(),
    })
}

/// A directory in memory where there is one: what these tests crash and tamper with is bytes, and
/// thousands of syncs would only wear the disk.
pub(crate) fn scratch() -> TempDir {
    TempDir::new_in("/dev/shm").unwrap_or_else(|_| TempDir::new().unwrap())
}

pub(crate) fn options() -> Options {
    let mut options = Options::new("demo", "eu-west".parse().unwrap(), "gw-1", "0.1.0");
    options.segment_size = SEGMENT;
    options.free_min = 0;
    options
}

pub(crate) fn open(dir: &Path) -> (Journal, audit::Recovery) {
    open_with(dir, 1)
}

/// Opens a journal whose key, if it is made now, comes from this seed.
pub(crate) fn open_with(dir: &Path, seed: u64) -> (Journal, audit::Recovery) {
    Journal::open(dir, options(), Env::scripted(at(0), seed)).unwrap()
}

/// Appends entries and waits until they are on disk.
pub(crate) async fn write(journal: &Journal, entries: impl IntoIterator<Item = Entry>) {
    let mut last = None;
    for entry in entries {
        last = Some(journal.append(entry).unwrap());
    }
    journal.durable(last.unwrap()).await.unwrap();
}

/// Waits until a checkpoint covers every entry, which a journal at rest sees to.
pub(crate) async fn at_rest(journal: &Journal) {
    let sealed = async {
        while journal.health().sealed < journal.health().appended {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), sealed).await.unwrap();
}

/// A copy of a directory as it is now: what a crash would leave.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        fs::copy(item.path(), to.join(item.file_name())).unwrap();
    }
}

/// The leaves of a journal, in order.
pub(crate) fn leaves(dir: &Path) -> Vec<String> {
    let (answer, _) = audit::tail(dir, usize::MAX).unwrap();
    let mut entries = answer.entries;
    entries.sort_by_key(|located| located.index);
    entries.into_iter().map(|located| located.leaf).collect()
}

/// The one report on a journal.
pub(crate) fn verified(dir: &Path) -> journal::LogReport {
    audit::verify(dir, None).unwrap().remove(0).report
}
