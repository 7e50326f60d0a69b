//! What `isobar up` puts where: bundle, keys, process configurations, logs.

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use transport::Env;

use super::{child::Plan, real};
use crate::cli::UpArgs;

/// The bundle that is written into a new data directory.
#[derive(RustEmbed)]
#[folder = "sample-bundle"]
struct Sample;

/// One file of the sample bundle.
#[cfg(test)]
pub(super) fn sample(name: &str) -> Option<std::borrow::Cow<'static, [u8]>> {
    Sample::get(name).map(|file| file.data)
}

const PORT_DEFAULT: u16 = 8080;
const ADMIN_OFFSET: u16 = 1;
const SIMULATOR_OFFSET: u16 = 10;

/// The regions of the sample installation, each on a loopback address of its own.
pub(crate) const REGIONS: [(&str, Ipv4Addr); 3] = [
    ("eu-west", Ipv4Addr::new(127, 0, 1, 1)),
    ("eu-central", Ipv4Addr::new(127, 0, 2, 1)),
    ("us-east", Ipv4Addr::new(127, 0, 3, 1)),
];

/// The two keys of the sample tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Keys {
    /// For the workload that may not leave the EU.
    pub(crate) strict: String,
    /// For the workload that may cross to the US by a recorded mechanism.
    pub(crate) lenient: String,
}

/// How a data directory was made; a later start must agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    port: u16,
    real: Vec<String>,
}

/// An installation on disk.
pub(crate) struct Layout {
    data_dir: PathBuf,
    port: u16,
    keys: Keys,
    real: Vec<String>,
    bundle: bundle::Bundle,
}

impl Layout {
    /// Makes what is absent and keeps what is present.
    pub(crate) fn prepare(args: &UpArgs, env: &Env) -> anyhow::Result<Self> {
        let data_dir = &args.data_dir;
        for dir in ["bundle", "gateways", "logs"] {
            let dir = data_dir.join(dir);
            fs::create_dir_all(&dir)
                .with_context(|| format!("cannot make the directory `{}`", dir.display()))?;
        }
        let data_dir = data_dir.canonicalize().context("cannot resolve the data directory")?;
        let swaps = real::swaps(args)?;
        let made =
            Made { port: args.port, real: swaps.iter().map(|s| s.endpoint.clone()).collect() };
        let keys = match read_made(&data_dir)? {
            Some(before) if before != made => bail!(mismatch(&data_dir, &before, &made)),
            Some(_) => read_keys(&data_dir)?,
            None => make(&data_dir, &made, &swaps, env)?,
        };
        let bundle = bundle::load(&data_dir.join("bundle"), env.now())
            .map_err(|report| anyhow::anyhow!("the bundle has mistakes\n{report}"))?;
        let layout = Self { data_dir, port: args.port, keys, real: made.real, bundle };
        layout.write_gateway_configs()?;
        Ok(layout)
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(crate) const fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn real(&self) -> &[String] {
        &self.real
    }

    pub(crate) const fn bundle(&self) -> &bundle::Bundle {
        &self.bundle
    }

    /// Where callers of a region connect.
    pub(crate) fn gateway(&self, address: Ipv4Addr) -> SocketAddr {
        gateway_address(address, self.port)
    }

    /// Where a region's metrics and readiness are.
    pub(crate) fn admin(&self, address: Ipv4Addr) -> SocketAddr {
        admin_address(address, self.port)
    }

    /// Where the simulated providers are.
    pub(crate) fn simulator(&self) -> SocketAddr {
        simulator_address(self.port)
    }

    /// The processes to run, in the order of their readiness.
    pub(crate) fn children(&self) -> anyhow::Result<Vec<Plan>> {
        let mut plans = vec![self.simulator_plan()];
        for (region, address) in REGIONS {
            let config = self.config_file(region);
            plans.push(Plan {
                name: format!("gateway {region}"),
                args: vec![
                    "serve".to_owned(),
                    "--exit-with-parent".to_owned(),
                    "--config".to_owned(),
                    config.to_str().context("the data directory's path is not UTF-8")?.to_owned(),
                ],
                log_file: self.log_file(region),
                ready_uri: format!("http://{}/ready", self.admin(address)),
            });
        }
        Ok(plans)
    }

    fn simulator_plan(&self) -> Plan {
        let mut args = vec!["simulator".to_owned(), "--exit-with-parent".to_owned()];
        args.extend(["--listen".to_owned(), self.simulator().to_string()]);
        for endpoint in &self.bundle.endpoints {
            args.extend(["--endpoint".to_owned(), format!("{}={}", endpoint.id, endpoint.region)]);
        }
        Plan {
            name: "simulator".to_owned(),
            args,
            log_file: self.log_file("simulator"),
            ready_uri: format!("http://{}/_sim/ready", self.simulator()),
        }
    }

    /// Writes what scripts need to know, in one step, so that a reader never sees half of it.
    pub(crate) fn write_ready_file(&self, file: &Path) -> anyhow::Result<()> {
        let gateways: serde_json::Map<_, _> = REGIONS
            .iter()
            .map(|(region, ip)| {
                ((*region).to_owned(), format!("http://{}", self.gateway(*ip)).into())
            })
            .collect();
        let admin: serde_json::Map<_, _> = REGIONS
            .iter()
            .map(|(region, ip)| {
                ((*region).to_owned(), format!("http://{}", self.admin(*ip)).into())
            })
            .collect();
        let endpoints: Vec<_> = self
            .bundle
            .endpoints
            .iter()
            .map(|e| serde_json::json!({"name": e.id, "region": e.region, "provider": e.vendor}))
            .collect();
        let ready = serde_json::json!({
            "gateways": gateways,
            "admin": admin,
            "endpoints": endpoints,
            "models": self.bundle.models,
            "keys": self.keys,
            "simulator": format!("http://{}", self.simulator()),
            "director": null,
            "data_dir": self.data_dir,
        });
        let partial = file.with_extension("partial");
        write_private(&partial, &format!("{ready:#}\n"))?;
        fs::rename(&partial, file)
            .with_context(|| format!("cannot write the ready file `{}`", file.display()))
    }

    fn config_file(&self, region: &str) -> PathBuf {
        self.data_dir.join("gateways").join(format!("{region}.yaml"))
    }

    fn log_file(&self, name: &str) -> PathBuf {
        self.data_dir.join("logs").join(format!("{name}.log"))
    }

    fn write_gateway_configs(&self) -> anyhow::Result<()> {
        for (region, address) in REGIONS {
            let text = format!(
                "# Written by `isobar up` at each start.\nregion: {region}\nlisten: {}\nadmin_listen: {}\n\
                 bundle: ../bundle\ndata_dir: ..\ndrain_time_max: 10s\nlog: json\n",
                self.gateway(address),
                self.admin(address),
            );
            let file = self.config_file(region);
            fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        Ok(())
    }
}

fn gateway_address(address: Ipv4Addr, port: u16) -> SocketAddr {
    SocketAddr::new(address.into(), port)
}

fn admin_address(address: Ipv4Addr, port: u16) -> SocketAddr {
    SocketAddr::new(address.into(), port + ADMIN_OFFSET)
}

fn simulator_address(port: u16) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port + SIMULATOR_OFFSET)
}

