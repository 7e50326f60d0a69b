//! Vectors as the caller reads them.

use serde::Serialize;

use super::base64;
use crate::{
    embedding::{Texts, Vectors},
    events::Label,
    text,
};

/// The answer.
pub(super) fn write(texts: &Texts, vectors: &Vectors, label: &Label) -> Vec<u8> {
    let tokens = told(vectors);
    text::json(&Answer {
        object: "list",
        data: items(texts, vectors),
        model: &label.model,
        usage: Shown { prompt_tokens: tokens, total_tokens: tokens },
    })
}

/// The tokens as a caller is told them: its dialect requires a number where the provider gave none,
/// and zero is what SDKs expect there. The record says that it is not known.
pub(crate) fn told(vectors: &Vectors) -> u64 {
    vectors.usage.prompt().unwrap_or(0)
}

/// The vectors in order and in the encoding that the caller reads.
pub(crate) fn items<'v>(texts: &Texts, vectors: &'v Vectors) -> Vec<Item<'v>> {
    let encoded = |vector: &'v Vec<f32>| match texts.base64 {
        true => Vector::Base64(base64::encode(vector)),
        false => Vector::Numbers(vector),
    };
    let item = |(index, embedding)| Item { object: "embedding", index, embedding };
    vectors.vectors.iter().map(encoded).enumerate().map(item).collect()
}

/// One vector of an answer.
#[derive(Serialize)]
pub(crate) struct Item<'v> {
    object: &'static str,
    index: usize,
    embedding: Vector<'v>,
}

#[derive(Serialize)]
struct Answer<'r> {
    object: &'static str,
    data: Vec<Item<'r>>,
    model: &'r str,
    usage: Shown,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Vector<'r> {
    Base64(String),
    Numbers(&'r [f32]),
}

#[derive(Serialize)]
struct Shown {
    prompt_tokens: u64,
    total_tokens: u64,
}
