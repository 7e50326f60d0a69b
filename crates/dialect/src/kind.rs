//! Which dialects there are.

/// The dialect a caller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientDialect {
    /// OpenAI Chat Completions.
    OpenAiChat,
    /// Anthropic Messages.
    AnthropicMessages,
}

impl ClientDialect {
    /// The name used in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::AnthropicMessages => "anthropic-messages",
        }
    }
}

/// The dialect an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpstreamDialect {
    /// OpenAI Chat Completions, by OpenAI or any compatible server.
    OpenAiChat,
    /// Anthropic Messages.
    AnthropicMessages,
}

impl UpstreamDialect {
    /// The name used in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::AnthropicMessages => "anthropic-messages",
        }
    }

    /// Whether bytes of `client` can pass through unchanged.
    #[must_use]
    pub const fn is_same_as(self, client: ClientDialect) -> bool {
        match (client, self) {
            (ClientDialect::OpenAiChat, Self::OpenAiChat)
            | (ClientDialect::AnthropicMessages, Self::AnthropicMessages) => true,
            (ClientDialect::OpenAiChat, Self::AnthropicMessages)
            | (ClientDialect::AnthropicMessages, Self::OpenAiChat) => false,
        }
    }
}
