//! What every API of a provider can do: the same few functions in each.

use bytes::Bytes;
use vocab::{Failure, Usage};

use crate::{
    Finish, Reply, ReplyEvent, Target, Unsupported, UpstreamDialect, anthropic, bedrock_converse,
    bedrock_embeddings,
    embedding::{Texts, Vectors},
    events::Frame,
    eventstream::Payload,
    gemini, mistral_chat, mistral_embeddings, openai_chat, openai_embeddings, openai_responses,
    prompt::Prompt,
    sse::Event,
    vertex_embeddings,
};

/// Takes the events of an answer, one by one.
pub(crate) type Sink<'s> = dyn FnMut(ReplyEvent<'_>) -> Result<(), Failure> + 's;

/// A body that was put into a dialect.
pub(crate) struct Emitted {
    /// The body.
    pub(crate) body: Bytes,
    /// What was left out because this dialect has no word for it and the answer does not hang on
    /// it, by name.
    pub(crate) dropped: Vec<&'static str>,
}

/// Whose answer is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// The upstream's own name of the model: reasoning that is sealed by one model is for none
    /// other.
    pub(crate) model: String,
    /// The beginning of the answer that the caller gave: some providers repeat it, some do not.
    pub(crate) prefill: Option<String>,
}

/// An API in which a model answers.
pub(crate) trait GenerateUpstream: Sync {
    /// Whether the prompt can go.
    ///
    /// # Errors
    /// [`Unsupported`] naming the field that cannot.
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported>;

    /// The body for `target`.
    ///
    /// # Errors
    /// [`Unsupported`] naming the field that cannot go.
    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported>;

    /// A whole answer.
    ///
    /// # Errors
    /// An error with status 200, a body that is no answer, or content that has no place in a reply.
    fn read(&self, body: &[u8], source: &Source) -> Result<Reply, Failure>;

    /// What the gateway must know of an answer that passes through.
    ///
    /// # Errors
    /// An error with status 200, or a body that is no answer.
    fn summary(&self, body: &[u8]) -> Result<(Usage, Option<Finish>), Failure>;

    /// A streamed answer.
    fn stream(&self, source: Source) -> Box<dyn ReadStream>;

    /// How the events of its streams are told apart.
    fn framing(&self) -> Framing {
        Framing::Events
    }
}

/// How the events of a stream are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    Events,
    /// Amazon's binary messages.
    Binary(Payload),
}

/// Reads a stream event by event.
pub(crate) trait ReadStream: Send {
    /// Reads one frame, giving each event of it to `sink`.
    ///
    /// # Errors
    /// An error event, malformed content, a second beginning, or content after the end.
    fn read(&mut self, event: &Event<'_>, sink: &mut Sink<'_>) -> Result<Frame, Failure>;

    /// Whether this is the terminator, which some servers send without its empty line.
    fn is_terminator(&self, event: &Event<'_>) -> bool;

    /// The bytes are over without a terminator: an answer that is complete all the same ends here,
    /// by [`ReplyEvent::End`]. Gives the terminator that was left out, or nothing when the answer is
    /// not complete.
    ///
    /// # Errors
    /// Those of `sink`.
    fn close(&mut self, _sink: &mut Sink<'_>) -> Result<Option<&'static [u8]>, Failure> {
        Ok(None)
    }

    /// The number of the next event, where the dialect numbers them.
    fn number(&self) -> u64 {
        0
    }
}

/// An API that turns texts into vectors.
pub(crate) trait EmbedUpstream: Sync {
    /// Whether the texts can go.
    ///
    /// # Errors
    /// [`Unsupported`] naming the field that cannot.
    fn check(&self, texts: &Texts) -> Result<(), Unsupported>;

    /// The body for `target`.
    ///
    /// # Errors
    /// [`Unsupported`] naming the field that cannot go.
    fn emit(&self, texts: &Texts, target: &Target<'_>) -> Result<Emitted, Unsupported>;

    /// The answer.
    ///
    /// # Errors
    /// An error with status 200, or a body that is no answer.
    fn read(&self, body: &[u8]) -> Result<Vectors, Failure>;

    /// What the gateway must know of an answer that passes through.
    ///
    /// # Errors
    /// An error with status 200, or a body that is no answer.
    fn summary(&self, body: &[u8]) -> Result<Usage, Failure> {
        self.read(body).map(|vectors| vectors.usage)
    }
}

/// An API that counts the tokens of a prompt.
pub(crate) trait CountUpstream: Sync {
    /// Whether the prompt can go.
    ///
    /// # Errors
    /// [`Unsupported`] naming the field that cannot.
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported>;

    /// The body for `target`.
    ///
    /// # Errors
    /// [`Unsupported`] naming the field that cannot go.
    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported>;

    /// The count.
    ///
    /// # Errors
    /// An error with status 200, or a body that is no answer.
    fn read(&self, body: &[u8]) -> Result<u64, Failure>;
}

/// An upstream dialect by what it is for.
#[derive(Clone, Copy)]
pub(crate) enum UpstreamFormat {
    Generate(&'static dyn GenerateUpstream),
    Embed(&'static dyn EmbedUpstream),
    Count(&'static dyn CountUpstream),
}

impl UpstreamDialect {
    /// One line per dialect.
    pub(crate) fn format(self) -> UpstreamFormat {
        match self {
            Self::OpenAiChat => UpstreamFormat::Generate(&openai_chat::Chat),
            Self::OpenAiResponses => UpstreamFormat::Generate(&openai_responses::Responses),
            Self::OpenAiEmbeddings => UpstreamFormat::Embed(&openai_embeddings::Embeddings),
            Self::AnthropicMessages => UpstreamFormat::Generate(&anthropic::Messages),
            Self::AnthropicCount => UpstreamFormat::Count(&anthropic::Count),
            Self::BedrockInvoke => UpstreamFormat::Generate(&anthropic::Cloud::BEDROCK),
            Self::BedrockConverse => UpstreamFormat::Generate(&bedrock_converse::Converse),
            Self::BedrockCount => UpstreamFormat::Count(&bedrock_converse::Count),
            Self::TitanEmbeddings => UpstreamFormat::Embed(&bedrock_embeddings::Titan),
            Self::CohereEmbeddings => UpstreamFormat::Embed(&bedrock_embeddings::Cohere),
            Self::NovaEmbeddings => UpstreamFormat::Embed(&bedrock_embeddings::Nova),
            Self::VertexMessages => UpstreamFormat::Generate(&anthropic::Cloud::VERTEX),
            Self::VertexMessagesCount => UpstreamFormat::Count(&anthropic::Cloud::VERTEX_COUNT),
            Self::Gemini => UpstreamFormat::Generate(&gemini::Gemini),
            Self::GeminiCount => UpstreamFormat::Count(&gemini::GeminiCount),
            Self::VertexEmbeddings => UpstreamFormat::Embed(&vertex_embeddings::Embeddings),
            Self::MistralChat => UpstreamFormat::Generate(&mistral_chat::Chat),
            Self::MistralEmbeddings => UpstreamFormat::Embed(&mistral_embeddings::Embeddings),
        }
    }
}
