//! `isobar key new`

use anyhow::Context as _;
use transport::Env;
use vocab::CredentialId;

use crate::{cli::Output, print};

/// Makes a key and prints it with the lines that put it into a bundle.
pub(crate) fn new(id: &str, env: &str, output: Output) -> anyhow::Result<()> {
    let id: CredentialId = id.parse().context("the key's id")?;
    let (key, sha256) = identity::mint(env, id.as_str(), Env::real().random_bytes());
    match output {
        Output::Json => {
            print::json(&serde_json::json!({"id": id, "key": key, "secret_sha256": sha256}))
        }
        Output::Text => {
            print::line(format_args!(
                "{key}\n\nKeep it now: it is not stored anywhere. In tenants.yaml, under the tenant's keys:\n\n\
                 \x20   - id: {id}\n\x20     secret_sha256: \"{sha256}\"\n\x20     workloads: [WORKLOAD]\n\x20     \
                 origin: JURISDICTION"
            ));
            Ok(())
        }
    }
}
