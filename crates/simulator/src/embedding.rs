//! Vectors: deterministic, of unit length, the same for the same text wherever it is asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use crate::random::{Random, digest};

/// The vector of `text`.
pub(crate) fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut random = Random::new(1, digest(text.as_bytes()));
    let drawn: Vec<f32> = (0..dimensions)
        .map(|_| f32::from(u16::try_from(random.next() >> 48).unwrap_or(0)) / 32_768.0 - 1.0)
        .collect();
    let length = drawn.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    drawn.into_iter().map(|x| x / length).collect()
}

/// A JSON list of numbers.
pub(crate) fn floats(vector: &[f32]) -> Value {
    let number = |x: &f32| Number::from_f64(f64::from(*x)).map_or(Value::Null, Value::Number);
    Value::Array(vector.iter().map(number).collect())
}

/// Little-endian 32-bit floats in base64.
pub(crate) fn packed(vector: &[f32]) -> Value {
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    Value::String(STANDARD.encode(bytes))
}

/// Tokens of a text, by the rule of thumb of four bytes each.
pub(crate) fn tokens(text: &str) -> u64 {
    u64::try_from(text.len().div_ceil(4).max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_has_unit_length_and_is_the_same_again() {
        let one = vector("text", 256);
        assert_eq!((one.len(), &one), (256, &vector("text", 256)));
        let length: f32 = one.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-4, "{length}");
        assert_ne!(one, vector("other", 256));
    }
}
