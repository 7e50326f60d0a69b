//! Every server that speaks OpenAI's Chat Completions API: vLLM, TGI, llama.cpp, Ollama, Groq,
//! DeepSeek …
//!
//! `base_url` includes the version, as in every OpenAI SDK: `http://127.0.0.1:8000/v1`.

use dialect::UpstreamDialect;
use vocab::HttpHead;

use crate::{
    Credential, Endpoint, Observed, Provider, Reach, Setting, Settings, SettingsError,
    base::{Base, Shape},
    openai_api::{
        APIS, APIS_SETTING, APPENDED, ORGANIZATION, PROJECT, bearer, billed, check_apis, observe,
        reach, speaks,
    },
};

const SHAPE: Shape = Shape { example: "https://api.openai.com/v1", appended: &APPENDED };
/// What nearly every such server has; `responses` is OpenAI's own and a few others'.
const APIS_DEFAULT: &str = "chat, embeddings";

static SETTINGS: [Setting; 3] = [APIS_SETTING, ORGANIZATION, PROJECT];

/// An OpenAI-compatible server. The credential is optional, for servers of one's own.
#[derive(Debug)]
pub struct OpenAiCompatible;

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

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        check_apis(settings)?;
        let base = Base::parse_shape(&settings.base_url, SHAPE)?;
        let mut endpoint = Endpoint::new(base, &settings.headers)?;
        for api in &APIS {
            endpoint = endpoint.at(api.is, api.path)?;
        }
        bearer(billed(endpoint, settings)?, credential)
    }

    fn observe(&self, head: &HttpHead) -> Observed {
        observe(head)
    }
}
