//! A request in no dialect: what every translation goes through (G4).
//!
//! It holds what at least one upstream besides the caller's own dialect can carry. Each piece
//! remembers its place in the caller's body, so that an emitter that cannot carry it names the
//! field the caller wrote.

use serde_json::value::RawValue;

pub(crate) use crate::{
    fields::{Number, Path},
    reasoning::Reasoning,
};

/// One request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prompt {
    /// The conversation in order, instructions included.
    pub(crate) turns: Vec<Turn>,
    /// Tools that the caller runs.
    pub(crate) tools: Vec<Tool>,
    /// Whether and which tool is to be called.
    pub(crate) tool_choice: Option<ToolChoice>,
    /// Whether several tools may be called at once; `None` leaves it to the provider.
    pub(crate) parallel_tools: Option<bool>,
    /// The output limit in tokens.
    pub(crate) output_max: Option<u64>,
    /// Sequences that end the answer.
    pub(crate) stop: Vec<Stop>,
    /// How tokens are drawn.
    pub(crate) sampling: Sampling,
    /// The form of the answer.
    pub(crate) format: Option<Format>,
    /// How much the model reasons.
    pub(crate) effort: Option<Effort>,
    /// Whether the model reasons, where the caller says that apart from how much; otherwise it
    /// follows from the effort.
    pub(crate) thinking: Option<bool>,
    /// The most tokens that the model reasons with.
    pub(crate) reasoning_max: Option<u64>,
    /// Whether the answer is a stream.
    pub(crate) stream: bool,
    /// The last turn is the beginning of the answer, which the model goes on with.
    pub(crate) continues: bool,
    /// Harmless fields that were left out.
    pub(crate) dropped: Vec<&'static str>,
}

impl Prompt {
    /// The beginning of the answer, where the caller gave one.
    pub(crate) fn prefill(&self) -> Option<String> {
        let last = self.turns.last().filter(|_| self.continues)?;
        let text = |block: &'_ Block| match &block.kind {
            BlockKind::Text(text) => text.clone(),
            _ => String::new(),
        };
        Some(last.blocks.iter().map(text).collect())
    }
}

/// One turn of the conversation.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    /// Its place in the caller's body.
    pub(crate) at: Path,
    /// Who speaks.
    pub(crate) role: Role,
    /// What is said.
    pub(crate) blocks: Vec<Block>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Instructions of the application.
    System,
    /// The person, and results of the tools that the caller ran.
    User,
    /// The model.
    Assistant,
}

/// One block of a turn.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Its place in the caller's body.
    pub(crate) at: Path,
    /// What it is.
    pub(crate) kind: BlockKind,
}

/// What a block is.
#[derive(Debug, Clone)]
pub(crate) enum BlockKind {
    /// Text.
    Text(String),
    /// An image.
    Image(Image),
    /// A document.
    Document(Document),
    /// Reasoning of the model, as it was given.
    Reasoning(Reasoning),
    /// A call of a tool by the model.
    ToolCall {
        /// The id that joins call and result.
        id: String,
        /// The tool.
        name: String,
        /// The arguments: a JSON object, as it was written.
        arguments: Box<RawValue>,
    },
    /// The result of a tool call.
    ToolResult {
        /// The id of the call.
        id: String,
        /// The result: text and images.
        content: Vec<Block>,
        /// The tool failed.
        is_error: bool,
    },
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Image {
    /// The image itself.
    Data {
        /// E.g. `image/png`.
        media_type: String,
        /// Base64, as it was written.
        base64: String,
    },
    /// An `http` or `https` address that the provider reads.
    Url(String),
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    /// Its name, if it has one.
    pub(crate) name: Option<String>,
    /// What it says.
    pub(crate) source: DocumentSource,
}

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DocumentSource {
    /// The document itself.
    Data {
        /// E.g. `application/pdf`.
        media_type: String,
        /// Base64, as it was written.
        base64: String,
    },
    /// Plain text.
    Text(String),
    /// An `http` or `https` address that the provider reads.
    Url(String),
}

/// A tool that the caller runs.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    /// Its place in the caller's body.
    pub(crate) at: Path,
    /// Its name.
    pub(crate) name: String,
    /// What it does, for the model.
    pub(crate) description: Option<String>,
    /// The JSON schema of its arguments, as it was written.
    pub(crate) schema: Option<Box<RawValue>>,
    /// Whether arguments must follow the schema exactly.
    pub(crate) strict: Option<bool>,
}

/// Whether and which tool is to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ToolChoice {
    /// The model decides.
    Auto,
    /// No tool.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(String),
}

/// A sequence that ends the answer.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    /// Its place in the caller's body.
    pub(crate) at: Path,
    /// The text.
    pub(crate) text: String,
}

/// How tokens are drawn. Numbers keep the text they were written with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sampling {
    /// Temperature.
    pub(crate) temperature: Option<Number>,
    /// Nucleus.
    pub(crate) top_p: Option<Number>,
    /// The most likely tokens only.
    pub(crate) top_k: Option<Number>,
    /// Against repeated topics.
    pub(crate) presence_penalty: Option<Number>,
    /// Against repeated tokens.
    pub(crate) frequency_penalty: Option<Number>,
    /// For answers that repeat.
    pub(crate) seed: Option<Number>,
}

/// The form of the answer.
#[derive(Debug, Clone)]
pub(crate) enum Format {
    /// Any JSON object.
    JsonObject,
    /// JSON that follows a schema.
    JsonSchema {
        /// The schema's name, if it has one.
        name: Option<String>,
        /// The schema, as it was written.
        schema: Box<RawValue>,
    },
}

/// How much the model reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Not at all.
    None,
    /// As little as the model can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// Very much.
    ExtraHigh,
    /// As much as the model can.
    Max,
}

impl Effort {
    const ALL: [(Self, &'static str); 7] = [
        (Self::None, "none"),
        (Self::Minimal, "minimal"),
        (Self::Low, "low"),
        (Self::Medium, "medium"),
        (Self::High, "high"),
        (Self::ExtraHigh, "xhigh"),
        (Self::Max, "max"),
    ];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(effort, _)| *effort)
    }

    /// The name that both dialects use.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(effort, _)| *effort == self).map_or("", |(_, name)| name)
    }
}
