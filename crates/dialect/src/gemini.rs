//! Gemini's `generateContent` and `countTokens`, on Vertex or by the Gemini API. Nobody calls the
//! gateway in this dialect, so it is an upstream's alone.
//!
//! The model is in the address and so is whether the answer is a stream. A stream has no
//! terminator: it is complete when a finish reason has come before its end.

mod emit;
mod read;
mod usage;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use vocab::{Failure, FailureKind, Usage};

use crate::{
    Finish, Reply, Target, Unsupported, UpstreamDialect,
    prompt::Prompt,
    read_error,
    text::{self, Count},
    upstream::{CountUpstream, Emitted, GenerateUpstream, ReadStream, Source},
};

/// An answer of the model.
pub(crate) struct Gemini;

/// A count of the prompt's tokens.
pub(crate) struct GeminiCount;

impl GenerateUpstream for Gemini {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        emit::emit(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let (body, dropped) = emit::emit(prompt, target)?;
        Ok(Emitted { body: Bytes::from(text::json(&body)), dropped })
    }

    fn read(&self, body: &[u8], source: &Source) -> Result<Reply, Failure> {
        read::read(body, source)
    }

    fn summary(&self, body: &[u8]) -> Result<(Usage, Option<Finish>), Failure> {
        read::read(body, &Source::default()).map(|reply| (reply.usage, reply.finish))
    }

    fn stream(&self, source: Source) -> Box<dyn ReadStream> {
        Box::new(read::StreamReader::new(source))
    }
}

impl CountUpstream for GeminiCount {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        emit::count(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let (body, dropped) = emit::count(prompt, target)?;
        Ok(Emitted { body: Bytes::from(text::json(&body)), dropped })
    }

    fn read(&self, body: &[u8]) -> Result<u64, Failure> {
        #[derive(Deserialize)]
        struct Counted<'a> {
            #[serde(default, rename = "totalTokens")]
            tokens: Count,
            #[serde(borrow, default)]
            error: Option<&'a RawValue>,
        }
        let text = std::str::from_utf8(body).ok();
        let counted: Option<Counted<'_>> = text.and_then(|text| serde_json::from_str(text).ok());
        if counted.as_ref().is_some_and(|counted| counted.error.is_some()) {
            return Err(read_error(UpstreamDialect::GeminiCount, None, body));
        }
        counted
            .and_then(|counted| counted.tokens.0)
            .ok_or_else(|| broken("the provider's reply is not a count of tokens"))
    }
}

fn broken(message: &str) -> Failure {
    Failure::new(FailureKind::Broken, message)
}

/// Whether a model is none of Gemini 3 and later: those before take a budget for reasoning and no
/// level, and do not insist on signatures.
fn is_older(model: &str) -> bool {
    model.strip_prefix("gemini-").is_none_or(|rest| rest.starts_with(['1', '2']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_told_by_name() {
        for older in ["gemini-1.5-pro-002", "gemini-2.5-flash", "gemma-3-27b-it", "my-tuned", ""] {
            assert!(is_older(older), "{older}");
        }
        for newer in ["gemini-3-pro-preview", "gemini-3.1-flash", "gemini-flash-latest"] {
            assert!(!is_older(newer), "{newer}");
        }
    }
}
