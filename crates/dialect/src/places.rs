//! Where a body says what a route may not be able to do: the fields that refusals name.

use vocab::{Feature, FeatureSet};

use crate::{
    ClientDialect, Target, Unsupported, UpstreamDialect,
    fields::Fields,
    prompt::{Block, BlockKind, DocumentSource, Prompt, Role, Turn},
};

/// The most letters and digits that one token is taken to hold; see
/// [`crate::Request::is_longer_than`].
pub(crate) const LETTERS_PER_TOKEN: u64 = 8;

/// The field that asks for `feature` in the caller's own dialect.
pub(crate) const fn field(client: ClientDialect, feature: Feature) -> &'static str {
    use ClientDialect as C;
    match (feature, client) {
        (Feature::Tools, _) => "tools",
        (Feature::ParallelTools, C::AnthropicMessages | C::AnthropicCount) => {
            "tool_choice.disable_parallel_tool_use"
        }
        (Feature::ParallelTools, _) => "parallel_tool_calls",
        (Feature::ForcedTool, _) => "tool_choice",
        (
            Feature::Images
            | Feature::Documents
            | Feature::Audio
            | Feature::Prefill
            | Feature::LateInstructions,
            _,
        ) => prompt(client),
        (Feature::JsonSchema | Feature::JsonObject, C::AnthropicMessages | C::AnthropicCount) => {
            "output_config.format"
        }
        (Feature::JsonSchema | Feature::JsonObject, C::OpenAiResponses) => "text.format",
        (Feature::JsonSchema | Feature::JsonObject, _) => "response_format",
        (Feature::Logprobs, C::OpenAiResponses) => "top_logprobs",
        (Feature::Logprobs, _) => "logprobs",
        (Feature::SeveralAnswers, _) => "n",
        (Feature::Reasoning, C::AnthropicMessages | C::AnthropicCount) => "thinking",
        (Feature::Reasoning, C::OpenAiResponses) => "reasoning",
        (Feature::Reasoning, _) => "reasoning_effort",
        (Feature::Sampling, _) => "temperature",
        (Feature::Streaming, _) => "stream",
        (Feature::Dimensions, C::MistralEmbeddings) => "output_dimension",
        (Feature::Dimensions, _) => "dimensions",
    }
}

/// A refusal in the words of the caller's dialect: emitters name what has no place in the body by its
/// name in Chat Completions, for a prompt is in no dialect.
pub(crate) fn in_words_of(client: ClientDialect, refused: Unsupported) -> Unsupported {
    use ClientDialect as C;
    let own = match (refused.param.as_str(), client) {
        ("parallel_tool_calls", _) => field(client, Feature::ParallelTools),
        ("messages", _) => prompt(client),
        ("reasoning_effort", C::AnthropicMessages | C::AnthropicCount) => "output_config.effort",
        ("reasoning_effort", C::OpenAiResponses) => "reasoning.effort",
        ("response_format.type", C::OpenAiResponses) => "text.format.type",
        ("seed", C::MistralChat) => "random_seed",
        _ => return refused,
    };
    let message = refused.message.replace(&format!("`{}`", refused.param), &format!("`{own}`"));
    Unsupported::about(own, message)
}

/// The field that holds the conversation or the texts.
pub(crate) const fn prompt(client: ClientDialect) -> &'static str {
    match client {
        ClientDialect::OpenAiResponses
        | ClientDialect::OpenAiEmbeddings
        | ClientDialect::MistralEmbeddings => "input",
        ClientDialect::OpenAiChat
        | ClientDialect::AnthropicMessages
        | ClientDialect::AnthropicCount
        | ClientDialect::MistralChat => "messages",
    }
}

/// The field that holds the output limit.
pub(crate) fn output_max(client: ClientDialect, body: &[u8]) -> &'static str {
    match client {
        ClientDialect::OpenAiResponses => "max_output_tokens",
        ClientDialect::OpenAiChat => {
            let newer = |mut body: Fields<'_>| body.take("max_completion_tokens").is_some();
            let is_newer = Fields::body(body).is_ok_and(newer);
            if is_newer { "max_completion_tokens" } else { "max_tokens" }
        }
        ClientDialect::AnthropicMessages
        | ClientDialect::AnthropicCount
        | ClientDialect::OpenAiEmbeddings
        | ClientDialect::MistralChat
        | ClientDialect::MistralEmbeddings => "max_tokens",
    }
}

