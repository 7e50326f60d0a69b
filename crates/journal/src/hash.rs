//! The hashes of an RFC 6962 tree.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// Leaves up to this length are copied beside their prefix; nearly all are.
const COPY_MAX: usize = 2_047;

/// A SHA-256 value. Shown in base64, as checkpoints write it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The root of a tree without leaves: the hash of nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::of(digest(&SHA256, b"").as_ref())
    }

    /// The hash of a leaf: `SHA-256(0x00 ‖ leaf)`.
    #[must_use]
    pub fn leaf(leaf: &[u8]) -> Self {
        // One call over a copy costs less than three into a context, which is allocated.
        let mut copy = [0; 1 + COPY_MAX];
        if let Some((prefixed, _)) = copy.split_at_mut_checked(1 + leaf.len()) {
            if let Some((_, rest)) = prefixed.split_first_mut() {
                rest.copy_from_slice(leaf);
            }
            return Self::of(digest(&SHA256, prefixed).as_ref());
        }
        let mut context = Context::new(&SHA256);
        context.update(&[0]);
        context.update(leaf);
        Self::of(context.finish().as_ref())
    }

    /// The hash of a node: `SHA-256(0x01 ‖ left ‖ right)`.
    #[must_use]
    pub fn node(left: Self, right: Self) -> Self {
        let mut node = [1; 65];
        let (_, children) = node.split_at_mut(1);
        let (left_place, right_place) = children.split_at_mut(32);
        left_place.copy_from_slice(&left.0);
        right_place.copy_from_slice(&right.0);
        Self::of(digest(&SHA256, &node).as_ref())
    }

    /// Reads the base64 form; anything but the one canonical spelling is refused.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        BASE64_STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }

    fn of(bytes: &[u8]) -> Self {
        // SHA-256 gives 32 bytes; the fallback cannot be reached.
        Self(bytes.try_into().unwrap_or_default())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_of_any_length_is_hashed_behind_its_prefix() {
        for length in [0, 1, 700, COPY_MAX - 1, COPY_MAX, COPY_MAX + 1, 5_000] {
            let leaf = vec![7; length];
            let prefixed = [&[0], leaf.as_slice()].concat();
            assert_eq!(
                Hash::leaf(&leaf),
                Hash::of(digest(&SHA256, &prefixed).as_ref()),
                "{length}"
            );
        }
    }
}
