//! `--real`: which sample endpoints become real vendors, and what that changes in the sample bundle.
//!
//! A region's endpoint becomes real only where the vendor really has that region: OpenAI has hosts for
//! the EU and the US. Anthropic's own API offers no processing in the EU, so only its US endpoint
//! becomes real; the others stay simulated, and the certificates stay true.

use crate::cli::UpArgs;

/// One endpoint that becomes real.
#[derive(Debug, Clone)]
pub(crate) struct Swap {
    /// The endpoint.
    pub(crate) endpoint: String,
    simulated: String,
    base_url: &'static str,
    key_env: &'static str,
    models: [(&'static str, String); 2],
}

/// The endpoints that become real: those whose vendor's key is in the environment.
///
/// # Errors
/// When `--real` finds no key, or is not told which models to use.
pub(crate) fn swaps(args: &UpArgs) -> anyhow::Result<Vec<Swap>> {
    if !args.real {
        return Ok(Vec::new());
    }
    let openai = vendor(OPENAI_KEY, "--openai-models", args.openai_models.as_deref())?;
    let anthropic = vendor(ANTHROPIC_KEY, "--anthropic-models", args.anthropic_models.as_deref())?;
    if openai.is_none() && anthropic.is_none() {
        anyhow::bail!(
            "--real finds no vendor's key: set {OPENAI_KEY} or {ANTHROPIC_KEY} in the environment, or leave --real out"
        );
    }
    let openai = openai.into_iter().flat_map(|models| {
        OPENAI_HOSTS.map(|(region, base_url)| Swap {
            endpoint: format!("openai-{region}"),
            simulated: format!("http://127.0.0.1:8090/openai-{region}/v1"),
            base_url,
            key_env: OPENAI_KEY,
            models: [("gpt-sim-large", models.0.clone()), ("gpt-sim-small", models.1.clone())],
        })
    });
    let anthropic = anthropic.into_iter().map(|(large, small)| Swap {
        endpoint: "anthropic-us-east".to_owned(),
        simulated: "http://127.0.0.1:8090/anthropic-us-east".to_owned(),
        base_url: "https://api.anthropic.com",
        key_env: ANTHROPIC_KEY,
        models: [("claude-sim-large", large), ("claude-sim-small", small)],
    });
    Ok(openai.chain(anthropic).collect())
}

const OPENAI_KEY: &str = "OPENAI_API_KEY";
const ANTHROPIC_KEY: &str = "ANTHROPIC_API_KEY";
const OPENAI_HOSTS: [(&str, &str); 3] = [
    ("eu-west", "https://eu.api.openai.com/v1"),
    ("eu-central", "https://eu.api.openai.com/v1"),
    ("us-east", "https://us.api.openai.com/v1"),
];

/// The large and the small model of a vendor whose key is set.
fn vendor(
    key: &str,
    option: &str,
    models: Option<&str>,
) -> anyhow::Result<Option<(String, String)>> {
    if crate::environment(key).is_none() {
        return Ok(None);
    }
    let pair = models.and_then(|models| models.split_once(','));
    let (large, small) = pair.ok_or_else(|| {
        anyhow::anyhow!("{key} is set: say which upstream models to use, as {option} LARGE,SMALL")
    })?;
    Ok(Some((large.trim().to_owned(), small.trim().to_owned())))
}

impl Swap {
    /// The sample file `name` with this endpoint made real.
    pub(crate) fn apply(&self, name: &str, text: &str) -> String {
        match name {
            "endpoints.yaml" => {
                let simulated = format!("base_url: {}\n", self.simulated);
                let real = |indent: &str| {
                    format!(
                        "base_url: {}\n{indent}credential: {{ env: {} }}\n",
                        self.base_url, self.key_env
                    )
                };
                text.split_inclusive('\n')
                    .map(|line| {
                        let indent = &line[..line.len() - line.trim_start().len()];
                        line.replace(&simulated, &real(indent))
                    })
                    .collect()
            }
            "routes.yaml" => self.apply_models(text),
            _ => text.to_owned(),
        }
    }

    /// Renames upstream models in the routes of this endpoint: each route is one list item.
    fn apply_models(&self, text: &str) -> String {
        let mine = format!("endpoint: {}", self.endpoint);
        let rename = |item: &str| {
            let ours = item.lines().any(|line| {
                let line = line.trim().trim_start_matches("- ");
                line == mine
                    || line.contains(&format!("{mine},"))
                    || line.contains(&format!("{mine} "))
            });
            let models = if ours { self.models.as_slice() } else { &[] };
            models.iter().fold(item.to_owned(), |item, (from, to)| item.replace(from, to))
        };
        let mut items = text.split("\n- ");
        let head = items.next().unwrap_or_default().to_owned();
        items.fold(head, |out, item| out + "\n- " + &rename(item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swap() -> Swap {
        Swap {
            endpoint: "openai-eu-west".to_owned(),
            simulated: "http://127.0.0.1:8090/openai-eu-west/v1".to_owned(),
            base_url: "https://eu.api.openai.com/v1",
            key_env: "OPENAI_API_KEY",
            models: [("gpt-sim-large", "big".to_owned()), ("gpt-sim-small", "tiny".to_owned())],
        }
    }

    fn sample(name: &str) -> String {
        let file = super::super::layout::sample(name).unwrap();
        String::from_utf8(file.to_vec()).unwrap()
    }

    #[test]
    fn a_real_endpoint_gets_the_vendors_host_and_a_credential() {
        let after = swap().apply("endpoints.yaml", &sample("endpoints.yaml"));
        let expected = "  base_url: https://eu.api.openai.com/v1\n  \
                        credential: { env: OPENAI_API_KEY }\n";
        assert!(after.contains(expected), "{after}");
        assert!(after.contains("http://127.0.0.1:8090/openai-eu-central/v1"));
        assert!(!after.contains("http://127.0.0.1:8090/openai-eu-west/v1"));
    }

    #[test]
    fn only_the_routes_of_a_real_endpoint_change_their_model() {
        let before = sample("routes.yaml");
        let after = swap().apply("routes.yaml", &before);
        assert_eq!(after.matches("upstream_model: big").count(), 1);
        assert_eq!(after.matches("upstream_model: tiny").count(), 1);
        let still = before.matches("gpt-sim-large").count() - 1;
        assert_eq!(after.matches("gpt-sim-large").count(), still);
    }
}
