//! The only place that writes to the terminal.

use std::{fmt, io::Write as _};

use serde::Serialize;

/// Writes a line to standard output; a reader that has gone away is not an error.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let _gone = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Writes a line to standard error.
pub(crate) fn error(text: fmt::Arguments<'_>) {
    let _gone = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes one JSON document, over several lines.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(format_args!("{}", serde_json::to_string_pretty(value)?));
    Ok(())
}

/// Writes one JSON document on one line.
pub(crate) fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    line(format_args!("{}", serde_json::to_string(value)?));
    Ok(())
}
