//! One fault to inject, as data, checked against the table of the kinds that exist.
//!
//! The table is what the control API checks against and what the command line prints, so the two
//! cannot disagree. Every parameter has a default: naming the kind is enough.

mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use table::COMMON;
pub use table::{KindHelp, ParameterHelp, fault_kinds};

/// How a stream that is cut short ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The connection is closed in the middle of the body: FIN without the last chunk.
    #[default]
    Drop,
    /// The connection is reset in the middle of the body (RST).
    Reset,
    /// The body ends well by HTTP's rules, yet without the dialect's own terminator.
    Clean,
}

/// What goes wrong. On the wire: `{"kind": "status", "code": 503, …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// RST as soon as the request head is read; the body is not read (see [`fault_kinds`]).
    Refuse,
    /// RST after the whole request was read.
    Reset,
    /// The request is read, then silence.
    HangBeforeHeaders,
    /// Headers and `n` tokens, then silence on an open connection.
    HangAfterTokens {
        /// Tokens sent first.
        #[serde(default = "default_n")]
        n: u32,
    },
    /// Headers and `n` tokens, then the connection or the body ends without a terminator.
    CutAfterTokens {
        /// Tokens sent first.
        #[serde(default = "default_n")]
        n: u32,
        /// How it ends.
        #[serde(default)]
        ending: Ending,
    },
    /// An error status instead of an answer.
    Status {
        /// HTTP status, 400 to 599.
        #[serde(default = "default_code")]
        code: u16,
        /// Body in place of the vendor-shaped default; a JSON string is sent as plain text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
        /// Headers added to, or replacing, the usual ones.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// Seconds for `retry-after`, and for OpenAI-style also `retry-after-ms`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<f64>,
    },
    /// The answer is whole, but its first token comes late.
    SlowFirstToken {
        /// Milliseconds added, not scaled.
        #[serde(default = "default_ms")]
        ms: u64,
    },
    /// One event in the stream is not JSON; the rest follows as usual.
    MalformedEvent {
        /// Tokens sent first.
        #[serde(default = "default_n")]
        n: u32,
    },
    /// The vendor's own error event in the stream, which then ends.
    InStreamError {
        /// Tokens sent first.
        #[serde(default = "default_n")]
        n: u32,
    },
    /// Status 200 and a web page, as a broken proxy in front of the vendor sends it.
    BadJson,
    /// Status 429 that waiting does not cure: the account has no credit.
    InsufficientQuota,
}

const fn default_n() -> u32 {
    3
}

const fn default_code() -> u16 {
    503
}

const fn default_ms() -> u64 {
    30_000
}

/// When in the life of a request a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the body is read.
    Connect,
    /// In place of the reply, whatever the path.
    Reply,
    /// While a completion is sent.
    Completion,
}

impl FaultKind {
    /// The name on the wire and on the command line.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Reset => "reset",
            Self::HangBeforeHeaders => "hang_before_headers",
            Self::HangAfterTokens { .. } => "hang_after_tokens",
            Self::CutAfterTokens { .. } => "cut_after_tokens",
            Self::Status { .. } => "status",
            Self::SlowFirstToken { .. } => "slow_first_token",
            Self::MalformedEvent { .. } => "malformed_event",
            Self::InStreamError { .. } => "in_stream_error",
            Self::BadJson => "bad_json",
            Self::InsufficientQuota => "insufficient_quota",
        }
    }
}

/// A fault as asked for: what, where, how often.
///
/// Faults of a completion (tokens, stream events, a slow first token) strike completions only; all
/// others strike every vendor path of the endpoint, `/v1/models` and `count_tokens` included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultSpec {
    /// The endpoint it strikes.
    pub endpoint: String,
    /// Only requests for this upstream model. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only the next so many requests. Absent: until cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Share of matching requests struck, 0 to 1, drawn from the seed. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

impl FaultSpec {
    /// Every request to `endpoint`, until cleared.
    #[must_use]
    pub fn new(endpoint: impl Into<String>, kind: FaultKind) -> Self {
        Self { endpoint: endpoint.into(), model: None, count: None, probability: None, kind }
    }

    /// A fault bound to a model must read the body to know the model, so even `refuse` waits.
    pub(crate) fn stage(&self) -> Stage {
        match &self.kind {
            FaultKind::Refuse if self.model.is_none() => Stage::Connect,
            FaultKind::Refuse
            | FaultKind::Reset
            | FaultKind::HangBeforeHeaders
            | FaultKind::Status { .. }
            | FaultKind::BadJson
            | FaultKind::InsufficientQuota => Stage::Reply,
            FaultKind::HangAfterTokens { .. }
            | FaultKind::CutAfterTokens { .. }
            | FaultKind::SlowFirstToken { .. }
            | FaultKind::MalformedEvent { .. }
            | FaultKind::InStreamError { .. } => Stage::Completion,
        }
    }

