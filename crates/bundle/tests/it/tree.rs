//! A small sound bundle to make mistakes in.

use std::{fs, path::Path};

use bundle::{Bundle, Report, Severity};
use tempfile::TempDir;
use vocab::Timestamp;

/// The day on which these tests take place.
pub(crate) const TODAY: &str = "2026-11-20";

const FILES: [(&str, &str); 9] = [
    (
        "bundle.yaml",
        "name: small\ndeployment: small\ngeneration: 3\nissued: 2026-01-01\nexpires: 2027-06-01\n",
    ),
    (
        "regions.yaml",
        "jurisdictions: [EU, US]\nregions:\n  - id: eu-west\n    jurisdiction: EU\n    entry: http://127.0.1.1:8080\n  - id: eu-central\n    jurisdiction: EU\n    entry: http://127.0.2.1:8080\n",
    ),
    (
        "endpoints.yaml",
        "- id: one\n  vendor: openai\n  provider: openai-compatible\n  region: eu-west\n  base_url: http://127.0.0.1:8000/v1\n- id: two\n  vendor: openai\n  provider: openai-compatible\n  region: eu-central\n  base_url: http://127.0.0.1:8001/v1\n  credential: {file: secrets/two}\n",
    ),
    ("models.yaml", "- id: chat\n  description: Chat.\n"),
    (
        "routes.yaml",
        "- id: r-one\n  model: chat\n  endpoint: one\n  upstream_model: m\n- id: r-two\n  model: chat\n  endpoint: two\n  upstream_model: m\n",
    ),
    (
        "certificates.yaml",
        "- id: c-one\n  routes: [r-one, r-two]\n  state: active\n  owner: Ann\n  reviewer: Bob\n  evidence: [paper]\n  issued: 2026-01-01\n  expires: 2027-06-01\n  data_classes: [internal]\n  processing_regions: [eu-west, eu-central]\n  storage_regions: []\n  hosting: shared\n  retention_days: {content: 0, metadata: 30, cached: 0, tool_outputs: 0, moderation_events: 30}\n  request_logging: false\n  response_logging: false\n  training: false\n  customer_managed_keys: false\n  moderation: {level: standard, parity: suite}\n  tools: {functions: true, hosted: [], plugins: false, retrieval: false}\n  incident_visibility: notified\n",
    ),
    (
        "workloads.yaml",
        "- id: desk\n  data_classes: [internal]\n  residency:\n    - origin: EU\n      processing: [EU]\n      storage: [EU]\n  cross_border: reject\n  retention_days_max: 30\n  request_logging_allowed: false\n  response_logging_allowed: false\n  training_allowed: false\n  customer_managed_keys_required: false\n  hosting_min: shared\n  moderation_min: {level: standard}\n  tools_allowed: {functions: true, hosted: [], plugins: false, retrieval: false}\n  incident_visibility_min: notified\n  evidence: local\n",
    ),
    ("transfers.yaml", "[]\n"),
    (
        "tenants.yaml",
        "- id: acme\n  keys:\n    - id: k1\n      secret_sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n      workloads: [desk]\n      origin: EU\n",
    ),
];

/// A directory with a bundle.
pub(crate) struct Tree(pub(crate) TempDir);

impl Tree {
    /// A bundle without a mistake.
    pub(crate) fn sound() -> Self {
        let dir = TempDir::new().unwrap();
        for (name, text) in FILES {
            fs::write(dir.path().join(name), text).unwrap();
        }
        Self(dir)
    }

    /// The same with `from` replaced by `to` in one file; `from` must be there.
    pub(crate) fn with(self, name: &str, from: &str, to: &str) -> Self {
        let path = self.0.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} has no `{from}`");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
        self
    }

    /// The same with more text at the end of one file.
    pub(crate) fn and(self, name: &str, more: &str) -> Self {
        let path = self.0.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text + more).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn load(&self) -> Result<Bundle, Report> {
        bundle::load(self.path(), today())
    }

    /// Every problem as `severity file:line:column message (remedy)`, with the bare file name.
    pub(crate) fn problems(&self) -> Vec<String> {
        let report = match self.load() {
            Ok(bundle) => bundle.report,
            Err(report) => report,
        };
        plain(&report, self.path())
    }
}

pub(crate) fn today() -> Timestamp {
    TODAY.parse().unwrap()
}

pub(crate) fn plain(report: &Report, dir: &Path) -> Vec<String> {
    let dir = format!("{}/", dir.display());
    let line = |p: &bundle::Problem| {
        let mark = if p.severity == Severity::Error { "E" } else { "W" };
        let file = p.file.replace(&dir, "");
        format!("{mark} {file}:{}:{} {} ({})", p.line, p.column, p.message, p.remedy)
    };
    report.problems().iter().map(line).collect()
}
