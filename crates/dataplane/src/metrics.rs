//! Prometheus metrics of one gateway. Labels come from closed sets and from the bundle, never from
//! callers, so their number is bounded.

use std::time::Duration;

use dialect::ClientDialect;
use journal::Ending;
use policy::Route;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use vocab::{EndpointId, MicroUsd, OutcomeClass, RefusalCode, RouteId, Usage};

type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;
type Histograms = Family<Labels, Histogram>;

/// What a gateway counts.
#[derive(Debug, Clone)]
pub struct Metrics {
    ended: [[Counter; 4]; ClientDialect::ALL.len()],
    refusals: Counters,
    attempts: Counters,
    tokens: Counters,
    reasoning_tokens: Counters,
    cost: Counters,
    cost_unknown: Counters,
    breaker_changes: Counters,
    breaker_open: Family<Labels, Gauge>,
    credential_left: Family<Labels, Gauge>,
    credential_failures: Counters,
    first_token: Histograms,
    request_time: Histogram,
    evidence_wait: Histogram,
    pub(crate) in_flight: Gauge,
    generation: Gauge,
    bundles_refused: Counter,
}

/// How a request ended, as counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Served,
    Refused,
    Failed,
    Cancelled,
}

/// The counters of one route, looked up once.
#[derive(Debug, Clone)]
pub(crate) struct RouteMetrics {
    healthy: Counter,
    first_token: Histogram,
    /// Prompt, read from a cache, written to a cache, answer.
    tokens: [Counter; 4],
    reasoning_tokens: Counter,
    cost_served: Counter,
    cost_unserved: Counter,
    cost_unknown: Counter,
}

impl Metrics {
    /// Registers every metric under the prefix `isobar`.
    pub fn register(registry: &mut Registry) -> Self {
        let requests = Counters::default();
        let metrics = Self {
            ended: ended_counters(&requests),
            refusals: Family::default(),
            attempts: Family::default(),
            tokens: Family::default(),
            reasoning_tokens: Family::default(),
            cost: Family::default(),
            cost_unknown: Family::default(),
            breaker_changes: Family::default(),
            breaker_open: Family::default(),
            credential_left: Family::default(),
            credential_failures: Family::default(),
            first_token: Family::new_with_constructor(seconds_histogram),
            request_time: seconds_histogram(),
            evidence_wait: Histogram::new([
                0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0,
            ]),
            in_flight: Gauge::default(),
            generation: Gauge::default(),
            bundles_refused: Counter::default(),
        };
        let registry = registry.sub_registry_with_prefix("isobar");
        registry.register("requests", "Requests by how they ended", requests);
        metrics.add_to(registry);
        metrics
    }

    fn add_to(&self, registry: &mut Registry) {
        registry.register("refusals", "Refusals by stable code", self.refusals.clone());
        let help = "Upstream calls by route and outcome class";
        registry.register("attempts", help, self.attempts.clone());
        let help = "Tokens by route and kind; the kinds do not overlap";
        registry.register("tokens", help, self.tokens.clone());
        let help = "Tokens of reasoning by route; they are a part of the output";
        registry.register("reasoning_tokens", help, self.reasoning_tokens.clone());
        let help = "Cost in micro-dollars by route, model, and whether the answer was served whole";
        registry.register("cost_micro_usd", help, self.cost.clone());
        let help = "Answers by route whose cost is unknown for want of a price or of usage";
        registry.register("cost_unknown", help, self.cost_unknown.clone());
        let help = "Breaker changes by route and new state";
        registry.register("breaker_changes", help, self.breaker_changes.clone());
        let help = "1 while a route's breaker keeps traffic away";
        registry.register("breaker_open", help, self.breaker_open.clone());
        let help = "Seconds until an endpoint's credential ends; 0 without a valid one";
        registry.register("credential_expires_seconds", help, self.credential_left.clone());
        let help = "Failed attempts to obtain or renew an endpoint's credential";
        registry.register("credential_failures", help, self.credential_failures.clone());
        let help = "Time from sending to the first content, by route";
        registry.register("first_token_seconds", help, self.first_token.clone());
        let help = "Time from arrival to the end of the answer";
        registry.register("request_seconds", help, self.request_time.clone());
        let help = "Time spent waiting for durable evidence";
        registry.register("evidence_wait_seconds", help, self.evidence_wait.clone());
        let help = "Requests in the pipeline now";
        registry.register("requests_in_flight", help, self.in_flight.clone());
        let help = "Changed bundles that were not put in force";
        registry.register("bundles_refused", help, self.bundles_refused.clone());
        let help = "Generation of the bundle in force";
        registry.register("bundle_generation", help, self.generation.clone());
    }

