//! nginx as a plain reverse proxy, in a prefix of its own.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::children::{Leashed, accepts, free_address};
use crate::options::Options;
use crate::row::{Row, RowName};
use crate::stop::Stop;

const CONFIG: &str = include_str!("../nginx.conf");

/// Starts nginx before `upstream`, with its files under `scratch`.
pub(crate) fn start(
    options: &Options,
    upstream: SocketAddr,
    scratch: &Path,
    stop: &Stop,
) -> Result<Row> {
    let address = free_address()?;
    let prefix = scratch.join("nginx");
    std::fs::create_dir(&prefix)?;
    let prefix_text = prefix.to_str().context("the temporary directory's name is not text")?;
    let config = CONFIG
        .replace("@prefix@", prefix_text)
        .replace("@upstream@", &upstream.to_string())
        .replace("@listen@", &address.to_string());
    std::fs::write(prefix.join("nginx.conf"), config)?;
    let args = ["-p", prefix_text, "-c", "nginx.conf", "-e", "stderr"];
    let log = prefix.join("log");
    let mut nginx = Leashed::start("nginx", &options.nginx, &args, &log, stop)?;
    nginx.wait_until(|| accepts(address)).with_context(|| {
        format!("nginx said: {}", std::fs::read_to_string(&log).unwrap_or_default().trim())
    })?;
    Ok(Row { name: RowName::Nginx, address, between: Some(nginx) })
}
