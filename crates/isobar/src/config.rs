//! A gateway's process configuration: where it is and where its things are. Everything that decides
//! about requests is in the bundle instead.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde::Deserialize;
use vocab::RegionId;

/// The file given to `isobar serve --config`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServeConfig {
    /// The region this gateway stands in; must be one of the bundle's.
    pub(crate) region: RegionId,
    /// This gateway's name among those of its region. Default: the region's name.
    #[serde(default)]
    pub(crate) name: Option<RegionId>,
    /// Where callers connect.
    pub(crate) listen: SocketAddr,
    /// Where `/live`, `/ready`, `/metrics` and `/status` are served. Keep it off the public network.
    pub(crate) admin_listen: SocketAddr,
    /// The bundle directory, relative to this file.
    pub(crate) bundle: PathBuf,
    /// Where the journal is kept, relative to this file.
    pub(crate) data_dir: PathBuf,
    /// Worker threads. Default: one per core.
    #[serde(default)]
    pub(crate) workers: Option<usize>,
    /// Log lines as `json` or `text`.
    #[serde(default)]
    pub(crate) log: LogFormat,
    /// How long requests in flight may take to finish when the gateway leaves. Default `30s`.
    #[serde(default = "drain_time_default", deserialize_with = "duration")]
    pub(crate) drain_time_max: Duration,
    /// Bounds on callers.
    #[serde(default)]
    pub(crate) limits: LimitsConfig,
    /// How the journal is written.
    #[serde(default)]
    pub(crate) journal: JournalConfig,
}

/// How the journal is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JournalConfig {
    /// How long a commit may wait for company when many requests wait, e.g. `1ms`. Zero commits at
    /// once, which costs CPU under load; a lone request never waits.
    #[serde(deserialize_with = "some_duration")]
    pub(crate) linger_max: Option<Duration>,
    /// Size of a segment file in bytes. Default 16 MiB.
    pub(crate) segment_size: Option<u32>,
    /// Free disk space in bytes under which the gateway is not ready. Default 256 MiB.
    pub(crate) free_min: Option<u64>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// One JSON object per line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// The part of the limits that operators change.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsConfig {
    /// Largest request body in bytes. Default 20 MiB. Raise it for large images; memory follows.
    pub(crate) body_size_max: Option<usize>,
    /// Time for a request body to arrive, e.g. `30s`.
    #[serde(deserialize_with = "some_duration")]
    pub(crate) body_time_max: Option<Duration>,
    /// Requests in the pipeline at once. Default 10,000.
    pub(crate) requests_max: Option<usize>,
    /// Header bytes of one request. Default 32 KiB.
    pub(crate) head_size_max: Option<usize>,
    /// Time for a request head to arrive, e.g. `10s`.
    #[serde(deserialize_with = "some_duration")]
    pub(crate) head_time_max: Option<Duration>,
}

impl ServeConfig {
    /// Reads a configuration file; relative paths in it are taken from where it stands.
    ///
    /// # Errors
    /// A sentence with the file, the line where there is one, and what to do.
    pub(crate) fn load(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(file).with_context(|| {
            format!(
                "cannot read the configuration `{}`; give a YAML file as in examples/own-servers",
                file.display()
            )
        })?;
        let mut config: Self = serde_saphyr::from_str(&text)
            .with_context(|| format!("the configuration `{}` has a mistake", file.display()))?;
        let base = file.parent().unwrap_or(Path::new("."));
        config.bundle = base.join(&config.bundle);
        config.data_dir = base.join(&config.data_dir);
        Ok(config)
    }

    /// The gateway's limits.
    pub(crate) fn limits(&self) -> dataplane::Limits {
        let defaults = dataplane::Limits::default();
        dataplane::Limits {
            body_size_max: self.limits.body_size_max.unwrap_or(defaults.body_size_max),
            body_time_max: self.limits.body_time_max.unwrap_or(defaults.body_time_max),
            requests_max: self.limits.requests_max.unwrap_or(defaults.requests_max),
            ..defaults
        }
    }

    /// The listener's limits.
    pub(crate) fn listen_options(&self) -> transport::ListenOptions {
        let defaults = transport::ListenOptions::default();
        transport::ListenOptions {
            head_size_max: self.limits.head_size_max.unwrap_or(defaults.head_size_max),
            head_time_max: self.limits.head_time_max.unwrap_or(defaults.head_time_max),
            ..defaults
        }
    }
}

const fn drain_time_default() -> Duration {
    Duration::from_secs(30)
}

fn duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(serde::de::Error::custom)
}

fn some_duration<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> anyhow::Result<ServeConfig> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("gateway.yaml");
        fs::write(&file, text).unwrap();
        ServeConfig::load(&file)
    }

    const GOOD: &str = "region: eu-west\nlisten: 127.0.0.1:8080\nadmin_listen: 127.0.0.1:8081\n\
                        bundle: bundle\ndata_dir: data\n";

    #[test]
    fn paths_are_taken_from_where_the_file_stands() {
        let config = load(&format!("{GOOD}drain_time_max: 5s\n")).unwrap();
        assert!(config.bundle.is_absolute() && config.bundle.ends_with("bundle"));
        assert_eq!(config.drain_time_max, Duration::from_secs(5));
    }

    #[test]
    fn a_mistake_is_shown_with_its_line() {
        let error = format!("{:#}", load(&format!("{GOOD}lisen: 1\n")).unwrap_err());
        assert!(error.contains("lisen") && error.contains('6'), "{error}");
    }
}