    pub(crate) fn ended(&self, how: Ended, dialect: ClientDialect, took: Duration) {
        let counters = ClientDialect::ALL.iter().zip(&self.ended);
        for (_, [served, refused, failed, cancelled]) in counters.filter(|(of, _)| **of == dialect)
        {
            match how {
                Ended::Served => served,
                Ended::Refused => refused,
                Ended::Failed => failed,
                Ended::Cancelled => cancelled,
            }
            .inc();
        }
        self.request_time.observe(took.as_secs_f64());
    }

    pub(crate) fn refused(&self, code: RefusalCode) {
        self.refusals.get_or_create(&vec![("code", code.as_str().to_owned())]).inc();
    }

    pub(crate) fn attempt_failed(&self, route: &RouteId, class: OutcomeClass) {
        self.attempts.get_or_create(&attempt_labels(route, class)).inc();
    }

    pub(crate) fn waited_for_evidence(&self, took: Duration) {
        self.evidence_wait.observe(took.as_secs_f64());
    }

    pub(crate) fn breaker(&self, route: &RouteId, open: bool) {
        let state = if open { "open" } else { "closed" };
        let labels = vec![("route", route.to_string()), ("state", state.to_owned())];
        self.breaker_changes.get_or_create(&labels).inc();
        let gauge = self.breaker_open.get_or_create_owned(&route_label(route));
        gauge.set(i64::from(open));
    }

    /// How long credentials are still good; of endpoints that are not named nothing is said any
    /// more.
    pub(crate) fn credentials<'a>(&self, left: impl Iterator<Item = (&'a EndpointId, Duration)>) {
        self.credential_left.clear();
        for (endpoint, left) in left {
            let gauge = self.credential_left.get_or_create_owned(&endpoint_label(endpoint));
            gauge.set(i64::try_from(left.as_secs()).unwrap_or(i64::MAX));
        }
    }

    pub(crate) fn credential_failed(&self, endpoint: &EndpointId) {
        self.credential_failures.get_or_create(&endpoint_label(endpoint)).inc();
    }

    /// Counts a changed bundle that was not put in force; the log says why.
    pub fn bundle_refused(&self) {
        self.bundles_refused.inc();
    }

    pub(crate) fn generation(&self, generation: u64) {
        self.generation.set(i64::try_from(generation).unwrap_or(i64::MAX));
    }

    pub(crate) fn route(&self, route: &Route) -> RouteMetrics {
        let (route, model) = (&route.id, &route.model);
        let tokens = |kind: &str| {
            let labels = vec![("route", route.to_string()), ("kind", kind.to_owned())];
            self.tokens.get_or_create_owned(&labels)
        };
        let cost = |result: &str| {
            let labels = vec![
                ("route", route.to_string()),
                ("model", model.to_string()),
                ("result", result.to_owned()),
            ];
            self.cost.get_or_create_owned(&labels)
        };
        RouteMetrics {
            healthy: self
                .attempts
                .get_or_create_owned(&attempt_labels(route, OutcomeClass::Healthy)),
            first_token: self.first_token.get_or_create_owned(&route_label(route)),
            tokens: ["input", "cache_read", "cache_write", "output"].map(tokens),
            reasoning_tokens: self.reasoning_tokens.get_or_create_owned(&route_label(route)),
            cost_served: cost("served"),
            cost_unserved: cost("unserved"),
            cost_unknown: self.cost_unknown.get_or_create_owned(&route_label(route)),
        }
    }
}

