//! What is measured: nothing, nginx or the gateway between load generator and mock upstream.

use std::net::SocketAddr;

use anyhow::Result;

use crate::children::Leashed;
use crate::procfs;

/// A row of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowName {
    /// The load generator talks to the mock upstream itself.
    Direct,
    /// A plain reverse proxy.
    Nginx,
    /// The gateway with all controls on.
    Gateway,
}

impl RowName {
    /// In the order in which they are measured and shown.
    pub(crate) const ALL: [Self; 3] = [Self::Direct, Self::Nginx, Self::Gateway];

    /// As people and the JSON report call it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "no proxy",
            Self::Nginx => "nginx",
            Self::Gateway => "isobar",
        }
    }
}

/// A row that runs.
pub(crate) struct Row {
    /// Which one.
    pub name: RowName,
    /// Where the load goes.
    pub address: SocketAddr,
    /// What the load passes on its way, if anything.
    pub between: Option<Leashed>,
}

impl Row {
    /// The processes that the load passes.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        self.between.as_ref().map_or(Ok(Vec::new()), Leashed::processes)
    }

    /// Their resident memory in bytes; `None` if there is none between.
    pub(crate) fn resident(&self) -> Result<Option<u64>> {
        self.between.as_ref().map(|it| procfs::resident(&it.processes()?)).transpose()
    }
}
