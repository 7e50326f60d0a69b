//! One request: its bytes, what a cheap pass found in them, and the body for an upstream.

use std::{borrow::Cow, fmt, sync::OnceLock};

use bytes::Bytes;
use memchr::memmem;
use vocab::{Feature, FeatureSet, RequestId};

use crate::{
    ClientDialect, Needs, ParseError, Relay, RelayOptions, Unsupported, UpstreamDialect,
    anthropic::{Cloud, Version},
    client::ClientFormat,
    embedding::Texts,
    places,
    prompt::Prompt,
    reasoning,
    scan::Peek,
    splice::{Edit, splice},
    upstream::{Emitted, UpstreamFormat},
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
    /// What the model can do where its dialect has the words for some models only.
    pub has: FeatureSet,
    /// Where the endpoint has Anthropic process the request.
    pub inference_geo: Option<&'a str>,
    /// How the endpoint calls the output limit in Chat Completions.
    pub output_limit: OutputLimit,
}

/// How a server of Chat Completions calls the output limit. One that does not know the name ignores
/// the limit without a word, or refuses the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputLimit {
    /// `max_completion_tokens`: OpenAI, whose newer models refuse the older name.
    #[default]
    MaxCompletionTokens,
    /// `max_tokens`: Ollama, TGI, DeepSeek and others that never took up the newer name.
    MaxTokens,
}

impl Target<'static> {
    /// Stands for any target when only the fields are checked.
    pub(crate) const ANY: Self = Self::new("", 1);
}

impl<'a> Target<'a> {
    /// A model of which nothing more is said.
    #[must_use]
    pub const fn new(model: &'a str, output_max_default: u64) -> Self {
        Self {
            model,
            output_max_default,
            has: FeatureSet::EMPTY,
            inference_geo: None,
            output_limit: OutputLimit::MaxCompletionTokens,
        }
    }
}

/// What is sent upstream.
#[derive(Clone)]
pub struct Outbound {
    /// The dialect it is in.
    pub dialect: UpstreamDialect,
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

/// A parsed request. What it asks is read in full only when an upstream of another dialect is asked
/// about.
pub struct Request {
    client: ClientDialect,
    body: Bytes,
    peek: Peek,
    version: Option<Version>,
    beta: Option<String>,
    /// The body carries reasoning of another dialect, which must be taken out or unpacked.
    carries: bool,
    asked: OnceLock<Result<Asked, Unsupported>>,
}

/// What is asked, in no dialect.
enum Asked {
    /// For an answer, or a count of the prompt.
    Prompt(Box<Prompt>),
    /// For vectors.
    Texts(Texts),
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
        let peek = client.format().common().peek(&caller, &body)?;
        let version = caller.anthropic_version.map(|text| Version::parse(Some(text))).transpose();
        Ok(Self {
            client,
            peek,
            // A header that this dialect does not know means nothing to it.
            version: version.unwrap_or_default(),
            beta: caller.anthropic_beta.map(str::to_owned),
            carries: memmem::find(&body, reasoning::PREFIX.as_bytes()).is_some(),
            body,
            asked: OnceLock::new(),
        })
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

    /// What a route must be able to do for it, found in the cheap pass.
    #[must_use]
    pub fn features(&self) -> FeatureSet {
        let mut features = self.peek.needs.features();
        features.insert_if(Feature::Streaming, self.peek.stream);
        features
    }

    /// The field of the caller's body that asks for `feature`; as exact as the body can be read.
    #[must_use]
    pub fn place_of(&self, feature: Feature) -> String {
        let exact = match self.asked() {
            Ok(Asked::Prompt(prompt)) => places::exact(prompt, feature),
            Ok(Asked::Texts(_)) | Err(_) => None,
        };
        exact.unwrap_or_else(|| places::field(self.client, feature).to_owned())
    }

    /// The field that holds the output limit.
    #[must_use]
    pub fn output_max_place(&self) -> &'static str {
        places::output_max(self.client, &self.body)
    }