impl RouteMetrics {
    pub(crate) fn served(&self, first_token: Option<Duration>) {
        self.healthy.inc();
        if let Some(first_token) = first_token {
            self.first_token.observe(first_token.as_secs_f64());
        }
    }

    /// Counts what an answer used and what it cost. Unknown figures add nothing, and an unknown
    /// cost is counted as one.
    pub(crate) fn used(&self, result: Ending, usage: &Usage, cost: Option<MicroUsd>) {
        let counts = [usage.input, usage.cache_read, usage.cache_write, usage.output];
        for (counter, count) in self.tokens.iter().zip(counts) {
            counter.inc_by(count.unwrap_or(0));
        }
        self.reasoning_tokens.inc_by(usage.reasoning.unwrap_or(0));
        let counter = match result {
            Ending::Served => &self.cost_served,
            Ending::Refused | Ending::Failed | Ending::Interrupted | Ending::Cancelled => {
                &self.cost_unserved
            }
        };
        match cost.and_then(|cost| u64::try_from(cost.0).ok()) {
            Some(cost) => {
                counter.inc_by(cost);
            }
            None => {
                self.cost_unknown.inc();
            }
        }
    }
}

/// One counter for each way to end in each dialect, looked up once.
fn ended_counters(requests: &Counters) -> [[Counter; 4]; ClientDialect::ALL.len()] {
    ClientDialect::ALL.map(|dialect| {
        ["served", "refused", "failed", "cancelled"].map(|result| {
            let dialect = dialect.as_str().to_owned();
            let labels = vec![("dialect", dialect), ("result", result.to_owned())];
            requests.get_or_create_owned(&labels)
        })
    })
}

fn route_label(route: &RouteId) -> Labels {
    vec![("route", route.to_string())]
}

fn attempt_labels(route: &RouteId, class: OutcomeClass) -> Labels {
    vec![("route", route.to_string()), ("class", class.as_str().to_owned())]
}

fn endpoint_label(endpoint: &EndpointId) -> Labels {
    vec![("endpoint", endpoint.to_string())]
}

fn seconds_histogram() -> Histogram {
    Histogram::new([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
        300.0,
    ])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn shown(registry: &Registry) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
        text
    }

    #[test]
    fn cost_is_counted_apart_for_answers_that_were_not_served_whole() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let route = Arc::new(Route {
            id: "r-1".parse().unwrap(),
            model: "chat".parse().unwrap(),
            endpoint: "e-1".parse().unwrap(),
            region: "eu-west".parse().unwrap(),
            upstream_model: "m".to_owned(),
            weight: 100,
            capability: vocab::Capability::default(),
        });
        let lane = metrics.route(&route);
        let usage = Usage {
            input: Some(5),
            cache_read: Some(7),
            output: Some(11),
            reasoning: Some(3),
            ..Usage::default()
        };
        lane.used(Ending::Served, &usage, Some(MicroUsd(40)));
        lane.used(Ending::Cancelled, &usage, Some(MicroUsd(2)));
        lane.used(Ending::Interrupted, &Usage::default(), None);
        let text = shown(&registry);
        let cost = r#"isobar_cost_micro_usd_total{route="r-1",model="chat",result="#;
        for line in [
            &format!("{cost}\"served\"}} 40"),
            &format!("{cost}\"unserved\"}} 2"),
            r#"isobar_cost_unknown_total{route="r-1"} 1"#,
            r#"isobar_tokens_total{route="r-1",kind="input"} 10"#,
            r#"isobar_tokens_total{route="r-1",kind="cache_read"} 14"#,
            r#"isobar_tokens_total{route="r-1",kind="cache_write"} 0"#,
            r#"isobar_tokens_total{route="r-1",kind="output"} 22"#,
            r#"isobar_reasoning_tokens_total{route="r-1"} 6"#,
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
        }
    }
}
