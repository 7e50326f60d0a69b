//! Ids of tool calls as Mistral wants them: exactly nine letters and digits.
//!
//! An id that is so already stays; any other is replaced by a hash of itself. The same id gives the
//! same nine letters at every gateway, in calls and results alike, so nothing needs to be
//! remembered between turns, and ids that Mistral made come back to it unchanged.

use std::borrow::Cow;

const LENGTH: usize = 9;
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The id that stands for `id`.
pub(super) fn fit(id: &str) -> Cow<'_, str> {
    if id.len() == LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Cow::Borrowed(id);
    }
    let mut rest = hash(id.as_bytes());
    let letter = |_| {
        let digit = usize::try_from(rest % 62).unwrap_or(0);
        rest /= 62;
        char::from(LETTERS.get(digit).copied().unwrap_or(b'A'))
    };
    Cow::Owned((0..LENGTH).map(letter).collect())
}

/// FNV-1a, and the finish of SplitMix64, so that ids that differ little differ everywhere. It must
/// stay as it is: conversations cross from one version of the gateway to the next.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, step);
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_of_mistral_stays_and_others_have_a_fixed_stand_in() {
        assert_eq!(fit("KikbB849t"), "KikbB849t");
        // Another result would break conversations that are under way.
        assert_eq!(fit("call_1"), STAND_IN);
        assert_eq!(fit(&fit("call_1")), STAND_IN);
    }

    const STAND_IN: &str = "GmfxVIbmF";

    #[test]
    fn ids_that_differ_little_have_different_stand_ins() {
        let ids = (0..100_000).map(|n| format!("toolu_{n}"));
        let fitted: HashSet<String> = ids.map(|id| fit(&id).into_owned()).collect();
        assert_eq!(fitted.len(), 100_000);
    }

    proptest! {
        #[test]
        fn every_stand_in_is_as_mistral_wants_it(id in ".{0,40}") {
            let fitted = fit(&id);
            prop_assert_eq!(fitted.len(), 9);
            prop_assert!(fitted.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            prop_assert_eq!(fit(&fitted), fitted.as_ref());
        }
    }
}
