//! An RFC 6962 Merkle tree that only grows: what a writer and a verifier need of it.
//!
//! The tree is kept as its peaks, the roots of the perfect subtrees that cover it from left to
//! right, so memory grows with the logarithm of the size and appending costs about one hash.

use crate::hash::Hash;

/// A growing tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// One peak per set bit of `size`, the largest first.
    peaks: Vec<Hash>,
}

impl Tree {
    /// How many leaves it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the perfect subtrees that cover it, the largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The tree with these peaks; `None` when a tree of this size has another number of them.
    #[must_use]
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let fits = usize::try_from(size.count_ones()).is_ok_and(|count| count == peaks.len());
        fits.then_some(Self { size, peaks })
    }

    /// Appends a leaf, given its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut top = leaf;
        // Each trailing one bit of the old size is a peak as tall as `top` has become.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                top = Hash::node(left, top);
            }
        }
        self.peaks.push(top);
        self.size += 1;
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        let join = |right, left: &Hash| Hash::node(*left, right);
        let mut peaks = self.peaks.iter().rev();
        peaks.next().map_or_else(Hash::empty, |last| peaks.fold(*last, join))
    }
}

impl FromIterator<Hash> for Tree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut tree = Self::default();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The eight leaves that RFC 6962 implementations share as test data.
    pub(crate) fn reference_leaves() -> Vec<Hash> {
        [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ]
        .map(|text| Hash::leaf(&hex::decode(text).unwrap()))
        .to_vec()
    }

    #[test]
    fn roots_are_those_that_rfc_6962_implementations_agree_on() {
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let leaves = reference_leaves();
        for (size, root) in roots.into_iter().enumerate() {
            let tree: Tree = leaves.iter().copied().take(size).collect();
            assert_eq!(hex::encode(tree.root().0), root, "size {size}");
        }
    }
}
