//! Every server that speaks OpenAI's Chat Completions API: vLLM, TGI, llama.cpp, Ollama, Groq,
//! DeepSeek …
//!
//! `base_url` includes the version, as in every OpenAI SDK: `http://127.0.0.1:8000/v1`.

use dialect::{OutputLimit, UpstreamDialect};
use vocab::HttpHead;

use crate::{
    Credential, Endpoint, Issuer, Observed, Provider, Reach, Setting, Settings, SettingsError,
    base::{Base, Shape},
    openai_api::{
        APIS, APIS_SETTING, APPENDED, ORGANIZATION, PROJECT, bearer, billed, check_apis, observe,
        reach, speaks,
    },
};

const SHAPE: Shape = Shape { example: "https://api.openai.com/v1", appended: &APPENDED };
/// What nearly every such server has; `responses` is OpenAI's own and a few others'.
const APIS_DEFAULT: &str = "chat, embeddings";

const OUTPUT_LIMIT: Setting = Setting {
    name: "output_limit",
    what: "the field in which the server reads the output limit, `max_tokens` (unless it is OpenAI itself) or `max_completion_tokens`",
    example: "max_tokens",
    required: false,
};
static SETTINGS: [Setting; 4] = [APIS_SETTING, ORGANIZATION, PROJECT, OUTPUT_LIMIT];

/// Of the servers that people run themselves some never took up the newer name, and ignore a limit
/// under it; all of them know the older one.
fn output_limit(settings: &Settings) -> Option<OutputLimit> {
    match settings.get(OUTPUT_LIMIT.name) {
        Some("max_tokens") => Some(OutputLimit::MaxTokens),
        Some("max_completion_tokens") => Some(OutputLimit::MaxCompletionTokens),
        Some(_) => None,
        None if is_openai(&settings.base_url) => Some(OutputLimit::MaxCompletionTokens),
        None => Some(OutputLimit::MaxTokens),
    }
}

/// Whether the address is OpenAI's own. Asked for every request, so the text is only looked at.
fn is_openai(base_url: &str) -> bool {
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    host == "api.openai.com" || host.ends_with(".api.openai.com")
}

/// What to write instead of a token that is not for the server.
const TAKES: &str = "write a key; tokens go to the hosts of who granted them, Google's under `googleapis.com` and Microsoft Entra's under `azure.com`, and to loopback addresses";

/// Whether a token of this issuer is for a server at this address.
fn takes(base: &Base, issuer: Issuer) -> bool {
    let host = base.host().trim_end_matches('.').to_ascii_lowercase();
    let end = match issuer {
        Issuer::Google => ".googleapis.com",
        Issuer::Entra => ".azure.com",
    };
    host.ends_with(end)
}

/// An OpenAI-compatible server. The credential is optional, for servers of one's own.
#[derive(Debug)]
pub(crate) struct OpenAiCompatible;

impl Provider for OpenAiCompatible {
    fn name(&self) -> &'static str {
        "openai-compatible"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn speaks(&self, settings: &Settings, _model: &str) -> Vec<UpstreamDialect> {
        speaks(settings, APIS_DEFAULT)
    }

    fn reach(&self, settings: &Settings, _model: &str) -> Reach {
        reach(&settings.base_url)
    }

    fn output_limit(&self, settings: &Settings) -> OutputLimit {
        output_limit(settings).unwrap_or_default()
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        check_apis(settings)?;
        if output_limit(settings).is_none() {
            let Setting { name, what, example, .. } = OUTPUT_LIMIT;
            return Err(SettingsError::Wrong { setting: name, what, example });
        }
        let base = Base::parse_shape(&settings.base_url, SHAPE)?;
        let mut endpoint = Endpoint::new(base, &settings.headers)?;
        for api in &APIS {
            endpoint = endpoint.at(api.is, api.path)?;
        }
        let endpoint = billed(endpoint, settings)?;
        match credential {
            Some(Credential::Token(issuer, token)) => {
                if takes(endpoint.base(), *issuer) {
                    endpoint.granted(token)
                } else {
                    endpoint.granted_here(token, TAKES)
                }
            }
            other => bearer(endpoint, other),
        }
    }

    fn observe(&self, head: &HttpHead) -> Observed {
        observe(head)
    }
}
