//! How a journal is kept.

use std::{path::PathBuf, time::Duration};

use vocab::RegionId;

/// Settings of one journal. [`Options::new`] fills in the defaults.
#[derive(Debug, Clone)]
pub struct Options {
    /// `<deployment>/<region>/<gateway>`: names the log and its key for ever.
    pub origin: String,
    /// The gateway, as it stands in the entries that the journal writes itself.
    pub gateway: String,
    /// Its region.
    pub region: RegionId,
    /// The software version, for `gateway_started`.
    pub version: String,
    /// Size of one segment file in bytes, 64 KiB to 1 GiB; 16 MiB unless told. Small segments
    /// rotate often; large ones cost disk up front.
    pub segment_size: u32,
    /// How long a commit may wait for company when many callers wait; 1 ms unless told. Zero
    /// commits at once, which costs CPU under load; milliseconds are felt by every caller.
    pub linger_max: Duration,
    /// How many bytes may wait to be written; 8 MiB unless told. Past it `append` says
    /// [`crate::AuditError::Full`].
    pub queue_max: usize,
    /// Free disk space under which the journal calls itself not ready; 256 MiB unless told.
    pub free_min: u64,
    /// Where the signing key is kept; `key` in the journal directory unless told.
    pub key: Option<PathBuf>,
}

impl Options {
    /// The defaults for a gateway of a deployment.
    #[must_use]
    pub fn new(deployment: &str, region: RegionId, gateway: &str, version: &str) -> Self {
        Self {
            origin: format!("{deployment}/{region}/{gateway}"),
            gateway: gateway.to_owned(),
            region,
            version: version.to_owned(),
            segment_size: 16 << 20,
            linger_max: Duration::from_millis(1),
            queue_max: 8 << 20,
            free_min: 256 << 20,
            key: None,
        }
    }
}
