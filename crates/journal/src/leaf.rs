//! An entry's leaf: canonical JSON of at most [`LEAF_MAX`] bytes.
//!
//! The leaf is what is hashed, so one entry has exactly one leaf (RFC 8785). An entry that would
//! be too long keeps the beginning of each list and says in `truncated` how many items of which
//! list were left out; it is never dropped.

use serde::Deserialize;

use crate::{
    canon::{self, Object},
    entry::{
        Admission, Attempt, BundleLoaded, Entry, GatewayStarted, GatewayStopped, NeedsRecord,
        OrphanClosed, Outcome, PassedOver, RefusalEntry, Rejected,
    },
};

/// The longest leaf, in bytes.
pub const LEAF_MAX: usize = 16 * 1024;

/// The version of the leaf's shape, in its member `v`.
const VERSION: u64 = 1;

/// How many items of each list are kept, tried in turn until the leaf fits.
const KEEP: [usize; 6] = [usize::MAX, 64, 16, 8, 2, 0];

/// Why bytes are not a leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the entry does not read as a journal entry: {0}")]
pub struct LeafError(String);

impl Entry {
    /// Appends this entry's leaf to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        for keep in KEEP {
            out.truncate(start);
            self.write(out, keep);
            if out.len() - start <= LEAF_MAX {
                return;
            }
        }
    }

    /// Reads a leaf back.
    ///
    /// # Errors
    /// [`LeafError`] when it is not JSON of the expected shape and version.
    pub fn decode(leaf: &[u8]) -> Result<Self, LeafError> {
        #[derive(Deserialize)]
        struct Shape {
            v: u64,
        }
        let failed = |error: serde_json::Error| LeafError(error.to_string());
        let shape: Shape = serde_json::from_slice(leaf).map_err(failed)?;
        if shape.v != VERSION {
            return Err(LeafError(format!("its version is {}, known is {VERSION}", shape.v)));
        }
        serde_json::from_slice(leaf).map_err(failed)
    }

    fn write(&self, out: &mut Vec<u8>, keep: usize) {
        let mut object = Object::open(out);
        match self {
            Self::Admission(entry) => admission(&mut object, entry, keep),
            Self::Outcome(entry) => outcome(&mut object, entry, keep),
            Self::Refusal(entry) => refusal(&mut object, entry, keep),
            Self::GatewayStarted(entry) => started(&mut object, entry),
            Self::GatewayStopped(entry) => stopped(&mut object, entry),
            Self::BundleLoaded(entry) => loaded(&mut object, entry),
            Self::OrphanClosed(entry) => orphan(&mut object, entry),
        }
        object.close();
    }
}

fn admission(object: &mut Object<'_>, entry: &Admission, keep: usize) {
    object.time("at", entry.at);
    object.text("bundle_digest", &entry.bundle_digest);
    object.name("credential", entry.credential.as_str());
    object.integer_if("credential_version", entry.credential_version);
    object.text("dialect", &entry.dialect);
    object.name("evidence", entry.evidence.as_str());
    object.text("gateway", &entry.gateway);
    object.integer("generation", entry.generation);
    object.name("model", entry.model.as_str());
    let hosted_cut = needs(object, &entry.needs, keep);
    object.name("origin", entry.origin.as_str());
    let passed_cut = object.list("passed_over", &entry.passed_over, keep, passed_over);
    let planned_cut =
        object.list("planned", &entry.planned, keep, |out, route| canon::name(out, route.as_str()));
    object.name("region", entry.region.as_str());
    let rejected_cut = object.list("rejected", &entry.rejected, keep, rejected);
    object.request("request", entry.request);
    object.truth("stream", entry.stream);
    object.name("tenant", entry.tenant.as_str());
    truncated(
        object,
        [
            ("hosted_tools", hosted_cut),
            ("passed_over", passed_cut),
            ("planned", planned_cut),
            ("rejected", rejected_cut),
        ],
    );
    object.name("type", "admission");
    object.integer("v", VERSION);
    object.name("workload", entry.workload.as_str());
}

fn outcome(object: &mut Object<'_>, entry: &Outcome, keep: usize) {
    object.time("at", entry.at);
    let attempts_cut = object.list("attempts", &entry.attempts, keep, attempt);
    object.integer("bytes", entry.bytes);
    object.name_if("certificate", entry.certificate.as_ref().map(|id| id.as_str()));
    object.text_if("code", entry.code.as_deref());
    let cost = entry.cost_micro_usd.and_then(|cost| u64::try_from(cost.0).ok());
    object.integer_if("cost_micro_usd", cost);
    let dropped_cut = if entry.dropped.is_empty() {
        0
    } else {
        object.list("dropped", &entry.dropped, keep, |out, field| canon::text(out, field))
    };
    object.integer("elapsed_ms", entry.elapsed_ms);
    object.name_if("endpoint", entry.endpoint.as_ref().map(|id| id.as_str()));
    object.text_if("finish", entry.finish.as_deref());
    object.integer_if("first_token_ms", entry.first_token_ms);
    object.text("gateway", &entry.gateway);
    object.name_if("mechanism", entry.mechanism.as_ref().map(|id| id.as_str()));
    object.name("region", entry.region.as_str());
    object.request("request", entry.request);
    object.name("result", entry.result.as_str());
    object.name_if("route", entry.route.as_ref().map(|id| id.as_str()));
    object.name_if("served_region", entry.served_region.as_ref().map(|id| id.as_str()));
    object.integer_if("status", entry.status.map(u64::from));
    object.text_if("tier", entry.tier.as_deref());
    truncated(object, [("attempts", attempts_cut), ("dropped", dropped_cut)]);
    object.name("type", "outcome");
    object.text_if("upstream_model", entry.upstream_model.as_deref());
    object.object("usage", |object| {
        object.integer_if("cache_read", entry.usage.cache_read);
        object.integer_if("cache_write", entry.usage.cache_write);
        object.integer_if("input", entry.usage.input);
        object.integer_if("output", entry.usage.output);
        object.integer_if("reasoning", entry.usage.reasoning);
    });
    object.integer("v", VERSION);
}

