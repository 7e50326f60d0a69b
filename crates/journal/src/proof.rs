//! Inclusion and consistency proofs: made from leaf hashes, checked from roots alone.
//!
//! Making follows RFC 6962, sections 2.1.1 and 2.1.2; checking follows the iterative algorithms
//! of RFC 9162, sections 2.1.3.2 and 2.1.4.2.

use crate::{hash::Hash, tree::Tree};

/// A proof that does not prove what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not lead to the root")]
pub struct ProofError;

/// Proves that the leaf at `index` is in the tree over `leaves`: sibling hashes from the leaf up.
/// `None` when there is no such leaf.
#[must_use]
pub fn inclusion(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut range, mut index, mut path) = (leaves, index, Vec::new());
    while range.len() > 1 {
        let (left, right) = split(range);
        if index < left.len() {
            path.push(root(right));
            range = left;
        } else {
            path.push(root(left));
            index -= left.len();
            range = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Checks that a leaf hash stands at `index` in the tree of `size` leaves with this root.
///
/// # Errors
/// [`ProofError`] when it does not follow from the proof.
pub fn check_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return Err(ProofError);
        }
        if node & 1 == 1 || node == last {
            hash = Hash::node(*sibling, hash);
            skip_lone_levels(&mut node, &mut last);
        } else {
            hash = Hash::node(hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last == 0 && hash == root { Ok(()) } else { Err(ProofError) }
}

/// Proves that the tree over the first `old` leaves is the beginning of the tree over all of
/// them. `None` when there are not that many; empty when nothing needs proving.
#[must_use]
pub fn consistency(leaves: &[Hash], old: usize) -> Option<Vec<Hash>> {
    if old > leaves.len() {
        return None;
    }
    if old == 0 || old == leaves.len() {
        return Some(Vec::new());
    }
    let (mut range, mut old, mut whole, mut path) = (leaves, old, true, Vec::new());
    while old != range.len() {
        let (left, right) = split(range);
        if old <= left.len() {
            path.push(root(right));
            range = left;
        } else {
            path.push(root(left));
            old -= left.len();
            range = right;
            whole = false;
        }
    }
    if !whole {
        path.push(root(range));
    }
    path.reverse();
    Some(path)
}

/// A tree's size and root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Checks that the tree at `old` is the beginning of the tree at `new`.
///
/// # Errors
/// [`ProofError`] when it does not follow from the proof.
pub fn check_consistency(old: Head, new: Head, path: &[Hash]) -> Result<(), ProofError> {
    let proved = |yes: bool| if yes { Ok(()) } else { Err(ProofError) };
    if old.size == 0 || old.size == new.size {
        let same = old.size == 0 && old.root == Hash::empty() || old == new;
        return proved(path.is_empty() && same);
    }
    if old.size > new.size {
        return Err(ProofError);
    }
    let (mut node, mut last) = (old.size - 1, new.size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    // A perfect old tree is itself the first node of the proof.
    let mut path = path.iter().copied();
    let first =
        if old.size.is_power_of_two() { old.root } else { path.next().ok_or(ProofError)? };
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in path {
        if last == 0 {
            return Err(ProofError);
        }
        if node & 1 == 1 || node == last {
            old_hash = Hash::node(sibling, old_hash);
            new_hash = Hash::node(sibling, new_hash);
            skip_lone_levels(&mut node, &mut last);
        } else {
            new_hash = Hash::node(new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    proved(last == 0 && old_hash == old.root && new_hash == new.root)
}

/// A rightmost node without a sibling passes its levels unhashed.
const fn skip_lone_levels(node: &mut u64, last: &mut u64) {
    if *node & 1 == 0 {
        while *node & 1 == 0 && *node != 0 {
            *node >>= 1;
            *last >>= 1;
        }
    }
}

/// Splits at the largest power of two smaller than the length.
fn split(range: &[Hash]) -> (&[Hash], &[Hash]) {
    range.split_at(range.len().next_power_of_two() / 2)
}

fn root(range: &[Hash]) -> Hash {
    range.iter().copied().collect::<Tree>().root()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::reference_leaves;

    fn head(leaves: &[Hash]) -> Head {
        Head { size: leaves.len() as u64, root: root(leaves) }
    }

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|n| Hash::leaf(&[n])).collect()
    }

    #[test]
    fn a_known_inclusion_path_is_made() {
        let path = inclusion(&reference_leaves(), 0).unwrap();
        let known = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        assert_eq!(path.iter().map(|h| hex::encode(h.0)).collect::<Vec<_>>(), known);
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proved_and_no_other() {
        for size in 1..=33 {
            let all = leaves(size);
            let head = head(&all);
            for (index, leaf) in all.iter().enumerate() {
                let path = inclusion(&all, index).unwrap();
                let check = |leaf, index| check_inclusion(leaf, index, head.size, head.root, &path);
                assert_eq!(check(*leaf, index as u64), Ok(()), "{index} of {size}");
                assert_eq!(check(Hash::leaf(b"other"), index as u64), Err(ProofError));
                for other in (0..=head.size).filter(|other| *other != index as u64) {
                    assert_eq!(check(*leaf, other), Err(ProofError));
                }
                let longer = [path.as_slice(), &[Hash::empty()]].concat();
                let longer = check_inclusion(*leaf, index as u64, head.size, head.root, &longer);
                assert_eq!(longer, Err(ProofError));
            }
        }
    }

    #[test]
    fn every_beginning_of_every_small_tree_is_proved_and_no_fork() {
        for size in 0..=33 {
            let all = leaves(size);
            for old in 0..=all.len() {
                let path = consistency(&all, old).unwrap();
                let before = head(&all[..old]);
                assert_eq!(check_consistency(before, head(&all), &path), Ok(()), "{old} {size}");
                let fork = Head { root: Hash::leaf(b"fork"), ..before };
                assert_eq!(check_consistency(fork, head(&all), &path), Err(ProofError));
                let fork = Head { root: Hash::leaf(b"fork"), ..head(&all) };
                if old > 0 {
                    assert_eq!(check_consistency(before, fork, &path), Err(ProofError));
                }
            }
        }
    }
}
