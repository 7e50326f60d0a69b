//! One request: its bytes, what a cheap pass found in them, and the body for an upstream.

use std::{borrow::Cow, fmt, sync::OnceLock};

use bytes::Bytes;
use serde::Serialize;
use vocab::RequestId;

use crate::{
    ClientDialect, Needs, ParseError, Relay, RelayOptions, Unsupported, UpstreamDialect,
    anthropic::{self, Version},
    openai_chat,
    prompt::Prompt,
    scan::Peek,
    splice::{Edit, splice},
};

/// Headers of the caller that change what the body means.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caller<'a> {
    /// `anthropic-version`.
    pub anthropic_version: Option<&'a str>,
    /// `anthropic-beta`.
    pub anthropic_beta: Option<&'a str>,
}

/// Where a request is sent.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The upstream's own name of the model.
    pub model: &'a str,
    /// The output limit where the upstream requires one and the caller gave none.
    pub output_max_default: u64,
}

/// What is sent upstream.
#[derive(Clone)]
pub struct Outbound {
    /// The body.
    pub body: Bytes,
    /// Headers of the dialect, e.g. `anthropic-version`.
    pub headers: Vec<(&'static str, String)>,
    /// Whether the answer is a stream.
    pub stream: bool,
    /// Harmless fields that were not carried, by name.
    pub dropped: Vec<&'static str>,
}

// AUD-4: the body is the prompt, so `Debug` does not show it.
impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbound({} bytes, dropped {:?})", self.body.len(), self.dropped)
    }
}

/// A parsed request. Its prompt is read only when an upstream of another dialect is asked about.
pub struct Request {
    client: ClientDialect,
    body: Bytes,
    peek: Peek,
    version: Version,
    beta: Option<String>,
    prompt: OnceLock<Result<Prompt, Unsupported>>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({}, {} bytes)", self.client.as_str(), self.body.len())
    }
}

impl Request {
    /// One cheap pass over the bytes: model, stream, output limit, needs. The size of the body is
    /// the caller's to bound; nesting is bounded here, and a field that appears twice is refused,
    /// so that no two parsers can read the body differently.
    ///
    /// # Errors
    /// [`ParseError`] naming the field at fault.
    pub fn parse(
        client: ClientDialect,
        caller: Caller<'_>,
        body: Bytes,
    ) -> Result<Self, ParseError> {
        let (peek, version) = match client {
            ClientDialect::OpenAiChat => (openai_chat::peek(&body)?, Version::default()),
            ClientDialect::AnthropicMessages => {
                let version = Version::parse(caller.anthropic_version)?;
                (anthropic::peek(version, &body)?, version)
            }
        };
        let beta = caller.anthropic_beta.map(str::to_owned);
        Ok(Self { client, body, peek, version, beta, prompt: OnceLock::new() })
    }

    /// The caller's dialect.
    #[must_use]
    pub fn client(&self) -> ClientDialect {
        self.client
    }

    /// The model as the caller names it.
    #[must_use]
    pub fn model(&self) -> &str {
        self.peek.model.as_deref().unwrap_or_default()
    }

    /// Whether the answer is a stream.
    #[must_use]
    pub fn stream(&self) -> bool {
        self.peek.stream
    }

    /// What it asks for beyond text.
    #[must_use]
    pub fn needs(&self) -> &Needs {
        &self.peek.needs
    }

    /// The output limit in tokens, if the caller gave one.
    #[must_use]
    pub fn output_max(&self) -> Option<u64> {
        self.peek.output_max
    }

    /// Whether `upstream` can carry this request: always in the same dialect, otherwise every
    /// feature is checked.
    ///
    /// # Errors
    /// [`Unsupported`] names the field that cannot go.
    pub fn carried_by(&self, upstream: UpstreamDialect) -> Result<(), Unsupported> {
        if upstream.is_same_as(self.client) {
            return Ok(());
        }
        let prompt = self.prompt()?;
        let target = Target { model: "", output_max_default: 1 };
        match upstream {
            UpstreamDialect::OpenAiChat => openai_chat::emit(prompt, &target).map(drop),
            UpstreamDialect::AnthropicMessages => anthropic::emit(prompt, &target).map(drop),
        }
    }

    /// The body and dialect headers for `upstream`. In the same dialect only the model changes, and
    /// for a Chat Completions stream `stream_options.include_usage`, so that usage is known.
    ///
    /// # Errors
    /// [`Unsupported`] names the field that cannot go.
    pub fn emit(
        &self,
        upstream: UpstreamDialect,
        target: &Target<'_>,
    ) -> Result<Outbound, Unsupported> {
        let (body, dropped) = if upstream.is_same_as(self.client) {
            (splice(&self.body, self.edits(target)), Vec::new())
        } else {
            self.translate(upstream, target)?
        };
        let headers = match (upstream, self.client) {
            (UpstreamDialect::OpenAiChat, _) => Vec::new(),
            (UpstreamDialect::AnthropicMessages, ClientDialect::AnthropicMessages) => {
                let beta = self.beta.clone().map(|beta| ("anthropic-beta", beta));
                let version = ("anthropic-version", self.version.as_str().to_owned());
                std::iter::once(version).chain(beta).collect()
            }
            // Sampling parameters are taken by the older version only.
            (UpstreamDialect::AnthropicMessages, ClientDialect::OpenAiChat) => {
                vec![("anthropic-version", Version::V20230601.as_str().to_owned())]
            }
        };
        Ok(Outbound { body, headers, stream: self.peek.stream, dropped })
    }

    /// The relay for a streamed answer of `upstream`.
    #[must_use]
    pub fn relay(&self, upstream: UpstreamDialect, request_id: RequestId) -> Relay {
        Relay::new(RelayOptions {
            client: self.client,
            upstream,
            include_usage: self.peek.include_usage,
            request_id,
            model: self.model().to_owned(),
        })
    }

    fn edits(&self, target: &Target<'_>) -> Vec<Edit> {
        let mut edits = Vec::new();
        if target.model != self.model() {
            let text = serde_json::Value::from(target.model).to_string();
            edits.push(Edit { at: self.peek.model_at.clone(), text: Cow::Owned(text) });
        }
        edits.extend(self.peek.usage_edit.clone().filter(|_| self.peek.stream));
        edits
    }

    fn translate(
        &self,
        upstream: UpstreamDialect,
        target: &Target<'_>,
    ) -> Result<(Bytes, Vec<&'static str>), Unsupported> {
        let prompt = self.prompt()?;
        let mut dropped = prompt.dropped.clone();
        if self.beta.is_some() {
            dropped.push("anthropic-beta");
        }
        let body = match upstream {
            UpstreamDialect::OpenAiChat => {
                dropped.extend(openai_chat::dropped(prompt));
                text(&openai_chat::emit(prompt, target)?)
            }
            UpstreamDialect::AnthropicMessages => text(&anthropic::emit(prompt, target)?),
        };
        Ok((body, dropped))
    }

    fn prompt(&self) -> Result<&Prompt, Unsupported> {
        let read = || match self.client {
            ClientDialect::OpenAiChat => openai_chat::parse(&self.body),
            ClientDialect::AnthropicMessages => anthropic::parse(&self.body),
        };
        self.prompt.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

fn text(body: &impl Serialize) -> Bytes {
    // Serialising plain structs into memory cannot fail.
    Bytes::from(serde_json::to_vec(body).unwrap_or_default())
}