    /// Reads and checks a fault from JSON: kind, names of parameters, ranges.
    ///
    /// # Errors
    /// [`FaultError`] names what is wrong and what would be right.
    pub fn from_json(value: Value) -> Result<Self, FaultError> {
        let object = value.as_object().ok_or(FaultError::NotAnObject)?;
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        let Some(help) = fault_kinds().iter().find(|help| help.name == kind) else {
            return Err(FaultError::UnknownKind {
                kind: kind.to_owned(),
                known: fault_kinds().iter().map(|help| help.name).collect(),
            });
        };
        for name in object.keys() {
            let known = COMMON.iter().chain(help.parameters).any(|one| one.name == name);
            if name != "kind" && !known {
                return Err(FaultError::UnknownParameter {
                    kind: help.name,
                    parameter: name.clone(),
                    known: COMMON.iter().chain(help.parameters).map(|one| one.name).collect(),
                });
            }
        }
        let spec: Self = serde_json::from_value(value)
            .map_err(|source| FaultError::Parameter { kind: help.name, source })?;
        spec.check()?;
        Ok(spec)
    }

    /// Ranges that the types do not hold.
    pub(crate) fn check(&self) -> Result<(), FaultError> {
        let range = |parameter, expected| Err(FaultError::Range { parameter, expected });
        if self.probability.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return range("probability", "0 to 1");
        }
        if let FaultKind::Status { code, headers, retry_after, .. } = &self.kind {
            if !(400..=599).contains(code) {
                return range("code", "400 to 599");
            }
            if retry_after.is_some_and(|seconds| !(0.0..=1e6).contains(&seconds)) {
                return range("retry_after", "0 to 1000000 seconds");
            }
            let plain = |(name, value): (&String, &String)| {
                http::HeaderName::try_from(name).is_ok()
                    && http::HeaderValue::try_from(value).is_ok()
            };
            if !headers.iter().all(plain) {
                return range("headers", "valid HTTP header names and values");
            }
        }
        Ok(())
    }
}

/// A fault on the board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Number given by the board, for clearing it.
    pub id: u64,
    /// As asked for.
    #[serde(flatten)]
    pub spec: FaultSpec,
    /// Requests it has struck.
    pub hits: u64,
    /// Requests it will still strike; absent when it has no count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
}

/// Why a fault was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// The body is no JSON object.
    #[error("a fault is a JSON object with `endpoint` and `kind`")]
    NotAnObject,
    /// No such kind.
    #[error("unknown fault kind `{kind}`; known kinds: {}", known.join(", "))]
    UnknownKind {
        /// As given.
        kind: String,
        /// What exists.
        known: Vec<&'static str>,
    },
    /// No such parameter for this kind.
    #[error("`{kind}` has no parameter `{parameter}`; it takes: {}", known.join(", "))]
    UnknownParameter {
        /// The kind.
        kind: &'static str,
        /// As given.
        parameter: String,
        /// What it takes.
        known: Vec<&'static str>,
    },
    /// A parameter is missing or has the wrong type.
    #[error("a parameter of `{kind}` is missing or of the wrong type")]
    Parameter {
        /// The kind.
        kind: &'static str,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// A value outside its range.
    #[error("`{parameter}` must be {expected}")]
    Range {
        /// The parameter.
        parameter: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// No such endpoint.
    #[error("unknown endpoint `{endpoint}`; known endpoints: {}", known.join(", "))]
    UnknownEndpoint {
        /// As given.
        endpoint: String,
        /// What is served.
        known: Vec<String>,
    },
    /// The board is full.
    #[error("{most} faults are set already; clear some first")]
    TooMany {
        /// The bound.
        most: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_in_the_table_can_be_set_by_name_alone() {
        for help in fault_kinds() {
            let spec = FaultSpec::from_json(json!({"endpoint": "e", "kind": help.name})).unwrap();
            assert_eq!(spec.kind.name(), help.name);
        }
    }

    #[test]
    fn every_serialised_parameter_is_in_the_table() {
        let kinds = [
            FaultKind::HangAfterTokens { n: 1 },
            FaultKind::CutAfterTokens { n: 1, ending: Ending::Clean },
            FaultKind::Status {
                code: 429,
                body: Some(json!({})),
                headers: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
                retry_after: Some(1.5),
            },
            FaultKind::SlowFirstToken { ms: 5 },
        ];
        for kind in kinds {
            let spec = FaultSpec {
                model: Some("m".into()),
                count: Some(1),
                probability: Some(0.5),
                ..FaultSpec::new("e", kind)
            };
            let again = FaultSpec::from_json(serde_json::to_value(&spec).unwrap()).unwrap();
            assert_eq!(again, spec);
        }
    }

    #[test]
    fn a_misspelt_parameter_is_refused_with_the_right_ones() {
        let asked = json!({"endpoint": "e", "kind": "slow_first_token", "millis": 5});
        let error = FaultSpec::from_json(asked).unwrap_err().to_string();
        assert!(error.contains("`millis`") && error.contains("ms"), "{error}");
    }

    #[test]
    fn an_unknown_kind_lists_the_known_ones() {
        let asked = json!({"endpoint": "e", "kind": "explode"});
        let error = FaultSpec::from_json(asked).unwrap_err().to_string();
        assert!(error.contains("explode") && error.contains("hang_before_headers"), "{error}");
    }

    #[test]
    fn figures_outside_their_range_are_refused() {
        for asked in [
            json!({"endpoint": "e", "kind": "status", "code": 200}),
            json!({"endpoint": "e", "kind": "refuse", "probability": 1.5}),
            json!({"endpoint": "e", "kind": "status", "retry_after": -1}),
            json!({"endpoint": "e", "kind": "status", "headers": {"bad name": "x"}}),
        ] {
            assert!(FaultSpec::from_json(asked.clone()).is_err(), "{asked}");
        }
    }
}
