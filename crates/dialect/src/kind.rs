//! Which dialects there are.
//!
//! A dialect is one API: a path, a request body, an answer, perhaps a stream. A new one is a folder
//! with its formats, a variant here and a line in [`crate::client`] or [`crate::upstream`].

use std::fmt;

/// What is done with the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A model answers.
    Generate,
    /// Texts become vectors.
    Embed,
    /// The tokens of a prompt are counted; nothing is generated.
    Count,
}

/// Whose manners an API has: envelope of errors, list of models, headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// OpenAI and all that imitate it.
    OpenAi,
    /// Anthropic.
    Anthropic,
    /// Mistral.
    Mistral,
}

/// The dialect a caller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientDialect {
    /// OpenAI Chat Completions.
    OpenAiChat,
    /// OpenAI Responses, without server state.
    OpenAiResponses,
    /// OpenAI Embeddings.
    OpenAiEmbeddings,
    /// Anthropic Messages.
    AnthropicMessages,
    /// Anthropic's counting of a prompt's tokens.
    AnthropicCount,
    /// Mistral chat.
    MistralChat,
    /// Mistral embeddings.
    MistralEmbeddings,
}

impl ClientDialect {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::OpenAiChat,
        Self::OpenAiResponses,
        Self::OpenAiEmbeddings,
        Self::AnthropicMessages,
        Self::AnthropicCount,
        Self::MistralChat,
        Self::MistralEmbeddings,
    ];

    /// The name used in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiResponses => "openai-responses",
            Self::OpenAiEmbeddings => "openai-embeddings",
            Self::AnthropicMessages => "anthropic-messages",
            Self::AnthropicCount => "anthropic-count",
            Self::MistralChat => "mistral-chat",
            Self::MistralEmbeddings => "mistral-embeddings",
        }
    }

    /// What it is for.
    #[must_use]
    pub const fn operation(self) -> Operation {
        match self {
            Self::OpenAiChat
            | Self::OpenAiResponses
            | Self::AnthropicMessages
            | Self::MistralChat => Operation::Generate,
            Self::OpenAiEmbeddings | Self::MistralEmbeddings => Operation::Embed,
            Self::AnthropicCount => Operation::Count,
        }
    }

    /// Whose manners it has.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::OpenAiChat | Self::OpenAiResponses | Self::OpenAiEmbeddings => Family::OpenAi,
            Self::AnthropicMessages | Self::AnthropicCount => Family::Anthropic,
            Self::MistralChat | Self::MistralEmbeddings => Family::Mistral,
        }
    }
}

impl fmt::Display for ClientDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The dialect an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpstreamDialect {
    /// OpenAI Chat Completions, by OpenAI or any compatible server.
    OpenAiChat,
    /// OpenAI Responses.
    OpenAiResponses,
    /// OpenAI Embeddings, by OpenAI or any compatible server.
    OpenAiEmbeddings,
    /// Anthropic Messages.
    AnthropicMessages,
    /// Anthropic's counting of a prompt's tokens.
    AnthropicCount,
    /// Messages as Bedrock's `invoke` takes them: the model is in the path.
    BedrockInvoke,
    /// Bedrock Converse.
    BedrockConverse,
    /// Bedrock's counting of a prompt's tokens.
    BedrockCount,
    /// Amazon Titan text embeddings, one text a call.
    TitanEmbeddings,
    /// Cohere embeddings on Bedrock.
    CohereEmbeddings,
    /// Amazon Nova embeddings, one text a call.
    NovaEmbeddings,
    /// Messages as Vertex takes them: the model is in the path.
    VertexMessages,
    /// Counting by Claude on Vertex.
    VertexMessagesCount,
    /// Gemini's `generateContent`, on Vertex or by the Gemini API.
    Gemini,
    /// Gemini's counting of a prompt's tokens.
    GeminiCount,
    /// Embeddings by Vertex's `predict`.
    VertexEmbeddings,
    /// Mistral chat.
    MistralChat,
    /// Mistral embeddings.
    MistralEmbeddings,
}

impl UpstreamDialect {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::OpenAiChat,
        Self::OpenAiResponses,
        Self::OpenAiEmbeddings,
        Self::AnthropicMessages,
        Self::AnthropicCount,
        Self::BedrockInvoke,
        Self::BedrockConverse,
        Self::BedrockCount,
        Self::TitanEmbeddings,
        Self::CohereEmbeddings,
        Self::NovaEmbeddings,
        Self::VertexMessages,
        Self::VertexMessagesCount,
        Self::Gemini,
        Self::GeminiCount,
        Self::VertexEmbeddings,
        Self::MistralChat,
        Self::MistralEmbeddings,
    ];

    /// The name used in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiResponses => "openai-responses",
            Self::OpenAiEmbeddings => "openai-embeddings",
            Self::AnthropicMessages => "anthropic-messages",
            Self::AnthropicCount => "anthropic-count",
            Self::BedrockInvoke => "bedrock-invoke",
            Self::BedrockConverse => "bedrock-converse",
            Self::BedrockCount => "bedrock-count",
            Self::TitanEmbeddings => "titan-embeddings",
            Self::CohereEmbeddings => "cohere-embeddings",
            Self::NovaEmbeddings => "nova-embeddings",
            Self::VertexMessages => "vertex-messages",
            Self::VertexMessagesCount => "vertex-messages-count",
            Self::Gemini => "gemini",
            Self::GeminiCount => "gemini-count",
            Self::VertexEmbeddings => "vertex-embeddings",
            Self::MistralChat => "mistral-chat",
            Self::MistralEmbeddings => "mistral-embeddings",
        }
    }

    /// What it is for.
    #[must_use]
    pub const fn operation(self) -> Operation {
        match self {
            Self::OpenAiChat
            | Self::OpenAiResponses
            | Self::AnthropicMessages
            | Self::BedrockInvoke
            | Self::BedrockConverse
            | Self::VertexMessages
            | Self::Gemini
            | Self::MistralChat => Operation::Generate,
            Self::OpenAiEmbeddings
            | Self::TitanEmbeddings
            | Self::CohereEmbeddings
            | Self::NovaEmbeddings
            | Self::VertexEmbeddings
            | Self::MistralEmbeddings => Operation::Embed,
            Self::AnthropicCount
            | Self::BedrockCount
            | Self::VertexMessagesCount
            | Self::GeminiCount => Operation::Count,
        }
    }

    /// Whether bodies of `client` can pass through, with only what must change changed (G5).
    #[must_use]
    pub const fn is_same_as(self, client: ClientDialect) -> bool {
        matches!(
            (client, self),
            (ClientDialect::OpenAiChat, Self::OpenAiChat)
                | (ClientDialect::OpenAiResponses, Self::OpenAiResponses)
                | (ClientDialect::OpenAiEmbeddings, Self::OpenAiEmbeddings)
                | (
                    ClientDialect::AnthropicMessages,
                    Self::AnthropicMessages | Self::BedrockInvoke | Self::VertexMessages
                )
                | (ClientDialect::AnthropicCount, Self::AnthropicCount | Self::VertexMessagesCount)
                | (ClientDialect::MistralChat, Self::MistralChat)
                | (ClientDialect::MistralEmbeddings, Self::MistralEmbeddings)
        )
    }
}

impl fmt::Display for UpstreamDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