fn refusal(object: &mut Object<'_>, entry: &RefusalEntry, keep: usize) {
    object.time("at", entry.at);
    object.text("bundle_digest", &entry.bundle_digest);
    object.name("code", entry.code.as_str());
    object.name_if("credential", entry.credential.as_ref().map(|id| id.as_str()));
    object.text_if("dialect", entry.dialect.as_deref());
    object.text("gateway", &entry.gateway);
    object.integer("generation", entry.generation);
    object.name_if("model", entry.model.as_ref().map(|id| id.as_str()));
    let hosted_cut = entry.needs.as_ref().map_or(0, |record| needs(object, record, keep));
    object.name_if("origin", entry.origin.as_ref().map(|id| id.as_str()));
    let passed_cut = object.list("passed_over", &entry.passed_over, keep, passed_over);
    object.name("region", entry.region.as_str());
    let rejected_cut = object.list("rejected", &entry.rejected, keep, rejected);
    object.request("request", entry.request);
    object.name_if("tenant", entry.tenant.as_ref().map(|id| id.as_str()));
    truncated(
        object,
        [("hosted_tools", hosted_cut), ("passed_over", passed_cut), ("rejected", rejected_cut)],
    );
    object.name("type", "refusal");
    object.integer("v", VERSION);
    object.name_if("workload", entry.workload.as_ref().map(|id| id.as_str()));
}

fn started(object: &mut Object<'_>, entry: &GatewayStarted) {
    object.time("at", entry.at);
    object.text("gateway", &entry.gateway);
    object.object("recovered", |object| {
        object.integer("entries", entry.recovered.entries);
        object.integer("orphans", entry.recovered.orphans);
        object.integer("torn_bytes", entry.recovered.torn_bytes);
    });
    object.name("region", entry.region.as_str());
    object.name("type", "gateway_started");
    object.integer("v", VERSION);
    object.text("version", &entry.version);
}

fn stopped(object: &mut Object<'_>, entry: &GatewayStopped) {
    object.time("at", entry.at);
    object.text("gateway", &entry.gateway);
    object.name("region", entry.region.as_str());
    object.name("type", "gateway_stopped");
    object.integer("v", VERSION);
}

fn loaded(object: &mut Object<'_>, entry: &BundleLoaded) {
    object.time("at", entry.at);
    object.text("digest", &entry.digest);
    object.text("gateway", &entry.gateway);
    object.integer("generation", entry.generation);
    object.integer_if("previous_generation", entry.previous_generation);
    object.name("region", entry.region.as_str());
    object.name("type", "bundle_loaded");
    object.integer("v", VERSION);
}

fn orphan(object: &mut Object<'_>, entry: &OrphanClosed) {
    object.time("admitted_at", entry.admitted_at);
    object.time("at", entry.at);
    object.text("gateway", &entry.gateway);
    object.name("reason", entry.reason.as_str());
    object.name("region", entry.region.as_str());
    object.request("request", entry.request);
    object.name("type", "orphan_closed");
    object.integer("v", VERSION);
}

fn needs(object: &mut Object<'_>, record: &NeedsRecord, keep: usize) -> u64 {
    let mut cut = 0;
    object.object("needs", |object| {
        object.truth("function_tools", record.function_tools);
        cut = object
            .list("hosted_tools", &record.hosted_tools, keep, |out, tool| canon::text(out, tool));
    });
    cut
}

fn passed_over(out: &mut Vec<u8>, item: &PassedOver) {
    let mut object = Object::open(out);
    object.text("reason", &item.reason);
    object.name("route", item.route.as_str());
    object.close();
}

fn rejected(out: &mut Vec<u8>, item: &Rejected) {
    let mut object = Object::open(out);
    object.text("control", &item.control);
    object.name("route", item.route.as_str());
    object.close();
}

fn attempt(out: &mut Vec<u8>, item: &Attempt) {
    let mut object = Object::open(out);
    object.name("class", item.class.as_str());
    object.integer("elapsed_ms", item.elapsed_ms);
    object.name_if("kind", item.kind.map(|kind| kind.as_str()));
    object.text_if("provider_request_id", item.provider_request_id.as_deref());
    object.name("route", item.route.as_str());
    object.integer_if("status", item.status.map(u64::from));
    object.close();
}

