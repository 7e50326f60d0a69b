//! What is measured: nothing, nginx or the gateway between load generator and mock upstream.

use std::net::SocketAddr;

use anyhow::Result;

use crate::children::Leashed;
use crate::procfs;
use crate::request::{self, Evidence, Kind};

/// A row of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowName {
    /// The load generator talks to the mock upstream itself.
    Direct,
    /// A plain reverse proxy.
    Nginx,
    /// The gateway with all controls on.
    Gateway,
    /// The same gateway, asked with a key whose workload does not wait for the disk.
    Buffered,
}

impl RowName {
    /// In the order in which they are measured and shown.
    pub(crate) const ALL: [Self; 4] = [Self::Direct, Self::Nginx, Self::Gateway, Self::Buffered];

    /// As people and the JSON report call it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "no proxy",
            Self::Nginx => "nginx",
            Self::Gateway => "isobar",
            Self::Buffered => "isobar, buffered",
        }
    }
}

/// A row that runs.
pub(crate) struct Row {
    /// Which one.
    pub name: RowName,
    /// Where the load goes.
    pub address: SocketAddr,
    /// What the load passes on its way, if anything; it belongs to the row that started it.
    pub between: Option<Leashed>,
}

impl Row {
    /// What is sent to it: the same to all rows but for the key.
    pub(crate) fn request(&self, kind: Kind) -> Vec<u8> {
        request::chat(
            kind,
            match self.name {
                RowName::Direct | RowName::Nginx | RowName::Gateway => Evidence::Local,
                RowName::Buffered => Evidence::Buffered,
            },
        )
    }

    /// The processes that the load passes.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        self.between.as_ref().map_or(Ok(Vec::new()), Leashed::processes)
    }

    /// Their resident memory in bytes; `None` if there is none between.
    pub(crate) fn resident(&self) -> Result<Option<u64>> {
        self.between.as_ref().map(|it| procfs::resident(&it.processes()?)).transpose()
    }
}
