//! The command line: what can be asked, and how it is explained.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Isobar: a self-hosted, multi-region AI gateway whose failover stays inside your policy.
///
/// Start a complete three-region installation on this machine with `isobar up`; it prints what to
/// try. Run one gateway of your own with `isobar serve --config FILE`.
#[derive(Debug, Parser)]
#[command(name = "isobar", version, max_term_width = 100, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value_t = Output::Text, help_heading = "Global options")]
    pub(crate) output: Output,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs: one JSON document, or one per line for lists that go on.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a complete installation on this machine: three gateways and simulated providers.
    Up(UpArgs),
    /// Run one gateway.
    Serve(ServeArgs),
    /// Check bundles of configuration and policy.
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Ask what policy says, and why.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Show what routes cost, and look prices up in a public list.
    #[command(subcommand)]
    Prices(PricesCommand),
    /// Read and verify evidence. Works on files alone; no gateway need run.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Break simulated providers on purpose.
    #[command(subcommand)]
    Fault(FaultCommand),
    /// Make API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Run the provider simulator alone.
    Simulator(SimulatorArgs),
    /// Print a completion script for your shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// `isobar up`
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// Where everything is kept: bundle, keys, journals, logs. Made if absent, reused if present.
    #[arg(long, value_name = "DIR", default_value = "isobar-data")]
    pub(crate) data_dir: PathBuf,
    /// Write a JSON file once everything is ready: addresses, endpoints, models and keys.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// First port: gateways listen on it (127.0.1.1, 127.0.2.1, 127.0.3.1), their admin ports on the
    /// next, the simulator ten above (127.0.0.1).
    #[arg(long, value_name = "PORT", default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..=65_500))]
    pub(crate) port: u16,
    /// Use real vendors for endpoints whose keys are in the environment (OPENAI_API_KEY,
    /// ANTHROPIC_API_KEY). Calls then cost money and prompts leave this machine; the sample's
    /// certificates describe simulated providers, so do not send what they are meant to protect.
    #[arg(long)]
    pub(crate) real: bool,
    /// Upstream models that `--real` puts behind chat-large and chat-small at OpenAI; needed with
    /// OPENAI_API_KEY.
    #[arg(long, value_name = "LARGE,SMALL", requires = "real")]
    pub(crate) openai_models: Option<String>,
    /// Upstream models that `--real` puts behind chat-large and chat-small at Anthropic; needed
    /// with ANTHROPIC_API_KEY.
    #[arg(long, value_name = "LARGE,SMALL", requires = "real")]
    pub(crate) anthropic_models: Option<String>,
}

/// `isobar serve`
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The gateway's process configuration (YAML): region, addresses, bundle, data directory.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Leave when standard input closes, so that a gateway never outlives what started it.
    #[arg(long, hide = true)]
    pub(crate) exit_with_parent: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Explain every mistake in a bundle directory with file, line and remedy.
    ///
    /// Exit code 0: the bundle can be used (warnings may be printed). 1: it has mistakes. 2: it could
    /// not be read.
    Check {
        /// The bundle directory.
        dir: PathBuf,
        /// Treat warnings as mistakes.
        #[arg(long)]
        strict: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say which routes may serve a request, in which order, and which control each of the others
    /// fails.
    ///
    /// For a hypothetical request give --gateway, --workload, --model and --origin. For a past one give
    /// its id; the decision is taken from its evidence and replayed against the bundle.
    Explain(ExplainArgs),
}

/// `isobar policy explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A past request, by its id (`x-request-id`).
    #[arg(value_name = "REQUEST_ID")]
    pub(crate) request: Option<String>,
    /// The bundle directory. Default: the bundle inside --data-dir.
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: Option<PathBuf>,
    /// The data directory of `isobar up` or of a gateway.
    #[arg(long, value_name = "DIR", default_value = "isobar-data")]
    pub(crate) data_dir: PathBuf,
    /// The region of the gateway that is asked.
    #[arg(long, value_name = "REGION")]
    pub(crate) gateway: Option<String>,
    /// The tenant.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// The workload.
    #[arg(long, value_name = "WORKLOAD")]
    pub(crate) workload: Option<String>,
    /// The logical model.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// The jurisdiction the request comes from.
    #[arg(long, value_name = "JURISDICTION")]
    pub(crate) origin: Option<String>,
    /// The request brings function tools.
    #[arg(long)]
    pub(crate) tools: bool,
    /// The request asks for a tool the provider runs, e.g. `web_search`. May be repeated.
    #[arg(long, value_name = "TOOL")]
    pub(crate) hosted_tool: Vec<String>,
    /// Decide as of this time (RFC 3339) instead of now.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PricesCommand {
    /// Show what each route costs, where the figure is from, and of which day it is.
    ///
    /// Amounts are US dollars per million tokens. A route without a price serves as any other; the
    /// cost of its answers is on record as unknown.
    Show {
        #[command(flatten)]
        at: BundleAt,
    },
    /// Look up the prices of the models that the bundle's routes use in a public list, and say what
    /// would change.
    ///
    /// The list is the one that LiteLLM publishes, `model_prices_and_context_window.json`; fetch it
    /// yourself, for this command opens no connection. Each model is looked up under the name it has
    /// at its seller: bare at OpenAI and Anthropic, with the region or the profile at Bedrock
    /// (`bedrock/eu-west-1/…`, `eu.…`), with a prefix elsewhere (`azure/`, `vertex_ai/`, `mistral/`).
    /// Regional surcharges are added as a multiplier. Nothing is written without --write.
    ///
    /// In `prices.yaml` what you wrote stays as it is, above a line; what was imported stands below
    /// it. A route whose price you wrote is not looked up.
    ///
    /// Example: isobar prices import --list prices.json.gz --bundle ./bundle --write
    Import(PricesImportArgs),
}

