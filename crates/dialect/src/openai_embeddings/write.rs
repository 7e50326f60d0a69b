//! Vectors as the caller reads them.

use serde::Serialize;

use super::base64;
use crate::{
    embedding::{Texts, Vectors},
    events::Label,
    text,
};

/// The answer. The id is not OpenAI's but Mistral's, whose SDK asks on the same path and must find
/// one.
pub(super) fn write<'v>(texts: &Texts, vectors: &'v Vectors, label: &'v Label) -> Vec<u8> {
    let item = |(index, vector)| Item { object: "embedding", index, embedding: vector };
    let encoded = |vector: &'v Vec<f32>| match texts.base64 {
        true => Vector::Base64(base64::encode(vector)),
        false => Vector::Numbers(vector),
    };
    text::json(&Answer {
        id: label.hex(),
        object: "list",
        data: vectors.vectors.iter().map(encoded).enumerate().map(item).collect(),
        model: &label.model,
        usage: vectors.usage.prompt().map(|tokens| Shown {
            prompt_tokens: tokens,
            // Mistral's SDK reads all three.
            completion_tokens: 0,
            total_tokens: tokens,
        }),
    })
}

#[derive(Serialize)]
struct Answer<'r> {
    id: String,
    object: &'static str,
    data: Vec<Item<'r>>,
    model: &'r str,
    usage: Option<Shown>,
}

#[derive(Serialize)]
struct Item<'r> {
    object: &'static str,
    index: usize,
    embedding: Vector<'r>,
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
    completion_tokens: u64,
    total_tokens: u64,
}
