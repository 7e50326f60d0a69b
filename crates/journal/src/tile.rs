//! The C2SP tlog-tiles layout: where a log's hashes and entries lie when it is published.
//!
//! A tile holds 256 hashes of one level; a level-`L` hash is the root over `256^L` leaves. The
//! last tile of a level may be partial and says so in its path.

use crate::{hash::Hash, tree::Tree};

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: usize = 256;

/// The path of a hash tile.
#[must_use]
pub fn hash_tile_path(level: u8, index: u64, width: usize) -> String {
    format!("tile/{level}/{}", numbered(index, width))
}

/// The path of an entry bundle.
#[must_use]
pub fn entry_bundle_path(index: u64, width: usize) -> String {
    format!("tile/entries/{}", numbered(index, width))
}

/// Every hash tile of a log, partial ones included: path and content.
#[must_use]
pub fn hash_tiles(leaves: &[Hash]) -> Vec<(String, Vec<u8>)> {
    let (mut tiles, mut level, mut hashes) = (Vec::new(), 0_u8, leaves.to_vec());
    while !hashes.is_empty() {
        let mut above = Vec::new();
        for (index, tile) in (0_u64..).zip(hashes.chunks(TILE_WIDTH)) {
            let content = tile.iter().flat_map(|hash| hash.0).collect();
            tiles.push((hash_tile_path(level, index, tile.len()), content));
            if tile.len() == TILE_WIDTH {
                above.push(tile.iter().copied().collect::<Tree>().root());
            }
        }
        hashes = above;
        level += 1;
    }
    tiles
}

/// Three digits per path element, all but the last marked with `x`; `.p/<width>` when partial.
fn numbered(index: u64, width: usize) -> String {
    let mut path = format!("{:03}", index % 1_000);
    let mut rest = index / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    if width < TILE_WIDTH {
        path.push_str(&format!(".p/{width}"));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(hash_tile_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(hash_tile_path(1, 0, 17), "tile/1/000.p/17");
        assert_eq!(entry_bundle_path(273, 256), "tile/entries/273");
    }

    #[test]
    fn a_full_tile_has_a_parent_and_a_partial_one_has_none() {
        let leaves: Vec<_> = (0..600_u32).map(|n| Hash::leaf(&n.to_le_bytes())).collect();
        let tiles = hash_tiles(&leaves);
        let paths: Vec<_> = tiles.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]);
        let first: Tree = leaves.iter().copied().take(256).collect();
        assert_eq!(tiles[3].1[..32], first.root().0);
    }
}
