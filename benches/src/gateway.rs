//! The gateway with all controls on: a key, a policy, and evidence that is on disk before the
//! first byte of an answer.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::children::{Leashed, free_address};
use crate::options::Options;
use crate::request;
use crate::row::{Row, RowName};
use crate::stop::Stop;

/// The bundle; words in @ are filled in.
const BUNDLE: [(&str, &str); 10] = [
    ("bundle.yaml", include_str!("../bundle/bundle.yaml")),
    ("certificates.yaml", include_str!("../bundle/certificates.yaml")),
    ("endpoints.yaml", include_str!("../bundle/endpoints.yaml")),
    ("models.yaml", include_str!("../bundle/models.yaml")),
    ("regions.yaml", include_str!("../bundle/regions.yaml")),
    ("routes.yaml", include_str!("../bundle/routes.yaml")),
    ("tenants.yaml", include_str!("../bundle/tenants.yaml")),
    ("transfers.yaml", include_str!("../bundle/transfers.yaml")),
    ("upstream.key", include_str!("../bundle/upstream.key")),
    ("workloads.yaml", include_str!("../bundle/workloads.yaml")),
];
/// The process configuration; words in @ are filled in.
const CONFIG: &str = include_str!("../gateway.yaml");

/// Starts `isobar serve` before `upstream`, with its files under `scratch`.
pub(crate) fn start(
    options: &Options,
    upstream: SocketAddr,
    scratch: &Path,
    stop: &Stop,
) -> Result<Row> {
    let program = program(options)?;
    let (address, admin) = (free_address()?, free_address()?);
    let home = scratch.join("isobar");
    let bundle = home.join("bundle");
    std::fs::create_dir_all(&bundle)?;
    let fill = |text: &str| {
        text.replace("@listen@", &address.to_string())
            .replace("@admin_listen@", &admin.to_string())
            .replace("@upstream@", &upstream.to_string())
    };
    for (name, text) in BUNDLE {
        std::fs::write(bundle.join(name), fill(text))?;
    }
    let config = home.join("gateway.yaml");
    std::fs::write(&config, fill(CONFIG))?;
    let config = config.to_str().context("the temporary directory's name is not text")?;
    let log = home.join("log");
    let mut gateway =
        Leashed::start("isobar", &program, &["serve", "--config", config], &log, stop)?;
    gateway.wait_until(|| is_ready(admin)).with_context(|| {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        format!("the gateway said: {}", said.trim())
    })?;
    Ok(Row { name: RowName::Gateway, address, between: Some(gateway) })
}

fn program(options: &Options) -> Result<PathBuf> {
    let program = match &options.gateway {
        Some(program) => program.clone(),
        None => std::env::current_exe()?.with_file_name("isobar"),
    };
    if !program.exists() {
        bail!(
            "there is no gateway at `{}`: build it with `cargo build --release -p isobar`, or say \
             --without-gateway",
            program.display()
        );
    }
    Ok(program)
}

fn is_ready(admin: SocketAddr) -> bool {
    request::exchange(admin, &request::get("/ready")).is_ok_and(|answer| answer.status == 200)
}
