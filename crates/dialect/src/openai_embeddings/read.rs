//! An Embeddings answer, its vectors as numbers or as base64.
//!
//! Vectors of other vendors come in the same list of numbers, so [`floats`] is theirs too.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;
use vocab::{Failure, FailureKind, Usage};

use super::base64;
use crate::{
    UpstreamDialect,
    embedding::Vectors,
    read_error,
    text::{Count, Loose},
};

/// What the gateway must know of an answer that passes through.
///
/// # Errors
/// An error with status 200, or a body that is no answer.
pub(crate) fn summary(upstream: UpstreamDialect, body: &[u8]) -> Result<Usage, Failure> {
    let answer: Answer<'_, IgnoredAny> = parse(upstream, body)?;
    Ok(answer.usage.unwrap_or_default().into())
}

/// The vectors, in the order of the inputs, whatever order they came in.
///
/// # Errors
/// An error with status 200, or a body that is no answer.
pub(crate) fn read(upstream: UpstreamDialect, body: &[u8]) -> Result<Vectors, Failure> {
    let answer: Answer<'_, Item<'_>> = parse(upstream, body)?;
    let usage = answer.usage.unwrap_or_default().into();
    let mut items = Vec::new();
    for (place, item) in answer.data.unwrap_or_default().into_iter().enumerate() {
        let index = match item.index.0 {
            Some(index) => index,
            None => u64::try_from(place).unwrap_or(u64::MAX),
        };
        let vector = vector(item.embedding).ok_or_else(|| broken("a vector is malformed"))?;
        items.push((index, vector));
    }
    items.sort_by_key(|(index, _)| *index);
    if (0..).zip(&items).any(|(place, (index, _))| place != *index) {
        return Err(broken("the vectors of the answer are not numbered in order"));
    }
    Ok(Vectors { vectors: items.into_iter().map(|(_, vector)| vector).collect(), usage })
}

fn vector(raw: &RawValue) -> Option<Vec<f32>> {
    match serde_json::from_str(raw.get()) {
        Ok(Loose::Text(text)) => base64::decode(&text),
        Ok(Loose::Other) => floats(raw),
        Ok(Loose::Absent) | Err(_) => None,
    }
    .filter(|vector| vector.iter().all(|number| number.is_finite()))
}

/// A list of numbers as 32-bit floats, each rounded once; nothing for anything else.
///
/// Read by hand, because a parser that goes by 64 bits rounds twice.
pub(crate) fn floats(raw: &RawValue) -> Option<Vec<f32>> {
    let inner = raw.get().strip_prefix('[')?.strip_suffix(']')?;
    if inner.trim_ascii().is_empty() {
        return Some(Vec::new());
    }
    let number = |text: &str| text.trim_ascii().parse().ok().filter(|n: &f32| n.is_finite());
    inner.split(',').map(number).collect()
}

fn parse<'a, I: Deserialize<'a>>(
    upstream: UpstreamDialect,
    body: &'a [u8],
) -> Result<Answer<'a, I>, Failure> {
    let text = std::str::from_utf8(body).ok();
    let answer: Option<Answer<'a, I>> = text.and_then(|text| serde_json::from_str(text).ok());
    match answer {
        Some(answer) if answer.data.is_some() && answer.error.is_none() => Ok(answer),
        Some(answer) if answer.error.is_some() || answer.object.as_str() == Some("error") => {
            Err(read_error(upstream, None, body))
        }
        _ => Err(broken("the provider's reply is not an answer")),
    }
}

fn broken(message: &str) -> Failure {
    Failure::new(FailureKind::Broken, message)
}

#[derive(Deserialize)]
struct Answer<'a, I> {
    #[serde(borrow, default)]
    object: Loose<'a>,
    data: Option<Vec<I>>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(default)]
    index: Count,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct WireUsage {
    prompt_tokens: Count,
    total_tokens: Count,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        Self { input: wire.prompt_tokens.0.or(wire.total_tokens.0), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    proptest! {
        #[test]
        fn every_bit_of_a_number_survives_its_text(
            bits in proptest::collection::vec(any::<u32>(), 0..40),
        ) {
            let vector: Vec<f32> =
                bits.iter().map(|bits| f32::from_bits(*bits)).filter(|n| n.is_finite()).collect();
            let text = serde_json::to_string(&vector).unwrap();
            let back = floats(&raw(&text)).unwrap();
            let bits = |vector: &[f32]| vector.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&vector));
        }
    }

    #[test]
    fn what_is_no_list_of_finite_numbers_is_no_vector() {
        assert_eq!(floats(&raw("[ 1, -0.0,\n2e-3 ]")), Some(vec![1.0, -0.0, 0.002]));
        assert_eq!(floats(&raw("[]")), Some(Vec::new()));
        for text in ["[null]", "[1e999]", "[\"1\"]", "[[1]]", "[true]", "{}", "1"] {
            assert_eq!(floats(&raw(text)), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_rounded_once() {
        // Just above the middle of two floats: by way of 64 bits it would be on the middle.
        let text = "[1.00000005960464477540000001]";
        assert_eq!(floats(&raw(text)).unwrap()[0].to_bits(), 1.0_f32.to_bits() + 1);
    }
}
