//! Texts to be embedded, and their vectors, in no dialect.

use vocab::Usage;

use crate::Unsupported;
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

impl Texts {
    /// The inputs as texts, for every provider but those with OpenAI's own tokenizers.
    ///
    /// # Errors
    /// [`Unsupported`] naming the first input that is tokens. LangChain sends tokens unless it is
    /// told not to, so the message says how.
    pub(crate) fn plain(&self) -> Result<Vec<&str>, Unsupported> {
        let mut plain = Vec::with_capacity(self.inputs.len());
        for (at, input) in &self.inputs {
            match input {
                Input::Text(text) => plain.push(text.as_str()),
                Input::Tokens(_) => return Err(at.refuse(TOKENS)),
            }
        }
        Ok(plain)
    }
}

/// Why tokens cannot go, and what to do.
const TOKENS: &str = "is tokens of OpenAI's tokenizer, which mean nothing to this provider: \
    send text (in LangChain, `OpenAIEmbeddings(check_embedding_ctx_length=False)`)";

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
