//! What is simulated: the endpoints, the pace, and the bounds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The wire format and manners of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// Chat Completions, Responses, Embeddings and Models under `/v1`, as OpenAI and its many
    /// imitators serve them.
    OpenAi,
    /// Messages, `count_tokens` and Models under `/v1`, as Anthropic serves them.
    Anthropic,
    /// Azure OpenAI, under `/openai/v1` and `/openai/deployments/NAME`.
    Azure,
    /// Amazon Bedrock's runtime, under `/model/ID`.
    Bedrock,
    /// Gemini and Claude on Vertex AI, and the Gemini API.
    Vertex,
    /// Mistral, under `/v1`.
    Mistral,
    /// The token endpoints of AWS, Google and Azure.
    Identity,
}

impl Vendor {
    /// Every vendor there is.
    pub const ALL: [Self; 7] = [
        Self::OpenAi,
        Self::Anthropic,
        Self::Azure,
        Self::Bedrock,
        Self::Vertex,
        Self::Mistral,
        Self::Identity,
    ];

    /// The name used in configuration and in the control API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Azure => "azure",
            Self::Bedrock => "bedrock",
            Self::Vertex => "vertex",
            Self::Mistral => "mistral",
            Self::Identity => "identity",
        }
    }
}

/// One simulated deployment of a vendor API in one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointSpec {
    /// First segment of the path, e.g. `openai-eu-west`; letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// The region it claims to stand in, e.g. `eu-west`; shown in answers and in the log.
    pub region: String,
    /// Which API it speaks.
    pub vendor: Vendor,
    /// Models it knows; any other gets the vendor's "no such model". Empty: it knows every model.
    #[serde(default)]
    pub models: Vec<String>,
    /// The key callers must present. Absent: no credential is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The vendor's own name of the region, e.g. `eu-west-1`. Where given, a `SigV4` scope or a
    /// Vertex path that says another one is refused; Azure puts it into `x-ms-region`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Bedrock: the key pair whose signatures are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<AwsKey>,
    /// Accept only credentials that an `identity` endpoint of this simulator issued and that have
    /// not run out; `key` and `aws` then open nothing. Default false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub issued_only: bool,
    /// Identity: how long issued credentials live, in seconds. Default 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_seconds: Option<u64>,
}

/// A long-lived AWS key pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsKey {
    /// `AKIA…`
    pub access_key_id: String,
    /// The secret that signs.
    pub secret_access_key: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl EndpointSpec {
    /// Whether callers must present a credential.
    pub(crate) const fn asks_for_credential(&self) -> bool {
        self.key.is_some() || self.aws.is_some() || self.issued_only
    }

    /// An endpoint that knows every model and asks for no key.
    #[must_use]
    pub fn new(name: impl Into<String>, region: impl Into<String>, vendor: Vendor) -> Self {
        Self {
            name: name.into(),
            region: region.into(),
            vendor,
            models: Vec::new(),
            key: None,
            location: None,
            aws: None,
            issued_only: false,
            lifetime_seconds: None,
        }
    }
}

/// How fast answers come. Figures are those of a healthy vendor; `scale` shrinks or stretches all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// Median time to the first token, in milliseconds. Default 250.
    pub first_token_ms: u32,
    /// Median gap between two tokens, in milliseconds. Default 12.
    pub gap_ms: u32,
    /// Seeded jitter either way, in percent of each figure, 0 to 100. Default 30.
    pub jitter_percent: u32,
    /// Factor on every wait, 0 to 100. Zero answers as fast as the machine can. Default 1.
    pub scale: f64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { first_token_ms: 250, gap_ms: 12, jitter_percent: 30, scale: 1.0 }
    }
}

impl Timing {
    /// No wait at all: for tests of shapes and for load tests.
    #[must_use]
    pub fn instant() -> Self {
        Self { scale: 0.0, ..Self::default() }
    }

    pub(crate) fn scaled(&self, wait: Duration) -> Duration {
        wait.mul_f64(self.scale.clamp(0.0, 100.0))
    }
}

/// Everything a [`Simulator`](crate::Simulator) needs besides its address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The endpoints served.
    pub endpoints: Vec<EndpointSpec>,
    /// Seed of ids, jitter and fault probabilities. Default 1.
    pub seed: u64,
    /// How fast answers come.
    pub timing: Timing,
    /// Length of an answer in tokens when the caller asks for no particular one. Default 40.
    pub answer_tokens: usize,
    /// Longest answer in tokens, whatever is asked. Default 4096.
    pub answer_tokens_max: usize,
    /// Requests the log keeps; older ones are dropped and counted. Default 100,000.
    pub log_entries_max: usize,
    /// Longest request body read, in bytes. Default 32 MiB.
    pub body_bytes_max: usize,
    /// What the rate-limit headers claim as requests per minute. It is announced, not enforced.
    pub requests_per_minute: u64,
    /// What the rate-limit headers claim as tokens per minute. It is announced, not enforced.
    pub tokens_per_minute: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            seed: 1,
            timing: Timing::default(),
            answer_tokens: 40,
            answer_tokens_max: 4096,
            log_entries_max: 100_000,
            body_bytes_max: 32 * 1024 * 1024,
            requests_per_minute: 6_000_000,
            tokens_per_minute: 6_000_000_000,
        }
    }
}

/// A configuration that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Two endpoints share a name, so a path would not say which one is meant.
    #[error("endpoint `{name}` is declared twice")]
    DuplicateEndpoint {
        /// The shared name.
        name: String,
    },
    /// The name cannot be a path segment, or is the control API's own.
    #[error("endpoint name `{name}` is not one path segment of letters, digits, `-`, `_` and `.`")]
    EndpointName {
        /// The name as given.
        name: String,
    },
}

impl Config {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let mut seen = std::collections::HashSet::new();
        for endpoint in &self.endpoints {
            let name = &endpoint.name;
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if name.is_empty() || name == "_sim" || !name.chars().all(plain) {
                return Err(ConfigError::EndpointName { name: name.clone() });
            }
            if !seen.insert(name.as_str()) {
                return Err(ConfigError::DuplicateEndpoint { name: name.clone() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_declared_twice_is_refused() {
        let endpoint = EndpointSpec::new("a", "eu-west", Vendor::OpenAi);
        let config = Config { endpoints: vec![endpoint.clone(), endpoint], ..Config::default() };
        assert_eq!(config.check(), Err(ConfigError::DuplicateEndpoint { name: "a".into() }));
    }

    #[test]
    fn the_control_prefix_cannot_be_an_endpoint() {
        let endpoints = vec![EndpointSpec::new("_sim", "eu-west", Vendor::OpenAi)];
        let config = Config { endpoints, ..Config::default() };
        assert!(matches!(config.check(), Err(ConfigError::EndpointName { .. })));
    }
}