    /// The field that holds the conversation or the texts.
    #[must_use]
    pub fn prompt_place(&self) -> &'static str {
        places::prompt(self.client)
    }

    /// Whether the prompt is longer than so many tokens whatever the tokenizer: a token is taken to
    /// hold up to eight letters or digits, twice of what it holds in prose, and nothing else is
    /// counted. What is not known for certain is not said.
    #[must_use]
    pub fn is_longer_than(&self, tokens: u64) -> bool {
        let certain = |letters: u64| letters / places::LETTERS_PER_TOKEN > tokens;
        // Most bodies are short enough whatever they hold, and need no further look.
        if !u64::try_from(self.body.len()).is_ok_and(certain) {
            return false;
        }
        match self.asked() {
            Ok(Asked::Prompt(prompt)) => certain(places::letters(prompt)),
            Ok(Asked::Texts(_)) | Err(_) => false,
        }
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

    /// Whether the body passes through to `upstream` (G5).
    #[must_use]
    pub fn passes_through(&self, upstream: UpstreamDialect) -> bool {
        upstream.is_same_as(self.client) && !self.carries
    }

    /// The first of `upstreams` that can carry this request, one of the caller's own dialect before
    /// any other.
    ///
    /// # Errors
    /// [`Unsupported`] names the field that cannot go; without any upstream for the operation, the
    /// model.
    pub fn choose(
        &self,
        upstreams: &[UpstreamDialect],
        target: &Target<'_>,
    ) -> Result<UpstreamDialect, Unsupported> {
        self.served()?;
        self.may_go_to(target)?;
        if let Some(same) = upstreams.iter().find(|upstream| self.passes_through(**upstream)) {
            return Ok(*same);
        }
        let mut refused = None;
        for upstream in upstreams {
            if upstream.operation() != self.client.operation() {
                continue;
            }
            match self.carried_by(*upstream, target) {
                Ok(()) => return Ok(*upstream),
                // The first is the one its provider prefers, so its reason is the best one.
                Err(unsupported) => refused = refused.or(Some(unsupported)),
            }
        }
        Err(refused.unwrap_or_else(|| {
            let message = format!("`model` has no route that serves {}", self.client);
            Unsupported::about("model", message)
        }))
    }

    /// Whether `upstream` can carry this request to `target`: always when it passes through,
    /// otherwise every feature is checked.
    ///
    /// # Errors
    /// [`Unsupported`] names the field that cannot go.
    pub fn carried_by(
        &self,
        upstream: UpstreamDialect,
        target: &Target<'_>,
    ) -> Result<(), Unsupported> {
        self.served()?;
        self.may_go_to(target)?;
        if self.passes_through(upstream) {
            return Ok(());
        }
        let checked = match (upstream.format(), self.asked()?) {
            (UpstreamFormat::Generate(format), Asked::Prompt(prompt)) => {
                format.check(prompt).and_then(|()| upstream.takes_by_model(prompt, target))
            }
            (UpstreamFormat::Count(format), Asked::Prompt(prompt)) => format.check(prompt),
            (UpstreamFormat::Embed(format), Asked::Texts(texts)) => format.check(texts),
            _ => Err(self.other_operation(upstream)),
        };
        checked.map_err(|refused| places::in_words_of(self.client, refused))
    }

    /// The body and dialect headers for `upstream`. In the same dialect only the model changes (on
    /// clouds what they want in the body or the address), for a Chat Completions stream
    /// `stream_options.include_usage`, so that usage is known, and for OpenAI's APIs what would have
    /// the provider keep anything, and what follows from that.
    ///
    /// # Errors
    /// [`Unsupported`] names the field that cannot go.
    pub fn emit(
        &self,
        upstream: UpstreamDialect,
        target: &Target<'_>,
    ) -> Result<Outbound, Unsupported> {
        self.served()?;
        self.may_go_to(target)?;
        let Emitted { body, dropped } = if self.passes_through(upstream) {
            let dropped = self.peek.retention.iter().map(|(field, _)| *field).collect();
            Emitted { body: splice(&self.body, self.edits(upstream, target)), dropped }
        } else {
            self.translate(upstream, target)?
        };
        let headers = self.headers(upstream);
        Ok(Outbound { dialect: upstream, body, headers, stream: self.peek.stream, dropped })
    }

    /// The headers that say how the body is meant.
    fn headers(&self, upstream: UpstreamDialect) -> Vec<(&'static str, String)> {
        let same = self.passes_through(upstream);
        let beta = self.beta.clone().filter(|_| same).map(|beta| ("anthropic-beta", beta));
        match upstream {
            UpstreamDialect::AnthropicMessages | UpstreamDialect::AnthropicCount => {}
            // The version is in the body there.
            UpstreamDialect::VertexMessages | UpstreamDialect::VertexMessagesCount => {
                return beta.into_iter().collect();
            }
            _ => return Vec::new(),
        }
        // Sampling parameters are taken by the older version only, so a translation uses that.
        let version = self.version.filter(|_| same).unwrap_or_default();
        [("anthropic-version", version.as_str().to_owned())].into_iter().chain(beta).collect()
    }

    /// The relay for a streamed answer of `upstream`, whose own name of the model is `model`;
    /// nothing for dialects that have no streams.
    #[must_use]
    pub fn relay(
        &self,
        upstream: UpstreamDialect,
        model: &str,
        request_id: RequestId,
    ) -> Option<Relay> {
        let translated = !upstream.is_same_as(self.client);
        Relay::new(RelayOptions {
            client: self.client,
            upstream,
            include_usage: self.peek.include_usage,
            request_id,
            model: self.model().to_owned(),
            upstream_model: model.to_owned(),
            echo: translated.then(|| self.echo()).flatten(),
            prefill: translated.then(|| self.prefill()).flatten(),
        })
    }

    /// What of the request a translated answer repeats.
    pub(crate) fn echo(&self) -> Option<String> {
        match self.client.format() {
            ClientFormat::Generate(client) => client.echo(&self.body),
            ClientFormat::Embed(_) | ClientFormat::Count(_) => None,
        }
    }

    /// The beginning of the answer that the caller gave.
    pub(crate) fn prefill(&self) -> Option<String> {
        match self.asked() {
            Ok(Asked::Prompt(prompt)) => prompt.prefill(),
            Ok(Asked::Texts(_)) | Err(_) => None,
        }
    }

    /// The texts to embed, for a caller that asked for that.
    pub(crate) fn texts(&self) -> Option<&Texts> {
        match self.asked() {
            Ok(Asked::Texts(texts)) => Some(texts),
            Ok(Asked::Prompt(_)) | Err(_) => None,
        }
    }

    /// Whether any upstream at all could serve it.
    fn served(&self) -> Result<(), Unsupported> {
        self.peek.refused.clone().map_or(Ok(()), Err)
    }

    /// P2: a body must not move processing to another place than the endpoint says.
    fn may_go_to(&self, target: &Target<'_>) -> Result<(), Unsupported> {
        match self.peek.inference_geo.as_deref() {
            Some(geo) if target.inference_geo != Some(geo) => Err(Unsupported::about(
                "inference_geo",
                "`inference_geo` is not what the endpoint of any permitted route says: policy decides where a request is processed",
            )),
            Some(_) | None => Ok(()),
        }
    }

    fn edits(&self, upstream: UpstreamDialect, target: &Target<'_>) -> Vec<Edit> {
        let cloud = match upstream {
            UpstreamDialect::BedrockInvoke => Some(Cloud::BEDROCK),
            UpstreamDialect::VertexMessages => Some(Cloud::VERTEX),
            UpstreamDialect::VertexMessagesCount => Some(Cloud::VERTEX_COUNT),
            _ => None,
        };
        if let Some(cloud) = cloud {
            return cloud.edits(&self.body, &self.peek, target, self.beta.as_deref());
        }
        let mut edits: Vec<Edit> =
            self.peek.retention.iter().map(|(_, edit)| edit.clone()).collect();
        let reasons = self.peek.needs.reasoning || target.has.contains(Feature::Reasoning);
        edits.extend(self.peek.sealing_edit.clone().filter(|_| reasons));
        if target.model != self.model() {
            let text = serde_json::Value::from(target.model).to_string();
            edits.push(Edit { at: self.peek.model_at.clone(), text: Cow::Owned(text) });
        }
        edits.extend(self.peek.usage_edit.clone().filter(|_| self.peek.stream));
        let unsaid = self.peek.inference_geo.is_none();
        if let (UpstreamDialect::AnthropicMessages, Some(geo), true) =
            (upstream, target.inference_geo, unsaid)
        {
            let geo = serde_json::Value::from(geo).to_string();
            edits.push(match self.peek.inference_geo_null_at.clone() {
                Some(at) => Edit { at, text: Cow::Owned(geo) },
                None => {
                    let brace = self.body.iter().position(|&byte| byte == b'{').unwrap_or(0);
                    let text = Cow::Owned(format!(r#""inference_geo":{geo},"#));
                    Edit { at: brace + 1..brace + 1, text }
                }
            });
        }
        edits
    }

    fn translate(
        &self,
        upstream: UpstreamDialect,
        target: &Target<'_>,
    ) -> Result<Emitted, Unsupported> {
        let asked = self.asked()?;
        let emitted = match (upstream.format(), asked) {
            (UpstreamFormat::Generate(format), Asked::Prompt(prompt)) => {
                upstream.takes_by_model(prompt, target).and_then(|()| format.emit(prompt, target))
            }
            (UpstreamFormat::Count(format), Asked::Prompt(prompt)) => format.emit(prompt, target),
            (UpstreamFormat::Embed(format), Asked::Texts(texts)) => format.emit(texts, target),
            _ => Err(self.other_operation(upstream)),
        };
        let emitted = emitted.map_err(|refused| places::in_words_of(self.client, refused))?;
        let mut dropped = match asked {
            Asked::Prompt(prompt) => prompt.dropped.clone(),
            Asked::Texts(texts) => texts.dropped.clone(),
        };
        dropped.extend(emitted.dropped);
        if self.beta.is_some() {
            dropped.push("anthropic-beta");
        }
        Ok(Emitted { body: emitted.body, dropped })
    }

    fn asked(&self) -> Result<&Asked, Unsupported> {
        let prompt = |prompt| Asked::Prompt(Box::new(prompt));
        let read = || match self.client.format() {
            ClientFormat::Generate(client) => client.parse(&self.body).map(prompt),
            ClientFormat::Count(client) => client.parse(&self.body).map(prompt),
            ClientFormat::Embed(client) => client.parse(&self.body).map(Asked::Texts),
        };
        self.asked.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    fn other_operation(&self, upstream: UpstreamDialect) -> Unsupported {
        Unsupported::about("model", format!("`model` is served by {upstream}, not {}", self.client))
    }
}
