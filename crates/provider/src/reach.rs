//! Where a prompt may be processed, as an address and a model's name tell.
//!
//! Vendors sell one model under names that keep a prompt in a region, in a geography, or nowhere in
//! particular. What the name says is compared with what the endpoint and its certificate claim, so
//! that nobody certifies `global.` for Europe by mistake (P2, P5).

use std::fmt;

/// Where a prompt may be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// In one region of the vendor, by its own name, e.g. `eu-west-1`.
    Region(String),
    /// Anywhere in a geography, by the vendor's name for it, e.g. `eu`, `us`, `apac`.
    Geography(String),
    /// Anywhere.
    Global,
    /// The address does not tell.
    Unstated,
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(name) => write!(f, "in the vendor's region `{name}`"),
            Self::Geography(name) => write!(f, "anywhere in `{name}`"),
            Self::Global => f.write_str("anywhere in the world"),
            Self::Unstated => f.write_str("in a place that the address does not tell"),
        }
    }
}