/// The very place of a feature, where it is one of the conversation.
pub(crate) fn exact(prompt: &Prompt, feature: Feature) -> Option<String> {
    let block = |wanted: fn(&BlockKind) -> bool| {
        blocks(prompt).find(|block| wanted(&block.kind)).map(|block| block.at.to_string())
    };
    match feature {
        Feature::Images => block(|kind| matches!(kind, BlockKind::Image(_))),
        Feature::Documents => block(|kind| matches!(kind, BlockKind::Document(_))),
        Feature::Reasoning if prompt.effort.is_none() && prompt.reasoning_max.is_none() => {
            block(|kind| matches!(kind, BlockKind::Reasoning(_)))
        }
        Feature::Tools if prompt.tools.is_empty() => {
            block(|kind| matches!(kind, BlockKind::ToolCall { .. } | BlockKind::ToolResult { .. }))
        }
        Feature::Prefill => prompt.turns.last().map(|turn| turn.at.to_string()),
        Feature::LateInstructions => late(prompt).map(|turn| turn.at.to_string()),
        Feature::Sampling => {
            let sampling = &prompt.sampling;
            let given = [
                (&sampling.temperature, "temperature"),
                (&sampling.top_p, "top_p"),
                (&sampling.top_k, "top_k"),
            ];
            given.iter().find(|(number, _)| number.is_some()).map(|(_, name)| (*name).to_owned())
        }
        Feature::Tools
        | Feature::ParallelTools
        | Feature::ForcedTool
        | Feature::Audio
        | Feature::JsonSchema
        | Feature::JsonObject
        | Feature::Logprobs
        | Feature::SeveralAnswers
        | Feature::Reasoning
        | Feature::Streaming
        | Feature::Dimensions => None,
    }
}

/// The first instructions after the conversation has begun.
fn late(prompt: &Prompt) -> Option<&Turn> {
    let begun = prompt.turns.iter().skip_while(|turn| turn.role == Role::System);
    begun.into_iter().find(|turn| turn.role == Role::System)
}

/// Every block, those inside of results too.
fn blocks(prompt: &Prompt) -> impl Iterator<Item = &Block> {
    prompt.turns.iter().flat_map(|turn| &turn.blocks).flat_map(|block| {
        let inner = match &block.kind {
            BlockKind::ToolResult { content, .. } => content.as_slice(),
            BlockKind::Text(_)
            | BlockKind::Image(_)
            | BlockKind::Document(_)
            | BlockKind::Reasoning(_)
            | BlockKind::ToolCall { .. } => &[],
        };
        std::iter::once(block).chain(inner)
    })
}

/// How many letters and digits the model is given to read.
pub(crate) fn letters(prompt: &Prompt) -> u64 {
    let said = blocks(prompt).map(|block| match &block.kind {
        BlockKind::Text(text) => count(text),
        BlockKind::Document(document) => match &document.source {
            DocumentSource::Text(text) => count(text),
            DocumentSource::Data { .. } | DocumentSource::Url(_) => 0,
        },
        BlockKind::ToolCall { arguments, .. } => count(arguments.get()),
        // What of it is counted, if anything, is the provider's own affair.
        BlockKind::Reasoning(_) | BlockKind::Image(_) | BlockKind::ToolResult { .. } => 0,
    });
    let tools = prompt.tools.iter().filter_map(|tool| tool.schema.as_ref());
    said.chain(tools.map(|schema| count(schema.get()))).sum()
}

fn count(text: &str) -> u64 {
    u64::try_from(text.chars().filter(|letter| letter.is_alphanumeric()).count()).unwrap_or(0)
}

impl UpstreamDialect {
    /// What this dialect has the words for, though some models behind it do not take it: a route
    /// must say so.
    #[must_use]
    pub fn by_model(self) -> FeatureSet {
        match self {
            Self::AnthropicMessages | Self::BedrockInvoke | Self::VertexMessages => {
                FeatureSet::from_iter([Feature::LateInstructions])
            }
            Self::OpenAiChat
            | Self::OpenAiResponses
            | Self::OpenAiEmbeddings
            | Self::AnthropicCount
            | Self::BedrockConverse
            | Self::BedrockCount
            | Self::TitanEmbeddings
            | Self::CohereEmbeddings
            | Self::NovaEmbeddings
            | Self::VertexMessagesCount
            | Self::Gemini
            | Self::GeminiCount
            | Self::VertexEmbeddings
            | Self::MistralChat
            | Self::MistralEmbeddings => FeatureSet::EMPTY,
        }
    }

    /// Refuses what only some models take when `target` is not said to be one of them.
    pub(crate) fn takes_by_model(
        self,
        prompt: &Prompt,
        target: &Target<'_>,
    ) -> Result<(), Unsupported> {
        let undeclared =
            |feature| self.by_model().contains(feature) && !target.has.contains(feature);
        match late(prompt).filter(|_| undeclared(Feature::LateInstructions)) {
            None => Ok(()),
            Some(turn) => {
                let why = "gives instructions after the conversation has begun, which this provider does not take";
                Err(turn.at.key("role").refuse(why))
            }
        }
    }
}
