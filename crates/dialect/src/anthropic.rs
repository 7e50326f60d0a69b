//! Anthropic Messages.
//!
//! Four functions, as every dialect has them: parse a request, emit a request, read an answer,
//! write an answer; and the cheap pass over a body that passes through.

mod emit;
mod parse;
mod peek;
mod read;
mod sequence;
mod usage;
mod version;
mod write;

pub(crate) use emit::emit;
pub(crate) use parse::parse;
pub(crate) use peek::peek;
pub(crate) use read::{StreamReader, read, summary};
pub(crate) use version::Version;
pub(crate) use write::{StreamWriter, write};

/// The sign of life on a quiet stream.
pub(crate) const HEARTBEAT: &[u8] = b"event: ping\ndata: {\"type\": \"ping\"}\n\n";
