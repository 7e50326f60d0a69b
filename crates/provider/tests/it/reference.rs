//! The reference page of providers is written from the catalogue, so that it cannot lag behind.

use std::{fmt::Write as _, fs, path::Path};

use provider::{Provider, Settings, catalog};

/// Set it to write the page anew.
const WRITE: &str = "ISOBAR_WRITE_DOCS";
const HEAD: &str = "# Providers\n\n\
What `provider:` of an endpoint may be, and what else such an endpoint may say in `endpoints.yaml` besides \
`id`, `vendor`, `region`, `base_url`, `headers` and [`credential`](credentials.md). A test writes this page from the \
catalogue.\n\n\
*Speaks* lists the upstream dialects, the preferred one of each kind first; which of them a request goes to, and \
what each carries, is in [What each dialect carries](dialects.md). *Where prompts go* is what the address and the \
model's name promise: `isobar bundle check` holds it against the certificate.\n";
/// Models whose names decide where prompts go or which dialects serve them.
const MODELS: &[(&str, &[&str])] = &[
    (
        "bedrock",
        &[
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
            "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "amazon.nova-lite-v1:0",
            "amazon.titan-embed-text-v2:0",
            "cohere.embed-multilingual-v3",
        ],
    ),
    ("bedrock-mantle", &["anthropic.claude-opus-4-8", "openai.gpt-oss-120b", "zai.glm-4.7"]),
    ("vertex", &["gemini-2.5-flash", "claude-sonnet-4-5", "text-embedding-005"]),
    ("gemini", &["gemini-2.5-flash"]),
];

fn settings(provider: &dyn Provider) -> Settings {
    let required = provider.settings().iter().filter(|setting| setting.required);
    let values = required.map(|setting| (setting.name.to_owned(), setting.example.to_owned()));
    Settings { values: values.collect(), ..Settings::default() }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for provider in catalog() {
        let _ = write!(page, "\n## {}\n\n", provider.name());
        if provider.settings().is_empty() {
            page += "No settings of its own.\n\n";
        } else {
            page += "| setting | is | e.g. |\n|---|---|---|\n";
            for setting in provider.settings() {
                let must = if setting.required { " (required)" } else { "" };
                let (name, what, example) = (setting.name, setting.what, setting.example);
                let _ = writeln!(page, "| `{name}`{must} | {what} | `{example}` |");
            }
            page.push('\n');
        }
        let named = MODELS.iter().find(|(name, _)| *name == provider.name());
        page += "| model | speaks | where prompts go |\n|---|---|---|\n";
        for model in named.map_or(&["any"][..], |(_, models)| models) {
            let settings = settings(*provider);
            let speaks: Vec<_> =
                provider.speaks(&settings, model).iter().map(|dialect| dialect.as_str()).collect();
            let reach = provider.reach(&settings, model);
            let shown = if *model == "any" { "any".to_owned() } else { format!("`{model}`") };
            let _ = writeln!(page, "| {shown} | {} | {reach} |", speaks.join(", "));
        }
    }
    page
}

#[test]
fn the_page_of_providers_says_what_the_catalogue_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/providers.md");
    let page = page();
    #[expect(clippy::disallowed_methods, reason = "a switch for people, not for the product")]
    let write = std::env::var_os(WRITE).is_some();
    if write {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "run {WRITE}=1 cargo test -p provider, and look at what changed");
}
