//! Texts to be embedded, and their vectors, in no dialect.

use vocab::Usage;

pub(crate) use crate::fields::Path;

/// What is to be embedded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    /// The inputs in order, with their places in the caller's body.
    pub(crate) inputs: Vec<(Path, Input)>,
    /// The size of the vectors, if the caller chose one.
    pub(crate) dimensions: Option<u64>,
    /// Whether the caller reads vectors as base64 of little-endian 32-bit floats.
    pub(crate) base64: bool,
    /// Harmless fields that were left out.
    pub(crate) dropped: Vec<&'static str>,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// A text.
    Text(String),
    /// Tokens of OpenAI's own tokenizers, which mean nothing to any other provider.
    Tokens(Vec<u32>),
}

/// The vectors, in the order of the inputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Vectors {
    /// One for each input.
    pub(crate) vectors: Vec<Vec<f32>>,
    /// What it used.
    pub(crate) usage: Usage,
}