/// Fails with a sentence when an address is taken. Asked before anything is written, so that the
/// next try with another port finds nothing in its way.
pub(crate) fn check_ports(port: u16) -> anyhow::Result<()> {
    let addresses =
        REGIONS.iter().flat_map(|(_, ip)| [gateway_address(*ip, port), admin_address(*ip, port)]);
    for address in addresses.chain([simulator_address(port)]) {
        transport::bind(address, 1).with_context(|| {
            format!("another `isobar up` may be running; `--port` moves this one (now {port})")
        })?;
    }
    Ok(())
}

fn read_made(data_dir: &Path) -> anyhow::Result<Option<Made>> {
    let file = data_dir.join("up.json");
    match fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text)
            .map(Some)
            .with_context(|| format!("`{}` is damaged; use another --data-dir", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", file.display())),
    }
}

fn read_keys(data_dir: &Path) -> anyhow::Result<Keys> {
    let file = data_dir.join("keys.json");
    let text = fs::read_to_string(&file)
        .with_context(|| format!("cannot read the sample keys `{}`", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("`{}` is damaged", file.display()))
}

fn mismatch(data_dir: &Path, before: &Made, now: &Made) -> String {
    let how = |made: &Made| {
        let real = if made.real.is_empty() { "none".to_owned() } else { made.real.join(", ") };
        format!("port {}, real endpoints: {real}", made.port)
    };
    format!(
        "`{}` was made with {}, and this start asks for {}; use the same, or another --data-dir",
        data_dir.display(),
        how(before),
        how(now)
    )
}

fn make(data_dir: &Path, made: &Made, swaps: &[real::Swap], env: &Env) -> anyhow::Result<Keys> {
    let (strict, strict_hash) = identity::mint("demo", "acme-strict", env.random_bytes());
    let (lenient, lenient_hash) = identity::mint("demo", "acme-lenient", env.random_bytes());
    let keys = Keys { strict, lenient };
    for name in Sample::iter() {
        let Some(file) = Sample::get(&name) else { continue };
        let text = std::str::from_utf8(&file.data).context("a sample file is not UTF-8")?;
        let text = text
            .replace("@STRICT_KEY_SHA256@", &strict_hash)
            .replace("@LENIENT_KEY_SHA256@", &lenient_hash);
        let text = swaps.iter().fold(text, |text, swap| swap.apply(&name, &text));
        let path = data_dir.join("bundle").join(name.as_ref());
        fs::write(&path, at_port(&text, made.port))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    write_private(&data_dir.join("keys.json"), &serde_json::to_string_pretty(&keys)?)?;
    // Last, so that an interrupted start begins again.
    write_private(&data_dir.join("up.json"), &serde_json::to_string_pretty(made)?)?;
    Ok(keys)
}

/// The sample is written for the default port.
fn at_port(text: &str, port: u16) -> String {
    let swap = |text: String, offset: u16| {
        text.replace(&format!(":{}", PORT_DEFAULT + offset), &format!(":{}", port + offset))
    };
    // The simulator first: with a port ten below the default, its new port would be taken for the
    // gateways' old one.
    if port == PORT_DEFAULT {
        return text.to_owned();
    }
    let marked = text.replace(&format!(":{}", PORT_DEFAULT + SIMULATOR_OFFSET), ":@SIMULATOR@");
    swap(marked, 0).replace(":@SIMULATOR@", &format!(":{}", port + SIMULATOR_OFFSET))
}

fn write_private(file: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut options = fs::OpenOptions::new();
        let mut out = options.write(true).create(true).truncate(true).mode(0o600).open(file)?;
        out.write_all(text.as_bytes())
    };
    write().with_context(|| format!("cannot write `{}`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_moves_to_another_port_whole() {
        let text = "a: 127.0.1.1:8080\nb: 127.0.0.1:8090/x\n";
        assert_eq!(at_port(text, 9000), "a: 127.0.1.1:9000\nb: 127.0.0.1:9010/x\n");
        assert_eq!(at_port(text, 8070), "a: 127.0.1.1:8070\nb: 127.0.0.1:8080/x\n");
        assert_eq!(at_port(text, 8080), text);
    }
}
