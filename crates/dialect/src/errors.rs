//! What goes wrong: the caller's body, a feature that cannot go, a provider's error reply.

mod account;
mod bedrock;
mod google;
mod mistral;
mod read;

pub use account::names_credential;
pub use read::{read_error, read_named_error};
use vocab::{Refusal, RefusalCode};

/// The body is not valid in the caller's dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// The field at fault, e.g. `messages[2].content`.
    pub param: Option<String>,
    /// One sentence; quotes nothing from the body.
    pub message: String,
}

impl ParseError {
    pub(crate) fn about(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), message: message.into() }
    }
}

impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Self {
        let remedy = "send a body that is valid in this API";
        let refusal = Self::new(RefusalCode::MalformedRequest, error.message, remedy);
        Self { param: error.param, ..refusal }
    }
}

/// A valid request asks for something that the upstream's dialect cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unsupported {
    /// The exact field, e.g. `messages[2].content[0].type`.
    pub param: String,
    /// One sentence; quotes nothing from the body.
    pub message: String,
}

impl Unsupported {
    pub(crate) fn about(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: param.into(), message: message.into() }
    }
}

impl From<Unsupported> for Refusal {
    fn from(error: Unsupported) -> Self {
        let remedy = "leave the field out, or use a model with a route that carries it";
        Self::new(RefusalCode::UnsupportedField, error.message, remedy).about(error.param)
    }
}
