//! Checks on the house itself, as functions from facts to findings.
//!
//! Each module holds one rule that the compiler and clippy cannot hold: the arrows between crates,
//! what may come into the dependency tree, what may stand in a tracked file, and links that lead
//! somewhere. The functions are pure over what they are given, so that each rule is shown to bite
//! in its own unit test; `tests/it` applies them to this repository.

pub mod dependencies;
pub mod layers;
pub mod links;
pub mod manifests;
pub mod metadata;
mod spdx;
pub mod tree;

use std::fmt;

/// One broken rule: where, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// A path relative to the repository (with a line where there is one), or a crate's name.
    pub place: String,
    /// What is wrong, and what the rule asks for.
    pub message: String,
}

impl Finding {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
