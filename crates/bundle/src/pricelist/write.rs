//! `prices.yaml` with what was imported: what people wrote stays as it is, byte for byte, above a
//! line; what was imported stands below it, sorted, so that the same list gives the same file.

use std::fmt::Write as _;

use vocab::{Rates, Timestamp};

use super::import::Import;
use crate::{
    node::{self, Value},
    prices::PriceEntry,
};

/// The line between what people wrote and what was imported.
pub const MARK: &str =
    "# ---- imported: `isobar prices import --write` rewrites everything below this line ----";

const HEADER: &str = "\
# What tokens cost, in US dollars per million tokens, as exact decimals in quotes.
# Of the entries that fit a route, the one that names its endpoint wins, then one that names its
# region, then one that names its vendor, then one that names its provider kind.
# Write prices of your own above the line below; an import never touches them.

";

/// Why a file cannot be written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "prices.yaml is not written as one entry after the other, each beginning with `- ` at the start of a line, so nothing can be added to it"
)]
pub struct NotOneByOne;

/// The line on which imported prices begin; past the end when there is none, for then all of it
/// was written by people.
pub(super) fn hand_written_until(text: &str) -> u32 {
    let mark = text.lines().position(|line| line.trim_end() == MARK);
    mark.and_then(|index| u32::try_from(index + 1).ok()).unwrap_or(u32::MAX)
}

/// The whole of `prices.yaml` after an import.
///
/// # Errors
/// [`NotOneByOne`] when what people wrote is in another style, e.g. in brackets on one line.
pub fn written(text: &str, import: &Import) -> Result<String, NotOneByOne> {
    let found = import.found.iter().map(|found| &found.entry);
    let earlier = import.missing.iter().filter_map(|missing| missing.earlier.as_ref());
    let mut entries: Vec<&PriceEntry> = found.chain(earlier).collect();
    entries.sort_by(|a, b| (&a.scope.endpoint, &a.scope).cmp(&(&b.scope.endpoint, &b.scope)));
    entries.dedup_by(|a, b| a.scope == b.scope);

    let (mut out, by_hand) = kept(text);
    out.push_str(MARK);
    out.push('\n');
    for entry in &entries {
        out.push('\n');
        append(&mut out, entry);
    }
    match node::parse(&out).map(|tree| tree.value) {
        Ok(Value::List(all)) if all.len() == by_hand + entries.len() => Ok(out),
        Ok(Value::Null) if by_hand + entries.len() == 0 => Ok(out),
        Ok(_) | Err(_) => Err(NotOneByOne),
    }
}

/// What people wrote, ending in a new line, and how many entries it has.
fn kept(text: &str) -> (String, usize) {
    let mine = text.split(MARK).next().unwrap_or_default();
    let by_hand = match node::parse(mine).map(|tree| tree.value) {
        Ok(Value::List(entries)) => entries.len(),
        Ok(_) | Err(_) => 0,
    };
    let mut out = String::new();
    for line in mine.lines() {
        // `[]` says "no entries", which will not be so.
        if by_hand > 0 || line.trim().is_empty() || line.trim_start().starts_with('#') {
            out.push_str(line);
            out.push('\n');
        }
    }
    if out.trim().is_empty() {
        HEADER.clone_into(&mut out);
    }
    (out, by_hand)
}

// Writing to a `String` cannot fail.
fn append(out: &mut String, entry: &PriceEntry) {
    let scope = &entry.scope;
    let _ = writeln!(out, "- model: {}", quoted(&scope.model));
    let named = [
        ("endpoint", scope.endpoint.as_ref().map(|id| id.as_str())),
        ("region", scope.region.as_ref().map(|id| id.as_str())),
        ("vendor", scope.vendor.as_deref()),
        ("provider", scope.provider.as_deref()),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            let _ = writeln!(out, "  {name}: {}", quoted(value));
        }
    }
    rates(out, "  ", &entry.listed.base);
    if let Some(long) = &entry.listed.long {
        let _ = writeln!(out, "  long_context:\n    above: {}", long.above);
        rates(out, "    ", &long.rates);
    }
    if let Some(by) = entry.multiplier {
        let _ = writeln!(out, "  multiplier: \"{by}\"");
    }
    let _ = writeln!(out, "  source: {}", quoted(&entry.source));
    let _ = writeln!(out, "  as_of: {}", day(entry.as_of));
}

/// The rates that are not what they would be if left out.
fn rates(out: &mut String, indent: &str, rates: &Rates) {
    let plain = Rates::plain(rates.input, rates.output);
    let lines = [
        ("input", rates.input, None),
        ("cache_read", rates.cache_read, Some(plain.cache_read)),
        ("cache_write", rates.cache_write, Some(plain.cache_write)),
        ("output", rates.output, None),
        ("reasoning", rates.reasoning, Some(plain.reasoning)),
    ];
    for (name, rate, otherwise) in lines {
        if otherwise != Some(rate) {
            let _ = writeln!(out, "{indent}{name}: \"{rate}\"");
        }
    }
}

fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

/// A text in double quotes, as YAML and JSON both read it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
