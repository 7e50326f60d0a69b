//! Texts into an Embeddings body.

use serde::Serialize;

use crate::{
    Target,
    embedding::{Input, Texts},
};

/// The body for `target`, in the encoding that the caller asked for; whatever comes is read.
pub(super) fn emit<'t>(texts: &'t Texts, target: &Target<'t>) -> impl Serialize + use<'t> {
    Body {
        model: target.model,
        input: texts.inputs.iter().map(|(_, input)| Word::of(input)).collect(),
        dimensions: texts.dimensions,
        encoding_format: if texts.base64 { "base64" } else { "float" },
    }
}

#[derive(Serialize)]
struct Body<'t> {
    model: &'t str,
    input: Vec<Word<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u64>,
    encoding_format: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Word<'t> {
    Text(&'t str),
    Tokens(&'t [u32]),
}

impl<'t> Word<'t> {
    fn of(input: &'t Input) -> Self {
        match input {
            Input::Text(text) => Self::Text(text),
            Input::Tokens(tokens) => Self::Tokens(tokens),
        }
    }
}
