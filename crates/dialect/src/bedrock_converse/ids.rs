//! Ids of tool calls as Converse takes them: up to 64 letters, digits, `_` and `-`.
//!
//! An id that does not fit (another provider made it) is replaced by a hash of itself. It is the
//! same in every turn and region, so call and result stay joined without any memory; the provider
//! never sends an id of the history back, so nothing has to be undone.

use std::borrow::Cow;

const ID_MAX: usize = 64;

/// The id as it is sent; nothing for an empty one, which joins nothing.
pub(super) fn fitting(id: &str) -> Option<Cow<'_, str>> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if id.is_empty() {
        None
    } else if id.len() <= ID_MAX && id.bytes().all(plain) {
        Some(Cow::Borrowed(id))
    } else {
        Some(Cow::Owned(format!("call_{:032x}", hash(id.as_bytes()))))
    }
}

/// FNV-1a with 128 bits (RFC 9923).
fn hash(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_fits_stays_and_any_other_has_one_that_fits() {
        for id in ["tooluse_a-B_9", "x", &"i".repeat(64)] {
            assert_eq!(fitting(id).unwrap(), id);
        }
        for id in ["a.b", "a b", "é", "call|fc_1", &"i".repeat(65)] {
            let mapped = fitting(id).unwrap();
            assert_eq!(mapped, fitting(id).unwrap());
            assert_eq!(fitting(&mapped).unwrap(), mapped, "{mapped}");
            assert_ne!(mapped, fitting(&format!("{id}.")).unwrap());
        }
        assert_eq!(fitting(""), None);
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(hash(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }
}