/// Declares how many items of which lists were left out; nothing when nothing was.
fn truncated<const N: usize>(object: &mut Object<'_>, cuts: [(&'static str, u64); N]) {
    if cuts.iter().any(|(_, cut)| *cut > 0) {
        object.object("truncated", |object| {
            for (list, cut) in cuts.into_iter().filter(|(_, cut)| *cut > 0) {
                object.integer(list, cut);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use vocab::{MicroUsd, OutcomeClass, RequestId, Timestamp, Usage};

    use super::*;
    use crate::entry::{Ending, OrphanReason, Recovered};

    fn leaf(entry: &Entry) -> String {
        let mut leaf = Vec::new();
        entry.encode(&mut leaf);
        String::from_utf8(leaf).unwrap()
    }

    fn at() -> Timestamp {
        Timestamp::from_unix_micros(1_800_000_000_123_456)
    }

    fn outcome(attempts: usize) -> Entry {
        let attempt = Attempt {
            route: "r-1".parse().unwrap(),
            class: OutcomeClass::Healthy,
            kind: None,
            status: Some(200),
            provider_request_id: Some("x\n".repeat(200).into()),
            elapsed_ms: u64::MAX,
        };
        Entry::Outcome(Outcome {
            request: RequestId::new(at(), 7),
            at: at(),
            gateway: "gw".into(),
            region: "eu-west".parse().unwrap(),
            result: Ending::Served,
            status: Some(200),
            code: None,
            route: None,
            endpoint: None,
            served_region: None,
            tier: None,
            upstream_model: None,
            certificate: None,
            mechanism: None,
            attempts: vec![attempt; attempts],
            usage: Usage::default(),
            cost_micro_usd: None,
            finish: None,
            dropped: Vec::new(),
            bytes: 0,
            elapsed_ms: 3,
            first_token_ms: None,
        })
    }

    #[test]
    fn an_entry_too_long_keeps_the_beginning_of_its_lists_and_says_what_is_missing() {
        let text = leaf(&outcome(1_000));
        assert!(text.len() <= LEAF_MAX);
        assert!(text.contains(r#""truncated":{"attempts":984}"#), "{text}");
        let Entry::Outcome(read) = Entry::decode(text.as_bytes()).unwrap() else { panic!() };
        assert_eq!(read.attempts.len(), 16);
        assert!(!leaf(&outcome(3)).contains("truncated"));
    }

    #[test]
    fn a_cost_is_on_record_where_it_is_known_and_older_entries_have_none() {
        let Entry::Outcome(entry) = outcome(0) else { panic!() };
        let free = leaf(&Entry::Outcome(entry.clone()));
        assert!(!free.contains("cost"), "{free}");
        let Entry::Outcome(read) = Entry::decode(free.as_bytes()).unwrap() else { panic!() };
        assert_eq!(read.cost_micro_usd, None);
        let entry = Outcome { cost_micro_usd: Some(MicroUsd(1_234)), ..entry };
        let text = leaf(&Entry::Outcome(entry.clone()));
        assert!(text.contains(r#""bytes":0,"cost_micro_usd":1234,"elapsed_ms":3"#), "{text}");
        assert_eq!(Entry::decode(text.as_bytes()), Ok(Entry::Outcome(entry)));
    }

    #[test]
    fn a_leaf_is_canonical_json() {
        let started = Entry::GatewayStarted(GatewayStarted {
            at: at(),
            gateway: "gw".into(),
            region: "eu-west".parse().unwrap(),
            version: "0.1".into(),
            recovered: Recovered { entries: 3, orphans: 1, torn_bytes: 0 },
        });
        assert_eq!(
            leaf(&started),
            r#"{"at":"2027-01-15T08:00:00.123456Z","gateway":"gw","recovered":{"entries":3,"orphans":1,"torn_bytes":0},"region":"eu-west","type":"gateway_started","v":1,"version":"0.1"}"#
        );
        let orphan = Entry::OrphanClosed(OrphanClosed {
            request: RequestId::new(at(), 7),
            at: at(),
            gateway: "gw".into(),
            region: "eu-west".parse().unwrap(),
            admitted_at: at(),
            reason: OrphanReason::Crash,
        });
        let loaded = Entry::BundleLoaded(BundleLoaded {
            at: at(),
            gateway: "gw".into(),
            region: "eu-west".parse().unwrap(),
            generation: 2,
            digest: "ab".into(),
            previous_generation: Some(1),
        });
        for entry in [started, orphan, loaded] {
            assert_eq!(Entry::decode(leaf(&entry).as_bytes()), Ok(entry));
        }
    }

    #[test]
    fn another_version_or_kind_is_named() {
        let error = Entry::decode(br#"{"v":2}"#).unwrap_err().to_string();
        assert!(error.contains("version is 2"), "{error}");
        let error = Entry::decode(br#"{"type":"dance","v":1}"#).unwrap_err().to_string();
        assert!(error.contains("dance"), "{error}");
    }
}