/// Which bundle is meant.
#[derive(Debug, Args)]
pub(crate) struct BundleAt {
    /// The bundle directory. Default: the bundle inside --data-dir.
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: Option<PathBuf>,
    /// The data directory of `isobar up` or of a gateway.
    #[arg(long, value_name = "DIR", default_value = "isobar-data")]
    pub(crate) data_dir: PathBuf,
}

/// `isobar prices import`
#[derive(Debug, Args)]
pub(crate) struct PricesImportArgs {
    /// The public price list: JSON, or JSON packed by gzip.
    #[arg(long, value_name = "FILE")]
    pub(crate) list: PathBuf,
    #[command(flatten)]
    pub(crate) at: BundleAt,
    /// Write `prices.yaml` into the bundle.
    #[arg(long)]
    pub(crate) write: bool,
    /// The day on which the list held. Default: the day its file was last changed.
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
    /// Take a route's price from this key of the list, e.g. for an Azure deployment with a name of
    /// your own: `--key my-route=azure/eu/gpt-4o-mini`. May be repeated.
    #[arg(long = "key", value_name = "ROUTE=KEY")]
    pub(crate) keys: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show every entry of one request, from all journals, in order of time.
    Show {
        /// The request id (`x-request-id`).
        request: String,
        /// Where the journals are.
        #[arg(long, value_name = "DIR", default_value = "isobar-data")]
        data_dir: PathBuf,
    },
    /// Show the newest entries.
    Tail {
        /// How many.
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: usize,
        /// Go on showing entries as they come.
        #[arg(long, short)]
        follow: bool,
        /// Where the journals are.
        #[arg(long, value_name = "DIR", default_value = "isobar-data")]
        data_dir: PathBuf,
    },
    /// Prove that nothing in a journal was changed, removed, added or reordered.
    ///
    /// Exit code 0: everything holds. 1: something does not; the first place is named. 2: it could not
    /// be read.
    Verify {
        /// A data directory or one journal.
        dir: PathBuf,
    },
}

/// Where the simulator is.
#[derive(Debug, Args)]
pub(crate) struct SimulatorAddress {
    /// The simulator's base URL.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8090",
        env = "ISOBAR_SIMULATOR"
    )]
    pub(crate) simulator: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FaultCommand {
    /// Make an endpoint fail from now on.
    ///
    /// Example: isobar fault set openai-eu-west cut_after_tokens --param n=5 --count 10
    Set(FaultSetArgs),
    /// End faults: one by its id, those of an endpoint, or all.
    Clear {
        /// An endpoint; all endpoints if absent.
        endpoint: Option<String>,
        /// One fault, by the id that `set` and `list` print.
        #[arg(long, value_name = "ID", conflicts_with = "endpoint")]
        id: Option<u64>,
        #[command(flatten)]
        at: SimulatorAddress,
    },
    /// List the faults in force.
    List {
        /// List what can be injected instead.
        #[arg(long)]
        kinds: bool,
        #[command(flatten)]
        at: SimulatorAddress,
    },
}

/// `isobar fault set`
#[derive(Debug, Args)]
pub(crate) struct FaultSetArgs {
    /// The endpoint, e.g. openai-eu-west.
    pub(crate) endpoint: String,
    /// The kind; `isobar fault list --kinds` explains each.
    pub(crate) kind: String,
    /// Only for this upstream model.
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Only for the next N requests.
    #[arg(long)]
    pub(crate) count: Option<u64>,
    /// Only for this share of requests, 0 to 1.
    #[arg(long)]
    pub(crate) probability: Option<f64>,
    /// Parameters of the kind, e.g. `--param code=529` or `--param n=5`. May be repeated.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    #[command(flatten)]
    pub(crate) at: SimulatorAddress,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make an API key: prints the key, which is shown once, and the lines for tenants.yaml, which hold
    /// only its hash.
    New {
        /// The key's public id, e.g. `support-prod`.
        id: String,
        /// What the key is for; stands in the key itself.
        #[arg(long, default_value = "live")]
        env: String,
    },
}

/// `isobar simulator`
#[derive(Debug, Args)]
pub(crate) struct SimulatorArgs {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8090")]
    pub(crate) listen: SocketAddr,
    /// Endpoints as NAME=REGION; a name that begins with `anthropic`, `azure`, `bedrock`, `vertex`,
    /// `mistral` or `identity` speaks that API, any other OpenAI's. Default: those of the sample bundle.
    #[arg(long = "endpoint", value_name = "NAME=REGION")]
    pub(crate) endpoints: Vec<String>,
    /// Endpoints, pace and bounds from a JSON file instead; there, endpoints may ask for keys.
    #[arg(long, value_name = "FILE", conflicts_with = "endpoints")]
    pub(crate) config: Option<PathBuf>,
    /// Leave when standard input closes.
    #[arg(long, hide = true)]
    pub(crate) exit_with_parent: bool,
}
