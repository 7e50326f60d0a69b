//! Vectors as base64 of little-endian 32-bit floats, which OpenAI's SDKs ask for by default.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The text of a vector.
pub(crate) fn encode(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

/// The vector of a text; nothing for one that is none.
pub(crate) fn decode(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (numbers, []) = bytes.as_chunks::<4>() else { return None };
    Some(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_bit_of_a_vector_survives(bits in proptest::collection::vec(any::<u32>(), 0..40)) {
            let vector: Vec<f32> = bits.iter().map(|bits| f32::from_bits(*bits)).collect();
            let back = decode(&encode(&vector)).unwrap();
            prop_assert_eq!(back.iter().map(|n| n.to_bits()).collect::<Vec<_>>(), bits);
        }

        #[test]
        fn no_text_panics(text in "[A-Za-z0-9+/=]{0,24}") {
            decode(&text);
        }
    }

    #[test]
    fn half_a_number_is_no_vector() {
        assert_eq!(decode("AACAPwAA"), None);
        assert_eq!(decode("AACAPw=="), Some(vec![1.0]));
        assert_eq!(decode("AACAPw"), None);
    }
}
