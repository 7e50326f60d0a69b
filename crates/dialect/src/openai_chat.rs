//! OpenAI Chat Completions.
//!
//! Four functions, as every dialect has them: parse a request, emit a request, read an answer,
//! write an answer; and the cheap pass over a body that passes through.

mod emit;
mod parse;
mod peek;
mod read;
mod usage;
mod write;

pub(crate) use emit::{dropped, emit};
pub(crate) use parse::parse;
pub(crate) use peek::peek;
pub(crate) use read::{StreamReader, read, summary};
pub(crate) use write::{DONE, StreamWriter, write};

/// The data of the terminator.
pub(crate) const DONE_DATA: &[u8] = b"[DONE]";

/// The sign of life on a quiet stream.
pub(crate) const HEARTBEAT: &[u8] = b": keep-alive\n\n";
