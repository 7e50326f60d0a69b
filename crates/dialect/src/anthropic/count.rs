//! Counting a prompt's tokens: the body of Messages without what is about the answer.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use vocab::{Failure, FailureKind};

use super::{Cloud, Version, emit, parse, peek};
use crate::{
    Caller, ParseError, Target, Unsupported, UpstreamDialect,
    client::{Client, CountClient},
    prompt::Prompt,
    read_error,
    scan::Peek,
    text::{self, Count as Number, Loose},
    upstream::{CountUpstream, Emitted},
};

/// The dialect, on both sides.
pub(crate) struct Count;

impl Client for Count {
    fn peek(&self, caller: &Caller<'_>, body: &[u8]) -> Result<Peek, ParseError> {
        peek::peek_count(Version::parse(caller.anthropic_version)?, body)
    }
}

impl CountClient for Count {
    fn parse(&self, body: &[u8]) -> Result<Prompt, Unsupported> {
        parse::parse(body)
    }

    fn write(&self, tokens: u64) -> Vec<u8> {
        format!(r#"{{"input_tokens":{tokens}}}"#).into_bytes()
    }
}

impl CountUpstream for Count {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        emit::emit(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let body = emit::emit_count(prompt, target)?;
        Ok(Emitted { body: Bytes::from(text::json(&body)), dropped: body.dropped })
    }

    fn read(&self, body: &[u8]) -> Result<u64, Failure> {
        read(UpstreamDialect::AnthropicCount, body)
    }
}

/// Counting on Vertex.
impl CountUpstream for Cloud {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        self.count_body(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let body = self.count_body(prompt, target)?;
        Ok(Emitted { body: Bytes::from(text::json(&body)), dropped: body.dropped })
    }

    fn read(&self, body: &[u8]) -> Result<u64, Failure> {
        read(UpstreamDialect::VertexMessagesCount, body)
    }
}

/// The count of an answer.
///
/// # Errors
/// An error with status 200, or a body that is no answer.
fn read(upstream: UpstreamDialect, body: &[u8]) -> Result<u64, Failure> {
    let text = std::str::from_utf8(body).ok();
    let answer: Option<Answer<'_>> = text.and_then(|text| serde_json::from_str(text).ok());
    match answer {
        Some(Answer { error: Some(_), .. }) => Err(read_error(upstream, None, body)),
        Some(Answer { kind, .. }) if kind.as_str() == Some("error") => {
            Err(read_error(upstream, None, body))
        }
        Some(Answer { input_tokens: Number(Some(tokens)), .. }) => Ok(tokens),
        _ => Err(Failure::new(FailureKind::Broken, "the provider's reply is not a count")),
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    input_tokens: Number,
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}
