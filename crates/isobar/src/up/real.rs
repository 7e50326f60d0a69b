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
pub(crate) fn swaps(args: &UpArgs) -> Vec<Swap> {
    if !args.real {
        return Vec::new();
    }
    let (openai_large, openai_small) = pair(&args.openai_models);
    let (anthropic_large, anthropic_small) = pair(&args.anthropic_models);
    let openai = |region: &str, base_url| Swap {
        endpoint: format!("openai-{region}"),
        simulated: format!("http://127.0.0.1:8090/openai-{region}/v1"),
        base_url,
        key_env: "OPENAI_API_KEY",
        models: [("gpt-sim-large", openai_large.clone()), ("gpt-sim-small", openai_small.clone())],
    };
    let anthropic = Swap {
        endpoint: "anthropic-us-east".to_owned(),
        simulated: "http://127.0.0.1:8090/anthropic-us-east".to_owned(),
        base_url: "https://api.anthropic.com",
        key_env: "ANTHROPIC_API_KEY",
        models: [("claude-sim-large", anthropic_large), ("claude-sim-small", anthropic_small)],
    };
    [
        openai("eu-west", "https://eu.api.openai.com/v1"),
        openai("eu-central", "https://eu.api.openai.com/v1"),
        openai("us-east", "https://us.api.openai.com/v1"),
        anthropic,
    ]
    .into_iter()
    .filter(|swap| crate::environment(swap.key_env).is_some())
    .collect()
}

fn pair(models: &str) -> (String, String) {
    let (large, small) = models.split_once(',').unwrap_or((models, models));
    (large.trim().to_owned(), small.trim().to_owned())
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
