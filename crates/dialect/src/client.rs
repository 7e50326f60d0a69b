//! What every API that callers speak can do: the same few functions in each.
//!
//! A generation is parsed into a [`Prompt`] and answered by a [`Reply`], whole or event by event;
//! an embedding goes through [`Texts`] and [`Vectors`]; a count through a [`Prompt`] and a number.

use vocab::Failure;

use crate::{
    Caller, ClientDialect, ParseError, Reply, ReplyEvent, Unsupported, anthropic,
    embedding::{Texts, Vectors},
    events::Label,
    mistral_chat, mistral_embeddings, openai_chat, openai_embeddings, openai_responses,
    prompt::Prompt,
    scan::Peek,
};

/// What all client dialects have in common.
pub(crate) trait Client: Sync {
    /// The cheap pass over a body: what routing and policy need to know.
    ///
    /// # Errors
    /// [`ParseError`] naming the field at fault.
    fn peek(&self, caller: &Caller<'_>, body: &[u8]) -> Result<Peek, ParseError>;

    /// A sign of life on a quiet stream.
    fn heartbeat(&self) -> &'static [u8] {
        b": keep-alive\n\n"
    }
}

/// An API in which a model answers.
pub(crate) trait GenerateClient: Client {
    /// The whole request, in no dialect.
    ///
    /// # Errors
    /// [`Unsupported`] naming a field that means something in this dialect alone.
    fn parse(&self, body: &[u8]) -> Result<Prompt, Unsupported>;

    /// A whole answer as the caller reads it.
    ///
    /// # Errors
    /// Content that this dialect has no word for.
    fn write(&self, reply: &Reply, label: &Label) -> Result<Vec<u8>, Failure>;

    /// A streamed answer as the caller reads it.
    fn stream(&self, label: Label, include_usage: bool) -> Box<dyn WriteStream>;

    /// What of the request the answer repeats, in a form that this dialect's writers know: Responses
    /// repeats settings, Mistral the beginning of the answer.
    fn echo(&self, _body: &[u8]) -> Option<String> {
        None
    }
}

/// An API that turns texts into vectors.
pub(crate) trait EmbedClient: Client {
    /// The whole request, in no dialect.
    ///
    /// # Errors
    /// [`Unsupported`] naming a field that means something in this dialect alone.
    fn parse(&self, body: &[u8]) -> Result<Texts, Unsupported>;

    /// The answer as the caller reads it.
    fn write(&self, texts: &Texts, vectors: &Vectors, label: &Label) -> Vec<u8>;
}

/// An API that counts the tokens of a prompt.
pub(crate) trait CountClient: Client {
    /// The prompt, in no dialect.
    ///
    /// # Errors
    /// [`Unsupported`] naming a field that means something in this dialect alone.
    fn parse(&self, body: &[u8]) -> Result<Prompt, Unsupported>;

    /// The answer as the caller reads it.
    fn write(&self, tokens: u64) -> Vec<u8>;
}

/// Writes a stream event by event.
pub(crate) trait WriteStream: Send {
    /// Writes what `event` means to the caller; what ends the stream goes to `terminal`.
    ///
    /// # Errors
    /// Content that this dialect has no word for.
    fn write(
        &mut self,
        event: ReplyEvent<'_>,
        out: &mut Vec<u8>,
        terminal: &mut Vec<u8>,
    ) -> Result<(), Failure>;

    /// The number of the next event, where the dialect numbers them.
    fn number(&self) -> u64 {
        0
    }
}

/// A client dialect by what it is for.
#[derive(Clone, Copy)]
pub(crate) enum ClientFormat {
    Generate(&'static dyn GenerateClient),
    Embed(&'static dyn EmbedClient),
    Count(&'static dyn CountClient),
}

impl ClientFormat {
    /// What all of them can do.
    pub(crate) fn common(self) -> &'static dyn Client {
        match self {
            Self::Generate(client) => client,
            Self::Embed(client) => client,
            Self::Count(client) => client,
        }
    }
}

impl ClientDialect {
    /// One line per dialect.
    pub(crate) fn format(self) -> ClientFormat {
        match self {
            Self::OpenAiChat => ClientFormat::Generate(&openai_chat::Chat),
            Self::OpenAiResponses => ClientFormat::Generate(&openai_responses::Responses),
            Self::OpenAiEmbeddings => ClientFormat::Embed(&openai_embeddings::Embeddings),
            Self::AnthropicMessages => ClientFormat::Generate(&anthropic::Messages),
            Self::AnthropicCount => ClientFormat::Count(&anthropic::Count),
            Self::MistralChat => ClientFormat::Generate(&mistral_chat::Chat),
            Self::MistralEmbeddings => ClientFormat::Embed(&mistral_embeddings::Embeddings),
        }
    }
}
