//! Counting the tokens of a prompt, as Converse would take it.

use serde::Deserialize;
use vocab::{Failure, FailureKind};

use super::emit;
use crate::{
    Target, Unsupported, UpstreamDialect,
    prompt::Prompt,
    read_error, text,
    upstream::{CountUpstream, Emitted},
};

/// Bedrock's `count-tokens`.
pub(crate) struct Count;

impl CountUpstream for Count {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        emit::count(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let (body, dropped) = emit::count(prompt, target)?;
        Ok(Emitted { body: text::json(&body).into(), dropped })
    }

    fn read(&self, body: &[u8]) -> Result<u64, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Counted {
            #[serde(default)]
            input_tokens: text::Count,
        }
        let broken = || Failure::new(FailureKind::Broken, "the provider's reply is not a count");
        let counted: Counted = serde_json::from_slice(body).map_err(|_| broken())?;
        match counted.input_tokens.0 {
            Some(tokens) => Ok(tokens),
            None => Err(read_error(UpstreamDialect::BedrockCount, None, body)),
        }
    }
}
