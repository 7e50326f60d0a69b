//! Checks on the house itself: arrows between crates, links, golden files.
