//! `isobar simulator`

use anyhow::Context as _;
use simulator::{Config, EndpointSpec, Simulator, Vendor};

use crate::{cli::SimulatorArgs, config::LogFormat, log, print, serve};

/// The endpoints of the sample bundle.
const SAMPLE: [(&str, &str); 6] = [
    ("openai-eu-west", "eu-west"),
    ("anthropic-eu-west", "eu-west"),
    ("openai-eu-central", "eu-central"),
    ("anthropic-eu-central", "eu-central"),
    ("openai-us-east", "us-east"),
    ("anthropic-us-east", "us-east"),
];

/// Runs the simulator until Ctrl-C, SIGTERM, or its parent's end.
pub(crate) fn run(args: &SimulatorArgs) -> anyhow::Result<()> {
    log::start(LogFormat::Text);
    let config = config(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let simulator = Simulator::bind(args.listen, config).with_context(|| {
            format!("cannot listen on `{}`; stop the other process or use --listen", args.listen)
        })?;
        print::line(format_args!("simulator ready on http://{}", simulator.local_addr()));
        simulator.run(serve::asked_to_leave(args.exit_with_parent)).await?;
        Ok(())
    })
}

fn config(args: &SimulatorArgs) -> anyhow::Result<Config> {
    if let Some(file) = &args.config {
        let text =
            std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        return serde_json::from_slice(&text)
            .with_context(|| format!("`{}` is not a simulator's configuration", file.display()));
    }
    let endpoints = if args.endpoints.is_empty() {
        SAMPLE.iter().map(|(name, region)| endpoint(name, region)).collect()
    } else {
        let parsed: anyhow::Result<Vec<_>> =
            args.endpoints.iter().map(|text| parse(text)).collect();
        parsed?
    };
    Ok(Config { endpoints, ..Config::default() })
}

fn parse(text: &str) -> anyhow::Result<EndpointSpec> {
    let pair = text.split_once('=').filter(|(name, region)| !name.is_empty() && !region.is_empty());
    let (name, region) = pair.with_context(|| {
        format!("`{text}` is not an endpoint: write NAME=REGION, e.g. openai-eu-west=eu-west")
    })?;
    Ok(endpoint(name, region))
}

fn endpoint(name: &str, region: &str) -> EndpointSpec {
    let named = Vendor::ALL.into_iter().find(|vendor| name.starts_with(vendor.as_str()));
    let vendor = named.unwrap_or(Vendor::OpenAi);
    EndpointSpec::new(name, region, vendor)
}
