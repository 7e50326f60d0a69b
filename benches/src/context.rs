//! What figures depend on and do not show: the machine, its disk, and the proxy's version.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::clock;

/// Where it was measured.
pub(crate) struct Context {
    /// The processor's name, as the kernel has it.
    pub processor: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// The kernel's release.
    pub kernel: String,
    /// nginx's own word.
    pub nginx: String,
    /// Median time to write 4 KiB to a preallocated file in the scratch directory and sync it:
    /// what an entry of a journal costs at least, if it waits alone.
    pub sync_us: f64,
}

impl Context {
    /// Looks around.
    pub(crate) fn look(nginx: &Path, scratch: &Path) -> Result<Self> {
        Ok(Self {
            processor: processor().unwrap_or_else(|| "unknown processor".to_owned()),
            cores: std::thread::available_parallelism()?.get(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            nginx: version(nginx).unwrap_or_else(|| "nginx of unknown version".to_owned()),
            sync_us: sync_us(scratch)?,
        })
    }
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

fn version(nginx: &Path) -> Option<String> {
    let output = Command::new(nginx).arg("-v").output().ok()?;
    let text = String::from_utf8(output.stderr).ok()?;
    text.split_once(": ").map(|(_, version)| version.trim().to_owned())
}

fn sync_us(scratch: &Path) -> Result<f64> {
    const BLOCK: [u8; 4096] = [1; 4096];
    let path = scratch.join("sync");
    let mut file = File::create(&path)?;
    file.write_all(&[0; 1 << 20])?;
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let mut times = Vec::new();
    for _ in 0..51 {
        let before = clock::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        times.push(before.elapsed().as_secs_f64() * 1e6);
    }
    fs::remove_file(path)?;
    times.sort_by(f64::total_cmp);
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}
