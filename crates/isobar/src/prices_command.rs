//! `isobar prices`: what routes cost, and looking that up.

mod import;
mod show;

use std::path::PathBuf;

use bundle::Bundle;
use serde_json::{Value, json};
use transport::Env;
use vocab::{Price, Rates, Timestamp};

use crate::{
    Verdict,
    cli::{BundleAt, Output, PricesCommand},
    print,
};

/// Runs a price command.
pub(crate) fn run(command: PricesCommand, output: Output) -> anyhow::Result<Verdict> {
    match command {
        PricesCommand::Show { at } => show::run(&at, output),
        PricesCommand::Import(args) => import::run(&args, output),
    }
}

fn open(at: &BundleAt) -> anyhow::Result<(PathBuf, Bundle)> {
    let dir = at.bundle.clone().unwrap_or_else(|| at.data_dir.join("bundle"));
    let bundle = bundle::load(&dir, Env::real().now()).map_err(|report| {
        anyhow::anyhow!("the bundle `{}` cannot be used\n{report}", dir.display())
    })?;
    Ok((dir, bundle))
}

/// `2026-11-20`
fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

/// The five rates in dollars per million tokens, in the order of [`COLUMNS`].
fn cells(rates: &Rates) -> [String; 5] {
    [rates.input, rates.cache_read, rates.cache_write, rates.output, rates.reasoning]
        .map(|rate| rate.to_string())
}

const COLUMNS: [&str; 5] = ["input", "cache_read", "cache_write", "output", "reasoning"];

fn price_json(price: &Price) -> Value {
    let rates = |rates: &Rates| -> Value {
        COLUMNS.iter().zip(cells(rates)).map(|(name, rate)| (*name, rate)).collect()
    };
    json!({
        "unit": "USD per million tokens",
        "base": rates(&price.base),
        "long_context": price.long.map(|long| json!({"above": long.above, "rates": rates(&long.rates)})),
    })
}

/// Lines with their cells under one another; figures are set to the right.
fn table(head: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|cell| cell.len())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for (cell, width) in cells.zip(&widths) {
            let figure = cell.starts_with(|c: char| c.is_ascii_digit()) && !cell.contains('-');
            out += &if figure { format!("  {cell:>width$}") } else { format!("  {cell:<width$}") };
        }
        print::line(format_args!("{}", out.trim_end()));
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
}
